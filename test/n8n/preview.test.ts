import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';

import type { Fault, SandboxOptions } from '../sandbox/sandbox';
import { picture } from '../unit/nodes/images/noiseImages';
import type { NodeResult } from './engine';
import {
	CONTINUE,
	engine,
	fieldOf,
	forEachProvider,
	FROM_ROW,
	LABELS,
	ONE_PER_PROVIDER,
	PROMPTS,
	respondWith,
	systemsOf,
	testNode,
	type Fixture,
} from './fixture';
import { CREDITS_PER_USD, REFERENCE, type System } from './systems';

/** What rows would cost, without sending them. */

const PREVIEW = { continueWhen: 'preview' };

const UNREACHABLE_PROXY = 'http://127.0.0.1:9';

// Without a credential, EvoLink's own prices are on the internet, which no test depends on.
beforeAll(() => {
	process.env.HTTPS_PROXY = UNREACHABLE_PROXY;
});

afterAll(() => {
	delete process.env.HTTPS_PROXY;
});

const hintOf = ({ hints }: NodeResult) => hints.map(({ message }) => message).join(' ');

/** Nothing was sent that may cost anything. */
function expectNothingSent({ sandbox }: Fixture): void {
	const steps = new Set(sandbox.requests.map(({ step }) => step));
	expect([...steps].filter((step) => step !== 'account' && step !== 'catalog')).toEqual([]);
	expect(sandbox.tasks()).toEqual([]);
	expect(sandbox.uploads()).toEqual([]);
}

function costOfOne({ provider, creditsPerImage: credits }: System) {
	const usd = Number((credits / CREDITS_PER_USD[provider]).toFixed(6));
	return { credits, usd };
}

const preview = async (
	fixture: Fixture,
	prompts: readonly string[],
	parameters: INodeParameters = {},
	options: Parameters<Fixture['generate']>[1] = {},
) => await fixture.generate(prompts, { parameters: { ...PREVIEW, ...parameters }, ...options });

/** The requests with a path that ends like this. */
const sentTo = ({ sandbox }: Fixture, path: string) =>
	sandbox.requests.filter((request) => request.path.endsWith(path));

describe('the items of a preview', () => {
	forEachProvider('are the requests and their cost', async (fixture) => {
		const { system } = fixture;
		const { items, status } = await preview(fixture, PROMPTS, system.size.parameters);

		expect(status).toBe('success');
		expect(items).toHaveLength(3);
		for (const [row, { json, pairedItem }] of items.entries()) {
			const { model } = system.parameters;
			const estimated = system.provider === 'evoLink' ? {} : { estimated: true };
			expect(json).toEqual({
				status: 'preview',
				provider: system.provider,
				model,
				prompt: PROMPTS[row],
				imageCount: 1,
				request: expect.objectContaining({ model, prompt: PROMPTS[row] }) as unknown,
				cost: { ...costOfOne(system), ...estimated },
			});
			expect(pairedItem).toEqual({ item: row });
		}
		expectNothingSent(fixture);
	});

	forEachProvider('contain exactly the request that is sent later', async (fixture) => {
		const { edit, size } = fixture.system;
		const parameters = { ...size.parameters, ...edit };
		const { items } = await preview(fixture, PROMPTS, parameters);
		await fixture.generate(PROMPTS, { parameters });

		const bodies = fixture.requests('create').map(({ body }) => body as { prompt: string });
		expect(bodies).toHaveLength(3);
		expect(fieldOf(items, 'request')).toEqual(
			PROMPTS.map((prompt) => bodies.find((body) => body.prompt === prompt)),
		);
	});

	forEachProvider(
		'agree with what the images then cost',
		async (fixture) => {
			const parameters = fixture.system.several;
			const { items } = await preview(fixture, ['one'], parameters);
			expect(items[0]?.json).toMatchObject({ imageCount: 3 });
			await fixture.generate(['one'], { parameters });

			const { charged } = fixture.sandbox.account(fixture.system.provider);
			expect(items[0]?.json.cost).toMatchObject({ credits: expect.closeTo(charged, 6) as number });
		},
		{},
		systemsOf('evoLink', 'apiMart'),
	);

	testNode('name the files that would be uploaded', async (fixture) => {
		const { storeFile } = await engine();
		const file = await storeFile(await picture().png().toBuffer(), 'image/png');
		const result = await preview(
			fixture,
			['one'],
			{ imageFields: 'data', imageUrls: REFERENCE },
			{ files: [{ data: file }] },
		);

		expect(result.items[0]?.json.request).toMatchObject({
			image_urls: [REFERENCE, '(file in "data", uploaded when the row is sent)'],
		});
		expectNothingSent(fixture);
	});

	testNode('contain as many images as a set may have at APIMart', async (fixture) => {
		const { items, hints } = await preview(fixture, ['one'], {
			provider: 'apiMart',
			model: 'doubao-seedance-4-5',
			imageUrls: REFERENCE,
			additionalFields: { sequentialImageGeneration: 'auto', maxImages: 4 },
		});

		expect(items[0]?.json).toMatchObject({ imageCount: 4, cost: { credits: 1.04, usd: 0.104 } });
		expect(hints[0]?.message).toContain('1 row, 4 images, up to $0.10 at APIMart');
	});

	testNode('cost as much as the most layers do', async (fixture) => {
		const { items, hints } = await preview(fixture, [''], {
			model: 'doubao-seedream-5.0-pro-layerize',
			resolution: '1K',
			imageUrls: REFERENCE,
		});

		expect(items[0]?.json).toMatchObject({ imageCount: 17, cost: { credits: 20.9712 } });
		expect(hints[0]?.message).toContain('1 row, 17 images, up to $0.31 at EvoLink');
		expectNothingSent(fixture);
	});

	testNode('are left out for empty rows', async (fixture) => {
		const { items, hints } = await preview(fixture, ['one', '', 'three']);

		expect(fieldOf(items, 'prompt')).toEqual(['one', 'three']);
		expect(hints[0]?.message).toContain('Skipped 1 empty row: row 2.');
	});
});

