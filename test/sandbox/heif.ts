import type { PixelSize } from './pixelSizes';

/** A box of an ISO base media file (ISO/IEC 14496-12), without its header. */
interface MediaBox {
	type: string;
	content: Buffer;
}

/** The brands of HEIF files that aren't AVIF (ISO/IEC 23008-12). */
const BRANDS = ['heic', 'heix', 'heim', 'heis', 'mif1', 'mif2'];

const HEADER_BYTES = 8;

const VERSION_BYTES = 4;

/** The pixel size of a HEIF or HEIC file: of its largest picture, since others are tiles and thumbnails. */
export function heifSize(file: Buffer): PixelSize | undefined {
	const [fileType, ...boxes] = boxesIn(file);
	if (fileType?.type !== 'ftyp' || !isHeif(fileType.content)) return undefined;
	const properties = contentAt(boxes, ['meta', 'iprp', 'ipco']);
	const sizes = boxesIn(properties)
		.filter(({ type, content }) => type === 'ispe' && content.length >= VERSION_BYTES + 8)
		.map(({ content }) => ({
			width: content.readUInt32BE(VERSION_BYTES),
			height: content.readUInt32BE(VERSION_BYTES + 4),
		}));
	return sizes.sort((a, b) => b.width * b.height - a.width * a.height)[0];
}

function isHeif(fileType: Buffer): boolean {
	const brands: string[] = fileType.toString('latin1').match(/.{4}/gs) ?? [];
	return BRANDS.includes(brands[0] ?? '') && !brands.includes('avif');
}

function contentAt(boxes: readonly MediaBox[], [type, ...rest]: readonly string[]): Buffer {
	const found = boxes.find((box) => box.type === type);
	if (found === undefined) return Buffer.alloc(0);
	// Only the box `meta` has a version.
	const content = type === 'meta' ? found.content.subarray(VERSION_BYTES) : found.content;
	return rest.length === 0 ? content : contentAt(boxesIn(content), rest);
}

function boxesIn(content: Buffer): MediaBox[] {
	const boxes: MediaBox[] = [];
	for (let at = 0; at + HEADER_BYTES <= content.length;) {
		// A box without a size reaches to the end.
		const bytes = content.readUInt32BE(at) || content.length - at;
		const start = at + HEADER_BYTES;
		boxes.push({
			type: content.toString('latin1', at + 4, start),
			content: content.subarray(start, at + bytes),
		});
		at += Math.max(HEADER_BYTES, bytes);
	}
	return boxes;
}
