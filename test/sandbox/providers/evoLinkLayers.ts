import { createHash } from 'node:crypto';

import type { Box, Layer } from '../layers';
import type { Task } from '../tasks';

/**
 * Layers come twice: as links, and with descriptions (in the provider's own client). Nothing promises an order of the
 * links or one spelling of the fields, so both vary here from task to task.
 */
export function layerResults(task: Task, images: readonly string[]): Record<string, unknown> {
	const spelling = createHash('sha256').update(task.id).digest();
	const link = isOdd(spelling[0]) ? 'url' : 'image_url';
	const boxOf = isOdd(spelling[1]) ? edgesOf : sizedBoxOf;
	return {
		results: [...images].reverse(),
		result_data: images.map((url, index) => ({
			[link]: url,
			z_index: index,
			...describe(index, task.layers?.[index], boxOf),
		})),
	};
}

function describe(
	index: number,
	layer: Layer | undefined,
	boxOf: (box: Box) => unknown,
): Record<string, unknown> {
	if (layer?.box === undefined) return { name: layer?.name };
	const { name, box } = layer;
	return {
		name,
		bounding_box: boxOf(box),
		...(isOdd(index) && { description: `${name} of the picture` }),
	};
}

function sizedBoxOf({ x, y, width, height }: Box): Record<string, number> {
	return { x, y, width, height };
}

/** Left, top, right, bottom. */
function edgesOf({ x, y, width, height }: Box): number[] {
	return [x, y, x + width, y + height];
}

function isOdd(number = 0): boolean {
	return number % 2 === 1;
}
