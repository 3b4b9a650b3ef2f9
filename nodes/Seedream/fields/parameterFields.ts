import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import type { Parameter, ParameterName } from '../providers/provider';
import { fieldLabel } from '../request/labels';
import { fieldsByModel } from './fieldsByModel';

const DESCRIPTIONS: Record<ParameterName, string> = {
	aspectRatio:
		'The shape of the image. From a spreadsheet, "16 : 9", "16：9", "16/9" and "16:09" all mean 16:9',
	resolution: 'How large the image is. Small and capital letters are the same',
	imageCount: 'How many images to make from this prompt. From a spreadsheet, "3" may be text',
	promptOptimization:
		'How the provider may improve the prompt: Fast saves time, Standard looks better',
	sequentialImageGeneration: 'Whether to make a set of images that belong together',
	maxImages: 'How many images the set may have, when Sequential Image Generation is Auto',
	watermark: 'Whether the provider puts a watermark on the image',
	callbackUrl: 'A public HTTPS address that the provider tells when the task is done',
};

/** The value of a choice that is left to the provider. */
const PROVIDER_DEFAULT = 'default';

/** The fields of one parameter, made from the tables of the models that have it. */
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
				// A row may write an option in its own way, or mean one of another provider: we check it.
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
	const sentences = `${DESCRIPTIONS[name]}. The provider calls it ${sentAs}.`;
	return note === undefined ? sentences : `${sentences} ${note}`;
}

function options(parameter: Extract<Parameter, { kind: 'choice' }>): INodePropertyOptions[] {
	const listed = parameter.options.map((value) => ({ name: optionName(value), value }));
	const usual = {
		name: `Default (${optionName(parameter.default)})`,
		value: PROVIDER_DEFAULT,
		description: 'Leaves the choice to the provider',
	};
	const free = { name: 'Custom Size', value: 'custom', description: 'Width and height in pixels' };
	return parameter.pixelSize ? [usual, ...listed, free] : [usual, ...listed];
}

function optionName(value: string): string {
	return value.charAt(0).toUpperCase() + value.slice(1);
}
