import { Readable } from 'node:stream';
import type { IBinaryData } from 'n8n-workflow';

import { readImages } from '../../../../nodes/Seedream/n8n/readImages';
import { readGenerateRow } from '../../../../nodes/Seedream/n8n/readRow';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { checkRequest } from '../../../../nodes/Seedream/request/checkRequest';
import { fakeContext } from '../fakeContext';
import { rawRow } from '../request/rawRow';

const MB = 1024 * 1024;

/** A PNG that is whole, with as much between its header and its end as it takes. */
function png(width: number, height: number, bytes = 1000): Buffer {
	const file = Buffer.alloc(bytes, 7);
	file.write('89504e470d0a1a0a0000000d49484452', 'hex');
	file.writeUInt32BE(width, 16);
	file.writeUInt32BE(height, 20);
	file.writeUInt32BE(bytes - 57, 33);
	file.write('IDAT', 37);
	file.write('0000000049454e44ae426082', bytes - 12, 'hex');
	return file;
}

function inMemory(file: Buffer): IBinaryData {
	return { mimeType: 'image/png', data: file.toString('base64'), fileName: 'cat.png' };
}

function onDisk(id: string): IBinaryData {
	return { mimeType: 'image/png', data: 'filesystem-v2', id: `filesystem-v2:${id}` };
}

interface Store {
	/** The fields of each row. */
	rows?: Array<Record<string, IBinaryData>>;
	/** The files under their ids. */
	files?: Record<string, Buffer>;
	/** What n8n signs; without it, the n8n is one that cannot. */
	sign?: (binary: IBinaryData) => string;
}

const CHUNK = 64 * 1024;

/** An n8n with these binaries, and what was read of them. */
function store({ rows = [{}], files = {}, sign }: Store) {
	const streams: Readable[] = [];
	const read = { bytes: 0 };
	const fileOf = (id: string) => {
		const file = files[id.replace('filesystem-v2:', '')];
		if (!file) throw Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
		return file;
	};
	const context = fakeContext({
		rows: rows.map(() => ({})),
		helpers: {
			assertBinaryData: (itemIndex: number, name: string) => {
				const binary = rows[itemIndex]?.[name];
				if (!binary) throw new Error(`This operation expects a binary file '${name}'`);
				return binary;
			},
			getBinaryMetadata: async (id: string) => ({ fileSize: fileOf(id).length }),
			getBinaryStream: async (id: string) => {
				const file = fileOf(id);
				const pieces = function* () {
					for (let at = 0; at < file.length; at += CHUNK) {
						const piece = file.subarray(at, at + CHUNK);
						read.bytes += piece.length;
						yield piece;
					}
				};
				const stream = Readable.from(pieces(), { objectMode: false, highWaterMark: CHUNK });
				streams.push(stream);
				return stream;
			},
			...(sign ? { createBinarySignedUrl: sign } : {}),
		},
	});
	return {
		streams,
		read,
		context,
		images: async (value: unknown, itemIndex = 0) => {
			const images = await readImages(context, itemIndex, value);
			if (!images.ok) throw new Error(images.problems.join('; '));
			return images.value;
		},
		problems: async (value: unknown, itemIndex = 0) => {
			const images = await readImages(context, itemIndex, value);
			return images.ok ? [] : images.problems;
		},
	};
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
	const all: Uint8Array[] = [];
	for await (const chunk of chunks) all.push(chunk);
	return Buffer.concat(all).toString('base64');
}

const [CAT, DOG, COW] = [png(100, 101), png(200, 201), png(300, 301)];
const ROW = { cat: inMemory(CAT), dog: inMemory(DOG), 'my cow': inMemory(COW) };

