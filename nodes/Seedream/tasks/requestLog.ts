/** A request that was accepted, or has no response yet. Times are milliseconds since 1970. */
export interface SentRequest {
	readonly sentAt: number;
	/** Since when the provider counts it, at the latest. */
	countsFrom: number;
	/** If it was accepted. */
	answeredAt?: number;
	isAnswered: boolean;
	/** It was sent although the limit was reached, to find out whether that still holds. */
	readonly isExcess: boolean;
}

/** A request counts up to this share of a window later, because of its time on the network. */
const MAX_JITTER = 0.1;
/** The shortest round trip seen so far may not be the shortest possible one. */
const JITTER_MS = 5;
const MAX_REQUESTS = 20_000;
/** In a longer window, being a round trip late costs less than being refused. */
const MAX_EXACT_WINDOW_MS = 1_000;

/** The requests that a provider may still be counting, in order. */
export class RequestLog {
	private requests: SentRequest[] = [];

	minRoundTripMs = Infinity;

	/** Requests without a response. */
	pendingCount = 0;

	acceptedCount = 0;

	add(now: number, windowMs: number, isExcess: boolean): SentRequest {
		const countsFrom = now + MAX_JITTER * windowMs;
		const request: SentRequest = { sentAt: now, countsFrom, isAnswered: false, isExcess };
		if (this.requests.length >= MAX_REQUESTS) this.requests.splice(0, MAX_REQUESTS / 2);
		this.requests.push(request);
		this.pendingCount += 1;
		return request;
	}

	/** What the round trip took longer than the shortest one, the request may have arrived later. */
	onAccepted(request: SentRequest, now: number, windowMs: number): void {
		const roundTripMs = now - request.sentAt;
		this.minRoundTripMs = Math.min(this.minRoundTripMs, roundTripMs);
		const jitterMs = JITTER_MS + roundTripMs - this.minRoundTripMs;
		request.countsFrom = request.sentAt + Math.min(jitterMs, MAX_JITTER * windowMs);
		request.answeredAt = now;
		this.acceptedCount += 1;
		this.onAnswered(request);
	}

	/** Or it got no response. */
	onAnswered(request: SentRequest): void {
		request.isAnswered = true;
		this.pendingCount -= 1;
	}

	/** The provider doesn't count it. */
	remove(request: SentRequest): void {
		this.onAnswered(request);
		const index = this.requests.lastIndexOf(request);
		if (index >= 0) this.requests.splice(index, 1);
	}

	pending(): SentRequest[] {
		return this.requests.filter(({ isAnswered }) => !isAnswered);
	}

	/** How many count in the window that ends then. */
	count(at: number, windowMs: number, sentBy = Infinity): number {
		return this.requests.filter(
			(request) => countsFrom(request, windowMs) > at - windowMs && request.sentAt <= sentBy,
		).length;
	}

	/** Until fewer than `max` count, in milliseconds. */
	untilBelow(max: number, now: number, windowMs: number): number {
		const blocking = this.requests[this.requests.length - max];
		return blocking ? countsFrom(blocking, windowMs) + windowMs - now : 0;
	}

	/** Until the first of those that count then no longer does, in milliseconds; 0 if none counts. */
	untilFirstEnds(at: number, windowMs: number): number {
		const first = this.requests.find((request) => countsFrom(request, windowMs) > at - windowMs);
		return first ? countsFrom(first, windowMs) + windowMs - at : 0;
	}
}

function countsFrom({ countsFrom, answeredAt }: SentRequest, windowMs: number): number {
	return windowMs > MAX_EXACT_WINDOW_MS ? (answeredAt ?? countsFrom) : countsFrom;
}
