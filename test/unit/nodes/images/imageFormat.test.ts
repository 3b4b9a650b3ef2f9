import {
	IMAGE_FORMATS,
	imageFormat,
	SIGNATURE_LENGTH,
	signatureLength,
} from '../../../../nodes/Seedream/images/imageFormat';
import { ftyp } from './heifFiles';

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
	...['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs'].map(
		(brand): [string, string, string] => [
			'heic',
			'image/heic',
			ftyp(brand, 'mif1', brand).toString('hex'),
		],
	),
];

it.each(SIGNATURES)('a %s file is recognized by its first bytes', (extension, mimeType, hex) => {
	const file = Buffer.from(hex, 'hex');
	for (const start of [file, file.subarray(0, SIGNATURE_LENGTH)]) {
		const name = imageFormat(start);
		expect(name && IMAGE_FORMATS[name]).toEqual({ extension, mimeType });
	}
});

it.each<[string, Buffer, string | undefined]>([
	['of any coding', ftyp('mif1', 'miaf'), 'heif'],
	['of any coding, a sequence', ftyp('msf1', 'iso8'), 'heif'],
	['of any coding, without others', ftyp('mif2'), 'heif'],
	['of HEVC', ftyp('mif1', 'miaf', 'heic'), 'heic'],
	['of HEVC, a sequence', ftyp('msf1', 'hevc'), 'heic'],
	['of HEVC, by its last brand of 59', ftyp('mif1', ...Array(58).fill('free'), 'heix'), 'heic'],
	['of AV1', ftyp('mif1', 'avif'), undefined],
	['of AV1, its brand first', ftyp('avif', 'mif1', 'heic'), undefined],
	['of AV1 and HEVC', ftyp('miaf', 'heic', 'avis'), undefined],
	['of a video', ftyp('isom', 'heic'), undefined],
	[
		'of HEVC, named only behind its brands',
		Buffer.concat([ftyp('mif1'), Buffer.from('heic')]),
		'heif',
	],
])('the format of a file with brands %s is told by all of them', (_what, file, format) => {
	expect(imageFormat(file)).toBe(format);
	const length = signatureLength(file.subarray(0, SIGNATURE_LENGTH));
	expect(imageFormat(file.subarray(0, length))).toBe(format);
	expect(length).toBeLessThanOrEqual(file.length);
});

it('an image signature is no longer than 256 bytes, whatever a file says', () => {
	const start = (hex: string) => Buffer.from(`${hex}6674797068656963`, 'hex');
	expect(signatureLength(start('ffffffff'))).toBe(256);
	expect(signatureLength(start('00000000'))).toBe(SIGNATURE_LENGTH);
	expect(signatureLength(start('00000001'))).toBe(SIGNATURE_LENGTH);
	expect(signatureLength(Buffer.from('ffd8ffe0', 'hex'))).toBe(SIGNATURE_LENGTH);
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
