import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';

import { APIMART_PIXELS, pixelsFor } from '../../sandbox/pixelSizes';
import {
	startSandbox,
	type ProviderName,
	type Sandbox,
	type SandboxInternals,
	type SandboxOptions,
} from '../../sandbox/sandbox';
import { download, PROVIDERS, send, sendCreate, START_TIME, until } from './client';

const DAY_MS = 24 * 60 * 60 * 1000;

let clock = START_TIME;
let sandbox: Sandbox;

async function start(options: SandboxOptions = {}, internals: SandboxInternals = {}) {
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock, ...options }, internals);
}

afterEach(async () => sandbox.close());

const create = (
	provider: ProviderName,
	fields: Record<string, unknown> = {},
	headers: Record<string, string> = {},
) => sendCreate(sandbox, provider, fields, headers);

const query = (provider: ProviderName, id: string) => send(sandbox, provider, `tasks/${id}`);

function lastTask() {
	const task = sandbox.tasks().at(-1);
	if (task === undefined) throw new Error('There is no task');
	return task;
}

describe('EvoLink', () => {
	it('EvoLink has the documented responses from the create to the completed task', async () => {
		await start();
		const { status, data } = await create('evoLink', { n: 3, prompt: 'generate 2 images' });
		expect(status).toBe(200);
		expect(data).toEqual({
			created: Math.floor(clock / 1000),
			id: expect.stringMatching(/^task-unified-\d+-[a-z0-9]{8}$/),
			model: 'doubao-seedream-4.5',
			object: 'image.generation.task',
			progress: 0,
			status: 'pending',
			task_info: { can_cancel: true, estimated_time: 10 },
			type: 'image',
			usage: { billing_rule: 'per_call', credits_reserved: 6.12, user_group: 'default' },
		});
		expect(sandbox.account('evoLink')).toEqual({ balance: 9993.88, reserved: 6.12, charged: 0 });
		clock += 5000;
		expect((await query('evoLink', data.id)).data).toMatchObject({
			status: 'processing',
			progress: 50,
		});
		clock += 5000;
		const done = (await query('evoLink', data.id)).data;
		expect(done).toMatchObject({
			status: 'completed',
			task_info: { can_cancel: false },
			usage: { credits_used: 4.08, cost: { credits: 4.08, usd: 0.06 } },
		});
		expect(done.results).toEqual([0, 1].map((k) => `${sandbox.origin}/images/${data.id}/${k}.png`));
		expect(sandbox.account('evoLink')).toEqual({ balance: 9995.92, reserved: 0, charged: 4.08 });
	});

	it('EvoLink does not charge a failed task', async () => {
		await start();
		await create('evoLink', { prompt: 'x [[fail:content_policy_violation]]' });
		clock += 10_000;
		expect((await query('evoLink', lastTask().id)).data).toMatchObject({
			status: 'failed',
			progress: 0,
			error: {
				code: 'content_policy_violation',
				message: 'Content policy violation.',
				type: 'task_error',
			},
		});
		expect(sandbox.account('evoLink').balance).toBe(10_000);
	});

	it('EvoLink leaves unknown task IDs out of a batch', async () => {
		await start();
		await create('evoLink');
		const { id } = lastTask();
		const { data } = await send(sandbox, 'evoLink', 'tasks/batch', {
			task_ids: [id, 'task-unknown'],
		});
		expect(data.data.map((task: { id: string }) => task.id)).toEqual([id]);
		const many = { task_ids: Array.from({ length: 51 }, () => id) };
		expect((await send(sandbox, 'evoLink', 'tasks/batch', many)).status).toBe(400);
	});
});

it('APIMart has the documented responses, with several images in one url array', async () => {
	await start();
	const { data } = await create('apiMart', { n: 2, image_urls: ['https://example.com/1.png'] });
	expect(data).toEqual({
		code: 200,
		data: [{ status: 'submitted', task_id: expect.stringMatching(/^task_[0-9A-Z]{26}$/) }],
	});
	clock += 10_000;
	const { id, images } = lastTask();
	expect((await query('apiMart', id)).data).toEqual({
		code: 200,
		data: {
			id,
			status: 'completed',
			cost: 0.052,
			credits_cost: 0.52,
			progress: 100,
			result: { images: [{ url: images, expires_at: Math.floor((clock + DAY_MS) / 1000) }] },
			created: Math.floor(clock / 1000) - 10,
			completed: Math.floor(clock / 1000),
			estimated_time: 10,
			actual_time: 10,
		},
	});
	expect(images).toHaveLength(2);
});

