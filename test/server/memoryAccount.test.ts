import { countBy, groupBy, sumBy } from 'lodash';
import { z } from 'zod';

import { systems } from '../n8n/systems';
import type { TaskView } from '../sandbox/sandbox';
import { PROVIDER_TITLES, type ProviderName } from '../sandbox/tasks';
import { ChaoticExecutions } from './chaoticExecutions';
import { readDataTable } from './dataTable';
import { itemsOf, runsOf, type Item } from './executionData';
import { GENERATE, START } from './nodeChains';
import type { Execution } from './restClient';
import { installRuntime } from './runtime';
import { SeedreamN8n } from './seedreamN8n';

/**
 * The data table of 'Remember in Data Table' and the providers' accounts, after 100 executions in which
 * everything goes wrong. They agree to the credit, except for tasks whose IDs n8n never received, and
 * tasks that no execution has seen finish: for each of these, the table has a row that says so.
 */

const MINUTE = 60_000;

const { SEED = '1' } = process.env;
const EXECUTIONS = 100;
const KILLED_AFTER = 50;

const TABLE = 'Seedream tasks';

const PROVIDERS = Object.keys(PROVIDER_TITLES) as ProviderName[];

/** Two models of a provider at most, so that executions of the same workflow overlap. */
const SYSTEMS = PROVIDERS.flatMap((provider) =>
	systems.filter((system) => system.provider === provider).slice(0, 2),
);

const rowSchema = z.object({
	provider: z.string(),
	prompt: z.string(),
	row: z.number(),
	key: z.string(),
	state: z.enum(['sent', 'made', 'delivered', 'failed']),
	taskId: z.string().nullable(),
	creditsCost: z.number().nullable(),
	execution: z.string(),
});

type TableRow = z.infer<typeof rowSchema>;

let n8n: SeedreamN8n;
let rows: readonly TableRow[];
let tasks: readonly TaskView[];
let chaos: ChaoticExecutions;
/** The rows of each task, by its ID. */
let taskRows: Readonly<Record<string, TableRow[]>>;

beforeAll(async () => {
	const clock = { offsetMs: 0 };
	n8n = await SeedreamN8n.open(await installRuntime(console.log), {
		sandbox: { taskSeconds: 0.5, imageBytes: 2_000, now: () => Date.now() + clock.offsetMs },
		// The default engine takes longer, and the expressions don't matter here.
		env: { N8N_EXPRESSION_ENGINE: 'legacy' },
	});
	const { sandbox, rest } = n8n;
	chaos = new ChaoticExecutions(n8n, Number(SEED));
	const workflowIds = { never: [] as string[], sameRequest: [] as string[] };
	for (const reuse of ['never', 'sameRequest'] as const) {
		for (const system of SYSTEMS) {
			workflowIds[reuse].push(await chaos.createWorkflow(system, { memoryTable: TABLE, reuse }));
		}
	}
	sandbox.setIntercept(chaos.intercept);
	await Promise.all([
		chaos.run([...workflowIds.never, ...workflowIds.sameRequest], EXECUTIONS),
		chaos.killN8n(KILLED_AFTER),
	]);
	sandbox.setIntercept(undefined);
	// The slowest tasks finish, and the next executions find them.
	clock.offsetMs += 10 * MINUTE;
	for (const id of workflowIds.sameRequest) {
		await rest.waitFor(id, await rest.run(id, START), MINUTE);
	}
	clock.offsetMs += 10 * MINUTE;
	rows = z.array(rowSchema).parse(await readDataTable(rest, TABLE));
	tasks = sandbox.tasks();
	taskRows = groupBy(rows, 'taskId');
}, 10 * MINUTE);

afterAll(async () => await n8n?.close());

const rowsOf = ({ id }: Pick<TaskView, 'id'>) => taskRows[id] ?? [];
const hasState = (states: ReadonlyArray<TableRow['state']>) => (task: TaskView) =>
	rowsOf(task).some(({ state }) => states.includes(state));
const hasEnded = hasState(['delivered', 'failed']);
const isOpen = (task: TaskView) => hasState(['made'])(task) && !hasEnded(task);
const isLost = (task: TaskView) => rowsOf(task).length === 0;

/** Of all runs of the node. */
function itemsIn({ data }: Execution): Item[] {
	const runs = runsOf(data, GENERATE);
	return runs.flatMap((run) => [...itemsOf(run), ...itemsOf(run, 1)]);
}

/** Of all executions. */
const items = () => chaos.ended.flatMap(itemsIn);

