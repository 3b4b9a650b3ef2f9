import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Content = ReadonlyArray<Buffer | string | number>;

/** A box of an ISO base media file. Numbers are single bytes. */
export function box(type: string, ...content: Content): Buffer {
	const body = bytes(content);
	return Buffer.concat([int(8 + body.length, 4), Buffer.from(type, 'latin1'), body]);
}

/** With a size of 64 bits. */
export function largeBox(type: string, ...content: Content): Buffer {
	const body = bytes(content);
	return Buffer.concat([int(1, 4), Buffer.from(type), int(0, 4), int(16 + body.length, 4), body]);
}

/** Extends to the end of the file. */
export function lastBox(type: string, ...content: Content): Buffer {
	return Buffer.concat([int(0, 4), Buffer.from(type), bytes(content)]);
}

export function fullBox(type: string, version: number, flags: number, ...content: Content): Buffer {
	return box(type, version, int(flags, 3), ...content);
}

export function int(value: number, length: number): Buffer {
	const buffer = Buffer.alloc(length);
	buffer.writeUIntBE(value, 0, length);
	return buffer;
}

function bytes(content: Content): Buffer {
	return Buffer.concat(
		content.map((part) =>
			typeof part === 'number' ? Buffer.of(part) : Buffer.from(part as string, 'latin1'),
		),
	);
}

export const ftyp = (major: string, ...compatible: string[]) =>
	box('ftyp', major, int(0, 4), ...compatible);

export const ispe = (width: number, height: number) =>
	fullBox('ispe', 0, 0, int(width, 4), int(height, 4));

/** The size as two fractions, and a centered crop. */
export const clap = (width: [number, number], height: [number, number]) =>
	box('clap', ...[...width, ...height, 0, 1, 0, 1].map((value) => int(value, 4)));

/** Which item has which properties, by their index. Wide: with IDs of 32 and indexes of 15 bits. */
export function ipma(items: Record<number, number[]>, isWide = false): Buffer {
	const [idLength, indexLength] = isWide ? [4, 2] : [2, 1];
	const entries = Object.entries(items).map(([id, indexes]) =>
		Buffer.concat([
			int(Number(id), idLength),
			Buffer.of(indexes.length),
			...indexes.map((index) => int(index | (0x80 << (8 * (indexLength - 1))), indexLength)),
		]),
	);
	const version = isWide ? 1 : 0;
	return fullBox('ipma', version, version, int(entries.length, 4), ...entries);
}

export const pitm = (item: number, isWide = false) =>
	fullBox('pitm', isWide ? 1 : 0, 0, int(item, isWide ? 4 : 2));

const hdlr = fullBox('hdlr', 0, 0, int(0, 4), 'pict', Buffer.alloc(14));

const infe = (item: number, type: string, flags = 0) =>
	fullBox('infe', 2, flags, int(item, 2), int(0, 2), type, 0);

interface Layout {
	width: number;
	height: number;
	brands?: [string, ...string[]];
	order?: 'metaFirst' | 'metaLast';
	isWide?: boolean;
}

const TILE = 512;

/**
 * Laid out like the photos of an iPhone 12 (iOS 14), byte by byte except for the content of tiles:
 * a grid of 512×512 tiles as the primary item, a thumbnail, and EXIF data.
 */
export function iPhonePhoto(layout: Layout): Buffer {
	const { width, height, brands = ['heic', 'mif1', 'miaf', 'MiHB', 'heic'], order } = layout;
	const file = ftyp(...brands);
	// The offsets in `iloc` don't change its length.
	const metaLength = iPhoneMeta(layout, 0).length;
	const mdat = box('mdat', Buffer.alloc(gridItem(layout) * TILE_LENGTH + 200, 0x5a));
	if (order === 'metaLast') {
		return Buffer.concat([file, mdat, iPhoneMeta({ ...layout, width, height }, file.length + 8)]);
	}
	return Buffer.concat([file, iPhoneMeta(layout, file.length + metaLength + 8), mdat]);
}

const TILE_LENGTH = 40;

/** The items are the tiles from 1, the grid, the thumbnail, and the EXIF data. */
function gridItem({ width, height }: Layout): number {
	return Math.ceil(width / TILE) * Math.ceil(height / TILE) + 1;
}

