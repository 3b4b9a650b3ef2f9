import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import sharp from 'sharp';

import {
	startSandbox,
	type Fault,
	type ProviderName,
	type Sandbox,
	type SandboxOptions,
	type SandboxRequest,
} from '../sandbox/sandbox';
import { startEngine, type NodeResult, type NodeRun } from './engine';
import { REFERENCE, sandboxCredentials } from './systems';

/** Many rows at once: how soon they are sent, how often they are asked for, and what is said of it. */

/** Most of the time is waiting, so the tests run side by side, each at a sandbox of its own. */
jest.setTimeout(30_000);

const starting = startEngine();

afterAll(async () => (await starting).close());

const PROVIDERS: ProviderName[] = ['evoLink', 'apiMart', 'apiInOne'];

interface Row {
	prompt: string;
	provider: ProviderName;
}

/** Rows 0, 1, 2 … for these providers in turn. */
function rowsFor(count: number, ...providers: ProviderName[]): Row[] {
	return Array.from({ length: count }, (_row, index) => ({
		prompt: `Picture ${index}`,
		provider: providers[index % providers.length] ?? 'evoLink',
	}));
}

/** By which row of `rowsFor` a task was asked for. */
const indexOf = (prompt: string) => Number(/\d+/.exec(prompt)?.[0]);

const answer = (status: number, body: unknown): Fault => ({ kind: 'answer', status, body });

class Scene {
	private constructor(readonly sandbox: Sandbox) {}

	static async open(options: SandboxOptions): Promise<Scene> {
		return new Scene(await startSandbox(options));
	}

	async generate(
		rows: readonly Row[],
		{ parameters, ...options }: Partial<NodeRun> = {},
	): Promise<NodeResult> {
		return await (
			await starting
		).run({
			node: 'seedreamGenerate',
			parameters: {
				provider: '={{ $json.provider }}',
				prompt: '={{ $json.prompt }}',
				downloadImages: false,
				...parameters,
			},
			rows: rows.map((row) => ({ ...row })),
			credentials: sandboxCredentials(this.sandbox),
			...options,
		});
	}

	requests(step: 'create' | 'query' | 'download'): SandboxRequest[] {
		return this.sandbox.requests.filter((request) => request.step === step);
	}

	batchCalls(): SandboxRequest[] {
		return this.requests('query').filter(isBatchCall);
	}

	/** How many tasks were at work at once, at most. */
	mostAtOnce(): number {
		const tasks = this.sandbox.tasks();
		const atOnce = tasks.map(
			({ createdAt: now }) =>
				tasks.filter(({ createdAt, finishedAt = Infinity }) => createdAt <= now && now < finishedAt)
					.length,
		);
		return Math.max(...atOnce);
	}

	breakBatchCalls(fault: Fault): void {
		this.sandbox.setIntercept((request) => (isBatchCall(request) ? fault : undefined));
	}
}

function isBatchCall({ path }: SandboxRequest): boolean {
	return path.endsWith('/v1/tasks/batch');
}

/** The tasks that a query is about. */
function requestFingerprint({ taskId, body }: SandboxRequest): string[] {
	return taskId === undefined ? (body as { task_ids: string[] }).task_ids : [taskId];
}

/** A test at a sandbox of its own. */
function test(
	what: string,
	options: SandboxOptions,
	play: (at: Scene) => Promise<void>,
	run: typeof it.concurrent | typeof it = it.concurrent,
): void {
	run(what, async () => {
		const at = await Scene.open(options);
		try {
			await play(at);
		} finally {
			await at.sandbox.close();
		}
	});
}

function expectComplete(items: readonly INodeExecutionData[], rows: readonly Row[]): void {
	expect(items.map(({ json }) => [json.status, json.prompt])).toEqual(
		rows.map(({ prompt }) => ['completed', prompt]),
	);
	expect(items.map(({ pairedItem }) => pairedItem)).toEqual(rows.map((_row, item) => ({ item })));
}

