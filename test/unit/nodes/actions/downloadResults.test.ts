import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { IBinaryData, INodeExecutionData } from 'n8n-workflow';

import {
	downloadResults,
	type DownloadedResults,
} from '../../../../nodes/Seedream/actions/downloadResults';
import type { RowTools } from '../../../../nodes/Seedream/actions/processRows';
import type { Result } from '../../../../nodes/Seedream/errors/failure';
import type { DownloadStream, OpenOptions } from '../../../../nodes/Seedream/images/download';
import { createFileNames } from '../../../../nodes/Seedream/images/fileNames';
import { ReferenceLinks } from '../../../../nodes/Seedream/images/referenceLinks';
import { createFileCache, createFileNameStore } from '../../../../nodes/Seedream/n8n/fileCache';
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
import { reply, scriptedClientAt } from '../tasks/scriptedApiClient';
import { concurrentClock } from '../virtualClock';

const PNG = Buffer.from('89504e470d0a1a0a0000000d4948445249454e44ae426082', 'hex');
const FACTS: TaskFacts = { provider: evoLink, taskId: 'task-1', model: 'm', prompt: 'A lake' };

const CONTROLS: RowOptions = {
	...DEFAULT_OPTIONS,
	downloadImages: true,
	outputField: 'data',
	outputItems: 'perImage',
};

const following = (clock: Clock): PolledTask => ({
	taskId: 'task-1',
	since: clock.now(),
	timeoutSeconds: 600,
	pollSeconds: 0,
	isOld: false,
	isKnown: true,
});

/** Delivers the task as the nodes do, once it is finished. */
async function delivered(
	task: ReturnType<typeof completed>,
	tools: RowTools,
	controls: RowOptions = CONTROLS,
	facts: TaskFacts = FACTS,
) {
	return resultOf(await downloadResults(facts, task, controls, following(tools.clock), tools));
}

/** What came, or why nothing did. */
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
		store: async (fileName, { mimeType }, see) => {
			await wait(delayMs);
			for await (const chunk of body) see(chunk);
			return { data: '', fileName, mimeType };
		},
		discard: () => body.destroy(),
	};
}

function onResponse(status: number): DownloadStream<IBinaryData> {
	const link = stored();
	return link.kind === 'opened' ? { ...link, status } : link;
}

interface Scene {
	/** What the provider answers to queries. */
	answers?: HttpResult[];
	provider?: Provider;
	downloads?: number;
}

function tools(
	open: (url: string, options?: OpenOptions) => DownloadStream<IBinaryData>,
	{ answers = [reply(500, {})], provider = evoLink, downloads = 5 }: Scene = {},
) {
	const opened: string[] = [];
	const clock = concurrentClock();
	const { client, calls, times } = scriptedClientAt(clock, provider, ...answers);
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
		withSlot: async (work) => await work(),
		noteFewerImages: () => undefined,
		downloadLimit: createLimit(downloads),
		fileNames: createFileNames([], createFileNameStore(context), new Date(clock.now())),
		files: createFileCache(context),
	};
	return { all, opened, calls, times, clock };
}

