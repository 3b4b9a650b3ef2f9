import type { ImageFormatName } from '../providers/referenceLimits';

/** Watches the bytes of a file go by, to tell whether the image in it has its end. */
export interface TruncationDetector {
	see: (bytes: Uint8Array) => void;
	isComplete: () => boolean;
}

/** Where these stand, the image ends. */
const ENDS: Partial<Record<ImageFormatName, Buffer>> = {
	png: Buffer.from('49454e44ae426082', 'hex'),
	jpeg: Buffer.from('ffd9', 'hex'),
	/** The end of the last block of pixels, and the trailer. */
	gif: Buffer.from('003b', 'hex'),
};

/** Where the header says how long the file is, and what that number leaves out. */
const LENGTHS: Partial<Record<ImageFormatName, { at: number; more: number }>> = {
	webp: { at: 4, more: 8 },
	bmp: { at: 2, more: 0 },
};

/** Some programs write bytes of their own behind the image. */
const MAX_TRAILING_BYTES = 64 * 1024;
const HEAD_LENGTH = 8;

/**
 * A proxy may cut a file short and announce the shorter length: only the image itself tells. A TIFF
 * does not, because its parts may stand anywhere.
 */
export function detectTruncation(format: ImageFormatName): TruncationDetector {
	const end = ENDS[format];
	const stated = LENGTHS[format];
	let head = Buffer.alloc(0);
	let lastBytes = Buffer.alloc(0);
	let endsAt = -Infinity;
	let length = 0;

	const lookForEnd = (bytes: Buffer, mark: Buffer) => {
		const overlap = mark.length - 1;
		const seam = Buffer.concat([lastBytes, bytes.subarray(0, overlap)]);
		const inSeam = seam.lastIndexOf(mark);
		const inBytes = bytes.lastIndexOf(mark);
		if (inBytes >= 0) endsAt = length + inBytes;
		else if (inSeam >= 0) endsAt = length - lastBytes.length + inSeam;
		lastBytes = Buffer.concat([lastBytes, bytes.subarray(-overlap)]).subarray(-overlap);
	};
	return {
		see: (chunk) => {
			const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
			if (head.length < HEAD_LENGTH) head = Buffer.concat([head, bytes]).subarray(0, HEAD_LENGTH);
			if (end) lookForEnd(bytes, end);
			length += bytes.length;
		},
		isComplete: () => {
			if (end) return length - endsAt <= MAX_TRAILING_BYTES;
			if (!stated) return true;
			return head.length === HEAD_LENGTH && length >= head.readUInt32LE(stated.at) + stated.more;
		},
	};
}
