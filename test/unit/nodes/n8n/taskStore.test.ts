import type { IDataObject } from 'n8n-workflow';

import { openTaskStore, readTaskStore } from '../../../../nodes/Seedream/n8n/taskStore';
import { fakeContext, type FakeContext } from '../fakeContext';
import { requestFor, BODY, LAKE } from '../tasks/ledgerFixtures';

const NOW = 1_790_000_000_000;
const ESTABLISHED_AT = 1_795_680_000_123;

function openRecord(context: FakeContext, row = 0) {
	return openTaskStore(fakeContext(context)).openRecord(row, LAKE);
}

const keyOf = (context: FakeContext = {}, row = 0) => openRecord(context, row).idempotencyKey;

describe('a recorded task', () => {
	it('a row has no recorded task at first', () => {
		expect(openRecord({}).tasks()).toBeUndefined();
	});

	it('a recorded task is found by a retry', () => {
		const nodeContext: IDataObject = {};
		openRecord({ nodeContext }).markCreated(['task-1'], NOW);
		expect(openRecord({ nodeContext }).tasks()).toMatchObject({ taskIds: ['task-1'], at: NOW });
	});

	it('a recorded task is found by a retry that n8n starts from saved data, next to other saved data', () => {
		const nodeContext: IDataObject = { uploads: { a: { url: 'https://a.example', until: 7 } } };
		openRecord({ nodeContext }).markCreated(['task-1'], NOW);
		const saved: IDataObject = JSON.parse(JSON.stringify(nodeContext));
		expect(saved.uploads).toEqual(nodeContext.uploads);
		expect(openRecord({ nodeContext: saved, executionId: '43' }).tasks()).toMatchObject({
			taskIds: ['task-1'],
		});
	});

	it("a recorded task isn't found by another execution", () => {
		openRecord({}).markCreated(['task-1'], NOW);
		expect(openRecord({}).tasks()).toBeUndefined();
	});

	it('a task is recorded in the same object, which the calls of an AI agent share', () => {
		const nodeContext: IDataObject = {};
		const first = openRecord({ nodeContext, runIndex: 0 });
		const tasks = nodeContext.tasks;
		first.markCreated(['task-1'], NOW);
		const second = openRecord({ nodeContext, runIndex: 1 });
		second.markCreated(['task-2'], NOW);
		expect(nodeContext.tasks).toBe(tasks);
		expect(JSON.stringify(tasks)).toContain('task-1');
		expect(JSON.stringify(tasks)).toContain('task-2');
	});

	it.each<[string, IDataObject['x']]>([
		['a string', 'tasks'],
		['a list', [1]],
		['null', null],
		['entries in another format', { abc: { taskId: 'task-1' } }],
		['records without a version', { records: [], replayed: {} }],
		['a version without records', { version: 2, replayed: {} }],
	])('the task store starts empty where the saved data is %s', (_what, tasks) => {
		const nodeContext: IDataObject = { tasks };
		const first = openRecord({ nodeContext });
		expect(first.tasks()).toBeUndefined();
		first.markCreated(['task-1'], NOW);
		expect(openRecord({ nodeContext }).tasks()).toMatchObject({ taskIds: ['task-1'] });
	});
});

it('a recorded task is found next to a record of another version', () => {
	const nodeContext: IDataObject = {};
	openRecord({ nodeContext }).markCreated(['task-1'], NOW);
	const saved = JSON.parse(JSON.stringify(nodeContext));
	saved.tasks.records.unshift({ from: 'another version' });
	expect(openRecord({ nodeContext: saved }).tasks()).toMatchObject({ taskIds: ['task-1'] });
	expect(saved.tasks.records).toHaveLength(2);
});

it('thousands of records are read bit by bit, and n8n can do other things in between', async () => {
	const nodeContext: IDataObject = {};
	openRecord({ nodeContext }).markCreated(['task-1'], NOW);
	const [record] = JSON.parse(JSON.stringify(nodeContext)).tasks.records;
	const records = Array.from({ length: 30_000 }, (_record, row) => ({ ...record, row }));
	let pauses = 0;
	const timer = setInterval(() => (pauses += 1));
	const saved = { tasks: { version: 2, records, replayed: {} } };
	await readTaskStore(fakeContext({ nodeContext: saved, executionId: '43' }));
	clearInterval(timer);
	expect(pauses).toBeGreaterThan(1);
	const last = openRecord({ nodeContext: saved, executionId: '43' }, 29_999);
	expect(last.tasks()).toMatchObject({ taskIds: ['task-1'] });
});

describe('loops and executions', () => {
	it("a recorded task belongs to one iteration of n8n's loop", () => {
		const nodeContext: IDataObject = {};
		openRecord({ nodeContext, runIndex: 3 }).markCreated(['task-1'], NOW);
		expect(openRecord({ nodeContext, runIndex: 4 }).tasks()).toBeUndefined();
		expect(openRecord({ nodeContext, runIndex: 3 }).tasks()).toMatchObject({ taskIds: ['task-1'] });
	});

	it('an unconfirmed create of another execution counts as seen', () => {
		const nodeContext: IDataObject = {};
		openRecord({ nodeContext, executionId: '42' }).markSent(BODY, NOW);
		expect(openRecord({ nodeContext, executionId: '42' }).unconfirmed()).toEqual({
			at: NOW,
			lastAt: NOW,
			body: BODY,
			isSeen: false,
		});
		expect(openRecord({ nodeContext, executionId: '43' }).unconfirmed()).toEqual({
			at: NOW,
			lastAt: NOW,
			body: BODY,
			isSeen: true,
		});
	});
});

