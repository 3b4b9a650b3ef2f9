import { clamp } from 'lodash';

import { PROBE_MS, ProbeSchedule } from './probeSchedule';
import { RequestLog, type SentRequest } from './requestLog';

const SECOND_MS = 1_000;
/** In milliseconds. Providers count the requests of one of these windows. */
const WINDOWS_MS = [SECOND_MS, 10_000, 60_000] as const;
const MAX_WINDOW_MS = 60_000;
/** Fewer requests in a longer window are a coincidence: others share the limit. */
const MIN_IN_LONG_WINDOW = 3;
/** How much earlier than expected, as a share of a window, a request may be accepted at its end. */
const TOLERANCE = 0.02;
/** Requests are spread over this share of a second, so that others who share the limit get a turn. */
const SPREAD = 0.9;
/** Requests that were refused together lower the limit at most by this share. */
const MAX_LOWERING = 0.5;
/** At the end of a long window, which may be a bit later than it seems. */
const MIN_RETRY_MS = 250;
/** What was sent at once doesn't count from the same moment on. */
const BURST_MS = 50;
/** After a refusal, so that what's in flight can be answered first. */
const PAUSE_MS = 100;
/** How much more a probe tries, as a share of the limit: with fewer, the room for jitter hides them. */
const EXCESS = 0.04;

/**
 * What's under way when a limit is reached is refused. So while none is known, few creates are under
 * way at first, and with each one that's accepted, this share of one more. If round trips are quick,
 * even fewer are enough.
 */
const INITIAL_UNDER_WAY = 5;
const MIN_UNDER_WAY = 2;
const MIN_MORE = 1 / 8;
/** If a round trip takes this long, in milliseconds, it's a whole one: 1,000 creates take 2 to 3 s in any case. */
const SLOW_ROUND_TRIP_MS = 400;

/** What's known about a limit when the provider refuses requests. Milliseconds since 1970. */
export interface RefusedRequest {
	/** The first request that was refused, since one was accepted. */
	readonly firstSentAt: number;
	/** The last one. */
	readonly sentAt: number;
	readonly retryAfterMs: number;
}

/** Slightly more requests than the limit, to see whether the provider accepts more by now. */
interface Probe {
	readonly startedAt: number;
	/** `Infinity` until then. */
	endedAt: number;
	hasAccepted: boolean;
	/** If it succeeded: the limit that was accepted. From there it grows until a request is refused. */
	provenMax?: number;
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

	private nextAt = 0;

	private readonly log = new RequestLog();

	private readonly schedule = new ProbeSchedule();

	/** The last one. */
	private probe: Probe = { startedAt: 0, endedAt: 0, hasAccepted: false };

	constructor(
		private readonly runningTasks: () => number,
		private readonly startsSlowly: boolean,
	) {}

	countsTasks(): boolean {
		return this.windowMs === undefined;
	}

	/** Until another request may be sent, in milliseconds; `Infinity` until a task ends. */
	waitMs(now: number): number {
		if (this.max === Infinity) return this.hasEnoughUnderWay() ? Infinity : 0;
		if (this.hasSucceeded(now)) this.startGrowing(now);
		let wait = this.untilBelow(this.max, now);
		if (wait > 0 && this.probe.endedAt < Infinity && this.schedule.isDue(now)) {
			this.probe = { startedAt: now, endedAt: Infinity, hasAccepted: false };
		}
		if (this.isProbing()) wait = this.untilBelow(this.max + this.excess(), now);
		return Math.max(wait, this.nextAt - now);
	}

	private hasEnoughUnderWay(): boolean {
		if (!this.startsSlowly) return false;
		const { pendingCount, acceptedCount, minRoundTripMs } = this.log;
		const more = clamp(minRoundTripMs / SLOW_ROUND_TRIP_MS, MIN_MORE, 1);
		const initial = Math.max(MIN_UNDER_WAY, Math.ceil(more * INITIAL_UNDER_WAY));
		return pendingCount >= initial + Math.floor(more * acceptedCount);
	}

	private excess(): number {
		return Math.max(1, Math.round(EXCESS * this.max));
	}

	private isProbing(): boolean {
		return this.probe.endedAt === Infinity && this.probe.provenMax === undefined;
	}

	private isGrowing(): boolean {
		return this.probe.endedAt === Infinity && this.probe.provenMax !== undefined;
	}

	private untilBelow(max: number, now: number): number {
		if (max === Infinity) return 0;
		if (this.windowMs !== undefined) return this.log.untilBelow(max, now, this.windowMs);
		return this.runningTasks() + this.log.pendingCount < max ? 0 : Infinity;
	}

	private hasSucceeded(now: number): boolean {
		const { startedAt, hasAccepted } = this.probe;
		if (!this.isProbing() || !hasAccepted) return false;
		// The end of a task is noticed late, so one more at a time may just have seemed possible.
		if (this.countsTasks() && this.runningTasks() <= this.max) return false;
		const seenAt = startedAt + PROBE_MS;
		return now >= seenAt && !this.log.pending().some(({ sentAt }) => sentAt < seenAt);
	}

	/** By one for each request that's accepted: it doubles within a second. */
	private startGrowing(now: number): void {
		this.max += 1;
		if (this.windowMs !== undefined && this.windowMs > SECOND_MS) {
			// More than a whole window accepts: the limit is of another kind.
			this.windowMs = SECOND_MS;
			this.max = Math.max(1, this.log.count(now, SECOND_MS));
		}
		this.probe.provenMax = this.max;
		this.schedule.onRaised(now);
	}

