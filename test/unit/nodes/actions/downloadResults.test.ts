import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { IBinaryData, INodeExecutionData } from 'n8n-workflow';

import {
	downloadResults,
	type DownloadedResults,
} from '../../../../nodes/Seedream/actions/downloadResults';
import type { RowTools } from '../../../../nodes/Seedream/actions/row';
import type { Result } from '../../../../nodes/Seedream/errors/failure';
import type { DownloadStream, OpenOptions } from '../../../../nodes/Seedream/images/download';
import { FileNames } from '../../../../nodes/Seedream/images/fileNames';
import { ReferenceLinks } from '../../../../nodes/Seedream/images/referenceLinks';
import { createFileCache } from '../../../../nodes/Seedream/n8n/fileCache';
import { createFileNameStore } from '../../../../nodes/Seedream/n8n/fileNameStore';
import { createUploadCache } from '../../../../nodes/Seedream/n8n/uploadCache';
import type { TaskFacts } from '../../../../nodes/Seedream/output/taskItems';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { CompletedTask, Provider } from '../../../../nodes/Seedream/providers/provider';
import { DEFAULT_OPTIONS, type RowOptions } from '../../../../nodes/Seedream/request/options';
import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';
import type { Clock } from '../../../../nodes/Seedream/shared/clock';
import { createLimit } from '../../../../nodes/Seedream/shared/limit';
import type { HttpResult } from '../../../../nodes/Seedream/tasks/apiClient';
import { TaskPoller, type PolledTask } from '../../../../nodes/Seedream/tasks/taskPoller';
import { fakeContext } from '../fakeContext';
import { ihdr, PNG_SIGNATURE, pngChunk } from '../images/pngFiles';
import { reply, scriptedClientAt } from '../tasks/scriptedApiClient';
import { concurrentClock } from '../virtualClock';

const PNG = Buffer.from('89504e470d0a1a0a0000000d4948445249454e44ae426082', 'hex');
const FACTS: TaskFacts = { provider: evoLink, taskId: 'task-1', model: 'm', prompt: 'A lake' };

const OPTIONS: RowOptions = {
	...DEFAULT_OPTIONS,
	downloadImages: true,
	outputField: 'data',
	outputItems: 'perImage',
};

const polled = (clock: Clock): PolledTask => ({
	taskId: 'task-1',
	startedAt: clock.now(),
	timeoutSeconds: 600,
	minIntervalSeconds: 0,
	isExisting: false,
	isConfirmed: true,
});

/** Downloads a finished task's images, as the nodes do. */
async function resultsOf(
	task: ReturnType<typeof completed>,
	tools: RowTools,
	options: RowOptions = OPTIONS,
	facts: TaskFacts = FACTS,
) {
	return resultOf(await downloadResults(facts, task, options, polled(tools.clock), tools));
}

/** The items, or why there are none. */
function resultOf({ items, failure }: DownloadedResults): Result<INodeExecutionData[]> {
	return failure ? { ok: false, failure } : { ok: true, value: items };
}

function completed(...imageUrls: string[]) {
	const content: CompletedTask = { status: 'completed', imageUrls };
	return { content, raw: { id: 'task-1' } };
}

function stored(delayMs = 0): DownloadStream<IBinaryData> {
	const body = Readable.from([PNG], { objectMode: false });
	return {
		kind: 'opened',
		status: 200,
		body,
		store: async (fileName, { mimeType }, onBytes) => {
			await wait(delayMs);
			for await (const chunk of body) onBytes(chunk);
			return { data: '', fileName, mimeType };
		},
		discard: () => body.destroy(),
	};
}

function withStatus(status: number): DownloadStream<IBinaryData> {
	const link = stored();
	return link.kind === 'opened' ? { ...link, status } : link;
}

interface Fixture {
	/** The provider's responses to polls. */
	responses?: HttpResult[];
	provider?: Provider;
	maxDownloads?: number;
}

