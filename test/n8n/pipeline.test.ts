import { setTimeout as wait } from 'node:timers/promises';
import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import sharp from 'sharp';

import type { Fault, ProviderName, SandboxOptions, SandboxRequest } from '../sandbox/sandbox';
import type { ExecutionOptions, NodeResult } from './engine';
import {
	CONTINUE,
	engine,
	isBatchQuery,
	respondWith,
	testNode,
	withFixture,
	type Fixture,
} from './fixture';
import { REFERENCE } from './systems';

/** Many rows at once: how fast they are sent, how often they are polled, and what the user reads. */

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

/** The index of a prompt's row in `rowsFor`. */
const indexOf = (prompt: string) => Number(/\d+/.exec(prompt)?.[0]);

async function generate(
	fixture: Fixture,
	rows: readonly Row[],
	{ parameters, ...options }: Partial<ExecutionOptions> = {},
): Promise<NodeResult> {
	return await fixture.run('seedreamGenerate', {
		parameters: {
			provider: '={{ $json.provider }}',
			prompt: '={{ $json.prompt }}',
			downloadImages: false,
			...parameters,
		},
		rows: rows.map((row) => ({ ...row })),
		...options,
	});
}

const batchQueries = (fixture: Fixture) => fixture.requests('query').filter(isBatchQuery);

function failBatchQueries(fixture: Fixture, fault: Fault): void {
	fixture.sandbox.setIntercept((request) => (isBatchQuery(request) ? fault : undefined));
}

/** The tasks a query is about. */
function taskIdsOf({ taskId, body }: SandboxRequest): string[] {
	return taskId === undefined ? (body as { task_ids: string[] }).task_ids : [taskId];
}

/** Batches of different tasks may be in flight together. */
function expectOneBatchPerTask(fixture: Fixture): void {
	const taskIds = batchQueries(fixture).flatMap(taskIdsOf);
	expect(taskIds.length).toBeGreaterThan(0);
	expect(taskIds).toEqual([...new Set(taskIds)]);
}

const expectComplete = (
	fixture: Fixture,
	items: readonly INodeExecutionData[],
	rows: readonly Row[],
) =>
	fixture.expectComplete(
		items,
		rows.map(({ prompt }) => prompt),
	);

describe('tasks are polled', () => {
	testNode(
		'in batches of up to 50 at EvoLink',
		async (fixture) => {
			const rows = rowsFor(60, 'evoLink');
			const { items } = await generate(fixture, rows);

			expectComplete(fixture, items, rows);
			const sizes = batchQueries(fixture).map((call) => taskIdsOf(call).length);
			expect(Math.max(...sizes)).toBeGreaterThan(10);
			expect(Math.max(...sizes)).toBeLessThanOrEqual(50);
			expect(fixture.requests('query').length).toBeLessThanOrEqual(rows.length / 2);
		},
		{ taskSeconds: 4 },
	);

	const unexpectedResponses: Array<[string, Fault]> = [
		['404', respondWith(404, { error: { code: 'not_found', message: 'Not found', type: 'x' } })],
		['500', respondWith(500, { error: { code: 'internal_error', message: 'Oops', type: 'x' } })],
		['an HTML page', respondWith(200, '<html><body>Welcome</body></html>')],
		['an unknown object', respondWith(200, { tasks: { all: 'done' } })],
		['a list', respondWith(200, [])],
	];
	for (const [title, fault] of unexpectedResponses) {
		testNode(
			`one by one from then on if EvoLink responds to a batch with ${title}`,
			async (fixture) => {
				failBatchQueries(fixture, fault);
				const rows = rowsFor(12, 'evoLink');
				const { items } = await generate(fixture, rows);

				expectComplete(fixture, items, rows);
				expectOneBatchPerTask(fixture);
				const single = fixture.requests('query').filter((query) => !isBatchQuery(query));
				expect(new Set(single.flatMap(taskIdsOf)).size).toBe(rows.length);
			},
			{ taskSeconds: ({ prompt }) => 0.5 + indexOf(prompt) / 10 },
		);
	}

	for (const provider of ['apiMart', 'apiInOne'] as const) {
		testNode(
			`one by one at ${provider}`,
			async (fixture) => {
				const rows = rowsFor(6, provider);
				const { items } = await generate(fixture, rows);

				expectComplete(fixture, items, rows);
				expect(fixture.requests('query').filter(({ method }) => method !== 'GET')).toEqual([]);
			},
			{ taskSeconds: 0.5 },
		);
	}

	for (const provider of PROVIDERS) {
		testNode(
			`no more often than Poll Interval allows at ${provider}`,
			async (fixture) => {
				const rows = rowsFor(6, provider);
				const { items } = await generate(fixture, rows, {
					parameters: { options: { pollInterval: 1 } },
				});

				expectComplete(fixture, items, rows);
				const queries = fixture.requests('query');
				const pauses = fixture.sandbox.tasks().flatMap(({ id, createdAt }) => {
					const own = queries.filter((query) => taskIdsOf(query).includes(id));
					const times = [createdAt, ...own.map((query) => query.at)];
					return times.slice(1).map((time, index) => time - (times[index] ?? 0));
				});
				expect(pauses.length).toBeGreaterThan(rows.length);
				expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000);
			},
			{ taskSeconds: ({ prompt }) => 0.5 + indexOf(prompt) / 2 },
		);
	}
});

