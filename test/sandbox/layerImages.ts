import sharp, { type Sharp } from 'sharp';

import { rowSpan, type Box, type Layer } from './layers';
import type { PixelSize } from './pixelSizes';

const CHANNELS = 4;

/** What a layer has where the next one hides it. Whoever puts layers together in the wrong order sees it. */
const HIDDEN_PIXEL = Buffer.from([255, 255, 255, 255]);

/** Eight bits for each of four channels. */
interface Pixels extends PixelSize {
	data: Buffer;
}

/** One of the layers that add up to the picture. */
export async function cutLayer(
	picture: Buffer,
	layers: readonly Layer[],
	index: number,
): Promise<Sharp> {
	const { data, info } = await sharp(picture)
		.ensureAlpha()
		.raw()
		.toBuffer({ resolveWithObject: true });
	const flat = { data, width: info.width, height: info.height };
	const above = layers.slice(index + 1).flatMap(({ box }) => box ?? []);
	const box = layers[index]?.box;
	const { width, height, ...layer } =
		box === undefined ? baseOf(flat, above) : stripOf(flat, box, above);
	return sharp(layer.data, { raw: { width, height, channels: CHANNELS } });
}

/** Has the background color where the strips are. */
function baseOf(flat: Pixels, strips: readonly Box[]): Pixels {
	const data = Buffer.from(flat.data);
	const background = flat.data.subarray(0, CHANNELS);
	for (const strip of strips) {
		eachSpan(strip, ({ start, end, row }) => {
			data.fill(background, offset(flat.width, row, start), offset(flat.width, row, end));
		});
	}
	return { ...flat, data };
}

function stripOf(flat: Pixels, box: Box, above: readonly Box[]): Pixels {
	const { x, y, width, height } = box;
	const data = Buffer.alloc(width * height * CHANNELS);
	eachSpan(box, ({ start, end, row }) => {
		const target = offset(width, row - y, start - x);
		flat.data.copy(data, target, offset(flat.width, row, start), offset(flat.width, row, end));
		for (const other of above) {
			const span = rowSpan(other, row);
			if (span === undefined) continue;
			const from = Math.max(start, span.start);
			const to = Math.max(from, Math.min(end, span.end));
			data.fill(HIDDEN_PIXEL, offset(width, row - y, from - x), offset(width, row - y, to - x));
		}
	});
	return { data, width, height };
}

function eachSpan(
	box: Box,
	visit: (span: { start: number; end: number; row: number }) => void,
): void {
	for (let row = box.y; row < box.y + box.height; row += 1) {
		const span = rowSpan(box, row);
		if (span !== undefined) visit({ ...span, row });
	}
}

/** In bytes. */
function offset(width: number, row: number, column: number): number {
	return (row * width + column) * CHANNELS;
}
