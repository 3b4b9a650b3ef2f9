import type { IAuthenticate, INodeProperties } from 'n8n-workflow';

/** What the credentials of all providers have in common. */

export function apiKeyField(description: string): INodeProperties {
	return {
		displayName: 'API Key',
		name: 'apiKey',
		type: 'string',
		typeOptions: { password: true },
		default: '',
		required: true,
		description,
	};
}

export function baseUrlField(baseUrl: string): INodeProperties {
	return {
		displayName: 'Base URL',
		name: 'baseUrl',
		type: 'string',
		default: baseUrl,
		required: true,
		placeholder: `e.g. ${baseUrl}`,
		description: 'Only change this if you connect through a proxy',
	};
}

/** The base URL for the credential test, without trailing slashes. */
export const BASE_URL = '={{ $credentials.baseUrl.trim().replace(/\\/+$/, "") }}';

/** A function, because n8n takes a millisecond to evaluate an expression, and does so for each request. */
export const bearerAuthentication: IAuthenticate = async ({ apiKey }, request) => ({
	...request,
	headers: { ...request.headers, Authorization: `Bearer ${String(apiKey ?? '').trim()}` },
});
