import { get, sum, uniq } from 'lodash';

import { findProvider } from '../providers';
import { formatUsd, joinWithAnd, pluralize } from '../shared/format';
import type { AccountBalance } from './providerPrices';
import type { RowItem } from './results';

/** What the items of a preview don't say. */
export interface PreviewFacts {
	/** How many of the rows would be refused. */
	refused: number;
	/** By provider. */
	balances: ReadonlyMap<string, AccountBalance>;
	/** The providers of rows whose number of images is left to the model. */
	maximums: ReadonlySet<string>;
}

interface PreviewedRow {
	provider: string;
	isSent: boolean;
	images: number;
	/** Undefined if the price isn't known. */
	usd?: number;
	isEstimate: boolean;
}

/** These are our own items: zod would block n8n for a twentieth of a second if there are thousands. */
function previewedRow({ json }: RowItem): PreviewedRow[] {
	const { status, provider, taskId, imageCount, cost } = json;
	if (status !== 'preview' || typeof provider !== 'string') return [];
	const usd: unknown = get(cost, 'usd');
	return [
		{
			provider,
			isSent: taskId !== undefined,
			images: Number(imageCount),
			usd: typeof usd === 'number' ? usd : undefined,
			isEstimate: get(cost, 'estimated') === true,
		},
	];
}

/** A short summary of what the rows would cost. */
export function previewLines(items: readonly RowItem[], facts: PreviewFacts): string[] {
	const rows = items.flatMap(previewedRow);
	return [
		totalLine(rows, facts),
		countLine('Already sent, at no further cost', rows.filter(({ isSent }) => isSent).length),
		countLine('Price unknown', rows.filter(({ usd }) => usd === undefined).length),
		facts.refused > 0 ? `${pluralize(facts.refused, 'row')} would be refused.` : '',
		priceListLine(rows),
		...rejectedKeyLines(facts),
	];
}

function totalLine(rows: readonly PreviewedRow[], facts: PreviewFacts): string {
	if (rows.length === 0) return '';
	const images = sum(rows.map((row) => row.images));
	const counts = `${pluralize(rows.length, 'row')}, ${pluralize(images, 'image')}`;
	const costs = providersIn(rows).flatMap((id) => providerCost(id, rows, facts));
	const [only, ...others] = costs;
	if (!only) return `${counts}.`;
	if (others.length === 0) {
		return `${counts}, ${[only.cost, ...only.balance].join('; ')}.`;
	}
	const texts = costs.map(({ cost, balance }) => [cost, ...balance.map((text) => `(${text})`)]);
	return `${counts}, ${joinWithAnd(texts.map((parts) => parts.join(' ')))}.`;
}

function providerCost(
	id: string,
	rows: readonly PreviewedRow[],
	{ balances, maximums }: PreviewFacts,
): Array<{ cost: string; balance: string[] }> {
	const own = rows.filter(({ provider }) => provider === id);
	const usd = sum(own.map((row) => row.usd ?? 0));
	if (usd === 0) return [];
	const about = maximums.has(id) ? 'up to' : 'about';
	const balance = balances.get(id);
	return [
		{
			cost: `${about} ${formatUsd(usd)} at ${labelOf(id)}`,
			balance: balance?.kind === 'limited' ? [`balance ${formatUsd(balance.usd)}`] : [],
		},
	];
}

function countLine(what: string, rows: number): string {
	return rows > 0 ? `${what}: ${pluralize(rows, 'row')}.` : '';
}

function priceListLine(rows: readonly PreviewedRow[]): string {
	const labels = providersIn(rows.filter(({ isEstimate }) => isEstimate)).map(labelOf);
	return labels.length > 0
		? `Prices at ${joinWithAnd(labels)} are from the node's own price list.`
		: '';
}

function rejectedKeyLines({ balances }: PreviewFacts): string[] {
	return [...balances].flatMap(([id, { kind }]) =>
		kind === 'rejected' ? [`${labelOf(id)} didn't accept the API key.`] : [],
	);
}

function providersIn(rows: readonly PreviewedRow[]): string[] {
	return uniq(rows.map(({ provider }) => provider));
}

function labelOf(id: string): string {
	return findProvider(id)?.label ?? id;
}
