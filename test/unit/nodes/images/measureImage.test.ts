import fc from 'fast-check';
import { memoize } from 'lodash';
import sharp, { type Sharp } from 'sharp';

import { measureImage, type MeasuredImage } from '../../../../nodes/Seedream/images/measureImage';
import { randomCases } from '../../randomCases';
import {
	box,
	clap,
	encodedByX265,
	ENCODED_BY_X265,
	ftyp,
	fullBox,
	heif,
	int,
	iPhonePhoto,
	ipma,
	ispe,
	largeBox,
	lastBox,
	pitm,
	relabeled,
} from './heifFiles';

type Format = MeasuredImage['format'];

interface Sample {
	name: string;
	file: Buffer;
	format: Format;
	width: number;
	height: number;
	/** The bytes needed to know its size, counted by hand or by the test. */
	headerLength: number;
}

const SEED = Number(process.env.SEED ?? 20_261_120);

/** A source that counts the bytes read from it, and records whether it was closed. */
function counting(file: Uint8Array, nextSize: () => number) {
	const seen = { bytes: 0, chunks: 0, closed: false };
	async function* pieces() {
		try {
			let at = 0;
			while (at < file.length) {
				const chunk = file.subarray(at, at + nextSize());
				at += chunk.length;
				seen.bytes += chunk.length;
				seen.chunks += 1;
				yield chunk;
			}
		} finally {
			seen.closed = true;
		}
	}
	return { seen, chunks: pieces() };
}

async function measureIn(size: number, file: Uint8Array) {
	const { seen, chunks } = counting(file, () => size);
	return { measured: await measureImage(chunks), ...seen };
}

/** Kept for the other tests: a file with long EXIF data takes a while. */
const measureByteByByte = memoize(async ({ file }: Sample) => await measureIn(1, file));

const plain = (width: number, height: number, channels: 3 | 4 = 3): Sharp =>
	sharp({ create: { width, height, channels, background: { r: 90, g: 120, b: 200, alpha: 0.5 } } });

/** Pixels that don't compress, so that the file grows with its size. */
function noise(width: number, height: number): Sharp {
	let state = 1;
	const pixels = Uint8Array.from({ length: width * height * 3 }, () => {
		state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
		return state >> 16;
	});
	return sharp(pixels, { raw: { width, height, channels: 3 } });
}

const LONG_COMMENT = 'x'.repeat(60_000);

const withExif = (image: Sharp): Sharp =>
	image.withExif({ IFD0: { ImageDescription: LONG_COMMENT } }).withIccProfile('p3');

const ENCODERS: Array<[string, (width: number, height: number) => Sharp]> = [
	['JPEG', (width, height) => plain(width, height).jpeg()],
	['progressive JPEG', (width, height) => plain(width, height).jpeg({ progressive: true })],
	['grey JPEG', (width, height) => plain(width, height).greyscale().jpeg()],
	['JPEG by mozjpeg', (width, height) => plain(width, height).jpeg({ mozjpeg: true })],
	['JPEG with a long EXIF and an ICC', (width, height) => withExif(plain(width, height)).jpeg()],
	['PNG', (width, height) => plain(width, height).png()],
	['PNG with a palette', (width, height) => plain(width, height).png({ palette: true })],
	['interlaced PNG', (width, height) => plain(width, height, 4).png({ progressive: true })],
	['lossy WebP', (width, height) => plain(width, height).webp()],
	['lossless WebP', (width, height) => plain(width, height).webp({ lossless: true })],
	['lossless WebP with alpha', (width, height) => plain(width, height, 4).webp({ lossless: true })],
	['lossy WebP with alpha', (width, height) => plain(width, height, 4).webp()],
	['WebP with EXIF', (width, height) => withExif(plain(width, height)).webp()],
	['GIF', (width, height) => plain(width, height).gif()],
	['TIFF', (width, height) => plain(width, height).tiff({ compression: 'lzw' })],
	['TIFF with tiles', (width, height) => plain(width, height).tiff({ tile: true })],
	['uncompressed TIFF', (width, height) => plain(width, height).tiff({ compression: 'none' })],
];

