import type { ErrorMeaning } from './errorCodes';
import type { ProviderError } from './providerError';

/** Whether the user paid: `unknown` where nobody can tell from the answer. */
export type Charged = 'no' | 'yes' | 'unknown';

export interface Failure {
	/** What happened, in a sentence for someone who does not program. */
	message: string;
	/** What to do about it. */
	description: string;
	/** The provider's own code, or ours. */
	code: string;
	type: string;
	charged: Charged;
	/** `charged` is "no" only because nobody says otherwise. */
	chargeIsAssumed?: true;
	/** `processing` when the task goes on at the provider and can be fetched later. */
	status: 'failed' | 'cancelled' | 'processing';
	/** The provider's id; undefined when the row names none that exists. */
	provider?: string;
	taskId?: string;
	/** Set when asking again may help and cannot pay twice. */
	retry?: 'freely' | 'aFewTimes';
	/** How long the provider wants to be left alone. */
	retryAfterSeconds?: number;
	/** The provider takes nothing at the moment: it has too much to do, or cannot be reached. */
	isUnavailable?: true;
	/** The refusal is a limit that ends by itself: worth waiting for as long as there is time. */
	isLimit?: true;
	/** Trouble on the way, or a moment's: the same call may well succeed. */
	isTransient?: true;
	/** What the provider's own code means, where that is more than its HTTP status. */
	meaning?: ErrorMeaning;
	/** The provider knows no task of this id. */
	isUnknownTask?: true;
	/** The task has ended, so that there is nothing left to fetch. */
	hasEnded?: true;
}

/** What the provider or the network does is never thrown: it is a result. */
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** What a call was for: that decides what its failure may have cost, and whether to repeat it. */
export type RequestPurpose =
	/** `isRepeatable`: sent again under its key, it is not made again. */
	| { kind: 'create'; isRepeatable: boolean }
	| { kind: 'task'; taskId: string }
	/** It costs nothing, and belongs to no single task. */
	| { kind: 'free' };

export const CHARGED_WORDS: Record<Charged, string> = {
	no: 'Nothing was charged.',
	yes: 'The image was made and charged.',
	unknown: 'Whether it was charged cannot be known from here.',
};

export const ASSUMED_WORDS = 'Not charged, as far as is known.';
export const CHARGED_IN_VAIN =
	'It was charged all the same: ask the support of the provider for a refund, with the task ID.';

export function withCharge(hint: string, charged: Charged): string {
	return `${hint} ${CHARGED_WORDS[charged]}`;
}

/** What to do, where the charge is told elsewhere. */
export function withoutCharged({ description, charged }: Failure): string {
	const words = [CHARGED_WORDS[charged], ASSUMED_WORDS, CHARGED_IN_VAIN];
	return words.reduce((text, one) => text.replace(one, ''), description).trim();
}

/** Running the row again would pay again; the task that exists can be fetched instead. */
export function fetchLater(taskId: string): string {
	return `The task may go on at the provider: fetch it with the Seedream Task Status node and the task ID ${taskId}.`;
}

const MAX_QUOTED_LENGTH = 300;

/** The provider's own words behind ours; codes that only repeat the HTTP status are left out. */
export function quote({ code, message, requestId }: ProviderError): string {
	const said =
		message.length > MAX_QUOTED_LENGTH ? `${message.slice(0, MAX_QUOTED_LENGTH)}…` : message;
	const words = [/^\d+$/.test(code) ? '' : code, said].filter((part) => part !== '').join(': ');
	const isSaid = requestId === undefined || said.includes(requestId);
	const parts = [words, isSaid ? '' : `request ${requestId}`];
	const quoted = parts.filter((part) => part !== '').join(', ');
	return quoted === '' ? '' : ` (${quoted})`;
}

export function withTask(taskId: string | undefined): string {
	return taskId === undefined ? '' : ` [task ${taskId}]`;
}

export function withSuggestion(hint: string, { advice }: ProviderError): string {
	return advice === undefined ? hint : `${hint} ${advice}`;
}

/** The row failed after its create had gone out twice: the first one may be paid all the same. */
export function alsoWarned(failure: Failure, warning: string | undefined): Failure {
	if (warning === undefined) return failure;
	const charged = failure.charged === 'no' ? 'unknown' : failure.charged;
	const description =
		failure.charged === 'no' ? withCharge(withoutCharged(failure), charged) : failure.description;
	return { ...failure, message: `${failure.message}. ${warning}`, description, charged };
}

/** None of a row's tasks gave an image; the error of one of them stands for all. */
export function alsoNaming(failure: Failure, taskIds: readonly string[]): Failure {
	const others = taskIds.filter((taskId) => taskId !== failure.taskId);
	if (others.length === 0) return failure;
	return { ...failure, message: `${failure.message}. The row's other tasks: ${others.join(', ')}` };
}
