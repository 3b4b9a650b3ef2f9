import { deflateSync } from 'node:zlib';

import fc from 'fast-check';
import sharp from 'sharp';

import { hasTransparentPixel } from '../../../../nodes/Seedream/images/pngTransparency';
import { randomCases } from '../../randomCases';
import { picture } from './noiseImages';
import { ihdr, png, PNG_SIGNATURE, pngChunk, type PngPicture } from './pngFiles';

const SEED = Number(process.env.SEED ?? 20_261_126);

interface Source {
	chunks: AsyncIterable<Uint8Array>;
	bytes: number;
	closed: boolean;
}

/** In chunks of these lengths, which repeat. */
function inChunks(file: Uint8Array, lengths: number[] = [65_536]): Source {
	const source: Source = { chunks: pieces(), bytes: 0, closed: false };
	async function* pieces() {
		try {
			for (let at = 0, count = 0; at < file.length; count += 1) {
				const chunk = file.subarray(at, at + (lengths[count % lengths.length] ?? 1));
				at += chunk.length;
				source.bytes += chunk.length;
				yield chunk;
			}
		} finally {
			source.closed = true;
		}
	}
	return source;
}

async function judge(file: Uint8Array, lengths?: number[]): Promise<boolean | undefined> {
	const source = inChunks(file, lengths);
	const found = await hasTransparentPixel(source.chunks);
	expect(source.closed).toBe(true);
	return found;
}

/** `stats().isOpaque` says the same, but takes 20 times as long. */
async function sharpSees(file: Buffer): Promise<boolean> {
	const is16Bit = file.readUInt8(24) === 16;
	const { data, info } = await sharp(file)
		.toColourspace(is16Bit ? 'rgb16' : 'srgb')
		.raw({ depth: 'ushort' })
		.toBuffer({ resolveWithObject: true });
	const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
	const opaque = is16Bit ? 0xffff : 0xff;
	const hasAlpha = info.channels % 2 === 0;
	return hasAlpha && samples.some((value, at) => (at + 1) % info.channels === 0 && value < opaque);
}

const KINDS = [
	...[1, 2, 4, 8, 16].map((bitDepth) => ({ colorType: 0, bitDepth })),
	...[8, 16].map((bitDepth) => ({ colorType: 2, bitDepth })),
	...[1, 2, 4, 8].map((bitDepth) => ({ colorType: 3, bitDepth })),
	...[8, 16].map((bitDepth) => ({ colorType: 4, bitDepth })),
	...[8, 16].map((bitDepth) => ({ colorType: 6, bitDepth })),
];

const CHANNELS: Partial<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** A pixel of random samples that is opaque, and one that isn't, under the same tRNS. */
function twoPixels(colorType: number, bitDepth: number) {
	const max = 2 ** bitDepth - 1;
	const sample = fc.nat({ max });
	const below = fc.nat({ max: max - 1 });
	const colors = fc.array(sample, {
		minLength: colorType === 2 ? 3 : 1,
		maxLength: colorType === 2 ? 3 : 1,
	});
	switch (colorType) {
		case 4:
		case 6: {
			const channels = (CHANNELS[colorType] ?? 1) - 1;
			const shades = fc.array(sample, { minLength: channels, maxLength: channels });
			return fc.record({
				opaque: shades.map((color) => [...color, max]),
				transparent: fc.tuple(shades, below).map(([color, alpha]) => [...color, alpha]),
				trns: fc.constant(undefined),
			});
		}
		case 3:
			return fc.tuple(below, fc.nat({ max: 254 })).map(([index, alpha]) => ({
				opaque: [index + 1],
				transparent: [index],
				trns: Buffer.from([...Array<number>(index).fill(255), alpha]),
			}));
		default:
			return fc
				.tuple(colors, colors)
				.filter(([one, other]) => one.join() !== other.join())
				.map(([opaque, transparent]) => ({ opaque, transparent, trns: shorts(transparent) }));
	}
}

