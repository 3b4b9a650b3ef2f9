import type { IExecuteFunctions } from 'n8n-workflow';

import type { ModelSchema } from '../providers/modelSchema';
import type { Provider } from '../providers/provider';
import type { ImageRequest } from '../request/imageRequest';
import { isJsonObject } from '../shared/json';
import { createApiClient } from './apiClient';

/** The batch waits for it, and can do without it. */
const TIMEOUT_MS = 10_000;

/** A custom model whose limits came from its provider. */
export interface LimitedModel {
	provider: Provider;
	modelId: string;
}

/** Asks the providers for the limits of custom models, once per model and execution. */
export class ModelSchemas {
	private readonly requests = new Map<string, Promise<ModelSchema | undefined>>();

	private readonly received: LimitedModel[] = [];

	constructor(private readonly context: IExecuteFunctions) {}

	/** For the row's custom model; undefined if the provider doesn't say, for whatever reason. */
	async find(
		provider: Provider,
		{ model: { guesses }, modelId }: ImageRequest,
		itemIndex: number,
	): Promise<ModelSchema | undefined> {
		if (!guesses) return undefined;
		const key = JSON.stringify([provider.id, modelId]);
		const request = this.requests.get(key) ?? this.request(provider, modelId, itemIndex);
		this.requests.set(key, request);
		return await request;
	}

	models(): readonly LimitedModel[] {
		return this.received;
	}

	private async request(
		provider: Provider,
		modelId: string,
		itemIndex: number,
	): Promise<ModelSchema | undefined> {
		const { modelSchema, parseError } = provider;
		if (!modelSchema) return undefined;
		const client = await createApiClient(this.context, provider, itemIndex);
		if (!client.ok) return undefined;
		const path = modelSchema.path(modelId);
		const result = await client.value.send({ method: 'GET', path, timeoutMs: TIMEOUT_MS });
		if (result.kind === 'networkError' || parseError(result.status, result.body)) return undefined;
		const parsed = isJsonObject(result.body) && modelSchema.parse(result.body);
		if (!parsed || parsed.kind === 'unreadable') return undefined;
		this.received.push({ provider, modelId });
		return parsed.value;
	}
}
