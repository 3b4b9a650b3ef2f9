import { setImmediate as turn } from 'node:timers/promises';

import {
	createReferenceLinks,
	type UploadMemory,
} from '../../../../nodes/Seedream/images/referenceLinks';
import type { ImageFile } from '../../../../nodes/Seedream/images/imageFile';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider, Reference } from '../../../../nodes/Seedream/providers/provider';
import { createBackOff } from '../../../../nodes/Seedream/tasks/backOff';
import { Gateway } from '../../../../nodes/Seedream/tasks/gateway';
import {
	Cancelled,
	type FileUpload,
	type HttpAnswer,
} from '../../../../nodes/Seedream/tasks/ports';
import { createSlots } from '../../../../nodes/Seedream/tasks/slots';
import { noReply, reply } from '../tasks/scriptedGateway';
import { virtualClock, type VirtualClock } from '../virtualClock';
import { fileContent, imageFile } from './imageFiles';

const NO_JITTER = () => 1;
/** More than any test needs: what goes on for ever ends here. */
const MOST_UPLOADS = 200;
const HOUR = 60 * 60 * 1000;

type Answer = (upload: FileUpload, count: number) => HttpAnswer | Promise<HttpAnswer>;

function stored(url: string): HttpAnswer {
	return reply(200, { success: true, data: { file_url: url }, url });
}

const STORED: Answer = (_upload, count) => stored(`https://files.example.com/${count}`);

function mapMemory(entries: Record<string, { url: string; until: number }> = {}) {
	const kept = new Map(Object.entries(entries));
	const memory: UploadMemory = {
		find: (key) => kept.get(key),
		keep: (key, upload) => kept.set(key, upload),
	};
	return { memory, kept };
}

interface Ports {
	memory?: UploadMemory;
	clock?: VirtualClock;
}

/** A gateway that answers each upload with `answer`, and the links that come of it. */
function setUp(
	provider: Provider,
	answer: Answer = STORED,
	{ memory = mapMemory().memory, clock = virtualClock() }: Ports = {},
) {
	const uploads: FileUpload[] = [];
	/** When each was sent, in milliseconds since the start. */
	const times: number[] = [];
	const door = {
		send: async () => {
			throw new Error('nothing but uploads was asked for');
		},
		upload: async (upload: FileUpload) => {
			uploads.push(upload);
			times.push(clock.elapsed());
			if (uploads.length > MOST_UPLOADS) throw new Error('uploads without end');
			return await answer(upload, uploads.length);
		},
	};
	const gateway = new Gateway(provider, createSlots(0), door, clock, NO_JITTER);
	const linksOf = createReferenceLinks(clock, createBackOff(NO_JITTER), memory);
	return {
		uploads,
		times,
		clock,
		links: async (...references: Reference[]) => await linksOf(references, gateway, 'upload'),
		dataUris: async (...references: Reference[]) => await linksOf(references, gateway, 'dataUri'),
	};
}

function link(url: string): Reference {
	return { kind: 'link', url };
}

function file(parts: Partial<ImageFile> = {}): Reference {
	return { kind: 'file', file: imageFile(parts) };
}

const UPLOADERS: Array<[string, Provider, object]> = [
	['EvoLink', evoLink, { baseUrl: 'filesBaseUrl', path: '/api/v1/files/upload/stream' }],
	['APIMart', apiMart, { baseUrl: 'baseUrl', path: '/v1/uploads/images' }],
];

