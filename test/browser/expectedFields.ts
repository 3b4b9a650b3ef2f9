import { providers } from '../../nodes/Seedream/providers';
import { customModel } from '../../nodes/Seedream/providers/customModel';
import type {
	Model,
	Parameter,
	ParameterName,
	Provider,
} from '../../nodes/Seedream/providers/provider';

/** The expected fields, derived from the providers' tables, not from the node's description. */

export interface Choice {
	provider: Provider;
	/** As shown in the list of models. */
	model: string;
	/** As stored in a workflow. */
	value: string;
	table: Model;
}

/** Every model of every provider. */
export const CHOICES: readonly Choice[] = providers.flatMap((provider) =>
	modelsOf(provider).map(([model, table, value]) => ({ provider, model, table, value })),
);

/** In the order of the list. */
export function modelsOf(provider: Provider): ReadonlyArray<readonly [string, Model, string]> {
	const { automatic, models } = provider;
	return [
		...(automatic ? [['Automatic', automatic.pick(1), 'auto'] as const] : []),
		...models.map((model) => [model.label, model, model.id] as const),
		['Custom', customModel(provider, 'custom'), 'custom'],
	];
}

const TOP: readonly ParameterName[] = ['aspectRatio', 'resolution', 'imageCount'];

const LABELS: Record<ParameterName, string> = {
	aspectRatio: 'Aspect Ratio',
	resolution: 'Resolution',
	imageCount: 'Number of Images',
	promptOptimization: 'Prompt Optimization',
	sequentialImageGeneration: 'Sequential Image Generation',
	maxImages: 'Max Images',
	watermark: 'Watermark',
	outputFormat: 'Output Format',
	background: 'Background',
	webSearch: 'Web Search',
	callbackUrl: 'Callback URL',
};

/** The fields about the output, for all providers. */
export const ABOUT_OUTPUT = ['Download Images', 'Put Output in Field', 'Output'];

/** All labels in the panel, from top to bottom. */
export function panelOf({ model, table }: Choice): string[] {
	return [
		'Provider',
		'Model',
		...(model === 'Custom' ? ['Custom Model'] : []),
		'Prompt',
		...labelsOf(table, TOP),
		...(table.references.max > 0 ? ['Reference Image URLs', 'Reference Image Fields'] : []),
		'Continue When',
		...ABOUT_OUTPUT,
		'Additional Fields',
		'Options',
	];
}

/** The choices of "Add Field". */
export function additionalFieldsOf({ table }: Choice): string[] {
	const { parameters, references } = table;
	const names = (Object.keys(parameters) as ParameterName[]).filter((name) => !TOP.includes(name));
	const { imageCount } = parameters;
	const isBound = imageCount?.kind === 'integer' && imageCount.isUpperBound;
	return [
		...labelsOf(table, names),
		...(isBound ? ['Ask for Count'] : []),
		...(references.dataUri ? ['Send Binary As'] : []),
		...(parameters.callbackUrl ? ['Callback Data'] : []),
		'Extra Body',
	].sort();
}

/** Of all nodes. */
export const COMMON_OPTIONS = ['File Name', 'Poll Interval', 'Simplify', 'Timeout'];

/** The choices of "Add Option". */
export function optionsOf({ table }: Choice): string[] {
	return [
		...COMMON_OPTIONS,
		'Check References',
		'Concurrency',
		'Fall Back After Content Policy',
		'Fall Back To',
		'Maximum Cost (USD)',
		'Remember in Data Table',
		'Reuse Recent Images',
		'Row Key',
		...(table.layers ? ['Layers File'] : []),
	].sort();
}

export interface List {
	name: ParameterName;
	label: string;
	options: string[];
}

/** A model's dropdowns in the panel itself. */
export function listsOf({ table }: Choice): List[] {
	return lists(table).filter(({ name }) => TOP.includes(name));
}

/** Its dropdowns among Additional Fields. */
export function additionalListsOf({ table }: Choice): List[] {
	return lists(table).filter(({ name }) => !TOP.includes(name));
}

function lists({ parameters }: Model): List[] {
	return (Object.entries(parameters) as Array<[ParameterName, Parameter]>).flatMap(
		([name, parameter]) =>
			parameter.kind === 'choice'
				? [{ name, label: labelOf(name, parameter), options: valuesOf(parameter) }]
				: [],
	);
}

function valuesOf({ options, ...parameter }: Extract<Parameter, { kind: 'choice' }>): string[] {
	return [
		parameter.default === undefined ? 'Default' : `Default (${valueLabel(parameter.default)})`,
		...options.map(valueLabel),
		...(parameter.pixelSize ? ['Custom Size'] : []),
	];
}

function labelsOf({ parameters }: Model, names: readonly ParameterName[]): string[] {
	return names.flatMap((name) => {
		const parameter = parameters[name];
		return parameter ? [labelOf(name, parameter)] : [];
	});
}

function labelOf(name: ParameterName, { label }: Parameter): string {
	return label ?? LABELS[name];
}

function valueLabel(text: string): string {
	if (text === 'png' || text === 'jpeg') return text.toUpperCase();
	return text.charAt(0).toUpperCase() + text.slice(1);
}