const SIZES: Array<[number, number]> = [
	[1, 1],
	[1, 300],
	[15, 16],
	[255, 257],
	[160, 120],
	[1280, 24],
	[4099, 17],
];

const isFormat = (name: string | undefined): name is Format =>
	['jpeg', 'png', 'webp', 'gif', 'tiff'].includes(name ?? '');

/** sharp's metadata is the independent reference for the size. */
async function sample(name: string, file: Buffer): Promise<Sample> {
	const { format, width, height } = await sharp(file).metadata();
	if (!isFormat(format)) throw new Error(`sharp calls ${name} ${format}`);
	return { name, file, format, width, height, headerLength: headerLength(format, file) };
}

/** Unlike the code under test, by searching the files that sharp wrote. */
function headerLength(format: Format, file: Buffer): number {
	switch (format) {
		case 'png':
			return 24;
		case 'gif':
			return 13;
		case 'bmp':
			return 26;
		case 'webp':
			return file.toString('latin1', 12, 16) === 'VP8L' ? 25 : 30;
		case 'jpeg':
			return lastFrameStart(file) + 9;
		case 'tiff':
			return file.indexOf(Buffer.from([0x01, 0x01, 0x03, 0x00, 0x01, 0, 0, 0])) + 12;
		case 'heic':
		case 'heif': {
			// Its last property list, which the primary item precedes.
			const list = file.lastIndexOf('ipma') - 4;
			return list + file.readUInt32BE(list);
		}
	}
}

/** A frame with 8 bits per sample and 1 or 3 components. */
function lastFrameStart(file: Buffer): number {
	const frames = [0xc0, 0xc2].flatMap((marker) => [
		file.lastIndexOf(Buffer.from([0xff, marker, 0, 17, 8])),
		file.lastIndexOf(Buffer.from([0xff, marker, 0, 11, 8])),
	]);
	return Math.max(...frames);
}

function bmp(headerSize: number, width: number, height: number): Buffer {
	const file = Buffer.alloc(14 + headerSize + 16);
	file.write('BM', 'latin1');
	file.writeUInt32LE(file.length, 2);
	file.writeUInt32LE(14 + headerSize, 10);
	file.writeUInt32LE(headerSize, 14);
	if (headerSize === 12) {
		file.writeUInt16LE(width, 18);
		file.writeUInt16LE(height, 20);
	} else {
		file.writeInt32LE(width, 18);
		file.writeInt32LE(height, 22);
	}
	return file;
}

interface TiffLayout {
	isBigEndian: boolean;
	isLong?: boolean;
	/** Bytes between the header and the directory. */
	gap?: number;
	version?: number;
}

function tiff(width: number, height: number, layout: TiffLayout): Buffer {
	const { isBigEndian, isLong = false, gap = 0, version = 42 } = layout;
	const short = (value: number) =>
		isBigEndian ? [value >> 8, value & 255] : [value & 255, value >> 8];
	const long = (value: number) => {
		const halves = [short(value >>> 16), short(value & 0xffff)];
		return (isBigEndian ? halves : halves.reverse()).flat();
	};
	const side = (tag: number, value: number) => [
		...short(tag),
		...short(isLong ? 4 : 3),
		...long(1),
		...(isLong ? long(value) : [...short(value), 0, 0]),
	];
	const other = (tag: number) => [...short(tag), ...short(4), ...long(1), ...long(0)];
	return Buffer.from([
		...Buffer.from(isBigEndian ? 'MM' : 'II'),
		...short(version),
		...long(8 + gap),
		...Buffer.alloc(gap, 0xff),
		...short(4),
		...other(254),
		...side(256, width),
		...side(257, height),
		...other(258),
		...long(0),
	]);
}

