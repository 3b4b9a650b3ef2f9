import type { Failure, Result } from '../errors/failure';
import type { Clock } from '../shared/clock';

/** The longest Retry-After that's obeyed when the rejection isn't a limit that ends by itself. */
export const MAX_RETRY_AFTER_MS = 60_000;

/** Requests per second. */
const MIN_RATE = 0.5;
/** Above this, requests aren't paced at all. */
const UNLIMITED_RATE = 100;
const DECREASE_FACTOR = 0.7;
/** Growth per second of accepted requests, as a share of the rate, and the least of it. */
const INCREASE = 0.1;
const MIN_INCREASE = 0.5;

/** Most providers limit the requests per second. */
const MEASURED_MS = 1_000;
/** Fewer requests show how little was sent, not how much the provider accepts. */
const MIN_MEASURED = 10;
const INITIAL_DELAY_MS = 1_000;
/** Once the rate is known, a rejection means a slight excess: this many requests are left out. */
const SKIPPED_REQUESTS = 1.5;
const MAX_DELAY_MS = 30_000;
/** With the delays between them, a good 20 seconds. */
const MAX_REJECTIONS = 6;

/** How soon queued requests notice `resetBackoff()`, or that they're no longer needed. */
const SLICE_MS = 100;

interface Queued {
	isNeeded: () => boolean;
	start: (isTurn: boolean) => void;
	abort: (reason: unknown) => void;
}

/**
 * Paces one kind of requests to one provider with one credential. No provider publishes its rate
 * limit, so the rate is found by additive increase and multiplicative decrease.
 */
export class RateLimiter {
	private queue: Queued[] = [];

	private isProcessing = false;

	private rate = Infinity;

	private nextRequestAt = 0;

	private slowedDownAt = -Infinity;

	/** In a row, and when they began. */
	private rejections = 0;

	private rejectedSince = 0;

	private hasRetryAfter = false;

	/** The provider's limit ends by itself, so it's waited for. */
	private isLimit = false;

	/** When requests were accepted while the rate was unlimited. */
	private acceptedAt: number[] = [];

	/** `patienceMs` is how long a limit is waited for while nothing changes. */
	constructor(
		private readonly clock: Clock,
		private readonly random: () => number,
		private readonly patienceMs: number,
	) {}

	/** Waits its turn, sends, and adapts the rate to the result. */
	async run<T>(send: () => Promise<Result<T>>): Promise<Result<T>> {
		await this.waitForTurn(() => true);
		return await this.sendAndAdapt(send);
	}

	/** Like `run`, but sends nothing and returns undefined if it's no longer needed by its turn. */
	async runWhile<T>(
		isNeeded: () => boolean,
		send: () => Promise<Result<T>>,
	): Promise<Result<T> | undefined> {
		return (await this.waitForTurn(isNeeded)) ? await this.sendAndAdapt(send) : undefined;
	}

	/** After this many rejections in a row, waiting longer is pointless. */
	hasGivenUp(): boolean {
		const isPatient = this.isLimit && this.clock.now() - this.rejectedSince <= this.patienceMs;
		return this.rejections >= MAX_REJECTIONS && !isPatient;
	}

	isBackingOff(): boolean {
		return this.rejections > 0;
	}

	/** Something changed at the provider: it may accept now what it rejected before. */
	resetBackoff(): void {
		this.rejections = 0;
		if (!this.hasRetryAfter) this.nextRequestAt = Math.min(this.nextRequestAt, this.clock.now());
	}

	private async waitForTurn(isNeeded: () => boolean): Promise<boolean> {
		return await new Promise((start, abort) => {
			this.queue.push({ isNeeded, start, abort });
			if (!this.isProcessing) void this.processQueue();
		});
	}

