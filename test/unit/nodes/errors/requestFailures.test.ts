import type { ErrorMeaning } from '../../../../nodes/Seedream/errors/errorCodes';
import { MEANING_MESSAGES } from '../../../../nodes/Seedream/errors/errorMessages';
import { uploadFailure } from '../../../../nodes/Seedream/errors/inputFailures';
import type { RequestError } from '../../../../nodes/Seedream/errors/providerError';
import {
	httpFailure,
	networkFailure,
	notSent,
	unreadableResponse,
} from '../../../../nodes/Seedream/errors/requestFailures';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import {
	NOT_CHARGED,
	UNKNOWN,
	FETCH_LATER,
	CREATE,
	REPEATABLE,
	TASK,
	FREE,
	httpError,
} from './httpErrors';

describe('a create that got an error response', () => {
	it.each<[number, string, string, 'no' | 'unknown', boolean]>([
		[
			400,
			'rejected the request',
			'Change the value that the message names, then try again.',
			'no',
			false,
		],
		[
			401,
			"didn't accept the API key",
			'Open the credential, paste the API key again and save it: n8n then tests the key.',
			'no',
			false,
		],
		[
			402,
			'reports that this account has no credits left',
			'Top up the account, then try again.',
			'no',
			false,
		],
		[
			403,
			"doesn't allow this API key to do that",
			"In the provider's dashboard, check that the API key can use this model.",
			'no',
			false,
		],
		[
			409,
			'has an earlier request that conflicts with this one',
			"Check the provider's task list for the image.",
			'unknown',
			false,
		],
		[408, 'timed out waiting for the request', 'Try again later.', 'unknown', false],
		[
			413,
			"rejected the request because it's too large",
			'Use smaller reference images.',
			'no',
			false,
		],
		[
			418,
			'returned an unexpected response',
			'Check the base URL in the credential.',
			'unknown',
			false,
		],
		[422, 'returned an unexpected response', 'Check the base URL in the credential.', 'no', false],
		[
			499,
			'returned an unexpected response',
			'Check the base URL in the credential.',
			'unknown',
			false,
		],
		[
			429,
			'is receiving too many requests',
			"Lower the 'Concurrency' option, or try again later.",
			'no',
			true,
		],
		[
			500,
			"isn't available right now",
			"Check the provider's status page, then try again later.",
			'unknown',
			false,
		],
		[
			502,
			"can't reach its upstream service",
			"Check the provider's status page, then try again later.",
			'unknown',
			false,
		],
		[503, "isn't available right now", 'Try again later.', 'unknown', false],
		[
			504,
			'got no response from its upstream service in time',
			'Try again later.',
			'unknown',
			false,
		],
		[
			599,
			"isn't available right now",
			"Check the provider's status page, then try again later.",
			'unknown',
			false,
		],
	])(
		'with HTTP %i says what happened, what to do and whether it was charged',
		(status, message, hint, charged, mayRepeat) => {
			const failure = httpError(status);
			expect(failure).toMatchObject({
				message: `APIMart ${message} (some_code: So it is.)`,
				description: `${hint} ${charged === 'no' ? NOT_CHARGED : UNKNOWN}`,
				code: 'some_code',
				type: 'some_type',
				charged,
				status: 'failed',
				provider: 'apiMart',
			});
			expect(failure.taskId).toBeUndefined();
			expect(failure.retry).toBe(mayRepeat ? 'unlimited' : undefined);
		},
	);

	it.each([
		[400, undefined],
		[404, undefined],
		[429, 'unlimited'],
		[408, 'unlimited'],
		[499, 'unlimited'],
		[500, 'unlimited'],
		[503, 'unlimited'],
	])(
		'with HTTP %i is retried where the provider honors the Idempotency-Key: %s',
		(status, retry) => {
			expect(httpError(status, REPEATABLE, evoLink).retry).toBe(retry);
		},
	);

	it.each([
		[400, false],
		[429, true],
		[500, false],
		[502, false],
		[503, true],
		[504, false],
	])('with HTTP %i marks the provider as unavailable: %s', (status, isUnavailable) => {
		for (const purpose of [CREATE, TASK]) {
			expect(httpError(status, purpose).isUnavailable ?? false).toBe(isUnavailable);
		}
	});

	it("with HTTP 404 doesn't mention a task, because there is none yet", () => {
		const { message, description } = httpError(404);
		expect(message).not.toMatch(/task/i);
		expect(description).not.toMatch(/task/i);
		expect(description).toMatch(/base URL/);
	});
});

