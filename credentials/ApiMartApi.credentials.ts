import type {
	IAuthenticateGeneric,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

export class ApiMartApi implements ICredentialType {
	name = 'apiMartApi';

	displayName = 'APIMart API';

	documentationUrl = 'https://docs.apimart.ai';

	icon: Icon = { light: 'file:apiMart.svg', dark: 'file:apiMart.dark.svg' };

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description: 'From the APIMart site, under API Keys',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.apimart.ai',
			required: true,
			placeholder: 'e.g. https://api.apimart.ai',
			description: 'Change it only to reach the provider through a proxy',
		},
	];

	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: {
			headers: { Authorization: '=Bearer {{ $credentials.apiKey.trim() }}' },
		},
	};

	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{ $credentials.baseUrl.trim().replace(/\\/+$/, "") }}',
			url: '/v1/balance',
		},
		// A bad key is answered with HTTP 200 and success: false.
		rules: [
			{
				type: 'responseSuccessBody',
				properties: { key: 'success', value: false, message: 'APIMart did not accept the API key' },
			},
		],
	};
}
