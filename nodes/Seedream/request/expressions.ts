import { isBlank } from './cells';

/**
 * The fields of one row as the user wrote them. n8n gives undefined for an expression that found
 * nothing, an empty text for one inside a longer text, and for both the node would go on as if the
 * field had been left alone.
 */
export interface RowExpressions {
	/** What the node's fields hold, expressions not yet worked out; a hidden field is missing. */
	parameters: Readonly<Record<string, unknown>>;
	/** The value of one `{{ … }}` for this row. */
	evaluate: (part: string) => unknown;
}

/** Where a field stands: its name, or that of the collection and its own. */
export type FieldPath = readonly [string] | readonly [string, string];

/** The field's expression, which begins with "="; undefined for a plain value. */
function expressionOf(
	{ parameters }: Pick<RowExpressions, 'parameters'>,
	[name, inner]: FieldPath,
): string | undefined {
	const outer = parameters[name];
	const value = inner === undefined ? outer : isFields(outer) ? outer[inner] : undefined;
	return typeof value === 'string' && value.startsWith('=') ? value : undefined;
}

export function hasExpression(row: RowExpressions, path: FieldPath): boolean {
	return expressionOf(row, path) !== undefined;
}

/** Its `{{ … }}`, as n8n finds them. */
function partsOf(expression: string): string[] {
	return expression.match(/\{\{[\s\S]*?\}\}/g) ?? [];
}

/**
 * The part of a field's expression that found nothing in the row, to be shown. `value` is what n8n
 * made of the whole; within a list, a hole counts as well.
 */
export function notFound(row: RowExpressions, path: FieldPath, value: unknown): string | undefined {
	const expression = expressionOf(row, path);
	if (expression === undefined) return undefined;
	const parts = partsOf(expression);
	const [first = expression.slice(1)] = parts;
	if (isMissing(value)) return first;
	// Alone, its value is the field's, which is there.
	if (expression.slice(1) === first) return undefined;
	return parts.find((part) => isMissing(valueOf(row, part)));
}

function isMissing(value: unknown): boolean {
	return value === undefined || (Array.isArray(value) && value.some(isMissing));
}

/** What cannot be worked out alone is neither a hole nor empty: nobody knows. */
function valueOf({ evaluate }: RowExpressions, part: string): unknown {
	try {
		return evaluate(part);
	} catch {
		return 'unknown';
	}
}

const MAX_QUOTED_LENGTH = 120;

/** What is wrong with a field whose expression found nothing; `mayBeEmpty` where a row can go without. */
export function notFoundProblem(part: string, mayBeEmpty: boolean): string {
	const shown = part.length > MAX_QUOTED_LENGTH ? `${part.slice(0, MAX_QUOTED_LENGTH)}…` : part;
	const found = `${shown} found nothing in this row`;
	return mayBeEmpty
		? `${found}. Check the name, or write ${withDefault(part)} if a row may go without`
		: `${found}: check the name`;
}

/** `a || b ?? ''` is an error of JavaScript. */
function withDefault(part: string): string {
	const code = part.replace(/^\{\{|\}\}$/g, '').trim();
	if (code.length > MAX_QUOTED_LENGTH) return "{{ (…) ?? '' }}";
	return /\|\||&&|[?:;]|=>/.test(code.replace(/\?\./g, '.'))
		? `{{ (${code}) ?? '' }}`
		: `{{ ${code} ?? '' }}`;
}

/** A part that reads the row itself, and not the time, a variable, or the first row of another node. */
const FROM_THE_ROW = new RegExp(
	[
		'\\$(?:json|binary|node)\\b',
		'\\$input\\s*\\.\\s*item\\b',
		'\\$items?\\s*\\(',
		'\\[\\s*\\$itemIndex\\b',
		'\\$\\(\\s*(["\'`]).*?\\1\\s*\\)\\s*\\.\\s*(?:item|pairedItem|itemMatching)\\b',
	].join('|'),
);

export interface Emptiness {
	/** The field without which a row means nothing. */
	essential: string;
	/** What n8n made of it. */
	value: unknown;
	/** Whether the row's item has nothing in it at all, so that no name can be misspelt. */
	isItemEmpty: boolean;
}

/**
 * Whether the row is one of the empty lines that a sheet has at its end: everything that the node's
 * fields take from it is empty. A part that found nothing counts as empty only where the item has
 * nothing either; else its name may be wrong, and every row would be passed over in silence.
 */
export function takesNothing(
	row: RowExpressions,
	{ essential, value, isItemEmpty }: Emptiness,
): boolean {
	const own = fromTheRow(expressionOf(row, [essential]));
	// A prompt of invisible characters is no empty cell: it is refused, with that reason.
	if (own.length === 0 || !isEmptyCell(value)) return false;
	const isEmpty = (part: string) => {
		const found = valueOf(row, part);
		return isBlank(found) && (found !== undefined || isItemEmpty);
	};
	return allExpressions(row.parameters).flatMap(fromTheRow).every(isEmpty);
}

function isEmptyCell(value: unknown): boolean {
	return isBlank(value) && (Array.isArray(value) || String(value ?? '').trim() === '');
}

function fromTheRow(expression: string | undefined): string[] {
	return partsOf(expression ?? '').filter((part) => FROM_THE_ROW.test(part));
}

function allExpressions(value: unknown): string[] {
	if (typeof value === 'string') return value.startsWith('=') ? [value] : [];
	return typeof value === 'object' && value !== null
		? Object.values(value).flatMap(allExpressions)
		: [];
}

function isFields(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}
