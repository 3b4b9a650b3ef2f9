import { countBy } from 'lodash';

import type { TaskView } from '../../sandbox/sandbox';
import type { RequestEvent } from '../faultInjector';
import type { FaultNames } from '../faults';
import type { Outcome } from '../messages';
import { isLimited } from '../plan';
import { groupOf, isRefused } from '../rows';
import type { Execution, Trace } from '../trace';
import {
	allOutcomes,
	createsOf,
	groupAt,
	groupOfTask,
	isWithin,
	longestStreak,
	queriesOf,
} from './traceQueries';

const MAX_NOT_FOUND = 5;
const MAX_UNREADABLE = 6;
const MAX_DOWNLOADS = 5;
/** How often a new link is opened again after 403, before the task is polled for another one. */
const MAX_FORBIDDEN = 3;

const UNREADABLE: FaultNames = new Set([
	'200 wrong JSON',
	'200 page',
	'200 with the key',
	'cut short',
]);
const LINK_EXPIRED: FaultNames = new Set(['link 403 expired', 'link 404', 'link 410']);
const NOT_FOUND: FaultNames = new Set(['404', 'vanished']);

/** A row with a task only fails because of that task, not because of something temporary. */
export function failsOnlyForAReason(trace: Trace): string[] {
	const { executions, plan } = trace;
	return [
		...allOutcomes(trace).flatMap((outcome) => {
			if (outcome.kind !== 'failed') return [];
			const task = trace.tasks.find(({ id }) => id === outcome.taskId);
			const execution = executions[outcome.execution];
			const row = plan.rows[outcome.row];
			if (!task || !execution || !row) return failureWithoutCause(outcome, trace);
			const problem = `row ${outcome.row + 1}, ${task.id}: ${outcome.message}`;
			return hasReason(task, outcome, execution, trace) ? [] : [problem];
		}),
		...tooManyNotFound(trace),
		...tooEarlyWhileInProgress(trace),
	];
}

/**
 * A row without a task only fails because of its create request, its upload or its provider. A limit
 * doesn't count if there was time to wait it out.
 */
function failureWithoutCause(
	{ row: number, message }: Outcome & { message: string },
	trace: Trace,
) {
	const { plan, events } = trace;
	const row = plan.rows[number];
	const isTroubled =
		isRefused(row) ||
		plan.outage !== undefined ||
		isLimited(plan) ||
		events.some(
			({ request: { provider, step }, name }) =>
				name && provider === row?.provider && ['create', 'upload'].includes(step),
		);
	return isTroubled ? [] : [`row ${number + 1} failed without a cause: ${message}`];
}

const STILL_UNDER_WAY = /is still processing an earlier request/;
const INITIAL_WAIT_SECONDS = 2;

