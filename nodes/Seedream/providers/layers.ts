import { isJsonObject, parseJson, type JsonObject } from '../shared/json';
import { readNumber, readText } from './fieldSchemas';
import type { CompletedTask, Layer } from './provider';
import { findImages } from './resultLinks';

/**
 * A task's images in the order of their layers, the base first, with what `result_data` says about
 * each; or as they are, if they aren't layers, or if it isn't clear which image is which layer.
 */
export function layeredImages(
	{ result_data }: JsonObject,
	imageUrls: readonly string[],
): Pick<CompletedTask, 'imageUrls' | 'layers'> {
	const entries = layerEntries(result_data);
	// A provider could number ordinary images too: all of them 0.
	const isStack = new Set(entries.map(({ layer }) => layer.index)).size > 1;
	const layers = isStack ? matchLayers(entries, imageUrls) : undefined;
	if (!layers) return { imageUrls };
	const stack = layers
		.map((layer, image) => ({ layer, url: imageUrls[image] ?? '' }))
		.sort((one, other) => one.layer.index - other.layer.index);
	return { imageUrls: stack.map(({ url }) => url), layers: stack.map(({ layer }) => layer) };
}

interface LayerEntry {
	links: readonly string[];
	layer: Layer;
}

function layerEntries(resultData: unknown): LayerEntry[] {
	const value = typeof resultData === 'string' ? parseJson(resultData) : resultData;
	const images = Array.isArray(value) ? value.filter(isJsonObject) : [];
	const entries = images
		.map((image) => ({ image, links: findImages([image.url, image.image_url, image]).links }))
		.filter(({ links }) => links.length > 0);
	const indexes = entries.map(({ image }) => readNumber(image.z_index));
	if (indexes.every((index) => index === undefined)) return [];
	// They're documented to be listed in this order.
	return entries.map(({ links, image }, position) => {
		return { links, layer: layerOf(image, indexes[position] ?? position) };
	});
}

function layerOf(image: JsonObject, index: number): Layer {
	const name = readText(image.name);
	const box = boxOf(image.bounding_box);
	return { index, ...(name === undefined ? {} : { name }), ...(box ? { box } : {}) };
}

const MATCH_BY = [
	(link: string) => link,
	/** A signature may differ each time. */
	(link: string) => link.replace(/[?#].*$/s, ''),
];

/** Each image's own layer, by its link, or by its position if none of the links is the same. */
function matchLayers(
	entries: readonly LayerEntry[],
	imageUrls: readonly string[],
): Layer[] | undefined {
	for (const key of MATCH_BY) {
		const byLink = new Map(
			entries.flatMap(({ links, layer }) => links.map((link) => [key(link), layer] as const)),
		);
		const layers = imageUrls.flatMap((url) => byLink.get(key(url)) ?? []);
		if (new Set(layers).size === imageUrls.length) return layers;
	}
	const links = new Set(entries.flatMap((entry) => entry.links));
	const hasSameLink = imageUrls.some((url) => links.has(url));
	const isInOrder = !hasSameLink && entries.length === imageUrls.length;
	return isInOrder ? entries.map(({ layer }) => layer) : undefined;
}

const EDGE_NAMES = [
	['left', 'top', 'right', 'bottom'],
	['x1', 'y1', 'x2', 'y2'],
	['xmin', 'ymin', 'xmax', 'ymax'],
	['x_min', 'y_min', 'x_max', 'y_max'],
];

/**
 * ByteDance has `absolute` with [left, top, right, bottom], beside `normalized` in thousandths of the
 * canvas (https://docs.comfy.org/development/comfy-router/models/byteplus/seedream-5-0-260128/code).
 * EvoLink doesn't document it.
 */
function boxOf(value: unknown): Layer['box'] {
	if (Array.isArray(value)) return boxWithin(value.map(numberIn));
	if (!isJsonObject(value)) return undefined;
	const numbers = (names: readonly string[]) => names.map((name) => numberIn(value[name]));
	const [x = NaN, y = NaN, width = NaN, height = NaN] = numbers(['x', 'y', 'width', 'height']);
	const { absolute, normalized: _normalized, ...others } = value;
	const boxes = [
		boxWithin([x, y, x + width, y + height]),
		...EDGE_NAMES.map((names) => boxWithin(numbers(names))),
		...[absolute, ...Object.values(others)].map(boxOf),
	];
	return boxes.find((box) => box !== undefined);
}

function numberIn(value: unknown): number {
	return readNumber(value) ?? NaN;
}

/** Left, top, right and bottom edge. */
function boxWithin(edges: readonly number[]): Layer['box'] {
	const [x = NaN, y = NaN, right = NaN, bottom = NaN, ...others] = edges.map(Math.round);
	const [width, height] = [right - x, bottom - y];
	const isBox = others.length === 0 && width >= 1 && height >= 1;
	return isBox ? { x, y, width, height } : undefined;
}
