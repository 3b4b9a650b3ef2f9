import type { ImageFormatName } from '../providers/referenceLimits';
import { StructureChecker } from './imageStructure';

/** Finds out whether the image in a file is complete, from the chunks of the file. */
export interface TruncationDetector {
	update: (bytes: Uint8Array) => void;
	isComplete: () => boolean;
}

/** What an image ends with. */
const END_MARKERS: Partial<Record<ImageFormatName, Buffer>> = {
	png: Buffer.from('49454e44ae426082', 'hex'),
	jpeg: Buffer.from('ffd9', 'hex'),
	/** The end of the last block of pixels, and the trailer. */
	gif: Buffer.from('003b', 'hex'),
};

/** Where the header contains the file's length, and how many bytes that doesn't count. */
const LENGTH_FIELDS: Partial<Record<ImageFormatName, { at: number; uncounted: number }>> = {
	webp: { at: 4, uncounted: 8 },
	bmp: { at: 2, uncounted: 0 },
};

/** Some programs append data of their own to the image. */
const MAX_TRAILING_BYTES = 64 * 1024;
const HEADER_LENGTH = 8;

/**
 * Detects a truncated download. A proxy may cut a file short and announce the shorter length, so only
 * the image itself tells. A TIFF doesn't, because its parts may be anywhere.
 *
 * `StructureChecker` isn't used here because it decides the other way in doubt: it accepts a reference
 * image with an unknown structure, which the user would otherwise have no way to send. A download with
 * an unknown structure needs its end marker, because trying again is free. HEIC and HEIF have none.
 */
export function detectTruncation(format: ImageFormatName): TruncationDetector {
	const endMarker = END_MARKERS[format];
	if (endMarker) return new EndMarkerDetector(endMarker);
	if (format === 'heic' || format === 'heif') return new StructureDetector();
	const field = LENGTH_FIELDS[format];
	return field ? new LengthDetector(field) : { update: () => {}, isComplete: () => true };
}

class StructureDetector implements TruncationDetector {
	private readonly structure = new StructureChecker();

	update(chunk: Uint8Array): void {
		this.structure.update(chunk);
	}

	isComplete(): boolean {
		return this.structure.isFinished();
	}
}

class EndMarkerDetector implements TruncationDetector {
	/** The marker may be split between two chunks. */
	private lastBytes = Buffer.alloc(0);

	private markerAt = -Infinity;

	private length = 0;

	constructor(private readonly marker: Buffer) {}

	update(chunk: Uint8Array): void {
		const { marker, lastBytes, length } = this;
		const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		const overlap = marker.length - 1;
		const seam = Buffer.concat([lastBytes, bytes.subarray(0, overlap)]);
		const inSeam = seam.lastIndexOf(marker);
		const inBytes = bytes.lastIndexOf(marker);
		if (inBytes >= 0) this.markerAt = length + inBytes;
		else if (inSeam >= 0) this.markerAt = length - lastBytes.length + inSeam;
		this.lastBytes = Buffer.concat([lastBytes, bytes.subarray(-overlap)]).subarray(-overlap);
		this.length += bytes.length;
	}

	isComplete(): boolean {
		return this.length - this.markerAt <= MAX_TRAILING_BYTES;
	}
}

class LengthDetector implements TruncationDetector {
	private header = Buffer.alloc(0);

	private length = 0;

	constructor(private readonly field: { at: number; uncounted: number }) {}

	update(chunk: Uint8Array): void {
		if (this.header.length < HEADER_LENGTH) {
			this.header = Buffer.concat([this.header, chunk]).subarray(0, HEADER_LENGTH);
		}
		this.length += chunk.length;
	}

	isComplete(): boolean {
		const { header, length, field } = this;
		if (header.length < HEADER_LENGTH) return false;
		return length >= header.readUInt32LE(field.at) + field.uncounted;
	}
}
