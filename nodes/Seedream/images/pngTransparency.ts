import { ForwardReader } from './forwardReader';

/**
 * Whether a PNG has a pixel that isn't fully opaque; undefined if it isn't a PNG that can be read.
 * Reads no further than the first such pixel, then closes the source. Throws only what the source
 * throws.
 */
export async function hasTransparentPixel(
	chunks: AsyncIterable<Uint8Array>,
): Promise<boolean | undefined> {
	const failures: unknown[] = [];
	const read = async function* () {
		try {
			yield* chunks;
		} catch (error) {
			failures.push(error);
		}
	};
	const source = read();
	try {
		const found = await findTransparency(new ForwardReader(source));
		if (found === undefined && failures.length > 0) throw failures[0];
		return found;
	} finally {
		await source.return();
	}
}

async function findTransparency(file: ForwardReader): Promise<boolean | undefined> {
	const header = await readHeader(file);
	const pixels = header && (await findPixels(file, header));
	if (!pixels) return undefined;
	const { transparency, firstLength } = pixels;
	if (transparency.kind === 'none') return false;
	return await searchPixels(header, transparency, inflate(compressedPixels(file, firstLength)));
}

interface Header {
	width: number;
	height: number;
	bitDepth: number;
	colorType: number;
	isInterlaced: boolean;
	bitsPerPixel: number;
}

const GRAY = 0;
const RGB = 2;
const PALETTE = 3;
const GRAY_ALPHA = 4;
const RGB_ALPHA = 6;

const CHANNELS = new Map([
	[GRAY, 1],
	[RGB, 3],
	[PALETTE, 1],
	[GRAY_ALPHA, 2],
	[RGB_ALPHA, 4],
]);

const BIT_DEPTHS = new Map([
	[GRAY, [1, 2, 4, 8, 16]],
	[RGB, [8, 16]],
	[PALETTE, [1, 2, 4, 8]],
	[GRAY_ALPHA, [8, 16]],
	[RGB_ALPHA, [8, 16]],
]);

/** More than any model accepts. They bound the time and the memory for an image. */
const MAX_SIDE = 2 ** 16;
const MAX_PIXELS = 2 ** 26;

const SIGNATURE = '89504e470d0a1a0a';

async function readHeader(file: ForwardReader): Promise<Header | undefined> {
	const start = await file.read(8 + 8 + 13 + CRC_LENGTH);
	if (start?.toString('hex', 0, 8) !== SIGNATURE) return undefined;
	if (start.readUInt32BE(8) !== 13 || start.toString('latin1', 12, 16) !== 'IHDR') return undefined;
	const [width, height] = [start.readUInt32BE(16), start.readUInt32BE(20)];
	const [bitDepth, colorType] = [start.readUInt8(24), start.readUInt8(25)];
	const [compression, filters, interlacing] = start.subarray(26, 29);
	const channels = CHANNELS.get(colorType);
	if (!channels || !BIT_DEPTHS.get(colorType)?.includes(bitDepth)) return undefined;
	if (compression !== 0 || filters !== 0 || (interlacing !== 0 && interlacing !== 1)) {
		return undefined;
	}
	const isTooLarge = Math.max(width, height) > MAX_SIDE || width * height > MAX_PIXELS;
	if (width === 0 || height === 0 || isTooLarge) return undefined;
	const isInterlaced = interlacing === 1;
	return { width, height, bitDepth, colorType, isInterlaced, bitsPerPixel: channels * bitDepth };
}

/** What makes a pixel transparent. */
type Transparency =
	| { kind: 'none' }
	/** Its last 1 or 2 bytes, unless all their bits are set. */
	| { kind: 'alpha' }
	/** One of these gray values or indexes of the palette. */
	| { kind: 'samples'; samples: ReadonlySet<number> }
	/** This color. */
	| { kind: 'color'; color: Buffer };

const NONE: Transparency = { kind: 'none' };

const CRC_LENGTH = 4;
/** Far more than any encoder writes. Ends a file of nothing but empty chunks. */
const MAX_CHUNKS = 50_000;

interface Chunk {
	type: string;
	length: number;
}

async function readChunk(file: ForwardReader): Promise<Chunk | undefined> {
	const header = await file.read(8);
	return header && { type: header.toString('latin1', 4, 8), length: header.readUInt32BE(0) };
}

