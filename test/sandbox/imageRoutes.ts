import type { FastifyInstance } from 'fastify';

import type { FaultDoor } from './faults';
import { imageBehind } from './links';
import type { PictureShelf } from './pictures';
import type { Answer } from './responses';
import type { Task, TaskStore } from './tasks';

export interface Gallery {
	now(): number;
	tasks: TaskStore;
	door: FaultDoor;
	shelf: Pick<PictureShelf, 'picture'>;
}

/** `GET /images/<taskId>/<index>.png`: what the result links point to. No key is asked for, as with any CDN. */
export function addImageRoutes(app: FastifyInstance, gallery: Gallery): void {
	const { tasks, door, shelf, now } = gallery;
	app.get<{ Params: { taskId: string; file: string } }>(
		'/images/:taskId/:file',
		(request, reply) => {
			const { taskId, file } = request.params;
			const task = tasks.find(taskId);
			if (task === undefined) {
				const gone = objectStoreError(404, 'NoSuchKey', 'The specified key does not exist.');
				return reply.code(gone.status).headers(gone.headers).send(gone.body);
			}
			const arrival = { provider: task.provider, step: 'download' as const, taskId };
			return door.serve(request, reply, { ...arrival, prompt: task.prompt }, () =>
				download(task, file, now(), shelf),
			);
		},
	);
}

async function download(
	task: Task,
	file: string,
	at: number,
	shelf: Pick<PictureShelf, 'picture'>,
): Promise<Answer> {
	const image = imageBehind(task, file, at);
	if (image === 'unknown') {
		return objectStoreError(404, 'NoSuchKey', 'The specified key does not exist.');
	}
	if (image === 'expired') return objectStoreError(403, 'AccessDenied', 'Request has expired');
	const bytes = await shelf.picture(task, image.index);
	return { status: 200, headers: { 'content-type': 'image/png' }, body: bytes };
}

/** As the object stores behind such links answer: XML, not JSON. */
export function objectStoreError(status: number, code: string, message: string) {
	return {
		status,
		headers: { 'content-type': 'application/xml' },
		body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
	};
}
