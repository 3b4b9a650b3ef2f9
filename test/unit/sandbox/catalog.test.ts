import Ajv from 'ajv';
import axios from 'axios';

import { startSandbox, type CatalogChanges, type Sandbox } from '../../sandbox/sandbox';
import { send, sendCreate, START_TIME } from './client';

const OURS = /seedream/i;

let sandbox: Sandbox;

async function start(changes: CatalogChanges = {}) {
	const catalog = { evoLink: changes, apiMart: changes };
	sandbox = await startSandbox({ now: () => START_TIME, catalog });
}

afterEach(async () => sandbox.close());

/** Without an API key. */
async function publicCatalog(path: string) {
	const url = `${sandbox.baseUrls.evoLink}/v1/catalog/${path}`;
	return axios.get(url, { validateStatus: () => true });
}

const idsIn = (models: Array<{ id: string }>) => models.map(({ id }) => id);

const schemaOf = (model: string, operation = 'image_generation') =>
	send(sandbox, 'apiMart', `model-schema?model=${model}&operation=${operation}`);

describe("EvoLink's catalog", () => {
	it("EvoLink's catalog lists its models and those of other families without an API key", async () => {
		await start();
		const { data } = (await publicCatalog('models')).data;
		const ours = idsIn(data).filter((id) => OURS.test(id));
		expect(ours.sort()).toEqual([
			'doubao-seedream-4.0',
			'doubao-seedream-4.5',
			'doubao-seedream-5.0-flash',
			'doubao-seedream-5.0-flash-layerize',
			'doubao-seedream-5.0-lite',
			'doubao-seedream-5.0-pro',
			'doubao-seedream-5.0-pro-layerize',
		]);
		expect(data).toContainEqual({ id: 'doubao-seedream-4.5', type: 'image' });
		expect(data).toContainEqual({ id: 'doubao-seedance-2.0', type: 'video' });
		expect(sandbox.requests).toMatchObject([
			{ provider: 'evoLink', step: 'catalog', authorizationSent: false },
		]);
	});

	it("EvoLink's pricing rules have a rate for each component and its conditions", async () => {
		await start();
		const { meta, models } = (await publicCatalog('pricing-rules')).data;
		expect(meta.fresh_until).toBe('2025-09-07T13:23:51.000Z');
		expect(models).toContainEqual({
			id: 'doubao-seedream-5.0-pro',
			components: [
				{
					name: 'image',
					unit: 'image',
					conditions: { quality: ['1K', '1.5K'] },
					rate: { credits: 2.295, usd: 0.03375 },
				},
				{
					name: 'image',
					unit: 'image',
					conditions: { quality: ['2K'] },
					rate: { credits: 4.59, usd: 0.0675 },
				},
				{ name: 'reference_image', unit: 'image', rate: { credits: 0.153, usd: 0.00225 } },
			],
		});
		const one = (await publicCatalog('models/doubao-seedream-5.0-lite/pricing-rules')).data;
		expect(one).toEqual({
			meta,
			models: [
				{
					id: 'doubao-seedream-5.0-lite',
					components: [
						{ name: 'image', unit: 'image', rate: { credits: 1.904, usd: 0.028 } },
						{ name: 'web_search', unit: 'search', rate: { credits: 0.04, usd: 0.000588 } },
					],
				},
			],
		});
		expect((await publicCatalog('models/doubao-seedream-9/pricing-rules')).status).toBe(404);
	});

	it("EvoLink's list of an account's models needs an API key", async () => {
		await start();
		const { data } = await send(sandbox, 'evoLink', 'models');
		expect(idsIn(data.data)).toContain('doubao-seedream-5.0-lite');
		const wrong = { authorization: 'Bearer wrong' };
		expect((await send(sandbox, 'evoLink', 'models', undefined, wrong)).status).toBe(401);
	});

	it("a test can change EvoLink's catalog, but not what creates accept and cost", async () => {
		await start({
			add: ['doubao-seedream-5.5'],
			remove: ['doubao-seedream-4.5'],
			rates: { 'doubao-seedream-4.0': { image: 3 }, 'doubao-seedream-5.5': { image: 2 } },
		});
		const { data } = (await publicCatalog('models')).data;
		expect(data).toContainEqual({ id: 'doubao-seedream-5.5', type: 'image' });
		expect(idsIn(data)).not.toContain('doubao-seedream-4.5');
		const { models } = (await publicCatalog('pricing-rules')).data;
		expect(models).toContainEqual({
			id: 'doubao-seedream-4.0',
			components: [{ name: 'image', unit: 'image', rate: { credits: 3, usd: 0.044118 } }],
		});
		expect(models).toContainEqual({
			id: 'doubao-seedream-5.5',
			components: [{ name: 'image', unit: 'image', rate: { credits: 2, usd: 0.029412 } }],
		});
		expect((await sendCreate(sandbox, 'evoLink')).status).toBe(200);
		expect(sandbox.account('evoLink').reserved).toBe(2.04);
	});
});

