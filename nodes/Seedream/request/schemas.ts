import { z } from 'zod';

import type {
	Model,
	Parameter,
	ParameterName,
	PixelSizeLimits,
	SendBinaryAs,
} from '../providers/provider';
import { formatNumber } from '../shared/format';
import { isJsonObject, parseJson, parseJsonExactly, type JsonObject } from '../shared/json';
import { MAX_CALLBACK_DATA } from './callbackData';
import { cellText, isBlank, normalizeCell, stripInvisibleEnds } from './cells';
import { isInternalHost } from './hosts';
import { fieldLabel } from './labels';
import { matchRatio } from './matchRatio';
import { promptProblem, unfilledProblem } from './promptProblem';

/**
 * Checks of single fields. Each accepts any value from n8n or a spreadsheet and returns the value to
 * send, or undefined if the field is empty. Messages follow the field's label.
 */
type Schema<T> = z.ZodType<T, z.ZodTypeDef, unknown>;

type Value = string | number | boolean | undefined;

interface ModelSchemas {
	prompt: Schema<string>;
	sendBinaryAs: Schema<SendBinaryAs>;
	parameters: ReadonlyArray<[ParameterName, Schema<Value>]>;
}

const schemasOfModels = new WeakMap<Model, ModelSchemas>();

/** Built once per model: zod takes longer to build a schema than to use it, and batches have many rows. */
export function modelSchemas(model: Model): ModelSchemas {
	const schemas = schemasOfModels.get(model) ?? {
		prompt: promptSchema(model),
		sendBinaryAs: sendBinaryAsSchema(model),
		parameters: Object.entries(model.parameters).map(
			([name, parameter]): [ParameterName, Schema<Value>] => [
				name as ParameterName,
				valueSchema(parameter, model.guesses?.has(name as ParameterName) ?? false),
			],
		),
	};
	schemasOfModels.set(model, schemas);
	return schemas;
}

function promptSchema({ prompt, guesses }: Model): Schema<string> {
	const { min, max } = guesses?.has('prompt') ? { min: 1, max: Infinity } : prompt;
	return z
		.unknown()
		.transform((value) =>
			typeof value === 'object' && value !== null ? value : String(value ?? ''),
		)
		.pipe(z.string({ message: "isn't text" }))
		.transform((value, context) => {
			const text = stripInvisibleEnds(value);
			if (min === 0 && isBlank(text)) return '';
			const problem = promptProblem(value) ?? lengthProblem([...text].length, min, max);
			if (problem === undefined) return text;
			context.addIssue({ code: 'custom', message: problem });
			return z.NEVER;
		});
}

function lengthProblem(length: number, min: number, max: number): string | undefined {
	const stated = `is ${length === 1 ? '1 character' : `${formatNumber(length)} characters`} long`;
	if (length < min) return `${stated} (minimum ${min})`;
	return length > max ? `${stated} (maximum ${formatNumber(max)})` : undefined;
}

function valueSchema(parameter: Parameter, isGuess: boolean): Schema<Value> {
	switch (parameter.kind) {
		case 'choice':
			return choiceSchema(parameter, isGuess);
		case 'integer':
			return integerSchema(isGuess ? { ...parameter, min: 1, max: Infinity } : parameter);
		case 'boolean':
			return booleanSchema;
		case 'callback':
			return callbackSchema(parameter);
	}
}

type ChoiceParameter = Extract<Parameter, { kind: 'choice' }>;

/** What people write for an option. */
const OTHER_NAMES: Record<string, string> = { jpg: 'jpeg' };

