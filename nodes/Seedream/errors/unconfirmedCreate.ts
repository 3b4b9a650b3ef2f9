import type { ListedTask } from '../shared/task';
import type { ErrorMeaning } from './errorCodes';
import { CHARGED_WORDS, type Failure, withoutCharged } from './failure';
import type { ProviderInfo } from './providerError';

export const UNDECIDED: ReadonlySet<ErrorMeaning> = new Set([
	'stillUnderWay',
	'indeterminate',
	'keyReused',
]);

/** A create of which nobody has said what became of it. */
export interface UnconfirmedCreate {
	provider: ProviderInfo;
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
	{ label }: ProviderInfo,
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

export const UNREADABLE = 'unreadable_answer';
