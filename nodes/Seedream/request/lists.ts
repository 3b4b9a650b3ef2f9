import { isJsonObject, parseJson } from '../shared/json';
import { cellText, INVISIBLE, stripInvisible, trimRange } from './cells';

/** Commas, semicolons and the like in all scripts; white space and new lines separate entries too. */
const SEPARATORS = ',;|，、；｜،؛﹐﹑﹔､';
const TRIMMED = `\\s${INVISIBLE}${SEPARATORS}`;
const SCHEME = '(?:https?|data|ftp|file|blob):';
const OPENING_QUOTE = '["\'“‘„«<(`[]';

/**
 * A link may contain commas and semicolons, so they only separate entries if another link follows. A
 * new line always does.
 */
const BETWEEN_LINKS = new RegExp(
	`[${TRIMMED}]*[\\r\\n\\u0085\\u2028\\u2029][${TRIMMED}]*|[${TRIMMED}]+(?=${OPENING_QUOTE}?${SCHEME})`,
	'iu',
);
const BETWEEN_IDS = new RegExp(`[\\s${SEPARATORS}]+`, 'u');
const BETWEEN_NAMES = new RegExp(`[\\r\\n${SEPARATORS}]+`, 'u');
const TRIMMED_CHARACTER = new RegExp(`^[${TRIMMED}]$`, 'u');
/** The "-" or "2." before each link of a list. */
const BULLET = /^(?:[-*•·–—]|\d+[.)])$/u;
/** A data URI whose base64 may contain line breaks, up to the next entry. */
const DATA_URI = new RegExp(
	`data:[^,\\s]*;base64,(?:\\s*(?!\\s|${SCHEME})[a-z\\d+/_-]+={0,2})*`,
	'giu',
);

const QUOTE_PAIRS = ['""', "''", '“”', '‘’', '„“', '«»', '<>', '()', '``', '[]'];

/** Keys that hold the link in objects from other nodes: attachments, files and this node's items. */
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
 * An empty entry of an array stays as an empty string, because a link is probably missing there. Empty
 * lines and extra commas in a text are ignored.
 */
export function parseLinks(value: unknown): string[] {
	const links = parseList(value, LINKS);
	return links.every((link) => link === '') ? [] : links;
}

export function parseTaskIds(value: unknown): string[] {
	return parseList(value, IDS).filter((id) => id !== '');
}

/** Longer than those of any provider. */
const MAX_TASK_ID_LENGTH = 200;
/** An ID becomes part of a path, where dots alone would lead elsewhere. */
const NOT_A_TASK_ID = new RegExp(
	`[${TRIMMED}{}<>"[\\]/\\\\\\p{Surrogate}]|^(?:\\.+|undefined|null|nan)$`,
	'iu',
);

/** Whether it could be the ID of a task. */
export function isTaskId(id: string): boolean {
	return id !== '' && id.length <= MAX_TASK_ID_LENGTH && !NOT_A_TASK_ID.test(id);
}

/** The field names in a text; anything that isn't text stays as it is. */
export function parseFieldNames(value: unknown): unknown[] {
	if (value === undefined || value === null) return [];
	if (Array.isArray(value)) return value.flatMap(parseFieldNames);
	if (typeof value !== 'string') return [value];
	const text = cellText(value);
	const parsed = text.startsWith('[') ? parseJson(text) : undefined;
	if (Array.isArray(parsed)) return parseFieldNames(parsed);
	return text
		.split(BETWEEN_NAMES)
		.map(cellText)
		.filter((name) => name !== '');
}

/** Accepts one entry, several in a text, JSON as text, an array from an expression, or objects. */
function parseList(value: unknown, kind: ListKind): string[] {
	if (value === undefined || value === null) return [];
	if (Array.isArray(value)) {
		return value.flatMap((entry) => {
			const entries = parseList(entry, kind);
			return entries.length > 0 ? entries : [''];
		});
	}
	if (isJsonObject(value)) {
		const key = kind.keys.find((one) => value[one] !== undefined);
		return key === undefined ? [JSON.stringify(value)] : parseList(value[key], kind);
	}
	const text = cellText(value);
	const parsed = /^["[{]/.test(text) ? (parseJson(text) ?? parseJson(`[${text}]`)) : undefined;
	if (typeof parsed === 'string' || (typeof parsed === 'object' && parsed !== null)) {
		return parseList(parsed, kind);
	}
	return unquote(text)
		.replace(DATA_URI, (uri) => uri.replace(/\s/g, ''))
		.split(kind.separator)
		.map((entry) => normalizeEntry(entry, kind))
		.filter((entry) => entry !== '' && !BULLET.test(entry));
}

function normalizeEntry(entry: string, { separator }: ListKind): string {
	const text = trimEntry(unquote(trimEntry(entry)));
	return separator === BETWEEN_IDS ? stripInvisible(text) : text;
}

function trimEntry(text: string): string {
	return text.slice(...trimRange(text, TRIMMED_CHARACTER));
}

function unquote(text: string): string {
	const isObjectString = /^\[object \w+\]$/.test(text);
	const isQuoted =
		!isObjectString &&
		QUOTE_PAIRS.some(
			([open = '', close = '']) =>
				text.startsWith(open) &&
				text.endsWith(close) &&
				text.length > 1 &&
				![...text.slice(1, -1)].some((character) => character === open || character === close),
		);
	return isQuoted ? text.slice(1, -1) : text;
}
