import axios, { type AxiosResponse } from 'axios';

import {
	startSandbox,
	type Fault,
	type ProviderName,
	type RateLimit,
	type Sandbox,
	type SandboxOptions,
} from '../../sandbox/sandbox';

const PROVIDERS = ['evoLink', 'apiMart', 'apiInOne'] as const;

const LEAST: Record<ProviderName, Record<string, unknown>> = {
	evoLink: { model: 'doubao-seedream-4.5', prompt: 'a lake' },
	apiMart: { model: 'doubao-seedance-4-5', prompt: 'a lake' },
	apiInOne: { prompt: 'a lake' },
};

const WORDS: Record<ProviderName, Record<string, unknown>> = {
	evoLink: { code: 'rate_limit_exceeded', type: 'rate_limit_error' },
	apiMart: { code: 429, message: '请求过于频繁，请稍后再试', type: 'rate_limit_error' },
	apiInOne: { code: 429, message: 'Too many requests', type: 'rate_limit_error' },
};

let clock = 1_757_165_031_000;
let sandbox: Sandbox;

async function start(options: SandboxOptions) {
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock, ...options });
}

const open = (rateLimit: RateLimit) => start({ rateLimit });

afterEach(async () => sandbox.close());

function ask(provider: ProviderName, path: string, data?: unknown): Promise<AxiosResponse> {
	return axios.request({
		url: `${sandbox.baseUrls[provider]}${path}`,
		method: data === undefined ? 'GET' : 'POST',
		data,
		headers: { authorization: `Bearer ${sandbox.keys[provider]}` },
		validateStatus: () => true,
	});
}

const create = (provider: ProviderName) => ask(provider, '/v1/images/generations', LEAST[provider]);

const query = (provider: ProviderName, id: string) => ask(provider, `/v1/tasks/${id}`);

/** The status of a create so many milliseconds after the one before. */
async function createAfter(ms: number): Promise<number> {
	clock += ms;
	return (await create('apiMart')).status;
}

/** As `createAfter`, one after the other. */
async function createInSteps(steps: readonly number[]): Promise<number[]> {
	const statuses = [];
	for (const ms of steps) statuses.push(await createAfter(ms));
	return statuses;
}

describe.each(PROVIDERS)('%s', (provider) => {
	it('answers 429 in its own words to what is over the limit, and makes nothing of it', async () => {
		await open({ perSecond: 2 });
		await create(provider);
		await create(provider);
		const { status, headers, data } = await create(provider);
		expect(status).toBe(429);
		expect(data.error).toMatchObject(WORDS[provider]);
		expect(headers['retry-after']).toBeUndefined();
		expect(sandbox.tasks()).toHaveLength(2);
		expect(sandbox.requests.map(({ step }) => step)).toEqual(['create', 'create', 'create']);
	});

	it('says when to come back where that is asked for', async () => {
		await open({ perSecond: 1, retryAfter: true });
		expect((await create(provider)).headers['retry-after']).toBeUndefined();
		const { status, headers } = await create(provider);
		expect([status, headers['retry-after']]).toEqual([429, '1']);
	});
});

describe('the second slides', () => {
	it.each([
		['it ends 1000 ms after a request', 1, [0, 999, 1], [200, 429, 200]],
		[
			'each request frees its own place',
			2,
			[0, 600, 399, 1, 599, 1],
			[200, 200, 429, 200, 429, 200],
		],
		['what was refused takes no place', 1, [0, 300, 300, 300, 100], [200, 429, 429, 429, 200]],
		['a fraction is no request', 1.5, [0, 0, 1000], [200, 429, 200]],
	])('%s', async (_rule, perSecond, steps, statuses) => {
		await open({ perSecond });
		expect(await createInSteps(steps)).toEqual(statuses);
	});

	it('is kept to when many come at once', async () => {
		await open({ perSecond: 5 });
		const answers = await Promise.all(Array.from({ length: 20 }, () => create('evoLink')));
		expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
		expect(sandbox.tasks()).toHaveLength(5);
		expect(sandbox.requests).toHaveLength(20);
	});
});

