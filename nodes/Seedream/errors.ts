import { httpAdvice, networkWords, taskAdvice } from './advice';
import type { CallError, FailedTask, GatewayError, Provider } from './providers/provider';
import type { HttpAnswer } from './tasks/ports';

/** Whether the user paid: `unknown` where nobody can tell from the answer. */
export type Charged = 'no' | 'yes' | 'unknown';

export interface Failure {
	/** What happened, in a sentence for someone who does not program. */
	message: string;
	/** What to do about it. */
	description: string;
	/** The gateway's own code, or ours. */
	code: string;
	type: string;
	charged: Charged;
	/** `processing` when the task goes on at the gateway and can be fetched later. */
	status: 'failed' | 'cancelled' | 'processing';
	/** The provider's id; undefined when the row names none that exists. */
	provider?: string;
	taskId?: string;
	/** Set when asking again may help. */
	retry?: { afterSeconds?: number };
}

/** What the gateway or the network does is never thrown: it is a result. */
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

const CHARGED_WORDS: Record<Charged, string> = {
	no: 'Nothing was charged.',
	yes: 'The image was made and charged.',
	unknown: 'Whether it was charged cannot be known from here.',
};

function describe(todo: string, charged: Charged): string {
	return `${todo} ${CHARGED_WORDS[charged]}`;
}

/** Running the row again would pay again; the task that exists can be fetched instead. */
function fetchLater(taskId: string): string {
	return `The task may go on at the gateway: fetch it with the Seedream Task Status node and the task ID ${taskId}.`;
}

const MOST_QUOTED = 300;

/** The gateway's own words behind ours; codes that only repeat the HTTP status are left out. */
function quote({ code, message, requestId }: GatewayError): string {
	const said = message.length > MOST_QUOTED ? `${message.slice(0, MOST_QUOTED)}…` : message;
	const words = [/^\d+$/.test(code) ? '' : code, said].filter((part) => part !== '').join(': ');
	const parts = [words, requestId === undefined ? '' : `request ${requestId}`];
	const quoted = parts.filter((part) => part !== '').join(', ');
	return quoted === '' ? '' : ` (${quoted})`;
}

function withTask(taskId: string | undefined): string {
	return taskId === undefined ? '' : ` [task ${taskId}]`;
}

