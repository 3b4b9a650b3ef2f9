import countBy from 'lodash/countBy';

import type { TaskView } from '../../sandbox/sandbox';
import type { Execution, Story } from '../execute';
import type { Names } from '../faults';
import type { Event } from '../injector';
import type { Outcome } from '../messages';
import { isLimited } from '../plan';
import { groupOf, isRefused } from '../rows';
import {
	allOutcomes,
	createsOf,
	groupAt,
	groupOfTask,
	isWithin,
	longestRow,
	queriesOf,
} from './facts';

const MAX_NOT_FOUND = 5;
const MAX_UNREADABLE = 6;
const MAX_DOWNLOADS = 5;
/** So often a fresh link that answers 403 is opened again, before its task is asked for another. */
const MAX_FORBIDDEN = 3;

const UNREADABLE: Names = new Set(['200 wrong JSON', '200 page', '200 with the key', 'cut short']);
const GONE: Names = new Set(['link 403 expired', 'link 404', 'link 410']);
const MISSING: Names = new Set(['404', 'vanished']);

/** A row that has a task fails for what happened to that task, and for nothing that passes. */
export function givesUpOnlyForAReason(story: Story): string[] {
	const { executions, plan } = story;
	return [
		...allOutcomes(story).flatMap((outcome) => {
			if (outcome.kind !== 'failed') return [];
			const task = story.tasks.find(({ id }) => id === outcome.taskId);
			const execution = executions[outcome.execution];
			const row = plan.rows[outcome.row];
			if (!task || !execution || !row) return causeBefore(outcome, story);
			const problem = `row ${outcome.row + 1}, ${task.id}: ${outcome.message}`;
			return hasReason(task, outcome, execution, story) ? [] : [problem];
		}),
		...tooManyMisses(story),
		...tooEarlyWhileUnderWay(story),
	];
}

/**
 * A row without a task needs something that happened to its create, its upload or its provider. A limit
 * is none where there was time to wait for its end.
 */
function causeBefore({ row: number, message }: Outcome & { message: string }, story: Story) {
	const { plan, events } = story;
	const row = plan.rows[number];
	const isTroubled =
		isRefused(row) ||
		plan.refusal !== undefined ||
		isLimited(plan) ||
		events.some(
			({ request: { provider, step }, name }) =>
				name && provider === row?.provider && ['create', 'upload'].includes(step),
		);
	return isTroubled ? [] : [`row ${number + 1} failed without a cause: ${message}`];
}

const STILL_UNDER_WAY = /is still working on an earlier request/;
const INITIAL_WAIT_SECONDS = 2;

/** A create that is under way is asked for again as long as there is time for another question. */
function tooEarlyWhileUnderWay(story: Story): string[] {
	const { plan } = story;
	if (plan.tries > 0) return [];
	return allOutcomes(story).flatMap((outcome) => {
		const { row, turn } = outcome;
		if (outcome.kind !== 'failed' || !STILL_UNDER_WAY.test(outcome.message)) return [];
		const group = groupAt(story, row);
		const creates = createsOf(story, group).filter(({ request }) => isWithin(request.at, turn));
		const [first] = creates;
		const last = creates.at(-1);
		if (!first || !last || plan.rows.filter((one) => groupOf(one) === group).length > 1) return [];
		const asked = creates.filter(({ name }) => name === '409 under way').length;
		const wait = group.startsWith('apiMart') ? 1 : INITIAL_WAIT_SECONDS * 2 ** (asked - 1);
		const waited = (last.request.at - first.request.at) / 1000;
		return waited + wait < plan.timeout - 1
			? [`row ${row + 1} gave up after ${waited} s: ${group}`]
			: [];
	});
}

function hasReason(
	task: TaskView,
	{ message }: { message: string },
	execution: Execution,
	story: Story,
): boolean {
	const hasEnded = (task.finishedAt ?? Infinity) <= execution.to;
	if (hasEnded && task.images.length === 0) return true;
	if (/Seedream Task Status can fetch it later/.test(message)) {
		// A clock that was set forward in an earlier try has taken its time away.
		const jump = Math.max(0, story.plan.clockJump?.byMs ?? 0);
		return execution.to + jump >= task.createdAt + story.plan.timeout * 1000;
	}
	const events = story.events.filter(({ request }) => request.at <= execution.to);
	if (/could not be downloaded/.test(message)) {
		const downloads = events.filter(
			({ request }) => request.step === 'download' && request.taskId === task.id,
		);
		const forbidden = downloads.filter(({ name }) => name === 'link 403').length;
		return (
			downloads.filter(({ name }) => GONE.has(name)).length + forbidden / MAX_FORBIDDEN >= 2 ||
			longestRow(downloads, ({ name }) => name !== undefined) >= MAX_DOWNLOADS ||
			story.plan.refusal !== undefined
		);
	}
	// Whatever a batch call came back with in place of an answer, it tells of no task.
	const queries = queriesOf(task, events).filter(({ asked, name }) => !asked || !name);
	return (
		longestRow(queries, ({ name }) => MISSING.has(name)) >= MAX_NOT_FOUND ||
		longestRow(queries, ({ name }) => UNREADABLE.has(name)) >= MAX_UNREADABLE
	);
}

