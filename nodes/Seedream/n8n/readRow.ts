import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { Result } from '../errors/failure';
import { invalidRow } from '../errors/inputFailures';
import type { ImageFile } from '../images/imageFile';
import { providers } from '../providers';
import type { FieldName, ParameterName, Provider } from '../providers/provider';
import { cellText, isBlank } from '../request/cells';
import { checkRequest, type RawRow } from '../request/checkRequest';
import {
	hasExpression,
	notFound,
	notFoundProblem,
	takesNothing,
	type FieldPath,
	type RowExpressions,
} from '../request/expressions';
import { isInternalHost } from '../request/hosts';
import type { ImageRequest } from '../request/imageRequest';
import { fieldLabel } from '../request/labels';
import { encodeUrl } from '../request/links';
import { idList, linkList } from '../request/lists';
import { matchProvider } from '../request/matchNames';
import {
	readContinueWhen,
	readOptions,
	type Checked,
	type RowOptions,
	type ReadField,
} from '../request/options';
import { unfilledProblem } from '../request/promptProblem';
import { hasInternalLink, type Reach } from '../request/referenceProblems';
import { readImages } from './readImages';

/** A row whose task exists, or may exist: it is made of what it was made of. */
export interface RowSettings {
	provider: Provider;
	continueWhen: 'finished' | 'submitted';
	controls: RowOptions;
}

export interface GenerateRow extends RowSettings {
	request: ImageRequest;
}

export interface StatusRow {
	provider: Provider;
	taskIds: readonly string[];
	continueWhen: 'now' | 'finished';
	controls: RowOptions;
}

