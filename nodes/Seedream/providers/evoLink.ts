import { z } from 'zod';

import type { RequestError } from '../errors/providerError';
import { isJsonObject } from '../shared/json';
import type { ListedTask } from '../shared/task';
import { parseEvoLinkBalance } from './accountBalance';
import { parseQuote } from './accountQuote';
import { parseCreatedTasks } from './createResponse';
import { parseRequestError } from './errorResponse';
import {
	seedream40,
	seedream45,
	seedream50Flash,
	seedream50FlashLayers,
	seedream50Lite,
	seedream50Pro,
	seedream50ProLayers,
} from './evoLinkModels';
import { optionalText, optionalTime, parse, readText, taskId } from './fieldSchemas';
import { parsePricingRules } from './pricingRules';
import type { BatchedTask, Provider } from './provider';
import { createTaskParser } from './taskResponse';

/** From the provider's own client. */
const CREDITS_PER_USD = 68;

const parseTask = createTaskParser({
	linksFrom: ({ created }) => created,
	creditsPerUsd: CREDITS_PER_USD,
	defaultErrorCode: 'unknown_error',
});

/** An entry that can't be parsed is left out, and its task is queried on its own. */
const batchedTasks = z
	.object({ data: z.array(z.unknown()) })
	.transform(({ data }) => data.flatMap((raw) => batchedTask(raw) ?? []));

function batchedTask(raw: unknown): BatchedTask | undefined {
	if (!isJsonObject(raw)) return undefined;
	const taskId = readText(raw.id);
	const content = parseTask(raw);
	if (taskId === undefined || content.kind !== 'parsed') return undefined;
	return { taskId, content: content.value, raw };
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
	models: [
		seedream50Pro,
		seedream50Flash,
		seedream50Lite,
		seedream50ProLayers,
		seedream50FlashLayers,
		seedream45,
		seedream40,
	],
	defaultModels: { 1: seedream45, 1.1: seedream50Lite },
	priceList: { unit: 'credits', creditsPerUsd: CREDITS_PER_USD },
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
	/** https://docs.evolink.ai/en/api-manual/task-management/get-task-detail, November 2026. */
	minPollSeconds: 3,
	taskList: {
		path: (model, page) =>
			`/v1/tasks?type=image&model=${encodeURIComponent(model)}&page=${page}&page_size=${PAGE_SIZE}`,
		pageSize: PAGE_SIZE,
		parse: (body) => parse(listedTasks, body),
	},
	pricing: {
		baseUrl: 'https://api.evolink.ai',
		path: '/v1/catalog/pricing-rules',
		parse: parsePricingRules,
	},
	balance: {
		path: '/v1/credits',
		parse: (body) => parseEvoLinkBalance(body, CREDITS_PER_USD),
	},
	quote: {
		path: '/v1/agent-estimates',
		parse: (body) => parseQuote(body, CREDITS_PER_USD),
	},
	fileReferences: {
		kind: 'upload',
		baseUrl: 'filesBaseUrl',
		path: '/api/v1/files/upload/stream',
		formats: ['jpeg', 'png', 'gif', 'webp'],
		maxBytes: 100 * 1024 * 1024,
		nameField: 'file_name',
		retentionHours: 72,
		parseUploaded: (body) => parse(uploadedUrl, body),
	},
	parseCreated: (body) => parseCreatedTasks(body, parseTask),
	parseTask,
	parseError: parseEvoLinkError,
};
