import type { AxiosResponse } from 'axios';

import { startSandbox, type Sandbox } from '../../sandbox/sandbox';
import { send, sendCreate, START_TIME } from './client';

let clock = START_TIME;
let sandbox: Sandbox;

beforeEach(async () => {
	clock = START_TIME;
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock });
});

afterEach(async () => sandbox.close());

function create(fields = {}): Promise<AxiosResponse> {
	return sendCreate(sandbox, 'evoLink', { prompt: 'a secret lake', ...fields });
}

function list(query = '', key = sandbox.keys.evoLink): Promise<AxiosResponse> {
	return send(sandbox, 'evoLink', `tasks${query}`, undefined, { authorization: `Bearer ${key}` });
}

/** The indexes of the listed tasks in order of creation. */
async function listedIndexes(query: string): Promise<number[]> {
	const ids = sandbox.tasks().map(({ id }) => id);
	const { data } = await list(query);
	return data.data.map(({ id }: { id: string }) => ids.indexOf(id));
}

it('the task list has the documented fields, newest task first', async () => {
	await create({ model: 'doubao-seedream-4.0' });
	await create({ prompt: 'a secret lake [[fail:service_error]]' });
	await create({ prompt: 'generate 2 secret images [[stopped:1]]', n: 2 });
	clock += 10_500;
	await create();
	const { status, data } = await list();
	const [first, second, third, fourth] = sandbox.tasks();
	const expected = (id = '', more = {}) => ({
		id,
		model: 'doubao-seedream-4.5',
		type: 'image',
		created_at: START_TIME / 1000,
		...more,
	});
	expect(status).toBe(200);
	expect(data).toEqual({
		data: [
			expected(fourth?.id, {
				status: 'pending',
				created_at: START_TIME / 1000 + 10,
				has_results: false,
				credits_used: 0,
			}),
			expected(third?.id, { status: 'failed', has_results: true, credits_used: 2.04 }),
			expected(second?.id, { status: 'failed', has_results: false, credits_used: 0 }),
			expected(first?.id, {
				model: 'doubao-seedream-4.0',
				status: 'completed',
				has_results: true,
				credits_used: 1.53,
			}),
		],
		total: 4,
		page: 1,
		page_size: 20,
	});
	expect(JSON.stringify(data)).not.toMatch(/secret|http/);
});

it('the task list does not include tasks of other providers', async () => {
	await sendCreate(sandbox, 'apiInOne');
	expect((await list()).data).toMatchObject({ data: [], total: 0 });
});

it('the task list filters by status, type and model', async () => {
	await create();
	await create({ model: 'doubao-seedream-4.0', prompt: 'a lake [[fail:service_error]]' });
	clock += 10_000;
	await create({ model: 'doubao-seedream-4.0' });
	expect(await listedIndexes('?status=completed')).toEqual([0]);
	expect(await listedIndexes('?status=failed&model=doubao-seedream-4.0')).toEqual([1]);
	expect(await listedIndexes('?status=failed&model=doubao-seedream-4.5')).toEqual([]);
	expect(await listedIndexes('?model=doubao-seedream-4.0')).toEqual([2, 1]);
	expect(await listedIndexes('?type=image&status=&model=&page=&page_size=')).toEqual([2, 1, 0]);
	expect(await listedIndexes('?type=video')).toEqual([]);
});

it('the task list is paginated', async () => {
	for (let count = 0; count < 23; count += 1) await create();
	expect(await listedIndexes('')).toHaveLength(20);
	expect(await listedIndexes('?page=2')).toEqual([2, 1, 0]);
	expect(await listedIndexes('?page=3')).toEqual([]);
	expect(await listedIndexes('?page_size=5&page=2')).toEqual([17, 16, 15, 14, 13]);
	expect((await list('?page_size=50&page=1')).data).toMatchObject({ total: 23, page_size: 50 });
});

it.each(['page=0', 'page=-1', 'page=x', 'page_size=0', 'page_size=51', 'status=a&status=b'])(
	'the task list rejects %s',
	async (query) => {
		const { status, data } = await list(`?${query}`);
		expect([status, data.error.code]).toEqual([400, 'invalid_request']);
		expect(data.error.param).toBe(query.split('=')[0]);
	},
);

it('the task list needs the API key and is a step with attempts per URL', async () => {
	expect((await list('', 'wrong')).status).toBe(401);
	sandbox.setIntercept(({ step }) =>
		step === 'list' ? { kind: 'response', status: 503, body: 'busy' } : undefined,
	);
	expect((await list('?page=2')).status).toBe(503);
	expect((await list('?page=2')).status).toBe(503);
	expect(sandbox.requests).toMatchObject([
		{ provider: 'evoLink', step: 'list', attempt: 1, path: '/evolink/v1/tasks' },
		{ step: 'list', attempt: 1, path: '/evolink/v1/tasks?page=2' },
		{ step: 'list', attempt: 2 },
	]);
});

it('only EvoLink has a task list', async () => {
	for (const provider of ['apiMart', 'apiInOne'] as const) {
		expect((await send(sandbox, provider, 'tasks')).status).toBe(404);
	}
});
