import { taskMessage } from '../../../../nodes/Seedream/errors/errorMessages';
import { withoutChargeMessage } from '../../../../nodes/Seedream/errors/failure';
import {
	deadlineFailure,
	downloadFailure,
	missingImagesWarning,
	notRetried,
	taskFailure,
} from '../../../../nodes/Seedream/errors/taskFailures';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { NOT_CHARGED, CHARGED, CHARGED_ANYWAY, UNKNOWN, TASK, httpError } from './httpErrors';

describe('a task that ended without an image', () => {
	it.each(['constructor', '__proto__', 'toString'])(
		'gets the general message for a code that only looks known: %s',
		(code) => {
			const error = { code, message: 'No.', type: 'task_error' };
			expect(
				taskFailure(evoLink, { status: 'failed', error, charged: 'no' }, 'task-1').message,
			).toBe(`EvoLink couldn't generate the image (${code}: No.) [task task-1]`);
		},
	);

	const policy = 'blocked the image because of its content policy';

	it.each([
		['content_policy_violation', policy, 'Reword the prompt, or use different reference images.'],
		['content_rejected', policy, 'Reword the prompt, or use different reference images.'],
		[
			'invalid_parameters',
			"couldn't use the parameters",
			"Check the fields against the model's limits.",
		],
		[
			'image_processing_error',
			"couldn't read a reference image",
			'Open the reference links in a private browser window: each one must show an image.',
		],
		[
			'image_dimension_mismatch',
			"couldn't use a reference image because of its size",
			"Use reference images within the model's limits.",
		],
		['request_cancelled', 'reports that the task was canceled', 'Try again.'],
		[
			'generation_failed_no_content',
			'generated no image for this prompt',
			'Reword the prompt to describe the image more clearly.',
		],
		[
			'generation_timeout',
			'stopped the task because it took too long',
			'Try again. If it happens every time, use a lower resolution.',
		],
		['resource_exhausted', 'has no capacity left', 'Try again later.'],
		[
			'quota_exceeded',
			'has used up its quota',
			"Check the account in the provider's dashboard, or try again later.",
		],
		[
			'resource_not_found',
			"couldn't find something that the task needs",
			'Check that the reference links still work.',
		],
		['service_error', 'had an internal issue', 'Try again later.'],
		['service_unavailable', "wasn't available", 'Try again later.'],
		[
			'task_failed',
			"couldn't generate the image",
			'Try again. If it fails every time, change the prompt.',
		],
		[
			'unknown_error',
			"couldn't generate the image and doesn't say why",
			'Try again. If it fails every time, change the prompt.',
		],
		[
			'a_code_of_tomorrow',
			"couldn't generate the image",
			'Try again. If it fails every time, change the prompt.',
		],
	])('because of %s says what happened and what to do', (code, message, hint) => {
		const error = { code, message: 'So it is.', type: 'task_error' };
		expect(taskFailure(evoLink, { status: 'failed', error, charged: 'no' }, 'task-1')).toEqual({
			message: `EvoLink ${message} (${code}: So it is.) [task task-1]`,
			description: `${hint} ${NOT_CHARGED}`,
			code,
			type: 'task_error',
			charged: 'no',
			hasEnded: true,
			status: 'failed',
			provider: 'evoLink',
			taskId: 'task-1',
		});
	});

	it.each([
		...['content_policy_violation', 'content_rejected', 'moderation_blocked', 'sensitive_content'],
		...['InputTextSensitiveContentDetected', 'InputImageSensitiveContentDetected'],
		...['OutputImageSensitiveContentDetected', 'OutputImageRiskDetection'],
	])('because of its content says so, whoever named the code: %s', (code) => {
		expect(taskMessage({ code, message: '', type: 'task_error' })).toEqual({
			message: policy,
			hint: 'Reword the prompt, or use different reference images.',
		});
	});

	const failed = { status: 'failed', error: { code: 'x', message: '', type: 't' } } as const;
	const todo = 'Try again. If it fails every time, change the prompt.';

	it.each([
		[evoLink, 'no', `${todo} ${NOT_CHARGED}`, undefined],
		[apiMart, 'no', `${todo} ${NOT_CHARGED}`, undefined],
		[apiInOne, 'no', `${todo} As far as is known, you weren't charged.`, true],
		[evoLink, 'unknown', `${todo} ${UNKNOWN}`, undefined],
		[apiInOne, 'unknown', `${todo} ${UNKNOWN}`, undefined],
		[apiMart, 'yes', `${todo} ${CHARGED_ANYWAY}`, undefined],
	] as const)('says what is known about the charge (%#)', (provider, charged, words, isAssumed) => {
		const failure = taskFailure(provider, { ...failed, charged }, 'task-1');
		expect(failure).toMatchObject({ description: words, charged, hasEnded: true });
		expect(failure.chargeIsAssumed).toBe(isAssumed);
		expect(withoutChargeMessage(failure)).toBe(todo);
	});

	it.each([
		['yes', 'and charged you', CHARGED_ANYWAY],
		['unknown', 'and may have charged you', UNKNOWN],
	] as const)(
		"and was charged isn't generated again by a later attempt: %s",
		(charged, charge, words) => {
			expect(notRetried(apiMart, ['task-1'], charged)).toMatchObject({
				message: `APIMart generated no image for this row in an earlier attempt ${charge} anyway [task task-1]`,
				description: `To avoid charging you twice, the node doesn't generate this row again in this execution. Retry on the Executions tab does: check APIMart's task list first. ${words}`,
				charged,
				hasEnded: true,
				taskId: 'task-1',
			});
		},
	);

	it('may have been canceled', () => {
		const error = { code: 'unknown_error', message: '', type: 'task_error' };
		expect(
			taskFailure(apiMart, { status: 'cancelled', error, charged: 'no' }, 'task-1'),
		).toMatchObject({
			status: 'cancelled',
			charged: 'no',
		});
	});
});

