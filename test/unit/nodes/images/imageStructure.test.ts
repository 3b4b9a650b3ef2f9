import sharp from 'sharp';

import { inspectFile } from '../../../../nodes/Seedream/images/inspectFile';
import { box, encodedByX265, ftyp, heif, iPhonePhoto, ispe, largeBox, lastBox } from './heifFiles';
import { bmp, HEIGHT, picture, WIDTH } from './noiseImages';

/** With a preview in its header, which has an end marker as well. */
async function jpegWithPreview(): Promise<Buffer> {
	const [large, small] = [
		await picture().jpeg().toBuffer(),
		await picture(5).resize(40).jpeg().toBuffer(),
	];
	const segment = Buffer.concat([Buffer.from('ffe10000', 'hex'), Buffer.from('Exif\0\0'), small]);
	segment.writeUInt16BE(segment.length - 2, 2);
	return Buffer.concat([large.subarray(0, 2), segment, large.subarray(2)]);
}

async function animation(): Promise<Buffer> {
	const frames = await Promise.all([1, 2, 3].map((seed) => picture(seed).png().toBuffer()));
	return await sharp(frames, { join: { animated: true } })
		.gif()
		.toBuffer();
}

const MAKERS: Array<[string, () => Promise<Buffer>]> = [
	['a PNG', () => picture().png().toBuffer()],
	['a PNG with a palette', () => picture().png({ palette: true }).toBuffer()],
	['an interlaced PNG', () => picture().png({ progressive: true }).toBuffer()],
	['a JPEG', () => picture().jpeg().toBuffer()],
	['a progressive JPEG', () => picture().jpeg({ progressive: true }).toBuffer()],
	['a JPEG with a preview', jpegWithPreview],
	['a lossy WebP', () => picture().webp().toBuffer()],
	['a lossless WebP', () => picture().webp({ lossless: true }).toBuffer()],
	['a GIF', () => picture().gif().toBuffer()],
	['an animated GIF', animation],
	['a BMP', bmp],
	['a HEIC', async () => encodedByX265('thumbnail')],
	['an iPhone photo', async () => iPhonePhoto({ width: 4032, height: 3024 })],
	[
		'a HEIC with its header behind its pixels',
		async () => iPhonePhoto({ width: 4032, height: 3024, order: 'metaLast' }),
	],
	[
		'a HEIC with a box of a 64-bit size',
		async () => Buffer.concat([heif([ispe(30, 20)], [1]), largeBox('mdat', Buffer.alloc(300))]),
	],
];

/** The file in chunks of this many bytes. */
async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
	for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

const isTruncated = async (bytes: Buffer, size = 64 * 1024) =>
	(await inspectFile(inChunks(bytes, size))).isTruncated;

describe.each(MAKERS)('%s', (_what, make) => {
	let whole: Buffer;
	beforeAll(async () => {
		whole = await make();
	});

	it.each([1, 7, 1000, 64 * 1024])(
		"isn't truncated if it is complete, in chunks of %i",
		async (size) => {
			expect(await isTruncated(whole, size)).toBe(false);
		},
	);

	it.each([
		['1 byte', (length: number) => length - 1],
		['its last 2 bytes', (length: number) => length - 2],
		['a tenth', (length: number) => Math.floor(length * 0.9)],
		['half', (length: number) => length >> 1],
		['all but 100 bytes', () => 100],
		['all but 40 bytes', () => 40],
	])('is truncated if it lacks %s', async (_part, end) => {
		for (const size of [7, 64 * 1024]) {
			expect(await isTruncated(whole.subarray(0, end(whole.length)), size)).toBe(true);
		}
	});

	it.each([
		['a zero byte', Buffer.alloc(1)],
		['a video of a megabyte', Buffer.alloc(1024 * 1024, 'mdat')],
	])("isn't truncated with %s behind it", async (_what, behind) => {
		expect(await isTruncated(Buffer.concat([whole, behind]))).toBe(false);
	});
});

const HEIC = heif([ispe(300, 200)], [1]);

