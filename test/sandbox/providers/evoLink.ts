import { callbackUrlFault, httpUrl } from '../callbackUrls';
import type { IdempotencyRules } from '../idempotency';
import { parsePixelSize, pixelsFor } from '../pixelSizes';
import { requestedImages } from '../requestedImages';
import type { ParseResult, Refusal } from '../responses';
import { creditsOf, randomIdPart, roundCredits, type Task, type TaskOrder } from '../tasks';
import { toSeconds, type Provider, type UploadFault } from './provider';
import { compile, faultOf, type BodyFault } from './schemaCheck';

/** The fields of `ImageGenerationRequest` in seed 002, for both models. */
interface EvoLinkCreate {
	model: string;
	prompt: string;
	n?: number;
	size?: string;
	quality?: string;
	prompt_priority?: string;
	image_urls?: string[];
	callback_url?: string;
}

interface EvoLinkModel {
	creditsPerImage: number;
	/** Pixel sizes: total pixels from here to 4096×4096. */
	leastPixels: number;
	qualities: readonly string[];
	promptPriorities: readonly string[];
}

/** Seeds 000 and 002 (4.5), seed 001 (4.0); the pixel range of 4.0 is the newer documentation's. */
const MODELS: Record<string, EvoLinkModel> = {
	'doubao-seedream-4.5': {
		creditsPerImage: 2.25,
		leastPixels: 2560 * 1440,
		qualities: ['2K', '4K'],
		promptPriorities: ['standard'],
	},
	'doubao-seedream-4.0': {
		creditsPerImage: 1.6,
		leastPixels: 1280 * 720,
		qualities: ['1K', '2K', '4K'],
		promptPriorities: ['standard', 'fast'],
	},
};

/** Seed 002 lists all but 9:21, which the newer documentation adds. */
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
	'21:9',
	'9:21',
];

const MAX_PIXELS = 4096 * 4096;

/** Width to height, either way. */
const MAX_ASPECT_RATIO = 16;

/** Seed 002: "参考图像数量 + 最终生成图像数量 ≤ 15张". */
const MAX_REFERENCES_AND_IMAGES = 15;

/** The files API is another host (https://files-api.evolink.ai), so it stands beside the provider, not under it. */
export const EVOLINK_FILES_PREFIX = '/evolink-files';

/** Documentation of the files API: jpeg, png, gif, webp, kept 72 hours. */
const UPLOAD_FORMATS = ['jpeg', 'png', 'gif', 'webp'];

const UPLOAD_LIFE_MS = 72 * 60 * 60 * 1000;

/** Newer documentation of the files API. A reference must be smaller, but that is the model's affair. */
const UPLOAD_MOST_BYTES = 100 * 1024 * 1024;

/** Newer documentation of the files API: these come with HTTP 200. */
const UPLOAD_CODES: Record<UploadFault, number> = {
	tooLarge: 40_001,
	wrongType: 40_002,
	tooManyFiles: 40_003,
};

const TASK_IDS_A_BATCH = 50;

const validators = new Map(
	Object.entries(MODELS).map(([name, model]) => [name, compile<EvoLinkCreate>(schemaOf(model))]),
);

const isModelNamed = compile<{ model: string }>({
	type: 'object',
	required: ['model'],
	properties: { model: { type: 'string' } },
});

const isBatch = compile<{ task_ids: string[] }>({
	type: 'object',
	required: ['task_ids'],
	properties: {
		task_ids: {
			type: 'array',
			minItems: 1,
			maxItems: TASK_IDS_A_BATCH,
			items: { type: 'string' },
		},
	},
});

/** Seed 002's OpenAPI text, with the limits that stand there in prose (n, size). */
function schemaOf(model: EvoLinkModel) {
	return {
		type: 'object',
		required: ['model', 'prompt'],
		properties: {
			model: { type: 'string' },
			prompt: { type: 'string', minLength: 1, maxLength: 2000 },
			n: { type: 'integer', minimum: 1, maximum: 15 },
			size: { type: 'string' },
			quality: { type: 'string', enum: model.qualities },
			prompt_priority: { type: 'string', enum: model.promptPriorities },
			image_urls: { type: 'array', maxItems: 14, items: { type: 'string', format: 'uri' } },
			callback_url: { type: 'string' },
		},
	};
}

/**
 * EvoLink's judgement of a create body, Seedream 4.5 and 4.0 (seeds 000, 001, 002): undefined when it is in order.
 * `callbackHosts` (host:port) are callback hosts let through although they are internal.
 */
export function checkEvoLinkCreate(
	body: unknown,
	callbackHosts: readonly string[] = [],
): Refusal | undefined {
	const reading = readEvoLinkCreate(body, callbackHosts);
	return 'refusal' in reading ? reading.refusal : undefined;
}