describe('rows that would be refused', () => {
	const SECOND_IS_INVALID = { resolution: '={{ $json.prompt === "two" ? "9K" : "" }}' };

	for (const onError of ['stopWorkflow', 'continueRegularOutput'] as const) {
		forEachProvider(`are failed items with On Error: ${onError}`, async (fixture) => {
			const result = await preview(fixture, PROMPTS, SECOND_IS_INVALID, { onError });

			expect(result.error).toBeUndefined();
			expect(fieldOf(result.items, 'status')).toEqual(['preview', 'failed', 'preview']);
			expect(result.items[1]).toMatchObject({
				json: { error: { code: 'invalid_row', charged: 'no' } },
				pairedItem: { item: 1 },
			});
			expect(hintOf(result)).toContain('2 rows, 2 images,');
			expect(hintOf(result)).toContain('1 row would be refused.');
			expectNothingSent(fixture);
		});
	}

	forEachProvider('go to the error output if there is one', async (fixture) => {
		const { items, errorItems } = await preview(fixture, PROMPTS, SECOND_IS_INVALID, {
			onError: 'continueErrorOutput',
		});

		expect(fieldOf(items, 'prompt')).toEqual(['one', 'three']);
		expect(errorItems[0]?.json).toMatchObject({ status: 'failed', error: { charged: 'no' } });
		expectNothingSent(fixture);
	});

	testNode("aren't an error even if there are no others", async (fixture) => {
		const result = await preview(fixture, ['x'.repeat(20_000)]);

		expect(result.error).toBeUndefined();
		expect(hintOf(result)).toBe('1 row would be refused.');
		expect(fixture.sandbox.requests).toEqual([]);
	});

	testNode('include those whose references fail Check References', async (fixture) => {
		const gone = `${fixture.sandbox.origin}/files/gone.png`;
		const result = await preview(fixture, ['one'], {
			imageUrls: gone,
			options: { checkReferences: true },
		});

		expect(fieldOf(result.items, 'status')).toEqual(['failed']);
		expect(fixture.requests('create')).toEqual([]);
	});

	testNode("include those outside a custom model's own limits", async (fixture) => {
		const result = await preview(fixture, ['one', 'x'.repeat(3001)], {
			provider: 'apiMart',
			model: 'custom',
			customModel: 'seedream-5-5',
		});

		expect(fieldOf(result.items, 'status')).toEqual(['preview', 'failed']);
		expect(result.items[0]?.json.cost).toBeUndefined();
		expect(hintOf(result)).toContain(
			'1 row, 1 image. Price unknown: 1 row. 1 row would be refused.',
		);
	});
});

describe('a preview without credentials', () => {
	forEachProvider('works, without a balance', async (fixture) => {
		const { system, sandbox } = fixture;
		const result = await preview(fixture, PROMPTS, system.size.parameters, { credentials: {} });

		expect(result.status).toBe('success');
		expect(fieldOf(result.items, 'cost')).toEqual(
			PROMPTS.map(() => ({ ...costOfOne(system), estimated: true })),
		);
		expect(hintOf(result)).not.toContain('balance');
		expect(hintOf(result)).toContain(
			`Prices at ${LABELS[system.provider]} are from the node's own price list.`,
		);
		expect(sandbox.requests).toEqual([]);
	});
});

const OTHER_RATE: SandboxOptions = {
	catalog: { evoLink: { rates: { 'doubao-seedream-4.5': { image: 3.4 } } } },
};

