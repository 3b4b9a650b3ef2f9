import { createHash } from 'crypto';

import { otherFormat, OTHER_SIGNATURE_LENGTH } from './imageFormat';
import { watchStructure } from './imageStructure';
import { measureImage, type MeasuredImage } from './measureImage';

/** What the bytes of a file prove. */
export interface InspectedFile {
	/** Of all of it, as SHA-256: a file that an earlier node reads again has another id, and is the same. */
	hash: string;
	bytes: number;
	/** Undefined when its bytes are no image that can be measured. */
	measured: MeasuredImage | undefined;
	/** What it is instead, where it is something that people often take for such an image. */
	otherFormat: string | undefined;
	/** It ends in the middle of its image. */
	isCutShort: boolean;
}

/** Reads a file once, to its end, and holds one chunk of it at a time. Throws only what the source throws. */
export async function inspectFile(chunks: AsyncIterable<Uint8Array>): Promise<InspectedFile> {
	const hash = createHash('sha256');
	let bytes = 0;
	const structure = watchStructure();
	const source = chunks[Symbol.asyncIterator]();
	const seen = async function* () {
		for (let next = await source.next(); !next.done; next = await source.next()) {
			hash.update(next.value);
			bytes += next.value.length;
			structure.see(next.value);
			yield next.value;
		}
	};
	try {
		// Whoever measures reads no further than the header, and closes what it reads from.
		const header = await inspectHeader(seen());
		const rest = seen();
		while (!(await rest.next()).done);
		return { hash: hash.digest('hex'), bytes, ...header, isCutShort: structure.isCutShort() };
	} finally {
		await source.return?.();
	}
}

/** The same of a file of which no more is read than it takes. */
export async function inspectHeader(
	chunks: AsyncIterable<Uint8Array>,
): Promise<Pick<InspectedFile, 'measured' | 'otherFormat'>> {
	const source = chunks[Symbol.asyncIterator]();
	let start = Buffer.alloc(0);
	const next = async () => {
		const pulled = await source.next();
		const isShort = start.length < OTHER_SIGNATURE_LENGTH;
		if (!pulled.done && isShort) start = Buffer.concat([start, pulled.value]);
		return pulled;
	};
	const seen = async function* () {
		for (let pulled = await next(); !pulled.done; pulled = await next()) yield pulled.value;
	};
	try {
		const measured = await measureImage(seen());
		if (measured) return { measured, otherFormat: undefined };
		while (start.length < OTHER_SIGNATURE_LENGTH && !(await next()).done);
		return { measured, otherFormat: otherFormat(start) };
	} finally {
		await source.return?.();
	}
}
