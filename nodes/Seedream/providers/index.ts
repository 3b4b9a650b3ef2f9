import { apiInOne } from './apiInOne';
import { apiMart } from './apiMart';
import { evoLink } from './evoLink';
import type { Model, Provider } from './provider';

/** In the order users see them; the first is the default. */
export const providers: readonly [Provider, ...Provider[]] = [evoLink, apiMart, apiInOne];

export function findProvider(id: string): Provider | undefined {
	return providers.find((provider) => provider.id === id);
}

/** By its id, or by another one that the provider takes for it. */
export function findModel({ models }: Provider, wanted: string): Model | undefined {
	return models.find(({ id, aliases }) => id === wanted || aliases.includes(wanted));
}