/** Stops where the content of the first IDAT begins, which everything about transparency precedes. */
async function findPixels(
	file: ForwardReader,
	header: Header,
): Promise<{ transparency: Transparency; firstLength: number } | undefined> {
	const { colorType } = header;
	let transparency: Transparency =
		colorType === GRAY_ALPHA || colorType === RGB_ALPHA ? { kind: 'alpha' } : NONE;
	for (let count = 0; count < MAX_CHUNKS; count += 1) {
		const chunk = await readChunk(file);
		if (!chunk || chunk.type === 'IEND') return undefined;
		const { type, length } = chunk;
		if (type === 'IDAT') return { transparency, firstLength: length };
		const isRead = type === 'tRNS' && length <= MAX_PALETTE;
		const content = isRead ? await file.read(length) : undefined;
		if (content && transparency.kind === 'none') transparency = readTrns(content, header);
		await file.skip((isRead ? 0 : length) + CRC_LENGTH);
	}
	return undefined;
}

const MAX_PALETTE = 256;

/** The alpha of the first colors in the palette, or one transparent color, in 16 bits per channel. */
function readTrns(content: Buffer, { colorType, bitDepth }: Header): Transparency {
	if (colorType === PALETTE) {
		const samples = new Set([...content.keys()].filter((index) => content[index] !== 255));
		return samples.size > 0 ? { kind: 'samples', samples } : NONE;
	}
	if (content.length !== 2 * (CHANNELS.get(colorType) ?? 0)) return NONE;
	if (bitDepth === 16) return { kind: 'color', color: content };
	if (colorType === RGB)
		return { kind: 'color', color: Buffer.from(content.filter((_, at) => at % 2 === 1)) };
	return { kind: 'samples', samples: new Set([content.readUInt16BE(0) % 2 ** bitDepth]) };
}

/** Of what is inflated at once. */
const MAX_PIECE_LENGTH = 64 * 1024;

/** The content of all IDATs, which is one zlib stream. */
async function* compressedPixels(
	file: ForwardReader,
	firstLength: number,
): AsyncGenerator<Uint8Array> {
	let chunk: Chunk | undefined = { type: 'IDAT', length: firstLength };
	for (let count = 0; chunk?.type === 'IDAT' && count < MAX_CHUNKS; count += 1) {
		for (let left = chunk.length; left > 0;) {
			const piece = await file.readSome(Math.min(left, MAX_PIECE_LENGTH));
			if (!piece) return;
			left -= piece.length;
			yield piece;
		}
		await file.skip(CRC_LENGTH);
		chunk = await readChunk(file);
	}
}

/**
 * Each write waits until the inflater has use for more. `pipeThrough` doesn't: Node would read the
 * whole file in advance.
 */
function inflate(compressed: AsyncIterable<Uint8Array>): AsyncIterator<Uint8Array> {
	const { readable, writable } = new DecompressionStream('deflate');
	const writer = writable.getWriter();
	const write = async () => {
		for await (const piece of compressed) await writer.write(piece);
		await writer.close();
	};
	// The reader gets the error, unless it stopped before.
	write().catch(() => {});
	return readable[Symbol.asyncIterator]();
}

async function searchPixels(
	header: Header,
	transparency: Transparency,
	inflated: AsyncIterator<Uint8Array>,
): Promise<boolean | undefined> {
	const pixels = new ForwardReader(inflated, Infinity);
	try {
		for (const { width, height } of passes(header)) {
			const hasTransparency = rowSearch(transparency, header, width);
			const rowLength = Math.ceil((width * header.bitsPerPixel) / 8);
			for (let y = 0; y < height; y += 1) {
				const row = await pixels.read(1 + rowLength);
				const filter = row?.readUInt8(0) ?? Infinity;
				if (!row || filter > PAETH) return undefined;
				if (hasTransparency(filter, row.subarray(1))) return true;
			}
		}
		return false;
	} catch {
		// They aren't a zlib stream.
		return undefined;
	} finally {
		await inflated.return?.();
	}
}

/** Adam7: the first pixel of each pass, and the distance to the next one. */
const INTERLACED_PASSES = [
	{ x: 0, y: 0, dx: 8, dy: 8 },
	{ x: 4, y: 0, dx: 8, dy: 8 },
	{ x: 0, y: 4, dx: 4, dy: 8 },
	{ x: 2, y: 0, dx: 4, dy: 4 },
	{ x: 0, y: 2, dx: 2, dy: 4 },
	{ x: 1, y: 0, dx: 2, dy: 2 },
	{ x: 0, y: 1, dx: 1, dy: 2 },
];

