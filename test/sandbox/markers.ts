import type { TaskFailure } from './tasks';

/** What a person wrote into a prompt to see something go wrong. */
export interface Markers {
	failure?: TaskFailure;
	/** Create answers this status the first `times` times it is asked for this prompt. */
	http?: { status: number; times: number };
	slowSeconds?: number;
	/** So many of the images are stopped by moderation. */
	stopped?: number;
	/** A task that fails is charged all the same. */
	charged?: boolean;
	/** One create makes so many tasks, where the provider does such a thing. */
	tasks?: number;
}

/** The markers, as `cli.ts` and the documentation list them. */
export const MARKER_HELP: ReadonlyArray<readonly [string, string]> = [
	['[[fail:CODE]]', 'the task ends failed with this code, e.g. [[fail:content_policy_violation]]'],
	['[[charged]]', 'with [[fail:CODE]]: the failed task is charged all the same'],
	['[[stopped:2]]', 'two of the images are stopped by moderation; the others come and are charged'],
	['[[tasks:2]]', 'at APIMart: one create makes two tasks, and each is charged'],
	['[[http:429]]', 'create answers this status (400-599) every time'],
	['[[http:429x2]]', 'create answers this status the first two times for this prompt'],
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

/** A failure in the words that the documents have for its code. */
export function failureOf(code: string): TaskFailure {
	return { code, message: FAILURE_MESSAGES[code] ?? `The task failed: ${code}.` };
}

export function readMarkers(prompt: string): Markers {
	const fail = /\[\[fail:([\w.-]+)\]\]/.exec(prompt)?.[1];
	const slow = /\[\[slow:(\d+(?:\.\d+)?)\]\]/.exec(prompt)?.[1];
	const stopped = /\[\[stopped:([1-9]\d?)\]\]/.exec(prompt)?.[1];
	const tasks = /\[\[tasks:([1-9]\d?)\]\]/.exec(prompt)?.[1];
	const http = /\[\[http:([45]\d\d)(?:x(\d+))?\]\]/.exec(prompt);
	return {
		...(fail !== undefined && { failure: failureOf(fail) }),
		...(prompt.includes('[[charged]]') && { charged: true }),
		...(stopped !== undefined && { stopped: Number(stopped) }),
		...(tasks !== undefined && { tasks: Number(tasks) }),
		...(slow !== undefined && { slowSeconds: Number(slow) }),
		...(http !== null && {
			http: { status: Number(http[1]), times: http[2] === undefined ? Infinity : Number(http[2]) },
		}),
	};
}
