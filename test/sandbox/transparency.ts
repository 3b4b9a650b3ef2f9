import sharp, { type Sharp } from 'sharp';

import type { PixelSize } from './pixelSizes';
import type { Task } from './tasks';

/** The picture with the alpha channel of the task's reference; as it is if the task isn't about transparency. */
export async function keepTransparency(picture: Buffer, task: Task): Promise<Sharp> {
	if (task.isTransparent !== true) return sharp(picture);
	const input = await alphaOf(task);
	return sharp(picture)
		.ensureAlpha()
		.composite([{ input, blend: 'dest-in' }]);
}

/** Of an ellipse, if the reference isn't at hand. */
async function alphaOf({ shownReference, pixels }: Task): Promise<Buffer> {
	if (shownReference === undefined) return ellipse(pixels);
	const { width, height } = pixels;
	return await sharp(await shownReference(), { limitInputPixels: false })
		.resize(width, height, { fit: 'fill' })
		.png({ compressionLevel: 0 })
		.toBuffer();
}

function ellipse({ width, height }: PixelSize): Buffer {
	const shape = '<ellipse cx="50%" cy="50%" rx="50%" ry="50%"/>';
	return Buffer.from(
		`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shape}</svg>`,
	);
}
