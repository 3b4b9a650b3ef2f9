import { providers } from '../../../../nodes/Seedream/providers';
import type { ParameterValues, Provider } from '../../../../nodes/Seedream/providers/provider';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { requestBody } from '../../../../nodes/Seedream/request/requestBody';
import { translateRequest } from '../../../../nodes/Seedream/request/translateRequest';
import { rawRow } from './rawRow';

const REFERENCE = 'https://example.com/lake.png';

type Row = Partial<RawRow> & { parameters?: RawRow['parameters'] };

function providerOf(id: string): Provider {
	const found = providers.find((provider) => provider.id === id);
	if (!found) throw new Error(`There is no provider ${id}`);
	return found;
}

function translate(fromId: string, toId: string, row: Row) {
	const [from, to] = [providerOf(fromId), providerOf(toId)];
	const checked = checkRequest(from, rawRow(row));
	if (!checked.ok) throw new Error(checked.problems.join());
	return translateRequest(checked.value, from, to, 1.1);
}

/** The body that the other provider gets. */
function bodyAt(fromId: string, toId: string, row: Row) {
	const translated = translate(fromId, toId, row);
	if (!translated.ok) return translated.problems;
	const { references } = translated.value;
	return requestBody(
		translated.value,
		references.map((one) => (one.kind === 'link' ? one.url : 'a file')),
	);
}

const prompt = 'A quiet lake at sunrise';
const EVOLINK_45 = 'doubao-seedream-4.5';
const APIMART_45 = 'doubao-seedance-4-5';

it.each([
	// APIMart accepts EvoLink's ID.
	['evoLink', EVOLINK_45, 'apiMart', EVOLINK_45],
	['evoLink', EVOLINK_45, 'apiInOne', 'seedream/4.5-text-to-image'],
	['evoLink', 'doubao-seedream-4.0', 'apiMart', 'seedream-4-0'],
	['evoLink', 'doubao-seedream-5.0-flash', 'apiMart', 'seedream-5-0-flash'],
	['evoLink', 'doubao-seedream-5.0-pro', 'apiMart', 'seedream-5-0-pro'],
	['apiMart', 'seedream-5-0-lite', 'evoLink', 'doubao-seedream-5.0-lite'],
	['apiInOne', 'seedream/4.5-text-to-image', 'evoLink', EVOLINK_45],
])('%s %s becomes %s %s', (from, model, to, expected) => {
	expect(bodyAt(from, to, { model })).toEqual({ model: expected, prompt });
});

it.each([
	['evoLink', 'apiMart', EVOLINK_45, 'webhook'],
	['apiMart', 'apiInOne', APIMART_45, 'callback_url'],
])('a callback keeps its address and its data from %s to %s', (from, to, model, field) => {
	const callbackUrl = 'https://n8n.example.com/webhook/1/task';
	const row = { parameters: { callbackUrl }, callbackData: { sku: 'A-7' }, model };
	expect(bodyAt(from, to, row)).toMatchObject({
		[field]: expect.stringMatching(
			/^https:\/\/n8n\.example\.com\/webhook\/1\/task\?row=/,
		) as string,
	});
});

it('a row with references gets the model that takes them', () => {
	expect(bodyAt('evoLink', 'apiInOne', { model: EVOLINK_45, imageUrls: REFERENCE })).toMatchObject({
		model: 'seedream/4.5-edit',
		image_urls: [REFERENCE],
	});
});

it.each<[string, string, string, ParameterValues, object]>([
	['the same ratio', 'evoLink', 'apiMart', { aspectRatio: '16:9' }, { size: '16:9' }],
	['a resolution', 'evoLink', 'apiMart', { resolution: '4K' }, { resolution: '4K' }],
	['2K as "basic"', 'evoLink', 'apiInOne', { resolution: '2K' }, { quality: 'basic' }],
	['4K as "high"', 'evoLink', 'apiInOne', { resolution: '4K' }, { quality: 'high' }],
	['"high" as 4K', 'apiInOne', 'apiMart', { resolution: 'high' }, { resolution: '4K' }],
	[
		'a size in pixels as its ratio',
		'evoLink',
		'apiMart',
		{ aspectRatio: '2560x1440' },
		{ size: '16:9' },
	],
])('%s (%s to %s)', (_title, from, to, parameters, expected) => {
	const model = {
		evoLink: EVOLINK_45,
		apiMart: APIMART_45,
		apiInOne: 'seedream/4.5-text-to-image',
	};
	expect(bodyAt(from, to, { model: model[from as keyof typeof model], parameters })).toMatchObject(
		expected,
	);
});

