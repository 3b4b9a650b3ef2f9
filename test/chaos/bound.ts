import type { Plan } from './plan';

/** Seconds: what the node allows itself, from its own documentation and that of its house. */
const LONGEST_CREATE_STALL = 60;
const LONGEST_LINK_STALL = 30;
const LEAST_QUERY = 10;
const LONGEST_DELAY = 2;
const DOWNLOAD_PAUSES = 7.5;
/** Refusals in a row, until the gateway counts as closed. */
const REFUSALS = 32;
/** For a machine that has other things to do. */
const SLACK = 20;
const AUTOMATIC_CONCURRENCY = 10;
/** The slowest that many refusals make the calls of a batch, in calls a second, for long. */
const SLOW_PACE = 2;
const CALLS_A_ROW = 8;

/** By when a run must have ended, with all its tries, turns and retries. */
export function boundOf(plan: Plan): number {
	const { rows, concurrency, timeout, tries, loopErrors = 0, retries, faults, refusal } = plan;
	const backOffs = 2 ** (faults.mostInRow - 1) + faults.mostInRow * LONGEST_DELAY;
	const stalls = faults.mayStall ? 2 * LONGEST_CREATE_STALL + 2 * LONGEST_LINK_STALL : 0;
	const row = 2 * backOffs + timeout + LEAST_QUERY + DOWNLOAD_PAUSES;
	const rounds = Math.ceil(rows.length / (concurrency || AUTOMATIC_CONCURRENCY));
	const pace = (rows.length * CALLS_A_ROW * (1 + faults.rate)) / SLOW_PACE;
	const times = Math.max(1, tries) * (1 + loopErrors) * (1 + retries);
	const waits = (times * plan.waitBetweenTriesMs + (refusal?.forMs ?? 0)) / 1000;
	return times * (rounds * row + pace + REFUSALS) + stalls + waits + SLACK;
}