it('keeps the order of the images, whichever arrives first', async () => {
	const { all } = tools((url) => stored(url === 'https://a.example/1' ? 30 : 0));
	const task = completed('https://a.example/1', 'https://a.example/2');
	expect(await delivered(task, all)).toMatchObject({
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

it('names the files by the template of the user, with rows counted from 1', async () => {
	const { all } = tools(() => stored());
	const fileName = '{row}-{image}-{prompt}-{provider}-{model}-{date}';
	const task = completed('https://a.example/1');
	expect(await delivered(task, all, { ...CONTROLS, fileName })).toMatchObject({
		value: [{ binary: { data: { fileName: '7-1-A-lake-evoLink-m-2026-11-20.png' } } }],
	});
});

it('opens no link when the user does not want the files', async () => {
	const { all, opened } = tools(() => stored());
	const controls = { ...CONTROLS, downloadImages: false };
	const result = await delivered(completed('https://a.example/1'), all, controls);
	expect(opened).toEqual([]);
	expect(result).toMatchObject({
		ok: true,
		value: [{ json: { imageUrl: 'https://a.example/1' } }],
	});
	expect(result.ok && result.value[0]).not.toHaveProperty('binary');
});

it('asks the provider for nothing as long as the links work', async () => {
	const { all, calls } = tools(() => stored());
	await delivered(completed('https://a.example/1'), all);
	expect(calls).toEqual([]);
});

describe('a link that has expired', () => {
	const anew = (...imageUrls: string[]) =>
		reply(200, { id: 'task-1', status: 'completed', results: imageUrls });

	it.each([403, 404, 410])('with HTTP %i is asked for anew, once', async (status) => {
		const { all, opened, calls, times } = tools(
			(url) => (url.includes('old') ? onResponse(status) : stored()),
			{ answers: [anew('https://a.example/new')] },
		);
		const task = completed('https://a.example/old');
		expect(await delivered(task, all)).toMatchObject({
			ok: true,
			value: [
				{
					json: { imageUrl: 'https://a.example/new' },
					binary: { data: { fileName: 'task-1-1.png' } },
				},
			],
		});
		expect(opened).toEqual(['https://a.example/old', 'https://a.example/new']);
		expect(calls.map(({ method, path }) => [method, path])).toEqual([['GET', '/v1/tasks/task-1']]);
		expect(times).toEqual([0]);
	});

	it('gets the item its new end and its new raw answer', async () => {
		const body = {
			code: 200,
			data: {
				id: 'task-1',
				status: 'completed',
				result: { images: [{ url: ['https://a.example/new'], expires_at: 1_795_200_000 }] },
			},
		};
		const { all } = tools((url) => (url.includes('old') ? onResponse(403) : stored()), {
			provider: apiMart,
			answers: [reply(200, body)],
		});
		const task = completed('https://a.example/old');
		const content = { ...task.content, expiresAt: new Date('2026-11-19T08:00:00Z') };
		const facts = { ...FACTS, provider: apiMart };
		const controls = { ...CONTROLS, simplify: false };
		expect(await delivered({ ...task, content }, all, controls, facts)).toMatchObject({
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

	it('does not take the others with it: only the gone ones are fetched again', async () => {
		const { all, opened } = tools(
			(url) => (url === 'https://a.example/2' ? onResponse(403) : stored()),
			{ answers: [anew(...[1, 2, 3].map((n) => `https://b.example/${n}`))] },
		);
		const task = completed(...[1, 2, 3].map((n) => `https://a.example/${n}`));
		expect(await delivered(task, all)).toMatchObject({
			ok: true,
			value: [1, 2, 3].map((n) => ({
				json: { imageUrl: `https://b.example/${n}`, imageIndex: n - 1 },
				binary: { data: { fileName: `task-1-${n}.png` } },
			})),
		});
		expect(opened.slice(3)).toEqual(['https://b.example/2']);
	});

	const NAMED = {
		status: 'failed',
		provider: 'evoLink',
		taskId: 'task-1',
		error: {
			message:
				'The image was made, but could not be downloaded: the link answered with HTTP 404 [task task-1]',
			code: 'download_failed',
			type: 'download_error',
			charged: 'yes',
		},
	};

	it('that is gone all the same is an entry that names the paid task, between the others', async () => {
		const { all, opened, calls } = tools(
			(url) => (url.endsWith('/2') ? onResponse(404) : stored()),
			{
				answers: [anew(...[1, 2, 3].map((n) => `https://b.example/${n}`))],
			},
		);
		const task = completed(...[1, 2, 3].map((n) => `https://a.example/${n}`));
		const result = await delivered(task, all);
		const items = result.ok ? result.value : [];
		expect(items.map(({ json }) => [json.status, json.imageIndex])).toEqual([
			['completed', 0],
			['failed', 1],
			['completed', 2],
		]);
		expect(items[1]).toEqual({
			json: { ...NAMED, imageUrl: 'https://b.example/2', imageIndex: 1 },
			pairedItem: { item: 6 },
		});
		expect(opened).toHaveLength(4);
		expect(calls).toHaveLength(1);
	});

	it('for which the new answer has none is an entry that names the paid task', async () => {
		const { all } = tools((url) => (url.endsWith('/2') ? onResponse(404) : stored()), {
			answers: [anew('https://a.example/1')],
		});
		const task = completed('https://a.example/1', 'https://a.example/2');
		expect(await delivered(task, all)).toMatchObject({
			ok: true,
			value: [
				{ json: { status: 'completed' } },
				{ json: { ...NAMED, imageUrl: 'https://a.example/2', imageIndex: 1 } },
			],
		});
	});

	it('about which the provider says nothing does not take the others with it', async () => {
		const { all } = tools((url) => (url.endsWith('/2') ? onResponse(404) : stored()), {
			answers: [reply(401, { error: { code: 'unauthorized', message: 'No.' } })],
		});
		const task = completed('https://a.example/1', 'https://a.example/2');
		expect(await delivered(task, all)).toMatchObject({
			ok: true,
			value: [{ json: { status: 'completed' } }, { json: NAMED }],
		});
	});

	it('and takes all others with it is a failure that names the paid task', async () => {
		const links = [1, 2].map((n) => `https://a.example/${n}`);
		const { all } = tools(() => onResponse(404), { answers: [anew(...links)] });
		expect(await delivered(completed(...links), all)).toMatchObject({
			ok: false,
			failure: { charged: 'yes', taskId: 'task-1' },
		});
	});

	it('about which the provider says nothing any more is the failure of the query', async () => {
		const { all } = tools(() => onResponse(403), {
			answers: [reply(401, { error: { code: 'unauthorized', message: 'No.' } })],
		});
		expect(await delivered(completed('https://a.example/1'), all)).toMatchObject({
			ok: false,
			failure: {
				message: 'EvoLink did not accept the API key (unauthorized: No.) [task task-1]',
				taskId: 'task-1',
			},
		});
	});
});

it('a fresh link that is forbidden is tried as another client before a new one is asked for', async () => {
	const fresh = (task: ReturnType<typeof completed>, clock: Clock) => ({
		...task,
		content: { ...task.content, expiresAt: new Date(clock.now() + 3_600_000) },
	});
	const disliked = tools((_url, options) => (options?.asBrowser ? stored() : onResponse(403)));
	const task = fresh(completed('https://a.example/1'), disliked.clock);
	expect(await delivered(task, disliked.all)).toMatchObject({ ok: true });
	expect(disliked.opened).toHaveLength(2);
	expect(disliked.calls).toEqual([]);

	const answers = [
		reply(200, { id: 'task-1', status: 'completed', results: ['https://a.example/new'] }),
	];
	const gone = tools((url) => (url.includes('new') ? stored() : onResponse(403)), { answers });
	expect(
		await delivered(fresh(completed('https://a.example/1'), gone.clock), gone.all),
	).toMatchObject({
		ok: true,
		value: [{ json: { imageUrl: 'https://a.example/new' } }],
	});
	expect(gone.opened).toEqual([...Array(5).fill('https://a.example/1'), 'https://a.example/new']);
});

describe('images that are missing', () => {
	const missing = { code: 'content_policy_violation', message: 'No.', type: 'task_error' };
	const words =
		'Not all images came: EvoLink stopped the image because of its content policy (content_policy_violation: No.)';

	it.each([true, false])('are said with their reason (downloaded: %s)', async (downloadImages) => {
		const { all } = tools(() => stored());
		const task = completed('https://a.example/1', 'https://a.example/2');
		const told = { ...task, content: { ...task.content, missing } };
		const controls = { ...CONTROLS, downloadImages };
		expect(await delivered(told, all, controls)).toMatchObject({
			value: [{ json: { warning: words } }, { json: { warning: words } }],
		});
		const facts = { ...FACTS, warning: 'It may have been made twice' };
		expect(await delivered(told, all, controls, facts)).toMatchObject({
			value: [{ json: { warning: `It may have been made twice. ${words}` } }, {}],
		});
	});

	it('are not spoken of where none are', async () => {
		const { all } = tools(() => stored());
		const result = await delivered(completed('https://a.example/1'), all);
		expect(result.ok && result.value[0]?.json).not.toHaveProperty('warning');
	});
});

it('a link that breaks for good is a failure, and no reason to ask the provider again', async () => {
	const { all, opened, calls } = tools(() => onResponse(503));
	expect(await delivered(completed('https://a.example/1'), all)).toMatchObject({
		ok: false,
		failure: { code: 'download_failed', charged: 'yes', taskId: 'task-1' },
	});
	expect(opened).toHaveLength(5);
	expect(calls).toEqual([]);
});

it('a task that is done in its last moment has a minute for its images', async () => {
	const { all, opened, clock } = tools(() =>
		opened.length < 5 ? { kind: 'networkError', code: 'ECONNRESET' } : stored(),
	);
	const late = { ...following(clock), since: clock.now() - 599_900 };
	const task = completed('https://a.example/1');
	expect(resultOf(await downloadResults(FACTS, task, CONTROLS, late, all))).toMatchObject({
		ok: true,
	});
	expect(clock.elapsed()).toBe(7_500);
});

it('shares the limit on downloads with all rows', async () => {
	let open = 0;
	let most = 0;
	const { all } = tools(
		() => {
			const link = stored();
			if (link.kind === 'networkError') return link;
			open += 1;
			most = Math.max(most, open);
			const store: typeof link.store = async (name, format, whole) => {
				await wait(2);
				open -= 1;
				return await link.store(name, format, whole);
			};
			return { ...link, store };
		},
		{ downloads: 2 },
	);
	const urls = Array.from({ length: 6 }, (_, n) => `https://a.example/${n}`);
	const rows = [delivered(completed(...urls), all)];
	rows.push(delivered(completed(...urls), all));
	for (const row of await Promise.all(rows)) expect(row).toMatchObject({ ok: true });
	expect(most).toBe(2);
});

describe('images of which some did not come', () => {
	const links = [1, 2, 3, 4].map((n) => `https://a.example/${n}`);
	const BROKEN = new Set(['https://a.example/2', 'https://a.example/4']);
	const WORDS =
		'Of 4 images, images 2, 4 could not be downloaded, although they were made and charged: entries of their own have their links';
	/** n8n keeps the files outside of its memory. */
	function kept(isDown: () => boolean = () => true) {
		const made = tools((url) => {
			const link = stored();
			if (isDown() && BROKEN.has(url)) return onResponse(400);
			return link.kind === 'opened'
				? {
						...link,
						store: async (...given) => ({ ...(await link.store(...given)), id: `disk:${url}` }),
					}
				: link;
		});
		made.all.context.helpers.getBinaryMetadata = async () => ({ fileSize: 1 });
		return made;
	}

	it('say so in a warning, whichever way they are handed on', async () => {
		for (const outputItems of ['perImage', 'perTask'] as const) {
			const { all } = kept();
			const result = await delivered(completed(...links), all, { ...CONTROLS, outputItems });
			const items = result.ok ? result.value : [];
			const warnings = items.flatMap(({ json }) => json.warning ?? []);
			expect(new Set(warnings)).toEqual(new Set([WORDS]));
		}
	});

	it('keep their places in the item of a task', async () => {
		const { all } = kept();
		const result = await delivered(completed(...links), all, {
			...CONTROLS,
			outputItems: 'perTask',
		});
		const items = result.ok ? result.value : [];
		expect(items.map(({ json }) => json.imageIndex)).toEqual([undefined, 1, 3]);
		expect(Object.keys(items[0]?.binary ?? {})).toEqual(['data', 'data_2']);
		expect(items[0]?.json.imageUrls).toEqual(links);
	});

	it('are told of to the ledger', async () => {
		const { all, clock } = kept();
		const { missing } = await downloadResults(
			FACTS,
			completed(...links),
			CONTROLS,
			following(clock),
			all,
		);
		expect(missing).toEqual([1, 3].map((index) => ({ taskId: 'task-1', index })));
	});

	it('are fetched by another try, and the others are not', async () => {
		let isDown = true;
		const { all, opened } = kept(() => isDown);
		await delivered(completed(...links), all);
		opened.length = 0;
		isDown = false;
		const result = await delivered(completed(...links), all);
		expect([...opened].sort()).toEqual([...BROKEN]);
		expect(result.ok && result.value.map(({ binary }) => binary?.data?.id)).toEqual(
			links.map((url) => `disk:${url}`),
		);
	});

	it('are all fetched anew where n8n has the files no more', async () => {
		let isDown = true;
		const { all, opened } = kept(() => isDown);
		await delivered(completed(...links), all);
		opened.length = 0;
		isDown = false;
		all.context.helpers.getBinaryMetadata = async () => await Promise.reject(new Error('ENOENT'));
		expect(await delivered(completed(...links), all)).toMatchObject({ ok: true });
		expect([...opened].sort()).toEqual(links);
	});

	it.each(['perImage', 'perTask'] as const)(
		'are handed on alone where the others have been (%s)',
		async (outputItems) => {
			const { all, opened, clock } = kept(() => false);
			const controls = { ...CONTROLS, outputItems };
			const task = completed(...links);
			const { items, missing } = await downloadResults(
				FACTS,
				task,
				controls,
				following(clock),
				all,
				3,
			);
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

	it('are no items of a task where there is nothing else', async () => {
		const { all, clock } = kept();
		const controls = { ...CONTROLS, outputItems: 'perTask' as const };
		const task = completed(...links);
		const { items, failure } = await downloadResults(
			FACTS,
			task,
			controls,
			following(clock),
			all,
			1,
		);
		expect(items.map(({ json }) => [json.status, json.imageIndex])).toEqual([['failed', 1]]);
		expect(failure).toMatchObject({ charged: 'yes' });
	});
});

describe('a task of which nobody knows how old it is', () => {
	it.each([
		[false, 2],
		[true, 1],
	])('has links that are waited for, unless it is ours: known %s', async (isKnown, opens) => {
		const { all, opened, clock } = tools(() => (opened.length < 2 ? onResponse(404) : stored()), {
			answers: [reply(500, {})],
		});
		const polledTask = { ...following(clock), isKnown, timeoutSeconds: 1 };
		await downloadResults(FACTS, completed('https://a.example/1'), CONTROLS, polledTask, all);
		expect(opened).toHaveLength(opens);
	});
});
