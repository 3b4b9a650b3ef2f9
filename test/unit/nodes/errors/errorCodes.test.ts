import {
	ERROR_CODES,
	meaningOf,
	namedStatus,
	type ErrorMeaning,
} from '../../../../nodes/Seedream/errors/errorCodes';

const said = (changes: object) => meaningOf({ code: 'x', type: 'y', message: 'No.', ...changes });

const CODES = Object.entries(ERROR_CODES).flatMap(([meaning, codes]) =>
	codes.map((code): [string, string] => [code, meaning]),
);

it.each(CODES)('%s means %s, as code or type, in any case', (code, meaning) => {
	expect(said({ code })).toBe(meaning);
	expect(said({ type: code })).toBe(meaning);
	expect(said({ code: code.toUpperCase() })).toBe(meaning);
});

it('no code has two meanings', () => {
	expect(new Set(CODES.map(([code]) => code)).size).toBe(CODES.length);
});

it.each(CODES)(
	'%s counts in the message only where no other word stands for it',
	(code, meaning) => {
		const inMessages: string[] = [
			...['inProgress', 'outcomeUnknown', 'keyReused', 'notProcessed', 'modelUnavailable'],
		];
		const expected = inMessages.includes(meaning) ? meaning : undefined;
		expect(said({ message: `Error ${code}: no` })).toBe(expected);
	},
);

it.each<[string, ErrorMeaning | undefined]>([
	['InputTextSensitiveContentDetected', 'contentPolicy'],
	['OutputImageSensitiveContentDetected.PolicyViolation', 'contentPolicy'],
	['OutputTextRiskDetection', 'contentPolicy'],
	['constructor', undefined],
	['__proto__', undefined],
	['invalid_request', undefined],
])('%s means %s', (code, meaning) => {
	expect(said({ code })).toBe(meaning);
});

it.each([
	['402', 'x', 402],
	['x', 'authentication_error', 401],
	['RATE_LIMIT_EXCEEDED', 'x', 429],
	['payment_required', 'server_error', 402],
	['399', 'x', undefined],
	['600', 'x', undefined],
	['toString', 'constructor', undefined],
])('an error of code %s and type %s stands for HTTP %s', (code, type, status) => {
	expect(namedStatus({ code, type, message: '' })).toBe(status);
});
