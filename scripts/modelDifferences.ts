import { sortBy, uniq } from 'lodash';

import { findModel } from '../nodes/Seedream/providers';
import type { ModelSchema, SchemaField } from '../nodes/Seedream/providers/modelSchema';
import { taskPrice } from '../nodes/Seedream/providers/price';
import type { Model, Parameter, Provider } from '../nodes/Seedream/providers/provider';
import { formatNumber } from '../nodes/Seedream/shared/format';
import type { PriceComponent } from '../nodes/Seedream/providers/pricingRules';

/** How what a provider sells differs from its table. */

export function newIds(provider: Provider, listed: readonly string[]): string[] {
	return listed.filter((id) => !findModel(provider, id));
}

/** A model is also listed if only one of its aliases is. */
export function isListed({ id, aliases }: Model, listed: readonly string[]): boolean {
	return [id, ...aliases].some((name) => listed.includes(name));
}

const COMPONENT_LABELS: Record<string, string> = {
	image: 'image',
	reference_image: 'reference image',
	web_search: 'web search',
	input_image: 'input image',
};

function componentLabel(name: string): string {
	return COMPONENT_LABELS[name] ?? name;
}

export function describePrices(components: readonly PriceComponent[]): string {
	return components
		.map(({ name, credits, resolutions }) => {
			const which = resolutions ? ` at ${resolutions.join(', ')}` : '';
			return `${credits} credits per ${componentLabel(name)}${which}`;
		})
		.join('; ');
}

export function priceDifferences(model: Model, components: readonly PriceComponent[]): string[] {
	const known = components.filter(({ conditions }) => Object.keys(conditions).length === 0);
	const names = uniq([...Object.keys(COMPONENT_LABELS), ...known.map(({ name }) => name)]);
	return names.flatMap((name) => {
		const listed = known.filter((component) => component.name === name);
		if (name === 'image') return imagePriceDifferences(model, listed);
		return change(`price per ${componentLabel(name)}`, tablePrice(model, name), listed[0]?.credits);
	});
}

/** Prices with conditions that the table doesn't have. */
export function incomparablePrices(components: readonly PriceComponent[]): PriceComponent[] {
	return components.filter(({ conditions }) => Object.keys(conditions).length > 0);
}

function tablePrice({ price }: Model, name: string): number | undefined {
	switch (name) {
		case 'reference_image':
			return price?.perReference;
		case 'web_search':
			return price?.perWebSearch;
		case 'input_image':
			return price?.perTask;
		default:
			return undefined;
	}
}

/** One line for all resolutions with the same difference. */
function imagePriceDifferences(model: Model, listed: readonly PriceComponent[]): string[] {
	const known = resolutionsOf(model);
	const all = uniq([...known, ...listed.flatMap(({ resolutions }) => resolutions ?? [])]);
	const prices = all.map((resolution) => ({
		resolution,
		ours: known.includes(resolution) ? imagePrice(model, resolution) : undefined,
		theirs: listed.find(({ resolutions }) => resolutions?.includes(resolution) ?? true)?.credits,
	}));
	const changes = prices.filter(({ ours, theirs }) => !isSame(ours, theirs));
	const pairs = uniq(changes.map(({ ours, theirs }) => `${ours} ${theirs}`));
	return pairs.flatMap((pair) => {
		const same = changes.filter(({ ours, theirs }) => `${ours} ${theirs}` === pair);
		const which =
			same.length === all.length
				? ''
				: ` at ${same.map(({ resolution }) => resolution).join(', ')}`;
		return change(`price per image${which}`, same[0]?.ours, same[0]?.theirs);
	});
}

/** "auto" isn't a resolution with a price of its own. */
function resolutionsOf({ parameters: { resolution } }: Model): string[] {
	return resolution?.kind === 'choice'
		? resolution.options.filter((option) => option !== 'auto')
		: [];
}

function imagePrice(model: Model, resolution: string): number | undefined {
	return taskPrice(model, { resolution, references: 0, webSearch: false })?.perImage;
}

function change(what: string, ours: number | undefined, theirs: number | undefined): string[] {
	if (isSame(ours, theirs)) return [];
	const [before, after] = [ours ?? 'none', theirs ?? 'none'];
	return [
		theirs === undefined
			? `${what} ${before} credits → ${after}`
			: `${what} ${before} → ${after} credits`,
	];
}