function tools(
	open: (url: string, options?: OpenOptions) => DownloadStream<IBinaryData>,
	{ responses = [reply(500, {})], provider = evoLink, maxDownloads = 5 }: Fixture = {},
) {
	const opened: string[] = [];
	const clock = concurrentClock();
	const { client, calls, times } = scriptedClientAt(clock, provider, ...responses);
	const backoff = createBackoff(() => 1);
	const context = fakeContext();
	const all: RowTools = {
		context,
		itemIndex: 6,
		client,
		poller: new TaskPoller(client, clock, backoff),
		clock,
		backoff,
		links: {
			clock,
			open: async (url, options) => {
				opened.push(url);
				return open(url, options);
			},
		},
		referenceLinks: new ReferenceLinks(clock, backoff, createUploadCache(context)),
		addCallbackData: (url) => url,
		withSlot: async (work) => await work(),
		forProvider: () => undefined,
		noteFewerImages: () => undefined,
		downloadLimit: createLimit(maxDownloads),
		fileNames: new FileNames(createFileNameStore(context), new Date(clock.now())),
		files: createFileCache(context),
	};
	return { all, opened, calls, times, clock };
}

it('items keep the order of the images, whichever is downloaded first', async () => {
	const { all } = tools((url) => stored(url === 'https://a.example/1' ? 30 : 0));
	const task = completed('https://a.example/1', 'https://a.example/2');
	expect(await resultsOf(task, all)).toMatchObject({
		ok: true,
		value: [
			{
				json: { imageUrl: 'https://a.example/1', imageIndex: 0 },
				binary: { data: { fileName: 'task-1-1.png', mimeType: 'image/png' } },
				pairedItem: { item: 6 },
			},
			{
				json: { imageUrl: 'https://a.example/2', imageIndex: 1 },
				binary: { data: { fileName: 'task-1-2.png' } },
			},
		],
	});
});

it("files are named after the user's template, with rows counted from 1", async () => {
	const { all } = tools(() => stored());
	const fileName = '{row}-{image}-{prompt}-{provider}-{model}-{date}';
	const task = completed('https://a.example/1');
	expect(await resultsOf(task, all, { ...OPTIONS, fileName })).toMatchObject({
		value: [{ binary: { data: { fileName: '7-1-A-lake-evoLink-m-2026-11-20.png' } } }],
	});
});

it("no link is opened if the user doesn't want the files", async () => {
	const { all, opened } = tools(() => stored());
	const options = { ...OPTIONS, downloadImages: false };
	const result = await resultsOf(completed('https://a.example/1'), all, options);
	expect(opened).toEqual([]);
	expect(result).toMatchObject({
		ok: true,
		value: [{ json: { imageUrl: 'https://a.example/1' } }],
	});
	expect(result.ok && result.value[0]).not.toHaveProperty('binary');
});

it("the task isn't polled as long as its links work", async () => {
	const { all, calls } = tools(() => stored());
	await resultsOf(completed('https://a.example/1'), all);
	expect(calls).toEqual([]);
});

