import type { ListedTask } from '../shared/task';
import type { ErrorMeaning } from './errorCodes';
import { CHARGE_MESSAGES, type Failure, withoutChargeMessage } from './failure';
import type { ProviderInfo } from './providerError';

/** The type of failures whose response couldn't be read. */
export const UNREADABLE = 'unreadable_answer';

/** Codes that don't say whether a create was accepted. */
export const UNDECIDED: ReadonlySet<ErrorMeaning> = new Set([
	'inProgress',
	'outcomeUnknown',
	'keyReused',
]);

/** A create that may or may not have been accepted. */
export interface UnconfirmedCreate {
	provider: ProviderInfo;
	model: string;
	/** When it was first and last sent. */
	at: Date;
	lastAt: Date;
	/** Whether sending it again with its key can't create a second task. */
	isRepeatable: boolean;
	/** Where another execution recorded that it sent the create: the data table. */
	table?: string;
	/** The account's tasks from that time that don't belong to any row. */
	candidates: readonly ListedTask[];
}

/** The create may have been accepted: its response was lost, or leaves it open. */
export function unconfirmedFailure(failure: Failure, create: UnconfirmedCreate): Failure {
	const { meaning } = failure;
	// The existing description may quote the task's ID, or say what to do first.
	const keepsDescription = failure.type === UNREADABLE || (meaning && UNDECIDED.has(meaning));
	const before = keepsDescription ? `${withoutChargeMessage(failure)} ` : '';
	return {
		...failure,
		message: `${failure.message}. ${possibleTask(create)}`,
		description: `${before}${nextSteps(create, meaning)}`,
		charged: 'unknown',
	};
}

/** An earlier attempt of this execution lost the response to the row's create, which may be charged. */
export function earlierCreateUnconfirmed(create: UnconfirmedCreate): Failure {
	return {
		message: `The response to this row's request was lost in an earlier ${create.table === undefined ? 'attempt' : 'execution'}. ${possibleTask(create)}`,
		description: nextSteps(create),
		code: 'answer_lost',
		type: 'network_error',
		charged: 'unknown',
		status: 'failed',
		provider: create.provider.id,
	};
}

/** n8n has restarted the execution, and what the node sent before that isn't known. */
export function executionRestarted({ id, label }: ProviderInfo): Failure {
	return {
		message: `n8n restarted this execution after its worker stopped responding, and the node may have sent this row to ${label} before that. The image may have been generated and you may have been charged`,
		description: `The log of that worker contains the task IDs, and ${label}'s task list contains the tasks. Fetch the image with the Seedream Task Status node and its task ID. To avoid charging you twice, the node doesn't send this row again in this execution. Retry on the Executions tab does, and so does a new execution, so check first. With QUEUE_WORKER_MAX_STALLED_COUNT=0, n8n doesn't restart executions. ${CHARGE_MESSAGES.unknown}`,
		code: 'execution_restarted',
		type: 'queue',
		charged: 'unknown',
		status: 'failed',
		provider: id,
	};
}

function possibleTask({ provider, model, at, lastAt, candidates }: UnconfirmedCreate): string {
	const { label } = provider;
	const found =
		candidates.length === 0
			? ''
			: `. The list has ${candidates.map(listedTask).join(', ')}, which ${candidates.length === 1 ? "doesn't" : "don't"} belong to any row of this execution`;
	return `The image may have been generated and you may have been charged. Check ${label}'s task list for ${describeTask(model, at, lastAt)}${found}`;
}

const STATUS_LABELS: Record<ListedTask['status'], string> = {
	submitted: 'queued',
	processing: 'in progress',
	completed: 'completed',
	failed: 'failed',
	cancelled: 'canceled',
};

function listedTask({ taskId, createdAt, status }: ListedTask): string {
	return `${taskId} (${utc(createdAt)}, ${STATUS_LABELS[status]})`;
}

function utc(at: Date): string {
	return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** How to recognize the task in the provider's task list. */
export function describeTask(model: string, at: Date, lastAt: Date): string {
	const when = utc(at) === utc(lastAt) ? `at ${utc(at)}` : `between ${utc(at)} and ${utc(lastAt)}`;
	return `a ${model} task created ${when}`;
}

function nextSteps(create: UnconfirmedCreate, meaning?: ErrorMeaning): string {
	return `If the task is there, fetch it with the Seedream Task Status node and its task ID. ${resendHint(create, meaning)} ${CHARGE_MESSAGES.unknown}`;
}

function resendHint(
	{ isRepeatable, table }: UnconfirmedCreate,
	meaning: ErrorMeaning | undefined,
): string {
	if (table !== undefined && (!isRepeatable || meaning === 'keyReused')) {
		return `To avoid charging you twice, the node doesn't send this row again. To generate it anyway, delete its row with the state "sent" from the data table "${table}".`;
	}
	if (meaning === 'keyReused')
		return 'Another attempt at this row, including with Retry, gets the same response.';
	return isRepeatable && meaning !== 'outcomeUnknown'
		? 'Retry On Fail, or Retry on the Executions tab, sends the request again without charging you twice.'
		: "To avoid charging you twice, the node doesn't send this row again in this execution. Retry on the Executions tab does, so check first.";
}

/** A create was sent again, and nothing says that the provider recognized it. */
export function possibleDuplicate(
	{ label }: ProviderInfo,
	taskId: string,
	first: Date,
	candidates: readonly ListedTask[],
): string {
	const others =
		candidates.length === 0
			? `check its task list for another task created at ${utc(first)} or later`
			: `its task list also has ${candidates.map(listedTask).join(', ')}`;
	return `The response to this row's first request was lost, and ${label} doesn't confirm that it recognized the second one. The image may have been generated twice, and you may have been charged for both. Besides ${taskId}, ${others}`;
}
