import type { ReferenceFileLimits } from './referenceLimits';

/**
 * What Seedream 4.5 and 4.0 accept as a reference image, from EvoLink's API documentation
 * (https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-4.5-image-generate, October
 * 2026). EvoLink's product page has narrower limits for 4.0; the newer documentation takes precedence.
 */
export const SEEDREAM_REFERENCE_FILE: ReferenceFileLimits = {
	formats: ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif'],
	maxBytes: 10 * 1024 * 1024,
	minSide: 15,
	maxPixels: 6000 * 6000,
	minRatio: 1 / 16,
	maxRatio: 16,
};

/**
 * What Seedream 5.0 Flash and Pro accept, from EvoLink's API documentation
 * (https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-5.0-pro-image-generate, October
 * 2026).
 */
export const SEEDREAM_5_REFERENCE_FILE: ReferenceFileLimits = {
	...SEEDREAM_REFERENCE_FILE,
	formats: [...SEEDREAM_REFERENCE_FILE.formats, 'heic', 'heif'],
	maxBytes: 30 * 1024 * 1024,
};

/** Seedream 5.0's limit is in tokens, which can't be counted here: rejecting longer prompts is safe. */
export const SEEDREAM_5_PROMPT = { min: 1, max: 16_000 };
