import { parseJson } from '../json';

/** Commas may stand inside a link, so only one that leads to the next link separates. */
const BETWEEN_LINKS = /[\s,]*[\r\n][\s,]*|[\s,]+(?=(?:https?|data):)/i;
const BETWEEN_IDS = /[\s,]+/;

export function linkList(value: unknown): string[] {
	return list(value, BETWEEN_LINKS);
}

export function idList(value: unknown): string[] {
	return list(value, BETWEEN_IDS);
}

/** One entry, several in a text, a JSON array in a text, or an array that an expression gave. */
function list(value: unknown, separator: RegExp): string[] {
	if (value === undefined || value === null) return [];
	if (Array.isArray(value)) return value.flatMap((entry) => list(entry, separator));
	const text = String(value).trim();
	if (text.startsWith('[')) {
		const parsed = parseJson(text);
		if (Array.isArray(parsed)) return list(parsed, separator);
	}
	return text
		.split(separator)
		.map((entry) => entry.replace(/^[\s,]+|[\s,]+$/g, ''))
		.filter((entry) => entry !== '');
}
