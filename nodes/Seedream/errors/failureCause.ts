import type { ErrorMeaning } from './errorCodes';

/** n8n's words for why a node failed (`Failure` in n8n-workflow), where one of them fits. */
export type FailureCause =
	| 'rate-limited'
	| 'quota-exhausted'
	| 'temporarily-unavailable'
	| 'credential-invalid'
	| 'configuration-invalid';

const MEANING_CAUSES: Partial<Record<ErrorMeaning, FailureCause>> = {
	inProgress: 'temporarily-unavailable',
	notProcessed: 'temporarily-unavailable',
	noCredits: 'quota-exhausted',
	keyQuota: 'quota-exhausted',
	keyDailyQuota: 'quota-exhausted',
	keyRejected: 'credential-invalid',
	modelUnavailable: 'temporarily-unavailable',
};

const STATUS_CAUSES: Record<number, FailureCause> = {
	401: 'credential-invalid',
	402: 'quota-exhausted',
	403: 'configuration-invalid',
	404: 'configuration-invalid',
	408: 'temporarily-unavailable',
	425: 'temporarily-unavailable',
	429: 'rate-limited',
	499: 'temporarily-unavailable',
};

/** Undefined for a request that is wrong in itself: waiting wouldn't help, and n8n has no word for it. */
export function causeOf(
	status: number,
	meaning: ErrorMeaning | undefined,
): FailureCause | undefined {
	if (meaning) return MEANING_CAUSES[meaning];
	return STATUS_CAUSES[status] ?? (status >= 500 ? 'temporarily-unavailable' : undefined);
}
