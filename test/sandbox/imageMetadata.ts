import { open, stat } from 'node:fs/promises';
import sharp from 'sharp';

import { heifSize } from './heif';
import type { PixelSize } from './pixelSizes';

/** Read from an image's bytes, regardless of its name or Content-Type. */
export interface ImageMetadata extends PixelSize {
	/** As sharp names it (jpeg png webp gif tiff svg …), or `bmp`, `heif` (HEIC too) or `avif`. */
	format: string;
	bytes: number;
}

/** The image's bytes, or the path of its file. */
export type ImageSource = Buffer | string;

/** sharp can't decode these two, so only their headers are parsed. */
const BMP = 'bmp';

const HEIF = 'heif';

/** Enough for the metadata in front of a HEIF's pixels. */
const HEIF_HEADER_BYTES = 64 * 1024;

/** A BMP's file header and the beginning of the header after it. */
const BMP_HEADER_BYTES = 26;

/** The length of the old OS/2 header, in which width and height take two bytes each. */
const BMP_CORE_HEADER_BYTES = 12;

/** An image is decoded to this size when only its completeness matters. */
const PROBE_SIDE = 16;

/** Undefined if the bytes aren't in a known image format. Reads only the header. */
export async function readImageMetadata(image: ImageSource): Promise<ImageMetadata | undefined> {
	const bytes = await countBytes(image);
	const bmp = bmpSize(await firstBytes(image, BMP_HEADER_BYTES), bytes);
	if (bmp !== undefined) return { format: BMP, ...bmp, bytes };
	const heif = heifSize(await firstBytes(image, HEIF_HEADER_BYTES));
	if (heif !== undefined) return { format: HEIF, ...heif, bytes };
	try {
		const { format, width, height } = await sharp(image, {
			failOn: 'none',
			limitInputPixels: false,
		}).metadata();
		// The only other format of this family that sharp can read.
		return { format: format === HEIF ? 'avif' : format, width, height, bytes };
	} catch {
		return undefined;
	}
}

/** Whether sharp can decode it. */
export function canDecode({ format }: ImageMetadata): boolean {
	return format !== BMP && format !== HEIF;
}

/** Whether at least one pixel of a PNG isn't opaque. */
export async function isTransparentPng(image: ImageSource): Promise<boolean> {
	const metadata = await readImageMetadata(image);
	if (metadata?.format !== 'png') return false;
	try {
		return !(await sharp(image, { limitInputPixels: false }).stats()).isOpaque;
	} catch {
		return false;
	}
}

/** Whether all pixels can be decoded, not just the header. BMPs and HEIFs are assumed to be complete. */
export async function isComplete(image: ImageSource, metadata: ImageMetadata): Promise<boolean> {
	if (!canDecode(metadata)) return true;
	try {
		await sharp(image, { failOn: 'truncated', limitInputPixels: false })
			.resize(PROBE_SIDE, PROBE_SIDE, { fit: 'fill', kernel: 'nearest' })
			.raw()
			.toBuffer();
		return true;
	} catch {
		return false;
	}
}

function bmpSize(header: Buffer, bytes: number): PixelSize | undefined {
	if (header.length < BMP_HEADER_BYTES || header.toString('latin1', 0, 2) !== 'BM')
		return undefined;
	const pixelOffset = header.readUInt32LE(10);
	if (pixelOffset >= bytes) return undefined;
	if (header.readUInt32LE(14) === BMP_CORE_HEADER_BYTES) {
		return { width: header.readUInt16LE(18), height: header.readUInt16LE(20) };
	}
	// A negative height means that the rows are stored from top to bottom.
	return { width: header.readInt32LE(18), height: Math.abs(header.readInt32LE(22)) };
}

async function countBytes(image: ImageSource): Promise<number> {
	return typeof image === 'string' ? (await stat(image)).size : image.length;
}

async function firstBytes(image: ImageSource, count: number): Promise<Buffer> {
	if (typeof image !== 'string') return image.subarray(0, count);
	const file = await open(image);
	try {
		const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
		return buffer.subarray(0, bytesRead);
	} finally {
		await file.close();
	}
}
