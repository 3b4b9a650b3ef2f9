import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { IMAGE_FORMATS } from '../images/imageFormat';
import type { Parameter, ParameterName } from '../providers/provider';
import { fieldLabel } from '../request/labels';
import { fieldsByModel } from './fieldsByModel';

const DESCRIPTIONS: Record<ParameterName, string> = {
	aspectRatio:
		'Shape of the image. "16 : 9", "16：9", "16/9" and "16:09" from a spreadsheet all count as 16:9',
	resolution: 'Size of the image. Not case-sensitive',
	imageCount:
		'Number of images to generate from this prompt. Text such as "3" from a spreadsheet works too',
	promptOptimization:
		'How the provider improves the prompt: Standard gives better results, Fast takes less time',
	sequentialImageGeneration: 'Select Auto to generate a set of related images',
	maxImages: "Maximum number of images in the set, if 'Sequential Image Generation' is Auto",
	watermark: 'Whether the provider adds a watermark to the image',
	outputFormat: 'File format of the image',
	background:
		"Select Transparent to keep the transparent areas of a reference image. It needs exactly one reference, a PNG with transparent areas, and 'Output Format' PNG",
	webSearch:
		'Whether the model may search the web first, e.g. for current events. The provider charges for each search',
	callbackUrl: 'Public HTTPS URL that the provider calls when the task is done',
};

/** The option that leaves the choice to the provider. */
const PROVIDER_DEFAULT = 'default';

/** The field definitions of a parameter, for all models that have it. */
export function parameterFields(name: ParameterName, root: '' | '/' = ''): INodeProperties[] {
	return fieldsByModel(({ parameters }) => {
		const parameter = parameters[name];
		return parameter && field(name, parameter);
	}, root);
}

function field(name: ParameterName, parameter: Parameter): INodeProperties {
	const base = {
		displayName: parameter.label ?? fieldLabel(name),
		name,
		description: describe(name, parameter),
	};
	switch (parameter.kind) {
		case 'choice':
			return {
				...base,
				type: 'options',
				default: PROVIDER_DEFAULT,
				options: options(parameter),
				// A row may use another spelling, or an option of another provider: checkRequest checks it.
				allowArbitraryValues: true,
			};
		case 'integer':
			return {
				...base,
				type: 'number',
				default: 1,
				typeOptions: { minValue: parameter.min, maxValue: parameter.max },
			};
		case 'boolean':
			return { ...base, type: 'boolean', default: parameter.default };
		case 'callback':
			return {
				...base,
				type: 'string',
				default: '',
				placeholder: 'e.g. https://example.com/webhooks/seedream',
			};
	}
}

function describe(name: ParameterName, { sentAs, note }: Parameter): string {
	const sentences = `${DESCRIPTIONS[name]}. API parameter: ${sentAs}.`;
	return note === undefined ? sentences : `${sentences} ${note}`;
}

function options(parameter: Extract<Parameter, { kind: 'choice' }>): INodePropertyOptions[] {
	const listed = parameter.options.map((value) => ({ name: optionName(value), value }));
	const { default: providerDefault } = parameter;
	const defaultOption = {
		name: providerDefault === undefined ? 'Default' : `Default (${optionName(providerDefault)})`,
		value: PROVIDER_DEFAULT,
		description: "Use the provider's default",
	};
	const customSize = {
		name: 'Custom Size',
		value: 'custom',
		description: 'Set the width and height in pixels',
	};
	return [defaultOption, ...listed, ...(parameter.pixelSize ? [customSize] : [])];
}

function optionName(value: string): string {
	if (value in IMAGE_FORMATS) return value.toUpperCase();
	return value.charAt(0).toUpperCase() + value.slice(1);
}
