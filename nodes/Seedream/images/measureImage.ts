import type { ImageFormatName } from '../providers/referenceLimits';
import { ForwardReader } from './forwardReader';
import { heifDimensions } from './heifDimensions';
import { imageFormat, SIGNATURE_LENGTH, signatureLength } from './imageFormat';

export interface Dimensions {
	/** Pixels, at least 1. */
	width: number;
	/** Pixels, at least 1. */
	height: number;
}

/** From the file's header, without any rotation in its metadata. */
export interface MeasuredImage extends Dimensions {
	format: ImageFormatName;
}

/**
 * Undefined if the bytes aren't an image in a known format, or end within the header. Reads no more
 * chunks than it needs, then closes the source. Throws only what the source throws.
 */
export async function measureImage(
	chunks: AsyncIterable<Uint8Array>,
): Promise<MeasuredImage | undefined> {
	const source = chunks[Symbol.asyncIterator]();
	try {
		return await measure(new ForwardReader(source));
	} finally {
		await source.return?.();
	}
}

/** They start at the first byte of the file, whose signature has been checked. */
const READERS: Record<ImageFormatName, (file: ForwardReader) => Promise<Dimensions | undefined>> = {
	jpeg: jpegDimensions,
	png: pngDimensions,
	webp: webpDimensions,
	gif: gifDimensions,
	bmp: bmpDimensions,
	tiff: tiffDimensions,
	heic: heifDimensions,
	heif: heifDimensions,
};

async function measure(file: ForwardReader): Promise<MeasuredImage | undefined> {
	const start = await readSignature(file);
	const format = start && imageFormat(start);
	if (!format) return undefined;
	file.putBack(start);
	const dimensions = await READERS[format](file);
	if (!dimensions || !isValidDimension(dimensions.width) || !isValidDimension(dimensions.height))
		return undefined;
	return { format, ...dimensions };
}

async function readSignature(file: ForwardReader): Promise<Buffer | undefined> {
	const start = await file.read(SIGNATURE_LENGTH);
	const rest = start && (await file.read(signatureLength(start) - start.length));
	return rest && Buffer.concat([start, rest]);
}

/** The limit of PNG and BMP; the other formats can't express as much. */
const MAX_DIMENSION = 2 ** 31 - 1;

function isValidDimension(length: number): boolean {
	return length >= 1 && length <= MAX_DIMENSION;
}

async function pngDimensions(file: ForwardReader): Promise<Dimensions | undefined> {
	const header = await file.read(24);
	if (header?.readUInt32BE(8) !== 13 || header.toString('latin1', 12, 16) !== 'IHDR') {
		return undefined;
	}
	return { width: header.readUInt32BE(16), height: header.readUInt32BE(20) };
}

async function gifDimensions(file: ForwardReader): Promise<Dimensions | undefined> {
	const header = await file.read(10);
	return header && { width: header.readUInt16LE(6), height: header.readUInt16LE(8) };
}

const CORE_HEADER_LENGTH = 12;
/** From BITMAPINFOHEADER to BITMAPV5HEADER, and OS/2's. */
const INFO_HEADER_LENGTHS = [40, 52, 56, 64, 108, 124];

/** A negative height means that the rows are stored from top to bottom. */
async function bmpDimensions(file: ForwardReader): Promise<Dimensions | undefined> {
	const header = await file.read(18);
	const length = header?.readUInt32LE(14) ?? 0;
	if (length === CORE_HEADER_LENGTH) {
		const dimensions = await file.read(4);
		return dimensions && { width: dimensions.readUInt16LE(0), height: dimensions.readUInt16LE(2) };
	}
	if (!INFO_HEADER_LENGTHS.includes(length)) return undefined;
	const dimensions = await file.read(8);
	return (
		dimensions && { width: dimensions.readInt32LE(0), height: Math.abs(dimensions.readInt32LE(4)) }
	);
}

async function webpDimensions(file: ForwardReader): Promise<Dimensions | undefined> {
	const start = await file.read(20);
	switch (start?.toString('latin1', 12, 16)) {
		case 'VP8 ':
			return lossyDimensions(await file.read(10));
		case 'VP8L':
			return losslessDimensions(await file.read(5));
		case 'VP8X':
			return extendedDimensions(await file.read(10));
		default:
			return undefined;
	}
}

/** RFC 6386, 9.1: a key frame starts with a 0 bit; the upper two bits of each dimension are a scale. */
function lossyDimensions(frame: Buffer | undefined): Dimensions | undefined {
	if (!frame || frame.readUInt8(0) % 2 !== 0 || frame.readUIntBE(3, 3) !== 0x9d012a) {
		return undefined;
	}
	return { width: frame.readUInt16LE(6) & 0x3fff, height: frame.readUInt16LE(8) & 0x3fff };
}

