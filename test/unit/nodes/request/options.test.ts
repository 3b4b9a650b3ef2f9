import {
	DEFAULT_OPTIONS,
	readContinueWhen,
	readOptions,
	type ReadField,
} from '../../../../nodes/Seedream/request/options';

function fields(values: Record<string, unknown>): ReadField {
	return (name, whenHidden) => (name in values ? values[name] : whenHidden);
}

const SHOWN = { downloadImages: true, outputField: 'data', outputItems: 'perImage', options: {} };

it('every option that was not added has its default', () => {
	expect(readOptions(fields(SHOWN))).toEqual({
		ok: true,
		value: {
			downloadImages: true,
			outputField: 'data',
			outputItems: 'perImage',
			checkReferences: false,
			concurrency: 0,
			fallbackOnContentPolicy: false,
			fallbacks: [],
			fileName: '{taskId}-{image}',
			layersFile: false,
			maxCost: 0,
			memoryTable: '',
			pollInterval: 0,
			reuse: 'never',
			rowKey: '',
			simplify: true,
			timeout: 600,
		},
	});
});

it('nothing is downloaded while the image fields are hidden', () => {
	expect(readOptions(fields({}))).toEqual({
		ok: true,
		value: {
			...DEFAULT_OPTIONS,
			downloadImages: false,
			outputField: 'data',
			outputItems: 'perImage',
		},
	});
});

it('all options are read', () => {
	const options = {
		checkReferences: true,
		concurrency: 4,
		fallbackOnContentPolicy: true,
		fallbacks: ['apiMart'],
		fileName: '{row}',
		layersFile: true,
		maxCost: 2.5,
		memoryTable: 'Seedream tasks',
		pollInterval: 2.5,
		reuse: 'sameRequest',
		rowKey: 'A-7',
		simplify: false,
		timeout: 30,
	};
	const values = { downloadImages: false, outputField: ' image ', outputItems: 'perTask', options };
	expect(readOptions(fields(values))).toEqual({
		ok: true,
		value: { downloadImages: false, outputField: 'image', outputItems: 'perTask', ...options },
	});
});

it('options accept numbers as text from an expression', () => {
	const options = { concurrency: '4', pollInterval: '2.5', timeout: ' 30 ' };
	expect(readOptions(fields({ ...SHOWN, options }))).toMatchObject({
		ok: true,
		value: { concurrency: 4, pollInterval: 2.5, timeout: 30 },
	});
});

