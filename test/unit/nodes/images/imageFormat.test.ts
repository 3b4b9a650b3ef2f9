import {
	IMAGE_FORMATS,
	imageFormat,
	SIGNATURE_LENGTH,
} from '../../../../nodes/Seedream/images/imageFormat';

const SIGNATURES: Array<[string, string, string]> = [
	['png', 'image/png', '89504e470d0a1a0a0000000d49484452'],
	['jpg', 'image/jpeg', 'ffd8ffe000104a464946000101000001'],
	['jpg', 'image/jpeg', 'ffd8ffdb0043000806060706050807'],
	[
		'webp',
		'image/webp',
		`${Buffer.from('RIFF\x24\x00\x00\x00WEBPVP8 ', 'latin1').toString('hex')}`,
	],
	['gif', 'image/gif', Buffer.from('GIF87a\x01\x00\x01\x00\x00\x00').toString('hex')],
	['gif', 'image/gif', Buffer.from('GIF89a\x01\x00\x01\x00\x00\x00').toString('hex')],
	['bmp', 'image/bmp', Buffer.from('BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00').toString('hex')],
	['tiff', 'image/tiff', '49492a000800000000000000'],
	['tiff', 'image/tiff', '4d4d002a0000000800000000'],
];

it.each(SIGNATURES)('a %s file is recognized by its first bytes', (extension, mimeType, hex) => {
	const file = Buffer.from(hex, 'hex');
	for (const start of [file, file.subarray(0, SIGNATURE_LENGTH)]) {
		const name = imageFormat(start);
		expect(name && IMAGE_FORMATS[name]).toEqual({ extension, mimeType });
	}
});

it.each<[string, string | Buffer]>([
	['nothing', ''],
	['an HTML page', '<!DOCTYPE html><html>'],
	['JSON', '{"error":{"code":404}}'],
	['XML', '<?xml version="1.0"?><Error>'],
	['the start of a PNG signature', Buffer.from('89504e470d0a1a', 'hex')],
	['a PNG with converted line endings', Buffer.from('89504e470a1a0a0000000d49', 'hex')],
	['two bytes of a JPEG', Buffer.from('ffd8', 'hex')],
	["a RIFF file that isn't WebP", 'RIFF\x24\x00\x00\x00WAVEfmt '],
	['a truncated RIFF file', 'RIFF\x24\x00\x00\x00WEB'],
	['GIF in another version', 'GIF90a\x01\x00\x01\x00\x00\x00'],
	['a signature behind another byte', Buffer.from('0089504e470d0a1a0a000000', 'hex')],
])("%s isn't recognized as an image", (_what, start) => {
	expect(imageFormat(Buffer.from(start))).toBeUndefined();
});
