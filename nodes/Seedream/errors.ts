import { httpAdvice, MEANING_ADVICE, networkWords, taskAdvice, uploadAdvice } from './advice';
import { isJsonObject } from './json';
import { meaningOf, type ErrorMeaning } from './providers/errorCodes';
import type {
	CallError,
	FailedTask,
	GatewayError,
	ListedTask,
	Provider,
} from './providers/provider';
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
	/** `charged` is "no" only because nobody says otherwise. */
	chargeIsAssumed?: true;
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
	/** The refusal is a limit that ends by itself: worth waiting for as long as there is time. */
	isLimit?: true;
	/** Trouble on the way, or a moment's: the same call may well succeed. */
	isTransient?: true;
	/** What the provider's own code means, where that is more than its HTTP status. */
	meaning?: ErrorMeaning;
	/** The gateway knows no task of this id. */
	isUnknownTask?: true;
	/** The task has ended, so that there is nothing left to fetch. */
	hasEnded?: true;
}

/** What the gateway or the network does is never thrown: it is a result. */
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** What a call was for: that decides what its failure may have cost, and whether to repeat it. */
export type CallPurpose =
	/** `isRepeatable`: sent again under its key, it is not made again. */
	| { kind: 'create'; isRepeatable: boolean }
	| { kind: 'task'; taskId: string }
	/** It costs nothing, and belongs to no single task. */
	| { kind: 'free' };

const CHARGED_WORDS: Record<Charged, string> = {
	no: 'Nothing was charged.',
	yes: 'The image was made and charged.',
	unknown: 'Whether it was charged cannot be known from here.',
};

const ASSUMED_WORDS = 'Not charged, as far as is known.';
const CHARGED_IN_VAIN =
	'It was charged all the same: ask the support of the provider for a refund, with the task ID.';

function describe(todo: string, charged: Charged): string {
	return `${todo} ${CHARGED_WORDS[charged]}`;
}

/** What to do, where the charge is told elsewhere. */
export function withoutCharged({ description, charged }: Failure): string {
	const words = [CHARGED_WORDS[charged], ASSUMED_WORDS, CHARGED_IN_VAIN];
	return words.reduce((text, one) => text.replace(one, ''), description).trim();
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
	const isSaid = requestId === undefined || said.includes(requestId);
	const parts = [words, isSaid ? '' : `request ${requestId}`];
	const quoted = parts.filter((part) => part !== '').join(', ');
	return quoted === '' ? '' : ` (${quoted})`;
}

function withTask(taskId: string | undefined): string {
	return taskId === undefined ? '' : ` [task ${taskId}]`;
}

function withAdvice(todo: string, { advice }: GatewayError): string {
	return advice === undefined ? todo : `${todo} ${advice}`;
}

/** By the standard, these were decided before anything was done (RFC 9110, 6585). */
const DECIDED_BEFORE = new Set([
	...[400, 401, 402, 403, 404, 405, 406, 407, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422],
	...[423, 424, 426, 428, 429, 431, 451],
]);

/** And these, whoever says so: there is no such address, a proxy lets nobody through, or nothing is taken for now. */
const SAID_BY_ANYONE = new Set([404, 405, 407, 429]);

/** Said by whatever stands in between, when nothing came back in time. */
const GIVEN_UP_WAITING = new Set([408, 425, 499]);

/** Nobody but the network, or what stands before the provider, says these (RFC 9110). */
const TRANSIENT = new Set([408, 425, 429, 499, 502, 503, 504]);

const UNDECIDED: ReadonlySet<ErrorMeaning> = new Set([
	'stillUnderWay',
	'indeterminate',
	'keyReused',
]);

const PASSES_BY_ITSELF: ReadonlySet<ErrorMeaning> = new Set(['notCarriedOut', 'noChannel']);

/** These are about what was sent, and may stand in a task that was begun as well. */
const ABOUT_CONTENT: ReadonlySet<ErrorMeaning> = new Set(['contentPolicy', 'badReference']);

/** Of a create that was answered with an error. */
function createCharge({ status, isBare }: CallError, meaning: ErrorMeaning | undefined): Charged {
	if (meaning) {
		const isOpen = UNDECIDED.has(meaning) || (ABOUT_CONTENT.has(meaning) && status >= 500);
		return isOpen ? 'unknown' : 'no';
	}
	const isDecided = isBare ? SAID_BY_ANYONE.has(status) : DECIDED_BEFORE.has(status);
	return isDecided ? 'no' : 'unknown';
}

