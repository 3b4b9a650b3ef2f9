export interface ImageFormat {
	extension: string;
	mimeType: string;
}

const PNG: ImageFormat = { extension: 'png', mimeType: 'image/png' };
const JPEG: ImageFormat = { extension: 'jpg', mimeType: 'image/jpeg' };
const WEBP: ImageFormat = { extension: 'webp', mimeType: 'image/webp' };
const GIF: ImageFormat = { extension: 'gif', mimeType: 'image/gif' };
const BMP: ImageFormat = { extension: 'bmp', mimeType: 'image/bmp' };
const TIFF: ImageFormat = { extension: 'tiff', mimeType: 'image/tiff' };

/** How many bytes of a file `imageFormat` wants to see. */
export const SIGNATURE_LENGTH = 12;

/** The format that the first bytes of a file prove, whatever its name or content type say. */
export function imageFormat(start: Buffer): ImageFormat | undefined {
	const hex = start.toString('hex');
	const ascii = start.toString('latin1');
	if (hex.startsWith('89504e470d0a1a0a')) return PNG;
	if (hex.startsWith('ffd8ff')) return JPEG;
	if (ascii.startsWith('RIFF') && ascii.slice(8, 12) === 'WEBP') return WEBP;
	if (/^GIF8[79]a/.test(ascii)) return GIF;
	if (ascii.startsWith('BM')) return BMP;
	if (hex.startsWith('49492a00') || hex.startsWith('4d4d002a')) return TIFF;
	return undefined;
}
