import type { IDataObject, IExecuteFunctions, INodeParameters } from 'n8n-workflow';

import { readGenerateRow } from '../../../../nodes/Seedream/n8n/readRow';
import { RowFields } from '../../../../nodes/Seedream/n8n/rowFields';
import { fakeContext } from '../fakeContext';

const PARAMETERS = {
	provider: 'evoLink',
	model: 'doubao-seedream-4.5',
	prompt: '={{ $json.style }} lake at {{ $now }}',
	resolution: '={{ $json.size }}',
	additionalFields: { watermark: '={{ $json.mark }}', promptOptimization: 'default' },
	options: { timeout: 60 },
};

/** Counts what's read through n8n; everything has the value "2K". */
function countingContext({
	parameters = PARAMETERS,
	items = [{}],
	type = 'n8n-nodes-seedream.seedreamGenerate',
}: { parameters?: INodeParameters; items?: IDataObject[]; type?: string } = {}) {
	const read: string[] = [];
	let nodes = 0;
	const context = Object.assign(fakeContext({ rows: items }), {
		getNode: () => {
			nodes += 1;
			return { ...fakeContext().getNode(), type, parameters };
		},
		getNodeParameter: (name: string, itemIndex: number, whenHidden: unknown) => {
			read.push(`${name} ${itemIndex}`);
			const value = parameters[name] ?? whenHidden;
			return typeof value === 'string' && value.startsWith('=') ? '2K' : value;
		},
		evaluateExpression: (part: string, itemIndex: number) => {
			read.push(`${part} ${itemIndex}`);
			return '2K';
		},
	}) as unknown as IExecuteFunctions;
	return { context, read, nodes: () => nodes };
}

describe("a row's fields", () => {
	it("a row's fields are each read once, and those without an expression once for all rows", async () => {
		const { context, read, nodes } = countingContext({ items: [{}, {}, {}] });
		for (const itemIndex of [0, 1, 2]) {
			await readGenerateRow(new RowFields(context, itemIndex));
		}
		expect(new Set(read).size).toBe(read.length);
		expect(read.filter((name) => name.startsWith('prompt '))).toHaveLength(3);
		expect(read.filter((name) => name.startsWith('additionalFields'))).toHaveLength(3);
		expect(read.filter((name) => /^(?:provider|model|options) /.test(name))).toEqual([
			'provider 0',
			'model 0',
			'options 0',
		]);
		expect(nodes()).toBe(1);
	});

	const cellOf = (json: IDataObject, part: string, type?: string) => {
		const { context, read } = countingContext({ items: [json], type });
		return { value: new RowFields(context, 0).evaluate(part), read };
	};

	/** The value of a field with this expression. */
	const promptOf = (json: IDataObject, expression: string, type?: string) => {
		const parameters = { ...PARAMETERS, prompt: expression };
		const { context, read } = countingContext({ parameters, items: [json], type });
		return { value: new RowFields(context, 0).read('prompt', ''), read };
	};

	const CELLS = {
		cell: 'A',
		inner: { cell: 'A', 'the cell': 'A' },
		'My cell': 'A',
		'a.b': 'A',
		提示词: 'A',
	};

	it.each([
		'{{ $json.cell }}',
		'{{$json.cell}}',
		'{{ $json.inner.cell }}',
		'{{ $json["cell"] }}',
		"{{ $json['My cell'] }}",
		"{{ $json['a.b'] }}",
		'{{ $json.inner["the cell"] }}',
		"{{ $json['inner']['cell'] }}",
		'{{ $json.提示词 }}',
	])("a row's cell is known without an evaluation by n8n: %s", (part) => {
		expect(cellOf(CELLS, part)).toEqual({ value: 'A', read: [] });
		expect(promptOf(CELLS, `=${part}`)).toEqual({ value: 'A', read: [] });
	});

	it.each([
		[{ cell: null }, '{{ $json.cell }}'],
		[{ other: 'A' }, '{{ $json.cell }}'],
		[{ cell: 'A' }, '{{ $json.cell + 1 }}'],
		[{ cell: 'A' }, '{{ $json["cell"].trim() }}'],
		[{ a: 'A', b: 'B' }, '{{ $json["a"] + $json["b"] }}'],
		[{ a: 'A' }, '{{ $json["a"] ?? $json["b"] }}'],
		[{ 'a.b': 'A' }, '{{ $json.a.b }}'],
		[{ cell: 'A' }, '{{ $json.constructor.name }}'],
		[{ cell: 'A' }, '{{ $json.cell }} '],
	])("a row's part is evaluated by n8n unless it's a cell with a value: %j %s", (json, part) => {
		expect(cellOf(json, part)).toEqual({ value: '2K', read: [`${part} 0`] });
		expect(promptOf(json, `=${part}`)).toEqual({ value: '2K', read: ['prompt 0'] });
	});

	it.each([[''], [5], [true], [['A']]])('a field of a cell with %j is read by n8n', (cell) => {
		expect(promptOf({ cell }, '={{ $json.cell }}').read).toEqual(['prompt 0']);
	});

	it("a row's cells are evaluated by n8n if an agent calls the node", () => {
		const type = 'seedreamGenerateTool';
		expect(cellOf({ cell: 'A' }, '{{ $json.cell }}', type).read).toHaveLength(1);
		expect(promptOf({ cell: 'A' }, '={{ $json.cell }}', type).read).toHaveLength(1);
	});
});