/** The answer to a request was an error. */
export function httpFailure(
	provider: Provider,
	error: CallError,
	afterSeconds: number | undefined,
	purpose: CallPurpose,
): Failure {
	const { status } = error;
	const meaning = meaningOf(error);
	const taskId = purpose.kind === 'task' ? purpose.taskId : undefined;
	const { what, todo } = meaning
		? MEANING_ADVICE[meaning]
		: ((purpose.kind === 'free' ? uploadAdvice(error.code) : undefined) ??
			httpAdvice(status, taskId !== undefined));
	const isUnknownTask = taskId !== undefined && status === 404;
	const charged = {
		create: createCharge(error, meaning),
		task: 'unknown' as const,
		free: 'no' as const,
	}[purpose.kind];
	const passes = meaning ? PASSES_BY_ITSELF.has(meaning) : status === 429;
	const isWorthWaiting = passes || (status === 503 && afterSeconds !== undefined && !meaning);
	const advised = withAdvice(todo, error);
	return {
		message: `${provider.label} ${what}${quote(error)}${withTask(taskId)}`,
		description: describe(
			taskId === undefined || isUnknownTask ? advised : `${advised} ${fetchLater(taskId)}`,
			charged,
		),
		code: error.code,
		type: error.type,
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		afterSeconds,
		...(mayRepeat(status, meaning, purpose) ? { retry: 'freely' } : {}),
		...(passes || (status === 503 && !meaning) ? { isRefusal: true } : {}),
		...(isWorthWaiting ? { isLimit: true } : {}),
		...(passes || TRANSIENT.has(status) ? { isTransient: true } : {}),
		...(meaning ? { meaning } : {}),
		...(isUnknownTask ? { isUnknownTask } : {}),
	};
}

function mayRepeat(
	status: number,
	meaning: ErrorMeaning | undefined,
	purpose: CallPurpose,
): boolean {
	if (meaning) return PASSES_BY_ITSELF.has(meaning) || meaning === 'stillUnderWay';
	if (status === 429) return true;
	const isTrouble = status >= 500 || GIVEN_UP_WAITING.has(status);
	return isTrouble && isRepeatable(purpose);
}

function isRepeatable(purpose: CallPurpose): boolean {
	return purpose.kind === 'create' ? purpose.isRepeatable : true;
}

/** Nothing that time could mend. */
const MISCONFIGURED = /^ERR_(INVALID|UNSUPPORTED|UNESCAPED|BAD_OPTION|SOCKET_BAD_PORT)/;

/** No answer came. A create that cannot have arrived may always be sent again. */
export function networkFailure(
	provider: Provider,
	{ code, mayHaveArrived }: Extract<HttpAnswer, { kind: 'noReply' }>,
	purpose: CallPurpose,
): Failure {
	const taskId = purpose.kind === 'task' ? purpose.taskId : undefined;
	const isFree = purpose.kind === 'free' || (purpose.kind === 'create' && !mayHaveArrived);
	const charged = isFree ? 'no' : 'unknown';
	const isFinal = MISCONFIGURED.test(code);
	const todo = isFinal
		? 'Check the base URL in the credential, and the proxy of this n8n (HTTP_PROXY, HTTPS_PROXY).'
		: 'Check the base URL in the credential and the network of this n8n.';
	return {
		message: `${provider.label} ${mayHaveArrived ? 'did not answer' : 'could not be reached'}: ${networkWords(code)}${withTask(taskId)}`,
		description: describe(taskId === undefined ? todo : `${todo} ${fetchLater(taskId)}`, charged),
		code,
		type: 'network_error',
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		...(isFinal
			? {}
			: {
					...(!mayHaveArrived || isRepeatable(purpose) ? { retry: 'freely' } : {}),
					...(mayHaveArrived ? {} : { isRefusal: true }),
					isTransient: true,
				}),
	};
}

/** A create of which nobody has said what became of it. */
export interface UnconfirmedCreate {
	provider: Provider;
	model: string;
	/** When it was sent, first and last. */
	at: Date;
	lastAt: Date;
	/** Whether the provider makes nothing again under its key. */
	isRepeatable: boolean;
	/** Tasks of the account, made at that time, that no row of ours knows. */
	candidates: readonly ListedTask[];
}