	onSent(now: number): SentRequest {
		const isExcess = this.untilBelow(this.max, now) > 0;
		const request = this.log.add(now, this.windowMs ?? 0, isExcess);
		const max = this.max + (this.isProbing() ? this.excess() : 0);
		if (this.windowMs === SECOND_MS) this.nextAt = now + (SPREAD * SECOND_MS) / max;
		this.schedule.onSent();
		return request;
	}

	onAccepted(request: SentRequest, now: number): void {
		this.log.onAccepted(request, now, this.windowMs ?? 0);
		if (this.isGrowing()) {
			this.max += 1;
			this.schedule.onRaised(now);
		} else if (request.isExcess) this.probe.hasAccepted = true;
	}

	/** Without a response. */
	onLost(request: SentRequest): void {
		this.log.onAnswered(request);
	}

	pendingRequests(): number {
		return this.log.pendingCount;
	}

	/** Returns whether the refusal was unexpected, so that the limit has to be learned again. */
	onRefused(request: SentRequest, now: number): boolean {
		this.log.remove(request);
		const { probe } = this;
		// The provider may have received the excess first, and refused this one in its place.
		const wasDuringProbe = request.sentAt <= probe.endedAt && now >= probe.startedAt;
		if (!wasDuringProbe) return !request.isExcess;
		if (probe.endedAt === Infinity) {
			probe.endedAt = now;
			this.schedule.onRefused(now);
		}
		if (probe.provenMax !== undefined)
			this.lowerTo(this.countBefore(request), probe.provenMax, now);
		return false;
	}

	/** What the provider had accepted. */
	private countBefore({ sentAt }: SentRequest): number {
		return this.log.count(sentAt, this.windowMs ?? SECOND_MS, sentAt);
	}

	private lowerTo(count: number, min: number, now: number): void {
		this.max = Math.min(this.max, Math.max(1, count, Math.floor(min)));
		this.nextAt = Math.max(this.nextAt, now + PAUSE_MS);
	}

	/** After an unexpected refusal, which a probe that's under way knows nothing about. */
	stopProbe(now: number): void {
		this.probe.endedAt = Math.min(this.probe.endedAt, now);
	}

	/** Whether no request was accepted in the second before, so that it can't have been too many. */
	isQuiet(at: number): boolean {
		return this.log.count(at, SECOND_MS) === 0;
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
		return windowMs === SECOND_MS
			? Math.max(delayMs, end + BURST_MS)
			: Math.min(delayMs, Math.max(end, MIN_RETRY_MS));
	}

	/** A request was refused although none counts in the window: there's a longer one. */
	widenWindow(at: number): void {
		const { windowMs } = this;
		if (windowMs === undefined || this.log.count(at, windowMs) > 0) return;
		const longer = WINDOWS_MS.find((ms) => ms > windowMs);
		if (longer !== undefined && this.log.count(at, longer) > 0) this.windowMs = longer;
	}

	/** `accepted` is the first request that was accepted after the refusals. */
	learnWindow(refused: RefusedRequest, accepted: SentRequest, now: number): void {
		const { firstSentAt, sentAt, retryAfterMs } = refused;
		const countIn = (windowMs: number, at: number) =>
			this.log.count(at, windowMs) - (accepted.countsFrom > at - windowMs ? 1 : 0);
		let windowMs: number = this.windowMs ?? SECOND_MS;
		if (retryAfterMs > windowMs) {
			windowMs = WINDOWS_MS.find((ms) => ms >= retryAfterMs) ?? MAX_WINDOW_MS;
		}
		const windowEnd = sentAt + this.log.untilFirstEnds(sentAt, windowMs);
		// It may have reached the provider at any time before its response.
		const isTooSoon = now < windowEnd - TOLERANCE * windowMs;
		// At the end of a long window, some of its requests may seem to count no longer.
		const longCount = countIn(windowMs, firstSentAt);
		const isLong = windowMs > SECOND_MS && !isTooSoon && longCount >= MIN_IN_LONG_WINDOW;
		this.windowMs = isLong ? windowMs : SECOND_MS;
		const count = isLong ? longCount : countIn(SECOND_MS, sentAt);
		if (count === 0) this.schedule.onShared(now);
		// If others used up the whole limit, nothing is known about it.
		if (count > 0 || this.max < Infinity) this.learn(count, now);
	}

	/** The provider says how many more it accepts in this second. Returns whether the limit is known. */
	learnQuota(left: number, now: number): boolean {
		if (this.max === Infinity && left <= 0) this.learn(this.log.count(now, SECOND_MS), now);
		return this.max < Infinity;
	}

	learnTasks(max: number, now: number): void {
		if (!this.countsTasks()) this.max = Infinity;
		this.windowMs = undefined;
		this.learn(max, now);
	}

	private learn(count: number, now: number): void {
		this.max = Math.max(1, Math.min(this.max - 1, count));
		this.schedule.restart(now);
	}

	/** Whether the limit is known, and the provider asks for no longer wait than its window. */
	covers(retryAfterMs: number): boolean {
		return this.max < Infinity && this.windowMs !== undefined && retryAfterMs <= this.windowMs;
	}

	/** Others use more of the limit, or it was reduced. */
	lower(request: SentRequest, now: number): void {
		this.stopProbe(now);
		if (this.max === 1) return;
		this.lowerTo(this.countBefore(request), this.max * (1 - MAX_LOWERING), now);
		this.schedule.onLowered(now);
	}
}
