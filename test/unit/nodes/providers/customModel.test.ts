import { providers } from '../../../../nodes/Seedream/providers';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { customModel } from '../../../../nodes/Seedream/providers/customModel';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { checkRequest } from '../../../../nodes/Seedream/request/checkRequest';
import { rawRow } from '../request/rawRow';

describe.each([
	['evoLink', evoLink],
	['apiMart', apiMart],
	['apiInOne', apiInOne],
])('a model of %s typed by hand', (_id, provider) => {
	const model = customModel(provider, 'seedream-9');

	it('is sent under the id that was typed, and has no price', () => {
		expect(model).toMatchObject({ id: 'seedream-9', aliases: [], label: 'seedream-9', rules: [] });
		expect(model.creditsPerImage).toBeUndefined();
	});

	it('knows every parameter that a model of the provider knows', () => {
		const known = provider.models.flatMap(({ parameters }) => Object.keys(parameters));
		expect(Object.keys(model.parameters).sort()).toEqual([...new Set(known)].sort());
	});

	it('shows the options of all models, each once', () => {
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

	it('takes what only a table of limits could refuse', () => {
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

	it('takes a data URI, which some providers know', () => {
		const uri = 'data:image/png;base64,iVBORw0KGgo=';
		const raw = rawRow({ model: 'custom', customModel: 'seedream-9', imageUrls: uri });
		expect(checkRequest(provider, raw)).toMatchObject({
			ok: true,
			value: { references: [{ kind: 'link', url: uri }] },
		});
	});

	it.each<[string, object, string]>([
		['no prompt', { prompt: ' ' }, 'Prompt: is empty'],
		[
			'a reference that is no link',
			{ imageUrls: 'cat.png' },
			'Reference Image URLs: "cat.png" is not a link that starts with http:// or https://',
		],
		['no id', { customModel: '  ' }, 'Model: type the model into Custom Model'],
	])('is refused with %s', (_what, fields, problem) => {
		const raw = rawRow({ model: 'custom', customModel: 'seedream-9', ...fields });
		expect(checkRequest(provider, raw)).toEqual({ ok: false, problems: [problem] });
	});
});

it.each(providers.flatMap((provider) => [...provider.models, customModel(provider, 'x')]))(
	'the default of each choice of $label is one of its options',
	({ parameters }) => {
		for (const parameter of Object.values(parameters)) {
			if (parameter.kind === 'choice') expect(parameter.options).toContain(parameter.default);
			else expect(parameter.sentAs).not.toBe('');
		}
	},
);

it('takes any number of images from a model typed by hand', () => {
	const raw = rawRow({ model: 'custom', customModel: 'x', parameters: { imageCount: 99 } });
	expect(checkRequest(evoLink, raw)).toMatchObject({
		ok: true,
		value: { values: { imageCount: 99 } },
	});
});

it.each(['100x100', '9000x9000', '9000x10'])(
	'takes the size %s for a model typed by hand',
	(size) => {
		const raw = rawRow({ model: 'custom', customModel: 'x', parameters: { aspectRatio: size } });
		expect(checkRequest(evoLink, raw)).toMatchObject({
			ok: true,
			value: { values: { aspectRatio: size } },
		});
	},
);

it('takes a prompt of two letters for a model typed by hand, whose least is not known', () => {
	const raw = rawRow({ model: 'custom', customModel: 'x', prompt: 'ox' });
	expect(checkRequest(apiInOne, raw)).toMatchObject({ ok: true, value: { prompt: 'ox' } });
});
