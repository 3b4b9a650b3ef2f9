const SHORTEST_MS = 500;
const MAX_DOUBLINGS = 5;

/**
 * How long to wait after so many failures in a row, in milliseconds; `wishSeconds` is the provider's
 * own wish. With jitter, so that what failed together does not come back together.
 */
export type Backoff = (failures: number, retryAfterSeconds?: number) => number;

export function createBackoff(random: () => number = Math.random): Backoff {
	return (failures, retryAfterSeconds) => {
		if (retryAfterSeconds !== undefined) return Math.max(SHORTEST_MS, retryAfterSeconds * 1000);
		return SHORTEST_MS * 2 ** Math.min(failures, MAX_DOUBLINGS) * (0.5 + random() / 2);
	};
}
