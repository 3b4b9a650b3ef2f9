import axios, { type AxiosResponse } from 'axios';

import { outcomeOf } from '../../sandbox/outcome';
import { startSandbox, type ProviderName, type Sandbox } from '../../sandbox/sandbox';

const PROVIDERS = ['evoLink', 'apiMart', 'apiInOne'] as const;

const REFERENCE = 'https://example.com/1.png';

/** Creates that make three images where the provider makes several. */
const THREE: Record<ProviderName, { prompt: string; [field: string]: unknown }> = {
	evoLink: { model: 'doubao-seedream-4.5', prompt: 'generate 3 different images', n: 3 },
	apiMart: { model: 'doubao-seedance-4-5', prompt: 'a set', n: 3, image_urls: [REFERENCE] },
	apiInOne: { prompt: 'a lake' },
};

/** Of one image, in the provider's credits. */
const PRICES: Record<ProviderName, number> = { evoLink: 2.25, apiMart: 0.26, apiInOne: 12 };

let clock = 1_757_165_031_000;
let sandbox: Sandbox;

beforeEach(async () => {
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock });
});

afterEach(async () => sandbox.close());

function ask(
	provider: ProviderName,
	path: string,
	data?: unknown,
	headers = {},
): Promise<AxiosResponse> {
	return axios.request({
		url: `${sandbox.baseUrls[provider]}/v1/${path}`,
		method: data === undefined ? 'GET' : 'POST',
		data,
		headers: { authorization: `Bearer ${sandbox.keys[provider]}`, ...headers },
		validateStatus: () => true,
	});
}

const create = (provider: ProviderName, markers: string, headers = {}) =>
	ask(
		provider,
		'images/generations',
		{ ...THREE[provider], prompt: `${THREE[provider].prompt} ${markers}` },
		headers,
	);

/** The last task, ended: as its provider tells of it, and as a test sees it. */
async function ended(provider: ProviderName, markers: string) {
	expect((await create(provider, markers)).status).toBe(200);
	expect(sandbox.tasks().at(-1)?.images).toEqual([]);
	clock += 10_000;
	const view = sandbox.tasks().at(-1);
	if (view === undefined) throw new Error('no task was made');
	const { data } = await ask(provider, `tasks/${view.id}`);
	return { told: provider === 'evoLink' ? data : data.data, view };
}

const linksOf = (id: string, count: number) =>
	Array.from({ length: count }, (_, index) => `${sandbox.origin}/images/${id}/${index}.png`);

const statusOf = async (url: string) =>
	(await axios.get(url, { responseType: 'arraybuffer', validateStatus: () => true })).status;

const STOPPED_TASK = {
	code: 'content_policy_violation',
	message: 'Content policy violation.',
	type: 'task_error',
};

const STOPPED_IMAGE = {
	error: { code: 'OutputImageSensitiveContentDetected', message: expect.any(String) },
};

function expectCharged(provider: ProviderName, credits: number): void {
	expect(sandbox.account(provider)).toEqual({
		balance: 10_000 - credits,
		reserved: 0,
		charged: credits,
	});
	expect(sandbox.tasks().at(-1)?.credits).toEqual({ reserved: 0, charged: credits });
}

describe('[[stopped]]', () => {
	it('lets a task of EvoLink fail, with the images that came', async () => {
		const { told, view } = await ended('evoLink', '[[stopped:1]]');
		expect(told).toMatchObject({
			status: 'failed',
			error: STOPPED_TASK,
			results: linksOf(view.id, 2),
			usage: { credits_used: 4.5 },
		});
		expect(told).not.toHaveProperty('billing');
		expect(view).toMatchObject({ status: 'failed', images: linksOf(view.id, 2) });
		expectCharged('evoLink', 4.5);
	});

	it.each([
		[1, [0, 'stopped', 1]],
		[2, ['stopped', 'stopped', 0]],
	] as const)(
		'leaves an error in the place of each of %d images at APIMart',
		async (count, places) => {
			const { told, view } = await ended('apiMart', `[[stopped:${count}]]`);
			const links = linksOf(view.id, 3 - count);
			const expiresAt = Math.floor(clock / 1000) + 24 * 60 * 60;
			expect(told.result.images).toEqual(
				places.map((place) =>
					place === 'stopped' ? STOPPED_IMAGE : { url: [links[place]], expires_at: expiresAt },
				),
			);
			const credits = Math.round((3 - count) * 26) / 100;
			expect(told).toMatchObject({ status: 'completed', credits_cost: credits });
			expect(view).toMatchObject({ status: 'completed', images: links });
			expectCharged('apiMart', credits);
		},
	);

	it('gives the links of what came, and no others', async () => {
		const { view } = await ended('evoLink', '[[stopped:1]]');
		expect(await statusOf(view.images[1] ?? '')).toBe(200);
		expect(await statusOf(`${sandbox.origin}/images/${view.id}/2.png`)).toBe(404);
		clock += 24 * 60 * 60 * 1000;
		expect(await statusOf(view.images[1] ?? '')).toBe(403);
	});

	it.each(PROVIDERS)('fails a task of %s at no cost where none is left', async (provider) => {
		const { told, view } = await ended(provider, '[[stopped:3]]');
		expect(told.status.toLowerCase()).toBe('failed');
		expect(told.error).toEqual(STOPPED_TASK);
		for (const field of ['results', 'result', 'output', 'cost', 'credits_cost', 'credits_used']) {
			expect(told).not.toHaveProperty(field);
		}
		expect(view).toMatchObject({ status: 'failed', images: [] });
		expectCharged(provider, 0);
	});

	it('comes after a failure of the whole task', async () => {
		const { told, view } = await ended('evoLink', '[[stopped:1]] [[fail:service_error]]');
		expect(told.error.code).toBe('service_error');
		expect(view.images).toEqual([]);
		expectCharged('evoLink', 0);
	});
});

