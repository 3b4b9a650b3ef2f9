import type { INodeExecutionData } from 'n8n-workflow';
import sharp from 'sharp';

import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import { startEngine, type Engine, type NodeResult, type NodeRun } from './engine';
import { REFERENCE, sandboxCredentials, systems } from './systems';

let engine: Engine;
let sandbox: Sandbox;

beforeAll(async () => {
	engine = await startEngine();
});

afterAll(() => engine.close());

beforeEach(async () => {
	sandbox = await startSandbox({ taskSeconds: 0.1 });
});

afterEach(async () => await sandbox.close());

async function generate(
	parameters: NodeRun['parameters'],
	rows: NodeRun['rows'] = [{}],
	options: Partial<NodeRun> = {},
): Promise<NodeResult> {
	return await engine.run({
		node: 'seedreamGenerate',
		parameters: { prompt: 'A serene lake', ...parameters },
		rows,
		credentials: sandboxCredentials(sandbox),
		...options,
	});
}

const creates = () => sandbox.requests.filter(({ step }) => step === 'create');
const fields = (items: INodeExecutionData[], name: string) => items.map(({ json }) => json[name]);
const rowsOf = (items: INodeExecutionData[]) => items.map(({ pairedItem }) => pairedItem);

async function pixels({ binary }: INodeExecutionData, field = 'data') {
	const file = binary?.[field];
	if (!file) throw new Error(`The item has no file in ${field}`);
	const { format, width, height } = await sharp(await engine.readFile(file)).metadata();
	return { format, width, height };
}

describe.each(systems)(
	'$title',
	({ provider, parameters, edit, several, size, creditsPerImage }) => {
		it('makes an image from text, in the size asked for', async () => {
			const { status, items } = await generate({ ...parameters, ...size.parameters });

			const [task] = sandbox.tasks();
			expect(status).toBe('success');
			expect(items).toHaveLength(1);
			expect(items[0]?.json).toEqual({
				status: 'completed',
				provider: provider,
				model: parameters.model,
				taskId: task?.id,
				prompt: 'A serene lake',
				imageUrl: task?.images[0],
				imageIndex: 0,
				imageCount: 1,
				expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
				cost: expect.objectContaining({ credits: creditsPerImage }),
				seconds: expect.any(Number),
			});
			expect(items[0]?.pairedItem).toEqual({ item: 0 });
			expect(items[0]?.binary?.data).toMatchObject({
				mimeType: 'image/png',
				fileName: `${task?.id}-1.png`,
			});
			const { width, height } = size;
			expect(await pixels(items[0] ?? { json: {} })).toEqual({ format: 'png', width, height });
		});

		it('edits a reference image', async () => {
			const { status, items } = await generate({ ...parameters, ...edit });

			expect(status).toBe('success');
			expect(fields(items, 'status')).toEqual(['completed']);
			expect(creates()[0]?.body).toMatchObject({
				model: edit.model ?? parameters.model,
				image_urls: [REFERENCE],
			});
		});

		it('hands on the task, which Task Status then fetches', async () => {
			const submitted = await generate({ ...parameters, continueWhen: 'submitted' });
			const [taskId] = fields(submitted.items, 'taskId');
			expect(submitted.items).toEqual([
				{
					json: {
						status: 'submitted',
						provider: provider,
						model: parameters.model,
						taskId: sandbox.tasks()[0]?.id,
						prompt: 'A serene lake',
					},
					pairedItem: { item: 0 },
				},
			]);

			const finished = await engine.run({
				node: 'seedreamTaskStatus',
				parameters: {
					provider: provider,
					taskId: '={{ $json.taskId }}',
					continueWhen: 'finished',
				},
				rows: submitted.items.map(({ json }) => json),
				credentials: sandboxCredentials(sandbox),
			});
			expect(finished.items.map(({ json }) => json)).toEqual([
				expect.objectContaining({ status: 'completed', taskId, imageIndex: 0, imageCount: 1 }),
			]);
			expect(await pixels(finished.items[0] ?? { json: {} })).toMatchObject({ format: 'png' });
			expect(creates()).toHaveLength(1);
		});

		if (several) {
			it('hands on several images of one row, one item each', async () => {
				const { items } = await generate({ ...parameters, ...several });

				expect(fields(items, 'imageUrl')).toEqual(sandbox.tasks()[0]?.images);
				expect(fields(items, 'imageIndex')).toEqual([0, 1, 2]);
				expect(fields(items, 'imageCount')).toEqual([3, 3, 3]);
				expect(fields(items, 'cost')).toEqual(
					Array(3).fill(expect.objectContaining({ credits: creditsPerImage })),
				);
				expect(rowsOf(items)).toEqual(Array(3).fill({ item: 0 }));
				expect(items.map(({ binary }) => Object.keys(binary ?? {}))).toEqual(
					Array(3).fill(['data']),
				);
			});

			it('hands on several images of one row in one item', async () => {
				const { items } = await generate({
					...parameters,
					...several,
					outputItems: 'perTask',
					outputField: 'picture',
				});

				expect(items).toHaveLength(1);
				expect(items[0]?.json).toMatchObject({
					imageUrls: sandbox.tasks()[0]?.images,
					imageCount: 3,
					cost: { credits: Number((3 * creditsPerImage).toFixed(6)) },
				});
				expect(Object.keys(items[0]?.binary ?? {})).toEqual(['picture', 'picture_1', 'picture_2']);
				expect(await pixels(items[0] ?? { json: {} }, 'picture_2')).toMatchObject({
					format: 'png',
				});
			});
		} else {
			it('refuses a row that asks for several images, before anything is sent', async () => {
				const { error } = await generate({
					...parameters,
					provider: `={{ "${provider}" }}`,
					imageCount: 3,
				});
				expect(error?.message).toMatch(/^Number of Images: .* does not have this setting$/);
				expect(sandbox.requests).toEqual([]);
			});
		}
	},
);

