import { PROVIDER_TITLES } from '../sandbox/tasks';
import type { Measurement } from './results';
import {
	LIMITS,
	type Approach,
	type Fault,
	type Handling,
	type Run,
	type Scenario,
} from './scenario';

export const APPROACH_LABELS: Record<Approach, string> = {
	seedream: 'Seedream Generate, Concurrency = rows',
	automatic: 'Seedream Generate, automatic',
	before: 'Seedream Generate, automatic, before',
	allAtOnce: 'HTTP Request, all rows at once',
	retried: 'HTTP Request, batching and retries',
	rowByRow: 'HTTP Request, row by row',
};

export const HANDLING_LABELS: Record<Handling, string> = {
	stop: 'default',
	retry: 'Retry On Fail',
	errorOutputs: 'error outputs',
};

export const FAULT_LABELS: Record<Fault, string> = {
	none: 'nothing goes wrong',
	failedTask: 'one task fails',
	query500: 'one query returns 500, once',
	create500: 'one create returns 500, once',
};

export function formatScenario({ rows, provider, model, taskTime, limit }: Scenario): string {
	return [
		`${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'}`,
		...(provider === 'evoLink' ? [] : [PROVIDER_TITLES[provider]]),
		...(model === '4.5' ? [] : [model]),
		`${formatTaskTime(taskTime)} per task`,
		...(limit === 'none' ? [] : [LIMITS[limit].label]),
	].join(', ');
}

export function formatTaskTime(taskTime: Scenario['taskTime']): string {
	return typeof taskTime === 'number' ? `${taskTime} s` : `${taskTime.from} to ${taskTime.to} s`;
}

export function formatWay({ way, scenario }: Pick<Run, 'way' | 'scenario'>): string {
	return APPROACH_LABELS[way] + (scenario.downloads ? '' : ', Download Images off');
}

export function formatCount(value: number): string {
	return value.toLocaleString('en-US');
}

export function formatSeconds(value: number): string {
	return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

export function formatPercent(share: number): string {
	return `${(share * 100).toFixed(1)}%`;
}

/** How an execution ended, in one or two words. */
export function formatOutcome({ status, stopped }: Measurement): string {
	if (stopped) return 'stopped, too long';
	return status === 'success' ? 'done' : status;
}

/** A progress line. */
export function formatProgress(measurement: Measurement): string {
	const { scenario, handling, images } = measurement;
	const { fault } = scenario;
	const trouble = fault === 'none' ? '' : `, ${FAULT_LABELS[fault]} (${HANDLING_LABELS[handling]})`;
	return `${formatScenario(scenario)}${trouble}: ${formatWay(measurement)}: ${formatOutcome(measurement)} in ${formatSeconds(measurement.seconds)} s, ${images} images`;
}
