import type { TaskView } from '../../sandbox/sandbox';
import type { RequestEvent } from '../faultInjector';
import { LOSE_RESPONSE } from '../faults';
import { keptRows } from '../messages';
import type { Plan } from '../plan';
import { tasksPerCreate } from '../rows';
import type { Execution, Trace } from '../trace';
import {
	allOutcomes,
	createsOf,
	groupAt,
	groupOfTask,
	honorsIdempotency,
	isKnownIn,
	isPaid,
	isWithin,
	keyOf,
} from './traceQueries';

/** A row's message, or a log line of a stopped execution, that there may be a task with an unknown ID. */
interface Statement {
	text: string;
	/** When the unconfirmed create requests were sent, in milliseconds since 1970. */
	times: number[];
}

/** For rows beyond the number an error lists. */
const AND_MORE: Statement = { text: 'between any times', times: [-Infinity] };

/** A task with an unknown ID only exists because a response was lost, and its row says so. */
export function reportsUnconfirmedCreates(trace: Trace): string[] {
	return trace.executions.flatMap((execution, index) => {
		const unnamed = trace.tasks.filter(
			(task) => isPaid(task) && isWithin(task.createdAt, execution) && !isKnownIn(execution, task),
		);
		return [...new Set(unnamed.map(groupOfTask))].flatMap((group) => {
			const made = unnamed.filter((task) => groupOfTask(task) === group);
			const lost = createsOf(trace, group).filter(
				({ request, name }) => LOSE_RESPONSE.has(name) && isWithin(request.at, execution),
			);
			if (made.length > lost.length * tasksPerCreate(group)) {
				return [`${made.length} unknown tasks, but ${lost.length} lost answers: ${group}`];
			}
			const statements = statementsOf(trace, execution, index, group);
			return [...byKey(made, lost)].flatMap(([key, tasks]) => {
				const match = statements.findIndex((one) => covers(one, tasks, group, trace.plan));
				if (match >= 0) {
					statements.splice(match, 1);
					return [];
				}
				const ids = tasks.map(({ id }) => id).join(', ');
				return [`no row says that ${ids} may exist: ${group} under ${key.slice(0, 8)}`];
			});
		});
	});
}

/** Matches tasks to create requests by time, the latest first, and groups them by key. */
function byKey(made: readonly TaskView[], lost: readonly RequestEvent[]): Map<string, TaskView[]> {
	const tasks = new Map<string, TaskView[]>();
	const creates = lost.flatMap((event) =>
		Array<RequestEvent>(tasksPerCreate(event.subject)).fill(event),
	);
	for (const task of [...made].sort((a, b) => b.createdAt - a.createdAt)) {
		const index = creates.findLastIndex(({ request }) => request.at <= task.createdAt);
		const [create] = creates.splice(index, 1);
		const key = create ? keyOf(create) : '';
		tasks.set(key, [...(tasks.get(key) ?? []), task]);
	}
	return tasks;
}

/** Between sending and acceptance: delayed requests and a slow process. */
const LATEST_ACCEPTANCE_MS = 10_000;

function covers(
	{ text, times }: Statement,
	tasks: readonly TaskView[],
	group: string,
	plan: Plan,
): boolean {
	// If there was a list of tasks, they're named.
	if (LISTED.test(text)) return tasks.every(({ id }) => text.includes(id));
	const first = Math.min(...times);
	const isOpenEnded = OPEN_ENDED.test(text) || honorsIdempotency(group, plan);
	return tasks.every(({ createdAt }) =>
		isOpenEnded
			? createdAt >= first
			: times.some((at) => createdAt >= at && createdAt - at < LATEST_ACCEPTANCE_MS),
	);
}

const LISTED = /The list has \S+ \(|its task list also has \S+ \(/;
const OPEN_ENDED = /UTC or (?:after|later)|between/;

function statementsOf(
	trace: Trace,
	execution: Execution,
	index: number,
	group: string,
): Statement[] {
	const texts = new Map<string, string>();
	for (const outcome of allOutcomes(trace)) {
		if (outcome.execution !== index || groupAt(trace, outcome.row) !== group) continue;
		const isDelivered = outcome.kind === 'delivered';
		if (!isDelivered && outcome.charged === 'no') continue;
		const text = isDelivered ? outcome.warning : outcome.message;
		if (text !== undefined) texts.set(`${outcome.row}: ${text}`, text);
	}
	const { warnings, moreWarnings } = keptRows(execution);
	for (const { row, text } of warnings) {
		const number = execution.turns.at(-1)?.rows[row] ?? -1;
		if (groupAt(trace, number) === group) texts.set(`${number}: ${text}`, text);
	}
	// A stopped execution only has its log.
	for (const { level, message } of execution.stoppedRows ? execution.result.log : []) {
		const number = execution.stoppedRows?.[Number(ROW.exec(message)?.[1]) - 1] ?? -1;
		const isSaid = level === 'warn' && groupAt(trace, number) === group;
		if (isSaid) texts.set(`${number}: ${message}`, message);
	}
	const statements = [...texts.values()]
		.map((text) => ({ text, times: timesIn(text, trace.plan) }))
		.filter(({ times }) => times.length > 0)
		.sort((a, b) => Math.max(...b.times) - Math.max(...a.times));
	return [...statements, ...Array<Statement>(moreWarnings).fill(AND_MORE)];
}

/** The end of a log line. */
const ROW = /row (\d+)\)$/;
const TIME = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/g;

/** In real time; the clock may have been read before or after a jump. */
function timesIn(text: string, { clockJump }: Plan): number[] {
	return [...text.matchAll(TIME)].flatMap(([, date, time]) => {
		const at = Date.parse(`${date}T${time}Z`);
		return clockJump ? [at, at - clockJump.byMs] : [at];
	});
}
