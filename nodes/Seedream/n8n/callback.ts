import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { calledBackTaskId } from '../providers/callback';
import { isTaskId } from '../request/lists';
import { parseJsonExactly } from '../shared/json';
import { CalledBackTasks } from '../tasks/calledBackTasks';

/** A task with 15 images takes a few thousand. */
const MAX_BODY_BYTES = 1024 * 1024;

/** What someone posted to the trigger. */
export type Callback =
	{ kind: 'task'; taskId: string } | { kind: 'empty' } | { kind: 'invalid'; reason: string };

export async function readCallback(context: IWebhookFunctions): Promise<Callback> {
	const rawBody = await readRawBody(context);
	if (!rawBody) return { kind: 'invalid', reason: "The body can't be read" };
	if (rawBody.length === 0) return { kind: 'empty' };
	if (rawBody.length > MAX_BODY_BYTES) return { kind: 'invalid', reason: 'The body is too large' };
	const body = parseJsonExactly(rawBody.toString('utf8'));
	if (body === undefined) return { kind: 'invalid', reason: "The body isn't JSON" };
	const taskId = calledBackTaskId(body);
	return taskId !== undefined && isTaskId(taskId)
		? { kind: 'task', taskId }
		: { kind: 'invalid', reason: 'The body has no task ID' };
}

/** n8n only reads the types of content that it knows. */
async function readRawBody(context: IWebhookFunctions): Promise<Buffer | undefined> {
	const request = context.getRequestObject();
	try {
		await request.readRawBody();
		return request.rawBody;
	} catch {
		return undefined;
	}
}

/** Answers the provider without starting the workflow. */
export function respond(
	context: IWebhookFunctions,
	status: number,
	message: string,
): IWebhookResponseData {
	context.getResponseObject().status(status).json({ message });
	return { noWebhookResponse: true };
}

const tasksOfTriggers = new Map<string, CalledBackTasks>();

/** Of this trigger, in this process. */
export function calledBackTasks(
	context: Pick<IWebhookFunctions, 'getNode' | 'getWorkflow'>,
): CalledBackTasks {
	const trigger = `${context.getWorkflow().id}/${context.getNode().id}`;
	const tasks = tasksOfTriggers.get(trigger) ?? new CalledBackTasks();
	tasksOfTriggers.set(trigger, tasks);
	return tasks;
}
