import type { IdempotencyRules } from '../idempotency';
import { roundCredits } from '../prices';
import { creditsOf, randomIdPart, type Task, type TaskSnapshot } from '../tasks';
import { EVOLINK_CATALOG } from './evoLinkCatalog';
import { parseEvoLinkCreate } from './evoLinkCreate';
import { conflict, errorResponse } from './evoLinkErrors';
import { EVOLINK_ESTIMATES } from './evoLinkEstimates';
import { layerResults } from './evoLinkLayers';
import { CREDITS_PER_DOLLAR } from './evoLinkModels';
import { listEvoLinkTasks, parseEvoLinkBatch } from './evoLinkTaskList';
import { toSeconds, type Provider } from './provider';
import type { UploadApi, UploadErrorReason } from './uploads';

/** The files API has a host of its own (https://files-api.evolink.ai), so it isn't under the provider's prefix. */
export const EVOLINK_FILES_PREFIX = '/evolink-files';

/** In the provider's own client. Nothing says how long responses are kept. */
const IDEMPOTENCY: IdempotencyRules = {
	defaultMode: 'honored',
	keyPattern: /^[A-Za-z0-9._-]{16,96}$/,
	ttlMs: Infinity,
	replayHeader: 'idempotency-replayed',
	invalidKey: errorResponse(400, 'Idempotency-Key must match ^[A-Za-z0-9._-]{16,96}$'),
	inProgress: conflict(
		'paid_outcome_unknown',
		'The outcome of the request with this Idempotency-Key is not known yet',
	),
	keyReused: conflict(
		'idempotency_conflict',
		'This Idempotency-Key was used with another request body',
	),
};

/** In the provider's own client: only for tasks that failed and were charged anyway. */
function billingOf(task: Task, at: number): Record<string, unknown> {
	if (task.isChargedOnFailure !== true) return {};
	const billing = {
		charge_status: 'charged',
		refund_status: 'failed',
		charged_credits: creditsOf(task, at).charged,
		refunded_credits: 0,
	};
	return { billing };
}

function usageOf(task: Task): Record<string, unknown> {
	return {
		billing_rule: 'per_call',
		credits_reserved: task.creditsReserved,
		user_group: 'default',
	};
}

function unfinishedTaskInfo(task: Task): Record<string, unknown> {
	return { can_cancel: true, estimated_time: Math.ceil(task.durationMs / 1000) };
}

/** In the provider's own client. */
function costOf(credits: number): Record<string, unknown> {
	const usd = roundCredits(credits / CREDITS_PER_DOLLAR);
	return { credits_used: credits, cost: { credits, usd } };
}

function resultsOf(task: Task, images: readonly string[]): Record<string, unknown> {
	return task.layers === undefined ? { results: images } : layerResults(task, images);
}

/** https://docs.evolink.ai/en/api-manual/task-management/get-task-detail, read in October 2026. */
function taskBody(
	task: Task,
	{ status, progress, finishedAt }: TaskSnapshot,
	images: readonly string[],
): unknown {
	return {
		created: toSeconds(task.createdAt),
		id: task.id,
		model: task.model,
		object: 'image.generation.task',
		progress: status === 'failed' ? 0 : progress,
		...(finishedAt !== undefined && images.length > 0 && resultsOf(task, images)),
		status,
		task_info: finishedAt === undefined ? unfinishedTaskInfo(task) : { can_cancel: false },
		type: 'image',
		usage: {
			...usageOf(task),
			...(finishedAt !== undefined && costOf(creditsOf(task, finishedAt).charged)),
		},
		...(finishedAt !== undefined && billingOf(task, finishedAt)),
		...(status === 'failed' && { error: { ...task.failure, type: 'task_error' } }),
	};
}

/** Sent with HTTP 200. */
const UPLOAD_ERROR_CODES: Record<UploadErrorReason, number> = {
	tooLarge: 40_001,
	wrongType: 40_002,
	tooManyFiles: 40_003,
};

/** https://docs.evolink.ai, the files API, read in October 2026. */
const uploads: UploadApi = {
	path: `${EVOLINK_FILES_PREFIX}/api/v1/files/upload/stream`,
	formats: ['jpeg', 'png', 'gif', 'webp'],
	/** More than a reference may have, but the upload doesn't check that. */
	maxBytes: 100 * 1024 * 1024,
	ttlMs: 72 * 60 * 60 * 1000,
	nameField: 'file_name',
	hasFileLimit: true,
	// Only data.file_url is documented.
	responseBody: ({ id, url, fileName, name = id, contentType, bytes, at, expiresAt }) => ({
		success: true,
		code: 200,
		msg: 'File uploaded successfully',
		data: {
			file_id: `file_${id.replace(/\..*$/, '')}`,
			file_name: name,
			original_name: fileName,
			file_size: bytes,
			mime_type: contentType,
			file_url: url,
			download_url: url,
			upload_time: new Date(at).toISOString(),
			expires_at: new Date(expiresAt).toISOString(),
		},
	}),
	errorResponse: (reason, message) => ({
		status: 200,
		body: { success: false, code: UPLOAD_ERROR_CODES[reason], msg: message },
	}),
};

export const evoLink: Provider = {
	name: 'evoLink',
	prefix: '/evolink',
	key: 'sandbox-evolink-key',
	idempotency: IDEMPOTENCY,
	partialStatus: 'failed',
	canCreateSeveralTasks: false,
	/** Seedream 4.5 page, `callback_url`: three retries after 1, 2 and 4 s unless the status is 2xx. */
	callbackRetries: {
		delaysMs: [1000, 2000, 4000],
		shouldRetry: (status) => status === undefined || status < 200 || status > 299,
	},
	newTaskId: (at) => `task-unified-${toSeconds(at)}-${randomIdPart(8)}`,
	parseCreate: parseEvoLinkCreate,
	createResponse: ([task]) => ({
		status: 200,
		body: {
			created: toSeconds(task.createdAt),
			id: task.id,
			model: task.model,
			object: 'image.generation.task',
			progress: 0,
			status: 'pending',
			task_info: unfinishedTaskInfo(task),
			type: 'image',
			usage: usageOf(task),
		},
	}),
	taskBody,
	errorResponse,
	account: {
		path: '/v1/credits',
		response: ({ balance, charged }) => ({
			status: 200,
			body: {
				data: {
					token: { remaining_credits: balance, unlimited_credits: false, used_credits: charged },
					user: { remaining_credits: balance, used_credits: charged },
				},
				message: '',
				success: true,
			},
		}),
		unauthorized: () => errorResponse(401),
	},
	estimates: EVOLINK_ESTIMATES,
	taskBatch: {
		path: '/v1/tasks/batch',
		parseIds: parseEvoLinkBatch,
		response: (tasks) => ({ status: 200, body: { data: tasks } }),
	},
	taskList: { path: '/v1/tasks', response: listEvoLinkTasks },
	uploads,
	catalog: EVOLINK_CATALOG,
};
