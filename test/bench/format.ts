import type { Measurement } from './results';
import type { Fault, Handling, Scenario, Approach } from './scenario';

export const APPROACH_LABELS: Record<Approach, string> = {
	seedream: 'Seedream Generate, Concurrency = rows',
	automatic: 'Seedream Generate, automatic',
	allAtOnce: 'HTTP Request, all rows at once',
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

export function formatScenario({ rows, taskTime, limited }: Scenario): string {
	const time = taskTime === 'uneven' ? '2 to 8 s' : `${taskTime} s`;
	return `${formatCount(rows)} rows, ${time} per task${limited ? ', 20 creates per second' : ''}`;
}

export function formatCount(value: number): string {
	return value.toLocaleString('en-US');
}

export function formatSeconds(value: number): string {
	return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** How an execution ended, in one or two words. */
export function formatOutcome({ status, stopped }: Measurement): string {
	if (stopped) return 'stopped, too long';
	return status === 'success' ? 'done' : status;
}

/** A progress line. */
export function formatProgress(measurement: Measurement): string {
	const { scenario, way, handling, images } = measurement;
	const { fault } = scenario;
	const trouble = fault === 'none' ? '' : `, ${FAULT_LABELS[fault]} (${HANDLING_LABELS[handling]})`;
	return `${formatScenario(scenario)}${trouble}: ${APPROACH_LABELS[way]}: ${formatOutcome(measurement)} in ${formatSeconds(measurement.seconds)} s, ${images} images`;
}