function shorts(samples: number[]): Buffer {
	const content = Buffer.alloc(2 * samples.length);
	samples.forEach((sample, index) => content.writeUInt16BE(sample, 2 * index));
	return content;
}

const side = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 24 }));

const pictures: fc.Arbitrary<{ picture: PngPicture; isTransparent: boolean }> = fc
	.record({ kind: fc.constantFrom(...KINDS), width: side, height: side })
	.chain(({ kind: { colorType, bitDepth }, width, height }) =>
		fc
			.record({
				pair: twoPixels(colorType, bitDepth),
				at: fc.option(fc.nat({ max: width * height - 1 })),
				isInterlaced: fc.boolean(),
				filters: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 12 }),
				padding: fc.constantFrom<0 | 1>(0, 1),
				idatLength: fc.integer({ min: 1, max: 60 }),
			})
			.map(({ pair: { opaque, transparent, trns }, at, ...rest }) => ({
				picture: {
					...{ width, height, colorType, bitDepth, ...rest },
					...(trns && { trns }),
					pixels: Array.from({ length: width * height }, (_, index) =>
						index === at ? transparent : opaque,
					),
				},
				isTransparent: at !== null,
			})),
	);

const chunkLengths = fc.array(
	fc.nat({ max: 50 }).map((length) => length || 1),
	{
		minLength: 1,
		maxLength: 5,
	},
);

const CASES = randomCases(1000);

it(`transparency is found as by sharp in ${CASES} random PNGs of all color types, in any chunks`, async () => {
	const seen = new Set<string>();
	await fc.assert(
		fc.asyncProperty(pictures, chunkLengths, async (one, lengths) => {
			const file = png(one.picture);
			expect(await judge(file, lengths)).toBe(one.isTransparent);
			expect(await sharpSees(file)).toBe(one.isTransparent);
			seen.add(`${one.picture.colorType} ${one.picture.bitDepth} ${one.isTransparent}`);
		}),
		{ seed: SEED, numRuns: CASES },
	);
	expect(seen.size).toBe(2 * KINDS.length);
});

it(`transparency is found as by sharp in random pixels, which filters are chosen for`, async () => {
	const noise = fc.record({
		width: fc.integer({ min: 1, max: 60 }),
		height: fc.integer({ min: 1, max: 60 }),
		seed: fc.integer({ min: 1 }),
		transparent: fc.constantFrom(0, 0, 1, 50),
		options: fc.record({
			progressive: fc.boolean(),
			palette: fc.boolean(),
			adaptiveFiltering: fc.boolean(),
			compressionLevel: fc.constantFrom(0, 1, 9),
		}),
		is16Bit: fc.boolean(),
	});
	await fc.assert(
		fc.asyncProperty(noise, chunkLengths, async (one, lengths) => {
			const { width, height, transparent, options, is16Bit } = one;
			let state = one.seed;
			const next = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) >> 16;
			const pixels = Uint8Array.from({ length: width * height * 4 }, (_, at) =>
				at % 4 === 3 ? 255 : next(),
			);
			for (let count = 0; count < transparent; count += 1) {
				pixels[4 * (next() % (width * height)) + 3] = next();
			}
			const image = sharp(pixels, { raw: { width, height, channels: 4 } });
			if (is16Bit) image.toColourspace('rgb16');
			const file = await image.png(options).toBuffer();
			expect(await judge(file, lengths)).toBe(await sharpSees(file));
		}),
		{ seed: SEED, numRuns: randomCases(200) },
	);
});

it('transparency is found in the very last pixel, and by a single bit of 16', async () => {
	for (const isInterlaced of [true, false]) {
		const pixels = Array.from({ length: 35 }, () => [1, 2, 3, 0xffff]);
		const base = { width: 5, height: 7, colorType: 6, bitDepth: 16, isInterlaced };
		expect(await judge(png({ ...base, pixels }))).toBe(false);
		for (const alpha of [0xfffe, 0xfeff, 0]) {
			const last = [...pixels.slice(0, -1), [1, 2, 3, alpha]];
			expect(await judge(png({ ...base, pixels: last }))).toBe(true);
		}
	}
});

