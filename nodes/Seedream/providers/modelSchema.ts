import { z } from 'zod';

import { isJsonObject } from '../shared/json';
import { parse } from './fieldSchemas';
import type { ParseResult } from './provider';

/**
 * What a provider's JSON schema says about a model's create requests. Only what is understood for
 * certain counts; anything else in the schema is ignored.
 */
export interface ModelSchema {
	/** The names of all fields, without nested ones. */
	names: readonly string[];
	prompt: SchemaField;
	/** The reference images; undefined if the model accepts none. */
	references: SchemaField | undefined;
	/** A dot means a nested object; undefined if the model doesn't have the field. */
	field: (sentAs: string) => SchemaField | undefined;
}

export interface SchemaField {
	isRequired: boolean;
	/** All values, if they are listed and text. */
	options?: readonly string[];
	/** Of a number. */
	value: Range;
	/** Of a text, in characters. */
	length: Range;
	/** Of a list: how many items. */
	items: Range;
	default?: unknown;
}

interface Range {
	min?: number;
	max?: number;
}

const keyword = <T>(schema: z.ZodType<T, z.ZodTypeDef, unknown>) =>
	schema.optional().catch(undefined);

const jsonSchema = z.object({
	type: keyword(z.union([z.string().transform((type) => [type]), z.array(z.string())])),
	enum: keyword(z.array(z.unknown())),
	const: z.unknown(),
	default: z.unknown(),
	minimum: keyword(z.number()),
	maximum: keyword(z.number()),
	minLength: keyword(z.number()),
	maxLength: keyword(z.number()),
	minItems: keyword(z.number()),
	maxItems: keyword(z.number()),
	properties: keyword(z.record(z.unknown())),
	required: keyword(z.array(z.string())),
	anyOf: keyword(z.array(z.unknown())),
	oneOf: keyword(z.array(z.unknown())),
});

type JsonSchema = z.infer<typeof jsonSchema>;

const PROMPT = 'prompt';
const REFERENCES = 'image_urls';

const modelSchema = z
	.record(z.unknown())
	.refine((schema) => nested(schema, PROMPT), `it has no ${PROMPT}`)
	.transform((schema): ModelSchema => ({
		names: Object.keys(readSchema(schema).properties ?? {}),
		prompt: findField(schema, [PROMPT]) ?? UNKNOWN_FIELD,
		references: findField(schema, [REFERENCES]),
		field: (sentAs) => findField(schema, sentAs.split('.')),
	}));

export function parseModelSchema(schema: unknown): ParseResult<ModelSchema> {
	return parse(modelSchema, schema);
}

const UNKNOWN_FIELD: SchemaField = { isRequired: false, value: {}, length: {}, items: {} };

function findField(schema: unknown, [name, ...rest]: readonly string[]): SchemaField | undefined {
	if (name === undefined) return undefined;
	const { properties, required } = readSchema(schema);
	// An object that doesn't list its fields may have any.
	if (!properties) return UNKNOWN_FIELD;
	const property = nested(schema, name);
	if (property === undefined) return undefined;
	if (rest.length > 0) return findField(property, rest);
	return readField(property, required?.includes(name) ?? false);
}

function nested(schema: unknown, name: string): unknown {
	const { properties = {} } = readSchema(schema);
	return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function readSchema(schema: unknown): JsonSchema {
	return jsonSchema.parse(isJsonObject(schema) ? schema : {});
}

function readField(property: unknown, isRequired: boolean): SchemaField {
	const variants = variantsOf(property);
	return {
		isRequired,
		options: optionsOf(variants),
		value: rangeOf(variants, ['integer', 'number'], 'minimum', 'maximum'),
		length: rangeOf(variants, ['string'], 'minLength', 'maxLength'),
		items: rangeOf(variants, ['array'], 'minItems', 'maxItems'),
		default: readSchema(property).default,
	};
}

/** The alternatives that a value may match; nothing is ever sent as null. */
function variantsOf(property: unknown): JsonSchema[] {
	const { anyOf = [], oneOf = [], ...own } = readSchema(property);
	const alternatives = [...anyOf, ...oneOf].map((other) => ({ ...own, ...readSchema(other) }));
	const variants = alternatives.length > 0 ? alternatives : [own];
	return variants.filter(({ type }) => !type?.every((name) => name === 'null'));
}

function optionsOf(variants: readonly JsonSchema[]): string[] | undefined {
	const values = variants
		.flatMap(({ enum: listed, const: only }): unknown[] => listed ?? [only])
		.filter((value) => value !== null);
	const isText = (value: unknown): value is string => typeof value === 'string';
	return values.length > 0 && values.every(isText) ? [...new Set(values)] : undefined;
}

/** The widest range of the variants with one of these types. */
function rangeOf(
	variants: readonly JsonSchema[],
	types: readonly string[],
	min: 'minimum' | 'minLength' | 'minItems',
	max: 'maximum' | 'maxLength' | 'maxItems',
): Range {
	const typed = variants.filter(({ type }) => type?.some((name) => types.includes(name)) ?? true);
	const bound = (key: typeof min | typeof max, widest: (...bounds: number[]) => number) => {
		const bounds = typed.flatMap((variant) => variant[key] ?? []);
		return bounds.length > 0 && bounds.length === typed.length ? widest(...bounds) : undefined;
	};
	return { min: bound(min, Math.min), max: bound(max, Math.max) };
}
