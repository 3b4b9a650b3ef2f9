import { isJsonObject } from '../shared/json';
import { type ErrorMeaning, meaningOf } from './errorCodes';
import { MEANING_MESSAGES, httpMessage, networkMessage, uploadMessage } from './errorMessages';
import {
	type Charged,
	type Failure,
	type RequestPurpose,
	fetchLaterHint,
	quote,
	withChargeMessage,
	withSuggestion,
	taskTag,
} from './failure';
import { causeOf } from './failureCause';
import { missingCredential } from './inputFailures';
import type { NetworkError, ProviderInfo, RequestError } from './providerError';
import { UNREADABLE, UNDECIDED } from './unconfirmedCreate';

/** Per RFC 9110 and 6585, the server rejects these before it does anything. */
const REJECTED_UNPROCESSED = new Set([
	...[400, 401, 402, 403, 404, 405, 406, 407, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422],
	...[423, 424, 426, 428, 429, 431, 451],
]);

/** These mean that nothing was done even if a proxy sent them: unknown URL, proxy login, rate limit. */
const REJECTED_BY_ANY_SERVER = new Set([404, 405, 407, 429]);

/** Sent by a proxy in between when it got no response in time. */
const PROXY_TIMEOUTS = new Set([408, 425, 499]);

/** Sent only by the network, or a proxy in front of the provider (RFC 9110). */
const TRANSIENT = new Set([408, 425, 429, 499, 502, 503, 504]);

const TEMPORARY: ReadonlySet<ErrorMeaning> = new Set(['notProcessed', 'modelUnavailable']);

/** About the request's content: a task that already started may report them, too. */
const CONTENT_RELATED: ReadonlySet<ErrorMeaning> = new Set(['contentPolicy', 'badReference']);

/** Whether a create that got an error response was charged. */
function createCharge(
	{ status, isBare }: RequestError,
	meaning: ErrorMeaning | undefined,
): Charged {
	if (meaning) {
		const isUndecided = UNDECIDED.has(meaning) || (CONTENT_RELATED.has(meaning) && status >= 500);
		return isUndecided ? 'unknown' : 'no';
	}
	const isRejected = isBare ? REJECTED_BY_ANY_SERVER.has(status) : REJECTED_UNPROCESSED.has(status);
	return isRejected ? 'no' : 'unknown';
}

/** The request got an error response. */
export function httpFailure(
	provider: ProviderInfo,
	error: RequestError,
	retryAfterSeconds: number | undefined,
	purpose: RequestPurpose,
): Failure {
	const { status } = error;
	const meaning = meaningOf(error);
	const taskId = purpose.kind === 'task' ? purpose.taskId : undefined;
	const { message, hint } = meaning
		? MEANING_MESSAGES[meaning]
		: ((purpose.kind === 'free' ? uploadMessage(error.code) : undefined) ??
			httpMessage(status, taskId !== undefined));
	const isUnknownTask = taskId !== undefined && status === 404;
	const charged = {
		create: createCharge(error, meaning),
		task: 'unknown' as const,
		free: 'no' as const,
	}[purpose.kind];
	const isTemporary = meaning ? TEMPORARY.has(meaning) : status === 429;
	const isLimit = isTemporary || (status === 503 && retryAfterSeconds !== undefined && !meaning);
	const hints = withSuggestion(hint, error);
	const cause = causeOf(status, meaning);
	return {
		message: `${provider.label} ${message}${quote(error)}${taskTag(taskId)}`,
		description: withChargeMessage(
			taskId === undefined || isUnknownTask ? hints : `${hints} ${fetchLaterHint(taskId)}`,
			charged,
		),
		code: error.code,
		type: error.type,
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		retryAfterSeconds,
		...(mayRetry(status, meaning, purpose) ? { retry: 'unlimited' } : {}),
		...(isTemporary || (status === 503 && !meaning) ? { isUnavailable: true } : {}),
		...(isLimit ? { isLimit } : {}),
		...(isTemporary || TRANSIENT.has(status) ? { isTransient: true } : {}),
		...(cause ? { cause } : {}),
		...(meaning ? { meaning } : {}),
		...(isUnknownTask ? { isUnknownTask } : {}),
	};
}

