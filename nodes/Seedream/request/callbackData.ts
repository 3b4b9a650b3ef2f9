import { createHmac, timingSafeEqual } from 'crypto';

import { isJsonObject, parseJson, type JsonObject } from '../shared/json';

/** In characters of JSON. */
export const MAX_CALLBACK_DATA = 1000;

/** The query parameters that carry the data. The signature comes last: see `withoutSuffix`. */
const DATA = 'row';
const SIGNATURE = 'sig';

/** 132 bits: short, and still impossible to guess. */
const SIGNATURE_LENGTH = 22;

/** Stands for the signature where there may be no API key, e.g. in a preview. */
const MASKED_SIGNATURE = '*'.repeat(SIGNATURE_LENGTH);

/** Adds data, as JSON, to the address that a provider calls back. */
export type AddCallbackData = (url: string, json: string) => string;

export type CallbackData =
	{ kind: 'none' } | { kind: 'valid'; data: JsonObject } | { kind: 'wrongSignature' };

/** The address with the data, signed so that only someone with the API key can change it. */
export function signCallbackUrl(url: string, json: string, apiKey: string): string {
	return withCallbackData(url, json, signatureOf(encode(json), apiKey));
}

/** The same address, except that the signature is masked. */
export const maskedCallbackUrl: AddCallbackData = (url, json) =>
	withCallbackData(url, json, MASKED_SIGNATURE);

/** Whether the address already has a parameter that the data needs. */
export function hasCallbackData(url: string): boolean {
	const [address = ''] = url.split('#');
	const query = new URLSearchParams(address.split('?').slice(1).join('?'));
	return query.has(DATA) || query.has(SIGNATURE);
}

/** Whether the query of a callback has a signature, right or wrong. */
export function hasSignature(query: Record<string, unknown>): boolean {
	return query[SIGNATURE] !== undefined;
}

/** The data in the query of a callback, unless someone else wrote it. */
export function readCallbackData(query: Record<string, unknown>, apiKey: string): CallbackData {
	const { [DATA]: row, [SIGNATURE]: signature } = query;
	if (row === undefined && signature === undefined) return { kind: 'none' };
	if (typeof row !== 'string' || typeof signature !== 'string') return { kind: 'wrongSignature' };
	const encoded = withoutSuffix(row);
	if (!isEqual(withoutSuffix(signature), signatureOf(encoded, apiKey))) {
		return { kind: 'wrongSignature' };
	}
	const data = parseJson(Buffer.from(encoded, 'base64url').toString());
	return isJsonObject(data) ? { kind: 'valid', data } : { kind: 'wrongSignature' };
}

/** By hand, so that the rest of the address stays exactly as the user wrote it. */
function withCallbackData(url: string, json: string, signature: string): string {
	const [address = '', ...fragment] = url.split('#');
	const separator = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
	const query = `${separator}${DATA}=${encode(json)}&${SIGNATURE}=${signature}`;
	return [address + query, ...fragment].join('#');
}

function encode(json: string): string {
	return Buffer.from(json).toString('base64url');
}

function signatureOf(encoded: string, apiKey: string): string {
	return createHmac('sha256', apiKey)
		.update(encoded)
		.digest('base64url')
		.slice(0, SIGNATURE_LENGTH);
}

/** APIMart appends /callback to the whole address, and so to its last parameter. */
function withoutSuffix(value: string): string {
	return value.replace(/\/callback$/, '');
}

function isEqual(one: string, other: string): boolean {
	const [a, b] = [Buffer.from(one), Buffer.from(other)];
	return a.length === b.length && timingSafeEqual(a, b);
}
