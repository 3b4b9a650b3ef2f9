import { z } from 'zod';

import type { Model, Parameter, PixelSizeLimits, SendBinaryAs } from '../providers/provider';
import { formatNumber } from '../shared/format';
import { isJsonObject, parseJson, type JsonObject } from '../shared/json';
import { cellText, normalizeCell, withoutInvisibleEnds } from './cells';
import { isInternalHost } from './hosts';
import { matchRatio } from './matchRatio';
import { promptProblem, unfilledProblem } from './promptProblem';

/**
 * The checks of single fields. Each takes whatever n8n or a spreadsheet gives and yields the value
 * to send, or undefined for a field that was left alone; messages follow the field's label.
 */
type Schema<T> = z.ZodType<T, z.ZodTypeDef, unknown>;

export function promptSchema({ prompt, limitsAreGuesses }: Model): Schema<string> {
	const { min, max } = limitsAreGuesses ? { min: 1, max: Infinity } : prompt;
	return z
		.unknown()
		.transform((value) =>
			typeof value === 'object' && value !== null ? value : String(value ?? ''),
		)
		.pipe(z.string({ message: 'is not text' }))
		.transform((written, context) => {
			const text = withoutInvisibleEnds(written);
			const problem = promptProblem(written) ?? lengthProblem([...text].length, min, max);
			if (problem === undefined) return text;
			context.addIssue({ code: 'custom', message: problem });
			return z.NEVER;
		});
}

function lengthProblem(length: number, min: number, max: number): string | undefined {
	if (length < min) return `has ${length} characters, the least is ${min}`;
	return length > max ? `has ${length} characters, the most is ${max}` : undefined;
}

export function valueSchema(
	parameter: Parameter,
	{ limitsAreGuesses = false }: Model,
): Schema<string | number | boolean | undefined> {
	switch (parameter.kind) {
		case 'choice':
			return choiceSchema(parameter, limitsAreGuesses);
		case 'integer':
			return integerSchema(limitsAreGuesses ? { ...parameter, min: 1, max: Infinity } : parameter);
		case 'boolean':
			return booleanSchema;
		case 'callback':
			return callbackSchema(parameter);
	}
}

type Choice = Extract<Parameter, { kind: 'choice' }>;

/** Case, white space and full-width signs are met half-way: "16：9", "16/9" and "4k" are plain enough. */
function choiceSchema(
	{ options, pixelSize }: Choice,
	limitsAreGuesses: boolean,
): Schema<string | undefined> {
	return z.unknown().transform((value, context) => {
		const text = normalizeCell(value);
		if (text === '' || text === 'default') return undefined;
		const option =
			options.find((known) => known.toLowerCase() === text) ?? matchRatio(text, options);
		if (option !== undefined) return option;
		const size = pixelSize && /^(\d+)[x×*](\d+)$/.exec(text);
		const problem = size
			? sizeProblem(Number(size[1]), Number(size[2]), pixelSize)
			: pixelSize && text === 'custom'
				? 'a custom size needs whole numbers in Width and Height'
				: `"${String(value)}" is not one of ${options.join(', ')}`;
		if (size && (problem === undefined || limitsAreGuesses)) {
			return `${Number(size[1])}x${Number(size[2])}`;
		}
		if (limitsAreGuesses) return cellText(value);
		context.addIssue({ code: 'custom', message: problem });
		return z.NEVER;
	});
}

function sizeProblem(
	width: number,
	height: number,
	{ minPixels, maxPixels, minRatio, maxRatio }: PixelSizeLimits,
): string | undefined {
	const pixels = width * height;
	const size = `${width}×${height}`;
	if (pixels < minPixels || pixels > maxPixels) {
		return `${size} has ${formatNumber(pixels)} pixels, the model makes ${formatNumber(minPixels)} to ${formatNumber(maxPixels)}`;
	}
	const ratio = width / height;
	if (ratio < minRatio || ratio > maxRatio) {
		return `${size} is too narrow: one side may be at most ${Math.round(maxRatio)} times the other`;
	}
	return undefined;
}

