import { parseJson } from '../json';

/** Commas may stand inside a link, so only one that leads to the next link separates. */
const BETWEEN_LINKS = /[\s,]*[\r\n][\s,]*|[\s,]+(?=(?:https?|data):)/i;
const BETWEEN_IDS = /[\s,]+/;

/**
 * An empty entry among others of an array stays, as an empty text: a link that somebody meant to be
 * there is missing. Empty lines and stray commas of a text mean nothing.
 */
export function linkList(value: unknown): string[] {
	const links = list(value, BETWEEN_LINKS);
	return links.every((link) => link === '') ? [] : links;
}

export function idList(value: unknown): string[] {
	return list(value, BETWEEN_IDS).filter((id) => id !== '');
}

/** One entry, several in a text, a JSON array in a text, or an array that an expression gave. */
function list(value: unknown, separator: RegExp): string[] {
	if (value === undefined || value === null) return [];
	if (Array.isArray(value)) {
		return value.flatMap((entry) => {
			const entries = list(entry, separator);
			return entries.length > 0 ? entries : [''];
		});
	}
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
