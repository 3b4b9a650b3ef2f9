import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';

import { createApiClient } from '../../../../nodes/Seedream/n8n/apiClient';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { fakeContext } from '../fakeContext';

export const API_KEY = 'sk-0123456789-do-not-show';

export const CREATE = {
	method: 'POST',
	path: '/v1/images/generations',
	body: { model: 'm', prompt: 'A lake' },
	mustFinish: true,
} as const;

export const STATUS_CHECK = { method: 'GET', path: '/v1/tasks/task-1' } as const;

/** What n8n's request helpers do with a request. */
export type Respond = (options: IHttpRequestOptions, caller: IExecuteFunctions) => Promise<unknown>;

export const respondOk: Respond = async () => ({ statusCode: 200, headers: {}, body: {} });

/** Like a response that trickles, it ends only when the request is aborted. */
export const neverRespond: Respond = async () => await new Promise(() => {});

interface ClientSettings {
	baseUrl?: string;
	filesBaseUrl?: string;
	signal?: AbortSignal;
}

/** An API client for EvoLink, and the requests that n8n was asked to send. */
export async function evoLinkClient(
	respond: Respond,
	{
		baseUrl = 'https://api.evolink.ai',
		filesBaseUrl = 'https://files-api.evolink.ai',
		signal,
	}: ClientSettings = {},
) {
	const requests: Array<{ credential: string; options: IHttpRequestOptions }> = [];
	const context = fakeContext({
		node: { credentials: { evoLinkApi: { id: '1', name: 'EvoLink' } } },
		credentials: { evoLinkApi: { apiKey: API_KEY, baseUrl, filesBaseUrl } },
		helpers: {
			async httpRequestWithAuthentication(
				this: IExecuteFunctions,
				credential: string,
				options: IHttpRequestOptions,
			) {
				requests.push({ credential, options });
				return await respond(options, this);
			},
		},
		signal,
	});
	const client = await createApiClient(context, evoLink, 0);
	if (!client.ok) throw new Error(client.failure.message);
	return { client: client.value, requests };
}

/** n8n wraps network errors: the actual one is `depth` causes deep. */
export function networkError(code: string, depth: number): Error {
	let error: Error = Object.assign(new Error(`connect ${code}`), { code });
	for (let level = 0; level < depth; level += 1) error = new Error('wrapped', { cause: error });
	return error;
}
