import type { Execution, Story } from '../execute';
import { outcomesOf, type Outcome } from '../messages';
import { isDoomed, tasksOfOne } from '../rows';
import {
	allOutcomes,
	createsOf,
	demand,
	groupAt,
	groupOfTask,
	honoursKeys,
	isAccepted,
	isKnown,
	isKnownIn,
	isPaid,
	isUndecided,
	isWithin,
	keyOf,
	promisesKeys,
} from './facts';

/**
 * Never, where the provider honours keys. Elsewhere only what a lost answer hides may come on top, and
 * in one run of the node not even that, unless the provider has broken its promise. That it is said then
 * is asserted elsewhere.
 */
export function chargesNoRowTwice(story: Story): string[] {
	const { plan, tasks, executions } = story;
	const paid = tasks.filter(isPaid);
	return [...demand(plan.rows)].flatMap(([group, rows]) => {
		const own = paid.filter((task) => groupOfTask(task) === group);
		const isSure = honoursKeys(group, plan);
		const hidden = isSure ? [] : own.filter((task) => !isKnown(task, story));
		const each = tasksOfOne(group);
		const problems = [];
		const most = rows * each * timesWanted(story, group);
		if (own.length - hidden.length > most) {
			problems.push(`${own.length} tasks for ${rows} rows, ${hidden.length} lost: ${group}`);
		}
		for (const execution of executions) {
			for (const turn of execution.turns) {
				const counted =
					isSure || !promisesKeys(group) ? own : own.filter((one) => !hidden.includes(one));
				const within = counted.filter(({ createdAt }) => isWithin(createdAt, turn)).length;
				const asking = turn.rows.filter((row) => groupAt(story, row) === group).length;
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

/** What has failed and was charged all the same, people may order again by retrying the execution. */
function timesWanted({ plan, executions }: Story, group: string): number {
	const row = plan.rows.findIndex((one) => `${one.provider}: ${one.prompt}` === group);
	const planned = plan.rows[row];
	return planned && isDoomed(planned) ? executions.length : 1;
}

/** What one turn of a loop has left, another row that asks for the same may take up in a later one. */
export function givesNoTaskToTwoRows(story: Story): string[] {
	const outcomes = allOutcomes(story);
	const turns = [...new Set(outcomes.map(({ turn }) => turn))];
	const perTurn = turns.map((turn) => outcomes.filter((one) => one.turn === turn));
	const delivered = outcomes.filter(({ kind }) => kind === 'delivered');
	// Of a task whose images did not all come, the others may go to another row that asks for the same.
	const inPart = new Set(
		outcomes.flatMap((one) =>
			one.kind === 'delivered' && one.missing.length > 0 ? [one.taskId] : [],
		),
	);
	return [...perTurn, delivered]
		.map((list) => list.filter(({ taskId }) => taskId === undefined || !inPart.has(taskId)))
		.flatMap(sharedTasks);
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

/**
 * In the output or the error of each execution that knew of it, each of several that one create has
 * made; after a stop, in the log.
 */
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

/** Of its own task, and of every create that was sent for it. */
export function saysNotChargedOnlyWhereTrue(story: Story): string[] {
	return [...ofItsTask(story), ...ofItsTurn(story), ...ofItsCreates(story)];
}

/** "Charged" only where that is true, too. */
function ofItsTask(story: Story): string[] {
	return allOutcomes(story).flatMap((outcome) => {
		const task = story.tasks.find(({ id }) => id === outcome.taskId);
		if (outcome.kind !== 'failed' || !task) return [];
		const isTrue = outcome.charged === (isPaid(task) ? 'yes' : 'no');
		const isSaid = outcome.charged === 'yes' || outcome.charged === 'no';
		return isSaid && !isTrue
			? [`${task.id} cost ${task.credits.charged}, and its row says "${outcome.charged}"`]
			: [];
	});
}

/** In each run of the node: a task made there belongs to a row that does not say "no". */
function ofItsTurn(story: Story): string[] {
	return story.executions.flatMap((execution) =>
		execution.turns.flatMap((turn) => {
			if (execution.result.status === 'canceled') return [];
			const { outcomes } = outcomesOf(execution, turn);
			const denied = outcomes.filter((one) => one.kind === 'failed' && one.charged === 'no');
			return [...new Set(denied.map(({ row }) => groupAt(story, row)))].flatMap((group) => {
				const inGroup = (row: number) => groupAt(story, row) === group;
				const asking = turn.rows.filter(inGroup).length;
				const no = new Set(denied.map(({ row }) => row).filter(inGroup)).size;
				const made = story.tasks.filter(
					(task) => isPaid(task) && groupOfTask(task) === group && isWithin(task.createdAt, turn),
				);
				// A broken promise makes several for one row: of these, one is known.
				const isBroken = promisesKeys(group) && !honoursKeys(group, story.plan);
				const counted = isBroken && asking > no ? made.filter((one) => isKnown(one, story)) : made;
				return counted.length > (asking - no) * tasksOfOne(group)
					? [`${made.length} tasks were made for ${asking} rows, ${no} of them say "no": ${group}`]
					: [];
			});
		}),
	);
}

/** What is refused later does not undo what may have been made before, whoever has seen that. */
function ofItsCreates(story: Story): string[] {
	const rows = demand(story.plan.rows);
	return allOutcomes(story).flatMap(({ kind, row, turn, ...rest }) => {
		const group = groupAt(story, row);
		if (kind !== 'failed' || !('charged' in rest) || rest.charged !== 'no') return [];
		if (rows.get(group) !== 1 || rest.taskId !== undefined) return [];
		const creates = createsOf(story, group).filter(({ request }) => request.at <= turn.to);
		const last = creates.at(-1);
		const underKey = creates.filter((event) => last && keyOf(event) === keyOf(last));
		const lost = underKey.findLastIndex(isUndecided);
		const isSettled = underKey.slice(lost + 1).some(isAccepted);
		return lost >= 0 && !isSettled
			? [`row ${row + 1} says "no" although "${underKey[lost]?.name}" came to it: ${group}`]
			: [];
	});
}
