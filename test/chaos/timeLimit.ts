import { SLOW } from './faults';
import { maxCalls, type Plan } from './plan';

/** All in seconds: what the node allows for each step. */
const MAX_CREATE_STALL = 60;
/** An image that trickles in: until its beginning is there, and then until it's too slow. */
const MAX_LINK_STALL = 40;
const MAX_STALLS = 2;
const MIN_QUERY = 10;
const MAX_DELAY = 2;
/** Of a link and of the new one that replaces it. */
const DOWNLOAD_PAUSES = 2 * 7.5;
/** Refused connections in a row, until the provider counts as down. */
const REFUSALS = 32;
/** For a busy machine. */
const SLACK = 20;
const AUTOMATIC_CONCURRENCY = 10;
/** The lowest rate that many rejections slow a batch down to, in requests per second. */
const MIN_RATE = 2;
const REQUESTS_PER_ROW = 8;

/** Not everything goes wrong every time: with tasks of a fraction of a second, no plan comes near this. */
const MAX_TIME_LIMIT = 400;

/** How long a plan may take, with all its tries, turns and retries. */
export function timeLimitOf(plan: Plan): number {
	const { rows, concurrency, timeout, faults, outage: outage } = plan;
	const backOffs = 2 ** (faults.maxConsecutive - 1) + faults.maxConsecutive * MAX_DELAY;
	const stalls = SLOW.has(faults.focus.name) ? MAX_STALLS * (MAX_CREATE_STALL + MAX_LINK_STALL) : 0;
	// A create request that's in progress is repeated after 2, 4, 8 … seconds until the timeout.
	const inProgress = Math.min(timeout, 2 ** (faults.maxConsecutive + 1));
	const row = 2 * backOffs + inProgress + timeout + MIN_QUERY + DOWNLOAD_PAUSES;
	const rounds = Math.ceil(rows.length / (concurrency || AUTOMATIC_CONCURRENCY));
	const throttled = (rows.length * REQUESTS_PER_ROW * (1 + faults.rate)) / MIN_RATE;
	const times = maxCalls(plan);
	const waits = (times * plan.waitBetweenTriesMs + (outage?.forMs ?? 0)) / 1000;
	// All rows wait for a limit together.
	const total = times * (rounds * row + throttled + timeout + REFUSALS) + stalls + waits + SLACK;
	return Math.min(MAX_TIME_LIMIT, total);
}