/**
 * A task that has vanished is given up after a few tries: in each try of the node anew, for a link anew,
 * and after a question that did not arrive.
 */
function tooManyMisses({ plan, tasks, events, executions }: Story): string[] {
	const calls = executions.reduce((sum, { result }) => sum + result.calls, 0);
	return tasks.flatMap((task) => {
		const misses = longestRow(queriesOf(task, events), ({ name }) => MISSING.has(name));
		const times = calls * (isRenewed(task, events) ? 2 : 1) + (plan.refusal ? 1 : 0);
		return misses > MAX_NOT_FOUND * times
			? [`${task.id} was asked for ${misses} times in vain`]
			: [];
	});
}

/** Whether a link of the task did not work, so that it had to be asked for another one. */
function isRenewed({ id }: TaskView, events: readonly Event[]): boolean {
	return events.some(
		({ request, name }) => request.taskId === id && (GONE.has(name) || name === 'link 403'),
	);
}

/** For the query after a deadline, an answer that is late, and a machine that is. */
const QUERY_SLACK_MS = 10_000 + 3_000;

export function endsByItsDeadlines({ plan, tasks, events, executions, timedOut }: Story): string[] {
	if (timedOut !== undefined) return [`it did not end within ${timedOut} s`];
	return tasks.flatMap((task) => {
		if (executions.some(({ result, turns }) => result.calls > turns.length)) return [];
		// Nor when the answer that names it has come to its end.
		if (createsOf({ events }, groupOfTask(task)).some(({ name }) => name === 'trickled')) return [];
		// Another turn of a loop, or a retry, asks for a task anew.
		const maker = executions
			.flatMap(({ turns }) => turns)
			.find((turn) => isWithin(task.createdAt, turn));
		if (!maker) return [];
		// A link that has expired is asked for anew, once, whatever the time.
		const until = knownBy(task, events) + plan.timeout * 1000 + QUERY_SLACK_MS;
		const late = queriesOf(task, events).filter(
			({ request }) => request.at > until && isWithin(request.at, maker),
		);
		return late.length > (isRenewed(task, events) ? 1 : 0)
			? [`${task.id} was asked for after its deadline`]
			: [];
	});
}

/** A task's time begins with the answer that names it; at EvoLink that is not always the first. */
function knownBy(task: TaskView, events: readonly Event[]): number {
	const firstQuery = queriesOf(task, events)[0]?.request.at ?? Infinity;
	const creates = events.filter(
		({ request, subject }) =>
			request.step === 'create' && subject === groupOfTask(task) && request.at < firstQuery,
	);
	return Math.max(task.createdAt, ...creates.map(({ request }) => request.at));
}

const SILENCE_MS = 500;

export function isSilentOnceStopped({ executions, events, lagBetween }: Story): string[] {
	return executions.flatMap(({ cancelledAt }) =>
		cancelledAt === undefined
			? []
			: events
					.filter(
						({ request: { at } }) => at > cancelledAt + SILENCE_MS + lagBetween(cancelledAt, at),
					)
					.map(
						({ request, subject }) =>
							`${request.step} came ${request.at - cancelledAt} ms after the stop: ${subject}`,
					),
	);
}

/** Retry-After is a second at least, by seconds as by date; and what is under way needs its time. */
const TOLD: Names = new Set(['429, seconds', '429, date', '409 under way']);
const MIN_DELAY_MS = 950;

/**
 * Asked of one row at a time: what others have under way comes all the same. A second try of the node
 * knows nothing of it.
 */
export function comesBackNoEarlierThanTold({ plan, events, executions }: Story): string[] {
	if (plan.tries > 0) return [];
	const counts = countBy(plan.rows.map(groupOf));
	const isAlone = ({ request: { step }, subject }: Event) =>
		(step === 'create' && counts[subject] === 1) || (step === 'query' && subject.includes('#'));
	const turns = executions.flatMap((execution) => execution.turns);
	return events.filter(isAlone).flatMap((event, index, list) => {
		if (!TOLD.has(event.name)) return [];
		const { step, at } = event.request;
		const next = list
			.slice(index + 1)
			.find(({ request, subject }) => request.step === step && subject === event.subject);
		const turn = turns.find((one) => isWithin(at, one));
		if (!next || !turn || !isWithin(next.request.at, turn)) return [];
		const pause = next.request.at - at;
		return pause < MIN_DELAY_MS
			? [`${step} came back ${pause} ms after "${event.name}": ${event.subject}`]
			: [];
	});
}
