import type { Execution, Story } from '../carryOut';
import { LOSING } from '../faults';
import { groupOf } from '../plan';
import { outcomesOf, type Outcome } from '../said';
import {
	allOutcomes,
	groupAt,
	groupOfTask,
	isIdempotent,
	isKnown,
	isKnownIn,
	isPaid,
	isWithin,
} from './facts';

/**
 * Within one run of the node, never. Later ones may pay again only where the gateway honours no
 * Idempotency-Key and an earlier one has lost the answer; that it was said then is asserted below.
 */
export function chargesNoRowTwice(story: Story): string[] {
	const { plan, tasks, executions } = story;
	const paid = tasks.filter(isPaid);
	return [...demand(plan.rows)].flatMap(([group, rows]) => {
		const own = paid.filter((task) => groupOfTask(task) === group);
		const lost = isIdempotent(group) ? [] : own.filter((task) => !isKnown(task, story));
		const problems = [];
		if (own.length - lost.length > rows) {
			problems.push(`${own.length} tasks for ${rows} rows, ${lost.length} lost: ${group}`);
		}
		for (const execution of executions) {
			for (const turn of execution.turns) {
				const within = own.filter(({ createdAt }) => isWithin(createdAt, turn)).length;
				const asking = turn.rows.filter((row) => groupAt(story, row) === group).length;
				if (within > asking) problems.push(`${within} tasks in one run for ${asking}: ${group}`);
			}
		}
		return problems;
	});
}

/** The groups of rows that ask for the same, with how many ask. */
function demand(rows: Story['plan']['rows']): Map<string, number> {
	const counts = new Map<string, number>();
	for (const row of rows) counts.set(groupOf(row), (counts.get(groupOf(row)) ?? 0) + 1);
	return counts;
}

/** What one turn of a loop has left, another row that asks for the same may take up in a later one. */
export function givesNoTaskToTwoRows(story: Story): string[] {
	const outcomes = allOutcomes(story);
	const turns = [...new Set(outcomes.map(({ turn }) => turn))];
	const perTurn = turns.map((turn) => outcomes.filter((one) => one.turn === turn));
	const delivered = outcomes.filter(({ kind }) => kind === 'delivered');
	return [...perTurn, delivered].flatMap(sharedTasks);
}

function sharedTasks(outcomes: readonly Outcome[]): string[] {
	const rowsOf = new Map<string, Set<number>>();
	for (const { taskId, row } of outcomes) {
		if (taskId !== undefined) rowsOf.set(taskId, (rowsOf.get(taskId) ?? new Set()).add(row));
	}
	return [...rowsOf].flatMap(([taskId, rows]) =>
		rows.size > 1 ? [`${taskId} stands for rows ${[...rows].join(', ')}`] : [],
	);
}

/** In the output or the error of each execution that knew of it; after a stop, in the log. */
export function namesEveryTask({ tasks, executions }: Story): string[] {
	return tasks.filter(isPaid).flatMap((task) => {
		if (!executions.some((execution) => isWithin(task.createdAt, execution))) {
			return [`${task.id} was made outside of all executions`];
		}
		return executions.flatMap((execution, index) => {
			if (!isKnownIn(execution, task) || execution.result.status === 'canceled') return [];
			return whatIsShown(execution).includes(task.id)
				? []
				: [`${task.id} is not named in execution ${index + 1} (${groupOfTask(task)})`];
		});
	});
}

function whatIsShown({ result, turns }: Execution): string {
	const items = turns.flatMap(({ outputs }) => outputs?.flat() ?? []).map(({ json }) => json);
	return JSON.stringify([items, result.error?.message, result.error?.description]);
}

const MADE_AT = /made at (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/;
/**
 * Between sending and acceptance: a delayed request, and a process that is late. Where a create may be
 * sent again, the time said is that of the first one.
 */
const LATEST_ACCEPTANCE_MS = 10_000;

/** A task without a known id is there only because an answer was lost, and its row says so. */
export function saysWhatItCannotKnow(story: Story): string[] {
	return story.executions.flatMap((execution, index) => {
		const unnamed = story.tasks.filter(
			(task) => isPaid(task) && isWithin(task.createdAt, execution) && !isKnownIn(execution, task),
		);
		return [...new Set(unnamed.map(groupOfTask))].flatMap((group) => {
			const made = unnamed.filter((task) => groupOfTask(task) === group);
			const lost = story.events.filter(
				({ request, subject, name }) =>
					request.step === 'create' &&
					subject === group &&
					LOSING.has(name) &&
					isWithin(request.at, execution),
			);
			const said = timesSaid(story, execution, index, group);
			const problems = [];
			if (made.length > lost.length) {
				problems.push(`${made.length} unknown tasks, but ${lost.length} lost answers: ${group}`);
			}
			for (const { id, createdAt } of made) {
				const match = said.findIndex(
					(at) => createdAt >= at && (isIdempotent(group) || createdAt - at < LATEST_ACCEPTANCE_MS),
				);
				if (match === -1) problems.push(`no row says that ${id} may exist: ${group}`);
				else said.splice(match, 1);
			}
			return problems;
		});
	});
}

/** When creates were sent of which the execution says that nobody knows what became of them. */
function timesSaid(story: Story, execution: Execution, index: number, group: string): number[] {
	const fromRows = allOutcomes(story).flatMap((outcome) => {
		if (outcome.kind !== 'failed' || outcome.execution !== index) return [];
		if (groupAt(story, outcome.row) !== group || outcome.taskId !== undefined) return [];
		if (!['unknown', 'perhaps'].includes(outcome.charged)) return [];
		const [, date, time] = MADE_AT.exec(outcome.message) ?? [];
		return date === undefined ? [] : [Date.parse(`${date}T${time}Z`)];
	});
	const fromLog = execution.result.log.flatMap(({ message, meta }) => {
		const { row = 0, sentAt = '' } = (meta ?? {}) as { row?: number; sentAt?: string };
		const isSaid = message.startsWith('Stopped: a Seedream task may have been made at ');
		const number = execution.stoppedRows?.[row - 1] ?? -1;
		return isSaid && groupAt(story, number) === group ? [Date.parse(sentAt)] : [];
	});
	return [...fromRows, ...fromLog].sort((a, b) => b - a);
}

/** In each run of the node: a task made there belongs to a row that does not say "no". */
export function saysNotChargedOnlyWhereTrue(story: Story): string[] {
	return story.executions.flatMap((execution) =>
		execution.turns.flatMap((turn) => {
			if (execution.result.status === 'canceled') return [];
			const { outcomes } = outcomesOf(execution, turn);
			const denied = outcomes.filter((one) => one.kind === 'failed' && one.charged === 'no');
			return [...new Set(denied.map(({ row }) => groupAt(story, row)))].flatMap((group) => {
				const inGroup = (row: number) => groupAt(story, row) === group;
				const asking = turn.rows.filter(inGroup).length;
				const no = denied.filter(({ row }) => inGroup(row)).length;
				const made = story.tasks.filter(
					(task) => isPaid(task) && groupOfTask(task) === group && isWithin(task.createdAt, turn),
				).length;
				return made > asking - no
					? [`${made} tasks were made for ${asking} rows, ${no} of them say "no": ${group}`]
					: [];
			});
		}),
	);
}
