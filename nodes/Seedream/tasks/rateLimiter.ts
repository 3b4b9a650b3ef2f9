import type { Failure, Result } from '../errors/failure';
import type { Clock } from '../shared/clock';
import type { Quota } from './rateLimitHeaders';
import type { SentRequest } from './requestLog';
import { RequestLimit } from './requestLimit';

/** The longest Retry-After that's obeyed when the rejection isn't a limit that ends by itself. */
export const MAX_RETRY_AFTER_MS = 60_000;

const SECOND_MS = 1_000;

const INITIAL_DELAY_MS = 1_000;
const MIN_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;
/** A longer delay could miss the end of a window, or that of others who use up the limit. */
const MAX_LIMIT_DELAY_MS = 10_000;
/** Once the rate is known, a rejection means a slight excess: this many requests are left out. */
const SKIPPED_REQUESTS = 1.5;
/** With the delays between them, a good 20 seconds. */
const MAX_REJECTIONS = 6;
/** A provider that rejects a request this often after its own Retry-After doesn't mean it. */
const MAX_WRONG_RETRY_AFTERS = 2;
/** A longer time until a quota is renewed is left to Retry-After. */
const MAX_QUOTA_MS = 60_000;
/** So many times in a row, a known limit is lowered before it's learned again. */
const MAX_LOWERINGS = 3;
/** After this many rejections although a task had ended, it isn't running tasks that count. */
const MAX_REJECTED_AFTER_TASK = 2;

/** How soon queued requests notice that they're no longer needed. */
const SLICE_MS = 100;

interface Queued {
	isNeeded: () => boolean;
	/** Undefined if it's no longer needed. */
	start: (request: SentRequest | undefined) => void;
	abort: (reason: unknown) => void;
}

/** From a rejection until a request is accepted, they're sent one by one. */
interface Rejection {
	/** When the first and the last request that were rejected had been sent, in milliseconds since 1970. */
	readonly firstSentAt: number;
	sentAt: number;
	/** The last Retry-After; 0 if none. */
	retryAfterMs: number;
	/** Our running tasks at that time. */
	runningTasks: number;
	isRetryPending: boolean;
	retries: number;
	/** Nothing had been accepted for a second, so it isn't the requests per second that count. */
	wasQuiet: boolean;
	/** Since the last rejection. */
	hasTaskEnded: boolean;
	rejectedAfterTask: number;
}

/**
 * Paces one kind of requests to one provider with one credential, so that it stays within the limit
 * that `RequestLimit` learns.
 */
export class RateLimiter {
	private queue: Queued[] = [];

	private isProcessing = false;

	/** Ends the current wait of the queue. */
	private wake = () => {};

	private readonly limit: RequestLimit;

	/** What the provider's own headers still allow, and until when. */
	private quota?: { remaining: number; until: number; limit: number };

	private nextRequestAt = 0;

	private rejection?: Rejection;

	private rejectedAt = -Infinity;

	/** In a row, although the limit is known. */
	private lowerings = 0;

	/** In a row, and when they began. */
	private rejections = 0;

	private rejectedSince = 0;

	private hasRetryAfter = false;

	/** The provider's limit ends by itself, so it's waited for. */
	private isLimit = false;

	/**
	 * `patienceMs` is how long a limit is waited for while nothing changes. `runningTasks` counts the
	 * tasks that accepted requests started; only such requests start slowly.
	 */
	constructor(
		private readonly clock: Clock,
		private readonly random: () => number,
		private readonly patienceMs: number,
		private readonly runningTasks?: () => number,
	) {
		this.limit = new RequestLimit(() => this.taskCount(), runningTasks !== undefined);
	}

	/** Waits its turn, sends, and adapts the limit to the result. */
	async run<T>(send: () => Promise<Result<T>>): Promise<Result<T>> {
		const result = await this.runWhile(() => true, send);
		if (!result) throw new Error('The request was not sent');
		return result;
	}

	/** Like `run`, but sends nothing and returns undefined if it's no longer needed by its turn. */
	async runWhile<T>(
		isNeeded: () => boolean,
		send: () => Promise<Result<T>>,
	): Promise<Result<T> | undefined> {
		const request = await this.waitForTurn(isNeeded);
		return request && (await this.sendAndAdapt(request, send));
	}

	/** After this many rejections in a row, waiting longer is pointless. */
	hasGivenUp(): boolean {
		const isPatient = this.isLimit && this.clock.now() - this.rejectedSince <= this.patienceMs;
		return this.rejections >= MAX_REJECTIONS && !isPatient;
	}

	isBackingOff(): boolean {
		return this.rejections > 0;
	}

