import type { Failure } from '../../../../nodes/Seedream/errors/failure';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider, TaskState } from '../../../../nodes/Seedream/providers/provider';
import type { LedgerScope, RowRequest } from '../../../../nodes/Seedream/tasks/ledger';
import type { LedgerData } from '../../../../nodes/Seedream/tasks/ledgerData';
import { Memory, RowMemory } from '../../../../nodes/Seedream/tasks/memory';
import { nextKey } from '../../../../nodes/Seedream/tasks/rowRecord';
import { reuseOrSubmitTasks } from '../../../../nodes/Seedream/tasks/reuseTasks';
import { virtualClock } from '../virtualClock';
import { FakeMemoryTable } from './fakeMemoryTable';
import { BODY, bodyOf, INPUT, LAKE, noData, open, requestFor, submitTools } from './ledgerFixtures';
import { networkError, reply, scriptedClientAt, type Script } from './scriptedApiClient';

const NOW = virtualClock().now();
const HOUR_MS = 60 * 60 * 1000;
const MAX_USD = 0.03;

const shared = (request: RowRequest = LAKE, rowKey = ''): RowRequest => ({
	...request,
	input: { ...request.input, maxUsd: MAX_USD },
	reuse: { rowKey },
});

/** Another execution of the workflow, which knows nothing of the first one. */
const OTHER: Partial<LedgerScope> = { execution: '43', keySeed: 'seed-43' };

const keyOf = (request = shared(), scope: Partial<LedgerScope> = {}, data: LedgerData = noData()) =>
	open(data, scope).openRecord(0, request).idempotencyKey;

describe('the key of a row that may get an earlier image', () => {
	it('is the same in every execution', () => {
		expect(keyOf(shared(), OTHER)).toBe(keyOf());
		expect(keyOf(LAKE, OTHER)).not.toBe(keyOf(LAKE));
	});

	it('is the same wherever the row is', () => {
		expect(open().openRecord(7, shared()).idempotencyKey).toBe(keyOf());
	});

	it.each<[string, string]>([
		['request', keyOf(shared(requestFor('A dark forest')))],
		['row key', keyOf(shared(LAKE, 'A-7'))],
		['node', keyOf(shared(), { nodeSeed: 'another-node' })],
		['iteration of a loop', keyOf(shared(), { iteration: 1 })],
		['mode', keyOf(LAKE)],
	])('is different for another %s', (_what, key) => {
		expect(key).not.toBe(keyOf());
	});

	it('is different for equal rows of one execution, in the same order in each', () => {
		const keys = [{}, OTHER].map((scope) => {
			const ledger = open(noData(), scope);
			return [0, 1, 2].map((row) => ledger.openRecord(row, shared()).idempotencyKey);
		});
		expect(new Set(keys[0]).size).toBe(3);
		expect(keys[1]).toEqual(keys[0]);
	});

	it('follows what the row requests from try to try', () => {
		const data = noData();
		const first = open(data).openRecord(0, shared());
		first.markSent(BODY, NOW);
		first.markRejected();
		first.markEnded({ kind: 'failed' });
		const forest = shared(requestFor('A dark forest'));
		expect(keyOf(forest, {}, data)).toBe(keyOf(forest));
	});
});

const created = (taskId: string, at = NOW, headers = {}) =>
	reply(200, { id: taskId, created: at / 1000, status: 'pending' }, headers);
const replayed = (taskId: string, at = NOW - HOUR_MS) =>
	created(taskId, at, { 'idempotency-replayed': 'true' });

const CONFLICT = reply(409, { error: { code: 'idempotency_conflict' } });
const IN_PROGRESS = reply(409, { error: { code: 'paid_outcome_unknown' } });
const BROKEN = networkError('ECONNRESET', true);
const POOR = reply(402, { error: { code: 'insufficient_quota' } });

