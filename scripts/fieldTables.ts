import type { ICredentialType, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import groupBy from 'lodash/groupBy';
import uniq from 'lodash/uniq';

import { ApiInOneApi } from '../credentials/ApiInOneApi.credentials';
import { ApiMartApi } from '../credentials/ApiMartApi.credentials';
import { EvoLinkApi } from '../credentials/EvoLinkApi.credentials';
import { generateFields } from '../nodes/Seedream/fields/generateFields';
import { taskStatusFields } from '../nodes/Seedream/fields/taskStatusFields';
import { providers } from '../nodes/Seedream/providers';
import { sentencesOf, type Language } from './language';
import { bold, code, lines, table } from './markdown';

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

/** Task Status has the options of Generate, but for those that only a new image needs. */
export function taskStatusPanel(language: Language): string {
	const fields = taskStatusFields.filter(({ type }) => type !== 'collection');
	return fieldTable([...fields, ...collection(taskStatusFields, 'options')], language);
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

/** One row for each field; its definitions differ from model to model. */
function fieldTable(fields: readonly INodeProperties[], language: Language): string {
	const { translate, label } = language;
	return table(
		[translate('Field'), translate('Values'), translate('Description')],
		Object.values(groupBy(fields, 'name')).map((definitions) => [
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

/** A field inside a collection writes "/provider" for the provider field of the panel. */
function condition({ displayOptions }: INodeProperties, name: string): unknown[] | undefined {
	const { show = {} } = displayOptions ?? {};
	return show[name] ?? show[`/${name}`];
}

function shownFor(definitions: readonly INodeProperties[], language: Language): string {
	return lines(providersOf(definitions, language), ...otherConditions(definitions[0], language));
}

/** Says for which providers and models there is a definition; nothing where there is for all. */
function providersOf(
	definitions: readonly INodeProperties[],
	{ translate, list }: Language,
): string {
	if (definitions.some((definition) => condition(definition, 'provider') === undefined)) return '';
	const having = providers.filter(({ id }) => definitions.some((one) => isOf(one, id)));
	const lacking = having.flatMap((provider) =>
		provider.models
			.filter(({ id }) => !definitions.some((one) => isOf(one, provider.id, id)))
			.map((model) => `${provider.label} ${model.label}`),
	);
	return lines(
		having.length === providers.length
			? ''
			: translate('only for {names}', { names: list(having.map(({ label }) => label)) }),
		lacking.length === 0 ? '' : translate('not for {names}', { names: list(lacking) }),
	);
}

function isOf(definition: INodeProperties, provider: string, model?: string): boolean {
	const models = condition(definition, 'model');
	return (
		condition(definition, 'provider')?.includes(provider) === true &&
		(model === undefined || models === undefined || models.includes(model))
	);
}

/** "EvoLink", or "EvoLink Seedream 4.0" where the definition is for some models only. */
function whereOf(definition: INodeProperties): string[] {
	return providers.flatMap(({ id, label, models }) => {
		if (!isOf(definition, id)) return [];
		if (condition(definition, 'model') === undefined) return [label];
		return models
			.filter((model) => isOf(definition, id, model.id))
			.map((one) => `${label} ${one.label}`);
	});
}

/** Fields of the panel that must have a certain value for this one to be shown. */
function otherConditions(
	definition: INodeProperties | undefined,
	{ translate }: Language,
): string[] {
	const { show = {} } = definition?.displayOptions ?? {};
	const isByProvider = Object.keys(show).some((name) => name.endsWith('provider'));
	return Object.entries(show).flatMap(([name, wanted]) => {
		if (isByProvider && /provider$|model$/.test(name)) return [];
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
			if (uniq(variants).length > 1) return translate('see the table for the model');
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
const IS_IN_MODEL_TABLES = /^API parameter: |^Up to \d+$|\d MB|pixels in total/;

/** What all definitions share comes first, then the rest under the names of those it applies to. */
function purpose(
	definitions: readonly INodeProperties[],
	{ translate, sentences, list }: Language,
): string {
	const all = definitions.map((definition) => ({
		where: whereOf(definition),
		sentences: sentencesOf(definition.description ?? ''),
	}));
	const kept = uniq(all.flatMap((one) => one.sentences)).filter(
		(sentence) => !IS_IN_MODEL_TABLES.test(sentence),
	);
	const isShared = (sentence: string) => all.every((one) => one.sentences.includes(sentence));
	const hint = definitions[0]?.hint;
	const shared = [...(hint === undefined ? [] : [hint]), ...kept.filter(isShared)];
	const single = groupBy(
		kept.filter((sentence) => !isShared(sentence)),
		(sentence) => {
			const holders = all.filter((one) => one.sentences.includes(sentence));
			return list(uniq(holders.flatMap(({ where }) => where)));
		},
	);
	return lines(
		sentences(shared),
		...Object.entries(single).map(([where, own]) =>
			translate('{option}: {meaning}', { option: bold(where), meaning: sentences(own) }),
		),
	);
}
