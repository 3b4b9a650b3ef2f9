import type { INodeProperties } from 'n8n-workflow';

import { providers } from '../providers';
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
	...providers.map((provider): INodeProperties => {
		const { id, label, models, automatic } = provider;
		const defaultModel = automatic ? 'auto' : models[0].id;
		const modelOptions = models.map((model) => ({
			name: model.label,
			value: model.id,
			description: model.id,
		}));
		return {
			displayName: fieldLabel('model'),
			name: 'model',
			type: 'options',
			default: defaultModel,
			displayOptions: { show: { provider: [id] } },
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
	}),
	// Not required: if the model comes from the row, n8n shows this field as well and would require it.
	{
		displayName: fieldLabel('customModel'),
		name: 'customModel',
		type: 'string',
		default: '',
		placeholder: 'e.g. doubao-seedream-5.0-lite',
		displayOptions: { show: { model: ['custom'] } },
		description:
			"The model ID from the provider's documentation. The node doesn't know this model's limits, so it only checks the type of each field.",
	},
];
