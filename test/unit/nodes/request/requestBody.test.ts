import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { NodeVersion, Provider } from '../../../../nodes/Seedream/providers/provider';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import type { ImageRequest } from '../../../../nodes/Seedream/request/imageRequest';
import { requestBody } from '../../../../nodes/Seedream/request/requestBody';
import { imageFile } from '../images/imageFiles';
import { rawRow } from './rawRow';

const LINKS = ['https://a.example/1.png', 'https://b.example/2.png'];
const PROMPT = 'A quiet lake at sunrise';

function bodyOf(provider: Provider, fields: Partial<RawRow>) {
	const checked = checkRequest(provider, rawRow(fields));
	if (!checked.ok) throw new Error(checked.problems.join('; '));
	return requestBody(checked.value, linksOf(checked.value));
}

function linksOf({ references }: ImageRequest): string[] {
	return references.map((reference) => (reference.kind === 'link' ? reference.url : 'a file'));
}

describe('a row with only a prompt', () => {
	it.each<[string, Provider, NodeVersion, string]>([
		['evoLink', evoLink, 1, 'doubao-seedream-4.5'],
		['evoLink', evoLink, 1.1, 'doubao-seedream-5.0-lite'],
		['apiMart', apiMart, 1, 'doubao-seedance-4-5'],
		['apiMart', apiMart, 1.1, 'seedream-5-0-lite'],
		['apiInOne', apiInOne, 1, 'seedream/4.5-text-to-image'],
		['apiInOne', apiInOne, 1.1, 'seedream/4.5-text-to-image'],
	])('leaves all defaults to %s', (_id, provider, nodeVersion, model) => {
		expect(bodyOf(provider, { nodeVersion })).toEqual({ model, prompt: PROMPT });
	});
});

describe('a row with all settings', () => {
	it('uses the names of EvoLink 4.5', () => {
		const fields = {
			model: 'doubao-seedream-4.5',
			imageUrls: LINKS,
			parameters: {
				aspectRatio: '16:9',
				resolution: '4K',
				imageCount: 3,
				promptOptimization: 'standard',
				callbackUrl: 'https://hook.example/seedream',
			},
		};
		expect(bodyOf(evoLink, fields)).toEqual({
			model: 'doubao-seedream-4.5',
			prompt: PROMPT,
			image_urls: LINKS,
			size: '16:9',
			quality: '4K',
			n: 3,
			prompt_priority: 'standard',
			callback_url: 'https://hook.example/seedream',
		});
	});

	it('uses the names of EvoLink 4.0', () => {
		const fields = {
			model: 'doubao-seedream-4.0',
			width: 1280,
			height: 720,
			parameters: {
				aspectRatio: 'custom',
				resolution: '1K',
				imageCount: 15,
				promptOptimization: 'fast',
			},
		};
		expect(bodyOf(evoLink, fields)).toEqual({
			model: 'doubao-seedream-4.0',
			prompt: PROMPT,
			size: '1280x720',
			quality: '1K',
			n: 15,
			prompt_priority: 'fast',
		});
	});

	it('uses the names of APIMart, some of them nested', () => {
		const fields = {
			model: 'doubao-seedance-4-5',
			imageUrls: LINKS,
			parameters: {
				aspectRatio: 'auto',
				resolution: '4K',
				imageCount: 2,
				promptOptimization: 'fast',
				sequentialImageGeneration: 'auto',
				maxImages: 4,
				watermark: true,
				callbackUrl: 'https://hook.example',
			},
		};
		expect(bodyOf(apiMart, fields)).toEqual({
			model: 'doubao-seedance-4-5',
			prompt: PROMPT,
			image_urls: LINKS,
			size: 'auto',
			resolution: '4K',
			n: 2,
			optimize_prompt_options: { mode: 'fast' },
			sequential_image_generation: 'auto',
			sequential_image_generation_options: { max_images: 4 },
			watermark: true,
			webhook: 'https://hook.example',
		});
	});

	it('uses the names of EvoLink 5.0 Lite, some of them nested', () => {
		const fields = {
			model: 'doubao-seedream-5.0-lite',
			parameters: { resolution: '3K', imageCount: 2, outputFormat: 'png', webSearch: true },
		};
		expect(bodyOf(evoLink, fields)).toEqual({
			model: 'doubao-seedream-5.0-lite',
			prompt: PROMPT,
			quality: '3K',
			n: 2,
			model_params: { output_format: 'png', tools: [{ type: 'web_search' }] },
		});
	});

	it.each(['doubao-seedream-5.0-flash', 'doubao-seedream-5.0-pro'])(
		'uses the names of EvoLink %s',
		(model) => {
			const fields = {
				model,
				imageUrls: 'https://a.example/1.png',
				width: 1920,
				height: 1080,
				parameters: {
					aspectRatio: 'custom',
					resolution: '1.5K',
					promptOptimization: 'standard',
					outputFormat: 'png',
					background: 'transparent',
					watermark: true,
				},
			};
			expect(bodyOf(evoLink, fields)).toEqual({
				model,
				prompt: PROMPT,
				image_urls: ['https://a.example/1.png'],
				size: '1920x1080',
				quality: '1.5K',
				prompt_priority: 'standard',
				output_format: 'png',
				background: 'transparent',
				watermark: true,
			});
		},
	);

	it.each(['seedream-5-0-flash', 'seedream-5-0-pro'])('uses the names of APIMart %s', (model) => {
		const fields = {
			model,
			imageUrls: 'https://a.example/1.png',
			parameters: {
				aspectRatio: '1:2',
				resolution: '2K',
				outputFormat: 'png',
				background: 'transparent',
			},
		};
		expect(bodyOf(apiMart, fields)).toEqual({
			model,
			prompt: PROMPT,
			image_urls: ['https://a.example/1.png'],
			size: '1:2',
			resolution: '2K',
			output_format: 'png',
			background: 'transparent',
		});
	});

	it('uses the names of APIMart 5.0 Lite', () => {
		const fields = {
			model: 'seedream-5-0-lite',
			parameters: { aspectRatio: '2:1', resolution: '3K', imageCount: 2, outputFormat: 'jpeg' },
		};
		expect(bodyOf(apiMart, fields)).toEqual({
			model: 'seedream-5-0-lite',
			prompt: PROMPT,
			size: '2:1',
			resolution: '3K',
			n: 2,
			output_format: 'jpeg',
		});
	});

	it('uses the names of API in One', () => {
		const fields = {
			model: 'auto',
			imageUrls: LINKS,
			parameters: {
				aspectRatio: '21:9',
				resolution: 'high',
				callbackUrl: 'https://hook.example',
			},
		};
		expect(bodyOf(apiInOne, fields)).toEqual({
			model: 'seedream/4.5-edit',
			prompt: PROMPT,
			image_urls: LINKS,
			aspect_ratio: '21:9',
			quality: 'high',
			callback_url: 'https://hook.example',
		});
	});
});

