import { buffer } from 'node:stream/consumers';

import sharp from 'sharp';

import type { ImageFormatName } from '../../../../nodes/Seedream/images/format';
import { wholeCheck } from '../../../../nodes/Seedream/images/whole';
import { seededRandom } from '../tasks/simulatedGateway';

const WIDTH = 160;
const HEIGHT = 120;

/** Noise, so that no format makes it small. */
function picture() {
	const random = seededRandom(3);
	const pixels = Buffer.from(Array.from({ length: WIDTH * HEIGHT * 3 }, () => 255 * random()));
	return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

/** sharp writes none. */
async function bmp(): Promise<Buffer> {
	const pixels = await picture().raw().toBuffer();
	const head = Buffer.alloc(54);
	head.write('BM');
	head.writeUInt32LE(head.length + pixels.length, 2);
	head.writeUInt32LE(head.length, 10);
	head.writeUInt32LE(40, 14);
	head.writeInt32LE(WIDTH, 18);
	head.writeInt32LE(HEIGHT, 22);
	head.writeUInt16LE(1, 26);
	head.writeUInt16LE(24, 28);
	return Buffer.concat([head, pixels]);
}

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
	['gif', '', () => picture().gif().toBuffer()],
	['bmp', '', bmp],
];

const SIZES = [1, 7, 64 * 1024];

/** What comes out of the check, and whether it throws at the end. */
async function pass(format: ImageFormatName, bytes: Buffer, chunkSize = 64 * 1024) {
	const chunks = async function* () {
		for (let from = 0; from < bytes.length; from += chunkSize) {
			yield bytes.subarray(from, from + chunkSize);
		}
	};
	const passed: Uint8Array[] = [];
	try {
		for await (const chunk of wholeCheck(format)(chunks())) passed.push(chunk);
	} catch (error) {
		return { isWhole: false, error, bytes: Buffer.concat(passed) };
	}
	return { isWhole: true, bytes: Buffer.concat(passed) };
}

describe.each(MAKERS)('a file in %s %s', (format, _kind, make) => {
	let whole: Buffer;
	beforeAll(async () => {
		whole = await make();
	});

	it.each(SIZES)('that is whole passes byte for byte, in pieces of %i', async (chunkSize) => {
		const { isWhole, bytes } = await pass(format, whole, chunkSize);
		expect(isWhole).toBe(true);
		expect(bytes.equals(whole)).toBe(true);
	});

	it.each([0.1, 0.5, 0.9, 0.99])('that is cut after %d of it is found out', async (share) => {
		const cut = whole.subarray(0, Math.floor(share * whole.length));
		for (const chunkSize of [7, 64 * 1024]) {
			const { isWhole, error, bytes } = await pass(format, cut, chunkSize);
			expect(isWhole).toBe(false);
			expect(error).toEqual(new RangeError('the image breaks off before its end'));
			// What came is passed on before the end is missed.
			expect(bytes.equals(cut)).toBe(true);
		}
	});

	it('that lacks its last 20 bytes is found out', async () => {
		expect(await pass(format, whole.subarray(0, -20))).toMatchObject({ isWhole: false });
	});

	it('of which only the start came is found out', async () => {
		for (const length of [1, 3, 6, 8, 12, 30]) {
			expect(await pass(format, whole.subarray(0, length))).toMatchObject({ isWhole: false });
		}
	});

	it.each([1, 20, 500])('may have %i bytes of something else behind it', async (length) => {
		const longer = Buffer.concat([whole, Buffer.alloc(length, 'x')]);
		expect(await pass(format, longer)).toMatchObject({ isWhole: true });
	});

	it('does not get an end by where it is cut', async () => {
		const wrong: number[] = [];
		for (let cut = 21; cut < 1_000; cut += 7) {
			const { isWhole } = await pass(format, whole.subarray(0, -cut));
			if (isWhole) wrong.push(cut);
		}
		expect(wrong).toEqual([]);
	});
});

it('a TIFF file is taken as it comes: its parts may stand anywhere', async () => {
	const whole = await picture().tiff().toBuffer();
	for (const bytes of [whole, whole.subarray(0, -20)]) {
		const passed = await pass('tiff', bytes);
		expect(passed.isWhole).toBe(true);
		expect(passed.bytes.equals(bytes)).toBe(true);
	}
});

it('an empty file is not whole, nor one whose source breaks', async () => {
	expect(await pass('png', Buffer.alloc(0))).toMatchObject({ isWhole: false });
	const broken = async function* () {
		yield Buffer.from('89504e47', 'hex');
		throw new Error('aborted');
	};
	const read = async () => await buffer(wholeCheck('png')(broken()));
	await expect(read()).rejects.toThrow('aborted');
});