	/** A task ended, so the provider may accept now what it rejected before. */
	resetBackoff(): void {
		const { rejection } = this;
		if (!rejection || this.mayCountTasks(rejection)) {
			this.rejections = 0;
			if (!this.hasRetryAfter) {
				this.nextRequestAt = Math.min(this.nextRequestAt, this.clock.now());
			}
			if (rejection) rejection.hasTaskEnded = true;
		}
		this.wake();
	}

	private mayCountTasks({ wasQuiet, rejectedAfterTask }: Rejection): boolean {
		return wasQuiet && rejectedAfterTask < MAX_REJECTED_AFTER_TASK;
	}

	private taskCount(): number {
		return this.runningTasks?.() ?? 0;
	}

	/** The provider says how many more requests it accepts. */
	onQuota({ remaining, resetMs, limit = Infinity }: Quota): void {
		if (resetMs > MAX_QUOTA_MS) return;
		const now = this.clock.now();
		// The provider may not have counted these yet.
		const left = remaining - this.limit.pendingRequests();
		if (resetMs <= SECOND_MS && this.limit.learnQuota(left, now)) {
			this.quota = undefined;
			return;
		}
		this.quota = { remaining: left, until: now + resetMs, limit };
		this.wake();
	}

	private async waitForTurn(isNeeded: () => boolean): Promise<SentRequest | undefined> {
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
				while (this.queue[0] && !this.queue[0].isNeeded()) this.queue.shift()?.start(undefined);
				if (this.queue.length === 0) break;
				const wait = this.waitMs();
				if (wait > 0) this.dropUnneeded();
				// Even without a wait, because this is where a stopped execution is noticed.
				await this.sleepOrWake(Math.ceil(Math.min(wait, SLICE_MS)));
				if (this.waitMs() > 0) continue;
				this.queue.shift()?.start(this.startRequest());
			}
		} catch (error) {
			for (const { abort } of this.queue) abort(error);
			this.queue = [];
		} finally {
			this.isProcessing = false;
		}
	}

	private async sleepOrWake(ms: number): Promise<void> {
		const woken = new Promise<void>((wake) => (this.wake = wake));
		await Promise.race([this.clock.sleep(ms), woken]);
	}

	private waitMs(): number {
		const now = this.clock.now();
		const wait = Math.max(0, this.nextRequestAt - now);
		if (this.rejection) return this.rejection.isRetryPending ? Infinity : wait;
		return Math.max(wait, this.untilQuota(now), this.limit.waitMs(now));
	}

	/** A renewed quota applies until a response says what remains of it. */
	private untilQuota(now: number): number {
		if (!this.quota) return 0;
		const { until, limit } = this.quota;
		const isRenewed = until === Infinity;
		if (isRenewed && this.limit.pendingRequests() === 0) this.quota = undefined;
		else if (now >= until) this.quota = { remaining: limit, until: Infinity, limit };
		return !this.quota || this.quota.remaining > 0 ? 0 : this.quota.until - now;
	}

	private startRequest(): SentRequest {
		if (this.rejection) this.rejection.isRetryPending = true;
		if (this.quota) this.quota.remaining -= 1;
		return this.limit.onSent(this.clock.now());
	}

	private dropUnneeded(): void {
		const dropped = new Set(this.queue.filter(({ isNeeded }) => !isNeeded()));
		if (dropped.size === 0) return;
		this.queue = this.queue.filter((queued) => !dropped.has(queued));
		for (const { start } of dropped) start(undefined);
	}

	private async sendAndAdapt<T>(
		request: SentRequest,
		send: () => Promise<Result<T>>,
	): Promise<Result<T>> {
		const result = await this.sendOrForget(request, send);
		if (result.ok) this.onAccepted(request);
		else if (result.failure.isUnavailable) this.onRejected(result.failure, request);
		else if (result.failure.type !== 'network_error') this.onAccepted(request);
		else this.forget(request);
		this.wake();
		return result;
	}

	private async sendOrForget<T>(
		request: SentRequest,
		send: () => Promise<Result<T>>,
	): Promise<Result<T>> {
		let hasResult = false;
		try {
			const result = await send();
			hasResult = true;
			return result;
		} finally {
			if (!hasResult) this.forget(request);
		}
	}

	/** Nobody knows whether the provider counts it, so it counts. */
	private forget(request: SentRequest): void {
		this.limit.onLost(request);
		if (this.rejection && request.sentAt >= this.rejectedAt) this.rejection.isRetryPending = false;
	}

	private onAccepted(request: SentRequest): void {
		const now = this.clock.now();
		this.rejections = 0;
		this.limit.onAccepted(request, now);
		if (request.sentAt >= this.rejectedAt) this.lowerings = 0;
		const { rejection } = this;
		if (!rejection || request.sentAt < this.rejectedAt || !rejection.isRetryPending) return;
		this.rejection = undefined;
		if (rejection.hasTaskEnded && rejection.retries > 0 && rejection.wasQuiet) {
			this.limit.learnTasks(rejection.runningTasks, now);
		} else this.limit.learnWindow(rejection, request, now);
	}

	private onRejected(failure: Failure, request: SentRequest): void {
		const { retryAfterSeconds = 0, type } = failure;
		const now = this.clock.now();
		const retryAfterMs = retryAfterSeconds * 1000;
		const isUnexpected = this.limit.onRefused(request, now);
		this.isLimit = failure.isLimit === true;
		// Whatever was sent before isn't another rejection.
		const isNew = request.sentAt >= this.rejectedAt;
		if (this.isWithinLimit(retryAfterMs)) {
			if (!isUnexpected) return;
			if (!isNew || this.lowerings < MAX_LOWERINGS) {
				this.limit.lower(request, now);
				if (isNew) {
					this.rejectedAt = now;
					this.lowerings += 1;
				}
				return;
			}
		}
		if (this.rejections === 0) this.rejectedSince = now;
		if (failure.retryAfterSeconds !== undefined) this.applyRetryAfter(retryAfterMs);
		// Requests that were in flight together are rejected together: that's one rejection.
		if (!isNew) {
			if (this.rejection) this.rejection.sentAt = Math.max(this.rejection.sentAt, request.sentAt);
			return;
		}
		if (!this.rejection && !isUnexpected) return;
		if (!this.rejection && this.isLimit && this.limit.countsTasks() && this.taskCount() > 0) {
			this.limit.learnTasks(this.taskCount(), now);
			return;
		}
		this.limit.stopProbe(now);
		// A provider that can't be reached says nothing about its limit.
		if (this.rejection || type !== 'network_error') {
			this.rejection = this.nextRejection(request.sentAt, retryAfterMs);
		}
		this.rejectedAt = now;
		this.rejections += 1;
		this.hasRetryAfter = failure.retryAfterSeconds !== undefined;
		if (!this.hasRetryAfter || this.rejections > MAX_WRONG_RETRY_AFTERS) this.backOff();
	}

	/** A known limit is hardly ever exceeded, so Retry-After only delays the request that was rejected. */
	private isWithinLimit(retryAfterMs: number): boolean {
		return !this.rejection && this.isLimit && this.limit.covers(retryAfterMs);
	}

	private nextRejection(sentAt: number, retryAfterMs: number): Rejection {
		const earlier = this.rejection;
		const retries = earlier ? earlier.retries + 1 : 0;
		if (retries >= 2) this.limit.widenWindow(sentAt);
		return {
			firstSentAt: earlier?.firstSentAt ?? sentAt,
			sentAt,
			retryAfterMs,
			retries,
			runningTasks: this.taskCount(),
			isRetryPending: false,
			wasQuiet: earlier?.wasQuiet === true || this.limit.isQuiet(sentAt),
			hasTaskEnded: false,
			rejectedAfterTask: (earlier?.rejectedAfterTask ?? 0) + (earlier?.hasTaskEnded ? 1 : 0),
		};
	}

	private applyRetryAfter(retryAfterMs: number): void {
		const now = this.clock.now();
		this.hasRetryAfter = true;
		const patience = this.isLimit ? this.rejectedSince + this.patienceMs - now : MAX_RETRY_AFTER_MS;
		const wait = Math.max(MIN_DELAY_MS, Math.min(patience, retryAfterMs));
		this.nextRequestAt = Math.max(this.nextRequestAt, now + wait);
		if (retryAfterMs > patience) {
			this.rejections = MAX_REJECTIONS;
			this.isLimit = false;
		}
	}

	private backOff(): void {
		const now = this.clock.now();
		const most = this.isLimit ? MAX_LIMIT_DELAY_MS : MAX_DELAY_MS;
		const spacing = this.limit.spacingMs(now);
		const usual = spacing === undefined ? INITIAL_DELAY_MS : SKIPPED_REQUESTS * spacing;
		const initial = Math.min(INITIAL_DELAY_MS, usual);
		const delay = Math.min(most, initial * 2 ** (this.rejections - 1));
		const jitter = 0.75 + this.random() / 4;
		const wait = this.limit.retryDelayMs(delay * jitter, now);
		this.nextRequestAt = Math.max(this.nextRequestAt, now + wait);
	}
}
