import type {
	IAuthenticateGeneric,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

export class EvoLinkApi implements ICredentialType {
	name = 'evoLinkApi';

	displayName = 'EvoLink API';

	documentationUrl = 'https://docs.evolink.ai';

	icon: Icon = { light: 'file:evoLink.svg', dark: 'file:evoLink.dark.svg' };

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description: 'From the EvoLink dashboard, under API Keys',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.evolink.ai',
			required: true,
			placeholder: 'e.g. https://api.evolink.ai',
			description: 'Change it only to reach the provider through a proxy',
		},
		{
			displayName: 'Files Base URL',
			name: 'filesBaseUrl',
			type: 'string',
			default: 'https://files-api.evolink.ai',
			required: true,
			placeholder: 'e.g. https://files-api.evolink.ai',
			description: 'Where reference images are uploaded to',
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
			url: '/v1/credits',
		},
		// n8n itself would only say "Unauthorized".
		rules: [
			{
				type: 'responseCode',
				properties: { value: 401, message: 'EvoLink did not accept the API key' },
			},
		],
	};
}
