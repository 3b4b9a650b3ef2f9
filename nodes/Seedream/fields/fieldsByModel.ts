import type { INodeProperties } from 'n8n-workflow';

import { providers } from '../providers';
import { customModel } from '../providers/customModel';
import type { Model, Provider } from '../providers/provider';

/**
 * One field for each group of a provider's models that share it, shown for exactly these; models
 * for which `build` gives nothing do not have it. `root` leads from where the field stands to the
 * provider and model fields: "/" from inside a collection.
 *
 * All definitions of one name must have the same default. When provider or model come from an
 * expression, n8n shows all of them and lets one default win, whatever the row's model.
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
		const all = choices.flatMap(({ values }) => values).length;
		return [...groups.values()].map(({ field, values }) => ({
			...field,
			displayOptions: {
				show: {
					[`${root}provider`]: [provider.id],
					...(values.length === all ? {} : { [`${root}model`]: values }),
				},
			},
		}));
	});
}

/** What the model field can hold, and the model whose fields it brings. */
function modelChoices(provider: Provider): Array<{ model: Model; values: string[] }> {
	const { automatic, models } = provider;
	return [
		// Automatic may still become the model for references, so it offers what that one has. With the
		// provider taken from the row, it stands in the model field for every provider.
		{ model: automatic?.pick(1) ?? models[0], values: ['auto'] },
		...models.map((model) => ({ model, values: [model.id, ...model.aliases] })),
		{ model: customModel(provider, 'custom'), values: ['custom'] },
	];
}
