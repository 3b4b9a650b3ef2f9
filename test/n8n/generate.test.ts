import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import sharp from 'sharp';

import { startSandbox } from '../sandbox/sandbox';
import type { ExecutionOptions, NodeResult } from './engine';
import {
	CONTINUE,
	engine,
	fieldOf,
	forEachProvider,
	FROM_ROW,
	respondWith,
	testNode,
	type Fixture,
} from './fixture';
import { CREDITS_PER_USD, REFERENCE, sandboxCredentials, systems } from './systems';

/** Seedream Generate from end to end: text, references, several images, rows, files and errors. */

const forEachSystem = (title: string, test: (fixture: Fixture) => Promise<void>) =>
	forEachProvider(`Seedream Generate ${title}`, test, {}, systems);

/** With all parameters not given here at their defaults. */
async function generate(
	fixture: Fixture,
	parameters: INodeParameters,
	rows: ExecutionOptions['rows'] = [{}],
	options: Partial<ExecutionOptions> = {},
): Promise<NodeResult> {
	return await fixture.run('seedreamGenerate', {
		parameters: { prompt: 'A serene lake', ...parameters },
		rows,
		...options,
	});
}

const rowsOf = (items: INodeExecutionData[]) => items.map(({ pairedItem }) => pairedItem);

async function pixels(item: INodeExecutionData | undefined, field = 'data') {
	const file = item?.binary?.[field];
	if (!file) throw new Error(`The item has no file in ${field}`);
	const { format, width, height } = await sharp(await (await engine()).readFile(file)).metadata();
	return { format, width, height };
}

forEachSystem('makes an image from text, in the requested size', async (fixture) => {
	const { provider, parameters, size, format, creditsPerImage } = fixture.system;
	const { status, items } = await generate(fixture, { ...parameters, ...size.parameters });

	const [task] = fixture.sandbox.tasks();
	expect(status).toBe('success');
	expect(items).toHaveLength(1);
	expect(items[0]?.json).toEqual({
		status: 'completed',
		provider,
		model: parameters.model,
		taskId: task?.id,
		prompt: 'A serene lake',
		imageUrl: task?.images[0],
		imageIndex: 0,
		imageCount: 1,
		expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
		cost: {
			credits: creditsPerImage,
			usd: expect.closeTo(creditsPerImage / CREDITS_PER_USD[provider]),
			// The only one that doesn't say.
			...(provider === 'apiInOne' ? { estimated: true } : {}),
		},
	});
	expect(items[0]?.pairedItem).toEqual({ item: 0 });
	expect(items[0]?.binary?.data).toMatchObject({
		mimeType: `image/${format}`,
		fileName: `${task?.id}-1.${format === 'jpeg' ? 'jpg' : format}`,
	});
	const { width, height } = size;
	expect(await pixels(items[0])).toEqual({ format, width, height });
});

forEachSystem('edits a reference image', async (fixture) => {
	const { parameters, edit } = fixture.system;
	const { status, items } = await generate(fixture, { ...parameters, ...edit });

	expect(status).toBe('success');
	expect(fieldOf(items, 'status')).toEqual(['completed']);
	expect(fixture.requests('create')[0]?.body).toMatchObject({
		model: edit.model ?? parameters.model,
		image_urls: [REFERENCE],
	});
});

forEachSystem('returns the task ID immediately, for Task Status to fetch', async (fixture) => {
	const { provider, parameters, format } = fixture.system;
	const submitted = await generate(fixture, { ...parameters, continueWhen: 'submitted' });
	const [taskId] = fieldOf(submitted.items, 'taskId');
	expect(submitted.items).toEqual([
		{
			json: {
				status: 'submitted',
				provider,
				model: parameters.model,
				taskId: fixture.sandbox.tasks()[0]?.id,
				prompt: 'A serene lake',
			},
			pairedItem: { item: 0 },
		},
	]);

	const finished = await fixture.taskStatus({
		parameters: { taskId: '={{ $json.taskId }}', continueWhen: 'finished' },
		rows: submitted.items.map(({ json }) => json),
	});
	expect(finished.items.map(({ json }) => json)).toEqual([
		expect.objectContaining({ status: 'completed', taskId, imageIndex: 0, imageCount: 1 }),
	]);
	expect(await pixels(finished.items[0])).toMatchObject({ format });
	expect(fixture.requests('create')).toHaveLength(1);
});

