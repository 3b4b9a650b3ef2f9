import type { IDataObject } from 'n8n-workflow';

import { openTaskMemory } from '../../../nodes/Seedream/taskMemory';
import { fakeContext, type FakeContext } from './fakeContext';

const ASKED = { promptSent: 'A quiet lake' };
const BODY = { model: 'doubao-seedream-4.5', prompt: 'A quiet lake' };
const NOW = 1_790_000_000_000;

function page(context: FakeContext, row = 0) {
	return openTaskMemory(fakeContext(context)).page(ASKED, row);
}

const keyOf = (context: FakeContext = {}, row = 0, body: object = BODY) =>
	page(context, row).idempotencyKey({ ...body });

describe('a task', () => {
	it('is unknown at first', () => {
		expect(page({}).task()).toBeUndefined();
	});

	it('is found by the next try of the node', () => {
		const nodeContext: IDataObject = {};
		page({ nodeContext }).made('task-1', NOW);
		expect(page({ nodeContext }).task()).toMatchObject({ taskId: 'task-1', at: NOW });
	});

	it('is found by a try that n8n starts from saved data, beside what else is saved', () => {
		const nodeContext: IDataObject = { uploads: { a: { url: 'https://a.example', until: 7 } } };
		page({ nodeContext }).made('task-1', NOW);
		const saved: IDataObject = JSON.parse(JSON.stringify(nodeContext));
		expect(saved.uploads).toEqual(nodeContext.uploads);
		expect(page({ nodeContext: saved, executionId: '43' }).task()).toMatchObject({
			taskId: 'task-1',
		});
	});

	it('is unknown to another execution', () => {
		page({}).made('task-1', NOW);
		expect(page({}).task()).toBeUndefined();
	});

	it('is written into the same object, which the calls of an AI agent share', () => {
		const nodeContext: IDataObject = {};
		const first = page({ nodeContext, runIndex: 0 });
		const tasks = nodeContext.tasks;
		first.made('task-1', NOW);
		const second = page({ nodeContext, runIndex: 1 });
		second.made('task-2', NOW);
		expect(nodeContext.tasks).toBe(tasks);
		expect(JSON.stringify(tasks)).toContain('task-1');
		expect(JSON.stringify(tasks)).toContain('task-2');
	});

	it.each<[string, IDataObject['x']]>([
		['a text', 'tasks'],
		['a list', [1]],
		['null', null],
		['entries of another shape', { abc: { taskId: 'task-1' } }],
		['entries that lack something', { abc: [{ run: 0, row: 0 }] }],
		[
			'a task without its id',
			{ abc: [{ run: 0, row: 0, seed: 's', isLeft: false, fate: { state: 'made', at: 1 } }] },
		],
	])('starts afresh where it finds %s', (_what, tasks) => {
		const nodeContext: IDataObject = { tasks };
		const first = page({ nodeContext });
		expect(first.task()).toBeUndefined();
		first.made('task-1', NOW);
		expect(page({ nodeContext }).task()).toMatchObject({ taskId: 'task-1' });
	});
});

describe('the run', () => {
	it('is the turn of the loop that n8n counts', () => {
		const nodeContext: IDataObject = {};
		page({ nodeContext, runIndex: 3 }).made('task-1', NOW);
		expect(page({ nodeContext, runIndex: 4 }).task()).toBeUndefined();
		expect(page({ nodeContext, runIndex: 3 }).task()).toMatchObject({ taskId: 'task-1' });
	});

	it('is of one execution', () => {
		const nodeContext: IDataObject = {};
		page({ nodeContext, executionId: '42' }).sent(NOW);
		expect(page({ nodeContext, executionId: '42' }).lostCreate()).toEqual({
			at: NOW,
			isOfThisRun: true,
		});
		expect(page({ nodeContext, executionId: '43' }).lostCreate()).toEqual({
			at: NOW,
			isOfThisRun: false,
		});
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
		['request', keyOf({}, 0, { ...BODY, n: 2 })],
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
});
