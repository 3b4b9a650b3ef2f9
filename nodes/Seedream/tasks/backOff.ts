const SHORTEST_MS = 500;
const MOST_DOUBLINGS = 5;

/**
 * How long to wait after so many failures in a row, in milliseconds; `wishSeconds` is the gateway's
 * own wish. With jitter, so that what failed together does not come back together.
 */
export type BackOff = (failures: number, wishSeconds?: number) => number;

export function createBackOff(random: () => number = Math.random): BackOff {
	return (failures, wishSeconds) => {
		if (wishSeconds !== undefined) return Math.max(SHORTEST_MS, wishSeconds * 1000);
		return SHORTEST_MS * 2 ** Math.min(failures, MOST_DOUBLINGS) * (0.5 + random() / 2);
	};
}
