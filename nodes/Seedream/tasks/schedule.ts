import type { Forecast } from './forecast';

/** What decides when a running task is asked for. Times are milliseconds since 1970. */
export interface Asking {
	/** When the task was made. */
	since: number;
	/** When it was last asked for. */
	askedAt?: number;
	/** In per cent, as the gateway last said. */
	progress?: number;
	/** The gateway's own guess, at the task's creation. */
	estimatedSeconds?: number;
}

/** Steps between two questions, as shares of the task's age: a long task may be noticed later. */
const CLOSING_STEP = 0.05;
const SCOUTING_STEP = 0.1;
const WAITING_STEP = 0.5;
const LONGEST_STEP = 0.6;

const SHORTEST_STEP_MS = 100;
const LONGEST_STEP_MS = 5_000;
const FIRST_SCOUTING_MS = 500;
const FIRST_WAITING_MS = 5_000;

/**
 * When a task is to be asked for. While nobody knows how long tasks take, a few of them are scouts,
 * asked for early and often; the others wait for what these find out.
 */
export function askAt(task: Asking, forecast: Forecast, isScout: boolean): number {
	return task.askedAt === undefined
		? firstAskAt(task, forecast, isScout)
		: nextAskAt(task, task.askedAt, forecast, isScout);
}

function firstAskAt(
	{ since, estimatedSeconds }: Asking,
	forecast: Forecast,
	isScout: boolean,
): number {
	const expected = forecast.expected(estimatedSeconds);
	if (forecast.isProven() || !isScout) {
		return since + (expected === undefined ? FIRST_WAITING_MS : justAfter(expected));
	}
	return since + (expected === undefined ? FIRST_SCOUTING_MS : expected / 2);
}

function nextAskAt(
	{ since, progress, estimatedSeconds }: Asking,
	askedAt: number,
	forecast: Forecast,
	isScout: boolean,
): number {
	const age = askedAt - since;
	const share = forecast.isProven() ? CLOSING_STEP : isScout ? SCOUTING_STEP : WAITING_STEP;
	const step = Math.min(LONGEST_STEP_MS, Math.max(SHORTEST_STEP_MS, share * age));
	const expected = expectedBy(progress, age) ?? forecast.expected(estimatedSeconds);
	if (expected === undefined || expected <= age) return askedAt + step;
	const wait = justAfter(expected) - age;
	return askedAt + Math.max(SHORTEST_STEP_MS, Math.min(wait, Math.max(step, LONGEST_STEP * age)));
}

/** Rather than just before, which would cost a query and a step. */
function justAfter(expected: number): number {
	return expected * 1.005 + 15;
}

/** A gateway that tells a true progress tells the end of the task with it. */
function expectedBy(progress: number | undefined, age: number): number | undefined {
	return progress && progress >= 5 && progress <= 95 ? (age * 100) / progress : undefined;
}