const small = { taskSeconds: 0.2, imageBytes: 20_000 };

describe('rows are sent', () => {
	testNode(
		'while the images of others are still being downloaded',
		async (fixture) => {
			const rows = rowsFor(6, 'evoLink');
			const isSent = () => fixture.requests('create').length === rows.length;
			fixture.sandbox.setIntercept(async ({ step }) => {
				while (step === 'download' && !isSent()) await wait(20);
				return undefined;
			});
			const { items } = await generate(fixture, rows, {
				parameters: { downloadImages: true, options: { concurrency: 2 } },
			});

			expectComplete(fixture, items, rows);
			const [firstDownload] = fixture.requests('download');
			const lastCreate = fixture.requests('create').at(-1);
			expect(lastCreate?.at).toBeGreaterThan(firstDownload?.at ?? Infinity);
		},
		small,
	);
});

testNode(
	'images are returned in the order of the rows, whichever is finished first',
	async (fixture) => {
		const rows = rowsFor(9, 'evoLink', 'apiMart');
		const { items } = await generate(fixture, rows);

		const finished = [...fixture.sandbox.tasks()]
			.sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0))
			.map(({ prompt }) => prompt);
		expect(finished[0]).toBe('Picture 8');
		expect(finished.at(-1)).toBe('Picture 0');
		expectComplete(fixture, items, rows);
		expect(items.every(({ binary }) => binary === undefined)).toBe(true);
	},
	{ taskSeconds: ({ prompt }) => 2 - indexOf(prompt) / 5 },
);

describe('progress messages', () => {
	const taskSeconds = ({ prompt }: { prompt: string }) => 0.4 + (indexOf(prompt) % 8) / 2;

	/** Progress also goes to the log, for executions without an editor. */
	async function progressMessages(
		fixture: Fixture,
		rows: readonly Row[],
	): Promise<[number, string][]> {
		const messages: [number, string][] = [];
		const { log } = await generate(fixture, rows, {
			...CONTINUE,
			onMessage: (message) => messages.push([Date.now(), message]),
		});
		const logged = log.filter(({ message }) => message.startsWith('Seedream: '));
		expect(logged.map(({ level, message }) => [level, message])).toEqual(
			messages.map(([, message]) => ['info', message]),
		);
		return messages;
	}

	testNode(
		'are sent at most once a second, and at the end',
		async (fixture) => {
			const messages = await progressMessages(fixture, rowsFor(24, 'evoLink', 'apiMart'));

			expect(messages.length).toBeGreaterThan(3);
			expect(messages.at(-1)?.[1]).toBe('Seedream: 24 of 24 images, 0 running, 0 failed');
			const times = messages.slice(0, -1).map(([time]) => time);
			const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
			// The clock may turn to the next millisecond between the node and us.
			expect(Math.min(...pauses)).toBeGreaterThanOrEqual(995);
		},
		{ taskSeconds },
	);

	testNode(
		'count failed rows',
		async (fixture) => {
			const bad = { prompt: 'Bad [[fail:service_error]]', provider: 'evoLink' } as const;
			const refused = { prompt: '', provider: 'evoLink' } as const;
			const messages = await progressMessages(fixture, [...rowsFor(4, 'evoLink'), bad, refused]);

			expect(messages.at(-1)?.[1]).toBe('Seedream: 4 of 6 images, 0 running, 2 failed');
		},
		{ taskSeconds: 0.2 },
	);
});

