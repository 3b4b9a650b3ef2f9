import { createHash } from 'node:crypto';
import sharp from 'sharp';

import { taskImageOf } from '../sandbox/taskImages';
import type { ImageFormat, Task } from '../sandbox/tasks';

/**
 * Replaces the sandbox's own `promptImages.ts`, which takes a tenth of a second per picture: the chaos
 * tests need thousands. It only matters whose they are and whether they're complete.
 */
export class PromptImageRenderer {
	async render(task: Task, index: number): Promise<Buffer> {
		return await drawPicture(`${task.id}/${index}`, taskImageOf(task, index).format);
	}
}

/** The picture behind one of the sandbox's links. */
export async function pictureAt(link: string): Promise<Buffer> {
	const [, name = '', extension] = /([^/]+\/\d+)\.(png|jpg)$/.exec(link) ?? [];
	return await drawPicture(name, extension === 'jpg' ? 'jpeg' : 'png');
}

const SIDE = 32;
const CHANNELS = 3;

/** Noise derived from its name: unique, and the same each time. */
async function drawPicture(name: string, format: ImageFormat): Promise<Buffer> {
	const noise = createHash('shake256', { outputLength: SIDE * SIDE * CHANNELS }).update(name);
	const raw = { width: SIDE, height: SIDE, channels: CHANNELS } as const;
	return await sharp(noise.digest(), { raw }).toFormat(format).toBuffer();
}
