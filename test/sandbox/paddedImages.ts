import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

import type { ImageRenderer } from './imageRenderer';
import { BlackJpegs, jpegLabelOf } from './paddedJpegs';
import type { PixelSize } from './pixelSizes';
import { taskImageOf } from './taskImages';
import type { Task } from './tasks';

const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** Private, ancillary and safe to copy, so readers skip it. */
const PADDING_CHUNK = 'paDd';

const CHUNK_FRAME_BYTES = 12;

const TEXT_KEYWORD = 'Task\0';

/** The gray value that is transparent. */
const BLACK = Buffer.alloc(2);

/**
 * Black images with the task's pixel size and exactly the given number of bytes. They take almost no time to make:
 * drawing real images would distort a benchmark on the same machine. A text chunk or a comment says which image it is.
 * A transparent image is transparent everywhere.
 */
export class PaddedImageRenderer implements ImageRenderer {
	private readonly blackPixels = new Map<string, Buffer>();

	private readonly padding = new Map<number, Buffer>();

	private readonly jpegs: BlackJpegs;

	constructor(private readonly bytes: number) {
		this.jpegs = new BlackJpegs(bytes);
	}

	async render(task: Task, index: number): Promise<Buffer> {
		const { pixels, format, isTransparent } = taskImageOf(task, index);
		const label = `${TEXT_KEYWORD}${task.id}/${index}`;
		return format === 'jpeg'
			? this.jpegs.render(pixels, label)
			: this.png(pixels, label, isTransparent);
	}

	private png(pixels: PixelSize, label: string, isTransparent: boolean): Buffer {
		const start = Buffer.concat([
			PNG_SIGNATURE,
			header(pixels),
			chunk('tEXt', Buffer.from(label, 'latin1')),
			...(isTransparent ? [chunk('tRNS', BLACK)] : []),
			this.pixels(pixels),
		]);
		const end = chunk('IEND', Buffer.alloc(0));
		const padding = this.paddingOf(this.bytes - start.length - end.length);
		return Buffer.concat([start, padding, end]);
	}

	private pixels({ width, height }: PixelSize): Buffer {
		const key = `${width}x${height}`;
		const cached = this.blackPixels.get(key);
		if (cached !== undefined) return cached;
		// One bit per pixel, and the filter byte before each line.
		const pixels = chunk('IDAT', deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height)));
		this.blackPixels.set(key, pixels);
		return pixels;
	}

	/** Random, so it can't be compressed in transit. The same for all images. */
	private paddingOf(bytes: number): Buffer {
		const cached = this.padding.get(bytes);
		if (cached !== undefined) return cached;
		const padding = chunk(PADDING_CHUNK, randomBytes(Math.max(0, bytes - CHUNK_FRAME_BYTES)));
		this.padding.set(bytes, padding);
		return padding;
	}
}

/** The `<task id>/<index>` of a padded image; undefined for any other file. */
export function labelOf(image: Buffer): string | undefined {
	const start = image.indexOf(`tEXt${TEXT_KEYWORD}`, 0, 'latin1');
	if (start < CHUNK_FRAME_BYTES) return jpegLabelOf(image, TEXT_KEYWORD);
	const data = start + 4;
	const end = data + image.readUInt32BE(start - 4);
	return image.toString('latin1', data + TEXT_KEYWORD.length, end);
}

function header({ width, height }: PixelSize): Buffer {
	const data = Buffer.alloc(13);
	data.writeUInt32BE(width, 0);
	data.writeUInt32BE(height, 4);
	data.writeUInt8(1, 8);
	return chunk('IHDR', data);
}

function chunk(type: string, data: Buffer): Buffer {
	const length = Buffer.alloc(4);
	length.writeUInt32BE(data.length);
	const typeAndData = Buffer.concat([Buffer.from(type, 'latin1'), data]);
	const check = Buffer.alloc(4);
	check.writeUInt32BE(crc32(typeAndData));
	return Buffer.concat([length, typeAndData, check]);
}
