import type { AxiosResponse } from 'axios';

import {
	startSandbox,
	type Fault,
	type ProviderName,
	type RateLimit,
	type Sandbox,
	type SandboxOptions,
} from '../../sandbox/sandbox';
import { download, PROVIDERS, send, sendCreate, START_TIME } from './client';

const ERRORS: Record<ProviderName, Record<string, unknown>> = {
	evoLink: { code: 'rate_limit_exceeded', type: 'rate_limit_error' },
	apiMart: { code: 429, message: '请求过于频繁，请稍后再试', type: 'rate_limit_error' },
	apiInOne: { code: 429, message: 'Too many requests', type: 'rate_limit_error' },
};

let clock = START_TIME;
let sandbox: Sandbox;

async function start(options: SandboxOptions) {
	sandbox = await startSandbox({
		taskSeconds: 10,
		now: () => clock,
		imageBytes: 1000,
		...options,
	});
}

const startWithLimit = (rateLimit: RateLimit) => start({ rateLimit });

afterEach(async () => sandbox.close());

const create = (provider: ProviderName): Promise<AxiosResponse> => sendCreate(sandbox, provider);

const query = (provider: ProviderName, id: string) => send(sandbox, provider, `tasks/${id}`);

/** The status of a create after this many milliseconds. */
async function createAfter(ms: number): Promise<number> {
	clock += ms;
	return (await create('apiMart')).status;
}

/** The statuses of several creates, one after another. */
async function createAfterEach(delaysMs: readonly number[]): Promise<number[]> {
	const statuses = [];
	for (const ms of delaysMs) statuses.push(await createAfter(ms));
	return statuses;
}

describe.each(PROVIDERS)('the rate limit of %s', (provider) => {
	it('rejects requests above the rate limit with the provider’s own 429 and no effect', async () => {
		await startWithLimit({ perSecond: 2 });
		await create(provider);
		await create(provider);
		const { status, headers, data } = await create(provider);
		expect(status).toBe(429);
		expect(data.error).toMatchObject(ERRORS[provider]);
		expect(headers['retry-after']).toBeUndefined();
		expect(sandbox.tasks()).toHaveLength(2);
		expect(sandbox.requests.map(({ step }) => step)).toEqual(['create', 'create', 'create']);
	});

	it('sends Retry-After with a 429 if configured', async () => {
		await startWithLimit({ perSecond: 1, retryAfter: true });
		expect((await create(provider)).headers['retry-after']).toBeUndefined();
		const { status, headers } = await create(provider);
		expect([status, headers['retry-after']]).toEqual([429, '1']);
	});
});

describe('the headers about the rate limit', () => {
	it.each([
		[
			'sliding',
			[
				['1', '60'],
				['0', '45'],
				['0', '45', '45'],
			],
		],
		[
			'fixed',
			[
				['1', '60'],
				['0', '45'],
				['0', '45', '45'],
			],
		],
		[
			'bucket',
			[
				['1', '30'],
				['0', '45'],
				['0', '15', '15'],
			],
		],
	] as const)('say how many requests are left, and until when: %s', async (kind, expected) => {
		clock = Math.ceil(clock / 60_000) * 60_000;
		await startWithLimit({ perMinute: 2, kind, quota: true, retryAfter: true });
		const sent = [];
		for (const ms of [0, 15_000, 0]) {
			clock += ms;
			const { headers } = await create('apiMart');
			const names = ['ratelimit-remaining', 'ratelimit-reset', 'retry-after'];
			sent.push(names.flatMap((name) => (headers[name] as string | undefined) ?? []));
		}
		expect(sent).toEqual(expected);
	});
});

describe('the limit per second', () => {
	it.each([
		['the window ends 1000 ms after a request', 1, [0, 999, 1], [200, 429, 200]],
		[
			'each request leaves the window by itself',
			2,
			[0, 600, 399, 1, 599, 1],
			[200, 200, 429, 200, 429, 200],
		],
		['rejected requests do not count', 1, [0, 300, 300, 300, 100], [200, 429, 429, 429, 200]],
		['a fraction is rounded down', 1.5, [0, 0, 1000], [200, 429, 200]],
	])('%s', async (_rule, perSecond, delays, statuses) => {
		await startWithLimit({ perSecond });
		expect(await createAfterEach(delays)).toEqual(statuses);
	});

	it('the limit holds for simultaneous requests', async () => {
		await startWithLimit({ perSecond: 5 });
		const responses = await Promise.all(Array.from({ length: 20 }, () => create('evoLink')));
		expect(responses.filter(({ status }) => status === 200)).toHaveLength(5);
		expect(sandbox.tasks()).toHaveLength(5);
		expect(sandbox.requests).toHaveLength(20);
	});
});

