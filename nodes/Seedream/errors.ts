import { httpAdvice, networkWords, taskAdvice } from './advice';
import { isJsonObject } from './json';
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
	/** Set when asking again may help and cannot pay twice. */
	retry?: 'freely' | 'aFewTimes';
	/** How long the gateway wants to be left alone. */
	afterSeconds?: number;
	/** The gateway takes nothing at the moment: it has too much to do, or cannot be reached. */
	isRefusal?: true;
	/** The gateway knows no task of this id. */
	isUnknownTask?: true;
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

/** What to do, where the charge is told elsewhere. */
export function withoutCharged({ description, charged }: Failure): string {
	return description.replace(CHARGED_WORDS[charged], '').trim();
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

/** What is safe to repeat: a create only where it is not made again under its Idempotency-Key. */
function isRepeatable(provider: Provider, taskId: string | undefined): boolean {
	return taskId !== undefined || provider.honoursIdempotencyKey;
}

/**
 * The answer to a request was an error. Without a task id the request was a create: it was charged
 * only if the gateway may have accepted it in spite of the error.
 */
export function httpFailure(
	provider: Provider,
	error: CallError,
	afterSeconds: number | undefined,
	taskId?: string,
): Failure {
	const { what, todo } = httpAdvice(error.status, taskId);
	const isUnknownTask = taskId !== undefined && error.status === 404;
	const charged = taskId !== undefined || error.status >= 500 ? 'unknown' : 'no';
	const mayHelpLater =
		error.status === 429 || (error.status >= 500 && isRepeatable(provider, taskId));
	return {
		message: `${provider.label} ${what}${quote(error)}${withTask(taskId)}`,
		description: describe(
			taskId === undefined || isUnknownTask ? todo : `${todo} ${fetchLater(taskId)}`,
			charged,
		),
		code: error.code,
		type: error.type,
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		afterSeconds,
		...(mayHelpLater ? { retry: 'freely' } : {}),
		...(error.status === 429 || error.status === 503 ? { isRefusal: true } : {}),
		...(isUnknownTask ? { isUnknownTask } : {}),
	};
}

/** No answer came. A create that cannot have arrived may always be sent again. */
export function networkFailure(
	provider: Provider,
	{ code, mayHaveArrived }: Extract<HttpAnswer, { kind: 'noReply' }>,
	taskId?: string,
): Failure {
	const charged = taskId !== undefined || mayHaveArrived ? 'unknown' : 'no';
	const todo = 'Check the base URL in the credential and the network of this n8n.';
	return {
		message: `${provider.label} ${mayHaveArrived ? 'did not answer' : 'could not be reached'}: ${networkWords(code)}${withTask(taskId)}`,
		description: describe(taskId === undefined ? todo : `${todo} ${fetchLater(taskId)}`, charged),
		code,
		type: 'network_error',
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		...(!mayHaveArrived || isRepeatable(provider, taskId) ? { retry: 'freely' } : {}),
		...(mayHaveArrived ? {} : { isRefusal: true }),
	};
}

/**
 * A create may have been accepted, and its answer was lost. `failure` says how; `at` is when it was
 * sent.
 */
export function lostCreate(failure: Failure, provider: Provider, model: string, at: Date): Failure {
	// An answer that we do not understand may hold the task's id, for people to see.
	const answer = failure.type === UNREADABLE ? `${withoutCharged(failure)} ` : '';
	return {
		...failure,
		message: `${failure.message}. ${mayExist(provider, model, at)}`,
		description: `${answer}${lookItUp(provider)}`,
		charged: 'unknown',
	};
}

/** The gateway has refused so many creates in a row that this one was not sent any more. */
export function notSent(provider: Provider, refusal: Failure | undefined): Failure {
	return {
		message: refusal?.message ?? `${provider.label} takes nothing at the moment`,
		description: describe('The row was not sent any more: run it again later.', 'no'),
		code: refusal?.code ?? 'not_sent',
		type: refusal?.type ?? 'overload',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
	};
}

/** An earlier try of the node lost the answer to the row's create, and may have paid for it. */
export function noSecondCreate(provider: Provider, model: string, at: Date): Failure {
	return {
		message: `The answer to this row's request was lost in an earlier try. ${mayExist(provider, model, at)}`,
		description: lookItUp(provider),
		code: 'answer_lost',
		type: 'network_error',
		charged: 'unknown',
		status: 'failed',
		provider: provider.id,
	};
}

function mayExist({ label }: Provider, model: string, at: Date): string {
	return `The image may have been made and charged: look in ${label}'s list of tasks for ${lostTask(model, at)}`;
}

/** All that is known of a task whose create was not answered, for the one who looks for it. */
export function lostTask(model: string, at: Date): string {
	const time = at.toISOString().slice(0, 19).replace('T', ' ');
	return `one of ${model} made at ${time} UTC`;
}

function lookItUp({ label, honoursIdempotencyKey }: Provider): string {
	const again = honoursIdempotencyKey
		? 'Retry On Fail, or Retry in the list of executions, asks again without paying twice.'
		: 'Retry On Fail does not send the row again, because that might pay twice. Retry in the list of executions sends it again, so look first.';
	return `If ${label} has the task, Seedream Task Status fetches it by its ID. ${again} ${CHARGED_WORDS.unknown}`;
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
const UNREADABLE = 'unreadable_answer';

/**
 * The answer made no sense. It is shown, shortened, so that a report of it can be acted on. A page of
 * a proxy, or half an answer, goes away; an object with other content than ours mostly does not.
 */
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
		type: UNREADABLE,
		charged: 'unknown',
		status: 'failed',
		provider: provider.id,
		taskId,
		...(isRepeatable(provider, taskId)
			? { retry: isJsonObject(body) ? 'aFewTimes' : 'freely' }
			: {}),
	};
}

/** The task outlived the deadline; it goes on at the gateway. `last` is what kept us from knowing. */
export function deadlineFailure(
	provider: Provider,
	taskId: string,
	seconds: number,
	last?: Failure,
): Failure {
	const limit = seconds === 1 ? '1 second' : `${seconds} seconds`;
	const what = last
		? `did not say within ${limit} whether the image is done`
		: `is still working on the image after ${limit}`;
	const why = last
		? `. The last question failed: ${last.message.replace(withTask(taskId), '')}`
		: '';
	return {
		message: `${provider.label} ${what}: Seedream Task Status can fetch it later${withTask(taskId)}${why}`,
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

/** The image exists, but its file could not be fetched; `isGone` when its link has died. */
export function downloadFailure(
	provider: Provider,
	reason: string,
	taskId: string,
	isGone: boolean,
): Failure {
	const todo = isGone
		? `${provider.label} keeps images for 24 hours: look in its dashboard whether it still has this one.`
		: `Fetch it with the Seedream Task Status node, ${provider.label} and the task ID ${taskId}: links work for 24 hours.`;
	return {
		message: `The image was made, but could not be downloaded: ${reason}${withTask(taskId)}`,
		description: describe(todo, 'yes'),
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
		description: `${withoutCharged(failure)} ${CHARGED_WORDS.no}`,
		charged: 'no',
		retry: failure.retry ?? (failure.charged === 'unknown' ? 'freely' : undefined),
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
