import type { PollState } from './pollSchedule';

/** Between two polls, in milliseconds for each request that it takes to poll all running tasks. */
const STEP_MS = 150;
const MIN_STEP_MS = 100;
/** As shares of a task's age: at first, before a quarter of the estimate, and after a minute. */
const FIRST_STEP = 0.06;
const EARLY_STEP = 0.4;
const LONG_STEP = 0.025;
const LONG_MS = 60_000;
/** Of a slow model's task, because tasks that fail fail early. */
const FIRST_POLL_MS = 5_000;

/**
 * When to poll one of a few tasks: so often that nobody waits a noticeable time for an image that's
 * done. Undefined for a usual first poll.
 */
export function nextEagerPollAt(
	{ startedAt, polledAt, estimatedSeconds = 0, minSeconds = 0, forecast }: PollState,
	requests: number,
): number | undefined {
	if (polledAt === undefined) return minSeconds > 0 ? startedAt + FIRST_POLL_MS : undefined;
	const age = polledAt - startedAt;
	const minMs = minSeconds * 1000;
	const untilMin = (age < minMs / 2 ? minMs / 2 : minMs) - age;
	const { end = Infinity, error = 0, since = age } = forecast ?? {};
	// Progress that has been right so far is relied on for as long again.
	const untilDone = Math.min(end - error - age, Math.max(untilMin, age - since));
	const early = age < estimatedSeconds * 250 ? EARLY_STEP * age : 0;
	return polledAt + Math.max(MIN_STEP_MS, eagerStep(age, requests), early, untilDone);
}

/** Between two polls at this age, in milliseconds. */
export function eagerStep(age: number, requests: number): number {
	return age > LONG_MS ? LONG_STEP * age : Math.min(FIRST_STEP * age, STEP_MS * requests);
}
