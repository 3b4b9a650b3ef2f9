import { meaningOf, type ErrorMeaning } from './errorCodes';
import type { ProviderError } from './providerError';

/** What an error means for people who do not program, and what they can do. */
export interface ErrorMessage {
	/** Follows the provider's name. */
	message: string;
	hint: string;
}

/** By HTTP status; the README's table of errors is made from this and the next table. */
export const HTTP_MESSAGES: Record<number, ErrorMessage> = {
	400: { message: 'refused the request', hint: 'Change what the message names and run again.' },
	401: {
		message: 'did not accept the API key',
		hint: 'Open the credential, paste the key again and save it: n8n tests it then.',
	},
	402: { message: 'has no credit left on this account', hint: 'Top up the account and run again.' },
	403: {
		message: 'does not allow this API key to do that',
		hint: "Check in the provider's dashboard that the key may use this model.",
	},
	404: {
		message: 'does not know this task',
		hint: 'Check the task ID, the provider and the account. Providers forget old tasks.',
	},
	408: { message: 'waited for the request in vain', hint: 'Run the row again later.' },
	409: {
		message: 'has an earlier request that this one contradicts',
		hint: "Look in the provider's list of tasks whether it has the image.",
	},
	413: { message: 'finds the request too large', hint: 'Use smaller reference images.' },
	429: {
		message: 'gets too many requests',
		hint: 'Lower Concurrency in the options, or run again later.',
	},
	500: {
		message: 'has a problem of its own',
		hint: "Look at the provider's status page and run again later.",
	},
	502: {
		message: 'cannot reach the service behind it',
		hint: "Look at the provider's status page and run again later.",
	},
	503: { message: 'is not available at the moment', hint: 'Run again later.' },
	504: { message: 'got no answer in time from the service behind it', hint: 'Run again later.' },
};

const SERVER_MESSAGE: ErrorMessage = {
	message: 'has a problem of its own',
	hint: "Look at the provider's status page and run again later.",
};

const OTHER_HTTP_MESSAGE: ErrorMessage = {
	message: 'answered with an error',
	hint: 'Check the base URL in the credential.',
};

const CONTENT_POLICY: ErrorMessage = {
	message: 'stopped the image because of its content policy',
	hint: 'Reword the prompt, or use other reference images.',
};

/** By what the provider's code means, whatever HTTP status comes with it. */
export const MEANING_MESSAGES: Record<ErrorMeaning, ErrorMessage> = {
	stillUnderWay: {
		message: 'is still working on an earlier request for this row',
		hint: 'Wait a few minutes, then press Retry in the list of executions: it asks again under the same key, without paying twice.',
	},
	indeterminate: {
		message: 'does not know what became of an earlier request for this row',
		hint: "Look in the provider's list of tasks first: the image may be there.",
	},
	keyReused: {
		message: 'already has another request for this row',
		hint: 'What that request made may be charged: look for it in the list of tasks. To make this row all the same, put it into an execution of its own.',
	},
	notCarriedOut: {
		message: 'could not check whether it has this request already, and made nothing',
		hint: 'Run the row again later.',
	},
	noCredit: {
		message: 'has no credit left on this account',
		hint: 'Top up the account and run again.',
	},
	keyQuota: {
		message: 'has no credit left for this API key',
		hint: "Raise the key's limit in the provider's dashboard, or use another key.",
	},
	keyDailyQuota: {
		message: 'takes no more from this API key today',
		hint: "Wait until the key's daily limit is reset, which is mostly at midnight, or raise it in the provider's dashboard.",
	},
	keyRefused: {
		message: 'does not accept this API key for that',
		hint: "Look at the key in the provider's dashboard: it may be disabled or expired, or not be allowed to use this model or to call from this address.",
	},
	contentPolicy: CONTENT_POLICY,
	noChannel: {
		message: 'has nothing free for this model at the moment',
		hint: 'Run the row again later, or choose another model.',
	},
	badReference: {
		message: 'could not open a reference image',
		hint: 'Open the reference links in a private browser window: they must show an image.',
	},
};

