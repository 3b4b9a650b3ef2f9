import { memoize } from 'lodash';
import type { INodeProperties } from 'n8n-workflow';

import { providers } from '../providers';
import { customModel } from '../providers/customModel';
import type { Model, Provider } from '../providers/provider';

/**
 * One field definition per group of a provider's models with the same field, shown for exactly these
 * models; where `build` returns nothing, the models don't have the field. `root` is the path to the
 * provider and model fields: "/" inside a collection.
 *
 * All definitions with the same name need the same default. If the provider or the model comes from an
 * expression, n8n shows all of them and uses one of the defaults, whatever the row's model.
 */
export function fieldsByModel(
	build: (model: Model, provider: Provider) => INodeProperties | undefined,
	root: '' | '/' = '',
): INodeProperties[] {
	return providers.flatMap((provider) => {
		const choices = modelChoices(provider);
		const groups = new Map<string, { field: INodeProperties; values: string[] }>();
		for (const { model, values } of choices) {
			const field = build(model, provider);
			if (!field) continue;
			const key = JSON.stringify(field);
			const group = groups.get(key) ?? { field, values: [] };
			group.values.push(...values);
			groups.set(key, group);
		}
		const valueCount = choices.flatMap(({ values }) => values).length;
		return [...groups.values()].map(({ field, values }) => ({
			...field,
			displayOptions: {
				show: {
					[`${root}provider`]: [provider.id],
					...(values.length === valueCount ? {} : { [`${root}model`]: values }),
				},
			},
		}));
	});
}

/** The values of the model field, with the model whose fields they show. */
const modelChoices = memoize((provider: Provider): Array<{ model: Model; values: string[] }> => {
	const { automatic, models } = provider;
	return [
		// Automatic may select the model for references, so it shows that model's fields. If the provider
		// comes from the row, it's a value of the model field for every provider: elsewhere it means the
		// default, which depends on the version of the node, so it shows the fields of all models.
		{ model: automatic?.pick(1) ?? customModel(provider, 'auto'), values: ['auto'] },
		...models.map((model) => ({ model, values: [model.id, ...model.aliases] })),
		{ model: customModel(provider, 'custom'), values: ['custom'] },
	];
});
