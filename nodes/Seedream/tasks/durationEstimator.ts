/** Learns from a batch's own tasks when the others can be expected to be done. */
export interface DurationEstimator {
	/** Milliseconds from a task's creation; undefined while nothing is known. */
	expected: (estimatedSeconds: number | undefined) => number | undefined;
	/** Whether tasks of this batch have shown how long they take. */
	isProven: () => boolean;
	learn: (tookMs: number, estimatedSeconds: number | undefined) => void;
}

/** The provider's own guess is taken for as good as the batch shows it to be. */
export function createDurationEstimator(): DurationEstimator {
	const durations = createSample();
	const ratios = createSample();
	return {
		expected: (estimatedSeconds) =>
			estimatedSeconds === undefined
				? durations.early()
				: (ratios.early() ?? 1) * estimatedSeconds * 1000,
		isProven: () => durations.early() !== undefined,
		learn: (tookMs, estimatedSeconds) => {
			durations.add(tookMs);
			if (estimatedSeconds) ratios.add(tookMs / (estimatedSeconds * 1000));
		},
	};
}

const MAX_SAMPLES = 25;
/** Asking a little early costs one query, asking late costs the user's time. */
const EARLY_SHARE = 0.25;

/** The latest values, and the one that a quarter of them lie below. */
function createSample() {
	const values: number[] = [];
	let early: number | undefined;
	return {
		early: () => early,
		add: (value: number) => {
			values.push(value);
			if (values.length > MAX_SAMPLES) values.shift();
			early = [...values].sort((a, b) => a - b)[Math.floor(EARLY_SHARE * values.length)];
		},
	};
}