const FROM_ROW = {
	provider: '={{ $json.provider }}',
	model: '={{ $json.model }}',
	prompt: '={{ $json.prompt }}',
};

describe('rows of a spreadsheet', () => {
	it('takes provider and model from the row, and leaves the rest to each provider', async () => {
		const rows = [...systems, ...systems].map(({ parameters: { provider, model } }, index) => ({
			provider,
			model,
			prompt: `Picture ${index}`,
		}));
		const { items } = await generate(FROM_ROW, rows);

		expect(fields(items, 'provider')).toEqual(rows.map((row) => row.provider));
		expect(fields(items, 'model')).toEqual(rows.map((row) => row.model));
		expect(fields(items, 'prompt')).toEqual(rows.map((row) => row.prompt));
		expect(rowsOf(items)).toEqual(rows.map((_row, item) => ({ item })));
		const bodies = creates().map(({ body }) => body);
		expect(bodies).toEqual(
			expect.arrayContaining(rows.map(({ model, prompt }) => ({ model, prompt }))),
		);
	});

	it('reads a fixed model as the same version of Seedream at the provider of each row', async () => {
		const rows = [{ provider: 'evoLink' }, { provider: 'apiMart' }, { provider: 'apiInOne' }];
		const { items } = await generate({ provider: '={{ $json.provider }}' }, rows);

		expect(fields(items, 'status')).toEqual(['completed', 'completed', 'completed']);
		expect(new Set(fields(items, 'provider'))).toEqual(new Set(['evoLink', 'apiMart', 'apiInOne']));
	});

	it('works on many rows at a time and hands them on in their order', async () => {
		await sandbox.close();
		sandbox = await startSandbox({
			taskSeconds: ({ prompt }) => (prompt === 'Picture 0' ? 1.5 : 1),
		});
		const rows = Array.from({ length: 8 }, (_row, index) => ({ prompt: `Picture ${index}` }));
		const { items, seconds } = await generate(
			{ prompt: '={{ $json.prompt }}', downloadImages: false },
			rows,
		);

		expect(fields(items, 'prompt')).toEqual(rows.map(({ prompt }) => prompt));
		expect(items.every(({ binary }) => binary === undefined)).toBe(true);
		expect(seconds).toBeLessThan(8);
	});

	it('keeps to the concurrency asked for', async () => {
		const rows = Array.from({ length: 6 }, (_row, index) => ({ prompt: `Picture ${index}` }));
		await generate(
			{ prompt: '={{ $json.prompt }}', downloadImages: false, options: { concurrency: 2 } },
			rows,
		);

		const running = sandbox
			.tasks()
			.map(({ createdAt, finishedAt = Infinity }) => ({ createdAt, finishedAt }));
		const atOnce = running.map(
			({ createdAt: now }) =>
				running.filter(({ createdAt, finishedAt }) => createdAt <= now && now < finishedAt).length,
		);
		expect(running).toHaveLength(6);
		expect(Math.max(...atOnce)).toBeLessThanOrEqual(2);
	});

	it('says how far it is', async () => {
		const messages: string[] = [];
		await generate(
			{ ...FROM_ROW, downloadImages: false },
			[
				{ provider: 'evoLink', prompt: 'one' },
				{ provider: 'apiMart', prompt: 'two' },
			],
			{ onMessage: (message) => messages.push(message) },
		);

		expect(messages.at(-1)).toBe('Seedream: 2 of 2 images, 0 running, 0 failed');
	});

	it('names the files as the row says', async () => {
		const { items } = await generate({ options: { fileName: '={{ $json.name }}-{image}' } }, [
			{ name: '春季/poster' },
		]);
		expect(items[0]?.binary?.data?.fileName).toBe('春季-poster-1.png');
	});
});

