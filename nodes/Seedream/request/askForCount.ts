/**
 * EvoLink takes the number of images as an upper bound only; the prompt has to ask for them, and its
 * own documents ask with such a sentence (seeds 000 and 002).
 */
export function askForCount(prompt: string, count: number): string {
	const sentence = /\p{Script=Han}/u.test(prompt)
		? `请生成${count}张不同的图片。`
		: `Generate ${count} different images.`;
	return `${prompt.trimEnd()}\n${sentence}`;
}
