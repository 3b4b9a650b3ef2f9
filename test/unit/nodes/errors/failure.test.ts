import type { ErrorMeaning } from '../../../../nodes/Seedream/errors/errorCodes';
import {
	HTTP_MESSAGES,
	MEANING_MESSAGES,
	TASK_MESSAGES,
	taskMessage,
	UPLOAD_MESSAGES,
} from '../../../../nodes/Seedream/errors/errorMessages';
import { withoutCharged, type RequestPurpose } from '../../../../nodes/Seedream/errors/failure';
import {
	invalidRow,
	missingCredential,
	sameUploadLink,
	uploadFailure,
} from '../../../../nodes/Seedream/errors/inputFailures';
import type { RequestError } from '../../../../nodes/Seedream/errors/providerError';
import {
	httpFailure,
	networkFailure,
	notSent,
	unreadableResponse,
} from '../../../../nodes/Seedream/errors/requestFailures';
import {
	deadlineFailure,
	downloadFailure,
	imagesMissing,
	notMadeAgain,
	taskFailure,
} from '../../../../nodes/Seedream/errors/taskFailures';
import {
	type UnconfirmedCreate,
	maybeMadeTwice,
	noSecondCreate,
	unconfirmedFailure,
} from '../../../../nodes/Seedream/errors/unconfirmedCreate';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { ListedTask } from '../../../../nodes/Seedream/shared/task';

const NOTHING_CHARGED = 'Nothing was charged.';
const CHARGED = 'The image was made and charged.';
const CHARGED_IN_VAIN =
	'It was charged all the same: ask the support of the provider for a refund, with the task ID.';
const UNKNOWN = 'Whether it was charged cannot be known from here.';
const FETCH_LATER =
	'The task may go on at the provider: fetch it with the Seedream Task Status node and the task ID task-1.';

const CREATE: RequestPurpose = { kind: 'create', isRepeatable: false };
const REPEATABLE: RequestPurpose = { kind: 'create', isRepeatable: true };
const TASK: RequestPurpose = { kind: 'task', taskId: 'task-1' };
const FREE: RequestPurpose = { kind: 'free' };

function http(
	status: number,
	purpose = CREATE,
	provider = apiMart,
	changes: Partial<RequestError> = {},
) {
	const error = { status, code: 'some_code', message: 'So it is.', type: 'some_type', ...changes };
	return httpFailure(provider, error, undefined, purpose);
}

describe('a create that was answered with an error', () => {
	it.each<[number, string, string, 'no' | 'unknown', boolean]>([
		[400, 'refused the request', 'Change what the message names and run again.', 'no', false],
		[
			401,
			'did not accept the API key',
			'Open the credential, paste the key again and save it: n8n tests it then.',
			'no',
			false,
		],
		[402, 'has no credit left on this account', 'Top up the account and run again.', 'no', false],
		[
			403,
			'does not allow this API key to do that',
			"Check in the provider's dashboard that the key may use this model.",
			'no',
			false,
		],
		[
			409,
			'has an earlier request that this one contradicts',
			"Look in the provider's list of tasks whether it has the image.",
			'unknown',
			false,
		],
		[408, 'waited for the request in vain', 'Run the row again later.', 'unknown', false],
		[413, 'finds the request too large', 'Use smaller reference images.', 'no', false],
		[418, 'answered with an error', 'Check the base URL in the credential.', 'unknown', false],
		[422, 'answered with an error', 'Check the base URL in the credential.', 'no', false],
		[499, 'answered with an error', 'Check the base URL in the credential.', 'unknown', false],
		[
			429,
			'gets too many requests',
			'Lower Concurrency in the options, or run again later.',
			'no',
			true,
		],
		[
			500,
			'has a problem of its own',
			"Look at the provider's status page and run again later.",
			'unknown',
			false,
		],
		[
			502,
			'cannot reach the service behind it',
			"Look at the provider's status page and run again later.",
			'unknown',
			false,
		],
		[503, 'is not available at the moment', 'Run again later.', 'unknown', false],
		[504, 'got no answer in time from the service behind it', 'Run again later.', 'unknown', false],
		[
			599,
			'has a problem of its own',
			"Look at the provider's status page and run again later.",
			'unknown',
			false,
		],
	])('of HTTP %i', (status, what, todo, charged, mayRepeat) => {
		const failure = http(status);
		expect(failure).toMatchObject({
			message: `APIMart ${what} (some_code: So it is.)`,
			description: `${todo} ${charged === 'no' ? NOTHING_CHARGED : UNKNOWN}`,
			code: 'some_code',
			type: 'some_type',
			charged,
			status: 'failed',
			provider: 'apiMart',
		});
		expect(failure.taskId).toBeUndefined();
		expect(failure.retry).toBe(mayRepeat ? 'freely' : undefined);
	});

	it.each([
		[400, undefined],
		[404, undefined],
		[429, 'freely'],
		[408, 'freely'],
		[499, 'freely'],
		[500, 'freely'],
		[503, 'freely'],
	])('of HTTP %i is repeated where the Idempotency-Key is honoured: %s', (status, retry) => {
		expect(http(status, REPEATABLE, evoLink).retry).toBe(retry);
	});

	it.each([
		[400, false],
		[429, true],
		[500, false],
		[502, false],
		[503, true],
		[504, false],
	])('of HTTP %i slows the batch down: %s', (status, slowsDown) => {
		for (const purpose of [CREATE, TASK]) {
			expect(http(status, purpose).isUnavailable ?? false).toBe(slowsDown);
		}
	});

	it('has words of its own for every status of the table', () => {
		for (const [status, { message: what, hint: todo }] of Object.entries(HTTP_MESSAGES)) {
			const purpose = status === '404' ? TASK : CREATE;
			const { message, description } = http(Number(status), purpose);
			expect(message).toContain(`APIMart ${what} (`);
			expect(description.startsWith(todo)).toBe(true);
		}
	});

	it('of HTTP 404 does not speak of a task, for there is none yet', () => {
		const { message, description } = http(404);
		expect(message).not.toMatch(/task/i);
		expect(description).not.toMatch(/task/i);
		expect(description).toMatch(/base URL/);
	});
});

