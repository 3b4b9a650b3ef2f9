import {
	HTTP_ADVICE,
	MEANING_ADVICE,
	TASK_ADVICE,
	UPLOAD_ADVICE,
	type Advice,
} from '../nodes/Seedream/advice';
import {
	badBaseUrl,
	type CallPurpose,
	deadlineFailure,
	downloadFailure,
	type Failure,
	httpFailure,
	invalidRow,
	lostFile,
	missingCredential,
	networkFailure,
	noSecondCreate,
	notMadeAgain,
	notSent,
	redirected,
	sameUploadLink,
	taskFailure,
	unconfirmedFailure,
	unreadableAnswer,
	unreadableCredential,
} from '../nodes/Seedream/errors';
import { providers } from '../nodes/Seedream/providers';
import { ERROR_CODES, type ErrorMeaning } from '../nodes/Seedream/providers/errorCodes';
import { sentencesOf, type Language } from './language';
import { code, table } from './markdown';

const [provider] = providers;
const said = { message: '', type: '' };

const CREATE: CallPurpose = { kind: 'create', isRepeatable: false };
const UPLOAD: CallPurpose = { kind: 'free' };

const REFUSED = 400;

/** Answers of the gateway to the request that makes a task, by HTTP status. */
export function createErrors(language: Language): string {
	return errorTable(
		Object.entries(HTTP_ADVICE).map(([status, advice]) => {
			const error = { ...said, code: status, status: Number(status) };
			const failure = httpFailure(provider, error, undefined, CREATE);
			return errorRow(code(status), 'The gateway', advice, failure, language);
		}),
		language,
	);
}

/** Responses to the request that makes a task, by what the provider's own code means. */
export function meaningErrors(language: Language): string {
	return errorTable(
		Object.entries(MEANING_ADVICE).map(([meaning, advice]) => {
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
		Object.entries(UPLOAD_ADVICE).map(([name, advice]) => {
			const error = { ...said, code: name, status: REFUSED };
			const failure = httpFailure(provider, error, undefined, UPLOAD);
			return errorRow(code(name), 'The provider', advice, failure, language);
		}),
		language,
	);
}

/** Reasons for which a task failed, by the gateway's code. */
export function taskErrors(language: Language): string {
	return errorTable(
		Object.entries(TASK_ADVICE).map(([name, advice]) => {
			const error = { ...said, code: name };
			const task = { status: 'failed' as const, error, charged: 'no' as const };
			const failure = taskFailure(provider, task, 'task');
			return errorRow(code(name), 'The gateway', advice, failure, language);
		}),
		language,
	);
}

const network = (name: string, mayHaveArrived: boolean) =>
	networkFailure(provider, { kind: 'noReply', code: name, mayHaveArrived }, CREATE);

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
		lostFile(provider, ''),
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
		'The gateway could not be reached',
		'Check the base URL in the credential and the network of this n8n.',
	],
	[
		unconfirmedFailure(network('ECONNRESET', true), LOST),
		'The connection broke off before the gateway answered',
		'Look in the list of tasks on the site of the gateway before you send the row again.',
	],
	[
		notSent(provider, undefined),
		'The gateway refused so many rows before this one that it was not sent',
		'Run the row again later.',
	],
	[
		noSecondCreate(LOST),
		'An earlier try sent the row and lost the answer',
		'Look in the list of tasks on the site of the gateway before you send the row again.',
	],
	[
		notMadeAgain(provider, [''], 'unknown'),
		'The task of an earlier try made no image, and may be charged all the same',
		"Look in the provider's list of tasks. Retry in the list of executions makes the row again.",
	],
	[
		unconfirmedFailure(unreadableAnswer(provider, '', {}, CREATE), LOST),
		'The gateway answered something that this node does not understand',
		'Look in the list of tasks on the site of the gateway before you send the row again.',
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
	const rows = OWN_ERRORS.map(([failure, what, todo]) => {
		const { say, sentences } = language;
		return [code(failure.code), say(what), sentences(sentencesOf(todo)), charged(failure, say)];
	});
	return errorTable(rows, language);
}

function errorRow(
	codes: string,
	who: 'The gateway' | 'The provider',
	{ what, todo }: Advice,
	failure: Failure,
	{ say, sentences }: Language,
): string[] {
	return [codes, say(`${who} ${what}`), sentences(sentencesOf(todo)), charged(failure, say)];
}

function charged(failure: Failure, say: Language['say']): string {
	return say(failure.charged);
}

function errorTable(rows: readonly string[][], { say }: Language): string {
	return table([say('Code'), say('What happened'), say('What to do'), say('Charged')], rows);
}
