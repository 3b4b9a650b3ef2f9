import { startSandbox, type ProviderName, type Sandbox } from '../../sandbox/sandbox';
import { send, sendCreate, START_TIME } from './client';

const links = (count: number): string[] =>
	Array.from({ length: count }, (_, index) => `https://example.com/${index}.png`);

const SEARCH = { model_params: { tools: [{ type: 'web_search' }] } };

const FOUR = 'four images';

let clock = START_TIME;
let sandbox: Sandbox;

beforeEach(async () => {
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock, imageBytes: 1000 });
});

afterEach(async () => sandbox.close());

async function finish(provider: ProviderName, fields: Record<string, unknown>) {
	expect((await sendCreate(sandbox, provider, fields)).status).toBe(200);
	clock += 10_000;
	const task = sandbox.tasks().at(-1);
	const { data } = await send(sandbox, provider, `tasks/${task?.id}`);
	return { task, data };
}

it.each<[string, Record<string, unknown>, number, number]>([
	['4.5', { n: 4, prompt: FOUR }, 8.16, 8.16],
	['4.5', { n: 4 }, 8.16, 2.04],
	['4.0', {}, 1.53, 1.53],
	['5.0-lite', { n: 4, prompt: FOUR, image_urls: links(2) }, 7.616, 7.616],
	['5.0-lite', SEARCH, 1.944, 1.944],
	['5.0-lite', { ...SEARCH, n: 4, prompt: `${FOUR} [[stopped:3]]` }, 7.656, 1.944],
	['5.0-flash', { quality: '2K', image_urls: links(3) }, 1.1016, 1.1016],
	['5.0-pro', {}, 2.295, 2.295],
	['5.0-pro', { quality: '1.5K', size: '16:9' }, 2.295, 2.295],
	['5.0-pro', { quality: '2K', image_urls: links(2) }, 4.896, 4.896],
	['5.0-pro', { size: '1800x1450' }, 2.295, 2.295],
	['5.0-pro', { size: '1801x1450' }, 4.59, 4.59],
	['5.0-pro', { image_urls: links(2), prompt: 'a lake [[stopped:1]]' }, 2.601, 0],
	['5.0-pro', { image_urls: links(2), prompt: 'a lake [[fail:service_error]]' }, 2.601, 0],
	[
		'5.0-pro',
		{ image_urls: links(2), prompt: 'a [[fail:service_error]] [[charged]]' },
		2.601,
		2.601,
	],
	['5.0-flash-layerize', { image_urls: links(1) }, 18.7272, 4.4064],
	['5.0-pro-layerize', { image_urls: links(1), quality: '1K' }, 20.9712, 5.0592],
	['5.0-pro-layerize', { image_urls: links(1), quality: '2K' }, 41.7792, 9.9552],
	[
		'5.0-pro-layerize',
		{ image_urls: links(1), quality: '1.5K', prompt: '[[layers:16]] [[stopped:1]]' },
		20.9712,
		19.7472,
	],
])(
	'EvoLink %s with %j reserves %d and charges %d credits',
	async (model, fields, reserved, charged) => {
		const id = `doubao-seedream-${model}`;
		const create = await sendCreate(sandbox, 'evoLink', { model: id, ...fields });
		expect(create.data.usage.credits_reserved).toBe(reserved);
		expect(sandbox.account('evoLink').reserved).toBe(reserved);
		clock += 10_000;
		const { data } = await send(sandbox, 'evoLink', `tasks/${create.data.id}`);
		expect(data.usage).toMatchObject({
			credits_used: charged,
			cost: { credits: charged, usd: Math.round((charged / 68) * 1e6) / 1e6 },
		});
		expect(sandbox.account('evoLink').charged).toBe(charged);
	},
);

it.each<[string, Record<string, unknown>, number, number]>([
	['seedream-4-5', {}, 0.026, 0.26],
	['seedream-4-5', { n: 2, image_urls: links(1) }, 0.052, 0.52],
	['seedream-4-0', { n: 3 }, 0.0195, 0.195],
	['seedream-5-0-lite', { n: 3 }, 0.084, 0.84],
	['seedream-5-0-flash', { resolution: '2K' }, 0.0137, 0.137],
	['seedream-5-0-pro', {}, 0.02925, 0.2925],
	['seedream-5-0-pro', { resolution: '1.5K', image_urls: links(1) }, 0.02925, 0.2925],
	['seedream-5-0-pro', { resolution: '2K' }, 0.0585, 0.585],
])('APIMart %s with %j costs %d dollars', async (model, fields, cost, credits) => {
	const { data, task } = await finish('apiMart', { model, ...fields });
	expect(data.data).toMatchObject({ cost, credits_cost: credits });
	expect(task?.credits.charged).toBe(credits);
});
