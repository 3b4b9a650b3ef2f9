import { groupBy, sortBy, uniq } from 'lodash';

import { generateFields } from '../nodes/Seedream/fields/generateFields';
import { providers } from '../nodes/Seedream/providers';
import type {
	FieldName,
	Model,
	Parameter,
	ParameterName,
	PixelSizeLimits,
	Provider,
} from '../nodes/Seedream/providers/provider';
import { fieldLabel } from '../nodes/Seedream/request/labels';
import { formatMegabytes, formatNumber } from '../nodes/Seedream/shared/format';
import { sentencesOf, type Language } from './language';
import { bold, code, lines, table } from './markdown';
import { modelNames } from './modelNames';
import { modelPrice } from './prices';

const NONE = '–';
const BETWEEN_OPTIONS = ' · ';

type Choice = Extract<Parameter, { kind: 'choice' }>;

const allModels = providers.flatMap((provider) =>
	provider.models.map((model) => ({ provider, model })),
);

/** One row per model: enough to choose between them. */
export function modelOverview(language: Language): string {
	const { translate } = language;
	return table(
		[
			translate('Provider'),
			translate('Model'),
			translate('Resolution'),
			translate('Images per row'),
			translate('Reference images'),
			translate('List price per image'),
		],
		allModels.map(({ provider, model }) => [
			provider.label,
			model.label,
			plainOptions(model.parameters.resolution),
			imagesOf(model, translate),
			range(model.references),
			modelPrice(provider, model, language),
		]),
	);
}

/** One row per field that depends on the model, one column per provider. */
export function fieldOverview(language: Language): string {
	const { translate, label } = language;
	return table(
		[translate('Field'), ...providers.map((provider) => provider.label)],
		overviewFields.map(({ field, describe }) => [
			label(fieldLabel(field)),
			...providers.map((provider) =>
				perModel(provider, language, (model) => describe(model, provider, language)),
			),
		]),
	);
}

interface OverviewField {
	field: FieldName;
	describe: (model: Model, provider: Provider, language: Language) => string;
}

const panelOrder = generateFields.flatMap(({ name, options = [] }) => [
	name,
	...options.map((option) => option.name),
]);

const parameterNames = sortBy(
	uniq(allModels.flatMap(({ model }) => keysOf(model.parameters))),
	(name) => panelOrder.indexOf(name),
);

const overviewFields: OverviewField[] = [
	{ field: 'prompt', describe: (model, _provider, language) => promptLength(model, language) },
	{
		field: 'imageUrls',
		describe: (model, _provider, language) => referenceCount(model, language),
	},
	{
		field: 'imageFields',
		describe: ({ references: { max } }, { fileReferences }, { translate }) =>
			max === 0
				? NONE
				: translate(
						fileReferences.kind === 'upload' ? 'the node uploads them' : 'n8n signs a link to them',
					),
	},
	...parameterNames.map((field) => ({
		field,
		describe: ({ parameters }: Model, _provider: Provider, language: Language) => {
			const parameter = parameters[field];
			if (!parameter) return NONE;
			if (parameter.kind !== 'choice') return parameterValues(parameter, language);
			const size = parameter.pixelSize && language.translate('or a size in pixels');
			return lines(optionsOf(parameter), size ?? '');
		},
	})),
];

/** One line for each group of models that are the same; those without the field aren't named. */
function perModel(
	{ models }: Provider,
	{ translate, list }: Language,
	describe: (model: Model) => string,
): string {
	const groups = Object.entries(groupBy(models, describe));
	const having = groups.filter(([text]) => text !== NONE);
	if (having.length === 0) return NONE;
	if (groups.length === 1) return lines(...having.map(([text]) => text));
	return lines(
		...having.map(([text, group]) =>
			translate('{option}: {meaning}', { option: list(modelNames(group)), meaning: text }),
		),
	);
}

/** One table per model, with everything its fields accept. */
export function modelTables(language: Language): string {
	return allModels
		.map(({ provider, model }) =>
			[
				`### ${provider.label}: ${model.label}`,
				...(model.note ? [language.sentences(sentencesOf(model.note))] : []),
				modelTable(provider, model, language),
			].join('\n\n'),
		)
		.join('\n\n');
}

