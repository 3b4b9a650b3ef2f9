import { meaningOf, type ErrorMeaning } from './providers/errorCodes';
import type { GatewayError } from './providers/provider';

/** What an error means for people who do not program, and what they can do. */
export interface Advice {
	/** Follows the gateway's name. */
	what: string;
	todo: string;
}

/** By HTTP status; the README's table of errors is made from this and the next table. */
export const HTTP_ADVICE: Record<number, Advice> = {
	400: { what: 'refused the request', todo: 'Change what the message names and run again.' },
	401: {
		what: 'did not accept the API key',
		todo: 'Open the credential, paste the key again and save it: n8n tests it then.',
	},
	402: { what: 'has no credit left on this account', todo: 'Top up the account and run again.' },
	403: {
		what: 'does not allow this API key to do that',
		todo: "Check in the gateway's dashboard that the key may use this model.",
	},
	404: {
		what: 'does not know this task',
		todo: 'Check the task ID, the provider and the account. Gateways forget old tasks.',
	},
	408: { what: 'waited for the request in vain', todo: 'Run the row again later.' },
	409: {
		what: 'has an earlier request that this one contradicts',
		todo: "Look in the provider's list of tasks whether it has the image.",
	},
	413: { what: 'finds the request too large', todo: 'Use smaller reference images.' },
	429: {
		what: 'gets too many requests',
		todo: 'Lower Concurrency in the options, or run again later.',
	},
	500: {
		what: 'has a problem of its own',
		todo: "Look at the gateway's status page and run again later.",
	},
	502: {
		what: 'cannot reach the service behind it',
		todo: "Look at the gateway's status page and run again later.",
	},
	503: { what: 'is not available at the moment', todo: 'Run again later.' },
	504: { what: 'got no answer in time from the service behind it', todo: 'Run again later.' },
};

const SERVER_ADVICE: Advice = {
	what: 'has a problem of its own',
	todo: "Look at the gateway's status page and run again later.",
};

const OTHER_HTTP_ADVICE: Advice = {
	what: 'answered with an error',
	todo: 'Check the base URL in the credential.',
};

const CONTENT_POLICY: Advice = {
	what: 'stopped the image because of its content policy',
	todo: 'Reword the prompt, or use other reference images.',
};

/** By what the provider's code means, whatever HTTP status comes with it. */
export const MEANING_ADVICE: Record<ErrorMeaning, Advice> = {
	stillUnderWay: {
		what: 'is still working on an earlier request for this row',
		todo: 'Wait a few minutes, then press Retry in the list of executions: it asks again under the same key, without paying twice.',
	},
	indeterminate: {
		what: 'does not know what became of an earlier request for this row',
		todo: "Look in the provider's list of tasks first: the image may be there.",
	},
	keyReused: {
		what: 'already has another request for this row',
		todo: 'What that request made may be charged: look for it in the list of tasks. To make this row all the same, put it into an execution of its own.',
	},
	notCarriedOut: {
		what: 'could not check whether it has this request already, and made nothing',
		todo: 'Run the row again later.',
	},
	noCredit: {
		what: 'has no credit left on this account',
		todo: 'Top up the account and run again.',
	},
	keyQuota: {
		what: 'has no credit left for this API key',
		todo: "Raise the key's limit in the provider's dashboard, or use another key.",
	},
	keyDailyQuota: {
		what: 'takes no more from this API key today',
		todo: "Wait until the key's daily limit is reset, which is mostly at midnight, or raise it in the provider's dashboard.",
	},
	keyRefused: {
		what: 'does not accept this API key for that',
		todo: "Look at the key in the provider's dashboard: it may be disabled or expired, or not be allowed to use this model or to call from this address.",
	},
	contentPolicy: CONTENT_POLICY,
	noChannel: {
		what: 'has nothing free for this model at the moment',
		todo: 'Run the row again later, or choose another model.',
	},
	badReference: {
		what: 'could not open a reference image',
		todo: 'Open the reference links in a private browser window: they must show an image.',
	},
};

