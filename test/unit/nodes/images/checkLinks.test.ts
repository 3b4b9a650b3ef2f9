import { Readable } from 'node:stream';

import { linkProblem } from '../../../../nodes/Seedream/images/checkLinks';
import type { DownloadStream } from '../../../../nodes/Seedream/images/download';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';

const URL = 'https://example.com/cat.png';
const MB = 1024 * 1024;
const [{ references }] = apiMart.models;
const HTML = Buffer.from('<!doctype html><title>Sign in</title>'.padEnd(4096));

function png(width: number, height: number): Buffer {
	const header = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
	const size = Buffer.alloc(8);
	size.writeUInt32BE(width, 0);
	size.writeUInt32BE(height, 4);
	return Buffer.concat([header, size, Buffer.alloc(4000)]);
}

function gif(width: number, height: number): Buffer {
	const size = Buffer.alloc(4);
	size.writeUInt16LE(width, 0);
	size.writeUInt16LE(height, 2);
	return Buffer.concat([Buffer.from('GIF89a'), size, Buffer.alloc(4000)]);
}

interface Reply {
	status?: number;
	bytes?: number;
	body?: Readable;
}

/** What is said of a link with this answer, and what was done to it. */
async function look({ status = 200, bytes, body = Readable.from([]) }: Reply) {
	const opened: string[] = [];
	let discarded = 0;
	const link: DownloadStream<never> = {
		kind: 'opened',
		status,
		bytes,
		body,
		store: async () => {
			throw new Error('a link that is only looked at is not stored');
		},
		discard: () => {
			discarded += 1;
			body.destroy();
		},
	};
	const problem = await linkProblem(URL, references.file, async (url) => {
		opened.push(url);
		return link;
	});
	return { problem, opened, discarded, body };
}

it('has nothing against a link to an image within the limits', async () => {
	const { problem, opened } = await look({ bytes: 4024, body: Readable.from([png(1024, 768)]) });
	expect(problem).toBeUndefined();
	expect(opened).toEqual([URL]);
});

it('has nothing against an answer that does not say how long it is', async () => {
	expect((await look({ body: Readable.from([png(1024, 768)]) })).problem).toBeUndefined();
});

it.each(['ENOTFOUND', 'ETIMEDOUT', 'CERT_HAS_EXPIRED'])('names a dead link: %s', async (code) => {
	const open = async () => ({ kind: 'networkError', code }) as const;
	expect(await linkProblem(URL, references.file, open)).toBe(`cannot be opened (${code})`);
});

it.each([204, 206, 302, 401, 403, 404, 410, 429, 500, 503])('names HTTP %i', async (status) => {
	const body = Readable.from([png(1024, 768)]);
	expect((await look({ status, body })).problem).toBe(`answers with HTTP ${status}`);
});

describe('the start of the file', () => {
	const none = 'is not an image in one of these formats: JPEG, PNG';

	it.each<[string, Buffer[], string]>([
		['an HTML page', [HTML], none],
		['nothing', [], none],
		['an image that ends inside its header', [png(1024, 768).subarray(0, 18)], none],
		['an image of another format', [gif(640, 480)], 'is a GIF file, the model takes JPEG, PNG'],
		['a small image', [png(14, 20)], 'has 14×20 pixels, each side needs at least 15'],
		[
			'a large image',
			[png(6001, 6000)],
			'has 6001×6000 pixels, the most is 36,000,000 pixels in all',
		],
		[
			'a narrow image',
			[png(100, 301)],
			'has 100×301 pixels, one side may be at most 3 times the other',
		],
	])('tells of %s', async (_what, chunks, problem) => {
		expect((await look({ body: Readable.from(chunks) })).problem).toBe(problem);
	});
});

it('believes the announced length, without reading that much', async () => {
	const body = Readable.from([png(1024, 768)]);
	const { problem } = await look({ bytes: 11 * MB, body });
	expect(problem).toBe('has 11 MB, the most is 10 MB');
});

it('reads only the first bytes of a large file', async () => {
	let pulled = 0;
	const chunks = (async function* () {
		yield png(1024, 768);
		for (; pulled < 10 * MB; pulled += MB) yield Buffer.alloc(MB);
	})();
	const { problem } = await look({ body: Readable.from(chunks, { objectMode: false }) });
	expect(problem).toBeUndefined();
	expect(pulled).toBeLessThanOrEqual(2 * MB);
});

it.each<[string, Reply]>([
	['a good image', { body: Readable.from([png(1024, 768)]) }],
	['an HTML page', { body: Readable.from([HTML]) }],
	['a page that is not found', { status: 404, body: Readable.from([HTML]) }],
])('closes %s, once', async (_what, reply) => {
	const { discarded, body } = await look(reply);
	expect(discarded).toBe(1);
	expect(body.destroyed).toBe(true);
});

it('is a problem of the link when its transfer breaks off, and no crash', async () => {
	const body = Readable.from(
		(async function* () {
			yield png(1024, 768).subarray(0, 10);
			throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
		})(),
	);
	const { problem, discarded } = await look({ body });
	expect(problem).toMatch(/^cannot be (opened|read)/);
	expect(discarded).toBe(1);
});