it('a task that is still running at the deadline can be fetched later', () => {
	expect(deadlineFailure(evoLink, 'task-1', 600)).toEqual({
		message:
			'EvoLink is still generating the image after 600 seconds. Fetch it later with the Seedream Task Status node [task task-1]',
		description: `Fetch it later with the Seedream Task Status node and the task ID task-1, or raise the 'Timeout' option. ${UNKNOWN}`,
		code: 'timeout',
		type: 'timeout',
		charged: 'unknown',
		status: 'processing',
		provider: 'evoLink',
		taskId: 'task-1',
	});
});

it('a task whose status is unknown at the deadline names the reason', () => {
	const last = httpError(502, TASK);
	expect(deadlineFailure(apiMart, 'task-1', 600, last)).toMatchObject({
		message:
			"APIMart didn't report within 600 seconds whether the image is finished. Fetch it later with the Seedream Task Status node [task task-1]. The last status check failed: APIMart can't reach its upstream service (some_code: So it is.)",
		code: 'timeout',
		charged: 'unknown',
		status: 'processing',
		taskId: 'task-1',
	});
});

it('the warning about missing images names the reason', () => {
	const error = { code: 'OutputImageSensitiveContentDetected', message: 'No.', type: 't' };
	expect(missingImagesWarning(evoLink, error)).toBe(
		'Some images are missing: EvoLink blocked the image because of its content policy (OutputImageSensitiveContentDetected: No.)',
	);
});

it.each([
	[
		'whose download was interrupted',
		false,
		'Fetch it from APIMart with the Seedream Task Status node and the task ID task-1. Links expire after 24 hours.',
	],
	[
		'whose link has expired',
		true,
		'APIMart keeps images for 24 hours. Check its dashboard to see whether the image is still there.',
	],
])('a file %s belongs to an image that was charged', (_what, isGone, hint) => {
	expect(downloadFailure(apiMart, 'the link returned HTTP 404', 'task-1', isGone)).toMatchObject({
		message:
			"The image was generated, but the node couldn't download it: the link returned HTTP 404 [task task-1]",
		description: `${hint} ${CHARGED}`,
		charged: 'yes',
		taskId: 'task-1',
	});
});
