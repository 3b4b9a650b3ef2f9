import { budgetReached } from '../../../../nodes/Seedream/errors/costFailures';
import { affectsAllRows, mayFallBack } from '../../../../nodes/Seedream/errors/fallBack';
import type { Failure } from '../../../../nodes/Seedream/errors/failure';
import {
	invalidRow,
	missingFile,
	sameUploadLink,
	uploadFailure,
} from '../../../../nodes/Seedream/errors/inputFailures';
import {
	httpFailure,
	networkFailure,
	notSent,
	redirected,
	unreadableResponse,
} from '../../../../nodes/Seedream/errors/requestFailures';
import {
	deadlineFailure,
	downloadFailure,
	taskFailure,
} from '../../../../nodes/Seedream/errors/taskFailures';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';

const CREATE = { kind: 'create', isRepeatable: false } as const;

function rejected(status: number, code = String(status)): Failure {
	const error = { status, code, message: 'No.', type: 'error', isBare: undefined };
	return httpFailure(evoLink, error, undefined, CREATE);
}

function polled(status: number): Failure {
	const error = { status, code: String(status), message: 'No.', type: 'error' };
	return httpFailure(evoLink, error, undefined, { kind: 'task', taskId: 'task-1' });
}

function upload(code: string, status = 400): Failure {
	const error = { status, code, message: 'No.', type: 'error' };
	return uploadFailure(httpFailure(evoLink, error, undefined, { kind: 'free' }));
}

function failedTask(code: string, charged: Failure['charged'] = 'no', provider = evoLink): Failure {
	const error = { code, message: '', type: 'task_error' };
	return taskFailure(provider, { status: 'failed', error, charged }, 'task-1');
}

function unreachable(code: string, mayHaveArrived: boolean): Failure {
	return networkFailure(evoLink, { code, mayHaveArrived }, CREATE);
}

it.each<[string, Failure]>([
	['no credits', rejected(402)],
	['no credits on the key', rejected(403, 'key_quota_exhausted')],
	['a rejected key', rejected(401)],
	['a disabled key', rejected(403, 'key_disabled')],
	['a model that the key may not use', rejected(403, 'model_access_denied')],
	['a rate limit', rejected(429)],
	['no channel', rejected(503, 'no_available_channel')],
	['a refused connection', unreachable('ECONNREFUSED', false)],
	['an unknown host', unreachable('ENOTFOUND', false)],
	['a service error after the task was created', failedTask('service_error')],
	['a task that found no capacity', failedTask('resource_exhausted')],
	['uploads that the provider keeps too many of', upload('40003')],
	['an upload that the provider could not store', upload('50001', 500)],
	['uploads whose links are not unique', sameUploadLink(evoLink)],
	['a row that was not sent because of earlier rejections', notSent(evoLink, rejected(429))],
	['a base URL that redirects', redirected(evoLink, 'https://example.com', CREATE)],
])('a row moves on after %s', (_title, failure) => {
	expect(mayFallBack(failure, false)).toBe(true);
});

it.each<[string, Failure]>([
	['a lost response', unreachable('ECONNRESET', true)],
	['a bare server error', rejected(500)],
	['a task that was charged', failedTask('service_error', 'yes')],
	['a task that may have been charged', failedTask('service_error', 'unknown')],
	['a failed task that is free as far as is known', failedTask('service_error', 'no', apiInOne)],
	['a task that is still running', deadlineFailure(evoLink, 'task-1', 60)],
	['an invalid row', invalidRow(["'Prompt' is empty"], evoLink)],
	['a request that the provider finds wrong', rejected(400)],
	['a reference image that nobody can open', rejected(400, 'invalid_media_url')],
	['wrong parameters', failedTask('invalid_parameters')],
	['a reference that is gone', failedTask('resource_not_found')],
	['a canceled task', failedTask('request_cancelled')],
	['a create that is too large', rejected(413)],
	['a conflict of keys', rejected(409, 'idempotency_conflict')],
	['a create that is still being processed', rejected(409, 'paid_outcome_unknown')],
	['a proxy that timed out', rejected(408)],
	['a response that makes no sense', unreadableResponse(evoLink, 'it is empty', '', CREATE)],
	['a file that no longer exists', missingFile(evoLink, 'the image')],
	['an upload that is too large', upload('40001')],
	['a maximum cost that is reached', budgetReached(evoLink, 1, 1, 1)],
	['an image that could not be downloaded', downloadFailure(evoLink, 'no', 'task-1', false)],
	['a blocked prompt', failedTask('content_policy_violation')],
	['a prompt blocked before the task', rejected(400, 'content_filter')],
])('a row stays after %s', (_title, failure) => {
	expect(mayFallBack(failure, false)).toBe(false);
});

it('a blocked prompt moves on if the user wants that, unless it was charged', () => {
	expect(mayFallBack(failedTask('content_policy_violation'), true)).toBe(true);
	expect(mayFallBack(failedTask('content_policy_violation', 'yes'), true)).toBe(false);
});

it.each<[string, Failure, boolean]>([
	['no credits', rejected(402), true],
	['a rejected key', rejected(401), true],
	['a rate limit', rejected(429), false],
	['a failed task', failedTask('service_error'), false],
	['a key that is rejected when a task is polled', polled(401), false],
])('%s concerns the other rows as well', (_title, failure, expected) => {
	expect(affectsAllRows(failure)).toBe(expected);
});
