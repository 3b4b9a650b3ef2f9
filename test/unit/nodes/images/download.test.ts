import { PassThrough, Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

import {
	downloadImage,
	type DownloadTools,
	type ImageSource,
	type DownloadStream,
} from '../../../../nodes/Seedream/images/download';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import { virtualClock } from '../virtualClock';

const PNG = Buffer.concat([
	Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
	Buffer.from(Array.from({ length: 100_000 }, (_, n) => n % 251)),
	Buffer.from('49454e44ae426082', 'hex'),
]);

interface Stored {
	name: string;
	mimeType: string;
	/** In base64, because jest takes seconds to compare large buffers. */
	content: string;
}

const SOURCE: ImageSource = {
	provider: evoLink,
	taskId: 'task-1',
	url: 'https://example.com/1.png',
	nameFile: ({ extension }) => `lake.${extension}`,
};

/** A stream of exactly these chunks. */
function streamOf(...chunks: Buffer[]): Readable {
	return Readable.from(chunks, { objectMode: false });
}

function opened(body: Readable, status = 200, contentType?: string): DownloadStream<Stored> {
	return {
		kind: 'opened',
		status,
		contentType,
		body,
		store: async (name, { mimeType }, see) => {
			const chunks: Buffer[] = [];
			for await (const chunk of body) {
				see(chunk);
				chunks.push(Buffer.from(chunk));
			}
			return { name, mimeType, content: Buffer.concat(chunks).toString('base64') };
		},
		discard: () => body.destroy(),
	};
}

/** `seconds` is the time until the deadline. */
async function download(
	responses: Array<() => DownloadStream<Stored>>,
	clock = virtualClock(),
	seconds = 60,
	expiresAt?: Date,
): Promise<{
	result: Awaited<ReturnType<typeof downloadImage<Stored>>>;
	opens: string[];
	/** Whether each request had a browser's user agent. */
	asBrowser: unknown[];
}> {
	const opens: string[] = [];
	const asBrowser: unknown[] = [];
	const ports: DownloadTools<Stored> = {
		clock,
		open: async (url, options) => {
			asBrowser.push(options?.asBrowser);
			const response = responses[Math.min(opens.length, responses.length - 1)];
			opens.push(url);
			if (!response) throw new Error('the script has no response');
			return response();
		},
	};
	const until = clock.now() + seconds * 1000;
	const source = { ...SOURCE, expiresAt };
	return { result: await downloadImage(source, until, ports), opens, asBrowser };
}

const whole = () => opened(streamOf(PNG));
const STORED = {
	kind: 'stored',
	stored: { name: 'lake.png', mimeType: 'image/png', content: PNG.toString('base64') },
};

function failure(reason: string, kind: 'failed' | 'gone' = 'failed') {
	return {
		kind,
		failure: expect.objectContaining({
			message: `The image was generated, but the node couldn't download it: ${reason} [task task-1]`,
			charged: 'yes',
			taskId: 'task-1',
			code: 'download_failed',
		}),
	};
}

describe('a downloaded file', () => {
	it.each<[string, Buffer[]]>([
		['one chunk', [PNG]],
		['a first chunk of one byte', [PNG.subarray(0, 1), PNG.subarray(1)]],
		[
			'single bytes at first',
			[...Array.from({ length: 30 }, (_, n) => PNG.subarray(n, n + 1)), PNG.subarray(30)],
		],
		['a first chunk as long as the signature', [PNG.subarray(0, 12), PNG.subarray(12)]],
		['a first chunk one byte shorter', [PNG.subarray(0, 11), PNG.subarray(11)]],
	])('is stored unchanged in %s', async (_what, chunks) => {
		const { result, opens } = await download([() => opened(streamOf(...chunks))]);
		expect(result).toEqual(STORED);
		expect(opens).toEqual(['https://example.com/1.png']);
	});

	it('is stored unchanged if it arrives slowly', async () => {
		const body = new PassThrough();
		const finished = download([() => opened(body)]);
		for (const chunk of [PNG.subarray(0, 5), PNG.subarray(5, 20), PNG.subarray(20)]) {
			await wait(5);
			body.write(chunk);
		}
		body.end();
		expect((await finished).result).toEqual(STORED);
	});

	it('may be shorter than the longest signature', async () => {
		const tiny = Buffer.from('ffd8ffd9', 'hex');
		const { result } = await download([() => opened(streamOf(tiny))]);
		expect(result).toEqual({
			kind: 'stored',
			stored: { name: 'lake.jpg', mimeType: 'image/jpeg', content: tiny.toString('base64') },
		});
	});

	it('gets its extension and MIME type from its bytes, whatever its link says', async () => {
		const gif = Buffer.from('GIF89a\x01\x00\x01\x00\x00\x00\x3b');
		const { result } = await download([() => opened(streamOf(gif))]);
		expect(result).toMatchObject({ stored: { name: 'lake.gif', mimeType: 'image/gif' } });
	});
});

describe("a download that isn't an image", () => {
	const page = '<!DOCTYPE html><html><body>Please sign in to see this</body></html>';

	it.each<[string, string | Buffer, string | undefined, string]>([
		[
			'an HTML page',
			page,
			'text/html; charset=utf-8',
			'text/html; charset=utf-8 instead of an image, starting with "<!DOCTYPE html><html><body>Please sign in to see"',
		],
		[
			'an error as JSON',
			'{"error":"expired"}',
			'application/json',
			'application/json instead of an image, starting with "{"error":"expired"}"',
		],
		[
			'a page that claims to be an image',
			page,
			'image/png',
			'image/png instead of an image, starting with "<!DOCTYPE html><html><body>Please sign in to see"',
		],
		[
			'a short text',
			'no',
			undefined,
			'content of an unknown type instead of an image, starting with "no"',
		],
		['an empty file', '', 'image/png', 'an empty file instead of an image'],
		[
			'binary data',
			Buffer.from('0001020300ff00ff00ff', 'hex'),
			'application/octet-stream',
			"application/octet-stream that isn't an image",
		],
		[
			'text in another script',
			'湖'.repeat(20),
			'text/plain',
			`text/plain instead of an image, starting with "${'湖'.repeat(16)}"`,
		],
	])(
		'is never stored, is tried five times and is quoted: %s',
		async (_what, content, contentType, words) => {
			const bodies: Readable[] = [];
			const clock = virtualClock();
			const response = () => {
				const body = content.length === 0 ? Readable.from([]) : streamOf(Buffer.from(content));
				bodies.push(body);
				return opened(body, 200, contentType);
			};
			const { result, opens } = await download([response], clock);

			expect(result).toEqual(failure(`the link returned ${words}`));
			expect(opens).toHaveLength(5);
			expect(clock.pauses).toEqual([500, 1000, 2000, 4000]);
			expect(bodies.map(({ destroyed }) => destroyed)).toEqual(Array(5).fill(true));
		},
	);

	it('may be the temporary page of a proxy', async () => {
		const { result, opens } = await download([() => opened(streamOf(Buffer.from(page))), whole]);
		expect(result).toEqual(STORED);
		expect(opens).toHaveLength(2);
	});
});

describe('a link that returns an error', () => {
	it.each([
		[301, 'failed'],
		[400, 'failed'],
		[401, 'failed'],
		[403, 'gone'],
		[404, 'gone'],
		[410, 'gone'],
	] as const)("with HTTP %i isn't retried, and has %s", async (status, kind) => {
		const body = streamOf(PNG);
		const { result, opens } = await download([() => opened(body, status)]);
		expect(result).toEqual(failure(`the link returned HTTP ${status}`, kind));
		expect(opens).toHaveLength(1);
		expect(body.destroyed).toBe(true);
	});

	it.each([429, 500, 502, 503, 504])('with HTTP %i is retried', async (status) => {
		const clock = virtualClock();
		const responses = [() => opened(streamOf(PNG), status), () => opened(streamOf(PNG), status)];
		const { result } = await download([...responses, whole], clock);
		expect(result).toEqual(STORED);
		expect(clock.pauses).toEqual([500, 1000]);
	});

	it('is given up after five attempts with growing delays', async () => {
		const clock = virtualClock();
		const { result, opens } = await download([() => opened(streamOf(PNG), 503)], clock);
		expect(result).toEqual(failure('the link returned HTTP 503'));
		expect(opens).toHaveLength(5);
		expect(clock.pauses).toEqual([500, 1000, 2000, 4000]);
	});

	it('may be gone in a later attempt', async () => {
		const { result, opens } = await download([
			() => opened(streamOf(PNG), 503),
			() => opened(streamOf(PNG), 403),
		]);
		expect(result).toEqual(failure('the link returned HTTP 403', 'gone'));
		expect(opens).toHaveLength(2);
	});
});

describe('a link that returned HTTP 403', () => {
	const HOUR_MS = 3_600_000;
	const FORBIDDEN = failure('the link returned HTTP 403', 'gone');
	const forbidden =
		(words = 'Forbidden') =>
		() =>
			opened(streamOf(Buffer.from(words)), 403);

	async function fresh(...responses: Array<() => DownloadStream<Stored>>) {
		const clock = virtualClock();
		const expiresAt = new Date(clock.now() + HOUR_MS);
		return { clock, ...(await download(responses, clock, 60, expiresAt)) };
	}

	it("is opened again with a browser's user agent if it hasn't expired", async () => {
		const { result, asBrowser, clock } = await fresh(forbidden(), whole);
		expect(result).toEqual(STORED);
		expect(asBrowser).toEqual([false, true]);
		expect(clock.pauses).toEqual([500]);
	});

	it("is gone after five attempts if it hasn't expired", async () => {
		const { result, asBrowser, clock } = await fresh(forbidden());
		expect(result).toEqual(FORBIDDEN);
		expect(asBrowser).toEqual([false, true, true, true, true]);
		expect(clock.pauses).toEqual([500, 1000, 2000, 4000]);
	});

	it("is retried if it hasn't expired, also with an empty or interrupted response", async () => {
		const silent = () => opened(Readable.from([]), 403);
		const broken = () => {
			const body = new PassThrough();
			setImmediate(() => body.destroy(new Error('socket hang up')));
			return opened(body, 403);
		};
		for (const response of [silent, broken]) {
			expect((await fresh(response, whole)).result).toEqual(STORED);
		}
	});

	it.each([
		'<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
		`${'<!-- padding -->'.repeat(20)}{"message":"URL Expired"}`,
	])('is gone at once if its response says that it has expired: %s', async (words) => {
		const { result, opens } = await fresh(forbidden(words), whole);
		expect(result).toEqual(FORBIDDEN);
		expect(opens).toHaveLength(1);
	});

	it.each([
		['has expired', -1],
		['expires right now', 0],
	])('is gone at once if it %s', async (_what, ms) => {
		const clock = virtualClock();
		const expiresAt = new Date(clock.now() + ms);
		const { result, opens } = await download([forbidden(), whole], clock, 60, expiresAt);
		expect(result).toEqual(FORBIDDEN);
		expect(opens).toHaveLength(1);
	});

	it('is closed on every attempt', async () => {
		const bodies = [streamOf(PNG), streamOf(PNG), streamOf(PNG)];
		let next = 0;
		await fresh(() => opened(bodies[next++] ?? streamOf(PNG), 403));
		expect(bodies.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
	});
});

describe('a link without a file', () => {
	const words = (status: number, body: string) => () =>
		opened(streamOf(Buffer.from(body || ' ')), status);
	const at = (ms: number, seconds = 60) => {
		const clock = virtualClock();
		const expiresAt = new Date(clock.now() + ms);
		return {
			clock,
			get: async (...responses: Array<() => DownloadStream<Stored>>) =>
				await download(responses, clock, seconds, expiresAt),
		};
	};

	it.each([401, 403, 404, 408, 409, 423, 425])(
		"is retried like a 503 if it hasn't expired: HTTP %i",
		async (status) => {
			const { get, clock } = at(1000);
			const missing = words(status, 'Not here');
			expect((await get(missing, missing, whole)).result).toEqual(STORED);
			expect(clock.pauses).toEqual([500, 1000]);
		},
	);

	it.each([401, 403, 404, 408, 409, 423, 425])(
		'is gone if the file never appears, so that a new link is requested: HTTP %i',
		async (status) => {
			const { get, clock } = at(60_000);
			const { result, opens } = await get(words(status, 'Not here'));
			expect(result).toEqual(failure(`the link returned HTTP ${status}`, 'gone'));
			expect(opens).toHaveLength(5);
			expect(clock.pauses).toEqual([500, 1000, 2000, 4000]);
		},
	);

	it('is gone as well if there is no time to wait', async () => {
		const { result, opens } = await at(60_000, 0).get(words(404, ''));
		expect(result).toEqual(failure('the link returned HTTP 404', 'gone'));
		expect(opens).toHaveLength(1);
	});

	it.each([
		[410, 'gone', ''],
		[400, 'gone', '<Code>ExpiredToken</Code>'],
		[401, 'gone', '{"message":"signature expired"}'],
		[404, 'gone', 'The link has expired'],
		[400, 'failed', 'Bad request'],
		[402, 'failed', ''],
		[451, 'failed', ''],
	] as const)(
		"ends at once if it never will have one, even if it hasn't expired: HTTP %i, %s",
		async (status, kind, body) => {
			const { result, opens } = await at(60_000).get(words(status, body), whole);
			expect(result).toEqual(failure(`the link returned HTTP ${status}`, kind));
			expect(opens).toHaveLength(1);
		},
	);

	it.each([
		[401, 1, 'failed'],
		[403, 1, 'gone'],
		[404, 1, 'gone'],
		[408, 5, 'failed'],
		[409, 5, 'failed'],
		[423, 5, 'failed'],
		[425, 5, 'failed'],
	] as const)('and is old is tried so often: HTTP %i, %i times', async (status, times, kind) => {
		const { result, opens } = await at(-1).get(words(status, ''));
		expect(result).toEqual(failure(`the link returned HTTP ${status}`, kind));
		expect(opens).toHaveLength(times);
	});
});

describe('a file with a status other than 200', () => {
	const ranged = (range?: string) => () => {
		const link = opened(streamOf(PNG), 206);
		return link.kind === 'opened' ? { ...link, range } : link;
	};
	const last = PNG.length - 1;

	it.each([200, 201, 202, 203, 226])('is stored: %i', async (status) => {
		const { result, opens } = await download([() => opened(streamOf(PNG), status)]);
		expect(result).toEqual(STORED);
		expect(opens).toHaveLength(1);
	});

	it.each([
		undefined,
		`bytes 0-${last}/${PNG.length}`,
		`bytes 0-${last}/*`,
		` Bytes  0-${last}/${PNG.length} `,
	])('is stored if 206 contains all of it: %s', async (range) => {
		expect((await download([ranged(range)])).result).toEqual(STORED);
	});

	it.each([
		`bytes 0-99/${PNG.length}`,
		`bytes 0-${last - 1}/${PNG.length}`,
		`bytes 1-${last}/${PNG.length}`,
		`bytes */${PNG.length}`,
		'none',
	])("isn't stored if 206 contains a part of it, and is tried again: %s", async (range) => {
		const { result, opens } = await download([ranged(range), ranged(range), whole]);
		expect(result).toEqual(STORED);
		expect(opens).toHaveLength(3);
		expect((await download([ranged(range)])).result).toEqual(
			failure('the link returned only a part of the file'),
		);
	});

	it.each([204, 205, 202])("isn't stored if it is empty: %i", async (status) => {
		const empty = () => opened(Readable.from([]), status);
		expect((await download([empty, whole])).result).toEqual(STORED);
		expect((await download([empty])).result).toEqual(
			failure('the link returned an empty file instead of an image'),
		);
	});
});

describe('a file larger than any image', () => {
	const MB = 1024 * 1024;
	const reason = `the file is larger than 200 MB. You can still download it from ${SOURCE.url}`;

	it.each([200 * MB + 1, 10_000 * MB])(
		"isn't downloaded if its headers say so: %i bytes",
		async (bytes) => {
			const body = streamOf(PNG);
			const link = opened(body);
			const { result, opens } = await download([
				() => (link.kind === 'opened' ? { ...link, bytes } : link),
			]);
			expect(result).toEqual(failure(reason));
			expect(opens).toHaveLength(1);
			expect(body.destroyed).toBe(true);
		},
	);

	it("is aborted if they don't", async () => {
		let pulled = 0;
		const endless = function* () {
			yield PNG;
			for (;;) {
				pulled += MB;
				yield Buffer.alloc(MB);
			}
		};
		const body = Readable.from(endless(), { objectMode: false });
		const store = async (_name: string, _format: unknown, see: (bytes: Uint8Array) => void) => {
			for await (const chunk of body) see(chunk as Uint8Array);
			throw new Error('never ends');
		};
		const link = opened(body);
		const { result, opens } = await download([
			() => (link.kind === 'opened' ? { ...link, store } : link),
		]);
		expect(result).toEqual(failure(reason));
		expect(opens).toHaveLength(1);
		expect(pulled).toBeLessThan(210 * MB);
		expect(body.destroyed).toBe(true);
	});

	it('may have exactly 200 MB', async () => {
		const link = opened(streamOf(PNG));
		const exact = () => (link.kind === 'opened' ? { ...link, bytes: 200 * MB } : link);
		expect((await download([exact])).result).toEqual(STORED);
	});
});

it("a link that must not be followed isn't tried again, and the error says why", async () => {
	const rejected = (): DownloadStream<Stored> => ({
		kind: 'networkError',
		code: 'REFUSED',
		reason: 'it leads astray',
	});
	const { result, opens } = await download([rejected, whole]);
	expect(result).toEqual(failure('it leads astray'));
	expect(opens).toHaveLength(1);
});

describe('the deadline of a download', () => {
	it.each([
		[0, 1, []],
		[0.5, 2, [500]],
		[1.4, 2, [500]],
		[1.5, 3, [500, 1000]],
		[7, 4, [500, 1000, 2000]],
		[7.5, 5, [500, 1000, 2000, 4000]],
	])('of %f seconds is enough for %i attempts', async (seconds, tries, pauses) => {
		const clock = virtualClock();
		const { result, opens } = await download([() => opened(streamOf(PNG), 503)], clock, seconds);
		expect(result).toEqual(failure('the link returned HTTP 503'));
		expect(opens).toHaveLength(tries);
		expect(clock.pauses).toEqual(pauses);
	});
});

describe("a server that doesn't respond", () => {
	const silent = (): DownloadStream<Stored> => ({ kind: 'networkError', code: 'ECONNRESET' });

	it('is tried again', async () => {
		const { result, opens } = await download([silent, silent, silent, whole]);
		expect(result).toEqual(STORED);
		expect(opens).toHaveLength(4);
	});

	it('is given up after five attempts', async () => {
		const { result, opens } = await download([silent]);
		expect(result).toEqual(failure("the server didn't respond (ECONNRESET)"));
		expect(opens).toHaveLength(5);
	});
});

describe('an interrupted download', () => {
	it.each([1, 20, 70_000])(
		'that ends %i bytes before the end of the image is tried again',
		async (missing) => {
			const clock = virtualClock();
			const cut = () => opened(streamOf(PNG.subarray(0, -missing)));
			const { result, opens } = await download([cut, cut, whole], clock);
			expect(result).toEqual(STORED);
			expect(opens).toHaveLength(3);
			expect(clock.pauses).toEqual([500, 1000]);
			const failing = await download([cut]);
			expect(failing.result).toEqual(failure('the file is incomplete'));
			expect(failing.opens).toHaveLength(5);
		},
	);

	it('is tried again from the start if it was being stored', async () => {
		const broken = (): DownloadStream<Stored> => {
			const body = streamOf(PNG);
			const link = opened(body);
			if (link.kind === 'networkError') return link;
			const store = async () => {
				body.destroy();
				throw new Error('aborted');
			};
			return { ...link, store };
		};
		const { result, opens } = await download([broken, whole]);
		expect(result).toEqual(STORED);
		expect(opens).toHaveLength(2);
		expect((await download([broken])).result).toEqual(failure('aborted'));
	});

	it('is tried again after an error before its first bytes', async () => {
		const broken = () => {
			const body = new PassThrough();
			setImmediate(() => body.destroy(new Error('socket hang up')));
			return opened(body);
		};
		const { result, opens } = await download([broken, whole]);
		expect(result).toEqual(STORED);
		expect(opens).toHaveLength(2);
		expect((await download([broken])).result).toEqual(failure('socket hang up'));
	});

	it('is tried again if it ends before its first bytes', async () => {
		const closed = () => {
			const body = new PassThrough();
			body.write(PNG.subarray(0, 3));
			setImmediate(() => body.destroy());
			return opened(body);
		};
		const finished = download([closed, whole]).then(({ result }) => result);
		const outcome = await Promise.race([finished, wait(1000, 'still waiting')]);
		expect(outcome).toEqual(STORED);
	});
});

it("a download isn't tried again after the user stopped the execution", async () => {
	const silent = (): DownloadStream<Stored> => ({ kind: 'networkError', code: 'ETIMEDOUT' });
	await expect(download([silent], virtualClock(1_000))).rejects.toThrow(ExecutionCancelled);
});
