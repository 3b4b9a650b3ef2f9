import { setTimeout as wait } from 'node:timers/promises';

import isEqual from 'lodash/isEqual';

const PATIENCE_MS = 10_000;

const POLL_MS = 50;

/**
 * Looks until it sees what is expected, and gives what it saw last: a page needs a moment to show
 * what a click has changed.
 */
export async function settle<T>(look: () => Promise<T>, expected: T): Promise<T> {
	return await settleWhen(look, (seen) => isEqual(seen, expected));
}

export async function settleWhen<T>(
	look: () => Promise<T>,
	isIt: (seen: T) => boolean,
	patienceMs = PATIENCE_MS,
): Promise<T> {
	const deadline = performance.now() + patienceMs;
	for (;;) {
		const seen = await look();
		if (isIt(seen) || performance.now() > deadline) return seen;
		await wait(POLL_MS);
	}
}
