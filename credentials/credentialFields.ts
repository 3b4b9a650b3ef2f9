import type { IAuthenticateGeneric, INodeProperties } from 'n8n-workflow';

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

export const BEARER_AUTHENTICATION: IAuthenticateGeneric = {
	type: 'generic',
	properties: {
		headers: { Authorization: '=Bearer {{ $credentials.apiKey.trim() }}' },
	},
};
