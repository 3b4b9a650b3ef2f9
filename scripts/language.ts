import { bold } from './markdown';

/** What the tables are written in. */
export interface Language {
	/** `english` in this language, with every `{name}` in it filled from `values`. */
	say: (english: string, values?: Readonly<Record<string, string | number>>) => string;
	/** The same for whole sentences, which may stand with or without a full stop. */
	sentences: (english: readonly string[]) => string;
	/** The label of a field as n8n shows it, and what it means where that is not plain to the reader. */
	label: (label: string) => string;
	list: (parts: readonly string[]) => string;
}

export const english: Language = {
	say: fill,
	sentences: (all) => all.map((sentence) => `${withoutStop(sentence)}.`).join(' '),
	label: bold,
	list: (parts) => parts.join(', '),
};

/** Chinese by English; labels have a book of their own because n8n shows them in English. */
export interface Dictionary {
	texts: Readonly<Record<string, string>>;
	labels: Readonly<Record<string, string>>;
}

/** `onUse` hears of every entry that was needed. */
export function inChinese(
	{ texts, labels }: Dictionary,
	onUse: (english: string) => void = () => undefined,
): Language {
	const lookUp = (book: Dictionary['texts'], english: string) => {
		const chinese = book[english];
		if (chinese === undefined) {
			throw new Error(`scripts/chinese.ts has no Chinese for "${english}"`);
		}
		onUse(english);
		return chinese;
	};
	return {
		say: (text, values) => fill(lookUp(texts, text), values),
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
	return text.replace(/\{(\w+)\}/g, (place, name: string) => {
		const value = values[name];
		// What looks like a place but has no value is one of the node's own, for file names.
		return value === undefined ? place : String(value);
	});
}
