import { findModel, findProvider } from '../../../../nodes/Seedream/providers';
import type { Model, Parameter } from '../../../../nodes/Seedream/providers/provider';

/**
 * The providers' own documentation, in their notation: the default is in asterisks. Addresses:
 * https://docs.evolink.ai/en/api-manual/image-series/seedream/, https://docs.apimart.ai and
 * https://apiin.one/zh/model/seedream-4-5, October and November 2026.
 */
interface Documented {
	aliases?: string;
	/** In characters. */
	prompt: [min: number, max: number];
	references: [min: number, max: number];
	/** Megabytes, the shortest side and the longest ratio of a reference, and its formats. */
	files: [megabytes: number, minSide: number, maxRatio: number, formats: string];
	/** Each setting, by the name in the request. */
	settings: Record<string, string>;
	pixels?: [min: number, max: number];
	maxLayers?: number;
}

const EVOLINK_SIZE = '*auto* 1:1 2:3 3:2 3:4 4:3 4:5 5:4 9:16 16:9 9:21 21:9';

const EVOLINK_4 = {
	prompt: [1, 2000],
	references: [0, 14],
	files: [10, 15, 16, 'jpeg png webp bmp tiff gif'],
	settings: {
		size: EVOLINK_SIZE,
		n: '*1* to 15',
		quality: '*2K* 4K',
		prompt_priority: '*standard*',
		callback_url: 'HTTPS',
	},
	pixels: [3_686_400, 16_777_216],
} satisfies Documented;

const EVOLINK_FLASH = {
	prompt: [1, 16_000],
	references: [0, 10],
	files: [30, 15, 16, 'jpeg png webp bmp tiff gif heic heif'],
	settings: {
		size: EVOLINK_SIZE,
		quality: '*1K* 1.5K 2K',
		prompt_priority: '*standard*',
		output_format: 'png *jpeg*',
		watermark: '*false* true',
		background: '*opaque* transparent',
		callback_url: 'HTTPS',
	},
	pixels: [921_600, 4_624_220],
} satisfies Documented;

const EVOLINK_FLASH_LAYERS = {
	prompt: [0, 16_000],
	references: [1, 1],
	files: [30, 512, 16, 'png jpeg'],
	settings: {
		quality: '*auto* 1K 1.5K 2K',
		prompt_priority: '*standard*',
		output_format: 'png *jpeg*',
		callback_url: 'HTTPS',
	},
	maxLayers: 17,
} satisfies Documented;

const APIMART_4 = {
	prompt: [1, Infinity],
	references: [0, 14],
	files: [10, 15, 3, 'jpeg png'],
	settings: {
		size: '*1:1* 4:3 3:4 16:9 9:16 3:2 2:3 21:9 9:21 auto',
		resolution: '*2K* 4K',
		n: '*1* to 15',
		'optimize_prompt_options.mode': '*standard* fast',
		sequential_image_generation: '*disabled* auto',
		'sequential_image_generation_options.max_images': '1 to 15',
		watermark: '*false* true',
		webhook: 'HTTPS',
	},
} satisfies Documented;

const APIMART_FLASH = {
	prompt: [1, Infinity],
	references: [0, 10],
	files: [30, 15, 16, 'jpeg png webp bmp tiff gif heic heif'],
	settings: {
		size: '*auto* 1:1 4:3 3:4 16:9 9:16 3:2 2:3 2:1 1:2 21:9',
		resolution: '*1K* 1.5K 2K',
		output_format: 'png jpeg',
		background: '*opaque* transparent',
		webhook: 'HTTPS',
	},
} satisfies Documented;

const API_IN_ONE = {
	prompt: [3, 5000],
	references: [1, 14],
	files: [10, 15, 16, 'jpeg png webp bmp tiff gif'],
	settings: {
		aspect_ratio: '*1:1* 4:3 3:4 16:9 9:16 2:3 3:2 21:9',
		quality: '*basic* high',
		callback_url: 'HTTPS',
	},
} satisfies Documented;

