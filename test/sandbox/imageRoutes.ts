import type { FastifyInstance } from 'fastify';

import { resolveImage } from './imageLinks';
import type { ImageRenderer } from './imageRenderer';
import { objectNotFound, objectStoreError } from './objectStore';
import type { RequestPipeline } from './requestPipeline';
import type { SandboxResponse } from './responses';
import { taskImageOf } from './taskImages';
import type { Task, TaskStore } from './tasks';

export interface ImageRouteContext {
	now(): number;
	tasks: TaskStore;
	pipeline: RequestPipeline;
	renderer: ImageRenderer;
}

/** `GET /images/<taskId>/<index>.png` (or .jpg), the target of result links. Like a CDN, it needs no API key. */
export function addImageRoutes(
	app: FastifyInstance,
	{ tasks, pipeline, renderer, now }: ImageRouteContext,
): void {
	app.get<{ Params: { taskId: string; file: string } }>(
		'/images/:taskId/:file',
		(request, reply) => {
			const { taskId, file } = request.params;
			const task = tasks.find(taskId);
			if (task === undefined) {
				const { status, headers = {}, body } = objectNotFound();
				return reply.code(status).headers(headers).send(body);
			}
			const info = {
				provider: task.provider,
				step: 'download',
				taskId,
				prompt: task.prompt,
			} as const;
			return pipeline.handle(request, reply, info, () => download(task, file, now(), renderer));
		},
	);
}

async function download(
	task: Task,
	file: string,
	at: number,
	renderer: ImageRenderer,
): Promise<SandboxResponse> {
	const image = resolveImage(task, file, at);
	if (image === 'unknown') return objectNotFound();
	if (image === 'expired') return objectStoreError(403, 'AccessDenied', 'Request has expired');
	const { format } = taskImageOf(task, image.index);
	const body = await renderer.render(task, image.index);
	return { status: 200, headers: { 'content-type': `image/${format}` }, body };
}
