import axios from 'axios';
import { z } from 'zod';

import { parse } from '../nodes/Seedream/providers/fieldSchemas';
import type { ModelSchema } from '../nodes/Seedream/providers/modelSchema';
import { parsePricingRules, type PricingRules } from '../nodes/Seedream/providers/pricingRules';
import type { Provider } from '../nodes/Seedream/providers/provider';

/** What the providers say about the models that they sell. */

const TIMEOUT_MS = 30_000;
const MAX_REASON_LENGTH = 300;

/** A provider's response, or why there's none that can be used. */
export type Response<T> =
	{ kind: 'parsed'; value: T } | { kind: 'failed'; reason: string; status?: number };

export class CatalogClient {
	constructor(
		readonly provider: Provider,
		private readonly baseUrl: string,
		private readonly apiKey?: string,
	) {}

	/** The IDs of all Seedream models. EvoLink also says what each model makes. */
	async modelIds(path: string): Promise<Response<string[]>> {
		return await this.get(path, modelIds);
	}

	async priceList(path: string): Promise<Response<PricingRules>> {
		const response = await this.get(path, seedreamPrices);
		if (response.kind === 'failed') return response;
		const rules = parsePricingRules(response.value);
		if (rules.kind !== 'parsed') return unreadable(path, rules.reason);
		const readIds = rules.value.models.map(({ id }) => id);
		const unread = response.value.models.find(({ id }) => !readIds.includes(id));
		return unread ? unreadable(path, `the price of ${unread.id} has another format`) : rules;
	}

	async schema(modelId: string): Promise<Response<ModelSchema>> {
		const { modelSchema } = this.provider;
		if (!modelSchema) return { kind: 'failed', reason: 'it has no model schemas' };
		const path = modelSchema.path(modelId);
		const response = await this.get(path, z.record(z.unknown()));
		if (response.kind === 'failed') return response;
		const schema = modelSchema.parse(response.value);
		return schema.kind === 'parsed' ? schema : unreadable(path, schema.reason);
	}

	private async get<T>(
		path: string,
		schema: z.ZodType<T, z.ZodTypeDef, unknown>,
	): Promise<Response<T>> {
		const response = await this.send(path);
		if (response.kind === 'failed') return response;
		const { status, body } = response.value;
		const error = this.provider.parseError(status, body);
		if (error) {
			const { message } = error;
			const reason = `GET ${path} returned HTTP ${status}${message ? `: ${message}` : ''}`;
			return { kind: 'failed', reason: shorten(reason), status };
		}
		const parsed = parse(schema, body);
		return parsed.kind === 'parsed' ? parsed : unreadable(path, parsed.reason);
	}

	private async send(path: string): Promise<Response<{ status: number; body: unknown }>> {
		const headers = this.apiKey ? { Authorization: `Bearer ${this.apiKey}` } : {};
		try {
			const { status, data } = await axios.get<unknown>(`${this.baseUrl}${path}`, {
				headers,
				timeout: TIMEOUT_MS,
				validateStatus: () => true,
			});
			return { kind: 'parsed', value: { status, body: data } };
		} catch (error) {
			const { code, message } = networkError.parse(error);
			return { kind: 'failed', reason: shorten(`GET ${path} failed: ${code ?? message}`) };
		}
	}
}

const networkError = z
	.object({ code: z.string().optional(), message: z.string() })
	.catch({ message: 'unknown error' });

function unreadable(path: string, reason: string): Response<never> {
	const text = `the response to GET ${path} couldn't be read (${reason})`;
	return { kind: 'failed', reason: shorten(text) };
}

function shorten(reason: string): string {
	const line = reason.replace(/\s+/g, ' ').trim();
	return line.length > MAX_REASON_LENGTH ? `${line.slice(0, MAX_REASON_LENGTH)}…` : line;
}

/** APIMart also calls Seedream 4 "seedance-4", elsewhere a family of video models. */
const SEEDREAM = /seedream|seedance-4-/i;

/** Other families of models don't matter, whatever their entries look like. */
function seedreamModels<T>(schema: z.ZodType<T, z.ZodTypeDef, unknown>) {
	return z
		.array(z.object({ id: z.string() }).passthrough())
		.transform((models) => models.filter(({ id }) => SEEDREAM.test(id)))
		.pipe(z.array(schema));
}

const modelIds = z
	.object({ data: seedreamModels(z.object({ id: z.string(), type: z.string().default('image') })) })
	.transform(({ data }) => data.flatMap(({ id, type }) => (type === 'image' ? [id] : [])));

const seedreamPrices = z
	.object({ models: seedreamModels(z.object({ id: z.string() }).passthrough()) })
	.passthrough();