function retryAfterSeconds(headers: Record<string, string>): number | undefined {
	const seconds = Number(headers['retry-after']);
	return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

/**
 * The answer to a request was an error. Without a task id the request was a create: it was charged
 * only if the gateway may have accepted it in spite of the error.
 */
export function httpFailure(
	provider: Provider,
	error: CallError,
	headers: Record<string, string>,
	taskId?: string,
): Failure {
	const { what, todo } = httpAdvice(error.status, taskId);
	const isKnownTask = taskId !== undefined && error.status !== 404;
	const charged = taskId !== undefined || error.status >= 500 ? 'unknown' : 'no';
	const mayHelpLater = error.status === 429 || (taskId !== undefined && error.status >= 500);
	return {
		message: `${provider.label} ${what}${quote({ requestId: headers['x-request-id'], ...error })}${withTask(taskId)}`,
		description: describe(isKnownTask ? `${todo} ${fetchLater(taskId)}` : todo, charged),
		code: error.code,
		type: error.type,
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		...(mayHelpLater ? { retry: { afterSeconds: retryAfterSeconds(headers) } } : {}),
	};
}

/** No answer came. A query may be repeated freely; a create only if it cannot have arrived. */
export function networkFailure(
	provider: Provider,
	{ code, mayHaveArrived }: Extract<HttpAnswer, { kind: 'noReply' }>,
	taskId?: string,
): Failure {
	const charged = taskId !== undefined || mayHaveArrived ? 'unknown' : 'no';
	const mayRepeat = taskId !== undefined || !mayHaveArrived;
	const todo = 'Check the base URL in the credential and the network of this n8n.';
	return {
		message: `${provider.label} could not be reached: ${networkWords(code)}${withTask(taskId)}`,
		description: describe(taskId === undefined ? todo : `${todo} ${fetchLater(taskId)}`, charged),
		code,
		type: 'network_error',
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		...(mayRepeat ? { retry: {} } : {}),
	};
}

/** The task ended without an image. Failed tasks are not charged (EvoLink, APIMart, API in One). */
export function taskFailure(
	provider: Provider,
	{ status, error }: FailedTask,
	taskId: string,
): Failure {
	const { what, todo } = taskAdvice(error.code);
	return {
		message: `${provider.label} ${what}${quote(error)}${withTask(taskId)}`,
		description: describe(todo, 'no'),
		code: error.code,
		type: error.type,
		charged: 'no',
		status,
		provider: provider.id,
		taskId,
	};
}

const SHOWN_ANSWER_LENGTH = 300;

/** The answer made no sense. It is shown, shortened, so that a report of it can be acted on. */
export function unreadableAnswer(
	provider: Provider,
	reason: string,
	body: unknown,
	taskId?: string,
): Failure {
	const shown = (typeof body === 'string' ? body : (JSON.stringify(body) ?? '')).slice(
		0,
		SHOWN_ANSWER_LENGTH,
	);
	return {
		message: `${provider.label} gave an answer that this node does not understand (${reason})${withTask(taskId)}`,
		description: describe(
			`The answer was: ${shown}${taskId === undefined ? '' : ` ${fetchLater(taskId)}`}`,
			'unknown',
		),
		code: 'answer_not_understood',
		type: 'unreadable_answer',
		charged: 'unknown',
		status: 'failed',
		provider: provider.id,
		taskId,
	};
}

/** The task outlived the deadline; it goes on at the gateway. */
export function deadlineFailure(provider: Provider, taskId: string, seconds: number): Failure {
	return {
		message: `${provider.label} is still working on the image after ${seconds} seconds${withTask(taskId)}`,
		description: describe(
			`Fetch it later with the Seedream Task Status node and the task ID ${taskId}, or raise Timeout in the options.`,
			'unknown',
		),
		code: 'timeout',
		type: 'timeout',
		charged: 'unknown',
		status: 'processing',
		provider: provider.id,
		taskId,
	};
}

/** The image exists, but its file could not be fetched. */
export function downloadFailure(provider: Provider, reason: string, taskId: string): Failure {
	return {
		message: `The image was made, but could not be downloaded: ${reason}${withTask(taskId)}`,
		description: describe(
			`Fetch it with the Seedream Task Status node, ${provider.label} and the task ID ${taskId}: links work for 24 hours.`,
			'yes',
		),
		code: 'download_failed',
		type: 'download_error',
		charged: 'yes',
		status: 'failed',
		provider: provider.id,
		taskId,
	};
}

/** An image did not get to the gateway: no task was made, and a file costs nothing. */
export function uploadFailure(failure: Failure): Failure {
	return {
		...failure,
		message: `A reference image could not be uploaded: ${failure.message}`,
		description: failure.description.replace(CHARGED_WORDS[failure.charged], CHARGED_WORDS.no),
		charged: 'no',
		retry: failure.retry ?? (failure.charged === 'unknown' ? {} : undefined),
	};
}

/** The file was there when the row was checked, and is not there any more. */
export function lostFile(provider: Provider, label: string): Failure {
	return {
		message: `${label} cannot be read any more`,
		description: describe('Run the workflow again from the node that makes the file.', 'no'),
		code: 'file_lost',
		type: 'invalid_input',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
	};
}

/** The row's provider cannot be asked: the user has not chosen a credential for it. */
export function missingCredential(provider: Provider): Failure {
	return {
		message: `No ${provider.label} credential is selected`,
		description: describe(
			`Open the node, choose or create a credential for ${provider.label} and run again.`,
			'no',
		),
		code: 'missing_credential',
		type: 'invalid_input',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
	};
}

/** A row that was refused before anything was sent. */
export function invalidRow(messages: readonly string[], provider?: Provider): Failure {
	return {
		message: messages.join('; '),
		description: describe('Correct the row and run again.', 'no'),
		code: 'invalid_row',
		type: 'invalid_input',
		charged: 'no',
		status: 'failed',
		provider: provider?.id,
	};
}
