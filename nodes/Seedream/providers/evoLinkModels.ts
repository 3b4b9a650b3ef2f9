import type { Model, Parameter } from './provider';
import { referencesPlusImages, transparentBackground } from './rules';
import { SEEDREAM_5_PROMPT, SEEDREAM_5_REFERENCE_FILE, SEEDREAM_REFERENCE_FILE } from './seedream';

const RATIOS = [
	'auto',
	'1:1',
	'2:3',
	'3:2',
	'3:4',
	'4:3',
	'4:5',
	'5:4',
	'9:16',
	'16:9',
	'9:21',
	'21:9',
] as const;

const MAX_REFERENCES_AND_IMAGES = 15;

function size(minPixels: number, maxPixels: number): Parameter {
	return {
		kind: 'choice',
		sentAs: 'size',
		options: RATIOS,
		default: 'auto',
		note: 'Also accepts a size in pixels, e.g. "2048×2048".',
		pixelSize: { minPixels, maxPixels, minRatio: 1 / 16, maxRatio: 16 },
	};
}

function quality(options: readonly [string, ...string[]], defaultOption: string): Parameter {
	return { kind: 'choice', sentAs: 'quality', options, default: defaultOption };
}

function promptPriority(options: readonly [string, ...string[]]): Parameter {
	return { kind: 'choice', sentAs: 'prompt_priority', options, default: 'standard' };
}

const CALLBACK_URL: Parameter = { kind: 'callback', sentAs: 'callback_url', maxLength: 2048 };

/**
 * October 2026:
 * https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-4.5-image-generate
 */
export const seedream45: Model = {
	id: 'doubao-seedream-4.5',
	aliases: [],
	label: 'Seedream 4.5',
	version: '4.5',
	prompt: { min: 1, max: 2000 },
	references: { min: 0, max: 14, dataUri: false, file: SEEDREAM_REFERENCE_FILE },
	parameters: {
		aspectRatio: size(2560 * 1440, 4096 * 4096),
		resolution: quality(['2K', '4K'], '2K'),
		imageCount: {
			kind: 'integer',
			sentAs: 'n',
			min: 1,
			max: MAX_REFERENCES_AND_IMAGES,
			default: 1,
			isUpperBound: true,
			note: 'This is an upper limit: to get several images, also ask for them in the prompt, e.g. "generate 3 different images". You only pay for the images you get.',
		},
		promptOptimization: promptPriority(['standard']),
		callbackUrl: CALLBACK_URL,
	},
	rules: [referencesPlusImages(MAX_REFERENCES_AND_IMAGES)],
	// The older product page says 2.25.
	price: { perImage: [{ amount: 2.04, maximum: 2.25 }] },
};

/**
 * October 2026:
 * https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-4.0-image-generate
 */
export const seedream40: Model = {
	...seedream45,
	id: 'doubao-seedream-4.0',
	label: 'Seedream 4.0',
	version: '4.0',
	references: {
		...seedream45.references,
		note: "EvoLink's page for Seedream 4.0 lists only JPEG and PNG up to a ratio of 3:1, but its newer documentation allows more.",
	},
	parameters: {
		...seedream45.parameters,
		aspectRatio: size(1280 * 720, 4096 * 4096),
		resolution: quality(['1K', '2K', '4K'], '2K'),
		promptOptimization: promptPriority(['standard', 'fast']),
	},
	// The older product page says 1.6.
	price: { perImage: [{ amount: 1.53, maximum: 1.6 }] },
};

/**
 * October 2026:
 * https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-5.0-lite-image-generate
 */
