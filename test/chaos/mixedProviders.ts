import { CREDITS_PER_USD, systems } from '../n8n/systems';
import { apiInOne } from '../sandbox/providers/apiInOne';
import { apiMart } from '../sandbox/providers/apiMart';
import { evoLink } from '../sandbox/providers/evoLink';
import type { Fault, ProviderName } from '../sandbox/sandbox';
import type { SeededRandom } from './seededRandom';

/** What plans share in which every row has its own provider: Seedream 4.5 at each of them. */

export const PROVIDERS = ['evoLink', 'apiMart', 'apiInOne'] as const;

export const FROM_ROW = {
	provider: '={{ $json.provider }}',
	model: '={{ $json.model }}',
	prompt: '={{ $json.prompt }}',
};

/** Of one image, by the higher of two price lists. */
export const MAX_USD: Record<ProviderName, number> = {
	evoLink: 2.25 / CREDITS_PER_USD.evoLink,
	apiMart: 0.26 / CREDITS_PER_USD.apiMart,
	apiInOne: 12 / CREDITS_PER_USD.apiInOne,
};

/** An error in the provider's own format. */
export const ERRORS: Record<ProviderName, (status: number) => Fault> = {
	evoLink: (status) => ({ kind: 'response', ...evoLink.errorResponse(status) }),
	apiMart: (status) => ({ kind: 'response', ...apiMart.errorResponse(status) }),
	apiInOne: (status) => ({ kind: 'response', ...apiInOne.errorResponse(status) }),
};

export function modelOf(provider: ProviderName): string {
	return String(systems.find((system) => system.provider === provider)?.parameters.model);
}

/** In a random order. */
export function randomFallbacks(random: SeededRandom): ProviderName[] {
	return [...PROVIDERS]
		.filter((id) => random.chance(0.75, 'fallback', id))
		.sort((a, b) => random.number('order', a) - random.number('order', b));
}

export function randomCreateFault(
	random: SeededRandom,
	provider: ProviderName,
	subject: ReadonlyArray<string | number>,
): Fault {
	const rejections = [400, 402, 403, 429, 429].map(ERRORS[provider]);
	const html: Fault = { kind: 'response', status: 500, body: '<html>Error</html>' };
	const later: Fault = {
		...(ERRORS[provider](429) as Extract<Fault, { kind: 'response' }>),
		headers: { 'retry-after': '600' },
	};
	const faults: Fault[] = [
		...rejections,
		{ kind: 'resetBefore' },
		{ kind: 'resetAfter' },
		html,
		later,
	];
	return random.pick(faults, 'fault', ...subject);
}

export function randomQueryFault(
	random: SeededRandom,
	provider: ProviderName,
	subject: ReadonlyArray<string | number>,
): Fault {
	return random.pick([ERRORS[provider](401), { kind: 'resetBefore' }], 'fault', ...subject);
}
