import { z } from 'zod';

import { isJsonObject, parseJson } from '../json';
import type { CallError, GatewayError, Reading } from './provider';

/**
 * Pieces that the readers of several gateways share. They are tolerant on purpose: gateways write
 * numbers as strings and change details without notice, and a paid task must not be lost over that.
 */

export const text = z.union([z.string(), z.number()]).transform(String);

/** Text, a number, or nothing: anything else counts as "not said". */
export const optionalText = text
	.nullish()
	.catch(undefined)
	.transform((value) => (value?.trim() ? value : undefined));

export const taskId = text.refine((value) => value.trim() !== '', 'the task id is empty');

const looseNumber = z.union([z.number(), z.string().trim().min(1).transform(Number)]);

/** A number, a numeric string, or nothing: anything else counts as "not said". */
export const optionalNumber = looseNumber.refine(Number.isFinite).optional().catch(undefined);

/** The last moment that a Date can hold, in seconds. */
const LATEST_TIME = 8.64e12;

/** Unix time in seconds, as every gateway writes it. */
export const optionalTime = optionalNumber.transform((seconds) =>
	seconds === undefined || seconds <= 0 || seconds > LATEST_TIME
		? undefined
		: new Date(seconds * 1000),
);

const LINK_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** Links die 24 hours after the task is done (seeds 000, 001, 002, 004). */
export function linksExpire(from: Date | undefined): Date | undefined {
	return from && new Date(from.getTime() + LINK_LIFETIME_MS);
}

/** The error object inside an answer, as all three gateways write it. */
export const errorBody = z
	.object({
		code: optionalText,
		message: optionalText,
		type: optionalText,
		request_id: optionalText,
	})
	.transform(({ code, message, type, request_id: requestId }): GatewayError => ({
		code: code ?? type ?? 'unknown_error',
		message: message ?? '',
		type: type ?? 'unknown',
		...(requestId === undefined ? {} : { requestId }),
	}));

const failure = z.union([
	z.object({ error: errorBody }).transform(({ error }) => error),
	z
		.object({ error: z.string() })
		.transform(({ error }) => ({ code: 'unknown_error', message: error, type: 'unknown' })),
	errorBody,
]);

const statedCode = z.union([z.string(), z.number()]).catch('');

/** Whether `body` is an error in spite of a good HTTP status. */
export function saysFailure(body: unknown): boolean {
	return (
		isJsonObject(body) && (body.success === false || Number(statedCode.parse(body.code)) >= 400)
	);
}

/** The error in an answer that is known to be one, whatever it looks like: even an HTML page. */
export function readFailure(status: number, body: unknown): CallError {
	const parsed = failure.safeParse(body);
	if (!parsed.success) return { status, code: `http_${status}`, message: '', type: 'http_error' };
	const stated = Number(parsed.data.code);
	const refusal = stated >= 400 && stated < 600 ? stated : 400;
	return { ...parsed.data, status: status >= 400 ? status : refusal };
}

export function read<T>(schema: z.ZodType<T, z.ZodTypeDef, unknown>, body: unknown): Reading<T> {
	const parsed = schema.safeParse(body);
	if (parsed.success) return { kind: 'read', value: parsed.data };
	const reason = parsed.error.issues
		.map(({ path, message }) => (path.length ? `${path.join('.')}: ${message}` : message))
		.join('; ');
	return { kind: 'unreadable', reason };
}

const LINK_KEYS = [
	'output',
	'result',
	'results',
	'resultJson',
	'resultUrls',
	'response',
	'images',
	'image_url',
	'image_urls',
	'url',
	'urls',
];

/**
 * Every link to a finished image inside a value of unknown shape, once and in order: strings,
 * arrays, objects with one of the keys above, and JSON written into a string.
 */
export function imageLinks(value: unknown): string[] {
	return [...new Set(collect(value))];
}

function collect(value: unknown): string[] {
	if (typeof value === 'string') {
		const content = value.trim();
		if (/^https?:\/\/\S+$/i.test(content)) return [content];
		return /^[[{]/.test(content) ? collect(parseJson(content)) : [];
	}
	if (Array.isArray(value)) return value.flatMap(collect);
	if (!isJsonObject(value)) return [];
	return LINK_KEYS.flatMap((key) => collect(value[key]));
}
