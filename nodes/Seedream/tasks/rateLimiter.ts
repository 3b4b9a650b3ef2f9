import type { Failure, Result } from '../errors/failure';
import type { Clock } from '../shared/clock';

/** A provider that wants to be left alone for longer than this is only waited for where it has a limit. */
export const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Sets the pace of a batch's calls of one kind to one provider with one credential. No provider
 * publishes its limit, so it is felt out: additive increase, multiplicative decrease.
 */
export interface RateLimiter {
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
	/** Something has changed at the provider: what it refused, it may take now. */
	resetBackoff: () => void;
}

/** Calls a second. */
const MIN_RATE = 0.5;
/** From here on no pace is set. */
const FREE_RATE = 100;
const DECREASE = 0.7;
/** What a second of calls without a refusal adds, as a share of the rate, but at least so much. */
const INCREASE = 0.1;
const MIN_INCREASE = 0.5;

/** A limit is mostly one on the calls of a second. */
const MEASURED_MS = 1_000;
/** So few calls say how little was asked for, not how much the provider takes. */
const MIN_MEASURED = 10;
const INITIAL_DELAY_MS = 1_000;
/** Once the pace is known, a refusal is a slight excess: so many calls are left out. */
const CALLS_LEFT_OUT = 1.5;
const MAX_DELAY_MS = 30_000;
/** With the pauses between them a good 20 seconds. */
const MAX_REJECTIONS = 6;

/** How long those in line do not notice that something has changed. */
const SLICE_MS = 100;

interface Waiting {
	isWanted: () => boolean;
	goOn: (isTurn: boolean) => void;
	abort: (reason: unknown) => void;
}

export function createRateLimiter(
	clock: Clock,
	random: () => number,
	patienceMs: number,
): RateLimiter {
	let line: Waiting[] = [];
	let isMoving = false;
	let rate = Infinity;
	let nextTurn = 0;
	let slowedAt = -Infinity;
	let rejections = 0;
	let hasRetryAfter = false;
	let isLimit = false;
	/** When the refusals in a row began. */
	let refusedSince = 0;
	let taken: number[] = [];

	const takeTurn = async (isWanted: () => boolean): Promise<boolean> =>
		await new Promise((goOn, abort) => {
			line.push({ isWanted, goOn, abort });
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
			for (const waiting of line) waiting.abort(error);
			line = [];
		} finally {
			isMoving = false;
		}
	};

	const onRejected = (failure: Failure, sentAt: number) => {
		const { retryAfterSeconds, type } = failure;
		const now = clock.now();
		isLimit = failure.isLimit === true;
		if (rejections === 0) refusedSince = now;
		if (retryAfterSeconds !== undefined) {
			hasRetryAfter = true;
			const wish = retryAfterSeconds * 1000;
			const patience = isLimit ? refusedSince + patienceMs - now : MAX_RETRY_AFTER_MS;
			nextTurn = Math.max(nextTurn, now + Math.min(patience, wish));
			if (wish > patience) {
				rejections = MAX_REJECTIONS;
				isLimit = false;
			}
		}
		// Calls that were under way together are refused together: that is one refusal.
		if (sentAt < slowedAt) return;
		rejections += 1;
		slowedAt = now;
		const wasFree = rate === Infinity;
		// A provider that is not there says nothing about how much it would take.
		if (type !== 'network_error') {
			const measured = wasFree ? Math.max(MIN_MEASURED, takenOfLate()) : rate;
			rate = Math.max(MIN_RATE, DECREASE * measured);
		}
		nextTurn = Math.max(nextTurn, now + 1000 / rate);
		if (retryAfterSeconds !== undefined) return;
		hasRetryAfter = false;
		const pause = wasFree ? INITIAL_DELAY_MS : (CALLS_LEFT_OUT * 1000) / rate;
		nextTurn = now + jitter(Math.min(INITIAL_DELAY_MS, pause));
	};

	const jitter = (pause: number): number =>
		Math.min(MAX_DELAY_MS, pause * 2 ** (rejections - 1)) * (0.75 + random() / 4);

	/** Calls in the last second. */
	const takenOfLate = (): number => {
		const since = clock.now() - MEASURED_MS;
		return taken.filter((at) => at > since).length;
	};

	const onAccepted = () => {
		rejections = 0;
		if (rate !== Infinity) {
			rate += Math.max(MIN_INCREASE / rate, INCREASE);
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
		if (result.ok) onAccepted();
		else if (result.failure.isUnavailable) onRejected(result.failure, sentAt);
		else if (result.failure.type !== 'network_error') onAccepted();
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
			rejections >= MAX_REJECTIONS && (!isLimit || clock.now() - refusedSince > patienceMs),
		isWaiting: () => rejections > 0,
		resetBackoff: () => {
			rejections = 0;
			if (!hasRetryAfter) nextTurn = Math.min(nextTurn, clock.now());
		},
	};
}
