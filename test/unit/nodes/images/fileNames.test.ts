import type { FileNameFacts } from '../../../../nodes/Seedream/images/fileName';
import { FileNames, type ExpectedRow } from '../../../../nodes/Seedream/images/fileNames';
import { createFileNameStore } from '../../../../nodes/Seedream/n8n/fileNameStore';
import { fakeContext, NODE } from '../fakeContext';

const DATE = new Date('2026-11-20T12:00:00Z');

/** A row of Seedream Generate. */
const row = (template: string, prompt = 'A lake', images = 1): ExpectedRow => ({
	template,
	images: Array.from({ length: images }, (_, index) => ({ image: index + 1 })),
	provider: 'evoLink',
	model: 'm',
	prompt,
});

/** A row of Seedream Task Status, whose tasks exist already. */
const tasks = (template: string, ...taskIds: string[]): ExpectedRow => ({
	template,
	images: taskIds.map((taskId) => ({ image: 1, taskId })),
	provider: 'evoLink',
	model: undefined,
	prompt: '',
});

function iteration(
	rows: ExpectedRow[],
	nodeContext = {},
	options: { runIndex?: number; node?: Partial<typeof NODE> } = {},
): FileNames {
	const store = createFileNameStore(fakeContext({ nodeContext, ...options }));
	const names = new FileNames(store, DATE);
	for (const [index, expected] of rows.entries()) names.reserve(index, expected);
	return names;
}

const facts = (parts: Partial<FileNameFacts> = {}) => ({
	image: 1,
	taskId: 'task-1',
	provider: 'evoLink',
	model: 'm',
	prompt: 'A lake',
	date: DATE,
	...parts,
});

/** The names of images that arrive in this order. */
function takeAll(names: FileNames, rows: ExpectedRow[], input: number[]): string[] {
	const taken = new Map<number, string[]>();
	for (const index of input) {
		const { template, prompt = '', images } = rows[index] as ExpectedRow;
		taken.set(
			index,
			images.map(({ image, taskId = `task-${index}` }) =>
				names.take(index, template, facts({ image, taskId, prompt })),
			),
		);
	}
	return rows.flatMap((_row, index) => taken.get(index) ?? []);
}

describe('the file names of two images of an execution', () => {
	it.each<[string, ExpectedRow[], string[]]>([
		['the same text', [row('shoe'), row('shoe'), row('shoe')], ['shoe', 'shoe-2', 'shoe-3']],
		['texts with the same result', [row('a/b'), row('a b'), row('a:b')], ['a-b', 'a-b-2', 'a-b-3']],
		['another case', [row('Shoe'), row('shoe'), row('SHOE')], ['Shoe', 'shoe-2', 'SHOE-3']],
		['another normalization', [row('früh'), row('fru\u0308h')], ['früh', 'früh-2']],
		['no image number', [row('shoe', 'x', 3)], ['shoe', 'shoe-2', 'shoe-3']],
		['an extension in one', [row('shoe.jpg'), row('shoe')], ['shoe', 'shoe-2']],
		['a name that another image gets', [row('a'), row('a'), row('a-2')], ['a', 'a-2', 'a-2-2']],
		['a name that another image has', [row('a-2'), row('a'), row('a')], ['a-2', 'a', 'a-3']],
		['nothing left', [row('🌅'), row('///')], ['image', 'image-2']],
		['a Windows device', [row('con'), row('CON')], ['con-image', 'CON-image-2']],
		[
			'the same prompt',
			[row('{prompt}-{image}', 'A lake', 2), row('{prompt}-{image}', 'A lake', 2)],
			['A-lake-1', 'A-lake-2', 'A-lake-1-2', 'A-lake-2-2'],
		],
		['the same task', [tasks('{taskId}', 'a'), tasks('{taskId}', 'a')], ['a', 'a-2']],
	])('differ despite %s', (_what, rows, expected) => {
		const input = rows.map((_row, index) => index);
		expect(takeAll(iteration(rows), rows, input)).toEqual(expected);
		// Whichever arrives first.
		expect(takeAll(iteration(rows), rows, input.reverse())).toEqual(expected);
	});

	it("are assigned in the order of arrival if they aren't known in advance", () => {
		const rows = [tasks('{model}', 'a'), tasks('{model}', 'b')];
		expect(takeAll(iteration(rows), rows, [1, 0])).toEqual(['m-2', 'm']);
	});

	it('differ even if more images arrive than expected', () => {
		const names = iteration([row('shoe')]);
		expect([1, 2, 3].map((image) => names.take(0, 'shoe', facts({ image })))).toEqual([
			'shoe',
			'shoe-2',
			'shoe-3',
		]);
	});

	it('differ for the layers of several rows, whose number is not known in advance', () => {
		const rows = ['{number}', '{number}'].map((template) => row(template));
		const names = iteration(rows);
		const takeLayers = (index: number) =>
			[1, 2, 3].map((image) => names.take(index, '{number}', facts({ image, taskId: `${index}` })));
		expect([takeLayers(1), takeLayers(0)]).toEqual([
			['2', '3', '4'],
			['1', '5', '6'],
		]);
	});

	it('differ for two tasks of one row', () => {
		const names = iteration([row('{row}-{image}')]);
		const taken = ['a', 'b'].map((taskId) => names.take(0, '{row}-{image}', facts({ taskId })));
		expect(taken).toEqual(['1-1', '1-1-2']);
	});
});