describe("APIMart's catalog", () => {
	it("APIMart's list has all aliases and other families, and needs an API key", async () => {
		await start();
		const { data } = await send(sandbox, 'apiMart', 'models');
		expect(data.object).toBe('list');
		expect(idsIn(data.data)).toEqual(
			expect.arrayContaining([
				'doubao-seedance-4-5',
				'seedream-4-5',
				'doubao-seedance-4-0',
				'seedream-5-0-lite',
				'doubao-seedream-5-0-pro',
				'gpt-image-2',
			]),
		);
		expect(idsIn(data.data)).not.toContain('seedream-5-5');
		const wrong = { authorization: 'Bearer wrong' };
		expect((await send(sandbox, 'apiMart', 'models', undefined, wrong)).status).toBe(401);
		expect(sandbox.requests.map(({ step }) => step)).toEqual(['catalog', 'catalog']);
	});

	it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
		['seedream-4-5', { n: 15, resolution: '4K' }, { n: 16 }],
		['doubao-seedream-5-0-pro', { resolution: '1.5K' }, { n: 2 }],
		['seedream-5-5', { n: 4, resolution: '3K' }, { prompt: 'a'.repeat(3001) }],
	])(
		"APIMart's schema of %s accepts %j and rejects %j, like a create",
		async (model, good, bad) => {
			await start();
			const { status, data } = await schemaOf(model);
			expect(status).toBe(200);
			expect(data).toMatchObject({ model, operation: 'image_generation' });
			const validate = new Ajv().compile(data.input_schema);
			for (const fields of [good, bad]) {
				const body = { model, prompt: 'a lake', ...fields };
				const { status: created } = await sendCreate(sandbox, 'apiMart', body);
				expect(validate(body)).toBe(created === 200);
				expect(validate(body)).toBe(fields === good);
			}
		},
	);

	it("APIMart's schema has exactly the fields of a model, with their defaults", async () => {
		await start();
		const { properties } = (await schemaOf('seedream-5-0-flash')).data.input_schema;
		expect(Object.keys(properties)).toEqual([
			'model',
			'prompt',
			'size',
			'resolution',
			'n',
			'image_urls',
			'output_format',
			'background',
			'webhook',
		]);
		expect(properties.resolution).toEqual({
			type: 'string',
			enum: ['1K', '1.5K', '2K'],
			default: '1K',
		});
	});

	it('APIMart responds with 404 to the schema of an unknown model or operation', async () => {
		await start();
		for (const response of [await schemaOf('seedream-9'), await schemaOf('seedream-4-5', 'chat')]) {
			expect([response.status, response.data.error.code]).toEqual([404, 404]);
		}
		const wrong = { authorization: 'Bearer wrong' };
		const path = 'model-schema?model=seedream-4-5&operation=image_generation';
		expect((await send(sandbox, 'apiMart', path, undefined, wrong)).status).toBe(401);
	});

	it("a test can change APIMart's catalog, but not what creates accept", async () => {
		await start({
			add: ['seedream-5-5'],
			remove: ['seedream-4-0'],
			limits: { 'seedream-4-5': { n: { maximum: 10 } } },
		});
		const ids = idsIn((await send(sandbox, 'apiMart', 'models')).data.data);
		expect(ids).toContain('seedream-5-5');
		expect(ids).not.toContain('seedream-4-0');
		expect((await schemaOf('seedream-4-0')).status).toBe(404);
		const { n } = (await schemaOf('seedream-4-5')).data.input_schema.properties;
		expect(n).toEqual({ type: 'integer', minimum: 1, maximum: 10, default: 1 });
		expect((await sendCreate(sandbox, 'apiMart', { n: 15 })).status).toBe(200);
	});
});

it('API in One has no catalog', async () => {
	await start();
	expect((await send(sandbox, 'apiInOne', 'models')).status).toBe(404);
});
