import type { ProviderError } from './providerError';

/**
 * What a provider's error means where its HTTP status does not say it, whatever status it comes with
 * (the providers' own clients).
 */
export type ErrorMeaning =
	/** The first create under this Idempotency-Key has not ended yet, or its fate is not known yet. */
	| 'stillUnderWay'
	/** The provider itself does not know what became of the first create under this key. */
	| 'indeterminate'
	/** The provider has another request under this key. */
	| 'keyReused'
	/** The provider could not look the key up, and made nothing. */
	| 'notCarriedOut'
	| 'noCredit'
	| 'keyQuota'
	| 'keyDailyQuota'
	| 'keyRefused'
	| 'contentPolicy'
	/** Nothing behind the provider takes the request at the moment: that passes by itself. */
	| 'noChannel'
	| 'badReference';

export const ERROR_CODES: Record<ErrorMeaning, readonly string[]> = {
	stillUnderWay: ['paid_outcome_unknown', 'idempotency_in_progress'],
	indeterminate: ['idempotency_result_indeterminate'],
	keyReused: ['idempotency_conflict', 'idempotency_key_reused'],
	notCarriedOut: ['idempotency_unavailable'],
	noCredit: [
		'insufficient_quota',
		'insufficient_user_quota',
		'quota_not_enough',
		'account_balance_insufficient',
		'605',
	],
	keyQuota: ['insufficient_token_quota', 'key_quota_exhausted'],
	keyDailyQuota: ['token_daily_quota_exceeded', 'key_daily_quota_exhausted'],
	keyRefused: ['key_disabled', 'key_expired', 'key_model_not_allowed', 'ip_restricted'],
	contentPolicy: [
		'content_policy_violation',
		'content_rejected',
		'content_filter',
		'sensitive_content',
		'moderation_blocked',
		'input_moderation_failed',
	],
	noChannel: [
		'no_available_channel',
		'model_unavailable',
		'channel_selection_failed',
		'get_channel_failed',
	],
	badReference: ['invalid_media_url'],
};

/** ByteDance's own names, which come through to its resellers. */
const CONTENT_POLICY = /sensitive_?content|risk_?detection/i;

/** Providers also write these into the message, where no other word stands for them. */
const NAMED_IN_MESSAGES: readonly ErrorMeaning[] = [
	'stillUnderWay',
	'indeterminate',
	'keyReused',
	'notCarriedOut',
	'noChannel',
];

const MEANINGS = Object.keys(ERROR_CODES) as ErrorMeaning[];

/** Undefined where only the HTTP status tells. */
export function meaningOf({
	code,
	type,
	message,
}: Pick<ProviderError, 'code' | 'type' | 'message'>): ErrorMeaning | undefined {
	const names = [code, type].map((name) => name.toLowerCase());
	const meaning =
		MEANINGS.find((one) => ERROR_CODES[one].some((name) => names.includes(name))) ??
		NAMED_IN_MESSAGES.find((one) => ERROR_CODES[one].some((name) => message.includes(name)));
	return meaning ?? (CONTENT_POLICY.test(`${code} ${type}`) ? 'contentPolicy' : undefined);
}

/** The documented names of an error, for one that comes without an HTTP status of its own. */
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

/** The HTTP status that an error stands for; undefined where its names are not known. */
export function namedStatus({ code, type }: ProviderError): number | undefined {
	const stated = Number(code);
	if (stated >= 400 && stated < 600) return stated;
	return [code, type]
		.map((name) => name.toLowerCase())
		.flatMap((name) => (Object.hasOwn(STATUS_NAMES, name) ? (STATUS_NAMES[name] ?? []) : []))[0];
}
