import { findProvider, providers } from '../../../../nodes/Seedream/providers';

const MODELS = providers.flatMap((provider) =>
	provider.models.map((model) => [provider.id, model.id, model] as const),
);

it('the default provider is EvoLink', () => {
	expect(providers.map(({ id }) => id)).toEqual(['evoLink', 'apiMart', 'apiInOne']);
});

it('a provider is found by its exact ID', () => {
	for (const provider of providers) expect(findProvider(provider.id)).toBe(provider);
	for (const id of ['', 'EvoLink', 'evolink', 'toString']) expect(findProvider(id)).toBeUndefined();
});

it.each(providers)('$label asks for a task by its id, whatever signs are in it', (provider) => {
	expect(provider.createPath).toBe('/v1/images/generations');
	expect(provider.queryPath('task/1 ?')).toBe('/v1/tasks/task%2F1%20%3F');
});

it('no two models of a provider share an ID', () => {
	for (const { models } of providers) {
		const ids = models.flatMap(({ id, aliases }) => [id, ...aliases]);
		expect(new Set(ids).size).toBe(ids.length);
	}
});

it('no model has an ID that is reserved for the model field', () => {
	for (const [, , { id, aliases }] of MODELS) {
		for (const one of [id, ...aliases]) expect(['', 'auto', 'custom']).not.toContain(one);
	}
});

it.each(MODELS)('no two settings of %s %s are sent under one name', (_provider, _id, model) => {
	const names = Object.values(model.parameters).map(({ sentAs }) => sentAs);
	expect(new Set([...names, 'model', 'prompt', 'image_urls']).size).toBe(names.length + 3);
});
