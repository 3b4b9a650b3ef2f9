import type { INodeProperties } from 'n8n-workflow';

import { providers } from '../providers';
import type { Provider } from '../providers/provider';
import { fieldLabel } from '../request/labels';
import { OPTION_LABELS } from '../request/options';
import { formatNumber } from '../shared/format';
import { fieldsByModel } from './fieldsByModel';
import { generateOptionsField, outputFields } from './outputFields';
import { parameterFields } from './parameterFields';
import { modelFields, providerField } from './providerFields';

const promptField: INodeProperties = {
	displayName: fieldLabel('prompt'),
	name: 'prompt',
	type: 'string',
	default: '',
	required: true,
	typeOptions: { rows: 4 },
	placeholder: 'e.g. A serene lake at sunrise, photorealistic',
	description: 'What the image shows, or how to change the reference images. Any language.',
};

const imageUrlsFields = fieldsByModel(({ references: { max } }) => {
	if (max === 0) return undefined;
	return {
		displayName: fieldLabel('imageUrls'),
		name: 'imageUrls',
		type: 'string',
		default: '',
		typeOptions: { rows: 2 },
		placeholder: 'e.g. https://example.com/product.png',
		description: `Public links to images to start from: one, several separated by comma, semicolon or new line, a JSON array, or an expression that gives an array. At most ${max}. The provider calls it image_urls.`,
	};
});

const imageFieldsFields = fieldsByModel(({ references }, { fileReferences }) => {
	const { max, file, note } = references;
	if (max === 0) return undefined;
	const sendable = fileReferences.kind === 'upload' ? fileReferences.formats : file.formats;
	const formats = file.formats
		.filter((format) => sendable.includes(format))
		.join(', ')
		.toUpperCase();
	const megabytes = file.maxBytes / (1024 * 1024);
	return {
		displayName: fieldLabel('imageFields'),
		name: 'imageFields',
		type: 'string',
		default: '',
		placeholder: 'e.g. data',
		hint: 'The names of the input binary fields, comma-separated',
		description: `Images of the row to start from; they come after those of ${fieldLabel('imageUrls')}. ${formats}, at most ${megabytes} MB each, sides in a ratio of at most ${Math.round(file.maxRatio)}:1. An expression may also give binary data itself.${note ? ` ${note}` : ''}`,
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
				description: "Gives the files to the provider's own storage, which keeps them for 72 hours",
			},
			{
				name: 'Data URI',
				value: 'dataUri',
				description:
					'Writes the files into the request: nothing is stored, but large files need memory',
			},
		],
		description: `How the images of ${fieldLabel('imageFields')} get to the provider`,
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
			'Whether to add a sentence to the prompt that asks for the number of images, in Chinese to a Chinese prompt, else in English',
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
		return `${label} ${model.label}: ${formatNumber(minPixels)} to ${formatNumber(maxPixels)} pixels in all`;
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
			description: 'Waits in this node and hands on the images',
		},
		{
			name: 'Task Is Submitted',
			value: 'submitted',
			description:
				'Hands on the task ID at once, for Seedream Task Status to fetch the images later',
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
		'A JSON object merged into the request last, for settings that the provider has and this node has not. It may not hold prompt or model: they have fields of their own.',
};

const additionalFields: INodeProperties = {
	displayName: 'Additional Fields',
	name: 'additionalFields',
	type: 'collection',
	placeholder: 'Add Field',
	default: {},
	options: [
		...askForCountFields,
		...parameterFields('callbackUrl', '/'),
		extraBodyField,
		...parameterFields('maxImages', '/'),
		...parameterFields('promptOptimization', '/'),
		...sendBinaryAsFields,
		...parameterFields('sequentialImageGeneration', '/'),
		...parameterFields('watermark', '/'),
	],
};

export const generateFields: INodeProperties[] = [
	providerField,
	...modelFields,
	promptField,
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
