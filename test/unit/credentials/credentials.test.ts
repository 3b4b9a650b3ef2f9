import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { ICredentialType } from 'n8n-workflow';

import { ApiInOneApi } from '../../../credentials/ApiInOneApi.credentials';
import { ApiMartApi } from '../../../credentials/ApiMartApi.credentials';
import { EvoLinkApi } from '../../../credentials/EvoLinkApi.credentials';
import { apiKeyOf } from '../../../nodes/Seedream/n8n/apiClient';
import { providers } from '../../../nodes/Seedream/providers';

const FOLDER = join(__dirname, '../../../credentials');

const CREDENTIALS: Array<[string, ICredentialType, Record<string, string>]> = [
	[
		'evoLinkApi',
		new EvoLinkApi(),
		{
			apiKey: '',
			baseUrl: 'https://api.evolink.ai',
			filesBaseUrl: 'https://files-api.evolink.ai',
		},
	],
	['apiMartApi', new ApiMartApi(), { apiKey: '', baseUrl: 'https://api.apimart.ai' }],
	['apiInOneApi', new ApiInOneApi(), { apiKey: '', baseUrl: 'https://apiin.one/api' }],
];

/** Evaluates an expression as n8n does, such as `={{ $credentials.baseUrl }}`. */
function evaluate(expression: unknown, credentials: Record<string, string>): string {
	const text = String(expression);
	expect(text.startsWith('=')).toBe(true);
	return text.slice(1).replace(/\{\{(.+?)\}\}(?!\})/gs, (_all, code: string) => {
		const run = new Function('$credentials', `return (${code});`);
		return String(run(credentials));
	});
}

it('every provider has a credential', () => {
	expect(CREDENTIALS.map(([name]) => name)).toEqual(providers.map(({ credential }) => credential));
});

describe.each(CREDENTIALS)('the credential %s', (name, credential, fields) => {
	it('has the fields and defaults that saved credentials use', () => {
		expect(credential.name).toBe(name);
		expect(
			Object.fromEntries(credential.properties.map((field) => [field.name, field.default])),
		).toEqual(fields);
	});

	it('masks only the API key', () => {
		for (const field of credential.properties) {
			expect(field.typeOptions?.password ?? false).toBe(field.name === 'apiKey');
		}
	});

	it.each(['sk-1', ' sk-1', 'sk-1\n', '\t sk-1 \r\n', '\ufeffsk-1\u00a0'])(
		'sends the API key %j without white space',
		async (apiKey) => {
			const { authenticate } = credential;
			if (typeof authenticate !== 'function') throw new Error('not a function');
			const request = { url: 'https://api.example', headers: { 'Idempotency-Key': 'k' } };
			expect(await authenticate({ apiKey }, request)).toEqual({
				...request,
				headers: { ...request.headers, Authorization: 'Bearer sk-1' },
			});
			// Callbacks are signed with exactly the key that's sent.
			expect(apiKeyOf({ apiKey })).toBe('sk-1');
		},
	);

	it.each([
		'https://proxy.example/api',
		'https://proxy.example/api/',
		' https://proxy.example/api// ',
	])('is tested at the base URL %j', (baseUrl) => {
		expect(evaluate(credential.test?.request.baseURL, { baseUrl })).toBe(
			'https://proxy.example/api',
		);
		expect(credential.test?.request.url).toMatch(/^\/v1\/\w/);
	});

	it('is tested with a GET request', () => {
		expect(credential.test?.request.method ?? 'GET').toBe('GET');
	});

	it('has its icons', () => {
		const { icon } = credential;
		if (typeof icon !== 'object') throw new Error('no icon for light and dark');
		for (const file of [icon.light, icon.dark]) {
			expect(file).toMatch(/^file:.+\.svg$/);
			expect(existsSync(join(FOLDER, file.replace('file:', '')))).toBe(true);
		}
	});
});
