import type { Refusal } from '../responses';
import type { BodyFault } from './schemaCheck';

/** The message and type of each HTTP status that a provider documents. */
export type KnownErrors = Record<number, { message: string; type: string }>;

/** The errors of providers whose `code` repeats the HTTP status: APIMart and API in One. */
export function numericErrors(known: KnownErrors) {
	const refusal = (status: number, message?: string): Refusal => {
		const error = known[status] ?? {
			message: `HTTP ${status}`,
			type: status < 500 ? 'invalid_request_error' : 'server_error',
		};
		return { status, body: { error: { code: status, ...error, ...(message && { message }) } } };
	};
	const invalid = ({ message }: BodyFault): Refusal =>
		refusal(400, `${known[400]?.message}: ${message}`);
	return { refusal, invalid };
}
