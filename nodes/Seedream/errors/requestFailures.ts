import { isJsonObject } from '../shared/json';
import { type ErrorMeaning, meaningOf } from './errorCodes';
import { MEANING_MESSAGES, httpMessage, networkMessage, uploadMessage } from './errorMessages';
import { type Charged, type Failure, type RequestPurpose, fetchLater, quote, withCharge, withSuggestion, withTask } from './failure';
import { missingCredential } from './inputFailures';
import type { NetworkError, ProviderInfo, RequestError } from './providerError';
import { UNREADABLE, UNDECIDED } from './unconfirmedCreate';

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

const PASSES_BY_ITSELF: ReadonlySet<ErrorMeaning> = new Set(['notCarriedOut', 'noChannel']);

/** These are about what was sent, and may stand in a task that was begun as well. */
const ABOUT_CONTENT: ReadonlySet<ErrorMeaning> = new Set(['contentPolicy', 'badReference']);

/** Of a create that was answered with an error. */
function createCharge(
	{ status, isBare }: RequestError,
	meaning: ErrorMeaning | undefined,
): Charged {
	if (meaning) {
		const isOpen = UNDECIDED.has(meaning) || (ABOUT_CONTENT.has(meaning) && status >= 500);
		return isOpen ? 'unknown' : 'no';
	}
	const isDecided = isBare ? SAID_BY_ANYONE.has(status) : DECIDED_BEFORE.has(status);
	return isDecided ? 'no' : 'unknown';
}

/** The answer to a request was an error. */
export function httpFailure(
	provider: ProviderInfo,
	error: RequestError,
	retryAfterSeconds: number | undefined,
	purpose: RequestPurpose,
): Failure {
	const { status } = error;
	const meaning = meaningOf(error);
	const taskId = purpose.kind === 'task' ? purpose.taskId : undefined;
	const { message: what, hint } = meaning
		? MEANING_MESSAGES[meaning]
		: ((purpose.kind === 'free' ? uploadMessage(error.code) : undefined) ??
			httpMessage(status, taskId !== undefined));
	const isUnknownTask = taskId !== undefined && status === 404;
	const charged = {
		create: createCharge(error, meaning),
		task: 'unknown' as const,
		free: 'no' as const,
	}[purpose.kind];
	const passes = meaning ? PASSES_BY_ITSELF.has(meaning) : status === 429;
	const isWorthWaiting = passes || (status === 503 && retryAfterSeconds !== undefined && !meaning);
	const advised = withSuggestion(hint, error);
	return {
		message: `${provider.label} ${what}${quote(error)}${withTask(taskId)}`,
		description: withCharge(
			taskId === undefined || isUnknownTask ? advised : `${advised} ${fetchLater(taskId)}`,
			charged,
		),
		code: error.code,
		type: error.type,
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		retryAfterSeconds,
		...(mayRepeat(status, meaning, purpose) ? { retry: 'freely' } : {}),
		...(passes || (status === 503 && !meaning) ? { isUnavailable: true } : {}),
		...(isWorthWaiting ? { isLimit: true } : {}),
		...(passes || TRANSIENT.has(status) ? { isTransient: true } : {}),
		...(meaning ? { meaning } : {}),
		...(isUnknownTask ? { isUnknownTask } : {}),
	};
}

function mayRepeat(
	status: number,
	meaning: ErrorMeaning | undefined,
	purpose: RequestPurpose,
): boolean {
	if (meaning) return PASSES_BY_ITSELF.has(meaning) || meaning === 'stillUnderWay';
	if (status === 429) return true;
	const isTrouble = status >= 500 || GIVEN_UP_WAITING.has(status);
	return isTrouble && isRepeatable(purpose);
}

function isRepeatable(purpose: RequestPurpose): boolean {
	return purpose.kind === 'create' ? purpose.isRepeatable : true;
}

/** Nothing that time could mend. */
const MISCONFIGURED = /^ERR_(INVALID|UNSUPPORTED|UNESCAPED|BAD_OPTION|SOCKET_BAD_PORT)/;

/** No answer came. A create that cannot have arrived may always be sent again. */
export function networkFailure(
	provider: ProviderInfo,
	{ code, mayHaveArrived }: NetworkError,
	purpose: RequestPurpose,
): Failure {
	const taskId = purpose.kind === 'task' ? purpose.taskId : undefined;
	const isFree = purpose.kind === 'free' || (purpose.kind === 'create' && !mayHaveArrived);
	const charged = isFree ? 'no' : 'unknown';
	const isFinal = MISCONFIGURED.test(code);
	const hint = isFinal
		? 'Check the base URL in the credential, and the proxy of this n8n (HTTP_PROXY, HTTPS_PROXY).'
		: 'Check the base URL in the credential and the network of this n8n.';
	return {
		message: `${provider.label} ${mayHaveArrived ? 'did not answer' : 'could not be reached'}: ${networkMessage(code)}${withTask(taskId)}`,
		description: withCharge(taskId === undefined ? hint : `${hint} ${fetchLater(taskId)}`, charged),
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
					...(mayHaveArrived ? {} : { isUnavailable: true }),
					isTransient: true,
				}),
	};
}

/** The provider has refused so many creates in a row that this one was not sent any more. */
export function notSent(provider: ProviderInfo, rejection: Failure | undefined): Failure {
	return {
		message: rejection?.message ?? `${provider.label} takes nothing at the moment`,
		description: withCharge('The row was not sent any more: run it again later.', 'no'),
		code: rejection?.code ?? 'not_sent',
		type: rejection?.type ?? 'overload',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
	};
}

const QUOTED_RESPONSE_LENGTH = 300;

/**
 * The answer made no sense. It is shown, shortened, so that a report of it can be acted on. A page of
 * a proxy, or half an answer, goes away; an object with other content than ours mostly does not.
 */
export function unreadableResponse(
	provider: ProviderInfo,
	reason: string,
	body: unknown,
	purpose: RequestPurpose,
): Failure {
	const shown = (typeof body === 'string' ? body : (JSON.stringify(body) ?? '')).slice(
		0,
		QUOTED_RESPONSE_LENGTH,
	);
	const taskId = purpose.kind === 'task' ? purpose.taskId : undefined;
	const charged = purpose.kind === 'free' ? 'no' : 'unknown';
	return {
		message: `${provider.label} gave an answer that this node does not understand (${reason})${withTask(taskId)}`,
		description: withCharge(
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

/** The address has moved, and what is sent by POST cannot follow. */
export function redirected(
	provider: ProviderInfo,
	location: string | undefined,
	purpose: RequestPurpose,
): Failure {
	const where = location === undefined ? 'another address' : location;
	return {
		...missingCredential(provider),
		message: `The base URL in the ${provider.label} credential redirects to ${where}`,
		description: withCharge('Put the new address into the Base URL of the credential.', 'no'),
		code: 'base_url_redirects',
		taskId: purpose.kind === 'task' ? purpose.taskId : undefined,
	};
}