describe('the images of a row', () => {
	it.each<[string, unknown, number[]]>([
		['one field', 'cat', [100]],
		['several fields', 'cat,dog,my cow', [100, 200, 300]],
		['another order', 'my cow,cat', [300, 100]],
		['white space and empty places', ' , my cow ,\n dog ,, ', [300, 200]],
		['a list of fields', ['dog', 'cat'], [200, 100]],
		['a list of lists', ['dog', ['cat , my cow']], [200, 100, 300]],
		['binary data', inMemory(DOG), [200]],
		['a list of binary data', [inMemory(COW), inMemory(CAT)], [300, 100]],
		['a list of both', ['cat', inMemory(DOG), 'my cow'], [100, 200, 300]],
		['nothing', '', []],
		['white space', '  ', []],
		['no value', undefined, []],
		['null', null, []],
		['an empty list', [], []],
		['a list of nothing', ['', null], []],
	])('are named by %s', async (_what, value, widths) => {
		const { images } = store({ rows: [ROW] });
		expect((await images(value)).map(({ measured }) => measured?.width)).toEqual(widths);
	});

	it('are those of its own item', async () => {
		const { images } = store({ rows: [{ data: inMemory(CAT) }, { data: inMemory(DOG) }] });
		expect(await images('data', 1)).toMatchObject([{ measured: { width: 200, height: 201 } }]);
	});

	it.each<[string, unknown, string]>([
		['a field that is not there', 'cat, bird', 'the row has no file in "bird"'],
		['a field of another row', 'other', 'the row has no file in "other"'],
		['a number', 7, 'must hold names of binary fields, or binary data from an expression'],
		['a switch', true, 'must hold names of binary fields, or binary data from an expression'],
		[
			'an object that is no binary data',
			{ cat: inMemory(CAT) },
			'must hold names of binary fields, or binary data from an expression',
		],
	])('are refused under their label: %s', async (_what, value, problem) => {
		const { problems } = store({ rows: [ROW, { other: inMemory(CAT) }] });
		expect(await problems(value)).toEqual([`Reference Image Fields: ${problem}`]);
	});

	it('are a problem of the row when n8n does not have the file any more, and no crash', async () => {
		const { problems } = store({ rows: [{ data: onDisk('gone') }] });
		expect(await problems('data')).toEqual([
			expect.stringMatching(/^Reference Image Fields: the image in "data" /),
		]);
	});

	it('are found in words that the user knows', async () => {
		const { images } = store({ rows: [ROW] });
		expect((await images(['cat', 'my cow'])).map(({ label }) => label)).toEqual([
			'the image in "cat"',
			'the image in "my cow"',
		]);
	});
});

describe.each<[string, (file: Buffer) => Store]>([
	['in the memory of n8n', (file) => ({ rows: [{ data: inMemory(file) }] })],
	['on disk', (file) => ({ rows: [{ data: onDisk('1') }], files: { 1: file } })],
])('an image %s', (_where, place) => {
	it.each([57, 1000, 1001, 1002, 300_000])('of %i bytes is judged by them', async (bytes) => {
		const [image] = await store(place(png(640, 480, bytes))).images('data');
		expect(image).toMatchObject({ bytes, measured: { format: 'png', width: 640, height: 480 } });
	});

	it('is no image when its bytes are none, whatever it is called', async () => {
		const [image] = await store(place(Buffer.from('<html></html>'))).images('data');
		expect(image).toMatchObject({ bytes: 13, measured: undefined });
	});

	it('is no image when it is empty', async () => {
		const [image] = await store(place(Buffer.alloc(0))).images('data');
		expect(image).toMatchObject({ bytes: 0, measured: undefined });
	});

	it('can be opened again and again, each time whole', async () => {
		const file = png(640, 480, 200_000);
		const [image] = await store(place(file)).images('data');
		for (let time = 0; time < 2; time += 1) {
			const content = await image?.content();
			expect(content && (await bytesOf(content.chunks))).toBe(file.toString('base64'));
		}
	});

	it('is framed by what stands before and behind it', async () => {
		const file = png(640, 480, 200_000);
		const [image] = await store(place(file)).images('data');
		const content = await image?.content();
		const body = content?.framed(Buffer.from('head'), Buffer.from('tail'));
		const sent = Buffer.isBuffer(body) ? [body] : body;
		if (!(sent instanceof Readable || Array.isArray(sent))) throw new Error('cannot be sent');
		const whole = Buffer.concat([Buffer.from('head'), file, Buffer.from('tail')]);
		expect(await bytesOf(Readable.from(sent))).toBe(whole.toString('base64'));
	});
});

describe('the key of an image', () => {
	it('is the same for the same file in many rows, and for no other', async () => {
		const { images } = store({
			rows: [{ a: onDisk('1'), b: onDisk('2') }, { c: onDisk('1') }],
			files: { 1: CAT, 2: CAT },
		});
		const [[a], [b], [c]] = [await images('a'), await images('b'), await images('c', 1)];
		expect(a?.key).toBe(c?.key);
		expect(a?.key).not.toBe(b?.key);
	});

	it('is made of the content where n8n keeps it in memory, and is short', async () => {
		const { images } = store({
			rows: [{ a: inMemory(CAT), b: inMemory(DOG) }, { c: inMemory(CAT) }],
		});
		const [[a], [b], [c]] = [await images('a'), await images('b'), await images('c', 1)];
		expect(a?.key).toBe(c?.key);
		expect(a?.key).not.toBe(b?.key);
		expect(a?.key.length).toBeLessThanOrEqual(64);
	});
});

describe('the hash of an image', () => {
	it('is the same for the same content, also of a file that was read anew, wherever it is', async () => {
		const { images } = store({
			rows: [{ a: onDisk('1'), b: onDisk('2'), c: inMemory(CAT), d: onDisk('3') }],
			files: { 1: CAT, 2: CAT, 3: DOG },
		});
		const [a, b, c, other] = await images('a, b, c, d');
		expect(a?.hash).toMatch(/^[\da-f]{64}$/);
		expect([b?.hash, c?.hash]).toEqual([a?.hash, a?.hash]);
		expect(other?.hash).not.toBe(a?.hash);
	});
});

