import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { httpUrl } from '../callbackUrls';
import type { IdempotencyRules } from '../idempotency';
import { LINK_LIFE_MS } from '../links';
import { pixelsFor } from '../pixelSizes';
import { RETRY_AFTER } from '../rateLimit';
import type { Answer, ParseResult, Refusal } from '../responses';
import { creditsOf, finishOf, roundCredits, type Task, type TaskOrder } from '../tasks';
import { numericErrors, type KnownErrors } from './numericErrors';
import { toSeconds, type Provider, type MadeTasks } from './provider';
import { compile, faultOf, type BodyFault } from './schemaCheck';

/** The body's fields in seed 004; `webhook` is the newer documentation's. */
interface ApiMartCreate {
	model: string;
	prompt: string;
	size?: string;
	resolution?: string;
	n?: number;
	image_urls?: string[];
	optimize_prompt_options?: { mode?: string };
	sequential_image_generation?: string;
	sequential_image_generation_options?: { max_images?: number };
	watermark?: boolean;
	webhook?: string;
}

/** $0.026 an image; the documented task shows ten credits to the dollar (cost 0.15, credits_cost 1.5). */
const CREDITS_PER_IMAGE = 0.26;

const CREDITS_PER_DOLLAR = 10;

/** Seed 004: "参考图数量 + n 指定的最终生成图片数量必须 ≤ 15 张" - must, so it is refused. */
const MAX_REFERENCES_AND_IMAGES = 15;

/** The newer documentation; seed 004 gives no number of its own beyond the sum of 15. */
const MAX_REFERENCES = 14;

/** Seed 004: a data URI needs the whole prefix, and is a jpeg or a png. */
const DATA_URI = /^data:image\/(?:jpeg|png);base64,[A-Za-z0-9+/]+={0,2}$/;