it('an error with a good HTTP status is a refusal in words of the provider, and proves nothing', () => {
	expect(http(200)).toMatchObject({
		message: 'APIMart refused the request (some_code: So it is.)',
		description: `Change what the message names and run again. ${UNKNOWN}`,
		charged: 'unknown',
	});
	expect(http(200, REPEATABLE).retry).toBeUndefined();
});

describe('a query that was answered with an error', () => {
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
	])('of HTTP %i keeps the task: whether it was charged is not known', (status, mayRepeat) => {
		const failure = http(status, TASK);
		expect(failure).toMatchObject({ charged: 'unknown', taskId: 'task-1', status: 'failed' });
		expect(failure.message).toMatch(/\[task task-1\]$/);
		expect(failure.retry).toBe(mayRepeat ? 'freely' : undefined);
	});

	it.each([401, 402, 429, 500, 502])(
		'of HTTP %i says how to fetch the task, for to run the row again pays again',
		(status) => {
			expect(http(status, TASK).description).toMatch(`${FETCH_LATER} ${UNKNOWN}`);
			expect(http(status).description).not.toContain('Seedream Task Status');
		},
	);

	it('of HTTP 404 says that the task is not known, and does not send the user back to it', () => {
		expect(http(404, TASK).description).not.toContain('Seedream Task Status');
		expect(http(404, TASK)).toMatchObject({
			message: 'APIMart does not know this task (some_code: So it is.) [task task-1]',
			description: expect.stringMatching(/^Check the task ID, the provider and the account\./),
			isUnknownTask: true,
		});
		expect(http(404)).not.toHaveProperty('isUnknownTask');
	});
});

it.each([7, 0, undefined])(
	'the wish of the provider to wait %s seconds is passed on',
	(seconds) => {
		const error = { status: 429, code: 'busy', message: '', type: 't' };
		expect(httpFailure(evoLink, error, seconds, CREATE).retryAfterSeconds).toBe(seconds);
		expect(uploadFailure(httpFailure(evoLink, error, seconds, FREE)).retryAfterSeconds).toBe(
			seconds,
		);
	},
);

describe("the provider's own words", () => {
	it.each([
		['400', 'n is too large', ' (n is too large)'],
		['invalid_request', 'n is too large', ' (invalid_request: n is too large)'],
		['http_502', '', ' (http_502)'],
		['502', '', ''],
	])('stand behind ours: code %j, message %j', (code, message, words) => {
		const failure = httpFailure(
			apiMart,
			{ status: 400, code, message, type: 't' },
			undefined,
			CREATE,
		);
		expect(failure.message).toBe(`APIMart refused the request${words}`);
	});

	it.each([
		['400', 'n is too large', ' (n is too large, request req-1)'],
		['400', '', ' (request req-1)'],
		['bad', 'n', ' (bad: n, request req-1)'],
		['bad', '', ' (bad, request req-1)'],
	])('name the request that support asks for: %j, %j', (code, message, words) => {
		const error = { status: 400, code, message, type: 't', requestId: 'req-1' };
		expect(httpFailure(apiMart, error, undefined, CREATE).message).toBe(
			`APIMart refused the request${words}`,
		);
	});
});

