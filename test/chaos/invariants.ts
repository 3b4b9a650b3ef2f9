import { isDeepStrictEqual } from 'node:util';

import type { IBinaryData, INodeExecutionData } from 'n8n-workflow';

import type { TaskView } from '../sandbox/sandbox';
import type { Execution, Story, Turn } from './carryOut';
import { LOSING, type Event, type FaultName } from './faults';
import { pictureOf } from './pictures';
import { groupOf, isDoomed } from './plan';
import { inputOf, keptTasks, outcomesOf, type Outcome } from './said';

/** What is wrong with a run; nothing, if it kept the rule. */
type Invariant = (story: Story) => string[] | Promise<string[]>;

export const INVARIANTS: Record<string, Invariant> = {
	'charges no row twice': chargesNoRowTwice,
	'gives no task to two rows': givesNoTaskToTwoRows,
	'names every task that was made': namesEveryTask,
	'says what it cannot know': saysWhatItCannotKnow,
	'says that nothing was charged only where that is true': saysNotChargedOnlyWhereTrue,
	'gives each row its own images, whole and in order': givesEachRowItsImages,
	'accounts for each row': accountsForEachRow,
	'gives up only for a reason': givesUpOnlyForAReason,
	'ends by its deadlines': endsByItsDeadlines,
	'is silent once it is stopped': isSilentOnceStopped,
	'keeps the keys secret': keepsTheKeysSecret,
	'fetches links without the key': fetchesLinksWithoutTheKey,
};

const groupOfTask = ({ gateway, prompt }: TaskView): string => `${gateway}: ${prompt}`;

/** Its images were, or will be, charged. */
const isPaid = (task: TaskView): boolean => task.status !== 'failed' && !isDoomed(task);

const isWithin = (at: number, { from, to }: { from: number; to: number }): boolean =>
	at >= from && at <= to;

/** The groups of rows that ask for the same, with how many ask. */
function demand(rows: Story['plan']['rows']): Map<string, number> {
	const counts = new Map<string, number>();
	for (const row of rows) counts.set(groupOf(row), (counts.get(groupOf(row)) ?? 0) + 1);
	return counts;
}

function isIdempotent(group: string): boolean {
	return group.startsWith('evoLink: ');
}

/** Whether a task's id came to the node, by its log. */
function isKnown(task: TaskView, { executions }: Story): boolean {
	return executions.some(({ result }) => logText(result.log).includes(task.id));
}

function logText(log: Execution['result']['log']): string {
	return JSON.stringify(log.map(({ message, meta }) => [message, meta]));
}

/**
 * Within one run of the node, never. Later ones may pay again only where the gateway honours no
 * Idempotency-Key and an earlier one has lost the answer; that it was said then is asserted below.
 */