describe('the provider is asked how its tasks stand', () => {
	test('for many at once at EvoLink, 50 at most', { taskSeconds: 1 }, async (at) => {
		const rows = rowsFor(60, 'evoLink');
		const { items } = await at.generate(rows);

		expectComplete(items, rows);
		const sizes = at.batchCalls().map((call) => requestFingerprint(call).length);
		expect(Math.max(...sizes)).toBeGreaterThan(10);
		expect(Math.max(...sizes)).toBeLessThanOrEqual(50);
		expect(at.requests('query').length).toBeLessThanOrEqual(rows.length / 2);
	});

	const otherAnswers: Array<[string, Fault]> = [
		['404', answer(404, { error: { code: 'not_found', message: 'Not found', type: 'x' } })],
		['500', answer(500, { error: { code: 'internal_error', message: 'Oops', type: 'x' } })],
		['a page', answer(200, '<html><body>Welcome</body></html>')],
		['another shape', answer(200, { tasks: { all: 'done' } })],
		['a list', answer(200, [])],
	];
	for (const [title, fault] of otherAnswers) {
		test(
			`one by one for good when EvoLink answers to that with ${title}`,
			{ taskSeconds: ({ prompt }) => 0.5 + indexOf(prompt) / 10 },
			async (at) => {
				at.breakBatchCalls(fault);
				const rows = rowsFor(12, 'evoLink');
				const { items } = await at.generate(rows);

				expectComplete(items, rows);
				expect(at.batchCalls()).toHaveLength(1);
				const alone = at.requests('query').filter((query) => !isBatchCall(query));
				expect(new Set(alone.flatMap(requestFingerprint)).size).toBe(rows.length);
			},
		);
	}

	test('alone for a task that the answer leaves out', { taskSeconds: 0.5 }, async (at) => {
		at.breakBatchCalls(answer(200, { data: [] }));
		const rows = rowsFor(6, 'evoLink');
		const { items } = await at.generate(rows);

		expectComplete(items, rows);
		expect(at.batchCalls()).toHaveLength(1);
		const alone = at.requests('query').flatMap(({ taskId }) => taskId ?? []);
		expect(new Set(alone).size).toBe(rows.length);
	});

	for (const provider of ['apiMart', 'apiInOne'] as const) {
		test(`one by one at ${provider}`, { taskSeconds: 0.5 }, async (at) => {
			const rows = rowsFor(6, provider);
			const { items } = await at.generate(rows);

			expectComplete(items, rows);
			expect(at.requests('query').filter(({ method }) => method !== 'GET')).toEqual([]);
		});
	}

	for (const provider of PROVIDERS) {
		test(
			`no sooner than Poll Interval allows, at ${provider}`,
			{ taskSeconds: ({ prompt }) => 0.5 + indexOf(prompt) / 2 },
			async (at) => {
				const rows = rowsFor(6, provider);
				const { items } = await at.generate(rows, { parameters: { options: { pollInterval: 1 } } });

				expectComplete(items, rows);
				const queries = at.requests('query');
				const pauses = at.sandbox.tasks().flatMap(({ id, createdAt }) => {
					const asked = queries.filter((query) => requestFingerprint(query).includes(id));
					const times = [createdAt, ...asked.map((query) => query.at)];
					return times.slice(1).map((time, index) => time - (times[index] ?? 0));
				});
				expect(pauses.length).toBeGreaterThan(rows.length);
				expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000);
			},
		);
	}
});

describe('rows are sent', () => {
	test(
		'all in the first second, when nobody says how many the provider takes',
		{ taskSeconds: 1 },
		async (at) => {
			const rows = rowsFor(60, 'evoLink');
			const { items } = await at.generate(rows);

			expectComplete(items, rows);
			const times = at.requests('create').map((create) => create.at);
			expect(times).toHaveLength(60);
			expect(Math.max(...times) - Math.min(...times)).toBeLessThan(1_000);
			expect(at.mostAtOnce()).toBeGreaterThan(10);
		},
		// How fast it is shows only when nothing else is at work.
		it,
	);

	const places: Array<[string, ProviderName[]]> = [
		['', ['evoLink']],
		[', at both providers together', ['evoLink', 'apiMart']],
	];
	for (const [where, providers] of places) {
		test(
			`as many at a time as Concurrency says and no more${where}`,
			{ taskSeconds: ({ prompt }) => 0.2 + (indexOf(prompt) % 3) / 10 },
			async (at) => {
				const rows = rowsFor(28, ...providers);
				const { items } = await at.generate(rows, { parameters: { options: { concurrency: 7 } } });

				expectComplete(items, rows);
				expect(at.sandbox.tasks()).toHaveLength(rows.length);
				expect(at.mostAtOnce()).toBe(7);
			},
		);
	}

	const small = { taskSeconds: 0.2, imageBytes: 20_000 };
	test('while the images of others still come in', small, async (at) => {
		const ms = 3_000;
		at.sandbox.setIntercept(({ step }) =>
			step === 'download' ? { kind: 'delay', ms } : undefined,
		);
		const rows = rowsFor(6, 'evoLink');
		const { items } = await at.generate(rows, {
			parameters: { downloadImages: true, options: { concurrency: 2 } },
		});

		expectComplete(items, rows);
		const [firstDownload] = at.requests('download');
		const lastCreate = at.requests('create').at(-1);
		expect((lastCreate?.at ?? 0) - (firstDownload?.at ?? 0)).toBeLessThan(ms);
		expect(lastCreate?.at).toBeGreaterThan(firstDownload?.at ?? Infinity);
	});
});

