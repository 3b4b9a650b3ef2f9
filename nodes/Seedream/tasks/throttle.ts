import type { Failure, Result } from '../errors';
import { createLimit } from './limit';
import type { Clock } from './ports';

/** A gateway that wants to be left alone for longer than this is not waited for. */
const LONGEST_PATIENCE_MS = 60_000;

/**
 * Sets the pace of a batch's calls of one kind to one gateway with one credential. No gateway
 * publishes its limit, so it is felt out: additive increase, multiplicative decrease.
 */
export interface Throttle {
	/** Waits for its turn, sends, and learns from the answer. */
	run: <T>(send: () => Promise<Result<T>>) => Promise<Result<T>>;
	/** As `run`, but undefined when no turn comes by then, in milliseconds since 1970. */
	runBy: <T>(until: number, send: () => Promise<Result<T>>) => Promise<Result<T> | undefined>;
	/** So many refusals came in a row that waiting on is in vain. */
	isClosed: () => boolean;
	/** Something has changed at the gateway: what it refused, it may take now. */
	hope: () => void;
}

/** Calls a second. */
const SLOWEST_RATE = 0.5;
/** From here on no pace is set. */
const FREE_RATE = 100;
const DECREASE = 0.7;
/** What a second of calls without a refusal adds, as a share of the rate, but at least so much. */
const INCREASE = 0.1;
const LEAST_INCREASE = 0.5;

/** A limit is mostly one on the calls of a second. */
const MEASURED_MS = 1_000;
const FIRST_PAUSE_MS = 1_000;
/** Once the pace is known, a refusal is a slight excess: so many calls are left out. */
const CALLS_LEFT_OUT = 3;
const LONGEST_PAUSE_MS = 30_000;
/** With the pauses between them about half a minute. */
const MOST_REFUSALS = 6;

/** How long a sleeper does not notice that there is hope. */
const SLICE_MS = 100;

export function createThrottle(clock: Clock, random: () => number): Throttle {
	const oneByOne = createLimit(1);
	let rate = Infinity;
	let nextTurn = 0;
	let slowedAt = -Infinity;
	let refusals = 0;
	let isWish = false;
	let taken: number[] = [];

	const takeTurn = async (until: number): Promise<boolean> => {
		// An answer to another call may put the turn off while this one waits for it.
		for (let now = clock.now(); now < nextTurn; now = clock.now()) {
			if (now >= until) return false;
			await clock.sleep(Math.min(nextTurn - now, until - now, SLICE_MS));
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
		const wasFree = rate === Infinity;
		slowedAt = clock.now();
		rate = Math.max(SLOWEST_RATE, DECREASE * (wasFree ? takenOfLate() : rate));
		isWish = afterSeconds !== undefined;
		if (afterSeconds !== undefined && afterSeconds * 1000 > LONGEST_PATIENCE_MS) {
			refusals = MOST_REFUSALS;
		}
		const pause =
			afterSeconds === undefined
				? jitter(
						wasFree ? FIRST_PAUSE_MS : Math.min(FIRST_PAUSE_MS, (CALLS_LEFT_OUT * 1000) / rate),
					)
				: Math.min(LONGEST_PATIENCE_MS, afterSeconds * 1000);
		nextTurn = slowedAt + pause;
	};

	const jitter = (pause: number): number =>
		Math.min(LONGEST_PAUSE_MS, pause * 2 ** (refusals - 1)) * (0.5 + random() / 2);

	/** Calls in the last second. */
	const takenOfLate = (): number => {
		const since = clock.now() - MEASURED_MS;
		return taken.filter((at) => at > since).length;
	};

	const noteTaken = () => {
		refusals = 0;
		if (rate !== Infinity) {
			rate += Math.max(LEAST_INCREASE / rate, INCREASE);
			if (rate > FREE_RATE) rate = Infinity;
			return;
		}
		const now = clock.now();
		taken.push(now);
		if (taken.length > 2 * FREE_RATE) taken = taken.filter((at) => at > now - MEASURED_MS);
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
		hope: () => {
			refusals = 0;
			if (!isWish) nextTurn = Math.min(nextTurn, clock.now());
		},
	};
}
