import type {
	IAuthenticateGeneric,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

export class ApiInOneApi implements ICredentialType {
	name = 'apiInOneApi';

	displayName = 'API in One API';

	documentationUrl = 'https://apiin.one';

	icon: Icon = { light: 'file:apiInOne.svg', dark: 'file:apiInOne.dark.svg' };

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description: 'From the API in One dashboard. It starts with aio_',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://apiin.one/api',
			required: true,
			placeholder: 'e.g. https://apiin.one/api',
			description: 'Change it only to reach the gateway through a proxy',
		},
	];

	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: {
			headers: { Authorization: '=Bearer {{ $credentials.apiKey.trim() }}' },
		},
	};

	/**
	 * The gateway documents no call that only checks a key, so a task is asked for that cannot exist:
	 * 404 proves that the key was accepted. Every other error fails the test, also one that comes
	 * with HTTP 200.
	 */
	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{ $credentials.baseUrl.trim().replace(/\\/+$/, "") }}',
			url: '/v1/tasks/credential-test',
			ignoreHttpStatusErrors: {
				ignore: true,
				except: [400, 401, 402, 403, 405, 407, 429, 500, 501, 502, 503, 504],
			},
		},
		rules: [401, 403].map((value) => ({
			type: 'responseSuccessBody' as const,
			properties: { key: 'code', value, message: 'API in One did not accept the API key' },
		})),
	};
}