function passes({ width, height, isInterlaced }: Header): Array<Pick<Header, 'width' | 'height'>> {
	if (!isInterlaced) return [{ width, height }];
	return INTERLACED_PASSES.map(({ x, y, dx, dy }) => ({
		width: Math.ceil((width - x) / dx),
		height: Math.ceil((height - y) / dy),
	})).filter((pass) => pass.width > 0);
}

/** Takes the rows of a pass in their order, and may change them. */
type RowSearch = (filter: number, row: Buffer) => boolean;

function rowSearch(transparency: Transparency, header: Header, width: number): RowSearch {
	const pixelLength = Math.ceil(header.bitsPerPixel / 8);
	switch (transparency.kind) {
		case 'none':
			return () => false;
		case 'alpha':
			return alphaSearch(pixelLength, header.bitDepth / 8);
		case 'samples': {
			const { samples } = transparency;
			return unfiltered(pixelLength, (row) => hasSample(row, samples, header.bitDepth, width));
		}
		case 'color': {
			const { color } = transparency;
			return unfiltered(pixelLength, (row) => hasColor(row, color));
		}
	}
}

/**
 * Filters work on each byte of a pixel separately. As long as all pixels are opaque, the alpha of a
 * pixel's neighbors is known, so what the filter makes of an opaque pixel is known as well.
 */
function alphaSearch(pixelLength: number, alphaLength: number): RowSearch {
	let above = 0;
	return (filter, row) => {
		const first = filteredOpaque(filter, 0, above, 0);
		const others = filteredOpaque(filter, OPAQUE, above, above);
		above = OPAQUE;
		for (let offset = pixelLength - alphaLength; offset < pixelLength; offset += 1) {
			if (row[offset] !== first) return true;
			for (let at = offset + pixelLength; at < row.length; at += pixelLength) {
				if (row[at] !== others) return true;
			}
		}
		return false;
	};
}

const OPAQUE = 255;

function filteredOpaque(filter: number, left: number, above: number, aboveLeft: number): number {
	return (OPAQUE - predict(filter, left, above, aboveLeft)) & 0xff;
}

const SUB = 1;
const UP = 2;
const AVERAGE = 3;
const PAETH = 4;

/** What a filter subtracted from a byte, by the bytes around it. */
function predict(filter: number, left: number, above: number, aboveLeft: number): number {
	switch (filter) {
		case SUB:
			return left;
		case UP:
			return above;
		case AVERAGE:
			return (left + above) >> 1;
		case PAETH:
			return nearest(left + above - aboveLeft, left, above, aboveLeft);
		default:
			return 0;
	}
}

/** If two are equally near, the first one counts. */
function nearest(target: number, left: number, above: number, aboveLeft: number): number {
	const distanceLeft = Math.abs(target - left);
	const distanceAbove = Math.abs(target - above);
	const distanceAboveLeft = Math.abs(target - aboveLeft);
	if (distanceLeft <= distanceAbove && distanceLeft <= distanceAboveLeft) return left;
	return distanceAbove <= distanceAboveLeft ? above : aboveLeft;
}

function unfiltered(pixelLength: number, search: (row: Buffer) => boolean): RowSearch {
	let previous: Buffer | undefined;
	return (filter, row) => {
		for (let at = 0; at < row.length; at += 1) {
			const left = row[at - pixelLength] ?? 0;
			const above = previous?.[at] ?? 0;
			const aboveLeft = previous?.[at - pixelLength] ?? 0;
			row[at] = (row[at] ?? 0) + predict(filter, left, above, aboveLeft);
		}
		previous = row;
		return search(row);
	};
}

/** Several samples may share a byte, the first one in the highest bits. */
function hasSample(
	row: Buffer,
	samples: ReadonlySet<number>,
	bitDepth: number,
	width: number,
): boolean {
	const mask = 2 ** bitDepth - 1;
	const perByte = 8 / bitDepth;
	for (let x = 0; x < width; x += 1) {
		const byte = row[Math.floor(x / perByte)] ?? 0;
		if (samples.has((byte >> (8 - bitDepth * ((x % perByte) + 1))) & mask)) return true;
	}
	return false;
}

function hasColor(row: Buffer, color: Buffer): boolean {
	for (let at = row.indexOf(color); at >= 0; at = row.indexOf(color, at + 1)) {
		if (at % color.length === 0) return true;
	}
	return false;
}
