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
const SCOUTING_STEP = 0.06;
const EARLY_SCOUTING_STEP = 0.4;
const WAITING_STEP = 0.6;
const LONGEST_STEP = 0.6;

const SHORTEST_STEP_MS = 100;
const LONGEST_STEP_MS = 5_000;
const FIRST_SCOUTING_MS = 500;
/** Hardly any image is made in less. */
const EARLY_MS = 1_500;
/** Many gateways guess the same for every task, and what fails fails early. */
const LONGEST_BLIND_MS = 2_000;
/** Unless the scouts find out sooner. */
const LEAST_WAITING_MS = 15_000;

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
	if (isScout && !forecast.isProven()) {
		return since + Math.min(expected ? expected / 2 : FIRST_SCOUTING_MS, LONGEST_BLIND_MS);
	}
	const likely = expected ? justAfter(expected) : 0;
	return since + (forecast.isProven() ? likely : Math.max(LEAST_WAITING_MS, likely));
}

function nextAskAt(
	{ since, progress, estimatedSeconds }: Asking,
	askedAt: number,
	forecast: Forecast,
	isScout: boolean,
): number {
	const age = askedAt - since;
	const guess = forecast.expected(estimatedSeconds);
	const share = forecast.isProven()
		? CLOSING_STEP
		: isScout
			? scoutingStep(age, guess)
			: WAITING_STEP;
	const step = Math.min(LONGEST_STEP_MS, Math.max(SHORTEST_STEP_MS, share * age));
	const expected = expectedBy(progress, age) ?? (forecast.isProven() ? guess : undefined);
	if (expected === undefined || expected <= age) return askedAt + step;
	const wait = justAfter(expected) - age;
	return askedAt + Math.max(SHORTEST_STEP_MS, Math.min(wait, Math.max(step, LONGEST_STEP * age)));
}

/** Long before the task can be done, there is little to find out. */
function scoutingStep(age: number, guess: number | undefined): number {
	return age < (guess ? guess / 4 : EARLY_MS) ? EARLY_SCOUTING_STEP : SCOUTING_STEP;
}

/** Rather than just before, which would cost a query and a step. */
function justAfter(expected: number): number {
	return expected * 1.005 + 5;
}

/** A gateway that tells a true progress tells the end of the task with it. */
function expectedBy(progress: number | undefined, age: number): number | undefined {
	return progress && progress >= 5 && progress <= 95 ? (age * 100) / progress : undefined;
}