/** A JPEG up to its frame and a bit further; `segments` precede the frame. */
function jpeg(segments: number[], frame: number, width: number, height: number): Buffer {
	const sides = [height >> 8, height & 255, width >> 8, width & 255];
	return Buffer.from([0xff, 0xd8, ...segments, 0xff, frame, 0, 17, 8, ...sides, 3, 1, 0x22, 0]);
}

const IPCO = box('ipco', ispe(300, 200), ispe(30, 20));
const IPRP = box('iprp', IPCO, ipma({ 1: [1] }));
const FILLER = box('free', Buffer.alloc(4 * 1024 * 1024));
const EIGHT_FF = Buffer.alloc(8, 0xff);

function heicWith(...header: Array<Buffer | string>): Buffer {
	return Buffer.concat([ftyp('heic', 'mif1'), fullBox('meta', 0, 0, ...header)]);
}

const COMMENT = [0xff, 0xfe, 0x00, 0x04, 0x68, 0x69];

async function relabeledSample(width: number, height: number, channels: 3 | 4): Promise<Sample> {
	const avif = await plain(width, height, channels).avif({ effort: 0 }).toBuffer();
	const { width: measuredWidth, height: measuredHeight } = await sharp(avif).metadata();
	const file = relabeled(avif);
	return {
		name: `AVIF as HEIC with ${channels} channels, ${width}×${height}`,
		file,
		format: 'heic',
		width: measuredWidth,
		height: measuredHeight,
		headerLength: headerLength('heic', file),
	};
}

function heicSamples(): Sample[] {
	const photos = [true, false].flatMap((isWide) =>
		(['metaFirst', 'metaLast'] as const).map((order) => {
			const file = iPhonePhoto({ width: 4032, height: 3024, order, isWide });
			return { name: `iPhone photo ${order} ${isWide}`, file, width: 4032, height: 3024 };
		}),
	);
	const encoded = ENCODED_BY_X265.map(([name, width, height]) => ({
		name: `HEIC by x265, ${name}`,
		file: encodedByX265(name),
		width,
		height,
	}));
	return [...photos, ...encoded].map((one) => ({
		...one,
		format: 'heic',
		headerLength: headerLength('heic', one.file),
	}));
}

let samples: Sample[] = [];

beforeAll(async () => {
	const encoded = ENCODERS.flatMap(([name, encode]) =>
		SIZES.map(async ([width, height]) =>
			sample(`${name}, ${width}×${height}`, await encode(width, height).toBuffer()),
		),
	);
	const byHand: Sample[] = [
		...[12, 40, 52, 56, 64, 108, 124].map((headerSize) => ({
			name: `BMP with a header of ${headerSize}`,
			file: bmp(headerSize, 640, 480),
			format: 'bmp' as const,
			width: 640,
			height: 480,
			headerLength: headerSize === 12 ? 22 : 26,
		})),
		...[true, false].flatMap((isBigEndian) =>
			[true, false].flatMap((isLong) =>
				[0, 1, 5000].map((gap) => ({
					name: `TIFF ${JSON.stringify({ isBigEndian, isLong, gap })}`,
					file: tiff(300, 200, { isBigEndian, isLong, gap }),
					format: 'tiff' as const,
					width: 300,
					height: 200,
					headerLength: 8 + gap + 2 + 3 * 12,
				})),
			),
		),
	];
	const relabeledSamples = SIZES.flatMap(([width, height]) =>
		([3, 4] as const).map((channels) => relabeledSample(width, height, channels)),
	);
	samples = [
		...(await Promise.all([...encoded, ...relabeledSamples])),
		...byHand,
		...heicSamples(),
	];
});

const expected = ({ format, width, height }: Sample): MeasuredImage => ({ format, width, height });

