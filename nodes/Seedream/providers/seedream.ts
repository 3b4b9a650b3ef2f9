import type { ReferenceFileLimits } from './referenceLimits';

/**
 * What Seedream 4.5 and 4.0 themselves take as a reference image (seeds 000 and 002; seed 001 is
 * narrower for 4.0, the newer documentation gives both the same).
 */
export const SEEDREAM_REFERENCE_FILE: ReferenceFileLimits = {
	formats: ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif'],
	maxBytes: 10 * 1024 * 1024,
	minSide: 15,
	maxPixels: 6000 * 6000,
	minRatio: 1 / 16,
	maxRatio: 16,
};
