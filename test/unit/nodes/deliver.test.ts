import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

import type { IBinaryData } from 'n8n-workflow';

import { deliver } from '../../../nodes/Seedream/deliver';
import type { OpenedLink } from '../../../nodes/Seedream/images/download';
import type { TaskFacts } from '../../../nodes/Seedream/output/taskItems';
import { evoLink } from '../../../nodes/Seedream/providers/evoLink';
import type { CompletedTask } from '../../../nodes/Seedream/providers/provider';
import { DEFAULT_OPTIONS, type Controls } from '../../../nodes/Seedream/request/controls';
import type { RowTools } from '../../../nodes/Seedream/runRows';
import { createLimit } from '../../../nodes/Seedream/tasks/limit';
import { fakeContext } from './fakeContext';
import { reply, scriptedGateway } from './tasks/scriptedGateway';
import { virtualClock } from './virtualClock';

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const FACTS: TaskFacts = { provider: evoLink, taskId: 'task-1', model: 'm', prompt: 'A lake' };

const CONTROLS: Controls = {
	...DEFAULT_OPTIONS,
	downloadImages: true,
	outputField: 'data',
	outputItems: 'perImage',
};

function completed(...imageUrls: string[]) {
	const content: CompletedTask = { status: 'completed', imageUrls };
	return { content, raw: { id: 'task-1' } };
}

function stored(delayMs = 0): OpenedLink<IBinaryData> {
	const body = Readable.from([PNG], { objectMode: false });
	return {
		kind: 'opened',
		status: 200,
		body,
		store: async (fileName, { mimeType }) => {
			await wait(delayMs);
			return { data: '', fileName, mimeType };
		},
		discard: () => body.destroy(),
	};
}

function gone(): OpenedLink<IBinaryData> {
	const link = stored();
	return link.kind === 'opened' ? { ...link, status: 404 } : link;
}

function tools(open: (url: string) => OpenedLink<IBinaryData>, downloads = 5) {
	const opened: string[] = [];
	const clock = virtualClock();
	const all: RowTools = {
		context: fakeContext(),
		itemIndex: 6,
		gateway: scriptedGateway(evoLink, reply(500, {})).gateway,
		clock,
		links: {
			clock,
			open: async (url) => {
				opened.push(url);
				return open(url);
			},
		},
		linksOf: async () => ({ ok: true, value: [] }),
		noteFewerImages: () => undefined,
		downloadLimit: createLimit(downloads),
	};
	return { all, opened };
}

it('keeps the order of the images, whichever arrives first', async () => {
	const { all } = tools((url) => stored(url === 'https://a.example/1' ? 30 : 0));
	const task = completed('https://a.example/1', 'https://a.example/2');
	expect(await deliver(FACTS, task, CONTROLS, all)).toMatchObject({
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
	expect(await deliver(FACTS, task, { ...CONTROLS, fileName }, all)).toMatchObject({
		value: [{ binary: { data: { fileName: '7-1-A-lake-evoLink-m-2026-11-20.png' } } }],
	});
});

it('opens no link when the user does not want the files', async () => {
	const { all, opened } = tools(() => stored());
	const controls = { ...CONTROLS, downloadImages: false };
	const result = await deliver(FACTS, completed('https://a.example/1'), controls, all);
	expect(opened).toEqual([]);
	expect(result).toMatchObject({
		ok: true,
		value: [{ json: { imageUrl: 'https://a.example/1' } }],
	});
	expect(result.ok && result.value[0]).not.toHaveProperty('binary');
});

it('is a failure that names the paid task when one of the files is gone', async () => {
	const { all } = tools((url) => (url === 'https://a.example/2' ? gone() : stored()));
	const task = completed('https://a.example/1', 'https://a.example/2', 'https://a.example/3');
	expect(await deliver(FACTS, task, CONTROLS, all)).toMatchObject({
		ok: false,
		failure: { code: 'download_failed', charged: 'yes', taskId: 'task-1' },
	});
});

it('shares the limit on downloads with all rows', async () => {
	let open = 0;
	let most = 0;
	const { all } = tools(() => {
		const link = stored();
		if (link.kind === 'noReply') return link;
		open += 1;
		most = Math.max(most, open);
		const store: typeof link.store = async (name, format) => {
			await wait(2);
			open -= 1;
			return await link.store(name, format);
		};
		return { ...link, store };
	}, 2);
	const urls = Array.from({ length: 6 }, (_, n) => `https://a.example/${n}`);
	const rows = [deliver(FACTS, completed(...urls), CONTROLS, all)];
	rows.push(deliver(FACTS, completed(...urls), CONTROLS, all));
	for (const row of await Promise.all(rows)) expect(row).toMatchObject({ ok: true });
	expect(most).toBe(2);
});
