import { z } from 'zod';

import type { RequestError } from '../errors/providerError';
import { parseApiMartBalance } from './accountBalance';
import {
	seedream40,
	seedream45,
	seedream50Flash,
	seedream50Lite,
	seedream50Pro,
} from './apiMartModels';
import { parseCreatedTasks } from './createResponse';
import { parseRequestError } from './errorResponse';
import { parse } from './fieldSchemas';
import { parseModelSchema } from './modelSchema';
import type { Provider } from './provider';
import { createTaskParser } from './taskResponse';

/** From the responses that the provider documents. */
const CREDITS_PER_USD = 10;

const parseTask = createTaskParser({
	linksFrom: ({ created, completed }) => completed ?? created,
	costIsUsd: true,
	creditsPerUsd: CREDITS_PER_USD,
	defaultErrorCode: 'task_failed',
});

/** An invalid parameter is rejected with HTTP 500 and this prefix. */
const INVALID_PARAMETER = /^build_request_failed\b/;

/** The provider's message for an unknown task, where others respond with 404. */
const UNKNOWN_TASK = /无效的任务\s*ID/;

function parseApiMartError(status: number, body: unknown): RequestError | undefined {
	const error = parseRequestError(status, body);
	if (!error) return undefined;
	if (INVALID_PARAMETER.test(error.message) || INVALID_PARAMETER.test(error.code))
		return { ...error, status: 400 };
	return UNKNOWN_TASK.test(error.message) ? { ...error, status: 404 } : error;
}

const uploadedUrl = z.object({ url: z.string().url() }).transform(({ url }) => url);

export const apiMart: Provider = {
	id: 'apiMart',
	label: 'APIMart',
	credential: 'apiMartApi',
	models: [seedream50Pro, seedream50Flash, seedream50Lite, seedream45, seedream40],
	defaultModels: { 1: seedream45, 1.1: seedream50Lite },
	priceList: { unit: 'usd', creditsPerUsd: CREDITS_PER_USD },
	createPath: '/v1/images/generations',
	// Documented for all create requests, but not for Seedream in particular. The provider's own client
	// sends the version with each of them.
	idempotency: {
		trust: 'whenShown',
		headers: { 'X-APIMart-Response-Version': '2026-07-27' },
	},
	failedTasksAreFree: 'documented',
	queryPath: (id) => `/v1/tasks/${encodeURIComponent(id)}`,
	modelSchema: {
		path: (modelId) =>
			`/v1/model-schema?model=${encodeURIComponent(modelId)}&operation=image_generation`,
		parse: ({ input_schema: schema }) => parseModelSchema(schema),
	},
	balance: { path: '/v1/balance', parse: parseApiMartBalance },
	fileReferences: {
		kind: 'upload',
		baseUrl: 'baseUrl',
		path: '/v1/uploads/images',
		formats: ['jpeg', 'png', 'webp', 'gif'],
		maxBytes: 20 * 1024 * 1024,
		retentionHours: 72,
		parseUploaded: (body) => parse(uploadedUrl, body),
	},
	parseCreated: (body) => parseCreatedTasks(body, parseTask),
	parseTask,
	parseError: parseApiMartError,
};