it('API in One has the status IN_PROGRESS, then COMPLETED with the links in data.output', async () => {
	await start();
	const { data } = await create('apiInOne');
	expect(data).toEqual({
		code: 200,
		message: 'success',
		data: { task_id: expect.stringMatching(/^n30\w+_seed$/), status: 'IN_PROGRESS' },
	});
	clock += 10_000;
	const { id, images } = lastTask();
	expect((await query('apiInOne', id)).data.data).toMatchObject({
		status: 'COMPLETED',
		output: { image_urls: images },
	});
	expect(sandbox.account('apiInOne').charged).toBe(12);
});

describe.each(PROVIDERS)('%s', (provider) => {
	it('rejects a wrong API key, an unknown task and a body that is not JSON', async () => {
		await start();
		const codes = provider === 'evoLink' ? ['unauthorized', 'task_not_found'] : [401, 404];
		const wrong = await create(provider, {}, { authorization: 'Bearer wrong' });
		expect([wrong.status, wrong.data.error.code]).toEqual([401, codes[0]]);
		const unknown = await query(provider, 'nowhere');
		const isOdd = provider === 'apiMart';
		expect([unknown.status, unknown.data.error.code]).toEqual(isOdd ? [400, 400] : [404, codes[1]]);
		if (isOdd) expect(unknown.data.error.message).toBe('无效的任务ID');
		const broken = await send(sandbox, provider, 'images/generations', '{');
		expect([broken.status, broken.data.error.type]).toEqual([400, 'invalid_request_error']);
	});

	it('responds with 402 if the balance does not cover the reservation', async () => {
		await start({}, { initialBalance: 100 });
		const fields = provider === 'apiInOne' ? {} : { n: 15 };
		let status = 200;
		for (let count = 0; status === 200 && count < 30; count += 1) {
			status = (await create(provider, fields)).status;
		}
		expect(status).toBe(402);
		expect(sandbox.account(provider).balance).toBeLessThan(34);
	});

	it('responds to [[http:429x2]] with 429 and Retry-After twice', async () => {
		await start();
		const responses = [];
		for (let count = 0; count < 3; count += 1) {
			responses.push(await create(provider, { prompt: 'abc [[http:429x2]]' }));
		}
		expect(responses.map(({ status }) => status)).toEqual([429, 429, 200]);
		expect(responses[0]?.headers['retry-after']).toBe('1');
	});

	it('charges a task whose response was lost, but not one whose request was', async () => {
		await start();
		sandbox.setIntercept(() => ({ kind: 'resetBefore' }));
		await expect(create(provider)).rejects.toThrow();
		expect(sandbox.tasks()).toHaveLength(0);
		sandbox.setIntercept(() => ({ kind: 'resetAfter' }));
		await expect(create(provider)).rejects.toThrow();
		expect(sandbox.tasks()).toHaveLength(1);
	});
});

it('EvoLink and APIMart return the balance; APIMart responds to a wrong API key with 200', async () => {
	await start();
	expect((await send(sandbox, 'evoLink', 'credits')).data).toMatchObject({
		success: true,
		data: { token: { remaining_credits: 10_000 }, user: { remaining_credits: 10_000 } },
	});
	expect((await send(sandbox, 'apiMart', 'balance')).data).toMatchObject({
		success: true,
		remain_balance: 1000,
		remain_credits: 10_000,
	});
	const bad = await send(sandbox, 'apiMart', 'balance', undefined, {
		authorization: 'Bearer wrong',
	});
	expect([bad.status, bad.data.success]).toEqual([200, false]);
});

describe('result links', () => {
	it('a result link serves a PNG of the requested size for 24 hours, without an API key', async () => {
		await start();
		await create('evoLink', {
			model: 'doubao-seedream-4.0',
			quality: '1K',
			size: '4:5',
			prompt: '<b>湖</b> & \u0000',
		});
		const link = `${sandbox.origin}/images/${lastTask().id}/0.png`;
		expect((await download(link)).status).toBe(404);
		clock += 10_000;
		const { status, headers, data } = await download(link, { authorization: 'Bearer leaked' });
		expect([status, headers['content-type'], Number(headers['content-length'])]).toEqual([
			200,
			'image/png',
			data.length,
		]);
		expect(await sharp(data).metadata()).toMatchObject({
			format: 'png',
			...pixelsFor({}, '4:5', '1K'),
		});
		expect(sandbox.requests.at(-1)).toMatchObject({ step: 'download', authorizationSent: true });
		expect(JSON.stringify(sandbox.requests)).not.toContain('leaked');
		clock += DAY_MS;
		const expired = await download(link);
		expect([expired.status, expired.headers['content-type']]).toEqual([
			403,
			expect.stringContaining('xml'),
		]);
	});

	it('a download can be truncated', async () => {
		await start({ imageBytes: 1000 });
		await create('apiInOne');
		clock += 10_000;
		sandbox.setIntercept(() => ({ kind: 'truncate', bytes: 100 }));
		await expect(download(lastTask().images[0] ?? '')).rejects.toThrow();
	});
});