describe('a link that has expired', () => {
	const renewed = (...imageUrls: string[]) =>
		reply(200, { id: 'task-1', status: 'completed', results: imageUrls });

	it.each([403, 404, 410])(
		'links with HTTP %i are renewed by polling the task once',
		async (status) => {
			const { all, opened, calls, times } = tools(
				(url) => (url.includes('old') ? withStatus(status) : stored()),
				{ responses: [renewed('https://a.example/new')] },
			);
			const task = completed('https://a.example/old');
			expect(await resultsOf(task, all)).toMatchObject({
				ok: true,
				value: [
					{
						json: { imageUrl: 'https://a.example/new' },
						binary: { data: { fileName: 'task-1-1.png' } },
					},
				],
			});
			expect(opened).toEqual(['https://a.example/old', 'https://a.example/new']);
			expect(calls.map(({ method, path }) => [method, path])).toEqual([
				['GET', '/v1/tasks/task-1'],
			]);
			expect(times).toEqual([0]);
		},
	);

	it("an item with a renewed link has the new link's expiry and the new raw response", async () => {
		const body = {
			code: 200,
			data: {
				id: 'task-1',
				status: 'completed',
				result: { images: [{ url: ['https://a.example/new'], expires_at: 1_795_200_000 }] },
			},
		};
		const { all } = tools((url) => (url.includes('old') ? withStatus(403) : stored()), {
			provider: apiMart,
			responses: [reply(200, body)],
		});
		const task = completed('https://a.example/old');
		const content = { ...task.content, expiresAt: new Date('2026-11-19T08:00:00Z') };
		const facts = { ...FACTS, provider: apiMart };
		const options = { ...OPTIONS, simplify: false };
		expect(await resultsOf({ ...task, content }, all, options, facts)).toMatchObject({
			value: [
				{
					json: {
						imageUrl: 'https://a.example/new',
						expiresAt: new Date(1_795_200_000_000).toISOString(),
						raw: body,
					},
				},
			],
		});
	});

	it('only the images whose links have expired are downloaded again', async () => {
		const { all, opened } = tools(
			(url) => (url === 'https://a.example/2' ? withStatus(403) : stored()),
			{ responses: [renewed(...[1, 2, 3].map((n) => `https://b.example/${n}`))] },
		);
		const task = completed(...[1, 2, 3].map((n) => `https://a.example/${n}`));
		expect(await resultsOf(task, all)).toMatchObject({
			ok: true,
			value: [1, 2, 3].map((n) => ({
				json: { imageUrl: `https://b.example/${n}`, imageIndex: n - 1 },
				binary: { data: { fileName: `task-1-${n}.png` } },
			})),
		});
		expect(opened.slice(3)).toEqual(['https://b.example/2']);
	});

	const FAILED_DOWNLOAD = {
		status: 'failed',
		provider: 'evoLink',
		taskId: 'task-1',
		error: {
			message:
				"The image was generated, but the node couldn't download it: the link returned HTTP 404 [task task-1]",
			code: 'download_failed',
			type: 'download_error',
			charged: 'yes',
		},
	};

	it("an image whose renewed link doesn't work either is a failed item in its place, which names the paid task", async () => {
		const { all, opened, calls } = tools(
			(url) => (url.endsWith('/2') ? withStatus(404) : stored()),
			{
				responses: [renewed(...[1, 2, 3].map((n) => `https://b.example/${n}`))],
			},
		);
		const task = completed(...[1, 2, 3].map((n) => `https://a.example/${n}`));
		const result = await resultsOf(task, all);
		const items = result.ok ? result.value : [];
		expect(items.map(({ json }) => [json.status, json.imageIndex])).toEqual([
			['completed', 0],
			['failed', 1],
			['completed', 2],
		]);
		expect(items[1]).toEqual({
			json: { ...FAILED_DOWNLOAD, imageUrl: 'https://b.example/2', imageIndex: 1 },
			pairedItem: { item: 6 },
		});
		expect(opened).toHaveLength(4);
		expect(calls).toHaveLength(1);
	});

	it('an image without a renewed link is a failed item that names the paid task', async () => {
		const { all } = tools((url) => (url.endsWith('/2') ? withStatus(404) : stored()), {
			responses: [renewed('https://a.example/1')],
		});
		const task = completed('https://a.example/1', 'https://a.example/2');
		expect(await resultsOf(task, all)).toMatchObject({
			ok: true,
			value: [
				{ json: { status: 'completed' } },
				{ json: { ...FAILED_DOWNLOAD, imageUrl: 'https://a.example/2', imageIndex: 1 } },
			],
		});
	});

	it("an image whose link can't be renewed doesn't fail the others", async () => {
		const { all } = tools((url) => (url.endsWith('/2') ? withStatus(404) : stored()), {
			responses: [reply(401, { error: { code: 'unauthorized', message: 'No.' } })],
		});
		const task = completed('https://a.example/1', 'https://a.example/2');
		expect(await resultsOf(task, all)).toMatchObject({
			ok: true,
			value: [{ json: { status: 'completed' } }, { json: FAILED_DOWNLOAD }],
		});
	});

	it('a task none of whose images can be downloaded is a failure that names the paid task', async () => {
		const links = [1, 2].map((n) => `https://a.example/${n}`);
		const { all } = tools(() => withStatus(404), { responses: [renewed(...links)] });
		expect(await resultsOf(completed(...links), all)).toMatchObject({
			ok: false,
			failure: { charged: 'yes', taskId: 'task-1' },
		});
	});

	it("a task whose only link can't be renewed has the failure of the poll", async () => {
		const { all } = tools(() => withStatus(403), {
			responses: [reply(401, { error: { code: 'unauthorized', message: 'No.' } })],
		});
		expect(await resultsOf(completed('https://a.example/1'), all)).toMatchObject({
			ok: false,
			failure: {
				message: "EvoLink didn't accept the API key (unauthorized: No.) [task task-1]",
				taskId: 'task-1',
			},
		});
	});
});

