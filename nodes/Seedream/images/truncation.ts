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
	/** The last chunks, in which the marker may be. */
	private chunks: Buffer[] = [];

	/** Those before, with the rest of the last 64 KB. */
	private earlier: Buffer[] = [];

	private length = 0;

	constructor(private readonly marker: Buffer) {}

	update({ buffer, byteOffset, byteLength }: Uint8Array): void {
		if (this.length >= MAX_TRAILING_BYTES) {
			this.earlier = this.chunks;
			this.chunks = [];
			this.length = 0;
		}
		this.chunks.push(Buffer.from(buffer, byteOffset, byteLength));
		this.length += byteLength;
	}

	isComplete(): boolean {
		const { earlier, chunks } = this;
		// Nearly always in the last chunk, and joining them would copy them.
		return this.endsIn(chunks.at(-1)) || this.endsIn(Buffer.concat([...earlier, ...chunks]));
	}

	private endsIn(bytes?: Buffer): boolean {
		return bytes?.subarray(-MAX_TRAILING_BYTES).includes(this.marker) === true;
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
