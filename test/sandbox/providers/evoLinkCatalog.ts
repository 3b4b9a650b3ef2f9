import { changedIds, type CatalogChanges } from '../catalogChanges';
import { roundCredits, type PriceComponent } from '../prices';
import type { SandboxResponse } from '../responses';
import { errorResponse } from './evoLinkErrors';
import { CREDITS_PER_DOLLAR, EVOLINK_MODELS } from './evoLinkModels';
import type { CatalogRoute } from './provider';

const FRESH_MS = 24 * 60 * 60 * 1000;

/** What the provider also sells, and its type. A client has to leave these out. */
const OTHER_MODELS: Record<string, string> = {
	'gpt-image-2': 'image',
	'doubao-seedance-2.0': 'video',
	'veo-3.1-fast': 'video',
	'suno-v5': 'audio',
};

/** Read in October 2026. All but the first are public. */
export const EVOLINK_CATALOG: readonly CatalogRoute[] = [
	{
		path: '/v1/models',
		needsKey: true,
		response: ({ changes }) => {
			const data = idsIn(changes).map((id) => ({ id, object: 'model' }));
			return { status: 200, body: { object: 'list', data } };
		},
	},
	{
		path: '/v1/catalog/models',
		needsKey: false,
		response: ({ changes }) => {
			const data = idsIn(changes).map((id) => ({ id, type: OTHER_MODELS[id] ?? 'image' }));
			return { status: 200, body: { data } };
		},
	},
	{
		path: '/v1/catalog/pricing-rules',
		needsKey: false,
		response: ({ changes, at }) => pricingRules(idsIn(changes), changes, at),
	},
	{
		path: '/v1/catalog/models/:id/pricing-rules',
		needsKey: false,
		response: ({ params, changes, at }) => {
			const ids = idsIn(changes).filter((id) => id === params['id']);
			return ids.length === 0
				? errorResponse(404, `Model not found: ${params['id']}`)
				: pricingRules(ids, changes, at);
		},
	},
];

function idsIn(changes: CatalogChanges): string[] {
	return changedIds([...Object.keys(EVOLINK_MODELS), ...Object.keys(OTHER_MODELS)], changes);
}

function pricingRules(
	ids: readonly string[],
	{ rates = {} }: CatalogChanges,
	at: number,
): SandboxResponse {
	const models = ids.map((id) => ({ id, components: componentsOf(id, rates[id] ?? {}) }));
	const meta = { fresh_until: new Date(at + FRESH_MS).toISOString() };
	return { status: 200, body: { meta, models } };
}

function componentsOf(id: string, rates: Record<string, number>): unknown[] {
	const listed = (EVOLINK_MODELS[id]?.prices ?? []).map(({ name, credits, qualities }) =>
		componentOf(name, rates[name] ?? credits, qualities),
	);
	const names: string[] = listed.map(({ name }) => name);
	const added = Object.entries(rates).filter(([name]) => !names.includes(name));
	return [...listed, ...added.map(([name, credits]) => componentOf(name, credits))];
}

function componentOf(name: string, credits: number, qualities?: PriceComponent['qualities']) {
	return {
		name,
		unit: name === 'web_search' ? 'search' : 'image',
		...(qualities !== undefined && { conditions: { quality: qualities } }),
		rate: { credits, usd: roundCredits(credits / CREDITS_PER_DOLLAR) },
	};
}
