import { truncate } from 'lodash';
import type { INodeParameters } from 'n8n-workflow';

import { providers } from '../nodes/Seedream/providers';
import { matchModel, matchProvider, nameKey } from '../nodes/Seedream/request/matchNames';
import { readTable } from './table';
import { readText } from './text';
import { UserError } from './userError';

const COLUMNS = [
	'name',
	'provider',
	'model',
	'prompt',
	'aspect_ratio',
	'resolution',
	'images',
	'reference_images',
] as const;

type Column = (typeof COLUMNS)[number];

export type CampaignRow = Partial<Record<Column, string>> & { name: string };

/** The expressions a user would enter in Seedream Generate to read every parameter from the row. */
export const PARAMETERS: INodeParameters = {
	provider: '={{ $json.provider }}',
	model: "={{ $json.model ?? '' }}",
	prompt: '={{ $json.prompt }}',
	imageUrls: "={{ $json.reference_images ?? '' }}",
	aspectRatio: "={{ $json.aspect_ratio ?? '' }}",
	resolution: "={{ $json.resolution ?? '' }}",
	imageCount: "={{ $json.images ?? '' }}",
	// Only an item that isn't simplified says how long its image took.
	options: { fileName: '={{ $json.name }}-{image}', simplify: false },
};

/** Reads the rows of a CSV file. Throws a `UserError` for a file it can't use; `warn` gets what it ignored or changed. */
export async function readCampaign(
	path: string,
	warn: (message: string) => void = () => undefined,
): Promise<CampaignRow[]> {
	const { header, rows } = readTable(path, await readText(path), isColumn);
	if (header.length === 0) throw new UserError(`${path} is empty.`);
	if (rows.length === 0) throw new UserError(`${path} has no rows below its header.`);
	checkColumns(path, header, warn);
	const columns = header.map(findColumn);
	const named = rows.map((cells, index) => {
		checkLength(path, cells, index, columns);
		return readRow(cells, index, columns);
	});
	return withUniqueNames(path, named, warn);
}

/** Matches names as people write them: `Aspect Ratio`, `PROMPT`. */
function findColumn(cell: string): Column | undefined {
	return COLUMNS.find((column) => nameKey(column) === nameKey(cell));
}

function isColumn(cell: string): boolean {
	return findColumn(cell) !== undefined;
}

function checkColumns(
	path: string,
	header: readonly string[],
	warn: (message: string) => void,
): void {
	const columns = header.map(findColumn);
	const unknown = header.flatMap((cell, index) =>
		columns[index] ? [] : [columnLabel(cell, index)],
	);
	const duplicates = COLUMNS.filter(
		(column) => columns.indexOf(column) !== columns.lastIndexOf(column),
	);
	const known = `The columns are ${COLUMNS.join(', ')}.`;
	const problems = duplicates.map((column) => `the column "${column}" appears twice`);
	if (!columns.includes('prompt')) {
		problems.push(...unknown.map((column) => `${column} isn't recognized`));
		problems.push('the column "prompt" is missing');
	}
	if (problems.length > 0) throw new UserError(`${path}: ${problems.join(', ')}. ${known}`);
	if (unknown.length === 0) return;
	warn(`${path}: ignored ${unknown.join(', ')}. ${known}`);
}

function columnLabel(cell: string, index: number): string {
	return cell ? `the column "${truncate(cell)}"` : `column ${index + 1} (no name)`;
}

/** Excel may leave out empty cells at the end of a row, but not the prompt; extra cells mean missing quotes. */
function checkLength(
	path: string,
	cells: readonly string[],
	index: number,
	columns: ReadonlyArray<Column | undefined>,
): void {
	const isLong = cells.slice(columns.length).some((cell) => cell !== '');
	if (!isLong && cells.length > columns.indexOf('prompt')) return;
	throw new UserError(
		`${path}: row ${index + 1} ${isLong ? 'has more cells than the header' : 'ends before its prompt'}. Put quotation marks around cells that contain a line break or the separator.`,
	);
}

function readRow(
	cells: readonly string[],
	index: number,
	columns: ReadonlyArray<Column | undefined>,
): CampaignRow {
	const known = columns.flatMap((column, place) =>
		column ? [[column, cells[place] ?? ''] as const] : [],
	);
	const row: Partial<CampaignRow> = Object.fromEntries(known);
	return { ...row, name: row.name || String(index + 1), provider: readProvider(row.provider) };
}

/** An unknown provider is kept: the node reports it. */
function readProvider(cell = ''): string {
	return cell === '' ? providers[0].id : (matchProvider(cell)?.id ?? cell);
}

/** File names are made from these, so each row needs its own. */
function withUniqueNames(
	path: string,
	rows: readonly CampaignRow[],
	warn: (message: string) => void,
): CampaignRow[] {
	const given = new Set(rows.map(({ name }) => fileKey(name)));
	const used = new Set<string>();
	const renamed: string[] = [];
	const unique = rows.map((row) => {
		let { name } = row;
		if (used.has(fileKey(name))) {
			for (let copy = 2; given.has(fileKey(name)); copy++) name = `${row.name}-${copy}`;
			given.add(fileKey(name));
			renamed.push(name);
		}
		used.add(fileKey(name));
		return { ...row, name };
	});
	if (renamed.length > 0) {
		warn(`${path}: added a number to duplicate names: ${renamed.join(', ')}.`);
	}
	return unique;
}

/** In a file name, `a/b` becomes `a-b`; some file systems don't distinguish `A` from `a`. */
function fileKey(name: string): string {
	return name.toLowerCase().replace(/[^\p{L}\p{M}\p{N}._]+/gu, '-');
}

/** The number requested; a provider may return fewer. A model that splits an image counts as its maximum. */
export function countImages(rows: readonly CampaignRow[]): number {
	return rows.reduce((images, row) => images + (maxLayers(row) ?? (Number(row.images) || 1)), 0);
}

function maxLayers({ provider = '', model = '' }: CampaignRow): number | undefined {
	const known = matchProvider(provider);
	return known && matchModel(known, model)?.layers?.max;
}
