import { findModel, findProvider, providers } from '../providers';
import type { Model, Provider } from '../providers/provider';
import { cellText, normalizeCell } from './cells';

/** Ignores case, spaces and punctuation: "API-in-One" equals "api in one". */
export function nameKey(value: unknown): string {
	return normalizeCell(value).replace(/[^\p{L}\p{N}]/gu, '');
}

/** Finds a provider by its ID or label. */
export function matchProvider(value: unknown): Provider | undefined {
	const key = nameKey(value);
	return (
		findProvider(cellText(value)) ??
		providers.find(({ id, label }) => nameKey(id) === key || nameKey(label) === key)
	);
}

/** Finds a model by one of its IDs or its label. */
export function matchModel(provider: Provider, value: unknown): Model | undefined {
	const key = nameKey(value);
	return (
		findModel(provider, cellText(value)) ??
		provider.models.find(({ id, aliases, label }) =>
			[id, ...aliases, label].some((name) => nameKey(name) === key),
		)
	);
}
