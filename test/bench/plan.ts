import {
	estimateSeconds,
	type Fault,
	type Handling,
	type Scenario,
	type Approach,
} from './scenario';

/** One measurement. */
export interface Run {
	scenario: Scenario;
	way: Approach;
	handling: Handling;
	repeat: number;
	/** False returns links instead of files; only for Seedream Generate. */
	downloads?: false;
}

const REPEATS = 2;

/** What takes longer is measured once, as the page says. */
const LONG_SECONDS = 60;

/** What takes longer is skipped. */
const TOO_LONG_SECONDS = 300;

const PLAIN: Scenario = { rows: 10, taskTime: 2, limited: false, fault: 'none' };

const FAULTS: Fault[] = ['failedTask', 'query500', 'create500'];

const ALL_WAYS: Approach[] = ['seedream', 'automatic', 'allAtOnce', 'rowByRow'];

const FAST_WAYS: Approach[] = ['seedream', 'automatic', 'allAtOnce'];

export function fullPlan(): Run[] {
	return [
		...alternate({ ...PLAIN, rows: 10 }, ALL_WAYS),
		...alternate({ ...PLAIN, rows: 100 }, ALL_WAYS),
		...alternate({ ...PLAIN, rows: 1000 }, FAST_WAYS),
		...alternate({ ...PLAIN, taskTime: 20 }, ['seedream', 'allAtOnce', 'rowByRow']),
		...alternate({ ...PLAIN, taskTime: 'uneven' }, ['seedream', 'allAtOnce', 'rowByRow']),
		...alternate({ ...PLAIN, rows: 100, taskTime: 'uneven' }, FAST_WAYS),
		// Row by row never reaches the limit.
		...alternate({ ...PLAIN, limited: true }, ['seedream', 'allAtOnce']),
		...alternate({ ...PLAIN, rows: 100, limited: true }, FAST_WAYS),
		...alternate({ ...PLAIN, rows: 1000, limited: true }, ['seedream', 'automatic']),
		...FAULTS.flatMap((fault) => [
			...handled({ ...PLAIN, fault }, ['seedream', 'allAtOnce'], ['stop', 'retry', 'errorOutputs']),
			...handled({ ...PLAIN, fault }, ['rowByRow'], ['stop', 'retry'], 1),
		]),
	];
}

/** Takes three minutes. */
export function quickPlan(): Run[] {
	return [10, 100].flatMap((rows) =>
		alternate({ ...PLAIN, rows }, rows === 100 ? FAST_WAYS : ['seedream', 'allAtOnce']),
	);
}

/** Warm-up executions, not measured. */
export const WARM_UP: Run[] = handled(PLAIN, ['seedream', 'allAtOnce'], ['stop'], 1);

/** For n8n to save, load and delete an execution. */
const SECONDS_AROUND_A_RUN = 2;

export function minutesOf(plan: readonly Run[]): number {
	const seconds = plan.map(
		({ scenario, way }) => estimateSeconds(scenario, way) + SECONDS_AROUND_A_RUN,
	);
	return Math.ceil(seconds.reduce((sum, each) => sum + each, 0) / 60);
}

/** The approaches in turn, repeatedly. */
function alternate(scenario: Scenario, ways: readonly Approach[]): Run[] {
	return handled(scenario, ways, ['stop']);
}

function handled(
	scenario: Scenario,
	ways: readonly Approach[],
	handlings: readonly Handling[],
	repeats = REPEATS,
): Run[] {
	const runs: Run[] = [];
	for (let repeat = 1; repeat <= repeats; repeat += 1) {
		for (const way of ways) {
			const seconds = estimateSeconds(scenario, way);
			if (seconds > TOO_LONG_SECONDS || (seconds > LONG_SECONDS && repeat > 1)) continue;
			for (const handling of handlings) runs.push({ scenario, way, handling, repeat });
		}
	}
	return runs;
}