describe.each(UPLOADERS)('an image for %s', (_label, provider, address) => {
	it('is uploaded where the gateway keeps files', async () => {
		const { links, uploads } = setUp(provider);
		expect(await links(file())).toEqual({ ok: true, value: ['https://files.example.com/1'] });
		expect(uploads).toEqual([
			expect.objectContaining({
				...address,
				fileName: 'reference.png',
				mimeType: 'image/png',
				bytes: 5,
			}),
		]);
	});

	it('that many rows use is uploaded once, also when they ask at the same time', async () => {
		const { links, uploads } = setUp(provider);
		const rows = await Promise.all(
			Array.from({ length: 50 }, async () => await links(file({ label: 'another label' }))),
		);
		rows.push(await links(file()));
		expect(uploads).toHaveLength(1);
		for (const row of rows)
			expect(row).toEqual({ ok: true, value: ['https://files.example.com/1'] });
	});

	it.each<[string, HttpAnswer, number[]]>([
		// The whole batch waits after these.
		['429', reply(429, {}), [0, 1000, 1612]],
		['503', reply(503, {}), [0, 1000, 1612]],
		['a refused connection', noReply('ECONNREFUSED', false), [0, 1000, 3000]],
		['500', reply(500, { error: { message: 'internal' } }), [0, 1000, 3000]],
		['502', reply(502, '<html>502</html>'), [0, 1000, 3000]],
		['a connection that broke', noReply('ECONNRESET', true), [0, 1000, 3000]],
		['silence', noReply('ETIMEDOUT', true), [0, 1000, 3000]],
		['an answer that is no JSON', reply(200, '<html>Hello</html>'), [0, 1000, 3000]],
	])(
		'is uploaded again after %s, each time from its beginning',
		async (_what, failure, expected) => {
			let opened = 0;
			const content = async () => fileContent(Buffer.from(`opening ${(opened += 1)}`));
			const read: string[] = [];
			const { links, times } = setUp(provider, async (upload, count) => {
				for await (const chunk of upload.content.chunks) read.push(Buffer.from(chunk).toString());
				return count < 3 ? failure : stored('https://files.example.com/third');
			});
			expect(await links(file({ content }))).toEqual({
				ok: true,
				value: ['https://files.example.com/third'],
			});
			expect(read).toEqual(['opening 1', 'opening 2', 'opening 3']);
			expect(times.map(Math.round)).toEqual(expected);
		},
	);

	it.each<[string, HttpAnswer]>([
		['400', reply(400, { error: { code: 'invalid_request', message: 'Bad file.' } })],
		['401', reply(401, { error: { code: 'unauthorized' } })],
		['402', reply(402, {})],
		['403', reply(403, {})],
		['404', reply(404, '<html>404</html>')],
		['413', reply(413, '')],
	])('is not uploaded again after %s', async (_what, failure) => {
		const { links, uploads, clock } = setUp(provider, () => failure);
		expect(await links(file())).toMatchObject({ ok: false, failure: { charged: 'no' } });
		expect(uploads).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
	});

	it('is given up after four tries, and nothing was charged', async () => {
		const { links, times } = setUp(provider, () => noReply('ETIMEDOUT', true));
		expect(await links(file())).toMatchObject({
			ok: false,
			failure: {
				message: `A reference image could not be uploaded: ${provider.label} did not answer: no answer came in time (ETIMEDOUT)`,
				description: expect.stringMatching(/Nothing was charged\.$/),
				code: 'ETIMEDOUT',
				charged: 'no',
				status: 'failed',
				provider: provider.id,
				taskId: undefined,
			},
		});
		expect(times).toEqual([0, 1000, 3000, 7000]);
	});

	it.each<[string, HttpAnswer, number[]]>([
		['429', reply(429, {}), [0, 1000, 1612, 3362, 8359, 22_639]],
		['503', reply(503, {}), [0, 1000, 1612, 3362, 8359, 22_639]],
		['no connection', noReply('ECONNREFUSED', false), [0, 1000, 3000, 7000, 15_000, 31_000]],
	])('is given up after half a minute of nothing but %s', async (_what, refusal, expected) => {
		const { links, times } = setUp(provider, () => refusal);
		expect(await links(file())).toMatchObject({ ok: false, failure: { charged: 'no' } });
		expect(times.map(Math.round)).toEqual(expected);
	});

	it('waits as long as the gateway wishes', async () => {
		const { links, times } = setUp(provider, (_upload, count) =>
			count === 1 ? reply(429, {}, { 'retry-after': '7' }) : stored('https://files.example.com/1'),
		);
		expect(await links(file())).toMatchObject({ ok: true });
		expect(times).toEqual([0, 7000]);
	});

	it('is given up where the gateway wishes to be left alone for more than a minute', async () => {
		const { links, uploads, clock } = setUp(provider, () =>
			reply(429, {}, { 'retry-after': '3600' }),
		);
		expect(await links(file())).toMatchObject({ ok: false, failure: { charged: 'no' } });
		expect(uploads).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
	});

	it('is not uploaded again once the user stopped the execution', async () => {
		const { links, uploads } = setUp(provider, () => reply(429, {}), {
			clock: virtualClock(1_500),
		});
		await expect(links(file())).rejects.toThrow(Cancelled);
		expect(uploads).toHaveLength(2);
	});
});