function mayRetry(
	status: number,
	meaning: ErrorMeaning | undefined,
	purpose: RequestPurpose,
): boolean {
	if (meaning) return TEMPORARY.has(meaning) || meaning === 'inProgress';
	if (status === 429) return true;
	const isServerSide = status >= 500 || PROXY_TIMEOUTS.has(status);
	return isServerSide && isRepeatable(purpose);
}

function isRepeatable(purpose: RequestPurpose): boolean {
	return purpose.kind === 'create' ? purpose.isRepeatable : true;
}

/** Won't go away by itself. */
const MISCONFIGURED = /^ERR_(INVALID|UNSUPPORTED|UNESCAPED|BAD_OPTION|SOCKET_BAD_PORT)/;

/** No response came. A create that can't have arrived can always be sent again. */
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
		? "Check the base URL in the credential and your n8n's proxy settings (HTTP_PROXY, HTTPS_PROXY)."
		: "Check the base URL in the credential and your n8n's network connection.";
	return {
		message: `${provider.label} ${mayHaveArrived ? "didn't respond" : "couldn't be reached"}: ${networkMessage(code)}${taskTag(taskId)}`,
		description: withChargeMessage(
			taskId === undefined ? hint : `${hint} ${fetchLaterHint(taskId)}`,
			charged,
		),
		code,
		type: 'network_error',
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		cause: isFinal ? 'configuration-invalid' : 'temporarily-unavailable',
		...(isFinal
			? {}
			: {
					...(!mayHaveArrived || isRepeatable(purpose) ? { retry: 'unlimited' } : {}),
					...(mayHaveArrived ? {} : { isUnavailable: true }),
					isTransient: true,
				}),
	};
}

/** The provider rejected so many creates in a row that the node stopped sending them. */
export function notSent(provider: ProviderInfo, rejection: Failure | undefined): Failure {
	return {
		message: rejection?.message ?? `${provider.label} isn't accepting requests right now`,
		description: withChargeMessage("The node didn't send this row. Run it again later.", 'no'),
		code: rejection?.code ?? 'not_sent',
		type: rejection?.type ?? 'overload',
		charged: 'no',
		status: 'failed',
		provider: provider.id,
		cause: rejection?.cause ?? 'temporarily-unavailable',
	};
}

const QUOTED_RESPONSE_LENGTH = 300;

/**
 * The response isn't in a known format. The description quotes its beginning, so that bug reports are
 * useful. A proxy's page or half a response goes away; JSON in another format mostly doesn't.
 */
export function unreadableResponse(
	provider: ProviderInfo,
	reason: string,
	body: unknown,
	purpose: RequestPurpose,
): Failure {
	const quoted = (typeof body === 'string' ? body : (JSON.stringify(body) ?? '')).slice(
		0,
		QUOTED_RESPONSE_LENGTH,
	);
	const taskId = purpose.kind === 'task' ? purpose.taskId : undefined;
	const charged = purpose.kind === 'free' ? 'no' : 'unknown';
	return {
		message: `${provider.label} returned a response that the node doesn't understand (${reason})${taskTag(taskId)}`,
		description: withChargeMessage(
			`The response was: ${quoted}${taskId === undefined ? '' : ` ${fetchLaterHint(taskId)}`}`,
			charged,
		),
		code: 'answer_not_understood',
		type: UNREADABLE,
		charged,
		status: 'failed',
		provider: provider.id,
		taskId,
		...(isRepeatable(purpose) ? { retry: isJsonObject(body) ? 'limited' : 'unlimited' } : {}),
	};
}

/** The base URL redirects, and a POST can't follow. */
export function redirected(
	provider: ProviderInfo,
	location: string | undefined,
	purpose: RequestPurpose,
): Failure {
	const target = location === undefined ? 'another URL' : location;
	return {
		...missingCredential(provider),
		message: `The 'Base URL' in the ${provider.label} credential redirects to ${target}`,
		description: withChargeMessage("Enter the new URL as the 'Base URL' in the credential.", 'no'),
		code: 'base_url_redirects',
		cause: 'configuration-invalid',
		taskId: purpose.kind === 'task' ? purpose.taskId : undefined,
	};
}
