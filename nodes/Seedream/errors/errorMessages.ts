import { meaningOf, type ErrorMeaning } from './errorCodes';
import type { ProviderError } from './providerError';

/** What happened, and what users can do about it. */
export interface ErrorMessage {
	/** Follows the provider's name. */
	message: string;
	hint: string;
}

const TRY_LATER = 'Try again later.';

const REJECTED: ErrorMessage = {
	message: 'rejected the request',
	hint: 'Change the value that the message names, then try again.',
};

const NO_CREDITS: ErrorMessage = {
	message: 'reports that this account has no credits left',
	hint: 'Top up the account, then try again.',
};

const UNAVAILABLE: ErrorMessage = {
	message: "isn't available right now",
	hint: "Check the provider's status page, then try again later.",
};

const NO_IMAGE: ErrorMessage = {
	message: "couldn't generate the image",
	hint: 'Try again. If it fails every time, change the prompt.',
};

/** By HTTP status. The tables in docs/errors.md come from this and the tables below. */
export const HTTP_MESSAGES: Record<number, ErrorMessage> = {
	400: REJECTED,
	401: {
		message: "didn't accept the API key",
		hint: 'Open the credential, paste the API key again and save it: n8n then tests the key.',
	},
	402: NO_CREDITS,
	403: {
		message: "doesn't allow this API key to do that",
		hint: "In the provider's dashboard, check that the API key can use this model.",
	},
	404: {
		message: "doesn't recognize this task",
		hint: "Check the task ID, the provider and the account. Providers don't keep old tasks forever.",
	},
	408: { message: 'timed out waiting for the request', hint: TRY_LATER },
	409: {
		message: 'has an earlier request that conflicts with this one',
		hint: "Check the provider's task list for the image.",
	},
	413: {
		message: "rejected the request because it's too large",
		hint: 'Use smaller reference images.',
	},
	429: {
		message: 'is receiving too many requests',
		hint: "Lower the 'Concurrency' option, or try again later.",
	},
	500: UNAVAILABLE,
	502: {
		message: "can't reach its upstream service",
		hint: "Check the provider's status page, then try again later.",
	},
	503: { message: "isn't available right now", hint: TRY_LATER },
	504: { message: 'got no response from its upstream service in time', hint: TRY_LATER },
};

const OTHER_HTTP_MESSAGE: ErrorMessage = {
	message: 'returned an unexpected response',
	hint: 'Check the base URL in the credential.',
};

const CONTENT_POLICY: ErrorMessage = {
	message: 'blocked the image because of its content policy',
	hint: 'Reword the prompt, or use different reference images.',
};

/** By what the provider's code means, whatever HTTP status comes with it. */
export const MEANING_MESSAGES: Record<ErrorMeaning, ErrorMessage> = {
	inProgress: {
		message: 'is still processing an earlier request for this row',
		hint: "Wait a few minutes, then select Retry on the Executions tab. It sends the request again with the same key, so you don't pay twice.",
	},
	outcomeUnknown: {
		message: "doesn't know what happened to an earlier request for this row",
		hint: "Check the provider's task list first: the image may be there.",
	},
	keyReused: {
		message: 'already has another request for this row',
		hint: "You may have been charged for that request: look for its image in the provider's task list. To generate this row anyway, run it in a separate execution.",
	},
	notProcessed: {
		message: "couldn't check whether it already has this request, and didn't generate anything",
		hint: TRY_LATER,
	},
	noCredits: NO_CREDITS,
	keyQuota: {
		message: 'reports that this API key has no credits left',
		hint: "Raise the key's limit in the provider's dashboard, or use another key.",
	},
	keyDailyQuota: {
		message: "isn't accepting any more requests from this API key today",
		hint: "Wait until the key's daily limit resets (usually at midnight), or raise the limit in the provider's dashboard.",
	},
	keyRejected: {
		message: "doesn't accept this API key for this request",
		hint: "Check the key in the provider's dashboard. It may be disabled or expired, or it may not be allowed to use this model or this IP address.",
	},
	contentPolicy: CONTENT_POLICY,
	modelUnavailable: {
		message: 'has no capacity for this model right now',
		hint: 'Try again later, or choose another model.',
	},
	badReference: {
		message: "couldn't open a reference image",
		hint: 'Open the reference links in a private browser window: each one must show an image.',
	},
};

