import type { Measurement } from './results';
import { type Fault, type Handling, type Scenario, type Way } from './scenario';

export const WAY_WORDS: Record<Way, string> = {
	seedream: 'Seedream Generate, Concurrency = rows',
	automatic: 'Seedream Generate, automatic',
	allAtOnce: 'HTTP Request, all rows at once',
	rowByRow: 'HTTP Request, row by row',
};

export const HANDLING_WORDS: Record<Handling, string> = {
	stop: 'as it comes',
	retry: 'Retry On Fail',
	errorOutputs: 'error outputs',
};

export const FAULT_WORDS: Record<Fault, string> = {
	none: 'nothing goes wrong',
	failedTask: 'one task fails',
	query500: 'one query answers 500, once',
	create500: 'one create answers 500, once',
};

export function scenarioWords({ rows, taskTime, limited }: Scenario): string {
	const time = taskTime === 'uneven' ? '2 to 8 s' : `${taskTime} s`;
	return `${count(rows)} rows, ${time} a task${limited ? ', 20 creates a second' : ''}`;
}

export function count(value: number): string {
	return value.toLocaleString('en-US');
}

export function seconds(value: number): string {
	return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** How a run ended, in a word or two. */
export function endWords({ status, stopped }: Measurement): string {
	if (stopped) return 'stopped, too long';
	return status === 'success' ? 'done' : status;
}

/** A line for who waits. */
export function progressWords(measurement: Measurement): string {
	const { scenario, way, handling, images } = measurement;
	const { fault } = scenario;
	const trouble = fault === 'none' ? '' : `, ${FAULT_WORDS[fault]} (${HANDLING_WORDS[handling]})`;
	return `${scenarioWords(scenario)}${trouble}: ${WAY_WORDS[way]}: ${endWords(measurement)} in ${seconds(measurement.seconds)} s, ${images} images`;
}
