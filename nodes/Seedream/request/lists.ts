import { isJsonObject, parseJson } from '../shared/json';
import { cellText, inside, INVISIBLE, withoutInvisible } from './cells';

/** What people and programs put between entries, in all scripts; white space and new lines do as well. */
const MARKS = ',;|，、；｜،؛﹐﹑﹔､';
const AROUND = `\\s${INVISIBLE}${MARKS}`;
const SCHEME = '(?:https?|data|ftp|file|blob):';
const OPENING = '["\'“‘„«<(`[]';

/**
 * A comma or a semicolon may stand inside a link, so only one that leads to the next link separates.
 * A new line always does.
 */
const BETWEEN_LINKS = new RegExp(
	`[${AROUND}]*[\\r\\n\\u0085\\u2028\\u2029][${AROUND}]*|[${AROUND}]+(?=${OPENING}?${SCHEME})`,
	'iu',
);
const BETWEEN_IDS = new RegExp(`[\\s${MARKS}]+`, 'u');
const BETWEEN_NAMES = new RegExp(`[\\r\\n${MARKS}]+`, 'u');
const OUTSIDE = new RegExp(`^[${AROUND}]$`, 'u');
/** The "-" or "2." before each link of a list. */
const BULLET = /^(?:[-*•·–—]|\d+[.)])$/u;
/** Base64 that was broken into lines, up to the next entry. */
const DATA_URI = new RegExp(
	`data:[^,\\s]*;base64,(?:\\s*(?!\\s|${SCHEME})[a-z\\d+/_-]+={0,2})*`,
	'giu',
);

const PAIRS = ['""', "''", '“”', '‘’', '„“', '«»', '<>', '()', '``', '[]'];

/** Where the link stands in what others hand on: attachments, files, and the items of this node. */
const LINK_KEYS = [
	'url',
	'imageUrl',
	'imageUrls',
	'image_url',
	'href',
	'src',
	'hyperlink',
	'source_url',
	'secure_url',
	'signedUrl',
	'publicUrl',
	'downloadUrl',
	'download_url',
	'webContentLink',
	'link',
	'file',
	'external',
	'json',
];
const ID_KEYS = ['taskId', 'taskIds', 'task_id', 'id', 'json'];

interface ListKind {
	separator: RegExp;
	keys: readonly string[];
}

const LINKS: ListKind = { separator: BETWEEN_LINKS, keys: LINK_KEYS };
const IDS: ListKind = { separator: BETWEEN_IDS, keys: ID_KEYS };

/**
 * An empty entry among others of an array stays, as an empty text: a link that somebody meant to be
 * there is missing. Empty lines and stray commas of a text mean nothing.
 */
export function linkList(value: unknown): string[] {
	const links = list(value, LINKS);
	return links.every((link) => link === '') ? [] : links;
}

export function idList(value: unknown): string[] {
	return list(value, IDS).filter((id) => id !== '');
}

/** The names in a text; anything that is no text stays as it is. */
export function nameList(value: unknown): unknown[] {
	if (value === undefined || value === null) return [];
	if (Array.isArray(value)) return value.flatMap(nameList);
	if (typeof value !== 'string') return [value];
	const text = cellText(value);
	const parsed = text.startsWith('[') ? parseJson(text) : undefined;
	if (Array.isArray(parsed)) return nameList(parsed);
	return text
		.split(BETWEEN_NAMES)
		.map(cellText)
		.filter((name) => name !== '');
}

/** One entry, several in a text, JSON in a text, an array that an expression gave, or objects with one. */
function list(value: unknown, kind: ListKind): string[] {
	if (value === undefined || value === null) return [];
	if (Array.isArray(value)) {
		return value.flatMap((entry) => {
			const entries = list(entry, kind);
			return entries.length > 0 ? entries : [''];
		});
	}
	if (isJsonObject(value)) {
		const key = kind.keys.find((one) => value[one] !== undefined);
		return key === undefined ? [JSON.stringify(value)] : list(value[key], kind);
	}
	const text = cellText(value);
	const parsed = /^["[{]/.test(text) ? (parseJson(text) ?? parseJson(`[${text}]`)) : undefined;
	if (typeof parsed === 'string' || (typeof parsed === 'object' && parsed !== null)) {
		return list(parsed, kind);
	}
	return unwrapped(text)
		.replace(DATA_URI, (uri) => uri.replace(/\s/g, ''))
		.split(kind.separator)
		.map((entry) => normalizeEntry(entry, kind))
		.filter((entry) => entry !== '' && !BULLET.test(entry));
}

function normalizeEntry(entry: string, { separator }: ListKind): string {
	const text = bare(unwrapped(bare(entry)));
	return separator === BETWEEN_IDS ? withoutInvisible(text) : text;
}

function bare(text: string): string {
	return text.slice(...inside(text, OUTSIDE));
}

function unwrapped(text: string): string {
	const isObject = /^\[object \w+\]$/.test(text);
	const isWrapped =
		!isObject &&
		PAIRS.some(
			([open = '', close = '']) =>
				text.startsWith(open) &&
				text.endsWith(close) &&
				text.length > 1 &&
				![...text.slice(1, -1)].some((sign) => sign === open || sign === close),
		);
	return isWrapped ? text.slice(1, -1) : text;
}
