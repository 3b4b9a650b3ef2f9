import type { ImageMetadata } from './imageMetadata';
import type { ProviderName, TaskFailure } from './tasks';

interface ReferenceLimits {
	/** As sharp names them, and bmp. */
	formats: readonly string[];
	/** Longer side to shorter side. */
	maxAspectRatio: number;
}

/**
 * https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-4.5-image-generate, October 2026. The older
 * Seedream 4.0 page is stricter, the current one isn't.
 */
const EVOLINK_LIMITS: ReferenceLimits = {
	formats: ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif'],
	maxAspectRatio: 16,
};

const LIMITS: Record<ProviderName, ReferenceLimits> = {
	evoLink: EVOLINK_LIMITS,
	/** https://docs.apimart.ai (Seedream 4.5): "图片格式：jpeg、png", "宽高比（宽/高）范围：[1/3, 3]". */
	apiMart: { formats: ['jpeg', 'png'], maxAspectRatio: 3 },
	/** Not documented. It's the same model. */
	apiInOne: EVOLINK_LIMITS,
};

/** EvoLink and APIMart: "Max size: 10MB per image". They don't say which MB; this is the larger one. */
const MAX_BYTES = 10 * 1024 * 1024;

/** EvoLink and APIMart: "Width and height (px) > 14". */
const MIN_SIDE_EXCLUSIVE = 14;

/** EvoLink and APIMart: "Total pixels: no more than 6000×6000". */
const MAX_PIXELS = 6000 * 6000;

/** Why the provider fails a task with this reference; undefined if it accepts the reference. */
export function checkReference(
	provider: ProviderName,
	image: ImageMetadata,
): TaskFailure | undefined {
	const { formats, maxAspectRatio } = LIMITS[provider];
	if (!formats.includes(image.format)) {
		return unusableReference(provider, `its format must be one of: ${formats.join(', ')}`);
	}
	if (image.bytes > MAX_BYTES) {
		return unusableReference(provider, 'it must not be larger than 10 MB');
	}
	const error = dimensionsError(image, maxAspectRatio);
	return error === undefined
		? undefined
		: referenceFailure(provider, 'image_dimension_mismatch', error);
}

/** For a reference that the provider can't download or decode, or doesn't accept. */
export function unusableReference(provider: ProviderName, reason: string): TaskFailure {
	return referenceFailure(provider, 'image_processing_error', reason);
}

function dimensionsError(
	{ width, height }: ImageMetadata,
	maxAspectRatio: number,
): string | undefined {
	if (Math.min(width, height) <= MIN_SIDE_EXCLUSIVE) {
		return `each side must be longer than ${MIN_SIDE_EXCLUSIVE} px`;
	}
	if (width * height > MAX_PIXELS) return 'it must not have more than 6000×6000 pixels';
	return Math.max(width, height) > maxAspectRatio * Math.min(width, height)
		? `width/height must be in [1/${maxAspectRatio}, ${maxAspectRatio}]`
		: undefined;
}

/** Only EvoLink documents error codes for images. The others use `task_failed` and give the reason. */
function referenceFailure(provider: ProviderName, code: string, reason: string): TaskFailure {
	return {
		code: provider === 'evoLink' ? code : 'task_failed',
		message: `A reference image cannot be used: ${reason}.`,
	};
}
