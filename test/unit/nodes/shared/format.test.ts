import { formatUsd, joinWithAnd } from '../../../../nodes/Seedream/shared/format';

describe('an amount in US dollars', () => {
	it.each([
		[0, '$0.00'],
		[0.000588, '$0.00059'],
		[0.0137, '$0.014'],
		[0.03, '$0.03'],
		[0.104, '$0.10'],
		[0.995, '$0.99'],
		[0.5, '$0.50'],
		[1, '$1.00'],
		[4.0249, '$4.02'],
		[11.3, '$11.30'],
		[100, '$100.00'],
		[1204.5, '$1,204.50'],
		[-0.5, '-$0.50'],
		[-3.5, '-$3.50'],
	])('%d is shown as %s', (usd, text) => {
		expect(formatUsd(usd)).toBe(text);
	});
});

it.each([
	[[], ''],
	[['a'], 'a'],
	[['a', 'b'], 'a and b'],
	[['a', 'b', 'c'], 'a, b and c'],
])('%j is joined to "%s"', (parts, text) => {
	expect(joinWithAnd(parts)).toBe(text);
});