function chargesNoRowTwice(story: Story): string[] {
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

function groupAt({ plan }: Story, number: number): string {
	const row = plan.rows[number];
	return row ? groupOf(row) : 'no row';
}

/** All that was said of rows, over all executions and turns. */
function allOutcomes(story: Story): Array<Outcome & { execution: number; turn: Turn }> {
	return story.executions.flatMap((execution, index) =>
		execution.turns.flatMap((turn) =>
			outcomesOf(execution, turn).outcomes.map((outcome) => ({
				...outcome,
				execution: index,
				turn,
			})),
		),
	);
}

function givesNoTaskToTwoRows(story: Story): string[] {
	const rowsOf = new Map<string, Set<number>>();
	for (const { taskId, row } of allOutcomes(story)) {
		if (taskId !== undefined) rowsOf.set(taskId, (rowsOf.get(taskId) ?? new Set()).add(row));
	}
	return [...rowsOf].flatMap(([taskId, rows]) =>
		rows.size > 1 ? [`${taskId} stands for rows ${[...rows].join(', ')}`] : [],
	);
}

/** In the output or the error of the execution that made it; after a stop, in the log. */
function namesEveryTask(story: Story): string[] {
	return story.tasks.filter(isPaid).flatMap((task) => {
		const makers = story.executions.filter((execution) => isWithin(task.createdAt, execution));
		if (makers.length === 0) return [`${task.id} was made outside of all executions`];
		if (!isKnown(task, story)) return [];
		const isNamed = makers.some((execution) =>
			execution.result.status === 'canceled'
				? logText(execution.result.log).includes(task.id)
				: whatIsShown(execution).includes(task.id),
		);
		return isNamed ? [] : [`${task.id} is not named (${groupOfTask(task)})`];
	});
}

function whatIsShown({ result, turns }: Execution): string {
	const items = turns.flatMap(({ outputs }) => outputs?.flat() ?? []).map(({ json }) => json);
	return JSON.stringify([items, result.error?.message, result.error?.description]);
}

const MADE_AT = /made at (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/;
/** Between sending and acceptance: a delayed request, and a process that is late. */
const LATEST_ACCEPTANCE_MS = 10_000;

/** A task without a known id is there only because an answer was lost, and its row says so. */
function saysWhatItCannotKnow(story: Story): string[] {
	const unnamed = story.tasks.filter((task) => isPaid(task) && !isKnown(task, story));
	return story.executions.flatMap((execution, index) =>
		[...new Set(unnamed.map(groupOfTask))].flatMap((group) => {
			const made = unnamed.filter(
				(task) => groupOfTask(task) === group && isWithin(task.createdAt, execution),
			);
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
					(at) => createdAt >= at && createdAt - at < LATEST_ACCEPTANCE_MS,
				);
				if (match === -1) problems.push(`no row says that ${id} may exist: ${group}`);
				else said.splice(match, 1);
			}
			return problems;
		}),
	);
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
		const { row, sentAt } = (meta ?? {}) as { row?: number; sentAt?: string };
		const isSaid = message.includes('whether a Seedream create was accepted is not known');
		return isSaid && groupAt(story, (row ?? 0) - 1) === group ? [Date.parse(sentAt ?? '')] : [];
	});
	return [...fromRows, ...fromLog].sort((a, b) => b - a);
}

