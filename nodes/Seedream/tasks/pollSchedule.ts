import type { DurationEstimator } from './durationEstimator';
import { expectedFrom, type ProgressForecast } from './progressForecast';

/** What decides when a running task is polled. Times are milliseconds since 1970. */
export interface PollState {
	/** When the task was created. */
	startedAt: number;
	polledAt?: number;
	/** In percent, from the last response. */
	progress?: number;
	forecast?: ProgressForecast;
	/** The provider's own estimate, from the task's creation. */
	estimatedSeconds?: number;
	/** No task of this model takes less. */
	minSeconds?: number;
}

/** Poll intervals, as shares of the task's age: a delay matters less for a long task. */
const CLOSE_STEP = 0.05;
const PROBE_STEP = 0.06;
const EARLY_PROBE_STEP = 0.4;
const WAITING_STEP = 0.6;
const MAX_STEP = 0.6;

const MIN_STEP_MS = 100;
const MAX_STEP_MS = 5_000;
const INITIAL_PROBE_MS = 500;
/** Hardly any image takes less. */
const EARLY_MS = 1_500;
/** Many providers give the same estimate for every task, and tasks that fail fail early. */
const MAX_FIRST_POLL_MS = 2_000;
/** For tasks that aren't probes, unless the probes finish sooner. */
const MIN_WAIT_MS = 15_000;

/**
 * When to poll a task next. As long as it's unknown how long tasks take, a few of them are probes,
 * which are polled early and often; the others wait for the probes' results. `probe` is how many times
 * later than usual a probe's first poll comes.
 */
export function nextPollAt(
	task: PollState,
	durationEstimator: DurationEstimator,
	probe: number | undefined,
): number {
	return task.polledAt === undefined
		? firstPollAt(task, durationEstimator, probe)
		: laterPollAt(task, task.polledAt, durationEstimator, probe);
}

function firstPollAt(
	{ startedAt, estimatedSeconds }: PollState,
	durationEstimator: DurationEstimator,
	probe: number | undefined,
): number {
	const expected = durationEstimator.expected(estimatedSeconds);
	if (probe && !durationEstimator.hasSamples()) {
		const usual = Math.min(expected ? expected / 2 : INITIAL_PROBE_MS, MAX_FIRST_POLL_MS);
		return startedAt + probe * usual;
	}
	const likely = expected ? justAfter(expected) : 0;
	return startedAt + (durationEstimator.hasSamples() ? likely : Math.max(MIN_WAIT_MS, likely));
}

function laterPollAt(
	{ startedAt, progress, estimatedSeconds }: PollState,
	polledAt: number,
	durationEstimator: DurationEstimator,
	probe: number | undefined,
): number {
	const age = polledAt - startedAt;
	const estimated = durationEstimator.expected(estimatedSeconds);
	const hasSamples = durationEstimator.hasSamples();
	const probeShare = probe ? probeStep(age, estimated) : WAITING_STEP;
	const share = hasSamples ? CLOSE_STEP : probeShare;
	const step = Math.min(MAX_STEP_MS, Math.max(MIN_STEP_MS, share * age));
	const expected = expectedFrom(progress, age) ?? (hasSamples ? estimated : undefined);
	if (expected === undefined || expected <= age) return polledAt + step;
	const wait = justAfter(expected) - age;
	return polledAt + Math.max(MIN_STEP_MS, Math.min(wait, Math.max(step, MAX_STEP * age)));
}

/** Long before the task can be done, polling is pointless. */
function probeStep(age: number, estimated: number | undefined): number {
	return age < (estimated ? estimated / 4 : EARLY_MS) ? EARLY_PROBE_STEP : PROBE_STEP;
}

/** Polling just before the end would cost a request and another interval. */
function justAfter(expected: number): number {
	return expected * 1.005 + 5;
}
