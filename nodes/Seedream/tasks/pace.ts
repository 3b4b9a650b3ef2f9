/** A gateway that wants to be left alone for longer than this is not waited for. */
export const LONGEST_PATIENCE_MS = 60_000;

const SHORTEST_MS = 500;
const LONGEST_MS = 5_000;

/** Decides how long to wait before a task is asked for again. */
export interface Pace {
	/** `elapsedMs` since the task was first followed. */
	pause: (elapsedMs: number) => number;
	/** After `failures` failed queries in a row; `retryAfterSeconds` is the gateway's own wish. */
	backOff: (failures: number, retryAfterSeconds?: number) => number;
}

/**
 * With `pollSeconds` 0 the pause grows with the task's age: a task is noticed within about a quarter
 * of its own time, and a long one is not asked for more than every five seconds, as the gateways'
 * own clients do.
 */
export function createPace(pollSeconds: number, random: () => number = Math.random): Pace {
	const pause = (elapsedMs: number) =>
		pollSeconds > 0
			? pollSeconds * 1000
			: Math.min(LONGEST_MS, Math.max(SHORTEST_MS, elapsedMs / 4));
	return {
		pause,
		backOff: (failures, retryAfterSeconds) =>
			retryAfterSeconds === undefined
				? Math.max(pause(0), SHORTEST_MS * 2 ** Math.min(failures, 5) * (0.5 + random() / 2))
				: Math.max(SHORTEST_MS, retryAfterSeconds * 1000),
	};
}