it.each([
	['1:1', '2K', 2048, 2048],
	['21:9', '4K', 6198, 2656],
	['9:21', '2K', 1296, 3024],
	['auto', '1K', 1024, 1024],
	['4:5', '1K', 912, 1152],
	['16:9', '1K', 1360, 768],
])('the aspect ratio %s at %s is %d×%d pixels', (ratio, tier, width, height) => {
	expect(pixelsFor(APIMART_PIXELS, ratio, tier)).toEqual({ width, height });
});

describe('the intercept', () => {
	it('the intercept can respond, delay, or throw without crashing the server', async () => {
		await start();
		sandbox.setIntercept(() => ({ kind: 'response', status: 502, body: '<html>bad</html>' }));
		expect(await create('apiMart')).toMatchObject({ status: 502, data: '<html>bad</html>' });
		sandbox.setIntercept(() => Promise.reject(new Error('oops')));
		expect((await create('apiMart')).data.error.message).toContain('oops');
		sandbox.setIntercept(({ attempt }) => (attempt === 3 ? { kind: 'delay', ms: 20 } : undefined));
		expect((await create('apiMart')).status).toBe(200);
		expect(sandbox.requests.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
	});
});

describe('callbacks', () => {
	async function withReceiver(
		statuses: number[],
		action: (host: string, received: unknown[]) => Promise<void>,
	) {
		const received: unknown[] = [];
		const server = createServer((request, response) => {
			let text = '';
			request.on('data', (chunk) => (text += chunk));
			request.on('end', () => {
				received.push({ path: request.url, body: JSON.parse(text) });
				response.writeHead(statuses[received.length - 1] ?? 200, { location: '/elsewhere' }).end();
			});
		});
		await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
		const { port } = server.address() as AddressInfo;
		try {
			await action(`127.0.0.1:${port}`, received);
		} finally {
			server.closeAllConnections();
			server.close();
		}
	}

	/** Longer than all retries together would take. */
	const waitForMore = () => new Promise((done) => setTimeout(done, 100));

	it.each<[ProviderName, number[], number]>([
		['evoLink', [500, 404, 302, 500, 200], 4],
		['evoLink', [404, 204], 2],
		['apiMart', [503, 200], 2],
		['apiMart', [404, 200], 1],
		['apiInOne', [500, 200], 1],
	])(
		'%s gets %j for its callbacks and sends %d of them',
		async (provider, statuses, deliveries) => {
			await withReceiver(statuses, async (host, received) => {
				await start(
					{ taskSeconds: 0.02, callbackHosts: [host] },
					{ callbackDelaysMs: [20, 20, 20] },
				);
				const field = provider === 'apiMart' ? 'webhook' : 'callback_url';
				expect((await create(provider, { [field]: `http://${host}/hook` })).status).toBe(200);
				clock += 20;
				await until(() => lastTask().callbacks.length >= deliveries);
				await waitForMore();
				const path = provider === 'apiMart' ? '/hook/callback' : '/hook';
				const { data } = await query(provider, lastTask().id);
				const body = provider === 'apiMart' ? data.data : data;
				expect(received).toEqual(Array.from({ length: deliveries }, () => ({ path, body })));
				expect(lastTask().callbacks.map(({ status }) => status)).toEqual(
					statuses.slice(0, deliveries),
				);
			});
		},
	);

	it.each<[ProviderName, string]>([
		['evoLink', '/hook?a=1&row=eyJ9_-&sig=x'],
		['apiMart', '/hook?a=1&row=eyJ9_-&sig=x/callback'],
		['apiInOne', '/hook?a=1&row=eyJ9_-&sig=x'],
	])('%s keeps the query of the callback URL: %s', async (provider, path) => {
		await withReceiver([], async (host, received) => {
			await start({ taskSeconds: 0.02, callbackHosts: [host] });
			const field = provider === 'apiMart' ? 'webhook' : 'callback_url';
			await create(provider, { [field]: `http://${host}/hook?a=1&row=eyJ9_-&sig=x` });
			clock += 20;
			await until(() => lastTask().callbacks.length > 0);
			expect(received).toMatchObject([{ path }]);
		});
	});
});
