/** What a provider sends back. The body goes out as JSON, text or bytes. */
export interface SandboxResponse {
	status: number;
	/** Besides Content-Type. */
	headers?: Record<string, string>;
	body: unknown;
}

/** The error object that all three providers document; they differ in the type of `code`. */
export interface ErrorBody {
	error: { code: string | number; message: string; type: string; param?: string };
}

/** Rejects a request: nothing is created and nothing is charged. */
export interface ErrorResponse {
	status: number;
	headers?: Record<string, string>;
	body: ErrorBody;
}

/** Either a valid request, or the response that rejects it. */
export type ParseResult<T> = { value: T } | { error: ErrorResponse };
