import { providers } from '../../../../nodes/Seedream/providers';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { customModel } from '../../../../nodes/Seedream/providers/customModel';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { parseModelSchema } from '../../../../nodes/Seedream/providers/modelSchema';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { rawRow } from '../request/rawRow';

describe.each([
	['evoLink', evoLink],
	['apiMart', apiMart],
	['apiInOne', apiInOne],
])('a custom model of %s', (_id, provider) => {
	const model = customModel(provider, 'seedream-9');

	it('is sent with the entered ID and has no price', () => {
		expect(model).toMatchObject({ id: 'seedream-9', aliases: [], label: 'seedream-9', rules: [] });
		expect(model.price).toBeUndefined();
	});

	it('has the parameters of all models of the provider', () => {
		const known = provider.models.flatMap(({ parameters }) => Object.keys(parameters));
		expect(Object.keys(model.parameters).sort()).toEqual([...new Set(known)].sort());
	});

	it('has the options of all models, each once', () => {
		for (const [name, parameter] of Object.entries(model.parameters)) {
			if (parameter.kind !== 'choice') continue;
			const union = provider.models.flatMap(({ parameters }) =>
				Object.entries(parameters).flatMap(([other, its]) =>
					other === name && its.kind === 'choice' ? its.options : [],
				),
			);
			expect([...parameter.options].sort()).toEqual([...new Set(union)].sort());
		}
	});

	it('accepts what only known limits could reject', () => {
		const references = Array.from({ length: 40 }, (_, n) => `https://example.com/${n}.png`);
		const raw = rawRow({
			model: 'custom',
			customModel: ' seedream-9 ',
			prompt: 'x'.repeat(100_000),
			imageUrls: references,
			parameters: { aspectRatio: '7:3', resolution: '8K' },
		});
		expect(checkRequest(provider, raw)).toMatchObject({
			ok: true,
			value: {
				modelId: 'seedream-9',
				references: references.map((url) => ({ kind: 'link', url })),
				values: { aspectRatio: '7:3', resolution: '8K' },
			},
		});
	});

	it('accepts a data URI', () => {
		const uri = 'data:image/png;base64,iVBORw0KGgo=';
		const raw = rawRow({ model: 'custom', customModel: 'seedream-9', imageUrls: uri });
		expect(checkRequest(provider, raw)).toMatchObject({
			ok: true,
			value: { references: [{ kind: 'link', url: uri }] },
		});
	});

	it.each<[string, object, string]>([
		['no prompt', { prompt: ' ' }, "'Prompt' is empty"],
		[
			'a reference that is not a link',
			{ imageUrls: 'cat.png' },
			`'Reference Image URLs' contains "cat.png", which isn't a link that starts with http:// or https://`,
		],
		['no ID', { customModel: '  ' }, "'Custom Model' is empty. Enter the model's ID"],
	])('is rejected with %s', (_what, fields, problem) => {
		const raw = rawRow({ model: 'custom', customModel: 'seedream-9', ...fields });
		expect(checkRequest(provider, raw)).toEqual({ ok: false, problems: [problem] });
	});
});

it.each(providers.flatMap((provider) => [...provider.models, customModel(provider, 'x')]))(
	'the default of each choice of $label is one of its options',
	({ parameters }) => {
		for (const parameter of Object.values(parameters)) {
			if (parameter.kind === 'choice') {
				expect([undefined, ...parameter.options]).toContain(parameter.default);
			}
			expect(parameter.sentAs).not.toBe('');
		}
	},
);

it('a custom model accepts any number of images', () => {
	const raw = rawRow({ model: 'custom', customModel: 'x', parameters: { imageCount: 99 } });
	expect(checkRequest(evoLink, raw)).toMatchObject({
		ok: true,
		value: { values: { imageCount: 99 } },
	});
});

it.each(['100x100', '9000x9000', '9000x10'])('a custom model accepts the size %s', (size) => {
	const raw = rawRow({ model: 'custom', customModel: 'x', parameters: { aspectRatio: size } });
	expect(checkRequest(evoLink, raw)).toMatchObject({
		ok: true,
		value: { values: { aspectRatio: size } },
	});
});

it('a custom model accepts a prompt of two characters', () => {
	const raw = rawRow({ model: 'custom', customModel: 'x', prompt: 'ox' });
	expect(checkRequest(apiInOne, raw)).toMatchObject({ ok: true, value: { prompt: 'ox' } });
});