it("a new link with HTTP 403 is tried with a browser's user agent before it's renewed", async () => {
	const unexpired = (task: ReturnType<typeof completed>, clock: Clock) => ({
		...task,
		content: { ...task.content, expiresAt: new Date(clock.now() + 3_600_000) },
	});
	const forbidden = tools((_url, options) => (options?.asBrowser ? stored() : withStatus(403)));
	const task = unexpired(completed('https://a.example/1'), forbidden.clock);
	expect(await resultsOf(task, forbidden.all)).toMatchObject({ ok: true });
	expect(forbidden.opened).toHaveLength(2);
	expect(forbidden.calls).toEqual([]);

	const responses = [
		reply(200, { id: 'task-1', status: 'completed', results: ['https://a.example/new'] }),
	];
	const expired = tools((url) => (url.includes('new') ? stored() : withStatus(403)), { responses });
	expect(
		await resultsOf(unexpired(completed('https://a.example/1'), expired.clock), expired.all),
	).toMatchObject({
		ok: true,
		value: [{ json: { imageUrl: 'https://a.example/new' } }],
	});
	expect(expired.opened).toEqual([
		...Array(5).fill('https://a.example/1'),
		'https://a.example/new',
	]);
});

describe('missing images', () => {
	const missing = { code: 'content_policy_violation', message: 'No.', type: 'task_error' };
	const warning =
		'Some images are missing: EvoLink blocked the image because of its content policy (content_policy_violation: No.)';

	it.each([true, false])(
		'missing images are a warning with the reason (downloaded: %s)',
		async (downloadImages) => {
			const { all } = tools(() => stored());
			const task = completed('https://a.example/1', 'https://a.example/2');
			const incomplete = { ...task, content: { ...task.content, missing } };
			const options = { ...OPTIONS, downloadImages };
			expect(await resultsOf(incomplete, all, options)).toMatchObject({
				value: [{ json: { warning } }, { json: { warning } }],
			});
			const facts = { ...FACTS, warning: 'It may have been made twice' };
			expect(await resultsOf(incomplete, all, options, facts)).toMatchObject({
				value: [{ json: { warning: `It may have been made twice. ${warning}` } }, {}],
			});
		},
	);

	it('there is no warning if no images are missing', async () => {
		const { all } = tools(() => stored());
		const result = await resultsOf(completed('https://a.example/1'), all);
		expect(result.ok && result.value[0]?.json).not.toHaveProperty('warning');
	});
});

it('a link that keeps failing is a failure, and no reason to poll the task', async () => {
	const { all, opened, calls } = tools(() => withStatus(503));
	expect(await resultsOf(completed('https://a.example/1'), all)).toMatchObject({
		ok: false,
		failure: { code: 'download_failed', charged: 'yes', taskId: 'task-1' },
	});
	expect(opened).toHaveLength(5);
	expect(calls).toEqual([]);
});

it('a task that is completed just before its timeout has a minute for its downloads', async () => {
	const { all, opened, clock } = tools(() =>
		opened.length < 5 ? { kind: 'networkError', code: 'ECONNRESET' } : stored(),
	);
	const nearTimeout = { ...polled(clock), startedAt: clock.now() - 599_900 };
	const task = completed('https://a.example/1');
	expect(resultOf(await downloadResults(FACTS, task, OPTIONS, nearTimeout, all))).toMatchObject({
		ok: true,
	});
	expect(clock.elapsed()).toBe(7_500);
});