describe('a row that fails', () => {
	const rows = [
		{ provider: 'evoLink', prompt: 'good' },
		{ provider: 'evoLink', prompt: 'bad [[fail:content_policy_violation]]' },
		{ provider: 'apiMart', prompt: 'good too' },
	];
	const words =
		/^EvoLink stopped the image because of its content policy \(content_policy_violation: .+\) \[task task-unified-\S+\]$/;

	it('is one item among the others with Continue On Fail', async () => {
		const { status, items } = await generate(FROM_ROW, rows, { onError: 'continueRegularOutput' });

		expect(status).toBe('success');
		expect(fields(items, 'status')).toEqual(['completed', 'failed', 'completed']);
		expect(rowsOf(items)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		expect(items[1]?.json).toEqual({
			status: 'failed',
			provider: 'evoLink',
			taskId: sandbox.tasks().find(({ status }) => status === 'failed')?.id,
			error: {
				message: expect.stringMatching(words),
				code: 'content_policy_violation',
				type: 'task_error',
				charged: 'no',
			},
		});
	});

	it('goes to the error output, where the node has one, together with its row', async () => {
		const { items, errorItems } = await generate(FROM_ROW, rows, {
			onError: 'continueErrorOutput',
		});

		expect(fields(items, 'status')).toEqual(['completed', 'completed']);
		expect(errorItems.map(({ json }) => json)).toEqual([
			expect.objectContaining({
				status: 'failed',
				prompt: rows[1]?.prompt,
				error: expect.objectContaining({ code: 'content_policy_violation', charged: 'no' }),
			}),
		]);
	});

	it('fails the node without Continue On Fail, once the other rows are done', async () => {
		const { status, error } = await generate(FROM_ROW, rows);

		const done = sandbox.tasks().filter((task) => task.status === 'completed');
		expect(status).toBe('error');
		expect(done).toHaveLength(2);
		expect(error?.message).toMatch(/^Row 2: EvoLink stopped the image/);
		expect(error?.description).toContain('Nothing was charged.');
		for (const { id } of done) expect(error?.description).toContain(id);
	});

	it('is refused before anything is sent when the table of its model says so', async () => {
		const { error } = await generate({ ...FROM_ROW, aspectRatio: '={{ $json.ratio }}' }, [
			{ provider: 'evoLink', prompt: 'good' },
			{ provider: 'apiInOne', prompt: 'good', ratio: '7:5' },
			{ provider: 'evoLink', prompt: ' ' },
		]);

		expect(sandbox.requests).toEqual([]);
		expect(error?.message).toBe('2 of 3 rows failed');
		expect(error?.description).toBe(
			[
				'Row 2: Aspect Ratio: "7:5" is not one of 1:1, 4:3, 3:4, 16:9, 9:16, 2:3, 3:2, 21:9',
				'Row 3: Prompt: is empty',
				'Correct the row and run again.',
				'Nothing was charged for these rows.',
			].join('<br>\n'),
		);
	});

	it('lets the good rows run when it was refused with Continue On Fail', async () => {
		const { items } = await generate(
			FROM_ROW,
			[
				{ provider: 'evoLink', prompt: '' },
				{ provider: 'nowhere', prompt: 'good' },
				{ provider: 'evoLink', prompt: 'good' },
			],
			{ onError: 'continueRegularOutput' },
		);

		expect(fields(items, 'status')).toEqual(['failed', 'failed', 'completed']);
		expect(fields(items, 'provider')).toEqual(['evoLink', undefined, 'evoLink']);
		expect(creates()).toHaveLength(1);
	});

	it('is refused, and no other, when one of its expressions cannot be worked out', async () => {
		const { items } = await generate(
			{ ...FROM_ROW, prompt: '={{ $json.prompt ?? $("No such node").first().json.prompt }}' },
			[{ provider: 'evoLink', prompt: 'good' }, { provider: 'evoLink' }],
			{ onError: 'continueRegularOutput' },
		);

		expect(fields(items, 'status')).toEqual(['completed', 'failed']);
		expect(items[1]?.json.error).toMatchObject({
			message: expect.stringMatching(/^The fields cannot be read: /),
			charged: 'no',
		});
		expect(creates()).toHaveLength(1);
	});

	it('says which credential is missing, before anything is sent', async () => {
		const { evoLinkApi } = sandboxCredentials(sandbox);
		if (!evoLinkApi) throw new Error('The sandbox has no EvoLink');
		const { error } = await generate(FROM_ROW, rows, { credentials: { evoLinkApi } });

		expect(error?.message).toBe('Row 3: No APIMart credential is selected');
		expect(sandbox.requests).toEqual([]);
	});
});

describe('the provider', () => {
	it('gets one create for each row, with an Idempotency-Key of its own', async () => {
		await generate(FROM_ROW, [
			{ provider: 'evoLink', prompt: 'same' },
			{ provider: 'evoLink', prompt: 'same' },
			{ provider: 'apiMart', prompt: 'same' },
		]);

		const keys = creates().map(({ headers }) => headers['idempotency-key']);
		expect(keys).toHaveLength(3);
		expect(new Set(keys).size).toBe(3);
		for (const key of keys) expect(key).toMatch(/^[\da-f]{64}$/);
	});

	it('gets the same Idempotency-Key when Retry On Fail runs the node again', async () => {
		sandbox.setIntercept(({ step, attempt }) =>
			step === 'create' && attempt === 1 ? { kind: 'answer', status: 400, body: {} } : undefined,
		);
		const { items } = await generate({}, [{}], { tries: 2 });

		const [first, second, ...more] = creates().map(({ headers }) => headers['idempotency-key']);
		expect(fields(items, 'status')).toEqual(['completed']);
		expect([second, ...more]).toEqual([first]);
	});

	it('is asked again after 429, as soon as it wants to be', async () => {
		const { items } = await generate({ prompt: 'A lake [[http:429x2]]' });

		const times = creates().map(({ at }) => at);
		expect(fields(items, 'status')).toEqual(['completed']);
		expect(times).toHaveLength(3);
		expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
		expect(sandbox.tasks()).toHaveLength(1);
	});

	it('is not asked for a second task when the answer to the create is lost', async () => {
		sandbox.setIntercept(({ step }) => (step === 'create' ? { kind: 'resetAfter' } : undefined));
		const { items } = await generate({ provider: 'apiMart' }, [{}], {
			onError: 'continueRegularOutput',
		});

		expect(sandbox.tasks()).toHaveLength(1);
		expect(items[0]?.json).toMatchObject({
			status: 'failed',
			error: { code: 'ECONNRESET', charged: 'unknown' },
		});
	});

	it('may fail some queries and downloads, and the image still comes', async () => {
		sandbox.setIntercept(({ step, attempt }) => {
			if (step === 'query' && attempt === 1) {
				return { kind: 'answer', status: 502, body: '<html>Bad Gateway</html>' };
			}
			if (step === 'query' && attempt === 2) return { kind: 'resetBefore' };
			if (step === 'download' && attempt === 1) return { kind: 'truncate', bytes: 5_000 };
			if (step === 'download' && attempt === 2) {
				return { kind: 'answer', status: 503, body: 'busy' };
			}
			return undefined;
		});
		const { items } = await generate({});

		expect(fields(items, 'status')).toEqual(['completed']);
		expect(await pixels(items[0] ?? { json: {} })).toMatchObject({ format: 'png' });
		expect(creates()).toHaveLength(1);
	});

	it('is asked for the same link as another client where a fresh one is forbidden', async () => {
		sandbox.setIntercept(({ step, headers }) =>
			step === 'download' && !String(headers['user-agent']).startsWith('Mozilla/5.0')
				? { kind: 'answer', status: 403, body: '<html>Forbidden</html>' }
				: undefined,
		);
		const { items } = await generate({});

		expect(fields(items, 'status')).toEqual(['completed']);
		expect(
			sandbox.requests.map(({ step }) => step).filter((step) => step === 'download'),
		).toHaveLength(2);
	});

	it.each([
		[403, 'Request has expired'],
		[404, 'The link has expired'],
		[410, ''],
	])('is asked for a new link where the first one answers %i %s', async (status, body) => {
		sandbox.setIntercept(({ step, attempt }) =>
			step === 'download' && attempt === 1 ? { kind: 'answer', status, body } : undefined,
		);
		const { items } = await generate({});

		expect(fields(items, 'status')).toEqual(['completed']);
		expect(await pixels(items[0] ?? { json: {} })).toMatchObject({ format: 'png' });
		expect(sandbox.requests.slice(-3).map(({ step }) => step)).toEqual([
			'download',
			'query',
			'download',
		]);
		expect(creates()).toHaveLength(1);
	});

	it('never sends a page in place of an image into the workflow', async () => {
		const page = '<html><body>Please sign in</body></html>';
		sandbox.setIntercept(({ step }) =>
			step === 'download' ? { kind: 'answer', status: 200, body: page } : undefined,
		);
		const { error } = await generate({});

		const [task] = sandbox.tasks();
		expect(error?.message).toBe(
			`The image was made, but could not be downloaded: the link answered with text/html; charset=utf-8 instead of an image: it begins "${page}" [task ${task?.id}]`,
		);
	});

	it('never sees its key go to a link, in an item or in an error', async () => {
		const result = await generate(
			FROM_ROW,
			systems.map(({ parameters }) => ({ ...parameters, prompt: 'A lake' })),
		);
		const failed = await generate({ prompt: 'A lake [[http:401]]' });

		const links = sandbox.requests.filter(({ step }) => step === 'download');
		expect(links).toHaveLength(4);
		expect(links.filter(({ authorizationSent }) => authorizationSent)).toEqual([]);
		expect(failed.error?.message).toMatch(/^EvoLink did not accept the API key/);
		const written = JSON.stringify([result, failed, failed.error?.stack, failed.error?.cause]);
		for (const key of Object.values(sandbox.keys)) expect(written).not.toContain(key);
	});

	it('may send us elsewhere, but the key does not come along', async () => {
		const elsewhere = await startSandbox();
		sandbox.setIntercept(({ step, path }) =>
			step === 'query'
				? {
						kind: 'answer',
						status: 302,
						headers: { Location: `${elsewhere.baseUrls.apiMart}${path.replace('/evolink', '')}` },
						body: '',
					}
				: undefined,
		);
		await generate({}, [{}], { onError: 'continueRegularOutput' });
		const arrived = [...elsewhere.requests];
		await elsewhere.close();

		expect(arrived.length).toBeGreaterThan(0);
		expect(arrived.filter(({ authorizationSent }) => authorizationSent)).toEqual([]);
	});

	it('is reached in spite of a slash behind its address and white space around the key', async () => {
		const { apiKey, baseUrl } = sandboxCredentials(sandbox).evoLinkApi ?? {};
		const { items } = await generate({}, [{}], {
			credentials: {
				evoLinkApi: { apiKey: ` ${String(apiKey)}\n`, baseUrl: ` ${String(baseUrl)}/ ` },
			},
		});
		expect(fields(items, 'status')).toEqual(['completed']);
	});

	it('hears nothing more after the run was stopped', async () => {
		await sandbox.close();
		sandbox = await startSandbox({ taskSeconds: 60 });
		const rows = Array.from({ length: 15 }, (_row, index) => ({ prompt: `Picture ${index}` }));
		const parameters = { prompt: '={{ $json.prompt }}', options: { concurrency: 10 } };
		const { seconds } = await generate(parameters, rows, { cancelAfterMs: 1_500 });
		const heard = sandbox.requests.length;
		await new Promise((resolve) => setTimeout(resolve, 1_500));

		expect(seconds).toBeLessThan(3);
		expect(creates()).toHaveLength(10);
		expect(sandbox.requests).toHaveLength(heard);
	});

	it('may take longer than the deadline: the task is named and can be fetched later', async () => {
		const { items } = await generate(
			{ prompt: 'A lake [[slow:60]]', options: { timeout: 1 } },
			[{}],
			{ onError: 'continueRegularOutput' },
		);
		const [task] = sandbox.tasks();
		expect(items[0]?.json).toMatchObject({
			status: 'processing',
			taskId: task?.id,
			error: {
				message: `EvoLink is still working on the image after 1 second: Seedream Task Status can fetch it later [task ${task?.id}]`,
				code: 'timeout',
				charged: 'unknown',
			},
		});
	});

	it('shows its own answer when Simplify is off', async () => {
		const { items } = await generate({ options: { simplify: false } });
		expect(items[0]?.json.raw).toMatchObject({
			object: 'image.generation.task',
			status: 'completed',
			results: [items[0]?.json.imageUrl],
		});
	});
});
