import type { Layer } from '../providers/provider';

/** How layers make up a picture, from the bottom to the top: each fills its box, scaled if need be. */
export interface LayersContent {
	/** In pixels. */
	canvas?: { width: number; height: number };
	/** `file` is the name of the downloaded file; left out where the download failed. */
	layers: ReadonlyArray<Layer & { file?: string; url: string }>;
}

/** A JSON file with this content, beside the images. */
export interface LayersFile<File> {
	file: File;
	/** The file's name. */
	name: string;
	content: LayersContent;
}

/** `base` is the size of the base's own file, where it was downloaded. */
export function layersContent(
	images: ReadonlyArray<{ layer: Layer; url: string; file?: string }>,
	base: LayersContent['canvas'],
): LayersContent {
	const canvas = base ?? extentOf(images.map(({ layer }) => layer));
	return {
		...(canvas ? { canvas } : {}),
		layers: images.map(({ layer, url, file }) => ({
			...layer,
			...(isBase(layer) && canvas ? { box: { x: 0, y: 0, ...canvas } } : {}),
			...(file === undefined ? {} : { file }),
			url,
		})),
	};
}

export function isBase({ index }: Layer): boolean {
	return index === 0;
}

/** The smallest canvas that all boxes fit in. */
function extentOf(layers: readonly Layer[]): LayersContent['canvas'] {
	const boxes = layers.flatMap(({ box }) => box ?? []);
	if (boxes.length === 0) return undefined;
	return {
		width: Math.max(...boxes.map(({ x, width }) => x + width)),
		height: Math.max(...boxes.map(({ y, height }) => y + height)),
	};
}
