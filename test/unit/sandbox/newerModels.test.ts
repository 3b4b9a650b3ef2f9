import { apiMart } from '../../sandbox/providers/apiMart';
import { evoLink } from '../../sandbox/providers/evoLink';
import { checkCreate, type Provider } from '../../sandbox/providers/provider';
import { checkReference } from '../../sandbox/referenceLimits';

const MB = 1024 * 1024;

type Fields = Record<string, unknown>;

const links = (count: number): string[] =>
	Array.from({ length: count }, (_, index) => `https://example.com/${index}.png`);

const LITE = 'doubao-seedream-5.0-lite';
const FLASH = 'doubao-seedream-5.0-flash';
const PRO = 'doubao-seedream-5.0-pro';
const FLASH_LAYERIZE = 'doubao-seedream-5.0-flash-layerize';
const PRO_LAYERIZE = 'doubao-seedream-5.0-pro-layerize';

const TRANSPARENT = { background: 'transparent', output_format: 'png' };

describe('creates at EvoLink', () => {
	const check = (model: string, fields: Fields) => {
		const references = model.endsWith('layerize') ? { image_urls: links(1) } : {};
		return checkCreate(evoLink, { model, prompt: 'a lake', ...references, ...fields });
	};

	it.each<[string, Fields]>([
		...[LITE, FLASH, PRO, FLASH_LAYERIZE, PRO_LAYERIZE].flatMap(
			(model): Array<[string, Fields]> => [
				[model, {}],
				[model, { quality: '2K' }],
				[model, { prompt_priority: 'standard' }],
				[model, { callback_url: 'https://example.com/hook' }],
				[model, { seed: 5 }],
			],
		),
		[LITE, { prompt: '湖'.repeat(2000) }],
		[LITE, { n: 15, image_urls: links(14) }],
		[LITE, { quality: '3K' }],
		[LITE, { quality: '4K' }],
		[LITE, { size: '2560x1440' }],
		[LITE, { size: '4096x4096' }],
		[LITE, { model_params: { output_format: 'png' } }],
		[LITE, { model_params: { output_format: 'jpeg', tools: [{ type: 'web_search' }] } }],
		...[FLASH, PRO].flatMap((model): Array<[string, Fields]> => [
			[model, { prompt: '湖'.repeat(16_000) }],
			[model, { quality: '1K' }],
			[model, { quality: '1.5K' }],
			[model, { size: '9:21' }],
			[model, { size: '960x960' }],
			[model, { size: '2890x1600' }],
			[model, { image_urls: links(10) }],
			[model, { output_format: 'png' }],
			[model, { output_format: 'jpeg', background: 'opaque' }],
			[model, { watermark: true }],
			[model, { ...TRANSPARENT, image_urls: links(1) }],
		]),
		[PRO, { prompt_priority: 'fast' }],
		...[FLASH_LAYERIZE, PRO_LAYERIZE].flatMap((model): Array<[string, Fields]> => [
			[model, { prompt: undefined }],
			[model, { prompt: '湖'.repeat(16_000) }],
			[model, { quality: 'auto' }],
			[model, { quality: '1.5K' }],
			[model, { output_format: 'png' }],
		]),
		[PRO_LAYERIZE, { prompt_priority: 'fast' }],
	])('%s accepts %j', (model, fields) => {
		expect(check(model, fields)).toBeUndefined();
	});

	it.each<[string, Fields, string]>([
		...['doubao-seedream-4.5', 'doubao-seedream-4.0', LITE].flatMap(
			(model): Array<[string, Fields, string]> => [
				[model, { output_format: 'png' }, 'output_format'],
				[model, { background: 'opaque' }, 'background'],
				[model, { watermark: false }, 'watermark'],
				[model, { prompt: 'a'.repeat(2001) }, 'prompt'],
				[model, { quality: '1.5K' }, 'quality'],
				[model, { n: 16 }, 'n'],
				[model, { image_urls: links(15) }, 'image_urls'],
			],
		),
		['doubao-seedream-4.5', { model_params: {} }, 'model_params'],
		['doubao-seedream-4.0', { model_params: {} }, 'model_params'],
		[LITE, { quality: '1K' }, 'quality'],
		[LITE, { prompt_priority: 'fast' }, 'prompt_priority'],
		[LITE, { size: '2559x1440' }, 'size'],
		[LITE, { size: '4097x4096' }, 'size'],
		[LITE, { size: '2:1' }, 'size'],
		[LITE, { model_params: { output_format: 'webp' } }, 'model_params.output_format'],
		[LITE, { model_params: { tools: [{ type: 'code' }] } }, 'model_params.tools.0.type'],
		[LITE, { model_params: { tools: 'web_search' } }, 'model_params.tools'],
		...[FLASH, PRO].flatMap((model): Array<[string, Fields, string]> => [
			[model, { prompt: undefined }, 'prompt'],
			[model, { prompt: '' }, 'prompt'],
			[model, { prompt: 'a'.repeat(16_001) }, 'prompt'],
			[model, { n: 1 }, 'n'],
			[model, { quality: '3K' }, 'quality'],
			[model, { quality: '4K' }, 'quality'],
			[model, { quality: 'auto' }, 'quality'],
			[model, { size: '960x959' }, 'size'],
			[model, { size: '2891x1600' }, 'size'],
			[model, { size: '16x60000' }, 'size'],
			[model, { image_urls: links(11) }, 'image_urls'],
			[model, { output_format: 'webp' }, 'output_format'],
			[model, { watermark: 'false' }, 'watermark'],
			[model, { background: 'auto' }, 'background'],
			[model, { model_params: { output_format: 'png' } }, 'model_params'],
			[model, TRANSPARENT, 'background'],
			[model, { ...TRANSPARENT, image_urls: links(2) }, 'background'],
			[model, { background: 'transparent', image_urls: links(1) }, 'background'],
			[model, { ...TRANSPARENT, output_format: 'jpeg', image_urls: links(1) }, 'background'],
		]),
		[FLASH, { prompt_priority: 'fast' }, 'prompt_priority'],
		...[FLASH_LAYERIZE, PRO_LAYERIZE].flatMap((model): Array<[string, Fields, string]> => [
			[model, { image_urls: undefined }, 'image_urls'],
			[model, { image_urls: [] }, 'image_urls'],
			[model, { image_urls: links(2) }, 'image_urls'],
			[model, { image_urls: ['cat.png'] }, 'image_urls.0'],
			[model, { prompt: 'a'.repeat(16_001) }, 'prompt'],
			[model, { n: 1 }, 'n'],
			[model, { size: 'auto' }, 'size'],
			[model, { quality: '4K' }, 'quality'],
			[model, { output_format: 'webp' }, 'output_format'],
			[model, { background: 'opaque' }, 'background'],
			[model, { watermark: false }, 'watermark'],
			[model, { model_params: {} }, 'model_params'],
		]),
		[FLASH_LAYERIZE, { prompt_priority: 'fast' }, 'prompt_priority'],
	])('%s rejects %j', (model, fields, param) => {
		expect(check(model, fields)).toMatchObject({
			status: 400,
			body: { error: { code: 'invalid_request', type: 'invalid_request_error' } },
		});
		expect(check(model, fields)?.body.error.param).toBe(param);
	});

	it('EvoLink says that a model does not have a field', () => {
		expect(check(FLASH, { n: 2 })?.body.error.message).toBe('n is not supported by this model');
	});
});

