import { outcomesOf, type Outcome } from '../messages';
import { hasNoImage, tasksPerCreate } from '../rows';
import type { Execution, Trace } from '../trace';
import {
	allOutcomes,
	createsOf,
	rowsPerGroup,
	groupAt,
	groupOfTask,
	honorsIdempotency,
	isAccepted,
	isKnown,
	isKnownIn,
	isPaid,
	isUnconfirmed,
	isWithin,
	keyOf,
	promisesIdempotency,
} from './traceQueries';

/**
 * Never if the provider honors Idempotency-Keys. Otherwise only tasks behind lost responses may be
 * charged in addition, and not even those in the same turn, unless the provider ignores its own
 * documentation. Another invariant checks that the user reads about them.
 */
export function chargesNoRowTwice(trace: Trace): string[] {
	const { plan, tasks, executions } = trace;
	const paid = tasks.filter(isPaid);
	return [...rowsPerGroup(plan.rows)].flatMap(([group, rows]) => {
		const own = paid.filter((task) => groupOfTask(task) === group);
		const isSure = honorsIdempotency(group, plan);
		const hidden = isSure ? [] : own.filter((task) => !isKnown(task, trace));
		const each = tasksPerCreate(group);
		const problems = [];
		const most = rows * each * timesWanted(trace, group);
		if (own.length - hidden.length > most) {
			problems.push(`${own.length} tasks for ${rows} rows, ${hidden.length} lost: ${group}`);
		}
		for (const execution of executions) {
			for (const turn of execution.turns) {
				const counted =
					isSure || !promisesIdempotency(group) ? own : own.filter((one) => !hidden.includes(one));
				const within = counted.filter(({ createdAt }) => isWithin(createdAt, turn)).length;
				const asking = turn.rows.filter((row) => groupAt(trace, row) === group).length;
				if (within > asking * each) {
					problems.push(`${within} tasks in one run for ${asking}: ${group}`);
				}
			}
			const inAll = own.filter((task) => isWithin(task.createdAt, execution)).length;
			if (isSure && inAll > rows * each) {
				problems.push(`${inAll} tasks in one execution for ${rows}: ${group}`);
			}
		}
		return problems;
	});
}

/** A failed task that was charged is created again when the user retries the execution. */
function timesWanted({ plan, executions }: Trace, group: string): number {
	const row = plan.rows.findIndex((one) => `${one.provider}: ${one.prompt}` === group);
	const planned = plan.rows[row];
	return planned && hasNoImage(planned) ? executions.length : 1;
}

/** In a later turn of a loop, an identical row may resume what another one left. */
export function givesNoTaskToTwoRows(trace: Trace): string[] {
	const outcomes = allOutcomes(trace);
	const turns = [...new Set(outcomes.map(({ turn }) => turn))];
	const perTurn = turns.map((turn) => outcomes.filter((one) => one.turn === turn));
	const delivered = outcomes.filter(({ kind }) => kind === 'delivered');
	// The missing images of a task may go to another, identical row.
	const inPart = new Set(
		outcomes.flatMap((one) =>
			one.kind === 'delivered' && one.missing.length > 0 ? [one.taskId] : [],
		),
	);
	return [...perTurn, delivered]
		.map((list) => list.filter(({ taskId }) => taskId === undefined || !inPart.has(taskId)))
		.flatMap(sharedTasks);
}

export function sharedTasks(outcomes: ReadonlyArray<Pick<Outcome, 'taskId' | 'row'>>): string[] {
	const rowsOf = new Map<string, Set<number>>();
	for (const { taskId, row } of outcomes) {
		if (taskId !== undefined) rowsOf.set(taskId, (rowsOf.get(taskId) ?? new Set()).add(row));
	}
	return [...rowsOf].flatMap(([taskId, rows]) =>
		rows.size > 1 ? [`${taskId} stands for rows ${[...rows].join(', ')}`] : [],
	);
}

