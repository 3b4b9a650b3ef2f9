import { setImmediate as iteration } from 'node:timers/promises';

import type { FileUpload } from '../../../../nodes/Seedream/images/fileUpload';
import type { ImageFile } from '../../../../nodes/Seedream/images/imageFile';
import type { Reference } from '../../../../nodes/Seedream/images/reference';
import {
	ReferenceLinks,
	type Upload,
	type UploadCache,
} from '../../../../nodes/Seedream/images/referenceLinks';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';
import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import { createConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import type { HttpResult } from '../../../../nodes/Seedream/tasks/apiClient';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { noReply, PATIENCE_SECONDS, reply } from '../tasks/scriptedApiClient';
import { virtualClock, type VirtualClock } from '../virtualClock';
import { fileContent, imageFile } from './imageFiles';

const NO_JITTER = () => 1;
/** More than any test needs: what goes on for ever ends here. */
const MAX_UPLOADS = 200;
const HOUR = 60 * 60 * 1000;

type ParsedResponse = (upload: FileUpload, count: number) => HttpResult | Promise<HttpResult>;

function stored(url: string): HttpResult {
	return reply(200, { success: true, data: { file_url: url }, url });
}

const STORED: ParsedResponse = (_upload, count) => stored(`https://files.example.com/${count}`);

function mapMemory(entries: Record<string, Upload> = {}) {
	const kept = new Map(Object.entries(entries));
	const memory: UploadCache = {
		find: (key) => kept.get(key),
		contentOf: (url) => [...kept.values()].find((upload) => upload.url === url)?.hash,
		keep: (key, upload) => kept.set(key, upload),
	};
	return { memory, kept };
}

interface Ports {
	memory?: UploadCache;
	clock?: VirtualClock;
}

/** A provider that answers each upload with `answer`, and the links that come of it. */
function setUp(
	provider: Provider,
	answer: ParsedResponse = STORED,
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
			if (uploads.length > MAX_UPLOADS) throw new Error('uploads without end');
			return await answer(upload, uploads.length);
		},
	};
	const options = { patienceSeconds: PATIENCE_SECONDS, random: NO_JITTER };
	const client = new ProviderClient(provider, createConcurrencyLimiter(0), door, clock, options);
	const referenceLinks = new ReferenceLinks(clock, createBackoff(NO_JITTER), memory);
	return {
		uploads,
		times,
		clock,
		links: async (...references: Reference[]) =>
			await referenceLinks.resolve(references, client, 'upload'),
		dataUris: async (...references: Reference[]) =>
			await referenceLinks.resolve(references, client, 'dataUri'),
	};
}

function link(url: string): Reference {
	return { kind: 'link', url };
}

function file(parts: Partial<ImageFile> = {}): Reference {
	return { kind: 'file', file: imageFile(parts) };
}

const UPLOADERS: Array<[string, Provider, object]> = [
	[
		'EvoLink',
		evoLink,
		{
			baseUrl: 'filesBaseUrl',
			path: '/api/v1/files/upload/stream',
			fields: { file_name: 'reference-file-1.png' },
		},
	],
	['APIMart', apiMart, { baseUrl: 'baseUrl', path: '/v1/uploads/images', fields: {} }],
];

