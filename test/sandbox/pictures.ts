import { createHash } from 'node:crypto';
import sharp, { type CreateText, type OverlayOptions } from 'sharp';

import type { PixelSize } from './pixelSizes';
import type { ProviderName, Task } from './tasks';

/** A machine may have no fonts at all; this one covers Latin and Chinese. */
const FONT_FILE =
	require.resolve('@expo-google-fonts/zcool-xiaowei/400Regular/ZCOOLXiaoWei_400Regular.ttf');

const FONT = 'ZCOOL XiaoWei';

const PROVIDER_TITLES: Record<ProviderName, string> = {
	evoLink: 'EvoLink',
	apiMart: 'APIMart',
	apiInOne: 'API in One',
};

/** Longer prompts would be too small to read. */
const PROMPT_LETTERS = 420;

/** Control characters, which pango stumbles over, and what draws nothing; line feeds stay. */
const INVISIBLE = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu;

/** A flat picture compresses well at any level; this one is quick. */
const PNG_LEVEL = 2;

/** The size of the type is searched for on a small box, which is much quicker, and then enlarged a little less. */
const FITTING_SIDE = 512;

const FITTING_SLACK = 0.96;

/** A longer run without a space is broken anywhere rather than shrunk to one line. */
const MAX_WORD_LENGTH = 24;

const SHELF_BYTES = 64 * 1024 * 1024;

/** Draws pictures when first asked for, and keeps the last ones up to 64 MB. */
export class PictureShelf {
	private readonly pictures = new Map<string, Promise<Buffer>>();

	private bytes = 0;

	picture(task: Task, index: number): Promise<Buffer> {
		const key = `${task.id}/${index}`;
		const kept = this.pictures.get(key);
		if (kept !== undefined) return kept;
		const drawing = this.draw(key, task, index);
		this.pictures.set(key, drawing);
		return drawing;
	}

	private async draw(key: string, task: Task, index: number): Promise<Buffer> {
		try {
			const picture = await drawPicture(task, index);
			this.bytes += picture.length;
			await this.dropOldest(key);
			return picture;
		} catch (error) {
			this.pictures.delete(key);
			throw error;
		}
	}

	private async dropOldest(newest: string): Promise<void> {
		for (const [key, picture] of this.pictures) {
			if (this.bytes <= SHELF_BYTES || key === newest) return;
			this.pictures.delete(key);
			this.bytes -= (await picture).length;
		}
	}
}

/** A PNG of exactly the task's pixel size that says what it is: the prompt large, the facts beneath. */
export async function drawPicture(task: Task, index: number): Promise<Buffer> {
	const { width, height } = task.pixels;
	const layout = layoutOf(task.pixels, task.shownReference !== undefined);
	const prompt = shorten(task.prompt);
	const [promptText, factsText] = await Promise.all([
		fitText(prompt, layout.prompt, 'white', wrapFor(prompt)),
		fitText(factsOf(task, index), layout.facts, '#ffffffd0', 'none'),
	]);
	const rule = {
		input: {
			create: { width: layout.rule.width, height: layout.rule.height, ...flat('#ffffff80') },
		},
		left: layout.margin,
		top: layout.rule.top,
	};
	return await sharp({ create: { width, height, ...flat(groundColour(task.id, index)) } })
		.composite([
			rule,
			{ ...promptText, left: layout.margin, top: layout.margin },
			{ ...factsText, left: layout.margin, top: layout.facts.top },
			...(await thumbnailOf(task, layout.thumbnail)),
		])
		.removeAlpha()
		.png({ compressionLevel: PNG_LEVEL })
		.toBuffer();
}

function flat(background: string) {
	return { channels: 4 as const, background };
}

