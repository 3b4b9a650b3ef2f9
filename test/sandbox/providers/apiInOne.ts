import { httpUrl } from '../callbackUrls';
import { pixelsFor } from '../pixelSizes';
import type { ParseResult, Refusal } from '../responses';
import { creditsOf, randomIdPart, type Task, type TaskMoment, type TaskOrder } from '../tasks';
import { numericErrors, type KnownErrors } from './numericErrors';
import type { Provider } from './provider';
import { compile, faultOf, type BodyFault } from './schemaCheck';

/** The body's fields in seed 003. */
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

/** Seed 003: "12 credits (~$0.12), for both". */
const CREDITS_PER_IMAGE = 12;

/** Seed 003 names the levels only; the sandbox takes APIMart's table for them. */
const TIERS: Record<string, string> = { basic: '2K', high: '4K' };

/** Seed 003; the prompt's 3 to 5000 characters and the 14 references are the newer documentation's. */
const validate = compile<ApiInOneCreate>({
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

/** API in One's judgement of a create body, Seedream 4.5 (seed 003): undefined when it is in order. */
export function checkApiInOneCreate(body: unknown): Refusal | undefined {
	const reading = readApiInOneCreate(body);
	return 'refusal' in reading ? reading.refusal : undefined;
}

function readApiInOneCreate(body: unknown): ParseResult<ApiInOneCreate> {
	if (!validate(body)) return { refusal: invalid(faultOf(validate)) };
	const fault = referenceFault(body) ?? callbackFault(body);
	return fault === undefined ? { request: body } : { refusal: invalid(fault) };
}

function referenceFault({ model, image_urls: urls = [] }: ApiInOneCreate): BodyFault | undefined {
	if (model === EDIT && urls.length === 0) {
		return { message: `image_urls is required for ${EDIT}` };
	}
	const index = urls.findIndex((url) => httpUrl(url) === undefined);
	return index === -1 ? undefined : { message: `image_urls.${index} must be an http(s) URL` };
}

function callbackFault({ callback_url: url }: ApiInOneCreate): BodyFault | undefined {
	return url !== undefined && httpUrl(url) === undefined
		? { message: 'callback_url must be an http(s) URL' }
		: undefined;
}

function orderOf(create: ApiInOneCreate): TaskOrder {
	const { model = TEXT_TO_IMAGE, aspect_ratio: ratio = '1:1', quality = 'basic' } = create;
	return {
		model,
		prompt: create.prompt,
		body: create,
		images: 1,
		pixels: pixelsFor(ratio, TIERS[quality] ?? '2K'),
		// Seed 003: image_urls is "for edit mode"; text-to-image takes them and looks away.
		references: model === EDIT ? (create.image_urls ?? []) : [],
		creditsReserved: CREDITS_PER_IMAGE,
		creditsPerImage: CREDITS_PER_IMAGE,
		...(create.callback_url !== undefined && { callbackUrl: create.callback_url }),
	};
}

/** What it cost is said only where one would not expect it. */
function failed(task: Task, { finishedAt = 0 }: TaskMoment): Record<string, unknown> {
	const { charged } = creditsOf(task, finishedAt);
	return {
		error: { ...task.failure, type: 'task_error' },
		...(charged > 0 && { credits_used: charged }),
	};
}

/** Only the shape is documented; the names follow what the other two write. */
const ERRORS: KnownErrors = {
	400: { message: 'Invalid request', type: 'invalid_request_error' },
	401: { message: 'Invalid API key', type: 'authentication_error' },
	402: { message: 'Insufficient credits', type: 'insufficient_credits' },
	403: { message: 'Access denied', type: 'permission_error' },
	404: { message: 'Task not found', type: 'not_found_error' },
	429: { message: 'Too many requests', type: 'rate_limit_error' },
	500: { message: 'Internal server error', type: 'server_error' },
};

const { refusal, invalid } = numericErrors(ERRORS);

export const apiInOne: Provider = {
	name: 'apiInOne',
	prefix: '/apiinone/api',
	key: 'aio_sandbox_key',
	// It makes one image a task, so none ends in part.
	partialEnd: 'failed',
	makesSeveralTasks: false,
	callbackRule: { delaysMs: [], failedFor: () => false },
	newTaskId: () => `n30${randomIdPart(12)}_seed`,
	readCreate(body) {
		const reading = readApiInOneCreate(body);
		return 'refusal' in reading ? reading : { request: orderOf(reading.request) };
	},
	createAnswer: ([task]) => ({
		status: 200,
		body: {
			code: 200,
			message: 'success',
			data: { task_id: task.id, status: 'IN_PROGRESS' },
		},
	}),
	// Where the image URLs stand is documented nowhere: data.output.image_urls is this sandbox's choice.
	taskAnswer: (task, moment, images) => ({
		code: 200,
		message: 'success',
		data: {
			task_id: task.id,
			status: moment.finishedAt === undefined ? 'IN_PROGRESS' : moment.status.toUpperCase(),
			progress: moment.progress,
			...(moment.status === 'completed' && { output: { image_urls: images } }),
			...(moment.status === 'failed' && failed(task, moment)),
		},
	}),
	refusal,
};
