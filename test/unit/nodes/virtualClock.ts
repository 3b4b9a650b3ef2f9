import { type Clock, ExecutionCancelled } from '../../../nodes/Seedream/shared/clock';

export interface VirtualClock extends Clock {
	/** Every sleep so far, in milliseconds, except for those of 0. */
	readonly pauses: number[];
	elapsed: () => number;
}

const START = Date.UTC(2026, 10, 20, 8);

/** Time passes only in `sleep`, and without waiting. The execution is stopped at `cancelAtMs`. */
export function virtualClock(cancelAtMs = Infinity): VirtualClock {
	let now = START;
	const pauses: number[] = [];
	return {
		pauses,
		elapsed: () => now - START,
		now: () => now,
		sleep: async (ms) => {
			if (now + ms - START >= cancelAtMs) throw new ExecutionCancelled();
			if (ms > 0) pauses.push(ms);
			now += ms;
		},
	};
}

interface Sleeper {
	until: number;
	wake: () => void;
	stop: () => void;
}

/**
 * For concurrent sleepers, which wake up in order. Time passes only when all pending promises have
 * settled. The execution is stopped at `cancelAtMs`: every `sleep` that ends then or later, or starts
 * later, throws `ExecutionCancelled`.
 */
export function concurrentClock(cancelAtMs = Infinity): VirtualClock {
	let now = START;
	const pauses: number[] = [];
	const sleepers: Sleeper[] = [];

	let isScheduled = false;

	const scheduleNext = () => {
		if (isScheduled || sleepers.length === 0) return;
		isScheduled = true;
		setImmediate(wakeNext);
	};
	const wakeNext = () => {
		isScheduled = false;
		const [first] = sleepers;
		if (!first) return;
		now = Math.max(now, Math.min(first.until, START + cancelAtMs));
		if (now - START >= cancelAtMs) for (const sleeper of sleepers.splice(0)) sleeper.stop();
		else sleepers.shift()?.wake();
		scheduleNext();
	};

	return {
		pauses,
		elapsed: () => now - START,
		now: () => now,
		sleep: async (ms) => {
			if (now - START >= cancelAtMs) throw new ExecutionCancelled();
			if (ms > 0) pauses.push(ms);
			await new Promise<void>((wake, reject) => {
				const until = now + ms;
				const after = sleepers.findIndex((sleeper) => sleeper.until > until);
				const sleeper = { until, wake, stop: () => reject(new ExecutionCancelled()) };
				sleepers.splice(after < 0 ? sleepers.length : after, 0, sleeper);
				scheduleNext();
			});
		},
	};
}