test(
	'images come out in the order of the rows, whichever are done first',
	{ taskSeconds: ({ prompt }) => 2 - indexOf(prompt) / 5 },
	async (at) => {
		const rows = rowsFor(9, 'evoLink', 'apiMart');
		const { items } = await at.generate(rows);

		const ended = [...at.sandbox.tasks()]
			.sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0))
			.map(({ prompt }) => prompt);
		expect(ended[0]).toBe('Picture 8');
		expect(ended.at(-1)).toBe('Picture 0');
		expectComplete(items, rows);
	},
);

describe('while it runs, the node says how far it is', () => {
	const taskSeconds = ({ prompt }: { prompt: string }) => 0.4 + (indexOf(prompt) % 8) / 2;

	/** Also in the log, for those who see no editor. */
	async function said(at: Scene, rows: readonly Row[]): Promise<[number, string][]> {
		const messages: [number, string][] = [];
		const { log } = await at.generate(rows, {
			onError: 'continueRegularOutput',
			onMessage: (message) => messages.push([Date.now(), message]),
		});
		const logged = log.filter(({ message }) => message.startsWith('Seedream: '));
		expect(logged.map(({ level, message }) => [level, message])).toEqual(
			messages.map(([, message]) => ['info', message]),
		);
		return messages;
	}

	test('at most once a second, and at the end', { taskSeconds }, async (at) => {
		const messages = await said(at, rowsFor(24, 'evoLink', 'apiMart'));

		expect(messages.length).toBeGreaterThan(3);
		expect(messages.at(-1)?.[1]).toBe('Seedream: 24 of 24 images, 0 running, 0 failed');
		const times = messages.slice(0, -1).map(([time]) => time);
		const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
		// The clock may turn to the next millisecond between the node and us.
		expect(Math.min(...pauses)).toBeGreaterThanOrEqual(995);
	});

	test('with what failed', { taskSeconds: 0.2 }, async (at) => {
		const bad = { prompt: 'Bad [[fail:service_error]]', provider: 'evoLink' } as const;
		const refused = { prompt: '', provider: 'evoLink' } as const;
		const messages = await said(at, [...rowsFor(4, 'evoLink'), bad, refused]);

		expect(messages.at(-1)?.[1]).toBe('Seedream: 4 of 6 images, 0 running, 2 failed');
	});
});

