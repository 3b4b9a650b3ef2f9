import { findProvider } from '../../../../nodes/Seedream/providers';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { expectedImages } from '../../../../nodes/Seedream/request/requestPrice';
import { rawRow } from './rawRow';

const REFERENCE = 'https://example.com/1.png';
const EVOLINK_45 = 'doubao-seedream-4.5';
const APIMART_45 = 'seedream-4-5';
const AUTO = { sequentialImageGeneration: 'auto' };

describe('the number of images to expect', () => {
	it.each<[string, Partial<RawRow>, count: number, isMaximum: boolean]>([
		['evoLink', { model: EVOLINK_45 }, 1, false],
		['evoLink', { model: EVOLINK_45, parameters: { imageCount: 3 } }, 3, false],
		['evoLink', { model: EVOLINK_45, extraBody: { n: 5 } }, 5, false],
		['evoLink', { model: 'doubao-seedream-5.0-flash-layerize', imageUrls: REFERENCE }, 17, true],
		['apiMart', { model: APIMART_45, imageUrls: REFERENCE, parameters: AUTO }, 15, true],
		[
			'apiMart',
			{ model: APIMART_45, imageUrls: REFERENCE, parameters: { ...AUTO, maxImages: 4 } },
			4,
			true,
		],
		['apiInOne', { model: 'auto' }, 1, false],
	])('at %s, %j makes %i (at most: %s)', (id, fields, count, isMaximum) => {
		const provider = findProvider(id);
		const checked = provider && checkRequest(provider, rawRow(fields));
		if (!checked?.ok) throw new Error(checked?.problems.join());
		expect(expectedImages(checked.value)).toEqual({ count, isMaximum });
	});
});
