import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import { providers } from '../providers';
import { NODE_VERSIONS, type Provider } from '../providers/provider';
import { fieldLabel } from '../request/labels';

const defaultProvider = providers[0].id;

export const providerField: INodeProperties = {
	displayName: 'Provider',
	name: 'provider',
	type: 'options',
	default: defaultProvider,
	options: providers.map(({ id, label }) => ({ name: label, value: id })),
	description:
		'Provider that generates the images. Each has its own credential, models and prices.',
};

export const modelFields: INodeProperties[] = [
	...providers.flatMap(modelFieldsOf),
	// Not required: if the model comes from the row, n8n shows this field as well and would require it.
	{
		displayName: fieldLabel('customModel'),
		name: 'customModel',
		type: 'string',
		default: '',
		placeholder: 'e.g. doubao-seedream-5.5',
		displayOptions: { show: { model: ['custom'] } },
		description:
			"The model ID from the provider's documentation. The node doesn't know this model's limits, so it only checks the type of each field.",
	},
];

/** One definition, or one for each version of the node, whose defaults differ. */
function modelFieldsOf(provider: Provider): INodeProperties[] {
	const { id, automatic, defaultModels } = provider;
	if (automatic) return [modelField(provider, 'auto', { provider: [id] })];
	return NODE_VERSIONS.map((version) =>
		modelField(provider, defaultModels[version].id, { provider: [id], '@version': [version] }),
	);
}

function modelField(
	{ label, models, automatic }: Provider,
	defaultModel: string,
	show: NonNullable<IDisplayOptions['show']>,
): INodeProperties {
	const modelOptions = models.map((model) => ({
		name: model.label,
		value: model.id,
		description: model.note ? `${model.id}. ${model.note}` : model.id,
	}));
	return {
		displayName: fieldLabel('model'),
		name: 'model',
		type: 'options',
		default: defaultModel,
		displayOptions: { show },
		options: [
			...(automatic
				? [{ name: 'Automatic', value: 'auto', description: automatic.description }]
				: []),
			...modelOptions,
			{
				name: 'Custom',
				value: 'custom',
				description: `Any other ${label} model, by ID`,
			},
		],
		// If the provider comes from the row, one value selects a model of every provider.
		allowArbitraryValues: true,
		description: 'Seedream version to use',
	};
}