describe('above the output stands one hint', () => {
	const ended = 'The links work until \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC\\.';
	const time = '\\d+\\.\\d seconds';
	const evoLink = rowsFor(1, 'evoLink');
	const several: INodeParameters = { imageCount: 2, imageUrls: REFERENCE };
	const hints: Array<[string, Row[], INodeParameters, string]> = [
		['for one image', evoLink, {}, `1 image in ${time} for 2\\.25 credits at EvoLink\\. ${ended}`],
		[
			'for many images',
			rowsFor(3, 'evoLink'),
			{},
			`3 images in ${time} for 6\\.75 credits at EvoLink\\. ${ended}`,
		],
		[
			'for several images of a row in one item',
			rowsFor(1, 'apiMart'),
			{ ...several, outputItems: 'perTask' },
			`2 images in ${time} for 0\\.52 credits at APIMart\\. ${ended}`,
		],
		[
			'for two providers, which have credits of their own',
			rowsFor(3, 'evoLink', 'apiMart'),
			{},
			`3 images in ${time} for 4\\.5 credits at EvoLink and 0\\.26 credits at APIMart\\. ${ended}`,
		],
		[
			'for costs that the provider does not tell',
			rowsFor(2, 'apiInOne'),
			{},
			`2 images in ${time} for about 24 credits at API in One\\. ${ended}`,
		],
		[
			'for fewer images than were asked for, too',
			evoLink,
			several,
			`1 image in ${time} for 2\\.25 credits at EvoLink\\. ${ended} Fewer images came than were asked for in row 1\\. .+`,
		],
		[
			'for what came of it when a row failed',
			[...evoLink, { prompt: 'Bad [[fail:service_error]]', provider: 'evoLink' }],
			{},
			`1 image in ${time} for 2\\.25 credits at EvoLink\\. ${ended}`,
		],
	];
	for (const [what, rows, parameters, words] of hints) {
		test(what, { taskSeconds: 0.1 }, async (at) => {
			const { hints } = await at.generate(rows, { parameters, onError: 'continueRegularOutput' });

			expect(hints).toEqual([
				{
					message: expect.stringMatching(new RegExp(`^${words}$`)),
					location: 'outputPane',
					type: 'info',
				},
			]);
		});
	}

	test('but none for tasks that were only submitted', { taskSeconds: 0.1 }, async (at) => {
		const parameters = { continueWhen: 'submitted' };
		const { items, hints } = await at.generate(rowsFor(2, 'evoLink'), { parameters });

		expect(items.map(({ json }) => json.status)).toEqual(['submitted', 'submitted']);
		expect(hints).toEqual([]);
	});
});

describe('an image that breaks off before its end', () => {
	const options = { taskSeconds: 0.1, imageBytes: 20_000 };
	const rows = rowsFor(2, 'evoLink');
	const parameters = { downloadImages: true };

	/** So many bytes come of the image of row 0, and the answer says that these are all. */
	function cutFirst(at: Scene, bytes: number, mostAttempts: number): void {
		at.sandbox.setIntercept(({ step, prompt, attempt }) =>
			step === 'download' && prompt === rows[0]?.prompt && attempt <= mostAttempts
				? { kind: 'cut', bytes }
				: undefined,
		);
	}

	async function fileOf({ binary, json }: INodeExecutionData) {
		if (!binary?.data) throw new Error('The item has no file');
		const file = await (await starting).readFile(binary.data);
		const answered = await fetch(String(json.imageUrl));
		return { file, whole: Buffer.from(await answered.arrayBuffer()) };
	}

	const lengths: Array<[string, number]> = [
		['after 20 bytes', 20],
		['after 5,000 bytes', 5_000],
		['one byte early', Infinity],
	];
	for (const [title, bytes] of lengths) {
		test(`${title} is fetched again`, options, async (at) => {
			cutFirst(at, bytes, 1);
			const { items } = await at.generate(rows, { parameters });

			expectComplete(items, rows);
			expect(at.requests('download')).toHaveLength(3);
			for (const item of items) {
				const { file, whole } = await fileOf(item);
				expect(file.equals(whole)).toBe(true);
				expect((await sharp(file).stats()).isOpaque).toBe(true);
			}
		});
	}

	test('every time is an error, and not in the output', options, async (at) => {
		cutFirst(at, 5_000, Infinity);
		const { items } = await at.generate(rows, { parameters, onError: 'continueRegularOutput' });

		const [{ id: taskId } = { id: '' }] = at.sandbox
			.tasks()
			.filter(({ prompt }) => prompt === rows[0]?.prompt);
		expect(items[0]).toEqual({
			json: {
				status: 'failed',
				provider: 'evoLink',
				taskId,
				error: {
					message: `The image was made, but could not be downloaded: its file breaks off before its end [task ${taskId}]`,
					code: 'download_failed',
					type: 'download_error',
					charged: 'yes',
				},
			},
			pairedItem: { item: 0 },
		});
		expect(items[1]?.json.status).toBe('completed');
		expect(items[1]?.binary?.data).toBeDefined();
		expect(at.requests('create')).toHaveLength(2);
	});

	test('stops a node that stops on errors', options, async (at) => {
		cutFirst(at, 5_000, Infinity);
		const { status, error, items } = await at.generate(rows, { parameters });

		expect({ status, items }).toEqual({ status: 'error', items: [] });
		expect(error?.message).toMatch(
			/^Row 1: The image was made, but could not be downloaded: its file breaks off before its end \[task \S+\]$/,
		);
		expect(error?.description).toContain('Seedream Task Status');
		expect(error?.description).toContain('The image was made and charged.');
	});
});
