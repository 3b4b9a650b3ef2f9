import type {
	IAuthenticate,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

import { apiKeyField, BASE_URL, baseUrlField, bearerAuthentication } from './credentialFields';

export class ApiMartApi implements ICredentialType {
	name = 'apiMartApi';

	displayName = 'APIMart API';

	documentationUrl = 'https://docs.apimart.ai';

	icon: Icon = { light: 'file:apiMart.svg', dark: 'file:apiMart.dark.svg' };

	properties: INodeProperties[] = [
		apiKeyField('Your API key from the APIMart website, under API Keys'),
		baseUrlField('https://api.apimart.ai'),
	];

	authenticate: IAuthenticate = bearerAuthentication;

	test: ICredentialTestRequest = {
		request: { baseURL: BASE_URL, url: '/v1/balance' },
		// APIMart responds to an invalid key with HTTP 200 and success: false.
		rules: [
			{
				type: 'responseSuccessBody',
				properties: { key: 'success', value: false, message: "APIMart didn't accept the API key" },
			},
		],
	};
}