it('an error with a success status is a rejection that leaves the charge unknown', () => {
	expect(httpError(200)).toMatchObject({
		message: 'APIMart rejected the request (some_code: So it is.)',
		description: `Change the value that the message names, then try again. ${UNKNOWN}`,
		charged: 'unknown',
	});
	expect(httpError(200, REPEATABLE).retry).toBeUndefined();
});

describe('a status check that got an error response', () => {
	it.each([
		[400, false],
		[401, false],
		[402, false],
		[403, false],
		[404, false],
		[429, true],
		[500, true],
		[502, true],
		[503, true],
	])('with HTTP %i names the task, and leaves the charge unknown', (status, mayRepeat) => {
		const failure = httpError(status, TASK);
		expect(failure).toMatchObject({ charged: 'unknown', taskId: 'task-1', status: 'failed' });
		expect(failure.message).toMatch(/\[task task-1\]$/);
		expect(failure.retry).toBe(mayRepeat ? 'unlimited' : undefined);
	});

	it.each([401, 402, 429, 500, 502])(
		'with HTTP %i says how to fetch the task, because running the row again is charged again',
		(status) => {
			expect(httpError(status, TASK).description).toMatch(`${FETCH_LATER} ${UNKNOWN}`);
			expect(httpError(status).description).not.toContain('Seedream Task Status');
		},
	);

	it("with HTTP 404 says that the provider doesn't recognize the task, and doesn't send the user back to it", () => {
		expect(httpError(404, TASK).description).not.toContain('Seedream Task Status');
		expect(httpError(404, TASK)).toMatchObject({
			message: "APIMart doesn't recognize this task (some_code: So it is.) [task task-1]",
			description: expect.stringMatching(/^Check the task ID, the provider and the account\./),
			isUnknownTask: true,
		});
		expect(httpError(404)).not.toHaveProperty('isUnknownTask');
	});
});

it.each([7, 0, undefined])('a failure passes on the Retry-After of %s seconds', (seconds) => {
	const error = { status: 429, code: 'busy', message: '', type: 't' };
	expect(httpFailure(evoLink, error, seconds, CREATE).retryAfterSeconds).toBe(seconds);
	expect(uploadFailure(httpFailure(evoLink, error, seconds, FREE)).retryAfterSeconds).toBe(seconds);
});

describe('a request that got no response', () => {
	it("and can't have arrived may be retried and costs nothing", () => {
		const error = { code: 'ECONNREFUSED', mayHaveArrived: false } as const;
		expect(networkFailure(apiInOne, error, CREATE)).toEqual({
			message: "API in One couldn't be reached: the connection was refused (ECONNREFUSED)",
			description: `Check the base URL in the credential and your n8n's network connection. ${NOT_CHARGED}`,
			code: 'ECONNREFUSED',
			type: 'network_error',
			charged: 'no',
			status: 'failed',
			provider: 'apiInOne',
			taskId: undefined,
			cause: 'temporarily-unavailable',
			retry: 'unlimited',
			isUnavailable: true,
			isTransient: true,
		});
	});

	it.each([
		['ECONNABORTED', 'the connection timed out (ECONNABORTED)'],
		['ECONNREFUSED', 'the connection was refused (ECONNREFUSED)'],
		['ECONNRESET', 'the connection was interrupted (ECONNRESET)'],
		['ENOTFOUND', "its address doesn't exist (ENOTFOUND)"],
		['EAI_AGAIN', "its address couldn't be looked up (EAI_AGAIN)"],
		['ETIMEDOUT', 'the connection timed out (ETIMEDOUT)'],
		['CERT_HAS_EXPIRED', 'CERT_HAS_EXPIRED'],
		['socket hang up', 'socket hang up'],
	])('says why in plain words: %s', (code, words) => {
		const error = { kind: 'networkError', code, mayHaveArrived: true } as const;
		expect(networkFailure(evoLink, error, CREATE)).toMatchObject({
			message: `EvoLink didn't respond: ${words}`,
			code,
		});
	});

	it.each([
		[CREATE, undefined],
		[REPEATABLE, 'unlimited'],
	])(
		'and creates a task is retried only where the provider honors the Idempotency-Key: $isRepeatable',
		(purpose, retry) => {
			const error = { code: 'ECONNRESET', mayHaveArrived: true } as const;
			const failure = networkFailure(apiMart, error, purpose);
			expect(failure).toMatchObject({ charged: 'unknown' });
			expect(failure.retry).toBe(retry);
			expect(failure).not.toHaveProperty('isUnavailable');
		},
	);

	it.each([true, false])(
		'and checks a task may be retried (may have arrived: %s)',
		(mayHaveArrived) => {
			const error = { code: 'ETIMEDOUT', mayHaveArrived } as const;
			expect(networkFailure(evoLink, error, TASK)).toMatchObject({
				message: `${mayHaveArrived ? "EvoLink didn't respond" : "EvoLink couldn't be reached"}: the connection timed out (ETIMEDOUT) [task task-1]`,
				description: expect.stringContaining(FETCH_LATER),
				charged: 'unknown',
				taskId: 'task-1',
				retry: 'unlimited',
			});
		},
	);
});