describe('an image without transparency', () => {
	it.each<[string, () => Promise<Buffer>]>([
		['RGB', () => picture().png().toBuffer()],
		['RGBA', () => picture().ensureAlpha().png().toBuffer()],
		['interlaced RGBA', () => picture().ensureAlpha().png({ progressive: true }).toBuffer()],
		['grayscale', () => picture().greyscale().png().toBuffer()],
		['a palette', () => picture().png({ palette: true }).toBuffer()],
	])('is opaque: %s', async (_what, make) => {
		expect(await judge(await make())).toBe(false);
	});

	it("isn't read beyond its header if its format has none", async () => {
		const file = await picture().png().toBuffer();
		const source = inChunks(file, [100]);
		expect(await hasTransparentPixel(source.chunks)).toBe(false);
		expect(source.bytes).toBeLessThan(500);
		expect(source.closed).toBe(true);
	});
});

const RGBA = { width: 3, height: 2, colorType: 6, bitDepth: 8 };
const OPAQUE_PIXELS = Array.from({ length: 6 }, () => [1, 2, 3, 255]);

it.each<[string, PngPicture, boolean]>([
	[
		'of the wrong length',
		{ ...RGBA, colorType: 2, trns: Buffer.alloc(4), pixels: zeros(3) },
		false,
	],
	['in an image with alpha', { ...RGBA, trns: Buffer.alloc(6), pixels: OPAQUE_PIXELS }, false],
	[
		'of opaque colors',
		{ ...RGBA, colorType: 3, trns: Buffer.of(255, 255), pixels: zeros(1) },
		false,
	],
	['with more bits', { ...RGBA, colorType: 0, trns: Buffer.of(9, 0), pixels: zeros(1) }, true],
	['split across pixels', { ...RGBA, colorType: 2, ...splitColor() }, false],
])('a tRNS chunk %s is read as decoders read it', async (_what, one, isTransparent) => {
	expect(await judge(png(one))).toBe(isTransparent);
});

function zeros(channels: number): number[][] {
	return Array.from({ length: 6 }, () => Array<number>(channels).fill(0));
}

/** The transparent color is in the bytes, but begins within a pixel. */
function splitColor() {
	const pixels = Array.from({ length: 6 }, () => [1, 2, 3]);
	return { pixels, trns: shorts([2, 3, 1]) };
}

