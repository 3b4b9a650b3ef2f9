import type { IDataObject, NodeExecutionHint } from 'n8n-workflow';

import {
	countImages,
	addSummaryHint,
	type ExecutionSummary,
} from '../../../../nodes/Seedream/n8n/hint';
import type { LimitedModel } from '../../../../nodes/Seedream/n8n/modelSchemas';
import type { RowItem } from '../../../../nodes/Seedream/n8n/results';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { fakeContext } from '../fakeContext';

/** A finished row's item. */
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

/** The file of a task's layers. */
const LAYERS_FILE = image({ imageUrl: undefined, layersFile: 'task-1-1-layers.json' });

const several = (count: number, changes: IDataObject = {}) =>
	Array.from({ length: count }, () => image(changes));

/** One item with all images of a task. */
const perTask = (count: number, changes: IDataObject = {}) =>
	image({
		imageUrl: undefined,
		imageUrls: Array.from({ length: count }, (_, n) => `https://example.com/${n}.png`),
		...changes,
	});

function hintsFor(summary: Partial<ExecutionSummary>): string[] {
	const hints: NodeExecutionHint[] = [];
	addSummaryHint(fakeContext({ hints }), {
		items: [],
		fewerImages: [],
		skipped: [],
		limitedModels: [],
		seconds: 31.44,
		...summary,
	});
	for (const { location, type } of hints) {
		expect([location, type]).toEqual(['outputPane', 'info']);
	}
	return hints.map(({ message }) => message);
}

describe('the hint about finished images', () => {
	it.each<[string, RowItem[], string]>([
		['one image', [image()], '1 image in 31.4 seconds.'],
		['several images', several(3), '3 images in 31.4 seconds.'],
		['layers and their file', [...several(3), LAYERS_FILE], '3 images in 31.4 seconds.'],
		['several images per item', [perTask(3), perTask(2)], '5 images in 31.4 seconds.'],
		['one image and a failed row', [image(), FAILED], '1 image in 31.4 seconds.'],
		[
			'images of an earlier execution',
			[...several(2, { reused: true }), image()],
			"3 images in 31.4 seconds. 2 images were reused: you weren't charged again.",
		],
	])('the hint counts the images: %s', (_what, items, message) => {
		expect(hintsFor({ items })).toEqual([message]);
	});

	it.each<[string, RowItem[], string]>([
		[
			'as reported by the provider',
			several(2, { cost: { credits: 2.25 } }),
			' for 4.5 credits at EvoLink',
		],
		[
			'estimated from the price list',
			several(2, { cost: { credits: 1.6, estimated: true } }),
			' for about 3.2 credits at EvoLink',
		],
		[
			'estimated for some of the images',
			[image({ cost: { credits: 2 } }), image({ cost: { credits: 1, estimated: true } })],
			' for about 3 credits at EvoLink',
		],
		[
			'separately for each provider, which has its own credits',
			[
				image({ cost: { credits: 2, estimated: true } }),
				image({ provider: 'apiMart', cost: { credits: 0.03 } }),
			],
			' for about 2 credits at EvoLink and 0.03 credits at APIMart',
		],
		[
			'for all three providers',
			[
				image({ cost: { credits: 2.25 } }),
				image({ provider: 'apiMart', cost: { credits: 0.03 } }),
				image({ provider: 'apiInOne', cost: { credits: 12, estimated: true } }),
			],
			' for 2.25 credits at EvoLink, 0.03 credits at APIMart and about 12 credits at API in One',
		],
		[
			'without rounding errors',
			several(3, { cost: { credits: 0.1 } }),
			' for 0.3 credits at EvoLink',
		],
		["left out where it isn't known", several(2, { cost: {} }), ''],
		['left out where it was 0', several(2, { cost: { credits: 0 } }), ''],
	])('the hint has the cost, %s', (_what, items, cost) => {
		const [message] = hintsFor({ items });
		expect(message).toBe(`${items.length} images in 31.4 seconds${cost}.`);
	});

	it("the hint says that images also go to 'Callback URL'", () => {
		const line =
			"The provider calls 'Callback URL' as well, so a Seedream Trigger there returns the same images again. To get them only once, set 'Continue When' to Task Is Submitted.";
		expect(hintsFor({ items: [image()], callsBackToo: true })).toEqual([
			`1 image in 31.4 seconds. ${line}`,
		]);
		expect(hintsFor({ items: [FAILED], callsBackToo: true })).toEqual([]);
	});

	it('the hint says when the first of the links expires', () => {
		const items = [
			image({ expiresAt: '2026-11-21T09:00:00.000Z' }),
			image({ expiresAt: EXPIRES_AT }),
			image(),
		];
		expect(hintsFor({ items })).toEqual([
			'3 images in 31.4 seconds. The links expire at 2026-11-21 08:15 UTC.',
		]);
	});

	it.each<[string, RowItem[]]>([
		['submitted tasks', [SUBMITTED, SUBMITTED]],
		['failed rows', [FAILED]],
		['no items', []],
	])("the hint doesn't mention images where there are none: %s", (_what, items) => {
		expect(hintsFor({ items })).toEqual([]);
		expect(countImages(items)).toBe(0);
	});
});