describe('no answer', () => {
	it('to a create that never left may be repeated and cost nothing', () => {
		const answer = { code: 'ECONNREFUSED', mayHaveArrived: false } as const;
		expect(networkFailure(apiInOne, answer, CREATE)).toEqual({
			message: 'API in One could not be reached: nothing answers at its address (ECONNREFUSED)',
			description: `Check the base URL in the credential and the network of this n8n. ${NOTHING_CHARGED}`,
			code: 'ECONNREFUSED',
			type: 'network_error',
			charged: 'no',
			status: 'failed',
			provider: 'apiInOne',
			taskId: undefined,
			retry: 'freely',
			isUnavailable: true,
			isTransient: true,
		});
	});

	it.each([
		['ECONNABORTED', 'no answer came in time (ECONNABORTED)'],
		['ECONNREFUSED', 'nothing answers at its address (ECONNREFUSED)'],
		['ECONNRESET', 'the connection broke off (ECONNRESET)'],
		['ENOTFOUND', 'its address is not known (ENOTFOUND)'],
		['EAI_AGAIN', 'its address could not be looked up (EAI_AGAIN)'],
		['ETIMEDOUT', 'no answer came in time (ETIMEDOUT)'],
		['CERT_HAS_EXPIRED', 'CERT_HAS_EXPIRED'],
		['socket hang up', 'socket hang up'],
	])('is said in words: %s', (code, words) => {
		const answer = { kind: 'networkError', code, mayHaveArrived: true } as const;
		expect(networkFailure(evoLink, answer, CREATE)).toMatchObject({
			message: `EvoLink did not answer: ${words}`,
			code,
		});
	});

	it.each([
		[CREATE, undefined],
		[REPEATABLE, 'freely'],
	])(
		'to a create that may have arrived is repeated only where its Idempotency-Key is honoured: $isRepeatable',
		(purpose, retry) => {
			const answer = { code: 'ECONNRESET', mayHaveArrived: true } as const;
			const failure = networkFailure(apiMart, answer, purpose);
			expect(failure).toMatchObject({ charged: 'unknown' });
			expect(failure.retry).toBe(retry);
			expect(failure).not.toHaveProperty('isUnavailable');
		},
	);

	it.each([true, false])('to a query may be repeated (may have arrived: %s)', (mayHaveArrived) => {
		const answer = { code: 'ETIMEDOUT', mayHaveArrived } as const;
		expect(networkFailure(evoLink, answer, TASK)).toMatchObject({
			message: `EvoLink ${mayHaveArrived ? 'did not answer' : 'could not be reached'}: no answer came in time (ETIMEDOUT) [task task-1]`,
			description: expect.stringContaining(FETCH_LATER),
			charged: 'unknown',
			taskId: 'task-1',
			retry: 'freely',
		});
	});
});

