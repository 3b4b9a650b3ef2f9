import { setTimeout as wait } from 'node:timers/promises';
import { isEqual } from 'lodash';

const TIMEOUT_MS = 10_000;

const POLL_MS = 50;

/** Reads until the value is as expected or time is up, and returns the last one: a page takes a moment to update. */
export async function waitUntilEqual<T>(read: () => Promise<T>, expected: T): Promise<T> {
	return await waitUntil(read, (value) => isEqual(value, expected));
}

export async function waitUntil<T>(
	read: () => Promise<T>,
	isExpected: (value: T) => boolean,
	timeoutMs = TIMEOUT_MS,
): Promise<T> {
	const deadline = performance.now() + timeoutMs;
	for (;;) {
		const value = await read();
		if (isExpected(value) || performance.now() > deadline) return value;
		await wait(POLL_MS);
	}
}
