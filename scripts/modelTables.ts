import uniq from 'lodash/uniq';

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
import { formatNumber } from '../nodes/Seedream/shared/format';
import type { Language } from './language';
import { bold, code, lines, table } from './markdown';

const NONE = '–';
const BETWEEN_OPTIONS = ' · ';

type Choice = Extract<Parameter, { kind: 'choice' }>;

const everyModel = providers.flatMap((provider) =>
	provider.models.map((model) => ({ provider, model })),
);

/** One line a model: enough to choose between them. */
export function modelsAtAGlance({ say }: Language): string {
	return table(
		[
			say('Provider'),
			say('Model'),
			say('Resolution'),
			say('Images a row'),
			say('Reference images'),
			say('List price an image'),
		],
		everyModel.map(({ provider, model }) => [
			provider.label,
			model.label,
			plainOptions(model.parameters.resolution),
			imagesOf(model),
			range(model.references),
			price(model, say),
		]),
	);
}

/** One line a field that depends on the model, one column a provider. */
export function fieldsAtAGlance(language: Language): string {
	const { say, label } = language;
	return table(
		[say('Field'), ...providers.map((provider) => provider.label)],
		glances.map(({ field, look }) => [
			label(fieldLabel(field)),
			...providers.map((provider) =>
				perModel(provider, (model) => look(model, provider, language)),
			),
		]),
	);
}

interface Glance {
	field: FieldName;
	look: (model: Model, provider: Provider, language: Language) => string;
}

const glances: Glance[] = [
	{ field: 'prompt', look: (model, _provider, language) => promptLength(model, language) },
	{
		field: 'imageUrls',
		look: ({ references: { min, max } }, _provider, { say }) =>
			max === 0 ? NONE : say('{min} to {max} images', { min, max }),
	},
	{
		field: 'imageFields',
		look: ({ references: { max } }, { fileReferences }, { say }) =>
			max === 0 ? NONE : say(fileReferences.kind === 'upload' ? 'uploaded' : 'as a signed link'),
	},
	...uniq(everyModel.flatMap(({ model }) => keysOf(model.parameters))).map((field) => ({
		field,
		look: ({ parameters }: Model, _provider: Provider, language: Language) => {
			const parameter = parameters[field];
			if (!parameter) return NONE;
			if (parameter.kind !== 'choice') return parameterValues(parameter, language);
			const size = parameter.pixelSize && language.say('or a size in pixels');
			return lines(optionsOf(parameter), size ?? '');
		},
	})),
];

/** What holds for all models of a provider, or one line for each. */
function perModel({ models }: Provider, look: (model: Model) => string): string {
	const seen = models.map((model) => ({ model, text: look(model) }));
	const texts = uniq(seen.map(({ text }) => text));
	return texts.length === 1
		? lines(...texts)
		: lines(...seen.map(({ model, text }) => `${model.label}: ${text}`));
}

/** One table a model: everything its fields take. */
export function modelTables(language: Language): string {
	return everyModel
		.map(
			({ provider, model }) =>
				`### ${provider.label}: ${model.label}\n\n${modelTable(provider, model, language)}`,
		)
		.join('\n\n');
}

function modelTable(provider: Provider, model: Model, language: Language): string {
	const { say, label } = language;
	const row = (field: FieldName, values: string, sentAs?: string) => [
		label(fieldLabel(field, model.parameters)),
		values,
		sentAs === undefined ? NONE : code(sentAs),
	];
	return table(
		[say('Field'), say('What it takes'), say("The provider's name for it")],
		[
			row('model', modelIds(model, language), 'model'),
			row('prompt', promptLength(model, language), 'prompt'),
			...referenceRows(provider, model, language, row),
			...keysOf(model.parameters).flatMap((name) => {
				const parameter = model.parameters[name];
				return parameter ? [row(name, parameterValues(parameter, language), parameter.sentAs)] : [];
			}),
			[say('List price an image'), price(model, say), NONE],
		],
	);
}

function modelIds({ id, aliases }: Model, { say, list }: Language): string {
	if (aliases.length === 0) return code(id);
	return lines(code(id), say('also: {names}', { names: list(aliases.map(code)) }));
}

function promptLength({ prompt: { min, max } }: Model, { say }: Language): string {
	return max === Infinity
		? say('the provider names no limit')
		: say('{min} to {max} characters', { min, max: formatNumber(max) });
}

function referenceRows(
	{ fileReferences }: Provider,
	{ references }: Model,
	{ say, list }: Language,
	row: (field: FieldName, values: string, sentAs?: string) => string[],
): string[][] {
	const { min, max, file } = references;
	if (max === 0) return [row('imageUrls', say('this model takes none'))];
	const formats = (names: readonly string[]) => list(names.map((name) => name.toUpperCase()));
	const each = say(
		'each: {formats}; at most {megabytes} MB; sides from {side} pixels; at most {pixels} pixels in all; one side at most {ratio} times the other',
		{
			formats: formats(file.formats),
			megabytes: file.maxBytes / (1024 * 1024),
			side: file.minSide,
			pixels: formatNumber(file.maxPixels),
			ratio: Math.round(file.maxRatio),
		},
	);
	const brought =
		fileReferences.kind === 'upload'
			? say('uploaded to the provider, which keeps them for {hours} hours: {formats}', {
					hours: fileReferences.keptHours,
					formats: formats(fileReferences.formats.filter((name) => file.formats.includes(name))),
				})
			: say('the provider gets a link that n8n signs; n8n needs a public HTTPS address');
	return [
		row('imageUrls', lines(say('{min} to {max} images', { min, max }), each), 'image_urls'),
		row('imageFields', brought, 'image_urls'),
	];
}

function parameterValues(parameter: Parameter, { say }: Language): string {
	switch (parameter.kind) {
		case 'choice':
			return lines(optionsOf(parameter), sizeRange(parameter.pixelSize, say));
		case 'integer':
			return say('{min} to {max}', { min: parameter.min, max: parameter.max });
		case 'boolean':
			return say(parameter.default ? 'on or off; on by default' : 'on or off; off by default');
		case 'callback':
			return say('an address that starts with https://, at most {max} characters', {
				max: formatNumber(parameter.maxLength),
			});
	}
}

function optionsOf({ options, default: preset }: Choice): string {
	return options.map((option) => (option === preset ? bold(option) : option)).join(BETWEEN_OPTIONS);
}

function sizeRange(size: PixelSizeLimits | undefined, say: Language['say']): string {
	if (!size) return '';
	return say(
		'or a size in pixels: {min} to {max} pixels in all, one side at most {ratio} times the other',
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

function imagesOf({ parameters: { imageCount } }: Model): string {
	return imageCount?.kind === 'integer' ? range(imageCount) : '1';
}

function range({ min, max }: { min: number; max: number }): string {
	if (max === 0) return NONE;
	return min === max ? String(max) : `${min}–${max}`;
}

function price({ creditsPerImage }: Model, say: Language['say']): string {
	return creditsPerImage === undefined
		? say('not published in credits')
		: say('{credits} credits', { credits: creditsPerImage });
}

function keysOf(parameters: Model['parameters']): ParameterName[] {
	return Object.keys(parameters) as ParameterName[];
}