describe('a task that ended without an image', () => {
	it.each(['constructor', '__proto__', 'toString'])(
		'has general advice for a code that only looks known: %s',
		(code) => {
			const error = { code, message: 'No.', type: 'task_error' };
			expect(
				taskFailure(evoLink, { status: 'failed', error, charged: 'no' }, 'task-1').message,
			).toBe(`EvoLink could not make the image (${code}: No.) [task task-1]`);
		},
	);

	const policy = 'stopped the image because of its content policy';

	it.each([
		['content_policy_violation', policy, 'Reword the prompt, or use other reference images.'],
		['content_rejected', policy, 'Reword the prompt, or use other reference images.'],
		[
			'invalid_parameters',
			'could not use the parameters',
			'Compare the fields with the limits of the model.',
		],
		[
			'image_processing_error',
			'could not read a reference image',
			'Open the reference links in a private browser window: they must show an image.',
		],
		[
			'image_dimension_mismatch',
			'could not use the size of a reference image',
			'Use reference images within the limits of the model.',
		],
		['request_cancelled', 'says that the task was cancelled', 'Run the row again.'],
		[
			'generation_failed_no_content',
			'made no image of this prompt',
			'Reword the prompt: say more clearly what the image shows.',
		],
		[
			'generation_timeout',
			'gave up because the image took too long',
			'Run the row again, with a lower resolution if it happens every time.',
		],
		['resource_exhausted', 'has no capacity left', 'Run the row again later.'],
		[
			'quota_exceeded',
			'has used up its quota',
			"Look at the account in the provider's dashboard, or run the row again later.",
		],
		[
			'resource_not_found',
			'could not find something that the task needs',
			'Check that the reference links still work.',
		],
		['service_error', 'had a problem of its own', 'Run the row again later.'],
		['service_unavailable', 'was not available', 'Run the row again later.'],
		[
			'task_failed',
			'could not make the image',
			'Run the row again. If it fails every time, change the prompt.',
		],
		[
			'unknown_error',
			'could not make the image and does not say why',
			'Run the row again. If it fails every time, change the prompt.',
		],
		[
			'a_code_of_tomorrow',
			'could not make the image',
			'Run the row again. If it fails every time, change the prompt.',
		],
	])('because of %s cost nothing', (code, what, todo) => {
		const error = { code, message: 'So it is.', type: 'task_error' };
		expect(taskFailure(evoLink, { status: 'failed', error, charged: 'no' }, 'task-1')).toEqual({
			message: `EvoLink ${what} (${code}: So it is.) [task task-1]`,
			description: `${todo} ${NOTHING_CHARGED}`,
			code,
			type: 'task_error',
			charged: 'no',
			hasEnded: true,
			status: 'failed',
			provider: 'evoLink',
			taskId: 'task-1',
		});
	});

	it('has words for every code that the providers document', () => {
		expect(Object.keys(TASK_MESSAGES).sort()).toEqual(
			[
				'content_policy_violation',
				'generation_failed_no_content',
				'generation_timeout',
				'image_dimension_mismatch',
				'image_processing_error',
				'invalid_parameters',
				'quota_exceeded',
				'request_cancelled',
				'resource_exhausted',
				'resource_not_found',
				'service_error',
				'service_unavailable',
				'task_failed',
				'unknown_error',
			].sort(),
		);
	});

	it.each([
		...['content_policy_violation', 'content_rejected', 'moderation_blocked', 'sensitive_content'],
		...['InputTextSensitiveContentDetected', 'InputImageSensitiveContentDetected'],
		...['OutputImageSensitiveContentDetected', 'OutputImageRiskDetection'],
	])('because of its content says so, whoever names it: %s', (code) => {
		expect(taskMessage({ code, message: '', type: 'task_error' })).toEqual({
			message: policy,
			hint: 'Reword the prompt, or use other reference images.',
		});
	});

	const failed = { status: 'failed', error: { code: 'x', message: '', type: 't' } } as const;
	const todo = 'Run the row again. If it fails every time, change the prompt.';

	it.each([
		[evoLink, 'no', `${todo} ${NOTHING_CHARGED}`, undefined],
		[apiMart, 'no', `${todo} ${NOTHING_CHARGED}`, undefined],
		[apiInOne, 'no', `${todo} Not charged, as far as is known.`, true],
		[evoLink, 'unknown', `${todo} ${UNKNOWN}`, undefined],
		[apiInOne, 'unknown', `${todo} ${UNKNOWN}`, undefined],
		[apiMart, 'yes', `${todo} ${CHARGED_IN_VAIN}`, undefined],
	] as const)('says what is known of the charge', (provider, charged, words, isAssumed) => {
		const failure = taskFailure(provider, { ...failed, charged }, 'task-1');
		expect(failure).toMatchObject({ description: words, charged, hasEnded: true });
		expect(failure.chargeIsAssumed).toBe(isAssumed);
		expect(withoutCharged(failure)).toBe(todo);
	});

	it.each([
		['yes', 'and has', CHARGED_IN_VAIN],
		['unknown', 'and may have', UNKNOWN],
	] as const)('and was charged is not made again by another try: %s', (charged, may, words) => {
		expect(notMadeAgain(apiMart, ['task-1'], charged)).toMatchObject({
			message: `APIMart made no image for this row in an earlier try, ${may} charged it all the same [task task-1]`,
			description: `Nothing in this execution makes it again, because that might pay twice. Retry in the list of executions does: look in APIMart's list of tasks first. ${words}`,
			charged,
			hasEnded: true,
			taskId: 'task-1',
		});
	});

	it('may have been cancelled', () => {
		const error = { code: 'unknown_error', message: '', type: 'task_error' };
		expect(
			taskFailure(apiMart, { status: 'cancelled', error, charged: 'no' }, 'task-1'),
		).toMatchObject({
			status: 'cancelled',
			charged: 'no',
		});
	});
});

