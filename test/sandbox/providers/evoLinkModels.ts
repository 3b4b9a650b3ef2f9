import type { SchemaObject } from 'ajv';

import {
	APIMART_PIXELS,
	EVOLINK_PIXELS,
	FLASH_AND_PRO_PIXELS,
	LITE_3K_PIXELS,
	type PixelTable,
} from '../pixelSizes';
import type { PriceComponent } from '../prices';
import type { ReferenceLimits } from '../referenceLimits';
import type { ImageFormat } from '../tasks';

/** One model of EvoLink. Sources: its own page at https://docs.evolink.ai/en/api-manual/image-series/seedream/. */
export interface EvoLinkModel {
	/** In code points. */
	maxPrompt: number;
	/** The default comes first. */
	qualities: readonly [string, ...string[]];
	promptPriorities: readonly string[];
	/** Only some models have these fields. */
	fields: Record<string, SchemaObject>;
	/** For a `size` in pixels; absent if the model has no `size`. */
	pixelRange?: { min: number; max: number };
	pixels: PixelTable;
	/** Absent: the model splits its one reference into layers. */
	maxReferences?: number;
	references: ReferenceLimits;
	/** Where the request doesn't say. */
	format: ImageFormat;
	/** In credits. */
	prices: readonly PriceComponent[];
}

/** In the provider's own client. */
export const CREDITS_PER_DOLLAR = 68;

/** Older versions of the pages don't have 9:21. */
export const RATIOS = [
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
	'21:9',
	'9:21',
];

/**
 * The Seedream 4.5 page, October 2026. The older Seedream 4.0 page is stricter, the current one isn't. "Width and
 * height (px) > 14".
 */
export const EVOLINK_REFERENCES: ReferenceLimits = {
	formats: ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif'],
	maxMegabytes: 10,
	minSide: 15,
	maxAspectRatio: 16,
};

const LARGE_REFERENCES: ReferenceLimits = {
	...EVOLINK_REFERENCES,
	formats: [...EVOLINK_REFERENCES.formats, 'heif'],
	maxMegabytes: 30,
};

const LAYERED_REFERENCES: ReferenceLimits = {
	...EVOLINK_REFERENCES,
	formats: ['png', 'jpeg'],
	maxMegabytes: 30,
	minSide: 512,
};

const SIZE: SchemaObject = { type: 'string' };

const OUTPUT_FORMAT: SchemaObject = { type: 'string', enum: ['png', 'jpeg'] };

/** Of 4.0, 4.5 and 5.0 Lite. */
const SEVERAL_IMAGES: Record<string, SchemaObject> = {
	n: { type: 'integer', minimum: 1, maximum: 15 },
	size: SIZE,
};

const LITE_FIELDS: Record<string, SchemaObject> = {
	...SEVERAL_IMAGES,
	model_params: {
		type: 'object',
		properties: {
			output_format: OUTPUT_FORMAT,
			tools: {
				type: 'array',
				items: {
					type: 'object',
					required: ['type'],
					properties: { type: { type: 'string', enum: ['web_search'] } },
				},
			},
		},
	},
};

const FLASH_AND_PRO_FIELDS: Record<string, SchemaObject> = {
	size: SIZE,
	output_format: OUTPUT_FORMAT,
	watermark: { type: 'boolean' },
	background: { type: 'string', enum: ['opaque', 'transparent'] },
};

const MAX_PIXELS = 4096 * 4096;

const LITE = {
	maxPrompt: 2000,
	promptPriorities: ['standard'],
	maxReferences: 14,
	references: EVOLINK_REFERENCES,
} as const;

/** Of flash and pro, and of the layers' canvas. */
export const FLASH_AND_PRO_RANGE = { min: 921_600, max: 4_624_220 };

/** 4000 tokens, and no limit in characters. */
const MAX_LONG_PROMPT = 16_000;

const FLASH_AND_PRO = {
	maxPrompt: MAX_LONG_PROMPT,
	qualities: ['1K', '1.5K', '2K'],
	fields: FLASH_AND_PRO_FIELDS,
	pixelRange: FLASH_AND_PRO_RANGE,
	pixels: FLASH_AND_PRO_PIXELS,
	maxReferences: 10,
	references: LARGE_REFERENCES,
	format: 'jpeg',
} as const;

const LAYERIZE = {
	maxPrompt: MAX_LONG_PROMPT,
	qualities: ['auto', '1K', '1.5K', '2K'],
	fields: { output_format: OUTPUT_FORMAT },
	pixels: FLASH_AND_PRO_PIXELS,
	references: LAYERED_REFERENCES,
	format: 'jpeg',
} as const;

const BELOW_2K = ['1K', '1.5K'];

export const EVOLINK_MODELS: Record<string, EvoLinkModel> = {
	'doubao-seedream-4.5': {
		...LITE,
		qualities: ['2K', '4K'],
		fields: SEVERAL_IMAGES,
		pixelRange: { min: 2560 * 1440, max: MAX_PIXELS },
		pixels: EVOLINK_PIXELS,
		format: 'png',
		prices: [{ name: 'image', credits: 2.04 }],
	},
	'doubao-seedream-4.0': {
		...LITE,
		qualities: ['2K', '1K', '4K'],
		promptPriorities: ['standard', 'fast'],
		fields: SEVERAL_IMAGES,
		pixelRange: { min: 1280 * 720, max: MAX_PIXELS },
		pixels: APIMART_PIXELS,
		format: 'png',
		prices: [{ name: 'image', credits: 1.53 }],
	},
	'doubao-seedream-5.0-lite': {
		...LITE,
		qualities: ['2K', '3K', '4K'],
		fields: LITE_FIELDS,
		pixelRange: { min: 2560 * 1440, max: MAX_PIXELS },
		pixels: { ...EVOLINK_PIXELS, ...LITE_3K_PIXELS },
		// Not on the page: ByteDance's own default.
		format: 'jpeg',
		prices: [
			{ name: 'image', credits: 1.904 },
			{ name: 'web_search', credits: 0.04 },
		],
	},
	'doubao-seedream-5.0-flash': {
		...FLASH_AND_PRO,
		promptPriorities: ['standard'],
		prices: [{ name: 'image', credits: 1.1016 }],
	},
	'doubao-seedream-5.0-pro': {
		...FLASH_AND_PRO,
		promptPriorities: ['standard', 'fast'],
		prices: [
			{ name: 'image', credits: 2.295, qualities: BELOW_2K },
			{ name: 'image', credits: 4.59, qualities: ['2K'] },
			{ name: 'reference_image', credits: 0.153 },
		],
	},
	'doubao-seedream-5.0-flash-layerize': {
		...LAYERIZE,
		promptPriorities: ['standard'],
		prices: [{ name: 'image', credits: 1.1016 }],
	},
	'doubao-seedream-5.0-pro-layerize': {
		...LAYERIZE,
		promptPriorities: ['standard', 'fast'],
		prices: [
			{ name: 'input_image', credits: 0.1632 },
			{ name: 'image', credits: 1.224, qualities: BELOW_2K },
			{ name: 'image', credits: 2.448, qualities: ['2K'] },
		],
	},
};
