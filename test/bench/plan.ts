import { estimateOf, type Fault, type Handling, type Scenario, type Way } from './scenario';

/** One run to be measured. */
export interface Run {
	scenario: Scenario;
	way: Way;
	handling: Handling;
	repeat: number;
	/** False hands on links in place of files; only Seedream Generate can. */
	downloads?: false;
}

const REPEATS = 2;

/** What takes longer is done once; the page says so. */
const LONG_SECONDS = 60;

/** What takes even longer is not done: nobody learns from it. */
const TOO_LONG_SECONDS = 300;

const PLAIN: Scenario = { rows: 10, taskTime: 2, limited: false, fault: 'none' };

const FAULTS: Fault[] = ['failedTask', 'query500', 'create500'];

const ALL_WAYS: Way[] = ['seedream', 'automatic', 'allAtOnce', 'rowByRow'];

const FAST_WAYS: Way[] = ['seedream', 'automatic', 'allAtOnce'];

export function fullPlan(): Run[] {
	return [
		...alternate({ ...PLAIN, rows: 10 }, ALL_WAYS),
		...alternate({ ...PLAIN, rows: 100 }, ALL_WAYS),
		...alternate({ ...PLAIN, rows: 1000 }, FAST_WAYS),
		...alternate({ ...PLAIN, taskTime: 20 }, ['seedream', 'allAtOnce', 'rowByRow']),
		...alternate({ ...PLAIN, taskTime: 'uneven' }, ['seedream', 'allAtOnce', 'rowByRow']),
		...alternate({ ...PLAIN, rows: 100, taskTime: 'uneven' }, FAST_WAYS),
		// Row by row comes nowhere near that limit.
		...alternate({ ...PLAIN, limited: true }, ['seedream', 'allAtOnce']),
		...alternate({ ...PLAIN, rows: 100, limited: true }, FAST_WAYS),
		...alternate({ ...PLAIN, rows: 1000, limited: true }, ['seedream', 'automatic']),
		...FAULTS.flatMap((fault) => [
			...handled({ ...PLAIN, fault }, ['seedream', 'allAtOnce'], ['stop', 'retry', 'errorOutputs']),
			...handled({ ...PLAIN, fault }, ['rowByRow'], ['stop', 'retry'], 1),
		]),
	];
}

/** What ends in three minutes. */
export function quickPlan(): Run[] {
	return [10, 100].flatMap((rows) =>
		alternate({ ...PLAIN, rows }, rows === 100 ? FAST_WAYS : ['seedream', 'allAtOnce']),
	);
}

/** Loads and compiles what the runs after it use; not measured. */
export const WARM_UP: Run[] = handled(PLAIN, ['seedream', 'allAtOnce'], ['stop'], 1);

/** Of n8n's own work around a run: saving, loading, deleting. */
const SECONDS_AROUND_A_RUN = 2;

export function minutesOf(plan: readonly Run[]): number {
	const seconds = plan.map(({ scenario, way }) => estimateOf(scenario, way) + SECONDS_AROUND_A_RUN);
	return Math.ceil(seconds.reduce((sum, each) => sum + each, 0) / 60);
}

/** One way after the other, and then all of them again. */
function alternate(scenario: Scenario, ways: readonly Way[]): Run[] {
	return handled(scenario, ways, ['stop']);
}

function handled(
	scenario: Scenario,
	ways: readonly Way[],
	handlings: readonly Handling[],
	repeats = REPEATS,
): Run[] {
	const runs: Run[] = [];
	for (let repeat = 1; repeat <= repeats; repeat += 1) {
		for (const way of ways) {
			const seconds = estimateOf(scenario, way);
			if (seconds > TOO_LONG_SECONDS || (seconds > LONG_SECONDS && repeat > 1)) continue;
			for (const handling of handlings) runs.push({ scenario, way, handling, repeat });
		}
	}
	return runs;
}
