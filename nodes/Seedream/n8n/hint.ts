import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { warningLines } from '../output/warnings';
import { findProvider } from '../providers';
import { escapeHtml, pluralize } from '../shared/format';
import type { RowItem } from './results';

/** What came of a run. */
export interface ExecutionSummary {
	items: readonly RowItem[];
	/** The rows, from 0, for which fewer images came than they asked for. */
	fewerImages: readonly number[];
	/** The rows, from 0, of which the node takes nothing. */
	skipped: readonly number[];
	seconds: number;
}

/** Said once, above the output; older versions of n8n have no place for it. */
export function hint(context: IExecuteFunctions, summary: ExecutionSummary): void {
	const lines = [
		imagesLine(summary),
		skippedLine(summary),
		fewerImagesLine(summary),
		...warningLines(summary.items).map(escapeHtml),
	];
	const message = lines.filter(Boolean).join(' ');
	if (message === '') return;
	context.addExecutionHints?.({ message, location: 'outputPane', type: 'info' });
}

const finishedSchema = z.object({
	status: z.literal('completed'),
	provider: z.string(),
	imageUrl: z.string().optional(),
	imageUrls: z.array(z.string()).optional(),
	expiresAt: z.string().optional(),
	cost: z.object({ credits: z.number().optional(), estimated: z.boolean().optional() }).default({}),
});

type Finished = z.infer<typeof finishedSchema>;

/** How many images the items of a row hold. */
export function countImages(items: readonly RowItem[]): number {
	return finishedOf(items).reduce((count, { imageUrls }) => count + (imageUrls?.length ?? 1), 0);
}

function finishedOf(items: readonly RowItem[]): Finished[] {
	return items.flatMap(({ json }) => {
		const parsed = finishedSchema.safeParse(json);
		return parsed.success ? [parsed.data] : [];
	});
}

function imagesLine({ items, seconds }: ExecutionSummary): string {
	const finished = finishedOf(items);
	const count = countImages(items);
	if (count === 0) return '';
	const expiries = finished.flatMap(({ expiresAt }) => expiresAt ?? []).sort();
	const [first] = expiries;
	const expiry =
		first === undefined ? '' : ` The links work until ${first.slice(0, 16).replace('T', ' ')} UTC.`;
	return `${pluralize(count, 'image')} in ${seconds.toFixed(1)} seconds${costWords(finished)}.${expiry}`;
}

/** Each provider has credits of its own. */
function costWords(finished: readonly Finished[]): string {
	const ids = [...new Set(finished.map(({ provider }) => provider))];
	const costs = ids.flatMap((id) => {
		const costs = finished.flatMap(({ provider, cost }) => (provider === id ? [cost] : []));
		const credits = costs.reduce((total, cost) => total + (cost.credits ?? 0), 0);
		if (credits === 0) return [];
		const about = costs.some(({ estimated }) => estimated) ? 'about ' : '';
		return [`${about}${Number(credits.toFixed(4))} credits at ${findProvider(id)?.label ?? id}`];
	});
	return costs.length === 0 ? '' : ` for ${listed(costs)}`;
}

/** "a", "a and b", "a, b and c". */
function listed(parts: readonly string[]): string {
	const last = parts.at(-1) ?? '';
	return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

function fewerImagesLine({ fewerImages }: ExecutionSummary): string {
	if (fewerImages.length === 0) return '';
	const rows = [...fewerImages].sort((a, b) => a - b).map((itemIndex) => itemIndex + 1);
	return `Fewer images came than were asked for in ${rows.length === 1 ? 'row' : 'rows'} ${rows.join(', ')}. The number is an upper bound: the prompt itself has to ask for several images. At EvoLink, Ask for Count under Additional Fields does that.`;
}

const MAX_ROWS_LISTED = 20;

function skippedLine({ skipped }: ExecutionSummary): string {
	if (skipped.length === 0) return '';
	const numbers = skipped.map((itemIndex) => itemIndex + 1);
	const rest = numbers.length - MAX_ROWS_LISTED;
	const named = numbers.slice(0, MAX_ROWS_LISTED).join(', ');
	const rows = rest > 0 ? `${named} and ${rest} more` : named;
	return numbers.length === 1
		? `1 empty row was skipped: row ${rows}.`
		: `${numbers.length} empty rows were skipped: rows ${rows}.`;
}