describe("EvoLink's own prices", () => {
	testNode(
		'count, and are asked for once and without the API key',
		async (fixture) => {
			const result = await preview(fixture, PROMPTS);

			expect(fieldOf(result.items, 'cost')).toEqual(
				PROMPTS.map(() => ({ credits: 3.4, usd: 0.05 })),
			);
			expect(fixture.requests('catalog')).toMatchObject([
				{ path: '/evolink/v1/catalog/pricing-rules', authorizationSent: false },
			]);
			expect(hintOf(result)).toMatch(
				/^3 rows, 3 images, about \$0\.15 at EvoLink; balance \$[\d,.]+\.$/,
			);
		},
		OTHER_RATE,
	);

	const rules = (meta: object, components: unknown) =>
		respondWith(200, { meta, models: [{ id: 'doubao-seedream-4.5', components }] });
	const image = (changes: object) => [{ name: 'image', rate: { credits: 3.4 }, ...changes }];
	const unusable: Array<[string, Fault]> = [
		['stale', rules({ fresh_until: '2020-01-01T00:00:00Z' }, image({}))],
		['with other conditions', rules({}, image({ conditions: { seats: 3 } }))],
		['with unknown components', rules({}, [...image({}), ...image({ name: 'surcharge' })])],
		['without a rate', rules({}, image({ rate: null }))],
		['something else', respondWith(200, ['prices'])],
		['a web page', respondWith(200, '<html></html>')],
		['an error', respondWith(500)],
		['no response', { kind: 'resetBefore' }],
	];
	for (const [what, fault] of unusable) {
		testNode(`are replaced by the price list if they're ${what}`, async (fixture) => {
			fixture.sandbox.setIntercept(({ step }) => (step === 'catalog' ? fault : undefined));
			const result = await preview(fixture, PROMPTS);

			expect(fieldOf(result.items, 'cost')).toEqual(
				PROMPTS.map(() => ({ credits: 2.04, usd: 0.03, estimated: true })),
			);
			expect(hintOf(result)).toContain('about $0.09 at EvoLink; balance ');
			expect(hintOf(result)).toContain("Prices at EvoLink are from the node's own price list.");
			expect(fixture.requests('catalog')).toHaveLength(1);
			expectNothingSent(fixture);
		});
	}

	testNode('also count for a custom model', async (fixture) => {
		const { items } = await preview(fixture, ['one'], {
			model: 'custom',
			customModel: 'doubao-seedream-5.0-pro',
			resolution: '2K',
		});

		expect(items[0]?.json).toMatchObject({ cost: { credits: 4.59, usd: 0.0675 } });
	});
});

describe("EvoLink's quotes", () => {
	const QUOTES = '/v1/agent-estimates';

	testNode('are asked for once if the key may not have any', async (fixture) => {
		const { items } = await preview(fixture, PROMPTS, { imageCount: '={{ $itemIndex + 1 }}' });

		expect(fieldOf(items, 'cost')).toMatchObject([
			{ credits: 2.04 },
			{ credits: 4.08 },
			{ credits: 6.12 },
		]);
		expect(sentTo(fixture, QUOTES)).toHaveLength(1);
	});

	testNode(
		'count, and are asked for at most three times',
		async (fixture) => {
			const rows = Array.from({ length: 12 }, (_row, n) => `Picture ${n}`);
			const imageCount = '={{ $itemIndex % 4 + 1 }}';
			const { items } = await preview(fixture, rows, { imageCount });

			// What EvoLink quotes isn't changed by the rates in its catalog.
			const quoted = items.filter(
				({ json }) => (json.cost as { credits: number }).credits % 2.04 < 1e-9,
			);
			expect(quoted).toHaveLength(9);
			expect(sentTo(fixture, QUOTES)).toHaveLength(3);
			expect(sentTo(fixture, QUOTES)[0]?.body).toEqual(items[0]?.json.request);
			expectNothingSent(fixture);
		},
		{ ...OTHER_RATE, allowsEstimates: true },
	);
});

describe('the balance', () => {
	forEachProvider(
		'is asked for once',
		async (fixture) => {
			const { provider } = fixture.system;
			const result = await preview(fixture, PROMPTS);

			const dollars = fixture.sandbox.account(provider).balance / CREDITS_PER_USD[provider];
			const [whole = '', cents] = dollars.toFixed(2).split('.');
			const shown = `${Number(whole).toLocaleString('en-US')}.${cents}`;
			expect(hintOf(result)).toContain(`at ${LABELS[provider]}; balance $${shown}`);
			const path = provider === 'evoLink' ? '/v1/credits' : '/v1/balance';
			expect(sentTo(fixture, path)).toHaveLength(1);
		},
		{},
		systemsOf('evoLink', 'apiMart'),
	);

	forEachProvider(
		"says if the provider doesn't accept the API key",
		async (fixture) => {
			const { system, sandbox } = fixture;
			const fields = { apiKey: 'wrong', baseUrl: sandbox.baseUrls[system.provider] };
			const credentials = { evoLinkApi: fields, apiMartApi: fields };
			const result = await preview(fixture, PROMPTS, {}, { credentials });

			expect(fieldOf(result.items, 'status')).toEqual(['preview', 'preview', 'preview']);
			expect(hintOf(result)).toContain(`${LABELS[system.provider]} didn't accept the API key.`);
		},
		{},
		systemsOf('evoLink', 'apiMart'),
	);
});