/** By the code of a rejected upload (EvoLink's files API). */
export const UPLOAD_MESSAGES: Record<string, ErrorMessage> = {
	40001: { message: "rejected the file because it's too large", hint: 'Use a smaller image.' },
	40002: {
		message: "doesn't accept files of this type",
		hint: 'Use a JPEG, PNG, GIF or WebP image.',
	},
	40003: {
		message: 'already stores too many of your files',
		hint: "Delete files in the provider's dashboard, or wait: the provider deletes them after 72 hours. Links in 'Reference Image URLs' don't need an upload.",
	},
	40004: { message: "couldn't use the file's URL", hint: 'Try again.' },
	50001: { message: "couldn't store the file", hint: TRY_LATER },
};

/** By the code of a failed task. */
export const TASK_MESSAGES: Record<string, ErrorMessage> = {
	content_policy_violation: CONTENT_POLICY,
	invalid_parameters: {
		message: "couldn't use the parameters",
		hint: "Check the fields against the model's limits.",
	},
	image_processing_error: {
		message: "couldn't read a reference image",
		hint: 'Open the reference links in a private browser window: each one must show an image.',
	},
	image_dimension_mismatch: {
		message: "couldn't use a reference image because of its size",
		hint: "Use reference images within the model's limits.",
	},
	request_cancelled: { message: 'reports that the task was canceled', hint: 'Try again.' },
	generation_failed_no_content: {
		message: 'generated no image for this prompt',
		hint: 'Reword the prompt to describe the image more clearly.',
	},
	generation_timeout: {
		message: 'stopped the task because it took too long',
		hint: 'Try again. If it happens every time, use a lower resolution.',
	},
	resource_exhausted: { message: 'has no capacity left', hint: TRY_LATER },
	quota_exceeded: {
		message: 'has used up its quota',
		hint: "Check the account in the provider's dashboard, or try again later.",
	},
	resource_not_found: {
		message: "couldn't find something that the task needs",
		hint: 'Check that the reference links still work.',
	},
	service_error: { message: 'had an internal issue', hint: TRY_LATER },
	service_unavailable: { message: "wasn't available", hint: TRY_LATER },
	task_failed: NO_IMAGE,
	unknown_error: {
		message: "couldn't generate the image and doesn't say why",
		hint: NO_IMAGE.hint,
	},
};

export function httpMessage(status: number, isAboutTask: boolean): ErrorMessage {
	// Without a task, it's the URL that doesn't exist.
	if (status === 404 && !isAboutTask) return OTHER_HTTP_MESSAGE;
	// The provider explains itself in its own words.
	if (status < 400) return REJECTED;
	return HTTP_MESSAGES[status] ?? (status >= 500 ? UNAVAILABLE : OTHER_HTTP_MESSAGE);
}

export function taskMessage(error: ProviderError): ErrorMessage {
	const meaning = meaningOf(error);
	return meaning ? MEANING_MESSAGES[meaning] : (own(TASK_MESSAGES, error.code) ?? NO_IMAGE);
}

export function uploadMessage(code: string): ErrorMessage | undefined {
	return own(UPLOAD_MESSAGES, code);
}

function own(table: Record<string, ErrorMessage>, code: string): ErrorMessage | undefined {
	return Object.hasOwn(table, code) ? table[code] : undefined;
}

const NETWORK_MESSAGES: Record<string, string> = {
	ECONNABORTED: 'the connection timed out',
	ECONNREFUSED: 'the connection was refused',
	ECONNRESET: 'the connection was interrupted',
	ENOTFOUND: "its address doesn't exist",
	ERR_INVALID_URL: "its URL, or a proxy's URL, isn't valid",
	EAI_AGAIN: "its address couldn't be looked up",
	ETIMEDOUT: 'the connection timed out',
};

export function networkMessage(code: string): string {
	const message = NETWORK_MESSAGES[code];
	return message === undefined ? code : `${message} (${code})`;
}