describe('the hint above the output', () => {
	const expiry = 'The links expire at \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC\\.';
	const time = '\\d+\\.\\d seconds';
	const evoLink = rowsFor(1, 'evoLink');
	const several: INodeParameters = { imageCount: 2, imageUrls: REFERENCE };
	const hints: Array<[string, Row[], INodeParameters, string]> = [
		[
			'tells time, cost and expiry of one image',
			evoLink,
			{},
			`1 image in ${time} for 2\\.04 credits at EvoLink\\. ${expiry}`,
		],
		[
			'sums up many images',
			rowsFor(3, 'evoLink'),
			{},
			`3 images in ${time} for 6\\.12 credits at EvoLink\\. ${expiry}`,
		],
		[
			'counts several images in one item',
			rowsFor(1, 'apiMart'),
			{ ...several, outputItems: 'perTask' },
			`2 images in ${time} for 0\\.52 credits at APIMart\\. ${expiry}`,
		],
		[
			'lists the credits of each provider',
			rowsFor(3, 'evoLink', 'apiMart'),
			{},
			`3 images in ${time} for 4\\.08 credits at EvoLink and 0\\.26 credits at APIMart\\. ${expiry}`,
		],
		[
			'estimates costs that the provider does not report',
			rowsFor(2, 'apiInOne'),
			{},
			`2 images in ${time} for about 24 credits at API in One\\. ${expiry}`,
		],
		[
			'mentions rows with fewer images than requested',
			evoLink,
			several,
			`1 image in ${time} for 2\\.04 credits at EvoLink\\. ${expiry} Row 1 returned fewer images than requested\\. .+`,
		],
		[
			'ignores failed rows',
			[...evoLink, { prompt: 'Bad [[fail:service_error]]', provider: 'evoLink' }],
			{},
			`1 image in ${time} for 2\\.04 credits at EvoLink\\. ${expiry}`,
		],
	];
	for (const [title, rows, parameters, message] of hints) {
		testNode(
			title,
			async (fixture) => {
				const { hints } = await generate(fixture, rows, {
					parameters,
					...CONTINUE,
				});

				expect(hints).toEqual([
					{
						message: expect.stringMatching(new RegExp(`^${message}$`)),
						location: 'outputPane',
						type: 'info',
					},
				]);
			},
			{ taskSeconds: 0.1 },
		);
	}

	testNode(
		'is missing if tasks were only submitted',
		async (fixture) => {
			const parameters = { continueWhen: 'submitted' };
			const { items, hints } = await generate(fixture, rowsFor(2, 'evoLink'), { parameters });

			expect(items.map(({ json }) => json.status)).toEqual(['submitted', 'submitted']);
			expect(hints).toEqual([]);
		},
		{ taskSeconds: 0.1 },
	);
});

describe('a truncated image', () => {
	const options = { taskSeconds: 0.1, imageBytes: 20_000 };
	const rows = rowsFor(2, 'evoLink');
	const parameters = { downloadImages: true };

	/** Cuts row 0's image to this length, with a matching Content-Length. */
	function cutFirstRow(fixture: Fixture, bytes: number, attempts: number): void {
		fixture.sandbox.setIntercept(({ step, prompt, attempt }) =>
			step === 'download' && prompt === rows[0]?.prompt && attempt <= attempts
				? { kind: 'cut', bytes }
				: undefined,
		);
	}

	async function fileOf({ binary, json }: INodeExecutionData) {
		if (!binary?.data) throw new Error('The item has no file');
		const file = await (await engine()).readFile(binary.data);
		const response = await fetch(String(json.imageUrl));
		return { file, whole: Buffer.from(await response.arrayBuffer()) };
	}

	const lengths: Array<[string, number]> = [
		['cut after 20 bytes', 20],
		['cut after 5,000 bytes', 5_000],
		['one byte short', Infinity],
	];
	for (const [title, bytes] of lengths) {
		testNode(
			`${title} is downloaded again`,
			async (fixture) => {
				cutFirstRow(fixture, bytes, 1);
				const { items } = await generate(fixture, rows, { parameters });

				expectComplete(fixture, items, rows);
				expect(fixture.requests('download')).toHaveLength(3);
				for (const item of items) {
					const { file, whole } = await fileOf(item);
					expect(file.equals(whole)).toBe(true);
					expect((await sharp(file).stats()).isOpaque).toBe(true);
				}
			},
			options,
		);
	}

	testNode(
		'fails its row if every download is truncated',
		async (fixture) => {
			cutFirstRow(fixture, 5_000, Infinity);
			const { items } = await generate(fixture, rows, {
				parameters,
				...CONTINUE,
			});

			const [{ id: taskId } = { id: '' }] = fixture.sandbox
				.tasks()
				.filter(({ prompt }) => prompt === rows[0]?.prompt);
			expect(items[0]).toEqual({
				json: {
					status: 'failed',
					provider: 'evoLink',
					taskId,
					error: {
						message: `The image was generated, but the node couldn't download it: the file is incomplete [task ${taskId}]`,
						code: 'download_failed',
						type: 'download_error',
						charged: 'yes',
					},
				},
				pairedItem: { item: 0 },
			});
			expect(items[1]?.json.status).toBe('completed');
			expect(items[1]?.binary?.data).toBeDefined();
			expect(fixture.requests('create')).toHaveLength(2);
		},
		options,
	);

	testNode(
		'stops the workflow by default',
		async (fixture) => {
			cutFirstRow(fixture, 5_000, Infinity);
			const { status, error, items } = await generate(fixture, rows, { parameters });

			expect({ status, items }).toEqual({ status: 'error', items: [] });
			expect(error?.message).toMatch(
				/^Row 1: The image was generated, but the node couldn't download it: the file is incomplete \[task \S+\]$/,
			);
			expect(error?.description).toContain('Seedream Task Status');
			expect(error?.description).toContain('The image was generated and you were charged.');
		},
		options,
	);
});

