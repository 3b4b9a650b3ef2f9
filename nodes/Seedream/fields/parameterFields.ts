import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { providers } from '../providers';
import { customModel } from '../providers/customModel';
import type { Model, Parameter, ParameterName } from '../providers/provider';
import { fieldLabel } from '../request/labels';

/**
 * The fields of the models' parameters, made from the providers' tables: a field is shown exactly
 * for the models that know it, with the options they have.
 *
 * Every definition of one name has the same default. When provider or model come from an
 * expression, n8n shows all definitions and lets one default win, whatever the row's model.
 */

const DESCRIPTIONS: Record<ParameterName, string> = {
	aspectRatio: 'The shape of the image',
	resolution: 'How large the image is',
	imageCount: 'How many images to make from this prompt',
	promptOptimization:
		'How the gateway may improve the prompt: Fast saves time, Standard looks better',
	sequentialImageGeneration: 'Whether to make a set of images that belong together',
	maxImages: 'How many images the set may have, when Sequential Image Generation is Auto',
	watermark: 'Whether the gateway puts a watermark on the image',
	callbackUrl: 'A public HTTPS address that the gateway tells when the task is done',
};

/** The options of a choice as n8n shows them, the gateway's own default first. */
export const GATEWAY_DEFAULT = 'default';

/**
 * The fields of `name`, one for each group of models that share a definition. `root` leads from
 * where they stand to the provider and model fields: "/" from inside a collection.
 */
export function parameterFields(name: ParameterName, root: '' | '/' = ''): INodeProperties[] {
	return providers.flatMap((provider) => {
		const models = [...provider.models, customModel(provider, 'custom')];
		return groupModels(models, name).map((group) => ({
			...field(name, group.parameter),
			displayOptions: {
				show: {
					[`${root}provider`]: [provider.id],
					...(group.models.length === models.length
						? {}
						: { [`${root}model`]: group.models.flatMap(({ id, aliases }) => [id, ...aliases]) }),
				},
			},
		}));
	});
}

/** The models that know the parameter, together where the field is the same for them. */
function groupModels(
	models: readonly Model[],
	name: ParameterName,
): Array<{ parameter: Parameter; models: Model[] }> {
	const groups = new Map<string, { parameter: Parameter; models: Model[] }>();
	for (const model of models) {
		const parameter = model.parameters[name];
		if (!parameter) continue;
		const key = JSON.stringify(field(name, parameter));
		const group = groups.get(key) ?? { parameter, models: [] };
		group.models.push(model);
		groups.set(key, group);
	}
	return [...groups.values()];
}

function field(name: ParameterName, parameter: Parameter): INodeProperties {
	const base = {
		displayName: parameter.label ?? fieldLabel(name),
		name,
		description: describe(name, parameter),
	};
	switch (parameter.kind) {
		case 'choice':
			return { ...base, type: 'options', default: GATEWAY_DEFAULT, options: options(parameter) };
		case 'integer':
			return {
				...base,
				type: 'number',
				default: 1,
				typeOptions: {
					minValue: parameter.min,
					...(parameter.max === Infinity ? {} : { maxValue: parameter.max }),
				},
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
	const sentence = `${DESCRIPTIONS[name]} (the gateway calls it ${sentAs})`;
	return note === undefined ? sentence : `${sentence}. ${note.replace(/\.$/, '')}`;
}

function options(parameter: Extract<Parameter, { kind: 'choice' }>): INodePropertyOptions[] {
	const listed = parameter.options.map((value) => ({ name: optionName(value), value }));
	const usual = {
		name: `Default (${optionName(parameter.default)})`,
		value: GATEWAY_DEFAULT,
		description: 'Leaves the choice to the gateway',
	};
	const free = { name: 'Custom Size', value: 'custom', description: 'Width and height in pixels' };
	return parameter.pixelSize ? [usual, ...listed, free] : [usual, ...listed];
}

function optionName(value: string): string {
	return value.charAt(0).toUpperCase() + value.slice(1);
}
