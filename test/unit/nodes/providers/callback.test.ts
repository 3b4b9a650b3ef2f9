import { calledBackTaskId } from '../../../../nodes/Seedream/providers/callback';

it.each<[string, unknown, string | undefined]>([
	[
		'EvoLink',
		{ id: 'task-unified-1', object: 'image.generation.task', results: [] },
		'task-unified-1',
	],
	['APIMart', { id: 'task_01', status: 'completed', result: { images: [] } }, 'task_01'],
	['APIMart, in its envelope', { code: 200, data: { id: 'task_01', status: 'failed' } }, 'task_01'],
	[
		'APIMart, in a list',
		{ code: 200, data: [{ task_id: 'task_01', status: 'failed' }] },
		'task_01',
	],
	['API in One', { code: 200, data: { task_id: 'n30_seed', status: 'SUCCESS' } }, 'n30_seed'],
	['API in One, as its upstream writes it', { data: { taskId: 'n30', state: 'success' } }, 'n30'],
	[
		'an envelope with an ID of its own',
		{ id: 'evt-1', data: { id: 'task_01', status: 'failed' } },
		'task_01',
	],
	['a number', { task_id: 42, status: 'done' }, '42'],
	['white space around it', { id: ' task-1\n', status: 'done' }, 'task-1'],
	['nothing', { status: 'completed' }, undefined],
	['an empty ID', { id: '', status: 'completed' }, undefined],
	['an object as the ID', { id: { $ne: 1 }, status: 'completed' }, undefined],
	['a text', 'task-1', undefined],
	['null', null, undefined],
])('a callback has the task ID where that provider puts it: %s', (_provider, body, expected) => {
	expect(calledBackTaskId(body)).toBe(expected);
});
