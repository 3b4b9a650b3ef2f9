import { DEFAULT_FILE_NAME } from '../images/fileName';
import { isJsonObject } from '../shared/json';
import { cellText, isBlank, normalizeCell } from './cells';

/** What was made of a row's fields, or all that is wrong with them, each under its label. */
export type Checked<T> = { ok: true; value: T } | { ok: false; problems: string[] };

/** The value of a field for the row; n8n has none for a field that is hidden. */
export type ReadField = (name: string, whenHidden: unknown) => unknown;

/** How a row is carried out and handed on, whatever it asks for. */
export interface RowOptions {
	downloadImages: boolean;
	outputField: string;
	outputItems: 'perImage' | 'perTask';
	/** Whether to look at reference links before anything is spent. */
	checkReferences: boolean;
	/** Rows at the same time; 0 leaves it to the node. */
	concurrency: number;
	/** A template, see images/fileName.ts. */
	fileName: string;
	/** Seconds; 0 leaves it to the node. */
	pollInterval: number;
	simplify: boolean;
	/** Seconds from a task's creation. */
	timeout: number;
}

export const OPTION_LABELS = {
	continueWhen: 'Continue When',
	downloadImages: 'Download Images',
	outputField: 'Put Output in Field',
	outputItems: 'Output',
	checkReferences: 'Check References',
	concurrency: 'Concurrency',
	fileName: 'File Name',
	pollInterval: 'Poll Interval',
	simplify: 'Simplify',
	timeout: 'Timeout',
} as const;

export const DEFAULT_OPTIONS = {
	checkReferences: false,
	concurrency: 0,
	fileName: DEFAULT_FILE_NAME,
	pollInterval: 0,
	simplify: true,
	timeout: 600,
} as const;

const OUTPUT_ITEMS = ['perImage', 'perTask'] as const;

/**
 * They are read like the cells of a request, and none decides what is made and paid: what is empty,
 * or was not found by an expression, is the default.
 */
export function readOptions(field: ReadField): Checked<RowOptions> {
	const given = field('options', {}) ?? {};
	const problems: string[] = isJsonObject(given) ? [] : ['Options: are not an object of fields'];
	const options = isJsonObject(given) ? given : {};

	const read = <T>(
		name: keyof typeof OPTION_LABELS,
		cell: unknown,
		usual: T,
		reader: (cell: unknown) => T | CellIssue,
	): T => {
		// A file or a field may well be called that.
		const isDefault = reader !== readText && normalizeCell(cell) === 'default';
		if (isBlank(cell) || isDefault) return usual;
		const value = reader(cell);
		if (!(value instanceof CellIssue)) return value;
		problems.push(`${OPTION_LABELS[name]}: ${value.message}`);
		return usual;
	};
	const top = <T>(
		name: 'downloadImages' | 'outputField' | 'outputItems',
		whenHidden: T,
		usual: T,
		reader: (cell: unknown) => T | CellIssue,
	) => read(name, field(name, whenHidden), usual, reader);
	const option = <K extends keyof typeof DEFAULT_OPTIONS>(
		name: K,
		reader: (cell: unknown) => RowOptions[K] | CellIssue,
	) => read(name, options[name], DEFAULT_OPTIONS[name] as RowOptions[K], reader);

	const value: RowOptions = {
		downloadImages: top('downloadImages', false, true, readSwitch),
		outputField: top<string>('outputField', 'data', 'data', readText),
		outputItems: top('outputItems', 'perImage', 'perImage', (cell) =>
			readChoice(cell, OUTPUT_ITEMS),
		),
		checkReferences: option('checkReferences', readSwitch),
		concurrency: option('concurrency', readNumber({ min: 0, isComplete: true })),
		fileName: option('fileName', readText),
		pollInterval: option('pollInterval', readNumber({ min: 0 })),
		simplify: option('simplify', readSwitch),
		timeout: option('timeout', readNumber({ min: 1 })),
	};
	return problems.length === 0 ? { ok: true, value } : { ok: false, problems };
}

export function readContinueWhen<C extends string>(
	field: ReadField,
	values: readonly [C, ...C[]],
): Checked<C> {
	const cell = field('continueWhen', values[0]);
	// An expression that found nothing was to decide whether the row waits: that is no cell left empty.
	if (cell !== undefined && isBlank(cell)) return { ok: true, value: values[0] };
	const value = readChoice(cell, values);
	if (!(value instanceof CellIssue)) return { ok: true, value };
	return { ok: false, problems: [`${OPTION_LABELS.continueWhen}: ${value.message}`] };
}

/** What is wrong with a cell; it follows the field's label. */
class CellIssue {
	constructor(readonly message: string) {}
}

function readSwitch(cell: unknown): boolean | CellIssue {
	const text = normalizeCell(cell);
	if (text === 'true') return true;
	if (text === 'false') return false;
	return new CellIssue(`"${shown(cell)}" is neither true nor false`);
}

function readText(cell: unknown): string | CellIssue {
	return typeof cell === 'object' ? new CellIssue(`${shown(cell)} is not text`) : cellText(cell);
}

function readNumber({ min, isComplete = false }: { min: number; isComplete?: boolean }) {
	return (cell: unknown): number | CellIssue => {
		const number = typeof cell === 'object' ? NaN : Number(normalizeCell(cell));
		const isRight = Number.isFinite(number) && number >= min;
		if (isRight && (!isComplete || Number.isInteger(number))) return number;
		const kind = isComplete ? 'a whole number' : 'a number';
		return new CellIssue(`"${shown(cell)}" is not ${kind} from ${min}`);
	};
}

function readChoice<C extends string>(cell: unknown, values: readonly C[]): C | CellIssue {
	const text = normalizeCell(cell);
	const known = values.find((value) => value.toLowerCase() === text);
	return known ?? new CellIssue(`"${shown(cell)}" is not one of ${values.join(', ')}`);
}

const MAX_QUOTED_LENGTH = 60;

function shown(cell: unknown): string {
	const text = typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
	return text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text;
}
