import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { reportModels, type ModelReport } from '../../../scripts/modelReport';
import { startSandbox, type Fault, type Sandbox, type SandboxOptions } from '../../sandbox/sandbox';

jest.setTimeout(60_000);

const DAY_MS = 24 * 60 * 60 * 1000;

let sandbox: Sandbox | undefined;

afterEach(async () => {
	await sandbox?.close();
	sandbox = undefined;
});

/** What the script finds at a sandbox with these options. */
async function report(options: SandboxOptions = {}, apiKey?: string): Promise<ModelReport> {
	sandbox = await startSandbox(options);
	return await reportModels(settings(sandbox, apiKey));
}

function settings({ baseUrls, keys }: Sandbox, apiKey: string = keys.apiMart) {
	return {
		EVOLINK_BASE_URL: baseUrls.evoLink,
		APIMART_BASE_URL: `${baseUrls.apiMart}/`,
		APIMART_API_KEY: apiKey,
	};
}

function findings({ text }: ModelReport): string[] {
	return text.split('\n').filter((line) => /^(New|Gone|Different) /.test(line));
}

const respondWith = (status: number, body: unknown): Fault => ({ kind: 'response', status, body });

/** Replaces the response to this call. */
const replace = (path: string, body: unknown, status = 200): SandboxOptions => ({
	intercept: (request) => (request.path.includes(path) ? respondWith(status, body) : undefined),
});

const API_IN_ONE =
	"API in One wasn't asked: it has no call that lists its models. See https://apiin.one/zh/model/seedream-4-5.";

