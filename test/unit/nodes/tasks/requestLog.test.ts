import { RequestLog } from '../../../../nodes/Seedream/tasks/requestLog';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** The shortest round trip takes 20 ms. The last request was sent at 100, and its response came at 700. */
function logWithSlowResponse(): RequestLog {
	const log = new RequestLog();
	log.onAccepted(log.add(0, SECOND_MS, false), 20, SECOND_MS);
	log.onAccepted(log.add(100, SECOND_MS, false), 700, SECOND_MS);
	return log;
}

it.each([
	// Or a tenth of the limit would be lost to jitter.
	['at most a tenth of it after it was sent', SECOND_MS, 100 + 100],
	// A request that comes too early is refused, and others are refused after it.
	['its response came', MINUTE_MS, 700],
])('a request counts in a window from when %s', (_from, windowMs, countsFrom) => {
	const log = logWithSlowResponse();
	const end = countsFrom + windowMs;
	expect(log.untilBelow(1, 800, windowMs)).toBe(end - 800);
	expect(log.count(end - 1, windowMs)).toBe(1);
	expect(log.count(end, windowMs)).toBe(0);
	expect(log.untilFirstEnds(end - 1, windowMs)).toBe(1);
});

it('a request without a response counts as if it took long', () => {
	const log = new RequestLog();
	log.add(0, MINUTE_MS, false);
	expect(log.untilBelow(1, 0, MINUTE_MS)).toBe(0.1 * MINUTE_MS + MINUTE_MS);
});