function modelTable(provider: Provider, model: Model, language: Language): string {
	const { translate, label } = language;
	const row = (field: FieldName, values: string, sentAs?: string) => [
		label(fieldLabel(field, model.parameters)),
		values,
		sentAs === undefined ? NONE : code(sentAs),
	];
	return table(
		[translate('Field'), translate('What it takes'), translate("Provider's name")],
		[
			row('model', modelIds(model, language), 'model'),
			row('prompt', promptLength(model, language), 'prompt'),
			...referenceRows(provider, model, language, row),
			...keysOf(model.parameters).flatMap((name) => {
				const parameter = model.parameters[name];
				return parameter ? [row(name, parameterValues(parameter, language), parameter.sentAs)] : [];
			}),
			[translate('List price per image'), modelPrice(provider, model, language), NONE],
		],
	);
}

function modelIds({ id, aliases }: Model, { translate, list }: Language): string {
	if (aliases.length === 0) return code(id);
	return lines(code(id), translate('also: {names}', { names: list(aliases.map(code)) }));
}

function promptLength({ prompt: { min, max } }: Model, { translate }: Language): string {
	if (max === Infinity) return translate('no documented limit');
	const characters = formatNumber(max);
	return min === 0
		? translate('optional, up to {max} characters', { max: characters })
		: translate('{min} to {max} characters', { min, max: characters });
}

function referenceCount({ references: { min, max } }: Model, { translate }: Language): string {
	if (max === 0) return NONE;
	return min === max
		? translate('exactly {max}', { max })
		: translate('{min} to {max} images', { min, max });
}

function referenceRows(
	{ fileReferences }: Provider,
	model: Model,
	language: Language,
	row: (field: FieldName, values: string, sentAs?: string) => string[],
): string[][] {
	const { translate, list } = language;
	const { max, file } = model.references;
	if (max === 0) return [row('imageUrls', translate('not available for this model'))];
	const formats = (names: readonly string[]) => list(names.map((name) => name.toUpperCase()));
	const each = translate(
		'each: {formats}; up to {size}; each side at least {side} pixels; up to {pixels} pixels in total; long side up to {ratio} times the short side',
		{
			formats: formats(file.formats),
			size: formatMegabytes(file.maxBytes),
			side: file.minSide,
			pixels: formatNumber(file.maxPixels),
			ratio: Math.round(file.maxRatio),
		},
	);
	const files =
		fileReferences.kind === 'upload'
			? translate(
					'the node uploads them to the provider, which keeps them for {hours} hours: {formats}; up to {size}',
					{
						hours: fileReferences.retentionHours,
						formats: formats(fileReferences.formats.filter((name) => file.formats.includes(name))),
						size: formatMegabytes(Math.min(file.maxBytes, fileReferences.maxBytes)),
					},
				)
			: translate('n8n signs a link for the provider, so it needs a public HTTPS address');
	return [
		row('imageUrls', lines(referenceCount(model, language), each), 'image_urls'),
		row('imageFields', files, 'image_urls'),
	];
}

function parameterValues(parameter: Parameter, { translate }: Language): string {
	switch (parameter.kind) {
		case 'choice':
			return lines(optionsOf(parameter), sizeRange(parameter.pixelSize, translate));
		case 'integer':
			return translate('{min} to {max}', { min: parameter.min, max: parameter.max });
		case 'boolean':
			return translate(
				parameter.default ? 'on or off; on by default' : 'on or off; off by default',
			);
		case 'callback':
			return translate('a URL that starts with https://, up to {max} characters', {
				max: formatNumber(parameter.maxLength),
			});
	}
}

function optionsOf({ options, default: defaultOption }: Choice): string {
	return options
		.map((option) => (option === defaultOption ? bold(option) : option))
		.join(BETWEEN_OPTIONS);
}

function sizeRange(size: PixelSizeLimits | undefined, translate: Language['translate']): string {
	if (!size) return '';
	return translate(
		'or a size in pixels: {min} to {max} pixels in total, long side up to {ratio} times the short side',
		{
			min: formatNumber(size.minPixels),
			max: formatNumber(size.maxPixels),
			ratio: Math.round(size.maxRatio),
		},
	);
}

function plainOptions(parameter: Parameter | undefined): string {
	return parameter?.kind === 'choice' ? parameter.options.join(BETWEEN_OPTIONS) : NONE;
}

function imagesOf(
	{ layers, parameters: { imageCount } }: Model,
	translate: Language['translate'],
): string {
	if (layers) return translate('up to {max} layers', { max: layers.max });
	return imageCount?.kind === 'integer' ? range(imageCount) : '1';
}

function range({ min, max }: { min: number; max: number }): string {
	if (max === 0) return NONE;
	return min === max ? String(max) : `${min}–${max}`;
}

function keysOf(parameters: Model['parameters']): ParameterName[] {
	return Object.keys(parameters) as ParameterName[];
}
