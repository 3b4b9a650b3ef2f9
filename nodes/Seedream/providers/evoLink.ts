import { z } from 'zod';

import type { RequestError } from '../errors/providerError';
import { isJsonObject } from '../shared/json';
import type { ListedTask } from '../shared/task';
import { parseCreatedTasks } from './createResponse';
import { parseRequestError } from './errorResponse';
import { optionalText, optionalTime, parse, taskId } from './fieldSchemas';
import type { BatchedTask, Model, Provider } from './provider';
import { referencesPlusImages } from './rules';
import { SEEDREAM_REFERENCE_FILE } from './seedream';
import { createTaskParser } from './taskResponse';

const RATIOS = [
	'auto',
	'1:1',
	'2:3',
	'3:2',
	'3:4',
	'4:3',
	'4:5',
	'5:4',
	'9:16',
	'16:9',
	'9:21',
	'21:9',
] as const;

const MAX_REFERENCES_AND_IMAGES = 15;

const SIZE_NOTE = 'Also accepts a size in pixels, e.g. "2048×2048".';

/**
 * October 2026:
 * https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-4.5-image-generate
 */
const seedream45: Model = {
	id: 'doubao-seedream-4.5',
	aliases: [],
	label: 'Seedream 4.5',
	version: '4.5',
	prompt: { min: 1, max: 2000 },
	references: { min: 0, max: 14, dataUri: false, file: SEEDREAM_REFERENCE_FILE },
	parameters: {
		aspectRatio: {
			kind: 'choice',
			sentAs: 'size',
			options: RATIOS,
			default: 'auto',
			note: SIZE_NOTE,
			pixelSize: {
				minPixels: 2560 * 1440,
				maxPixels: 4096 * 4096,
				minRatio: 1 / 16,
				maxRatio: 16,
			},
		},
		resolution: { kind: 'choice', sentAs: 'quality', options: ['2K', '4K'], default: '2K' },
		imageCount: {
			kind: 'integer',
			sentAs: 'n',
			min: 1,
			max: MAX_REFERENCES_AND_IMAGES,
			default: 1,
			isUpperBound: true,
			note: 'This is an upper limit: to get several images, also ask for them in the prompt, e.g. "generate 3 different images". You only pay for the images you get.',
		},
		promptOptimization: {
			kind: 'choice',
			sentAs: 'prompt_priority',
			options: ['standard'],
			default: 'standard',
		},
		callbackUrl: { kind: 'callback', sentAs: 'callback_url', maxLength: 2048 },
	},
	rules: [referencesPlusImages(MAX_REFERENCES_AND_IMAGES)],
	creditsPerImage: 2.25,
};

/**
 * October 2026:
 * https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-4.0-image-generate
 */
const seedream40: Model = {
	...seedream45,
	id: 'doubao-seedream-4.0',
	label: 'Seedream 4.0',
	version: '4.0',
	references: {
		...seedream45.references,
		note: "EvoLink's page for Seedream 4.0 lists only JPEG and PNG up to a ratio of 3:1, but its newer documentation allows more.",
	},
	parameters: {
		...seedream45.parameters,
		aspectRatio: {
			kind: 'choice',
			sentAs: 'size',
			options: RATIOS,
			default: 'auto',
			note: SIZE_NOTE,
			pixelSize: { minPixels: 1280 * 720, maxPixels: 4096 * 4096, minRatio: 1 / 16, maxRatio: 16 },
		},
		resolution: { kind: 'choice', sentAs: 'quality', options: ['1K', '2K', '4K'], default: '2K' },
		promptOptimization: {
			kind: 'choice',
			sentAs: 'prompt_priority',
			options: ['standard', 'fast'],
			default: 'standard',
		},
	},
	creditsPerImage: 1.6,
};

const parseTask = createTaskParser({
	linksFrom: ({ created }) => created,
	defaultErrorCode: 'unknown_error',
});

/** An entry that can't be parsed is left out, and its task is queried on its own. */
const batchedTasks = z
	.object({ data: z.array(z.unknown()) })
	.transform(({ data }) => data.flatMap((raw) => batchedTask(raw) ?? []));

function batchedTask(raw: unknown): BatchedTask | undefined {
	const id = z.object({ id: taskId }).safeParse(raw);
	const content = parseTask(raw);
	if (!id.success || content.kind !== 'parsed' || !isJsonObject(raw)) return undefined;
	return { taskId: id.data.id, content: content.value, raw };
}

const listedTask = z
	.object({ id: taskId, model: optionalText, created_at: optionalTime })
	.passthrough()
	.transform(({ id, model, created_at: createdAt, ...rest }): ListedTask[] => {
		const task = parseTask({ ...rest, id });
		if (!createdAt || task.kind !== 'parsed') return [];
		return [{ taskId: id, model, status: task.value.status, createdAt }];
	});

const listedTasks = z
	.object({ data: z.array(listedTask.catch([])) })
	.transform(({ data }) => data.flat());

/** The files API returns codes such as 40001 and 50001, even with HTTP 200. */
function parseEvoLinkError(status: number, body: unknown): RequestError | undefined {
	const error = parseRequestError(status, body);
	const named = /^([45]\d\d)\d\d$/.exec(error?.code ?? '')?.[1];
	return error && named ? { ...error, status: Number(named) } : error;
}

const fileUrl = z.string().url();

const uploadedUrl = z
	.object({
		data: z
			.object({ file_url: fileUrl })
			.transform(({ file_url }) => file_url)
			.or(z.object({ download_url: fileUrl }).transform(({ download_url }) => download_url)),
	})
	.transform(({ data }) => data);

const PAGE_SIZE = 50;

export const evoLink: Provider = {
	id: 'evoLink',
	label: 'EvoLink',
	credential: 'evoLinkApi',
	models: [seedream45, seedream40],
	createPath: '/v1/images/generations',
	idempotency: { trust: 'promised' },
	failedTasksAreFree: 'documented',
	queryPath: (id) => `/v1/tasks/${encodeURIComponent(id)}`,
	batchQuery: {
		path: '/v1/tasks/batch',
		maxIds: 50,
		body: (taskIds) => ({ task_ids: taskIds }),
		parse: (body) => parse(batchedTasks, body),
	},
	taskList: {
		path: (model, page) =>
			`/v1/tasks?type=image&model=${encodeURIComponent(model)}&page=${page}&page_size=${PAGE_SIZE}`,
		pageSize: PAGE_SIZE,
		parse: (body) => parse(listedTasks, body),
	},
	fileReferences: {
		kind: 'upload',
		baseUrl: 'filesBaseUrl',
		path: '/api/v1/files/upload/stream',
		formats: ['jpeg', 'png', 'gif', 'webp'],
		nameField: 'file_name',
		retentionHours: 72,
		parseUploaded: (body) => parse(uploadedUrl, body),
	},
	parseCreated: (body) => parseCreatedTasks(body, parseTask),
	parseTask,
	parseError: parseEvoLinkError,
};
