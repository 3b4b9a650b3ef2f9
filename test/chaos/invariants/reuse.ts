import type { IDataObject } from 'n8n-workflow';

import { CREDITS_PER_USD } from '../../n8n/systems';
import type { ProviderName, TaskView } from '../../sandbox/sandbox';
import { MAX_USD } from '../mixedProviders';
import { keptRows, outcomesOf, type Outcome } from '../messages';
import type { ReusePlan, ReuseRow } from '../reusePlan';
import type { ReuseExecution, ReuseTrace } from '../reuseRun';
import { staysExactlyBelowMaximumCost } from './budget';
import { sharedTasks } from './money';
import { isPaid } from './traceQueries';

const DAY_MS = 24 * 3_600_000;

// --- Queries ----------------------------------------------------------------------------------------------

/** A row that has an image, or a task. */
export interface DeliveredRow {
	row: ReuseRow;
	/** Undefined if the sandbox has no such task. */
	task?: TaskView;
	json: IDataObject;
	isReused: boolean;
}

export function outcomesIn({ planned, result }: ReuseExecution): Outcome[] {
	const rows = planned.rows.map((_row, index) => index);
	const outputs = result.error ? undefined : [result.items, result.errorItems];
	return outcomesOf({ result }, { rows, ...(outputs && { outputs }) }).outcomes;
}

export function deliveredIn(execution: ReuseExecution, { executions }: ReuseTrace): DeliveredRow[] {
	const tasks = executions.flatMap((one) => one.tasks);
	return outcomesIn(execution).flatMap((outcome) => {
		const row = execution.planned.rows[outcome.row];
		if (outcome.kind !== 'delivered' || !row) return [];
		const json = outcome.items[0]?.json ?? {};
		const task = tasks.find(({ id }) => id === outcome.taskId);
		return [{ row, task, json, isReused: json.reused === true }];
	});
}

const isReusing = ({ planned }: ReuseExecution): boolean => planned.reuse === 'sameRequest';

/** Executions that share keys with this one. */
const earlierThan = (execution: ReuseExecution, { executions }: ReuseTrace): ReuseExecution[] =>
	executions.slice(0, executions.indexOf(execution)).filter(isReusing);

const requestOf = ({ prompt, aspectRatio }: ReuseRow): string => `${prompt}, ${aspectRatio}`;

/** Rows with the same one may get each other's images in another execution. */
const identityOf = (row: ReuseRow, { hasRowKey }: ReusePlan): string =>
	hasRowKey ? `${requestOf(row)}, ${row.id}` : requestOf(row);

/** Whether the task was created from what the row requests, here or at a fallback. */
export const isFor = ({ prompt, body }: TaskView, row: ReuseRow): boolean =>
	prompt === row.prompt && JSON.stringify(body).includes(`"${row.aspectRatio}"`);

const isYoung = ({ createdAt }: TaskView, { startedAt }: ReuseExecution): boolean =>
	createdAt > startedAt - DAY_MS;

/** Whether executions find each other's tasks at this provider. */
export const remembersTasks = (provider: ProviderName, plan: ReusePlan): boolean =>
	plan.hasTable ||
	provider === 'evoLink' ||
	(provider === 'apiMart' && plan.apiMartKeys === 'honored');

/** The rows that no other row in any of the sheets could be confused with. */
export function unmistakableRows({ plan, executions }: ReuseTrace): ReuseRow[] {
	const sheets = executions.map(({ planned }) => planned.rows);
	const rows = new Map(sheets.flat().map((row) => [requestOf(row), row]));
	return [...rows.values()].filter((row) => {
		const own = sheets.map((sheet) => sheet.filter((one) => requestOf(one) === requestOf(row)));
		const identities = new Set(own.flat().map((one) => identityOf(one, plan)));
		return identities.size === 1 && own.every(({ length }) => length <= 1);
	});
}

/** A violation of each execution. */
function perExecution(
	trace: ReuseTrace,
	check: (execution: ReuseExecution) => readonly string[],
): string[] {
	return trace.executions.flatMap((execution, index) =>
		check(execution).map((problem) => `execution ${index + 1}: ${problem}`),
	);
}

function perDeliveredRow(
	trace: ReuseTrace,
	check: (delivered: DeliveredRow, execution: ReuseExecution) => string | undefined,
): string[] {
	return perExecution(trace, (execution) =>
		deliveredIn(execution, trace).flatMap((delivered) => {
			const problem = check(delivered, execution);
			return problem ? [`${problem}: ${requestOf(delivered.row)}, ${delivered.task?.id}`] : [];
		}),
	);
}

const spentUsdIn = ({ tasks }: ReuseExecution): number =>
	tasks.reduce(
		(usd, { provider, credits }) => usd + credits.charged / CREDITS_PER_USD[provider],
		0,
	);

// --- Invariants -------------------------------------------------------------------------------------------