describe('complete files', () => {
	it('are measured as sharp measures them, however they are chunked', async () => {
		expect(samples.length).toBe((ENCODERS.length + 2) * SIZES.length + 7 + 12 + 4 + 4);
		for (const one of samples) {
			for (const size of [1, 7, 4096, Infinity]) {
				const { measured } = await measureIn(size, one.file);
				expect({ name: one.name, size, measured }).toEqual({
					name: one.name,
					size,
					measured: expected(one),
				});
			}
		}
	});

	it('are measured in chunks of random sizes, some of them empty', async () => {
		const anySample = fc.constantFrom(...samples);
		const sizes = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 20 });
		await fc.assert(
			fc.asyncProperty(anySample, sizes, async (one, lengths) => {
				let iteration = 0;
				const { chunks } = counting(one.file, () =>
					// A source of only empty chunks would never end.
					iteration > 200 ? 65_536 : (lengths[iteration++ % lengths.length] ?? 1),
				);
				expect(await measureImage(chunks)).toEqual(expected(one));
			}),
			{ seed: SEED, numRuns: 2000 },
		);
	});

	it('are read no further than the header, and closed', async () => {
		for (const one of samples) {
			const { bytes, closed } = await measureByteByByte(one);
			expect({ name: one.name, closed, isFrugal: bytes <= one.headerLength }).toEqual({
				name: one.name,
				closed: true,
				isFrugal: true,
			});
		}
	});

	it('are measured after the first 64 KB of a 10 MB PNG', async () => {
		const file = await noise(1870, 1870).png({ compressionLevel: 0 }).toBuffer();
		expect(file.length).toBeGreaterThan(10_000_000);
		expect(await measureIn(65_536, file)).toEqual({
			measured: { format: 'png', width: 1870, height: 1870 },
			bytes: 65_536,
			chunks: 1,
			closed: true,
		});
	});

	it('are measured without keeping the data before the header of a HEIC', async () => {
		const [file, photo] = [ftyp('heic', 'mif1', 'heic'), heif([ispe(300, 200)], [1])];
		const mdat = largeBox('mdat', Buffer.alloc(20_000_000));
		const before = process.memoryUsage().arrayBuffers;
		const { measured } = await measureIn(65_536, Buffer.concat([file, mdat, photo]));
		expect(measured).toEqual({ format: 'heic', width: 300, height: 200 });
		// The file itself, and what measuring kept.
		expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(21_000_000);
	});

	it('are measured without keeping the data before the directory of a TIFF', async () => {
		const gap = 20_000_000;
		const file = Buffer.concat([tiff(300, 200, { isBigEndian: true }), Buffer.alloc(gap)]);
		file.writeUInt32BE(8 + gap, 4);
		file.copy(file, 8 + gap, 8, 8 + 50);
		const before = process.memoryUsage().arrayBuffers;
		expect((await measureIn(65_536, file)).measured).toEqual({
			format: 'tiff',
			width: 300,
			height: 200,
		});
		expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
	});
});

/** Every length below `end`; if it's large, only both ends and some in between. */
function cuts(end: number): number[] {
	const edge = 150;
	const step = Math.ceil(end / 50);
	return Array.from({ length: end }, (_, length) => length).filter(
		(length) => length < edge || end - length <= edge || length % step === 0,
	);
}

describe('truncated files', () => {
	it('are undefined at every length shorter than the header, and measured from there on', async () => {
		for (const one of samples) {
			const { bytes } = await measureByteByByte(one);
			for (const length of cuts(bytes)) {
				const { measured, closed } = await measureIn(4096, one.file.subarray(0, length));
				if (measured !== undefined || !closed) {
					throw new Error(`${one.name} cut to ${length} bytes`);
				}
			}
			const { measured } = await measureIn(64, one.file.subarray(0, bytes));
			expect(measured).toEqual(expected(one));
		}
	});

	it('throw what their source throws', async () => {
		async function* broken() {
			yield Buffer.from('89504e470d0a1a0a', 'hex');
			throw new Error('the source failed');
		}
		await expect(measureImage(broken())).rejects.toThrow('the source failed');
	});
});

