const MIN_DELAY_MS = 500;
const MAX_DOUBLINGS = 5;

/**
 * How long to wait after this many failures in a row, in milliseconds. Has jitter, so that requests
 * that failed together aren't retried together.
 */
export type Backoff = (failures: number, retryAfterSeconds?: number) => number;

export function createBackoff(random: () => number = Math.random): Backoff {
	return (failures, retryAfterSeconds) => {
		if (retryAfterSeconds !== undefined) return Math.max(MIN_DELAY_MS, retryAfterSeconds * 1000);
		return MIN_DELAY_MS * 2 ** Math.min(failures, MAX_DOUBLINGS) * (0.5 + random() / 2);
	};
}