describe('requests that count', () => {
	it('creates and queries count together, separately for each provider', async () => {
		await startWithLimit({ perSecond: 2 });
		await create('evoLink');
		const { id } = sandbox.tasks()[0] ?? { id: '' };
		expect((await query('evoLink', id)).status).toBe(200);
		expect((await query('evoLink', id)).status).toBe(429);
		expect((await send(sandbox, 'evoLink', 'tasks/batch', { task_ids: [id] })).status).toBe(429);
		expect((await create('evoLink')).status).toBe(429);
		expect((await create('apiMart')).status).toBe(200);
		expect((await send(sandbox, 'evoLink', 'credits')).status).toBe(200);
	});

	it('the steps to count are configurable, downloads included', async () => {
		await startWithLimit({ perSecond: 1, steps: ['download'] });
		await create('apiInOne');
		await create('apiInOne');
		clock += 10_000;
		const links = sandbox.tasks().flatMap(({ images }) => images);
		const statuses = [];
		for (const link of links) {
			statuses.push((await download(link)).status);
		}
		expect(statuses).toEqual([200, 429]);
	});

	it.each<Fault>([{ kind: 'response', status: 503, body: 'busy' }, { kind: 'resetBefore' }])(
		'requests that a fault prevents do not count: %j',
		async (fault) => {
			await startWithLimit({ perSecond: 1 });
			sandbox.setIntercept(() => fault);
			await create('apiMart').catch(() => undefined);
			sandbox.setIntercept(undefined);
			expect((await create('apiMart')).status).toBe(200);
		},
	);

	it('a delayed request counts after the delay', async () => {
		await startWithLimit({ perSecond: 1 });
		sandbox.setIntercept(() => {
			clock += 1000;
			return { kind: 'delay', ms: 1 };
		});
		expect(await createAfterEach([0, 0, 0])).toEqual([200, 200, 200]);
	});

	it('a rejected request has no effect even if a fault loses the response', async () => {
		await startWithLimit({ perSecond: 1 });
		await create('evoLink');
		sandbox.setIntercept(() => ({ kind: 'resetAfter' }));
		await expect(create('evoLink')).rejects.toThrow();
		expect(sandbox.tasks()).toHaveLength(1);
	});
});

describe('the limit per minute', () => {
	it.each([
		['the window ends 60 s after a request', 1, [0, 59_999, 1], [200, 429, 200]],
		[
			'each request leaves the window by itself',
			2,
			[0, 40_000, 19_999, 1, 39_999, 1],
			[200, 200, 429, 200, 429, 200],
		],
	])('%s', async (_rule, perMinute, delays, statuses) => {
		await startWithLimit({ perMinute });
		expect(await createAfterEach(delays)).toEqual(statuses);
	});
});

describe('the kinds of limits', () => {
	it('a fixed window starts again with each whole second of the clock', async () => {
		await startWithLimit({ perSecond: 2, kind: 'fixed' });
		const untilSecond = 1000 - (clock % 1000);
		const delays = [untilSecond + 600, 0, 399, 1, 0, 0];
		expect(await createAfterEach(delays)).toEqual([200, 200, 429, 200, 200, 429]);
	});

	it('a token bucket starts full and is refilled evenly', async () => {
		await startWithLimit({ perSecond: 2, kind: 'bucket' });
		const delays = [0, 0, 0, 499, 1, 0, 5000, 0, 0];
		const statuses = [200, 200, 429, 429, 200, 429, 200, 200, 429];
		expect(await createAfterEach(delays)).toEqual(statuses);
	});

	it('a limit may change', async () => {
		await startWithLimit({ perSecond: 1, change: { at: clock + 5000, perSecond: 2 } });
		expect(await createAfterEach([0, 0, 5000, 0, 0])).toEqual([200, 429, 200, 200, 429]);
	});
});

describe('the limit of concurrent tasks', () => {
	it.each(PROVIDERS)('%s rejects tasks above the limit with its own 429', async (provider) => {
		await start({ concurrentTasks: 2 });
		await create(provider);
		clock += 5000;
		await create(provider);
		const { status, data } = await create(provider);
		expect([status, data.error]).toEqual([429, expect.objectContaining(ERRORS[provider])]);
		expect(sandbox.tasks()).toHaveLength(2);
		clock += 5000;
		expect((await create(provider)).status).toBe(200);
		expect((await create(provider)).status).toBe(429);
	});

	it('failed tasks and those of other providers do not count', async () => {
		await start({ concurrentTasks: 1 });
		await sendCreate(sandbox, 'evoLink', { prompt: 'a lake [[fail:service_error]]' });
		expect((await create('evoLink')).status).toBe(429);
		expect((await create('apiMart')).status).toBe(200);
		clock += 10_000;
		expect((await create('evoLink')).status).toBe(200);
	});

	it('the limit holds for simultaneous creates', async () => {
		await start({ concurrentTasks: 3 });
		const responses = await Promise.all(Array.from({ length: 20 }, () => create('apiInOne')));
		expect(responses.filter(({ status }) => status === 200)).toHaveLength(3);
		expect(responses.filter(({ status }) => status === 429)).toHaveLength(17);
	});

	it('a retry with an Idempotency-Key gets its response at the limit', async () => {
		await start({ concurrentTasks: 1 });
		const key = { 'idempotency-key': 'the-key-of-a-row' };
		await sendCreate(sandbox, 'evoLink', {}, key);
		const again = await sendCreate(sandbox, 'evoLink', {}, key);
		expect(again.headers['idempotency-replayed']).toBe('true');
	});
});
