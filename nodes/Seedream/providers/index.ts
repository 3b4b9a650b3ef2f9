import { apiInOne } from './apiInOne';
import { apiMart } from './apiMart';
import { evoLink } from './evoLink';
import type { Provider } from './provider';

/** In the order users see them; the first is the default. */
export const providers: readonly [Provider, ...Provider[]] = [evoLink, apiMart, apiInOne];

export function findProvider(id: string): Provider | undefined {
	return providers.find((provider) => provider.id === id);
}
