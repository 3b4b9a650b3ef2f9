import type { IDataObject } from 'n8n-workflow';

import { previewLines, type PreviewFacts } from '../../../../nodes/Seedream/n8n/previewHint';
import type { RowItem } from '../../../../nodes/Seedream/n8n/results';

const NOTHING_ELSE: PreviewFacts = { refused: 0, balances: new Map(), maximums: new Set() };

function row(changes: IDataObject = {}): RowItem {
	const json = { status: 'preview', provider: 'evoLink', imageCount: 1, cost: { usd: 0.03 } };
	return { json: { ...json, ...changes }, pairedItem: { item: 0 } };
}

const rows = (count: number, changes: IDataObject = {}) =>
	Array.from({ length: count }, () => row(changes));

const hint = (items: RowItem[], facts: Partial<PreviewFacts> = {}) =>
	previewLines(items, { ...NOTHING_ELSE, ...facts })
		.filter(Boolean)
		.join(' ');

const EVOLINK_BALANCE = ['evoLink', { kind: 'limited', usd: 11.3 }] as const;

describe('the hint of a preview', () => {
	it('the hint has the rows, the images, the cost, the balance and the refused rows', () => {
		const items = [...rows(119), row({ imageCount: 15, cost: { usd: 0.45 } })];
		const facts = { refused: 3, balances: new Map([EVOLINK_BALANCE]) };
		expect(hint(items, facts)).toBe(
			'120 rows, 134 images, about $4.02 at EvoLink; balance $11.30. 3 rows would be refused.',
		);
	});

	it.each<[string, RowItem[], Partial<PreviewFacts>, string]>([
		['a single row', [row()], {}, '1 row, 1 image, about $0.03 at EvoLink.'],
		[
			'an unlimited balance',
			[row()],
			{ balances: new Map([['evoLink', { kind: 'unlimited' }]]) },
			'1 row, 1 image, about $0.03 at EvoLink.',
		],
		[
			'a rejected API key',
			[row()],
			{ balances: new Map([['evoLink', { kind: 'rejected' }]]) },
			"1 row, 1 image, about $0.03 at EvoLink. EvoLink didn't accept the API key.",
		],
		[
			'layers',
			[row({ imageCount: 17, cost: { usd: 0.51 } })],
			{ maximums: new Set(['evoLink']) },
			'1 row, 17 images, up to $0.51 at EvoLink.',
		],
		[
			'several providers',
			[row(), row({ provider: 'apiMart', cost: { usd: 0.026, estimated: true } })],
			{ balances: new Map([EVOLINK_BALANCE]) },
			"2 rows, 2 images, about $0.03 at EvoLink (balance $11.30) and about $0.026 at APIMart. Prices at APIMart are from the node's own price list.",
		],
		[
			'an existing task',
			[row(), row({ taskId: 'task-1', cost: { usd: 0 } })],
			{},
			'2 rows, 2 images, about $0.03 at EvoLink. Already sent, at no further cost: 1 row.',
		],
		['an unknown price', [row({ cost: undefined })], {}, '1 row, 1 image. Price unknown: 1 row.'],
		['only refused rows', [], { refused: 1 }, '1 row would be refused.'],
		['no rows', [], {}, ''],
	])('the hint is right for %s', (_what, items, facts, text) => {
		expect(hint(items, facts)).toBe(text);
	});

	it("the hint doesn't count rows that ran", () => {
		const finished = row({ status: 'completed', imageUrl: 'https://example.com/1.png' });
		expect(hint([row(), finished])).toBe('1 row, 1 image, about $0.03 at EvoLink.');
	});
});
