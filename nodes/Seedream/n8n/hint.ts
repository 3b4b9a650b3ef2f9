import { get, groupBy, sum, uniq, uniqBy } from 'lodash';
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { warningLines } from '../output/warnings';
import { findProvider } from '../providers';
import { fieldLabel } from '../request/labels';
import { OPTION_LABELS } from '../request/options';
import { escapeHtml, joinWithAnd, pluralize } from '../shared/format';
import type { LimitedModel } from './modelSchemas';
import { previewLines, type PreviewFacts } from './previewHint';
import type { RowItem } from './results';

/** What an execution of the node resulted in. */
export interface ExecutionSummary {
	items: readonly RowItem[];
	/** The rows, from 0, that returned fewer images than requested. */
	fewerImages: readonly number[];
	/** The rows, from 0, that are empty. */
	skipped: readonly number[];
	/** The provider also calls back about images that the node waited for. */
	callsBackToo?: boolean;
	/** The custom models whose limits came from their providers. */
	limitedModels: readonly LimitedModel[];
	/** Where rows were only previewed. */
	preview?: PreviewFacts;
	/** What else people should know, in sentences. */
	notes?: readonly string[];
	seconds: number;
}

/** Shown above the output; older versions of n8n can't show it. */
export function addSummaryHint(context: IExecuteFunctions, summary: ExecutionSummary): void {
	const lines = [
		...(summary.preview ? previewLines(summary.items, summary.preview) : []),
		imagesLine(summary),
		callbackLine(summary),
		...fallbackLines(summary),
		reusedLine(summary),
		budgetLine(summary),
		skippedLine(summary),
		fewerImagesLine(summary),
		limitsLine(summary),
		...[...(summary.notes ?? []), ...warningLines(summary.items)].map(escapeHtml),
	];
	const message = lines.filter(Boolean).join(' ');
	if (message === '') return;
	context.addExecutionHints?.({ message, location: 'outputPane', type: 'info' });
}

/** What an item says about a finished task. */
interface Finished {
	provider: string;
	images: number;
	expiresAt?: string;
	credits: number;
	isEstimate: boolean;
}

/** How many images a row's items have. The file of a task's layers isn't one. */
export function countImages(items: readonly RowItem[]): number {
	return totalImages(finishedOf(items));
}

function totalImages(finished: readonly Finished[]): number {
	return sum(finished.map(({ images }) => images));
}

/** These are our own items: zod would block n8n for a tenth of a second if there are thousands. */
function finishedOf(items: readonly RowItem[]): Finished[] {
	return items.flatMap(({ json }) => {
		const { status, provider, expiresAt, cost } = json;
		if (status !== 'completed' || typeof provider !== 'string') return [];
		const credits: unknown = get(cost, 'credits');
		return [
			{
				provider,
				images: imagesIn(json),
				expiresAt: typeof expiresAt === 'string' ? expiresAt : undefined,
				credits: typeof credits === 'number' ? credits : 0,
				isEstimate: get(cost, 'estimated') === true,
			},
		];
	});
}

function imagesIn({ imageUrl, imageUrls }: RowItem['json']): number {
	if (Array.isArray(imageUrls)) return imageUrls.length;
	return typeof imageUrl === 'string' ? 1 : 0;
}

function imagesLine({ items, seconds }: ExecutionSummary): string {
	const finished = finishedOf(items);
	const count = totalImages(finished);
	if (count === 0) return '';
	const expiries = finished.flatMap(({ expiresAt }) => expiresAt ?? []).sort();
	const [first] = expiries;
	const expiry =
		first === undefined ? '' : ` The links expire at ${first.slice(0, 16).replace('T', ' ')} UTC.`;
	return `${pluralize(count, 'image')} in ${seconds.toFixed(1)} seconds${costText(finished)}.${expiry}`;
}