/** In the output or the error of every execution that knew it; after a stop, in the log. */
export function namesEveryTask({ tasks, executions }: Trace): string[] {
	return tasks.filter(isPaid).flatMap((task) => {
		if (!executions.some((execution) => isWithin(task.createdAt, execution))) {
			return [`${task.id} was made outside of all executions`];
		}
		return executions.flatMap((execution, index) => {
			if (!isKnownIn(execution, task) || execution.result.status === 'canceled') return [];
			return shownText(execution).includes(task.id)
				? []
				: [`${task.id} is not named in execution ${index + 1} (${groupOfTask(task)})`];
		});
	});
}

function shownText({ result, turns }: Execution): string {
	const items = turns.flatMap(({ outputs }) => outputs?.flat() ?? []).map(({ json }) => json);
	return JSON.stringify([items, result.error?.message, result.error?.description]);
}

/** Checked for the row's own task and for all its create requests. */
export function saysNotChargedOnlyWhereTrue(trace: Trace): string[] {
	return [...falseForTask(trace), ...falseForTurn(trace), ...falseForCreates(trace)];
}

/** Neither "charged" nor "not charged" if it's false. */
function falseForTask(trace: Trace): string[] {
	return allOutcomes(trace).flatMap((outcome) => {
		const task = trace.tasks.find(({ id }) => id === outcome.taskId);
		if (outcome.kind !== 'failed' || !task) return [];
		const isTrue = outcome.charged === (isPaid(task) ? 'yes' : 'no');
		const isSaid = outcome.charged === 'yes' || outcome.charged === 'no';
		return isSaid && !isTrue
			? [`${task.id} cost ${task.credits.charged}, and its row says "${outcome.charged}"`]
			: [];
	});
}

/** In each turn, a new task belongs to a row that doesn't say "no". */
function falseForTurn(trace: Trace): string[] {
	return trace.executions.flatMap((execution) =>
		execution.turns.flatMap((turn) => {
			if (execution.result.status === 'canceled') return [];
			const { outcomes } = outcomesOf(execution, turn);
			const denied = outcomes.filter((one) => one.kind === 'failed' && one.charged === 'no');
			return [...new Set(denied.map(({ row }) => groupAt(trace, row)))].flatMap((group) => {
				const inGroup = (row: number) => groupAt(trace, row) === group;
				const asking = turn.rows.filter(inGroup).length;
				const no = new Set(denied.map(({ row }) => row).filter(inGroup)).size;
				const made = trace.tasks.filter(
					(task) => isPaid(task) && groupOfTask(task) === group && isWithin(task.createdAt, turn),
				);
				// A provider that ignores keys creates several tasks for one row, of which one is known.
				const isBroken = promisesIdempotency(group) && !honorsIdempotency(group, trace.plan);
				const counted = isBroken && asking > no ? made.filter((one) => isKnown(one, trace)) : made;
				return counted.length > (asking - no) * tasksPerCreate(group)
					? [`${made.length} tasks were made for ${asking} rows, ${no} of them say "no": ${group}`]
					: [];
			});
		}),
	);
}

/** A later rejection doesn't undo what an earlier request may have created. */
function falseForCreates(trace: Trace): string[] {
	const rows = rowsPerGroup(trace.plan.rows);
	return allOutcomes(trace).flatMap(({ kind, row, turn, ...rest }) => {
		const group = groupAt(trace, row);
		if (kind !== 'failed' || !('charged' in rest) || rest.charged !== 'no') return [];
		if (rows.get(group) !== 1 || rest.taskId !== undefined) return [];
		const creates = createsOf(trace, group).filter(({ request }) => request.at <= turn.to);
		const last = creates.at(-1);
		const underKey = creates.filter((event) => last && keyOf(event) === keyOf(last));
		const lost = underKey.findLastIndex(isUnconfirmed);
		const isSettled = underKey.slice(lost + 1).some(isAccepted);
		return lost >= 0 && !isSettled
			? [`row ${row + 1} says "no" although "${underKey[lost]?.name}" came to it: ${group}`]
			: [];
	});
}
