import type { SchemaObject } from 'ajv';

import {
	APIMART_PIXELS,
	FLASH_AND_PRO_PIXELS,
	LITE_3K_PIXELS,
	type PixelTable,
} from '../pixelSizes';
import type { PriceComponent } from '../prices';
import type { ReferenceLimits } from '../referenceLimits';
import type { ImageFormat } from '../tasks';

/** One model of APIMart. Source: https://docs.apimart.ai and its price page, September and October 2026. */
export interface ApiMartModel {
	/** Its ID and all aliases. */
	names: readonly [string, ...string[]];
	/** Nobody sells it, so it isn't listed. */
	isExample?: boolean;
	maxPrompt?: number;
	/** The default comes first, as in `resolutions`. */
	sizes: readonly [string, ...string[]];
	/** Whether the size `auto` needs references. */
	autoNeedsReferences: boolean;
	resolutions: readonly [string, ...string[]];
	maxImages: number;
	/** Whether several images need references. */
	severalNeedReferences: boolean;
	maxReferences: number;
	references: ReferenceLimits;
	/** Only some models have these fields. */
	fields: Record<string, SchemaObject>;
	pixels: PixelTable;
	/** Where the request doesn't say. */
	format: ImageFormat;
	/** In credits: ten are a dollar. */
	prices: readonly PriceComponent[];
}

/** "图片格式：jpeg、png", "宽高比（宽/高）范围：[1/3, 3]". */
export const APIMART_REFERENCES: ReferenceLimits = {
	formats: ['jpeg', 'png'],
	maxMegabytes: 10,
	minSide: 15,
	maxAspectRatio: 3,
};

/** Only the number and the bytes are documented. */
const LARGE_REFERENCES: ReferenceLimits = {
	formats: ['jpeg', 'png', 'webp'],
	maxMegabytes: 30,
	minSide: 15,
	maxAspectRatio: 16,
};

const OUTPUT_FORMAT: SchemaObject = { type: 'string', enum: ['png', 'jpeg'] };

const SET_FIELDS: Record<string, SchemaObject> = {
	optimize_prompt_options: {
		type: 'object',
		properties: { mode: { type: 'string', enum: ['standard', 'fast'] } },
	},
	sequential_image_generation: { type: 'string', enum: ['disabled', 'auto'] },
	sequential_image_generation_options: {
		type: 'object',
		properties: { max_images: { type: 'integer', minimum: 1, maximum: 15 } },
	},
	watermark: { type: 'boolean' },
};

const SEEDREAM_4 = {
	sizes: ['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '21:9', '9:21', 'auto'],
	autoNeedsReferences: true,
	maxImages: 15,
	severalNeedReferences: true,
	references: APIMART_REFERENCES,
	fields: SET_FIELDS,
	pixels: APIMART_PIXELS,
	format: 'png',
} as const;

/** One source also has sizes in pixels. */
const FLASH_AND_PRO = {
	sizes: ['auto', '1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '2:1', '1:2', '21:9'],
	autoNeedsReferences: false,
	resolutions: ['1K', '1.5K', '2K'],
	maxImages: 1,
	severalNeedReferences: false,
	maxReferences: 10,
	references: LARGE_REFERENCES,
	fields: {
		output_format: OUTPUT_FORMAT,
		background: { type: 'string', enum: ['opaque', 'transparent'] },
	},
	pixels: FLASH_AND_PRO_PIXELS,
	format: 'jpeg',
} as const;

export const APIMART_MODELS: readonly ApiMartModel[] = [
	{
		...SEEDREAM_4,
		names: [
			'doubao-seedance-4-5',
			'Doubao-Seedream-4.5',
			'doubao-seedream-4.5',
			'doubao-seedream-4-5',
			'seedream-4-5',
		],
		resolutions: ['2K', '4K'],
		maxReferences: 14,
		prices: [{ name: 'image', credits: 0.26 }],
	},
	{
		...SEEDREAM_4,
		names: ['seedream-4-0', 'doubao-seedream-4-0', 'doubao-seedance-4-0'],
		resolutions: ['2K', '1K', '4K'],
		maxReferences: 10,
		prices: [{ name: 'image', credits: 0.195 }],
	},
	{
		names: ['seedream-5-0-lite', 'doubao-seedream-5-0-lite', 'doubao-seedream-5.0-lite'],
		sizes: ['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '21:9', '2:1', '1:2', 'auto'],
		autoNeedsReferences: true,
		resolutions: ['2K', '3K', '4K'],
		maxImages: 15,
		severalNeedReferences: false,
		maxReferences: 14,
		references: APIMART_REFERENCES,
		fields: { output_format: OUTPUT_FORMAT },
		pixels: { ...APIMART_PIXELS, ...LITE_3K_PIXELS },
		// Not on the page: ByteDance's own default.
		format: 'jpeg',
		prices: [{ name: 'image', credits: 0.28 }],
	},
	{
		...FLASH_AND_PRO,
		names: ['seedream-5-0-flash'],
		prices: [{ name: 'image', credits: 0.137 }],
	},
	{
		...FLASH_AND_PRO,
		names: ['seedream-5-0-pro', 'doubao-seedream-5-0-pro'],
		prices: [
			{ name: 'image', credits: 0.2925, qualities: ['1K', '1.5K'] },
			{ name: 'image', credits: 0.585, qualities: ['2K'] },
		],
	},
	// An example, for tests of custom models: its limits are those of no other model.
	{
		isExample: true,
		names: ['seedream-5-5'],
		maxPrompt: 3000,
		sizes: ['1:1', '4:3', '3:4', '16:9', '9:16', 'auto'],
		autoNeedsReferences: false,
		resolutions: ['1K', '2K', '3K'],
		maxImages: 4,
		severalNeedReferences: false,
		maxReferences: 10,
		references: LARGE_REFERENCES,
		fields: {},
		pixels: {},
		format: 'jpeg',
		prices: [{ name: 'image', credits: 0.3 }],
	},
];

/** The fields that only some models have. */
export const SPECIAL_FIELDS = [...Object.keys(SET_FIELDS), 'output_format', 'background'];