/** By the code of an upload that was refused (EvoLink's files API). */
export const UPLOAD_MESSAGES: Record<string, ErrorMessage> = {
	40001: { message: 'finds the file too large', hint: 'Use a smaller image.' },
	40002: {
		message: 'does not take files of this type',
		hint: 'Use a JPEG, PNG, GIF or WebP image.',
	},
	40003: {
		message: 'keeps too many files of yours already',
		hint: "Delete files in the provider's dashboard, or wait: it deletes them after 72 hours. Reference Image URLs need no upload.",
	},
	40004: { message: 'could not use the address of the file', hint: 'Run the row again.' },
	50001: { message: 'could not store the file', hint: 'Run the row again later.' },
};

/** By the code of a task that failed. */
export const TASK_MESSAGES: Record<string, ErrorMessage> = {
	content_policy_violation: CONTENT_POLICY,
	invalid_parameters: {
		message: 'could not use the parameters',
		hint: 'Compare the fields with the limits of the model.',
	},
	image_processing_error: {
		message: 'could not read a reference image',
		hint: 'Open the reference links in a private browser window: they must show an image.',
	},
	image_dimension_mismatch: {
		message: 'could not use the size of a reference image',
		hint: 'Use reference images within the limits of the model.',
	},
	request_cancelled: { message: 'says that the task was cancelled', hint: 'Run the row again.' },
	generation_failed_no_content: {
		message: 'made no image of this prompt',
		hint: 'Reword the prompt: say more clearly what the image shows.',
	},
	generation_timeout: {
		message: 'gave up because the image took too long',
		hint: 'Run the row again, with a lower resolution if it happens every time.',
	},
	resource_exhausted: { message: 'has no capacity left', hint: 'Run the row again later.' },
	quota_exceeded: {
		message: 'has used up its quota',
		hint: "Look at the account in the provider's dashboard, or run the row again later.",
	},
	resource_not_found: {
		message: 'could not find something that the task needs',
		hint: 'Check that the reference links still work.',
	},
	service_error: { message: 'had a problem of its own', hint: 'Run the row again later.' },
	service_unavailable: { message: 'was not available', hint: 'Run the row again later.' },
	task_failed: {
		message: 'could not make the image',
		hint: 'Run the row again. If it fails every time, change the prompt.',
	},
	unknown_error: {
		message: 'could not make the image and does not say why',
		hint: 'Run the row again. If it fails every time, change the prompt.',
	},
};

const OTHER_TASK_MESSAGE: ErrorMessage = {
	message: 'could not make the image',
	hint: 'Run the row again. If it fails every time, change the prompt.',
};

const REJECTION_MESSAGE: ErrorMessage = {
	message: 'refused the request',
	hint: 'Change what the message names and run again.',
};

export function httpMessage(status: number, isAboutTask: boolean): ErrorMessage {
	// Where there is no task yet, it is the address that nobody knows.
	if (status === 404 && !isAboutTask) return OTHER_HTTP_MESSAGE;
	// The provider speaks in its own words.
	if (status < 400) return REJECTION_MESSAGE;
	return HTTP_MESSAGES[status] ?? (status >= 500 ? SERVER_MESSAGE : OTHER_HTTP_MESSAGE);
}

export function taskMessage(error: ProviderError): ErrorMessage {
	const meaning = meaningOf(error);
	return meaning
		? MEANING_MESSAGES[meaning]
		: (own(TASK_MESSAGES, error.code) ?? OTHER_TASK_MESSAGE);
}

export function uploadMessage(code: string): ErrorMessage | undefined {
	return own(UPLOAD_MESSAGES, code);
}

function own(table: Record<string, ErrorMessage>, code: string): ErrorMessage | undefined {
	return Object.hasOwn(table, code) ? table[code] : undefined;
}

const NETWORK_MESSAGES: Record<string, string> = {
	ECONNABORTED: 'no answer came in time',
	ECONNREFUSED: 'nothing answers at its address',
	ECONNRESET: 'the connection broke off',
	ENOTFOUND: 'its address is not known',
	ERR_INVALID_URL: 'its address, or that of a proxy, is not an address',
	EAI_AGAIN: 'its address could not be looked up',
	ETIMEDOUT: 'no answer came in time',
};

export function networkMessage(code: string): string {
	const words = NETWORK_MESSAGES[code];
	return words === undefined ? code : `${words} (${code})`;
}