it.each([
	['jpeg', 'reference.jpg', 'image/jpeg'],
	['png', 'reference.png', 'image/png'],
	['webp', 'reference.webp', 'image/webp'],
	['gif', 'reference.gif', 'image/gif'],
] as const)('a %s travels as what its bytes are', async (format, fileName, mimeType) => {
	const { links, uploads } = setUp(evoLink);
	await links(file({ mimeType, measured: { format, width: 20, height: 20 } }));
	expect(uploads).toEqual([expect.objectContaining({ fileName, mimeType })]);
});

describe('several references', () => {
	it('keep their order, whichever upload is done first', async () => {
		const releases: Array<() => void> = [];
		const { links } = setUp(evoLink, async (_upload, count) => {
			await new Promise<void>((resolve) => releases.push(resolve));
			return stored(`https://files.example.com/${count}`);
		});
		const done = links(
			link('https://a.example/1.png'),
			file({ key: 'one' }),
			file({ key: 'two' }),
			link('https://a.example/2.png'),
			file({ key: 'one' }),
		);
		await turn();
		for (const release of releases.reverse()) {
			release();
			await turn();
		}
		expect(await done).toEqual({
			ok: true,
			value: [
				'https://a.example/1.png',
				'https://files.example.com/1',
				'https://files.example.com/2',
				'https://a.example/2.png',
				'https://files.example.com/1',
			],
		});
	});

	it('are four uploads at once, whichever rows they are for', async () => {
		let running = 0;
		let most = 0;
		const { links, uploads } = setUp(evoLink, async (_upload, count) => {
			running += 1;
			most = Math.max(most, running);
			await turn();
			running -= 1;
			return stored(`https://files.example.com/${count}`);
		});
		const row = (name: string) =>
			links(...Array.from({ length: 10 }, (_, n) => file({ key: `${name}-${n}` })));
		await Promise.all([row('a'), row('b'), row('c')]);
		expect(uploads).toHaveLength(30);
		expect(most).toBe(4);
	});

	it('are opened no earlier than they are uploaded', async () => {
		let open = 0;
		let mostOpen = 0;
		const { links } = setUp(evoLink, async (_upload, count) => {
			await turn();
			open -= 1;
			return stored(`https://files.example.com/${count}`);
		});
		const content = async () => {
			open += 1;
			mostOpen = Math.max(mostOpen, open);
			return fileContent(Buffer.from('image'));
		};
		await links(...Array.from({ length: 14 }, (_, n) => file({ key: `file-${n}`, content })));
		expect(mostOpen).toBe(4);
	});

	it('fail together when one of them cannot be uploaded', async () => {
		const { links } = setUp(evoLink, (_upload, count) =>
			count === 2 ? reply(400, { error: { message: 'Bad file.' } }) : stored('https://f.example/1'),
		);
		const files = ['one', 'two', 'three'].map((key) => file({ key }));
		expect(await links(link('https://a.example/1.png'), ...files)).toMatchObject({
			ok: false,
			failure: { message: expect.stringContaining('Bad file.'), charged: 'no' },
		});
	});

	it('that are all links are left alone', async () => {
		const { links, uploads } = setUp(evoLink);
		const urls = ['https://a.example/1.png', 'https://a.example/2.png'];
		expect(await links(...urls.map(link))).toEqual({ ok: true, value: urls });
		expect(await links()).toEqual({ ok: true, value: [] });
		expect(uploads).toEqual([]);
	});
});

