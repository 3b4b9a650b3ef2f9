import { createHash } from 'crypto';
import { z } from 'zod';

import type { JsonObject } from '../shared/json';
import { optionalNumber, optionalTime } from './fieldSchemas';
import type { CompletedTask, CreatedTask, ParseResult } from './provider';
import { findImages } from './resultLinks';
import { statusOf, taskIdOf, taskObjects } from './taskObjects';
import type { TaskParser } from './taskResponse';

/** The tasks that a create request made. Each is charged. */
export function parseCreatedTasks(
	body: unknown,
	parseTask: TaskParser,
): ParseResult<CreatedTask[]> {
	const objects = taskObjects(body);
	const [envelope] = objects.slice(-1);
	const inner = objects.slice(0, -1);
	const hasInnerTasks = inner.some((object) => taskIdOf(object) !== undefined || isResult(object));
	const tasks = (hasInnerTasks ? inner : envelope ? [envelope] : []).flatMap((object) => {
		const id = taskIdOf(object) ?? (isResult(object) ? idFromLinks(object) : undefined);
		return id === undefined ? [] : [createdTask(id, object, parseTask)];
	});
	return tasks.length > 0
		? { kind: 'parsed', value: tasks }
		: { kind: 'unreadable', reason: 'it has no task ID' };
}

const createdSchema = z.object({
	created: optionalTime,
	created_at: optionalTime,
	task_info: z.object({ estimated_time: optionalNumber }).nullish().catch(undefined),
	estimated_time: optionalNumber,
});

function createdTask(id: string, object: JsonObject, parseTask: TaskParser): CreatedTask {
	const { created, created_at, task_info, estimated_time: seconds } = createdSchema.parse(object);
	const createdAt = created ?? created_at;
	const estimatedSeconds = task_info?.estimated_time ?? seconds;
	const finished = finishedTask(object, parseTask);
	return {
		taskId: id,
		...(createdAt ? { createdAt } : {}),
		...(estimatedSeconds === undefined ? {} : { estimatedSeconds }),
		...(finished ? { finished } : {}),
	};
}

/** Replaces the ID that some responses with finished images don't have. */
function idFromLinks(object: JsonObject): string {
	const links = JSON.stringify(findImages(object).links);
	return `unnamed-${createHash('sha256').update(links).digest('hex').slice(0, 16)}`;
}

function isResult({ object }: JsonObject): boolean {
	return object === 'generation.result';
}

/** Some responses to a create hold the images; others repeat the links of the references. */
function finishedTask(object: JsonObject, parseTask: TaskParser): CompletedTask | undefined {
	const isFinished = statusOf(object) === 'completed' || isResult(object);
	const task = isFinished ? parseTask(object) : undefined;
	if (task?.kind !== 'parsed' || task.value.status !== 'completed') return undefined;
	return task.value.imageUrls.length > 0 ? task.value : undefined;
}
