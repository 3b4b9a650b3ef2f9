import type { Failure, Result } from '../errors';
import type { Clock } from './ports';

/** A provider that wants to be left alone for longer than this is only waited for where it has a limit. */
export const LONGEST_PATIENCE_MS = 60_000;

/**
 * Sets the pace of a batch's calls of one kind to one gateway with one credential. No gateway
 * publishes its limit, so it is felt out: additive increase, multiplicative decrease.
 */
export interface Throttle {
	/** Waits for its turn, sends, and learns from the answer. */
	run: <T>(send: () => Promise<Result<T>>) => Promise<Result<T>>;
	/** As `run`; undefined, and nothing sent, when it is not wanted any more before its turn comes. */
	runWhile: <T>(
		isWanted: () => boolean,
		send: () => Promise<Result<T>>,
	) => Promise<Result<T> | undefined>;
	/**
	 * So many refusals came in a row that waiting on is in vain. A limit of the provider's ends by itself:
	 * there, nothing has to have changed for all of the patience.
	 */
	isClosed: () => boolean;
	/** What it last refused is waited for. */
	isWaiting: () => boolean;
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
/** So few calls say how little was asked for, not how much the gateway takes. */
const LEAST_MEASURED = 10;
const FIRST_PAUSE_MS = 1_000;
/** Once the pace is known, a refusal is a slight excess: so many calls are left out. */
const CALLS_LEFT_OUT = 1.5;
const LONGEST_PAUSE_MS = 30_000;
/** With the pauses between them a good 20 seconds. */
const MOST_REFUSALS = 6;

/** How long those in line do not notice that something has changed. */
const SLICE_MS = 100;

interface Waiting {
	isWanted: () => boolean;
	goOn: (isTurn: boolean) => void;
	breakOff: (reason: unknown) => void;
}

export function createThrottle(clock: Clock, random: () => number, patienceMs: number): Throttle {
	let line: Waiting[] = [];
	let isMoving = false;
	let rate = Infinity;
	let nextTurn = 0;
	let slowedAt = -Infinity;
	let refusals = 0;
	let isWish = false;
	let isLimit = false;
	/** When the refusals in a row began. */
	let refusedSince = 0;
	let taken: number[] = [];

	const takeTurn = async (isWanted: () => boolean): Promise<boolean> =>
		await new Promise((goOn, breakOff) => {
			line.push({ isWanted, goOn, breakOff });
			if (!isMoving) void moveOn();
		});

	const letLeave = () => {
		const left = line.filter(({ isWanted }) => !isWanted());
		if (left.length === 0) return;
		line = line.filter((waiting) => !left.includes(waiting));
		for (const { goOn } of left) goOn(false);
	};

	/** First come, first served; those that want no turn any more leave at once. */
	const moveOn = async (): Promise<void> => {
		isMoving = true;
		try {
			for (;;) {
				while (line[0] && !line[0].isWanted()) line.shift()?.goOn(false);
				if (line.length === 0) break;
				const wait = nextTurn - clock.now();
				if (wait > 0) letLeave();
				// Even without a wait: this is where a stopped execution is noticed.
				await clock.sleep(Math.max(0, Math.min(wait, SLICE_MS)));
				if (clock.now() < nextTurn) continue;
				nextTurn = clock.now() + 1000 / rate;
				line.shift()?.goOn(true);
			}
		} catch (error) {
			for (const waiting of line) waiting.breakOff(error);
			line = [];
		} finally {
			isMoving = false;
		}
	};

	const noteRefusal = (failure: Failure, sentAt: number) => {
		const { afterSeconds, type } = failure;
		const now = clock.now();
		isLimit = failure.isLimit === true;
		if (refusals === 0) refusedSince = now;
		if (afterSeconds !== undefined) {
			isWish = true;
			const wish = afterSeconds * 1000;
			const patience = isLimit ? refusedSince + patienceMs - now : LONGEST_PATIENCE_MS;
			nextTurn = Math.max(nextTurn, now + Math.min(patience, wish));
			if (wish > patience) {
				refusals = MOST_REFUSALS;
				isLimit = false;
			}
		}
		// Calls that were under way together are refused together: that is one refusal.
		if (sentAt < slowedAt) return;
		refusals += 1;
		slowedAt = now;
		const wasFree = rate === Infinity;
		// A gateway that is not there says nothing about how much it would take.
		if (type !== 'network_error') {
			const measured = wasFree ? Math.max(LEAST_MEASURED, takenOfLate()) : rate;
			rate = Math.max(SLOWEST_RATE, DECREASE * measured);
		}
		nextTurn = Math.max(nextTurn, now + 1000 / rate);
		if (afterSeconds !== undefined) return;
		isWish = false;
		const pause = wasFree ? FIRST_PAUSE_MS : (CALLS_LEFT_OUT * 1000) / rate;
		nextTurn = now + jitter(Math.min(FIRST_PAUSE_MS, pause));
	};

	const jitter = (pause: number): number =>
		Math.min(LONGEST_PAUSE_MS, pause * 2 ** (refusals - 1)) * (0.75 + random() / 4);

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

	const sendAndLearn = async <T>(send: () => Promise<Result<T>>): Promise<Result<T>> => {
		const sentAt = clock.now();
		const result = await send();
		if (result.ok) noteTaken();
		else if (result.failure.isRefusal) noteRefusal(result.failure, sentAt);
		else if (result.failure.type !== 'network_error') noteTaken();
		return result;
	};

	return {
		run: async (send) => {
			await takeTurn(() => true);
			return await sendAndLearn(send);
		},
		runWhile: async (isWanted, send) =>
			(await takeTurn(isWanted)) ? await sendAndLearn(send) : undefined,
		isClosed: () =>
			refusals >= MOST_REFUSALS && (!isLimit || clock.now() - refusedSince > patienceMs),
		isWaiting: () => refusals > 0,
		hope: () => {
			refusals = 0;
			if (!isWish) nextTurn = Math.min(nextTurn, clock.now());
		},
	};
}
