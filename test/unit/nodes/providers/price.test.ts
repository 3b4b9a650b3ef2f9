import { findProvider } from '../../../../nodes/Seedream/providers';
import { customModel } from '../../../../nodes/Seedream/providers/customModel';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { estimatedCost, taskPrice } from '../../../../nodes/Seedream/providers/price';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { requestFingerprint } from '../../../../nodes/Seedream/request/requestFingerprint';
import { rawRow } from '../request/rawRow';

type Parameters = RawRow['parameters'];

const LITE = 'doubao-seedream-5.0-lite';
const FLASH = 'doubao-seedream-5.0-flash';
const PRO = 'doubao-seedream-5.0-pro';
const FLASH_LAYERS = 'doubao-seedream-5.0-flash-layerize';
const PRO_LAYERS = 'doubao-seedream-5.0-pro-layerize';

function links(count: number): string[] {
	return Array.from({ length: count }, (_, n) => `https://example.com/${n}.png`);
}

function providerOf(id: string): Provider {
	const provider = findProvider(id);
	if (!provider) throw new Error(id);
	return provider;
}

/** The list price of a row, in the unit of the provider's price list. */
function priceOf(
	providerId: string,
	model: string,
	{ parameters = {}, references = 0 }: { parameters?: Parameters; references?: number } = {},
) {
	const provider = providerOf(providerId);
	const checked = checkRequest(
		provider,
		rawRow({ model, parameters, imageUrls: links(references) }),
	);
	if (!checked.ok) throw new Error(checked.problems.join('; '));
	const { price } = requestFingerprint(provider, checked.value).input;
	if (!price) throw new Error(`${model} has no price`);
	return price;
}

describe('the list price of an image', () => {
	// docs.evolink.ai, docs.apimart.ai and apiin.one, October 2026.
	it.each<[provider: string, model: string, resolution: string | undefined, amount: number]>([
		['evoLink', 'doubao-seedream-4.5', '2K', 2.04],
		['evoLink', 'doubao-seedream-4.5', '4K', 2.04],
		['evoLink', 'doubao-seedream-4.0', '1K', 1.53],
		['evoLink', 'doubao-seedream-4.0', '4K', 1.53],
		['evoLink', LITE, undefined, 1.904],
		['evoLink', LITE, '3K', 1.904],
		['evoLink', LITE, '4K', 1.904],
		['evoLink', FLASH, undefined, 1.1016],
		['evoLink', FLASH, '2K', 1.1016],
		['evoLink', PRO, undefined, 2.295],
		['evoLink', PRO, '1K', 2.295],
		['evoLink', PRO, '1.5K', 2.295],
		['evoLink', PRO, '2K', 4.59],
		['apiMart', 'doubao-seedance-4-5', undefined, 0.026],
		['apiMart', 'doubao-seedance-4-5', '4K', 0.026],
		['apiMart', 'seedream-4-0', '1K', 0.0195],
		['apiMart', 'seedream-5-0-lite', '3K', 0.028],
		['apiMart', 'seedream-5-0-flash', undefined, 0.0137],
		['apiMart', 'seedream-5-0-flash', '2K', 0.0137],
		['apiMart', 'seedream-5-0-pro', undefined, 0.02925],
		['apiMart', 'seedream-5-0-pro', '1.5K', 0.02925],
		['apiMart', 'seedream-5-0-pro', '2K', 0.0585],
		['apiInOne', 'seedream/4.5-text-to-image', undefined, 12],
		['apiInOne', 'seedream/4.5-text-to-image', 'high', 12],
	])('at %s of %s in %s is %s', (provider, model, resolution, amount) => {
		const parameters = { resolution };
		expect(priceOf(provider, model, { parameters })).toMatchObject({
			perTask: 0,
			perImage: amount,
		});
	});

	it.each<[provider: string, model: string, resolution: string | undefined, price: object]>([
		['evoLink', FLASH_LAYERS, undefined, { perTask: 0, perImage: 1.1016 }],
		['evoLink', FLASH_LAYERS, '2K', { perTask: 0, perImage: 1.1016 }],
		['evoLink', PRO_LAYERS, '1K', { perTask: 0.1632, perImage: 1.224 }],
		['evoLink', PRO_LAYERS, '1.5K', { perTask: 0.1632, perImage: 1.224 }],
		['evoLink', PRO_LAYERS, '2K', { perTask: 0.1632, perImage: 2.448 }],
		// Only the response tells which resolution the model chose.
		['evoLink', PRO_LAYERS, undefined, { perTask: 0.1632, perImage: 2.448 }],
		['evoLink', PRO_LAYERS, 'auto', { perTask: 0.1632, perImage: 2.448 }],
		['apiInOne', 'seedream/4.5-edit', 'basic', { perTask: 0, perImage: 12 }],
	])('at %s of %s with a reference in %s is %j', (provider, model, resolution, price) => {
		expect(priceOf(provider, model, { parameters: { resolution }, references: 1 })).toMatchObject(
			price,
		);
	});

	// 1615 × 1616 pixels are 2,609,840, and 1616 × 1616 are 2,611,456.
	it.each<[model: string, size: string, resolution: string | undefined, amount: number]>([
		[PRO, '1615x1616', undefined, 2.295],
		[PRO, '1616x1616', undefined, 4.59],
		[PRO, '1616×1616', '1.5K', 4.59],
		[PRO, '1280x720', '2K', 4.59],
		[FLASH, '2048x2048', '1K', 1.1016],
		[LITE, '4096x4096', undefined, 1.904],
	])(
		'of EvoLink %s depends on its pixels only above 2.61 megapixels: %s in %s',
		(model, size, resolution, amount) => {
			const parameters = { aspectRatio: size, resolution };
			expect(priceOf('evoLink', model, { parameters })).toMatchObject({
				perTask: 0,
				perImage: amount,
			});
		},
	);
});