export function chargesNothingForReusedImages(trace: ReuseTrace): string[] {
	return perDeliveredRow(trace, ({ task, json, isReused }, execution) => {
		if (!isReused) return undefined;
		if (task && execution.tasks.includes(task)) return 'a new task is said to be reused';
		const { credits, usd } = (json.cost ?? {}) as IDataObject;
		const isFree = json.status === 'submitted' || (credits === 0 && usd === 0);
		return isFree ? undefined : `a reused image cost ${credits} credits`;
	});
}

/** What items and errors say was charged, or may have been, is what the account was charged. */
export function accountsForEveryCharge(trace: ReuseTrace): string[] {
	const costs = perDeliveredRow(trace, ({ task, json, isReused }) => {
		if (isReused || json.status !== 'completed') return undefined;
		const { credits } = json.cost as IDataObject;
		return credits === task?.credits.charged
			? undefined
			: `it cost ${task?.credits.charged}, and its item says ${String(credits)}`;
	});
	const sums = perExecution(trace, (execution) => {
		if (execution.wasInterrupted) return [];
		const paid = execution.tasks.filter(isPaid).length;
		const delivered = deliveredIn(execution, trace).filter(({ isReused }) => !isReused);
		const failed = outcomesIn(execution).flatMap((one) => (one.kind === 'failed' ? [one] : []));
		const completed = delivered.filter(({ json }) => json.status === 'completed').length;
		const least = completed + failed.filter(({ charged }) => charged === 'yes').length;
		const uncertain = failed.filter(
			({ charged }) => charged === 'unknown' || charged === 'perhaps',
		);
		const most =
			least + (delivered.length - completed) + uncertain.length + keptRows(execution).rows;
		return paid >= least && paid <= most
			? []
			: [`${paid} tasks were paid for, and it says ${least} to ${most}`];
	});
	return [...costs, ...sums];
}

/** The task requests what the row requests, and was created for a row with the same key. */
export function givesReusedImagesToTheirRows(trace: ReuseTrace): string[] {
	const { plan } = trace;
	return perDeliveredRow(trace, ({ row, task, isReused }, execution) => {
		if (!task || !isFor(task, row)) return "it isn't what the row requests";
		if (!isReused) return undefined;
		const creator = earlierThan(execution, trace).find(({ tasks }) => tasks.includes(task));
		if (!creator) return 'no earlier execution created it';
		const rows = creatorsOf(task, creator);
		return rows.some((one) => identityOf(one, plan) === identityOf(row, plan))
			? undefined
			: `it was created for ${rows.map(({ id }) => id).join(', ')}, and not for ${row.id}`;
	});
}

/** The row that the task was created for, by the log; all that it could be if n8n crashed before. */
function creatorsOf(task: TaskView, { planned, result }: ReuseExecution): ReuseRow[] {
	const line = result.log.find(({ message }) =>
		message.startsWith(`Seedream task ${task.id} submitted to `),
	);
	const { row } = (line?.meta ?? {}) as { row?: number };
	return planned.rows.filter((one, index) =>
		row === undefined ? isFor(task, one) : index === row - 1,
	);
}

export function givesNoTaskToTwoRows(trace: ReuseTrace): string[] {
	return perExecution(trace, (execution) => sharedTasks(outcomesIn(execution)));
}

/** A row whose task still exists isn't created again at a provider that has it. */
export function createsNothingThatExists(trace: ReuseTrace): string[] {
	return perExecution(trace, (execution) =>
		isReusing(execution)
			? [...existingTasks(execution, trace), ...deliveredTasks(execution, trace)]
			: [],
	);
}

/** Even if the execution that created it was interrupted. */
function existingTasks(execution: ReuseExecution, trace: ReuseTrace): string[] {
	const { planned, tasks } = execution;
	return unmistakableRows(trace).flatMap((row) => {
		const { provider } = row;
		const isOwn = (task: TaskView) => task.provider === provider && isFor(task, row);
		const found = earlierThan(execution, trace)
			.flatMap((earlier) => earlier.tasks)
			.find((task) => isOwn(task) && task.status === 'completed' && isYoung(task, execution));
		const isRow = planned.rows.some((one) => requestOf(one) === requestOf(row));
		if (!found || !isRow || !remembersTasks(provider, trace.plan)) return [];
		return tasks.filter(isOwn).map(({ id }) => `${id} was created although ${found.id} exists`);
	});
}

