import { createHash } from 'node:crypto';
import sharp, { type CreateText, type OverlayOptions, type Sharp } from 'sharp';

import type { ImageRenderer } from './imageRenderer';
import { cutLayer } from './layerImages';
import type { PixelSize } from './pixelSizes';
import { taskImageOf } from './taskImages';
import { PROVIDER_TITLES, type Task } from './tasks';
import { keepTransparency } from './transparency';

/** Bundled, because a machine may have no fonts. It covers Latin and Chinese. */
const FONT_FILE =
	require.resolve('@expo-google-fonts/zcool-xiaowei/400Regular/ZCOOLXiaoWei_400Regular.ttf');

const FONT = 'ZCOOL XiaoWei';

/** Longer prompts would be too small to read. */
const MAX_PROMPT_CHARACTERS = 420;

/** Control characters, which Pango can't handle, and invisible ones, except for line feeds. */
const INVISIBLE = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu;

/** Flat images compress well at any level, and this one is fast. */
const PNG_COMPRESSION_LEVEL = 2;

/** The font size is searched for on a small box, which is much faster, and then scaled up. */
const MAX_FITTING_SIDE = 512;

/** Text doesn't scale exactly. */
const FITTING_TOLERANCE = 0.96;

/** Longer words are wrapped anywhere instead of being shrunk to fit on a line. */
const MAX_WORD_LENGTH = 24;

const MAX_CACHE_BYTES = 64 * 1024 * 1024;

/** Images that show the prompt. They're drawn on first use; the newest are cached. */
export class PromptImageRenderer implements ImageRenderer {
	private readonly cache = new Map<string, Promise<Buffer>>();

	private cachedBytes = 0;

	render(task: Task, index: number): Promise<Buffer> {
		const key = `${task.id}/${index}`;
		if (task.layers === undefined) return this.cached(key, () => drawImage(task, index));
		return this.cached(key, () => this.drawLayer(task, index));
	}

	/** All layers are cut from the same flat picture. */
	private async drawLayer(task: Task, index: number): Promise<Buffer> {
		const flat = await this.cached(`${task.id}/flat`, () => drawFlat(task));
		return await encode(await cutLayer(flat, task.layers ?? [], index), task, index);
	}

	private cached(key: string, draw: () => Promise<Buffer>): Promise<Buffer> {
		const cached = this.cache.get(key);
		if (cached !== undefined) return cached;
		const image = this.drawAndCache(key, draw);
		this.cache.set(key, image);
		return image;
	}

	private async drawAndCache(key: string, draw: () => Promise<Buffer>): Promise<Buffer> {
		try {
			const image = await draw();
			this.cachedBytes += image.length;
			await this.evictOldest(key);
			return image;
		} catch (error) {
			this.cache.delete(key);
			throw error;
		}
	}

	private async evictOldest(newest: string): Promise<void> {
		for (const [key, image] of this.cache) {
			if (this.cachedBytes <= MAX_CACHE_BYTES || key === newest) return;
			this.cache.delete(key);
			this.cachedBytes -= (await image).length;
		}
	}
}

/** An image of exactly the task's pixel size and format, with the prompt and a caption below it. */
export async function drawImage(task: Task, index: number): Promise<Buffer> {
	const flat = await drawFlat(task, index);
	return task.format === 'png' && task.isTransparent !== true
		? flat
		: await encode(await keepTransparency(flat, task), task, index);
}

/** The picture as an opaque PNG, not split into layers. */
export async function drawFlat(task: Task, index = 0): Promise<Buffer> {
	const { width, height } = task.pixels;
	const layout = layoutOf(task.pixels, task.shownReference !== undefined);
	const prompt = shorten(task.prompt);
	const [promptText, captionText] = await Promise.all([
		fitText(prompt, layout.prompt, 'white', wrapFor(prompt)),
		fitText(captionOf(task, index), layout.caption, '#ffffffd0', 'none'),
	]);
	const divider = {
		input: {
			create: { width: layout.divider.width, height: layout.divider.height, ...plain('#ffffff80') },
		},
		left: layout.margin,
		top: layout.divider.top,
	};
	return await sharp({ create: { width, height, ...plain(backgroundColor(task.id, index)) } })
		.composite([
			divider,
			{ ...promptText, left: layout.margin, top: layout.margin },
			{ ...captionText, left: layout.margin, top: layout.caption.top },
			...(await thumbnailOf(task, layout.thumbnail)),
		])
		.removeAlpha()
		.png({ compressionLevel: PNG_COMPRESSION_LEVEL })
		.toBuffer();
}

function encode(image: Sharp, task: Task, index: number): Promise<Buffer> {
	return taskImageOf(task, index).format === 'jpeg'
		? image.jpeg().toBuffer()
		: image.png({ compressionLevel: PNG_COMPRESSION_LEVEL }).toBuffer();
}

function plain(background: string) {
	return { channels: 4 as const, background };
}

