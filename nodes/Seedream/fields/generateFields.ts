import type { INodeProperties } from 'n8n-workflow';

import { providers } from '../providers';
import type { Provider } from '../providers/provider';
import { MAX_CALLBACK_DATA } from '../request/callbackData';
import { fieldLabel } from '../request/labels';
import { OPTION_LABELS } from '../request/options';
import { formatMegabytes, formatNumber } from '../shared/format';
import { fieldsByModel } from './fieldsByModel';
import { generateOptionsField, outputFields } from './outputFields';
import { parameterFields } from './parameterFields';
import { modelFields, providerField } from './providerFields';

/** The models that need no prompt, as values of the model field. */
const layerModels = providers.flatMap(({ models }) =>
	models.flatMap(({ layers, id, aliases }) => (layers ? [id, ...aliases] : [])),
);

const promptField: INodeProperties = {
	displayName: fieldLabel('prompt'),
	name: 'prompt',
	type: 'string',
	default: '',
	required: true,
	typeOptions: { rows: 4 },
	placeholder: 'e.g. A serene lake at sunrise, photorealistic',
	displayOptions: { hide: { model: layerModels } },
	description: 'Describe the image, or how to change the reference images, in any language',
};

const layerPromptField: INodeProperties = {
	...promptField,
	required: false,
	placeholder: 'e.g. Separate the person from the text',
	displayOptions: { show: { model: layerModels } },
	description:
		'Describe how to split the image, in any language. Leave it empty to let the model decide.',
};

const imageUrlsFields = fieldsByModel(({ references: { min, max } }) => {
	if (max === 0) return undefined;
	return {
		displayName: fieldLabel('imageUrls'),
		name: 'imageUrls',
		type: 'string',
		default: '',
		typeOptions: { rows: 2 },
		placeholder: 'e.g. https://example.com/product.png',
		...(min === 1 && max === 1 ? { hint: 'The one image, as a link here or as a file below' } : {}),
		description: `Public links to images to start from. Separate them with commas, semicolons or new lines, or use a JSON array or an expression that returns an array. ${min === max ? `Exactly ${max}` : `Up to ${max}`}. API parameter: image_urls.`,
	};
});

const imageFieldsFields = fieldsByModel(({ references }, { fileReferences }) => {
	const { max, file, note } = references;
	if (max === 0) return undefined;
	const accepted = fileReferences.kind === 'upload' ? fileReferences.formats : file.formats;
	const formats = file.formats
		.filter((format) => accepted.includes(format))
		.join(', ')
		.toUpperCase();
	const maxBytes =
		fileReferences.kind === 'upload'
			? Math.min(file.maxBytes, fileReferences.maxBytes)
			: file.maxBytes;
	return {
		displayName: fieldLabel('imageFields'),
		name: 'imageFields',
		type: 'string',
		default: '',
		placeholder: 'e.g. data',
		hint: 'The names of the input binary fields, separated by commas',
		description: `Images from binary fields to start from, added after those in '${fieldLabel('imageUrls')}'. ${formats}, up to ${formatMegabytes(maxBytes)} each, with an aspect ratio of up to ${Math.round(file.maxRatio)}:1. An expression can also return binary data.${note ? ` ${note}` : ''}`,
	};
});

const sendBinaryAsFields = fieldsByModel(({ references: { dataUri } }) => {
	if (!dataUri) return undefined;
	return {
		displayName: fieldLabel('sendBinaryAs'),
		name: 'sendBinaryAs',
		type: 'options',
		default: 'upload',
		options: [
			{
				name: 'Upload',
				value: 'upload',
				description: 'Upload the files to the provider, which keeps them for 72 hours',
			},
			{
				name: 'Data URI',
				value: 'dataUri',
				description:
					'Include the files in the request. Nothing is stored, but large files use more memory.',
			},
		],
		description: `How to send the images from '${fieldLabel('imageFields')}' to the provider`,
	};
}, '/');