describe('an answer that makes no sense', () => {
	it.each<[string, unknown, string]>([
		['an object', { id: null }, '{"id":null}'],
		['text', '<html>Hello</html>', '<html>Hello</html>'],
		['a long text', 'x'.repeat(1000), 'x'.repeat(300)],
		['nothing', undefined, ''],
	])('is shown, shortened: %s', (_what, body, shown) => {
		expect(unreadableResponse(evoLink, 'id: Required', body, CREATE)).toMatchObject({
			message: 'EvoLink gave an answer that this node does not understand (id: Required)',
			description: `The answer was: ${shown} ${UNKNOWN}`,
			code: 'answer_not_understood',
			charged: 'unknown',
		});
	});

	it.each<[string, unknown, 'freely' | 'aFewTimes']>([
		['a page of a proxy goes away', '<html>Hello</html>', 'freely'],
		['half an answer was cut off', '{"id":"ta', 'freely'],
		['nothing came', undefined, 'freely'],
		['a list is no answer of a provider', [], 'freely'],
		['an object with other content mostly stays', { id: null }, 'aFewTimes'],
	])('is asked for again, for how long depends on it: %s', (_what, body, retry) => {
		expect(unreadableResponse(apiMart, 'why', body, TASK).retry).toBe(retry);
		expect(unreadableResponse(evoLink, 'why', body, REPEATABLE).retry).toBe(retry);
		expect(unreadableResponse(evoLink, 'why', body, FREE).retry).toBe(retry);
		expect(unreadableResponse(apiMart, 'why', body, CREATE).retry).toBeUndefined();
	});

	it('keeps the task', () => {
		expect(unreadableResponse(evoLink, 'status: Required', {}, TASK)).toMatchObject({
			message: expect.stringMatching(/\[task task-1\]$/),
			description: `The answer was: {} ${FETCH_LATER} ${UNKNOWN}`,
			taskId: 'task-1',
		});
	});
});

it('a task that outlived the deadline goes on, and can be fetched later', () => {
	expect(deadlineFailure(evoLink, 'task-1', 600)).toEqual({
		message:
			'EvoLink is still working on the image after 600 seconds: Seedream Task Status can fetch it later [task task-1]',
		description: `Fetch it later with the Seedream Task Status node and the task ID task-1, or raise Timeout in the options. ${UNKNOWN}`,
		code: 'timeout',
		type: 'timeout',
		charged: 'unknown',
		status: 'processing',
		provider: 'evoLink',
		taskId: 'task-1',
	});
});

it('a task of which nobody could say how it stands at the deadline names the last reason', () => {
	const last = http(502, TASK);
	expect(deadlineFailure(apiMart, 'task-1', 600, last)).toMatchObject({
		message:
			'APIMart did not say within 600 seconds whether the image is done: Seedream Task Status can fetch it later [task task-1]. The last question failed: APIMart cannot reach the service behind it (some_code: So it is.)',
		code: 'timeout',
		charged: 'unknown',
		status: 'processing',
		taskId: 'task-1',
	});
});

