import type { Model, ParameterValues, Problem } from '../providers/provider';

/** The prompt with a sentence that asks for the number of images, where the provider wants one. */
export function askForCount(
	prompt: string,
	model: Model,
	{ imageCount }: ParameterValues,
): { prompt: string; problem?: Problem } {
	const addIssue = (message: string) => ({
		prompt,
		problem: { field: 'askForCount' as const, message },
	});
	const { imageCount: parameter } = model.parameters;
	if (parameter?.kind !== 'integer' || !parameter.isUpperBound) {
		return addIssue(`${model.label} does not have this setting`);
	}
	if (imageCount === undefined) return { prompt };
	const asking = withSentence(prompt, Number(imageCount));
	const { length } = [...asking];
	if (!model.limitsAreGuesses && length > model.prompt.max) {
		return addIssue(
			`with the sentence it adds, the prompt has ${length} characters, the most is ${model.prompt.max}`,
		);
	}
	return { prompt: asking };
}

/**
 * EvoLink takes the number of images as an upper bound only; the prompt has to ask for them, and its
 * own documents ask with such a sentence (seeds 000 and 002).
 */
function withSentence(prompt: string, count: number): string {
	const sentence = isChinese(prompt)
		? `请生成${count}张不同的图片。`
		: `Generate ${count} different images.`;
	return `${prompt.trimEnd()}\n${sentence}`;
}

/** Japanese and Korean texts have Chinese characters as well, and an English one may quote some. */
function isChinese(prompt: string): boolean {
	if (/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(prompt)) return false;
	const count = (letters: RegExp) => prompt.match(letters)?.length ?? 0;
	const han = count(/\p{Script=Han}/gu);
	return han > count(/\p{L}/gu) - han;
}
