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

it('has a default for every option that was not added', () => {
	expect(readOptions(fields(SHOWN))).toEqual({
		ok: true,
		value: {
			downloadImages: true,
			outputField: 'data',
			outputItems: 'perImage',
			checkReferences: false,
			concurrency: 0,
			fileName: '{taskId}-{image}',
			pollInterval: 0,
			simplify: true,
			timeout: 600,
		},
	});
});

it('downloads nothing while the fields about images are hidden', () => {
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

it('takes every option', () => {
	const options = {
		checkReferences: true,
		concurrency: 4,
		fileName: '{row}',
		pollInterval: 2.5,
		simplify: false,
		timeout: 30,
	};
	const values = { downloadImages: false, outputField: ' image ', outputItems: 'perTask', options };
	expect(readOptions(fields(values))).toEqual({
		ok: true,
		value: { downloadImages: false, outputField: 'image', outputItems: 'perTask', ...options },
	});
});

it('takes numbers that an expression gave as text', () => {
	const options = { concurrency: '4', pollInterval: '2.5', timeout: ' 30 ' };
	expect(readOptions(fields({ ...SHOWN, options }))).toMatchObject({
		ok: true,
		value: { concurrency: 4, pollInterval: 2.5, timeout: 30 },
	});
});

it.each<[string, object, RegExp]>([
	['a concurrency below 0', { options: { concurrency: -1 } }, /^Concurrency: /],
	['a concurrency of one and a half', { options: { concurrency: 1.5 } }, /^Concurrency: /],
	['a concurrency in words', { options: { concurrency: 'many' } }, /^Concurrency: /],
	['a poll interval below 0', { options: { pollInterval: -0.1 } }, /^Poll Interval: /],
	['a timeout of less than a second', { options: { timeout: 0.9 } }, /^Timeout: /],
	['a timeout without end', { options: { timeout: Infinity } }, /^Timeout: /],
	['a file name that is no text', { options: { fileName: {} } }, /^File Name: /],
	['a word for yes', { options: { simplify: 'yes' } }, /^Simplify: /],
	['a number for yes', { options: { checkReferences: 1 } }, /^Check References: /],
	['an output field that is no text', { outputField: {} }, /^Put Output in Field: /],
	['a boolean for a number', { options: { timeout: true } }, /^Timeout: /],
	['a list for a number', { options: { concurrency: [4] } }, /^Concurrency: /],
	['a number of another kind', { options: { pollInterval: '1,5' } }, /^Poll Interval: /],
	['an output in words', { outputItems: 'per' }, /^Output: "per" is not one of /],
	['an unknown kind of output', { outputItems: 'perRow' }, /^Output: /],
	['a number for a switch', { downloadImages: 1 }, /^Download Images: /],
	['options that are none', { options: 'fast' }, /^Options: /],
])('refuses %s under the label of its field', (_what, values, problem) => {
	expect(readOptions(fields({ ...SHOWN, ...values }))).toEqual({
		ok: false,
		problems: [expect.stringMatching(problem)],
	});
});

it.each<[string, object, object]>([
	['a number for a name', { options: { fileName: 10452 } }, { fileName: '10452' }],
	['a number for a field', { outputField: 7 }, { outputField: '7' }],
	['capitals', { downloadImages: 'TRUE' }, { downloadImages: true }],
	['full-width letters', { downloadImages: 'ＦＡＬＳＥ' }, { downloadImages: false }],
	['capitals in an option', { options: { simplify: 'False ' } }, { simplify: false }],
	['true as text', { options: { checkReferences: ' true' } }, { checkReferences: true }],
	['a choice in another case', { outputItems: ' PERTASK ' }, { outputItems: 'perTask' }],
	['full-width digits', { options: { timeout: '９００' } }, { timeout: 900 }],
	['invisible ends', { options: { timeout: '90\u200b' } }, { timeout: 90 }],
	['an invisible start', { outputField: '\ufeffimage' }, { outputField: 'image' }],
	['a name with spaces', { options: { fileName: ' my shoe\u2060 ' } }, { fileName: 'my shoe' }],
])('reads a cell as people have it: %s', (_what, values, read) => {
	expect(readOptions(fields({ ...SHOWN, ...values }))).toMatchObject({ ok: true, value: read });
});

it.each(['', null, undefined, '  ', '\u200b', '\u2800', []])(
	'takes the default for the empty cell %j',
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

it('takes "default" for the default, but as the name of a file or a field', () => {
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
			downloadImages: true,
			outputField: 'default',
			outputItems: 'perImage',
		},
	});
});

it.each([null, undefined, {}])('has defaults for options that are %j', (options) => {
	expect(readOptions(fields({ ...SHOWN, options }))).toMatchObject({
		ok: true,
		value: DEFAULT_OPTIONS,
	});
});

it('says what is wrong in words of its own', () => {
	const options = { fileName: { a: 1 }, timeout: 'soon', concurrency: 1.5, simplify: 2 };
	const controls = readOptions(fields({ ...SHOWN, outputItems: 7, options }));
	expect(controls).toEqual({
		ok: false,
		problems: [
			'Output: "7" is not one of perImage, perTask',
			'Concurrency: "1.5" is not a whole number from 0',
			'File Name: {"a":1} is not text',
			'Simplify: "2" is neither true nor false',
			'Timeout: "soon" is not a number from 1',
		],
	});
});

it('names every problem at once', () => {
	const values = { ...SHOWN, outputField: [7], options: { timeout: 0, concurrency: -1 } };
	const controls = readOptions(fields(values));
	expect(controls.ok ? [] : controls.problems).toHaveLength(3);
});

describe('when the node goes on', () => {
	const values = ['finished', 'submitted'] as const;

	it('is the first value while the field is hidden', () => {
		expect(readContinueWhen(fields({}), values)).toEqual({ ok: true, value: 'finished' });
	});

	it.each(values)('may be %s', (continueWhen) => {
		expect(readContinueWhen(fields({ continueWhen }), values)).toEqual({
			ok: true,
			value: continueWhen,
		});
	});

	it.each(['', null, ' ', '\u200b'])('is the first value in the empty cell %j', (continueWhen) => {
		expect(readContinueWhen(fields({ continueWhen }), values)).toEqual({
			ok: true,
			value: 'finished',
		});
	});

	it.each([' Submitted', 'SUBMITTED', 'submitted\u200b'])(
		'may be written as %j',
		(continueWhen) => {
			expect(readContinueWhen(fields({ continueWhen }), values)).toEqual({
				ok: true,
				value: 'submitted',
			});
		},
	);

	it('is nothing else', () => {
		expect(readContinueWhen(fields({ continueWhen: 'later' }), values)).toEqual({
			ok: false,
			problems: ['Continue When: "later" is not one of finished, submitted'],
		});
	});
});
