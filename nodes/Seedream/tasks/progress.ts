import type { Clock } from '../shared/clock';

const MIN_INTERVAL_MS = 1_000;

/**
 * Reports how many images are done, at most once a second and at the end. `expected` is the number
 * of images that a row requests; the provider may return fewer.
 */
export class Progress {
	private running = 0;

	private done = 0;

	private failed = 0;

	private lastReportAt = 0;

	/** `pending` is the number of images of all rows, `waitingFor` names busy providers. */
	constructor(
		private pending: number,
		private readonly clock: Clock,
		private readonly report: (message: string) => void,
		private readonly waitingFor: () => readonly string[] = () => [],
	) {}

	started(expected: number): void {
		this.running += expected;
		this.update();
	}

	/** `images` is undefined for a row that failed. */
	ended(expected: number, images: number | undefined): void {
		this.running -= expected;
		if (images === undefined) {
			this.rejected(expected);
			return;
		}
		this.pending -= expected;
		this.done += images;
		this.update();
	}

	/** A row that failed without having started. */
	rejected(expected: number): void {
		this.pending -= expected;
		this.failed += expected;
		this.update();
	}

	/** Reports unless it just did. */
	update(): void {
		const now = this.clock.now();
		if (this.pending > 0 && now - this.lastReportAt < MIN_INTERVAL_MS) return;
		this.lastReportAt = now;
		const { running, done, failed, pending } = this;
		const total = done + failed + pending;
		this.report(
			`Seedream: ${done} of ${total} images, ${running} running, ${failed} failed${this.wait()}`,
		);
	}

	private wait(): string {
		const providers = this.pending > 0 ? this.waitingFor() : [];
		return providers.length > 0
			? `; waiting for ${providers.join(' and ')} to accept more requests`
			: '';
	}
}
