/**
 * What people's cells look like: values of a spreadsheet, a database or a form, as text. Every field
 * is read through these, so that what counts as empty, or as the same, is decided in one place.
 */

/**
 * A character that nobody can see, for a class of a regular expression: what Unicode says is to be
 * ignored (zero-width spaces, soft hyphens, fillers, variation selectors …), controls, the blank of
 * Braille, the anchor of an object and of an annotation, and an empty note.
 */
export const INVISIBLE =
	'\\p{Default_Ignorable_Code_Point}\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u009f\\u2800\\ufff9-\\ufffc\\u{1d159}';

const INVISIBLES = new RegExp(`[${INVISIBLE}]`, 'gu');
const BLANK = new RegExp(`^[\\s${INVISIBLE}]$`, 'u');

/** A cell as text, without the white space and the invisible characters around it. */
export function cellText(value: unknown): string {
	if (value === undefined || value === null) return '';
	const text = String(value);
	return text.slice(...inside(text, BLANK));
}

/**
 * Where a text begins and ends without the characters around it. Step by step: an expression that
 * looks for the end takes minutes for a long run of spaces in the middle.
 */
export function inside(text: string, isAround: RegExp): [start: number, end: number] {
	let start = 0;
	while (start < text.length) {
		const sign = String.fromCodePoint(text.codePointAt(start) ?? 0);
		if (!isAround.test(sign)) break;
		start += sign.length;
	}
	let end = text.length;
	while (end > start) {
		const isPair = /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(end - 2, end));
		const from = Math.max(start, end - (isPair ? 2 : 1));
		if (!isAround.test(text.slice(from, end))) break;
		end = from;
	}
	return [start, end];
}

/** How a cell is compared: without case, white space, invisible characters and full-width signs. */
export function normalizeCell(value: unknown): string {
	return withoutInvisible(cellText(value)).normalize('NFKC').replace(/\s/g, '').toLowerCase();
}

export function withoutInvisible(text: string): string {
	return text.replace(INVISIBLES, '');
}

/** Whether a cell holds nothing that anybody could see. */
export function isBlank(value: unknown): boolean {
	if (Array.isArray(value)) return value.every(isBlank);
	return (typeof value !== 'object' || value === null) && cellText(value) === '';
}

/** What belongs to the character before it: the look of an emoji, or the region of a flag. */
const PART_OF_A_CHARACTER = /^[\ufe00-\ufe0f\u{e0020}-\u{e007f}\u{e0100}-\u{e01ef}]+/u;

/** A text to be sent as it was written, white space and all, but for what cannot be seen around it. */
export function withoutInvisibleEnds(text: string): string {
	const [start, end] = inside(text, BLANK);
	const behind = text.slice(end);
	const kept = start < end ? (PART_OF_A_CHARACTER.exec(behind)?.[0] ?? '') : '';
	const after = kept + withoutInvisible(behind.slice(kept.length));
	return withoutInvisible(text.slice(0, start)) + text.slice(start, end) + after;
}
