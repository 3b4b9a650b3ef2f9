import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import type { Result } from '../errors/failure';
import { invalidRow } from '../errors/inputFailures';
import type { ImageFile } from '../images/imageFile';
import { providers } from '../providers';
import type { ModelSchema } from '../providers/modelSchema';
import { NODE_VERSIONS, type NodeVersion, type Provider } from '../providers/provider';
import { cellText, isBlank } from '../request/cells';
import { checkRequest, type RawRow } from '../request/checkRequest';
import { findMissingPart, missingPartProblem, usesOnlyEmptyCells } from '../request/expressions';
import { isInternalHost } from '../request/hosts';
import type { ImageRequest } from '../request/imageRequest';
import { fieldMessage } from '../request/labels';
import { encodeUrl } from '../request/links';
import { isTaskId, parseTaskIds, parseLinks } from '../request/lists';
import { matchModel, matchProvider } from '../request/matchNames';
import {
	readContinueWhen,
	readOptions,
	type Checked,
	type RowOptions,
	type ReadField,
} from '../request/options';
import { unfilledProblem } from '../request/promptProblem';
import { hasInternalLink, type Reach } from '../request/referenceProblems';
import type { JsonObject } from '../shared/json';
import { missingValues } from './missingValues';
import { nodeOf } from './node';
import { readImages } from './readImages';
import { ADDITIONAL_PARAMETERS, type RowFields } from './rowFields';

const CONTINUE_WHEN = ['finished', 'submitted', 'preview'] as const;

type ContinueWhen = (typeof CONTINUE_WHEN)[number];

/** What a row says about how it's processed. */
export interface RowSettings {
	provider: Provider;
	continueWhen: ContinueWhen;
	options: RowOptions;
}

export interface GenerateRow extends RowSettings {
	request: ImageRequest;
	/** Checks the row once more, with the limits of its custom model. */
	recheck: (schema: ModelSchema) => Result<ImageRequest>;
}

export interface StatusRow {
	provider: Provider;
	taskIds: readonly string[];
	continueWhen: 'now' | 'finished';
	options: RowOptions;
}

/** A task that a provider called back for, and the query of the address that it called. */
export interface TriggerRow {
	provider: Provider;
	taskId: string;
	query: JsonObject;
	options: RowOptions;
}

export async function readGenerateRow(fields: RowFields): Promise<Result<GenerateRow>> {
	return await readRow(fields, async (provider) => {
		const check = await readRequest(fields, provider);
		const request = check();
		const continueWhen = readContinueWhen(fields.read, CONTINUE_WHEN);
		const options = fields.readOnce(readOptions);
		if (!request.ok || !continueWhen.ok || !options.ok) {
			return refuse(provider, request, continueWhen, options);
		}
		return {
			ok: true,
			value: {
				provider,
				request: request.value,
				recheck: (schema) => {
					const checked = check(schema);
					return checked.ok ? checked : refuse(provider, checked);
				},
				continueWhen: continueWhen.value,
				options: options.value,
			},
		};
	});
}

/** Whether the row is only checked and priced, also if it can't be read otherwise. */
export function isPreviewed(fields: RowFields): boolean {
	try {
		const continueWhen = readContinueWhen(fields.read, CONTINUE_WHEN);
		return continueWhen.ok && continueWhen.value === 'preview';
	} catch {
		return false;
	}
}

/** For a row whose task exists, or might: what it requests isn't even read, because `provider` has it. */
export async function readRowSettings(
	fields: RowFields,
	provider: Provider,
): Promise<Result<RowSettings>> {
	return await readable(async () => {
		const continueWhen = readContinueWhen(fields.read, CONTINUE_WHEN);
		const options = fields.readOnce(readOptions);
		if (!continueWhen.ok || !options.ok) return refuse(provider, continueWhen, options);
		const value = { provider, continueWhen: continueWhen.value, options: options.value };
		return { ok: true, value };
	});
}

