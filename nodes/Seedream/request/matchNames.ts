import { findModel, findProvider, providers } from '../providers';
import type { Model, Provider } from '../providers/provider';
import { cellText, normalizeCell } from './cells';

/** A name without case, spaces and signs: "API-in-One" is "api in one", "Seedream 4.5" is "seedream4.5". */
export function nameKey(value: unknown): string {
	return normalizeCell(value).replace(/[^\p{L}\p{N}]/gu, '');
}

/** The provider that a cell names, by its id or its label. */
export function matchProvider(value: unknown): Provider | undefined {
	const key = nameKey(value);
	return (
		findProvider(cellText(value)) ??
		providers.find(({ id, label }) => nameKey(id) === key || nameKey(label) === key)
	);
}

/** The model that a cell names, by one of its ids or its label. */
export function matchModel(provider: Provider, value: unknown): Model | undefined {
	const key = nameKey(value);
	return (
		findModel(provider, cellText(value)) ??
		provider.models.find(({ id, aliases, label }) =>
			[id, ...aliases, label].some((name) => nameKey(name) === key),
		)
	);
}