const validate = compile<ApiMartCreate>({
	type: 'object',
	required: ['model', 'prompt'],
	properties: {
		model: {
			type: 'string',
			enum: [
				'doubao-seedance-4-5',
				'Doubao-Seedream-4.5',
				'doubao-seedream-4.5',
				'doubao-seedream-4-5',
			],
		},
		prompt: { type: 'string', minLength: 1 },
		size: {
			type: 'string',
			enum: ['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '21:9', '9:21', 'auto'],
		},
		resolution: { type: 'string', enum: ['2K', '4K'] },
		n: { type: 'integer', minimum: 1, maximum: 15 },
		image_urls: { type: 'array', maxItems: MAX_REFERENCES, items: { type: 'string' } },
		optimize_prompt_options: {
			type: 'object',
			properties: { mode: { type: 'string', enum: ['standard', 'fast'] } },
		},
		sequential_image_generation: { type: 'string', enum: ['disabled', 'auto'] },
		sequential_image_generation_options: {
			type: 'object',
			properties: { max_images: { type: 'integer', minimum: 1, maximum: 15 } },
		},
		watermark: { type: 'boolean' },
		webhook: { type: 'string' },
	},
});

/** APIMart's judgement of a create body, Seedream 4.5 (seed 004): undefined when it is in order. */
export function checkApiMartCreate(body: unknown): Refusal | undefined {
	const reading = readApiMartCreate(body);
	return 'refusal' in reading ? reading.refusal : undefined;
}

function readApiMartCreate(body: unknown): ParseResult<ApiMartCreate> {
	if (!validate(body)) return { refusal: invalid(faultOf(validate)) };
	const fault = referenceFault(body) ?? sumFault(body) ?? autoFault(body) ?? webhookFault(body);
	return fault === undefined ? { request: body } : { refusal: invalid(fault) };
}

function referenceFault({ image_urls: urls = [] }: ApiMartCreate): BodyFault | undefined {
	const index = urls.findIndex((url) => !DATA_URI.test(url) && httpUrl(url) === undefined);
	if (index === -1) return undefined;
	return {
		message: `image_urls.${index} must be an http(s) URL or a data URI (data:image/jpeg;base64,… or png)`,
	};
}

function sumFault({ image_urls: urls = [], n = 1 }: ApiMartCreate): BodyFault | undefined {
	return urls.length + n > MAX_REFERENCES_AND_IMAGES
		? { message: `image_urls + n must be ≤ ${MAX_REFERENCES_AND_IMAGES}` }
		: undefined;
}

function autoFault({ size, image_urls: urls = [] }: ApiMartCreate): BodyFault | undefined {
	return size === 'auto' && urls.length === 0
		? { message: 'size auto needs image_urls' }
		: undefined;
}

function webhookFault({ webhook }: ApiMartCreate): BodyFault | undefined {
	return webhook !== undefined && httpUrl(webhook) === undefined
		? { message: 'webhook must be an http(s) URL' }
		: undefined;
}

/**
 * How many images come (seed 004): several need a reference, else "纯文生图（没有 image_urls）无法生成多张" - one
 * comes, and nothing is refused. `n` > 1 switches the set on by itself; else `auto` with `max_images` does.
 */
export function apiMartImageCount(create: ApiMartCreate): number {
	const references = create.image_urls?.length ?? 0;
	return references === 0
		? 1
		: Math.min(wantedImages(create), MAX_REFERENCES_AND_IMAGES - references);
}

function wantedImages(create: ApiMartCreate): number {
	const { n = 1, sequential_image_generation_options: options } = create;
	if (n > 1) return n;
	return create.sequential_image_generation === 'auto' ? (options?.max_images ?? 1) : 1;
}

function orderOf(create: ApiMartCreate): TaskOrder {
	return {
		model: create.model,
		prompt: create.prompt,
		body: create,
		images: apiMartImageCount(create),
		pixels: pixelsFor(create.size ?? '1:1', create.resolution ?? '2K'),
		references: create.image_urls ?? [],
		creditsReserved: roundCredits(wantedImages(create) * CREDITS_PER_IMAGE),
		creditsPerImage: CREDITS_PER_IMAGE,
		...(create.webhook !== undefined && {
			callbackUrl: `${create.webhook.replace(/\/+$/, '')}/callback`,
		}),
	};
}

/** Seed 004's response examples; 404 is documented nowhere and keeps their shape. */
const ERRORS: KnownErrors = {
	400: { message: '请求参数无效', type: 'invalid_request_error' },
	401: { message: '身份验证失败，请检查您的API密钥', type: 'authentication_error' },
	402: { message: '账户余额不足，请充值后再试', type: 'payment_required' },
	403: { message: '访问被禁止，您没有权限访问此资源', type: 'permission_error' },
	404: { message: '任务不存在', type: 'not_found_error' },
	429: { message: '请求过于频繁，请稍后再试', type: 'rate_limit_error' },
	500: { message: '服务器内部错误，请稍后重试', type: 'server_error' },
	502: { message: '网关错误，服务器暂时不可用', type: 'bad_gateway' },
};

const { refusal, invalid } = numericErrors(ERRORS);

function conflict(type: string, message: string): Refusal {
	return { status: 409, body: { error: { code: 409, message, type } } };
}

const VERSION_HEADER = 'x-apimart-response-version';

/** The provider's own client sends it with every image create. */
const RESPONSE_VERSION = '2026-07-27';

/** The provider's own client and schema. Documented in general, and seen by nobody for Seedream. */
const IDEMPOTENCY: IdempotencyRules = {
	byDefault: 'ignored',
	key: /^[\x21-\x7e]{1,191}$/,
	sameHeader: VERSION_HEADER,
	keptMs: 24 * 60 * 60 * 1000,
	replayHeader: 'Idempotency-Replayed',
	malformed: invalid({ message: 'Idempotency-Key must be 1-191 visible ASCII characters' }),
	underWay: {
		...conflict('idempotency_in_progress', 'A request with this Idempotency-Key is in progress'),
		headers: RETRY_AFTER,
	},
	reused: conflict(
		'idempotency_key_reused',
		'This Idempotency-Key was used with another request body or response version',
	),
};

/** Seed 004; with the version's header 202, and `data` an object unless there are several tasks. */
function createAnswer(tasks: MadeTasks, headers: IncomingHttpHeaders): Answer {
	if (headers[VERSION_HEADER] !== RESPONSE_VERSION) {
		const data = tasks.map(({ id }) => ({ status: 'submitted', task_id: id }));
		return { status: 200, body: { code: 200, data } };
	}
	const [first, ...more] = tasks.map(({ id }) => ({ id, status: 'submitted' }));
	return { status: 202, body: { code: 202, data: more.length === 0 ? first : [first, ...more] } };
}

/** As ByteDance names an image that moderation stopped. */
const STOPPED = {
	error: {
		code: 'OutputImageSensitiveContentDetected',
		message: 'The output image may contain sensitive information.',
	},
};

/** A whole set is one entry; in one with stopped images each has an entry, and those stand among the others. */
function imageEntries(task: Task, urls: readonly string[]): unknown[] {
	const expiresAt = toSeconds(finishOf(task) + LINK_LIFE_MS);
	const stopped = Array.from({ length: task.images - urls.length }, () => STOPPED);
	if (stopped.length === 0) return [{ url: urls, expires_at: expiresAt }];
	const entries: unknown[] = urls.map((url) => ({ url: [url], expires_at: expiresAt }));
	return entries.toSpliced(Math.floor(urls.length / 2), 0, ...stopped);
}

function costOf(credits: number): Record<string, number> {
	return { cost: roundCredits(credits / CREDITS_PER_DOLLAR), credits_cost: credits };
}

/** Documentation of the upload API: jpeg, png, webp, gif up to 20 MB, kept 72 hours. */
const UPLOAD_FORMATS = ['jpeg', 'png', 'webp', 'gif'];

const UPLOAD_MOST_BYTES = 20 * 1024 * 1024;

const UPLOAD_LIFE_MS = 72 * 60 * 60 * 1000;

/** Crockford's alphabet, as in the documented ids (ULIDs). */
const ULID_LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const ULID_TIME_LENGTH = 10;

const ULID_RANDOM_LENGTH = 16;

function ulid(atMs: number): string {
	const time = Array.from(
		{ length: ULID_TIME_LENGTH },
		(_, index) => ULID_LETTERS[Math.floor(atMs / 32 ** (ULID_TIME_LENGTH - 1 - index)) % 32],
	);
	const random = [...randomBytes(ULID_RANDOM_LENGTH)].map((byte) => ULID_LETTERS[byte % 32]);
	return [...time, ...random].join('');
}

const PREFIX = '/apimart';

export const apiMart: Provider = {
	name: 'apiMart',
	prefix: PREFIX,
	key: 'sandbox-apimart-key',
	idempotency: IDEMPOTENCY,
	partialEnd: 'completed',
	makesSeveralTasks: true,
	/** Newer documentation: 10 / 30 / 60 s on a time-out or 5xx, none on 4xx. */
	callbackRule: {
		delaysMs: [10_000, 30_000, 60_000],
		failedFor: (status) => status === undefined || status >= 500,
	},
	newTaskId: (at) => `task_${ulid(at)}`,
	readCreate(body) {
		const reading = readApiMartCreate(body);
		return 'refusal' in reading ? reading : { request: orderOf(reading.request) };
	},
	createAnswer,
	taskAnswer: (task, moment, images) => {
		const shared = {
			id: task.id,
			status: moment.status,
			progress: moment.progress,
			created: toSeconds(task.createdAt),
			estimated_time: Math.ceil(task.durationMs / 1000),
		};
		if (moment.finishedAt === undefined) return { code: 200, data: shared };
		const { charged } = creditsOf(task, moment.finishedAt);
		return {
			code: 200,
			data: {
				...shared,
				completed: toSeconds(moment.finishedAt),
				actual_time: Math.round(task.durationMs / 1000),
				...(charged > 0 && costOf(charged)),
				...(moment.status === 'failed'
					? { error: { ...task.failure, type: 'task_error' } }
					: { result: { images: imageEntries(task, images) } }),
			},
		};
	},
	refusal,
	// Seen: not the 404 that one would expect.
	unknownTask: () => refusal(400, '无效的任务ID'),
	account: {
		path: '/v1/balance',
		answer: ({ balance, charged }) => ({
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
	uploads: {
		path: `${PREFIX}/v1/uploads/images`,
		formats: UPLOAD_FORMATS,
		mostBytes: UPLOAD_MOST_BYTES,
		keptMs: UPLOAD_LIFE_MS,
		countsFiles: false,
		answer: ({ url, fileName, contentType, bytes, at }) => ({
			url,
			filename: fileName,
			content_type: contentType,
			bytes,
			created_at: toSeconds(at),
		}),
		refusal: (_fault, message) => refusal(400, message),
	},
};
