import { DEFAULT_FILE_NAME } from '../images/fileName';
import { ITEM_FIELDS, type ItemField } from '../output/taskItems';
import { providers } from '../providers';
import { isJsonObject } from '../shared/json';
import { cellText, isBlank, normalizeCell } from './cells';
import { fieldMessage } from './labels';
import { parseFieldNames } from './lists';
import { matchProvider } from './matchNames';

/** The parsed fields of a row, or a message for each one that isn't valid. */
export type Checked<T> = { ok: true; value: T } | { ok: false; problems: string[] };

/** Gets the value of a field for the row; n8n has none for hidden fields. */
export type ReadField = (name: string, whenHidden: unknown) => unknown;

export const REUSES = ['never', 'sameRequest'] as const;
export type Reuse = (typeof REUSES)[number];

/** How a row is processed and returned, whatever it requests. */
export interface RowOptions {
	downloadImages: boolean;
	outputField: string;
	outputItems: 'perImage' | 'perTask';
	/** Whether to check reference links before the row is sent. */
	checkReferences: boolean;
	/** Maximum number of rows in progress; 0 = automatic. */
	concurrency: number;
	/** The IDs of the providers that may generate the row instead, in this order. */
	fallbacks: readonly string[];
	fallbackOnContentPolicy: boolean;
	/** A template, see images/fileName.ts. */
	fileName: string;
	/** Whether to also return a file that describes a task's layers. */
	layersFile: boolean;
	/** For the whole execution, in US dollars; 0 = none. */
	maxCost: number;
	/** The name of the data table to record tasks in; empty for none. */
	memoryTable: string;
	/** In seconds; 0 = automatic. */
	pollInterval: number;
	/** Whether a row gets the images that another execution generated for the same request. */
	reuse: Reuse;
	/** What tells the row from others that request the same; empty for its position among them. */
	rowKey: string;
	simplify: boolean;
	/** The only fields that an agent gets; undefined for all. */
	itemFields?: readonly ItemField[];
	/** In seconds from the task's creation. */
	timeout: number;
}

export const OPTION_LABELS = {
	continueWhen: 'Continue When',
	downloadImages: 'Download Images',
	outputField: 'Put Output in Field',
	outputItems: 'Output',
	checkReferences: 'Check References',
	concurrency: 'Concurrency',
	fallbacks: 'Fall Back To',
	fallbackOnContentPolicy: 'Fall Back After Content Policy',
	fileName: 'File Name',
	layersFile: 'Layers File',
	maxCost: 'Maximum Cost (USD)',
	memoryTable: 'Remember in Data Table',
	pollInterval: 'Poll Interval',
	reuse: 'Reuse Recent Images',
	rowKey: 'Row Key',
	simplify: 'Simplify',
	timeout: 'Timeout',
	toolOutput: 'Output',
	toolFields: 'Fields',
} as const;

type OptionName = Exclude<
	keyof RowOptions,
	'downloadImages' | 'outputField' | 'outputItems' | 'itemFields'
>;

export const DEFAULT_OPTIONS: Readonly<Pick<RowOptions, OptionName>> = {
	checkReferences: false,
	concurrency: 0,
	fallbacks: [],
	fallbackOnContentPolicy: false,
	fileName: DEFAULT_FILE_NAME,
	layersFile: false,
	maxCost: 0,
	memoryTable: '',
	pollInterval: 0,
	reuse: 'never',
	rowKey: '',
	simplify: true,
	timeout: 600,
};

const OUTPUT_ITEMS = ['perImage', 'perTask'] as const;
/** What an agent gets, as n8n's guidelines name it. */
export const TOOL_OUTPUTS = ['simplified', 'raw', 'selectedFields'] as const;

/**
 * Options come from cells too, and none affects what is made and charged: empty and missing values
 * mean the default.
 */
