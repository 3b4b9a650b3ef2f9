/** From one probe to the next: at first, while others seem to share the limit, and later. */
const MIN_REQUESTS = 5;
/** At most 2.5% of the requests are refused because of probes. */
const MAX_REQUESTS = 45;
const GROWTH = 2;
/** At high rates, so many requests take longer than needed. */
const MIN_MS_PER_REQUEST = 150;
/** At low rates, a worker that's left alone by others should notice soon: 5 requests wait 0.75 s, 45 wait 61 s. */
const MAX_MS = (requests: number) => 30 * requests ** 2;
/** While others share the limit, a quarter of the time since that was noticed, but at least this. */
const MIN_SHARED_MS = 10_000;
const SHARED_TIME = 1 / 4;
/** How long a probe takes: enough for two windows and what a token bucket has saved up. */
export const PROBE_MS = 3_000;
/** If a raised limit is refused so soon, it was raised too far. */
const SETTLING_MS = 2_000;

/** When a probe is due. Times are milliseconds. */
export class ProbeSchedule {
	private requests = MIN_REQUESTS;

	private requestsSince = 0;

	private endedAt = 0;

	private raisedAt = 0;

	/** When it was last noticed that others share the limit. */
	private sharedAt = -Infinity;

	isDue(now: number): boolean {
		const { requests, requestsSince, endedAt } = this;
		const ms = now - endedAt;
		const areEnough = requestsSince >= requests && ms >= MIN_MS_PER_REQUEST * requests;
		const sharedMs = Math.max(MIN_SHARED_MS, SHARED_TIME * (now - this.sharedAt));
		return areEnough || ms >= Math.min(MAX_MS(requests), sharedMs);
	}

	onSent(): void {
		this.requestsSince += 1;
	}

	onRaised(now: number): void {
		this.raisedAt = now;
	}

	/** Others seem to share the limit. They may end at any time. */
	onShared(now: number): void {
		this.sharedAt = now;
	}

	/** The limit was learned. */
	restart(now: number): void {
		this.raisedAt = now;
		this.requests = MIN_REQUESTS;
		this.wait(now);
	}

	/** The provider accepted less than the limit. */
	onLowered(now: number): void {
		this.onShared(now);
		if (now - this.raisedAt < SETTLING_MS) return this.onRefused(now);
		this.requests = MIN_REQUESTS;
		this.wait(now);
	}

	/** The provider accepted no more than the limit. */
	onRefused(now: number): void {
		this.requests = Math.min(MAX_REQUESTS, GROWTH * this.requests);
		this.wait(now);
	}

	private wait(now: number): void {
		this.requestsSince = 0;
		this.endedAt = now;
	}
}
