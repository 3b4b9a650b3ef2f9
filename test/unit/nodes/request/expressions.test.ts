import {
	findMissingPart,
	missingPartProblem,
	usesOnlyEmptyCells,
	type FieldPath,
	type RowExpressions,
} from '../../../../nodes/Seedream/request/expressions';

/** A row whose `{{ $json.name }}` have these values. */
function row(
	parameters: Record<string, unknown>,
	values: Record<string, unknown> = {},
): RowExpressions {
	const evaluate = (part: string) => {
		const name = /json\.(\w+)/.exec(part)?.[1];
		if (name === 'broken') throw new Error('broken');
		return name === undefined ? undefined : values[name];
	};
	return { parameters, evaluate };
}

describe('an expression with a missing value', () => {
	it.each<[string, string, unknown, string]>([
		['alone', '={{ $json.foto }}', undefined, '{{ $json.foto }}'],
		[
			'a file of a node',
			"={{ $('Rows').item.binary.data }}",
			undefined,
			"{{ $('Rows').item.binary.data }}",
		],
		['followed by a new line', '={{ $json.foto }}\n', '\n', '{{ $json.foto }}'],
		['with a space before it', '= {{ $json.foto }}', ' ', '{{ $json.foto }}'],
		[
			'inside a link',
			'=https://a.example/{{ $json.foto }}.png',
			'https://a.example/.png',
			'{{ $json.foto }}',
		],
		['the second of two', '={{ $json.here }}, {{ $json.foto }}', 'a, ', '{{ $json.foto }}'],
		[
			'in a list',
			'={{ [$json.here, $json.foto] }}',
			['a', undefined],
			'{{ [$json.here, $json.foto] }}',
		],
		['over several lines', '={{\n $json.foto\n}}', undefined, '{{\n $json.foto\n}}'],
	])('is found: %s', (_what, expression, value, part) => {
		expect(
			findMissingPart(row({ imageUrls: expression }, { here: 'a' }), ['imageUrls'], value),
		).toBe(part);
	});

	it.each<[string, unknown, unknown]>([
		['an empty cell', '={{ $json.empty }}', ''],
		['null of a database', '={{ $json.nothing }}', null],
		['a value', '={{ $json.here }}', 'a'],
		['zero', '={{ $json.zero }}', 0],
		['false', '={{ $json.no }}', false],
		['an empty cell in a template', '=a {{ $json.empty }}', 'a '],
		['null in a template', '=a {{ $json.nothing }}', 'a '],
		['an empty list', '={{ $json.list }}', []],
		['nulls in a list', '={{ $json.list }}', ['a', null, '']],
		['a part that cannot be evaluated on its own', '=a {{ $json.broken }} b', 'a b'],
		['a plain value', 'plain', 'plain'],
		['a plain template', '{{ $json.foto }}', '{{ $json.foto }}'],
		['a hidden field', undefined, undefined],
		['a number', 7, 7],
	])('is not %s', (_what, parameter, value) => {
		const values = { empty: '', nothing: null, here: 'a', zero: 0, no: false, list: [] };
		const parameters = parameter === undefined ? {} : { imageUrls: parameter };
		expect(findMissingPart(row(parameters, values), ['imageUrls'], value)).toBeUndefined();
	});

	it('is found in a collection', () => {
		const nested: FieldPath = ['additionalFields', 'watermark'];
		const collection = row({ additionalFields: { watermark: '={{ $json.mark }}' } });
		expect(findMissingPart(collection, nested, undefined)).toBe('{{ $json.mark }}');
		const plain = row({ additionalFields: {} });
		expect(findMissingPart(plain, nested, undefined)).toBeUndefined();
	});

	it.each([
		['{{ $json.foto }}', "{{ $json.foto ?? '' }}"],
		['{{$json["my foto"]}}', `{{ $json["my foto"] ?? '' }}`],
		['{{ $json.a?.b }}', "{{ $json.a?.b ?? '' }}"],
		['{{ $json.a || $json.b }}', "{{ ($json.a || $json.b) ?? '' }}"],
		['{{ $json.a ? $json.b : $json.c }}', "{{ ($json.a ? $json.b : $json.c) ?? '' }}"],
	])('has a suggested fallback that n8n can evaluate: %s', (part, fallback) => {
		expect(missingPartProblem(part, true)).toBe(
			`uses ${part}, which has no value in this row. Check the name, or write ${fallback} if the value is optional`,
		);
		expect(missingPartProblem(part, false)).toBe(
			`uses ${part}, which has no value in this row. Check the name`,
		);
	});
});