describe('a large file', () => {
	it('is measured by its header, read once for its content, and closed', async () => {
		const files = { 1: png(640, 480, 30 * MB) };
		const { images, streams, read } = store({ rows: [{ data: onDisk('1') }], files });
		expect(await images('data')).toMatchObject([{ bytes: 30 * MB, measured: { width: 640 } }]);
		expect(read.bytes).toBeLessThanOrEqual(30 * MB + 4 * CHUNK);
		expect(streams.map(({ destroyed }) => destroyed)).toEqual([true]);
	});

	it('is not read faster than it is sent', async () => {
		const files = { 1: png(640, 480, 30 * MB) };
		const { images, read } = store({ rows: [{ data: onDisk('1') }], files });
		const [image] = await images('data');
		const before = read.bytes;
		const body = (await image?.content())?.framed(Buffer.from('head'), Buffer.from('tail'));
		if (!(body instanceof Readable)) throw new Error('is not streamed');
		const chunks = body[Symbol.asyncIterator]();
		await chunks.next();
		await chunks.next();
		expect(read.bytes - before).toBeLessThanOrEqual(8 * CHUNK);
		body.destroy();
	});
});

describe('the link that n8n signs', () => {
	const files = { 1: CAT };
	const linkOf = async (link: string | undefined, binary = onDisk('1')) => {
		const sign = link === undefined ? undefined : () => link;
		const [image] = await store({ rows: [{ data: binary }], files, sign }).images('data');
		return image?.signedLink();
	};

	it('is for that file', async () => {
		const sign = ({ id }: IBinaryData) =>
			`https://n8n.example.com/rest/binary-data/signed?id=${id}`;
		const [image] = await store({ rows: [{ data: onDisk('1') }], files, sign }).images('data');
		expect(image?.signedLink()).toBe(
			'https://n8n.example.com/rest/binary-data/signed?id=filesystem-v2:1',
		);
	});

	it.each([
		'http://n8n.example.com/rest/binary-data/signed?token=1',
		'https://localhost:5678/rest/binary-data/signed?token=1',
		'http://localhost:5678/rest/binary-data/signed?token=1',
		'https://127.0.0.1/rest/binary-data/signed?token=1',
		'https://192.168.1.7:5678/rest/binary-data/signed?token=1',
		'https://[::1]/rest/binary-data/signed?token=1',
		'https://n8n.local/rest/binary-data/signed?token=1',
		'https://n8n/rest/binary-data/signed?token=1',
		'/rest/binary-data/signed?token=1',
		'',
	])('is none where nobody outside could open it: %s', async (link) => {
		expect(await linkOf(link)).toBeUndefined();
	});

	it('is none for a file in the memory of n8n', async () => {
		expect(await linkOf('https://n8n.example.com/signed', inMemory(CAT))).toBeUndefined();
	});

	it('is none in an n8n that cannot sign', async () => {
		expect(await linkOf(undefined)).toBeUndefined();
	});

	it('is what a row of API in One needs', async () => {
		for (const [link, ok] of [
			['https://n8n.example.com/signed', true],
			['http://localhost:5678/signed', false],
		] as const) {
			const { images } = store({ rows: [{ data: onDisk('1') }], files, sign: () => link });
			const raw = rawRow({ model: 'auto', imageFiles: await images('data') });
			expect(checkRequest(apiInOne, raw).ok).toBe(ok);
		}
	});
});

describe('a row of Seedream Generate', () => {
	const read = async (fields: object) => {
		const { context } = store({ rows: [ROW] });
		const row = {
			provider: 'evoLink',
			model: 'doubao-seedream-4.5',
			prompt: 'A quiet lake',
			...fields,
		};
		const { helpers } = context;
		return await readGenerateRow(fakeContext({ rows: [row], helpers }), 0);
	};

	it('has its links first and then its files', async () => {
		expect(
			await read({ imageUrls: 'https://a.example/1.png', imageFields: 'dog, cat' }),
		).toMatchObject({
			ok: true,
			value: {
				request: {
					references: [
						{ kind: 'link', url: 'https://a.example/1.png' },
						{ kind: 'file', file: { label: 'the image in "dog"' } },
						{ kind: 'file', file: { label: 'the image in "cat"' } },
					],
				},
			},
		});
	});

	it('is refused with everything that is wrong with it, a missing file among it', async () => {
		const row = await read({ prompt: '', imageFields: 'bird', options: { timeout: 0 } });
		expect(row.ok ? [] : row.failure.message.split('; ')).toEqual([
			'Reference Image Fields: the row has no file in "bird"',
			'Prompt: is empty',
			expect.stringMatching(/^Timeout: /),
		]);
	});
});
