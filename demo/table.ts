import { CsvError, parse, type Options } from 'csv-parse/sync';
import { orderBy } from 'lodash';
import { z } from 'zod';

import { stripInvisibleEnds } from '../nodes/Seedream/request/cells';
import { UserError } from './userError';

export interface Table {
	header: string[];
	/** Without empty rows. */
	rows: string[][];
}

/** The first occurs in no text: it makes each line a single cell, which may contain commas. */
const DELIMITERS = ['\0', ',', ';', '\t'];

/** Excel reads the separator from this line above the header. */
const SEPARATOR_LINE = /^"?sep=."?(\r\n|\r|\n)/i;

/**
 * Reads a CSV file with the separator that makes most cells of its header `known`; throws a `UserError` for a file that
 * is broken.
 */
export function readTable(path: string, text: string, known: (cell: string) => boolean): Table {
	const content = text.replace(SEPARATOR_LINE, '');
	const cells = readCells(path, content, chooseDelimiter(content, known));
	const [header = [], ...rows] = cells
		.map((row) => row.map(tidy))
		.filter((row) => row.some((cell) => cell !== ''));
	return { header: withoutEmptyEnd(header), rows };
}

function tidy(cell: string): string {
	return stripInvisibleEnds(cell).trim();
}

function withoutEmptyEnd(row: string[]): string[] {
	return row.slice(0, row.findLastIndex((cell) => cell !== '') + 1);
}

function chooseDelimiter(text: string, known: (cell: string) => boolean): string {
	const headers = DELIMITERS.map((delimiter) => ({
		delimiter,
		cells: readHeader(text, delimiter),
	}));
	const [best] = orderBy(
		headers,
		[({ cells }) => cells.filter(known).length, ({ cells }) => cells.length],
		['desc', 'desc'],
	);
	return best?.delimiter ?? ',';
}

function readHeader(text: string, delimiter: string): string[] {
	try {
		return parseCsv(text, { delimiter, to: 1, skip_records_with_empty_values: true })[0] ?? [];
	} catch {
		return [];
	}
}

function readCells(path: string, text: string, delimiter: string): string[][] {
	try {
		return parseCsv(text, { delimiter });
	} catch (error) {
		if (!(error instanceof CsvError)) throw error;
		throw new UserError(`${path} isn't a valid CSV file: ${problem(error)}.`);
	}
}

function problem({ code, message, records }: CsvError): string {
	if (!code.includes('QUOTE')) return message;
	const row = Number(records);
	const place = row > 0 ? `row ${row}` : 'the header';
	return `in ${place}, a cell starts with a quotation mark but doesn't end with one`;
}

const cellsSchema = z.array(z.array(z.string()));

const OPTIONS: Options = {
	record_delimiter: ['\r\n', '\n', '\r'],
	relax_column_count: true,
	skip_empty_lines: true,
};

/** Reads quotation marks as the standard defines them, or else as people use them: `"Hello" on a wall`. */
function parseCsv(text: string, options: Options): string[][] {
	try {
		return cellsSchema.parse(parse(text, { ...OPTIONS, ...options, trim: true }));
	} catch (error) {
		if (!(error instanceof CsvError)) throw error;
		const relaxed: Options = { ...OPTIONS, ...options, ltrim: true, relax_quotes: true };
		const cells = cellsSchema.parse(parse(text, relaxed));
		// A missing quotation mark has merged two rows into one cell.
		if (cells.flat().some((cell) => /^".*[\r\n]/s.test(cell))) throw error;
		return cells;
	}
}
