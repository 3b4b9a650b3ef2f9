import type { ErrorResponse } from '../responses';
import type { BodyError } from './bodySchema';
import { errorResponses } from './errorResponses';

/** 400 to 500: the examples on the Seedream 4.5 page. The rest: the Get Task Detail page, October 2026. */
export const errorResponse = errorResponses(
	{
		400: {
			code: 'invalid_request',
			message: 'Invalid request parameters',
			type: 'invalid_request_error',
		},
		401: {
			code: 'unauthorized',
			message: 'Invalid or expired token',
			type: 'authentication_error',
		},
		402: {
			code: 'insufficient_quota',
			message: 'Insufficient quota. Please top up your account.',
			type: 'insufficient_quota',
		},
		403: {
			code: 'model_access_denied',
			message: 'Token does not have access to model',
			type: 'invalid_request_error',
		},
		404: { code: 'task_not_found', message: 'Task not found', type: 'invalid_request_error' },
		429: {
			code: 'rate_limit_exceeded',
			message: 'Too many requests, please try again later',
			type: 'rate_limit_error',
		},
		500: { code: 'internal_error', message: 'Internal server error', type: 'api_error' },
		502: { code: 'bad_gateway', message: 'Upstream service error', type: 'api_error' },
		503: {
			code: 'service_unavailable',
			message: 'Service temporarily unavailable',
			type: 'api_error',
		},
	},
	(status) => ({
		code: `http_${status}`,
		message: `HTTP ${status}`,
		type: status < 500 ? 'invalid_request_error' : 'api_error',
	}),
);

export function invalidRequest({ param, message }: BodyError): ErrorResponse {
	const { status, body } = errorResponse(400, message);
	return { status, body: { error: { ...body.error, ...(param !== undefined && { param }) } } };
}

export function conflict(code: string, message: string): ErrorResponse {
	return { status: 409, body: { error: { code, message, type: 'invalid_request_error' } } };
}
