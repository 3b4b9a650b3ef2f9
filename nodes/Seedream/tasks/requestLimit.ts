import { hasSucceeded, LimitProbes, type LimitProbe } from './limitProbe';
import { RequestLog, type SentRequest } from './requestLog';

const SECOND_MS = 1_000;
/** In milliseconds. Providers count the requests of one of these windows. */
const WINDOWS_MS = [SECOND_MS, 10_000, 60_000] as const;
const MAX_WINDOW_MS = 60_000;
/** Fewer requests in a longer window are a coincidence: others share the limit. */
const MIN_IN_LONG_WINDOW = 3;
/** How much earlier than expected, as a share of a window, a request may be accepted at its end. */
const TOLERANCE = 0.02;

/** What's known about a limit when the provider refuses a request. Milliseconds since 1970. */
export interface RefusedRequest {
	readonly sentAt: number;
	readonly retryAfterMs: number;
}

/**
 * What a provider accepts: a number of requests in any window of time, or a number of tasks that run
 * at once. It isn't published, so it's learned from what was accepted before a refusal. Now and then,
 * a probe tests whether more is accepted by now.
 */
export class RequestLimit {
	private max = Infinity;

	/** In milliseconds; undefined if the running tasks count, and not the requests in a window. */
	private windowMs: number | undefined = SECOND_MS;

	private readonly log = new RequestLog();

	private readonly probes = new LimitProbes();

	constructor(private readonly runningTasks: () => number) {}

	countsTasks(): boolean {
		return this.windowMs === undefined;
	}

	/** Until another request may be sent, in milliseconds; `Infinity` until a task ends. */
	waitMs(now: number): number {
		this.finishProbe(now);
		const wait = this.untilBelow(this.max, now);
		if (wait <= 0) return 0;
		if (this.probes.isDue(wait, this.windowMs, now)) this.probes.start(now, this.log.pending());
		const { current } = this.probes;
		return current ? this.untilBelow(this.max + current.size, now) : wait;
	}

	private untilBelow(max: number, now: number): number {
		if (max === Infinity) return 0;
		if (this.windowMs !== undefined) return this.log.untilBelow(max, now, this.windowMs);
		return this.runningTasks() + this.log.pending().length < max ? 0 : Infinity;
	}

	private finishProbe(now: number): void {
		const { current } = this.probes;
		if (!current || !hasSucceeded(current, now)) return;
		const max = this.max + current.size;
		// The end of a task is noticed late, so one more at a time may just have seemed possible.
		if (this.countsTasks() && this.runningTasks() < max) return;
		this.max = max;
		if (current.size > 1 && this.windowMs !== SECOND_MS) {
			// So much more than expected: the limit is of another kind.
			this.windowMs = SECOND_MS;
			this.max = Math.max(1, this.log.count(now, SECOND_MS));
		}
		this.probes.startNext(current, now, this.log.pending());
	}

	onSent(now: number): SentRequest {
		const isExcess = this.untilBelow(this.max, now) > 0;
		const request = this.log.add(now, this.windowMs ?? 0, isExcess, this.probes.current);
		this.probes.onSent(request);
		return request;
	}

	onAccepted(request: SentRequest, now: number): void {
		this.log.onAccepted(request, now, this.windowMs ?? 0);
		this.probes.onAccepted(request);
		this.learnFromProbe(request.probe);
	}

	/** Without a response. */
	onLost(request: SentRequest): void {
		request.isAnswered = true;
		this.probes.onLost(request);
	}

	pendingRequests(): number {
		return this.log.pending().length;
	}

	/** Returns whether the refusal was unexpected, so that the limit has to be learned again. */
	onRefused(request: SentRequest, retryAfterMs: number, now: number): boolean {
		this.log.remove(request);
		this.probes.onRetryAfter(retryAfterMs);
		this.probes.onRefused(request, now);
		this.learnFromProbe(request.probe);
		return request.probe === undefined && !request.isExcess;
	}

	/** What was accepted of a larger probe that was refused in part. */
	private learnFromProbe(probe: LimitProbe | undefined): void {
		if (probe?.refusedAt === undefined || probe.pending > 0 || probe.size === 1) return;
		if (this.windowMs === undefined) return;
		const accepted = this.log.count(probe.refusedAt, this.windowMs, probe.refusedAt);
		this.max = Math.max(this.max, Math.min(accepted, this.max + probe.size));
	}

	/** After an unexpected refusal, which a probe that's under way knows nothing about. */
	stopProbe(): void {
		this.probes.current = undefined;
	}

	/** Whether no request was accepted in the second before, so that it can't have been too many. */
	isQuiet(at: number): boolean {
		return this.log.count(at, SECOND_MS) === 0;
	}

	/** Whether any request counts at all, even in the longest window. */
	isUsed(now: number): boolean {
		return this.log.count(now, MAX_WINDOW_MS) > 0;
	}

	/** The time that one request takes at the current rate, in milliseconds; undefined if none is known. */
	spacingMs(now: number): number | undefined {
		const count = this.windowMs === SECOND_MS ? this.log.count(now, SECOND_MS) : 0;
		return count > 0 ? SECOND_MS / count : undefined;
	}

	/** When to try again after a refusal: not before the window's end, or that of a longer one at last. */
	retryDelayMs(delayMs: number, now: number): number {
		const windowMs = this.windowMs ?? SECOND_MS;
		const end = this.log.untilFirstEnds(now, windowMs);
		if (end <= 0) return delayMs;
		return windowMs === SECOND_MS ? Math.max(delayMs, end) : Math.min(delayMs, end);
	}

	/** A request was refused although none counts in the window: there's a longer one. */
	widenWindow(at: number): void {
		const { windowMs } = this;
		if (windowMs === undefined || this.log.count(at, windowMs) > 0) return;
		const longer = WINDOWS_MS.find((ms) => ms > windowMs);
		if (longer !== undefined && this.log.count(at, longer) > 0) this.windowMs = longer;
	}

	/** `refused` is the last request that was refused, `accepted` the first one after it. */
	learnWindow({ sentAt, retryAfterMs }: RefusedRequest, accepted: SentRequest, now: number): void {
		const countIn = (windowMs: number) =>
			this.log.count(sentAt, windowMs) - (accepted.countsFrom > sentAt - windowMs ? 1 : 0);
		let windowMs: number = this.windowMs ?? SECOND_MS;
		if (retryAfterMs > windowMs) {
			windowMs = WINDOWS_MS.find((ms) => ms >= retryAfterMs) ?? MAX_WINDOW_MS;
		}
		const windowEnd = sentAt + this.log.untilFirstEnds(sentAt, windowMs);
		const isTooSoon = accepted.sentAt < windowEnd - TOLERANCE * windowMs;
		const isLong = !isTooSoon && countIn(windowMs) >= MIN_IN_LONG_WINDOW;
		this.windowMs = isLong ? windowMs : SECOND_MS;
		this.learn(countIn(this.windowMs), now);
	}

	learnTasks(max: number, now: number): void {
		if (!this.countsTasks()) this.max = Infinity;
		this.windowMs = undefined;
		this.learn(max, now);
	}

	private learn(count: number, now: number): void {
		const isSlightlyLower = count >= this.max - 1;
		this.max = Math.max(1, Math.min(this.max - 1, count));
		this.probes.restart(now, !isSlightlyLower);
	}
}
