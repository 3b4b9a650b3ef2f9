import type { ImageFormatName, ReferenceFileLimits } from '../providers/referenceLimits';
import { formatMegabytes, formatNumber } from '../shared/format';
import type { FileContent } from './fileUpload';
import { describeFormat } from './imageFormat';
import type { MeasuredImage } from './measureImage';

/** An image in n8n, and what its own bytes tell. */
export interface ImageFile {
	/** The same for the same file in several rows. */
	key: string;
	/** Of its content: the same even if the file is read again and has another ID in n8n. */
	hash: string;
	/** Names the file to the user, e.g. `the image in "data"`. */
	label: string;
	bytes: number;
	/** Undefined if it isn't an image whose size can be read. */
	measured: MeasuredImage | undefined;
	/** What it is instead, with its article. */
	otherFormat?: string;
	/** From its bytes, otherwise from n8n. */
	mimeType: string;
	/** Opens the file again each time; throws if it no longer exists. */
	content: () => Promise<FileContent>;
	/** A link to the file that n8n serves; undefined if the provider couldn't open it. */
	signedLink: () => string | undefined;
}

/** How the image exceeds the limits, as the end of a sentence that names it; undefined if it doesn't. */
export function fileProblem(
	{ bytes, measured, otherFormat }: Partial<Pick<ImageFile, 'bytes' | 'measured' | 'otherFormat'>>,
	limits: ReferenceFileLimits,
): string | undefined {
	const { formats, maxBytes, minSide, maxPixels, minRatio, maxRatio } = limits;
	const accepted = `but the model accepts only ${formatList(formats)}`;
	if (!measured && otherFormat) return `is ${otherFormat}, ${accepted}`;
	if (!measured) return `isn't an image in a supported format (${formatList(formats)})`;
	const { format, width, height } = measured;
	if (!formats.includes(format)) return `is ${describeFormat(format)}, ${accepted}`;
	if (bytes !== undefined && bytes > maxBytes) {
		return `is ${formatMegabytes(bytes)} (maximum ${formatMegabytes(maxBytes)})`;
	}
	const size = `${width}×${height} pixels`;
	if (Math.min(width, height) < minSide) return `is ${size} (minimum ${minSide} per side)`;
	if (width * height > maxPixels) {
		return `is ${size} (maximum ${formatNumber(maxPixels)} in total)`;
	}
	const ratio = width / height;
	if (ratio < minRatio || ratio > maxRatio) {
		return `is too narrow at ${size} (maximum ratio ${Math.round(maxRatio)}:1)`;
	}
	return undefined;
}

function formatList(formats: readonly ImageFormatName[]): string {
	return formats.map((format) => format.toUpperCase()).join(', ');
}
