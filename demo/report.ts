import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Table from 'cli-table3';
import { Eta } from 'eta';
import { sum } from 'lodash';

import { providers } from '../nodes/Seedream/providers';
import type { FailedRow, MadeImage } from './results';

type Result = MadeImage | FailedRow;

/** Writes a page that shows every image, in the order of the rows, with its details and cost. */
export async function writeContactSheet(
	results: readonly Result[],
	folder: string,
): Promise<string> {
	const page = new Eta({ views: __dirname }).render('./contactSheet', {
		results,
		images: results.filter(({ kind }) => kind === 'image').length,
		failures: results.filter(({ kind }) => kind === 'failure').length,
		label: providerLabel,
		cost: costText,
	});
	const path = join(folder, 'index.html');
	await writeFile(path, page);
	return path;
}

function providerLabel(id: string): string {
	return providers.find((provider) => provider.id === id)?.label ?? id;
}

function costText({ cost }: MadeImage): string {
	const { credits, usd, estimated = false } = cost ?? {};
	const amounts = [
		...(credits === undefined ? [] : [`${credits} credits`]),
		...(usd === undefined ? [] : [`$${usd}`]),
	];
	if (amounts.length === 0) return 'unknown';
	return `${estimated ? 'about ' : ''}${amounts.join(' = ')}`;
}

/** For example: 17 of 18 rows finished. */
export function finishedRows(results: readonly Result[]): string {
	const rows = (kept: readonly Result[]) => new Set(kept.map(({ row }) => row.name)).size;
	return `${rows(imagesOf(results))} of ${rows(results)} rows finished.`;
}

/** By provider. There's no total of credits: each provider's are worth something else. */
export function summary(results: readonly Result[], seconds: number): string {
	const table = new Table({
		head: ['Provider', 'Rows', 'Images', 'Failed', 'Credits', 'USD', 'Seconds'],
		colAligns: ['left', ...Array(6).fill('right')],
		style: { head: [], border: [] },
	});
	for (const provider of new Set(results.map((result) => result.provider))) {
		const own = results.filter((result) => result.provider === provider);
		const costs = [total(own, 'credits'), total(own, 'usd')];
		table.push([providerLabel(provider), ...counts(own), ...costs, slowest(own)]);
	}
	table.push(['Total', ...counts(results), '', total(results, 'usd'), seconds.toFixed(1)]);
	return table.toString();
}

function counts(results: readonly Result[]): number[] {
	return [
		new Set(results.map(({ row }) => row.name)).size,
		results.filter(({ kind }) => kind === 'image').length,
		results.filter(({ kind }) => kind === 'failure').length,
	];
}

function imagesOf(results: readonly Result[]): MadeImage[] {
	return results.flatMap((result) => (result.kind === 'image' ? [result] : []));
}

function total(results: readonly Result[], unit: 'credits' | 'usd'): string {
	const images = imagesOf(results);
	const known = images.flatMap(({ cost }) => cost?.[unit] ?? []);
	if (known.length < images.length) return 'unknown';
	const isEstimate = images.some(({ cost }) => cost?.estimated);
	return `${isEstimate ? '≈ ' : ''}${sum(known).toFixed(2)}`;
}

function slowest(results: readonly Result[]): string {
	return Math.max(0, ...imagesOf(results).map(({ seconds }) => seconds)).toFixed(1);
}