export const seedream50Lite: Model = {
	...seedream45,
	id: 'doubao-seedream-5.0-lite',
	label: 'Seedream 5.0 Lite',
	version: '5.0 lite',
	parameters: {
		...seedream45.parameters,
		resolution: quality(['2K', '3K', '4K'], '2K'),
		outputFormat: {
			kind: 'choice',
			sentAs: 'model_params.output_format',
			options: ['png', 'jpeg'],
		},
		webSearch: {
			kind: 'boolean',
			sentAs: 'model_params.tools',
			default: false,
			sentWhenTrue: [{ type: 'web_search' }],
		},
	},
	price: { perImage: [{ amount: 1.904 }], perWebSearch: 0.04 },
};

const outputFormat: Parameter = {
	kind: 'choice',
	sentAs: 'output_format',
	options: ['png', 'jpeg'],
	default: 'jpeg',
};

/**
 * The provider's own client and its documentation, October 2026:
 * https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-5.0-pro-image-generate
 */
export const seedream50Flash: Model = {
	id: 'doubao-seedream-5.0-flash',
	aliases: [],
	label: 'Seedream 5.0 Flash',
	version: '5.0 flash',
	prompt: SEEDREAM_5_PROMPT,
	references: { min: 0, max: 10, dataUri: false, file: SEEDREAM_5_REFERENCE_FILE },
	parameters: {
		aspectRatio: size(921_600, 4_624_220),
		resolution: quality(['1K', '1.5K', '2K'], '1K'),
		promptOptimization: promptPriority(['standard']),
		outputFormat,
		background: {
			kind: 'choice',
			sentAs: 'background',
			options: ['opaque', 'transparent'],
			default: 'opaque',
		},
		watermark: { kind: 'boolean', sentAs: 'watermark', default: false },
		callbackUrl: CALLBACK_URL,
	},
	rules: [transparentBackground],
	price: { perImage: [{ amount: 1.1016 }] },
};

/** Above 2.61 megapixels, an image costs as much as one in 2K. */
export const seedream50Pro: Model = {
	...seedream50Flash,
	id: 'doubao-seedream-5.0-pro',
	label: 'Seedream 5.0 Pro',
	version: '5.0 pro',
	minSeconds: 90,
	parameters: {
		...seedream50Flash.parameters,
		promptOptimization: promptPriority(['standard', 'fast']),
	},
	price: {
		perImage: [
			{ amount: 2.295, resolutions: ['1K', '1.5K'] },
			{ amount: 4.59, resolutions: ['2K'], abovePixels: 2_610_000 },
		],
		perReference: 0.153,
	},
};

/** From the provider's own client, October 2026. */
export const seedream50FlashLayers: Model = {
	id: 'doubao-seedream-5.0-flash-layerize',
	aliases: [],
	label: 'Seedream 5.0 Flash Layers',
	version: '5.0 flash layers',
	note: "Splits an image into a base and up to 16 transparent layers. You pay for each of them, and can't know their number in advance.",
	prompt: { ...SEEDREAM_5_PROMPT, min: 0 },
	references: {
		min: 1,
		max: 1,
		dataUri: false,
		file: { ...SEEDREAM_5_REFERENCE_FILE, formats: ['png', 'jpeg'], minSide: 512 },
	},
	parameters: {
		resolution: quality(['auto', '1K', '1.5K', '2K'], 'auto'),
		promptOptimization: promptPriority(['standard']),
		outputFormat: { ...outputFormat, note: 'Only for the base: the other layers are PNG files.' },
		callbackUrl: CALLBACK_URL,
	},
	rules: [],
	layers: { max: 17 },
	price: { perImage: [{ amount: 1.1016 }] },
};

export const seedream50ProLayers: Model = {
	...seedream50FlashLayers,
	id: 'doubao-seedream-5.0-pro-layerize',
	label: 'Seedream 5.0 Pro Layers',
	version: '5.0 pro layers',
	parameters: {
		...seedream50FlashLayers.parameters,
		promptOptimization: promptPriority(['standard', 'fast']),
	},
	price: {
		perTask: 0.1632,
		perImage: [
			{ amount: 1.224, resolutions: ['1K', '1.5K'] },
			{ amount: 2.448, resolutions: ['2K'] },
		],
	},
};
