import type { IHttpRequestOptions } from 'n8n-workflow';

import { ModelSchemas } from '../../../../nodes/Seedream/n8n/modelSchemas';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { checkRequest } from '../../../../nodes/Seedream/request/checkRequest';
import type { ImageRequest } from '../../../../nodes/Seedream/request/imageRequest';
import { fakeContext } from '../fakeContext';
import { rawRow } from '../request/rawRow';
import { API_KEY, networkError } from './clientFixture';

const RESPONSE = {
	model: 'seedream-9',
	operation: 'image_generation',
	input_schema: { properties: { prompt: { type: 'string', maxLength: 3000 } } },
};

function customRequest(provider: Provider, customModel = 'seedream-9'): ImageRequest {
	const checked = checkRequest(provider, rawRow({ model: 'custom', customModel }));
	if (!checked.ok) throw new Error(checked.problems.join());
	return checked.value;
}

/** Model schemas, and the requests that n8n was asked to send for them. */
function modelSchemas(respond: () => Promise<unknown>, hasCredential = true) {
	const requests: IHttpRequestOptions[] = [];
	const fields = { apiKey: API_KEY, baseUrl: 'https://api.example' };
	const context = fakeContext({
		node: {
			credentials: hasCredential
				? { apiMartApi: { id: '1', name: 'A' }, evoLinkApi: { id: '2', name: 'E' } }
				: {},
		},
		credentials: { apiMartApi: fields, evoLinkApi: fields },
		helpers: {
			async httpRequestWithAuthentication(_credential: string, options: IHttpRequestOptions) {
				requests.push(options);
				return await respond();
			},
		},
	});
	return { schemas: new ModelSchemas(context), requests };
}

const respondWith = (statusCode: number, body: unknown) => async () => ({
	statusCode,
	headers: {},
	body: JSON.stringify(body),
});

describe('the model schemas', () => {
	it('the schema of a custom model is asked for once', async () => {
		const { schemas, requests } = modelSchemas(respondWith(200, RESPONSE));
		const found = await Promise.all(
			[0, 1, 2].map(async (row) => await schemas.find(apiMart, customRequest(apiMart), row)),
		);
		expect(found.map((schema) => schema?.prompt.length.max)).toEqual([3000, 3000, 3000]);
		expect(requests).toMatchObject([
			{
				method: 'GET',
				url: 'https://api.example/v1/model-schema?model=seedream-9&operation=image_generation',
				timeout: 10_000,
			},
		]);
		expect(schemas.models()).toEqual([{ provider: apiMart, modelId: 'seedream-9' }]);
	});

	it('each custom model is asked for', async () => {
		const { schemas, requests } = modelSchemas(respondWith(200, RESPONSE));
		for (const id of ['seedream-9', 'a&b', 'seedream-9']) {
			await schemas.find(apiMart, customRequest(apiMart, id), 0);
		}
		expect(requests.map(({ url }) => url.replace(/.*model=(.*)&.*/, '$1'))).toEqual([
			'seedream-9',
			'a%26b',
		]);
	});

	it("a model of the list and a provider that can't be asked aren't asked for", async () => {
		const { schemas, requests } = modelSchemas(respondWith(200, RESPONSE));
		const known = checkRequest(apiMart, rawRow({ model: 'seedream-4-0' }));
		expect(known.ok && (await schemas.find(apiMart, known.value, 0))).toBeUndefined();
		expect(await schemas.find(evoLink, customRequest(evoLink), 0)).toBeUndefined();
		expect(requests).toEqual([]);
		expect(schemas.models()).toEqual([]);
	});

	it('nothing is asked for without a credential', async () => {
		const { schemas, requests } = modelSchemas(respondWith(200, RESPONSE), false);
		expect(await schemas.find(apiMart, customRequest(apiMart), 0)).toBeUndefined();
		expect(requests).toEqual([]);
	});

	it.each<[string, () => Promise<unknown>]>([
		['404', respondWith(404, { error: { code: 404, message: 'Unknown', type: 'x' } })],
		['401', respondWith(401, { error: { code: '', message: 'No', type: 'apimart_error' } })],
		['500 with a schema', respondWith(500, RESPONSE)],
		['an error in HTTP 200', respondWith(200, { success: false, code: 403, message: 'No' })],
		['another object', respondWith(200, { data: [] })],
		['a schema without fields', respondWith(200, { ...RESPONSE, input_schema: {} })],
		['a list', respondWith(200, [RESPONSE])],
		['a web page', respondWith(200, '<html></html>')],
		['no response', async () => await Promise.reject(networkError('ECONNRESET', 1))],
	])('%s means that nothing is known, and is asked for once', async (_what, respond) => {
		const { schemas, requests } = modelSchemas(respond);
		for (const row of [0, 1]) {
			expect(await schemas.find(apiMart, customRequest(apiMart), row)).toBeUndefined();
		}
		expect(requests).toHaveLength(1);
		expect(schemas.models()).toEqual([]);
	});
});