function readEvoLinkCreate(
	body: unknown,
	callbackHosts: readonly string[],
): ParseResult<{ create: EvoLinkCreate; model: EvoLinkModel }> {
	if (!isModelNamed(body)) return { refusal: invalid(faultOf(isModelNamed)) };
	const { model: name } = body;
	const model = MODELS[name];
	const validate = validators.get(name);
	if (model === undefined || validate === undefined) {
		return { refusal: refusal(403, `Token does not have access to model: ${name}`) };
	}
	if (!validate(body)) return { refusal: invalid(faultOf(validate)) };
	const fault =
		sizeFault(body, model) ?? referenceFault(body) ?? callbackFault(body, callbackHosts);
	return fault === undefined ? { request: { create: body, model } } : { refusal: invalid(fault) };
}

function sizeFault({ size }: EvoLinkCreate, model: EvoLinkModel): BodyFault | undefined {
	if (size === undefined || RATIOS.includes(size)) return undefined;
	const pixels = parsePixelSize(size);
	if (pixels === undefined) {
		return { param: 'size', message: `size must be WIDTHxHEIGHT or one of: ${RATIOS.join(', ')}` };
	}
	const total = pixels.width * pixels.height;
	if (total < model.leastPixels || total > MAX_PIXELS) {
		const range = `[${model.leastPixels}, ${MAX_PIXELS}]`;
		return { param: 'size', message: `size must have a total number of pixels in ${range}` };
	}
	const stretch = Math.max(pixels.width / pixels.height, pixels.height / pixels.width);
	return stretch > MAX_ASPECT_RATIO
		? { param: 'size', message: 'size must have an aspect ratio in [1/16, 16]' }
		: undefined;
}

function referenceFault({ image_urls: urls = [] }: EvoLinkCreate): BodyFault | undefined {
	const index = urls.findIndex((url) => httpUrl(url) === undefined);
	return index === -1
		? undefined
		: { param: `image_urls.${index}`, message: `image_urls.${index} must be an http(s) URL` };
}

function callbackFault(
	{ callback_url: url }: EvoLinkCreate,
	callbackHosts: readonly string[],
): BodyFault | undefined {
	const message = url === undefined ? undefined : callbackUrlFault(url, callbackHosts);
	return message === undefined ? undefined : { param: 'callback_url', message };
}

/**
 * How many images come (seed 002): `n` is only an upper bound, the prompt itself must ask for several; and
 * "如出现：参考图像数量 + 提示词内需要生成的图像数 > 15张 … 则 最终生成的图像数 = 15 - 参考图像数量": the sum is
 * capped, not refused.
 */
export function evoLinkImageCount(prompt: string, n: number, references: number): number {
	if (n === 1) return 1;
	const asked = requestedImages(prompt) ?? 1;
	return Math.max(1, Math.min(asked, n, MAX_REFERENCES_AND_IMAGES - references));
}

function orderOf(create: EvoLinkCreate, model: EvoLinkModel): TaskOrder {
	const { n = 1, size = 'auto', quality = '2K', image_urls: references = [] } = create;
	return {
		model: create.model,
		prompt: create.prompt,
		body: create,
		images: evoLinkImageCount(create.prompt, n, references.length),
		pixels: parsePixelSize(size) ?? pixelsFor(size, quality),
		references,
		creditsReserved: roundCredits(n * model.creditsPerImage),
		creditsPerImage: model.creditsPerImage,
		...(create.callback_url !== undefined && { callbackUrl: create.callback_url }),
	};
}

/** Seed 002's examples for 400 to 500; 404 and the rest as the newer documentation names them. */
const ERRORS: Record<number, { code: string; message: string; type: string }> = {
	400: {
		code: 'invalid_request',
		message: 'Invalid request parameters',
		type: 'invalid_request_error',
	},
	401: {
		code: 'unauthorized',
		message: 'Invalid or expired token',
		type: 'authentication_error',
	},
	402: {
		code: 'insufficient_quota',
		message: 'Insufficient quota. Please top up your account.',
		type: 'insufficient_quota',
	},
	403: {
		code: 'model_access_denied',
		message: 'Token does not have access to model',
		type: 'invalid_request_error',
	},
	404: { code: 'task_not_found', message: 'Task not found', type: 'invalid_request_error' },
	429: {
		code: 'rate_limit_exceeded',
		message: 'Too many requests, please try again later',
		type: 'rate_limit_error',
	},
	500: { code: 'internal_error', message: 'Internal server error', type: 'api_error' },
	502: { code: 'bad_gateway', message: 'Upstream service error', type: 'api_error' },
	503: {
		code: 'service_unavailable',
		message: 'Service temporarily unavailable',
		type: 'api_error',
	},
};

