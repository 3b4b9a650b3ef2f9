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
])('a custom model of %s', (_id, provider) => {
	const model = customModel(provider, 'seedream-9');

	it('is sent with the entered ID and has no price', () => {
		expect(model).toMatchObject({ id: 'seedream-9', aliases: [], label: 'seedream-9', rules: [] });
		expect(model.creditsPerImage).toBeUndefined();
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
			if (parameter.kind === 'choice') expect(parameter.options).toContain(parameter.default);
			else expect(parameter.sentAs).not.toBe('');
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