describe('a file that is no readable PNG', () => {
	const whole = png({ ...RGBA, pixels: OPAQUE_PIXELS });
	const withHeader = (header: Partial<PngPicture>, ...chunks: Buffer[]) =>
		Buffer.concat([PNG_SIGNATURE, ihdr({ ...RGBA, ...header }), ...chunks]);
	const idat = (bytes: Buffer | number[]) => pngChunk('IDAT', deflateSync(Buffer.from(bytes)));
	const iend = pngChunk('IEND');

	it.each<[string, Buffer]>([
		['nothing', Buffer.alloc(0)],
		['a JPEG', Buffer.from('ffd8ffe000104a46494600010100000100010000ffdb00430008', 'hex')],
		['a PNG without pixels', withHeader({}, iend)],
		['a PNG without end or pixels', withHeader({})],
		['a PNG with pixels that are no zlib stream', withHeader({}, pngChunk('IDAT', whole), iend)],
		['a PNG with too few pixels', withHeader({}, idat([0, 1, 2, 3, 255]), iend)],
		['a PNG with an unknown filter', withHeader({}, idat([5, ...Buffer.alloc(25, 255)]), iend)],
		['a PNG with an unknown color type', withHeader({ colorType: 5 }, idat([]), iend)],
		['a PNG with a bit depth that its color type lacks', withHeader({ bitDepth: 4 }, iend)],
		['a PNG without width', withHeader({ width: 0 }, iend)],
		['a PNG without height', withHeader({ height: 0 }, iend)],
		['a PNG that is too wide', withHeader({ width: 2 ** 31 }, idat([0]), iend)],
		['a PNG with too many pixels', withHeader({ width: 9000, height: 9000 }, idat([0]), iend)],
	])('has no known transparency: %s', async (_what, file) => {
		for (const lengths of [[1], [64 * 1024]]) expect(await judge(file, lengths)).toBeUndefined();
	});

	it('has no known transparency if it is cut anywhere before its last row', async () => {
		const size = whole.indexOf('IEND') - 8;
		// Behind the last row, only the checksums of zlib and PNG follow.
		for (let length = 0; length < size - 12; length += 1) {
			expect(await judge(whole.subarray(0, length))).toBeUndefined();
		}
		expect(await judge(whole.subarray(0, size))).toBe(false);
	});

	it.each<[string, Buffer, Buffer]>([
		['empty chunks', withHeader({}), pngChunk('tEXt')],
		['text', withHeader({}), pngChunk('tEXt', Buffer.alloc(60_000))],
		['empty pixel data', withHeader({}), pngChunk('IDAT')],
		['zlib blocks without content', withHeader({}, zlibStart()), emptyBlocks()],
	])('ends, although it has endless %s', async (_what, start, repeated) => {
		const chunk = Buffer.concat(Array<Buffer>(64).fill(repeated));
		async function* endless() {
			yield start;
			while (true) yield chunk;
		}
		const startedAt = performance.now();
		expect(await hasTransparentPixel(endless())).toBeUndefined();
		expect(performance.now() - startedAt).toBeLessThan(5000);
	});

	function zlibStart(): Buffer {
		return pngChunk('IDAT', Buffer.from('7801', 'hex'));
	}

	/** Stored blocks of length 0. */
	function emptyBlocks(): Buffer {
		return pngChunk('IDAT', Buffer.from('000000ffff'.repeat(2000), 'hex'));
	}

	it('throws what its source throws', async () => {
		for (const length of [0, 8, 40, 45]) {
			async function* broken() {
				yield whole.subarray(0, length);
				throw new Error('ENOENT');
			}
			await expect(hasTransparentPixel(broken())).rejects.toThrow('ENOENT');
		}
	});

	it('stays readable in its pixels, whatever follows them', async () => {
		const bomb = idat([...deflatedRows(), ...Buffer.alloc(1_000_000)]);
		expect(await judge(withHeader({}, bomb, iend))).toBe(false);
	});

	function deflatedRows(): number[] {
		const row = [0, ...OPAQUE_PIXELS.slice(0, 3).flat()];
		return [...row, ...row];
	}
});

const LARGE = 3000;

/** Noise in the upper bits, so that the file has several megabytes. */
async function largePng(transparentAt?: number): Promise<Buffer> {
	let state = 1;
	const pixels = Buffer.alloc(LARGE * LARGE * 4);
	for (let at = 0; at < pixels.length; at += 1) {
		state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
		pixels[at] = at % 4 === 3 ? 255 : (state >> 16) & 63;
	}
	if (transparentAt !== undefined) pixels[4 * transparentAt + 3] = 254;
	const image = sharp(pixels, { raw: { width: LARGE, height: LARGE, channels: 4 } });
	return await image.png({ compressionLevel: 1 }).toBuffer();
}

describe('a large PNG', () => {
	it('is read no further than its first transparent pixel', async () => {
		const source = inChunks(await largePng(LARGE * 5));
		expect(await hasTransparentPixel(source.chunks)).toBe(true);
		expect(source.closed).toBe(true);
		expect(source.bytes).toBeLessThan(1_000_000);
	});

	it('is searched without blocking others, and without being kept', async () => {
		const file = await largePng();
		expect(file.length).toBeGreaterThan(8_000_000);
		let turns = 0;
		const turn = () => {
			turns += 1;
			timer = setImmediate(turn);
		};
		let timer = setImmediate(turn);
		const found = await judge(file);
		clearImmediate(timer);
		expect(found).toBe(false);
		// About one for each 16 KB of the 36 MB.
		expect(turns).toBeGreaterThan(1000);
	});
});
