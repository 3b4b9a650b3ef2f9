import type { SentRequest } from './requestLog';

/** As long as the shortest window, so that a whole one is seen. */
const PROBE_MS = 1_000;
/** At least so many requests are between two probes: at most 3% are refused because of them. */
const MIN_REQUESTS = 33;
const MIN_INTERVAL_MS = 5_000;
/** With fewer requests than that, the time between two probes doubles up to this. */
const MAX_INTERVAL_MS = 30_000;
const FIRST_INTERVAL_MS = 2_000;
/** Fewer requests are sent if it's running tasks that count. */
const TASKS_FACTOR = 4;
/** A refused probe costs the provider's Retry-After: it should be at most a tenth of the time. */
const RETRY_AFTERS = 10;
const MAX_RETRY_AFTER_INTERVAL_MS = 60_000;
/** From the third probe in a row that's accepted. */
const GROWTH = 3;

/** A few requests more than the limit, to see whether the provider accepts more by now. */
export interface LimitProbe {
	readonly startedAt: number;
	/** How many more. */
	readonly size: number;
	/** Requests above the limit that were accepted. */
	accepted: number;
	/** Requests without a response so far. */
	pending: number;
	/** When the last one that was refused had been sent. */
	refusedAt?: number;
}

/** When to probe, and with how many requests. Times are milliseconds. */
export class LimitProbes {
	current?: LimitProbe;

	private successes = 0;

	private nextAt = 0;

	private requestsSince = 0;

	private intervalMs = FIRST_INTERVAL_MS;

	private minIntervalMs = MIN_INTERVAL_MS;

	onRetryAfter(retryAfterMs: number): void {
		const interval = Math.min(MAX_RETRY_AFTER_INTERVAL_MS, RETRY_AFTERS * retryAfterMs);
		this.minIntervalMs = Math.max(MIN_INTERVAL_MS, interval);
	}

	/** After the limit was learned: at once, unless it's hardly different from what was known. */
	restart(now: number, isSoon: boolean): void {
		this.current = undefined;
		this.intervalMs = FIRST_INTERVAL_MS;
		this.nextAt = isSoon ? now : now + this.minIntervalMs;
		this.requestsSince = isSoon ? MIN_REQUESTS : 0;
	}

	/** Best right after the limit was reached, when Retry-After costs nothing: the wait is long then. */
	isDue(waitMs: number, windowMs: number | undefined, now: number): boolean {
		const lateMs = now - this.nextAt;
		if (this.current || lateMs < 0) return false;
		const intervalMs = windowMs === undefined ? TASKS_FACTOR * this.intervalMs : this.intervalMs;
		if (this.requestsSince < MIN_REQUESTS && lateMs < intervalMs) return false;
		if (windowMs === undefined) return true;
		return waitMs >= windowMs / 2 || lateMs >= Math.max(MIN_INTERVAL_MS, windowMs);
	}

	start(now: number, pending: readonly SentRequest[]): void {
		this.successes = 0;
		this.startWith(1, now, pending);
	}

	startNext({ size }: LimitProbe, now: number, pending: readonly SentRequest[]): void {
		this.successes += 1;
		this.startWith(this.successes > 1 ? GROWTH * size : size, now, pending);
	}

	private startWith(size: number, now: number, pending: readonly SentRequest[]): void {
		const probe = { startedAt: now, size, accepted: 0, pending: pending.length };
		// The provider may receive these later than the excess, and refuse them in its place.
		for (const request of pending) request.probe = probe;
		this.current = probe;
	}

	onSent(request: SentRequest): void {
		this.requestsSince += 1;
		if (request.probe) request.probe.pending += 1;
	}

	onAccepted({ probe, isExcess }: SentRequest): void {
		if (!probe) return;
		probe.pending -= 1;
		if (isExcess) probe.accepted += 1;
	}

	onLost({ probe }: SentRequest): void {
		if (probe) probe.pending -= 1;
	}

	onRefused({ probe, sentAt }: SentRequest, now: number): void {
		if (!probe) return;
		probe.pending -= 1;
		probe.refusedAt = Math.max(sentAt, probe.refusedAt ?? 0);
		if (probe !== this.current) return;
		this.current = undefined;
		this.requestsSince = 0;
		this.intervalMs = Math.min(MAX_INTERVAL_MS, 2 * this.intervalMs);
		this.nextAt = now + this.minIntervalMs;
	}
}

export function hasSucceeded(probe: LimitProbe, now: number): boolean {
	const { startedAt, size, accepted, pending } = probe;
	return accepted >= size && pending === 0 && now >= startedAt + PROBE_MS;
}
