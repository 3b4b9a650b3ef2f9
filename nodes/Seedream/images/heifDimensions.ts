import type { ForwardReader } from './forwardReader';
import type { Dimensions } from './measureImage';

/** Far more than any file has. Ends a file of nothing but empty boxes. */
const MAX_BOXES = 10_000;
/** Of all properties; the largest is a color profile. */
const MAX_PROPERTIES_LENGTH = 4 * 1024 * 1024;

/**
 * A HEIF file (ISO/IEC 23008-12) has several images: tiles, thumbnails, depth maps. Its `meta` box
 * names the primary one, and lists the properties of each, one of which is its size.
 */
export async function heifDimensions(file: ForwardReader): Promise<Dimensions | undefined> {
	for await (const { type, length } of boxes(file, Infinity)) {
		if (type === 'meta') return await metaDimensions(file, length);
	}
	return undefined;
}

interface Box {
	type: string;
	/** Without its header. */
	length: number;
}

/**
 * The boxes in the next `length` bytes. The caller may read their content; the rest of it is skipped.
 * Ends before `length` at the end of the file, or if the boxes are invalid.
 */
async function* boxes(file: ForwardReader, length: number): AsyncGenerator<Box> {
	const end = file.position + length;
	for (let count = 0; count < MAX_BOXES && file.position < end; count += 1) {
		const start = file.position;
		const header = await file.read(8);
		const size = header && (await boxSize(file, header.readUInt32BE(0), end - start));
		if (!header || !size) return;
		const boxEnd = start + size;
		if (boxEnd < file.position || boxEnd > end) return;
		yield { type: header.toString('latin1', 4, 8), length: boxEnd - file.position };
		await file.skip(boxEnd - file.position);
	}
}

/** A size of 1 means that the real one follows, 0 that this is the last box. */
async function boxSize(
	file: ForwardReader,
	size: number,
	available: number,
): Promise<number | undefined> {
	if (size === 0) return available;
	if (size > 1) return size;
	const large = await file.read(8);
	return large && Number(large.readBigUInt64BE(0));
}

/** Of a box with a version (a FullBox): it, and three bytes of flags. */
const VERSION_LENGTH = 4;

async function metaDimensions(
	file: ForwardReader,
	length: number,
): Promise<Dimensions | undefined> {
	await file.skip(VERSION_LENGTH);
	let primaryItem: number | undefined;
	let properties: ItemProperties | undefined;
	for await (const box of boxes(file, length - VERSION_LENGTH)) {
		if (box.type === 'pitm') primaryItem = await readPrimaryItem(file, box);
		if (box.type === 'iprp') properties = await readProperties(file, box);
		if (primaryItem !== undefined && properties) return itemDimensions(primaryItem, properties);
	}
	return undefined;
}

async function readPrimaryItem(file: ForwardReader, { length }: Box): Promise<number | undefined> {
	const version = (await file.read(VERSION_LENGTH))?.readUInt8(0);
	const idLength = version === 0 ? 2 : 4;
	if (length < VERSION_LENGTH + idLength) return undefined;
	return (await file.read(idLength))?.readUIntBE(0, idLength);
}

type Property = { kind: 'size' | 'crop' } & Dimensions;

interface ItemProperties {
	/** By their index, which starts at 1. */
	properties: Map<number, Property>;
	/** The content of the boxes that say which item has which properties. */
	associations: Buffer[];
}

/** Undefined if it's incomplete or invalid. */
async function readProperties(
	file: ForwardReader,
	{ length }: Box,
): Promise<ItemProperties | undefined> {
	if (length > MAX_PROPERTIES_LENGTH) return undefined;
	const end = file.position + length;
	const associations: Buffer[] = [];
	let properties = new Map<number, Property>();
	for await (const box of boxes(file, length)) {
		if (box.type === 'ipco') properties = await readPropertyList(file, box);
		if (box.type !== 'ipma') continue;
		const content = await file.read(box.length);
		if (content) associations.push(content);
	}
	return file.position === end ? { properties, associations } : undefined;
}

async function readPropertyList(
	file: ForwardReader,
	{ length }: Box,
): Promise<Map<number, Property>> {
	const properties = new Map<number, Property>();
	let index = 0;
	for await (const box of boxes(file, length)) {
		index += 1;
		const read = PROPERTY_READERS[box.type];
		const content = read && (await file.read(box.length));
		const property = content && read(content);
		if (property) properties.set(index, property);
	}
	return properties;
}

const PROPERTY_READERS: Partial<Record<string, (content: Buffer) => Property | undefined>> = {
	ispe: (content) =>
		content.length < 12
			? undefined
			: { kind: 'size', width: content.readUInt32BE(4), height: content.readUInt32BE(8) },
	// Two fractions, and an offset that doesn't matter here.
	clap: (content) =>
		content.length < 16
			? undefined
			: {
					kind: 'crop',
					width: Math.round(content.readUInt32BE(0) / content.readUInt32BE(4)),
					height: Math.round(content.readUInt32BE(8) / content.readUInt32BE(12)),
				},
};

/**
 * With its crop, which every reader applies: encoders pad images to whole blocks, and crop them to
 * what they were. A rotation comes after the crop, so it doesn't change what is cropped.
 */
function itemDimensions(
	item: number,
	{ properties, associations }: ItemProperties,
): Dimensions | undefined {
	const own = associations
		.flatMap((content) => propertyIndexes(content, item))
		.map((index) => properties.get(index));
	const size = own.find((property) => property?.kind === 'size');
	const crop = own.find((property) => property?.kind === 'crop');
	return (
		size && {
			width: Math.min(size.width, crop?.width ?? Infinity),
			height: Math.min(size.height, crop?.height ?? Infinity),
		}
	);
}

/** The highest bit of each says whether readers must understand the property. */
function propertyIndexes(associations: Buffer, item: number): number[] {
	if (associations.length < 8) return [];
	const idLength = associations.readUInt8(0) === 0 ? 2 : 4;
	const indexLength = associations.readUInt8(3) & 1 ? 2 : 1;
	const mask = indexLength === 2 ? 0x7fff : 0x7f;
	const indexes: number[] = [];
	let at = 8;
	for (let left = associations.readUInt32BE(4); left > 0; left -= 1) {
		const listAt = at + idLength + 1;
		if (listAt > associations.length) break;
		const id = associations.readUIntBE(at, idLength);
		at = listAt + associations.readUInt8(listAt - 1) * indexLength;
		if (at > associations.length) break;
		if (id !== item) continue;
		for (let from = listAt; from < at; from += indexLength) {
			indexes.push(associations.readUIntBE(from, indexLength) & mask);
		}
	}
	return indexes;
}
