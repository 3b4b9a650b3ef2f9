import type { ImageFormatName } from '../providers/referenceLimits';
import { imageFormat, SIGNATURE_LENGTH, signatureLength } from './imageFormat';

/**
 * What a parser needs next: to read bytes, unless the file may end here and does; to skip bytes; or to
 * find a marker and continue behind it.
 */
type Step = { read: number; mayEnd?: true } | { skip: number } | { find: Buffer };
type Parser = Generator<Step, void, Buffer>;

const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * Finds out whether a file ends before its image does, from the chunks of the file. It parses the
 * structure, so it isn't misled by bytes that merely look like an end marker. Anything behind the image
 * is ignored: phones append whole videos. A file with an unknown structure counts as complete, and so
 * does a TIFF, whose parts may be anywhere.
 */
export class StructureChecker {
	private parser?: Parser;

	private step?: IteratorResult<Step, void>;

	private toSkip = 0;

	/** Bytes that the current step needs together with the next chunk. */
	private pending: Buffer = NO_BYTES;

	update(chunk: Uint8Array): void {
		if (this.step?.done) return;
		let bytes: Buffer = Buffer.concat([this.pending, chunk]);
		if (!this.step) {
			this.pending = bytes;
			if (bytes.length < SIGNATURE_LENGTH) return;
			const length = signatureLength(bytes);
			if (bytes.length < length) return;
			const format = imageFormat(bytes.subarray(0, length));
			this.parser = (format && PARSERS[format])?.() ?? parseNothing();
			this.advance();
		}
		for (let rest = this.consume(bytes); rest; rest = this.consume(bytes)) bytes = rest;
		this.pending = this.unfinished(bytes);
	}

	isTruncated(): boolean {
		if (!this.step) return imageFormat(this.pending) !== undefined;
		if (this.step.done) return false;
		return !('mayEnd' in this.step.value && this.pending.length === 0);
	}

	/** Whether the end of the image was reached, or its structure is unknown. */
	isFinished(): boolean {
		return this.step?.done === true;
	}

	private advance(bytes?: Buffer): void {
		this.step = bytes ? this.parser?.next(bytes) : this.parser?.next();
		const step = this.step?.value;
		this.toSkip = step && 'skip' in step ? Math.max(0, step.skip) : 0;
	}

	/** Passes the bytes to the current step, and returns the rest; undefined if it needs more. */
	private consume(bytes: Buffer): Buffer | undefined {
		if (!this.step || this.step.done) return undefined;
		const { value: step } = this.step;
		if ('read' in step) {
			if (bytes.length < step.read) return undefined;
			this.advance(bytes.subarray(0, step.read));
			return bytes.subarray(step.read);
		}
		if ('skip' in step) {
			const skipped = Math.min(this.toSkip, bytes.length);
			this.toSkip -= skipped;
			if (this.toSkip > 0) return undefined;
			this.advance(NO_BYTES);
			return bytes.subarray(skipped);
		}
		const at = bytes.indexOf(step.find);
		if (at < 0) return undefined;
		this.advance(step.find);
		return bytes.subarray(at + step.find.length);
	}

	private unfinished(bytes: Buffer): Buffer {
		if (!this.step || this.step.done || 'skip' in this.step.value) return NO_BYTES;
		const { value: step } = this.step;
		return 'read' in step ? bytes : bytes.subarray(-(step.find.length - 1));
	}
}

const PARSERS: Partial<Record<ImageFormatName, () => Parser>> = {
	png: parsePng,
	jpeg: parseJpeg,
	gif: parseGif,
	webp: parseWebp,
	bmp: parseBmp,
	heic: parseHeif,
	heif: parseHeif,
};

function* parseNothing(): Parser {}

function* parsePng(): Parser {
	yield { skip: 8 };
	for (;;) {
		const chunk = yield { read: 8 };
		const type = chunk.toString('latin1', 4, 8);
		if (!/^[a-z]{4}$/i.test(type)) return;
		yield { skip: chunk.readUInt32BE(0) + 4 };
		if (type === 'IEND') return;
	}
}

const FF = 0xff;
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
/** TEM, RST and SOI have no length. */
const WITHOUT_LENGTH = new Set([0x01, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]);

/** Segments are skipped as a whole, because a preview inside one has its own end marker. */
function* parseJpeg(): Parser {
	for (;;) {
		if ((yield { read: 1 })[0] !== FF) return;
		let marker = (yield { read: 1 })[0];
		while (marker === FF) marker = (yield { read: 1 })[0];
		if (marker === undefined || marker === 0 || marker === END_OF_IMAGE) return;
		if (WITHOUT_LENGTH.has(marker)) continue;
		yield { skip: (yield { read: 2 }).readUInt16BE(0) - 2 };
		if (marker !== START_OF_SCAN) continue;
		// Within the pixel data, an ff is always followed by another byte.
		yield { find: Buffer.from([FF, END_OF_IMAGE]) };
		return;
	}
}

const GIF_IMAGE = 0x2c;
const GIF_EXTENSION = 0x21;

function* parseGif(): Parser {
	const screen = yield { read: 13 };
	yield { skip: colorTableLength(screen.readUInt8(10)) };
	for (;;) {
		const block = (yield { read: 1 })[0];
		if (block === GIF_IMAGE) {
			const image = yield { read: 9 };
			// The local color table and the code size.
			yield { skip: colorTableLength(image.readUInt8(8)) + 1 };
		} else if (block === GIF_EXTENSION) yield { skip: 1 };
		else return;
		for (;;) {
			const length = (yield { read: 1 }).readUInt8(0);
			if (length === 0) break;
			yield { skip: length };
		}
	}
}

/** The first bit says whether there's a table. */
function colorTableLength(flags: number): number {
	return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

function* parseWebp(): Parser {
	const header = yield { read: 12 };
	yield { skip: header.readUInt32LE(4) + 8 - header.length };
}

/** Some programs write a length of 0. */
function* parseBmp(): Parser {
	const header = yield { read: 6 };
	yield { skip: header.readUInt32LE(2) - header.length };
}

/**
 * A size of 1 means that the real one follows, 0 that the box extends to the end of the file. The
 * image consists of two boxes, in any order.
 */
function* parseHeif(): Parser {
	const missing = new Set(['meta', 'mdat']);
	while (missing.size > 0) {
		const header = yield { read: 8, mayEnd: true };
		const size = header.readUInt32BE(0);
		if (size === 1) yield { skip: Number((yield { read: 8 }).readBigUInt64BE(0)) - 16 };
		else if (size < 8) return;
		else yield { skip: size - 8 };
		missing.delete(header.toString('latin1', 4, 8));
	}
}
