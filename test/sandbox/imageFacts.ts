import { open, stat } from 'node:fs/promises';
import sharp from 'sharp';

/** What the bytes of an image say of themselves, whatever a name or a Content-Type claims. */
export interface ImageFacts {
	/** As sharp names it (jpeg png webp gif tiff heif svg …), or `bmp`. */
	format: string;
	width: number;
	height: number;
	bytes: number;
}

/** An image: in memory, or the path of its file. */
export type ImageSource = Buffer | string;

/** The formats libvips reads here. BMP is not among them, so only its header is read. */
const BMP = 'bmp';

/** A BMP's file header and the start of the one after it. */
const BMP_HEADER_BYTES = 26;

/** The old OS/2 header has short sides. */
const BMP_CORE_HEADER = 12;

/** The small picture a whole image is decoded to when only its soundness matters. */
const PROBE_SIDE = 16;

/** Undefined when no image format is known in the bytes. Reads the header only. */
export async function readImageFacts(image: ImageSource): Promise<ImageFacts | undefined> {
	const bytes = await countBytes(image);
	const bitmap = bmpSides(await firstBytes(image, BMP_HEADER_BYTES), bytes);
	if (bitmap !== undefined) return { format: BMP, ...bitmap, bytes };
	try {
		const { format, width, height } = await sharp(image, {
			failOn: 'none',
			limitInputPixels: false,
		}).metadata();
		return { format, width, height, bytes };
	} catch {
		return undefined;
	}
}

/** Whether sharp can look at it at all. */
export function isDrawable({ format }: ImageFacts): boolean {
	return format !== BMP;
}

/** Whether the pixels are all there, and not just a header; a BMP is believed. */
export async function isComplete(image: ImageSource, facts: ImageFacts): Promise<boolean> {
	if (!isDrawable(facts)) return true;
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

function bmpSides(header: Buffer, bytes: number): Pick<ImageFacts, 'width' | 'height'> | undefined {
	if (header.length < BMP_HEADER_BYTES || header.toString('latin1', 0, 2) !== 'BM')
		return undefined;
	const pixelsAt = header.readUInt32LE(10);
	if (pixelsAt >= bytes) return undefined;
	if (header.readUInt32LE(14) === BMP_CORE_HEADER) {
		return { width: header.readUInt16LE(18), height: header.readUInt16LE(20) };
	}
	// A negative height only says that the rows are written from the top.
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
