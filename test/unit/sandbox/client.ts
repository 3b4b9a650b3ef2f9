import axios, { type AxiosResponse } from 'axios';

import type { ProviderName, Sandbox } from '../../sandbox/sandbox';

export const PROVIDERS = ['evoLink', 'apiMart', 'apiInOne'] as const;

export const HOUR_MS = 60 * 60 * 1000;

/** Where the virtual clocks start: 2025-09-06T13:23:51Z. */
export const START_TIME = 1_757_165_031_000;

/** The smallest valid body of a create. */
export const MINIMAL_CREATE: Record<ProviderName, Record<string, unknown>> = {
	evoLink: { model: 'doubao-seedream-4.5', prompt: 'a lake' },
	apiMart: { model: 'doubao-seedance-4-5', prompt: 'a lake' },
	apiInOne: { prompt: 'a lake' },
};

/** A GET, or a POST if there's a body. Resolves with any status. */
export function send(
	sandbox: Sandbox,
	provider: ProviderName,
	path: string,
	body?: unknown,
	headers: Record<string, string | undefined> = {},
): Promise<AxiosResponse> {
	return axios.request({
		url: `${sandbox.baseUrls[provider]}/v1/${path}`,
		method: body === undefined ? 'GET' : 'POST',
		data: body,
		headers: { authorization: `Bearer ${sandbox.keys[provider]}`, ...headers },
		validateStatus: () => true,
	});
}

export function sendCreate(
	sandbox: Sandbox,
	provider: ProviderName,
	fields: Record<string, unknown> = {},
	headers: Record<string, string | undefined> = {},
): Promise<AxiosResponse> {
	const body = { ...MINIMAL_CREATE[provider], ...fields };
	return send(sandbox, provider, 'images/generations', body, headers);
}

/** Resolves with any status. */
export function download(url: string, headers = {}): Promise<AxiosResponse<Buffer>> {
	return axios.get(url, { responseType: 'arraybuffer', headers, validateStatus: () => true });
}

/** Jest's timeout ends it if the condition is never met. */
export async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await new Promise((done) => setTimeout(done, 5));
}
