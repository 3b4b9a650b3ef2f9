import axios, { type AxiosResponse } from 'axios';

import { startSandbox, type Sandbox } from '../../sandbox/sandbox';

const STARTED_AT = 1_757_165_031_000;

let clock = STARTED_AT;
let sandbox: Sandbox;

beforeEach(async () => {
	clock = STARTED_AT;
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock });
});

afterEach(async () => sandbox.close());

function create(fields = {}): Promise<AxiosResponse> {
	return axios.post(
		`${sandbox.baseUrls.evoLink}/v1/images/generations`,
		{ model: 'doubao-seedream-4.5', prompt: 'a secret lake', ...fields },
		{ headers: { authorization: `Bearer ${sandbox.keys.evoLink}` } },
	);
}

function list(query = '', key = sandbox.keys.evoLink): Promise<AxiosResponse> {
	return axios.get(`${sandbox.baseUrls.evoLink}/v1/tasks${query}`, {
		headers: { authorization: `Bearer ${key}` },
		validateStatus: () => true,
	});
}

/** The numbers of the listed tasks, in the order of their creation, from 0. */
async function listed(query: string): Promise<number[]> {
	const ids = sandbox.tasks().map(({ id }) => id);
	const { data } = await list(query);
	return data.data.map(({ id }: { id: string }) => ids.indexOf(id));
}

it('tells of each task what the provider tells, the newest first', async () => {
	await create({ model: 'doubao-seedream-4.0' });
	await create({ prompt: 'a secret lake [[fail:service_error]]' });
	await create({ prompt: 'generate 2 secret images [[stopped:1]]', n: 2 });
	clock += 10_500;
	await create();
	const { status, data } = await list();
	const [first, second, third, fourth] = sandbox.tasks();
	const facts = (id = '', more = {}) => ({
		id,
		model: 'doubao-seedream-4.5',
		type: 'image',
		created_at: STARTED_AT / 1000,
		...more,
	});
	expect(status).toBe(200);
	expect(data).toEqual({
		data: [
			facts(fourth?.id, {
				status: 'pending',
				created_at: STARTED_AT / 1000 + 10,
				has_results: false,
				credits_used: 0,
			}),
			facts(third?.id, { status: 'failed', has_results: true, credits_used: 2.25 }),
			facts(second?.id, { status: 'failed', has_results: false, credits_used: 0 }),
			facts(first?.id, {
				model: 'doubao-seedream-4.0',
				status: 'completed',
				has_results: true,
				credits_used: 1.6,
			}),
		],
		total: 4,
		page: 1,
		page_size: 20,
	});
	expect(JSON.stringify(data)).not.toMatch(/secret|http/);
});

it('lists no task of another provider', async () => {
	const headers = { authorization: `Bearer ${sandbox.keys.apiInOne}` };
	const url = `${sandbox.baseUrls.apiInOne}/v1/images/generations`;
	await axios.post(url, { prompt: 'a lake' }, { headers });
	expect((await list()).data).toMatchObject({ data: [], total: 0 });
});

it('filters by status, type and model', async () => {
	await create();
	await create({ model: 'doubao-seedream-4.0', prompt: 'a lake [[fail:service_error]]' });
	clock += 10_000;
	await create({ model: 'doubao-seedream-4.0' });
	expect(await listed('?status=completed')).toEqual([0]);
	expect(await listed('?status=failed&model=doubao-seedream-4.0')).toEqual([1]);
	expect(await listed('?status=failed&model=doubao-seedream-4.5')).toEqual([]);
	expect(await listed('?model=doubao-seedream-4.0')).toEqual([2, 1]);
	expect(await listed('?type=image&status=&model=&page=&page_size=')).toEqual([2, 1, 0]);
	expect(await listed('?type=video')).toEqual([]);
});

it('turns pages', async () => {
	for (let count = 0; count < 23; count += 1) await create();
	expect(await listed('')).toHaveLength(20);
	expect(await listed('?page=2')).toEqual([2, 1, 0]);
	expect(await listed('?page=3')).toEqual([]);
	expect(await listed('?page_size=5&page=2')).toEqual([17, 16, 15, 14, 13]);
	expect((await list('?page_size=50&page=1')).data).toMatchObject({ total: 23, page_size: 50 });
});

it.each(['page=0', 'page=-1', 'page=x', 'page_size=0', 'page_size=51', 'status=a&status=b'])(
	'refuses %s',
	async (query) => {
		const { status, data } = await list(`?${query}`);
		expect([status, data.error.code]).toEqual([400, 'invalid_request']);
		expect(data.error.param).toBe(query.split('=')[0]);
	},
);

it('is a step of its own, that wants the key, can be broken and is counted by its address', async () => {
	expect((await list('', 'wrong')).status).toBe(401);
	sandbox.setIntercept(({ step }) =>
		step === 'list' ? { kind: 'answer', status: 503, body: 'busy' } : undefined,
	);
	expect((await list('?page=2')).status).toBe(503);
	expect((await list('?page=2')).status).toBe(503);
	expect(sandbox.requests).toMatchObject([
		{ provider: 'evoLink', step: 'list', attempt: 1, path: '/evolink/v1/tasks' },
		{ step: 'list', attempt: 1, path: '/evolink/v1/tasks?page=2' },
		{ step: 'list', attempt: 2 },
	]);
});

it('is EvoLink’s alone', async () => {
	for (const provider of ['apiMart', 'apiInOne'] as const) {
		const { status } = await axios.get(`${sandbox.baseUrls[provider]}/v1/tasks`, {
			validateStatus: () => true,
		});
		expect(status).toBe(404);
	}
});
