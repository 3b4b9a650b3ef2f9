import { outcomeOf } from '../../sandbox/outcome';
import {
	startSandbox,
	type ProviderName,
	type Sandbox,
	type SandboxInternals,
} from '../../sandbox/sandbox';
import { download, PROVIDERS, send, START_TIME } from './client';

const REFERENCE = 'https://example.com/1.png';

/** Creates three images if the provider can do that. */
const THREE_IMAGES: Record<ProviderName, { prompt: string; [field: string]: unknown }> = {
	evoLink: { model: 'doubao-seedream-4.5', prompt: 'generate 3 different images', n: 3 },
	apiMart: { model: 'doubao-seedance-4-5', prompt: 'a set', n: 3, image_urls: [REFERENCE] },
	apiInOne: { prompt: 'a lake' },
};

/** Per image, in the provider's credits. */
const PRICES: Record<ProviderName, number> = { evoLink: 2.04, apiMart: 0.26, apiInOne: 12 };

let clock = START_TIME;
let sandbox: Sandbox;

async function start(internals: SandboxInternals = {}) {
	const options = { taskSeconds: 10, now: () => clock, imageBytes: 1000 };
	sandbox = await startSandbox(options, internals);
}

beforeEach(() => start());

afterEach(async () => sandbox.close());

const create = (provider: ProviderName, markers: string, headers = {}) => {
	const { prompt, ...fields } = THREE_IMAGES[provider];
	const body = { ...fields, prompt: `${prompt} ${markers}` };
	return send(sandbox, provider, 'images/generations', body, headers);
};

/** Creates a task and waits for its end. Returns the provider's response and the sandbox's view. */
async function finishTask(provider: ProviderName, markers: string) {
	expect((await create(provider, markers)).status).toBe(200);
	expect(sandbox.tasks().at(-1)?.images).toEqual([]);
	clock += 10_000;
	const view = sandbox.tasks().at(-1);
	if (view === undefined) throw new Error('There is no task');
	const { data } = await send(sandbox, provider, `tasks/${view.id}`);
	return { task: provider === 'evoLink' ? data : data.data, view };
}

const imageUrlsOf = (id: string, count: number) =>
	Array.from({ length: count }, (_, index) => `${sandbox.origin}/images/${id}/${index}.png`);

const statusOf = async (url: string) => (await download(url)).status;

const CONTENT_ERROR = {
	code: 'content_policy_violation',
	message: 'Content policy violation.',
	type: 'task_error',
};

