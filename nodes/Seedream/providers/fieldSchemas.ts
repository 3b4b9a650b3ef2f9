import { z } from 'zod';

import type { ParseResult } from './provider';

/**
 * Schemas for single fields of a response. They're tolerant on purpose: providers send numbers as
 * strings and change details without notice, and a paid task must not be lost over that.
 */

export const text = z.union([z.string(), z.number()]).transform(String);

/**
 * Text or a number; anything else counts as missing. It's a function, because each step of a schema
 * takes time, and a response has many fields.
 */
export function readText(value: unknown): string | undefined {
	const string = typeof value === 'number' ? String(value) : value;
	return typeof string === 'string' && string.trim() ? string : undefined;
}

export const optionalText = z.unknown().transform(readText);

export function hasText(value: unknown): boolean {
	return readText(value) !== undefined;
}

export const taskId = text.refine((value) => value.trim() !== '', 'the task ID is empty');

/** A number or a numeric string; anything else counts as missing. */
export function readNumber(value: unknown): number | undefined {
	const number = typeof value === 'string' && value.trim() ? Number(value) : value;
	return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

export const optionalNumber = z.unknown().transform(readNumber);

/** The latest time a Date can hold. */
const MAX_TIME_MS = 8.64e15;
/** As seconds, this is the year 5138; as milliseconds, 1973. */
const MIN_MILLISECONDS_TIMESTAMP = 1e11;

/** Unix time in seconds, as all three providers send it, or in milliseconds, or an ISO date. */
export const optionalTime = z
	.unknown()
	.transform((value) => {
		const number = readNumber(value);
		if (number === undefined) return typeof value === 'string' ? Date.parse(value) : NaN;
		return number < MIN_MILLISECONDS_TIMESTAMP ? number * 1000 : number;
	})
	.transform((ms) => (ms > 0 && ms <= MAX_TIME_MS ? new Date(ms) : undefined));

export function parse<T>(
	schema: z.ZodType<T, z.ZodTypeDef, unknown>,
	body: unknown,
): ParseResult<T> {
	const parsed = schema.safeParse(body);
	if (parsed.success) return { kind: 'parsed', value: parsed.data };
	const reason = parsed.error.issues
		.map(({ path, message }) => (path.length ? `${path.join('.')}: ${message}` : message))
		.join('; ');
	return { kind: 'unreadable', reason };
}