function isSame(ours: number | undefined, theirs: number | undefined): boolean {
	return ours === theirs || Math.abs((ours ?? NaN) - (theirs ?? NaN)) < 1e-9;
}

const MAX_ROUNDING = 0.01;

/** How many credits a US dollar is by the price list, if the provider's table says something else. */
export function otherCreditsPerUsd(
	{ priceList: { creditsPerUsd } }: Provider,
	components: readonly PriceComponent[],
): number | undefined {
	// The highest price is the most exact one.
	const [highest] = sortBy(components, ({ credits }) => -credits);
	if (!highest?.usd) return undefined;
	const listed = highest.credits / highest.usd;
	return Math.abs(listed / creditsPerUsd - 1) > MAX_ROUNDING
		? Number(listed.toPrecision(3))
		: undefined;
}

/** What the package sets by itself, besides the parameters of the model. */
const OWN_FIELDS = ['model', 'prompt', 'image_urls'];

export function describeSchema(schema: ModelSchema): string {
	return schema.names
		.flatMap((name) => {
			const field = schema.field(name);
			const limits = name === 'model' ? undefined : field && limitsOf(field);
			return limits === undefined ? [] : [`${name} ${limits}`];
		})
		.join('; ');
}

function limitsOf({ options, value, length, items }: SchemaField): string | undefined {
	if (options) return options.join(', ');
	if (value.max !== undefined) return `${value.min ?? 0} to ${formatNumber(value.max)}`;
	if (length.max !== undefined) return `up to ${formatNumber(length.max)} characters`;
	return items.max === undefined ? undefined : `up to ${items.max}`;
}

/** Only what the schema states is compared. */
export function limitDifferences(model: Model, schema: ModelSchema): string[] {
	const { prompt, references } = schema;
	const parameters = Object.values(model.parameters);
	const known = [...OWN_FIELDS, ...parameters.map(({ sentAs }) => sentAs.split('.')[0])];
	const added = schema.names.filter((name) => !known.includes(name) && isChoice(schema, name));
	return [
		...limitChange('prompt characters', model.prompt.max, prompt.length.max),
		...limitChange('references', model.references.max, references ? references.items.max : 0),
		...parameters.flatMap((parameter) => parameterDifferences(parameter, schema)),
		...added.map((name) => `new parameter ${name}`),
	];
}

/** A parameter with a single value isn't one: APIMart has `n` for models that make one image. */
function isChoice(schema: ModelSchema, name: string): boolean {
	const { options, value } = schema.field(name) ?? {};
	return options?.length !== 1 && (value?.min === undefined || value.min !== value.max);
}

function parameterDifferences(parameter: Parameter, schema: ModelSchema): string[] {
	const { sentAs } = parameter;
	const field = schema.field(sentAs);
	if (!field) return [`${sentAs} is gone`];
	switch (parameter.kind) {
		case 'choice':
			return [
				...limitChange(sentAs, list(parameter.options), field.options && list(field.options)),
				...limitChange(`default of ${sentAs}`, parameter.default, text(field.default)),
			];
		case 'integer':
			return [
				...limitChange(`minimum of ${sentAs}`, parameter.min, field.value.min),
				...limitChange(`maximum of ${sentAs}`, parameter.max, field.value.max),
				...limitChange(`default of ${sentAs}`, parameter.default, text(field.default)),
			];
		case 'boolean':
			return limitChange(`default of ${sentAs}`, parameter.default, text(field.default));
		case 'callback':
			return limitChange(`${sentAs} characters`, parameter.maxLength, field.length.max);
	}
}

/** The order of the options means nothing. */
function list(options: readonly string[]): string {
	return [...options].sort().join(', ');
}

function text(value: unknown): string | undefined {
	return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

type Limit = string | number | boolean | undefined;

function limitChange(what: string, ours: Limit, theirs: Limit): string[] {
	if (theirs === undefined || String(ours) === String(theirs)) return [];
	return [`${what} ${describeLimit(ours)} → ${describeLimit(theirs)}`];
}

function describeLimit(limit: Limit): string {
	if (limit === undefined || limit === Infinity) return 'none';
	return typeof limit === 'number' ? formatNumber(limit) : String(limit);
}
