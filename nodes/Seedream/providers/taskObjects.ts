import { isJsonObject, type JsonObject } from '../shared/json';
import { hasText, readText } from './fieldSchemas';
import type { TaskState } from './provider';

/** Finds the objects in a response that describe a task, and reads their IDs and statuses. */

type Status = TaskState['status'];

/** Where a response may hold tasks: in `data` or a list there, and last at the top level. */
export function taskObjects(body: unknown): JsonObject[] {
	if (!isJsonObject(body)) return [];
	const { data } = body;
	const inner = Array.isArray(data) ? data.filter(isJsonObject) : [data].filter(isJsonObject);
	return [...inner, body];
}

/** The object that describes the task; an envelope's own status may be about the request instead. */
export function taskObject(body: unknown): JsonObject {
	const [first, ...others] = taskObjects(body);
	if (!first) return {};
	const envelope = others.at(-1);
	const isTask = statusText(first) !== undefined || !envelope || !statusText(envelope);
	return isTask ? first : envelope;
}

export function taskIdOf({ task_id: snakeCase, taskId: camelCase, id }: JsonObject) {
	return [snakeCase, camelCase, id].map(readText).find(hasText);
}

const TASK_ID = /^task[-_]/i;

/** The task IDs in any response, even an error; a plain `id` counts only if it looks like one. */
export function namedTaskIds(body: unknown): string[] {
	if (!isJsonObject(body)) return [];
	const objects = [...taskObjects(body), body.error].filter(isJsonObject);
	const ids = objects.flatMap(({ id, ...object }) => {
		const plainId = readText(id) ?? '';
		return taskIdOf(object) ?? (TASK_ID.test(plainId) ? plainId : []);
	});
	return [...new Set(ids)];
}

export function describesTask(body: JsonObject): boolean {
	const isTask = (object: JsonObject) =>
		taskIdOf(object) !== undefined && statusText(object) !== undefined;
	return namedTaskIds(body).length > 0 || taskObjects(body).some(isTask);
}

/**
 * What these words mean at every provider (their documentation, and several clients). A running task
 * may repeat the links of its references, so its words have to be known too.
 */
const STATUSES: Record<string, Status> = {
	completed: 'completed',
	complete: 'completed',
	succeeded: 'completed',
	success: 'completed',
	done: 'completed',
	finished: 'completed',
	failed: 'failed',
	fail: 'failed',
	failure: 'failed',
	error: 'failed',
	rejected: 'failed',
	cancelled: 'cancelled',
	canceled: 'cancelled',
	expired: 'cancelled',
	submitted: 'submitted',
	pending: 'submitted',
	queued: 'submitted',
	processing: 'processing',
	in_progress: 'processing',
	running: 'processing',
};

export function statusText({ status, state }: JsonObject): string | undefined {
	return readText(status) ?? readText(state);
}

/** An empty status counts: a task that isn't said to have ended is running. */
export function hasStatus(task: JsonObject): boolean {
	return statusText(task) !== undefined || task.status === '' || task.state === '';
}

export function statusOf(task: JsonObject): Status | undefined {
	const word = statusText(task)?.trim().toLowerCase() ?? '';
	return Object.hasOwn(STATUSES, word) ? STATUSES[word] : undefined;
}
