import type { Model, Parameter } from './provider';
import { needsReference, referencesPlusImages, transparentBackground } from './rules';
import { SEEDREAM_5_REFERENCE_FILE } from './seedream';

const MAX_REFERENCES_AND_IMAGES = 15;

/** The provider documents no limit and rejects prompts that are too long. */
const PROMPT = { min: 1, max: Infinity };

const AUTO_NOTE = 'Auto uses the ratio of the reference image, so it needs one.';

function size(
	options: readonly [string, ...string[]],
	defaultOption: string,
	note?: string,
): Parameter {
	return { kind: 'choice', sentAs: 'size', options, default: defaultOption, note };
}

function resolution(options: readonly [string, ...string[]], defaultOption: string): Parameter {
	return { kind: 'choice', sentAs: 'resolution', options, default: defaultOption };
}

const CALLBACK_URL: Parameter = {
	kind: 'callback',
	sentAs: 'webhook',
	maxLength: 2048,
	suffix: '/callback',
	note: 'APIMart appends /callback to this URL.',
};

const autoNeedsReference = needsReference(
	'aspectRatio',
	({ values }) => values.aspectRatio === 'auto',
	'is "auto", which needs a reference image. Add one, or choose a ratio',
);

/** See https://docs.apimart.ai (October 2026). "seedance" isn't a typo: it's the documented default. */
export const seedream45: Model = {
	id: 'doubao-seedance-4-5',
	aliases: ['seedream-4-5', 'Doubao-Seedream-4.5', 'doubao-seedream-4.5', 'doubao-seedream-4-5'],
	label: 'Seedream 4.5',
	version: '4.5',
	prompt: PROMPT,
	references: {
		min: 0,
		max: 14,
		dataUri: true,
		file: {
			formats: ['jpeg', 'png'],
			maxBytes: 10 * 1024 * 1024,
			minSide: 15,
			maxPixels: 6000 * 6000,
			minRatio: 1 / 3,
			maxRatio: 3,
		},
	},
	parameters: {
		aspectRatio: size(
			['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '21:9', '9:21', 'auto'],
			'1:1',
			AUTO_NOTE,
		),
		resolution: resolution(['2K', '4K'], '2K'),
		imageCount: {
			kind: 'integer',
			sentAs: 'n',
			min: 1,
			max: MAX_REFERENCES_AND_IMAGES,
			default: 1,
			note: 'To get several images, add at least one reference image.',
		},
		promptOptimization: {
			kind: 'choice',
			sentAs: 'optimize_prompt_options.mode',
			options: ['standard', 'fast'],
			default: 'standard',
		},
		sequentialImageGeneration: {
			kind: 'choice',
			sentAs: 'sequential_image_generation',
			options: ['disabled', 'auto'],
			default: 'disabled',
		},
		maxImages: {
			kind: 'integer',
			sentAs: 'sequential_image_generation_options.max_images',
			min: 1,
			max: 15,
		},
		watermark: { kind: 'boolean', sentAs: 'watermark', default: false },
		callbackUrl: CALLBACK_URL,
	},
	rules: [
		referencesPlusImages(MAX_REFERENCES_AND_IMAGES),
		autoNeedsReference,
		needsReference(
			'imageCount',
			({ values }) => Number(values.imageCount ?? 1) > 1,
			'must be 1 without a reference image. Add a reference image, or set it to 1',
		),
		needsReference(
			'sequentialImageGeneration',
			({ values }) => values.sequentialImageGeneration === 'auto',
			'is "auto", which needs a reference image. Add one, or choose "disabled"',
		),
		({ values }) =>
			values.maxImages !== undefined && values.sequentialImageGeneration !== 'auto'
				? {
						field: 'maxImages',
						message: 'has no effect unless \'Sequential Image Generation\' is "auto"',
					}
				: undefined,
	],
	price: { perImage: [{ amount: 0.026 }] },
};

/** See https://docs.apimart.ai (October 2026). */
export const seedream40: Model = {
	...seedream45,
	id: 'seedream-4-0',
	aliases: ['doubao-seedream-4-0', 'doubao-seedance-4-0'],
	label: 'Seedream 4.0',
	version: '4.0',
	references: { ...seedream45.references, max: 10 },
	parameters: { ...seedream45.parameters, resolution: resolution(['1K', '2K', '4K'], '2K') },
	price: { perImage: [{ amount: 0.0195 }] },
};

/**
 * See https://docs.apimart.ai (October 2026). The price is from the provider's page for the model. It
 * no longer documents data URIs.
 */
export const seedream50Lite: Model = {
	id: 'seedream-5-0-lite',
	aliases: ['doubao-seedream-5-0-lite', 'doubao-seedream-5.0-lite'],
	label: 'Seedream 5.0 Lite',
	version: '5.0 lite',
	prompt: PROMPT,
	references: { ...seedream45.references, dataUri: false },
	parameters: {
		aspectRatio: size(
			['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '2:1', '1:2', '21:9', 'auto'],
			'1:1',
			AUTO_NOTE,
		),
		resolution: resolution(['2K', '3K', '4K'], '2K'),
		imageCount: {
			kind: 'integer',
			sentAs: 'n',
			min: 1,
			max: MAX_REFERENCES_AND_IMAGES,
			default: 1,
		},
		outputFormat: { kind: 'choice', sentAs: 'output_format', options: ['png', 'jpeg'] },
		callbackUrl: CALLBACK_URL,
	},
	rules: [referencesPlusImages(MAX_REFERENCES_AND_IMAGES), autoNeedsReference],
	price: { perImage: [{ amount: 0.028 }] },
};

/**
 * See https://docs.apimart.ai (October 2026). It doesn't document formats and sizes of references:
 * these are the model's own.
 */
export const seedream50Flash: Model = {
	id: 'seedream-5-0-flash',
	aliases: [],
	label: 'Seedream 5.0 Flash',
	version: '5.0 flash',
	prompt: PROMPT,
	references: { min: 0, max: 10, dataUri: false, file: SEEDREAM_5_REFERENCE_FILE },
	parameters: {
		aspectRatio: size(
			['auto', '1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '2:1', '1:2', '21:9'],
			'auto',
		),
		resolution: resolution(['1K', '1.5K', '2K'], '1K'),
		outputFormat: { kind: 'choice', sentAs: 'output_format', options: ['png', 'jpeg'] },
		background: {
			kind: 'choice',
			sentAs: 'background',
			options: ['opaque', 'transparent'],
			default: 'opaque',
		},
		callbackUrl: CALLBACK_URL,
	},
	rules: [transparentBackground],
	price: { perImage: [{ amount: 0.0137 }] },
};

/** The provider publishes the price for 1K; one in 2K costs about twice as much. */
export const seedream50Pro: Model = {
	...seedream50Flash,
	id: 'seedream-5-0-pro',
	aliases: ['doubao-seedream-5-0-pro'],
	label: 'Seedream 5.0 Pro',
	version: '5.0 pro',
	minSeconds: 90,
	price: {
		perImage: [
			{ amount: 0.02925, resolutions: ['1K', '1.5K'] },
			{ amount: 0.0585, resolutions: ['2K'] },
		],
	},
};