describe('[[charged]]', () => {
	it.each<[ProviderName, number, Record<string, unknown>]>([
		[
			'evoLink',
			6.75,
			{
				usage: expect.objectContaining({ credits_used: 6.75 }),
				billing: {
					charge_status: 'charged',
					refund_status: 'failed',
					charged_credits: 6.75,
					refunded_credits: 0,
				},
			},
		],
		['apiMart', 0.78, { cost: 0.078, credits_cost: 0.78 }],
		['apiInOne', 12, { credits_used: 12 }],
	])('makes a failed task of %s cost %d credits', async (provider, credits, said) => {
		const { told, view } = await ended(provider, '[[fail:service_error]] [[charged]]');
		expect(told).toMatchObject({ ...said, error: { code: 'service_error' } });
		expect(view).toMatchObject({ status: 'failed', images: [] });
		expectCharged(provider, credits);
	});

	it.each(PROVIDERS)('changes nothing where a task of %s is completed', async (provider) => {
		const { told } = await ended(provider, '[[charged]]');
		expect(told.status.toLowerCase()).toBe('completed');
		expect(told).not.toHaveProperty('billing');
		expectCharged(provider, provider === 'apiInOne' ? 12 : 3 * PRICES[provider]);
	});
});

describe('[[tasks]]', () => {
	const idsOf = () => sandbox.tasks().map(({ id }) => id);

	it('makes several tasks of one create at APIMart, each with images and a price of its own', async () => {
		const { data } = await create('apiMart', '[[tasks:2]]');
		expect(data.data).toEqual(idsOf().map((id) => ({ status: 'submitted', task_id: id })));
		expect(new Set(idsOf()).size).toBe(2);
		expect(sandbox.account('apiMart').reserved).toBe(1.56);
		clock += 10_000;
		for (const view of sandbox.tasks()) expect(view.images).toEqual(linksOf(view.id, 3));
		expect(sandbox.account('apiMart').charged).toBe(1.56);
	});

	it('names them in an array in the versioned answer, too', async () => {
		const version = { 'x-apimart-response-version': '2026-07-27' };
		const { status, data } = await create('apiMart', '[[tasks:3]]', version);
		expect([status, data]).toEqual([
			202,
			{ code: 202, data: idsOf().map((id) => ({ id, status: 'submitted' })) },
		]);
		expect(idsOf()).toHaveLength(3);
	});

	it('makes none of them where the balance does not cover all', async () => {
		let status = 200;
		for (let count = 0; status === 200 && count < 200; count += 1) {
			({ status } = await create('apiMart', '[[tasks:99]]'));
		}
		expect(status).toBe(402);
		expect(idsOf().length % 99).toBe(0);
	});

	it.each(['evoLink', 'apiInOne'] as const)('is only text to %s', async (provider) => {
		await create(provider, '[[tasks:2]]');
		expect(idsOf()).toHaveLength(1);
	});
});

it('a failure of the references is charged only where the prompt says so', () => {
	const failure = { code: 'image_processing_error', message: 'It is no image.' };
	expect(outcomeOf(2, { stopped: 1 }, failure, 'completed')).toEqual({ delivered: 0, failure });
	expect(outcomeOf(2, { charged: true }, failure, 'completed')).toEqual({
		delivered: 0,
		failure,
		chargedAnyway: true,
	});
});
