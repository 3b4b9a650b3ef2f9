/**
 * Reads values from spreadsheets, databases and forms as text. Every field uses these functions, so
 * that one place decides what counts as empty, or as equal.
 */

/**
 * Invisible characters, for use in a regular expression's character class: default-ignorable code
 * points (zero-width spaces, soft hyphens, fillers, variation selectors …), control characters, the
 * blank Braille pattern, object and annotation anchors, and the null notehead.
 */
export const INVISIBLE =
	'\\p{Default_Ignorable_Code_Point}\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u009f\\u2800\\ufff9-\\ufffc\\u{1d159}';

const INVISIBLE_CHARACTERS = new RegExp(`[${INVISIBLE}]`, 'gu');
const BLANK = new RegExp(`^[\\s${INVISIBLE}]$`, 'u');

/** A cell as text, without surrounding white space and invisible characters. */
export function cellText(value: unknown): string {
	if (value === undefined || value === null) return '';
	const text = String(value);
	return text.slice(...trimRange(text, BLANK));
}

/**
 * The range of a text without the characters at its ends that match `trimmed`. It's a loop because a
 * regular expression anchored at the end takes minutes if there's a long run of spaces in the middle.
 */
export function trimRange(text: string, trimmed: RegExp): [start: number, end: number] {
	let start = 0;
	while (start < text.length) {
		const character = String.fromCodePoint(text.codePointAt(start) ?? 0);
		if (!trimmed.test(character)) break;
		start += character.length;
	}
	let end = text.length;
	while (end > start) {
		const isSurrogatePair = /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(end - 2, end));
		const from = Math.max(start, end - (isSurrogatePair ? 2 : 1));
		if (!trimmed.test(text.slice(from, end))) break;
		end = from;
	}
	return [start, end];
}

/** A cell for comparison: ignores case, white space, invisible characters and full-width forms. */
export function normalizeCell(value: unknown): string {
	return stripInvisible(cellText(value)).normalize('NFKC').replace(/\s/g, '').toLowerCase();
}

export function stripInvisible(text: string): string {
	return text.replace(INVISIBLE_CHARACTERS, '');
}

/** Whether a cell has no visible content. */
export function isBlank(value: unknown): boolean {
	if (Array.isArray(value)) return value.every(isBlank);
	return (typeof value !== 'object' || value === null) && cellText(value) === '';
}

/** Belongs to the character before it, e.g. the style of an emoji or the region of a flag. */
const CHARACTER_MODIFIERS = /^[\ufe00-\ufe0f\u{e0020}-\u{e007f}\u{e0100}-\u{e01ef}]+/u;

/** Removes only the invisible characters at both ends; white space stays as the user wrote it. */
export function stripInvisibleEnds(text: string): string {
	const [start, end] = trimRange(text, BLANK);
	const rest = text.slice(end);
	const modifiers = start < end ? (CHARACTER_MODIFIERS.exec(rest)?.[0] ?? '') : '';
	const after = modifiers + stripInvisible(rest.slice(modifiers.length));
	return stripInvisible(text.slice(0, start)) + text.slice(start, end) + after;
}