describe('a create whose answer was lost', () => {
	const at = new Date('2026-11-20T08:00:03.500Z');
	const lookForIt =
		"The image may have been made and charged: look in APIMart's list of tasks for one of doubao-seedance-4-5 made at 2026-11-20 08:00:03 UTC";
	const todo = `If APIMart has the task, Seedream Task Status fetches it by its ID. Nothing in this execution sends the row again, because that might pay twice. Retry in the list of executions does, so look first. ${UNKNOWN}`;
	const asksAgain = `If EvoLink has the task, Seedream Task Status fetches it by its ID. Retry On Fail, or Retry in the list of executions, asks again without paying twice. ${UNKNOWN}`;
	const reset = { code: 'ECONNRESET', mayHaveArrived: true } as const;

	const create = (changes: Partial<UnconfirmedCreate> = {}): UnconfirmedCreate => ({
		provider: apiMart,
		model: 'doubao-seedance-4-5',
		at,
		lastAt: at,
		isRepeatable: false,
		candidates: [],
		...changes,
	});
	const atEvoLink = create({ provider: evoLink, isRepeatable: true });

	it('says what happened, and what to look for', () => {
		const failure = networkFailure(apiMart, reset, CREATE);
		expect(unconfirmedFailure(failure, create())).toEqual({
			...failure,
			message: `APIMart did not answer: the connection broke off (ECONNRESET). ${lookForIt}`,
			description: todo,
			charged: 'unknown',
		});
	});

	it('is asked for again without danger where the provider honours the key', () => {
		const failure = networkFailure(evoLink, reset, REPEATABLE);
		expect(unconfirmedFailure(failure, atEvoLink).description).toBe(asksAgain);
	});

	it.each<[ErrorMeaning, string, boolean]>([
		['stillUnderWay', 'paid_outcome_unknown', true],
		['indeterminate', 'idempotency_result_indeterminate', false],
		['keyReused', 'idempotency_conflict', false],
	])('says first what to do where the provider has said why: %s', (meaning, code, repeats) => {
		const failure = http(409, REPEATABLE, evoLink, { code });
		const { description } = unconfirmedFailure(failure, atEvoLink);
		expect(description.startsWith(MEANING_MESSAGES[meaning].hint)).toBe(true);
		expect(description.endsWith(asksAgain)).toBe(repeats);
		expect(description.includes('gets the same answer')).toBe(meaning === 'keyReused');
		expect(description).not.toMatch(/run the workflow|run it anew/i);
	});

	it('shows an answer that was not understood: the id of the task may stand in it', () => {
		const unread = unreadableResponse(apiMart, 'why', { job: 'task-7' }, CREATE);
		expect(unconfirmedFailure(unread, create()).description).toBe(
			`The answer was: {"job":"task-7"} ${todo}`,
		);
	});

	it('stays in doubt when what came last was a refusal', () => {
		const refused = { code: 'ECONNREFUSED', mayHaveArrived: false } as const;
		const failure = unconfirmedFailure(networkFailure(apiMart, refused, CREATE), create());
		expect(failure.charged).toBe('unknown');
		expect(failure.description).not.toContain(NOTHING_CHARGED);
	});

	const candidates: ListedTask[] = [
		{ taskId: 'task-8', status: 'completed', createdAt: at },
		{ taskId: 'task-9', status: 'submitted', createdAt: new Date(at.getTime() + 1_000) },
	];
	const named = 'task-8 (2026-11-20 08:00:03 UTC, done), task-9 (2026-11-20 08:00:04 UTC, waiting)';

	it('names the tasks that it may have made', () => {
		const failure = networkFailure(apiMart, reset, CREATE);
		const { message } = unconfirmedFailure(failure, create({ candidates }));
		expect(message).toContain(
			`${lookForIt}. APIMart lists ${named}, which no row of this execution has`,
		);
	});

	it('in an earlier try of the node is not sent a second time', () => {
		expect(noSecondCreate(create())).toEqual({
			message: `The answer to this row's request was lost in an earlier try. ${lookForIt}`,
			description: todo,
			code: 'answer_lost',
			type: 'network_error',
			charged: 'unknown',
			status: 'failed',
			provider: 'apiMart',
		});
	});

	const first =
		"The answer to this row's first request was lost, and EvoLink does not say that the second one is the same. The image may have been made and charged twice: besides task-1,";

	it.each([
		[
			[],
			`${first} look in its list of tasks for another one made at 2026-11-20 08:00:03 UTC or after`,
		],
		[candidates, `${first} its list has ${named} as well`],
	])('and that was sent again may have been made twice', (others, words) => {
		expect(maybeMadeTwice(evoLink, 'task-1', at, others)).toBe(words);
	});
});

