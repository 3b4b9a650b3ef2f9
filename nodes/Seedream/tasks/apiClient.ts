import type { NetworkError } from '../errors/providerError';
import type { FileUpload } from '../images/fileUpload';
import type { JsonObject } from '../shared/json';

/** A request to a provider's API; the client adds the base URL and the API key. */
export interface HttpRequest {
	method: 'GET' | 'POST';
	path: string;
	body?: JsonObject;
	headers?: Record<string, string>;
	/** For the whole response, to its last byte. The client has a default. */
	timeoutMs?: number;
	/** Stopping the execution doesn't abort it, because the response names what was charged. */
	mustFinish?: boolean;
}

export type HttpResult =
	| { kind: 'response'; status: number; headers: Record<string, string>; body: unknown }
	| ({ kind: 'networkError' } & NetworkError);

/** Sends requests to one provider. Network and provider errors are results, never thrown. */
export interface ApiClient {
	send: (request: HttpRequest) => Promise<HttpResult>;
	/** Streams the file, so its content can't be sent twice. */
	upload: (upload: FileUpload) => Promise<HttpResult>;
}
