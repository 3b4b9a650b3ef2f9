import type { ICredentialType, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { groupBy, map, uniq } from 'lodash';

import { ApiInOneApi } from '../credentials/ApiInOneApi.credentials';
import { ApiMartApi } from '../credentials/ApiMartApi.credentials';
import { EvoLinkApi } from '../credentials/EvoLinkApi.credentials';
import { generateFields } from '../nodes/Seedream/fields/generateFields';
import { taskStatusFields } from '../nodes/Seedream/fields/taskStatusFields';
import { triggerFields } from '../nodes/Seedream/fields/triggerFields';
import { providers } from '../nodes/Seedream/providers';
import { NODE_VERSIONS, type Model } from '../nodes/Seedream/providers/provider';
import { sentencesOf, type Language } from './language';
import { bold, code, lines, table } from './markdown';
import { namesByProvider } from './modelNames';

/** The fields on the node's panel itself. */
export function generatePanel(language: Language): string {
	return fieldTable(
		generateFields.filter(({ type }) => type !== 'collection'),
		language,
	);
}

/** The fields inside one of the node's two collections. */
export function generateCollection(name: string): (language: Language) => string {
	return (language) => fieldTable(collection(generateFields, name), language);
}

/** These nodes have the options of Generate, but for those that only a new image needs. */
export const taskStatusPanel = panelWithOptions(taskStatusFields);

export const triggerPanel = panelWithOptions(triggerFields);

function panelWithOptions(fields: readonly INodeProperties[]): (language: Language) => string {
	const panel = fields.filter(({ type }) => type !== 'collection');
	return (language) => fieldTable([...panel, ...collection(fields, 'options')], language);
}

export function credentialTable({ translate, label, sentences }: Language): string {
	const credentials: ICredentialType[] = [new EvoLinkApi(), new ApiMartApi(), new ApiInOneApi()];
	return table(
		[translate('Credential'), translate('Field'), translate('Default'), translate('Description')],
		credentials.flatMap(({ displayName, properties }) =>
			properties.map((field, index) => [
				index === 0 ? displayName : '',
				label(field.displayName),
				field.default === '' ? '–' : code(String(field.default)),
				sentences(sentencesOf(field.description ?? '')),
			]),
		),
	);
}

function collection(fields: readonly INodeProperties[], name: string): INodeProperties[] {
	const options = fields.find((field) => field.name === name)?.options ?? [];
	return options.flatMap((option) => ('type' in option ? [option] : []));
}

/** One row for each field of a new node; its definitions differ from model to model. */
function fieldTable(fields: readonly INodeProperties[], language: Language): string {
	const { translate, label } = language;
	return table(
		[translate('Field'), translate('Values'), translate('Description')],
		Object.values(groupBy(fields.filter(isOfNewNodes), 'name')).map((definitions) => [
			lines(
				uniq(definitions.map(({ displayName }) => label(displayName))).join(' / '),
				shownFor(definitions, language),
			),
			values(definitions, language),
			purpose(definitions, language),
		]),
	);
}

// Where a field is shown

function isOfNewNodes(field: INodeProperties): boolean {
	return condition(field, '@version')?.includes(NODE_VERSIONS.at(-1)) ?? true;
}

/** A field inside a collection writes "/provider" for the provider field of the panel. */
function condition({ displayOptions }: INodeProperties, name: string): unknown[] | undefined {
	const { show = {} } = displayOptions ?? {};
	return show[name] ?? show[`/${name}`];
}

function shownFor(definitions: readonly INodeProperties[], language: Language): string {
	return lines(providersOf(definitions, language), ...otherConditions(definitions, language));
}

/** Says for which providers and models there is a definition; nothing where there is for all. */
function providersOf(definitions: readonly INodeProperties[], language: Language): string {
	const { translate, list } = language;
	const isHaving = (provider: string, model: Model) =>
		definitions.some((one) => isOf(one, provider, model));
	const having = namesByProvider(isHaving, language);
	const lacking = namesByProvider((...one) => !isHaving(...one), language);
	if (having.length === 0 || lacking.length === 0) return '';
	return lacking.join().length < having.join().length
		? translate('not for {names}', { names: list(lacking) })
		: translate('only for {names}', { names: list(having) });
}

function isOf(definition: INodeProperties, provider: string, { id }: Model): boolean {
	const isShown = (name: string, value: string) =>
		condition(definition, name)?.includes(value) ?? true;
	const isHidden = definition.displayOptions?.hide?.model?.includes(id) ?? false;
	return isShown('provider', provider) && isShown('model', id) && !isHidden;
}

/** Whether a definition is for all providers and models, but those that have one of their own. */
function isGeneral(definition: INodeProperties): boolean {
	return ['provider', 'model'].every((name) => condition(definition, name) === undefined);
}

/** The providers of some of a field's definitions, with their models where others have another one. */
function namesOf(
	some: readonly INodeProperties[],
	all: readonly INodeProperties[],
	language: Language,
): string[] {
	const isOfAny = (definitions: readonly INodeProperties[]) => (provider: string, model: Model) =>
		definitions.some((one) => isOf(one, provider, model));
	return namesByProvider(isOfAny(some), language, isOfAny(all));
}

/** Fields of the panel that must have a certain value for this one to be shown. */
function otherConditions(
	definitions: readonly INodeProperties[],
	{ translate }: Language,
): string[] {
	const { show = {} } = definitions[0]?.displayOptions ?? {};
	const isByModel = providers.some(({ id, models }) =>
		models.some((model) => definitions.some((one) => isOf(one, id, model))),
	);
	return Object.entries(show).flatMap(([name, wanted]) => {
		if (isByModel && /provider$|model$|^@version$/.test(name)) return [];
		if (name === '@tool') return [translate('as a tool of an AI agent')];
		const fields = generateFields.filter((field) => field.name === name);
		const field = fields[0]?.displayName ?? name;
		const [value] = wanted ?? [];
		if (value === true) return [translate('when {field} is on', { field })];
		const option = fields.flatMap(optionsOf).find((one) => one.value === value);
		return [translate('when {field} is {value}', { field, value: option?.name ?? String(value) })];
	});
}

// What can be put in

function values(definitions: readonly INodeProperties[], language: Language): string {
	const { translate } = language;
	const [first] = definitions;
	if (!first) return '';
	switch (first.type) {
		case 'options': {
			const variants = definitions.map((one) => JSON.stringify(optionsOf(one)));
			if (uniq(variants).length > 1) {
				return lines(
					translate('see the table for the model'),
					...defaultsByProvider(definitions, language),
				);
			}
			return lines(...optionsOf(first).map((option) => optionLine(option, first, language)));
		}
		case 'multiOptions':
			return lines(...optionsOf(first).map((option) => optionLine(option, first, language)));
		case 'boolean':
			return translate(first.default ? 'on or off; on by default' : 'on or off; off by default');
		case 'number':
			return numberRange(first, language);
		case 'json':
			return translate('a JSON object');
		default:
			return first.default === ''
				? translate('text')
				: lines(
						translate('text'),
						translate('default: {value}', { value: code(String(first.default)) }),
					);
	}
}

/** The option that a new node starts with, unless that's the provider's own default. */
function defaultsByProvider(definitions: readonly INodeProperties[], language: Language): string[] {
	const { translate, list } = language;
	const named = definitions.flatMap((one) => {
		const option = optionsOf(one).find(({ value }) => value === one.default);
		return option && option.value !== 'default' ? [{ name: option.name, definition: one }] : [];
	});
	return Object.entries(groupBy(named, 'name')).map(([name, group]) =>
		translate('default for {names}: {value}', {
			names: list(namesOf(map(group, 'definition'), definitions, language)),
			value: bold(name),
		}),
	);
}

function optionsOf(field: INodeProperties): INodePropertyOptions[] {
	return (field.options ?? []).flatMap((option) =>
		'value' in option && 'name' in option ? [option as INodePropertyOptions] : [],
	);
}

/** The value in code is what a column or an expression has to give. */
function optionLine(
	{ name, value, description }: INodePropertyOptions,
	field: INodeProperties,
	{ translate, sentences }: Language,
): string {
	const isDefault = [field.default].flat().some((one) => one === value);
	const shown = isDefault ? translate('{option} (default)', { option: bold(name) }) : name;
	const written = code(String(value));
	if (description === undefined) return `${shown} ${written}`;
	return translate('{option}: {meaning}', {
		option: `${shown} ${written}`,
		meaning: sentences(sentencesOf(description)),
	});
}

function numberRange(field: INodeProperties, { translate }: Language): string {
	const { minValue: min, maxValue: max, numberPrecision } = field.typeOptions ?? {};
	const number =
		numberPrecision === 0 ? 'a whole number, {min} or more' : 'a number, {min} or more';
	const range =
		max === undefined
			? translate(number, { min: min ?? 0 })
			: translate('{min} to {max}', { min: min ?? 0, max });
	return lines(range, translate('default: {value}', { value: code(String(field.default)) }));
}

// What it is for

/** Limits and the providers' names stand in the tables of the models. */
const IS_IN_MODEL_TABLES = /^API parameter: |^(Up to|Exactly) \d+$|\d MB|pixels in total/;

/** What all definitions share comes first, then the rest under the names of those it applies to. */
function purpose(definitions: readonly INodeProperties[], language: Language): string {
	const { translate, sentences, list } = language;
	const all = definitions.map((definition) => ({
		definition,
		sentences: sentencesOf(definition.description ?? ''),
	}));
	const kept = uniq(all.flatMap((one) => one.sentences)).filter(
		(sentence) => !IS_IN_MODEL_TABLES.test(sentence),
	);
	const holders = (sentence: string) =>
		all.flatMap((one) => (one.sentences.includes(sentence) ? [one.definition] : []));
	const isShared = (sentence: string) =>
		holders(sentence).length === all.length || holders(sentence).some(isGeneral);
	const hint = definitions[0]?.hint;
	const shared = [...(hint === undefined ? [] : [hint]), ...kept.filter(isShared)];
	const single = groupBy(
		kept.filter((sentence) => !isShared(sentence)),
		(sentence) => list(namesOf(holders(sentence), definitions, language)),
	);
	return lines(
		sentences(shared),
		...Object.entries(single).map(([where, own]) =>
			translate('{option}: {meaning}', { option: bold(where), meaning: sentences(own) }),
		),
	);
}