/** In each run of the node: a task made there belongs to a row that does not say "no". */
function saysNotChargedOnlyWhereTrue(story: Story): string[] {
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

async function givesEachRowItsImages(story: Story): Promise<string[]> {
	const problems = [];
	for (const execution of story.executions) {
		for (const turn of execution.turns) {
			problems.push(...disorder(turn));
			for (const outcome of outcomesOf(execution, turn).outcomes) {
				if (outcome.kind === 'delivered') problems.push(...(await faultsOf(outcome, story)));
			}
		}
	}
	return problems;
}

/** In each output, the items stand in the order of the rows. */
function disorder({ outputs = [] }: Turn): string[] {
	return outputs.flatMap((items, index) => {
		const inputs = items.map((item) => inputOf(item) ?? -1);
		const isSorted = inputs.every((input, place) => input >= (inputs[place - 1] ?? -1));
		return isSorted ? [] : [`output ${index} is out of order: ${inputs.join(', ')}`];
	});
}

async function faultsOf(
	{ row: number, taskId, items }: Extract<Outcome, { kind: 'delivered' }>,
	story: Story,
): Promise<string[]> {
	const { plan, tasks } = story;
	const row = plan.rows[number];
	const task = tasks.find(({ id }) => id === taskId);
	if (!row || !task) return [`row ${number + 1} has a task that does not exist: ${taskId}`];
	const problem = (what: string) => `row ${number + 1}, ${taskId}: ${what}`;
	if (groupOfTask(task) !== groupOf(row)) return [problem(`is of ${groupOfTask(task)}`)];
	const [first] = items;
	if (items.some(({ json }) => json.prompt !== row.prompt || json.provider !== row.provider)) {
		return [problem('an item has the prompt or the provider of another row')];
	}
	if (plan.continueWhen === 'submitted') {
		const isPlain = items.length === 1 && first?.json.status === 'submitted';
		return isPlain ? [] : [problem('is not handed on as submitted')];
	}
	if (task.status !== 'completed') return [problem(`is delivered, but ${task.status}`)];
	if (task.images.length !== row.imageCount) {
		return [problem(`${task.images.length} images, the test expects ${row.imageCount}`)];
	}
	const urls =
		plan.outputItems === 'perTask' ? first?.json.imageUrls : items.map(({ json }) => json.imageUrl);
	if (!isDeepStrictEqual(urls, task.images)) return [problem(`links ${JSON.stringify(urls)}`)];
	if (plan.outputItems === 'perTask' && items.length !== 1) return [problem('several items')];
	if (items.some(({ json }) => json.imageCount !== task.images.length)) {
		return [problem('an item has a wrong imageCount')];
	}
	if (!plan.isDownloading) {
		return items.some(({ binary }) => binary) ? [problem('has files nobody asked for')] : [];
	}
	const files = items.flatMap((item) => filesOf(item));
	if (files.length !== task.images.length) return [problem(`has ${files.length} files`)];
	const wrong = [];
	for (const [index, file] of files.entries()) {
		const bytes = await story.readFile(file);
		const picture = pictureOf(taskId, index);
		if (!bytes.equals(picture)) {
			const isPart = picture.subarray(0, bytes.length).equals(bytes);
			wrong.push(problem(`file ${index} is ${isPart ? 'broken off' : 'another'}`));
		}
	}
	return wrong;
}

/** `data`, `data_1`, … */
function filesOf({ binary = {} }: INodeExecutionData): IBinaryData[] {
	return Object.keys(binary).flatMap((_name, index) => {
		const file = binary[index === 0 ? 'data' : `data_${index}`];
		return file ? [file] : [];
	});
}

function accountsForEachRow(story: Story): string[] {
	return story.executions.flatMap((execution, index) => {
		const { result, turns } = execution;
		if (result.status === 'canceled') return [];
		if (!['success', 'error'].includes(result.status)) return [`it ended as ${result.status}`];
		if (turns.length === 0) return [`execution ${index + 1} has no run of the node`];
		return turns.flatMap((turn) => {
			const { outcomes, problems } = outcomesOf(execution, turn);
			const times = turn.rows.map((row) => outcomes.filter((one) => one.row === row).length);
			if (turn.outputs) {
				const wrong = turn.rows.filter((_row, place) => times[place] !== 1);
				return [...problems, ...wrong.map((row) => `row ${row + 1} has not one outcome`)];
			}
			// Without Continue On Fail: the rows that failed, and the tasks of all the others.
			if (story.plan.onError !== undefined) problems.push('it failed in spite of Continue On Fail');
			const failed = outcomes.length;
			const kept = keptTasks(execution).length;
			if (failed === 0) problems.push('the error names no row');
			if (failed + kept !== turn.rows.length && !isRefusedBatch(turn, kept, story)) {
				problems.push(`${failed} rows failed and ${kept} are kept, of ${turn.rows.length}`);
			}
			return problems;
		});
	});
}

/** Refused before anything was sent: only the rows that were refused are named. */
function isRefusedBatch({ rows }: Turn, kept: number, { plan }: Story): boolean {
	return kept === 0 && rows.some((row) => plan.rows[row]?.prompt === '');
}

const MOST_MISSES = 5;
const MOST_UNREADABLE = 6;
const MOST_DOWNLOADS = 5;

const UNREADABLE = new Set<FaultName | undefined>([
	'200 wrong JSON',
	'200 page',
	'200 with the key',
	'cut short',
]);
const GONE = new Set<FaultName | undefined>(['link 403', 'link 404', 'link 410']);
const MISSING = new Set<FaultName | undefined>(['404', 'vanished']);

/** A row that has a task fails for what happened to that task, and for nothing that passes. */
function givesUpOnlyForAReason(story: Story): string[] {
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
	];
}

/** A row without a task needs something that happened to its create, its upload or its gateway. */
function causeBefore({ row: number, message }: Outcome & { message: string }, story: Story) {
	const { plan, events } = story;
	const row = plan.rows[number];
	const isTroubled =
		row?.prompt === '' ||
		plan.refusal !== undefined ||
		plan.rateLimit !== undefined ||
		events.some(
			({ request, name }) => name && ['create', 'upload', 'query'].includes(request.step),
		);
	return isTroubled ? [] : [`row ${number + 1} failed without a cause: ${message}`];
}

