import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import type { PixelSize } from './pixelSizes';
import type { Task } from './tasks';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** Private, ancillary and safe to copy: readers skip it. */
const PADDING = 'paDd';

const CHUNK_FRAME_BYTES = 12;

const KEYWORD = 'Task\0';

/**
 * Black PNGs of the task's pixel size and of exactly so many bytes, at hardly any cost: drawing a hundred pictures
 * would keep the machine busy that a benchmark wants to measure. Each says in a text chunk what it is a picture of.
 */
export class PaddedPictures {
	private readonly blackPixels = new Map<string, Buffer>();

	private readonly padding = new Map<number, Buffer>();

	constructor(private readonly bytes: number) {}

	async picture(task: Task, index: number): Promise<Buffer> {
		const front = Buffer.concat([
			SIGNATURE,
			header(task.pixels),
			chunk('tEXt', Buffer.from(`${KEYWORD}${task.id}/${index}`, 'latin1')),
			this.pixels(task.pixels),
		]);
		const end = chunk('IEND', Buffer.alloc(0));
		return Buffer.concat([front, this.paddingOf(this.bytes - front.length - end.length), end]);
	}

	private pixels({ width, height }: PixelSize): Buffer {
		const key = `${width}x${height}`;
		const kept = this.blackPixels.get(key);
		if (kept !== undefined) return kept;
		// One bit a pixel, and in front of each line the byte that names its filter.
		const made = chunk('IDAT', deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height)));
		this.blackPixels.set(key, made);
		return made;
	}

	/** Random, so that nothing on the way can make it smaller; the same for all pictures. */
	private paddingOf(bytes: number): Buffer {
		const kept = this.padding.get(bytes);
		if (kept !== undefined) return kept;
		const made = chunk(PADDING, randomBytes(Math.max(0, bytes - CHUNK_FRAME_BYTES)));
		this.padding.set(bytes, made);
		return made;
	}
}

/** What a picture says of itself: `<task id>/<index>`; undefined for any other file. */
export function labelOf(picture: Buffer): string | undefined {
	const start = picture.indexOf(`tEXt${KEYWORD}`, 0, 'latin1');
	if (start < CHUNK_FRAME_BYTES) return undefined;
	const data = start + 4;
	const end = data + picture.readUInt32BE(start - 4);
	return picture.toString('latin1', data + KEYWORD.length, end);
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
