import type { ImageFormatName } from '../providers/referenceLimits';
import { imageFormat, SIGNATURE_LENGTH } from './imageFormat';

/** What a walk through a file wants next: so many bytes, to leave out so many, or to come behind a mark. */
type Step = { read: number } | { skip: number } | { find: Buffer };
type Walk = Generator<Step, void, Buffer>;

/** Watches the bytes of a file go by, to tell whether it ends before its image does. */
export interface StructureWatch {
	see: (bytes: Uint8Array) => void;
	isCutShort: () => boolean;
}

/**
 * Follows the structure of a file from part to part, and so knows its end from a byte that only looks like it.
 * What stands behind the image does not matter: phones put whole films there. A file whose structure is
 * unknown counts as whole, and so does a TIFF, whose parts may stand anywhere.
 */
export function watchStructure(): StructureWatch {
	let walk: Walk | undefined;
	let step: IteratorResult<Step, void> | undefined;
	let toSkip = 0;
	let kept: Buffer = NOTHING;

	const goOn = (bytes?: Buffer) => {
		step = bytes ? walk?.next(bytes) : walk?.next();
		toSkip = step?.value && 'skip' in step.value ? Math.max(0, step.value.skip) : 0;
	};
	/** Gives the step what it wants, and returns the rest; undefined while there is too little. */
	const take = (bytes: Buffer): Buffer | undefined => {
		if (!step || step.done) return undefined;
		const { value } = step;
		if ('read' in value) {
			if (bytes.length < value.read) return undefined;
			goOn(bytes.subarray(0, value.read));
			return bytes.subarray(value.read);
		}
		if ('skip' in value) {
			const skipped = Math.min(toSkip, bytes.length);
			toSkip -= skipped;
			if (toSkip > 0) return undefined;
			goOn(NOTHING);
			return bytes.subarray(skipped);
		}
		const at = bytes.indexOf(value.find);
		if (at < 0) return undefined;
		goOn(value.find);
		return bytes.subarray(at + value.find.length);
	};
	/** What a later chunk may complete. */
	const unfinished = (bytes: Buffer): Buffer => {
		if (!step || step.done || 'skip' in step.value) return NOTHING;
		return 'read' in step.value ? bytes : bytes.subarray(-(step.value.find.length - 1));
	};
	return {
		see: (chunk) => {
			if (step?.done) return;
			let bytes: Buffer = Buffer.concat([kept, chunk]);
			if (!step) {
				kept = bytes;
				if (bytes.length < SIGNATURE_LENGTH) return;
				const format = imageFormat(bytes.subarray(0, SIGNATURE_LENGTH));
				walk = (format && WALKS[format])?.() ?? walkNowhere();
				goOn();
			}
			for (let rest = take(bytes); rest; rest = take(bytes)) bytes = rest;
			kept = unfinished(bytes);
		},
		isCutShort: () => (step ? !step.done : imageFormat(kept) !== undefined),
	};
}

const NOTHING: Buffer = Buffer.alloc(0);

const WALKS: Partial<Record<ImageFormatName, () => Walk>> = {
	png: walkPng,
	jpeg: walkJpeg,
	gif: walkGif,
	webp: walkWebp,
	bmp: walkBmp,
};

function* walkNowhere(): Walk {}

function* walkPng(): Walk {
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
const STANDS_ALONE = new Set([0x01, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]);

/** A preview in a segment before the scans has an end of its own, so segments are left out whole. */
function* walkJpeg(): Walk {
	for (;;) {
		if ((yield { read: 1 })[0] !== FF) return;
		let marker = (yield { read: 1 })[0];
		while (marker === FF) marker = (yield { read: 1 })[0];
		if (marker === undefined || marker === 0 || marker === END_OF_IMAGE) return;
		if (STANDS_ALONE.has(marker)) continue;
		yield { skip: (yield { read: 2 }).readUInt16BE(0) - 2 };
		if (marker !== START_OF_SCAN) continue;
		// Inside of the pixels, another byte stands behind each ff.
		yield { find: Buffer.from([FF, END_OF_IMAGE]) };
		return;
	}
}

const GIF_IMAGE = 0x2c;
const GIF_EXTENSION = 0x21;

function* walkGif(): Walk {
	const screen = yield { read: 13 };
	yield { skip: colours(screen.readUInt8(10)) };
	for (;;) {
		const block = (yield { read: 1 })[0];
		if (block === GIF_IMAGE) {
			const image = yield { read: 9 };
			// The colours of this image, and the size of its codes.
			yield { skip: colours(image.readUInt8(8)) + 1 };
		} else if (block === GIF_EXTENSION) yield { skip: 1 };
		else return;
		for (;;) {
			const length = (yield { read: 1 }).readUInt8(0);
			if (length === 0) break;
			yield { skip: length };
		}
	}
}

/** The length of a table of colours; the first bit says whether there is one. */
function colours(flags: number): number {
	return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

function* walkWebp(): Walk {
	const header = yield { read: 12 };
	yield { skip: header.readUInt32LE(4) + 8 - header.length };
}

/** Some programs write 0 for the length. */
function* walkBmp(): Walk {
	const header = yield { read: 6 };
	yield { skip: header.readUInt32LE(2) - header.length };
}
