import { ACTIONABLE_CAUSES, TIMED_CAUSES } from 'n8n-workflow';

import type { ErrorMeaning } from '../../../../nodes/Seedream/errors/errorCodes';
import type { FailureCause } from '../../../../nodes/Seedream/errors/failureCause';
import {
	invalidBaseUrl,
	invalidRow,
	missingCredential,
	unreadableCredential,
} from '../../../../nodes/Seedream/errors/inputFailures';
import {
	networkFailure,
	notSent,
	unreadableResponse,
} from '../../../../nodes/Seedream/errors/requestFailures';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { CREATE, FREE, REPEATABLE, TASK, httpError } from './httpErrors';

it.each<[number, FailureCause | undefined]>([
	[200, undefined],
	[400, undefined],
	[401, 'credential-invalid'],
	[402, 'quota-exhausted'],
	[403, 'configuration-invalid'],
	[404, 'configuration-invalid'],
	[408, 'temporarily-unavailable'],
	[409, undefined],
	[413, undefined],
	[422, undefined],
	[425, 'temporarily-unavailable'],
	[429, 'rate-limited'],
	[499, 'temporarily-unavailable'],
	[500, 'temporarily-unavailable'],
	[502, 'temporarily-unavailable'],
	[503, 'temporarily-unavailable'],
	[504, 'temporarily-unavailable'],
	[599, 'temporarily-unavailable'],
])('a failure with HTTP %i has the cause %s', (status, cause) => {
	for (const purpose of [CREATE, REPEATABLE, TASK, FREE]) {
		expect(httpError(status, purpose).cause).toBe(cause);
	}
});

it.each<[ErrorMeaning, string, number, FailureCause | undefined]>([
	['inProgress', 'paid_outcome_unknown', 409, 'temporarily-unavailable'],
	['outcomeUnknown', 'idempotency_result_indeterminate', 500, undefined],
	['keyReused', 'idempotency_key_reused', 409, undefined],
	['notProcessed', 'idempotency_unavailable', 400, 'temporarily-unavailable'],
	['noCredits', 'insufficient_user_quota', 403, 'quota-exhausted'],
	['noCredits', 'quota_not_enough', 500, 'quota-exhausted'],
	['keyQuota', 'insufficient_token_quota', 403, 'quota-exhausted'],
	['keyDailyQuota', 'key_daily_quota_exhausted', 429, 'quota-exhausted'],
	['keyRejected', 'key_disabled', 403, 'credential-invalid'],
	['contentPolicy', 'content_policy_violation', 400, undefined],
	['contentPolicy', 'content_policy_violation', 500, undefined],
	['modelUnavailable', 'no_available_channel', 400, 'temporarily-unavailable'],
	['badReference', 'invalid_media_url', 502, undefined],
])(
	'a failure that means %s (%s with HTTP %i) has the cause %s, whatever its status',
	(meaning, code, status, cause) => {
		const failure = httpError(status, CREATE, evoLink, { code });
		expect(failure.meaning).toBe(meaning);
		expect(failure.cause).toBe(cause);
	},
);

it.each<[string, FailureCause | undefined, { cause?: FailureCause }]>([
	['a missing credential', 'credential-invalid', missingCredential(evoLink)],
	['an unreadable credential', 'credential-invalid', unreadableCredential(evoLink, 'No.')],
	['an invalid base URL', 'configuration-invalid', invalidBaseUrl(evoLink, 'evolink')],
	['an invalid row', undefined, invalidRow(["'Prompt' is empty"], evoLink)],
	['an unreadable response', undefined, unreadableResponse(evoLink, 'why', {}, CREATE)],
])('the failure of %s has the cause %s', (_what, cause, failure) => {
	expect(failure.cause).toBe(cause);
});

it.each<[string, boolean, FailureCause]>([
	['ECONNREFUSED', false, 'temporarily-unavailable'],
	['ENOTFOUND', false, 'temporarily-unavailable'],
	['ECONNRESET', true, 'temporarily-unavailable'],
	['ETIMEDOUT', true, 'temporarily-unavailable'],
	['UNKNOWN', true, 'temporarily-unavailable'],
	['ERR_INVALID_URL', false, 'configuration-invalid'],
	['ERR_UNSUPPORTED_PROTOCOL', false, 'configuration-invalid'],
])(
	'the network error %s (may have arrived: %s) has the cause %s',
	(code, mayHaveArrived, cause) => {
		for (const purpose of [CREATE, REPEATABLE, TASK, FREE]) {
			expect(networkFailure(evoLink, { code, mayHaveArrived }, purpose).cause).toBe(cause);
		}
	},
);

it.each<[string, FailureCause, Parameters<typeof notSent>[1]]>([
	['a rate limit', 'rate-limited', httpError(429)],
	['an outage', 'temporarily-unavailable', httpError(503)],
	['no known reason', 'temporarily-unavailable', undefined],
])('a create that was not sent because of %s has the cause %s', (_what, cause, rejection) => {
	expect(notSent(evoLink, rejection).cause).toBe(cause);
});

it('the causes are words that n8n knows', () => {
	const known: string[] = [...TIMED_CAUSES, ...ACTIONABLE_CAUSES];
	const causes: FailureCause[] = [
		'rate-limited',
		'quota-exhausted',
		'temporarily-unavailable',
		'credential-invalid',
		'configuration-invalid',
	];
	expect(known).toEqual(expect.arrayContaining(causes));
});
