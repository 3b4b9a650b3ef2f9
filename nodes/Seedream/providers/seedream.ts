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