/** Of rows that request the same, as many as were delivered before. */
function deliveredTasks(execution: ReuseExecution, trace: ReuseTrace): string[] {
	const { plan } = trace;
	const { rows } = execution.planned;
	const identities = new Map(rows.map((row) => [identityOf(row, plan), row]));
	return [...identities].flatMap(([identity, { provider }]) => {
		if (!remembersTasks(provider, plan)) return [];
		const ofIdentity = (list: readonly DeliveredRow[]) =>
			list.filter(
				({ row, task }) => identityOf(row, plan) === identity && task?.provider === provider,
			);
		const deliveries = earlierThan(execution, trace).map((earlier) => {
			const count = earlier.planned.rows.filter((row) => identityOf(row, plan) === identity).length;
			const delivered = ofIdentity(deliveredIn(earlier, trace)).filter(
				({ task }) => task?.status === 'completed' && isYoung(task, execution),
			);
			return delivered.length === count ? count : 0;
		});
		const existing = Math.max(0, ...deliveries);
		const count = rows.filter((row) => identityOf(row, plan) === identity).length;
		const created = ofIdentity(deliveredIn(execution, trace)).filter(({ isReused }) => !isReused);
		return created.length > Math.max(0, count - existing)
			? [`${created.length} of ${count} were created although ${existing} exist: ${identity}`]
			: [];
	});
}

/** Neither as an image nor as the reason why a row fails. */
export function reusesNoFailedTask(trace: ReuseTrace): string[] {
	const tasks = trace.executions.flatMap((execution) => execution.tasks);
	return perExecution(trace, (execution) =>
		outcomesIn(execution).flatMap((outcome) => {
			const { taskId } = outcome;
			const task = tasks.find(({ id }) => id === taskId);
			const { finishedAt = Infinity } = task ?? {};
			const hadFailed = task?.status === 'failed' && finishedAt <= execution.startedAt;
			// Whether it had failed isn't known if the provider doesn't say.
			const isUsed =
				outcome.kind === 'delivered' ||
				new RegExp(`service_error[^[]*\\[task ${taskId}\\]`).test(outcome.message);
			return hadFailed && isUsed ? [`${taskId} had failed`] : [];
		}),
	);
}

export function reusesNothingOld(trace: ReuseTrace): string[] {
	return perDeliveredRow(trace, ({ task, isReused }, execution) =>
		isReused && task && !isYoung(task, execution) ? "it's more than a day old" : undefined,
	);
}

/** What isn't reused is new. */
export function reusesOnlyWhatItSays(trace: ReuseTrace): string[] {
	return perDeliveredRow(trace, ({ task, isReused }, execution) => {
		if (isReused) return isReusing(execution) ? undefined : 'reused although it is off';
		return task && execution.tasks.includes(task) ? undefined : "it isn't new";
	});
}

export function losesNoRow(trace: ReuseTrace): string[] {
	return perExecution(trace, (execution) => {
		if (execution.wasInterrupted) return [];
		const { length } = execution.planned.rows;
		const found = new Set(outcomesIn(execution).map(({ row }) => row)).size;
		const kept = keptRows(execution).rows;
		return found + kept === length ? [] : [`${found} and ${kept} of ${length} rows are there`];
	});
}

/** With a data table; what n8n wrote just before a crash may be missing. */
export function recordsEveryTask({ plan, executions, recordedTasks }: ReuseTrace): string[] {
	if (!plan.hasTable) return [];
	return executions.flatMap(({ tasks, result, planned, wasInterrupted }) => {
		if (wasInterrupted && planned.interruption?.kind === 'crash') return [];
		const isKnown = (id: string) =>
			result.log.some(({ message }) => message.startsWith(`Seedream task ${id} submitted to `));
		const missing = tasks.filter(({ id }) => isKnown(id) && !recordedTasks.has(id));
		return missing.map(({ id }) => `${id} isn't in the data table`);
	});
}

/** What reused images cost earlier doesn't count. */
export function refusesOnlyWhatIsTooExpensive(trace: ReuseTrace): string[] {
	const { maxCost, fallbacks } = trace.plan;
	return perExecution(trace, (execution) => {
		const maxUsdOf = (row: number) => {
			const provider = execution.planned.rows[row]?.provider;
			return Math.max(...[provider, ...fallbacks].map((id) => (id ? MAX_USD[id] : 0)));
		};
		const outcomes = outcomesIn(execution);
		const isSubmitted = execution.planned.continueWhen === 'submitted';
		const failed = outcomes.flatMap((one) => (one.kind === 'failed' ? [one] : []));
		// A task that nobody waited for may have failed since.
		const uncertainUsd = outcomes
			.filter((one) => (one.kind === 'delivered' ? isSubmitted : one.charged === 'unknown'))
			.reduce((usd, { row }) => usd + maxUsdOf(row), 0);
		const leftUsd = maxCost - spentUsdIn(execution) - uncertainUsd;
		return failed.flatMap(({ code, row }) =>
			code === 'budget_reached' && leftUsd > maxUsdOf(row)
				? [`row ${row + 1} was refused although $${leftUsd.toFixed(4)} are left`]
				: [],
		);
	});
}

/** In each execution. */
export function staysBelowMaximumCost(trace: ReuseTrace): string[] {
	return perExecution(trace, (execution) =>
		staysExactlyBelowMaximumCost({ plan: trace.plan, spentUsd: spentUsdIn(execution) }),
	);
}