/** By the code of an upload that was refused (EvoLink's files API). */
export const UPLOAD_ADVICE: Record<string, Advice> = {
	40001: { what: 'finds the file too large', todo: 'Use a smaller image.' },
	40002: {
		what: 'does not take files of this type',
		todo: 'Use a JPEG, PNG, GIF or WebP image.',
	},
	40003: {
		what: 'keeps too many files of yours already',
		todo: "Delete files in the provider's dashboard, or wait: it deletes them after 72 hours. Reference Image URLs need no upload.",
	},
	40004: { what: 'could not use the address of the file', todo: 'Run the row again.' },
	50001: { what: 'could not store the file', todo: 'Run the row again later.' },
};

/** By the code of a task that failed. */
export const TASK_ADVICE: Record<string, Advice> = {
	content_policy_violation: CONTENT_POLICY,
	invalid_parameters: {
		what: 'could not use the parameters',
		todo: 'Compare the fields with the limits of the model.',
	},
	image_processing_error: {
		what: 'could not read a reference image',
		todo: 'Open the reference links in a private browser window: they must show an image.',
	},
	image_dimension_mismatch: {
		what: 'could not use the size of a reference image',
		todo: 'Use reference images within the limits of the model.',
	},
	request_cancelled: { what: 'says that the task was cancelled', todo: 'Run the row again.' },
	generation_failed_no_content: {
		what: 'made no image of this prompt',
		todo: 'Reword the prompt: say more clearly what the image shows.',
	},
	generation_timeout: {
		what: 'gave up because the image took too long',
		todo: 'Run the row again, with a lower resolution if it happens every time.',
	},
	resource_exhausted: { what: 'has no capacity left', todo: 'Run the row again later.' },
	quota_exceeded: {
		what: 'has used up its quota',
		todo: "Look at the account in the gateway's dashboard, or run the row again later.",
	},
	resource_not_found: {
		what: 'could not find something that the task needs',
		todo: 'Check that the reference links still work.',
	},
	service_error: { what: 'had a problem of its own', todo: 'Run the row again later.' },
	service_unavailable: { what: 'was not available', todo: 'Run the row again later.' },
	task_failed: {
		what: 'could not make the image',
		todo: 'Run the row again. If it fails every time, change the prompt.',
	},
	unknown_error: {
		what: 'could not make the image and does not say why',
		todo: 'Run the row again. If it fails every time, change the prompt.',
	},
};

const OTHER_TASK_ADVICE: Advice = {
	what: 'could not make the image',
	todo: 'Run the row again. If it fails every time, change the prompt.',
};

const REFUSAL_ADVICE: Advice = {
	what: 'refused the request',
	todo: 'Change what the message names and run again.',
};

export function httpAdvice(status: number, isAboutTask: boolean): Advice {
	// Where there is no task yet, it is the address that nobody knows.
	if (status === 404 && !isAboutTask) return OTHER_HTTP_ADVICE;
	// The provider speaks in its own words.
	if (status < 400) return REFUSAL_ADVICE;
	return HTTP_ADVICE[status] ?? (status >= 500 ? SERVER_ADVICE : OTHER_HTTP_ADVICE);
}

export function taskAdvice(error: GatewayError): Advice {
	const meaning = meaningOf(error);
	return meaning ? MEANING_ADVICE[meaning] : (own(TASK_ADVICE, error.code) ?? OTHER_TASK_ADVICE);
}

export function uploadAdvice(code: string): Advice | undefined {
	return own(UPLOAD_ADVICE, code);
}

function own(table: Record<string, Advice>, code: string): Advice | undefined {
	return Object.hasOwn(table, code) ? table[code] : undefined;
}

const NETWORK_WORDS: Record<string, string> = {
	ECONNABORTED: 'no answer came in time',
	ECONNREFUSED: 'nothing answers at its address',
	ECONNRESET: 'the connection broke off',
	ENOTFOUND: 'its address is not known',
	ERR_INVALID_URL: 'its address, or that of a proxy, is not an address',
	EAI_AGAIN: 'its address could not be looked up',
	ETIMEDOUT: 'no answer came in time',
};

export function networkWords(code: string): string {
	const words = NETWORK_WORDS[code];
	return words === undefined ? code : `${words} (${code})`;
}
