import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

import type { Task } from '../sandbox/tasks';

/**
 * Replaces the sandbox's own `promptImages.ts`, which takes a tenth of a second per picture: the chaos
 * tests need thousands. It only matters whose they are and whether they're complete.
 */
export class PromptImageRenderer {
	async render(task: Pick<Task, 'id'>, index: number): Promise<Buffer> {
		return pictureOf(task.id, index);
	}
}

const SIDE = 32;

/** A unique PNG: noise derived from the task's ID and the image's index. */
export function pictureOf(taskId: string, index: number): Buffer {
	const header = Buffer.alloc(13);
	header.writeUInt32BE(SIDE, 0);
	header.writeUInt32BE(SIDE, 4);
	header.set([8, 2, 0, 0, 0], 8);
	const lines = Array.from({ length: SIDE }, (_, line) =>
		Buffer.concat([Buffer.from([0]), noise(`${taskId}/${index}/${line}`)]),
	);
	return Buffer.concat([
		Buffer.from('89504e470d0a1a0a', 'hex'),
		chunk('IHDR', header),
		chunk('IDAT', deflateSync(Buffer.concat(lines))),
		chunk('IEND', Buffer.alloc(0)),
	]);
}

/** Three bytes per pixel. */
function noise(name: string): Buffer {
	const parts = Array.from({ length: Math.ceil((SIDE * 3) / 32) }, (_, part) =>
		createHash('sha256').update(`${name}/${part}`).digest(),
	);
	return Buffer.concat(parts).subarray(0, SIDE * 3);
}

function chunk(type: string, data: Buffer): Buffer {
	const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
	const length = Buffer.alloc(4);
	length.writeUInt32BE(data.length);
	const sum = Buffer.alloc(4);
	sum.writeUInt32BE(crc32(body));
	return Buffer.concat([length, body, sum]);
}
