import type { ProviderError } from './providerError';

/**
 * What a provider's error code means, whatever HTTP status it comes with (see the providers' own
 * clients).
 */
export type ErrorMeaning =
	/** The first create with this Idempotency-Key is still running, or its outcome isn't known yet. */
	| 'inProgress'
	/** The provider itself doesn't know the outcome of the first create with this key. */
	| 'outcomeUnknown'
	/** The provider already has a different request with this key. */
	| 'keyReused'
	/** The provider couldn't look the key up, and didn't process the request. */
	| 'notProcessed'
	| 'noCredits'
	| 'keyQuota'
	| 'keyDailyQuota'
	| 'keyRejected'
	| 'contentPolicy'
	/** No upstream service is accepting the request right now: that passes by itself. */
	| 'modelUnavailable'
	| 'badReference';

export const ERROR_CODES: Record<ErrorMeaning, readonly string[]> = {
	inProgress: ['paid_outcome_unknown', 'idempotency_in_progress'],
	outcomeUnknown: ['idempotency_result_indeterminate'],
	keyReused: ['idempotency_conflict', 'idempotency_key_reused'],
	notProcessed: ['idempotency_unavailable'],
	noCredits: [
		'insufficient_quota',
		'insufficient_user_quota',
		'quota_not_enough',
		'account_balance_insufficient',
		'605',
	],
	keyQuota: ['insufficient_token_quota', 'key_quota_exhausted'],
	keyDailyQuota: ['token_daily_quota_exceeded', 'key_daily_quota_exhausted'],
	keyRejected: ['key_disabled', 'key_expired', 'key_model_not_allowed', 'ip_restricted'],
	contentPolicy: [
		'content_policy_violation',
		'content_rejected',
		'content_filter',
		'sensitive_content',
		'moderation_blocked',
		'input_moderation_failed',
	],
	modelUnavailable: [
		'no_available_channel',
		'model_unavailable',
		'channel_selection_failed',
		'get_channel_failed',
	],
	badReference: ['invalid_media_url'],
};

/** ByteDance's own codes, which its resellers pass through. */
const CONTENT_POLICY = /sensitive_?content|risk_?detection/i;

/** Providers may put these codes into the message only. */
const FOUND_IN_MESSAGES: readonly ErrorMeaning[] = [
	'inProgress',
	'outcomeUnknown',
	'keyReused',
	'notProcessed',
	'modelUnavailable',
];

const MEANINGS = Object.keys(ERROR_CODES) as ErrorMeaning[];

/** Undefined where only the HTTP status says anything. */
export function meaningOf({
	code,
	type,
	message,
}: Pick<ProviderError, 'code' | 'type' | 'message'>): ErrorMeaning | undefined {
	const names = [code, type].map((name) => name.toLowerCase());
	const meaning =
		MEANINGS.find((candidate) => ERROR_CODES[candidate].some((name) => names.includes(name))) ??
		FOUND_IN_MESSAGES.find((candidate) =>
			ERROR_CODES[candidate].some((name) => message.includes(name)),
		);
	return meaning ?? (CONTENT_POLICY.test(`${code} ${type}`) ? 'contentPolicy' : undefined);
}

/** The providers' documented names, for errors that come without an HTTP status of their own. */
const STATUS_NAMES: Record<string, number> = {
	invalid_request: 400,
	invalid_request_error: 400,
	invalid_parameters: 400,
	unauthorized: 401,
	authentication_error: 401,
	payment_required: 402,
	insufficient_credits: 402,
	model_access_denied: 403,
	permission_error: 403,
	task_not_found: 404,
	not_found_error: 404,
	invalid_task_id: 404,
	rate_limit_exceeded: 429,
	rate_limit_error: 429,
	internal_error: 500,
	server_error: 500,
	api_error: 500,
	bad_gateway: 502,
	service_unavailable: 503,
};

/** The HTTP status that an error stands for; undefined where its names aren't known. */
export function namedStatus({ code, type }: ProviderError): number | undefined {
	const stated = Number(code);
	if (stated >= 400 && stated < 600) return stated;
	return [code, type]
		.map((name) => name.toLowerCase())
		.flatMap((name) => (Object.hasOwn(STATUS_NAMES, name) ? (STATUS_NAMES[name] ?? []) : []))[0];
}