describe.each(UPLOADERS)('an image for %s', (_label, provider, address) => {
	it('is uploaded where the provider keeps files', async () => {
		const { links, uploads } = setUp(provider);
		expect(await links(file())).toEqual({ ok: true, value: ['https://files.example.com/1'] });
		expect(uploads).toEqual([
			expect.objectContaining({
				...address,
				fileName: 'reference-file-1.png',
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

	it.each<[string, HttpResult, number[]]>([
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

	it.each<[string, HttpResult]>([
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

	it.each<[string, HttpResult, number[]]>([
		['503', reply(503, {}), [0, 1000, 1612, 3362, 8359, 22_639]],
		['no connection', noReply('ECONNREFUSED', false), [0, 1000, 3000, 7000, 15_000, 31_000]],
	])('is given up after half a minute of nothing but %s', async (_what, rejection, expected) => {
		const { links, times } = setUp(provider, () => rejection);
		expect(await links(file())).toMatchObject({ ok: false, failure: { charged: 'no' } });
		expect(times.map(Math.round)).toEqual(expected);
	});

	it('waits for the end of a limit until the timeout', async () => {
		const { links, times, clock } = setUp(provider, () => reply(429, {}));
		expect(await links(file())).toMatchObject({ ok: false, failure: { charged: 'no' } });
		expect(times.map(Math.round).slice(0, 6)).toEqual([0, 1000, 1612, 3362, 8359, 22_639]);
		expect(clock.elapsed()).toBeGreaterThan(1_000 * PATIENCE_SECONDS);
		expect(clock.elapsed()).toBeLessThanOrEqual(1_000 * PATIENCE_SECONDS + 30_000);
	});

	it('waits as long as the provider wishes', async () => {
		const { links, times } = setUp(provider, (_upload, count) =>
			count === 1 ? reply(429, {}, { 'retry-after': '7' }) : stored('https://files.example.com/1'),
		);
		expect(await links(file())).toMatchObject({ ok: true });
		expect(times).toEqual([0, 7000]);
	});

	it('is given up where the provider wishes to be left alone for longer than the timeout', async () => {
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
		await expect(links(file())).rejects.toThrow(ExecutionCancelled);
		expect(uploads).toHaveLength(2);
	});
});

it.each([
	['jpeg', 'reference-file-1.jpg', 'image/jpeg'],
	['png', 'reference-file-1.png', 'image/png'],
	['webp', 'reference-file-1.webp', 'image/webp'],
	['gif', 'reference-file-1.gif', 'image/gif'],
] as const)('a %s travels as what its bytes are', async (format, fileName, mimeType) => {
	const { links, uploads } = setUp(evoLink);
	await links(file({ mimeType, measured: { format, width: 20, height: 20 } }));
	expect(uploads).toEqual([expect.objectContaining({ fileName, mimeType })]);
});

it('a file goes up under a name made from its content, whatever it is called', async () => {
	const { links, uploads } = setUp(evoLink);
	const hashes = ['a', 'b'].map((letter) => letter.repeat(64));
	for (const hash of hashes) {
		await links(file({ key: `file-${hash}`, hash, label: 'the image "cat.png"' }));
	}
	const names = hashes.map((hash) => `reference-${hash.slice(0, 32)}.png`);
	expect(uploads.map(({ fileName }) => fileName)).toEqual(names);
	expect(uploads.map(({ fields }) => fields)).toEqual(names.map((name) => ({ file_name: name })));
});

describe('two different files that come back with one link', () => {
	const SAME: ParsedResponse = () => stored('https://files.example.com/same');
	const [one, two] = [file({ key: 'one' }), file({ key: 'two' })];
	const refused = { ok: false, failure: { code: 'upload_not_unique', charged: 'no' } };

	it('refuse their row', async () => {
		const { links, uploads } = setUp(evoLink, SAME);
		expect(await links(one, two)).toMatchObject(refused);
		expect(uploads).toHaveLength(2);
	});

	it('refuse each row that is not sent yet', async () => {
		const { links } = setUp(apiMart, SAME);
		const rows = await Promise.all([links(one), links(two)]);
		for (const row of rows) expect(row).toMatchObject(refused);
		expect(await links(one)).toMatchObject(refused);
	});

	it('refuse the second, where the first was uploaded by an earlier try', async () => {
		const { memory } = mapMemory();
		const first = setUp(evoLink, SAME, { memory });
		expect(await first.links(one)).toMatchObject({ ok: true });
		const later = setUp(evoLink, SAME, { memory });
		expect(await later.links(two)).toMatchObject(refused);
	});

	it('are fine where their content is the same: one of them was read anew', async () => {
		const { links } = setUp(evoLink, SAME);
		const again = file({ key: 'one-again', hash: 'one' });
		expect(await links(one, again)).toMatchObject({ ok: true });
	});

	it('refuse no other row, and not the same file twice', async () => {
		const { links } = setUp(evoLink, (upload, count) =>
			upload.fileName.includes('three')
				? stored('https://files.example.com/three')
				: SAME(upload, count),
		);
		expect(await links(one, one, link('https://a.example/1.png'))).toMatchObject({ ok: true });
		await links(two);
		expect(await links(file({ key: 'three' }))).toMatchObject({ ok: true });
	});
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
		await iteration();
		for (const release of releases.reverse()) {
			release();
			await iteration();
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
			await iteration();
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
			await iteration();
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
			count === 2
				? reply(400, { error: { message: 'Bad file.' } })
				: stored(`https://f.example/${count}`),
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
	it('keeps the link for the hours that the provider keeps the file', async () => {
		const { memory, kept } = mapMemory();
		const { links, clock } = setUp(evoLink, STORED, { memory });
		await links(file());
		expect([...kept]).toEqual([
			[
				'evoLink/file-1',
				{ url: 'https://files.example.com/1', until: clock.now() + 72 * HOUR, hash: 'file-1' },
			],
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
		const upload = {
			url: 'https://files.example.com/before',
			until: clock.now() + hours * HOUR,
			hash: 'file-1',
		};
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

	it("tells the providers' files apart", async () => {
		const upload = { url: 'https://files.example.com/evolink', until: Infinity, hash: 'file-1' };
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
	it.each<[string, HttpResult, string]>([
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

it('where the provider takes no files, n8n hands them out under its own signed links', async () => {
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
