import type { NetworkError } from '../errors/providerError';
import type { FileUpload } from '../images/fileUpload';
import type { JsonObject } from '../shared/json';

/** A request to a provider's API; the client adds the base URL and the API key. */
export interface HttpRequest {
	method: 'GET' | 'POST';
	path: string;
	body?: JsonObject;
	headers?: Record<string, string>;
	/** How long to wait for the whole response, to its last byte; the client's own default without. */
	timeoutMs?: number;
	/** Stopping the execution doesn't abort it: its response names what was charged. */
	mustFinish?: boolean;
}

export type HttpResult =
	| { kind: 'response'; status: number; headers: Record<string, string>; body: unknown }
	| ({ kind: 'networkError' } & NetworkError);

/** Sends requests to one provider. Never throws for what the network or the provider does. */
export interface ApiClient {
	send: (request: HttpRequest) => Promise<HttpResult>;
	/** Streams; the content is used up. */
	upload: (upload: FileUpload) => Promise<HttpResult>;
}