/** The prompt on top, a divider, and the caption below it with a reference to its right. */
function layoutOf({ width, height }: PixelSize, showsReference: boolean) {
	const margin = Math.round(Math.min(width, height) * 0.05);
	const inner = { width: width - 2 * margin, height: height - 2 * margin };
	const captionHeight = Math.round(Math.min(inner.height * 0.3, inner.width * 0.34));
	const captionTop = height - margin - captionHeight;
	const dividerHeight = Math.max(2, Math.round(margin / 12));
	return {
		margin,
		prompt: { width: inner.width, height: captionTop - 2 * margin },
		divider: {
			top: captionTop - Math.round(margin / 2),
			width: inner.width,
			height: dividerHeight,
		},
		caption: {
			top: captionTop,
			width: inner.width - (showsReference ? captionHeight + margin : 0),
			height: captionHeight,
		},
		thumbnail: { left: width - margin - captionHeight, top: captionTop, side: captionHeight },
	};
}

/** The first reference that the provider could decode, in the lower right corner. No overlay if there's none. */
async function thumbnailOf(
	{ shownReference }: Task,
	{ left, top, side }: { left: number; top: number; side: number },
): Promise<OverlayOptions[]> {
	if (shownReference === undefined) return [];
	const input = await sharp(await shownReference(), { failOn: 'none' })
		.autoOrient()
		.resize(side, side, { fit: 'contain', position: 'right bottom', background: '#00000000' })
		.png({ compressionLevel: PNG_COMPRESSION_LEVEL })
		.toBuffer();
	return [{ input, left, top }];
}

function captionOf(task: Task, index: number): string {
	const { width, height } = task.pixels;
	const which =
		task.layers === undefined ? `image ${index + 1} of ${task.images}` : `${task.images} layers`;
	return [
		`${PROVIDER_TITLES[task.provider]} · ${task.model}`,
		`${which} · ${width}×${height}`,
		`${task.references.length} reference${task.references.length === 1 ? '' : 's'}`,
		task.id,
	].join('\n');
}

/** An overlay with the text in the largest font size that fits the box. */
async function fitText(
	text: string,
	box: { width: number; height: number },
	color: string,
	wrap: 'word' | 'word-char' | 'none',
): Promise<OverlayOptions> {
	const markup = {
		text: `<span foreground="${color}">${escapeMarkup(text)}</span>`,
		font: FONT,
		fontfile: FONT_FILE,
		wrap,
		rgba: true,
	};
	const dpi = await largestDpi(markup, [...text].length, box);
	const input = await sharp({ text: { ...markup, width: box.width, dpi } })
		.png({ compressionLevel: 0 })
		.toBuffer();
	return { input };
}

function wrapFor(text: string): 'word' | 'word-char' {
	return text.split(/[\s-]+/).some((word) => latinLength(word) > MAX_WORD_LENGTH)
		? 'word-char'
		: 'word';
}

/** Chinese can be wrapped after any character, so it never makes a long word. */
function latinLength(word: string): number {
	return Math.max(...word.split(/[^\u0000-\u024f]+/).map((run) => run.length));
}

/** Searched for on a scaled-down box, where drawing takes a few milliseconds. */
async function largestDpi(text: CreateText, characters: number, box: PixelSize): Promise<number> {
	const scale = Math.max(1, Math.max(box.width, box.height) / MAX_FITTING_SIDE);
	const small = { width: Math.round(box.width / scale), height: Math.round(box.height / scale) };
	let fitting = 1;
	let tooLarge = Math.ceil(maxDpi(characters, small));
	while (tooLarge - fitting > 1) {
		const dpi = Math.floor((fitting + tooLarge) / 2);
		const { info } = await sharp({ text: { ...text, width: small.width, dpi } })
			.raw()
			.toBuffer({ resolveWithObject: true });
		if (info.width <= small.width && info.height <= small.height) fitting = dpi;
		else tooLarge = dpi;
	}
	return Math.max(1, Math.floor(fitting * scale * FITTING_TOLERANCE));
}

/** Pango's default font size is 12 points, so 6 dpi are one pixel. A character can't be larger than its share of the box. */
function maxDpi(characters: number, { width, height }: PixelSize): number {
	return Math.min(6 * height, 9 * Math.sqrt((width * height) / characters)) + 2;
}

function shorten(prompt: string): string {
	const characters = [...prompt.replace(INVISIBLE, ' ').trim()];
	if (characters.length === 0) return '(nothing visible)';
	return characters.length > MAX_PROMPT_CHARACTERS
		? `${characters.slice(0, MAX_PROMPT_CHARACTERS - 1).join('')}…`
		: characters.join('');
}

/** Pango parses markup, and a prompt is plain text. */
function escapeMarkup(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A different color for each image, dark enough for white text. */
function backgroundColor(taskId: string, index: number): string {
	const digest = createHash('sha256').update(`${taskId}/${index}`).digest();
	const hue = digest.readUInt16BE(0) % 360;
	const lightness = 26 + (digest.readUInt8(2) % 14);
	return `hsl(${hue}, 55%, ${lightness}%)`;
}
