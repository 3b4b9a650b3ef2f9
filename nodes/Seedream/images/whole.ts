import type { ImageFormatName } from './format';

/** Passes a file's bytes on, and throws at the end when the end of the image is missing. */
export type WholeCheck = (bytes: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>;

/** Some programs write bytes of their own behind the image. */
const TAIL_LENGTH = 1024;
const HEAD_LENGTH = 8;

const PNG_END = Buffer.from('49454e44ae426082', 'hex');
const JPEG_END = Buffer.from('ffd9', 'hex');
/** The end of the last block of pixels, and the trailer. */
const GIF_END = Buffer.from('003b', 'hex');

/** A proxy may cut a file short and announce the shorter length: only the image itself tells. */
export function wholeCheck(format: ImageFormatName): WholeCheck {
	return async function* (bytes) {
		let head = Buffer.alloc(0);
		let tail = Buffer.alloc(0);
		let length = 0;
		for await (const chunk of bytes) {
			if (head.length < HEAD_LENGTH) head = Buffer.concat([head, chunk]).subarray(0, HEAD_LENGTH);
			tail = Buffer.concat([tail, chunk.subarray(-TAIL_LENGTH)]).subarray(-TAIL_LENGTH);
			length += chunk.length;
			yield chunk;
		}
		if (!isWhole(format, { head, tail, length })) {
			throw new RangeError('the image breaks off before its end');
		}
	};
}

interface FileEnds {
	head: Buffer;
	tail: Buffer;
	length: number;
}

function isWhole(format: ImageFormatName, { head, tail, length }: FileEnds): boolean {
	switch (format) {
		case 'png':
			return tail.includes(PNG_END);
		case 'jpeg':
			return tail.includes(JPEG_END);
		case 'webp':
			// The RIFF header counts the bytes behind itself.
			return head.length === HEAD_LENGTH && length >= head.readUInt32LE(4) + HEAD_LENGTH;
		case 'bmp':
			return head.length === HEAD_LENGTH && length >= head.readUInt32LE(2);
		case 'gif':
			return tail.includes(GIF_END);
		case 'tiff':
			// Its parts may stand anywhere.
			return true;
	}
}