describe("what a provider's own code means goes before its HTTP status", () => {
	const MEANINGS: Array<[string, number, ErrorMeaning, 'no' | 'unknown', 'freely' | undefined]> = [
		['paid_outcome_unknown', 409, 'stillUnderWay', 'unknown', 'freely'],
		['idempotency_in_progress', 409, 'stillUnderWay', 'unknown', 'freely'],
		['idempotency_result_indeterminate', 409, 'indeterminate', 'unknown', undefined],
		['idempotency_conflict', 409, 'keyReused', 'unknown', undefined],
		['idempotency_key_reused', 409, 'keyReused', 'unknown', undefined],
		['idempotency_unavailable', 503, 'notCarriedOut', 'no', 'freely'],
		['insufficient_user_quota', 403, 'noCredit', 'no', undefined],
		['quota_not_enough', 500, 'noCredit', 'no', undefined],
		['605', 200, 'noCredit', 'no', undefined],
		['insufficient_token_quota', 402, 'keyQuota', 'no', undefined],
		['key_daily_quota_exhausted', 429, 'keyDailyQuota', 'no', undefined],
		['ip_restricted', 403, 'keyRefused', 'no', undefined],
		['moderation_blocked', 400, 'contentPolicy', 'no', undefined],
		['InputImageSensitiveContentDetected', 400, 'contentPolicy', 'no', undefined],
		// A task may have been begun before that was found out.
		['content_policy_violation', 500, 'contentPolicy', 'unknown', undefined],
		['invalid_media_url', 422, 'badReference', 'no', undefined],
		['invalid_media_url', 502, 'badReference', 'unknown', undefined],
		['get_channel_failed', 400, 'noChannel', 'no', 'freely'],
		['no_available_channel', 503, 'noChannel', 'no', 'freely'],
		['MODEL_UNAVAILABLE', 404, 'noChannel', 'no', 'freely'],
	];

	it.each(MEANINGS)('%s with HTTP %i: %s', (code, status, meaning, charged, retry) => {
		const places: Array<Partial<RequestError>> = [{ code }, { code: 'x', type: code }];
		for (const place of places) {
			const failure = http(status, CREATE, evoLink, place);
			expect(failure).toMatchObject({ meaning, charged });
			expect(failure.retry).toBe(retry);
			expect(failure.message).toContain(`EvoLink ${MEANING_MESSAGES[meaning].message} (`);
			expect(failure.description.startsWith(MEANING_MESSAGES[meaning].hint)).toBe(true);
		}
	});

	it.each(['notCarriedOut', 'noChannel'])('%s is a limit, which is waited for', (meaning) => {
		for (const [code, status, one] of MEANINGS) {
			if (one !== meaning) continue;
			expect(http(status, CREATE, evoLink, { code })).toMatchObject({
				isUnavailable: true,
				isLimit: true,
			});
		}
	});

	it.each<[string, ErrorMeaning | undefined]>([
		['Conflict: paid_outcome_unknown', 'stillUnderWay'],
		['idempotency_unavailable, try later', 'notCarriedOut'],
		['get_channel_failed: none', 'noChannel'],
		// These may be quoted for any other reason.
		['your key_disabled setting', undefined],
	])('which may stand in the message: %s', (message, meaning) => {
		expect(http(409, CREATE, apiMart, { message }).meaning).toBe(meaning);
	});
});

describe('an error without the words of the provider', () => {
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
	])('of HTTP %i proves nothing, but for what anyone may say: %s', (status, charged) => {
		const bare = { code: `http_${status}`, message: '', isBare: true } as const;
		expect(http(status, CREATE, apiMart, bare).charged).toBe(charged);
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
])('HTTP %i is trouble of a moment, or on the way: %s', (status, isTransient) => {
	expect(http(status, FREE).isTransient).toBe(isTransient);
});

describe('a limit', () => {
	it.each([
		[429, undefined, true],
		[429, 5, true],
		[503, 5, true],
		[503, undefined, undefined],
		[500, 5, undefined],
	])('is HTTP %i with Retry-After %s: %s', (status, wish, isLimit) => {
		const error = { status, code: 'busy', message: '', type: 't' };
		expect(httpFailure(apiMart, error, wish, CREATE).isLimit).toBe(isLimit);
	});
});

it('what the provider itself suggests is said as well', () => {
	const failure = http(400, CREATE, evoLink, { advice: 'Allowed: 2K, 4K.' });
	expect(failure.description).toBe(
		`Change what the message names and run again. Allowed: 2K, 4K. ${NOTHING_CHARGED}`,
	);
});

it('a request id that the message has already is not said twice', () => {
	const said = { message: 'No. (request id: req-1)', requestId: 'req-1' };
	expect(http(400, CREATE, apiMart, said).message).toBe(
		'APIMart refused the request (some_code: No. (request id: req-1))',
	);
});

it('images that did not come are said with their reason', () => {
	const error = { code: 'OutputImageSensitiveContentDetected', message: 'No.', type: 't' };
	expect(imagesMissing(evoLink, error)).toBe(
		'Not all images came: EvoLink stopped the image because of its content policy (OutputImageSensitiveContentDetected: No.)',
	);
});

