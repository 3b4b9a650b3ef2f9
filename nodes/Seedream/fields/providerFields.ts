import type { INodeProperties } from 'n8n-workflow';

import { providers } from '../providers';

const defaultProvider = providers[0].id;

export const providerField: INodeProperties = {
	displayName: 'Provider',
	name: 'provider',
	type: 'options',
	default: defaultProvider,
	options: providers.map(({ id, label }) => ({ name: label, value: id })),
	description:
		'The provider that makes the images. Each has its own credential, models and prices.',
};

export const modelFields: INodeProperties[] = [
	...providers.map((provider): INodeProperties => {
		const { id, label, models, automatic } = provider;
		const defaultModel = automatic ? 'auto' : models[0].id;
		const known = models.map((model) => ({
			name: model.label,
			value: model.id,
			description: model.id,
		}));
		return {
			displayName: 'Model',
			name: 'model',
			type: 'options',
			default: defaultModel,
			displayOptions: { show: { provider: [id] } },
			options: [
				...(automatic
					? [{ name: 'Automatic', value: 'auto', description: automatic.description }]
					: []),
				...known,
				{
					name: 'Custom',
					value: 'custom',
					description: `Any other model of ${label}, by its ID`,
				},
			],
			// With the provider taken from the row, one value stands for the models of all providers.
			allowArbitraryValues: true,
			description: 'The version of Seedream to use',
		};
	}),
	// Not required: with the model taken from the row n8n shows this field too, and would insist on it.
	{
		displayName: 'Custom Model',
		name: 'customModel',
		type: 'string',
		default: '',
		placeholder: 'e.g. doubao-seedream-5.0-lite',
		displayOptions: { show: { model: ['custom'] } },
		description:
			"The model's ID as the provider writes it. Its limits are not known here, so nothing but the kind of each field is checked.",
	},
];
