import type { IExecuteFunctions } from 'n8n-workflow';

import type { Balance } from '../providers/accountBalance';
import type { PricingRules } from '../providers/pricingRules';
import type { ParseResult, Provider } from '../providers/provider';
import type { Cost } from '../shared/cost';
import { isJsonObject, type JsonObject } from '../shared/json';
import type { HttpRequest, HttpResult } from '../tasks/apiClient';
import { createApiClient, sendWithoutKey } from './apiClient';

/** A preview waits for these requests, and can do without each of them. */
const TIMEOUT_MS = 10_000;
/** Each of them is for another model or other settings. */
const MAX_QUOTES = 3;

/** `rejected`: the provider doesn't accept the API key. */
export type AccountBalance = Balance | { kind: 'rejected' };

/** Asks one provider what its models cost, and what the account has left. Sends each request once. */
export class ProviderPrices {
	private rulesRequest?: Promise<PricingRules | undefined>;

	private balanceRequest?: Promise<AccountBalance | undefined>;

	private readonly quotes = new Map<string, Promise<Cost | undefined>>();

	/** Quotes are requested one after the other, because most keys may not have any. */
	private lastQuote: Promise<unknown> = Promise.resolve();

	private hasNoQuotes = false;

	/** `itemIndex` is the row in which the credential is looked up. */
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly provider: Provider,
		private readonly itemIndex: number,
	) {}

	/** Undefined if there are none, or if they aren't up to date. */
	async rules(): Promise<PricingRules | undefined> {
		this.rulesRequest ??= this.requestRules();
		return await this.rulesRequest;
	}

	/** Undefined if it isn't known. */
	async balance(): Promise<AccountBalance | undefined> {
		this.balanceRequest ??= this.requestBalance();
		return await this.balanceRequest;
	}

	/** For rows with the same `key`, which cost the same; `body` is that of a create. */
	async quote(key: string, body: JsonObject): Promise<Cost | undefined> {
		const known = this.quotes.get(key);
		if (known) return await known;
		if (this.quotes.size >= MAX_QUOTES) return undefined;
		const request = this.lastQuote.then(async () => await this.requestQuote(body));
		this.lastQuote = request;
		this.quotes.set(key, request);
		return await request;
	}

	private async requestRules(): Promise<PricingRules | undefined> {
		const { context, provider, itemIndex } = this;
		const { pricing } = provider;
		if (!pricing) return undefined;
		const result = await sendWithoutKey(context, provider, itemIndex, {
			...pricing,
			timeoutMs: TIMEOUT_MS,
		});
		const rules = this.parsed(result, pricing.parse);
		const isStale = rules?.freshUntil !== undefined && rules.freshUntil.getTime() < Date.now();
		return isStale ? undefined : rules;
	}

	private async requestBalance(): Promise<AccountBalance | undefined> {
		const { balance } = this.provider;
		if (!balance) return undefined;
		const result = await this.send({ method: 'GET', path: balance.path });
		if (result?.kind !== 'response') return undefined;
		const { status, body } = result;
		const error = this.provider.parseError(status, body);
		const isRejected = error?.status === 401 || (isJsonObject(body) && body.success === false);
		return isRejected ? { kind: 'rejected' } : this.parsed(result, balance.parse);
	}

	private async requestQuote(body: JsonObject): Promise<Cost | undefined> {
		const { quote } = this.provider;
		if (!quote || this.hasNoQuotes) return undefined;
		const result = await this.send({ method: 'POST', path: quote.path, body });
		const cost = result && this.parsed(result, quote.parse);
		this.hasNoQuotes = cost === undefined;
		return cost;
	}

	/** Undefined without a credential. */
	private async send(request: HttpRequest): Promise<HttpResult | undefined> {
		const client = await createApiClient(this.context, this.provider, this.itemIndex);
		if (!client.ok) return undefined;
		return await client.value.send({ ...request, timeoutMs: TIMEOUT_MS });
	}

	private parsed<T>(
		result: HttpResult,
		parse: (body: JsonObject) => ParseResult<T>,
	): T | undefined {
		if (result.kind === 'networkError' || !isJsonObject(result.body)) return undefined;
		if (this.provider.parseError(result.status, result.body)) return undefined;
		const parsed = parse(result.body);
		return parsed.kind === 'parsed' ? parsed.value : undefined;
	}
}
