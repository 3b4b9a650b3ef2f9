import type { Cost } from '../shared/cost';
import type { ErrorMeaning } from './errorCodes';
import type { FailureCause } from './failureCause';
import type { ProviderError } from './providerError';

/** Whether the user was charged: `unknown` where the response doesn't tell. */
export type Charged = 'no' | 'yes' | 'unknown';

export interface Failure {
	/** What happened, in a sentence for users who don't program. */
	message: string;
	/** What to do about it. */
	description: string;
	/** The provider's own code, or ours. */
	code: string;
	type: string;
	charged: Charged;
	/** Where the provider says what it charged for a task without an image. */
	cost?: Cost;
	/** `charged` is "no" only because nothing says otherwise. */
	chargeIsAssumed?: true;
	/** `processing` when the task is still running and can be fetched later. */
	status: 'failed' | 'cancelled' | 'processing';
	/** The provider's id; undefined when the row names none that exists. */
	provider?: string;
	taskId?: string;
	/** Set when a retry may help and can't be charged twice. */
	retry?: 'unlimited' | 'limited';
	/** From the provider's Retry-After. */
	retryAfterSeconds?: number;
	/** The provider isn't accepting requests right now: it's overloaded, or can't be reached. */
	isUnavailable?: true;
	/** The rejection is a limit that ends by itself: worth waiting for as long as there's time. */
	isLimit?: true;
	/** A network or short-lived issue: the same request may well succeed. */
	isTransient?: true;
	/** Why, in n8n's own words, where one of them fits. */
	cause?: FailureCause;
	/** What the provider's own code means, where it says more than the HTTP status. */
	meaning?: ErrorMeaning;
	/** The provider has no task with this ID. */
	isUnknownTask?: true;
	/** The task has ended, so there's nothing left to fetch. */
	hasEnded?: true;
}

/** What the provider or the network does is never thrown: it's a result. */
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** What a request is for: decides what its failure may have cost, and whether to repeat it. */
export type RequestPurpose =
	/** `isRepeatable`: sent again with its key, it isn't executed again. */
	| { kind: 'create'; isRepeatable: boolean }
	| { kind: 'task'; taskId: string }
	/** Costs nothing, and belongs to no single task. */
	| { kind: 'free' };

export const CHARGE_MESSAGES: Record<Charged, string> = {
	no: "You weren't charged.",
	yes: 'The image was generated and you were charged.',
	unknown: "The node can't tell whether you were charged.",
};

export const ASSUMED_FREE_MESSAGE = "As far as is known, you weren't charged.";
export const CHARGED_WITHOUT_IMAGE_MESSAGE =
	"You were charged anyway. Ask the provider's support for a refund and include the task ID.";

export function withChargeMessage(hint: string, charged: Charged): string {
	return `${hint} ${CHARGE_MESSAGES[charged]}`;
}

/** What to do, without the charge, for messages that state it elsewhere. */
export function withoutChargeMessage({ description, charged }: Failure): string {
	const messages = [CHARGE_MESSAGES[charged], ASSUMED_FREE_MESSAGE, CHARGED_WITHOUT_IMAGE_MESSAGE];
	return messages.reduce((text, message) => text.replace(message, ''), description).trim();
}

/** The provider has no task with this ID, or can't have one. */
export function isNoTask({ isUnknownTask, code }: Failure): boolean {
	return isUnknownTask === true || code === 'invalid_task_id';
}

/** Running the row again would be charged again; fetching the existing task is free. */
export function fetchLaterHint(taskId: string): string {
	return `The task may still be running. Fetch it with the Seedream Task Status node and the task ID ${taskId}.`;
}

const MAX_QUOTED_LENGTH = 300;

/** The provider's own words in parentheses, without codes that only repeat the HTTP status. */
export function quote({ code, message, requestId }: ProviderError): string {
	const text =
		message.length > MAX_QUOTED_LENGTH ? `${message.slice(0, MAX_QUOTED_LENGTH)}…` : message;
	const codeAndText = [/^\d+$/.test(code) ? '' : code, text].filter(Boolean).join(': ');
	const isRequestNamed = requestId === undefined || text.includes(requestId);
	const quoted = [codeAndText, isRequestNamed ? '' : `request ID ${requestId}`];
	const parts = quoted.filter(Boolean).join(', ');
	return parts === '' ? '' : ` (${parts})`;
}

export function taskTag(taskId: string | undefined): string {
	return taskId === undefined ? '' : ` [task ${taskId}]`;
}

export function withSuggestion(hint: string, { suggestion }: ProviderError): string {
	return suggestion === undefined ? hint : `${hint} ${suggestion}`;
}

/** The row's create went out twice: the first one may have been charged even though the row failed. */
export function withWarning(failure: Failure, warning: string | undefined): Failure {
	if (warning === undefined) return failure;
	const charged = failure.charged === 'no' ? 'unknown' : failure.charged;
	const description =
		failure.charged === 'no'
			? withChargeMessage(withoutChargeMessage(failure), charged)
			: failure.description;
	return { ...failure, message: `${failure.message}. ${warning}`, description, charged };
}

/** None of a row's tasks returned an image; one failure stands for all of them. */
export function withOtherTaskIds(failure: Failure, taskIds: readonly string[]): Failure {
	const others = taskIds.filter((taskId) => taskId !== failure.taskId);
	if (others.length === 0) return failure;
	return {
		...failure,
		message: `${failure.message}. This row's other task IDs: ${others.join(', ')}`,
	};
}
