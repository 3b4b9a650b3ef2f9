import fc from 'fast-check';

import {
	parseModelSchema,
	type ModelSchema,
} from '../../../../nodes/Seedream/providers/modelSchema';
import { randomCases } from '../../randomCases';

function parsed(properties: object, rest: object = {}): ModelSchema {
	const schema = parseModelSchema({ type: 'object', properties, ...rest });
	if (schema.kind === 'unreadable') throw new Error(schema.reason);
	return schema.value;
}

const PROMPT = { type: 'string', maxLength: 3000 };

function fieldOf(property: unknown) {
	return parsed({ prompt: PROMPT, size: property }).field('size');
}

describe('a model schema', () => {
	it('has the names of its fields, and the limits of the prompt and the references', () => {
		const schema = parsed(
			{ prompt: PROMPT, image_urls: { type: 'array', maxItems: 10 }, n: { type: 'integer' } },
			{ required: ['prompt', 'image_urls'] },
		);
		expect(schema).toMatchObject({
			names: ['prompt', 'image_urls', 'n'],
			prompt: { isRequired: true, length: { max: 3000 } },
			references: { isRequired: true, items: { max: 10 } },
		});
		expect(schema.field('n')).toMatchObject({ isRequired: false, value: {} });
	});

	it("doesn't have a field that it doesn't list", () => {
		const schema = parsed({ prompt: PROMPT, output: { properties: { format: {} } } });
		expect(schema.references).toBeUndefined();
		expect(schema.field('size')).toBeUndefined();
		expect(schema.field('output.quality')).toBeUndefined();
		expect(schema.field('size.width')).toBeUndefined();
		expect(schema.field('constructor')).toBeUndefined();
	});

	it('has nested fields, also those of an object that lists none', () => {
		const properties = {
			prompt: PROMPT,
			listed: { required: ['mode'], properties: { mode: { enum: ['standard'] } } },
			open: { type: 'object' },
		};
		expect(parsed(properties).field('listed.mode')).toMatchObject({
			isRequired: true,
			options: ['standard'],
		});
		expect(parsed(properties).field('open.mode')).toEqual({
			isRequired: false,
			value: {},
			length: {},
			items: {},
		});
	});

	it.each([
		['nothing', undefined],
		['text', '{"properties":{"prompt":{}}}'],
		['a list', []],
		['no fields', { type: 'object' }],
		['fields without a prompt', { properties: { size: {} } }],
		['fields in a list', { properties: [{ name: 'prompt' }] }],
	])("can't be read from %s", (_what, schema) => {
		expect(parseModelSchema(schema)).toMatchObject({ kind: 'unreadable' });
	});
});

const SEED = 20261126;

const KEYWORDS = ['type', 'enum', 'const', 'minimum', 'maxLength', 'anyOf', 'oneOf', 'properties'];

describe('a field of a model schema', () => {
	it.each<[string, object, string[] | undefined]>([
		['an enum', { type: 'string', enum: ['1K', '2K'] }, ['1K', '2K']],
		['a const', { const: '1K' }, ['1K']],
		[
			'alternatives, null aside',
			{ anyOf: [{ enum: ['1K', '2K', null] }, { const: '2K' }, { type: 'null' }] },
			['1K', '2K'],
		],
		[
			'an alternative that is any text',
			{ oneOf: [{ enum: ['1K'] }, { type: 'string' }] },
			undefined,
		],
		['numbers', { enum: [1, 2] }, undefined],
		['nothing but null', { type: 'null' }, undefined],
		['an enum that is no list', { enum: 'all' }, undefined],
	])('has the options of %s', (_what, property, options) => {
		expect(fieldOf(property)?.options).toEqual(options);
	});

	it.each<[string, object, object]>([
		['a number', { type: 'integer', minimum: 1, maximum: 4 }, { value: { min: 1, max: 4 } }],
		['a number without a type', { maximum: 4 }, { value: { max: 4 } }],
		['a text', { type: 'string', minLength: 3, maxLength: 9 }, { length: { min: 3, max: 9 } }],
		['a list', { type: 'array', minItems: 1, maxItems: 2 }, { items: { min: 1, max: 2 } }],
		['a nullable number', { type: ['integer', 'null'], maximum: 4 }, { value: { max: 4 } }],
		[
			'the widest alternative of its type',
			{
				anyOf: [
					{ type: 'integer', minimum: 1, maximum: 4 },
					{ type: 'number', minimum: 0, maximum: 2 },
					{ type: 'string' },
				],
			},
			{ value: { min: 0, max: 4 } },
		],
		[
			'no limit where an alternative has none',
			{ anyOf: [{ type: 'integer', maximum: 4 }, { type: 'integer' }] },
			{ value: { max: undefined } },
		],
		['a limit that is no number', { type: 'integer', maximum: '4' }, { value: { max: undefined } }],
		['another type', { type: 'string', maximum: 4 }, { value: { max: undefined } }],
		['a property that is no schema', { $ref: '#/$defs/Size' }, { value: {}, length: {} }],
	])('has the range of %s', (_what, property, limits) => {
		expect(fieldOf(property)).toMatchObject(limits);
	});

	it.each([[true], ['2K'], [7], [null], [[]]])(
		'may be anything if its schema is %j',
		(property) => {
			expect(fieldOf(property)).toMatchObject({ options: undefined, value: {}, items: {} });
		},
	);

	it('never throws, whatever its schema is', () => {
		fc.assert(
			fc.property(fc.dictionary(fc.constantFrom(...KEYWORDS), fc.jsonValue()), (property) => {
				const { options = [], value, length, items } = fieldOf(property) ?? {};
				for (const option of options) expect(typeof option).toBe('string');
				for (const range of [value, length, items]) {
					for (const bound of [range?.min, range?.max])
						expect(bound ?? 0).toEqual(expect.any(Number));
				}
			}),
			{ seed: SEED, numRuns: randomCases(2000) },
		);
	});

	it('has its default', () => {
		expect(fieldOf({ enum: ['1K', '2K'], default: '2K' })?.default).toBe('2K');
	});
});