/** Tests that other ones would slow down: they run alone, after all concurrent ones. */
const testAlone = (
	title: string,
	test: (fixture: Fixture) => Promise<void>,
	options: SandboxOptions,
) => it(title, async () => await withFixture(options, test));

describe('without concurrent tests', () => {
	testAlone(
		'tasks are polled one by one if the batch response leaves them out',
		async (fixture) => {
			failBatchQueries(fixture, respondWith(200, { data: [] }));
			const rows = rowsFor(6, 'evoLink');
			const { items } = await generate(fixture, rows);

			expectComplete(fixture, items, rows);
			expectOneBatchPerTask(fixture);
			const single = fixture.requests('query').flatMap(({ taskId }) => taskId ?? []);
			expect(new Set(single).size).toBe(rows.length);
		},
		{ taskSeconds: 0.5 },
	);

	testAlone(
		'rows are sent to one provider while another one has more rows than can be under way at once',
		async (fixture) => {
			const rows = [...rowsFor(1_501, 'apiMart'), ...rowsFor(1, 'evoLink')];
			const parameters = { continueWhen: 'submitted' };
			const { items } = await generate(fixture, rows, { parameters });

			expect(items).toHaveLength(rows.length);
			const creates = fixture.requests('create').map(({ provider }) => provider);
			expect(creates.indexOf('evoLink')).toBeLessThan(100);
		},
		small,
	);

	const limits: Array<[string, ProviderName[]]> = [
		['', ['evoLink']],
		[', two providers counted together', ['evoLink', 'apiMart']],
	];
	for (const [where, providers] of limits) {
		testAlone(
			`rows are sent no more at a time than Concurrency allows${where}`,
			async (fixture) => {
				const rows = rowsFor(28, ...providers);
				const { items } = await generate(fixture, rows, {
					parameters: { options: { concurrency: 7 } },
				});

				expectComplete(fixture, items, rows);
				expect(fixture.sandbox.tasks()).toHaveLength(rows.length);
				expect(fixture.maxConcurrentTasks()).toBe(7);
			},
			{ taskSeconds: ({ prompt }) => 0.2 + (indexOf(prompt) % 3) / 10 },
		);
	}

	const TASK_SECONDS = 3;

	testAlone(
		'rows are all sent before the first task is done if Concurrency is automatic',
		async (fixture) => {
			const rows = rowsFor(60, 'evoLink');
			const { items } = await generate(fixture, rows);

			expectComplete(fixture, items, rows);
			const times = fixture.requests('create').map((create) => create.at);
			expect(times).toHaveLength(60);
			expect(Math.max(...times) - Math.min(...times)).toBeLessThan(1_000 * TASK_SECONDS);
			expect(fixture.maxConcurrentTasks()).toBeGreaterThan(10);
		},
		{ taskSeconds: TASK_SECONDS },
	);
});
