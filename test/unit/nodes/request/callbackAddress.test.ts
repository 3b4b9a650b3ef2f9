import { providers } from '../../../../nodes/Seedream/providers';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { parseModelSchema } from '../../../../nodes/Seedream/providers/modelSchema';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { readCallbackData, signCallbackUrl } from '../../../../nodes/Seedream/request/callbackData';
import { checkRequest, type RawRow } from '../../../../nodes/Seedream/request/checkRequest';
import { requestBody } from '../../../../nodes/Seedream/request/requestBody';
import { rawRow } from './rawRow';

/** 'Callback Data' of a row, up to the body of its request. */

const KEY = 'sk-1';
const HOOK = 'https://n8n.example.com/webhook/1/task';
const FIELDS = { parameters: { callbackUrl: HOOK }, callbackData: { sku: 'A-7' } };

const check = (fields: Partial<RawRow>, provider: Provider = evoLink) =>
	checkRequest(provider, rawRow({ ...FIELDS, ...fields }));

function problems(fields: Partial<RawRow>, provider?: Provider): readonly string[] {
	const checked = check(fields, provider);
	return checked.ok ? [] : checked.problems;
}

/** The address that the provider gets, and the data in it. */
function sent(fields: Partial<RawRow>, provider: Provider = evoLink) {
	const checked = check(fields, provider);
	if (!checked.ok) throw new Error(checked.problems.join());
	const body = requestBody(checked.value, [], (url, json) => signCallbackUrl(url, json, KEY));
	const address = String(body[provider === apiMart ? 'webhook' : 'callback_url']);
	return {
		address,
		data: readCallbackData(Object.fromEntries(new URL(address).searchParams), KEY),
	};
}

const NO_OBJECT =
	'\'Callback Data\' must be a JSON object, e.g. {"sku": "A-7"}, or an expression that returns one, e.g. {{ { sku: $json.sku } }}';

it.each(providers.map((provider) => [provider.label, provider] as const))(
	'%s gets the data as part of the callback URL',
	(_label, provider) => {
		const { address, data } = sent({}, provider);
		expect(address.startsWith(`${HOOK}?row=`)).toBe(true);
		expect(data).toEqual({ kind: 'valid', data: { sku: 'A-7' } });
	},
);