/** Each provider has its own credits. */
function costText(finished: readonly Finished[]): string {
	const ids = [...new Set(finished.map(({ provider }) => provider))];
	const costs = ids.flatMap((id) => {
		const own = finished.filter(({ provider }) => provider === id);
		const credits = sum(own.map((one) => one.credits));
		if (credits === 0) return [];
		const about = own.some(({ isEstimate }) => isEstimate) ? 'about ' : '';
		return [`${about}${Number(credits.toFixed(4))} credits at ${labelOf(id)}`];
	});
	return costs.length === 0 ? '' : ` for ${joinWithAnd(costs)}`;
}

function callbackLine({ callsBackToo, items }: ExecutionSummary): string {
	if (!callsBackToo || countImages(items) === 0) return '';
	return `The provider calls '${fieldLabel('callbackUrl')}' as well, so a Seedream Trigger there returns the same images again. To get them only once, set '${OPTION_LABELS.continueWhen}' to Task Is Submitted.`;
}

const fallbackSchema = z.object({ provider: z.string(), fallbackFrom: z.string() });

/** Each of a row's items says the same. */
function fallbackLines({ items }: ExecutionSummary): string[] {
	const moved = items.filter(({ json }) => json.fallbackFrom !== undefined);
	const rows = uniqBy(moved, ({ pairedItem }) => pairedItem.item);
	const moves = rows.flatMap(({ json }) => fallbackSchema.safeParse(json).data ?? []);
	const groups = groupBy(moves, ({ provider, fallbackFrom }) => [provider, fallbackFrom].join());
	return Object.values(groups).map((group) => {
		const [to, from] = [group[0]?.provider, group[0]?.fallbackFrom].map(labelOf);
		return `${pluralize(group.length, 'row')} went to ${to} instead of ${from}.`;
	});
}

function labelOf(id = ''): string {
	return findProvider(id)?.label ?? id;
}

function reusedLine({ items }: ExecutionSummary): string {
	const count = countImages(items.filter(({ json }) => json.reused === true));
	if (count === 0) return '';
	return `${pluralize(count, 'image')} ${count === 1 ? 'was' : 'were'} reused: you weren't charged again.`;
}

function budgetLine({ items }: ExecutionSummary): string {
	const count = items.filter(({ json }) => get(json, 'error.code') === 'budget_reached').length;
	if (count === 0) return '';
	return `${pluralize(count, 'row')} ${count === 1 ? "wasn't" : "weren't"} sent because of 'Maximum Cost'.`;
}

function fewerImagesLine({ fewerImages }: ExecutionSummary): string {
	if (fewerImages.length === 0) return '';
	const rows = [...fewerImages].sort((a, b) => a - b).map((itemIndex) => itemIndex + 1);
	return `${rows.length === 1 ? 'Row' : 'Rows'} ${rows.join(', ')} returned fewer images than requested. The number of images is a maximum: the prompt itself has to ask for several images. At EvoLink, 'Ask for Count' under Additional Fields does that for you.`;
}

function limitsLine({ limitedModels }: ExecutionSummary): string {
	const labels = uniq(limitedModels.map(({ provider }) => provider.label));
	return labels
		.map((label) => {
			const ids = limitedModels.flatMap(({ provider, modelId }) =>
				provider.label === label ? [escapeHtml(modelId)] : [],
			);
			return `${label}'s own limits for ${joinWithAnd(ids)} were checked.`;
		})
		.join(' ');
}

const MAX_ROWS_LISTED = 20;

function skippedLine({ skipped }: ExecutionSummary): string {
	if (skipped.length === 0) return '';
	const numbers = skipped.map((itemIndex) => itemIndex + 1);
	const rest = numbers.length - MAX_ROWS_LISTED;
	const named = numbers.slice(0, MAX_ROWS_LISTED).join(', ');
	const rows = rest > 0 ? `${named} and ${rest} more` : named;
	return numbers.length === 1
		? `Skipped 1 empty row: row ${rows}.`
		: `Skipped ${numbers.length} empty rows: rows ${rows}.`;
}
