import type { IDataObject, NodeExecutionHint } from 'n8n-workflow';

import { countImages, hint, type ExecutionSummary } from '../../../../nodes/Seedream/n8n/hint';
import type { RowItem } from '../../../../nodes/Seedream/n8n/results';
import { fakeContext } from '../fakeContext';

/** An item of a finished row. */
function image(changes: IDataObject = {}): RowItem {
	return {
		json: {
			status: 'completed',
			provider: 'evoLink',
			taskId: 'task-1',
			imageUrl: 'https://example.com/1.png',
			...changes,
		},
		pairedItem: { item: 0 },
	};
}

const EXPIRES_AT = '2026-11-21T08:15:30.000Z';
const SUBMITTED = image({ status: 'submitted', imageUrl: undefined });
const FAILED = image({ status: 'failed', imageUrl: undefined, error: { message: 'No.' } });

const several = (count: number, changes: IDataObject = {}) =>
	Array.from({ length: count }, () => image(changes));

/** The images of one task in one item. */
const perTask = (count: number, changes: IDataObject = {}) =>
	image({
		imageUrl: undefined,
		imageUrls: Array.from({ length: count }, (_, n) => `https://example.com/${n}.png`),
		...changes,
	});

function said(summary: Partial<ExecutionSummary>): string[] {
	const hints: NodeExecutionHint[] = [];
	hint(fakeContext({ hints }), {
		items: [],
		fewerImages: [],
		skipped: [],
		seconds: 31.44,
		...summary,
	});
	for (const { location, type } of hints) {
		expect([location, type]).toEqual(['outputPane', 'info']);
	}
	return hints.map(({ message }) => message);
}

describe('the images of a run', () => {
	it.each<[string, RowItem[], string]>([
		['one', [image()], '1 image in 31.4 seconds.'],
		['several', several(3), '3 images in 31.4 seconds.'],
		['several in an item', [perTask(3), perTask(2)], '5 images in 31.4 seconds.'],
		['some, and rows that failed', [image(), FAILED], '1 image in 31.4 seconds.'],
	])('are one hint: %s', (_what, items, message) => {
		expect(said({ items })).toEqual([message]);
	});

	it.each<[string, RowItem[], string]>([
		[
			'as the provider says',
			several(2, { cost: { credits: 2.25 } }),
			' for 4.5 credits at EvoLink',
		],
		[
			'as the price list says',
			several(2, { cost: { credits: 1.6, estimated: true } }),
			' for about 3.2 credits at EvoLink',
		],
		[
			'as the price list says for some of them',
			[image({ cost: { credits: 2 } }), image({ cost: { credits: 1, estimated: true } })],
			' for about 3 credits at EvoLink',
		],
		[
			'at each provider, which has credits of its own',
			[
				image({ cost: { credits: 2, estimated: true } }),
				image({ provider: 'apiMart', cost: { credits: 0.03 } }),
			],
			' for about 2 credits at EvoLink and 0.03 credits at APIMart',
		],
		[
			'at all three providers',
			[
				image({ cost: { credits: 2.25 } }),
				image({ provider: 'apiMart', cost: { credits: 0.03 } }),
				image({ provider: 'apiInOne', cost: { credits: 12, estimated: true } }),
			],
			' for 2.25 credits at EvoLink, 0.03 credits at APIMart and about 12 credits at API in One',
		],
		[
			'without the dust of binary fractions',
			several(3, { cost: { credits: 0.1 } }),
			' for 0.3 credits at EvoLink',
		],
		['where nobody says', several(2, { cost: {} }), ''],
		['where it was nothing', several(2, { cost: { credits: 0 } }), ''],
	])('have cost something, %s', (_what, items, cost) => {
		const [message] = said({ items });
		expect(message).toBe(`${items.length} images in 31.4 seconds${cost}.`);
	});

	it('have links, of which the first to die says until when they work', () => {
		const items = [
			image({ expiresAt: '2026-11-21T09:00:00.000Z' }),
			image({ expiresAt: EXPIRES_AT }),
			image(),
		];
		expect(said({ items })).toEqual([
			'3 images in 31.4 seconds. The links work until 2026-11-21 08:15 UTC.',
		]);
	});

	it.each<[string, RowItem[]]>([
		['submitted', [SUBMITTED, SUBMITTED]],
		['failed', [FAILED]],
		['none', []],
	])('are not spoken of where there are none: %s', (_what, items) => {
		expect(said({ items })).toEqual([]);
		expect(countImages(items)).toBe(0);
	});
});

describe('fewer images than were asked for', () => {
	const FEWER =
		'The number is an upper bound: the prompt itself has to ask for several images. At EvoLink, Ask for Count under Additional Fields does that.';

	it.each([
		[[0], 'in row 1.'],
		[[11, 2, 4], 'in rows 3, 5, 12.'],
	])('in the rows %j are named in the same hint', (fewerImages, words) => {
		expect(said({ items: [image()], fewerImages })).toEqual([
			`1 image in 31.4 seconds. Fewer images came than were asked for ${words} ${FEWER}`,
		]);
	});

	it('leave the order of the rows as it was given', () => {
		const fewerImages = [3, 1];
		said({ items: [image()], fewerImages });
		expect(fewerImages).toEqual([3, 1]);
	});
});

describe('empty rows', () => {
	it.each<[string, number[], string]>([
		['one', [2], '1 empty row was skipped: row 3.'],
		['several', [0, 4, 5], '3 empty rows were skipped: rows 1, 5, 6.'],
		[
			'many',
			Array.from({ length: 30 }, (_, row) => row),
			'30 empty rows were skipped: rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 10 more.',
		],
	])('are told: %s', (_what, skipped, message) => {
		expect(said({ skipped })).toEqual([message]);
		expect(said({ skipped, items: [image()] })).toEqual([`1 image in 31.4 seconds. ${message}`]);
	});
});

describe('warnings', () => {
	const warned = (row: number, warning: string, changes: IDataObject = {}) => ({
		...image({ warning, ...changes }),
		pairedItem: { item: row },
	});

	it.each<[string, RowItem[], string]>([
		[
			'once a row, as people count them',
			[warned(0, 'Twice'), warned(0, 'Twice'), warned(2, 'Twice')],
			'3 images in 31.4 seconds. Row 1: Twice. Row 3: Twice.',
		],
		[
			'also of rows without an image',
			[warned(1, 'Twice', { status: 'submitted', imageUrl: undefined })],
			'Row 2: Twice.',
		],
		[
			'five of them',
			Array.from({ length: 8 }, (_, row) => warned(row, 'Twice')),
			'8 images in 31.4 seconds. Row 1: Twice. Row 2: Twice. Row 3: Twice. Row 4: Twice. Row 5: Twice. … and 3 more like these.',
		],
	])('are said in the same hint: %s', (_what, items, message) => {
		expect(said({ items })).toEqual([message]);
	});
});

it('an n8n that has no place for hints goes without', () => {
	const summary = { items: [image()], fewerImages: [0], skipped: [], seconds: 2 };
	expect(() => hint(fakeContext(), summary)).not.toThrow();
});