/** Two boxes with a rule between them: the prompt above, the facts below, at their right a reference. */
function layoutOf({ width, height }: PixelSize, showsReference: boolean) {
	const margin = Math.round(Math.min(width, height) * 0.05);
	const inner = { width: width - 2 * margin, height: height - 2 * margin };
	const factsHeight = Math.round(Math.min(inner.height * 0.3, inner.width * 0.34));
	const factsTop = height - margin - factsHeight;
	const ruleHeight = Math.max(2, Math.round(margin / 12));
	return {
		margin,
		prompt: { width: inner.width, height: factsTop - 2 * margin },
		rule: {
			top: factsTop - Math.round(margin / 2),
			width: inner.width,
			height: ruleHeight,
		},
		facts: {
			top: factsTop,
			width: inner.width - (showsReference ? factsHeight + margin : 0),
			height: factsHeight,
		},
		thumbnail: { left: width - margin - factsHeight, top: factsTop, side: factsHeight },
	};
}

/** The first reference the provider could look at, whole, in the lower right corner; none makes no overlay. */
async function thumbnailOf(
	{ shownReference }: Task,
	{ left, top, side }: { left: number; top: number; side: number },
): Promise<OverlayOptions[]> {
	if (shownReference === undefined) return [];
	const input = await sharp(await shownReference(), { failOn: 'none' })
		.autoOrient()
		.resize(side, side, { fit: 'contain', position: 'right bottom', background: '#00000000' })
		.png({ compressionLevel: PNG_LEVEL })
		.toBuffer();
	return [{ input, left, top }];
}

function factsOf(task: Task, index: number): string {
	const { width, height } = task.pixels;
	return [
		`${PROVIDER_TITLES[task.provider]} · ${task.model}`,
		`image ${index + 1} of ${task.images} · ${width}×${height}`,
		`${task.references.length} reference${task.references.length === 1 ? '' : 's'}`,
		task.id,
	].join('\n');
}

/** The largest type in which the text fits the box, as an overlay. */
async function fitText(
	text: string,
	box: { width: number; height: number },
	colour: string,
	wrap: 'word' | 'word-char' | 'none',
): Promise<OverlayOptions> {
	const markup = {
		text: `<span foreground="${colour}">${escapeMarkup(text)}</span>`,
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

/** Chinese may be broken after any letter, so it never makes a long word. */
function latinLength(word: string): number {
	return Math.max(...word.split(/[^\u0000-\u024f]+/).map((run) => run.length));
}

/** Searched for on a small copy of the box, where drawing takes a few milliseconds. */
async function largestDpi(text: CreateText, letters: number, box: PixelSize): Promise<number> {
	const scale = Math.max(1, Math.max(box.width, box.height) / FITTING_SIDE);
	const small = { width: Math.round(box.width / scale), height: Math.round(box.height / scale) };
	let fitting = 1;
	let tooLarge = Math.ceil(mostDpi(letters, small));
	while (tooLarge - fitting > 1) {
		const dpi = Math.floor((fitting + tooLarge) / 2);
		const { info } = await sharp({ text: { ...text, width: small.width, dpi } })
			.raw()
			.toBuffer({ resolveWithObject: true });
		if (info.width <= small.width && info.height <= small.height) fitting = dpi;
		else tooLarge = dpi;
	}
	return Math.max(1, Math.floor(fitting * scale * FITTING_SLACK));
}

/** Pango's default type is 12 points, so 6 dpi make a pixel of it; no type is larger than its share of the box. */
function mostDpi(letters: number, { width, height }: PixelSize): number {
	return Math.min(6 * height, 9 * Math.sqrt((width * height) / letters)) + 2;
}

function shorten(prompt: string): string {
	const letters = [...prompt.replace(INVISIBLE, ' ').trim()];
	if (letters.length === 0) return '(nothing visible)';
	return letters.length > PROMPT_LETTERS
		? `${letters.slice(0, PROMPT_LETTERS - 1).join('')}…`
		: letters.join('');
}

/** Pango reads markup; a prompt is only text. */
function escapeMarkup(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Every image its own colour, dark enough for white type. */
function groundColour(taskId: string, index: number): string {
	const digest = createHash('sha256').update(`${taskId}/${index}`).digest();
	const hue = digest.readUInt16BE(0) % 360;
	const lightness = 26 + (digest.readUInt8(2) % 14);
	return `hsl(${hue}, 55%, ${lightness}%)`;
}
