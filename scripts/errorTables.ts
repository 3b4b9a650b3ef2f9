import { HTTP_ADVICE, TASK_ADVICE, type Advice } from '../nodes/Seedream/advice';
import {
	deadlineFailure,
	downloadFailure,
	httpFailure,
	invalidRow,
	lostFile,
	missingCredential,
	networkFailure,
	noSecondCreate,
	notSent,
	taskFailure,
	unreadableAnswer,
	type Failure,
} from '../nodes/Seedream/errors';
import { providers } from '../nodes/Seedream/providers';
import { sentencesOf, type Language } from './language';
import { code, table } from './markdown';

const [provider] = providers;
const said = { message: '', type: '' };

/** Answers of the gateway to the request that makes a task, by HTTP status. */
export function createErrors(language: Language): string {
	return errorTable(
		Object.entries(HTTP_ADVICE).map(([status, advice]) => {
			const error = { ...said, code: status, status: Number(status) };
			return errorRow(status, advice, httpFailure(provider, error, undefined), language);
		}),
		language,
	);
}

/** Reasons for which a task failed, by the gateway's code. */
export function taskErrors(language: Language): string {
	return errorTable(
		Object.entries(TASK_ADVICE).map(([name, advice]) => {
			const task = { status: 'failed' as const, error: { ...said, code: name } };
			return errorRow(name, advice, taskFailure(provider, task, 'task'), language);
		}),
		language,
	);
}

const network = (name: string, mayHaveArrived: boolean) =>
	networkFailure(provider, { kind: 'noReply', code: name, mayHaveArrived });

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
		lostFile(provider, ''),
		'A reference image is not there any more',
		'Run the workflow from the node that makes the file.',
	],
	[
		network('ECONNREFUSED', false),
		'The gateway could not be reached',
		'Check the base URL in the credential and the network of this n8n.',
	],
	[
		network('ECONNRESET', true),
		'The connection broke off before the gateway answered',
		'Look in the list of tasks on the site of the gateway before you send the row again.',
	],
	[
		notSent(provider, undefined),
		'The gateway refused so many rows before this one that it was not sent',
		'Run the row again later.',
	],
	[
		noSecondCreate(provider, '', new Date(0)),
		'An earlier try sent the row and lost the answer',
		'Look in the list of tasks on the site of the gateway before you send the row again.',
	],
	[
		unreadableAnswer(provider, '', {}),
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
	name: string,
	{ what, todo }: Advice,
	failure: Failure,
	{ say, sentences }: Language,
): string[] {
	return [
		code(name),
		say(`The gateway ${what}`),
		sentences(sentencesOf(todo)),
		charged(failure, say),
	];
}

function charged(failure: Failure, say: Language['say']): string {
	return say(failure.charged);
}

function errorTable(rows: readonly string[][], { say }: Language): string {
	return table([say('Code'), say('What happened'), say('What to do'), say('Charged')], rows);
}
