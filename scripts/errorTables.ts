import { budgetReached } from '../nodes/Seedream/errors/costFailures';
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
	invalidBaseUrl,
	invalidRow,
	missingCredential,
	missingFile,
	sameUploadLink,
	unreadableCredential,
} from '../nodes/Seedream/errors/inputFailures';
import { tableNotOpened } from '../nodes/Seedream/errors/memoryFailures';
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
	notRetried,
	taskFailure,
} from '../nodes/Seedream/errors/taskFailures';
import {
	earlierCreateUnconfirmed,
	executionRestarted,
	unconfirmedFailure,
} from '../nodes/Seedream/errors/unconfirmedCreate';
import { providers } from '../nodes/Seedream/providers';
import { sentencesOf, type Language } from './language';
import { code, table } from './markdown';

const [provider] = providers;
const NO_DETAILS = { message: '', type: '' };

const CREATE: RequestPurpose = { kind: 'create', isRepeatable: false };
const UPLOAD: RequestPurpose = { kind: 'free' };

const BAD_REQUEST = 400;

/** Responses to the request that creates a task, by HTTP status. */
export function createErrors(language: Language): string {
	return errorTable(
		Object.entries(HTTP_MESSAGES).map(([status, message]) => {
			const error = { ...NO_DETAILS, code: status, status: Number(status) };
			const failure = httpFailure(provider, error, undefined, CREATE);
			return errorRow(code(status), message, failure, language);
		}),
		language,
	);
}

/** Responses to the request that creates a task, by the meaning of the provider's own code. */
export function meaningErrors(language: Language): string {
	return errorTable(
		Object.entries(MEANING_MESSAGES).map(([meaning, message]) => {
			const names = ERROR_CODES[meaning as ErrorMeaning];
			const [first = ''] = names;
			const error = { ...NO_DETAILS, code: first, status: BAD_REQUEST };
			const failure = httpFailure(provider, error, undefined, CREATE);
			const codes = language.list(names.map(code));
			return errorRow(codes, message, failure, language);
		}),
		language,
	);
}

/** Responses to the upload of a reference image, by the provider's code. */
export function uploadErrors(language: Language): string {
	return errorTable(
		Object.entries(UPLOAD_MESSAGES).map(([name, message]) => {
			const error = { ...NO_DETAILS, code: name, status: BAD_REQUEST };
			const failure = httpFailure(provider, error, undefined, UPLOAD);
			return errorRow(code(name), message, failure, language);
		}),
		language,
	);
}

/** Reasons why a task failed, by the provider's code. */
export function taskErrors(language: Language): string {
	return errorTable(
		Object.entries(TASK_MESSAGES).map(([name, message]) => {
			const error = { ...NO_DETAILS, code: name };
			const task = { status: 'failed' as const, error, charged: 'no' as const };
			const failure = taskFailure(provider, task, 'task');
			return errorRow(code(name), message, failure, language);
		}),
		language,
	);
}

const network = (name: string, mayHaveArrived: boolean) =>
	networkFailure(provider, { code: name, mayHaveArrived }, CREATE);

const UNCONFIRMED = {
	provider,
	model: '',
	at: new Date(0),
	lastAt: new Date(0),
	isRepeatable: false,
	candidates: [],
};

/** What the node itself finds, in the order it can happen to a row: failure, message, hint. */
const NODE_ERRORS: ReadonlyArray<[Failure, string, string]> = [
	[
		invalidRow([]),
		"One or more fields in the row aren't valid; the message names each of them",
		'Correct the row.',
	],
	[
		budgetReached(provider, 0, 0, 0),
		"The execution might have cost more than 'Maximum Cost (USD)' allows",
		"Raise 'Maximum Cost (USD)', or run the row again in another execution.",
	],
	[
		tableNotOpened('', ''),
		"The node can't create, read or write the data table in 'Remember in Data Table'",
		"Use n8n 2 and a user who may edit data tables, or leave 'Remember in Data Table' empty.",
	],
	[
		missingCredential(provider),
		"No credential is selected for the row's provider, or for one in 'Fall Back To'",
		'Open the node and select one.',
	],
	[
		unreadableCredential(provider, ''),
		"n8n can't read the credential: it was deleted, or encrypted with another key",
		'Open the node and select the credential again, or create a new one.',
	],
	[
		invalidBaseUrl(provider, ''),
		"The 'Base URL' in the credential isn't a valid URL",
		"Open the credential and correct the 'Base URL'.",
	],
	[
		redirected(provider, undefined, CREATE),
		"The 'Base URL' in the credential redirects to another URL",
		"Enter the new URL from the message as the 'Base URL' in the credential.",
	],
	[
		missingFile(provider, ''),
		'A reference image no longer exists',
		'Run the workflow again from the node that creates the file.',
	],
	[
		sameUploadLink(provider),
		'The uploads of two different reference images returned the same link',
		"Use links in 'Reference Image URLs' instead, or try again later.",
	],
	[
		network('ECONNREFUSED', false),
		"The node couldn't reach the provider",
		"Check the base URL in the credential and your n8n's network connection.",
	],
	[
		unconfirmedFailure(network('ECONNRESET', true), UNCONFIRMED),
		'The connection was interrupted before the provider responded',
		"Check the provider's task list before you send the row again.",
	],
	[
		notSent(provider, undefined),
		"The provider rejected so many rows before this one that the node didn't send it",
		'Try again later.',
	],
	[
		earlierCreateUnconfirmed(UNCONFIRMED),
		'An earlier attempt sent the row, and the response got lost',
		"Check the provider's task list before you send the row again.",
	],
	[
		executionRestarted(provider),
		'The queue of n8n 1 restarted the execution because its worker stopped responding, and the node may have sent the row before that',
		"Check the provider's task list before you send the row again. With `QUEUE_WORKER_MAX_STALLED_COUNT=0`, n8n doesn't restart executions.",
	],
	[
		notRetried(provider, [''], 'unknown'),
		'The task of an earlier attempt generated no image, and you may have been charged anyway',
		"Check the provider's task list. Retry on the Executions tab generates the row again.",
	],
	[
		unconfirmedFailure(unreadableResponse(provider, '', {}, CREATE), UNCONFIRMED),
		"The node doesn't understand the provider's response",
		"Check the provider's task list before you send the row again.",
	],
	[
		deadlineFailure(provider, '', 1),
		"The task is taking longer than 'Timeout' allows, and is still running",
		"Fetch it later with the Seedream Task Status node and the task ID, or raise the 'Timeout' option.",
	],
	[
		downloadFailure(provider, '', '', false),
		"The image was generated, but the node couldn't download it",
		'Fetch it with the Seedream Task Status node and the task ID within 24 hours.',
	],
];

export function ownErrors(language: Language): string {
	const rows = NODE_ERRORS.map(([failure, message, hint]) => {
		const { translate, sentences } = language;
		return [
			code(failure.code),
			translate(message),
			sentences(sentencesOf(hint)),
			charged(failure, translate),
		];
	});
	return errorTable(rows, language);
}

function errorRow(
	codes: string,
	{ message, hint }: ErrorMessage,
	failure: Failure,
	{ translate, sentences }: Language,
): string[] {
	return [
		codes,
		translate(`The provider ${message}`),
		sentences(sentencesOf(hint)),
		charged(failure, translate),
	];
}

function charged(failure: Failure, translate: Language['translate']): string {
	return translate(failure.charged);
}

function errorTable(rows: readonly string[][], { translate }: Language): string {
	return table(
		[translate('Code'), translate('What happened'), translate('What to do'), translate('Charged')],
		rows,
	);
}