describe("an agent's calls of a tool", () => {
	const node = { type: 'n8n-nodes-seedream.seedreamGenerateTool' };

	it("an agent's calls of a tool have separate records unless they request the same", () => {
		const nodeContext: IDataObject = {};
		const open = () => openTaskStore(fakeContext({ nodeContext, node }));
		const first = open();
		first.openRecord(0, LAKE).markCreated(['task-1'], NOW);
		first.close();
		expect(open().openRecord(0, requestFor('A sea')).tasks()).toBeUndefined();
		expect(open().openRecord(0, LAKE).tasks()).toMatchObject({ taskIds: ['task-1'] });
	});
});

describe('the idempotency key', () => {
	it('the idempotency key is the same in every attempt of the same row', () => {
		expect(keyOf()).toBe(keyOf());
		expect(keyOf()).toMatch(/^[\da-f]{64}$/);
	});

	it.each([
		['row', keyOf({}, 1)],
		['execution', keyOf({ executionId: '43' })],
		['iteration of a loop', keyOf({ runIndex: 1 })],
		['node', keyOf({ node: { id: 'node-2' } })],
		['workflow', keyOf({ workflowId: 'workflow-2' })],
		['installation', keyOf({ instanceId: 'instance-2' })],
	])('the idempotency key is different for another %s', (_what, key) => {
		expect(key).not.toBe(keyOf());
	});

	describe("in an execution without an ID, because n8n doesn't save it", () => {
		const executionId = '';

		it('the idempotency key is the same in every attempt of an execution without an ID', () => {
			const nodeContext: IDataObject = {};
			expect(keyOf({ executionId, nodeContext })).toBe(keyOf({ executionId, nodeContext }));
		});

		it('the idempotency key is different for another execution without an ID', () => {
			expect(keyOf({ executionId })).not.toBe(keyOf({ executionId }));
		});
	});

	describe('where n8n keeps the time at which the execution was established', () => {
		let establishedAt = ESTABLISHED_AT;

		/** As in n8n 2. Each test has a time of its own, because the process remembers it across tests. */
		const timedKey = (changes: FakeContext = {}, row = 0) =>
			keyOf({ rows, executionContext: { establishedAt }, finishCallbacks: [], ...changes }, row);
		const rows = [{ prompt: 'A quiet lake' }, { prompt: 'A dark forest' }];

		beforeEach(() => {
			establishedAt += 1_000;
		});

		it.each<[string, FakeContext]>([
			['another attempt in the same execution', {}],
			['a retry, which has another execution ID', { executionId: '43', mode: 'retry' }],
			['a retry of that retry', { executionId: '44', mode: 'retry', nodeContext: { a: 1 } }],
		])('the idempotency key is the same for %s', (_what, changes) => {
			expect(timedKey(changes)).toBe(timedKey());
			expect(timedKey(changes, 1)).toBe(timedKey({}, 1));
		});

		it('the idempotency key is the same for a retry in another process', () => {
			const retried = timedKey({ executionId: '43', mode: 'retry' });
			expect(timedKey()).toBe(retried);
		});

		it.each<[string, FakeContext, number]>([
			['row', {}, 1],
			['iteration of a loop', { runIndex: 1 }, 0],
			['node', { node: { id: 'node-2' } }, 0],
			['workflow', { workflowId: 'workflow-2' }, 0],
			['installation', { instanceId: 'instance-2' }, 0],
			['time of establishment', { executionContext: { establishedAt: 1 } }, 0],
			['input in the same millisecond', { rows: [...rows].reverse(), executionId: '43' }, 0],
			['execution with the same input in the same millisecond', { executionId: '43' }, 0],
		])('the idempotency key is different for another %s in n8n 2', (_what, changes, row) => {
			expect(timedKey()).toBe(timedKey());
			expect(timedKey(changes, row)).not.toBe(timedKey());
			expect(timedKey(changes, row)).toBe(timedKey(changes, row));
		});

		it.each<[string, () => FakeContext]>([
			[
				'in sub-workflows, of which many may start at the same time',
				() => ({ executionContext: { establishedAt, parentExecutionId: '7' } }),
			],
			['in n8n 1, whose queue may start a job again later', () => ({ finishCallbacks: undefined })],
		])(
			'the idempotency key depends on the execution ID instead of the time %s',
			(_what, changes) => {
				const keyWithId = (executionId: string) =>
					timedKey({ ...changes(), executionId, mode: 'retry' });
				expect(keyWithId('42')).toBe(keyWithId('42'));
				expect(keyWithId('43')).not.toBe(keyWithId('42'));
				const before = keyWithId('42');
				establishedAt += 1;
				expect(keyWithId('42')).toBe(before);
			},
		);

		it('the idempotency key depends on the time in n8n 1, too, if n8n saves the progress', () => {
			const changes = { finishCallbacks: undefined, savesProgress: true };
			expect(timedKey({ ...changes, executionId: '43', mode: 'retry' })).toBe(timedKey(changes));
		});
	});
});
