import type { IDataObject } from 'n8n-workflow';

import { openTaskStore } from '../../../../nodes/Seedream/n8n/taskStore';
import { fakeContext, type FakeContext } from '../fakeContext';
import { asking, BODY, LAKE } from '../tasks/ledgers';

const NOW = 1_790_000_000_000;
const MOMENT = 1_795_680_000_123;

function record(context: FakeContext, row = 0) {
	return openTaskStore(fakeContext(context)).record(row, LAKE);
}

const keyOf = (context: FakeContext = {}, row = 0) => record(context, row).idempotencyKey;

describe('a task', () => {
	it('is unknown at first', () => {
		expect(record({}).tasks()).toBeUndefined();
	});

	it('is found by the next try of the node', () => {
		const nodeContext: IDataObject = {};
		record({ nodeContext }).made(['task-1'], NOW);
		expect(record({ nodeContext }).tasks()).toMatchObject({ taskIds: ['task-1'], at: NOW });
	});

	it('is found by a try that n8n starts from saved data, beside what else is saved', () => {
		const nodeContext: IDataObject = { uploads: { a: { url: 'https://a.example', until: 7 } } };
		record({ nodeContext }).made(['task-1'], NOW);
		const saved: IDataObject = JSON.parse(JSON.stringify(nodeContext));
		expect(saved.uploads).toEqual(nodeContext.uploads);
		expect(record({ nodeContext: saved, executionId: '43' }).tasks()).toMatchObject({
			taskIds: ['task-1'],
		});
	});

	it('is unknown to another execution', () => {
		record({}).made(['task-1'], NOW);
		expect(record({}).tasks()).toBeUndefined();
	});

	it('is written into the same object, which the calls of an AI agent share', () => {
		const nodeContext: IDataObject = {};
		const first = record({ nodeContext, runIndex: 0 });
		const tasks = nodeContext.tasks;
		first.made(['task-1'], NOW);
		const second = record({ nodeContext, runIndex: 1 });
		second.made(['task-2'], NOW);
		expect(nodeContext.tasks).toBe(tasks);
		expect(JSON.stringify(tasks)).toContain('task-1');
		expect(JSON.stringify(tasks)).toContain('task-2');
	});

	it.each<[string, IDataObject['x']]>([
		['a text', 'tasks'],
		['a list', [1]],
		['null', null],
		['entries of another shape', { abc: { taskId: 'task-1' } }],
		['records without a version', { records: [], replayed: {} }],
		['a version without records', { version: 2, replayed: {} }],
	])('starts afresh where it finds %s', (_what, tasks) => {
		const nodeContext: IDataObject = { tasks };
		const first = record({ nodeContext });
		expect(first.tasks()).toBeUndefined();
		first.made(['task-1'], NOW);
		expect(record({ nodeContext }).tasks()).toMatchObject({ taskIds: ['task-1'] });
	});
});

it('is the one record that can be read, beside one that cannot', () => {
	const nodeContext: IDataObject = {};
	record({ nodeContext }).made(['task-1'], NOW);
	const saved = JSON.parse(JSON.stringify(nodeContext));
	saved.tasks.records.unshift({ from: 'another version' });
	expect(record({ nodeContext: saved }).tasks()).toMatchObject({ taskIds: ['task-1'] });
	expect(saved.tasks.records).toHaveLength(2);
});

describe('the turn', () => {
	it('is the turn of the loop that n8n counts', () => {
		const nodeContext: IDataObject = {};
		record({ nodeContext, runIndex: 3 }).made(['task-1'], NOW);
		expect(record({ nodeContext, runIndex: 4 }).tasks()).toBeUndefined();
		expect(record({ nodeContext, runIndex: 3 }).tasks()).toMatchObject({ taskIds: ['task-1'] });
	});

	it('is of one execution', () => {
		const nodeContext: IDataObject = {};
		record({ nodeContext, executionId: '42' }).sent(BODY, NOW);
		expect(record({ nodeContext, executionId: '42' }).unconfirmed()).toEqual({
			at: NOW,
			lastAt: NOW,
			body: BODY,
			isSeen: false,
		});
		expect(record({ nodeContext, executionId: '43' }).unconfirmed()).toEqual({
			at: NOW,
			lastAt: NOW,
			body: BODY,
			isSeen: true,
		});
	});
});

