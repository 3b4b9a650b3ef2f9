import { uniq } from 'lodash';
import { z } from 'zod';

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

const previewSchema = z.object({
	status: z.literal('preview'),
	provider: z.string(),
	taskId: z.string().optional(),
	imageCount: z.number(),
	cost: z.object({ usd: z.number(), estimated: z.boolean().optional() }).optional(),
});

type PreviewedRow = z.infer<typeof previewSchema>;

/** A short summary of what the rows would cost. */
export function previewLines(items: readonly RowItem[], facts: PreviewFacts): string[] {
	const rows = items.flatMap(({ json }) => previewSchema.safeParse(json).data ?? []);
	return [
		totalLine(rows, facts),
		countLine('Already sent, at no further cost', rows.filter(({ taskId }) => taskId).length),
		countLine('Price unknown', rows.filter(({ cost }) => !cost).length),
		facts.refused > 0 ? `${pluralize(facts.refused, 'row')} would be refused.` : '',
		priceListLine(rows),
		...rejectedKeyLines(facts),
	];
}

function totalLine(rows: readonly PreviewedRow[], facts: PreviewFacts): string {
	if (rows.length === 0) return '';
	const images = rows.reduce((sum, { imageCount }) => sum + imageCount, 0);
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
	const usd = own.reduce((sum, { cost }) => sum + (cost?.usd ?? 0), 0);
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
	const labels = providersIn(rows.filter(({ cost }) => cost?.estimated)).map(labelOf);
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
