import { ERROR_CODES, type ErrorMeaning } from '../nodes/Seedream/errors/errorCodes';
import {
	HTTP_MESSAGES,
	MEANING_MESSAGES,
	TASK_MESSAGES,
	UPLOAD_MESSAGES,
	type ErrorMessage,
} from '../nodes/Seedream/errors/errorMessages';
import type { RequestPurpose, Failure } from '../nodes/Seedream/errors/failure';
import {
	badBaseUrl,
	invalidRow,
	missingCredential,
	missingFile,
	sameUploadLink,
	unreadableCredential,
} from '../nodes/Seedream/errors/inputFailures';
import {
	httpFailure,
	networkFailure,
	notSent,
	redirected,
	unreadableResponse,
} from '../nodes/Seedream/errors/requestFailures';
import {
	deadlineFailure,
	downloadFailure,
	notMadeAgain,
	taskFailure,
} from '../nodes/Seedream/errors/taskFailures';
import { noSecondCreate, unconfirmedFailure } from '../nodes/Seedream/errors/unconfirmedCreate';
import { providers } from '../nodes/Seedream/providers';
import { sentencesOf, type Language } from './language';
import { code, table } from './markdown';

const [provider] = providers;
const said = { message: '', type: '' };

const CREATE: RequestPurpose = { kind: 'create', isRepeatable: false };
const UPLOAD: RequestPurpose = { kind: 'free' };

const REFUSED = 400;

/** Answers of the provider to the request that makes a task, by HTTP status. */
export function createErrors(language: Language): string {
	return errorTable(
		Object.entries(HTTP_MESSAGES).map(([status, advice]) => {
			const error = { ...said, code: status, status: Number(status) };
			const failure = httpFailure(provider, error, undefined, CREATE);
			return errorRow(code(status), 'The provider', advice, failure, language);
		}),
		language,
	);
}

/** Responses to the request that makes a task, by what the provider's own code means. */
export function meaningErrors(language: Language): string {
	return errorTable(
		Object.entries(MEANING_MESSAGES).map(([meaning, advice]) => {
			const names = ERROR_CODES[meaning as ErrorMeaning];
			const [first = ''] = names;
			const error = { ...said, code: first, status: REFUSED };
			const failure = httpFailure(provider, error, undefined, CREATE);
			const codes = language.list(names.map(code));
			return errorRow(codes, 'The provider', advice, failure, language);
		}),
		language,
	);
}

/** Responses to the upload of a reference image, by the provider's code. */
export function uploadErrors(language: Language): string {
	return errorTable(
		Object.entries(UPLOAD_MESSAGES).map(([name, advice]) => {
			const error = { ...said, code: name, status: REFUSED };
			const failure = httpFailure(provider, error, undefined, UPLOAD);
			return errorRow(code(name), 'The provider', advice, failure, language);
		}),
		language,
	);
}

/** Reasons for which a task failed, by the provider's code. */
export function taskErrors(language: Language): string {
	return errorTable(
		Object.entries(TASK_MESSAGES).map(([name, advice]) => {
			const error = { ...said, code: name };
			const task = { status: 'failed' as const, error, charged: 'no' as const };
			const failure = taskFailure(provider, task, 'task');
			return errorRow(code(name), 'The provider', advice, failure, language);
		}),
		language,
	);
}

const network = (name: string, mayHaveArrived: boolean) =>
	networkFailure(provider, { code: name, mayHaveArrived }, CREATE);

const LOST = {
	provider,
	model: '',
	at: new Date(0),
	lastAt: new Date(0),
	isRepeatable: false,
	candidates: [],
};

/** What the node itself finds, in the order in which it can happen to a row. */
const OWN_ERRORS: ReadonlyArray<[Failure, string, string]> = [
	[
		invalidRow([]),
		'Something in the row cannot be right; the message names every such field',
		'Correct the row.',
	],
	[
		missingCredential(provider),
		'No credential is selected for the provider of the row',
		'Open the node and choose one.',
	],
	[
		unreadableCredential(provider, ''),
		'n8n cannot read the credential: it was deleted, or encrypted with another key',
		'Open the node and choose the credential again, or create a new one.',
	],
	[
		badBaseUrl(provider, ''),
		'The base URL in the credential is not an address',
		'Open the credential and correct the Base URL.',
	],
	[
		redirected(provider, undefined, CREATE),
		'The address in the base URL has moved',
		'Put the new address, which the message names, into the Base URL of the credential.',
	],
	[
		missingFile(provider, ''),
		'A reference image is not there any more',
		'Run the workflow from the node that makes the file.',
	],
	[
		sameUploadLink(provider),
		'Two different reference images came back from their upload with the same link',
		'Use links instead (Reference Image URLs), or run the row again later.',
	],
	[
		network('ECONNREFUSED', false),
		'The provider could not be reached',
		'Check the base URL in the credential and the network of this n8n.',
	],
	[
		unconfirmedFailure(network('ECONNRESET', true), LOST),
		'The connection broke off before the provider answered',
		'Look in the list of tasks on the site of the provider before you send the row again.',
	],
	[
		notSent(provider, undefined),
		'The provider refused so many rows before this one that it was not sent',
		'Run the row again later.',
	],
	[
		noSecondCreate(LOST),
		'An earlier try sent the row and lost the answer',
		'Look in the list of tasks on the site of the provider before you send the row again.',
	],
	[
		notMadeAgain(provider, [''], 'unknown'),
		'The task of an earlier try made no image, and may be charged all the same',
		"Look in the provider's list of tasks. Retry in the list of executions makes the row again.",
	],
	[
		unconfirmedFailure(unreadableResponse(provider, '', {}, CREATE), LOST),
		'The provider answered something that this node does not understand',
		'Look in the list of tasks on the site of the provider before you send the row again.',
	],
	[
		deadlineFailure(provider, '', 1),
		'The task takes longer than Timeout allows; it goes on',
		'Fetch it later with Seedream Task Status and the task ID, or raise Timeout.',
	],
	[
		downloadFailure(provider, '', '', false),
		'The image was made, but its file could not be fetched',
		'Fetch it with Seedream Task Status and the task ID within 24 hours.',
	],
];

export function ownErrors(language: Language): string {
	const rows = OWN_ERRORS.map(([failure, what, hint]) => {
		const { say, sentences } = language;
		return [code(failure.code), say(what), sentences(sentencesOf(hint)), charged(failure, say)];
	});
	return errorTable(rows, language);
}

function errorRow(
	codes: string,
	who: 'The provider' | 'The provider',
	{ message: what, hint }: ErrorMessage,
	failure: Failure,
	{ say, sentences }: Language,
): string[] {
	return [codes, say(`${who} ${what}`), sentences(sentencesOf(hint)), charged(failure, say)];
}

function charged(failure: Failure, say: Language['say']): string {
	return say(failure.charged);
}

function errorTable(rows: readonly string[][], { say }: Language): string {
	return table([say('Code'), say('What happened'), say('What to do'), say('Charged')], rows);
}