const askForCountFields = fieldsByModel(({ parameters: { imageCount } }) => {
	if (imageCount?.kind !== 'integer' || !imageCount.isUpperBound) return undefined;
	return {
		displayName: fieldLabel('askForCount'),
		name: 'askForCount',
		type: 'boolean',
		default: false,
		description:
			'Whether to add a sentence to the prompt that asks for the number of images, in Chinese if the prompt is in Chinese, otherwise in English',
	};
}, '/');

const sizeDescription = `In pixels. ${providers.flatMap(modelRanges).join('; ')}.`;

const sizeFields: INodeProperties[] = [
	{
		displayName: 'Width',
		name: 'width',
		type: 'number',
		default: 2048,
		typeOptions: { minValue: 1, numberPrecision: 0 },
		displayOptions: { show: { aspectRatio: ['custom'] } },
		description: sizeDescription,
	},
	{
		displayName: 'Height',
		name: 'height',
		type: 'number',
		default: 2048,
		typeOptions: { minValue: 1, numberPrecision: 0 },
		displayOptions: { show: { aspectRatio: ['custom'] } },
		description: sizeDescription,
	},
];

function modelRanges({ label, models }: Provider): string[] {
	return models.flatMap((model) => {
		const { aspectRatio } = model.parameters;
		if (aspectRatio?.kind !== 'choice' || !aspectRatio.pixelSize) return [];
		const { minPixels, maxPixels } = aspectRatio.pixelSize;
		return `${label} ${model.label}: ${formatNumber(minPixels)} to ${formatNumber(maxPixels)} pixels in total`;
	});
}

const continueWhenField: INodeProperties = {
	displayName: OPTION_LABELS.continueWhen,
	name: 'continueWhen',
	type: 'options',
	default: 'finished',
	options: [
		{
			name: 'Images Are Finished',
			value: 'finished',
			description: 'Wait for the images and return them',
		},
		{
			name: 'Preview Cost',
			value: 'preview',
			description: 'Check every row and return what it would cost. Nothing is sent.',
		},
		{
			name: 'Task Is Submitted',
			value: 'submitted',
			description:
				'Return the task ID immediately. Use Seedream Task Status to get the images later.',
		},
	],
};

const extraBodyField: INodeProperties = {
	displayName: fieldLabel('extraBody'),
	name: 'extraBody',
	type: 'json',
	default: '{}',
	placeholder: 'e.g. {"seed": 7}',
	description:
		"A JSON object to merge into the request, for API parameters that the node has no field for. It can't contain prompt or model.",
};

const callbackDataFields = fieldsByModel(({ parameters: { callbackUrl } }) => {
	if (!callbackUrl) return undefined;
	return {
		displayName: fieldLabel('callbackData'),
		name: 'callbackData',
		type: 'json',
		default: '{}',
		placeholder: 'e.g. {"sku": "A-7"}',
		description: `A JSON object that comes back with the callback, such as the row's ID. Seedream Trigger returns it as rowData. It can have up to ${formatNumber(MAX_CALLBACK_DATA)} characters. The node adds it to '${fieldLabel('callbackUrl')}', signed with your API key: others can read it, but not change it.`,
	};
}, '/');

const additionalFields: INodeProperties = {
	displayName: 'Additional Fields',
	name: 'additionalFields',
	type: 'collection',
	placeholder: 'Add Field',
	default: {},
	options: [
		...askForCountFields,
		...parameterFields('background', '/'),
		...callbackDataFields,
		...parameterFields('callbackUrl', '/'),
		extraBodyField,
		...parameterFields('maxImages', '/'),
		...parameterFields('outputFormat', '/'),
		...parameterFields('promptOptimization', '/'),
		...sendBinaryAsFields,
		...parameterFields('sequentialImageGeneration', '/'),
		...parameterFields('watermark', '/'),
		...parameterFields('webSearch', '/'),
	],
};

export const generateFields: INodeProperties[] = [
	providerField,
	...modelFields,
	promptField,
	layerPromptField,
	...parameterFields('aspectRatio'),
	...sizeFields,
	...parameterFields('resolution'),
	...parameterFields('imageCount'),
	...imageUrlsFields,
	...imageFieldsFields,
	continueWhenField,
	...outputFields({ continueWhen: ['finished'] }),
	additionalFields,
	generateOptionsField,
];