/** Reads everything that the row requests. What it returns checks that, as often as needed. */
async function readRequest(
	fields: RowFields,
	provider: Provider,
): Promise<(schema?: ModelSchema) => Checked<ImageRequest>> {
	const { context, itemIndex, read } = fields;
	const optionalPrompt = isPromptOptional(provider, read);
	const missing = await missingValues(fields, provider, optionalPrompt);
	if (missing.length > 0) return () => ({ ok: false, problems: missing });
	const imageFiles = await readImages(context, itemIndex, read('imageFields', ''));
	const images = imageFiles.ok ? imageFiles.value : [];
	const raw = rawRequest(read, images, nodeVersion(context));
	const reach = await reachOf(context, itemIndex, provider, read('imageUrls', ''));
	return (schema) => {
		const request = raw.ok ? checkRequest(provider, raw.value, reach, schema) : raw;
		if (imageFiles.ok && request.ok) return request;
		return { ok: false, problems: [imageFiles, request].flatMap(problemsOf) };
	};
}

/** A provider inside a private network can open links into it. */
export async function reachOf(
	context: IExecuteFunctions,
	itemIndex: number,
	{ credential }: Provider,
	imageUrls: unknown,
): Promise<Reach> {
	if (!hasInternalLink(parseLinks(imageUrls).map(encodeUrl))) return 'internet';
	if (!nodeOf(context).credentials?.[credential]) return 'internet';
	try {
		const fields = await context.getCredentials(credential, itemIndex);
		const { hostname } = new URL(cellText(fields.baseUrl));
		return isInternalHost(hostname) ? 'network' : 'internet';
	} catch {
		// Creating the API client reports what's wrong with the credential.
		return 'internet';
	}
}

/** A row without a prompt isn't empty if its model needs none. */
export function isEmptyGenerateRow(fields: RowFields): boolean {
	return isEmptyRow(fields, needsPrompt(fields) ? 'prompt' : 'imageUrls');
}

function needsPrompt({ read }: RowFields): boolean {
	try {
		const provider = matchProvider(read('provider', ''));
		return !provider || !isPromptOptional(provider, read);
	} catch {
		return true;
	}
}

function isPromptOptional(provider: Provider, field: ReadField): boolean {
	return matchModel(provider, field('model', ''))?.prompt.min === 0;
}

/**
 * Whether the row is an empty row of a spreadsheet, to be skipped: `requiredField` and everything else
 * that the node takes from it is empty. An agent that calls the node as a tool has to be told instead.
 */
export function isEmptyRow(
	fields: RowFields,
	requiredField: 'prompt' | 'imageUrls' | 'taskId',
): boolean {
	const { context, itemIndex, parameters, read } = fields;
	const item = context.getInputData()[itemIndex];
	const { row_number: _isNeverEmpty, ...cells } = item?.json ?? {};
	const isItemEmpty = Object.values(cells).every(isBlank);
	const files = Object.keys(item?.binary ?? {});
	// A field name in 'Reference Image Fields' takes a file from the row without an expression.
	if (files.length > 0 && !isBlank(parameters.imageFields)) return false;
	try {
		const value = read(requiredField, '');
		return usesOnlyEmptyCells(fields, { requiredField, value, isItemEmpty });
	} catch {
		return false;
	}
}

export async function readStatusRow(fields: RowFields): Promise<Result<StatusRow>> {
	return await readRow(fields, async (provider) => {
		const taskIds = readTaskIds(fields);
		const continueWhen = readContinueWhen(fields.read, ['now', 'finished']);
		const options = fields.readOnce(readOptions);
		if (!taskIds.ok || !continueWhen.ok || !options.ok) {
			return refuse(provider, taskIds, continueWhen, options);
		}
		return {
			ok: true,
			value: {
				provider,
				taskIds: taskIds.value,
				continueWhen: continueWhen.value,
				options: options.value,
			},
		};
	});
}

const callbackSchema = z.object({ taskId: z.string().refine(isTaskId) }).passthrough();

