import { parseHttpUrl } from '../callbackUrls';
import { pixelsFor } from '../pixelSizes';
import { priceOf, totalOf } from '../prices';
import type { ParseResult } from '../responses';
import type { ImageFormat, TaskInput } from '../tasks';
import { invalidRequest } from './apiMartErrors';
import { APIMART_MODELS, type ApiMartModel } from './apiMartModels';
import { apiMartSchema } from './apiMartSchema';
import {
	compileSchema,
	firstSchemaError,
	lenientCallbackUrlError,
	transparencyError,
	type BodyError,
} from './bodySchema';

/** The request body as documented at https://docs.apimart.ai, read in September and October 2026. */
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
	output_format?: ImageFormat;
	background?: string;
	webhook?: string;
}

/** "参考图数量 + n 指定的最终生成图片数量必须 ≤ 15 张" (references + n must be ≤ 15), so more is an error. */
const MAX_REFERENCES_AND_IMAGES = 15;

/** The prefix is required, and the image must be a JPEG or PNG. */
const DATA_URI = /^data:image\/(?:jpeg|png);base64,[A-Za-z0-9+/]+={0,2}$/;

const validators = new Map(
	APIMART_MODELS.flatMap((model) => {
		const validate = compileSchema<ApiMartCreate>(apiMartSchema(model));
		return model.names.map((name) => [name, { model, validate }] as const);
	}),
);

const hasModel = compileSchema<{ model: string }>({
	type: 'object',
	required: ['model'],
	properties: { model: { type: 'string', enum: [...validators.keys()] } },
});

export function parseApiMartCreate(body: unknown): ParseResult<TaskInput> {
	const known = hasModel(body) ? validators.get(body.model) : undefined;
	if (known === undefined) return { error: invalidRequest(firstSchemaError(hasModel)) };
	const { model, validate } = known;
	if (!validate(body)) return { error: invalidRequest(firstSchemaError(validate)) };
	const error =
		referenceError(body) ??
		sumError(body) ??
		autoSizeError(body, model) ??
		transparencyError(body, formatOf(body, model)) ??
		lenientCallbackUrlError('webhook', body.webhook);
	return error === undefined
		? { value: taskInputOf(body, model) }
		: { error: invalidRequest(error) };
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

function autoSizeError(
	{ size, image_urls: urls = [] }: ApiMartCreate,
	{ autoNeedsReferences }: ApiMartModel,
): BodyError | undefined {
	return autoNeedsReferences && size === 'auto' && urls.length === 0
		? { message: 'size auto needs image_urls' }
		: undefined;
}

function formatOf({ output_format: format }: ApiMartCreate, model: ApiMartModel): ImageFormat {
	return format ?? model.format;
}

/**
 * How many images are generated. Before 5.0, a set needs a reference; without one, a single image comes back and the
 * request doesn't fail: "纯文生图（没有 image_urls）无法生成多张". `n` > 1 turns sets on by itself, otherwise `auto` with
 * `max_images` does.
 */
export function apiMartImageCount(
	create: ApiMartCreate,
	{ severalNeedReferences }: Pick<ApiMartModel, 'severalNeedReferences'>,
): number {
	const references = create.image_urls?.length ?? 0;
	return severalNeedReferences && references === 0
		? 1
		: Math.min(wantedImages(create), MAX_REFERENCES_AND_IMAGES - references);
}

function wantedImages(create: ApiMartCreate): number {
	const { n = 1, sequential_image_generation_options: options } = create;
	if (n > 1) return n;
	return create.sequential_image_generation === 'auto' ? (options?.max_images ?? 1) : 1;
}

function taskInputOf(create: ApiMartCreate, model: ApiMartModel): TaskInput {
	const { size = model.sizes[0], resolution = model.resolutions[0] } = create;
	const price = priceOf(model.prices, resolution);
	return {
		model: create.model,
		prompt: create.prompt,
		body: create,
		images: apiMartImageCount(create, model),
		pixels: pixelsFor(model.pixels, size, resolution),
		format: formatOf(create, model),
		...(create.background === 'transparent' && { isTransparent: true }),
		references: create.image_urls ?? [],
		referenceLimits: model.references,
		price,
		creditsReserved: totalOf(price, wantedImages(create)),
		// Even behind a query.
		...(create.webhook !== undefined && { callbackUrl: `${create.webhook}/callback` }),
	};
}