it.each<[string, object, RegExp]>([
	['a concurrency below 0', { options: { concurrency: -1 } }, /^'Concurrency' /],
	['a concurrency of one and a half', { options: { concurrency: 1.5 } }, /^'Concurrency' /],
	['a concurrency in words', { options: { concurrency: 'many' } }, /^'Concurrency' /],
	['a poll interval below 0', { options: { pollInterval: -0.1 } }, /^'Poll Interval' /],
	['a timeout of less than a second', { options: { timeout: 0.9 } }, /^'Timeout' /],
	['an infinite timeout', { options: { timeout: Infinity } }, /^'Timeout' /],
	['a file name that is not text', { options: { fileName: {} } }, /^'File Name' /],
	['a word for true', { options: { simplify: 'yes' } }, /^'Simplify' /],
	['a number for true', { options: { checkReferences: 1 } }, /^'Check References' /],
	['an output field that is not text', { outputField: {} }, /^'Put Output in Field' /],
	['a boolean for a number', { options: { timeout: true } }, /^'Timeout' /],
	['a list for a number', { options: { concurrency: [4] } }, /^'Concurrency' /],
	['a number with a decimal comma', { options: { pollInterval: '1,5' } }, /^'Poll Interval' /],
	['an output in words', { outputItems: 'per' }, /^'Output' is \"per\" but must be one of /],
	['an unknown kind of output', { outputItems: 'perRow' }, /^'Output' /],
	['a number for a boolean', { downloadImages: 1 }, /^'Download Images' /],
	['options that are not an object', { options: 'fast' }, /^'Options' /],
])('%s is rejected with the label of its field', (_what, values, problem) => {
	expect(readOptions(fields({ ...SHOWN, ...values }))).toEqual({
		ok: false,
		problems: [expect.stringMatching(problem)],
	});
});

it.each<[string, object, object]>([
	['a number for a name', { options: { fileName: 10452 } }, { fileName: '10452' }],
	['a number for a field', { outputField: 7 }, { outputField: '7' }],
	['upper case', { downloadImages: 'TRUE' }, { downloadImages: true }],
	['full-width letters', { downloadImages: 'ＦＡＬＳＥ' }, { downloadImages: false }],
	['mixed case in an option', { options: { simplify: 'False ' } }, { simplify: false }],
	['true as text', { options: { checkReferences: ' true' } }, { checkReferences: true }],
	['a choice in another case', { outputItems: ' PERTASK ' }, { outputItems: 'perTask' }],
	['full-width digits', { options: { timeout: '９００' } }, { timeout: 900 }],
	['invisible ends', { options: { timeout: '90\u200b' } }, { timeout: 90 }],
	['an invisible start', { outputField: '\ufeffimage' }, { outputField: 'image' }],
	['a name with spaces', { options: { fileName: ' my shoe\u2060 ' } }, { fileName: 'my shoe' }],
])('options accept cells as people write them: %s', (_what, values, read) => {
	expect(readOptions(fields({ ...SHOWN, ...values }))).toMatchObject({ ok: true, value: read });
});

it.each(['', null, undefined, '  ', '\u200b', '\u2800', []])(
	'the empty cell %j means the default of an option',
	(empty) => {
		const options = Object.fromEntries(Object.keys(DEFAULT_OPTIONS).map((name) => [name, empty]));
		const values = { downloadImages: empty, outputField: empty, outputItems: empty, options };
		expect(readOptions(fields(values))).toEqual({
			ok: true,
			value: {
				...DEFAULT_OPTIONS,
				downloadImages: true,
				outputField: 'data',
				outputItems: 'perImage',
			},
		});
	},
);

it('"default" means the default of an option, except for names and keys', () => {
	const options = Object.fromEntries(
		Object.keys(DEFAULT_OPTIONS).map((name) => [name, ' Default']),
	);
	const values = {
		downloadImages: 'default',
		outputField: 'default',
		outputItems: 'default',
		options,
	};
	expect(readOptions(fields(values))).toEqual({
		ok: true,
		value: {
			...DEFAULT_OPTIONS,
			fileName: 'Default',
			memoryTable: 'Default',
			rowKey: 'Default',
			downloadImages: true,
			outputField: 'default',
			outputItems: 'perImage',
		},
	});
});

it.each([null, undefined, {}])('options that are %j have their defaults', (options) => {
	expect(readOptions(fields({ ...SHOWN, options }))).toMatchObject({
		ok: true,
		value: DEFAULT_OPTIONS,
	});
});

it('messages about options name the field, its value and what it must be', () => {
	const options = { fileName: { a: 1 }, timeout: 'soon', concurrency: 1.5, simplify: 2 };
	expect(readOptions(fields({ ...SHOWN, outputItems: 7, options }))).toEqual({
		ok: false,
		problems: [
			'\'Output\' is "7" but must be one of perImage, perTask',
			'\'Concurrency\' is "1.5" but must be a whole number of at least 0',
			`'File Name' is "{"a":1}" but must be text`,
			'\'Simplify\' is "2" but must be true or false',
			'\'Timeout\' is "soon" but must be a number of at least 1',
		],
	});
});

it('every invalid option gets a message', () => {
	const values = { ...SHOWN, outputField: [7], options: { timeout: 0, concurrency: -1 } };
	const read = readOptions(fields(values));
	expect(read.ok ? [] : read.problems).toHaveLength(3);
});

describe('Continue When', () => {
	const values = ['finished', 'submitted'] as const;

	it('has its first value while the field is hidden', () => {
		expect(readContinueWhen(fields({}), values)).toEqual({ ok: true, value: 'finished' });
	});

	it.each(values)('may be %s', (continueWhen) => {
		expect(readContinueWhen(fields({ continueWhen }), values)).toEqual({
			ok: true,
			value: continueWhen,
		});
	});

	it.each(['', null, ' ', '\u200b'])(
		'has its first value for the empty cell %j',
		(continueWhen) => {
			expect(readContinueWhen(fields({ continueWhen }), values)).toEqual({
				ok: true,
				value: 'finished',
			});
		},
	);

	it.each([' Submitted', 'SUBMITTED', 'submitted\u200b'])(
		'can be written as %j',
		(continueWhen) => {
			expect(readContinueWhen(fields({ continueWhen }), values)).toEqual({
				ok: true,
				value: 'submitted',
			});
		},
	);

	it('rejects any other value', () => {
		expect(readContinueWhen(fields({ continueWhen: 'later' }), values)).toEqual({
			ok: false,
			problems: ['\'Continue When\' is "later" but must be one of finished, submitted'],
		});
	});
});

describe("a tool's output", () => {
	const tool = (values: object) => readOptions(fields({ ...SHOWN, ...values }));

	it.each<[string, object, object]>([
		['simplified by default', { toolOutput: 'simplified' }, { simplify: true }],
		['raw, with all fields', { toolOutput: 'raw' }, { simplify: false }],
		[
			'selected fields, also those that simplified items lack',
			{ toolOutput: 'selectedFields', toolFields: ['imageUrl', 'seconds'] },
			{ simplify: false, itemFields: ['imageUrl', 'seconds'] },
		],
		[
			'selected fields by an expression that gives one name',
			{ toolOutput: 'selectedFields', toolFields: 'imageUrl' },
			{ itemFields: ['imageUrl'] },
		],
		[
			'simplified when no field is selected',
			{ toolOutput: 'selectedFields', toolFields: [] },
			{ simplify: true },
		],
		[
			'fields that do not count unless they are to be selected',
			{ toolOutput: 'simplified', toolFields: ['imageUrl'] },
			{ simplify: true },
		],
	])('can be %s', (_title, values, expected) => {
		const options = tool(values);
		expect(options).toMatchObject({ ok: true, value: expected });
		expect(options.ok && 'itemFields' in options.value).toBe('itemFields' in expected);
	});

	it.each<[string, object, RegExp]>([
		['an unknown kind of output', { toolOutput: 'everything' }, /^'Output' /],
		[
			'an unknown field',
			{ toolOutput: 'selectedFields', toolFields: ['imageUrl', 'link'] },
			/^'Fields' is "link" but must be some of /,
		],
	])('is refused for %s', (_title, values, message) => {
		const options = tool(values);
		expect(options.ok ? [] : options.problems).toEqual([expect.stringMatching(message)]);
	});
});

describe("'Fall Back To' and 'Maximum Cost (USD)'", () => {
	const read = (options: object) => readOptions((name) => (name === 'options' ? options : ''));

	it.each<[string, unknown, string[]]>([
		['a list', ['apiMart', 'apiInOne'], ['apiMart', 'apiInOne']],
		['the names in a text', 'APIMart, API in One', ['apiMart', 'apiInOne']],
		[
			'the order of the user, each once',
			['apiInOne', 'apiMart', 'apiInOne'],
			['apiInOne', 'apiMart'],
		],
		['an empty cell', '', []],
		['null', null, []],
		['an empty list', [], []],
	])('providers can be %s', (_title, fallbacks, expected) => {
		const options = read({ fallbacks });
		expect(options.ok && options.value.fallbacks).toEqual(expected);
	});

	it('an unknown provider is refused', () => {
		const options = read({ fallbacks: 'APIMart, Fal' });
		expect(options.ok ? [] : options.problems).toEqual([
			`'Fall Back To' contains "Fal" but must be some of EvoLink, APIMart, API in One`,
		]);
	});

	it.each<[unknown, number]>([
		['', 0],
		['0.5', 0.5],
		[2, 2],
	])('a maximum cost of %j is %d', (maxCost, expected) => {
		const options = read({ maxCost });
		expect(options.ok && options.value.maxCost).toBe(expected);
	});

	it.each(['-1', 'cheap'])('a maximum cost of %s is refused', (maxCost) => {
		const options = read({ maxCost });
		expect(options.ok ? [] : options.problems).toEqual([
			expect.stringMatching(/^'Maximum Cost \(USD\)' is /),
		]);
	});
});