describe('the calls of a tool', () => {
	const node = { type: 'n8n-nodes-seedream.seedreamGenerateTool' };

	it('are told apart by what they ask for', () => {
		const nodeContext: IDataObject = {};
		const open = () => openTaskStore(fakeContext({ nodeContext, node }));
		const first = open();
		first.record(0, LAKE).made(['task-1'], NOW);
		first.close();
		expect(open().record(0, asking('A sea')).tasks()).toBeUndefined();
		expect(open().record(0, LAKE).tasks()).toMatchObject({ taskIds: ['task-1'] });
	});
});

describe('the idempotency key', () => {
	it('is the same on every try of the same row', () => {
		expect(keyOf()).toBe(keyOf());
		expect(keyOf()).toMatch(/^[\da-f]{64}$/);
	});

	it.each([
		['row', keyOf({}, 1)],
		['execution', keyOf({ executionId: '43' })],
		['turn of a loop', keyOf({ runIndex: 1 })],
		['node', keyOf({ node: { id: 'node-2' } })],
		['workflow', keyOf({ workflowId: 'workflow-2' })],
		['installation', keyOf({ instanceId: 'instance-2' })],
	])('is another for another %s', (_what, key) => {
		expect(key).not.toBe(keyOf());
	});

	describe('where n8n has no id for the execution, because it does not save it', () => {
		const executionId = '';

		it('is the same on every try', () => {
			const nodeContext: IDataObject = {};
			expect(keyOf({ executionId, nodeContext })).toBe(keyOf({ executionId, nodeContext }));
		});

		it('is another for another execution', () => {
			expect(keyOf({ executionId })).not.toBe(keyOf({ executionId }));
		});
	});

	describe('where n8n keeps the moment at which the execution began', () => {
		let moment = MOMENT;

		/** As n8n 2 tells it. Each test has a moment of its own: what this process knows of it outlives a test. */
		const keyThen = (changes: FakeContext = {}, row = 0) =>
			keyOf({ rows, executionContext: { establishedAt: moment }, atEnd: [], ...changes }, row);
		const rows = [{ prompt: 'A quiet lake' }, { prompt: 'A dark forest' }];

		beforeEach(() => {
			moment += 1_000;
		});

		it.each<[string, FakeContext]>([
			['try of the same execution', {}],
			['Retry, under another number', { executionId: '43', mode: 'retry' }],
			['Retry of that', { executionId: '44', mode: 'retry', nodeContext: { a: 1 } }],
		])('is the same for another %s', (_what, changes) => {
			expect(keyThen(changes)).toBe(keyThen());
			expect(keyThen(changes, 1)).toBe(keyThen({}, 1));
		});

		it('is the same for Retry in a process that knows nothing of the first', () => {
			const retried = keyThen({ executionId: '43', mode: 'retry' });
			expect(keyThen()).toBe(retried);
		});

		it.each<[string, FakeContext, number]>([
			['row', {}, 1],
			['turn of a loop', { runIndex: 1 }, 0],
			['node', { node: { id: 'node-2' } }, 0],
			['workflow', { workflowId: 'workflow-2' }, 0],
			['installation', { instanceId: 'instance-2' }, 0],
			['moment', { executionContext: { establishedAt: 1 } }, 0],
			['input in the same millisecond', { rows: [...rows].reverse(), executionId: '43' }, 0],
			['execution of the same millisecond and the same input', { executionId: '43' }, 0],
		])('is another for another %s', (_what, changes, row) => {
			expect(keyThen()).toBe(keyThen());
			expect(keyThen(changes, row)).not.toBe(keyThen());
			expect(keyThen(changes, row)).toBe(keyThen(changes, row));
		});

		it.each<[string, () => FakeContext]>([
			[
				'in sub-workflows, of which many begin at once',
				() => ({ executionContext: { establishedAt: moment, parentExecutionId: '7' } }),
			],
			['in n8n 1, whose queue runs a job again at another moment', () => ({ atEnd: undefined })],
		])('is made of the number of the execution all the same %s', (_what, changes) => {
			const numbered = (executionId: string) =>
				keyThen({ ...changes(), executionId, mode: 'retry' });
			expect(numbered('42')).toBe(numbered('42'));
			expect(numbered('43')).not.toBe(numbered('42'));
			const before = numbered('42');
			moment += 1;
			expect(numbered('42')).toBe(before);
		});

		it('is made of the moment in n8n 1 as well where that is saved', () => {
			const changes = { atEnd: undefined, savesProgress: true };
			expect(keyThen({ ...changes, executionId: '43', mode: 'retry' })).toBe(keyThen(changes));
		});
	});
});