describe('unusual headers', () => {
	const frames = [0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];

	it.each<[string, Buffer, MeasuredImage]>([
		...frames.map((frame): [string, Buffer, MeasuredImage] => [
			`a JPEG frame ${frame.toString(16)}`,
			jpeg(COMMENT, frame, 300, 200),
			{ format: 'jpeg', width: 300, height: 200 },
		]),
		...[0xc4, 0xc8, 0xcc].map((notAFrame): [string, Buffer, MeasuredImage] => [
			`a JPEG segment ${notAFrame.toString(16)}, which is no frame`,
			jpeg([0xff, notAFrame, 0, 9, 8, 0, 1, 0, 1, 1, 1], 0xc0, 300, 200),
			{ format: 'jpeg', width: 300, height: 200 },
		]),
		[
			'fill bytes before JPEG markers',
			jpeg([0xff, 0xff, 0xff, ...COMMENT, 0xff, 0xff], 0xc2, 300, 200),
			{ format: 'jpeg', width: 300, height: 200 },
		],
		[
			'JPEG markers without a segment',
			jpeg([0xff, 0x01, 0xff, 0xd0, ...COMMENT], 0xc0, 300, 200),
			{ format: 'jpeg', width: 300, height: 200 },
		],
		[
			'a JPEG as large as they get',
			jpeg([], 0xc0, 65_535, 65_535),
			{ format: 'jpeg', width: 65_535, height: 65_535 },
		],
		[
			'a BMP stored from top to bottom',
			bmp(40, 300, -200),
			{ format: 'bmp', width: 300, height: 200 },
		],
		[
			'a HEIF in an unknown coding',
			heif([ispe(300, 200)], [1], ['mif1', 'miaf']),
			{ format: 'heif', width: 300, height: 200 },
		],
		[
			'a HEIC with a crop',
			heif([ispe(304, 208), clap([300, 1], [398, 2])], [1, 2]),
			{ format: 'heic', width: 300, height: 199 },
		],
		[
			'a HEIC with a crop of another image',
			heif([ispe(304, 208), clap([300, 1], [200, 1])], [1]),
			{ format: 'heic', width: 304, height: 208 },
		],
		[
			'a HEIC with a crop larger than the image',
			heif([ispe(300, 200), clap([600, 1], [100, 0])], [1, 2]),
			{ format: 'heic', width: 300, height: 200 },
		],
		[
			'a HEIC rotated by 90°, as it is stored',
			heif([ispe(300, 200), box('irot', 1)], [1, 2]),
			{ format: 'heic', width: 300, height: 200 },
		],
		[
			'a HEIC with boxes of 64-bit sizes, and others before its header',
			Buffer.concat([
				ftyp('mif1', 'heic'),
				box('free', Buffer.alloc(30)),
				largeBox('mdat', Buffer.alloc(30)),
				largeBox('meta', int(0, 4), pitm(1), IPRP),
			]),
			{ format: 'heic', width: 300, height: 200 },
		],
		[
			'a HEIC whose header extends to its end, and names the primary item last',
			Buffer.concat([ftyp('heic'), lastBox('meta', int(0, 4), IPRP, pitm(1))]),
			{ format: 'heic', width: 300, height: 200 },
		],
		[
			'a HEIC with two lists of properties',
			heicWith(
				pitm(70_000, true),
				box('iprp', IPCO, ipma({ 1: [2] }), ipma({ 70_000: [1] }, true)),
			),
			{ format: 'heic', width: 300, height: 200 },
		],
		[
			'a HEIC with the list of properties before the properties',
			heicWith(pitm(1), box('iprp', ipma({ 1: [1] }), IPCO)),
			{ format: 'heic', width: 300, height: 200 },
		],
		[
			'a TIFF with a side of 4 bytes',
			tiff(2 ** 31 - 1, 70_000, { isBigEndian: true, isLong: true }),
			{ format: 'tiff', width: 2 ** 31 - 1, height: 70_000 },
		],
	])('are measured: %s', async (_what, file, measured) => {
		expect((await measureIn(Infinity, file)).measured).toEqual(measured);
	});

	it.each<[string, Buffer]>([
		['a JPEG with its height after the scan', jpeg([], 0xc0, 300, 0)],
		['a JPEG without width', jpeg([], 0xc0, 0, 200)],
		['a JPEG with its scan before its frame', jpeg([0xff, 0xda, 0, 2], 0xc0, 300, 200)],
		['a JPEG that ends before its frame', jpeg([0xff, 0xd9], 0xc0, 300, 200)],
		['a JPEG with garbage between segments', jpeg([...COMMENT, 0x00], 0xc0, 300, 200)],
		['a JPEG segment shorter than its own length', jpeg([0xff, 0xe0, 0, 1], 0xc0, 300, 200)],
		["a PNG that doesn't begin with IHDR", pngWith({ type: 'CgBI' })],
		['a PNG with an IHDR of another length', pngWith({ length: 14 })],
		['a PNG without width', pngWith({ width: 0 })],
		['a PNG without height', pngWith({ height: 0 })],
		['a PNG with a side of 2^31', pngWith({ width: 2 ** 31 })],
		['a GIF without width', Buffer.from('GIF89a\0\0\x05\0\0\0\0', 'latin1')],
		['a BMP without height', bmp(40, 300, 0)],
		['a BMP with a negative width', bmp(40, -300, 200)],
		['a BMP with a height of -2^31', bmp(40, 300, -(2 ** 31))],
		['a BMP with an unknown header', bmp(41, 300, 200)],
		['a sentence that begins like a BMP', Buffer.from('BMW builds cars and motorcycles.')],
		['a BigTIFF', tiff(300, 200, { isBigEndian: false, version: 43 })],
		['a TIFF without height', tiff(300, 0, { isBigEndian: true })],
		['a TIFF with its directory in its header', withDirectoryAt(4)],
		['a WebP of an unknown kind', webp('VP9 ', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
		['a lossy WebP without its start code', webp('VP8 ', [0, 0, 0, 0, 0, 0, 9, 0, 9, 0])],
		["a lossy WebP that isn't a key frame", webp('VP8 ', [1, 0, 0, 0x9d, 1, 0x2a, 9, 0, 9, 0])],
		['a lossy WebP without width', webp('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a, 0, 0, 9, 0])],
		['a lossless WebP without its signature', webp('VP8L', [0x2e, 0, 0, 0, 0])],
		['a lossless WebP of another version', webp('VP8L', [0x2f, 0, 0, 0, 0x20])],
		['a HEIC of only its brands', ftyp('heic', 'mif1', 'heic')],
		['a HEIC with incomplete brands', ftyp('mif1', 'heic').subarray(0, 19)],
		['a HEIC without primary item', heicWith(IPRP)],
		['a HEIC without properties', heicWith(pitm(1))],
		['a HEIC with the size of another image only', heicWith(pitm(2), IPRP)],
		['a HEIC with an index of no property', heif([ispe(300, 200)], [2, 0, 127])],
		['a HEIC without width', heif([ispe(0, 200)], [1])],
		['a HEIC with a side of 2^31', heif([ispe(2 ** 31, 200)], [1])],
		['a HEIC with a crop to nothing', heif([ispe(300, 200), clap([0, 1], [100, 1])], [1, 2])],
		['a HEIC with a crop of 0/0', heif([ispe(300, 200), clap([0, 0], [100, 1])], [1, 2])],
		['a HEIC with a size that is too short', heif([fullBox('ispe', 0, 0, int(9, 4))], [1])],
		['a HEIC with a property longer than their list', heif([int(100, 4), ispe(300, 200)], [2])],
		['a HEIC with an empty list of properties', heicWith(pitm(1), box('iprp', IPCO, box('ipma')))],
		[
			'a HEIC with a list shorter than it says',
			heicWith(pitm(1), box('iprp', IPCO, fullBox('ipma', 0, 0, int(9, 4), int(1, 2), 200, 0x81))),
		],
		['a HEIC with a box longer than its container', heicWith(pitm(1), IPRP.subarray(0, -3))],
		['a HEIC with a box shorter than its header', heicWith(int(7, 4), 'free', pitm(1), IPRP)],
		['a HEIC with 4 MB of properties', heicWith(pitm(1), box('iprp', IPCO, FILLER))],
		['an AVIF in a file for any coding', heif([ispe(300, 200)], [1], ['mif1', 'avif'])],
		['a video', Buffer.concat([ftyp('isom', 'mif1'), heicWith(pitm(1), IPRP)])],
		['an AVIF', Buffer.from('\0\0\0\x1cftypavif\0\0\0\0avifmif1', 'latin1')],
		['an HTML page', Buffer.from('<!DOCTYPE html><html><body>Not found</body></html>')],
		['nothing', Buffer.alloc(0)],
	])('are undefined: %s', async (_what, file) => {
		expect((await measureIn(Infinity, file)).measured).toBeUndefined();
	});

	it.each<[string, number[]]>([
		['empty segments', [0xff, 0xe1, 0, 2]],
		['markers without a segment', [0xff, 0xd0]],
		['fill bytes', [0xff]],
		['segments of 64 KB', [0xff, 0xe1, 0xff, 0xff, ...Buffer.alloc(65_533)]],
		['empty chunks', []],
	])('are given up on: a JPEG of endless %s', async (_what, repeated) => {
		const chunk = Buffer.alloc(65_536 - (65_536 % (repeated.length || 1)) || repeated.length);
		if (repeated.length > 0) chunk.fill(Buffer.from(repeated));
		async function* endless() {
			yield Buffer.from([0xff, 0xd8, 0xff, 0xfe, 0, 2]);
			while (true) yield repeated.length > 0 ? chunk : Buffer.alloc(0);
		}
		const start = performance.now();
		expect(await measureImage(endless())).toBeUndefined();
		expect(performance.now() - start).toBeLessThan(2000);
	});

	it.each<[string, Buffer]>([
		['empty boxes', box('free')],
		['zeros', Buffer.alloc(16)],
		['boxes that claim 2^64 bytes', Buffer.concat([int(1, 4), Buffer.from('free'), EIGHT_FF])],
	])('are given up on: a HEIC of endless %s', async (_what, repeated) => {
		const start = Buffer.concat([ftyp('heic'), lastBox('meta', int(0, 4))]);
		const chunk = Buffer.alloc(4096 * repeated.length, repeated);
		for (const beginning of [start, ftyp('heic')]) {
			async function* endless() {
				yield beginning;
				while (true) yield chunk;
			}
			const startedAt = performance.now();
			expect(await measureImage(endless())).toBeUndefined();
			expect(performance.now() - startedAt).toBeLessThan(2000);
		}
	});
});

function pngWith(fields: { type?: string; length?: number; width?: number; height?: number }) {
	const { type = 'IHDR', length = 13, width = 300, height = 200 } = fields;
	const file = Buffer.alloc(33);
	file.write('89504e470d0a1a0a', 'hex');
	file.writeUInt32BE(length, 8);
	file.write(type, 12, 'latin1');
	file.writeUInt32BE(width, 16);
	file.writeUInt32BE(height, 20);
	return file;
}

function withDirectoryAt(offset: number): Buffer {
	const file = tiff(300, 200, { isBigEndian: true });
	file.writeUInt32BE(offset, 4);
	return file;
}

function webp(kind: string, content: number[]): Buffer {
	const start = Buffer.from(`RIFF\0\0\0\0WEBP${kind}\0\0\0\0`, 'latin1');
	return Buffer.concat([start, Buffer.from(content)]);
}

describe('hostile bytes', () => {
	const RUNS = randomCases(10_000);
	/** Enough of a file for all but the long headers. */
	const MAX_FUZZED = 2_000;

	async function expectSane(file: Uint8Array, chunkSize: number) {
		const { measured, bytes, closed } = await measureIn(chunkSize, file);
		expect(closed).toBe(true);
		if (measured === undefined) return;
		for (const side of [measured.width, measured.height]) {
			expect(Number.isInteger(side) && side >= 1 && side < 2 ** 31).toBe(true);
		}
		// All of the bytes were needed: without the last one, the size is unknown.
		const needed = (await measureIn(1, file)).bytes;
		expect(bytes).toBeLessThan(needed + chunkSize);
		expect((await measureIn(64, file.subarray(0, needed))).measured).toEqual(measured);
		expect((await measureIn(64, file.subarray(0, needed - 1))).measured).toBeUndefined();
	}

	const chunkSizes = fc.constantFrom(1, 3, 16, 64, 4096);

	it(`are measured safely in ${RUNS} files with bytes changed, added and removed`, async () => {
		const changes = fc.array(
			fc.record({
				at: fc.oneof(fc.nat({ max: 63 }), fc.nat({ max: MAX_FUZZED })),
				remove: fc.constantFrom(0, 1, 1, 1, 2, 8),
				insert: fc.oneof(
					fc.uint8Array({ minLength: 1, maxLength: 1 }),
					fc.uint8Array({ maxLength: 8 }),
					fc.constantFrom(0x00, 0xff, 0x80).map((byte) => Uint8Array.of(byte, byte, byte, byte)),
				),
			}),
			{ minLength: 1, maxLength: 4 },
		);
		let measurable = 0;
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom(...samples),
				changes,
				chunkSizes,
				async (one, wanted, chunkSize) => {
					let file: Uint8Array = one.file.subarray(0, MAX_FUZZED);
					for (const { at, remove, insert } of wanted) {
						file = Buffer.concat([file.subarray(0, at), insert, file.subarray(at + remove)]);
					}
					await expectSane(file, chunkSize);
					if ((await measureIn(Infinity, file)).measured) measurable += 1;
				},
			),
			{ seed: SEED, numRuns: RUNS },
		);
		// If nearly all had an invalid signature, nothing behind it would have been tested.
		expect(measurable).toBeGreaterThan(RUNS / 10);
	});

	it(`are measured safely in ${RUNS} random files, some behind a signature`, async () => {
		const signatures = fc.constantFrom(
			'',
			'ffd8ff',
			'89504e470d0a1a0a0000000d49484452',
			'474946383961',
			'424d',
			'49492a00',
			'49492a0008000000',
			'4d4d002a00000008',
			'52494646000000005745425056503820',
			'5249464600000000574542505650384c',
			'52494646000000005745425056503858',
			'000000146674797068656963000000006d696631',
			'0000001466747970686569630000000068656963000000006d65746100000000',
		);
		await fc.assert(
			fc.asyncProperty(
				signatures,
				fc.uint8Array({ maxLength: 400 }),
				chunkSizes,
				async (signature, bytes, chunkSize) => {
					await expectSane(Buffer.concat([Buffer.from(signature, 'hex'), bytes]), chunkSize);
				},
			),
			{ seed: SEED + 1, numRuns: RUNS },
		);
	});

	it("are read no further than 12 bytes if they aren't an image", async () => {
		const { measured, bytes } = await measureIn(1, Buffer.alloc(100_000, 'hello '));
		expect({ measured, bytes }).toEqual({ measured: undefined, bytes: 12 });
	});
});