/** A create request that's in progress is repeated as long as there's time. */
function tooEarlyWhileInProgress(trace: Trace): string[] {
	const { plan } = trace;
	if (plan.tries > 0) return [];
	return allOutcomes(trace).flatMap((outcome) => {
		const { row, turn } = outcome;
		if (outcome.kind !== 'failed' || !STILL_UNDER_WAY.test(outcome.message)) return [];
		const group = groupAt(trace, row);
		const creates = createsOf(trace, group).filter(({ request }) => isWithin(request.at, turn));
		const [first] = creates;
		const last = creates.at(-1);
		if (!first || !last || plan.rows.filter((one) => groupOf(one) === group).length > 1) return [];
		const repeats = creates.filter(({ name }) => name === '409 in progress').length;
		const wait = group.startsWith('apiMart') ? 1 : INITIAL_WAIT_SECONDS * 2 ** (repeats - 1);
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
	trace: Trace,
): boolean {
	const hasEnded = (task.finishedAt ?? Infinity) <= execution.to;
	if (hasEnded && task.images.length === 0) return true;
	if (/Fetch it later with the Seedream Task Status node/.test(message)) {
		// A clock set forward in an earlier try used up the time.
		const jump = Math.max(0, trace.plan.clockJump?.byMs ?? 0);
		return execution.to + jump >= task.createdAt + trace.plan.timeout * 1000;
	}
	const events = trace.events.filter(({ request }) => request.at <= execution.to);
	if (/couldn't download it: /.test(message)) {
		const downloads = events.filter(
			({ request }) => request.step === 'download' && request.taskId === task.id,
		);
		const forbidden = downloads.filter(({ name }) => name === 'link 403').length;
		return (
			downloads.filter(({ name }) => LINK_EXPIRED.has(name)).length + forbidden / MAX_FORBIDDEN >=
				2 ||
			longestStreak(downloads, ({ name }) => name !== undefined) >= MAX_DOWNLOADS ||
			trace.plan.outage !== undefined
		);
	}
	// A failed batch query says nothing about a task.
	const queries = queriesOf(task, events).filter(({ batchIds, name }) => !batchIds || !name);
	return (
		longestStreak(queries, ({ name }) => NOT_FOUND.has(name)) >= MAX_NOT_FOUND ||
		longestStreak(queries, ({ name }) => UNREADABLE.has(name)) >= MAX_UNREADABLE
	);
}

/**
 * A task unknown to the provider fails after a few queries, counted again in every try of the node, for
 * every link, and after a query that didn't arrive.
 */
function tooManyNotFound({ plan, tasks, events, executions }: Trace): string[] {
	const calls = executions.reduce((sum, { result }) => sum + result.calls, 0);
	return tasks.flatMap((task) => {
		const misses = longestStreak(queriesOf(task, events), ({ name }) => NOT_FOUND.has(name));
		const times = calls * (isRenewed(task, events) ? 2 : 1) + (plan.outage ? 1 : 0);
		return misses > MAX_NOT_FOUND * times
			? [`${task.id} was polled ${misses} times although it is unknown`]
			: [];
	});
}

/** Whether a link of the task failed, so that the task had to be polled for another one. */
function isRenewed({ id }: TaskView, events: readonly RequestEvent[]): boolean {
	return events.some(
		({ request, name }) => request.taskId === id && (LINK_EXPIRED.has(name) || name === 'link 403'),
	);
}

/** For the last query after the timeout, a late response and a slow machine. */
const QUERY_SLACK_MS = 10_000 + 3_000;

export function endsByItsDeadlines({
	plan,
	tasks,
	events,
	executions,
	timedOutAfter: timedOutAfter,
}: Trace): string[] {
	if (timedOutAfter !== undefined) return [`it did not end within ${timedOutAfter} s`];
	return tasks.flatMap((task) => {
		if (executions.some(({ result, turns }) => result.calls > turns.length)) return [];
		// Nor if the response that names it trickled in.
		if (createsOf({ events }, groupOfTask(task)).some(({ name }) => name === 'trickled')) return [];
		// Later turns of a loop and retries poll a task again.
		const maker = executions
			.flatMap(({ turns }) => turns)
			.find((turn) => isWithin(task.createdAt, turn));
		if (!maker) return [];
		// An expired link is polled for once more, whatever the time.
		const until = confirmedAt(task, events) + plan.timeout * 1000 + QUERY_SLACK_MS;
		const late = queriesOf(task, events).filter(
			({ request }) => request.at > until && isWithin(request.at, maker),
		);
		return late.length > (isRenewed(task, events) ? 1 : 0)
			? [`${task.id} was polled after its timeout`]
			: [];
	});
}

/** A task's timeout begins with the response that names it, which isn't always the first at EvoLink. */
function confirmedAt(task: TaskView, events: readonly RequestEvent[]): number {
	const firstQuery = queriesOf(task, events)[0]?.request.at ?? Infinity;
	const creates = events.filter(
		({ request, subject }) =>
			request.step === 'create' && subject === groupOfTask(task) && request.at < firstQuery,
	);
	return Math.max(task.createdAt, ...creates.map(({ request }) => request.at));
}

const SILENCE_MS = 500;

export function sendsNothingOnceStopped({ executions, events, lagBetween }: Trace): string[] {
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

/** At least a second: Retry-After in seconds or as a date, and create requests in progress. */
const WITH_RETRY_AFTER: FaultNames = new Set(['429, seconds', '429, date', '409 in progress']);
const MIN_DELAY_MS = 950;

/**
 * Checked per row, as pending requests of other rows still arrive. A second try of the node doesn't
 * know about it.
 */
export function waitsForRetryAfter({ plan, events, executions }: Trace): string[] {
	if (plan.tries > 0) return [];
	const counts = countBy(plan.rows.map(groupOf));
	const isAlone = ({ request: { step }, subject }: RequestEvent) =>
		(step === 'create' && counts[subject] === 1) || (step === 'query' && subject.includes('#'));
	const turns = executions.flatMap((execution) => execution.turns);
	return events.filter(isAlone).flatMap((event, index, list) => {
		if (!WITH_RETRY_AFTER.has(event.name)) return [];
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