const done = (at = NOW - HOUR_MS): TaskState => ({
	status: 'completed',
	createdAt: new Date(at),
	imageUrls: ['https://example.com/1.png'],
});
const FAILED: TaskState = {
	status: 'failed',
	error: { code: 'service_error', message: '', type: '' },
	charged: 'no',
};

interface Execution {
	provider?: Provider;
	data?: LedgerData;
	scope?: Partial<LedgerScope>;
	table?: FakeMemoryTable;
	/** By task; the others are completed an hour ago. */
	states?: Record<string, TaskState | Failure>;
}

/** One row of one execution. */
async function execute(
	responses: Script[],
	{ provider = evoLink, data = noData(), scope = {}, table, states = {} }: Execution = {},
) {
	const clock = virtualClock();
	const { client, calls } = scriptedClientAt(clock, provider, ...responses);
	const ledger = open(data, scope);
	const record = ledger.openRecord(0, shared());
	record.holdCost();
	const opened = table && (await Memory.open(table, clock));
	const memory = opened?.ok
		? new RowMemory(opened.value, { row: 0, rowKey: '', input: INPUT })
		: undefined;
	const polled: string[] = [];
	const result = await reuseOrSubmitTasks(client, bodyOf(BODY), record, {
		...submitTools(clock, { isRecorded: (taskId) => ledger.taskIds().has(taskId) }),
		memory,
		poll: async ({ taskId }) => {
			polled.push(taskId);
			const state = states[taskId] ?? done();
			return 'description' in state
				? { ok: false, failure: state }
				: { ok: true, value: { content: state, raw: {} } };
		},
	});
	if (opened?.ok) await opened.value.close();
	const keys = calls
		.filter(({ method }) => method === 'POST')
		.map(({ headers }) => headers?.['Idempotency-Key']);
	return { result, record, keys, polled, data };
}

const made = (taskId: string) => ({
	ok: true,
	value: { tasks: [expect.objectContaining({ taskId })] },
});
const reused = (taskId: string) => ({
	ok: true,
	value: { tasks: [expect.objectContaining({ taskId })], isReused: true },
});

const FIRST = keyOf();