it('all rows share the limit on concurrent downloads', async () => {
	let downloads = 0;
	let maxDownloads = 0;
	const { all } = tools(
		() => {
			const link = stored();
			if (link.kind === 'networkError') return link;
			downloads += 1;
			maxDownloads = Math.max(maxDownloads, downloads);
			const store: typeof link.store = async (name, format, onBytes) => {
				await wait(2);
				downloads -= 1;
				return await link.store(name, format, onBytes);
			};
			return { ...link, store };
		},
		{ maxDownloads: 2 },
	);
	const urls = Array.from({ length: 6 }, (_, n) => `https://a.example/${n}`);
	const rows = [resultsOf(completed(...urls), all)];
	rows.push(resultsOf(completed(...urls), all));
	for (const row of await Promise.all(rows)) expect(row).toMatchObject({ ok: true });
	expect(maxDownloads).toBe(2);
});

describe("images of which some couldn't be downloaded", () => {
	const links = [1, 2, 3, 4].map((n) => `https://a.example/${n}`);
	const BROKEN = new Set(['https://a.example/2', 'https://a.example/4']);
	const WARNING =
		"The node couldn't download images 2, 4 of 4, although they were generated and you were charged for them. Separate items have their links";
	/** n8n stores the files on disk. */
	function onDisk(isDown: () => boolean = () => true) {
		const fixture = tools((url) => {
			const link = stored();
			if (isDown() && BROKEN.has(url)) return withStatus(400);
			return link.kind === 'opened'
				? {
						...link,
						store: async (...file) => ({ ...(await link.store(...file)), id: `disk:${url}` }),
					}
				: link;
		});
		fixture.all.context.helpers.getBinaryMetadata = async () => ({ fileSize: 1 });
		return fixture;
	}

	it('failed downloads are a warning, whether items are per image or per task', async () => {
		for (const outputItems of ['perImage', 'perTask'] as const) {
			const { all } = onDisk();
			const result = await resultsOf(completed(...links), all, { ...OPTIONS, outputItems });
			const items = result.ok ? result.value : [];
			const warnings = items.flatMap(({ json }) => json.warning ?? []);
			expect(new Set(warnings)).toEqual(new Set([WARNING]));
		}
	});

	it('failed downloads leave the other files of a task under their own names', async () => {
		const { all } = onDisk();
		const result = await resultsOf(completed(...links), all, {
			...OPTIONS,
			outputItems: 'perTask',
		});
		const items = result.ok ? result.value : [];
		expect(items.map(({ json }) => json.imageIndex)).toEqual([undefined, 1, 3]);
		expect(Object.keys(items[0]?.binary ?? {})).toEqual(['data', 'data_2']);
		expect(items[0]?.json.imageUrls).toEqual(links);
	});

	it('failed downloads are returned as missing images', async () => {
		const { all, clock } = onDisk();
		const { missing } = await downloadResults(
			FACTS,
			completed(...links),
			OPTIONS,
			polled(clock),
			all,
		);
		expect(missing).toEqual([1, 3].map((index) => ({ taskId: 'task-1', index })));
	});

	it('a retry downloads only the images that are missing', async () => {
		let isDown = true;
		const { all, opened } = onDisk(() => isDown);
		await resultsOf(completed(...links), all);
		opened.length = 0;
		isDown = false;
		const result = await resultsOf(completed(...links), all);
		expect([...opened].sort()).toEqual([...BROKEN]);
		expect(result.ok && result.value.map(({ binary }) => binary?.data?.id)).toEqual(
			links.map((url) => `disk:${url}`),
		);
	});

	it('a retry downloads all images if n8n no longer has the files', async () => {
		let isDown = true;
		const { all, opened } = onDisk(() => isDown);
		await resultsOf(completed(...links), all);
		opened.length = 0;
		isDown = false;
		all.context.helpers.getBinaryMetadata = async () => await Promise.reject(new Error('ENOENT'));
		expect(await resultsOf(completed(...links), all)).toMatchObject({ ok: true });
		expect([...opened].sort()).toEqual(links);
	});

	it.each(['perImage', 'perTask'] as const)(
		'a missing image is returned alone if the others were returned before (%s)',
		async (outputItems) => {
			const { all, opened, clock } = onDisk(() => false);
			const options = { ...OPTIONS, outputItems };
			const task = completed(...links);
			const { items, missing } = await downloadResults(FACTS, task, options, polled(clock), all, 3);
			expect(opened).toEqual([links[3]]);
			expect(missing).toEqual([]);
			expect(items).toHaveLength(1);
			expect(items[0]?.json).toMatchObject(
				outputItems === 'perImage'
					? { imageUrl: links[3], imageIndex: 3, imageCount: 4 }
					: { imageUrls: [links[3]], imageCount: 1 },
			);
			expect(Object.keys(items[0]?.binary ?? {})).toEqual(['data']);
		},
	);

	it('a missing image that fails again is only a failed item, with one item per task', async () => {
		const { all, clock } = onDisk();
		const options = { ...OPTIONS, outputItems: 'perTask' as const };
		const task = completed(...links);
		const { items, failure } = await downloadResults(FACTS, task, options, polled(clock), all, 1);
		expect(items.map(({ json }) => [json.status, json.imageIndex])).toEqual([['failed', 1]]);
		expect(failure).toMatchObject({ charged: 'yes' });
	});
});