/** Lenient about case, white space and separators: "16：9", "16/9" and "4k" are accepted. */
function choiceSchema(
	{ options, pixelSize }: ChoiceParameter,
	isGuess: boolean,
): Schema<string | undefined> {
	return z.unknown().transform((value, context) => {
		const text = normalizeCell(value);
		if (text === '' || text === 'default') return undefined;
		const name = OTHER_NAMES[text] ?? text;
		const option =
			options.find((candidate) => candidate.toLowerCase() === name) ?? matchRatio(text, options);
		if (option !== undefined) return option;
		const size = pixelSize && /^(\d+)[x×*](\d+)$/.exec(text);
		const problem = size
			? sizeProblem(Number(size[1]), Number(size[2]), pixelSize)
			: pixelSize && text === 'custom'
				? "is a custom size, which needs whole numbers in 'Width' and 'Height'"
				: `is "${String(value)}" but must be ${options.length === 1 ? '' : 'one of '}${options.join(', ')}`;
		if (size && (problem === undefined || isGuess)) {
			return `${Number(size[1])}x${Number(size[2])}`;
		}
		if (isGuess) return cellText(value);
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
		return `is ${size} (${formatNumber(pixels)} pixels), but the model makes ${formatNumber(minPixels)} to ${formatNumber(maxPixels)} pixels`;
	}
	const ratio = width / height;
	if (ratio < minRatio || ratio > maxRatio) {
		return `is ${size}, which is too narrow: one side can be at most ${Math.round(maxRatio)} times as long as the other`;
	}
	return undefined;
}

type IntegerParameter = Extract<Parameter, { kind: 'integer' }>;

/** The default counts as empty, because a number field can't be empty in n8n. */
function integerSchema(parameter: IntegerParameter): Schema<number | undefined> {
	const { min, max, default: defaultValue } = parameter;
	return z.unknown().transform((value, context) => {
		const text = normalizeCell(value);
		if (text === '' || text === 'default') return undefined;
		const number = Number(text);
		if (Number.isInteger(number) && number >= min && number <= max) {
			return number === defaultValue ? undefined : number;
		}
		const range = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
		context.addIssue({
			code: 'custom',
			message: `is "${String(value)}" but must be a whole number ${range}`,
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
		context.addIssue({
			code: 'custom',
			message: `is "${String(value)}" but must be true or false`,
		});
		return z.NEVER;
	});

/** EvoLink only calls back over HTTPS, and never into a private network (docs.evolink.ai). */
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
	if (link.length > maxLength) {
		return `is ${formatNumber(link.length)} characters long (maximum ${formatNumber(maxLength)})`;
	}
	const unfilled = unfilledProblem(link);
	if (unfilled !== undefined) return unfilled;
	if (!URL.canParse(link)) return `is "${link}", which isn't a valid URL`;
	const { protocol, hostname } = new URL(link);
	if (protocol !== 'https:') return 'must start with https://';
	if (isInternalHost(hostname))
		return `points to ${hostname}, which isn't reachable from the internet`;
	return undefined;
}

function sendBinaryAsSchema(model: Model): Schema<SendBinaryAs> {
	const { label, references, guesses } = model;
	const acceptsDataUri = references.dataUri || guesses?.has('referenceFiles');
	return z.unknown().transform((value, context): SendBinaryAs => {
		const text = normalizeCell(value);
		if (['', 'default', 'upload'].includes(text)) return 'upload';
		if (text === 'datauri' && acceptsDataUri) return 'dataUri';
		const message =
			text === 'datauri'
				? `is "dataUri", but ${label} doesn't accept data URIs. Use "upload"`
				: `is "${String(value)}" but must be upload or dataUri`;
		context.addIssue({ code: 'custom', message });
		return z.NEVER;
	});
}

/** Their own fields are checked, so the extra body can't replace them. */
const RESERVED_KEYS = ['prompt', 'model'] as const;

export const extraBodySchema: Schema<JsonObject> = z
	.unknown()
	.transform((value, context): JsonObject => {
		const addIssue = (message: string) => context.addIssue({ code: 'custom', message });
		const body = typeof value === 'string' ? parseJsonText(value, parseJson) : (value ?? {});
		if (!isJsonObject(body)) {
			addIssue('must be a JSON object, e.g. {"seed": 7}');
			return z.NEVER;
		}
		const unfilled = unfilledProblem(JSON.stringify(body));
		if (unfilled !== undefined) addIssue(unfilled);
		for (const key of RESERVED_KEYS.filter((reserved) => reserved in body)) {
			addIssue(`can't contain "${key}". Use the '${fieldLabel(key)}' field instead`);
		}
		return body;
	});

function parseJsonText(text: string, parse: (text: string) => unknown): unknown {
	const json = cellText(text);
	return json === '' ? {} : parse(json);
}

/** As JSON, so that it can be measured. Long numbers are IDs, and keep their digits as text. */
export const callbackDataSchema: Schema<string | undefined> = z
	.unknown()
	.transform((value, context) => {
		const data = typeof value === 'string' ? parseJsonText(value, parseJsonExactly) : (value ?? {});
		const json = JSON.stringify(data);
		const problem = isJsonObject(data) ? jsonProblem(json) : NO_CALLBACK_DATA;
		if (problem === undefined) return json === '{}' ? undefined : json;
		context.addIssue({ code: 'custom', message: problem });
		return z.NEVER;
	});

const NO_CALLBACK_DATA =
	'must be a JSON object, e.g. {"sku": "A-7"}, or an expression that returns one, e.g. {{ { sku: $json.sku } }}';

function jsonProblem(json: string): string | undefined {
	// A date is an object too, but not in JSON.
	if (!json.startsWith('{')) return NO_CALLBACK_DATA;
	const { length } = [...json];
	if (length <= MAX_CALLBACK_DATA) return unfilledProblem(json);
	return `is ${formatNumber(length)} characters of JSON (maximum ${formatNumber(MAX_CALLBACK_DATA)})`;
}
