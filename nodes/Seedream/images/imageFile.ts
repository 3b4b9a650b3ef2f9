import type { ImageFormatName, ReferenceFileLimits } from '../providers/referenceLimits';
import { formatNumber } from '../shared/format';
import type { FileContent } from './fileUpload';
import type { MeasuredImage } from './measureImage';

/** An image that sits in n8n, judged by its own bytes. */
export interface ImageFile {
	/** The same for the same file in many rows. */
	key: string;
	/** Of its content: the same also when the file is read again, and is another one to n8n. */
	hash: string;
	/** Where the user finds it, e.g. `the image in the field "data"`. */
	label: string;
	bytes: number;
	/** Undefined when its bytes are no image that can be measured. */
	measured: MeasuredImage | undefined;
	/** What it is instead, in words with their article. */
	otherFormat?: string;
	/** By its bytes, else as n8n has it. */
	mimeType: string;
	/** Opens it anew; throws when the file is gone. */
	content: () => Promise<FileContent>;
	/** A link under which n8n hands it out; undefined where nobody outside could open it. */
	signedLink: () => string | undefined;
}

/** What the limits have against the image, in words that follow its label; undefined when nothing. */
export function fileProblem(
	{ bytes, measured, otherFormat }: Partial<Pick<ImageFile, 'bytes' | 'measured' | 'otherFormat'>>,
	limits: ReferenceFileLimits,
): string | undefined {
	const { formats, maxBytes, minSide, maxPixels, minRatio, maxRatio } = limits;
	if (!measured && otherFormat) return `is ${otherFormat}, the model takes ${list(formats)}`;
	if (!measured) return `is not an image in one of these formats: ${list(formats)}`;
	const { format, width, height } = measured;
	const size = `${width}×${height} pixels`;
	if (!formats.includes(format)) {
		return `is a ${format.toUpperCase()} file, the model takes ${list(formats)}`;
	}
	if (bytes !== undefined && bytes > maxBytes) {
		return `has ${megabytes(bytes)} MB, the most is ${megabytes(maxBytes)} MB`;
	}
	if (Math.min(width, height) < minSide) return `has ${size}, each side needs at least ${minSide}`;
	if (width * height > maxPixels) {
		return `has ${size}, the most is ${formatNumber(maxPixels)} pixels in all`;
	}
	const ratio = width / height;
	if (ratio < minRatio || ratio > maxRatio) {
		return `has ${size}, one side may be at most ${Math.round(maxRatio)} times the other`;
	}
	return undefined;
}

function list(formats: readonly ImageFormatName[]): string {
	return formats.map((format) => format.toUpperCase()).join(', ');
}

/** Rounded up, so that a file just over the limit does not read like one within it. */
function megabytes(bytes: number): string {
	return (Math.ceil((bytes / (1024 * 1024)) * 10) / 10).toString();
}