it.each<[string, unknown, object]>([
	['an object', { row: 7, nested: { a: [1] } }, { row: 7, nested: { a: [1] } }],
	['JSON', ' \n{"row": 7}\n', { row: 7 }],
	['a date in an object', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
	['a missing cell in an object', { row: 7, note: undefined }, { row: 7 }],
	['a long number in JSON', '{"id": 12345678901234567890}', { id: '12345678901234567890' }],
	['Chinese', { title: '湖' }, { title: '湖' }],
])('the callback data can be %s', (_what, callbackData, data) => {
	expect(sent({ callbackData }).data).toEqual({ kind: 'valid', data });
});

it.each([undefined, null, '', '  ', '\u200b', '{}', {}, { note: undefined }])(
	'the callback data are ignored if they are empty: %j',
	(callbackData) => {
		expect(sent({ callbackData })).toEqual({ address: HOOK, data: { kind: 'none' } });
		expect(problems({ callbackData, parameters: {} })).toEqual([]);
	},
);

it.each(['{"row": 7', 'row=7', '[1]', '7', 'null', '"text"', 7, true, [1], [{}], new Date(0)])(
	'the callback data cannot be %j',
	(callbackData) => {
		expect(problems({ callbackData })).toEqual([NO_OBJECT]);
	},
);

it.each(['{"sku": "{{ $json.sku }}"}', '{"sku": "[object Object]"}', { sku: ['{{ sku }}'] }])(
	'the callback data cannot contain an unresolved template or a stringified object: %j',
	(callbackData) => {
		expect(problems({ callbackData })).toEqual([
			expect.stringMatching(/^'Callback Data' contains /),
		]);
	},
);

describe('the length of the callback data', () => {
	const ofLength = (length: number, letter = 'x') => ({ a: letter.repeat(length - 8) });

	it('is that of the JSON, without white space', () => {
		expect(problems({ callbackData: ofLength(1000) })).toEqual([]);
		expect(problems({ callbackData: JSON.stringify(ofLength(1000), undefined, 4) })).toEqual([]);
		expect(problems({ callbackData: ofLength(1001) })).toEqual([
			"'Callback Data' is 1,001 characters of JSON (maximum 1,000)",
		]);
	});

	it('counts an emoji as one character', () => {
		expect(problems({ callbackData: ofLength(1001, '🏞') })).toEqual([
			"'Callback Data' is 1,001 characters of JSON (maximum 1,000)",
		]);
	});

	it.each([
		['EvoLink', evoLink, ''],
		['APIMart, which appends /callback', apiMart, '/callback'],
	])('is limited by that of the address at %s', (_label, provider, suffix) => {
		const { length } = sent({ callbackData: ofLength(1000) }, provider).address + suffix;
		const urlOf = (total: number) => `${HOOK}/${'x'.repeat(total - length - 1)}`;
		const long = (total: number) => ({
			callbackData: ofLength(1000),
			parameters: { callbackUrl: urlOf(total) },
		});
		expect(sent(long(2048), provider).address + suffix).toHaveLength(2048);
		expect(problems(long(2049), provider)).toEqual([
			"'Callback Data' makes the callback address 2,049 characters long (maximum 2,048). Shorten it or 'Callback URL'",
		]);
	});

	it('is limited by what it takes in the address', () => {
		expect(problems({ callbackData: ofLength(500, '湖') })).toEqual([
			expect.stringMatching(/^'Callback Data' makes the callback address 2,0\d\d characters long/),
		]);
		expect(problems({ callbackData: ofLength(450, '湖') })).toEqual([]);
	});
});

describe('the callback URL', () => {
	it.each([undefined, '', ' '])('has to be there: %j', (callbackUrl) => {
		expect(problems({ parameters: { callbackUrl } })).toEqual([
			"'Callback Data' needs 'Callback URL', because it's sent as part of that address",
		]);
	});

	it('is the only problem if it is wrong', () => {
		expect(problems({ parameters: { callbackUrl: 'http://example.com' } })).toEqual([
			"'Callback URL' must start with https://",
		]);
	});

	it.each(['?row=1', '?a=b&sig=1#x', '?row', '?a?&row=1'])(
		'cannot have the parameters of the data: %s',
		(query) => {
			expect(problems({ parameters: { callbackUrl: HOOK + query } })).toEqual([
				"'Callback Data' can't be added to 'Callback URL', which already has a parameter called row or sig",
			]);
		},
	);

	it.each(['?arow=1&sigs=2', '#row=1', '/row=1'])('can have others: %s', (end) => {
		expect(sent({ parameters: { callbackUrl: HOOK + end } }).data.kind).toBe('valid');
	});
});

describe("the callback URL in 'Extra Body'", () => {
	it('gets the data, because it replaces the field', () => {
		const other = 'http://localhost:5678/webhook/1/task?a=b';
		const extraBody = { callback_url: other };
		expect(sent({ extraBody })).toEqual({
			address: expect.stringContaining(`${other}&row=`) as string,
			data: { kind: 'valid', data: { sku: 'A-7' } },
		});
		expect(sent({ extraBody, parameters: {} }).address).toContain(`${other}&row=`);
	});

	it.each([null, '', 7])('cannot be removed from data: %j', (url) => {
		expect(problems({ extraBody: { callback_url: url } })).toEqual([
			"'Callback Data' needs 'Callback URL', because it's sent as part of that address",
		]);
	});

	it('is checked as well', () => {
		const url = `https://example.com/${'x'.repeat(2000)}`;
		expect(problems({ extraBody: { callback_url: url } })).toEqual([
			expect.stringMatching(/^'Callback Data' makes the callback address 2,\d+ characters long/),
		]);
	});
});

describe('a custom model', () => {
	const custom = { model: 'custom', customModel: 'seedream-5-5' };

	it('has callback data too', () => {
		expect(sent(custom, apiMart).data.kind).toBe('valid');
	});

	const problemsWith = (properties: object, callbackUrl?: string) => {
		const schema = parseModelSchema({ properties: { prompt: { type: 'string' }, ...properties } });
		if (schema.kind !== 'parsed') throw new Error(schema.reason);
		const raw = rawRow({ ...FIELDS, ...custom, parameters: { callbackUrl } });
		const checked = checkRequest(apiMart, raw, 'internet', schema.value);
		return checked.ok ? [] : checked.problems;
	};

	it("has its provider's own limit", () => {
		expect(problemsWith({ webhook: { type: 'string', maxLength: 60 } }, HOOK)).toEqual([
			expect.stringMatching(/^'Callback Data' makes the callback .* \(maximum 60\)/),
		]);
	});

	it('may have no callbacks', () => {
		expect(problemsWith({})).toEqual(["'Callback Data' isn't available for APIMart seedream-5-5"]);
	});
});

it('the signature is masked where there may be no API key', () => {
	const checked = check({});
	expect(checked.ok && requestBody(checked.value, []).callback_url).toBe(
		`${HOOK}?row=eyJza3UiOiJBLTcifQ&sig=**********************`,
	);
});
