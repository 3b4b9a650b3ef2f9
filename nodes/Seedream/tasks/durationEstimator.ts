const MAX_SAMPLES = 25;
/** Polling a bit early costs one request, polling late costs the user's time. */
const QUANTILE = 0.25;

/**
 * Estimates how long a batch's tasks take from those that are done. The provider's own estimate is
 * scaled by how far off it was so far.
 */
export class DurationEstimator {
	private readonly durations = new SampleWindow();

	private readonly ratios = new SampleWindow();

	/** Milliseconds from a task's creation; undefined while nothing is known. */
	expected(estimatedSeconds: number | undefined): number | undefined {
		return estimatedSeconds === undefined
			? this.durations.quantile()
			: (this.ratios.quantile() ?? 1) * estimatedSeconds * 1000;
	}

	hasSamples(): boolean {
		return this.durations.quantile() !== undefined;
	}

	addSample(durationMs: number, estimatedSeconds: number | undefined): void {
		this.durations.add(durationMs);
		if (estimatedSeconds) this.ratios.add(durationMs / (estimatedSeconds * 1000));
	}
}

class SampleWindow {
	private readonly values: number[] = [];

	private cached?: number;

	quantile(): number | undefined {
		return this.cached;
	}

	add(value: number): void {
		this.values.push(value);
		if (this.values.length > MAX_SAMPLES) this.values.shift();
		const sorted = [...this.values].sort((a, b) => a - b);
		this.cached = sorted[Math.floor(QUANTILE * sorted.length)];
	}
}
