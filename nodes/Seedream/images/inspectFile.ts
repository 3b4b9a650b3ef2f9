import { createHash } from 'crypto';

import { otherFormat, OTHER_SIGNATURE_LENGTH } from './imageFormat';
import { StructureChecker } from './imageStructure';
import { measureImage, type MeasuredImage } from './measureImage';

/** What a file's own bytes tell. */
export interface InspectedFile {
	/** SHA-256 of the content: if an earlier node reads the file again, its ID in n8n changes. */
	hash: string;
	bytes: number;
	/** Undefined if it isn't an image whose size can be read. */
	measured: MeasuredImage | undefined;
	/** What it is instead, if it's something that's often mistaken for such an image. */
	otherFormat: string | undefined;
	isTruncated: boolean;
}

/** Reads a file once, chunk by chunk. Throws only what the source throws. */
export async function inspectFile(chunks: AsyncIterable<Uint8Array>): Promise<InspectedFile> {
	const hash = createHash('sha256');
	let bytes = 0;
	const structure = new StructureChecker();
	const source = chunks[Symbol.asyncIterator]();
	const read = async function* () {
		for (let next = await source.next(); !next.done; next = await source.next()) {
			hash.update(next.value);
			bytes += next.value.length;
			structure.update(next.value);
			yield next.value;
		}
	};
	try {
		// Reads no further than the header, and closes its iterator, so the rest gets another one.
		const header = await inspectHeader(read());
		const rest = read();
		while (!(await rest.next()).done);
		return { hash: hash.digest('hex'), bytes, ...header, isTruncated: structure.isTruncated() };
	} finally {
		await source.return?.();
	}
}

/** Reads no more of the file than it needs. */
export async function inspectHeader(
	chunks: AsyncIterable<Uint8Array>,
): Promise<Pick<InspectedFile, 'measured' | 'otherFormat'>> {
	const source = chunks[Symbol.asyncIterator]();
	let start = Buffer.alloc(0);
	const readNext = async () => {
		const next = await source.next();
		const isShort = start.length < OTHER_SIGNATURE_LENGTH;
		if (!next.done && isShort) start = Buffer.concat([start, next.value]);
		return next;
	};
	const read = async function* () {
		for (let next = await readNext(); !next.done; next = await readNext()) yield next.value;
	};
	try {
		const measured = await measureImage(read());
		if (measured) return { measured, otherFormat: undefined };
		while (start.length < OTHER_SIGNATURE_LENGTH && !(await readNext()).done);
		return { measured, otherFormat: otherFormat(start) };
	} finally {
		await source.return?.();
	}
}
