import type { Model, ParameterValues, Problem } from '../providers/provider';
import { formatNumber } from '../shared/format';

/** Adds a sentence that asks for the number of images to the prompt, where the provider needs one. */
export function askForCount(
	prompt: string,
	model: Model,
	{ imageCount }: ParameterValues,
): { prompt: string; problem?: Problem } {
	const rejected = (message: string) => ({
		prompt,
		problem: { field: 'askForCount' as const, message },
	});
	const { imageCount: parameter } = model.parameters;
	if (parameter?.kind !== 'integer' || !parameter.isUpperBound) {
		return rejected(`isn't available for ${model.label}`);
	}
	if (imageCount === undefined) return { prompt };
	const promptWithCount = appendCount(prompt, Number(imageCount));
	const { length } = [...promptWithCount];
	if (!model.guesses?.has('prompt') && length > model.prompt.max) {
		return rejected(
			`makes the prompt ${formatNumber(length)} characters long (maximum ${formatNumber(model.prompt.max)}). Shorten the prompt`,
		);
	}
	return { prompt: promptWithCount };
}

/**
 * EvoLink uses the number of images as an upper limit only, so the prompt has to ask for them. Its
 * documentation does so with this kind of sentence
 * (https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-4.5-image-generate).
 */
function appendCount(prompt: string, count: number): string {
	const sentence = isChinese(prompt)
		? `请生成${count}张不同的图片。`
		: `Generate ${count} different images.`;
	return `${prompt.trimEnd()}\n${sentence}`;
}

/** Japanese and Korean use Chinese characters too, and an English prompt may quote some. */
function isChinese(prompt: string): boolean {
	if (/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(prompt)) return false;
	const count = (letters: RegExp) => prompt.match(letters)?.length ?? 0;
	const han = count(/\p{Script=Han}/gu);
	return han > count(/\p{L}/gu) - han;
}
