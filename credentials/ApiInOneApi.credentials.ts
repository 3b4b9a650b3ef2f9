import type {
	IAuthenticate,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

import { apiKeyField, BASE_URL, baseUrlField, bearerAuthentication } from './credentialFields';

/** HTTP statuses, and codes in the body, that fail the test. */
const FAILING_STATUSES = [400, 401, 402, 403, 405, 407, 429, 500, 501, 502, 503, 504];

export class ApiInOneApi implements ICredentialType {
	name = 'apiInOneApi';

	displayName = 'API in One API';

	documentationUrl = 'https://apiin.one';

	icon: Icon = { light: 'file:apiInOne.svg', dark: 'file:apiInOne.dark.svg' };

	properties: INodeProperties[] = [
		apiKeyField('Your API key from the API in One dashboard. It starts with aio_.'),
		baseUrlField('https://apiin.one/api'),
	];

	authenticate: IAuthenticate = bearerAuthentication;

	/**
	 * The provider documents no endpoint that only checks a key, so the test queries a task that can't
	 * exist: 404 means that the key was accepted. Any other error fails the test, by its HTTP status or
	 * by the body: errors may come with HTTP 200, and n8n 1 doesn't support `except`, so it lets every
	 * status pass.
	 */
	test: ICredentialTestRequest = {
		request: {
			baseURL: BASE_URL,
			url: '/v1/tasks/credential-test',
			ignoreHttpStatusErrors: { ignore: true, except: FAILING_STATUSES },
		},
		// n8n supports both kinds of rules in one list, but its types don't.
		rules: [
			codeRule(401),
			codeRule(403),
			...FAILING_STATUSES.flatMap((status) => [
				bodyRule('error.code', status, messageFor(status)),
				bodyRule('code', status, messageFor(status)),
			]),
			bodyRule(
				'[0]',
				'<',
				'The base URL returned a web page instead of a response from API in One',
			),
		] as ICredentialTestRequest['rules'],
	};
}

/** Without this rule, n8n only says "Unauthorized". */
function codeRule(status: number) {
	return {
		type: 'responseCode' as const,
		properties: { value: status, message: messageFor(status) },
	};
}

function bodyRule(key: string, value: number | string, message: string) {
	return { type: 'responseSuccessBody' as const, properties: { key, value, message } };
}

function messageFor(status: number): string {
	return status === 401 || status === 403
		? "API in One didn't accept the API key"
		: `API in One responded with status ${status}`;
}
