import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import axios, { type AxiosResponse } from 'axios';
import sharp from 'sharp';

import { pixelsFor } from '../../sandbox/pixelSizes';
import {
	startSandbox,
	type ProviderName,
	type Sandbox,
	type SandboxOptions,
} from '../../sandbox/sandbox';

const PROVIDERS = ['evoLink', 'apiMart', 'apiInOne'] as const;

const LEAST: Record<ProviderName, Record<string, unknown>> = {
	evoLink: { model: 'doubao-seedream-4.5', prompt: 'a lake' },
	apiMart: { model: 'doubao-seedance-4-5', prompt: 'a lake' },
	apiInOne: { prompt: 'a lake' },
};

const DAY_MS = 24 * 60 * 60 * 1000;

let clock = 1_757_165_031_000;
let sandbox: Sandbox;

async function open(options: SandboxOptions = {}, delays: readonly number[] = [20, 20, 20]) {
	sandbox = await startSandbox(
		{ taskSeconds: 10, now: () => clock, ...options },
		{ callbackDelaysMs: delays },
	);
}

afterEach(async () => sandbox.close());

function ask(
	provider: ProviderName,
	path: string,
	body?: unknown,
	headers: Record<string, string> = {},
): Promise<AxiosResponse> {
	return axios.request({
		url: `${sandbox.baseUrls[provider]}${path}`,
		method: body === undefined ? 'GET' : 'POST',
		data: body,
		headers: { authorization: `Bearer ${sandbox.keys[provider]}`, ...headers },
		validateStatus: () => true,
	});
}

const create = (provider: ProviderName, fields: Record<string, unknown> = {}, headers = {}) =>
	ask(provider, '/v1/images/generations', { ...LEAST[provider], ...fields }, headers);

const query = (provider: ProviderName, id: string) => ask(provider, `/v1/tasks/${id}`);

const get = (url: string, headers = {}) =>
	axios.get<Buffer>(url, { responseType: 'arraybuffer', headers, validateStatus: () => true });

function lastTask() {
	const task = sandbox.tasks().at(-1);
	if (task === undefined) throw new Error('no task was made');
	return task;
}

describe('EvoLink', () => {
	it('answers a create and the life of its task as documented', async () => {
		await open();
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
			usage: { billing_rule: 'per_call', credits_reserved: 6.75, user_group: 'default' },
		});
		expect(sandbox.account('evoLink')).toEqual({ balance: 9993.25, reserved: 6.75, charged: 0 });
		clock += 5000;
		expect((await query('evoLink', data.id)).data).toMatchObject({
			status: 'processing',
			progress: 50,
		});
		clock += 5000;
		const done = (await query('evoLink', data.id)).data;
		expect(done).toMatchObject({ status: 'completed', task_info: { can_cancel: false } });
		expect(done.results).toEqual([0, 1].map((k) => `${sandbox.origin}/images/${data.id}/${k}.png`));
		expect(sandbox.account('evoLink')).toEqual({ balance: 9995.5, reserved: 0, charged: 4.5 });
	});

	it('fails a task without a charge', async () => {
		await open();
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

	it('answers a batch without the ids it does not know', async () => {
		await open();
		await create('evoLink');
		const { id } = lastTask();
		const { data } = await ask('evoLink', '/v1/tasks/batch', { task_ids: [id, 'task-unknown'] });
		expect(data.data.map((task: { id: string }) => task.id)).toEqual([id]);
		const many = { task_ids: Array.from({ length: 51 }, () => id) };
		expect((await ask('evoLink', '/v1/tasks/batch', many)).status).toBe(400);
	});
});

