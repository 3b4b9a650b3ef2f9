import { detectTruncation } from '../../../../nodes/Seedream/images/truncation';
import type { ImageFormatName } from '../../../../nodes/Seedream/providers/referenceLimits';
import { encodedByX265, iPhonePhoto } from './heifFiles';
import { bmp, picture } from './noiseImages';

const MAKERS: Array<[ImageFormatName, string, () => Promise<Buffer>]> = [
	['png', '', () => picture().png().toBuffer()],
	['png', 'with a palette', () => picture().png({ palette: true }).toBuffer()],
	['png', 'progressive', () => picture().png({ progressive: true }).toBuffer()],
	['jpeg', '', () => picture().jpeg().toBuffer()],
	['jpeg', 'progressive', () => picture().jpeg({ progressive: true }).toBuffer()],
	[
		'jpeg',
		'with EXIF data',
		() =>
			picture()
				.withExif({ IFD0: { Artist: 'A' } })
				.jpeg()
				.toBuffer(),
	],
	['webp', 'lossy', () => picture().webp().toBuffer()],
	['webp', 'lossless', () => picture().webp({ lossless: true }).toBuffer()],
	// This one contains its end marker nowhere else, which is rare in small files.
	['gif', '', () => picture(7).gif().toBuffer()],
	['bmp', '', bmp],
	['heic', 'by x265', async () => encodedByX265('plain')],
	['heic', 'by an iPhone', async () => iPhonePhoto({ width: 4032, height: 3024 })],
];

const SIZES = [1, 7, 64 * 1024];

/** The verdict after all chunks. */
function isComplete(format: ImageFormatName, bytes: Buffer, chunkSize = 64 * 1024): boolean {
	const detector = detectTruncation(format);
	for (let from = 0; from < bytes.length; from += chunkSize) {
		detector.update(bytes.subarray(from, from + chunkSize));
	}
	return detector.isComplete();
}

/** What may follow an image. */
const MAX_TRAILING_BYTES = 64 * 1024;

describe.each(MAKERS)('the truncation of a %s file %s', (format, _kind, make) => {
	let whole: Buffer;
	beforeAll(async () => {
		whole = await make();
	});

	it.each(SIZES)("isn't detected in a complete file, in chunks of %i", (chunkSize) => {
		expect(isComplete(format, whole, chunkSize)).toBe(true);
	});

	it("isn't detected in a complete file, wherever it is split in two", () => {
		for (let at = 1; at < 40; at += 1) {
			const detector = detectTruncation(format);
			detector.update(whole.subarray(0, -at));
			expect(detector.isComplete()).toBe(false);
			detector.update(whole.subarray(-at));
			expect(detector.isComplete()).toBe(true);
		}
	});

	it.each([0.1, 0.5, 0.9, 0.99])('is detected at %d of the file', (share) => {
		const cut = whole.subarray(0, Math.floor(share * whole.length));
		for (const chunkSize of SIZES) expect(isComplete(format, cut, chunkSize)).toBe(false);
	});

	it('is detected if the last 20 bytes are missing', () => {
		expect(isComplete(format, whole.subarray(0, -20))).toBe(false);
	});

	it('is detected if there are only the first bytes', () => {
		for (const length of [0, 1, 3, 6, 8, 12, 30]) {
			expect(isComplete(format, whole.subarray(0, length))).toBe(false);
		}
	});

	it.each([1, 20, 500, 60_000])(
		"isn't detected with %i bytes of something else behind the image",
		(length) => {
			const longer = Buffer.concat([whole, Buffer.alloc(length, 'x')]);
			for (const chunkSize of SIZES) expect(isComplete(format, longer, chunkSize)).toBe(true);
		},
	);

	it('is detected wherever the file is cut', () => {
		const wrong: number[] = [];
		for (let cut = 21; cut < 1_000; cut += 7) {
			if (isComplete(format, whole.subarray(0, -cut))) wrong.push(cut);
		}
		expect(wrong).toEqual([]);
	});
});

it('an end marker far before the end of a file is ignored', () => {
	for (const [format, end] of [
		['png', '49454e44ae426082'],
		['jpeg', 'ffd9'],
		['gif', '003b'],
	] as const) {
		const mark = Buffer.from(end, 'hex');
		for (const chunkSize of SIZES) {
			const near = Buffer.concat([mark, Buffer.alloc(MAX_TRAILING_BYTES - mark.length, 'x')]);
			expect(isComplete(format, near, chunkSize)).toBe(true);
			const far = Buffer.concat([near, Buffer.alloc(mark.length + 1, 'x')]);
			expect(isComplete(format, far, chunkSize)).toBe(false);
		}
	}
});

it('a TIFF file always counts as complete, because its parts may be anywhere', async () => {
	const whole = await picture().tiff().toBuffer();
	for (const bytes of [whole, whole.subarray(0, -20)]) expect(isComplete('tiff', bytes)).toBe(true);
});
