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
import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import type { HttpResult } from '../../../../nodes/Seedream/tasks/apiClient';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { networkError, PATIENCE_SECONDS, reply } from '../tasks/scriptedApiClient';
import { virtualClock, type VirtualClock } from '../virtualClock';
import { fileContent, imageFile } from './imageFiles';

const NO_JITTER = () => 1;
/** More than any test needs: ends endless uploads. */
const MAX_UPLOADS = 200;
const HOUR = 60 * 60 * 1000;

type Respond = (upload: FileUpload, count: number) => HttpResult | Promise<HttpResult>;

function stored(url: string): HttpResult {
	return reply(200, { success: true, data: { file_url: url }, url });
}

const STORED: Respond = (_upload, count) => stored(`https://files.example.com/${count}`);

function createCache(entries: Record<string, Upload> = {}) {
	const kept = new Map(Object.entries(entries));
	const memory: UploadCache = {
		find: (key) => kept.get(key),
		contentOf: (url) => [...kept.values()].find((upload) => upload.url === url)?.hash,
		keep: (key, upload) => kept.set(key, upload),
	};
	return { memory, kept };
}

interface Setup {
	memory?: UploadCache;
	clock?: VirtualClock;
}

/** A provider that responds to each upload with `response`. */
function setUp(
	provider: Provider,
	response: Respond = STORED,
	{ memory = createCache().memory, clock = virtualClock() }: Setup = {},
) {
	const uploads: FileUpload[] = [];
	/** When each was sent, in milliseconds since the start. */
	const times: number[] = [];
	const api = {
		send: async () => {
			throw new Error('only uploads were expected');
		},
		upload: async (upload: FileUpload) => {
			uploads.push(upload);
			times.push(clock.elapsed());
			if (uploads.length > MAX_UPLOADS) throw new Error('endless uploads');
			return await response(upload, uploads.length);
		},
	};
	const options = { patienceSeconds: PATIENCE_SECONDS, random: NO_JITTER };
	const client = new ProviderClient(provider, new ConcurrencyLimiter(0), api, clock, options);
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
	it("is uploaded to the provider's file API", async () => {
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

	it('in many rows is uploaded once, also concurrently', async () => {
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
		['429', reply(429, {}), [0, 1000, 3000]],
		['503', reply(503, {}), [0, 1000, 3000]],
		['a refused connection', networkError('ECONNREFUSED', false), [0, 1000, 3000]],
		['500', reply(500, { error: { message: 'internal' } }), [0, 1000, 3000]],
		['502', reply(502, '<html>502</html>'), [0, 1000, 3000]],
		['a reset connection', networkError('ECONNRESET', true), [0, 1000, 3000]],
		['no response', networkError('ETIMEDOUT', true), [0, 1000, 3000]],
		["a response that isn't JSON", reply(200, '<html>Hello</html>'), [0, 1000, 3000]],
	])(
		'is uploaded again after %s, each time from the beginning',
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
	])("isn't uploaded again after %s", async (_what, failure) => {
		const { links, uploads, clock } = setUp(provider, () => failure);
		expect(await links(file())).toMatchObject({ ok: false, failure: { charged: 'no' } });
		expect(uploads).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
	});

	it('is given up after four attempts, without a charge', async () => {
		const { links, times } = setUp(provider, () => networkError('ETIMEDOUT', true));
		expect(await links(file())).toMatchObject({
			ok: false,
			failure: {
				message: `The node couldn't upload a reference image: ${provider.label} didn't respond: the connection timed out (ETIMEDOUT)`,
				description: expect.stringMatching(/You weren't charged\.$/),
				code: 'ETIMEDOUT',
				charged: 'no',
				status: 'failed',
				provider: provider.id,
				taskId: undefined,
			},
		});
		expect(times).toEqual([0, 1000, 3000, 7000]);
	});

	it.each<[string, HttpResult]>([
		['503', reply(503, {})],
		['no connection', networkError('ECONNREFUSED', false)],
	])('is given up after half a minute of only %s', async (_what, rejection) => {
		const { links, times } = setUp(provider, () => rejection);
		expect(await links(file())).toMatchObject({ ok: false, failure: { charged: 'no' } });
		expect(times.map(Math.round)).toEqual([0, 1000, 3000, 7000, 15_000, 31_000]);
	});

	it('waits for the end of a limit until the timeout', async () => {
		const { links, times, clock } = setUp(provider, () => reply(429, {}));
		expect(await links(file())).toMatchObject({ ok: false, failure: { charged: 'no' } });
		expect(times.map(Math.round).slice(0, 6)).toEqual([0, 1000, 3000, 7000, 15_000, 25_000]);
		expect(clock.elapsed()).toBeGreaterThan(1_000 * PATIENCE_SECONDS);
		expect(clock.elapsed()).toBeLessThanOrEqual(1_000 * PATIENCE_SECONDS + 10_000);
	});

	it('waits for Retry-After', async () => {
		const { links, times } = setUp(provider, (_upload, count) =>
			count === 1 ? reply(429, {}, { 'retry-after': '7' }) : stored('https://files.example.com/1'),
		);
		expect(await links(file())).toMatchObject({ ok: true });
		expect(times).toEqual([0, 7000]);
	});

	it('is given up if Retry-After is longer than the timeout', async () => {
		const { links, uploads, clock } = setUp(provider, () =>
			reply(429, {}, { 'retry-after': '3600' }),
		);
		expect(await links(file())).toMatchObject({ ok: false, failure: { charged: 'no' } });
		expect(uploads).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
	});

	it("isn't uploaded again after the user stopped the execution", async () => {
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

it('a file is uploaded with a name based on its content, whatever its own name is', async () => {
	const { links, uploads } = setUp(evoLink);
	const hashes = ['a', 'b'].map((letter) => letter.repeat(64));
	for (const hash of hashes) {
		await links(file({ key: `file-${hash}`, hash, label: 'the image "cat.png"' }));
	}
	const names = hashes.map((hash) => `reference-${hash.slice(0, 32)}.png`);
	expect(uploads.map(({ fileName }) => fileName)).toEqual(names);
	expect(uploads.map(({ fields }) => fields)).toEqual(names.map((name) => ({ file_name: name })));
});

describe('two different files with the same link', () => {
	const SAME: Respond = () => stored('https://files.example.com/same');
	const [one, two] = [file({ key: 'one' }), file({ key: 'two' })];
	const rejected = { ok: false, failure: { code: 'upload_not_unique', charged: 'no' } };

	it('fail their row', async () => {
		const { links, uploads } = setUp(evoLink, SAME);
		expect(await links(one, two)).toMatchObject(rejected);
		expect(uploads).toHaveLength(2);
	});

	it("fail each row that wasn't sent yet", async () => {
		const { links } = setUp(apiMart, SAME);
		const rows = await Promise.all([links(one), links(two)]);
		for (const row of rows) expect(row).toMatchObject(rejected);
		expect(await links(one)).toMatchObject(rejected);
	});

	it('fail the second if the first was uploaded by an earlier try', async () => {
		const { memory } = createCache();
		const first = setUp(evoLink, SAME, { memory });
		expect(await first.links(one)).toMatchObject({ ok: true });
		const later = setUp(evoLink, SAME, { memory });
		expect(await later.links(two)).toMatchObject(rejected);
	});

	it('are fine if their content is the same', async () => {
		const { links } = setUp(evoLink, SAME);
		const again = file({ key: 'one-again', hash: 'one' });
		expect(await links(one, again)).toMatchObject({ ok: true });
	});

	it("don't fail other rows, or the same file twice", async () => {
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
	it('keep their order, whichever upload finishes first', async () => {
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

	it('are uploaded four at a time, whichever rows they belong to', async () => {
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

	it("fail together if one of them can't be uploaded", async () => {
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

	it('are unchanged if they are all links', async () => {
		const { links, uploads } = setUp(evoLink);
		const urls = ['https://a.example/1.png', 'https://a.example/2.png'];
		expect(await links(...urls.map(link))).toEqual({ ok: true, value: urls });
		expect(await links()).toEqual({ ok: true, value: [] });
		expect(uploads).toEqual([]);
	});
});

describe('the upload cache', () => {
	it('keeps a link as long as the provider keeps the file', async () => {
		const { memory, kept } = createCache();
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
		['slightly more than an hour', 1.001, true],
		['an hour, which a slow task may need', 1, false],
		['a minute', 1 / 60, false],
		['a negative time', -1, false],
	])('is used if the link is valid for %s: %f h', async (_what, hours, used) => {
		const clock = virtualClock();
		const upload = {
			url: 'https://files.example.com/before',
			until: clock.now() + hours * HOUR,
			hash: 'file-1',
		};
		const { memory, kept } = createCache({ 'evoLink/file-1': upload });
		const { links, uploads } = setUp(evoLink, STORED, { memory, clock });
		const url = used ? upload.url : 'https://files.example.com/1';
		expect(await links(file())).toEqual({ ok: true, value: [url] });
		expect(uploads).toHaveLength(used ? 0 : 1);
		expect(kept.get('evoLink/file-1')?.url).toBe(url);
	});

	it("isn't used by a row after the link has expired", async () => {
		const { links, uploads, clock } = setUp(evoLink);
		await links(file());
		await clock.sleep(72 * HOUR);
		expect(await links(file())).toEqual({ ok: true, value: ['https://files.example.com/2'] });
		expect(uploads).toHaveLength(2);
	});

	it("distinguishes the providers' files", async () => {
		const upload = { url: 'https://files.example.com/evolink', until: Infinity, hash: 'file-1' };
		const { memory } = createCache({ 'evoLink/file-1': upload });
		const { links, uploads } = setUp(apiMart, STORED, { memory });
		expect(await links(file())).toEqual({ ok: true, value: ['https://files.example.com/1'] });
		expect(uploads).toHaveLength(1);
	});

	it("doesn't contain failed uploads", async () => {
		const { memory, kept } = createCache();
		const { links } = setUp(evoLink, () => reply(400, {}), { memory });
		await links(file());
		expect([...kept]).toEqual([]);
	});

	it('lets later rows upload again after a failure', async () => {
		const { links } = setUp(evoLink, (_upload, count) =>
			count <= 4 ? networkError('ECONNRESET', true) : stored('https://files.example.com/later'),
		);
		expect(await links(file())).toMatchObject({ ok: false });
		expect(await links(file())).toEqual({ ok: true, value: ['https://files.example.com/later'] });
	});
});

describe('a failed upload', () => {
	it.each<[string, HttpResult, string]>([
		['a wrong API key', reply(401, { error: { code: 'unauthorized' } }), 'paste the API key again'],
		['an unknown address', reply(404, ''), 'Check the base URL in the credential.'],
		["a response that isn't JSON", reply(200, '<html>Hello</html>'), '<html>Hello</html>'],
	])('says what to do about %s', async (_what, response, advice) => {
		const { links } = setUp(evoLink, () => response);
		const result = await links(file());
		expect(result.ok ? '' : result.failure.description).toContain(advice);
		expect(result.ok ? '' : result.failure.description).toMatch(/You weren't charged\.$/);
		expect(result.ok ? '' : result.failure.description).not.toContain("can't tell");
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

it('files for a provider without uploads become signed links to n8n', async () => {
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
])("a file that n8n can't read any more fails its row when it %s", async (_what, resolve) => {
	expect(await resolve(setUp(apiMart))).toMatchObject({ ok: false, failure: { charged: 'no' } });
});
