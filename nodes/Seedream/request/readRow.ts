import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { invalidRow, type Result } from '../errors';
import type { ImageFile } from '../images/imageFile';
import { findProvider, providers } from '../providers';
import type { ImageRequest, ParameterName, Provider } from '../providers/provider';
import { checkRequest, type RawRow } from './checkRequest';
import {
	readContinueWhen,
	readControls,
	type Checked,
	type Controls,
	type ReadField,
} from './controls';
import { idList } from './list';
import { readImages } from './readImages';

/** A row whose task exists, or may exist: it is made of what it was made of. */
export interface MadeRow {
	provider: Provider;
	continueWhen: 'finished' | 'submitted';
	controls: Controls;
}

export interface GenerateRow extends MadeRow {
	request: ImageRequest;
}

export interface StatusRow {
	provider: Provider;
	taskIds: readonly string[];
	continueWhen: 'now' | 'finished';
	controls: Controls;
}

export async function readGenerateRow(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<Result<GenerateRow>> {
	const field = fieldReader(context, itemIndex);
	return await readRow(field, async (provider) => {
		const request = await readRequest(context, itemIndex, field, provider);
		const continueWhen = readContinueWhen(field, ['finished', 'submitted']);
		const controls = readControls(field);
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
export async function readMadeRow(
	context: IExecuteFunctions,
	itemIndex: number,
	provider: Provider,
): Promise<Result<MadeRow>> {
	const field = fieldReader(context, itemIndex);
	return await readable(async () => {
		const continueWhen = readContinueWhen(field, ['finished', 'submitted']);
		const controls = readControls(field);
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
	const imageFiles = await readImages(context, itemIndex, field('imageFields', ''));
	const raw = rawRequest(field, imageFiles.ok ? imageFiles.value : []);
	const request = raw.ok ? checkRequest(provider, raw.value) : raw;
	if (imageFiles.ok && request.ok) return request;
	return { ok: false, problems: [imageFiles, request].flatMap(problemsOf) };
}

export async function readStatusRow(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<Result<StatusRow>> {
	const field = fieldReader(context, itemIndex);
	return await readRow(field, async (provider) => {
		const taskIds = readTaskIds(field);
		const continueWhen = readContinueWhen(field, ['now', 'finished']);
		const controls = readControls(field);
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

async function readRow<T>(
	field: ReadField,
	read: (provider: Provider) => Promise<Result<T>>,
): Promise<Result<T>> {
	return await readable(async () => await readKnownProvider(field, read));
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
	field: ReadField,
	read: (provider: Provider) => Promise<Result<T>>,
): Promise<Result<T>> {
	const id = String(field('provider', '')).trim();
	const provider = findProvider(id);
	if (provider) return await read(provider);
	const known = providers.map((one) => `${one.id} (${one.label})`).join(', ');
	return { ok: false, failure: invalidRow([`Provider: "${id}" is none of ${known}`]) };
}

function refuse(provider: Provider, ...parts: Array<Checked<unknown>>): Result<never> {
	return { ok: false, failure: invalidRow(parts.flatMap(problemsOf), provider) };
}

function problemsOf(part: Checked<unknown>): string[] {
	return part.ok ? [] : part.problems;
}

function readTaskIds(field: ReadField): Checked<string[]> {
	const ids = idList(field('taskId', ''));
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
