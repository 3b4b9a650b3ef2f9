import axios from 'axios';

import type { CallbackAttempt } from './tasks';

/** When a failed delivery is tried again. */
export interface RetryRule {
	/** The waits after each failure, in milliseconds; their number is the number of retries. */
	delaysMs: readonly number[];
	/** `status` is undefined when nothing answered in time. */
	failedFor(status: number | undefined): boolean;
}

export interface DownloadedResults {
	url: string;
	/** Milliseconds of real time until the first try. */
	afterMs: number;
	body(): unknown;
	rule: RetryRule;
	note(attempt: CallbackAttempt): void;
}

/** Seeds 000 and 002: "超时时间：10秒". */
export const CALLBACK_TIMEOUT_MS = 10_000;

/** Posts callbacks in real time, whatever clock the tasks live by. */
export class CallbackSender {
	private readonly timers = new Set<NodeJS.Timeout>();

	private readonly closing = new AbortController();

	constructor(
		private readonly now: () => number,
		private readonly timeoutMs: number = CALLBACK_TIMEOUT_MS,
	) {}

	schedule(delivery: DownloadedResults): void {
		this.later(delivery.afterMs, () => this.downloadResults(delivery, 0));
	}

	/** Cancels every planned try and breaks off those under way. */
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

	private async downloadResults(delivery: DownloadedResults, failures: number): Promise<void> {
		const attempt = await this.post(delivery.url, delivery.body());
		if (this.closing.signal.aborted) return;
		delivery.note(attempt);
		const delay = delivery.rule.delaysMs[failures];
		if (delay !== undefined && delivery.rule.failedFor(attempt.status)) {
			this.later(delay, () => this.downloadResults(delivery, failures + 1));
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
