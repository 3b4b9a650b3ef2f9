import type {
	IAuthenticateGeneric,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

const REFUSALS = [400, 401, 402, 403, 405, 407, 429, 500, 501, 502, 503, 504];

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
			description: 'Change it only to reach the provider through a proxy',
		},
	];

	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: {
			headers: { Authorization: '=Bearer {{ $credentials.apiKey.trim() }}' },
		},
	};

	/**
	 * The provider documents no call that only checks a key, so a task is asked for that cannot exist:
	 * 404 proves that the key was accepted. Every other error fails the test, by its status or by
	 * what the body says: errors may come with HTTP 200, and n8n 1 has no exceptions, so that there
	 * every status passes.
	 */
	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{ $credentials.baseUrl.trim().replace(/\\/+$/, "") }}',
			url: '/v1/tasks/credential-test',
			ignoreHttpStatusErrors: { ignore: true, except: REFUSALS },
		},
		// n8n reads both kinds of rules, its types allow one.
		rules: [
			codeRule(401),
			codeRule(403),
			...REFUSALS.flatMap((status) => [
				bodyRule('error.code', status, refusal(status)),
				bodyRule('code', status, refusal(status)),
			]),
			bodyRule('[0]', '<', 'A web page answered in place of API in One'),
		] as ICredentialTestRequest['rules'],
	};
}

/** For a status that n8n itself would only call "Unauthorized". */
function codeRule(status: number) {
	return {
		type: 'responseCode' as const,
		properties: { value: status, message: refusal(status) },
	};
}

function bodyRule(key: string, value: number | string, message: string) {
	return { type: 'responseSuccessBody' as const, properties: { key, value, message } };
}

function refusal(status: number): string {
	return status === 401 || status === 403
		? 'API in One did not accept the API key'
		: `API in One answered with error ${status}`;
}
