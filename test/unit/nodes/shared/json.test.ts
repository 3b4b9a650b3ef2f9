import { parseJsonExactly } from '../../../../nodes/Seedream/shared/json';

describe('exactly parsed JSON', () => {
	it.each<[string, string, unknown]>([
		[
			'an integer that is too long for a number',
			'[12345678901234567890]',
			['12345678901234567890'],
		],
		['a negative one', '[-12345678901234567890]', ['-12345678901234567890']],
		['a fraction with many digits', '{"usd": 0.09926470588235294}', { usd: 0.09926470588235294 }],
		['a negative fraction', '[-0.09926470588235294]', [-0.09926470588235294]],
		['a long number with a fraction', '[12345678901234567.5]', [12345678901234567.5]],
		['an exponent', '[1.5e-0000000000000000001]', [0.15]],
		[
			'a number in a text',
			'["0.09926470588235294 12345678901234567890"]',
			['0.09926470588235294 12345678901234567890'],
		],
		['a short number', '[1234]', [1234]],
	])('has %s as it was sent', (_title, text, expected) => {
		expect(parseJsonExactly(text)).toEqual(expected);
	});

	it('is undefined for a text that is none', () => {
		expect(parseJsonExactly('<html>')).toBeUndefined();
	});
});
