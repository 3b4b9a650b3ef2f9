import truncate from 'lodash/truncate';
import type { INodeParameters } from 'n8n-workflow';

import { providers } from '../nodes/Seedream/providers';
import { matchProvider, nameKey } from '../nodes/Seedream/request/matchNames';
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

/** What a user would type into Seedream Generate to take everything from the spreadsheet's row. */
export const PARAMETERS: INodeParameters = {
	provider: '={{ $json.provider }}',
	model: "={{ $json.model ?? '' }}",
	prompt: '={{ $json.prompt }}',
	imageUrls: "={{ $json.reference_images ?? '' }}",
	aspectRatio: "={{ $json.aspect_ratio ?? '' }}",
	resolution: "={{ $json.resolution ?? '' }}",
	imageCount: "={{ $json.images ?? '' }}",
	options: { fileName: '={{ $json.name }}-{image}' },
};

/** The rows of a CSV file; throws a `Sentence` for one that cannot be used, and says where it read between the lines. */
export async function readCampaign(
	path: string,
	say: (note: string) => void = () => undefined,
): Promise<CampaignRow[]> {
	const { header, rows } = readTable(path, await readText(path), isColumn);
	if (header.length === 0) throw new UserError(`${path} is empty.`);
	if (rows.length === 0) throw new UserError(`${path} has no rows below its header.`);
	checkColumns(path, header, say);
	const columns = header.map(findColumn);
	const named = rows.map((cells, index) => {
		checkLength(path, cells, index, columns);
		return readRow(cells, index, columns);
	});
	return tellApart(path, named, say);
}

/** A column goes by its name as people write it: `Aspect Ratio`, `PROMPT`. */
function findColumn(cell: string): Column | undefined {
	return COLUMNS.find((column) => nameKey(column) === nameKey(cell));
}

function isColumn(cell: string): boolean {
	return findColumn(cell) !== undefined;
}

function checkColumns(path: string, header: readonly string[], say: (note: string) => void): void {
	const columns = header.map(findColumn);
	const unknown = header.flatMap((cell, index) => (columns[index] ? [] : [calling(cell, index)]));
	const twice = COLUMNS.filter((column) => columns.indexOf(column) !== columns.lastIndexOf(column));
	const known = `The columns are ${COLUMNS.join(', ')}.`;
	const problems = twice.map((column) => `the column "${column}" is there twice`);
	if (!columns.includes('prompt')) {
		problems.push(...unknown.map((column) => `${column} is not known`));
		problems.push('the column "prompt" is missing');
	}
	if (problems.length > 0) throw new UserError(`${path}: ${problems.join(', ')}. ${known}`);
	if (unknown.length === 0) return;
	say(`${path}: not known, and passed over: ${unknown.join(', ')}. ${known}`);
}

function calling(cell: string, index: number): string {
	return cell ? `the column "${truncate(cell)}"` : `column ${index + 1}, which has no name`;
}

/** A row may end early, as Excel writes some; but one without its prompt, or with more cells, was not meant so. */
function checkLength(
	path: string,
	cells: readonly string[],
	index: number,
	columns: ReadonlyArray<Column | undefined>,
): void {
	const isLong = cells.slice(columns.length).some((cell) => cell !== '');
	if (!isLong && cells.length > columns.indexOf('prompt')) return;
	throw new UserError(
		`${path}: row ${index + 1} ${isLong ? 'has more cells than the header' : 'ends before its prompt'}. A cell with a line break in it, or with what separates the cells, needs quotation marks around it.`,
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

/** What names no provider is left for the node to explain. */
function readProvider(cell = ''): string {
	return cell === '' ? providers[0].id : (matchProvider(cell)?.id ?? cell);
}

/** Names make the file names, so two rows may not share one. */
function tellApart(
	path: string,
	rows: readonly CampaignRow[],
	say: (note: string) => void,
): CampaignRow[] {
	const given = new Set(rows.map(({ name }) => fileKey(name)));
	const used = new Set<string>();
	const renamed: string[] = [];
	const apart = rows.map((row) => {
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
		say(`${path}: rows with the same name are told apart by a number: ${renamed.join(', ')}.`);
	}
	return apart;
}

/** In a file's name, `a/b` is `a b`; on some computers, `A` is `a`. */
function fileKey(name: string): string {
	return name.toLowerCase().replace(/[^\p{L}\p{M}\p{N}._]+/gu, '-');
}

/** As many as the rows ask for; a provider may make fewer. */
export function countImages(rows: readonly CampaignRow[]): number {
	return rows.reduce((images, row) => images + (Number(row.images) || 1), 0);
}