function hasReason(
	task: TaskView,
	{ message }: { message: string },
	execution: Execution,
	story: Story,
): boolean {
	if (task.status === 'failed' || isDoomed(task)) return true;
	if (/Seedream Task Status will fetch it/.test(message)) {
		return execution.to >= task.createdAt + story.plan.timeout * 1000;
	}
	const events = story.events.filter(
		({ request }) => request.taskId === task.id && request.at <= execution.to,
	);
	if (/could not be downloaded/.test(message)) {
		const downloads = events.filter(({ request }) => request.step === 'download');
		return (
			downloads.filter(({ name }) => GONE.has(name)).length >= 2 ||
			longestRow(downloads, ({ name }) => name !== undefined) >= MOST_DOWNLOADS ||
			story.plan.refusal !== undefined
		);
	}
	const queries = events.filter(({ request }) => request.step === 'query');
	return (
		longestRow(queries, ({ name }) => MISSING.has(name)) >= MOST_MISSES ||
		longestRow(queries, ({ name }) => UNREADABLE.has(name)) >= MOST_UNREADABLE
	);
}

function longestRow(events: readonly Event[], isOne: (event: Event) => boolean): number {
	let longest = 0;
	let current = 0;
	for (const event of events) {
		current = isOne(event) ? current + 1 : 0;
		longest = Math.max(longest, current);
	}
	return longest;
}

/** A task that has vanished is given up after a few tries: in each try of the node anew. */
function tooManyMisses({ tasks, events, executions }: Story): string[] {
	const calls = executions.reduce((sum, { result }) => sum + result.calls, 0);
	return tasks.flatMap(({ id }) => {
		const queries = events.filter(
			({ request }) => request.step === 'query' && request.taskId === id,
		);
		const misses = longestRow(queries, ({ name }) => MISSING.has(name));
		return misses > MOST_MISSES * calls ? [`${id} was asked for ${misses} times in vain`] : [];
	});
}

/** For the query after a deadline, an answer that is late, and a machine that is. */
const QUERY_SLACK_MS = 10_000 + 3_000;

function endsByItsDeadlines({ plan, tasks, events, executions, outlived }: Story): string[] {
	if (outlived !== undefined) return [`it did not end within ${outlived} s`];
	return tasks.flatMap((task) => {
		const maker = executions.find((execution) => isWithin(task.createdAt, execution));
		if (!maker || maker.result.calls > maker.turns.length) return [];
		// A link that has expired is asked for anew, once, whatever the time.
		const late = events.filter(
			({ request }) =>
				request.step === 'query' &&
				request.taskId === task.id &&
				request.at > task.createdAt + plan.timeout * 1000 + QUERY_SLACK_MS &&
				isWithin(request.at, maker),
		);
		const isRenewed = events.some(
			({ request, name }) => request.taskId === task.id && GONE.has(name),
		);
		return late.length > (isRenewed ? 1 : 0) ? [`${task.id} was asked for after its deadline`] : [];
	});
}

const SILENCE_MS = 500;

function isSilentOnceStopped({ executions, events, lagMs }: Story): string[] {
	return executions.flatMap(({ cancelledAt }) =>
		cancelledAt === undefined
			? []
			: events
					.filter(({ request }) => request.at > cancelledAt + SILENCE_MS + lagMs)
					.map(
						({ request, subject }) =>
							`${request.step} came ${request.at - cancelledAt} ms after the stop: ${subject}`,
					),
	);
}

/** Everything that anyone may come to see: output, error, log, hints, and what n8n saves. */
function keepsTheKeysSecret({ executions, keys }: Story): string[] {
	return executions.flatMap(({ result }) => {
		const { error, log, hints, items, errorItems, runs, execution } = result;
		const places: Record<string, unknown> = {
			items: [items, errorItems, runs],
			error: error && [error.message, error.description, error.stack, causes(error), error],
			log,
			hints,
			execution,
		};
		return Object.entries(places).flatMap(([place, content]) => {
			const text = JSON.stringify(content, plainErrors) ?? '';
			return keys.some((key) => text.includes(key)) ? [`a key stands in the ${place}`] : [];
		});
	});
}

function causes(error: unknown): unknown[] {
	if (!(error instanceof Error)) return [];
	const { message, stack, cause } = error;
	return [message, stack, ...Object.values(error).map(String), ...causes(cause)];
}

/** JSON leaves out what an error has. */
function plainErrors(_key: string, value: unknown): unknown {
	return value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value;
}

function fetchesLinksWithoutTheKey({ events, keys }: Story): string[] {
	return events.flatMap(({ request, subject }) => {
		if (request.step !== 'download') return [];
		const text = JSON.stringify([request.path, request.headers]);
		return request.authorizationSent || keys.some((key) => text.includes(key))
			? [`the key went along: ${subject}`]
			: [];
	});
}
