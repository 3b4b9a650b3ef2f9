import type { ImageFormatName } from '../providers/referenceLimits';

export interface ImageFormat {
	extension: string;
	mimeType: string;
}

export const IMAGE_FORMATS: Record<ImageFormatName, ImageFormat> = {
	jpeg: { extension: 'jpg', mimeType: 'image/jpeg' },
	png: { extension: 'png', mimeType: 'image/png' },
	webp: { extension: 'webp', mimeType: 'image/webp' },
	gif: { extension: 'gif', mimeType: 'image/gif' },
	bmp: { extension: 'bmp', mimeType: 'image/bmp' },
	tiff: { extension: 'tiff', mimeType: 'image/tiff' },
	heic: { extension: 'heic', mimeType: 'image/heic' },
	heif: { extension: 'heif', mimeType: 'image/heif' },
};

/** With its article. */
export function describeFormat(format: ImageFormatName): string {
	const file = `a ${format.toUpperCase()} file`;
	return format === 'heic' ? `${file} (the format of iPhone photos)` : file;
}

/** How many bytes of a file `imageFormat` needs at least. */
export const SIGNATURE_LENGTH = 12;
/** Room for 60 brands; files have up to ten. */
const MAX_BRANDS_END = 256;

/** How many bytes `imageFormat` needs of a file that starts like this: where brands are listed, all of them. */
export function signatureLength(start: Buffer): number {
	if (!isBoxed(start)) return SIGNATURE_LENGTH;
	return Math.min(Math.max(start.readUInt32BE(0), SIGNATURE_LENGTH), MAX_BRANDS_END);
}

/** An ISO base media file: HEIC, HEIF, AVIF, or a video. */
function isBoxed(start: Buffer): boolean {
	return start.toString('latin1', 4, 8) === 'ftyp';
}

/** The format according to a file's first bytes, whatever its name or content type say. */
export function imageFormat(start: Buffer): ImageFormatName | undefined {
	const hex = start.toString('hex');
	const ascii = start.toString('latin1');
	if (hex.startsWith('89504e470d0a1a0a')) return 'png';
	if (hex.startsWith('ffd8ff')) return 'jpeg';
	if (ascii.startsWith('RIFF') && ascii.slice(8, 12) === 'WEBP') return 'webp';
	if (/^GIF8[79]a/.test(ascii)) return 'gif';
	if (ascii.startsWith('BM')) return 'bmp';
	if (hex.startsWith('49492a00') || hex.startsWith('4d4d002a')) return 'tiff';
	return isBoxed(start) ? brandedFormat(start) : undefined;
}

const HEVC_BRAND = /^he[iv][cxms]$/;
const AV1_BRAND = /^avi[fs]$/;
/** Of images in any coding. */
const GENERIC_BRAND = /^(?:mif[12]|msf1|miaf)$/;

/** A generic major brand says nothing about the coding, but the compatible brands may. */
function brandedFormat(start: Buffer): ImageFormatName | undefined {
	const brands = start.toString('latin1', 8, signatureLength(start)).match(/.{4}/gs) ?? [];
	const [major = '', , ...compatible] = brands;
	if (HEVC_BRAND.test(major)) return 'heic';
	if (!GENERIC_BRAND.test(major) || compatible.some((brand) => AV1_BRAND.test(brand))) {
		return undefined;
	}
	return compatible.some((brand) => HEVC_BRAND.test(brand)) ? 'heic' : 'heif';
}

/** How many bytes of a file `otherFormat` needs. */
export const OTHER_SIGNATURE_LENGTH = 512;

/** Files that are often sent instead of a supported image, by how they begin. */
const OTHER_SIGNATURES: Array<[RegExp, string]> = [
	[/^.{4}ftypavi[fs]/s, 'an AVIF file'],
	[/^.{4}ftyp(?:mif[12]|msf1|miaf)(?:.{4})*?avi[fs]/s, 'an AVIF file'],
	[/^.{4}ftypcrx /s, 'a raw camera photo (CR3)'],
	[/^.{4}ftyp/s, 'a video'],
	[/^\x1aE\xdf\xa3/, 'a video'],
	[/^RIFF.{4}AVI /s, 'a video'],
	[/^(?:\xff\x0a|\0{3}\x0cJXL )/, 'a JPEG XL file'],
	[/^(?:\0{3}\x0cjP {2}|\xff\x4f\xff\x51)/, 'a JPEG 2000 file'],
	[/^%PDF-/, 'a PDF document'],
	[/^8BPS/, 'a Photoshop file (PSD)'],
	[/^%!PS/, 'a PostScript file'],
	[/^gimp xcf/, 'a GIMP file (XCF)'],
	[/^\0\0\x01\0/, 'an icon file (ICO)'],
	[/^icns/, 'an icon file (ICNS)'],
	[/^PK\x03\x04/, 'a ZIP archive or an Office document'],
	[/^\xd0\xcf\x11\xe0/, 'an Office document'],
	[
		/^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype svg[^>]*>\s*)?<svg[\s>]/is,
		'an SVG file',
	],
	[/^data:[\w/+.-]+;base64,/i, 'a data URI as text instead of an image file'],
	[/^(?:iVBORw0KGgo|\/9j\/)[A-Za-z\d+/\s]+/, 'base64 text instead of an image file'],
];

/** What a file that couldn't be measured is, with its article; undefined if unknown. */
export function otherFormat(start: Buffer): string | undefined {
	const signature = start.subarray(0, OTHER_SIGNATURE_LENGTH);
	const format = imageFormat(signature);
	if (format === 'heic' || format === 'heif') {
		return `${describeFormat(format)} with an unreadable header`;
	}
	const text = signature.toString('latin1');
	return OTHER_SIGNATURES.find(([signature]) => signature.test(text))?.[1];
}