describe('the memory of uploads', () => {
	it('keeps the link for the hours that the gateway keeps the file', async () => {
		const { memory, kept } = mapMemory();
		const { links, clock } = setUp(evoLink, STORED, { memory });
		await links(file());
		expect([...kept]).toEqual([
			['evoLink/file-1', { url: 'https://files.example.com/1', until: clock.now() + 72 * HOUR }],
		]);
	});

	it.each<[string, number, boolean]>([
		['three days', 72, true],
		['a little more than an hour', 1.001, true],
		['an hour, which a slow task may need', 1, false],
		['a minute', 1 / 60, false],
		['no time any more', -1, false],
	])('is used where the link lives for %s: %f h', async (_what, hours, used) => {
		const clock = virtualClock();
		const upload = { url: 'https://files.example.com/before', until: clock.now() + hours * HOUR };
		const { memory, kept } = mapMemory({ 'evoLink/file-1': upload });
		const { links, uploads } = setUp(evoLink, STORED, { memory, clock });
		const url = used ? upload.url : 'https://files.example.com/1';
		expect(await links(file())).toEqual({ ok: true, value: [url] });
		expect(uploads).toHaveLength(used ? 0 : 1);
		expect(kept.get('evoLink/file-1')?.url).toBe(url);
	});

	it('is asked again by a row that comes after the link has died', async () => {
		const { links, uploads, clock } = setUp(evoLink);
		await links(file());
		await clock.sleep(72 * HOUR);
		expect(await links(file())).toEqual({ ok: true, value: ['https://files.example.com/2'] });
		expect(uploads).toHaveLength(2);
	});

	it("tells the gateways' files apart", async () => {
		const upload = { url: 'https://files.example.com/evolink', until: Infinity };
		const { memory } = mapMemory({ 'evoLink/file-1': upload });
		const { links, uploads } = setUp(apiMart, STORED, { memory });
		expect(await links(file())).toEqual({ ok: true, value: ['https://files.example.com/1'] });
		expect(uploads).toHaveLength(1);
	});

	it('keeps nothing of an upload that failed', async () => {
		const { memory, kept } = mapMemory();
		const { links } = setUp(evoLink, () => reply(400, {}), { memory });
		await links(file());
		expect([...kept]).toEqual([]);
	});

	it('does not hold a failure against the rows that come later', async () => {
		const { links } = setUp(evoLink, (_upload, count) =>
			count <= 4 ? noReply('ECONNRESET', true) : stored('https://files.example.com/later'),
		);
		expect(await links(file())).toMatchObject({ ok: false });
		expect(await links(file())).toEqual({ ok: true, value: ['https://files.example.com/later'] });
	});
});

describe('a failed upload says what to do', () => {
	it.each<[string, HttpAnswer, string]>([
		['a wrong key', reply(401, { error: { code: 'unauthorized' } }), 'paste the key again'],
		['an address that nobody knows', reply(404, ''), 'Check the base URL in the credential.'],
		['an answer that is no JSON', reply(200, '<html>Hello</html>'), '<html>Hello</html>'],
	])('about %s', async (_what, answer, advice) => {
		const { links } = setUp(evoLink, () => answer);
		const result = await links(file());
		expect(result.ok ? '' : result.failure.description).toContain(advice);
		expect(result.ok ? '' : result.failure.description).toMatch(/Nothing was charged\.$/);
		expect(result.ok ? '' : result.failure.description).not.toContain('cannot be known');
	});
});

describe('a data URI', () => {
	it.each([
		['jpeg', 'image/jpeg'],
		['png', 'image/png'],
	] as const)('of a %s holds the whole file, and nothing is uploaded', async (format, mimeType) => {
		const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, n) => n % 251));
		const chunks = async function* () {
			for (let at = 0; at < bytes.length; at += 999) yield bytes.subarray(at, at + 999);
		};
		const content = async () => ({ ...fileContent(bytes), chunks: chunks() });
		const { dataUris, uploads } = setUp(apiMart);
		const measured = { format, width: 20, height: 20 };
		expect(
			await dataUris(link('https://a.example/1.png'), file({ content, measured, mimeType })),
		).toEqual({
			ok: true,
			value: ['https://a.example/1.png', `data:${mimeType};base64,${bytes.toString('base64')}`],
		});
		expect(uploads).toEqual([]);
	});
});

it('where the gateway takes no files, n8n hands them out under its own signed links', async () => {
	const { links, uploads } = setUp(apiInOne);
	const signedLink = () => 'https://n8n.example.com/rest/binary-data/signed?token=2';
	expect(await links(link('https://a.example/1.png'), file({ signedLink }))).toEqual({
		ok: true,
		value: ['https://a.example/1.png', signedLink()],
	});
	expect(uploads).toEqual([]);
});

const UNREADABLE = file({
	content: async () => {
		throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
	},
});

it.each<[string, (files: ReturnType<typeof setUp>) => ReturnType<typeof files.links>]>([
	['is uploaded', ({ links }) => links(UNREADABLE)],
	['becomes a data URI', ({ dataUris }) => dataUris(UNREADABLE)],
])('a file that n8n cannot read any more is a failed row when it %s', async (_what, ask) => {
	expect(await ask(setUp(apiMart))).toMatchObject({ ok: false, failure: { charged: 'no' } });
});
