import axios from 'axios';

import type { CallbackAttempt } from './tasks';

/** When a failed delivery is retried. */
export interface RetryPolicy {
	/** One for each retry, in milliseconds. */
	delaysMs: readonly number[];
	/** `status` is undefined if there was no response in time. */
	shouldRetry(status: number | undefined): boolean;
}

export interface CallbackDelivery {
	url: string;
	/** Milliseconds of real time until the first attempt. */
	afterMs: number;
	body(): unknown;
	retries: RetryPolicy;
	onAttempt(attempt: CallbackAttempt): void;
}

/** EvoLink's Seedream 4.5 page, `callback_url`: "超时时间：10秒" (timeout: 10 seconds). */
export const CALLBACK_TIMEOUT_MS = 10_000;

/** Sends callbacks in real time, even if the tasks use another clock. */
export class CallbackSender {
	private readonly timers = new Set<NodeJS.Timeout>();

	private readonly closing = new AbortController();

	constructor(
		private readonly now: () => number,
		private readonly timeoutMs: number = CALLBACK_TIMEOUT_MS,
	) {}

	schedule(delivery: CallbackDelivery): void {
		this.later(delivery.afterMs, () => this.deliver(delivery, 0));
	}

	/** Cancels scheduled attempts and aborts those in progress. */
	close(): void {
		this.closing.abort();
		this.timers.forEach((timer) => clearTimeout(timer));
		this.timers.clear();
	}

	private later(ms: number, task: () => Promise<void>): void {
		if (this.closing.signal.aborted) return;
		const timer = setTimeout(() => {
			this.timers.delete(timer);
			void task();
		}, ms);
		this.timers.add(timer);
	}

	private async deliver(delivery: CallbackDelivery, failures: number): Promise<void> {
		const attempt = await this.post(delivery.url, delivery.body());
		if (this.closing.signal.aborted) return;
		delivery.onAttempt(attempt);
		const delay = delivery.retries.delaysMs[failures];
		if (delay !== undefined && delivery.retries.shouldRetry(attempt.status)) {
			this.later(delay, () => this.deliver(delivery, failures + 1));
		}
	}

	private async post(url: string, body: unknown): Promise<CallbackAttempt> {
		const at = this.now();
		try {
			const { status } = await axios.post(url, body, {
				maxRedirects: 0,
				proxy: false,
				responseType: 'text',
				signal: AbortSignal.any([this.closing.signal, AbortSignal.timeout(this.timeoutMs)]),
				validateStatus: () => true,
			});
			return { at, url, status };
		} catch (error) {
			return { at, url, error: error instanceof Error ? error.message : String(error) };
		}
	}
}