const DOCUMENTED: Array<[provider: string, id: string, label: string, documented: Documented]> = [
	['evoLink', 'doubao-seedream-4.5', 'Seedream 4.5', EVOLINK_4],
	[
		'evoLink',
		'doubao-seedream-4.0',
		'Seedream 4.0',
		{
			...EVOLINK_4,
			settings: {
				...EVOLINK_4.settings,
				quality: '1K *2K* 4K',
				prompt_priority: '*standard* fast',
			},
			pixels: [921_600, 16_777_216],
		},
	],
	[
		'evoLink',
		'doubao-seedream-5.0-lite',
		'Seedream 5.0 Lite',
		{
			...EVOLINK_4,
			settings: {
				...EVOLINK_4.settings,
				quality: '*2K* 3K 4K',
				'model_params.output_format': 'png jpeg',
				'model_params.tools': '*false* [{"type":"web_search"}]',
			},
		},
	],
	['evoLink', 'doubao-seedream-5.0-flash', 'Seedream 5.0 Flash', EVOLINK_FLASH],
	[
		'evoLink',
		'doubao-seedream-5.0-pro',
		'Seedream 5.0 Pro',
		{
			...EVOLINK_FLASH,
			settings: { ...EVOLINK_FLASH.settings, prompt_priority: '*standard* fast' },
		},
	],
	[
		'evoLink',
		'doubao-seedream-5.0-flash-layerize',
		'Seedream 5.0 Flash Layers',
		EVOLINK_FLASH_LAYERS,
	],
	[
		'evoLink',
		'doubao-seedream-5.0-pro-layerize',
		'Seedream 5.0 Pro Layers',
		{
			...EVOLINK_FLASH_LAYERS,
			settings: { ...EVOLINK_FLASH_LAYERS.settings, prompt_priority: '*standard* fast' },
		},
	],
	[
		'apiMart',
		'doubao-seedance-4-5',
		'Seedream 4.5',
		{
			...APIMART_4,
			aliases: 'Doubao-Seedream-4.5 doubao-seedream-4.5 doubao-seedream-4-5 seedream-4-5',
		},
	],
	[
		'apiMart',
		'seedream-4-0',
		'Seedream 4.0',
		{
			...APIMART_4,
			aliases: 'doubao-seedream-4-0 doubao-seedance-4-0',
			references: [0, 10],
			settings: { ...APIMART_4.settings, resolution: '1K *2K* 4K' },
		},
	],
	[
		'apiMart',
		'seedream-5-0-lite',
		'Seedream 5.0 Lite',
		{
			...APIMART_4,
			aliases: 'doubao-seedream-5-0-lite doubao-seedream-5.0-lite',
			settings: {
				size: '*1:1* 4:3 3:4 16:9 9:16 3:2 2:3 21:9 2:1 1:2 auto',
				resolution: '*2K* 3K 4K',
				n: '*1* to 15',
				output_format: 'png jpeg',
				webhook: 'HTTPS',
			},
		},
	],
	['apiMart', 'seedream-5-0-flash', 'Seedream 5.0 Flash', APIMART_FLASH],
	[
		'apiMart',
		'seedream-5-0-pro',
		'Seedream 5.0 Pro',
		{ ...APIMART_FLASH, aliases: 'doubao-seedream-5-0-pro' },
	],
	[
		'apiInOne',
		'seedream/4.5-text-to-image',
		'Seedream 4.5 Text to Image',
		{ ...API_IN_ONE, references: [0, 0] },
	],
	['apiInOne', 'seedream/4.5-edit', 'Seedream 4.5 Edit', API_IN_ONE],
];

function modelOf(providerId: string, id: string): Model {
	const provider = findProvider(providerId);
	const model = provider && findModel(provider, id);
	if (!model) throw new Error(`${providerId} has no ${id}`);
	return model;
}

/** A setting as the providers' tables write it. */
function notation(parameter: Parameter): string {
	const marked = (option: unknown) =>
		'default' in parameter && option === parameter.default ? `*${String(option)}*` : String(option);
	switch (parameter.kind) {
		case 'choice':
			return parameter.options.map(marked).join(' ');
		case 'integer':
			return `${marked(parameter.min)} to ${parameter.max}`;
		case 'boolean':
			return `${marked(false)} ${JSON.stringify(parameter.sentWhenTrue ?? true)}`;
		case 'callback':
			return 'HTTPS';
	}
}