/** The row is what the trigger's webhook returned. */
export async function readTriggerRow(fields: RowFields): Promise<Result<TriggerRow>> {
	const { context, itemIndex } = fields;
	return await readRow(fields, async (provider) => {
		const callback = callbackSchema.safeParse(context.getInputData()[itemIndex]?.json);
		if (!callback.success) {
			return { ok: false, failure: invalidRow(['The callback has no task ID'], provider) };
		}
		const options = fields.readOnce(readOptions);
		if (!options.ok) return refuse(provider, options);
		const { taskId, ...query } = callback.data;
		return { ok: true, value: { provider, taskId, query, options: options.value } };
	});
}

async function readRow<T>(
	fields: RowFields,
	read: (provider: Provider) => Promise<Result<T>>,
): Promise<Result<T>> {
	return await readable(async () => await readKnownProvider(fields, read));
}

/** An expression that throws fails its own row, and no other. */
async function readable<T>(read: () => Promise<Result<T>>): Promise<Result<T>> {
	try {
		return await read();
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		return { ok: false, failure: invalidRow([`n8n couldn't read the fields: ${reason}`]) };
	}
}

async function readKnownProvider<T>(
	fields: RowFields,
	read: (provider: Provider) => Promise<Result<T>>,
): Promise<Result<T>> {
	const value = fields.read('provider', '');
	const provider = matchProvider(value);
	if (provider) return await read(provider);
	const part = findMissingPart(fields, ['provider'], value);
	if (part !== undefined) {
		return {
			ok: false,
			failure: invalidRow([fieldMessage('Provider', missingPartProblem(part, false))]),
		};
	}
	const id = String(value).trim();
	const known = providers.map((one) => `${one.id} (${one.label})`).join(', ');
	return {
		ok: false,
		failure: invalidRow([fieldMessage('Provider', `is "${id}" but must be one of ${known}`)]),
	};
}

function refuse(provider: Provider, ...parts: Array<Checked<unknown>>): Result<never> {
	return { ok: false, failure: invalidRow(parts.flatMap(problemsOf), provider) };
}

function problemsOf(part: Checked<unknown>): string[] {
	return part.ok ? [] : part.problems;
}

function readTaskIds(fields: RowFields): Checked<string[]> {
	const value = fields.read('taskId', '');
	const part = findMissingPart(fields, ['taskId'], value);
	if (part !== undefined) {
		return {
			ok: false,
			problems: [fieldMessage('Task ID', missingPartProblem(part, value !== undefined))],
		};
	}
	const unfilled = typeof value === 'string' ? unfilledProblem(value) : undefined;
	if (unfilled !== undefined) return { ok: false, problems: [fieldMessage('Task ID', unfilled)] };
	const ids = parseTaskIds(value);
	const wrong = ids.find((id) => !isTaskId(id));
	if (wrong !== undefined) {
		return {
			ok: false,
			problems: [
				fieldMessage('Task ID', `contains "${wrong.slice(0, 60)}", which isn't a task ID`),
			],
		};
	}
	return ids.length > 0
		? { ok: true, value: ids }
		: { ok: false, problems: [fieldMessage('Task ID', 'is empty')] };
}

/** A version that's newer than this package counts as its newest. */
export function nodeVersion(context: IExecuteFunctions): NodeVersion {
	const { typeVersion } = nodeOf(context);
	return NODE_VERSIONS.findLast((version) => version <= typeVersion) ?? NODE_VERSIONS[0];
}

const additionalSchema = z
	.record(z.unknown())
	.nullish()
	.transform((fields) => fields ?? {});

function rawRequest(
	field: ReadField,
	imageFiles: readonly ImageFile[],
	nodeVersion: NodeVersion,
): Checked<RawRow> {
	const parsed = additionalSchema.safeParse(field('additionalFields', {}));
	if (!parsed.success) {
		return { ok: false, problems: [fieldMessage('Additional Fields', 'must be an object')] };
	}
	const additional = parsed.data;
	const value = {
		nodeVersion,
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
			...Object.fromEntries(ADDITIONAL_PARAMETERS.map((name) => [name, additional[name]])),
		},
		askForCount: additional.askForCount,
		sendBinaryAs: additional.sendBinaryAs,
		extraBody: additional.extraBody,
		callbackData: additional.callbackData,
	};
	return { ok: true, value };
}