export async function readGenerateRow(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<Result<GenerateRow>> {
	const field = fieldReader(context, itemIndex);
	return await readRow(context, itemIndex, async (provider) => {
		const request = await readRequest(context, itemIndex, field, provider);
		const continueWhen = readContinueWhen(field, ['finished', 'submitted']);
		const controls = readOptions(field);
		if (!request.ok || !continueWhen.ok || !controls.ok) {
			return refuse(provider, request, continueWhen, controls);
		}
		return {
			ok: true,
			value: {
				provider,
				request: request.value,
				continueWhen: continueWhen.value,
				controls: controls.value,
			},
		};
	});
}

/** What the row asks for is not even looked at: `provider` has its task. */
export async function readRowSettings(
	context: IExecuteFunctions,
	itemIndex: number,
	provider: Provider,
): Promise<Result<RowSettings>> {
	const field = fieldReader(context, itemIndex);
	return await readable(async () => {
		const continueWhen = readContinueWhen(field, ['finished', 'submitted']);
		const controls = readOptions(field);
		if (!continueWhen.ok || !controls.ok) return refuse(provider, continueWhen, controls);
		const value = { provider, continueWhen: continueWhen.value, controls: controls.value };
		return { ok: true, value };
	});
}

async function readRequest(
	context: IExecuteFunctions,
	itemIndex: number,
	field: ReadField,
	provider: Provider,
): Promise<Checked<ImageRequest>> {
	const missing = missingValues(context, itemIndex, provider);
	if (missing.length > 0) return { ok: false, problems: missing };
	const imageFiles = await readImages(context, itemIndex, field('imageFields', ''));
	const raw = rawRequest(field, imageFiles.ok ? imageFiles.value : []);
	const reach = await reachOf(context, itemIndex, provider, field('imageUrls', ''));
	const request = raw.ok ? checkRequest(provider, raw.value, reach) : raw;
	if (imageFiles.ok && request.ok) return request;
	return { ok: false, problems: [imageFiles, request].flatMap(problemsOf) };
}

/** A provider that is reached inside a network of one's own can open the links of that network. */
async function reachOf(
	context: IExecuteFunctions,
	itemIndex: number,
	{ credential }: Provider,
	imageUrls: unknown,
): Promise<Reach> {
	if (!hasInternalLink(linkList(imageUrls).map(encodeUrl))) return 'internet';
	if (!context.getNode().credentials?.[credential]) return 'internet';
	try {
		const fields = await context.getCredentials(credential, itemIndex);
		const { hostname } = new URL(cellText(fields.baseUrl));
		return isInternalHost(hostname) ? 'network' : 'internet';
	} catch {
		// Whoever sends the row says what is wrong with the credential.
		return 'internet';
	}
}

/**
 * The fields without whose value an image would be made of something else, and charged all the same:
 * an expression in them that found nothing is refused. What the row shows (prompt and references) has
 * to be found in the row itself. A setting may be missing in one row, for programs that read a sheet
 * leave out its empty cells; but a name that no row has is misspelt.
 *
 * Not among them are Model, where none named means the newest that fits the row; Custom Model, Width
 * and Height, which are checked where they count; and what only says how a row is carried out and
 * handed on, where the default costs nothing.
 */
const DECISIVE: ReadonlyArray<{ name: FieldName; kind: 'content' | 'setting' | 'nested' }> = [
	{ name: 'prompt', kind: 'content' },
	{ name: 'imageUrls', kind: 'content' },
	{ name: 'imageFields', kind: 'content' },
	{ name: 'aspectRatio', kind: 'setting' },
	{ name: 'resolution', kind: 'setting' },
	{ name: 'imageCount', kind: 'setting' },
	{ name: 'promptOptimization', kind: 'nested' },
	{ name: 'sequentialImageGeneration', kind: 'nested' },
	{ name: 'maxImages', kind: 'nested' },
	{ name: 'watermark', kind: 'nested' },
	{ name: 'callbackUrl', kind: 'nested' },
	{ name: 'askForCount', kind: 'nested' },
	{ name: 'sendBinaryAs', kind: 'nested' },
	{ name: 'extraBody', kind: 'nested' },
];

function missingValues(
	context: IExecuteFunctions,
	itemIndex: number,
	{ models: [{ parameters }] }: Provider,
): string[] {
	return DECISIVE.flatMap(({ name, kind }) => {
		const path: FieldPath = kind === 'nested' ? ['additionalFields', name] : [name];
		const part = notFoundIn(context, itemIndex, path);
		if (part === undefined) return [];
		if (kind !== 'content' && isFoundInAnyRow(context, path)) return [];
		const isAll = valueAt(context, itemIndex, path) === undefined;
		const mayBeEmpty = name !== 'prompt' || !isAll;
		return `${fieldLabel(name, parameters)}: ${notFoundProblem(part, mayBeEmpty)}`;
	});
}

function valueAt(context: IExecuteFunctions, itemIndex: number, path: FieldPath): unknown {
	return context.getNodeParameter(path.join('.'), itemIndex, '');
}

function notFoundIn(
	context: IExecuteFunctions,
	itemIndex: number,
	path: FieldPath,
): string | undefined {
	const row = rowExpressions(context, itemIndex);
	return hasExpression(row, path)
		? notFound(row, path, valueAt(context, itemIndex, path))
		: undefined;
}

/** Asked by every row that misses the value, and worked out once. */
const foundInAnyRow = new WeakMap<IExecuteFunctions, Map<string, boolean>>();

function isFoundInAnyRow(context: IExecuteFunctions, path: FieldPath): boolean {
	const known = foundInAnyRow.get(context) ?? new Map<string, boolean>();
	foundInAnyRow.set(context, known);
	const key = path.join('.');
	const isFound =
		known.get(key) ??
		context.getInputData().some((_item, itemIndex) => {
			try {
				return notFoundIn(context, itemIndex, path) === undefined;
			} catch {
				return false;
			}
		});
	known.set(key, isFound);
	return isFound;
}

/**
 * Whether the row is an empty line of a sheet, to be passed over: `essential` and all else that the
 * node takes from it is empty. An agent that calls the node as a tool has to hear of it.
 */
export function isEmptyRow(
	context: IExecuteFunctions,
	itemIndex: number,
	essential: 'prompt' | 'taskId',
): boolean {
	const item = context.getInputData()[itemIndex];
	const { row_number: _isThereAlways, ...cells } = item?.json ?? {};
	const isItemEmpty = Object.values(cells).every(isBlank);
	const files = Object.keys(item?.binary ?? {});
	const row = rowExpressions(context, itemIndex);
	// A plain name of a field takes from the row what this one has of it.
	if (files.length > 0 && !isBlank(row.parameters.imageFields)) return false;
	try {
		const value = context.getNodeParameter(essential, itemIndex, '') as unknown;
		return takesNothing(row, { essential, value, isItemEmpty });
	} catch {
		return false;
	}
}

export async function readStatusRow(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<Result<StatusRow>> {
	const field = fieldReader(context, itemIndex);
	return await readRow(context, itemIndex, async (provider) => {
		const taskIds = readTaskIds(field, rowExpressions(context, itemIndex));
		const continueWhen = readContinueWhen(field, ['now', 'finished']);
		const controls = readOptions(field);
		if (!taskIds.ok || !continueWhen.ok || !controls.ok) {
			return refuse(provider, taskIds, continueWhen, controls);
		}
		return {
			ok: true,
			value: {
				provider,
				taskIds: taskIds.value,
				continueWhen: continueWhen.value,
				controls: controls.value,
			},
		};
	});
}

function fieldReader(context: IExecuteFunctions, itemIndex: number): ReadField {
	return (name, whenHidden) => context.getNodeParameter(name, itemIndex, whenHidden);
}

function rowExpressions(context: IExecuteFunctions, itemIndex: number): RowExpressions {
	return {
		parameters: context.getNode().parameters,
		evaluate: (part) => context.evaluateExpression(part, itemIndex),
	};
}

async function readRow<T>(
	context: IExecuteFunctions,
	itemIndex: number,
	read: (provider: Provider) => Promise<Result<T>>,
): Promise<Result<T>> {
	return await readable(async () => await readKnownProvider(context, itemIndex, read));
}

/** An expression that cannot be worked out is a problem of its row, and of no other. */
async function readable<T>(read: () => Promise<Result<T>>): Promise<Result<T>> {
	try {
		return await read();
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		return { ok: false, failure: invalidRow([`The fields cannot be read: ${reason}`]) };
	}
}

async function readKnownProvider<T>(
	context: IExecuteFunctions,
	itemIndex: number,
	read: (provider: Provider) => Promise<Result<T>>,
): Promise<Result<T>> {
	const value = fieldReader(context, itemIndex)('provider', '');
	const provider = matchProvider(value);
	if (provider) return await read(provider);
	const part = notFound(rowExpressions(context, itemIndex), ['provider'], value);
	if (part !== undefined) {
		return { ok: false, failure: invalidRow([`Provider: ${notFoundProblem(part, false)}`]) };
	}
	const id = String(value).trim();
	const known = providers.map((one) => `${one.id} (${one.label})`).join(', ');
	return { ok: false, failure: invalidRow([`Provider: "${id}" is none of ${known}`]) };
}

function refuse(provider: Provider, ...parts: Array<Checked<unknown>>): Result<never> {
	return { ok: false, failure: invalidRow(parts.flatMap(problemsOf), provider) };
}

function problemsOf(part: Checked<unknown>): string[] {
	return part.ok ? [] : part.problems;
}

function readTaskIds(field: ReadField, row: RowExpressions): Checked<string[]> {
	const value = field('taskId', '');
	const part = notFound(row, ['taskId'], value);
	if (part !== undefined) {
		return { ok: false, problems: [`Task ID: ${notFoundProblem(part, value !== undefined)}`] };
	}
	const unfilled = typeof value === 'string' ? unfilledProblem(value) : undefined;
	if (unfilled !== undefined) return { ok: false, problems: [`Task ID: ${unfilled}`] };
	const ids = idList(value);
	const wrong = ids.find((id) => /[{}<>"[\]]|^(?:undefined|null|nan)$/i.test(id));
	if (wrong !== undefined) {
		return { ok: false, problems: [`Task ID: "${wrong.slice(0, 60)}" is no ID of a task`] };
	}
	return ids.length > 0 ? { ok: true, value: ids } : { ok: false, problems: ['Task ID: is empty'] };
}

const NESTED_PARAMETERS: readonly ParameterName[] = [
	'promptOptimization',
	'sequentialImageGeneration',
	'maxImages',
	'watermark',
	'callbackUrl',
];

const additionalSchema = z
	.record(z.unknown())
	.nullish()
	.transform((fields) => fields ?? {});

function rawRequest(field: ReadField, imageFiles: readonly ImageFile[]): Checked<RawRow> {
	const parsed = additionalSchema.safeParse(field('additionalFields', {}));
	if (!parsed.success) {
		return { ok: false, problems: ['Additional Fields: are not an object of fields'] };
	}
	const additional = parsed.data;
	const value = {
		model: field('model', ''),
		customModel: field('customModel', ''),
		prompt: field('prompt', ''),
		imageUrls: field('imageUrls', ''),
		imageFiles,
		width: field('width', ''),
		height: field('height', ''),
		parameters: {
			aspectRatio: field('aspectRatio', ''),
			resolution: field('resolution', ''),
			imageCount: field('imageCount', ''),
			...Object.fromEntries(NESTED_PARAMETERS.map((name) => [name, additional[name]])),
		},
		askForCount: additional.askForCount,
		sendBinaryAs: additional.sendBinaryAs,
		extraBody: additional.extraBody,
	};
	return { ok: true, value };
}