describe('an unreadable response', () => {
	it.each<[string, unknown, string]>([
		['an object', { id: null }, '{"id":null}'],
		['text', '<html>Hello</html>', '<html>Hello</html>'],
		['a long text', 'x'.repeat(1000), 'x'.repeat(300)],
		['nothing', undefined, ''],
	])('is quoted, and shortened: %s', (_what, body, shown) => {
		expect(unreadableResponse(evoLink, 'id: Required', body, CREATE)).toMatchObject({
			message: "EvoLink returned a response that the node doesn't understand (id: Required)",
			description: `The response was: ${shown} ${UNKNOWN}`,
			code: 'answer_not_understood',
			charged: 'unknown',
		});
	});

	it.each<[string, unknown, 'unlimited' | 'limited']>([
		["a proxy's page goes away", '<html>Hello</html>', 'unlimited'],
		['half a response was cut off', '{"id":"ta', 'unlimited'],
		['nothing came', undefined, 'unlimited'],
		["a list isn't a provider's response", [], 'unlimited'],
		['an object in another format mostly stays', { id: null }, 'limited'],
	])('is requested again, and how often depends on the body: %s', (_what, body, retry) => {
		expect(unreadableResponse(apiMart, 'why', body, TASK).retry).toBe(retry);
		expect(unreadableResponse(evoLink, 'why', body, REPEATABLE).retry).toBe(retry);
		expect(unreadableResponse(evoLink, 'why', body, FREE).retry).toBe(retry);
		expect(unreadableResponse(apiMart, 'why', body, CREATE).retry).toBeUndefined();
	});

	it('names the task', () => {
		expect(unreadableResponse(evoLink, 'status: Required', {}, TASK)).toMatchObject({
			message: expect.stringMatching(/\[task task-1\]$/),
			description: `The response was: {} ${FETCH_LATER} ${UNKNOWN}`,
			taskId: 'task-1',
		});
	});
});

