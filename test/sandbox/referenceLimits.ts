import type { ImageMetadata } from './imageMetadata';
import type { ProviderName, TaskFailure } from './tasks';

/** What a model accepts as a reference image. */
export interface ReferenceLimits {
	/** As sharp names them, and bmp and heif. */
	formats: readonly string[];
	/** The documentations say MB. They don't say which, so it's the larger one. */
	maxMegabytes: number;
	minSide: number;
	/** Longer side to shorter side. */
	maxAspectRatio: number;
}

const BYTES_PER_MEGABYTE = 1024 * 1024;

/** EvoLink and APIMart: "Total pixels: no more than 6000×6000". */
const MAX_PIXELS = 6000 * 6000;

/** Why the provider fails a task with this reference; undefined if the model accepts the reference. */
export function checkReference(
	provider: ProviderName,
	{ formats, maxMegabytes, ...limits }: ReferenceLimits,
	image: ImageMetadata,
): TaskFailure | undefined {
	if (!formats.includes(image.format)) {
		return unusableReference(provider, `its format must be one of: ${formats.join(', ')}`);
	}
	if (image.bytes > maxMegabytes * BYTES_PER_MEGABYTE) {
		return unusableReference(provider, `it must not be larger than ${maxMegabytes} MB`);
	}
	const error = dimensionsError(image, limits);
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
	{ minSide, maxAspectRatio }: Pick<ReferenceLimits, 'minSide' | 'maxAspectRatio'>,
): string | undefined {
	if (Math.min(width, height) < minSide) return `each side must be longer than ${minSide - 1} px`;
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