describe('a custom model with a schema', () => {
	const SCHEMA = {
		required: ['model', 'prompt'],
		properties: {
			model: { type: 'string' },
			prompt: { type: 'string', maxLength: 20 },
			size: { type: 'string', enum: ['1:1', '7:3'], default: '7:3' },
			resolution: { type: 'string' },
			n: { type: 'integer', minimum: 1, maximum: 4, default: 2 },
			image_urls: { type: 'array', maxItems: 2 },
			optimize_prompt_options: { properties: { mode: { enum: ['fast'] } } },
			watermark: { type: 'boolean' },
			webhook: { type: 'string', maxLength: 30 },
		},
	};

	function check(fields: Partial<RawRow>, schema: object = SCHEMA) {
		const parsed = parseModelSchema(schema);
		const raw = rawRow({ model: 'custom', customModel: 'x', prompt: 'A lake', ...fields });
		return checkRequest(
			apiMart,
			raw,
			'internet',
			parsed.kind === 'parsed' ? parsed.value : undefined,
		);
	}

	const links = (count: number) =>
		Array.from({ length: count }, (_, n) => `https://example.com/${n}.png`);

	it.each<[string, Partial<RawRow>, string]>([
		[
			'a prompt that is too long',
			{ prompt: 'x'.repeat(21) },
			"'Prompt' is 21 characters long (maximum 20)",
		],
		[
			'too many references',
			{ imageUrls: links(3) },
			"'Reference Image URLs' contains 3 images, but x accepts at most 2",
		],
		[
			'another option',
			{ parameters: { aspectRatio: '16:9' } },
			`'Aspect Ratio' is "16:9" but must be one of 1:1, 7:3`,
		],
		[
			'another nested option',
			{ parameters: { promptOptimization: 'standard' } },
			`'Prompt Optimization' is "standard" but must be fast`,
		],
		[
			'too many images',
			{ parameters: { imageCount: 5 } },
			`'Number of Images' is "5" but must be a whole number from 1 to 4`,
		],
		[
			'a callback URL that is too long',
			{ parameters: { callbackUrl: `https://example.com/${'x'.repeat(20)}` } },
			"'Callback URL' is 40 characters long (maximum 30)",
		],
		[
			"a parameter that the schema doesn't have",
			{ parameters: { background: 'transparent' } },
			"'Background' isn't available for APIMart x",
		],
	])('is rejected with %s', (_what, fields, problem) => {
		expect(check(fields)).toEqual({ ok: false, problems: [problem] });
	});

	it('accepts everything within its limits, and what the schema leaves open', () => {
		const parameters = {
			aspectRatio: '7/3',
			resolution: '8K',
			promptOptimization: 'Fast',
			watermark: true,
			background: 'default',
		};
		const uri = 'data:image/png;base64,iVBORw0KGgo=';
		expect(check({ imageUrls: [uri], parameters })).toMatchObject({
			ok: true,
			value: {
				references: [{ url: uri }],
				values: {
					aspectRatio: '7:3',
					resolution: '8K',
					promptOptimization: 'fast',
					watermark: true,
				},
			},
		});
	});

	it("doesn't send the default of the schema, but any other number", () => {
		expect(check({ parameters: { imageCount: 2 } })).toMatchObject({ value: { values: {} } });
		expect(check({ parameters: { imageCount: 1 } })).toMatchObject({
			value: { values: { imageCount: 1 } },
		});
	});

	it('needs the references that the schema requires, and accepts none if it has none', () => {
		const { image_urls: references, ...properties } = SCHEMA.properties;
		const required = {
			required: ['image_urls'],
			properties: { ...properties, image_urls: references },
		};
		expect(check({}, required)).toMatchObject({
			problems: ["'Reference Image URLs' must contain at least 1 reference image for x"],
		});
		expect(check({ imageUrls: links(1) }, { properties })).toMatchObject({
			problems: [
				"'Reference Image URLs' can't be used with x, which doesn't accept reference images",
			],
		});
	});

	it('still needs a prompt', () => {
		expect(check({ prompt: '' }, { ...SCHEMA, required: [] })).toMatchObject({
			problems: ["'Prompt' is empty"],
		});
	});
});