describe("a provider's own code overrides the HTTP status", () => {
	const MEANINGS: Array<[string, number, ErrorMeaning, 'no' | 'unknown', 'unlimited' | undefined]> =
		[
			['paid_outcome_unknown', 409, 'inProgress', 'unknown', 'unlimited'],
			['idempotency_in_progress', 409, 'inProgress', 'unknown', 'unlimited'],
			['idempotency_result_indeterminate', 409, 'outcomeUnknown', 'unknown', undefined],
			['idempotency_conflict', 409, 'keyReused', 'unknown', undefined],
			['idempotency_key_reused', 409, 'keyReused', 'unknown', undefined],
			['idempotency_unavailable', 503, 'notProcessed', 'no', 'unlimited'],
			['insufficient_user_quota', 403, 'noCredits', 'no', undefined],
			['quota_not_enough', 500, 'noCredits', 'no', undefined],
			['605', 200, 'noCredits', 'no', undefined],
			['insufficient_token_quota', 402, 'keyQuota', 'no', undefined],
			['key_daily_quota_exhausted', 429, 'keyDailyQuota', 'no', undefined],
			['ip_restricted', 403, 'keyRejected', 'no', undefined],
			['moderation_blocked', 400, 'contentPolicy', 'no', undefined],
			['InputImageSensitiveContentDetected', 400, 'contentPolicy', 'no', undefined],
			// A task may have been begun before that was found out.
			['content_policy_violation', 500, 'contentPolicy', 'unknown', undefined],
			['invalid_media_url', 422, 'badReference', 'no', undefined],
			['invalid_media_url', 502, 'badReference', 'unknown', undefined],
			['get_channel_failed', 400, 'modelUnavailable', 'no', 'unlimited'],
			['no_available_channel', 503, 'modelUnavailable', 'no', 'unlimited'],
			['MODEL_UNAVAILABLE', 404, 'modelUnavailable', 'no', 'unlimited'],
		];

	it.each(MEANINGS)('%s with HTTP %i: %s', (code, status, meaning, charged, retry) => {
		const places: Array<Partial<RequestError>> = [{ code }, { code: 'x', type: code }];
		for (const place of places) {
			const failure = httpError(status, CREATE, evoLink, place);
			expect(failure).toMatchObject({ meaning, charged });
			expect(failure.retry).toBe(retry);
			expect(failure.message).toContain(`EvoLink ${MEANING_MESSAGES[meaning].message} (`);
			expect(failure.description.startsWith(MEANING_MESSAGES[meaning].hint)).toBe(true);
		}
	});

	it.each(['notProcessed', 'modelUnavailable'])(
		'%s is a limit that the node waits for',
		(meaning) => {
			for (const [code, status, one] of MEANINGS) {
				if (one !== meaning) continue;
				expect(httpError(status, CREATE, evoLink, { code })).toMatchObject({
					isUnavailable: true,
					isLimit: true,
				});
			}
		},
	);

	it.each<[string, ErrorMeaning | undefined]>([
		['Conflict: paid_outcome_unknown', 'inProgress'],
		['idempotency_unavailable, try later', 'notProcessed'],
		['get_channel_failed: none', 'modelUnavailable'],
		// These may be quoted for any other reason.
		['your key_disabled setting', undefined],
	])('also when it stands in the message: %s', (message, meaning) => {
		expect(httpError(409, CREATE, apiMart, { message }).meaning).toBe(meaning);
	});
});

describe('an error response without JSON, for example from a proxy', () => {
	it.each([
		[400, 'unknown'],
		[401, 'unknown'],
		[402, 'unknown'],
		[403, 'unknown'],
		[404, 'no'],
		[405, 'no'],
		[413, 'unknown'],
		[422, 'unknown'],
		[429, 'no'],
		[502, 'unknown'],
	])('with HTTP %i says about the charge: %s', (status, charged) => {
		const bare = { code: `http_${status}`, message: '', isBare: true } as const;
		expect(httpError(status, CREATE, apiMart, bare).charged).toBe(charged);
	});
});

it.each([
	[408, true],
	[429, true],
	[499, true],
	[502, true],
	[503, true],
	[504, true],
	[500, undefined],
	[404, undefined],
	[200, undefined],
])('a failure with HTTP %i is transient: %s', (status, isTransient) => {
	expect(httpError(status, FREE).isTransient).toBe(isTransient);
});

describe('a rate limit', () => {
	it.each([
		[429, undefined, true],
		[429, 5, true],
		[503, 5, true],
		[503, undefined, undefined],
		[500, 5, undefined],
	])('is HTTP %i with Retry-After %s: %s', (status, retryAfter, isLimit) => {
		const error = { status, code: 'busy', message: '', type: 't' };
		expect(httpFailure(apiMart, error, retryAfter, CREATE).isLimit).toBe(isLimit);
	});
});

describe('a create that was never sent because the provider rejects everything', () => {
	it('costs nothing, and quotes how the provider rejected the others', () => {
		const rejection = httpError(429);
		expect(notSent(apiMart, rejection)).toEqual({
			message: rejection.message,
			description: `The node didn't send this row. Run it again later. ${NOT_CHARGED}`,
			code: rejection.code,
			type: rejection.type,
			charged: 'no',
			status: 'failed',
			provider: 'apiMart',
			cause: 'rate-limited',
		});
	});

	it('costs nothing even where the others may have been charged', () => {
		expect(notSent(apiMart, httpError(503))).toMatchObject({ charged: 'no' });
	});

	it('says so even without a response to the others', () => {
		expect(notSent(apiMart, undefined)).toMatchObject({
			message: "APIMart isn't accepting requests right now",
			code: 'not_sent',
			charged: 'no',
		});
	});
});