/** Options count in any order. */
function words(text: string): string[] {
	return text.split(' ').sort();
}

describe.each(DOCUMENTED)('%s %s', (providerId, id, label, documented) => {
	const model = modelOf(providerId, id);

	it(`has the documented ID and aliases: ${providerId} ${label}`, () => {
		expect(model).toMatchObject({ id, label });
		expect([...model.aliases].sort()).toEqual(words(documented.aliases ?? '').filter(Boolean));
	});

	it(`has the documented settings with their options and defaults: ${providerId} ${label}`, () => {
		const settings = Object.values(model.parameters).map((parameter) => [
			parameter.sentAs,
			words(notation(parameter)),
		]);
		const expected = Object.entries(documented.settings).map(([name, text]) => [name, words(text)]);
		expect(Object.fromEntries(settings)).toEqual(Object.fromEntries(expected));
	});

	it(`has the documented limits of prompts and references: ${providerId} ${label}`, () => {
		const { prompt, references } = model;
		const { maxBytes, minSide, maxRatio, minRatio, maxPixels, formats } = references.file;
		expect([prompt.min, prompt.max]).toEqual(documented.prompt);
		expect([references.min, references.max]).toEqual(documented.references);
		const [megabytes, ...others] = documented.files;
		expect([maxBytes, minSide, maxRatio, [...formats].sort().join(' ')]).toEqual([
			megabytes * 1024 * 1024,
			...others.map((limit) => (typeof limit === 'string' ? words(limit).join(' ') : limit)),
		]);
		expect(minRatio).toBeCloseTo(1 / maxRatio, 12);
		expect(maxPixels).toBe(36_000_000);
	});

	it(`has the documented sizes in pixels and number of layers: ${providerId} ${label}`, () => {
		const { aspectRatio } = model.parameters;
		const limits = aspectRatio?.kind === 'choice' ? aspectRatio.pixelSize : undefined;
		expect(limits && [limits.minPixels, limits.maxPixels]).toEqual(documented.pixels);
		if (limits) expect(limits).toMatchObject({ minRatio: 1 / 16, maxRatio: 16 });
		expect(model.layers?.max).toBe(documented.maxLayers);
	});
});

it.each([
	[
		'evoLink',
		[
			'doubao-seedream-5.0-pro',
			'doubao-seedream-5.0-flash',
			'doubao-seedream-5.0-lite',
			'doubao-seedream-5.0-pro-layerize',
			'doubao-seedream-5.0-flash-layerize',
			'doubao-seedream-4.5',
			'doubao-seedream-4.0',
		],
	],
	[
		'apiMart',
		[
			'seedream-5-0-pro',
			'seedream-5-0-flash',
			'seedream-5-0-lite',
			'doubao-seedance-4-5',
			'seedream-4-0',
		],
	],
	['apiInOne', ['seedream/4.5-text-to-image', 'seedream/4.5-edit']],
])('%s offers its models, the newest first', (providerId, ids) => {
	expect(findProvider(providerId)?.models.map(({ id }) => id)).toEqual(ids);
});

it('only Seedream 4.5 and 4.0 at APIMart accept data URIs', () => {
	const accepting = DOCUMENTED.filter(([provider, id]) => modelOf(provider, id).references.dataUri);
	expect(accepting.map(([provider, id]) => `${provider} ${id}`)).toEqual([
		'apiMart doubao-seedance-4-5',
		'apiMart seedream-4-0',
	]);
});

it('a version and tier has the same name at every provider', () => {
	const labels = new Map<string, Set<string>>();
	for (const [provider, id, label] of DOCUMENTED) {
		const { version } = modelOf(provider, id);
		const known = labels.get(version) ?? new Set();
		labels.set(version, known.add(label.replace(/ (Text to Image|Edit)$/, '')));
	}
	expect([...labels.values()].filter(({ size }) => size !== 1)).toEqual([]);
	expect(labels.size).toBe(7);
});