it('APIMart answers as documented, several images in one url array', async () => {
	await open();
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

it('API in One is IN_PROGRESS, then COMPLETED with the links in data.output', async () => {
	await open();
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
	it('refuses a wrong key, an unknown task and a body that is no JSON', async () => {
		await open();
		const codes = provider === 'evoLink' ? ['unauthorized', 'task_not_found'] : [401, 404];
		const wrong = await create(provider, {}, { authorization: 'Bearer wrong' });
		expect([wrong.status, wrong.data.error.code]).toEqual([401, codes[0]]);
		const unknown = await query(provider, 'nowhere');
		const isOdd = provider === 'apiMart';
		expect([unknown.status, unknown.data.error.code]).toEqual(isOdd ? [400, 400] : [404, codes[1]]);
		if (isOdd) expect(unknown.data.error.message).toBe('无效的任务ID');
		const broken = await ask(provider, '/v1/images/generations', '{');
		expect([broken.status, broken.data.error.type]).toEqual([400, 'invalid_request_error']);
	});

	it('says 402 when the balance does not cover the reservation', async () => {
		await open();
		const fields = provider === 'apiInOne' ? {} : { n: 15 };
		let status = 200;
		for (let count = 0; status === 200 && count < 3000; count += 1) {
			status = (await create(provider, fields)).status;
		}
		expect(status).toBe(402);
		expect(sandbox.account(provider).balance).toBeLessThan(34);
	});

	it('obeys [[http:429x2]] with Retry-After', async () => {
		await open();
		const answers = [];
		for (let count = 0; count < 3; count += 1) {
			answers.push(await create(provider, { prompt: 'abc [[http:429x2]]' }));
		}
		expect(answers.map(({ status }) => status)).toEqual([429, 429, 200]);
		expect(answers[0]?.headers['retry-after']).toBe('1');
	});

	it('charges a task whose answer was lost, and not one whose request was', async () => {
		await open();
		sandbox.setIntercept(() => ({ kind: 'resetBefore' }));
		await expect(create(provider)).rejects.toThrow();
		expect(sandbox.tasks()).toHaveLength(0);
		sandbox.setIntercept(() => ({ kind: 'resetAfter' }));
		await expect(create(provider)).rejects.toThrow();
		expect(sandbox.tasks()).toHaveLength(1);
	});
});

it('tells the balance; APIMart answers 200 to a bad key there', async () => {
	await open();
	expect((await ask('evoLink', '/v1/credits')).data).toMatchObject({
		success: true,
		data: { token: { remaining_credits: 10_000 }, user: { remaining_credits: 10_000 } },
	});
	expect((await ask('apiMart', '/v1/balance')).data).toMatchObject({
		success: true,
		remain_balance: 1000,
		remain_credits: 10_000,
	});
	const bad = await ask('apiMart', '/v1/balance', undefined, { authorization: 'Bearer wrong' });
	expect([bad.status, bad.data.success]).toEqual([200, false]);
});

describe('links', () => {
	it('give a PNG of the size asked for, without a key, for 24 hours', async () => {
		await open();
		await create('evoLink', { size: '4:5', prompt: '<b>湖</b> & \u0000' });
		const early = `${sandbox.origin}/images/${lastTask().id}/0.png`;
		expect((await get(early)).status).toBe(404);
		clock += 10_000;
		const { status, headers, data } = await get(early, { authorization: 'Bearer leaked' });
		expect([status, headers['content-type'], Number(headers['content-length'])]).toEqual([
			200,
			'image/png',
			data.length,
		]);
		expect(await sharp(data).metadata()).toMatchObject({
			format: 'png',
			...pixelsFor('4:5', '2K'),
		});
		expect(sandbox.requests.at(-1)).toMatchObject({ step: 'download', authorizationSent: true });
		expect(JSON.stringify(sandbox.requests)).not.toContain('leaked');
		clock += DAY_MS;
		const late = await get(early);
		expect([late.status, late.headers['content-type']]).toEqual([
			403,
			expect.stringContaining('xml'),
		]);
	});

	it('can be cut short', async () => {
		await open();
		await create('apiInOne');
		clock += 10_000;
		sandbox.setIntercept(() => ({ kind: 'truncate', bytes: 100 }));
		await expect(get(lastTask().images[0] ?? '')).rejects.toThrow();
	});
});

it.each([
	['1:1', '2K', 2048, 2048],
	['21:9', '4K', 6198, 2656],
	['9:21', '2K', 1296, 3024],
	['auto', '1K', 1024, 1024],
	['4:5', '1K', 912, 1152],
	['16:9', '1K', 1360, 768],
])('%s at %s is %d×%d', (ratio, tier, width, height) => {
	expect(pixelsFor(ratio, tier)).toEqual({ width, height });
});

describe('intercept', () => {
	it('may answer itself, wait, or fail without killing the server', async () => {
		await open();
		sandbox.setIntercept(() => ({ kind: 'answer', status: 502, body: '<html>bad</html>' }));
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
		run: (host: string, seen: unknown[]) => Promise<void>,
	) {
		const seen: unknown[] = [];
		const server = createServer((request, response) => {
			let text = '';
			request.on('data', (chunk) => (text += chunk));
			request.on('end', () => {
				seen.push({ path: request.url, body: JSON.parse(text) });
				response.writeHead(statuses[seen.length - 1] ?? 200, { location: '/elsewhere' }).end();
			});
		});
		await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
		const { port } = server.address() as AddressInfo;
		try {
			await run(`127.0.0.1:${port}`, seen);
		} finally {
			server.closeAllConnections();
			server.close();
		}
	}

	const settle = () => new Promise((done) => setTimeout(done, 250));

	it.each<[ProviderName, number[], number]>([
		['evoLink', [500, 404, 302, 500, 200], 4],
		['evoLink', [404, 204], 2],
		['apiMart', [503, 200], 2],
		['apiMart', [404, 200], 1],
		['apiInOne', [500, 200], 1],
	])('%s: answers %j make %d deliveries', async (provider, statuses, deliveries) => {
		await withReceiver(statuses, async (host, seen) => {
			await open({ taskSeconds: 0.02, callbackHosts: [host] });
			const field = provider === 'apiMart' ? 'webhook' : 'callback_url';
			expect((await create(provider, { [field]: `http://${host}/hook` })).status).toBe(200);
			clock += 20;
			await settle();
			const path = provider === 'apiMart' ? '/hook/callback' : '/hook';
			const { data: body } = await query(provider, lastTask().id);
			expect(seen).toEqual(Array.from({ length: deliveries }, () => ({ path, body })));
			expect(lastTask().callbacks.map(({ status }) => status)).toEqual(
				statuses.slice(0, deliveries),
			);
		});
	});
});
