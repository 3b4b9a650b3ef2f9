import type {
	IAuthenticate,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

import { apiKeyField, BASE_URL, baseUrlField, bearerAuthentication } from './credentialFields';

export class EvoLinkApi implements ICredentialType {
	name = 'evoLinkApi';

	displayName = 'EvoLink API';

	documentationUrl = 'https://docs.evolink.ai';

	icon: Icon = { light: 'file:evoLink.svg', dark: 'file:evoLink.dark.svg' };

	properties: INodeProperties[] = [
		apiKeyField('Your API key from the EvoLink dashboard, under API Keys'),
		baseUrlField('https://api.evolink.ai'),
		{
			displayName: 'Files Base URL',
			name: 'filesBaseUrl',
			type: 'string',
			default: 'https://files-api.evolink.ai',
			required: true,
			placeholder: 'e.g. https://files-api.evolink.ai',
			description: 'Where the node uploads reference images',
		},
	];

	authenticate: IAuthenticate = bearerAuthentication;

	test: ICredentialTestRequest = {
		request: { baseURL: BASE_URL, url: '/v1/credits' },
		// Without this rule, n8n only says "Unauthorized".
		rules: [
			{
				type: 'responseCode',
				properties: { value: 401, message: "EvoLink didn't accept the API key" },
			},
		],
	};
}