it('numbers are sent as numbers, even if the spreadsheet has text', () => {
	const parameters = { imageCount: ' 3 ', sequentialImageGeneration: 'auto', maxImages: '4' };
	const model = 'doubao-seedance-4-5';
	expect(bodyOf(apiMart, { model, imageUrls: LINKS, parameters })).toMatchObject({
		n: 3,
		sequential_image_generation_options: { max_images: 4 },
	});
});

describe('a web search', () => {
	const body = (webSearch: unknown, extraBody = {}) =>
		bodyOf(evoLink, {
			model: 'doubao-seedream-5.0-lite',
			parameters: { webSearch },
			extraBody,
		});

	it.each([true, 'true', ' TRUE '])('that is %j is sent as a tool', (webSearch) => {
		expect(body(webSearch)).toEqual({
			model: 'doubao-seedream-5.0-lite',
			prompt: PROMPT,
			model_params: { tools: [{ type: 'web_search' }] },
		});
	});

	it.each([false, 'False', '', undefined, 'default'])('that is %j is not sent', (webSearch) => {
		expect(body(webSearch)).toEqual({ model: 'doubao-seedream-5.0-lite', prompt: PROMPT });
	});

	it('leaves the tool unchanged for the next row', () => {
		const tools = [{ type: 'web_search', limit: 2 }];
		expect(body(true, { model_params: { tools, seed: 7 } })).toMatchObject({
			model_params: { tools, seed: 7 },
		});
		expect(body(true)).toMatchObject({ model_params: { tools: [{ type: 'web_search' }] } });
		expect(body(true, { model_params: { seed: 8 } })).toMatchObject({
			model_params: { tools: [{ type: 'web_search' }], seed: 8 },
		});
	});
});

it('the extra body is merged last', () => {
	const model = 'doubao-seedream-4.5';
	const fields = { model, parameters: { resolution: '2K' }, extraBody: { quality: '3K', seed: 7 } };
	expect(bodyOf(evoLink, fields)).toEqual({ model, prompt: PROMPT, quality: '3K', seed: 7 });
});

it('the extra body is merged into nested objects, but its lists replace ours', () => {
	const fields = {
		model: 'doubao-seedance-4-5',
		imageUrls: LINKS,
		parameters: { promptOptimization: 'fast' },
		extraBody: {
			optimize_prompt_options: { thinking: 'auto' },
			image_urls: ['https://a.example/other.png'],
		},
	};
	expect(bodyOf(apiMart, fields)).toMatchObject({
		optimize_prompt_options: { mode: 'fast', thinking: 'auto' },
		image_urls: ['https://a.example/other.png'],
	});
});

it('the same request always has the same body and is not modified', () => {
	const checked = checkRequest(
		apiMart,
		rawRow({ imageUrls: LINKS, parameters: { imageCount: 2 } }),
	);
	if (!checked.ok) throw new Error(checked.problems.join('; '));
	const before = structuredClone(checked.value.values);
	expect(requestBody(checked.value, LINKS)).toEqual(requestBody(checked.value, LINKS));
	expect(checked.value.values).toEqual(before);
});

describe('the references in the request body', () => {
	it('are the resolved links, in order', () => {
		const checked = checkRequest(
			evoLink,
			rawRow({ imageUrls: LINKS, imageFiles: [imageFile(), imageFile({ key: 'file-2' })] }),
		);
		if (!checked.ok) throw new Error(checked.problems.join('; '));
		const links = [...LINKS, 'https://files.example.com/1', 'https://files.example.com/2'];
		expect(requestBody(checked.value, links)).toEqual({
			model: 'doubao-seedream-5.0-lite',
			prompt: PROMPT,
			image_urls: links,
		});
	});

	it('do not show how they were sent', () => {
		const model = 'doubao-seedance-4-5';
		const fields = { model, imageFiles: [imageFile()], sendBinaryAs: 'dataUri' };
		expect(bodyOf(apiMart, fields)).toEqual({
			model,
			prompt: PROMPT,
			image_urls: ['a file'],
		});
	});
});

it('the prompt is sent with the sentence that asks for the number of images', () => {
	const fields = { askForCount: true, parameters: { imageCount: 3 } };
	expect(bodyOf(evoLink, fields)).toEqual({
		model: 'doubao-seedream-5.0-lite',
		prompt: `${PROMPT}\nGenerate 3 different images.`,
		n: 3,
	});
});
