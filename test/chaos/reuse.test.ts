import {
	accountsForEveryCharge,
	chargesNothingForReusedImages,
	createsNothingThatExists,
	deliveredIn,
	givesNoTaskToTwoRows,
	givesReusedImagesToTheirRows,
	isFor,
	losesNoRow,
	outcomesIn,
	recordsEveryTask,
	refusesOnlyWhatIsTooExpensive,
	remembersTasks,
	reusesNoFailedTask,
	reusesNothingOld,
	reusesOnlyWhatItSays,
	staysBelowMaximumCost,
	unmistakableRows,
} from './invariants/reuse';
import { generateReusePlan } from './reusePlan';
import { runReusePlan, type ReuseTrace } from './reuseRun';
import { testSeededRuns } from './seededRuns';

// The sandbox's own pictures take too long to draw.
jest.mock('../sandbox/promptImages', () => jest.requireActual('./pictures'));

testSeededRuns<ReuseTrace>({
	title: 'Seedream Generate that reuses recent images, in several executions with injected faults',
	run: async (seed, engine) => await runReusePlan(generateReusePlan(seed), engine),
	invariants: {
		'charges nothing for reused images': chargesNothingForReusedImages,
		'says what was charged in each execution': accountsForEveryCharge,
		'returns reused images with their rows': givesReusedImagesToTheirRows,
		'gives no task to two rows of an execution': givesNoTaskToTwoRows,
		'creates no task that exists': createsNothingThatExists,
		'reuses no failed task': reusesNoFailedTask,
		'reuses no image of the day before': reusesNothingOld,
		'marks what it reuses, and nothing else': reusesOnlyWhatItSays,
		'returns an item or an error for each row': losesNoRow,
		'records every task in the data table': recordsEveryTask,
		'spends no more than the maximum cost in an execution': staysBelowMaximumCost,
		'refuses no row that fits into the maximum cost': refusesOnlyWhatIsTooExpensive,
	},
	count,
});

function count(trace: ReuseTrace) {
	const { plan, executions } = trace;
	const interruptedBy = (kind: 'stop' | 'crash') =>
		executions.filter((one) => one.wasInterrupted && one.planned.interruption?.kind === kind);
	const outcomes = executions.flatMap(outcomesIn);
	const delivered = executions.flatMap((execution) => deliveredIn(execution, trace));
	const reused = delivered.filter(({ isReused }) => isReused);
	const reusedAt = (provider: string) => reused.filter(({ row }) => row.provider === provider);
	const crashed = new Set(interruptedBy('crash').flatMap(({ tasks }) => tasks));
	return {
		completed: delivered.filter(({ json }) => json.status === 'completed').length,
		reusedAtEvoLink: reusedAt('evoLink').length,
		reusedAtApiMart: reusedAt('apiMart').length,
		reusedAtApiInOne: reusedAt('apiInOne').length,
		reusedAfterACrash: reused.filter(({ task }) => task && crashed.has(task)).length,
		reusedByRowKey: plan.hasRowKey ? reused.length : 0,
		reusedInATable: plan.hasTable ? reused.length : 0,
		reusedEqualRows: reused.filter(({ row }, index) =>
			reused.some(
				(one, at) =>
					at < index && one.row.prompt === row.prompt && one.task !== reused[index]?.task,
			),
		).length,
		reusedSlowTasks: reused.filter(
			({ task }) => Number(task?.finishedAt) - Number(task?.createdAt) > 60_000,
		).length,
		...afterFailedAndOldTasks(trace),
		refused: outcomes.filter((one) => one.kind === 'failed' && one.code === 'budget_reached')
			.length,
		unconfirmed: outcomes.filter((one) => one.kind === 'failed' && one.charged === 'unknown')
			.length,
		fellBack: delivered.filter(({ json }) => json.fallbackFrom !== undefined).length,
		reusedAtAFallback: reused.filter(({ json }) => json.fallbackFrom !== undefined).length,
		stops: interruptedBy('stop').length,
		crashes: interruptedBy('crash').length,
		withoutReuse: executions.filter(({ planned }) => planned.reuse === 'never').length,
	};
}

/** Rows that were created again, because what exists can't be used. */
function afterFailedAndOldTasks(trace: ReuseTrace) {
	const { plan, executions } = trace;
	let movedOn = 0;
	let expired = 0;
	for (const row of unmistakableRows(trace)) {
		if (!remembersTasks(row.provider, plan)) continue;
		const own = executions
			.filter(({ planned }) => planned.reuse === 'sameRequest')
			.map(({ tasks }) => tasks.find((task) => isFor(task, row) && task.provider === row.provider));
		const [first, ...later] = own.flatMap((task) => task ?? []);
		if (later.length === 0) continue;
		if (first?.status === 'failed') movedOn += 1;
		else expired += 1;
	}
	return { movedOn, expired };
}
