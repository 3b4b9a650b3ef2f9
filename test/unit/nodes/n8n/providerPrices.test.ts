import type { IHttpRequestOptions } from 'n8n-workflow';

import { ProviderPrices } from '../../../../nodes/Seedream/n8n/providerPrices';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { fakeContext } from '../fakeContext';
import { API_KEY, networkError } from './clientFixture';

interface Sent extends IHttpRequestOptions {
	withKey: boolean;
}

type Respond = (options: IHttpRequestOptions) => [status: number, body: unknown];

/** The prices, and the requests that n8n was asked to send for them. */
function pricesOf(provider: Provider, respond: Respond, hasCredential = true) {
	const requests: Sent[] = [];
	const answer = async (options: IHttpRequestOptions, withKey: boolean) => {
		requests.push({ ...options, withKey });
		const [statusCode, body] = respond(options);
		return { statusCode, headers: {}, body: JSON.stringify(body) };
	};
	const { credential } = provider;
	const context = fakeContext({
		node: { credentials: hasCredential ? { [credential]: { id: '1', name: 'A' } } : {} },
		credentials: { [credential]: { apiKey: API_KEY, baseUrl: 'https://api.example/' } },
		helpers: {
			httpRequest: async (options: IHttpRequestOptions) => await answer(options, false),
			httpRequestWithAuthentication: async (_type: string, options: IHttpRequestOptions) =>
				await answer(options, true),
		},
	});
	return { prices: new ProviderPrices(context, provider, 0), requests };
}

const COMPONENTS = [{ name: 'image', rate: { credits: 2 } }];
const RULES = { models: [{ id: 'ours', components: COMPONENTS }] };
const withMeta = (meta: object) => ({ ...RULES, meta });

describe("a provider's pricing rules", () => {
	it.each([
		[true, 'https://api.example/v1/catalog/pricing-rules'],
		[false, 'https://api.evolink.ai/v1/catalog/pricing-rules'],
	])('the rules are requested once and without the key (credential: %s)', async (has, url) => {
		const { prices, requests } = pricesOf(evoLink, () => [200, RULES], has);
		const [first, second] = await Promise.all([prices.rules(), prices.rules()]);
		expect(first?.models).toMatchObject([
			{ id: 'ours', components: [{ name: 'image', credits: 2 }] },
		]);
		expect(second).toBe(first);
		expect(requests).toMatchObject([{ method: 'GET', url, timeout: 10_000, withKey: false }]);
	});

	it.each<[string, unknown, boolean]>([
		['in the past', withMeta({ fresh_until: new Date(Date.now() - 1000).toISOString() }), false],
		['in the future', withMeta({ fresh_until: new Date(Date.now() + 60_000) }), true],
		['unknown', RULES, true],
	])('the rules are used if they are fresh until a time %s: %#', async (_when, body, isUsed) => {
		const { prices } = pricesOf(evoLink, () => [200, body]);
		expect((await prices.rules()) !== undefined).toBe(isUsed);
	});

	it.each<[string, Respond]>([
		['an error', () => [500, {}]],
		['an error with HTTP 200', () => [200, { success: false, message: 'No' }]],
		['something else', () => [200, 'prices']],
		[
			'no response',
			() => {
				throw networkError('ECONNRESET', 1);
			},
		],
	])('the rules are unknown after %s', async (_what, respond) => {
		expect(await pricesOf(evoLink, respond).prices.rules()).toBeUndefined();
	});

	it.each([apiMart, apiInOne])('$label has none, and none are requested', async (provider) => {
		const { prices, requests } = pricesOf(provider, () => [200, RULES]);
		expect(await prices.rules()).toBeUndefined();
		expect(requests).toEqual([]);
	});
});

describe("an account's balance", () => {
	it.each([
		[evoLink, { data: { user: { remaining_credits: 136 } } }, '/v1/credits'],
		[apiMart, { success: true, remain_balance: 2 }, '/v1/balance'],
	])('is requested once with the key: %#', async (provider, body, path) => {
		const { prices, requests } = pricesOf(provider, () => [200, body]);
		const balances = await Promise.all([prices.balance(), prices.balance()]);
		expect(balances).toEqual([1, 2].map(() => ({ kind: 'limited', usd: 2 })));
		expect(requests).toMatchObject([{ url: `https://api.example${path}`, withKey: true }]);
	});

	it.each<[Provider, number, unknown]>([
		[evoLink, 401, { error: { code: 'unauthorized', message: 'No' } }],
		[apiMart, 200, { success: false, message: 'Invalid token' }],
	])('says that the key is rejected: %#', async (provider, status, body) => {
		const { prices } = pricesOf(provider, () => [status, body]);
		expect(await prices.balance()).toEqual({ kind: 'rejected' });
	});

	it('is unknown after any other error', async () => {
		expect(await pricesOf(evoLink, () => [503, {}]).prices.balance()).toBeUndefined();
	});

	it("isn't requested without a credential, or where the provider has none", async () => {
		const without = pricesOf(evoLink, () => [200, {}], false);
		const none = pricesOf(apiInOne, () => [200, {}]);
		expect(await without.prices.balance()).toBeUndefined();
		expect(await none.prices.balance()).toBeUndefined();
		expect([...without.requests, ...none.requests]).toEqual([]);
	});
});

describe("an account's quotes", () => {
	const QUOTE = { data: { credits: 6.8, usd: 0.1 } };
	const COST = { credits: 6.8, usd: 0.1 };

	it('are requested once for each key, up to three', async () => {
		const { prices, requests } = pricesOf(evoLink, () => [200, QUOTE]);
		const quotes = ['a', 'b', 'a', 'c', 'd', 'b'].map(
			async (key) => await prices.quote(key, { prompt: key }),
		);
		expect(await Promise.all(quotes)).toEqual([COST, COST, COST, COST, undefined, COST]);
		expect(requests.map(({ method, url, body }) => [method, url, body])).toEqual(
			['a', 'b', 'c'].map((prompt) => [
				'POST',
				'https://api.example/v1/agent-estimates',
				{ prompt },
			]),
		);
	});

	it("aren't requested again after the first failure", async () => {
		const { prices, requests } = pricesOf(evoLink, () => [403, {}]);
		const quotes = ['a', 'b', 'c'].map(async (key) => await prices.quote(key, {}));
		expect(await Promise.all(quotes)).toEqual([undefined, undefined, undefined]);
		expect(requests).toHaveLength(1);
	});

	it("aren't requested where the provider has none", async () => {
		const { prices, requests } = pricesOf(apiMart, () => [200, QUOTE]);
		expect(await prices.quote('a', {})).toBeUndefined();
		expect(requests).toEqual([]);
	});
});