	/** First come, first served. */
	private async processQueue(): Promise<void> {
		this.isProcessing = true;
		try {
			for (;;) {
				while (this.queue[0] && !this.queue[0].isNeeded()) this.queue.shift()?.start(false);
				if (this.queue.length === 0) break;
				const wait = this.nextRequestAt - this.clock.now();
				if (wait > 0) this.dropUnneeded();
				// Even without a wait, because this is where a stopped execution is noticed.
				await this.clock.sleep(Math.max(0, Math.min(wait, SLICE_MS)));
				if (this.clock.now() < this.nextRequestAt) continue;
				this.nextRequestAt = this.clock.now() + 1000 / this.rate;
				this.queue.shift()?.start(true);
			}
		} catch (error) {
			for (const { abort } of this.queue) abort(error);
			this.queue = [];
		} finally {
			this.isProcessing = false;
		}
	}

	private dropUnneeded(): void {
		const dropped = new Set(this.queue.filter(({ isNeeded }) => !isNeeded()));
		if (dropped.size === 0) return;
		this.queue = this.queue.filter((queued) => !dropped.has(queued));
		for (const { start } of dropped) start(false);
	}

	private async sendAndAdapt<T>(send: () => Promise<Result<T>>): Promise<Result<T>> {
		const sentAt = this.clock.now();
		const result = await send();
		if (result.ok) this.onAccepted();
		else if (result.failure.isUnavailable) this.onRejected(result.failure, sentAt);
		else if (result.failure.type !== 'network_error') this.onAccepted();
		return result;
	}

	private onAccepted(): void {
		this.rejections = 0;
		if (this.rate !== Infinity) {
			this.rate += Math.max(MIN_INCREASE / this.rate, INCREASE);
			if (this.rate > UNLIMITED_RATE) this.rate = Infinity;
			return;
		}
		this.acceptedAt.push(this.clock.now());
		if (this.acceptedAt.length > 2 * UNLIMITED_RATE) this.acceptedAt = this.recentlyAccepted();
	}

	private onRejected(failure: Failure, sentAt: number): void {
		const { retryAfterSeconds, type } = failure;
		const now = this.clock.now();
		this.isLimit = failure.isLimit === true;
		if (this.rejections === 0) this.rejectedSince = now;
		if (retryAfterSeconds !== undefined) this.applyRetryAfter(retryAfterSeconds * 1000);
		// Requests that were in flight together are rejected together: that's one rejection.
		if (sentAt < this.slowedDownAt) return;
		this.rejections += 1;
		this.slowedDownAt = now;
		const wasUnlimited = this.rate === Infinity;
		// A provider that can't be reached says nothing about its rate limit.
		if (type !== 'network_error') this.slowDown();
		this.nextRequestAt = Math.max(this.nextRequestAt, now + 1000 / this.rate);
		if (retryAfterSeconds === undefined) this.backOff(wasUnlimited);
	}

	private applyRetryAfter(retryAfterMs: number): void {
		const now = this.clock.now();
		this.hasRetryAfter = true;
		const patience = this.isLimit ? this.rejectedSince + this.patienceMs - now : MAX_RETRY_AFTER_MS;
		this.nextRequestAt = Math.max(this.nextRequestAt, now + Math.min(patience, retryAfterMs));
		if (retryAfterMs > patience) {
			this.rejections = MAX_REJECTIONS;
			this.isLimit = false;
		}
	}

	private slowDown(): void {
		const measured =
			this.rate === Infinity ? Math.max(MIN_MEASURED, this.recentlyAccepted().length) : this.rate;
		this.rate = Math.max(MIN_RATE, DECREASE_FACTOR * measured);
	}

	private backOff(wasUnlimited: boolean): void {
		this.hasRetryAfter = false;
		const usual = wasUnlimited ? INITIAL_DELAY_MS : (SKIPPED_REQUESTS * 1000) / this.rate;
		const initial = Math.min(INITIAL_DELAY_MS, usual);
		const delay = Math.min(MAX_DELAY_MS, initial * 2 ** (this.rejections - 1));
		const jitter = 0.75 + this.random() / 4;
		this.nextRequestAt = this.clock.now() + delay * jitter;
	}

	private recentlyAccepted(): number[] {
		const since = this.clock.now() - MEASURED_MS;
		return this.acceptedAt.filter((at) => at > since);
	}
}
