import {
	HTTP_MESSAGES,
	MEANING_MESSAGES,
	TASK_MESSAGES,
	UPLOAD_MESSAGES,
} from '../../../../nodes/Seedream/errors/errorMessages';
import { CREATE, TASK, httpError } from './httpErrors';

it('every HTTP status of the table has its own message', () => {
	for (const [status, { message, hint }] of Object.entries(HTTP_MESSAGES)) {
		const purpose = status === '404' ? TASK : CREATE;
		const failure = httpError(Number(status), purpose);
		expect(failure.message).toContain(`APIMart ${message} (`);
		expect(failure.description.startsWith(hint)).toBe(true);
	}
});

it('every task error code that the providers document has a message', () => {
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

it("no message or hint uses the words that n8n's guidelines for errors rule out", () => {
	const tables = [HTTP_MESSAGES, MEANING_MESSAGES, TASK_MESSAGES, UPLOAD_MESSAGES];
	for (const { message, hint } of tables.flatMap((table) => Object.values(table))) {
		expect(`${message}. ${hint}`).not.toMatch(/\b(error|problem|failure|mistake)s?\b/i);
	}
});