describe('a create that was never sent, because the provider refuses everything', () => {
	it('costs nothing, and says what the provider said to the others', () => {
		const rejection = http(429);
		expect(notSent(apiMart, rejection)).toEqual({
			message: rejection.message,
			description: `The row was not sent any more: run it again later. ${NOTHING_CHARGED}`,
			code: rejection.code,
			type: rejection.type,
			charged: 'no',
			status: 'failed',
			provider: 'apiMart',
		});
	});

	it('costs nothing either where the others may have been paid', () => {
		expect(notSent(apiMart, http(503))).toMatchObject({ charged: 'no' });
	});

	it('is known to be so also without their answer', () => {
		expect(notSent(apiMart, undefined)).toMatchObject({
			message: 'APIMart takes nothing at the moment',
			code: 'not_sent',
			charged: 'no',
		});
	});
});

it.each([
	[
		'whose link broke',
		false,
		'Fetch it with the Seedream Task Status node, APIMart and the task ID task-1: links work for 24 hours.',
	],
	[
		'whose link has died',
		true,
		'APIMart keeps images for 24 hours: look in its dashboard whether it still has this one.',
	],
])('a file %s belongs to an image that was paid for', (_what, isGone, todo) => {
	expect(
		downloadFailure(apiMart, 'the link answered with HTTP 404', 'task-1', isGone),
	).toMatchObject({
		message:
			'The image was made, but could not be downloaded: the link answered with HTTP 404 [task task-1]',
		description: `${todo} ${CHARGED}`,
		charged: 'yes',
		taskId: 'task-1',
	});
});

it('a provider without a credential is named', () => {
	expect(missingCredential(apiInOne)).toMatchObject({
		message: 'No API in One credential is selected',
		description: `Open the node, choose or create a credential for API in One and run again. ${NOTHING_CHARGED}`,
		charged: 'no',
		provider: 'apiInOne',
	});
});

it('a row that was refused says everything that is wrong with it', () => {
	expect(invalidRow(['Prompt: is empty', 'Resolution: no'], evoLink)).toMatchObject({
		message: 'Prompt: is empty; Resolution: no',
		description: `Correct the row and run again. ${NOTHING_CHARGED}`,
		charged: 'no',
		provider: 'evoLink',
	});
	expect(invalidRow(['Provider: none']).provider).toBeUndefined();
});

describe('an upload that failed', () => {
	const failures = [
		http(401, FREE),
		http(429, FREE),
		http(500, FREE),
		http(503, FREE),
		networkFailure(apiMart, { code: 'ECONNRESET', mayHaveArrived: true }, FREE),
		networkFailure(apiMart, { code: 'ENOTFOUND', mayHaveArrived: false }, FREE),
		unreadableResponse(apiMart, 'data: Required', { data: null }, FREE),
	];

	it.each(failures)(
		'costs nothing, and keeps what happened and what to do: $message',
		(failure) => {
			const uploaded = uploadFailure(failure);
			expect(uploaded.isUnavailable).toBe(failure.isUnavailable);
			expect(uploaded).toMatchObject({
				message: `A reference image could not be uploaded: ${failure.message}`,
				description: failure.description,
				charged: 'no',
				code: failure.code,
				type: failure.type,
				status: 'failed',
				provider: 'apiMart',
			});
			expect(uploaded.description).toMatch(new RegExp(`${NOTHING_CHARGED}$`));
		},
	);

	it('may be repeated wherever it could help, for nobody pays twice', () => {
		expect(failures.map((failure) => uploadFailure(failure).retry)).toEqual([
			undefined,
			...Array(5).fill('freely'),
			'aFewTimes',
		]);
	});

	it.each([
		['40001', 413, 'finds the file too large'],
		['40002', 400, 'does not take files of this type'],
		['40003', 400, 'keeps too many files of yours already'],
		['40004', 400, 'could not use the address of the file'],
		['50001', 500, 'could not store the file'],
	])('because of %s has advice of its own', (code, status, what) => {
		const failure = http(status, FREE, evoLink, { code });
		expect(failure.message).toBe(`EvoLink ${what} (So it is.)`);
		expect(failure.description).toBe(`${UPLOAD_MESSAGES[code]?.hint} ${NOTHING_CHARGED}`);
		expect(http(status, CREATE, evoLink, { code }).message).not.toContain(what);
	});

	it('because two files got one link costs nothing', () => {
		expect(sameUploadLink(evoLink)).toMatchObject({
			message:
				'A reference image could not be uploaded: EvoLink gave two different files the same link',
			description: expect.stringMatching(/Reference Image URLs.*Nothing was charged\.$/),
			code: 'upload_not_unique',
			charged: 'no',
		});
	});
});