describe('a task of unknown age', () => {
	it.each([
		[false, 2],
		[true, 1],
	])(
		'links are retried after HTTP 404 if the task may be new (isConfirmed: %s)',
		async (isConfirmed, attempts) => {
			const { all, opened, clock } = tools(() => (opened.length < 2 ? withStatus(404) : stored()), {
				responses: [reply(500, {})],
			});
			const polledTask = { ...polled(clock), isConfirmed, timeoutSeconds: 1 };
			await downloadResults(FACTS, completed('https://a.example/1'), OPTIONS, polledTask, all);
			expect(opened).toHaveLength(attempts);
		},
	);
});

describe('layers', () => {
	const links = ['base', 'sky', 'cat'].map((name) => `https://a.example/${name}`);
	const box = { x: 20, y: 10, width: 300, height: 80 };
	const layers = [{ index: 0 }, { index: 1, name: 'Sky', box }, { index: 2, name: 'Cat', box }];
	const task = { content: { ...completed(...links).content, layers }, raw: { id: 'task-1' } };
	const withFile: RowOptions = { ...OPTIONS, layersFile: true };
	const canvas = { width: 640, height: 480 };
	const HEADER = ihdr({ ...canvas, colorType: 6, bitDepth: 8 });
	const FILE = Buffer.concat([PNG_SIGNATURE, HEADER, pngChunk('IEND')]);

	/** n8n stores the files in its memory. */
	function inMemory(isBroken: (url: string) => boolean = () => false) {
		const fixture = tools((url) => {
			const link = stored();
			if (isBroken(url)) return withStatus(400);
			return link.kind === 'opened'
				? {
						...link,
						store: async (...file) => ({
							...(await link.store(...file)),
							data: FILE.toString('base64'),
						}),
					}
				: link;
		});
		const { helpers } = fixture.all.context;
		helpers.prepareBinaryData = async (content, fileName, mimeType = '') => {
			if (!Buffer.isBuffer(content)) throw new Error('a stream');
			return { data: content.toString('base64'), fileName, mimeType };
		};
		return fixture;
	}

	const jsonOf = ({ data = '' }: Partial<IBinaryData> = {}) =>
		JSON.parse(Buffer.from(data, 'base64').toString()) as unknown;

	it("the layers' file describes the downloaded files, with the canvas measured from the base", async () => {
		const { all } = inMemory();
		const result = await resultsOf(task, all, withFile);
		const items = result.ok ? result.value : [];
		expect(items.map(({ json }) => json.layer)).toEqual([...layers, undefined]);
		const { json, binary } = items[3] ?? {};
		const content = {
			canvas,
			layers: [
				{ index: 0, box: { x: 0, y: 0, ...canvas }, file: 'task-1-1.png', url: links[0] },
				{ ...layers[1], file: 'task-1-2.png', url: links[1] },
				{ ...layers[2], file: 'task-1-3.png', url: links[2] },
			],
		};
		expect(json).toMatchObject({ layersFile: 'task-1-1-layers.json', ...content });
		expect(binary?.data).toMatchObject({
			fileName: 'task-1-1-layers.json',
			mimeType: 'application/json',
		});
		expect(jsonOf(binary?.data)).toEqual(content);
	});

	it('an item per task has the file of its layers last', async () => {
		const { all } = inMemory();
		const result = await resultsOf(task, all, { ...withFile, outputItems: 'perTask' });
		const [item] = result.ok ? result.value : [];
		expect(Object.keys(item?.binary ?? {})).toEqual(['data', 'data_1', 'data_2', 'data_3']);
		expect(jsonOf(item?.binary?.data_3)).toMatchObject({ canvas });
		expect(item?.json.layers).toEqual(layers);
	});

	it("layers whose download failed have no file in the layers' file", async () => {
		const { all } = inMemory((url) => url === links[0]);
		const result = await resultsOf(task, all, withFile);
		const items = result.ok ? result.value : [];
		expect(items.map(({ json }) => json.status)).toEqual([
			'failed',
			'completed',
			'completed',
			'completed',
		]);
		expect(jsonOf(items[3]?.binary?.data)).toEqual({
			canvas: { width: 320, height: 90 },
			layers: [
				{ index: 0, box: { x: 0, y: 0, width: 320, height: 90 }, url: links[0] },
				{ ...layers[1], file: 'task-1-2.png', url: links[1] },
				{ ...layers[2], file: 'task-1-3.png', url: links[2] },
			],
		});
	});

	it("without a single downloaded layer, there's no file of them", async () => {
		const { all } = inMemory(() => true);
		expect(await resultsOf(task, all, withFile)).toMatchObject({ ok: false });
	});

	it("if n8n can't store the layers' file, the layers are returned without it", async () => {
		const { all } = inMemory();
		all.context.helpers.prepareBinaryData = async () => await Promise.reject(new Error('ENOSPC'));
		const warn = jest.fn();
		Object.assign(all.context, { logger: { warn } });
		const result = await resultsOf(task, all, withFile);
		expect(result.ok && result.value.map(({ json }) => json.layer)).toEqual(layers);
		expect(warn).toHaveBeenCalledWith("n8n couldn't store task-1-1-layers.json: Error: ENOSPC");
	});

	it('a layer that was missing before comes without the file, which was returned with the others', async () => {
		const { all, clock } = inMemory();
		const { items } = await downloadResults(FACTS, task, withFile, polled(clock), all, 1);
		expect(items.map(({ json }) => json.layer)).toEqual([layers[1]]);
	});

	it.each<[string, RowOptions, ReturnType<typeof completed>]>([
		["the user doesn't want it", OPTIONS, task],
		["the images aren't layers", withFile, completed(...links)],
		['nothing is downloaded', { ...withFile, downloadImages: false }, task],
	])("there's no file of the layers if %s", async (_what, options, images) => {
		const { all } = inMemory();
		expect((await resultsOf(images, all, options)).ok).toBe(true);
		const result = await resultsOf(images, all, options);
		expect(result.ok && result.value).toHaveLength(3);
	});
});

it('files of an earlier try get the names of this one, so that no other image has them', async () => {
	const { all } = tools(() => stored());
	all.context.helpers.getBinaryMetadata = async () => ({ fileSize: 1 });
	const file = { id: 'disk:1', data: '', mimeType: 'image/jpeg', fileName: 'old.jpg' };
	all.files.keep('evoLink/task-1', 0, file);
	const options = { ...OPTIONS, fileName: 'shoe' };
	const result = await resultsOf(completed('https://a.example/1'), all, options);
	expect(result.ok && result.value[0]?.binary?.data).toEqual({ ...file, fileName: 'shoe.jpg' });
});
