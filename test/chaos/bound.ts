import { SLOW } from './faults';
import { mostCalls, type Plan } from './plan';

/** Seconds: what the node allows itself, from its own documentation and that of its house. */
const MAX_CREATE_STALL = 60;
/** A picture that trickles: until its beginning is there, and then until its pace is judged. */
const MAX_LINK_STALL = 40;
const MAX_STALLS = 2;
const MIN_QUERY = 10;
const MAX_DELAY = 2;
/** Of a link and of the new one that is asked for when it does not come. */
const DOWNLOAD_PAUSES = 2 * 7.5;
/** Refusals in a row, until the provider counts as closed. */
const REFUSALS = 32;
/** For a machine that has other things to do. */
const SLACK = 20;
const AUTOMATIC_CONCURRENCY = 10;
/** The slowest that many refusals make the calls of a batch, in calls a second, for long. */
const SLOW_PACE = 2;
const CALLS_A_ROW = 8;

/** Not everything goes wrong in every round: of runs in which tasks take a fraction of a second, none comes near. */
const LONGEST = 400;

/** By when a run must have ended, with all its tries, turns and retries. */
export function boundOf(plan: Plan): number {
	const { rows, concurrency, timeout, faults, refusal } = plan;
	const backOffs = 2 ** (faults.mostInRow - 1) + faults.mostInRow * MAX_DELAY;
	const stalls = SLOW.has(faults.focus.name) ? MAX_STALLS * (MAX_CREATE_STALL + MAX_LINK_STALL) : 0;
	// Of a create that is under way the node asks after 2, 4, 8 … seconds, while there is time.
	const underWay = Math.min(timeout, 2 ** (faults.mostInRow + 1));
	const row = 2 * backOffs + underWay + timeout + MIN_QUERY + DOWNLOAD_PAUSES;
	const rounds = Math.ceil(rows.length / (concurrency || AUTOMATIC_CONCURRENCY));
	const pace = (rows.length * CALLS_A_ROW * (1 + faults.rate)) / SLOW_PACE;
	const times = mostCalls(plan);
	const waits = (times * plan.waitBetweenTriesMs + (refusal?.forMs ?? 0)) / 1000;
	// A limit is waited for by all rows together.
	const inAll = times * (rounds * row + pace + timeout + REFUSALS) + stalls + waits + SLACK;
	return Math.min(LONGEST, inAll);
}