function iPhoneMeta(layout: Layout, mdatStart: number): Buffer {
	const { width, height, isWide } = layout;
	const grid = gridItem(layout);
	const tiles = Array.from({ length: grid - 1 }, (_, index) => index + 1);
	const [thumbnail, exif] = [grid + 1, grid + 2];
	const items = [
		...tiles.map((item) => infe(item, 'hvc1', 1)),
		infe(grid, 'grid'),
		infe(thumbnail, 'hvc1'),
		infe(exif, 'Exif', 1),
	];
	const references = [
		box('dimg', int(grid, 2), int(tiles.length, 2), ...tiles.map((item) => int(item, 2))),
		box('thmb', int(thumbnail, 2), int(1, 2), int(grid, 2)),
		box('cdsc', int(exif, 2), int(1, 2), int(grid, 2)),
	];
	const properties = box(
		'ipco',
		box('colr', 'prof', Buffer.alloc(548)),
		box('hvcC', HVCC),
		ispe(TILE, TILE),
		ispe(width, height),
		box('irot', 3),
		fullBox('pixi', 0, 0, 3, 8, 8, 8),
		box('hvcC', HVCC),
		ispe(320, 240),
	);
	const associations = {
		...Object.fromEntries(tiles.map((item) => [item, [2, 3, 1]])),
		[grid]: [4, 5, 1, 6],
		[thumbnail]: [7, 8, 5, 1, 6],
	};
	const rowsAndColumns = [height, width].map((side) => Math.ceil(side / TILE) - 1);
	const extents = [...tiles, thumbnail, exif].map((item, index) => ({
		item,
		inIdat: 0,
		offset: mdatStart + index * TILE_LENGTH,
	}));
	return fullBox(
		'meta',
		0,
		0,
		hdlr,
		box('dinf', fullBox('dref', 0, 0, int(1, 4), fullBox('url ', 0, 1))),
		pitm(grid, isWide),
		fullBox('iinf', 0, 0, int(items.length, 2), ...items),
		fullBox('iref', 0, 0, ...references),
		box('iprp', properties, ipma(associations, isWide)),
		box('idat', 0, 0, ...rowsAndColumns, int(width, 2), int(height, 2)),
		iloc([...extents, { item: grid, inIdat: 1, offset: 0 }]),
	);
}

/** Offsets and lengths of 32 bits; item, construction method, data reference, one extent. */
function iloc(extents: Array<{ item: number; inIdat: number; offset: number }>): Buffer {
	const entries = extents.map(({ item, inIdat, offset }) =>
		Buffer.concat([
			int(item, 2),
			int(inIdat, 2),
			int(0, 2),
			int(1, 2),
			int(offset, 4),
			int(inIdat ? 8 : TILE_LENGTH, 4),
		]),
	);
	return fullBox('iloc', 1, 0, int(0x4400, 2), int(extents.length, 2), ...entries);
}

/** The decoder configuration that x265 writes. */
const HVCC = Buffer.from(
	'0103700000000000000000001ef000fcfdf8f800000f03200001001840010c01ffff03700000030090000003000003001' +
		'eba0240210001002c42010103700000030090000003000003001ea03481475796ea4929ae6e04040c08000003000800' +
		'000300084022000100074401c172b02240',
	'hex',
);

/** Made by libheif 1.15 and x265 from pictures of this size; odd sizes become a grid that crops. */
export const ENCODED_BY_X265: Array<[name: string, width: number, height: number]> = [
	['plain', 90, 70],
	['odd', 101, 75],
	['alpha', 40, 30],
	['thumbnail', 101, 75],
];

export function encodedByX265(name: string): Buffer {
	return readFileSync(join(__dirname, `../../../fixtures/images/${name}.heic`));
}

/** The only HEIF that sharp writes is AVIF. With these brands, it says it's HEIC. */
export function relabeled(avif: Buffer): Buffer {
	const file = Buffer.from(avif);
	for (let at = file.indexOf('avif'); at >= 0; at = file.indexOf('avif', at))
		file.write('heic', at);
	return file;
}

/** A file with only what measuring needs: one item with these properties. */
export function heif(
	properties: Buffer[],
	indexes: number[],
	brands: [string, ...string[]] = ['heic', 'mif1'],
): Buffer {
	return Buffer.concat([
		ftyp(...brands),
		fullBox('meta', 0, 0, pitm(1), box('iprp', box('ipco', ...properties), ipma({ 1: indexes }))),
	]);
}
