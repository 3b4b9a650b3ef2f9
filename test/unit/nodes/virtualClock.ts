import { Cancelled, type Clock } from '../../../nodes/Seedream/tasks/ports';

export interface VirtualClock extends Clock {
	/** Every sleep so far, in milliseconds. */
	readonly pauses: number[];
	elapsed: () => number;
}

/** Time passes only in `sleep`, and at once. The execution is stopped at `cancelAtMs`. */
export function virtualClock(cancelAtMs = Infinity): VirtualClock {
	const start = Date.UTC(2026, 10, 20, 8);
	let now = start;
	const pauses: number[] = [];
	return {
		pauses,
		elapsed: () => now - start,
		now: () => now,
		sleep: async (ms) => {
			if (now + ms - start >= cancelAtMs) throw new Cancelled();
			pauses.push(ms);
			now += ms;
		},
	};
}