describe('npm run models', () => {
	it('finds nothing where the providers sell what the tables say', async () => {
		expect(await report()).toEqual({
			text: [
				'EvoLink sells what the tables say.',
				"EvoLink's limits weren't compared: it has no call that lists them.",
				'',
				'APIMart sells what the tables say.',
				"APIMart's prices weren't compared: it has no call that lists them.",
				'',
				API_IN_ONE,
			].join('\n'),
			exitCode: 0,
		});
	});

	it('finds models that are new or gone, but not those of other families', async () => {
		const found = await report({
			catalog: {
				evoLink: {
					add: ['doubao-seedream-5.5', 'gpt-image-3'],
					remove: ['doubao-seedream-4.0'],
					rates: { 'doubao-seedream-5.5': { image: 2.5, web_search: 0.1 } },
				},
				apiMart: { add: ['seedream-5-5', 'doubao-seedance-2-5'], remove: ['seedream-5-0-flash'] },
			},
		});
		expect(found.exitCode).toBe(1);
		expect(findings(found)).toEqual([
			'New at EvoLink: doubao-seedream-5.5 (2.5 credits per image; 0.1 credits per web search)',
			'Gone from EvoLink: doubao-seedream-4.0',
			'New at APIMart: seedream-5-5 (prompt up to 3,000 characters; size 1:1, 4:3, 3:4, 16:9, 9:16, auto; resolution 1K, 2K, 3K; n 1 to 4; image_urls up to 10)',
			'Gone from APIMart: seedream-5-0-flash',
		]);
	});

	it('counts the alias of a model as the model', async () => {
		const found = await report(
			replace('/v1/models', {
				data: ['doubao-seedance-4-5', 'doubao-seedream-4-0', 'seedream-5-0-lite'].map((id) => ({
					id,
				})),
			}),
		);
		expect(findings(found)).toEqual([
			'Gone from APIMart: seedream-5-0-pro',
			'Gone from APIMart: seedream-5-0-flash',
		]);
	});

	it('finds other prices, each for its resolutions', async () => {
		const found = await report({
			catalog: {
				evoLink: {
					rates: {
						'doubao-seedream-4.5': { image: 2.25 },
						'doubao-seedream-5.0-lite': { web_search: 0.05 },
						'doubao-seedream-5.0-flash': { reference_image: 0.2 },
						'doubao-seedream-5.0-pro': { image: 4.59 },
						'doubao-seedream-5.0-pro-layerize': { input_image: 0.2 },
					},
				},
			},
		});
		expect(found.exitCode).toBe(1);
		expect(findings(found)).toEqual([
			'Different at EvoLink: doubao-seedream-5.0-pro: price per image at 1K, 1.5K 2.295 → 4.59 credits',
			'Different at EvoLink: doubao-seedream-5.0-flash: price per reference image none → 0.2 credits',
			'Different at EvoLink: doubao-seedream-5.0-lite: price per web search 0.04 → 0.05 credits',
			'Different at EvoLink: doubao-seedream-5.0-pro-layerize: price per input image 0.1632 → 0.2 credits',
			'Different at EvoLink: doubao-seedream-4.5: price per image 2.04 → 2.25 credits',
		]);
	});

	it('finds a price that is gone, another exchange rate, and what it cannot compare', async () => {
		const image = { name: 'image', rate: { credits: '2.04', usd: 0.034 } };
		const conditional = { ...image, conditions: { quality: ['4K'], batch: true } };
		const found = await report(
			replace('/v1/catalog/pricing-rules', {
				meta: { fresh_until: '2026-01-01T00:00:00Z' },
				models: [
					{ id: 'veo-4', components: 'see the website' },
					{ id: 'doubao-seedream-4.5', components: [conditional, image] },
					{ id: 'doubao-seedream-4.0', components: [] },
				],
			}),
		);
		expect(findings(found)).toContain(
			'Different at EvoLink: doubao-seedream-4.0: price per image 1.53 credits → none',
		);
		expect(findings(found)).toContain('Different at EvoLink: credits per US dollar: 68 → 60');
		expect(findings(found).join()).not.toContain('doubao-seedream-4.5');
		expect(found.text).toContain(
			`doubao-seedream-4.5: the tables don't have this kind of price: 2.04 credits per image if {"batch":true}.`,
		);
		expect(found.text).toContain(
			"EvoLink's price list has been out of date since 2026-01-01T00:00:00.000Z.",
		);
	});

	it('says when the price list is out of date', async () => {
		const found = await report({ now: () => Date.now() - 2 * DAY_MS });
		expect(found.exitCode).toBe(0);
		expect(found.text).toMatch(
			/^EvoLink sells what the tables say\.\nEvoLink's price list has been out of date since 20/,
		);
	});

	it('finds other limits', async () => {
		const found = await report({
			catalog: {
				apiMart: {
					limits: {
						'doubao-seedance-4-5': {
							n: { maximum: 10 },
							watermark: { default: true },
							prompt: { maxLength: 4000 },
							webhook: { maxLength: 500 },
						},
						'seedream-5-0-pro': {
							resolution: { enum: ['1K', '1.5K', '2K', '4K'], default: '2K' },
							image_urls: { maxItems: 12 },
							seed: { type: 'integer' },
						},
					},
				},
			},
		});
		expect(found.exitCode).toBe(1);
		expect(findings(found)).toEqual([
			'Different at APIMart: seedream-5-0-pro: references 10 → 12; resolution 1.5K, 1K, 2K → 1.5K, 1K, 2K, 4K; default of resolution 1K → 2K; new parameter seed',
			'Different at APIMart: doubao-seedance-4-5: prompt characters none → 4,000; maximum of n 15 → 10; default of watermark false → true; webhook characters 2,048 → 500',
		]);
	});

	it('finds parameters and references that are gone', async () => {
		const properties = { model: {}, prompt: {}, size: {}, resolution: {}, webhook: {} };
		const found = await report(
			replace('model=seedream-5-0-flash', { input_schema: { properties } }),
		);
		expect(findings(found)).toEqual([
			'Different at APIMart: seedream-5-0-flash: references 10 → 0; output_format is gone; background is gone',
		]);
	});

	it('compares only the ID of a model without a schema', async () => {
		const error = { error: { code: 404, message: 'No schema', type: 'x' } };
		const found = await report(replace('model=seedream-5-0-flash', error, 404));
		expect(found.exitCode).toBe(0);
		expect(found.text).toContain(
			"seedream-5-0-flash: the limits weren't compared, because APIMart has no schema for it.",
		);
	});

	it.each(['', '  ', undefined])('asks only EvoLink with the API key %j', async (apiKey) => {
		sandbox = await startSandbox();
		const found = await reportModels({ ...settings(sandbox), APIMART_API_KEY: apiKey });
		expect(found.exitCode).toBe(0);
		expect(found.text).toContain(
			"APIMart wasn't asked: set APIMART_API_KEY to an API key of APIMart.",
		);
		expect(sandbox.requests.map(({ provider }) => provider)).toEqual(['evoLink', 'evoLink']);
	});

	it('says that an API key is rejected, and never prints it', async () => {
		const apiKey = 'sk-secret-0123456789';
		const found = await report(
			replace('/v1/models', { error: { message: `Invalid key ${apiKey}`, code: 401 } }, 401),
			apiKey,
		);
		expect(found.exitCode).toBe(2);
		expect(found.text).toContain(
			"APIMart couldn't be asked: GET /v1/models returned HTTP 401: Invalid key [API key].",
		);
		expect(found.text).not.toContain(apiKey);
	});

	it('reports what it finds at one provider if another is down', async () => {
		const found = await report({
			catalog: { apiMart: { add: ['seedream-6'] } },
			intercept: ({ provider }) => (provider === 'evoLink' ? { kind: 'resetBefore' } : undefined),
		});
		expect(found.exitCode).toBe(2);
		expect(found.text).toMatch(
			/^EvoLink couldn't be asked: GET \/v1\/catalog\/models failed: \w+\.$/m,
		);
		expect(findings(found)).toEqual(['New at APIMart: seedream-6']);
	});

	const CALLS = [
		['EvoLink', '/v1/catalog/models'],
		['EvoLink', '/v1/catalog/pricing-rules'],
		['APIMart', '/v1/models'],
		['APIMart', '/v1/model-schema'],
	];
	const GARBAGE = [
		'<html>Welcome</html>',
		'',
		null,
		[],
		[1, 'a'],
		7,
		{ data: null, models: 'none', input_schema: 3 },
		{ data: [1, 'a'], models: [{ id: 7 }], input_schema: { properties: [] } },
		{
			data: [{ id: 'seedream-6', type: {} }, { name: 'seedream-7' }],
			models: [{ id: 'seedream-6', components: [{ name: 'image', rate: { credits: 'many' } }] }],
		},
	];
	it.each(CALLS.flatMap(([label, path]) => GARBAGE.map((body) => [label, path, body] as const)))(
		"says that %s's response to %s can't be read: %j",
		async (label, path, body) => {
			const found = await report(replace(String(path), body));
			expect(found.exitCode).toBe(2);
			expect(found.text).toContain(`${label} couldn't be asked: the response to GET ${path}`);
			expect(found.text).toContain("couldn't be read (");
		},
	);

	it.each([
		[0, [], undefined],
		[1, ['seedream-6'], undefined],
		[2, ['seedream-6'], 'sk-wrong-key'],
	])('exits with %i', async (exitCode, add, apiKey) => {
		sandbox = await startSandbox({ catalog: { evoLink: { add } } });
		const script = spawn(process.execPath, ['--import', 'tsx', 'scripts/models.ts'], {
			env: { ...process.env, ...settings(sandbox, apiKey) },
		});
		const [stdout, stderr, [status]] = await Promise.all([
			text(script.stdout),
			text(script.stderr),
			once(script, 'close'),
		]);
		expect({ status, stderr }).toEqual({ status: exitCode, stderr: '' });
		expect(stdout).toMatch(new RegExp(`${API_IN_ONE}\n$`));
	});
});