function refusal(status: number, message?: string): Refusal {
	const error = ERRORS[status] ?? {
		code: `http_${status}`,
		message: `HTTP ${status}`,
		type: status < 500 ? 'invalid_request_error' : 'api_error',
	};
	return { status, body: { error: { ...error, ...(message !== undefined && { message }) } } };
}

/** The task list refuses an address in the same words. */
export function invalid({ param, message }: BodyFault): Refusal {
	const { status, body } = refusal(400, message);
	return { status, body: { error: { ...body.error, ...(param !== undefined && { param }) } } };
}

/** The provider's own client. It says nowhere how long an answer is kept. */
const IDEMPOTENCY: IdempotencyRules = {
	byDefault: 'honoured',
	key: /^[A-Za-z0-9._-]{16,96}$/,
	keptMs: Infinity,
	replayHeader: 'idempotency-replayed',
	malformed: refusal(400, 'Idempotency-Key must match ^[A-Za-z0-9._-]{16,96}$'),
	underWay: conflict(
		'paid_outcome_unknown',
		'The outcome of the request with this Idempotency-Key is not known yet',
	),
	reused: conflict(
		'idempotency_conflict',
		'This Idempotency-Key was used with another request body',
	),
};

function conflict(code: string, message: string): Refusal {
	return { status: 409, body: { error: { code, message, type: 'invalid_request_error' } } };
}

/** The ids of a `POST /v1/tasks/batch` body: 1 to 50 strings. */
export function readEvoLinkBatch(body: unknown): ParseResult<readonly string[]> {
	return isBatch(body) ? { request: body.task_ids } : { refusal: invalid(faultOf(isBatch)) };
}

/** The provider's own client; said only of a task that failed and was charged all the same. */
function billingOf(task: Task, at: number): Record<string, unknown> {
	if (task.chargedAnyway !== true) return {};
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

export const evoLink: Provider = {
	name: 'evoLink',
	prefix: '/evolink',
	key: 'sandbox-evolink-key',
	idempotency: IDEMPOTENCY,
	partialEnd: 'failed',
	makesSeveralTasks: false,
	/** Seed 002: three retries, 1 / 2 / 4 s after a failure; any 2xx is delivered, all else is not. */
	callbackRule: {
		delaysMs: [1000, 2000, 4000],
		failedFor: (status) => status === undefined || status < 200 || status > 299,
	},
	newTaskId: (at) => `task-unified-${toSeconds(at)}-${randomIdPart(8)}`,
	readCreate(body, callbackHosts) {
		const reading = readEvoLinkCreate(body, callbackHosts);
		if ('refusal' in reading) return reading;
		return { request: orderOf(reading.request.create, reading.request.model) };
	},
	createAnswer: ([task]) => ({
		status: 200,
		body: {
			created: toSeconds(task.createdAt),
			id: task.id,
			model: task.model,
			object: 'image.generation.task',
			progress: 0,
			status: 'pending',
			task_info: { can_cancel: true, estimated_time: Math.ceil(task.durationMs / 1000) },
			type: 'image',
			usage: usageOf(task),
		},
	}),
	taskAnswer: (task, moment, images) => {
		const { finishedAt } = moment;
		return {
			created: toSeconds(task.createdAt),
			id: task.id,
			model: task.model,
			object: 'image.generation.task',
			progress: moment.status === 'failed' ? 0 : moment.progress,
			...(finishedAt !== undefined && images.length > 0 && { results: images }),
			status: moment.status,
			task_info:
				finishedAt === undefined
					? { can_cancel: true, estimated_time: Math.ceil(task.durationMs / 1000) }
					: { can_cancel: false },
			type: 'image',
			usage: {
				...usageOf(task),
				...(finishedAt !== undefined && { credits_used: creditsOf(task, finishedAt).charged }),
			},
			...(finishedAt !== undefined && billingOf(task, finishedAt)),
			...(moment.status === 'failed' && { error: { ...task.failure, type: 'task_error' } }),
		};
	},
	refusal,
	account: {
		path: '/v1/credits',
		answer: ({ balance, charged }) => ({
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
		unauthorized: () => refusal(401),
	},
	uploads: {
		path: `${EVOLINK_FILES_PREFIX}/api/v1/files/upload/stream`,
		formats: UPLOAD_FORMATS,
		mostBytes: UPLOAD_MOST_BYTES,
		keptMs: UPLOAD_LIFE_MS,
		nameField: 'file_name',
		countsFiles: true,
		// Only data.file_url is documented; the rest is decoration.
		answer: ({ id, url, fileName, name = id, contentType, bytes, at, expiresAt }) => ({
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
		refusal: (fault, message) => ({
			status: 200,
			body: { success: false, code: UPLOAD_CODES[fault], msg: message },
		}),
	},
};
