import type { PixelSize } from './pixelSizes';

/** In pixels of the canvas. */
export interface Box extends PixelSize {
	x: number;
	y: number;
}

/** One image of a task that splits a picture. The base has no box: it's the whole canvas. */
export interface Layer {
	name: string;
	box?: Box;
}

/** How much of a strip also reaches into the next one. */
const OVERLAP = 1 / 3;

const INSET = 0.02;

const CORNER = 1 / 4;

/** The base, then strips from the top to the bottom. Each strip's end is hidden under the next. */
export function layersOf(canvas: PixelSize, strips: number): Layer[] {
	return [
		{ name: 'Background' },
		...Array.from({ length: strips }, (_, index) => ({
			name: `Strip ${index + 1}`,
			box: stripBox(canvas, index, strips),
		})),
	];
}

function stripBox({ width, height }: PixelSize, index: number, strips: number): Box {
	const x = Math.round(width * INSET * (1 + (index % 2)));
	const y = Math.round((index * height) / strips);
	const overlap = Math.floor((height / strips) * OVERLAP);
	const bottom = Math.min(height, Math.round(((index + 1) * height) / strips) + overlap);
	return { x, y, width: width - 2 * x, height: bottom - y };
}

/** Which pixels of a canvas row a strip covers, from `start` up to, but not including, `end`. Its corners are round. */
export function rowSpan(box: Box, row: number): { start: number; end: number } | undefined {
	const distance = Math.min(row - box.y, box.y + box.height - 1 - row);
	if (distance < 0) return undefined;
	const radius = Math.min(box.width, box.height) * CORNER;
	const rise = Math.max(0, radius - distance - 0.5);
	const inset = Math.round(radius - Math.sqrt(radius ** 2 - rise ** 2));
	return { start: box.x + inset, end: box.x + box.width - inset };
}
