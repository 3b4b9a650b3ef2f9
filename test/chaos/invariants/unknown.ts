import type { TaskView } from '../../sandbox/sandbox';
import type { Execution, Story } from '../execute';
import { LOSING } from '../faults';
import type { Event } from '../injector';
import { keptRows } from '../messages';
import type { Plan } from '../plan';
import { tasksOfOne } from '../rows';
import {
	allOutcomes,
	createsOf,
	groupAt,
	groupOfTask,
	honoursKeys,
	isKnownIn,
	isPaid,
	isWithin,
	keyOf,
} from './facts';

/** Where a row, or the log of a stopped execution, says that there may be a task whose id nobody knows. */
interface Statement {
	text: string;
	/** When a create was sent of which nobody knows what became, in milliseconds since 1970. */
	times: number[];
}

/** There are more such rows than anybody wants to read of. */
const AND_MORE: Statement = { text: 'between any times', times: [-Infinity] };

/** A task without a known id is there only because an answer was lost, and its row says so. */
export function saysWhatItCannotKnow(story: Story): string[] {
	return story.executions.flatMap((execution, index) => {
		const unnamed = story.tasks.filter(
			(task) => isPaid(task) && isWithin(task.createdAt, execution) && !isKnownIn(execution, task),
		);
		return [...new Set(unnamed.map(groupOfTask))].flatMap((group) => {
			const made = unnamed.filter((task) => groupOfTask(task) === group);
			const lost = createsOf(story, group).filter(
				({ request, name }) => LOSING.has(name) && isWithin(request.at, execution),
			);
			if (made.length > lost.length * tasksOfOne(group)) {
				return [`${made.length} unknown tasks, but ${lost.length} lost answers: ${group}`];
			}
			const statements = statementsOf(story, execution, index, group);
			return [...byKey(made, lost)].flatMap(([key, tasks]) => {
				const match = statements.findIndex((one) => covers(one, tasks, group, story.plan));
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

/** The tasks of each key's creates, the latest first: a task is made soon after its create has come. */
function byKey(made: readonly TaskView[], lost: readonly Event[]): Map<string, TaskView[]> {
	const tasks = new Map<string, TaskView[]>();
	const creates = lost.flatMap((event) => Array<Event>(tasksOfOne(event.subject)).fill(event));
	for (const task of [...made].sort((a, b) => b.createdAt - a.createdAt)) {
		const index = creates.findLastIndex(({ request }) => request.at <= task.createdAt);
		const [create] = creates.splice(index, 1);
		const key = create ? keyOf(create) : '';
		tasks.set(key, [...(tasks.get(key) ?? []), task]);
	}
	return tasks;
}

/** Between sending and acceptance: a delayed request, and a process that is late. */
const LATEST_ACCEPTANCE_MS = 10_000;

function covers(
	{ text, times }: Statement,
	tasks: readonly TaskView[],
	group: string,
	plan: Plan,
): boolean {
	// Where the list of the account was at hand, its tasks are named.
	if (LISTED.test(text)) return tasks.every(({ id }) => text.includes(id));
	const first = Math.min(...times);
	const isOpenEnded = OPEN_ENDED.test(text) || honoursKeys(group, plan);
	return tasks.every(({ createdAt }) =>
		isOpenEnded
			? createdAt >= first
			: times.some((at) => createdAt >= at && createdAt - at < LATEST_ACCEPTANCE_MS),
	);
}

const LISTED = / lists \S+ \(|its list has \S+ \(/;
const OPEN_ENDED = /UTC or (?:after|later)|between/;

function statementsOf(
	story: Story,
	execution: Execution,
	index: number,
	group: string,
): Statement[] {
	const texts = new Map<string, string>();
	for (const outcome of allOutcomes(story)) {
		if (outcome.execution !== index || groupAt(story, outcome.row) !== group) continue;
		const isDelivered = outcome.kind === 'delivered';
		if (!isDelivered && outcome.charged === 'no') continue;
		const text = isDelivered ? outcome.warning : outcome.message;
		if (text !== undefined) texts.set(`${outcome.row}: ${text}`, text);
	}
	const { warnings, moreWarnings } = keptRows(execution);
	for (const { row, text } of warnings) {
		const number = execution.turns.at(-1)?.rows[row] ?? -1;
		if (groupAt(story, number) === group) texts.set(`${number}: ${text}`, text);
	}
	// A stopped execution has nothing else to say it in.
	for (const { level, message } of execution.stoppedRows ? execution.result.log : []) {
		const number = execution.stoppedRows?.[Number(ROW.exec(message)?.[1]) - 1] ?? -1;
		const isSaid = level === 'warn' && groupAt(story, number) === group;
		if (isSaid) texts.set(`${number}: ${message}`, message);
	}
	const statements = [...texts.values()]
		.map((text) => ({ text, times: timesIn(text, story.plan) }))
		.filter(({ times }) => times.length > 0)
		.sort((a, b) => Math.max(...b.times) - Math.max(...a.times));
	return [...statements, ...Array<Statement>(moreWarnings).fill(AND_MORE)];
}

/** How a line of the log ends. */
const ROW = /row (\d+)\)$/;
const TIME = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/g;

/** By the true clock; a clock that jumped may have been asked before or after. */
function timesIn(text: string, { clockJump }: Plan): number[] {
	return [...text.matchAll(TIME)].flatMap(([, date, time]) => {
		const at = Date.parse(`${date}T${time}Z`);
		return clockJump ? [at, at - clockJump.byMs] : [at];
	});
}