describe('continueWhen from an expression', () => {
	const mixed = (when: string[]) =>
		when.map((continueWhen, n) => ({ continueWhen, prompt: PROMPTS[n] }));
	const parameters = (fixture: Fixture) => ({
		...fixture.system.parameters,
		prompt: '={{ $json.prompt }}',
		continueWhen: '={{ $json.continueWhen }}',
		downloadImages: false,
	});

	forEachProvider('only previews the rows that say so', async (fixture) => {
		const { items } = await fixture.run('seedreamGenerate', {
			parameters: parameters(fixture),
			rows: mixed(['preview', 'finished', 'submitted']),
		});

		expect(fieldOf(items, 'status')).toEqual(['preview', 'completed', 'submitted']);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2].map((item) => ({ item })));
		expect(fixture.createdPrompts()).toEqual(['three', 'two']);
	});

	testNode(
		'stops for a failed row that would run, and not for a previewed one',
		async (fixture) => {
			const rows = mixed(['preview', 'finished']);
			const run = async (prompts: string[]) =>
				await fixture.run('seedreamGenerate', {
					parameters: parameters(fixture),
					rows: rows.map((row, n) => ({ ...row, prompt: prompts[n] })),
				});
			const long = 'x'.repeat(20_000);

			expect(fieldOf((await run([long, 'two'])).items, 'status')).toEqual(['failed', 'completed']);
			const { error } = await run(['one', long]);
			expect(error?.message).toContain("Row 2: 'Prompt' is 20,000 characters long");
			expect(error?.description).not.toContain('finished');
			expect(fixture.createdPrompts()).toEqual(['two']);
		},
	);
});

describe('rows that have a task already', () => {
	testNode('cost nothing more', async (fixture) => {
		fixture.failOnce('query', 'two', respondWith(401));
		const failed = await fixture.generate(['one', 'two']);
		expect(failed.error).toBeDefined();
		const result = await preview(fixture, [], {}, { retryOf: failed });

		const taskIds = ['one', 'two'].map(
			(prompt) => fixture.sandbox.tasks().find((task) => task.prompt === prompt)?.id,
		);
		expect(result.items.map(({ json }) => json)).toEqual(
			['one', 'two'].map((prompt, row) => ({
				status: 'preview',
				provider: 'evoLink',
				model: 'doubao-seedream-4.5',
				taskId: taskIds[row],
				prompt,
				imageCount: 1,
				cost: { credits: 0, usd: 0 },
			})),
		);
		expect(hintOf(result)).toBe('2 rows, 2 images. Already sent, at no further cost: 2 rows.');
		expect(fixture.requests('create')).toHaveLength(2);
	});
});

describe('a preview of many rows', () => {
	testNode('of several providers has one summary', async (fixture) => {
		const rows = ONE_PER_PROVIDER.map(({ parameters }) => ({ ...parameters, prompt: 'A lake' }));
		const result = await fixture.run('seedreamGenerate', {
			parameters: { ...FROM_ROW, ...PREVIEW },
			rows,
		});

		expect(hintOf(result)).toMatch(
			/^3 rows, 3 images, about \$0\.03 at EvoLink \(balance \$[\d,.]+\), about \$0\.026 at APIMart \(balance \$[\d,.]+\) and about \$0\.12 at API in One\. Prices at APIMart and API in One are from the node's own price list\.$/,
		);
		expectNothingSent(fixture);
	});

	testNode('asks each question once for 200 rows, and waits for nothing else', async (fixture) => {
		const rows = Array.from({ length: 200 }, (_row, n) => `Picture ${n}`);
		const { items, seconds } = await preview(fixture, rows);

		expect(items.map(({ json }: INodeExecutionData) => json.prompt)).toEqual(rows);
		expect(fixture.sandbox.requests).toHaveLength(3);
		// Half a second on an idle computer.
		expect(seconds).toBeLessThan(5);
	});

	testNode('changes nothing about the next execution', async (fixture) => {
		await preview(fixture, PROMPTS);
		const { items } = await fixture.generate(PROMPTS, CONTINUE);

		fixture.expectComplete(items, PROMPTS);
		expect(fixture.chargedImages()).toBe(3);
	});
});