describe('several images of one row', () => {
	const several = systems.filter(({ several: parameters }) => parameters !== undefined);
	const single = systems.filter(({ several: parameters }) => parameters === undefined);

	forEachProvider(
		'are one item each by default',
		async (fixture) => {
			const { parameters, several: three, creditsPerImage } = fixture.system;
			const { items } = await generate(fixture, { ...parameters, ...three });

			expect(fieldOf(items, 'imageUrl')).toEqual(fixture.sandbox.tasks()[0]?.images);
			expect(fieldOf(items, 'imageIndex')).toEqual([0, 1, 2]);
			expect(fieldOf(items, 'imageCount')).toEqual([3, 3, 3]);
			expect(fieldOf(items, 'cost')).toEqual(
				Array(3).fill(expect.objectContaining({ credits: creditsPerImage })),
			);
			expect(rowsOf(items)).toEqual(Array(3).fill({ item: 0 }));
			expect(items.map(({ binary }) => Object.keys(binary ?? {}))).toEqual(Array(3).fill(['data']));
		},
		{},
		several,
	);

	forEachProvider(
		'are one item per task on request',
		async (fixture) => {
			const { parameters, several: three, format, creditsPerImage } = fixture.system;
			const perTask = { outputItems: 'perTask', outputField: 'picture' };
			const { items } = await generate(fixture, { ...parameters, ...three, ...perTask });

			expect(items).toHaveLength(1);
			expect(items[0]?.json).toMatchObject({
				imageUrls: fixture.sandbox.tasks()[0]?.images,
				imageCount: 3,
				cost: { credits: Number((3 * creditsPerImage).toFixed(6)) },
			});
			expect(Object.keys(items[0]?.binary ?? {})).toEqual(['picture', 'picture_1', 'picture_2']);
			expect(await pixels(items[0], 'picture_2')).toMatchObject({ format });
		},
		{},
		several,
	);

	forEachProvider(
		'are refused before anything is sent where a task makes one image',
		async (fixture) => {
			const { provider, parameters } = fixture.system;
			const { error } = await generate(fixture, {
				...parameters,
				provider: `={{ "${provider}" }}`,
				imageCount: 3,
			});
			expect(error?.message).toMatch(/^'Number of Images' isn't available for .+$/);
			expect(fixture.sandbox.requests).toEqual([]);
		},
		{},
		single,
	);
});

describe.each([
	{ typeVersion: 1, evoLink: 'doubao-seedream-4.5', apiMart: 'doubao-seedance-4-5' },
	{ typeVersion: 1.1, evoLink: 'doubao-seedream-5.0-lite', apiMart: 'seedream-5-0-lite' },
])('version $typeVersion of the node', ({ typeVersion, ...models }) => {
	const expected = { ...models, apiInOne: 'seedream/4.5-text-to-image' };

	forEachProvider('keeps its default model', async (fixture) => {
		const { provider } = fixture.system;
		const { items } = await generate(fixture, { provider }, [{}], { typeVersion });
		expect(fieldOf(items, 'model')).toEqual([expected[provider]]);
	});

	forEachProvider('uses its default model for an empty cell', async (fixture) => {
		const { provider } = fixture.system;
		const parameters = { ...FROM_ROW, prompt: 'A lake' };
		const rows = [{ provider, model: '' }];
		const { items } = await generate(fixture, parameters, rows, { typeVersion });
		expect(fieldOf(items, 'model')).toEqual([expected[provider]]);
	});
});

describe('spreadsheet rows', () => {
	testNode(
		'choose provider and model; everything else is left to the provider',
		async (fixture) => {
			const rows = [...systems, ...systems].map(({ parameters: { provider, model } }, index) => ({
				provider,
				model,
				prompt: `Picture ${index}`,
			}));
			const { items } = await generate(fixture, FROM_ROW, rows);

			expect(fieldOf(items, 'provider')).toEqual(rows.map((row) => row.provider));
			expect(fieldOf(items, 'model')).toEqual(rows.map((row) => row.model));
			expect(fieldOf(items, 'prompt')).toEqual(rows.map((row) => row.prompt));
			expect(rowsOf(items)).toEqual(rows.map((_row, item) => ({ item })));
			const bodies = fixture.requests('create').map(({ body }) => body);
			expect(bodies).toEqual(
				expect.arrayContaining(rows.map(({ model, prompt }) => ({ model, prompt }))),
			);
		},
	);

	testNode(
		'map a fixed model to the same Seedream version at the provider of each row',
		async (fixture) => {
			const rows = [{ provider: 'evoLink' }, { provider: 'apiMart' }, { provider: 'apiInOne' }];
			const { items } = await generate(fixture, { provider: '={{ $json.provider }}' }, rows);

			expect(fieldOf(items, 'status')).toEqual(['completed', 'completed', 'completed']);
			expect(new Set(fieldOf(items, 'provider'))).toEqual(
				new Set(['evoLink', 'apiMart', 'apiInOne']),
			);
		},
	);

	testNode('name the files by an expression', async (fixture) => {
		const { items } = await generate(
			fixture,
			{ options: { fileName: '={{ $json.name }}-{image}' } },
			[{ name: '春季/poster' }],
		);
		expect(items[0]?.binary?.data?.fileName).toBe('春季-poster-1.png');
	});
});

describe('a failed row', () => {
	const rows = [
		{ provider: 'evoLink', prompt: 'good' },
		{ provider: 'evoLink', prompt: 'bad [[fail:content_policy_violation]]' },
		{ provider: 'apiMart', prompt: 'good too' },
	];
	const message =
		/^EvoLink blocked the image because of its content policy \(content_policy_violation: .+\) \[task task-unified-\S+\]$/;

	testNode('is one item among the others with Continue (regular output)', async (fixture) => {
		const { status, items } = await generate(fixture, FROM_ROW, rows, CONTINUE);

		expect(status).toBe('success');
		expect(fieldOf(items, 'status')).toEqual(['completed', 'failed', 'completed']);
		expect(rowsOf(items)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		expect(items[1]?.json).toEqual({
			status: 'failed',
			provider: 'evoLink',
			taskId: fixture.sandbox.tasks().find(({ status }) => status === 'failed')?.id,
			error: {
				message: expect.stringMatching(message),
				code: 'content_policy_violation',
				type: 'task_error',
				charged: 'no',
			},
		});
	});

	testNode('goes to the error output with its input fields', async (fixture) => {
		const { items, errorItems } = await generate(fixture, FROM_ROW, rows, {
			onError: 'continueErrorOutput',
		});

		expect(fieldOf(items, 'status')).toEqual(['completed', 'completed']);
		expect(errorItems.map(({ json }) => json)).toEqual([
			expect.objectContaining({
				status: 'failed',
				prompt: rows[1]?.prompt,
				error: expect.objectContaining({ code: 'content_policy_violation', charged: 'no' }),
			}),
		]);
	});

	testNode('stops the workflow by default, once the other rows are done', async (fixture) => {
		const { status, error } = await generate(fixture, FROM_ROW, rows);

		const done = fixture.sandbox.tasks().filter((task) => task.status === 'completed');
		expect(status).toBe('error');
		expect(done).toHaveLength(2);
		expect(error?.message).toMatch(/^Row 2: EvoLink blocked the image/);
		expect(error?.description).toContain("You weren't charged.");
		for (const { id } of done) expect(error?.description).toContain(id);
	});

	testNode(
		'is rejected before anything is sent if its model lacks the setting',
		async (fixture) => {
			const { error } = await generate(
				fixture,
				{ ...FROM_ROW, aspectRatio: '={{ $json.ratio }}' },
				[
					{ provider: 'evoLink', prompt: 'good' },
					{ provider: 'apiInOne', prompt: 'good', ratio: '7:5' },
					{ provider: 'evoLink', prompt: ' ' },
				],
			);

			expect(fixture.sandbox.requests).toEqual([]);
			expect(error?.message).toBe('2 of 3 rows failed');
			expect(error?.description).toBe(
				[
					`Row 2 [item 1]: 'Aspect Ratio' is "7:5" but must be one of 1:1, 4:3, 3:4, 16:9, 9:16, 2:3, 3:2, 21:9`,
					"Row 3 [item 2]: 'Prompt' is empty",
					'Correct the row, then try again.',
					"You weren't charged for these rows.",
				].join('<br>\n'),
			);
		},
	);

	testNode(
		"doesn't keep the others from running if it's rejected with Continue (regular output)",
		async (fixture) => {
			const { items } = await generate(
				fixture,
				FROM_ROW,
				[
					{ provider: 'evoLink', prompt: '' },
					{ provider: 'nowhere', prompt: 'good' },
					{ provider: 'evoLink', prompt: 'good' },
				],
				CONTINUE,
			);

			expect(fieldOf(items, 'status')).toEqual(['failed', 'failed', 'completed']);
			expect(fieldOf(items, 'provider')).toEqual(['evoLink', undefined, 'evoLink']);
			expect(fixture.requests('create')).toHaveLength(1);
		},
	);

	testNode(
		"is the only one rejected when one of its expressions can't be evaluated",
		async (fixture) => {
			const { items } = await generate(
				fixture,
				{ ...FROM_ROW, prompt: '={{ $json.prompt ?? $("No such node").first().json.prompt }}' },
				[{ provider: 'evoLink', prompt: 'good' }, { provider: 'evoLink' }],
				CONTINUE,
			);

			expect(fieldOf(items, 'status')).toEqual(['completed', 'failed']);
			expect(items[1]?.json.error).toMatchObject({
				message: expect.stringMatching(/^n8n couldn't read the fields: /),
				charged: 'no',
			});
			expect(fixture.requests('create')).toHaveLength(1);
		},
	);

	testNode('names the missing credential before anything is sent', async (fixture) => {
		const { evoLinkApi } = sandboxCredentials(fixture.sandbox);
		if (!evoLinkApi) throw new Error('The sandbox has no EvoLink');
		const { error } = await generate(fixture, FROM_ROW, rows, { credentials: { evoLinkApi } });

		expect(error?.message).toBe('Row 3: No APIMart credential is selected');
		expect(fixture.sandbox.requests).toEqual([]);
	});
});

describe('requests and downloads', () => {
	testNode('are repeated after HTTP 429, not before Retry-After', async (fixture) => {
		const { items } = await generate(fixture, { prompt: 'A lake [[http:429x2]]' });

		const times = fixture.requests('create').map(({ at }) => at);
		expect(fieldOf(items, 'status')).toEqual(['completed']);
		expect(times).toHaveLength(3);
		expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
		expect(fixture.sandbox.tasks()).toHaveLength(1);
	});

	testNode('are repeated after server errors and broken connections', async (fixture) => {
		fixture.sandbox.setIntercept(({ step, attempt }) => {
			if (step === 'query' && attempt === 1) {
				return respondWith(502, '<html>Bad Gateway</html>');
			}
			if (step === 'query' && attempt === 2) return { kind: 'resetBefore' };
			if (step === 'download' && attempt === 1) return { kind: 'truncate', bytes: 5_000 };
			if (step === 'download' && attempt === 2) {
				return respondWith(503, 'busy');
			}
			return undefined;
		});
		const { items } = await generate(fixture, {});

		expect(fieldOf(items, 'status')).toEqual(['completed']);
		expect(await pixels(items[0])).toMatchObject({ format: 'png' });
		expect(fixture.requests('create')).toHaveLength(1);
	});

	testNode(
		'are repeated with a browser user agent when a new link answers 403',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step, headers }) =>
				step === 'download' && !String(headers['user-agent']).startsWith('Mozilla/5.0')
					? respondWith(403, '<html>Forbidden</html>')
					: undefined,
			);
			const { items } = await generate(fixture, {});

			expect(fieldOf(items, 'status')).toEqual(['completed']);
			expect(
				fixture.sandbox.requests.map(({ step }) => step).filter((step) => step === 'download'),
			).toHaveLength(2);
		},
	);

	const EXPIRED = [
		[403, 'Request has expired'],
		[404, 'The link has expired'],
		[410, ''],
	] as const;
	for (const [status, body] of EXPIRED) {
		testNode(`that expired are replaced by new ones: HTTP ${status} ${body}`, async (fixture) => {
			fixture.sandbox.setIntercept(({ step, attempt }) =>
				step === 'download' && attempt === 1 ? respondWith(status, body) : undefined,
			);
			const { items } = await generate(fixture, {});

			expect(fieldOf(items, 'status')).toEqual(['completed']);
			expect(await pixels(items[0])).toMatchObject({ format: 'png' });
			expect(fixture.sandbox.requests.slice(-3).map(({ step }) => step)).toEqual([
				'download',
				'query',
				'download',
			]);
			expect(fixture.requests('create')).toHaveLength(1);
		});
	}

	testNode('that return an HTML page instead of an image fail the row', async (fixture) => {
		const page = '<html><body>Please sign in</body></html>';
		fixture.sandbox.setIntercept(({ step }) =>
			step === 'download' ? respondWith(200, page) : undefined,
		);
		const { error } = await generate(fixture, {});

		const [task] = fixture.sandbox.tasks();
		expect(error?.message).toBe(
			`The image was generated, but the node couldn't download it: the link returned text/html; charset=utf-8 instead of an image, starting with "${page}" [task ${task?.id}]`,
		);
	});

	testNode('never put the API key into a link, an item or an error', async (fixture) => {
		const result = await generate(
			fixture,
			FROM_ROW,
			systems.map(({ parameters }) => ({ ...parameters, prompt: 'A lake' })),
		);
		const failed = await generate(fixture, { prompt: 'A lake [[http:401]]' });

		const links = fixture.sandbox.requests.filter(({ step }) => step === 'download');
		expect(links).toHaveLength(systems.length);
		expect(links.filter(({ authorizationSent }) => authorizationSent)).toEqual([]);
		expect(failed.error?.message).toMatch(/^EvoLink didn't accept the API key/);
		const written = JSON.stringify([result, failed, failed.error?.stack, failed.error?.cause]);
		for (const key of Object.values(fixture.sandbox.keys)) expect(written).not.toContain(key);
	});

	testNode('that are redirected to another host leave the API key behind', async (fixture) => {
		const elsewhere = await startSandbox();
		fixture.sandbox.setIntercept(({ step, path }) =>
			step === 'query'
				? {
						kind: 'response',
						status: 302,
						headers: { Location: `${elsewhere.baseUrls.apiMart}${path.replace('/evolink', '')}` },
						body: '',
					}
				: undefined,
		);
		await generate(fixture, {}, [{}], CONTINUE);
		const received = [...elsewhere.requests];
		await elsewhere.close();

		expect(received.length).toBeGreaterThan(0);
		expect(received.filter(({ authorizationSent }) => authorizationSent)).toEqual([]);
	});

	testNode(
		'tolerate a slash after the base URL and white space around the API key',
		async (fixture) => {
			const { apiKey, baseUrl } = sandboxCredentials(fixture.sandbox).evoLinkApi ?? {};
			const { items } = await generate(fixture, {}, [{}], {
				credentials: {
					evoLinkApi: { apiKey: ` ${String(apiKey)}\n`, baseUrl: ` ${String(baseUrl)}/ ` },
				},
			});
			expect(fieldOf(items, 'status')).toEqual(['completed']);
		},
	);

	testNode("return the provider's own response when Simplify is off", async (fixture) => {
		const { items } = await generate(fixture, { options: { simplify: false } });
		expect(items[0]?.json.seconds).toEqual(expect.any(Number));
		expect(items[0]?.json.raw).toMatchObject({
			object: 'image.generation.task',
			status: 'completed',
			results: [items[0]?.json.imageUrl],
		});
	});
});