describe('creates at APIMart', () => {
	const check = (model: string, fields: Fields) =>
		checkCreate(apiMart, { model, prompt: 'a lake', ...fields });

	const V4 = 'seedream-4-0';
	const APIMART_LITE = 'seedream-5-0-lite';
	const APIMART_FLASH = 'seedream-5-0-flash';
	const APIMART_PRO = 'seedream-5-0-pro';
	const V55 = 'seedream-5-5';
	const SET = {
		sequential_image_generation: 'auto',
		sequential_image_generation_options: { max_images: 4 },
	};

	it.each<[string, Fields]>([
		...[
			'seedream-4-5',
			V4,
			'doubao-seedream-4-0',
			'doubao-seedance-4-0',
			APIMART_LITE,
			'doubao-seedream-5-0-lite',
			'doubao-seedream-5.0-lite',
			APIMART_FLASH,
			APIMART_PRO,
			'doubao-seedream-5-0-pro',
			V55,
		].flatMap((model): Array<[string, Fields]> => [
			[model, {}],
			[model, { n: 1, image_urls: links(10), webhook: 'https://example.com' }],
			[model, { size: 'auto', image_urls: links(1) }],
			[model, { seed: 5 }],
		]),
		[V4, { resolution: '1K', size: '9:21', n: 15 }],
		[V4, { ...SET, watermark: true, optimize_prompt_options: { mode: 'fast' } }],
		[V4, { image_urls: links(10), n: 5 }],
		[APIMART_LITE, { resolution: '3K', size: '2:1' }],
		[APIMART_LITE, { resolution: '4K', size: '1:2', n: 15 }],
		[APIMART_LITE, { image_urls: links(14), output_format: 'png' }],
		...[APIMART_FLASH, APIMART_PRO].flatMap((model): Array<[string, Fields]> => [
			[model, { resolution: '1.5K', size: 'auto' }],
			[model, { resolution: '2K', size: '1:2', output_format: 'jpeg', background: 'opaque' }],
			[model, { ...TRANSPARENT, image_urls: links(1) }],
		]),
		[V55, { prompt: '湖'.repeat(3000), n: 4, resolution: '3K', size: 'auto' }],
	])('%s accepts %j', (model, fields) => {
		expect(check(model, fields)).toBeUndefined();
	});

	it.each<[string, Fields]>([
		...['seedream-5-0', 'seedream-5-0-pro-layerize', 'Seedream-4-0'].map(
			(model): [string, Fields] => [model, {}],
		),
		...['seedream-4-5', V4].flatMap((model): Array<[string, Fields]> => [
			[model, { output_format: 'png' }],
			[model, { background: 'opaque' }],
			[model, { resolution: '3K' }],
			[model, { size: '2:1' }],
			[model, { size: 'auto' }],
		]),
		[V4, { image_urls: links(11) }],
		[V4, { image_urls: links(10), n: 6 }],
		[APIMART_LITE, { resolution: '1K' }],
		[APIMART_LITE, { size: '9:21' }],
		[APIMART_LITE, { size: 'auto' }],
		[APIMART_LITE, { n: 16 }],
		[APIMART_LITE, { image_urls: links(14), n: 2 }],
		[APIMART_LITE, { image_urls: links(15) }],
		[APIMART_LITE, { background: 'opaque' }],
		[APIMART_LITE, { watermark: true }],
		[APIMART_LITE, SET],
		[APIMART_LITE, { optimize_prompt_options: { mode: 'fast' } }],
		...[APIMART_FLASH, APIMART_PRO].flatMap((model): Array<[string, Fields]> => [
			[model, { n: 2 }],
			[model, { resolution: '4K' }],
			[model, { size: '9:21' }],
			[model, { size: '2048x2048' }],
			[model, { image_urls: links(11) }],
			[model, { watermark: true }],
			[model, SET],
			[model, { output_format: 'webp' }],
			[model, TRANSPARENT],
			[model, { background: 'transparent', image_urls: links(1) }],
			[model, { ...TRANSPARENT, image_urls: links(2) }],
		]),
		[V55, { prompt: 'a'.repeat(3001) }],
		[V55, { n: 5 }],
		[V55, { resolution: '4K' }],
		[V55, { size: '21:9' }],
		[V55, { image_urls: links(11) }],
	])('%s rejects %j', (model, fields) => {
		expect(check(model, fields)).toMatchObject({
			status: 400,
			body: { error: { code: 400, type: 'invalid_request_error' } },
		});
	});
});

