import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { get } from 'lodash';

import type { IdempotencyRules } from '../idempotency';
import { LINK_LIFETIME_MS } from '../imageLinks';
import { roundCredits } from '../prices';
import { RETRY_AFTER } from '../rateLimit';
import type { SandboxResponse } from '../responses';
import { creditsOf, finishTimeOf, type Task, type TaskSnapshot } from '../tasks';
import { APIMART_CATALOG } from './apiMartCatalog';
import { parseApiMartCreate } from './apiMartCreate';
import { conflict, errorResponse, invalidRequest } from './apiMartErrors';
import { toSeconds, type CreatedTasks, type Provider } from './provider';
import type { UploadApi } from './uploads';

const PREFIX = '/apimart';

/** The example task at https://docs.apimart.ai has `cost` 0.15 and `credits_cost` 1.5. */
const CREDITS_PER_DOLLAR = 10;

const VERSION_HEADER = 'x-apimart-response-version';

/** The provider's own client sends it with every create. */
const RESPONSE_VERSION = '2026-07-27';

/** In the provider's own client and schema. Documented in general, never confirmed for Seedream. */
const IDEMPOTENCY: IdempotencyRules = {
	defaultMode: 'ignored',
	keyPattern: /^[\x21-\x7e]{1,191}$/,
	fingerprintHeader: VERSION_HEADER,
	ttlMs: 24 * 60 * 60 * 1000,
	replayHeader: 'Idempotency-Replayed',
	invalidKey: invalidRequest({ message: 'Idempotency-Key must be 1-191 visible ASCII characters' }),
	inProgress: {
		...conflict('idempotency_in_progress', 'A request with this Idempotency-Key is in progress'),
		headers: RETRY_AFTER,
	},
	keyReused: conflict(
		'idempotency_key_reused',
		'This Idempotency-Key was used with another request body or response version',
	),
};

/** With the version header, the status is 202 and `data` is an object unless there are several tasks. */
function createResponse(tasks: CreatedTasks, headers: IncomingHttpHeaders): SandboxResponse {
	if (headers[VERSION_HEADER] !== RESPONSE_VERSION) {
		const data = tasks.map(({ id }) => ({ status: 'submitted', task_id: id }));
		return { status: 200, body: { code: 200, data } };
	}
	const [first, ...more] = tasks.map(({ id }) => ({ id, status: 'submitted' }));
	return { status: 202, body: { code: 202, data: more.length === 0 ? first : [first, ...more] } };
}

function taskBody(task: Task, snapshot: TaskSnapshot, images: readonly string[]): unknown {
	const unfinished = {
		id: task.id,
		status: snapshot.status,
		progress: snapshot.progress,
		created: toSeconds(task.createdAt),
		estimated_time: Math.ceil(task.durationMs / 1000),
	};
	if (snapshot.finishedAt === undefined) return { code: 200, data: unfinished };
	const { charged } = creditsOf(task, snapshot.finishedAt);
	return {
		code: 200,
		data: {
			...unfinished,
			completed: toSeconds(snapshot.finishedAt),
			actual_time: Math.round(task.durationMs / 1000),
			...(charged > 0 && costOf(charged)),
			...(snapshot.status === 'failed'
				? { error: { ...task.failure, type: 'task_error' } }
				: { result: { images: imageEntries(task, images) } }),
		},
	};
}

function costOf(credits: number): Record<string, number> {
	return { cost: roundCredits(credits / CREDITS_PER_DOLLAR), credits_cost: credits };
}

/** ByteDance's error for an image that moderation blocked. */
const BLOCKED_IMAGE = {
	error: {
		code: 'OutputImageSensitiveContentDetected',
		message: 'The output image may contain sensitive information.',
	},
};

/** A complete set is one entry. If images were blocked, each image has its own, and the errors are among them. */
function imageEntries(task: Task, urls: readonly string[]): unknown[] {
	const expiresAt = toSeconds(finishTimeOf(task) + LINK_LIFETIME_MS);
	const blocked = Array.from({ length: task.images - urls.length }, () => BLOCKED_IMAGE);
	if (blocked.length === 0) return [{ url: urls, expires_at: expiresAt }];
	const entries: unknown[] = urls.map((url) => ({ url: [url], expires_at: expiresAt }));
	return entries.toSpliced(Math.floor(urls.length / 2), 0, ...blocked);
}

/** Crockford's alphabet: the documented task IDs are ULIDs. */
const ULID_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const ULID_TIME_LENGTH = 10;

const ULID_RANDOM_LENGTH = 16;

function ulid(atMs: number): string {
	const time = Array.from(
		{ length: ULID_TIME_LENGTH },
		(_, index) => ULID_ALPHABET[Math.floor(atMs / 32 ** (ULID_TIME_LENGTH - 1 - index)) % 32],
	);
	const random = [...randomBytes(ULID_RANDOM_LENGTH)].map((byte) => ULID_ALPHABET[byte % 32]);
	return [...time, ...random].join('');
}

/** https://docs.apimart.ai, the upload page, read in October 2026. */
const uploads: UploadApi = {
	path: `${PREFIX}/v1/uploads/images`,
	formats: ['jpeg', 'png', 'webp', 'gif'],
	maxBytes: 20 * 1024 * 1024,
	ttlMs: 72 * 60 * 60 * 1000,
	hasFileLimit: false,
	responseBody: ({ url, fileName, contentType, bytes, at }) => ({
		url,
		filename: fileName,
		content_type: contentType,
		bytes,
		created_at: toSeconds(at),
	}),
	errorResponse: (_reason, message) => errorResponse(400, message),
};

export const apiMart: Provider = {
	name: 'apiMart',
	prefix: PREFIX,
	key: 'sandbox-apimart-key',
	idempotency: IDEMPOTENCY,
	partialStatus: 'completed',
	canCreateSeveralTasks: true,
	/** https://docs.apimart.ai, October 2026: after 10, 30 and 60 s on a timeout or 5xx, never on 4xx. */
	callbackRetries: {
		delaysMs: [10_000, 30_000, 60_000],
		shouldRetry: (status) => status === undefined || status >= 500,
	},
	newTaskId: (at) => `task_${ulid(at)}`,
	parseCreate: parseApiMartCreate,
	createResponse,
	taskBody,
	// https://docs.apimart.ai, October 2026: the task itself.
	callbackBody: (body) => get(body, 'data'),
	errorResponse,
	// Observed, although 404 would make more sense.
	unknownTaskError: () => errorResponse(400, '无效的任务ID'),
	account: {
		path: '/v1/balance',
		response: ({ balance, charged }) => ({
			status: 200,
			body: {
				success: true,
				remain_balance: roundCredits(balance / CREDITS_PER_DOLLAR),
				remain_credits: balance,
				used_balance: roundCredits(charged / CREDITS_PER_DOLLAR),
				used_credits: charged,
				unlimited_quota: false,
			},
		}),
		unauthorized: () => ({ status: 200, body: { success: false, message: 'Invalid token' } }),
	},
	uploads,
	catalog: APIMART_CATALOG,
};