const BLOCKED_IMAGE = {
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

describe('the marker [[stopped]]', () => {
	it('[[stopped]] fails a task of EvoLink that has the other images', async () => {
		const { task, view } = await finishTask('evoLink', '[[stopped:1]]');
		expect(task).toMatchObject({
			status: 'failed',
			error: CONTENT_ERROR,
			results: imageUrlsOf(view.id, 2),
			usage: { credits_used: 4.08 },
		});
		expect(task).not.toHaveProperty('billing');
		expect(view).toMatchObject({ status: 'failed', images: imageUrlsOf(view.id, 2) });
		expectCharged('evoLink', 4.08);
	});

	it.each([
		[1, [0, 'stopped', 1]],
		[2, ['stopped', 'stopped', 0]],
	] as const)('[[stopped]] replaces %d images with errors at APIMart', async (count, places) => {
		const { task, view } = await finishTask('apiMart', `[[stopped:${count}]]`);
		const links = imageUrlsOf(view.id, 3 - count);
		const expiresAt = Math.floor(clock / 1000) + 24 * 60 * 60;
		expect(task.result.images).toEqual(
			places.map((place) =>
				place === 'stopped' ? BLOCKED_IMAGE : { url: [links[place]], expires_at: expiresAt },
			),
		);
		const credits = Math.round((3 - count) * 26) / 100;
		expect(task).toMatchObject({ status: 'completed', credits_cost: credits });
		expect(view).toMatchObject({ status: 'completed', images: links });
		expectCharged('apiMart', credits);
	});

	it('[[stopped]] leaves the links of the other images', async () => {
		const { view } = await finishTask('evoLink', '[[stopped:1]]');
		expect(await statusOf(view.images[1] ?? '')).toBe(200);
		expect(await statusOf(`${sandbox.origin}/images/${view.id}/2.png`)).toBe(404);
		clock += 24 * 60 * 60 * 1000;
		expect(await statusOf(view.images[1] ?? '')).toBe(403);
	});

	it.each(PROVIDERS)(
		'[[stopped]] fails a task of %s without a charge if no image is left',
		async (provider) => {
			const { task, view } = await finishTask(provider, '[[stopped:3]]');
			expect(task.status.toLowerCase()).toBe('failed');
			expect(task.error).toEqual(CONTENT_ERROR);
			for (const field of ['results', 'result', 'output', 'cost', 'credits_cost', 'credits_used']) {
				expect(task).not.toHaveProperty(field);
			}
			expect(view).toMatchObject({ status: 'failed', images: [] });
			expectCharged(provider, 0);
		},
	);

	it('[[stopped]] has no effect if [[fail]] fails the whole task', async () => {
		const { task, view } = await finishTask('evoLink', '[[stopped:1]] [[fail:service_error]]');
		expect(task.error.code).toBe('service_error');
		expect(view.images).toEqual([]);
		expectCharged('evoLink', 0);
	});
});

describe('the marker [[charged]]', () => {
	it.each<[ProviderName, number, Record<string, unknown>]>([
		[
			'evoLink',
			6.12,
			{
				usage: expect.objectContaining({ credits_used: 6.12 }),
				billing: {
					charge_status: 'charged',
					refund_status: 'failed',
					charged_credits: 6.12,
					refunded_credits: 0,
				},
			},
		],
		['apiMart', 0.78, { cost: 0.078, credits_cost: 0.78 }],
		['apiInOne', 12, { credits_used: 12 }],
	])('[[charged]] charges a failed task of %s %d credits', async (provider, credits, fields) => {
		const { task, view } = await finishTask(provider, '[[fail:service_error]] [[charged]]');
		expect(task).toMatchObject({ ...fields, error: { code: 'service_error' } });
		expect(view).toMatchObject({ status: 'failed', images: [] });
		expectCharged(provider, credits);
	});

	it.each(PROVIDERS)('[[charged]] has no effect on a completed task of %s', async (provider) => {
		const { task } = await finishTask(provider, '[[charged]]');
		expect(task.status.toLowerCase()).toBe('completed');
		expect(task).not.toHaveProperty('billing');
		expectCharged(provider, provider === 'apiInOne' ? 12 : 3 * PRICES[provider]);
	});
});

describe('the marker [[tasks]]', () => {
	const idsOf = () => sandbox.tasks().map(({ id }) => id);

	it('[[tasks]] creates several tasks at APIMart, each with its own images and charge', async () => {
		const { data } = await create('apiMart', '[[tasks:2]]');
		expect(data.data).toEqual(idsOf().map((id) => ({ status: 'submitted', task_id: id })));
		expect(new Set(idsOf()).size).toBe(2);
		expect(sandbox.account('apiMart').reserved).toBe(1.56);
		clock += 10_000;
		for (const view of sandbox.tasks()) expect(view.images).toEqual(imageUrlsOf(view.id, 3));
		expect(sandbox.account('apiMart').charged).toBe(1.56);
	});

	it('[[tasks]] returns an array of tasks in a versioned response', async () => {
		const version = { 'x-apimart-response-version': '2026-07-27' };
		const { status, data } = await create('apiMart', '[[tasks:3]]', version);
		expect([status, data]).toEqual([
			202,
			{ code: 202, data: idsOf().map((id) => ({ id, status: 'submitted' })) },
		]);
		expect(idsOf()).toHaveLength(3);
	});

	it('[[tasks]] creates no task if the balance does not cover all of them', async () => {
		await sandbox.close();
		await start({ initialBalance: 200 });
		let status = 200;
		for (let count = 0; status === 200 && count < 200; count += 1) {
			({ status } = await create('apiMart', '[[tasks:99]]'));
		}
		expect(status).toBe(402);
		expect(idsOf()).toHaveLength(2 * 99);
	});

	it.each(['evoLink', 'apiInOne'] as const)('[[tasks]] has no effect at %s', async (provider) => {
		await create(provider, '[[tasks:2]]');
		expect(idsOf()).toHaveLength(1);
	});
});

it('a failed reference is charged only with [[charged]]', () => {
	const failure = { code: 'image_processing_error', message: 'It is no image.' };
	expect(outcomeOf(2, { stopped: 1 }, failure, 'completed')).toEqual({ delivered: 0, failure });
	expect(outcomeOf(2, { charged: true }, failure, 'completed')).toEqual({
		delivered: 0,
		failure,
		isChargedOnFailure: true,
	});
});
