import { randomBytes } from 'node:crypto';
import sharp from 'sharp';

import type { PixelSize } from './pixelSizes';

const COMMENT_MARKER = Buffer.from('fffe', 'hex');

const START_BYTES = 2;

/** A segment's marker and length. */
const FRAME_BYTES = 4;

/** The length counts itself. */
const LENGTH_BYTES = 2;

const MAX_COMMENT_BYTES = 0xffff - LENGTH_BYTES;

/** Black JPEGs of a given number of bytes, or of the few that their pixels take. */
export class BlackJpegs {
	private readonly black = new Map<string, Promise<Buffer>>();

	private readonly padding: Buffer;

	/** The padding is random, so it can't be compressed in transit. */
	constructor(private readonly bytes: number) {
		this.padding = randomBytes(MAX_COMMENT_BYTES);
	}

	async render(pixels: PixelSize, label: string): Promise<Buffer> {
		const image = await this.pixels(pixels);
		const start = [
			image.subarray(0, START_BYTES),
			comment(Buffer.from(label, 'latin1')),
			image.subarray(START_BYTES),
		];
		const missing = this.bytes - start.reduce((sum, { length }) => sum + length, 0);
		return Buffer.concat([...start.slice(0, 2), ...this.comments(missing), ...start.slice(2)]);
	}

	/** That many bytes of comments; a comment has at least four. */
	private comments(bytes: number): Buffer[] {
		if (bytes < FRAME_BYTES) return [];
		const full = FRAME_BYTES + MAX_COMMENT_BYTES;
		const next = bytes <= full ? bytes : Math.min(full, bytes - FRAME_BYTES);
		return [comment(this.padding.subarray(0, next - FRAME_BYTES)), ...this.comments(bytes - next)];
	}

	private pixels({ width, height }: PixelSize): Promise<Buffer> {
		const key = `${width}x${height}`;
		const cached = this.black.get(key);
		if (cached !== undefined) return cached;
		const black = sharp({ create: { width, height, channels: 3, background: 'black' } })
			.toColourspace('b-w')
			.jpeg({ mozjpeg: true })
			.toBuffer();
		this.black.set(key, black);
		return black;
	}
}

/** The rest of the first comment that begins with the keyword; undefined if there's none. */
export function jpegLabelOf(image: Buffer, keyword: string): string | undefined {
	if (!image.subarray(START_BYTES, START_BYTES + 2).equals(COMMENT_MARKER)) return undefined;
	const end = START_BYTES + 2 + image.readUInt16BE(START_BYTES + 2);
	const text = image.toString('latin1', START_BYTES + FRAME_BYTES, end);
	return text.startsWith(keyword) ? text.slice(keyword.length) : undefined;
}

function comment(data: Buffer): Buffer {
	const length = Buffer.alloc(LENGTH_BYTES);
	length.writeUInt16BE(data.length + LENGTH_BYTES);
	return Buffer.concat([COMMENT_MARKER, length, data]);
}