/** The create may have been accepted: its answer was lost, or says that nobody knows. */
export function unconfirmedFailure(failure: Failure, create: UnconfirmedCreate): Failure {
	const { meaning } = failure;
	// What stands there already may hold the task's id, for people to see, or what to do first.
	const isToldBefore = failure.type === UNREADABLE || (meaning && UNDECIDED.has(meaning));
	const before = isToldBefore ? `${withoutCharged(failure)} ` : '';
	return {
		...failure,
		message: `${failure.message}. ${mayExist(create)}`,
		description: `${before}${lookItUp(create, meaning)}`,
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

/** An earlier try of this execution lost the answer to the row's create, and may have paid for it. */
export function noSecondCreate(create: UnconfirmedCreate): Failure {
	return {
		message: `The answer to this row's request was lost in an earlier try. ${mayExist(create)}`,
		description: lookItUp(create),
		code: 'answer_lost',
		type: 'network_error',
		charged: 'unknown',
		status: 'failed',
		provider: create.provider.id,
	};
}

function mayExist({ provider, model, at, lastAt, candidates }: UnconfirmedCreate): string {
	const { label } = provider;
	const found =
		candidates.length === 0
			? ''
			: `. ${label} lists ${candidates.map(listedTask).join(', ')}, which no row of this execution has`;
	return `The image may have been made and charged: look in ${label}'s list of tasks for ${unconfirmedTask(model, at, lastAt)}${found}`;
}

const LISTED_WORDS: Record<ListedTask['status'], string> = {
	submitted: 'waiting',
	processing: 'at work',
	completed: 'done',
	failed: 'failed',
	cancelled: 'cancelled',
};

function listedTask({ taskId, createdAt, status }: ListedTask): string {
	return `${taskId} (${utc(createdAt)}, ${LISTED_WORDS[status]})`;
}

function utc(at: Date): string {
	return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** All that is known of a task whose create was not answered, for the one who looks for it. */
export function unconfirmedTask(model: string, at: Date, lastAt: Date): string {
	const when = utc(at) === utc(lastAt) ? `at ${utc(at)}` : `between ${utc(at)} and ${utc(lastAt)}`;
	return `one of ${model} made ${when}`;
}

function lookItUp(
	{ provider: { label }, isRepeatable }: UnconfirmedCreate,
	meaning?: ErrorMeaning,
): string {
	return `If ${label} has the task, Seedream Task Status fetches it by its ID. ${askAgain(isRepeatable, meaning)} ${CHARGED_WORDS.unknown}`;
}

function askAgain(isRepeatable: boolean, meaning: ErrorMeaning | undefined): string {
	if (meaning === 'keyReused')
		return 'Another try of this row, also by Retry, gets the same answer.';
	return isRepeatable && meaning !== 'indeterminate'
		? 'Retry On Fail, or Retry in the list of executions, asks again without paying twice.'
		: 'Nothing in this execution sends the row again, because that might pay twice. Retry in the list of executions does, so look first.';
}

/** A create was sent again, and nothing says that the provider took it for the same. */
export function maybeMadeTwice(
	{ label }: Provider,
	taskId: string,
	first: Date,
	candidates: readonly ListedTask[],
): string {
	const other =
		candidates.length === 0
			? `look in its list of tasks for another one made at ${utc(first)} or after`
			: `its list has ${candidates.map(listedTask).join(', ')} as well`;
	return `The answer to this row's first request was lost, and ${label} does not say that the second one is the same. The image may have been made and charged twice: besides ${taskId}, ${other}`;
}

/** Some of a row's images were made, and the others were not. */
export function imagesMissing({ label }: Provider, error: GatewayError): string {
	const { what } = taskAdvice(error);
	return `Not all images came: ${label} ${what}${quote(error)}`;
}

/** The task ended without an image. */
export function taskFailure(
	provider: Provider,
	{ status, error, charged }: FailedTask,
	taskId: string,
): Failure {
	const { what, todo } = taskAdvice(error);
	const isAssumed = charged === 'no' && provider.failedTasksAreFree === 'assumed';
	const words = isAssumed ? ASSUMED_WORDS : chargedWithoutImage(charged);
	return {
		message: `${provider.label} ${what}${quote(error)}${withTask(taskId)}`,
		description: `${withAdvice(todo, error)} ${words}`,
		code: error.code,
		type: error.type,
		charged,
		...(isAssumed ? { chargeIsAssumed: true } : {}),
		hasEnded: true,
		status,
		provider: provider.id,
		taskId,
	};
}

function chargedWithoutImage(charged: Charged): string {
	return charged === 'yes' ? CHARGED_IN_VAIN : CHARGED_WORDS[charged];
}

/** An earlier try of this execution has seen the row's task end without an image, and not for free. */
export function notMadeAgain(
	provider: Provider,
	taskIds: readonly string[],
	charged: Charged,
): Failure {
	const [taskId] = taskIds;
	const may = charged === 'yes' ? 'and has' : 'and may have';
	const failure: Failure = {
		message: `${provider.label} made no image for this row in an earlier try, ${may} charged it all the same${withTask(taskId)}`,
		description: `Nothing in this execution makes it again, because that might pay twice. Retry in the list of executions does: look in ${provider.label}'s list of tasks first. ${chargedWithoutImage(charged)}`,
		code: 'task_failed',
		type: 'task_error',
		charged,
		hasEnded: true,
		status: 'failed',
		provider: provider.id,
		taskId,
	};
	return alsoNaming(failure, taskIds);
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
	purpose: CallPurpose,
): Failure {
	const shown = (typeof body === 'string' ? body : (JSON.stringify(body) ?? '')).slice(
		0,
		SHOWN_ANSWER_LENGTH,
	);
	const taskId = purpose.kind === 'task' ? purpose.taskId : undefined;
	const charged = purpose.kind === 'free' ? 'no' : 'unknown';
	return {
		message: `${provider.label} gave an answer that this node does not understand (${reason})${withTask(taskId)}`,
		description: describe(
			`The answer was: ${shown}${taskId === undefined ? '' : ` ${fetchLater(taskId)}`}`,
			charged,
		),
		code: 'answer_not_understood',
		type: UNREADABLE,
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		...(isRepeatable(purpose) ? { retry: isJsonObject(body) ? 'aFewTimes' : 'freely' } : {}),
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

/** The image exists, but its file could not be fetched; `isGone` when its link has expired. */
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
	return { ...failure, message: `A reference image could not be uploaded: ${failure.message}` };
}

/** Two different files came back under one link: whatever it shows, it is wrong for one of them. */
export function sameUploadLink(provider: Provider): Failure {
	return {
		message: `A reference image could not be uploaded: ${provider.label} gave two different files the same link`,
		description: describe(
			`Use links instead (Reference Image URLs), or run the row again later. ${provider.label}'s support should know.`,
			'no',
		),
		code: 'upload_not_unique',
		type: 'upload_error',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
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

/** Of a task that is done, these images could not be fetched; `numbers` from 1. */
export function imagesNotFetched(numbers: readonly number[], all: number): string {
	const isOne = numbers.length === 1;
	const named = isOne ? `image ${numbers[0]}` : `images ${numbers.join(', ')}`;
	return `Of ${all} images, ${named} could not be downloaded, although ${isOne ? 'it was' : 'they were'} made and charged: ${isOne ? 'an entry of its own has its link' : 'entries of their own have their links'}`;
}

/** The row failed after its create had gone out twice: the first one may be paid all the same. */
export function alsoWarned(failure: Failure, warning: string | undefined): Failure {
	if (warning === undefined) return failure;
	const charged = failure.charged === 'no' ? 'unknown' : failure.charged;
	const description =
		failure.charged === 'no' ? describe(withoutCharged(failure), charged) : failure.description;
	return { ...failure, message: `${failure.message}. ${warning}`, description, charged };
}

/** None of a row's tasks gave an image; the error of one of them stands for all. */
export function alsoNaming(failure: Failure, taskIds: readonly string[]): Failure {
	const others = taskIds.filter((taskId) => taskId !== failure.taskId);
	if (others.length === 0) return failure;
	return { ...failure, message: `${failure.message}. The row's other tasks: ${others.join(', ')}` };
}

/** Nothing can be sent to what stands in the credential. */
export function badBaseUrl(provider: Provider, base: string): Failure {
	return {
		...missingCredential(provider),
		message: `The base URL in the ${provider.label} credential is not an address: "${base}"`,
		description: describe(
			'Open the credential and correct the Base URL: it begins with https:// and has no spaces or quotes.',
			'no',
		),
		code: 'invalid_base_url',
	};
}

/** n8n does not give the credential out: it was deleted, or encrypted with another key. */
export function unreadableCredential(provider: Provider, reason: string): Failure {
	return {
		...missingCredential(provider),
		message: `The ${provider.label} credential cannot be read: ${reason}`,
		description: describe(
			'Open the node and choose the credential again, or create a new one. If the encryption key of n8n has changed, every credential has to be entered again.',
			'no',
		),
		code: 'credential_unreadable',
	};
}

/** The address has moved, and what is sent by POST cannot follow. */
export function redirected(
	provider: Provider,
	location: string | undefined,
	purpose: CallPurpose,
): Failure {
	const where = location === undefined ? 'another address' : location;
	return {
		...missingCredential(provider),
		message: `The base URL in the ${provider.label} credential redirects to ${where}`,
		description: describe('Put the new address into the Base URL of the credential.', 'no'),
		code: 'base_url_redirects',
		taskId: purpose.kind === 'task' ? purpose.taskId : undefined,
	};
}
