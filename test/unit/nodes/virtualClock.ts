import { type Clock, ExecutionCancelled } from '../../../nodes/Seedream/shared/clock';

export interface VirtualClock extends Clock {
	/** Every sleep so far, in milliseconds; those that take no time are left out. */
	readonly pauses: number[];
	elapsed: () => number;
}

const START = Date.UTC(2026, 10, 20, 8);

/** Time passes only in `sleep`, and at once. The execution is stopped at `cancelAtMs`. */
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
 * For many that sleep at the same time: they wake in the order of time, and time passes only when
 * nobody has anything else to do. The execution is stopped at `cancelAtMs`: who sleeps until then or
 * longer is woken by `Cancelled`, and so is who lies down later.
 */
export function concurrentClock(cancelAtMs = Infinity): VirtualClock {
	let now = START;
	const pauses: number[] = [];
	const sleepers: Sleeper[] = [];

	let isMoving = false;

	const moveOn = () => {
		if (isMoving || sleepers.length === 0) return;
		isMoving = true;
		setImmediate(wakeNext);
	};
	const wakeNext = () => {
		isMoving = false;
		const [first] = sleepers;
		if (!first) return;
		now = Math.max(now, Math.min(first.until, START + cancelAtMs));
		if (now - START >= cancelAtMs) for (const sleeper of sleepers.splice(0)) sleeper.stop();
		else sleepers.shift()?.wake();
		moveOn();
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
				moveOn();
			});
		},
	};
}