it.each<[string, Buffer]>([
	['nothing', Buffer.alloc(0)],
	['a byte', Buffer.from('x')],
	['a text', Buffer.from('no image at all')],
	['a TIFF, whose parts may be anywhere', Buffer.from('49492a0008000000'.padEnd(200, '0'), 'hex')],
	['a HEIC that says how long none of its pixels are', Buffer.concat([HEIC, lastBox('mdat', 'x')])],
	['a HEIC without pixels of its own', Buffer.concat([HEIC, box('free', 'x')])],
	['a HEIC with an unknown structure', Buffer.concat([HEIC, Buffer.from('00000007', 'hex'), HEIC])],
	['a JPEG with an unknown structure', Buffer.from('ffd8ffe000040000aabbccdd', 'hex')],
	['a PNG with an unknown structure', Buffer.from(`89504e470d0a1a0a${'00'.repeat(30)}`, 'hex')],
])("%s isn't truncated", async (_what, bytes) => {
	expect(await isTruncated(bytes, 3)).toBe(false);
});

it('an inspected file is read once, to its end, and closed', async () => {
	const whole = await picture().png().toBuffer();
	let pulled = 0;
	let closed = false;
	const source = async function* () {
		try {
			for await (const piece of inChunks(whole, 1000)) {
				pulled += piece.length;
				yield piece;
			}
		} finally {
			closed = true;
		}
	};
	const inspected = await inspectFile(source());
	expect(inspected).toMatchObject({
		bytes: whole.length,
		measured: { format: 'png', width: WIDTH, height: HEIGHT },
		hash: expect.stringMatching(/^[\da-f]{64}$/),
	});
	expect({ pulled, closed }).toEqual({ pulled: whole.length, closed: true });
});

it('a complete HEIC is inspected like any other image', async () => {
	expect(await inspectFile(inChunks(encodedByX265('odd'), 100))).toMatchObject({
		measured: { format: 'heic', width: 101, height: 75 },
		otherFormat: undefined,
		isTruncated: false,
	});
});

it('a HEIC that ends within its brands is truncated', async () => {
	for (const brands of [ftyp('heic', 'mif1', 'heic'), ftyp('mif1', 'heic', 'miaf')]) {
		for (let length = 12; length < brands.length; length += 1) {
			expect(await isTruncated(brands.subarray(0, length), 5)).toBe(true);
		}
	}
});

it('inspecting a file throws what its source throws', async () => {
	const source = async function* () {
		yield Buffer.from('89504e470d0a1a0a', 'hex');
		throw new Error('ENOENT');
	};
	await expect(inspectFile(source())).rejects.toThrow('ENOENT');
});

const UNREADABLE_HEIC = 'a HEIC file (the format of iPhone photos) with an unreadable header';

it.each<[string, Buffer, string]>([
	['HEIC', ftyp('heic', 'mif1', 'heic'), UNREADABLE_HEIC],
	['HEIC with another brand', ftyp('heix', 'heix'), UNREADABLE_HEIC],
	['HEIC under mif1', ftyp('mif1', 'mif1', 'heic'), UNREADABLE_HEIC],
	['a HEIC sequence', ftyp('hevc', 'msf1'), UNREADABLE_HEIC],
	['HEIF', ftyp('mif1', 'mif1'), 'a HEIF file with an unreadable header'],
	['AVIF', ftyp('avif', 'mif1'), 'an AVIF file'],
	['AVIF under mif1', ftyp('mif1', 'mif1', 'avif'), 'an AVIF file'],
	['a video', ftyp('isom', 'isom'), 'a video'],
	['a phone video', ftyp('qt  ', 'qt  '), 'a video'],
	['PDF', Buffer.from('%PDF-1.7\n'), 'a PDF document'],
	['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg">'), 'an SVG file'],
	[
		'SVG with a prologue',
		Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- x -->\n<svg width="1">'),
		'an SVG file',
	],
	['PSD', Buffer.from('8BPS\0\x01'), 'a Photoshop file (PSD)'],
	['JPEG XL', Buffer.from('ff0a', 'hex'), 'a JPEG XL file'],
	['ICO', Buffer.from('00000100', 'hex'), 'an icon file (ICO)'],
	['an Office document', Buffer.from('PK\x03\x04'), 'a ZIP archive or an Office document'],
	[
		'base64 in a file',
		Buffer.from('iVBORw0KGgoAAAANSUhEUg=='),
		'base64 text instead of an image file',
	],
])('%s is recognized by its bytes', async (_what, bytes, name) => {
	expect(await inspectFile(inChunks(bytes, 3))).toMatchObject({
		measured: undefined,
		otherFormat: name,
		isTruncated: false,
	});
});

it('an unknown file has no other format', async () => {
	for (const text of ['', 'x', 'no image at all', '<note></note>']) {
		expect((await inspectFile(inChunks(Buffer.from(text), 3))).otherFormat).toBeUndefined();
	}
});