it.each<[model: string, amount: number, maximum: number]>([
	// EvoLink's own pages state both; the other models have one price.
	['doubao-seedream-4.5', 2.04, 2.25],
	['doubao-seedream-4.0', 1.53, 1.6],
	[LITE, 1.904, 1.904],
	[PRO, 2.295, 2.295],
])(
	'the price of an image of EvoLink %s is %s, and %s where the highest stated one applies',
	(model, perImage, maxPerImage) => {
		expect(priceOf('evoLink', model)).toMatchObject({ perImage, maxPerImage });
	},
);

describe('the list price of a task', () => {
	it.each<[model: string, references: number, perTask: number]>([
		[PRO, 0, 0],
		[PRO, 1, 0.153],
		[PRO, 10, 1.53],
		[FLASH, 10, 0],
		[LITE, 14, 0],
		['doubao-seedream-4.5', 14, 0],
	])('of EvoLink %s with %i references includes %s for them', (model, references, perTask) => {
		expect(priceOf('evoLink', model, { references }).perTask).toBeCloseTo(perTask, 9);
	});

	it('at APIMart includes nothing for references', () => {
		expect(priceOf('apiMart', 'seedream-5-0-pro', { references: 10 }).perTask).toBe(0);
	});

	it.each<[webSearch: unknown, perTask: number]>([
		[true, 0.04],
		['TRUE', 0.04],
		[false, 0],
		[undefined, 0],
	])('with the web search %j includes %s for it', (webSearch, perTask) => {
		expect(priceOf('evoLink', LITE, { parameters: { webSearch } }).perTask).toBe(perTask);
	});

	it('of a custom model is unknown', () => {
		const request = { references: 0, webSearch: false };
		expect(taskPrice(customModel(evoLink, 'seedream-9'), request)).toBeUndefined();
	});
});

describe('the estimated cost', () => {
	const estimate = (
		providerId: string,
		model: string,
		images: number,
		fields: Parameters = {},
		references = 0,
	) => {
		const price = priceOf(providerId, model, { parameters: fields, references });
		return estimatedCost(price, images, providerOf(providerId));
	};

	it.each<[what: string, actual: object, credits: number, usd: number]>([
		['three images', estimate('evoLink', 'doubao-seedream-4.5', 3), 6.12, 0.09],
		['a web search', estimate('evoLink', LITE, 1, { webSearch: true }), 1.944, 0.028588],
		['two references', estimate('evoLink', PRO, 1, { resolution: '2K' }, 2), 4.896, 0.072],
		['17 layers', estimate('evoLink', PRO_LAYERS, 17, { resolution: '1K' }, 1), 20.9712, 0.3084],
		['a price in dollars', estimate('apiMart', 'seedream-5-0-pro', 1), 0.2925, 0.02925],
		['two cheap images', estimate('apiMart', 'seedream-4-0', 2, {}, 1), 0.39, 0.039],
		['12 credits', estimate('apiInOne', 'seedream/4.5-edit', 1, {}, 1), 12, 0.12],
	])('of %s is in credits and in dollars', (_what, actual, credits, usd) => {
		expect(actual).toEqual({ credits, usd, estimated: true });
	});
});
