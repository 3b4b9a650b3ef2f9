import { Readable } from 'node:stream';

import { linkProblem } from '../../../../nodes/Seedream/images/checkLinks';
import type { DownloadStream } from '../../../../nodes/Seedream/images/download';
import { seedream45 } from '../../../../nodes/Seedream/providers/apiMartModels';

const URL = 'https://example.com/cat.png';
const MB = 1024 * 1024;
const { references } = seedream45;
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

/** The problem of a link with this response, and whether it was opened and closed. */
async function look({ status = 200, bytes, body = Readable.from([]) }: Reply) {
	const opened: string[] = [];
	let discarded = 0;
	const link: DownloadStream<never> = {
		kind: 'opened',
		status,
		bytes,
		body,
		store: async () => {
			throw new Error('a checked link must not be stored');
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

it('a link to an image within the limits has no problem', async () => {
	const { problem, opened } = await look({ bytes: 4024, body: Readable.from([png(1024, 768)]) });
	expect(problem).toBeUndefined();
	expect(opened).toEqual([URL]);
});

it('a response without a content length has no problem', async () => {
	expect((await look({ body: Readable.from([png(1024, 768)]) })).problem).toBeUndefined();
});

it.each(['ENOTFOUND', 'ETIMEDOUT', 'CERT_HAS_EXPIRED'])(
	"a link that can't be opened is a problem: %s",
	async (code) => {
		const open = async () => ({ kind: 'networkError', code }) as const;
		expect(await linkProblem(URL, references.file, open)).toBe(`can't be opened (${code})`);
	},
);

it.each([204, 206, 302, 401, 403, 404, 410, 429, 500, 503])(
	'HTTP %i is a problem of the link',
	async (status) => {
		const body = Readable.from([png(1024, 768)]);
		expect((await look({ status, body })).problem).toBe(`returned HTTP ${status}`);
	},
);

describe('the beginning of a linked file', () => {
	const none = "isn't an image in a supported format (JPEG, PNG)";

	it.each<[string, Buffer[], string]>([
		['an HTML page', [HTML], none],
		['nothing', [], none],
		['an image that ends within its header', [png(1024, 768).subarray(0, 18)], none],
		[
			'an image in another format',
			[gif(640, 480)],
			'is a GIF file, but the model accepts only JPEG, PNG',
		],
		['a small image', [png(14, 20)], 'is 14×20 pixels (minimum 15 per side)'],
		['a large image', [png(6001, 6000)], 'is 6001×6000 pixels (maximum 36,000,000 in total)'],
		['a narrow image', [png(100, 301)], 'is too narrow at 100×301 pixels (maximum ratio 3:1)'],
	])('shows the problem of %s', async (_what, chunks, problem) => {
		expect((await look({ body: Readable.from(chunks) })).problem).toBe(problem);
	});
});

it('a content length over the limit is a problem, without reading that much', async () => {
	const body = Readable.from([png(1024, 768)]);
	const { problem } = await look({ bytes: 11 * MB, body });
	expect(problem).toBe('is 11 MB (maximum 10 MB)');
});

it('only the first bytes of a large linked file are read', async () => {
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
	['a page with HTTP 404', { status: 404, body: Readable.from([HTML]) }],
])('the link to %s is closed once', async (_what, reply) => {
	const { discarded, body } = await look(reply);
	expect(discarded).toBe(1);
	expect(body.destroyed).toBe(true);
});

it('an interrupted download is a problem of the link', async () => {
	const body = Readable.from(
		(async function* () {
			yield png(1024, 768).subarray(0, 10);
			throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
		})(),
	);
	const { problem, discarded } = await look({ body });
	expect(problem).toMatch(/^can't be (opened|read)/);
	expect(discarded).toBe(1);
});
