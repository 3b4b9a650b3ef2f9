import type { ImageFacts } from './imageFacts';
import type { ProviderName, TaskFailure } from './tasks';

interface ReferenceLimits {
	/** As sharp names them, and bmp. */
	formats: readonly string[];
	/** The longer side to the shorter one, at most. */
	mostStretch: number;
}

/** Seeds 000 and 002; seed 001 is narrower, and the newer documentation of 4.0 agrees with these. */
const EVOLINK_LIMITS: ReferenceLimits = {
	formats: ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif'],
	mostStretch: 16,
};

const LIMITS: Record<ProviderName, ReferenceLimits> = {
	evoLink: EVOLINK_LIMITS,
	/** Seed 004: "图片格式：jpeg、png", "宽高比（宽/高）范围：[1/3, 3]". */
	apiMart: { formats: ['jpeg', 'png'], mostStretch: 3 },
	/** No document says; the model behind it is the same. */
	apiInOne: EVOLINK_LIMITS,
};

/** All documents: "Max size: 10MB per image". They do not say which MB; this is the larger one. */
const MAX_BYTES = 10 * 1024 * 1024;

/** All documents: "Width and height (px) > 14". */
const SIDE_BEYOND = 14;

/** All documents: "Total pixels: no more than 6000×6000". */
const MAX_PIXELS = 6000 * 6000;

/** What a provider says of a reference with these facts; undefined when it takes it. */
export function judgeReference(provider: ProviderName, facts: ImageFacts): TaskFailure | undefined {
	const { formats } = LIMITS[provider];
	if (!formats.includes(facts.format)) {
		return unusable(provider, `its format must be one of: ${formats.join(', ')}`);
	}
	if (facts.bytes > MAX_BYTES) return unusable(provider, 'it must not be larger than 10 MB');
	const fault = sidesFault(facts, LIMITS[provider].mostStretch);
	return fault === undefined ? undefined : failure(provider, 'image_dimension_mismatch', fault);
}

/** A reference that the provider cannot get, read or take. */
export function unusable(provider: ProviderName, reason: string): TaskFailure {
	return failure(provider, 'image_processing_error', reason);
}

function sidesFault({ width, height }: ImageFacts, mostStretch: number): string | undefined {
	if (Math.min(width, height) <= SIDE_BEYOND) {
		return `each side must be longer than ${SIDE_BEYOND} px`;
	}
	if (width * height > MAX_PIXELS) return 'it must not have more than 6000×6000 pixels';
	return Math.max(width, height) > mostStretch * Math.min(width, height)
		? `width/height must be in [1/${mostStretch}, ${mostStretch}]`
		: undefined;
}

/** Only EvoLink documents codes of its own for images; the others say `task_failed` and why. */
function failure(provider: ProviderName, code: string, reason: string): TaskFailure {
	return {
		code: provider === 'evoLink' ? code : 'task_failed',
		message: `A reference image cannot be used: ${reason}.`,
	};
}
