import { providers } from '../../../../nodes/Seedream/providers';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { chooseModel } from '../../../../nodes/Seedream/request/chooseModel';

function choose(provider: Provider, model: string, references = 0) {
	return chooseModel(provider, { model, customModel: '', nodeVersion: 1.1 }, references);
}

function sentId(provider: Provider, model: string, references = 0): string {
	const chosen = choose(provider, model, references);
	return 'modelId' in chosen ? chosen.modelId : chosen.message;
}

describe('a model by its label', () => {
	it.each(
		providers.flatMap((provider) => provider.models.map((model) => [provider, model] as const)),
	)('%#: is the model, in any spelling', (provider, { id, label }) => {
		for (const name of [label, label.toUpperCase(), label.replaceAll(' ', '-'), ` ${label} `]) {
			expect(sentId(provider, name)).toBe(id);
		}
	});
});

describe('a model by one of its IDs', () => {
	it.each(
		providers.flatMap((provider) =>
			provider.models.flatMap(({ id, aliases }) =>
				[id, ...aliases].map((name) => [provider, name] as const),
			),
		),
	)('%#: is sent under the ID that the row has', (provider, name) => {
		expect(sentId(provider, name)).toBe(name);
		expect(sentId(provider, ` ${name}\u200b`)).toBe(name);
	});
});

describe('a model by the ID at another provider', () => {
	it.each<[Provider, written: string, sent: string]>([
		[apiMart, 'doubao-seedream-5.0-flash', 'seedream-5-0-flash'],
		[apiMart, 'doubao-seedream-5.0-pro', 'seedream-5-0-pro'],
		[apiMart, 'doubao-seedream-4.0', 'seedream-4-0'],
		// APIMart itself accepts EvoLink's ID.
		[apiMart, 'doubao-seedream-5.0-lite', 'doubao-seedream-5.0-lite'],
		[apiMart, 'seedream/4.5-edit', 'doubao-seedance-4-5'],
		[evoLink, 'seedream-5-0-flash', 'doubao-seedream-5.0-flash'],
		[evoLink, 'seedream-5-0-pro', 'doubao-seedream-5.0-pro'],
		[evoLink, 'doubao-seedream-5-0-pro', 'doubao-seedream-5.0-pro'],
		[evoLink, 'seedream-5-0-lite', 'doubao-seedream-5.0-lite'],
		[evoLink, 'doubao-seedream-5-0-lite', 'doubao-seedream-5.0-lite'],
		[evoLink, 'seedream-4-0', 'doubao-seedream-4.0'],
		[evoLink, 'doubao-seedance-4-0', 'doubao-seedream-4.0'],
		[evoLink, 'seedream-4-5', 'doubao-seedream-4.5'],
		[apiInOne, 'seedream-4-5', 'seedream/4.5-text-to-image'],
	])('%#: has the same version and tier', (provider, written, sent) => {
		expect(sentId(provider, written)).toBe(sent);
	});

	it('can be in any spelling', () => {
		expect(sentId(apiMart, 'DOUBAO SEEDREAM 5.0 FLASH')).toBe('seedream-5-0-flash');
		expect(sentId(evoLink, 'Seedream_5_0_Pro')).toBe('doubao-seedream-5.0-pro');
	});

	it('is Edit at API in One if the row has references', () => {
		expect(sentId(apiInOne, 'seedream-4-5', 1)).toBe('seedream/4.5-edit');
		expect(sentId(apiInOne, 'Seedream 4.5', 1)).toBe('seedream/4.5-edit');
	});

	const API_IN_ONE_MODELS = 'Seedream 4.5 Text to Image, Seedream 4.5 Edit';
	const APIMART_MODELS =
		'Seedream 5.0 Pro, Seedream 5.0 Flash, Seedream 5.0 Lite, Seedream 4.5, Seedream 4.0';

	it.each<[Provider, string, string, string]>([
		[apiInOne, 'doubao-seedream-5.0-flash', 'EvoLink or APIMart', API_IN_ONE_MODELS],
		[apiInOne, 'seedream-5-0-pro', 'EvoLink or APIMart', API_IN_ONE_MODELS],
		[apiInOne, 'Seedream 5.0 Lite', 'EvoLink or APIMart', API_IN_ONE_MODELS],
		[apiInOne, 'doubao-seedream-4.0', 'EvoLink or APIMart', API_IN_ONE_MODELS],
		[apiInOne, 'doubao-seedream-5.0-pro-layerize', 'EvoLink', API_IN_ONE_MODELS],
		[apiMart, 'doubao-seedream-5.0-pro-layerize', 'EvoLink', APIMART_MODELS],
		[apiMart, 'Seedream 5.0 Flash Layers', 'EvoLink', APIMART_MODELS],
	])(
		'%#: that this provider does not offer is rejected with what it offers',
		(provider, model, others, models) => {
			const { label } = provider;
			expect(choose(provider, model)).toEqual({
				field: 'model',
				message: `is "${model}", which ${label} doesn't offer. Use ${others} instead, or one of ${label}'s models: ${models}`,
			});
		},
	);
});

it.each(['Seedream 5.0', 'seedream-5-0', 'doubao-seedream-5.0', 'seedream-5-5', 'flash', 'Pro'])(
	'a model without its tier, or one that nobody offers, is rejected: %s',
	(model) => {
		for (const provider of providers) {
			expect(choose(provider, model)).toEqual({
				field: 'model',
				message: `is "${model}", which isn't a known ${provider.label} model. Choose one from the list, or choose Custom and enter its ID in 'Custom Model'`,
			});
		}
	},
);