/** RFC 9649, 3.4: 14 bits each for width - 1 and height - 1, one for alpha, and three for version 0. */
function losslessDimensions(header: Buffer | undefined): Dimensions | undefined {
	if (header?.readUInt8(0) !== 0x2f) return undefined;
	const bits = header.readUInt32LE(1);
	if (bits >>> 29 !== 0) return undefined;
	return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

function extendedDimensions(header: Buffer | undefined): Dimensions | undefined {
	return header && { width: header.readUIntLE(4, 3) + 1, height: header.readUIntLE(7, 3) + 1 };
}

const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const START_OF_IMAGE = 0xd8;
const TEMPORARY = 0x01;

/** Far more than any camera writes. Ends a file of nothing but empty segments. */
const MAX_SEGMENTS = 10_000;

async function jpegDimensions(file: ForwardReader): Promise<Dimensions | undefined> {
	await file.skip(2);
	for (let segment = 0; segment < MAX_SEGMENTS; segment += 1) {
		const marker = await jpegMarker(file);
		if (marker === undefined || endsHeader(marker)) return undefined;
		if (standsAlone(marker)) continue;
		const length = (await file.read(2))?.readUInt16BE(0) ?? 0;
		if (isFrame(marker)) return length < 8 ? undefined : frameDimensions(await file.read(5));
		if (length < 2) return undefined;
		await file.skip(length - 2);
	}
	return undefined;
}

/** Any number of fill bytes may precede a marker. */
async function jpegMarker(file: ForwardReader): Promise<number | undefined> {
	const first = await file.read(1);
	if (first?.readUInt8(0) !== 0xff) return undefined;
	await file.skipEvery(0xff);
	return (await file.read(1))?.readUInt8(0);
}

function endsHeader(marker: number): boolean {
	return [0x00, START_OF_IMAGE, END_OF_IMAGE, START_OF_SCAN].includes(marker);
}

function standsAlone(marker: number): boolean {
	return marker === TEMPORARY || (marker >= 0xd0 && marker <= 0xd7);
}

/** Except for DHT, JPG and DAC, which are in the same range. */
function isFrame(marker: number): boolean {
	return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** A height of 0 would be defined after the first scan (DNL), which isn't supported. */
function frameDimensions(frame: Buffer | undefined): Dimensions | undefined {
	return frame && { width: frame.readUInt16BE(3), height: frame.readUInt16BE(1) };
}

const TIFF_HEADER_LENGTH = 8;
const IMAGE_WIDTH = 256;
const IMAGE_LENGTH = 257;
const SHORT = 3;
const LONG = 4;

/** The first directory may be anywhere after the header, so everything before it is skipped. */
async function tiffDimensions(file: ForwardReader): Promise<Dimensions | undefined> {
	const header = await file.read(TIFF_HEADER_LENGTH);
	if (!header) return undefined;
	const numbers = tiffNumbers(header.toString('latin1', 0, 2) === 'MM');
	const directory = numbers.long(header, 4);
	if (directory < TIFF_HEADER_LENGTH) return undefined;
	await file.skip(directory - TIFF_HEADER_LENGTH);
	const count = await file.read(2);
	return count && (await directoryDimensions(file, numbers.short(count, 0), numbers));
}

interface TiffNumbers {
	short: (bytes: Buffer, at: number) => number;
	long: (bytes: Buffer, at: number) => number;
}

function tiffNumbers(isBigEndian: boolean): TiffNumbers {
	return isBigEndian
		? {
				short: (bytes, at) => bytes.readUInt16BE(at),
				long: (bytes, at) => bytes.readUInt32BE(at),
			}
		: {
				short: (bytes, at) => bytes.readUInt16LE(at),
				long: (bytes, at) => bytes.readUInt32LE(at),
			};
}

async function directoryDimensions(
	file: ForwardReader,
	entries: number,
	numbers: TiffNumbers,
): Promise<Dimensions | undefined> {
	let width: number | undefined;
	let height: number | undefined;
	for (let read = 0; read < entries; read += 1) {
		const entry = await file.read(12);
		if (!entry) return undefined;
		const tag = numbers.short(entry, 0);
		if (tag === IMAGE_WIDTH) width = tiffDimension(entry, numbers);
		if (tag === IMAGE_LENGTH) height = tiffDimension(entry, numbers);
		if (width !== undefined && height !== undefined) return { width, height };
	}
	return undefined;
}

function tiffDimension(entry: Buffer, { short, long }: TiffNumbers): number | undefined {
	if (long(entry, 4) !== 1) return undefined;
	const kind = short(entry, 2);
	if (kind === SHORT) return short(entry, 8);
	return kind === LONG ? long(entry, 8) : undefined;
}