describe('an empty row of a sheet', () => {
	const PROMPT = { prompt: '={{ $json.prompt }}' };
	const empty = (
		parameters: Record<string, unknown>,
		values: Record<string, unknown>,
		isItemEmpty = false,
	) =>
		usesOnlyEmptyCells(row({ ...PROMPT, ...parameters }, values), {
			requiredField: 'prompt',
			value: values.prompt,
			isItemEmpty,
		});

	it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
		['only the prompt', {}, { prompt: '' }],
		['null', {}, { prompt: null }],
		['white space', {}, { prompt: ' \n\u3000' }],
		['all fields', { imageUrls: '={{ $json.foto }}' }, { prompt: '', foto: '' }],
		[
			'a nested field',
			{ additionalFields: { watermark: '={{ $json.mark }}' } },
			{ prompt: '', mark: null },
		],
		[
			'a name around it',
			{ options: { fileName: '={{ $json.name }}-{image}' } },
			{ prompt: '', name: '' },
		],
		['plain fields', { provider: 'evoLink', imageUrls: 'https://a.example/1.png' }, { prompt: '' }],
		[
			'what comes from elsewhere',
			{ options: { fileName: "={{ $now }}-{{ $('Settings').first().json.x }}" } },
			{ prompt: '' },
		],
	])('is recognized if its cells are empty: %s', (_what, parameters, values) => {
		expect(empty(parameters, values)).toBe(true);
	});

	it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
		[
			'another cell that has a value',
			{ imageUrls: '={{ $json.foto }}' },
			{ prompt: '', foto: 'https://a.example/1.png' },
		],
		[
			'a nested cell that has a value',
			{ additionalFields: { watermark: '={{ $json.mark }}' } },
			{ prompt: '', mark: 'yes' },
		],
		[
			'a provider of its own',
			{ provider: '={{ $json.provider }}' },
			{ prompt: '', provider: 'evoLink' },
		],
		['zero', { imageCount: '={{ $json.count }}' }, { prompt: '', count: 0 }],
		['a prompt', {}, { prompt: 'A lake' }],
		['an invisible prompt', {}, { prompt: '\u200b' }],
		['a plain prompt', { prompt: '' }, { prompt: '' }],
		['a prompt that does not come from a cell', { prompt: '={{ $vars.prompt }}' }, { prompt: '' }],
		['a missing name', {}, {}],
		['another missing name', { imageUrls: '={{ $json.foto }}' }, { prompt: '' }],
		[
			'a cell of another node that has a value',
			{ imageUrls: "={{ $('Rows (1)').item.json.foto }}" },
			{ prompt: '', foto: 'x' },
		],
		[
			'a cell found by its index',
			{ imageUrls: "={{ $('Rows').all()[$itemIndex].json.foto }}" },
			{ prompt: '', foto: 'x' },
		],
		['a part that is broken', { imageUrls: '={{ $json.broken }}' }, { prompt: '' }],
	])('is not a row with %s', (_what, parameters, values) => {
		expect(empty(parameters, values)).toBe(false);
	});

	it('may use missing names if the whole item is empty', () => {
		expect(empty({ imageUrls: '={{ $json.foto }}' }, {}, true)).toBe(true);
	});
});