describe('a row that the provider knows from another execution', () => {
	it('gets its task, which costs nothing', async () => {
		const { result, record, keys, data } = await execute([replayed('task-1')]);
		expect(result).toMatchObject(reused('task-1'));
		expect(keys).toEqual([FIRST]);
		expect(record.isReused()).toBe(true);
		expect(data.usd).toBe(MAX_USD);
		record.markEnded({ kind: 'done', usd: 1 });
		expect(data.usd).toBe(0);
	});

	it('pays for a task that was just created', async () => {
		const { result, record } = await execute([created('task-1')]);
		expect(result).toMatchObject(made('task-1'));
		expect(record.isReused()).toBe(false);
	});

	it('waits for a create of another execution that is in progress', async () => {
		const { result } = await execute([IN_PROGRESS, IN_PROGRESS, replayed('task-1', NOW + 2_000)]);
		expect(result).toMatchObject(reused('task-1'));
	});

	it('pays for its own create whose response was lost', async () => {
		const own = await execute([BROKEN, replayed('task-1', NOW)]);
		expect(own.result).toMatchObject(made('task-1'));
		expect(own.record.isReused()).toBe(false);
		const earlier = await execute([BROKEN, replayed('task-1')]);
		expect(earlier.result).toMatchObject(reused('task-1'));
	});

	it('knows that its task costs nothing in a later try as well', async () => {
		const { data, record } = await execute([replayed('task-1')]);
		record.markEnded({ kind: 'open' });
		const again = open(JSON.parse(JSON.stringify(data))).openRecord(0, undefined);
		expect(again.tasks()).toMatchObject({ taskIds: ['task-1'] });
		expect(again.isReused()).toBe(true);
	});

	const second = nextKey(FIRST, ['task-1']);
	const gone = { charged: 'unknown', description: '', isUnknownTask: true } as Failure;

	it.each<[string, Record<string, TaskState | Failure>, string[]]>([
		['failed', { 'task-1': FAILED }, ['task-1']],
		['cancelled', { 'task-1': { ...FAILED, status: 'cancelled' } }, ['task-1']],
		['is a day old', { 'task-1': done(NOW - 24 * HOUR_MS) }, ['task-1']],
		[
			'has links that expired',
			{ 'task-1': { ...done(), expiresAt: new Date(NOW) } as TaskState },
			['task-1'],
		],
		["isn't there anymore", { 'task-1': gone }, ['task-1']],
	])('moves on to its next key if the task %s', async (_what, states, polled) => {
		const first = await execute([replayed('task-1'), created('task-2')], { states });
		expect(first.result).toMatchObject(made('task-2'));
		expect(first.keys).toEqual([FIRST, second]);
		expect(first.polled).toEqual(polled);
		expect(first.record.isReused()).toBe(false);
		// The next execution takes the same way.
		const next = await execute([replayed('task-1'), replayed('task-2')], { states, scope: OTHER });
		expect(next.result).toMatchObject(reused('task-2'));
		expect(next.keys).toEqual([FIRST, second]);
	});

	it("doesn't ask for a task that was created more than a day ago", async () => {
		const old = replayed('task-1', NOW - 25 * HOUR_MS);
		const { result, polled } = await execute([old, created('task-2')]);
		expect(result).toMatchObject(made('task-2'));
		expect(polled).toEqual([]);
	});

	it('fails with its task if that cannot be read now', async () => {
		const failure = { charged: 'unknown', description: '', code: 'timeout' } as Failure;
		const { result, keys } = await execute([replayed('task-1')], {
			states: { 'task-1': failure },
		});
		expect(result).toEqual({ ok: false, failure });
		expect(keys).toHaveLength(1);
	});

	it('gets a key of its own after twenty that lead to nothing', async () => {
		const failing = Array.from({ length: 20 }, (_, index) => replayed(`task-${index}`));
		const states = Object.fromEntries(failing.map((_, index) => [`task-${index}`, FAILED]));
		const first = await execute([...failing, created('task-20')], { states });
		expect(first.result).toMatchObject(made('task-20'));
		const other = await execute([...failing, created('task-21')], { states, scope: OTHER });
		expect(other.keys).toHaveLength(21);
		expect(other.keys.slice(0, 20)).toEqual(first.keys.slice(0, 20));
		expect(other.keys[20]).not.toBe(first.keys[20]);
	});
});

describe('a row whose key the provider has for another request', () => {
	it('is created under its next key', async () => {
		const { result, keys, record } = await execute([CONFLICT, created('task-1')]);
		expect(result).toMatchObject(made('task-1'));
		expect(keys).toEqual([FIRST, nextKey(FIRST, [])]);
		expect(record.warning()).toBeUndefined();
	});

	it('fails if its own create may have been accepted', async () => {
		const { result, keys } = await execute([BROKEN, CONFLICT]);
		expect(result).toMatchObject({ ok: false, failure: { charged: 'unknown' } });
		expect(new Set(keys)).toEqual(new Set([FIRST]));
	});

	it('is created under a key of its own if all others are taken', async () => {
		const { result, keys } = await execute([...Array(20).fill(CONFLICT), created('task-1')]);
		expect(result).toMatchObject(made('task-1'));
		expect(new Set(keys).size).toBe(21);
	});
});

