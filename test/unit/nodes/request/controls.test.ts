import {
	DEFAULT_OPTIONS,
	readContinueWhen,
	readControls,
	type ReadField,
} from '../../../../nodes/Seedream/request/controls';

function fields(values: Record<string, unknown>): ReadField {
	return (name, whenHidden) => (name in values ? values[name] : whenHidden);
}

const SHOWN = { downloadImages: true, outputField: 'data', outputItems: 'perImage', options: {} };

it('has a default for every option that was not added', () => {
	expect(readControls(fields(SHOWN))).toEqual({
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
	expect(readControls(fields({}))).toEqual({
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
	expect(readControls(fields(values))).toEqual({
		ok: true,
		value: { downloadImages: false, outputField: 'image', outputItems: 'perTask', ...options },
	});
});

it('takes numbers that an expression gave as text', () => {
	const options = { concurrency: '4', pollInterval: '2.5', timeout: ' 30 ' };
	expect(readControls(fields({ ...SHOWN, options }))).toMatchObject({
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
	['no output field', { outputField: '  ' }, /^Put Output in Field: is empty$/],
	['an unknown kind of output', { outputItems: 'perRow' }, /^Output: /],
	['a number for a switch', { downloadImages: 1 }, /^Download Images: /],
	['options that are none', { options: 'fast' }, /^Options: /],
])('refuses %s under the label of its field', (_what, values, problem) => {
	expect(readControls(fields({ ...SHOWN, ...values }))).toEqual({
		ok: false,
		problems: [expect.stringMatching(problem)],
	});
});

it('names every problem at once', () => {
	const values = { ...SHOWN, outputField: '', options: { timeout: 0, concurrency: -1 } };
	const controls = readControls(fields(values));
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

	it('is nothing else', () => {
		expect(readContinueWhen(fields({ continueWhen: 'later' }), values)).toEqual({
			ok: false,
			problems: ['Continue When: "later" is not one of finished, submitted'],
		});
	});
});
