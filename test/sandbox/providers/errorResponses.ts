import type { ErrorBody, ErrorResponse } from '../responses';
import type { BodyError } from './bodySchema';

/** The error that a provider documents for an HTTP status. */
type DocumentedError = Omit<ErrorBody['error'], 'param'>;

/** Looks up the documented error, or uses `fallback`; a `message` replaces the documented one. */
export function errorResponses(
	documented: Record<number, DocumentedError>,
	fallback: (status: number) => DocumentedError,
) {
	return (status: number, message?: string): ErrorResponse => ({
		status,
		body: {
			error: {
				...(documented[status] ?? fallback(status)),
				...(message !== undefined && { message }),
			},
		},
	});
}

/** APIMart and API in One: the `code` of an error repeats the HTTP status. */
export function numericErrorResponses(
	documented: Record<number, { message: string; type: string }>,
) {
	const withCodes = Object.entries(documented).map(([status, error]) => [
		status,
		{ code: Number(status), ...error },
	]);
	const errorResponse = errorResponses(Object.fromEntries(withCodes), (status) => ({
		code: status,
		message: `HTTP ${status}`,
		type: status < 500 ? 'invalid_request_error' : 'server_error',
	}));
	const invalidRequest = ({ message }: BodyError): ErrorResponse =>
		errorResponse(400, `${documented[400]?.message}: ${message}`);
	return { errorResponse, invalidRequest };
}
