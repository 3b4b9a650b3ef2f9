import { crc32, deflateSync } from 'node:zlib';

export interface PngPicture {
	width: number;
	height: number;
	/** 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGB with alpha. */
	colorType: number;
	bitDepth: number;
	isInterlaced?: boolean;
	/** The samples of each pixel, row by row. */
	pixels: number[][];
	/** Content of the tRNS chunk. */
	trns?: Buffer;
	/** The filter of each row, from 0 to 4. They repeat. */
	filters?: number[];
	/** In the unused bits at the end of a row. */
	padding?: 0 | 1;
	/** Bytes in each IDAT. */
	idatLength?: number;
}

export const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** Unlike sharp, it writes every variant of a PNG. */
export function png(picture: PngPicture): Buffer {
	const { colorType, trns, idatLength = 8192 } = picture;
	const compressed = deflateSync(scanlines(picture));
	const idats: Buffer[] = [];
	for (let from = 0; from < compressed.length; from += idatLength) {
		idats.push(pngChunk('IDAT', compressed.subarray(from, from + idatLength)));
	}
	const palette = Buffer.from(Array.from({ length: 3 * 256 }, (_, index) => index % 256));
	const colors = 3 * 2 ** picture.bitDepth;
	return Buffer.concat([
		PNG_SIGNATURE,
		ihdr(picture),
		...(colorType === 3 ? [pngChunk('PLTE', palette.subarray(0, colors))] : []),
		...(trns ? [pngChunk('tRNS', trns)] : []),
		...idats,
		pngChunk('IEND'),
	]);
}

type Header = Omit<PngPicture, 'pixels'>;

export function ihdr({ width, height, bitDepth, colorType, isInterlaced = false }: Header): Buffer {
	const content = Buffer.alloc(13);
	content.writeUInt32BE(width, 0);
	content.writeUInt32BE(height, 4);
	content.set([bitDepth, colorType, 0, 0, isInterlaced ? 1 : 0], 8);
	return pngChunk('IHDR', content);
}

export function pngChunk(type: string, content: Buffer = Buffer.alloc(0)): Buffer {
	const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
	const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
	length.writeUInt32BE(content.length);
	crc.writeUInt32BE(crc32(named));
	return Buffer.concat([length, named, crc]);
}

/** The pass of each pixel in a block of 8×8. */
const ADAM7 = [
	[1, 6, 4, 6, 2, 6, 4, 6],
	[7, 7, 7, 7, 7, 7, 7, 7],
	[5, 6, 5, 6, 5, 6, 5, 6],
	[7, 7, 7, 7, 7, 7, 7, 7],
	[3, 6, 4, 6, 3, 6, 4, 6],
	[7, 7, 7, 7, 7, 7, 7, 7],
	[5, 6, 5, 6, 5, 6, 5, 6],
	[7, 7, 7, 7, 7, 7, 7, 7],
];

function scanlines(picture: PngPicture): Buffer {
	const { width, height, pixels, isInterlaced, filters = [0] } = picture;
	const lines: Buffer[] = [];
	for (const pass of isInterlaced ? [1, 2, 3, 4, 5, 6, 7] : [0]) {
		let above: number[] = [];
		for (let y = 0; y < height; y += 1) {
			const row = pixels
				.slice(y * width, (y + 1) * width)
				.filter((_, x) => pass === 0 || ADAM7[y % 8]?.[x % 8] === pass);
			if (row.length === 0) continue;
			const bytes = packed(row.flat(), picture);
			const filter = filters[lines.length % filters.length] ?? 0;
			lines.push(Buffer.from([filter, ...filtered(bytes, above, filter, pixelLength(picture))]));
			above = bytes;
		}
	}
	return Buffer.concat(lines);
}

const CHANNELS: Partial<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function pixelLength({ colorType, bitDepth }: PngPicture): number {
	return Math.max(1, ((CHANNELS[colorType] ?? 1) * bitDepth) / 8);
}

function packed(samples: number[], { bitDepth, padding = 0 }: PngPicture): number[] {
	const bits = samples.map((sample) => sample.toString(2).padStart(bitDepth, '0')).join('');
	const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, String(padding));
	return (whole.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2));
}

function filtered(bytes: number[], above: number[], filter: number, distance: number): number[] {
	return bytes.map((byte, at) => {
		const a = bytes[at - distance] ?? 0;
		const b = above[at] ?? 0;
		const c = above[at - distance] ?? 0;
		const predicted = [0, a, b, Math.floor((a + b) / 2), paeth(a, b, c)][filter] ?? 0;
		return (byte - predicted + 256) % 256;
	});
}

function paeth(a: number, b: number, c: number): number {
	const distance = (value: number) => Math.abs(a + b - c - value);
	return [a, b, c].reduce((best, value) => (distance(value) < distance(best) ? value : best));
}
