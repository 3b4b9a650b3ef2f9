import { apiInOne } from './apiInOne';
import { apiMart } from './apiMart';
import { evoLink } from './evoLink';
import type { Model, Provider } from './provider';

/** In the order of the panel; the first is the default. */
export const providers: readonly [Provider, ...Provider[]] = [evoLink, apiMart, apiInOne];

export function findProvider(id: string): Provider | undefined {
	return providers.find((provider) => provider.id === id);
}

/** Finds a model by its ID or one of its aliases. */
export function findModel({ models }: Provider, modelId: string): Model | undefined {
	return models.find(({ id, aliases }) => id === modelId || aliases.includes(modelId));
}
