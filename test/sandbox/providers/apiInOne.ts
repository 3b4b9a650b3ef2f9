import { APIMART_PIXELS, pixelsFor } from '../pixelSizes';
import type { ParseResult } from '../responses';
import { creditsOf, randomIdPart, type Task, type TaskInput, type TaskSnapshot } from '../tasks';
import {
	compileSchema,
	firstSchemaError,
	lenientCallbackUrlError,
	referenceUrlError,
	type BodyError,
} from './bodySchema';
import { numericErrorResponses } from './errorResponses';
import { EVOLINK_REFERENCES } from './evoLinkModels';
import type { Provider } from './provider';

/** The request body as documented at https://apiin.one/zh/model/seedream-4-5, read in November 2026. */
interface ApiInOneCreate {
	model?: string;
	prompt: string;
	aspect_ratio?: string;
	quality?: string;
	image_urls?: string[];
	callback_url?: string;
}

const TEXT_TO_IMAGE = 'seedream/4.5-text-to-image';

const EDIT = 'seedream/4.5-edit';

/** "12 credits (~$0.12)", for both models. */
const CREDITS_PER_IMAGE = 12;

/** The page only names the levels. The pixels are APIMart's. */
const TIERS: Record<string, string> = { basic: '2K', high: '4K' };

const validate = compileSchema<ApiInOneCreate>({
	type: 'object',
	required: ['prompt'],
	properties: {
		model: { type: 'string', enum: [TEXT_TO_IMAGE, EDIT] },
		prompt: { type: 'string', minLength: 3, maxLength: 5000 },
		aspect_ratio: {
			type: 'string',
			enum: ['1:1', '4:3', '3:4', '16:9', '9:16', '2:3', '3:2', '21:9'],
		},
		quality: { type: 'string', enum: ['basic', 'high'] },
		image_urls: { type: 'array', maxItems: 14, items: { type: 'string' } },
		callback_url: { type: 'string' },
	},
});

/** Only the shape is documented. The texts follow those of the other two. */
const { errorResponse, invalidRequest } = numericErrorResponses({
	400: { message: 'Invalid request', type: 'invalid_request_error' },
	401: { message: 'Invalid API key', type: 'authentication_error' },
	402: { message: 'Insufficient credits', type: 'insufficient_credits' },
	403: { message: 'Access denied', type: 'permission_error' },
	404: { message: 'Task not found', type: 'not_found_error' },
	429: { message: 'Too many requests', type: 'rate_limit_error' },
	500: { message: 'Internal server error', type: 'server_error' },
});

function parseCreate(body: unknown): ParseResult<TaskInput> {
	if (!validate(body)) return { error: invalidRequest(firstSchemaError(validate)) };
	const error =
		editError(body) ??
		referenceUrlError(body.image_urls) ??
		lenientCallbackUrlError('callback_url', body.callback_url);
	return error === undefined ? { value: taskInputOf(body) } : { error: invalidRequest(error) };
}

function editError({ model, image_urls: urls = [] }: ApiInOneCreate): BodyError | undefined {
	return model === EDIT && urls.length === 0
		? { message: `image_urls is required for ${EDIT}` }
		: undefined;
}

function taskInputOf(create: ApiInOneCreate): TaskInput {
	const { model = TEXT_TO_IMAGE, aspect_ratio: ratio = '1:1', quality = 'basic' } = create;
	return {
		model,
		prompt: create.prompt,
		body: create,
		images: 1,
		pixels: pixelsFor(APIMART_PIXELS, ratio, TIERS[quality] ?? '2K'),
		format: 'png',
		// image_urls is "for edit mode"; text-to-image accepts it but doesn't look at it.
		references: model === EDIT ? (create.image_urls ?? []) : [],
		// Not documented. It's the same model as EvoLink's.
		referenceLimits: EVOLINK_REFERENCES,
		price: { perTask: 0, perImage: CREDITS_PER_IMAGE },
		creditsReserved: CREDITS_PER_IMAGE,
		...(create.callback_url !== undefined && { callbackUrl: create.callback_url }),
	};
}

/** Where the image URLs are isn't documented: `data.output.image_urls` is the sandbox's choice. */
function taskBody(task: Task, snapshot: TaskSnapshot, images: readonly string[]): unknown {
	return {
		code: 200,
		message: 'success',
		data: {
			task_id: task.id,
			status: snapshot.finishedAt === undefined ? 'IN_PROGRESS' : snapshot.status.toUpperCase(),
			progress: snapshot.progress,
			...(snapshot.status === 'completed' && { output: { image_urls: images } }),
			...(snapshot.status === 'failed' && failureFields(task, snapshot)),
		},
	};
}

/** The cost is only mentioned if a failed task was charged. */
function failureFields(task: Task, { finishedAt = 0 }: TaskSnapshot): Record<string, unknown> {
	const { charged } = creditsOf(task, finishedAt);
	return {
		error: { ...task.failure, type: 'task_error' },
		...(charged > 0 && { credits_used: charged }),
	};
}

export const apiInOne: Provider = {
	name: 'apiInOne',
	prefix: '/apiinone/api',
	key: 'aio_sandbox_key',
	// Never used, since each task has a single image.
	partialStatus: 'failed',
	canCreateSeveralTasks: false,
	callbackRetries: { delaysMs: [], shouldRetry: () => false },
	newTaskId: () => `n30${randomIdPart(12)}_seed`,
	parseCreate,
	createResponse: ([task]) => ({
		status: 200,
		body: {
			code: 200,
			message: 'success',
			data: { task_id: task.id, status: 'IN_PROGRESS' },
		},
	}),
	taskBody,
	errorResponse,
};
