/** What a provider sends back: a status, headers besides Content-Type, and a body sent as JSON, text or bytes. */
export interface Answer {
	status: number;
	headers?: Record<string, string>;
	body: unknown;
}

/** The error object that all three providers' documents share; the kinds of `code` differ. */
export interface ErrorBody {
	error: { code: string | number; message: string; type: string; param?: string };
}

/** A request the provider does not accept: nothing is made and nothing is charged. */
export interface Refusal {
	status: number;
	headers?: Record<string, string>;
	body: ErrorBody;
}

/** Either the request, known to be in order, or the reason why it is not. */
export type ParseResult<T> = { request: T } | { refusal: Refusal };
