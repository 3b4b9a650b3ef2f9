import type { TaskFailure } from './tasks';

/** What a user wrote into a prompt to trigger a behavior. */
export interface PromptMarkers {
	failure?: TaskFailure;
	/** The first `times` creates with this prompt get this status. */
	http?: { status: number; times: number };
	slowSeconds?: number;
	/** How many of the images are blocked by moderation. */
	stopped?: number;
	/** A failed task is charged anyway. */
	charged?: boolean;
	/** How many tasks one create makes, if the provider can do that. */
	tasks?: number;
	/** How many layers a picture is split into, besides its base. */
	layers?: number;
}

/** Shown by `cli.ts` and in the documentation. */
export const MARKER_HELP: ReadonlyArray<readonly [string, string]> = [
	['[[fail:CODE]]', 'the task fails with this code, for example [[fail:content_policy_violation]]'],
	['[[charged]]', 'with [[fail:CODE]]: the failed task is charged anyway'],
	['[[stopped:2]]', 'moderation blocks two of the images; you get and pay for the others'],
	['[[tasks:2]]', 'with APIMart: one create request makes two tasks, and each is charged'],
	['[[layers:5]]', 'a model that splits pictures makes a base and five layers (1-16)'],
	['[[http:429]]', 'every create request gets this HTTP status (400-599)'],
	['[[http:429x2]]', 'the first two create requests with this prompt get this HTTP status'],
	['[[slow:10]]', 'the task takes 10 seconds'],
];

const FAILURE_MESSAGES: Record<string, string> = {
	content_policy_violation: 'Content policy violation.',
	content_rejected: 'The content was rejected by the safety review.',
	invalid_parameters: 'The parameters are invalid for this model.',
	image_processing_error: 'A reference image could not be processed.',
	image_dimension_mismatch: 'A reference image has unsupported dimensions.',
	request_cancelled: 'The request was cancelled.',
	generation_failed_no_content: 'The model produced no content.',
	service_error: 'The generation service reported an error.',
	generation_timeout: 'The generation took too long.',
	resource_exhausted: 'The service has no free capacity.',
	quota_exceeded: 'The service quota is exceeded.',
	service_unavailable: 'The service is temporarily unavailable.',
	resource_not_found: 'A required resource was not found.',
	unknown_error: 'An unknown error occurred.',
	task_failed: 'The task failed.',
};

/** With the documented message for the code. */
export function taskFailure(code: string): TaskFailure {
	return { code, message: FAILURE_MESSAGES[code] ?? `The task failed: ${code}.` };
}

export function parsePromptMarkers(prompt: string): PromptMarkers {
	const fail = /\[\[fail:([\w.-]+)\]\]/.exec(prompt)?.[1];
	const slow = /\[\[slow:(\d+(?:\.\d+)?)\]\]/.exec(prompt)?.[1];
	const stopped = /\[\[stopped:([1-9]\d?)\]\]/.exec(prompt)?.[1];
	const tasks = /\[\[tasks:([1-9]\d?)\]\]/.exec(prompt)?.[1];
	const layers = /\[\[layers:([1-9]|1[0-6])\]\]/.exec(prompt)?.[1];
	const http = /\[\[http:([45]\d\d)(?:x(\d+))?\]\]/.exec(prompt);
	return {
		...(fail !== undefined && { failure: taskFailure(fail) }),
		...(prompt.includes('[[charged]]') && { charged: true }),
		...(stopped !== undefined && { stopped: Number(stopped) }),
		...(tasks !== undefined && { tasks: Number(tasks) }),
		...(layers !== undefined && { layers: Number(layers) }),
		...(slow !== undefined && { slowSeconds: Number(slow) }),
		...(http !== null && {
			http: { status: Number(http[1]), times: http[2] === undefined ? Infinity : Number(http[2]) },
		}),
	};
}
