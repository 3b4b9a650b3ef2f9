import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Locator, Page, PageScreenshotOptions } from 'playwright-core';
import sharp from 'sharp';

const FOLDER = resolve(__dirname, '../../docs/images');

export type ScreenshotName =
	| 'workflow'
	| 'generate-panel'
	| 'credential'
	| 'images'
	| 'running'
	| 'error-row'
	| 'task-status'
	| 'agent';

const GAP = 16;

/** A part of the page, in pixels. */
type Clip = NonNullable<PageScreenshotOptions['clip']>;

/** Set by `npm run screenshots`, for the README's images. */
export const savesScreenshots = Boolean(process.env.SCREENSHOTS);

/** Saves a screenshot, or several side by side. */
export async function saveScreenshot(name: ScreenshotName, ...views: Buffer[]): Promise<void> {
	const sizes = await Promise.all(
		views.map(async (screenshot) => await sharp(screenshot).metadata()),
	);
	const lefts = sizes.map((_, index) =>
		sizes.slice(0, index).reduce((left, { width }) => left + width + GAP, 0),
	);
	const last = sizes.length - 1;
	const all = sharp({
		create: {
			width: (lefts[last] ?? 0) + (sizes[last]?.width ?? 0),
			height: Math.max(...sizes.map(({ height }) => height)),
			channels: 3,
			background: 'white',
		},
	});
	await mkdir(FOLDER, { recursive: true });
	await all
		.composite(views.map((input, index) => ({ input, left: lefts[index], top: 0 })))
		.png({ palette: true, effort: 10 })
		.toFile(join(FOLDER, `${name}.png`));
}

/** The page or a part of it, with the mouse out of the way. */
export async function screenshot(page: Page, clip?: Clip): Promise<Buffer> {
	await page.mouse.move(0, 0);
	return await page.screenshot({ clip, animations: 'disabled', caret: 'hide' });
}

/** An element's position on the page. */
export async function boxOf(element: Locator): Promise<Clip> {
	const box = await element.boundingBox();
	if (box === null) throw new Error('The element for the screenshot is not visible');
	return box;
}

/** From the top of one element to just below another, as wide as the first. */
export async function between(first: Locator, last: Locator): Promise<Clip> {
	const [top, bottom] = [await boxOf(first), await boxOf(last)];
	return { ...top, height: bottom.y + bottom.height + GAP - top.y };
}
