import { parseHttpUrl } from '../callbackUrls';
import { pixelsFor } from '../pixelSizes';
import type { ParseResult } from '../responses';
import { roundCredits, type TaskInput } from '../tasks';
import { invalidRequest } from './apiMartErrors';
import { compileSchema, firstSchemaError, urlError, type BodyError } from './bodySchema';

/** The request body as documented at https://docs.apimart.ai (Seedream 4.5), read in October 2026. */
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

/** $0.026 an image (price page, October 2026), with ten credits to the dollar. */
const CREDITS_PER_IMAGE = 0.26;

/** "参考图数量 + n 指定的最终生成图片数量必须 ≤ 15 张" (references + n must be ≤ 15), so more is an error. */
const MAX_REFERENCES_AND_IMAGES = 15;

const MAX_REFERENCES = 14;

/** The prefix is required, and the image must be a JPEG or PNG. */
const DATA_URI = /^data:image\/(?:jpeg|png);base64,[A-Za-z0-9+/]+={0,2}$/;

const validate = compileSchema<ApiMartCreate>({
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

export function parseApiMartCreate(body: unknown): ParseResult<TaskInput> {
	if (!validate(body)) return { error: invalidRequest(firstSchemaError(validate)) };
	const error =
		referenceError(body) ??
		sumError(body) ??
		autoSizeError(body) ??
		urlError('webhook', body.webhook);
	return error === undefined ? { value: taskInputOf(body) } : { error: invalidRequest(error) };
}

function referenceError({ image_urls: urls = [] }: ApiMartCreate): BodyError | undefined {
	const index = urls.findIndex((url) => !DATA_URI.test(url) && parseHttpUrl(url) === undefined);
	if (index === -1) return undefined;
	return {
		message: `image_urls.${index} must be an http(s) URL or a data URI (data:image/jpeg;base64,… or png)`,
	};
}

function sumError({ image_urls: urls = [], n = 1 }: ApiMartCreate): BodyError | undefined {
	return urls.length + n > MAX_REFERENCES_AND_IMAGES
		? { message: `image_urls + n must be ≤ ${MAX_REFERENCES_AND_IMAGES}` }
		: undefined;
}

function autoSizeError({ size, image_urls: urls = [] }: ApiMartCreate): BodyError | undefined {
	return size === 'auto' && urls.length === 0
		? { message: 'size auto needs image_urls' }
		: undefined;
}

/**
 * How many images are generated. A set needs a reference; without one, a single image comes back and the request
 * doesn't fail: "纯文生图（没有 image_urls）无法生成多张". `n` > 1 turns sets on by itself, otherwise `auto` with
 * `max_images` does.
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

function taskInputOf(create: ApiMartCreate): TaskInput {
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
