export type ImageFormatName = 'jpeg' | 'png' | 'webp' | 'gif' | 'bmp' | 'tiff';

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
};

/** How many bytes of a file `imageFormat` wants to see. */
export const SIGNATURE_LENGTH = 12;

/** The format that the first bytes of a file prove, whatever its name or content type say. */
export function imageFormat(start: Buffer): ImageFormatName | undefined {
	const hex = start.toString('hex');
	const ascii = start.toString('latin1');
	if (hex.startsWith('89504e470d0a1a0a')) return 'png';
	if (hex.startsWith('ffd8ff')) return 'jpeg';
	if (ascii.startsWith('RIFF') && ascii.slice(8, 12) === 'WEBP') return 'webp';
	if (/^GIF8[79]a/.test(ascii)) return 'gif';
	if (ascii.startsWith('BM')) return 'bmp';
	if (hex.startsWith('49492a00') || hex.startsWith('4d4d002a')) return 'tiff';
	return undefined;
}
