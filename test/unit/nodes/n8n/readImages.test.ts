import { Readable } from 'node:stream';
import type { IBinaryData } from 'n8n-workflow';

import { readImages } from '../../../../nodes/Seedream/n8n/readImages';
import { readGenerateRow } from '../../../../nodes/Seedream/n8n/readRow';
import { RowFields } from '../../../../nodes/Seedream/n8n/rowFields';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { checkRequest } from '../../../../nodes/Seedream/request/checkRequest';
import { fakeContext } from '../fakeContext';
import { rawRow } from '../request/rawRow';

const MB = 1024 * 1024;

/** A complete PNG, filled up to its size. */
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

interface BinaryData {
	/** The binary fields of each row. */
	rows?: Array<Record<string, IBinaryData>>;
	/** The files on disk, by their IDs. */
	files?: Record<string, Buffer>;
	/** Returns n8n's signed URL. Without it, the n8n version can't sign URLs. */
	sign?: (binary: IBinaryData) => string;
}

const CHUNK = 64 * 1024;

/** An n8n with this binary data. `read` counts the bytes that were read. */
function n8nWith({ rows = [{}], files = {}, sign }: BinaryData) {
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
				const chunks = function* () {
					for (let at = 0; at < file.length; at += CHUNK) {
						const chunk = file.subarray(at, at + CHUNK);
						read.bytes += chunk.length;
						yield chunk;
					}
				};
				const stream = Readable.from(chunks(), { objectMode: false, highWaterMark: CHUNK });
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

describe("a row's reference images", () => {
	it.each<[string, unknown, number[]]>([
		['one field', 'cat', [100]],
		['several fields', 'cat,dog,my cow', [100, 200, 300]],
		['several fields in another order', 'my cow,cat', [300, 100]],
		['white space and empty names', ' , my cow ,\n dog ,, ', [300, 200]],
		['a list of fields', ['dog', 'cat'], [200, 100]],
		['a list of lists', ['dog', ['cat , my cow']], [200, 100, 300]],
		['binary data', inMemory(DOG), [200]],
		['a list of binary data', [inMemory(COW), inMemory(CAT)], [300, 100]],
		['a list of fields and binary data', ['cat', inMemory(DOG), 'my cow'], [100, 200, 300]],
		['nothing', '', []],
		['white space', '  ', []],
		['no value', undefined, []],
		['null', null, []],
		['an empty list', [], []],
		['a list of empty values', ['', null], []],
	])('reference images can be given as %s', async (_what, value, widths) => {
		const { images } = n8nWith({ rows: [ROW] });
		expect((await images(value)).map(({ measured }) => measured?.width)).toEqual(widths);
	});

	it("a row's reference images come from its own item", async () => {
		const { images } = n8nWith({ rows: [{ data: inMemory(CAT) }, { data: inMemory(DOG) }] });
		expect(await images('data', 1)).toMatchObject([{ measured: { width: 200, height: 201 } }]);
	});

	it.each<[string, unknown, string]>([
		[
			'a field that is missing',
			'cat, bird',
			'contains "bird", but the row has no binary field with that name',
		],
		[
			'a field of another row',
			'other',
			'contains "other", but the row has no binary field with that name',
		],
		[
			'a number',
			7,
			'must contain names of binary fields, or an expression that returns binary data',
		],
		[
			'a boolean',
			true,
			'must contain names of binary fields, or an expression that returns binary data',
		],
		[
			"an object that isn't binary data",
			{ cat: inMemory(CAT) },
			'must contain names of binary fields, or an expression that returns binary data',
		],
	])("'Reference Image Fields' is refused for %s", async (_what, value, problem) => {
		const { problems } = n8nWith({ rows: [ROW, { other: inMemory(CAT) }] });
		expect(await problems(value)).toEqual([`'Reference Image Fields' ${problem}`]);
	});

	it('a file that n8n no longer has is a problem of the row', async () => {
		const { problems } = n8nWith({ rows: [{ data: onDisk('gone') }] });
		expect(await problems('data')).toEqual([
			expect.stringMatching(/^'Reference Image Fields' contains the image in "data", /),
		]);
	});

	it('a reference image is labeled with its field', async () => {
		const { images } = n8nWith({ rows: [ROW] });
		expect((await images(['cat', 'my cow'])).map(({ label }) => label)).toEqual([
			'the image in "cat"',
			'the image in "my cow"',
		]);
	});
});

describe.each<[string, (file: Buffer) => BinaryData]>([
	["in n8n's memory", (file) => ({ rows: [{ data: inMemory(file) }] })],
	['on disk', (file) => ({ rows: [{ data: onDisk('1') }], files: { 1: file } })],
])('an image %s', (where, place) => {
	it.each([57, 1000, 1001, 1002, 300_000])(
		`an image ${where} of %i bytes is measured`,
		async (bytes) => {
			const [image] = await n8nWith(place(png(640, 480, bytes))).images('data');
			expect(image).toMatchObject({ bytes, measured: { format: 'png', width: 640, height: 480 } });
		},
	);

	it(`a file ${where} whose content isn't an image isn't measured, whatever its type says`, async () => {
		const [image] = await n8nWith(place(Buffer.from('<html></html>'))).images('data');
		expect(image).toMatchObject({ bytes: 13, measured: undefined });
	});

	it(`an empty file ${where} isn't measured`, async () => {
		const [image] = await n8nWith(place(Buffer.alloc(0))).images('data');
		expect(image).toMatchObject({ bytes: 0, measured: undefined });
	});

	it(`an image ${where} can be read completely several times`, async () => {
		const file = png(640, 480, 200_000);
		const [image] = await n8nWith(place(file)).images('data');
		for (let reads = 0; reads < 2; reads += 1) {
			const content = await image?.content();
			expect(content && (await bytesOf(content.chunks))).toBe(file.toString('base64'));
		}
	});

	it(`an image ${where} is sent between a head and a tail`, async () => {
		const file = png(640, 480, 200_000);
		const [image] = await n8nWith(place(file)).images('data');
		const content = await image?.content();
		const body = content?.framed(Buffer.from('head'), Buffer.from('tail'));
		const chunks = Buffer.isBuffer(body) ? [body] : body;
		if (!(chunks instanceof Readable || Array.isArray(chunks))) throw new Error('no body');
		const expected = Buffer.concat([Buffer.from('head'), file, Buffer.from('tail')]);
		expect(await bytesOf(Readable.from(chunks))).toBe(expected.toString('base64'));
	});
});

describe("an image's key", () => {
	it("an image's key is the same for the same file in many rows, and for no other file", async () => {
		const { images } = n8nWith({
			rows: [{ a: onDisk('1'), b: onDisk('2') }, { c: onDisk('1') }],
			files: { 1: CAT, 2: CAT },
		});
		const [[a], [b], [c]] = [await images('a'), await images('b'), await images('c', 1)];
		expect(a?.key).toBe(c?.key);
		expect(a?.key).not.toBe(b?.key);
	});

	it("an image's key depends on its content where n8n keeps it in memory, and is short", async () => {
		const { images } = n8nWith({
			rows: [{ a: inMemory(CAT), b: inMemory(DOG) }, { c: inMemory(CAT) }],
		});
		const [[a], [b], [c]] = [await images('a'), await images('b'), await images('c', 1)];
		expect(a?.key).toBe(c?.key);
		expect(a?.key).not.toBe(b?.key);
		expect(a?.key.length).toBeLessThanOrEqual(64);
	});
});

describe("an image's hash", () => {
	it("an image's hash is the same for the same content, wherever the file is", async () => {
		const { images } = n8nWith({
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
	it('a large file is read only once to be measured and hashed, and then closed', async () => {
		const files = { 1: png(640, 480, 30 * MB) };
		const { images, streams, read } = n8nWith({ rows: [{ data: onDisk('1') }], files });
		expect(await images('data')).toMatchObject([{ bytes: 30 * MB, measured: { width: 640 } }]);
		expect(read.bytes).toBeLessThanOrEqual(30 * MB + 4 * CHUNK);
		expect(streams.map(({ destroyed }) => destroyed)).toEqual([true]);
	});

	it("a large file isn't read faster than it's sent", async () => {
		const files = { 1: png(640, 480, 30 * MB) };
		const { images, read } = n8nWith({ rows: [{ data: onDisk('1') }], files });
		const [image] = await images('data');
		const before = read.bytes;
		const body = (await image?.content())?.framed(Buffer.from('head'), Buffer.from('tail'));
		if (!(body instanceof Readable)) throw new Error('not streamed');
		const chunks = body[Symbol.asyncIterator]();
		await chunks.next();
		await chunks.next();
		expect(read.bytes - before).toBeLessThanOrEqual(8 * CHUNK);
		body.destroy();
	});
});

describe("n8n's signed link to an image", () => {
	const files = { 1: CAT };
	const signedLinkOf = async (link: string | undefined, binary = onDisk('1')) => {
		const sign = link === undefined ? undefined : () => link;
		const [image] = await n8nWith({ rows: [{ data: binary }], files, sign }).images('data');
		return image?.signedLink();
	};

	it("n8n's signed link is for the image's own file", async () => {
		const sign = ({ id }: IBinaryData) =>
			`https://n8n.example.com/rest/binary-data/signed?id=${id}`;
		const [image] = await n8nWith({ rows: [{ data: onDisk('1') }], files, sign }).images('data');
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
	])("n8n's signed link isn't used if it can't be opened from the internet: %s", async (link) => {
		expect(await signedLinkOf(link)).toBeUndefined();
	});

	it("a file in n8n's memory has no signed link", async () => {
		expect(await signedLinkOf('https://n8n.example.com/signed', inMemory(CAT))).toBeUndefined();
	});

	it("an image has no signed link if n8n can't sign links", async () => {
		expect(await signedLinkOf(undefined)).toBeUndefined();
	});

	it('a row for API in One needs a signed link that can be opened from the internet', async () => {
		for (const [link, ok] of [
			['https://n8n.example.com/signed', true],
			['http://localhost:5678/signed', false],
		] as const) {
			const { images } = n8nWith({ rows: [{ data: onDisk('1') }], files, sign: () => link });
			const raw = rawRow({ model: 'auto', imageFiles: await images('data') });
			expect(checkRequest(apiInOne, raw).ok).toBe(ok);
		}
	});
});

describe('a row of Seedream Generate', () => {
	const readRow = async (fields: object) => {
		const { context } = n8nWith({ rows: [ROW] });
		const row = {
			provider: 'evoLink',
			model: 'doubao-seedream-4.5',
			prompt: 'A quiet lake',
			...fields,
		};
		const { helpers } = context;
		return await readGenerateRow(new RowFields(fakeContext({ rows: [row], helpers }), 0));
	};

	it('a row of Seedream Generate has its links first and then its files', async () => {
		expect(
			await readRow({ imageUrls: 'https://a.example/1.png', imageFields: 'dog, cat' }),
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

	it('a row of Seedream Generate is refused with all of its problems, including a missing file', async () => {
		const row = await readRow({ prompt: '', imageFields: 'bird', options: { timeout: 0 } });
		expect(row.ok ? [] : row.failure.message.split(/\. (?=')/)).toEqual([
			`'Reference Image Fields' contains "bird", but the row has no binary field with that name`,
			"'Prompt' is empty",
			expect.stringMatching(/^'Timeout' /),
		]);
	});
});
