import type { Failure, Result } from '../errors';
import { createLimit } from './limit';
import { LONGEST_PATIENCE_MS } from './pace';
import type { Clock } from './ports';

/**
 * Sets the pace of all calls that a batch makes to one gateway with one credential. No gateway
 * publishes its limit, so it is felt out: additive increase, multiplicative decrease.
 */
export interface Throttle {
	/** Waits for its turn, sends, and learns from the answer. */
	run: <T>(send: () => Promise<Result<T>>) => Promise<Result<T>>;
	/** As `run`, but undefined when no turn comes by then, in milliseconds since 1970. */
	runBy: <T>(until: number, send: () => Promise<Result<T>>) => Promise<Result<T> | undefined>;
	/** So many refusals came in a row that waiting on is in vain. */
	isClosed: () => boolean;
}

/** Calls a second. */
const FIRST_RATE = 10;
const SLOWEST_RATE = 0.5;
/** From here on no pace is set. */
const FREE_RATE = 50;
/** What a second of calls without a refusal adds to the rate. */
const INCREASE = 0.5;
const DECREASE = 0.7;

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** With the pauses between them about half a minute. */
const MOST_REFUSALS = 7;

export function createThrottle(clock: Clock, random: () => number = Math.random): Throttle {
	const oneByOne = createLimit(1);
	let rate = Infinity;
	let nextTurn = 0;
	let slowedAt = -Infinity;
	let refusals = 0;

	const takeTurn = async (until: number): Promise<boolean> => {
		// An answer to another call may put the turn off while this one waits for it.
		for (let now = clock.now(); now < nextTurn; now = clock.now()) {
			if (now >= until) return false;
			await clock.sleep(Math.min(nextTurn, until) - now);
		}
		nextTurn = clock.now() + 1000 / rate;
		return true;
	};

	const sendAndLearn = async <T>(send: () => Promise<Result<T>>): Promise<Result<T>> => {
		const sentAt = clock.now();
		const result = await send();
		if (!result.ok && result.failure.isRefusal) noteRefusal(result.failure, sentAt);
		else noteTaken();
		return result;
	};

	const noteRefusal = ({ afterSeconds }: Failure, sentAt: number) => {
		// Calls that were under way together are refused together: that is one refusal.
		if (sentAt < slowedAt) return;
		refusals += 1;
		rate = rate === Infinity ? FIRST_RATE : Math.max(SLOWEST_RATE, rate * DECREASE);
		slowedAt = clock.now();
		nextTurn = slowedAt + pauseAfter(afterSeconds);
	};

	const pauseAfter = (wishSeconds: number | undefined): number => {
		if (wishSeconds === undefined) {
			const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (refusals - 1));
			return longest * (0.5 + random() / 2);
		}
		if (wishSeconds * 1000 > LONGEST_PATIENCE_MS) refusals = MOST_REFUSALS;
		return Math.min(wishSeconds * 1000, LONGEST_PATIENCE_MS);
	};

	const noteTaken = () => {
		refusals = 0;
		if (rate === Infinity) return;
		rate += INCREASE / rate;
		if (rate > FREE_RATE) rate = Infinity;
	};

	return {
		run: async (send) => {
			await oneByOne(async () => await takeTurn(Infinity));
			return await sendAndLearn(send);
		},
		runBy: async (until, send) => {
			if (!(await oneByOne(async () => await takeTurn(until)))) return undefined;
			return await sendAndLearn(send);
		},
		isClosed: () => refusals >= MOST_REFUSALS,
	};
}
