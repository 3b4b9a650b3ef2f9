const MAX_SAMPLES = 25;
/** Polling a bit early costs one request, polling late costs the user's time. */
const QUANTILE = 0.25;
/** Unless the next poll comes much later. But if tasks differ much, the shorter ones mustn't wait. */
const CAUTIOUS_QUANTILE = 0.75;
const MAX_CAUTION_MS = 1_500;
/** With fewer samples, the provider's own estimate is as likely as what they say. */
const FEW_SAMPLES = 3;

/**
 * Estimates how long a batch's tasks take from those that are done. The provider's own estimate is
 * scaled by how far off it was so far.
 */
export class DurationEstimator {
	constructor(
		private readonly isCautious = false,
		private readonly durations = new SampleWindow(),
		private readonly ratios = new SampleWindow(),
	) {}

	/** From the same samples, but rather too late than too early. */
	cautious(): DurationEstimator {
		return new DurationEstimator(true, this.durations, this.ratios);
	}

	/** Milliseconds from a task's creation; undefined while nothing is known. */
	expected(estimatedSeconds: number | undefined): number | undefined {
		const early = this.quantile(QUANTILE, estimatedSeconds);
		if (!this.isCautious || early === undefined) return early;
		const late = this.quantile(CAUTIOUS_QUANTILE, estimatedSeconds) ?? early;
		const stated = this.ratios.count < FEW_SAMPLES ? 1_000 * (estimatedSeconds ?? 0) : 0;
		return Math.min(Math.max(late, stated), early + MAX_CAUTION_MS);
	}

	private quantile(share: number, estimatedSeconds: number | undefined): number | undefined {
		return estimatedSeconds === undefined
			? this.durations.quantile(share)
			: (this.ratios.quantile(share) ?? 1) * estimatedSeconds * 1000;
	}

	hasSamples(): boolean {
		return this.durations.quantile(QUANTILE) !== undefined;
	}

	addSample(durationMs: number, estimatedSeconds: number | undefined): void {
		this.durations.add(durationMs);
		if (estimatedSeconds) this.ratios.add(durationMs / (estimatedSeconds * 1000));
	}
}

class SampleWindow {
	private readonly values: number[] = [];

	private sorted: number[] = [];

	get count(): number {
		return this.values.length;
	}

	quantile(share: number): number | undefined {
		return this.sorted[Math.floor(share * this.sorted.length)];
	}

	add(value: number): void {
		this.values.push(value);
		if (this.values.length > MAX_SAMPLES) this.values.shift();
		this.sorted = [...this.values].sort((a, b) => a - b);
	}
}
