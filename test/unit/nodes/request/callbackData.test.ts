import {
	maskedCallbackUrl,
	readCallbackData,
	signCallbackUrl,
} from '../../../../nodes/Seedream/request/callbackData';

/** What travels in the address that a provider calls back. */

const KEY = 'sk-0123456789-do-not-show';
const URL_ONLY = 'https://n8n.example.com/webhook/1/task';
const DATA = { sku: 'A-7', row: 12 };

/** As n8n parses the query of a callback. */
function queryOf(address: string): Record<string, string> {
	return Object.fromEntries(new URL(address).searchParams);
}

const signed = (url = URL_ONLY, data: object = DATA, key = KEY) =>
	signCallbackUrl(url, JSON.stringify(data), key);

const read = (address: string, key = KEY) => readCallbackData(queryOf(address), key);

const VALID = { kind: 'valid', data: DATA };
const WRONG = { kind: 'wrongSignature' };

it.each([
	['a plain URL', URL_ONLY, `${URL_ONLY}?`],
	['a URL with a query', `${URL_ONLY}?a=b`, `${URL_ONLY}?a=b&`],
	['an empty query', `${URL_ONLY}?`, `${URL_ONLY}?`],
	['a query that ends with &', `${URL_ONLY}?a=b&`, `${URL_ONLY}?a=b&`],
	['an encoded query', `${URL_ONLY}?a=%20b+c&b[]=1`, `${URL_ONLY}?a=%20b+c&b[]=1&`],
	['a fragment', `${URL_ONLY}#row=1?&`, `${URL_ONLY}?`],
])('the data are added to %s, which stays as it is', (_what, url, before) => {
	const address = signed(url);
	expect(address.startsWith(`${before}row=`)).toBe(true);
	expect(address.slice(before.length)).toMatch(/^row=[\w-]+&sig=[\w-]{22}(?:#row=1\?&)?$/);
	expect(read(address)).toEqual(VALID);
});

it('the same data have the same address, because an Idempotency-Key needs the same body', () => {
	expect(signed()).toBe(signed());
});

it("the address doesn't contain the API key", () => {
	const { row = '', sig = '' } = queryOf(signed());
	for (const text of [signed(), row, sig, atob(row.replace(/-/g, '+').replace(/_/g, '/'))]) {
		expect(text).not.toContain(KEY);
	}
});

it.each([
	{ title: 'Größe „L“ – 湖 🏞️ \u200b' },
	{ nested: { list: [1, null, true, 'x'], empty: {} } },
	{ text: '?&=#/+%20\n"\\' },
	{ text: '\ud800' },
])('the data come back unchanged: %j', (data) => {
	expect(read(signed(URL_ONLY, data))).toEqual({ kind: 'valid', data });
});

describe("APIMart's suffix", () => {
	it('is ignored at the end of the signature', () => {
		expect(read(`${signed()}/callback`)).toEqual(VALID);
		expect(read(`${signed()}%2Fcallback`)).toEqual(VALID);
	});

	it('is ignored at the end of the data, if the order of the query has changed', () => {
		const { row = '', sig = '' } = queryOf(signed());
		expect(read(`${URL_ONLY}?sig=${sig}&row=${row}/callback`)).toEqual(VALID);
	});

	it('may come after the path instead', () => {
		expect(read(signed().replace('/task?', '/task/callback?'))).toEqual(VALID);
	});

	it('may come after a fragment, which never arrives', () => {
		expect(read(`${signed(`${URL_ONLY}#x`)}/callback`)).toEqual(VALID);
	});
});

describe('a callback', () => {
	it('has no data without the parameters', () => {
		expect(readCallbackData({}, KEY)).toEqual({ kind: 'none' });
		expect(readCallbackData({ a: 'b' }, KEY)).toEqual({ kind: 'none' });
	});

	const { row = '', sig = '' } = queryOf(signed());
	const other = queryOf(signed(URL_ONLY, { sku: 'A-8' }));

	it.each<[string, Record<string, unknown>]>([
		['other data', { row: other.row, sig }],
		['another signature', { row, sig: other.sig }],
		['a masked signature', queryOf(maskedCallbackUrl(URL_ONLY, JSON.stringify(DATA)))],
		['no signature', { row }],
		['an empty signature', { row, sig: '' }],
		['a shorter signature', { row, sig: sig.slice(0, 21) }],
		['a longer signature', { row, sig: `${sig}A` }],
		['the suffix twice', { row, sig: `${sig}/callback/callback` }],
		['no data', { sig }],
		['two values', { row: [row, row], sig: [sig, sig] }],
		['an object', { row: { a: row }, sig: { a: sig } }],
		['a character after the data', { row: `${row}=`, sig }],
		['an umlaut in the signature', { row, sig: 'ä'.repeat(22) }],
	])('with %s is not believed', (_what, query) => {
		expect(readCallbackData(query, KEY)).toEqual(WRONG);
	});

	it('that was signed with another key is not believed', () => {
		expect(read(signed(), 'sk-other')).toEqual(WRONG);
	});

	it.each(['[1]', '7', 'null', '{', ''])('with signed data that are no object: %j', (json) => {
		expect(read(signCallbackUrl(URL_ONLY, json, KEY))).toEqual(WRONG);
	});
});