describe('fewer images than requested', () => {
	const FEWER =
		"The number of images is a maximum: the prompt itself has to ask for several images. At EvoLink, 'Ask for Count' under Additional Fields does that for you.";

	it.each([
		[[0], 'Row 1 returned'],
		[[11, 2, 4], 'Rows 3, 5, 12 returned'],
	])('the hint names the rows that returned fewer images: %j', (fewerImages, start) => {
		expect(hintsFor({ items: [image()], fewerImages })).toEqual([
			`1 image in 31.4 seconds. ${start} fewer images than requested. ${FEWER}`,
		]);
	});

	it("the hint doesn't reorder the given rows", () => {
		const fewerImages = [3, 1];
		hintsFor({ items: [image()], fewerImages });
		expect(fewerImages).toEqual([3, 1]);
	});
});

describe('empty rows', () => {
	it.each<[string, number[], string]>([
		['one row', [2], 'Skipped 1 empty row: row 3.'],
		['several rows', [0, 4, 5], 'Skipped 3 empty rows: rows 1, 5, 6.'],
		[
			'many rows, of which 20 are listed',
			Array.from({ length: 30 }, (_, row) => row),
			'Skipped 30 empty rows: rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 10 more.',
		],
	])('the hint names the empty rows: %s', (_what, skipped, message) => {
		expect(hintsFor({ skipped })).toEqual([message]);
		expect(hintsFor({ skipped, items: [image()] })).toEqual([
			`1 image in 31.4 seconds. ${message}`,
		]);
	});
});

describe('custom models whose limits came from the provider', () => {
	const limited = (...ids: string[]) => ids.map((modelId) => ({ provider: apiMart, modelId }));

	it.each<[LimitedModel[], string]>([
		[limited('seedream-9'), "APIMart's own limits for seedream-9 were checked."],
		[limited('a', 'b', '<b>'), "APIMart's own limits for a, b and &lt;b&gt; were checked."],
		[
			[...limited('a'), { provider: evoLink, modelId: 'b' }],
			"APIMart's own limits for a were checked. EvoLink's own limits for b were checked.",
		],
	])('the hint names them: %#', (limitedModels, message) => {
		expect(hintsFor({ limitedModels })).toEqual([message]);
		expect(hintsFor({ limitedModels, items: [image()] })).toEqual([
			`1 image in 31.4 seconds. ${message}`,
		]);
	});
});

describe('warnings', () => {
	const warned = (row: number, warning: string, changes: IDataObject = {}) => ({
		...image({ warning, ...changes }),
		pairedItem: { item: row },
	});

	it.each<[string, RowItem[], string]>([
		[
			'once for each row, counted from 1',
			[warned(0, 'Twice'), warned(0, 'Twice'), warned(2, 'Twice')],
			'3 images in 31.4 seconds. Row 1: Twice. Row 3: Twice.',
		],
		[
			'also for a row without an image',
			[warned(1, 'Twice', { status: 'submitted', imageUrl: undefined })],
			'Row 2: Twice.',
		],
		[
			'at most five',
			Array.from({ length: 8 }, (_, row) => warned(row, 'Twice')),
			'8 images in 31.4 seconds. Row 1: Twice. Row 2: Twice. Row 3: Twice. Row 4: Twice. Row 5: Twice. … and 3 more like these.',
		],
	])('the hint has the warnings: %s', (_what, items, message) => {
		expect(hintsFor({ items })).toEqual([message]);
	});
});

it('notes of the trigger are shown, but never as markup', () => {
	expect(hintsFor({ notes: ['Ignored a callback: <b>unknown</b>.'] })).toEqual([
		'Ignored a callback: &lt;b&gt;unknown&lt;/b&gt;.',
	]);
});

it('an n8n version without hints gets none', () => {
	const summary = {
		items: [image()],
		fewerImages: [0],
		skipped: [],
		limitedModels: [],
		seconds: 2,
	};
	expect(() => addSummaryHint(fakeContext(), summary)).not.toThrow();
});

describe('the hint about rows that fell back or were not sent', () => {
	const moved = (
		item: number,
		provider: string,
		fallbackFrom: string,
		changes: IDataObject = {},
	) => ({
		...image({ provider, fallbackFrom, ...changes }),
		pairedItem: { item },
	});
	const unsent = (item: number) => ({
		...image({ status: 'failed', imageUrl: undefined, error: { code: 'budget_reached' } }),
		pairedItem: { item },
	});

	it('counts rows, not images, by their providers', () => {
		const items = [
			moved(0, 'apiMart', 'evoLink'),
			moved(0, 'apiMart', 'evoLink', { imageIndex: 1 }),
			moved(1, 'apiMart', 'evoLink', { status: 'submitted' }),
			moved(2, 'evoLink', 'apiInOne'),
		];
		expect(hintsFor({ items })[0]).toMatch(
			/2 rows went to APIMart instead of EvoLink\. 1 row went to EvoLink instead of API in One\.$/,
		);
	});

	it.each([
		[1, "1 row wasn't sent because of 'Maximum Cost'."],
		[12, "12 rows weren't sent because of 'Maximum Cost'."],
	])('counts %d rows that the maximum cost kept from being sent', (count, text) => {
		expect(hintsFor({ items: Array.from({ length: count }, (_, row) => unsent(row)) })).toEqual([
			text,
		]);
	});
});
