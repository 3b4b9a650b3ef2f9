import type { DurationEstimator } from './durationEstimator';

/** What decides when a running task is asked for. Times are milliseconds since 1970. */
export interface PollState {
	/** When the task was made. */
	since: number;
	/** When it was last asked for. */
	polledAt?: number;
	/** In per cent, as the provider last said. */
	progress?: number;
	/** The provider's own guess, at the task's creation. */
	estimatedSeconds?: number;
}

/** Steps between two questions, as shares of the task's age: a long task may be noticed later. */
const CLOSING_STEP = 0.05;
const PROBE_STEP = 0.06;
const EARLY_PROBE_STEP = 0.4;
const WAITING_STEP = 0.6;
const MAX_STEP = 0.6;

const MIN_STEP_MS = 100;
const MAX_STEP_MS = 5_000;
const INITIAL_PROBE_MS = 500;
/** Hardly any image is made in less. */
const EARLY_MS = 1_500;
/** Many providers guess the same for every task, and what fails fails early. */
const MAX_FIRST_POLL_MS = 2_000;
/** Unless the probes find out sooner. */
const MIN_WAIT_MS = 15_000;

/**
 * When a task is to be asked for. While nobody knows how long tasks take, a few of them are probes,
 * asked for early and often; the others wait for what these find out.
 */
export function nextPollAt(
	task: PollState,
	durationEstimator: DurationEstimator,
	isProbe: boolean,
): number {
	return task.polledAt === undefined
		? firstPollAt(task, durationEstimator, isProbe)
		: laterPollAt(task, task.polledAt, durationEstimator, isProbe);
}

function firstPollAt(
	{ since, estimatedSeconds }: PollState,
	durationEstimator: DurationEstimator,
	isProbe: boolean,
): number {
	const expected = durationEstimator.expected(estimatedSeconds);
	if (isProbe && !durationEstimator.isProven()) {
		return since + Math.min(expected ? expected / 2 : INITIAL_PROBE_MS, MAX_FIRST_POLL_MS);
	}
	const likely = expected ? justAfter(expected) : 0;
	return since + (durationEstimator.isProven() ? likely : Math.max(MIN_WAIT_MS, likely));
}

function laterPollAt(
	{ since, progress, estimatedSeconds }: PollState,
	polledAt: number,
	durationEstimator: DurationEstimator,
	isProbe: boolean,
): number {
	const age = polledAt - since;
	const guess = durationEstimator.expected(estimatedSeconds);
	const share = durationEstimator.isProven()
		? CLOSING_STEP
		: isProbe
			? probeStep(age, guess)
			: WAITING_STEP;
	const step = Math.min(MAX_STEP_MS, Math.max(MIN_STEP_MS, share * age));
	const expected = expectedBy(progress, age) ?? (durationEstimator.isProven() ? guess : undefined);
	if (expected === undefined || expected <= age) return polledAt + step;
	const wait = justAfter(expected) - age;
	return polledAt + Math.max(MIN_STEP_MS, Math.min(wait, Math.max(step, MAX_STEP * age)));
}

/** Long before the task can be done, there is little to find out. */
function probeStep(age: number, guess: number | undefined): number {
	return age < (guess ? guess / 4 : EARLY_MS) ? EARLY_PROBE_STEP : PROBE_STEP;
}

/** Rather than just before, which would cost a query and a step. */
function justAfter(expected: number): number {
	return expected * 1.005 + 5;
}

/** A provider that tells a true progress tells the end of the task with it. */
function expectedBy(progress: number | undefined, age: number): number | undefined {
	return progress && progress >= 5 && progress <= 95 ? (age * 100) / progress : undefined;
}
