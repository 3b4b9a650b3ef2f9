/** Limits of a reference image. Sides in pixels; ratios are width divided by height. */
export interface ReferenceFileLimits {
	formats: readonly ImageFormatName[];
	maxBytes: number;
	minSide: number;
	maxPixels: number;
	minRatio: number;
	maxRatio: number;
}

export type ImageFormatName = 'jpeg' | 'png' | 'webp' | 'gif' | 'bmp' | 'tiff' | 'heic' | 'heif';