type Whole = Extract<Parameter, { kind: 'integer' }>;

/** The default counts as "left alone": a number field cannot be empty in n8n. */
function integerSchema(parameter: Whole): Schema<number | undefined> {
	const { min, max, default: usual } = parameter;
	return z.unknown().transform((value, context) => {
		const text = normalizeCell(value);
		if (text === '' || text === 'default') return undefined;
		const number = Number(text);
		if (Number.isInteger(number) && number >= min && number <= max) {
			return number === usual ? undefined : number;
		}
		const range = max === Infinity ? `from ${min}` : `from ${min} to ${max}`;
		context.addIssue({
			code: 'custom',
			message: `"${String(value)}" is not a whole number ${range}`,
		});
		return z.NEVER;
	});
}

export const booleanSchema: Schema<boolean | undefined> = z
	.unknown()
	.transform((value, context) => {
		const text = normalizeCell(value);
		if (text === '' || text === 'default') return undefined;
		if (text === 'true') return true;
		if (text === 'false') return false;
		context.addIssue({ code: 'custom', message: `"${String(value)}" is neither true nor false` });
		return z.NEVER;
	});

/** The providers call back over HTTPS and never into a private network (seeds 000, 001, 002). */
function callbackSchema({
	maxLength,
}: Extract<Parameter, { kind: 'callback' }>): Schema<string | undefined> {
	return z.unknown().transform((value, context) => {
		const link = cellText(value);
		if (link === '') return undefined;
		const problem = callbackProblem(link, maxLength);
		if (problem === undefined) return link;
		context.addIssue({ code: 'custom', message: problem });
		return z.NEVER;
	});
}

function callbackProblem(link: string, maxLength: number): string | undefined {
	if (link.length > maxLength) return `is longer than ${maxLength} characters`;
	const unfilled = unfilledProblem(link);
	if (unfilled !== undefined) return unfilled;
	if (!URL.canParse(link)) return `"${link}" is not a link`;
	const { protocol, hostname } = new URL(link);
	if (protocol !== 'https:') return 'must start with https://';
	if (isInternalHost(hostname)) return `${hostname} is not reachable from the internet`;
	return undefined;
}

export function sendBinaryAsSchema(model: Model): Schema<SendBinaryAs> {
	const { label, references, limitsAreGuesses } = model;
	return z.unknown().transform((value, context): SendBinaryAs => {
		const text = normalizeCell(value);
		if (['', 'default', 'upload'].includes(text)) return 'upload';
		if (text === 'datauri' && (references.dataUri || limitsAreGuesses)) return 'dataUri';
		const message =
			text === 'datauri'
				? `${label} takes no images written into the request`
				: `"${String(value)}" is neither upload nor dataUri`;
		context.addIssue({ code: 'custom', message });
		return z.NEVER;
	});
}

const RESERVED_KEYS = ['prompt', 'model'];

/** It may not replace the prompt or the model: both have fields of their own, which are checked. */
export const extraBodySchema: Schema<JsonObject> = z
	.unknown()
	.transform((value, context): JsonObject => {
		const addIssue = (message: string) => context.addIssue({ code: 'custom', message });
		const body = typeof value === 'string' ? parseText(value) : (value ?? {});
		if (!isJsonObject(body)) {
			addIssue('must be a JSON object, e.g. {"seed": 7}');
			return z.NEVER;
		}
		const unfilled = unfilledProblem(JSON.stringify(body));
		if (unfilled !== undefined) addIssue(unfilled);
		for (const key of RESERVED_KEYS.filter((reserved) => reserved in body)) {
			addIssue(`may not hold "${key}": use the field of that name`);
		}
		return body;
	});

function parseText(text: string): unknown {
	const json = cellText(text);
	return json === '' ? {} : parseJson(json);
}