describe.each<[string, Provider]>([
	['evoLink', evoLink],
	['apiMart', apiMart],
	['apiInOne', apiInOne],
])('a row in the data table, at %s', (_id, provider) => {
	const responseTo = (taskId: string) =>
		provider === evoLink ? created(taskId) : reply(200, { data: [{ task_id: taskId }] });

	it('gets its task without a create', async () => {
		const table = new FakeMemoryTable();
		const first = await execute([responseTo('task-1')], { provider, table });
		expect(first.result).toMatchObject(made('task-1'));
		expect(table.states()).toEqual(['sent', 'made task-1']);
		const next = await execute([], { provider, table, scope: OTHER });
		expect(next.result).toMatchObject(reused('task-1'));
		expect(next.keys).toEqual([]);
	});

	it('is created again if its task failed', async () => {
		const table = new FakeMemoryTable();
		await execute([responseTo('task-1')], { provider, table });
		const states = { 'task-1': FAILED };
		const next = await execute([responseTo('task-2')], { provider, table, states, scope: OTHER });
		expect(next.result).toMatchObject(made('task-2'));
		const third = await execute([], { provider, table, states, scope: OTHER });
		expect(third.result).toMatchObject(reused('task-2'));
		expect(third.polled).toEqual(['task-2']);
		expect(table.states()).toEqual(['sent', 'made task-1', 'failed task-1', 'sent', 'made task-2']);
	});

	it('is created again after a day', async () => {
		const table = new FakeMemoryTable();
		await execute([responseTo('task-1')], { provider, table });
		for (const entry of table.entries) entry.at -= 25 * HOUR_MS;
		const next = await execute([responseTo('task-2')], { provider, table, scope: OTHER });
		expect(next.result).toMatchObject(made('task-2'));
		expect(next.polled).toEqual([]);
	});

	it('is sent again if its create was rejected', async () => {
		const table = new FakeMemoryTable();
		await execute([POOR], { provider, table });
		expect(table.states()).toEqual(['sent', 'failed']);
		const next = await execute([responseTo('task-1')], { provider, table, scope: OTHER });
		expect(next.result).toMatchObject(made('task-1'));
		expect(next.keys).toEqual([FIRST]);
	});

	it('that was sent, with an unknown outcome, is only sent again under a key that is honored', async () => {
		const table = new FakeMemoryTable();
		table.entries.push({ key: FIRST, state: 'sent', at: NOW - 60_000 });
		const next = await execute([replayed('task-1', NOW - 60_000)], { provider, table });
		if (provider === evoLink) {
			expect(next.result).toMatchObject(made('task-1'));
			expect(next.keys).toEqual([FIRST]);
			return;
		}
		expect(next.keys).toEqual([]);
		expect(next.result).toMatchObject({
			ok: false,
			failure: {
				charged: 'unknown',
				message: expect.stringContaining('was lost in an earlier execution'),
				description: expect.stringContaining(
					'delete its row with the state "sent" from the data table "Tasks"',
				),
			},
		});
	});

	it("isn't sent if that can't be recorded", async () => {
		const table = new FakeMemoryTable();
		table.isBroken = true;
		const { result, keys, record } = await execute([responseTo('task-1')], { provider, table });
		expect(result).toMatchObject({
			ok: false,
			failure: { code: 'data_table_unavailable', charged: 'no' },
		});
		expect(keys).toEqual([]);
		expect(record.tasks()).toBeUndefined();
	});
});

it("a row that another execution sent gets that execution's task, even if its own create is lost", async () => {
	const table = new FakeMemoryTable();
	table.entries.push({ key: FIRST, state: 'sent', at: NOW - HOUR_MS });
	const { result, record } = await execute([BROKEN, replayed('task-1')], { table });
	expect(result).toMatchObject(reused('task-1'));
	expect(record.isReused()).toBe(true);
});

it('a row that was sent to EvoLink with another body, with an unknown outcome, fails', async () => {
	const table = new FakeMemoryTable();
	table.entries.push({ key: FIRST, state: 'sent', at: NOW - 60_000 });
	const { result, keys } = await execute([CONFLICT], { table });
	expect(result).toMatchObject({
		ok: false,
		failure: {
			charged: 'unknown',
			description: expect.stringContaining('from the data table "Tasks"'),
		},
	});
	expect(keys).toEqual([FIRST]);
});
