import { taskIdOf, taskObject, taskObjects } from './taskObjects';

/**
 * The task ID in the body of a callback. All providers post the task as its query returns it, but
 * APIMart without the envelope around it.
 */
export function calledBackTaskId(body: unknown): string | undefined {
	return [taskObject(body), ...taskObjects(body)]
		.map(taskIdOf)
		.find((taskId) => taskId !== undefined)
		?.trim();
}