describe('what counts', () => {
	it('is create and query together, for each provider by itself', async () => {
		await open({ perSecond: 2 });
		await create('evoLink');
		const { id } = sandbox.tasks()[0] ?? { id: '' };
		expect((await query('evoLink', id)).status).toBe(200);
		expect((await query('evoLink', id)).status).toBe(429);
		expect((await ask('evoLink', '/v1/tasks/batch', { task_ids: [id] })).status).toBe(429);
		expect((await create('evoLink')).status).toBe(429);
		expect((await create('apiMart')).status).toBe(200);
		expect((await ask('evoLink', '/v1/credits')).status).toBe(200);
	});

	it('is what the test says, of a download too', async () => {
		await open({ perSecond: 1, steps: ['download'] });
		await create('apiInOne');
		await create('apiInOne');
		clock += 10_000;
		const links = sandbox.tasks().flatMap(({ images }) => images);
		const statuses = [];
		for (const link of links) {
			statuses.push((await axios.get(link, { validateStatus: () => true })).status);
		}
		expect(statuses).toEqual([200, 429]);
	});

	it.each<Fault>([{ kind: 'answer', status: 503, body: 'busy' }, { kind: 'resetBefore' }])(
		'is not what a fault answers by itself: %j',
		async (fault) => {
			await open({ perSecond: 1 });
			sandbox.setIntercept(() => fault);
			await create('apiMart').catch(() => undefined);
			sandbox.setIntercept(undefined);
			expect((await create('apiMart')).status).toBe(200);
		},
	);

	it('is measured when a delay is over', async () => {
		await open({ perSecond: 1 });
		sandbox.setIntercept(() => {
			clock += 1000;
			return { kind: 'delay', ms: 1 };
		});
		expect(await createInSteps([0, 0, 0])).toEqual([200, 200, 200]);
	});

	it('is refused without effect even where the answer is lost', async () => {
		await open({ perSecond: 1 });
		await create('evoLink');
		sandbox.setIntercept(() => ({ kind: 'resetAfter' }));
		await expect(create('evoLink')).rejects.toThrow();
		expect(sandbox.tasks()).toHaveLength(1);
	});
});

describe('the minute slides', () => {
	it.each([
		['it ends 60 s after a request', 1, [0, 59_999, 1], [200, 429, 200]],
		[
			'each request frees its own place',
			2,
			[0, 40_000, 19_999, 1, 39_999, 1],
			[200, 200, 429, 200, 429, 200],
		],
	])('%s', async (_rule, perMinute, steps, statuses) => {
		await open({ perMinute });
		expect(await createInSteps(steps)).toEqual(statuses);
	});
});

describe('concurrent tasks', () => {
	it.each(PROVIDERS)('are limited at %s, in its own words', async (provider) => {
		await start({ concurrentTasks: 2 });
		await create(provider);
		clock += 5000;
		await create(provider);
		const { status, data } = await create(provider);
		expect([status, data.error]).toEqual([429, expect.objectContaining(WORDS[provider])]);
		expect(sandbox.tasks()).toHaveLength(2);
		clock += 5000;
		expect((await create(provider)).status).toBe(200);
		expect((await create(provider)).status).toBe(429);
	});

	it('make room when they fail, and hinder no other provider', async () => {
		await start({ concurrentTasks: 1 });
		const failing = { ...LEAST.evoLink, prompt: 'a lake [[fail:service_error]]' };
		await ask('evoLink', '/v1/images/generations', failing);
		expect((await create('evoLink')).status).toBe(429);
		expect((await create('apiMart')).status).toBe(200);
		clock += 10_000;
		expect((await create('evoLink')).status).toBe(200);
	});

	it('are kept to when many come at once', async () => {
		await start({ concurrentTasks: 3 });
		const answers = await Promise.all(Array.from({ length: 20 }, () => create('apiInOne')));
		expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
		expect(answers.filter(({ status }) => status === 429)).toHaveLength(17);
	});

	it('do not keep a repeat from its answer', async () => {
		await start({ concurrentTasks: 1 });
		const url = `${sandbox.baseUrls.evoLink}/v1/images/generations`;
		const headers = {
			authorization: `Bearer ${sandbox.keys.evoLink}`,
			'idempotency-key': 'the-key-of-a-row',
		};
		await axios.post(url, LEAST.evoLink, { headers });
		const again = await axios.post(url, LEAST.evoLink, { headers });
		expect(again.headers['idempotency-replayed']).toBe('true');
	});
});