describe('references', () => {
	const PHOTO = { format: 'jpeg', width: 800, height: 600, bytes: 5000 };

	const isAccepted = (provider: Provider, model: string, metadata: Partial<typeof PHOTO>) => {
		const parsed = provider.parseCreate({ model, prompt: 'a lake', image_urls: links(1) }, []);
		if ('error' in parsed) throw new Error(parsed.error.body.error.message);
		const { referenceLimits } = parsed.value;
		const image = { ...PHOTO, ...metadata };
		return checkReference(provider.name, referenceLimits, image) === undefined;
	};

	const PROVIDERS: Record<'evoLink' | 'apiMart', Provider> = { evoLink, apiMart };

	const FORMATS = ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif', 'heif', 'avif', 'svg'];
	const SIX = FORMATS.slice(0, 6);

	it.each<['evoLink' | 'apiMart', string, string[], number, number, number]>([
		['evoLink', LITE, SIX, 10, 15, 16],
		['evoLink', FLASH, [...SIX, 'heif'], 30, 15, 16],
		['evoLink', PRO, [...SIX, 'heif'], 30, 15, 16],
		['evoLink', FLASH_LAYERIZE, ['jpeg', 'png'], 30, 512, 16],
		['evoLink', PRO_LAYERIZE, ['jpeg', 'png'], 30, 512, 16],
		['apiMart', 'seedream-4-0', ['jpeg', 'png'], 10, 15, 3],
		['apiMart', 'seedream-5-0-lite', ['jpeg', 'png'], 10, 15, 3],
		['apiMart', 'seedream-5-0-flash', ['jpeg', 'png', 'webp'], 30, 15, 16],
		['apiMart', 'seedream-5-0-pro', ['jpeg', 'png', 'webp'], 30, 15, 16],
	])(
		'a reference for %s %s has the documented format, bytes, sides and ratio',
		(name, model, formats, megabytes, side, ratio) => {
			const check = (metadata: Partial<typeof PHOTO>) =>
				isAccepted(PROVIDERS[name], model, metadata);
			expect(FORMATS.filter((format) => check({ format }))).toEqual(formats);
			expect(check({ bytes: megabytes * MB })).toBe(true);
			expect(check({ bytes: megabytes * MB + 1 })).toBe(false);
			expect(check({ width: side, height: side })).toBe(true);
			expect(check({ width: side - 1, height: side })).toBe(false);
			expect(check({ width: side, height: side - 1 })).toBe(false);
			expect(check({ width: side * ratio, height: side })).toBe(true);
			expect(check({ width: side, height: side * ratio + 1 })).toBe(false);
			expect(check({ width: 6000, height: 6000 })).toBe(true);
			expect(check({ width: 6001, height: 6000 })).toBe(false);
		},
	);
});
