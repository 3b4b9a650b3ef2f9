import { bold } from './markdown';

/** The language a table is written in. */
export interface Language {
	/** `english` in this language, with every `{name}` replaced by its value. */
	translate: (english: string, values?: Readonly<Record<string, string | number>>) => string;
	/** The same for whole sentences, with or without a full stop. */
	sentences: (english: readonly string[]) => string;
	/** The label of a field as n8n shows it, with its meaning where readers need one. */
	label: (label: string) => string;
	list: (parts: readonly string[]) => string;
}

export const english: Language = {
	translate: fill,
	sentences: (all) => all.map((sentence) => `${withoutStop(sentence)}.`).join(' '),
	label: bold,
	list: (parts) => parts.join(', '),
};

/** Chinese by English; labels have a dictionary of their own because n8n shows them in English. */
export interface Dictionary {
	texts: Readonly<Record<string, string>>;
	labels: Readonly<Record<string, string>>;
}

/** Calls `onUse` with every entry it looks up. */
export function inChinese(
	{ texts, labels }: Dictionary,
	onUse: (english: string) => void = () => undefined,
): Language {
	const lookUp = (dictionary: Dictionary['texts'], english: string) => {
		const chinese = dictionary[english];
		if (chinese === undefined) {
			throw new Error(`scripts/chinese.ts has no Chinese for "${english}"`);
		}
		onUse(english);
		return chinese;
	};
	return {
		translate: (text, values) => fill(lookUp(texts, text), values),
		sentences: (all) => all.map((one) => `${lookUp(texts, withoutStop(one))}。`).join(''),
		label: (label) => `${bold(label)}（${lookUp(labels, label)}）`,
		list: (parts) => parts.join('、'),
	};
}

/** The sentences of an English text. */
export function sentencesOf(text: string): string[] {
	return text
		.split(/(?<=[.!?]["”]?)(?<!e\.g\.) (?=["A-Z\d])/)
		.map(withoutStop)
		.filter((sentence) => sentence !== '');
}

function withoutStop(sentence: string): string {
	return sentence.trim().replace(/\.$/, '');
}

function fill(text: string, values: Readonly<Record<string, string | number>> = {}): string {
	return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
		const value = values[name];
		// A placeholder without a value is one of the node's own, for file names.
		return value === undefined ? placeholder : String(value);
	});
}
