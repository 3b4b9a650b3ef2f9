import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { expectedImages, requestPrice } from '../../../../nodes/Seedream/request/requestPrice';
import { rawRow } from './rawRow';

/** What a row may cost at most. */

const REFERENCE = 'https://example.com/reference.png';

function requestOf(provider: Provider, fields: Partial<RawRow>) {
	const checked = checkRequest(provider, rawRow(fields));
	if (!checked.ok) throw new Error(checked.problems.join('; '));
	return checked.value;
}

/** In EvoLink's credits, of which 68 are a US dollar. */
const maxCredits = (fields: Partial<RawRow>) =>
	Number(((requestPrice(evoLink, requestOf(evoLink, fields))?.maxUsd ?? NaN) * 68).toFixed(3));

const SEEDREAM_4_5 = 'doubao-seedream-4.5';

it.each<[string, Partial<RawRow>, number]>([
	['an image, at the higher of two list prices', { model: SEEDREAM_4_5 }, 2.25],
	[
		'each image that may be returned',
		{ model: SEEDREAM_4_5, parameters: { imageCount: 3 }, askForCount: true },
		6.75,
	],
	['the number of images in the extra body', { model: SEEDREAM_4_5, extraBody: { n: 4 } }, 9],
	[
		'the quality in the extra body',
		{
			model: 'doubao-seedream-5.0-pro',
			parameters: { resolution: '1K' },
			extraBody: { quality: '2K' },
		},
		4.59,
	],
])('the maximum cost of a row counts %s', (_title, fields, credits) => {
	expect(maxCredits(fields)).toBeCloseTo(credits, 2);
});

it('the maximum cost of layers counts 17 of them, and the reference image', () => {
	const fields = { model: 'doubao-seedream-5.0-pro-layerize', imageUrls: REFERENCE };
	const request = requestOf(evoLink, { ...fields, parameters: { resolution: '1K' } });
	expect(expectedImages(request)).toEqual({ count: 17, isMaximum: true });
	const { maxUsd = NaN } = requestPrice(evoLink, request) ?? {};
	expect(maxUsd * 68).toBeCloseTo(17 * 1.224 + 0.1632, 3);
});

it('the maximum cost of a set of images counts all of them', () => {
	const parameters = { sequentialImageGeneration: 'auto', maxImages: 4 };
	const request = requestOf(apiMart, {
		model: 'seedream-4-0',
		parameters,
		imageUrls: REFERENCE,
	});
	expect(expectedImages(request)).toEqual({ count: 4, isMaximum: true });
});

it('a custom model has no maximum cost', () => {
	const request = requestOf(evoLink, { model: 'custom', customModel: 'seedream-9' });
	expect(requestPrice(evoLink, request)).toBeUndefined();
});