describe('file names in a loop', () => {
	it('are never the same as in an earlier iteration', () => {
		const rows = [row('{row}-{image}')];
		const context = {};
		const runs = [0, 1, 2].map((runIndex) =>
			takeAll(iteration(rows, context, { runIndex }), rows, [0]),
		);
		expect(runs).toEqual([['1-1'], ['1-1-2'], ['1-1-3']]);
	});

	it('are numbered across iterations', () => {
		const rows = [row('{number}'), row('{number}')];
		const context = {};
		const runs = [0, 1, 2].map((runIndex) =>
			takeAll(iteration(rows, context, { runIndex }), rows, [1, 0]),
		);
		expect(runs).toEqual([
			['1', '2'],
			['3', '4'],
			['5', '6'],
		]);
	});

	it('are the same on every try of an iteration', () => {
		const rows = [row('{number}-shoe'), row('shoe')];
		let context = {};
		takeAll(iteration(rows, context), rows, [0, 1]);
		const first = takeAll(iteration(rows, context, { runIndex: 1 }), rows, [0, 1]);
		// As n8n saves it.
		context = JSON.parse(JSON.stringify(context)) as object;
		expect(takeAll(iteration(rows, context, { runIndex: 1 }), rows, [1, 0])).toEqual(first);
		expect(first).toEqual(['3-shoe', 'shoe-2']);
	});

	it("aren't kept if they contain a task ID", () => {
		const rows = [row('{taskId}-{image}')];
		const context = {};
		takeAll(iteration(rows, context), rows, [0]);
		expect(JSON.stringify(context)).not.toContain('task-0');
	});

	it('start again if the stored data is invalid', () => {
		const rows = [row('{number}')];
		expect(takeAll(iteration(rows, { fileNames: { iteration: 'x' } }), rows, [0])).toEqual(['1']);
	});

	it("are numbered across an agent's tool calls, which aren't iterations", () => {
		const rows = [row('{number}')];
		const context = {};
		const node = { type: `${NODE.type}Tool` };
		expect([1, 2].map(() => takeAll(iteration(rows, context, { node }), rows, [0]))).toEqual([
			['1'],
			['2'],
		]);
	});
});

it('the number in a file name belongs to its row, whichever image arrives first, and failed rows have one as well', () => {
	const rows = [row('{number}'), row('{number}', 'x', 2), row('{number}')];
	expect(takeAll(iteration(rows), rows, [2, 1])).toEqual(['2', '3', '4']);
});

it('names of rows whose provider is not known in advance do not collide', () => {
	const unknown = (template: string): ExpectedRow => ({
		...row(template),
		provider: undefined,
		model: undefined,
	});
	const rows = [unknown('{provider}-{model}'), unknown('{provider}-{model}')];
	const names = iteration(rows);
	const first = names.take(0, '{provider}-{model}', facts({ provider: 'apiMart' }));
	const second = names.take(1, '{provider}-{model}', facts());
	expect(first).toMatch(/^apiMart-m/);
	expect(second).toMatch(/^evoLink-m/);
	const third = names.take(1, '{provider}-{model}', facts({ provider: 'apiMart' }));
	expect(third).not.toBe(first);
});

it('thousands of equal names take no longer than as many different ones', () => {
	const rows = Array.from({ length: 2_000 }, () => row('{prompt}'));
	const compared = jest.spyOn(String.prototype, 'normalize');
	const names = takeAll(
		iteration(rows),
		rows,
		rows.map((_row, index) => index),
	);
	const comparisons = compared.mock.calls.length;
	compared.mockRestore();
	expect(new Set(names).size).toBe(2_000);
	expect(names.at(-1)).toBe('A-lake-2000');
	expect(comparisons).toBeLessThan(20 * rows.length);
});