export function readOptions(field: ReadField): Checked<RowOptions> {
	const collection = field('options', {}) ?? {};
	const isValid = isJsonObject(collection);
	const problems: string[] = isValid ? [] : [fieldMessage('Options', 'must be an object')];
	const options = isValid ? collection : {};

	const read = <T>(
		name: keyof typeof OPTION_LABELS,
		cell: unknown,
		defaultValue: T,
		parse: (cell: unknown) => T | CellIssue,
	): T => {
		// "default" is a valid name for a file or a field.
		const isDefault = parse !== parseText && normalizeCell(cell) === 'default';
		if (isBlank(cell) || isDefault) return defaultValue;
		const value = parse(cell);
		if (!(value instanceof CellIssue)) return value;
		problems.push(fieldMessage(OPTION_LABELS[name], value.message));
		return defaultValue;
	};
	const panelField = <T>(
		name: 'downloadImages' | 'outputField' | 'outputItems' | 'toolOutput' | 'toolFields',
		whenHidden: T,
		defaultValue: T,
		parse: (cell: unknown) => T | CellIssue,
	) => read(name, field(name, whenHidden), defaultValue, parse);
	const option = <K extends OptionName>(
		name: K,
		parse: (cell: unknown) => RowOptions[K] | CellIssue,
	) => read(name, options[name], DEFAULT_OPTIONS[name], parse);

	const toolOutput = panelField('toolOutput', 'simplified', 'simplified', (cell) =>
		parseChoice(cell, TOOL_OUTPUTS),
	);
	const itemFields =
		toolOutput === 'selectedFields' ? panelField('toolFields', [], [], parseItemFields) : [];
	const hasAllFields = toolOutput === 'raw' || itemFields.length > 0;
	const value: RowOptions = {
		downloadImages: panelField('downloadImages', false, true, parseBoolean),
		outputField: panelField<string>('outputField', 'data', 'data', parseText),
		outputItems: panelField('outputItems', 'perImage', 'perImage', (cell) =>
			parseChoice(cell, OUTPUT_ITEMS),
		),
		checkReferences: option('checkReferences', parseBoolean),
		concurrency: option('concurrency', parseNumber({ min: 0, isInteger: true })),
		fallbacks: option('fallbacks', parseProviders),
		fallbackOnContentPolicy: option('fallbackOnContentPolicy', parseBoolean),
		fileName: option('fileName', parseText),
		layersFile: option('layersFile', parseBoolean),
		maxCost: option('maxCost', parseNumber({ min: 0 })),
		memoryTable: option('memoryTable', parseText),
		pollInterval: option('pollInterval', parseNumber({ min: 0 })),
		reuse: option('reuse', (cell) => parseChoice(cell, REUSES)),
		rowKey: option('rowKey', parseText),
		simplify: !hasAllFields && option('simplify', parseBoolean),
		...(itemFields.length > 0 ? { itemFields } : {}),
		timeout: option('timeout', parseNumber({ min: 1 })),
	};
	return problems.length === 0 ? { ok: true, value } : { ok: false, problems };
}

export function readContinueWhen<C extends string>(
	field: ReadField,
	values: readonly [C, ...C[]],
): Checked<C> {
	const cell = field('continueWhen', values[0]);
	// A missing value isn't an empty cell: the expression was meant to decide whether the row waits.
	if (cell !== undefined && isBlank(cell)) return { ok: true, value: values[0] };
	const value = parseChoice(cell, values);
	if (!(value instanceof CellIssue)) return { ok: true, value };
	return { ok: false, problems: [fieldMessage(OPTION_LABELS.continueWhen, value.message)] };
}

/** Why a cell isn't valid; the message follows the field's label. */
class CellIssue {
	constructor(readonly message: string) {}
}

function parseBoolean(cell: unknown): boolean | CellIssue {
	const text = normalizeCell(cell);
	if (text === 'true') return true;
	if (text === 'false') return false;
	return new CellIssue(`is ${quote(cell)} but must be true or false`);
}

function parseText(cell: unknown): string | CellIssue {
	return typeof cell === 'object'
		? new CellIssue(`is ${quote(cell)} but must be text`)
		: cellText(cell);
}

function parseNumber({ min, isInteger = false }: { min: number; isInteger?: boolean }) {
	return (cell: unknown): number | CellIssue => {
		const number = typeof cell === 'object' ? NaN : Number(normalizeCell(cell));
		const isInRange = Number.isFinite(number) && number >= min;
		if (isInRange && (!isInteger || Number.isInteger(number))) return number;
		const kind = isInteger ? 'a whole number' : 'a number';
		return new CellIssue(`is ${quote(cell)} but must be ${kind} of at least ${min}`);
	};
}

function parseChoice<C extends string>(cell: unknown, values: readonly C[]): C | CellIssue {
	const text = normalizeCell(cell);
	const choice = values.find((value) => value.toLowerCase() === text);
	return choice ?? new CellIssue(`is ${quote(cell)} but must be one of ${values.join(', ')}`);
}

/** From the panel's list, or names in a text. */
function parseProviders(cell: unknown): readonly string[] | CellIssue {
	const names = parseFieldNames(cell);
	const unknown = names.find((name) => !matchProvider(name));
	if (unknown !== undefined) {
		const labels = providers.map(({ label }) => label).join(', ');
		return new CellIssue(`contains ${quote(unknown)} but must be some of ${labels}`);
	}
	return [...new Set(names.flatMap((name) => matchProvider(name)?.id ?? []))];
}

function parseItemFields(cell: unknown): readonly ItemField[] | CellIssue {
	const names = (Array.isArray(cell) ? cell : [cell]).map(String);
	const isKnown = (name: string): name is ItemField => Object.hasOwn(ITEM_FIELDS, name);
	const unknown = names.find((name) => !isKnown(name));
	if (unknown === undefined) return names.filter(isKnown);
	return new CellIssue(
		`is ${quote(unknown)} but must be some of ${Object.keys(ITEM_FIELDS).join(', ')}`,
	);
}

const MAX_QUOTED_LENGTH = 60;

function quote(cell: unknown): string {
	const text = typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
	return `"${text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text}"`;
}