it('the executions were stopped, killed, retried, and reused tasks; responses were lost', () => {
	const statuses = countBy(chaos.ended, 'status');
	expect(statuses).toMatchObject({
		success: expect.any(Number),
		error: expect.any(Number),
		canceled: expect.any(Number),
		crashed: expect.any(Number),
	});
	expect(chaos.ended.length).toBeGreaterThan(EXECUTIONS - 10);
	expect(chaos.ended.some(({ isRetry }) => isRetry)).toBe(true);
	expect(items().some(({ json }) => json.reused)).toBe(true);
	for (const hasHappened of [isLost, isOpen, hasState(['failed'])]) {
		expect(tasks.filter(hasHappened)).not.toEqual([]);
	}
});

it.each(PROVIDERS)(
	'the data table and the account at %s agree, except for lost and open tasks',
	(provider) => {
		const recorded = sumBy(
			rows.filter((row) => row.provider === PROVIDER_TITLES[provider]),
			({ creditsCost }) => creditsCost ?? 0,
		);
		const missing = tasks.filter(
			(task) => task.provider === provider && (isLost(task) || isOpen(task)),
		);
		const { charged, reserved } = n8n.sandbox.account(provider);
		expect(reserved).toBe(0);
		expect(recorded).toBeGreaterThan(0);
		expect(recorded + sumBy(missing, ({ credits }) => credits.charged)).toBeCloseTo(charged, 6);
	},
);

it('a task that ended has one row with its cost, to the credit', () => {
	const wrong = tasks.filter(hasEnded).filter((task) => {
		const ends = rowsOf(task).filter(({ state }) => state === 'delivered' || state === 'failed');
		const cost = ends[0]?.creditsCost ?? 0;
		return ends.length !== 1 || Math.abs(cost - task.credits.charged) > 1e-6;
	});
	expect(wrong.map((task) => [task.credits.charged, rowsOf(task)])).toEqual([]);
});

it('a task belongs to one row, which requested it, and has one row in each state', () => {
	const taskIds = Object.keys(
		groupBy(
			rows.filter(({ taskId }) => taskId),
			'taskId',
		),
	);
	const wrong = taskIds.filter((id) => {
		const own = rowsOf({ id });
		const task = tasks.find((one) => one.id === id);
		const isRequested = own.every(
			({ prompt, provider }) =>
				task?.prompt === prompt && PROVIDER_TITLES[task.provider] === provider,
		);
		const isOneRow = new Set(own.map(({ key }) => key)).size === 1;
		const isOncePerState = new Set(own.map(({ state }) => state)).size === own.length;
		return !isRequested || !isOneRow || !isOncePerState;
	});
	expect(wrong.map((id) => taskRows[id])).toEqual([]);
});

it('each task that n8n does not know was created by a request that the table has without a response', () => {
	const requestOf = ({ provider, prompt }: Pick<TableRow, 'provider' | 'prompt'>) =>
		`${provider}: ${prompt}`;
	const lost = countBy(tasks.filter(isLost), ({ provider, prompt }) =>
		requestOf({ provider: PROVIDER_TITLES[provider], prompt }),
	);
	const unanswered: Record<string, number> = {};
	for (const ofKey of Object.values(groupBy(rows, 'key'))) {
		const [first] = ofKey as [TableRow];
		const request = requestOf(first);
		unanswered[request] = (unanswered[request] ?? 0) + unansweredCreates(ofKey);
	}
	const unexplained = Object.entries(lost).filter(
		([request, count]) => count > (unanswered[request] ?? 0),
	);
	expect(unexplained).toEqual([]);
});

/** How many of the creates under one key have neither made a task nor been rejected. */
function unansweredCreates(ofKey: readonly TableRow[]): number {
	const sent = ofKey.filter(({ state }) => state === 'sent').length;
	const rejected = ofKey.filter(({ state, taskId }) => state === 'failed' && !taskId).length;
	const made = new Set(ofKey.flatMap(({ taskId }) => taskId ?? [])).size;
	return Math.max(0, sent - rejected - made);
}

it('a task is only open if its execution was interrupted or reported that', () => {
	const executions = new Map(chaos.ended.map((execution) => [execution.id, execution]));
	const isReported = (task: TaskView) =>
		rowsOf(task).some((row) => {
			const execution = executions.get(row.execution);
			if (execution?.status !== 'success') return true;
			return itemsIn(execution).some(
				({ json }) => json.taskId === task.id && json.status !== 'completed',
			);
		});
	const completed = new Set(
		items().flatMap(({ json }) => (json.status === 'completed' ? json.taskId : [])),
	);
	const open = tasks.filter(isOpen);
	expect(open.filter((task) => !isReported(task)).map(rowsOf)).toEqual([]);
	expect(open.filter(({ id }) => completed.has(id)).map(rowsOf)).toEqual([]);
});
