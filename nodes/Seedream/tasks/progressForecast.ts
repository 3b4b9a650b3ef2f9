/** When a task will be done if its progress is right, in milliseconds from its creation. */
export interface ProgressForecast {
	end: number;
	/** How far off `end` may be, because progress is rounded. */
	error: number;
	/** The task's age since which its progress has pointed to this end. */
	since: number;
}

/** Extrapolated from a provider's progress. Values near 0 and 100 are too coarse, or made up. */
export function expectedFrom(progress: number | undefined, age: number): number | undefined {
	return progress && progress >= 5 && progress <= 95 ? (age * 100) / progress : undefined;
}

/** Other values may be made up as well, so what counts is how long they've pointed to the same end. */
export function forecast(
	progress: number | undefined,
	age: number,
	earlier: ProgressForecast | undefined,
): ProgressForecast | undefined {
	const end = expectedFrom(progress, age);
	if (!progress || end === undefined) return earlier;
	const error = end / progress;
	const agrees = earlier && Math.abs(end - earlier.end) <= error + earlier.error;
	return { end, error, since: agrees ? earlier.since : age };
}
