import sharp from 'sharp';

import { seededRandom } from '../tasks/simulatedProvider';

export const WIDTH = 160;
export const HEIGHT = 120;

/** Noise, which doesn't compress. */
export function picture(seed = 3) {
	const random = seededRandom(seed);
	const pixels = Buffer.from(Array.from({ length: WIDTH * HEIGHT * 3 }, () => 255 * random()));
	return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

/** sharp doesn't write this format. */
export async function bmp(): Promise<Buffer> {
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
