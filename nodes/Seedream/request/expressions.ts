import { isBlank } from './cells';

/**
 * A row's fields as the user wrote them. n8n resolves a missing value to undefined, or to an empty
 * string inside a longer text. Without these checks, the field would count as left empty.
 */
export interface RowExpressions {
	/** The node's fields, with unresolved expressions; hidden fields are missing. */
	parameters: Readonly<Record<string, unknown>>;
	/** The value of one `{{ … }}` for this row. */
	evaluate: (part: string) => unknown;
}

/** A field's name, or its collection's name and its own. */
export type FieldPath = readonly [string] | readonly [string, string];

/** The field's expression, which starts with "="; undefined for a fixed value. */
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

/** The `{{ … }}` parts of an expression, as n8n finds them. */
function partsOf(expression: string): string[] {
	return expression.match(/\{\{[\s\S]*?\}\}/g) ?? [];
}

/**
 * The part of a field's expression that has no value in this row. `value` is the resolved expression;
 * a list with a missing entry counts too.
 */
export function findMissingPart(
	row: RowExpressions,
	path: FieldPath,
	value: unknown,
): string | undefined {
	const expression = expressionOf(row, path);
	if (expression === undefined) return undefined;
	const parts = partsOf(expression);
	const [first = expression.slice(1)] = parts;
	if (isMissing(value)) return first;
	// A single part has the same value as the whole field, which isn't missing.
	if (expression.slice(1) === first) return undefined;
	return parts.find((part) => isMissing(valueOf(row, part)));
}

function isMissing(value: unknown): boolean {
	return value === undefined || (Array.isArray(value) && value.some(isMissing));
}

/** A part that can't be evaluated on its own counts neither as missing nor as empty. */
function valueOf({ evaluate }: RowExpressions, part: string): unknown {
	try {
		return evaluate(part);
	} catch {
		return 'unknown';
	}
}

const MAX_QUOTED_LENGTH = 120;

export function missingPartProblem(part: string, isOptional: boolean): string {
	const quoted = part.length > MAX_QUOTED_LENGTH ? `${part.slice(0, MAX_QUOTED_LENGTH)}…` : part;
	const missing = `uses ${quoted}, which has no value in this row. Check the name`;
	return isOptional
		? `${missing}, or write ${withFallback(part)} if the value is optional`
		: missing;
}

/** The parentheses are needed: `a || b ?? ''` is a syntax error in JavaScript. */
function withFallback(part: string): string {
	const code = part.replace(/^\{\{|\}\}$/g, '').trim();
	if (code.length > MAX_QUOTED_LENGTH) return "{{ (…) ?? '' }}";
	return /\|\||&&|[?:;]|=>/.test(code.replace(/\?\./g, '.'))
		? `{{ (${code}) ?? '' }}`
		: `{{ ${code} ?? '' }}`;
}

/** Reads the current row, unlike e.g. the time, a variable, or the first row of another node. */
const ROW_REFERENCE = new RegExp(
	[
		'\\$(?:json|binary|node)\\b',
		'\\$input\\s*\\.\\s*item\\b',
		'\\$items?\\s*\\(',
		'\\[\\s*\\$itemIndex\\b',
		'\\$\\(\\s*(["\'`]).*?\\1\\s*\\)\\s*\\.\\s*(?:item|pairedItem|itemMatching)\\b',
	].join('|'),
);

export interface EmptyRowCheck {
	/** The name of the node's required field. */
	requiredField: string;
	/** Its resolved value. */
	value: unknown;
	/** Whether the row's item is completely empty, so that no name can be misspelled. */
	isItemEmpty: boolean;
}

/**
 * Whether the row is an empty line, as sheets have at their end: every value that the node's fields
 * take from it is empty. A missing value counts as empty only if the whole item is; otherwise a
 * misspelled name would silently skip every row.
 */
export function usesOnlyEmptyCells(
	row: RowExpressions,
	{ requiredField, value, isItemEmpty }: EmptyRowCheck,
): boolean {
	const references = rowReferences(expressionOf(row, [requiredField]));
	// A prompt of invisible characters isn't an empty cell: checkRequest rejects it with that reason.
	if (references.length === 0 || !isEmptyCell(value)) return false;
	const isEmpty = (part: string) => {
		// Whatever an expression makes of an empty item, e.g. an object, nobody has filled it in.
		if (isItemEmpty && !readsRow(part.replace(/\$json\b/g, ''))) return true;
		const cell = valueOf(row, part);
		return isBlank(cell) && (cell !== undefined || isItemEmpty);
	};
	return allExpressions(row.parameters).flatMap(rowReferences).every(isEmpty);
}

function isEmptyCell(value: unknown): boolean {
	return isBlank(value) && (Array.isArray(value) || String(value ?? '').trim() === '');
}

function rowReferences(expression: string | undefined): string[] {
	return partsOf(expression ?? '').filter(readsRow);
}

/** The number of a row says nothing about what's in it. */
const ROW_NUMBER = /\$json\s*(?:\.\s*row_number\b|\[\s*(["'])row_number\1\s*\])/g;

function readsRow(part: string): boolean {
	return ROW_REFERENCE.test(part.replace(ROW_NUMBER, ''));
}

/** The expressions in a field, or in several. */
export function allExpressions(value: unknown): string[] {
	if (typeof value === 'string') return value.startsWith('=') ? [value] : [];
	return typeof value === 'object' && value !== null
		? Object.values(value).flatMap(allExpressions)
		: [];
}

function isFields(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}
