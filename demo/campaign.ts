import { readFile } from 'node:fs/promises';

import { CsvError, parse } from 'csv-parse/sync';
import type { INodeParameters } from 'n8n-workflow';
import { z } from 'zod';

import { Sentence } from './sentence';

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

const REQUIRED: readonly Column[] = ['name', 'provider', 'prompt'];

type Column = (typeof COLUMNS)[number];

export type CampaignRow = Partial<Record<Column, string>> & { name: string };

/** What a user would type into Seedream Generate to take everything from the spreadsheet's row. */
export const PARAMETERS: INodeParameters = {
	provider: '={{ $json.provider }}',
	model: '={{ $json.model }}',
	prompt: '={{ $json.prompt }}',
	imageUrls: '={{ $json.reference_images }}',
	aspectRatio: '={{ $json.aspect_ratio }}',
	resolution: '={{ $json.resolution }}',
	imageCount: '={{ $json.images }}',
	options: { fileName: '={{ $json.name }}-{image}' },
};

/** The rows of a CSV file; throws a `Sentence` for a file that cannot be used. */
export async function readCampaign(path: string): Promise<CampaignRow[]> {
	const rows = parseCsv(path, await readText(path));
	const [first] = rows;
	if (!first) throw new Sentence(`${path} has no rows below its header.`);
	checkColumns(path, Object.keys(first));
	return rows.map((row, index) => ({ ...row, name: nameOf(path, row, index, rows) }));
}

async function readText(path: string): Promise<string> {
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		throw new Sentence(`${path} cannot be read: ${reason(error)}.`);
	}
}

function reason(error: unknown): string {
	const { code } = z.object({ code: z.string() }).catch({ code: 'unknown' }).parse(error);
	const known: Record<string, string> = {
		ENOENT: 'there is no such file',
		EISDIR: 'it is a folder',
		EACCES: 'you are not allowed to',
	};
	return known[code] ?? code;
}

const rowsSchema = z.array(z.record(z.string()));

function parseCsv(path: string, text: string) {
	try {
		return rowsSchema.parse(
			parse(text, { bom: true, columns: true, skip_empty_lines: true, trim: true }),
		);
	} catch (error) {
		if (!(error instanceof CsvError)) throw error;
		throw new Sentence(`${path} is not a CSV file that can be read: ${error.message}.`);
	}
}

function checkColumns(path: string, columns: readonly string[]): void {
	const known: readonly string[] = COLUMNS;
	const unknown = columns.filter((column) => !known.includes(column));
	const missing = REQUIRED.filter((column) => !columns.includes(column));
	if (unknown.length === 0 && missing.length === 0) return;
	const complaints = [
		...unknown.map((column) => `the column "${column}" is not known`),
		...missing.map((column) => `the column "${column}" is missing`),
	];
	throw new Sentence(`${path}: ${complaints.join(', ')}. The columns are ${COLUMNS.join(', ')}.`);
}

/** Names make the file names, so two rows may not share one. */
function nameOf(
	path: string,
	{ name }: Partial<CampaignRow>,
	index: number,
	rows: ReadonlyArray<Partial<CampaignRow>>,
): string {
	if (!name) throw new Sentence(`${path}: row ${index + 1} has no name.`);
	const first = rows.findIndex((row) => row.name === name);
	if (first === index) return name;
	throw new Sentence(`${path}: rows ${first + 1} and ${index + 1} are both called "${name}".`);
}

/** As many as the rows ask for; a gateway may make fewer. */
export function countImages(rows: readonly CampaignRow[]): number {
	return rows.reduce((images, row) => images + (Number(row.images) || 1), 0);
}