it('the nearest resolution replaces one that the other model lacks', () => {
	const row = { model: 'doubao-seedream-4.0', parameters: { resolution: '1K' } };
	expect(bodyAt('evoLink', 'apiMart', row)).toMatchObject({ resolution: '1K' });
	const lite = { model: 'seedream-5-0-lite', parameters: { resolution: '3K' } };
	expect(bodyAt('apiMart', 'evoLink', lite)).toMatchObject({ quality: '3K' });
});

it('"auto" is left out where there is no reference image that it could come from', () => {
	const row = { model: EVOLINK_45, parameters: { aspectRatio: 'auto' } };
	expect(bodyAt('evoLink', 'apiMart', row)).toEqual({ model: EVOLINK_45, prompt });
	expect(bodyAt('evoLink', 'apiMart', { ...row, imageUrls: REFERENCE })).toMatchObject({
		size: 'auto',
	});
});

it('EvoLink only makes several images if the prompt asks for them, so it does', () => {
	const row = { model: APIMART_45, imageUrls: REFERENCE, parameters: { imageCount: 3 } };
	expect(bodyAt('apiMart', 'evoLink', row)).toMatchObject({
		n: 3,
		prompt: `${prompt}\nGenerate 3 different images.`,
	});
});

it('a set of images becomes a number of images where there are no sets', () => {
	const parameters = { sequentialImageGeneration: 'auto', maxImages: 4 };
	const row = { model: APIMART_45, imageUrls: REFERENCE, parameters };
	expect(bodyAt('apiMart', 'evoLink', row)).toMatchObject({ n: 4 });
});

it('settings that do not change what is shown are left out', () => {
	const parameters = { promptOptimization: 'fast', watermark: false };
	const row = { model: APIMART_45, parameters };
	expect(bodyAt('apiMart', 'apiInOne', row)).toEqual({
		model: 'seedream/4.5-text-to-image',
		prompt,
	});
});

it.each<[string, string, string, Row, RegExp]>([
	[
		'a version that it does not sell',
		'evoLink',
		'apiInOne',
		{ model: 'doubao-seedream-5.0-flash' },
		/^'Model' is "doubao-seedream-5\.0-flash", which API in One doesn't offer/,
	],
	[
		'several images',
		'evoLink',
		'apiInOne',
		{ model: EVOLINK_45, parameters: { imageCount: 3 } },
		/^'Number of Images' is 3 at EvoLink, which has no equivalent$/,
	],
	[
		'a size in pixels of no known shape',
		'evoLink',
		'apiMart',
		{ model: EVOLINK_45, parameters: { aspectRatio: '4096x1000' } },
		/^'Aspect Ratio' is "4096x1000" at EvoLink, which has no equivalent$/,
	],
	[
		'a web search',
		'evoLink',
		'apiMart',
		{ model: 'doubao-seedream-5.0-lite', parameters: { webSearch: true } },
		/^'Web Search' is true at EvoLink/,
	],
	[
		'a watermark',
		'apiMart',
		'evoLink',
		{ model: APIMART_45, parameters: { watermark: true } },
		/^'Watermark' is true at APIMart/,
	],
	['parameters given as JSON', 'evoLink', 'apiMart', { extraBody: { seed: 7 } }, /^'Extra Body' /],
	[
		'a custom model',
		'evoLink',
		'apiMart',
		{ model: 'custom', customModel: 'doubao-seedream-5.5' },
		/^APIMart doesn't know the custom model$/,
	],
])('%s (%s to %s) is refused with the reason', (_title, from, to, row, message) => {
	const translated = translate(from, to, row);
	expect(translated.ok ? 'translated' : translated.problems.join()).toMatch(message);
});
