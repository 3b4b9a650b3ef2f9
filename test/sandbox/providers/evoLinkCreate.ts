import { callbackUrlError } from '../callbackUrls';
import { layersOf, type Layer } from '../layers';
import { areaOf, parsePixelSize, pixelsFor, squareSide, type PixelSize } from '../pixelSizes';
import { pricedQuality, priceOf, totalOf, type PriceComponent } from '../prices';
import { imageCountInPrompt } from '../promptImageCount';
import { parsePromptMarkers } from '../promptMarkers';
import type { ParseResult } from '../responses';
import type { ImageFormat, TaskInput } from '../tasks';
import {
	bodySchema,
	compileSchema,
	firstSchemaError,
	referenceUrlError,
	transparencyError,
	type BodyError,
} from './bodySchema';
import { errorResponse, invalidRequest } from './evoLinkErrors';
import { EVOLINK_MODELS, FLASH_AND_PRO_RANGE, RATIOS, type EvoLinkModel } from './evoLinkModels';

/**
 * The request body as documented on
 * https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-4.5-image-generate (and the pages of the other
 * models), read in October 2026.
 */
interface EvoLinkCreate {
	model: string;
	prompt?: string;
	n?: number;
	size?: string;
	quality?: string;
	prompt_priority?: string;
	image_urls?: string[];
	output_format?: ImageFormat;
	watermark?: boolean;
	background?: string;
	model_params?: { output_format?: ImageFormat; tools?: Array<{ type: string }> };
	callback_url?: string;
}

/** The fields that only some models have. */
const SPECIAL_FIELDS = ['n', 'size', 'output_format', 'watermark', 'background', 'model_params'];

/** Width to height, or height to width. */
const MAX_ASPECT_RATIO = 16;

/** Seedream 4.5 page: "参考图像数量 + 最终生成图像数量 ≤ 15张" (reference images + generated images ≤ 15). */
const MAX_REFERENCES_AND_IMAGES = 15;

const MAX_LAYERS = 16;

const DEFAULT_LAYERS = 3;

const validators = new Map(
	Object.entries(EVOLINK_MODELS).map(([name, model]) => [
		name,
		compileSchema<EvoLinkCreate>(schemaOf(model)),
	]),
);

const hasModel = compileSchema<{ model: string }>({
	type: 'object',
	required: ['model'],
	properties: { model: { type: 'string' } },
});

/** The page's OpenAPI text, and the limits that only its prose gives (n, size). */
function schemaOf(model: EvoLinkModel) {
	const { maxPrompt, maxReferences } = model;
	const references = { type: 'array', items: { type: 'string', format: 'uri' } };
	const fields = {
		model: { type: 'string' },
		quality: { type: 'string', enum: model.qualities },
		prompt_priority: { type: 'string', enum: model.promptPriorities },
		callback_url: { type: 'string' },
		...model.fields,
	};
	return maxReferences === undefined
		? bodySchema(['model', 'image_urls'], SPECIAL_FIELDS, {
				...fields,
				prompt: { type: 'string', maxLength: maxPrompt },
				image_urls: { ...references, minItems: 1, maxItems: 1 },
			})
		: bodySchema(['model', 'prompt'], SPECIAL_FIELDS, {
				...fields,
				prompt: { type: 'string', minLength: 1, maxLength: maxPrompt },
				image_urls: { ...references, maxItems: maxReferences },
			});
}

export function parseEvoLinkCreate(
	body: unknown,
	callbackHosts: readonly string[],
	reference?: PixelSize,
): ParseResult<TaskInput> {
	if (!hasModel(body)) return { error: invalidRequest(firstSchemaError(hasModel)) };
	const { model: name } = body;
	const model = EVOLINK_MODELS[name];
	const validate = validators.get(name);
	if (model === undefined || validate === undefined) {
		return { error: errorResponse(403, `Token does not have access to model: ${name}`) };
	}
	if (!validate(body)) return { error: invalidRequest(firstSchemaError(validate)) };
	const error =
		sizeError(body, model) ??
		referenceUrlError(body.image_urls) ??
		transparencyError(body, formatOf(body, model)) ??
		callbackError(body, callbackHosts);
	return error === undefined
		? { value: taskInputOf(body, model, reference) }
		: { error: invalidRequest(error) };
}

function sizeError({ size }: EvoLinkCreate, { pixelRange }: EvoLinkModel): BodyError | undefined {
	if (size === undefined || pixelRange === undefined || RATIOS.includes(size)) return undefined;
	const pixels = parsePixelSize(size);
	if (pixels === undefined) {
		return { param: 'size', message: `size must be WIDTHxHEIGHT or one of: ${RATIOS.join(', ')}` };
	}
	const { min, max } = pixelRange;
	if (areaOf(pixels) < min || areaOf(pixels) > max) {
		return {
			param: 'size',
			message: `size must have a total number of pixels in [${min}, ${max}]`,
		};
	}
	const aspectRatio = Math.max(pixels.width / pixels.height, pixels.height / pixels.width);
	return aspectRatio > MAX_ASPECT_RATIO
		? { param: 'size', message: 'size must have an aspect ratio in [1/16, 16]' }
		: undefined;
}

function callbackError(
	{ callback_url: url }: EvoLinkCreate,
	callbackHosts: readonly string[],
): BodyError | undefined {
	const message = url === undefined ? undefined : callbackUrlError(url, callbackHosts);
	return message === undefined ? undefined : { param: 'callback_url', message };
}

function formatOf(
	{ output_format: format, model_params: params }: EvoLinkCreate,
	model: EvoLinkModel,
): ImageFormat {
	return format ?? params?.output_format ?? model.format;
}

/**
 * How many images are generated. `n` is only an upper bound: the prompt must ask for several. Too many references
 * lower the number instead of failing the request; the Seedream 4.5 page: "如出现：参考图像数量 + 提示词内需要生成的图像数
 * > 15张 … 则 最终生成的图像数 = 15 - 参考图像数量".
 */
export function evoLinkImageCount(prompt: string, n: number, references: number): number {
	if (n === 1) return 1;
	const wanted = imageCountInPrompt(prompt) ?? 1;
	return Math.max(1, Math.min(wanted, n, MAX_REFERENCES_AND_IMAGES - references));
}

function taskInputOf(
	create: EvoLinkCreate,
	model: EvoLinkModel,
	reference: PixelSize | undefined,
): TaskInput {
	const { prompt = '', n = 1, image_urls: references = [] } = create;
	const quality = create.quality ?? model.qualities[0];
	const layered = model.maxReferences === undefined;
	const pixels = layered ? canvasFor(quality, reference) : sizeOf(create, model, quality);
	const layers = layered ? layersIn(prompt, pixels) : undefined;
	const price = priceOf(model.prices, pricedQuality(quality, pixels), countsOf(create));
	return {
		model: create.model,
		prompt,
		body: create,
		images: layers?.length ?? evoLinkImageCount(prompt, n, references.length),
		pixels,
		format: formatOf(create, model),
		...(create.background === 'transparent' && { isTransparent: true }),
		...(layers !== undefined && { layers }),
		references,
		referenceLimits: model.references,
		price,
		creditsReserved: totalOf(price, layered ? MAX_LAYERS + 1 : n),
		...(create.callback_url !== undefined && { callbackUrl: create.callback_url }),
	};
}

/** One search for each tool: nothing says how many a task makes. */
function countsOf({
	image_urls: references = [],
	model_params: params,
}: EvoLinkCreate): Partial<Record<PriceComponent['name'], number>> {
	return {
		reference_image: references.length,
		input_image: references.length,
		web_search: params?.tools?.length ?? 0,
	};
}

function sizeOf({ size = 'auto' }: EvoLinkCreate, model: EvoLinkModel, quality: string): PixelSize {
	return parsePixelSize(size) ?? pixelsFor(model.pixels, size, quality);
}

/** In the ratio of the reference, or a square while its size isn't known. `auto` keeps the size if it's in the range. */
function canvasFor(quality: string, reference?: PixelSize): PixelSize {
	const tier = quality === 'auto' ? '2K' : quality;
	const square = { width: squareSide(tier), height: squareSide(tier) };
	if (reference === undefined) return square;
	const { min, max } = FLASH_AND_PRO_RANGE;
	const wanted =
		quality === 'auto' ? Math.min(max, Math.max(min, areaOf(reference))) : areaOf(square);
	const scale = Math.sqrt(wanted / areaOf(reference));
	const round = scale > 1 ? Math.ceil : Math.floor;
	return { width: round(reference.width * scale), height: round(reference.height * scale) };
}

function layersIn(prompt: string, canvas: PixelSize): Layer[] {
	return layersOf(canvas, parsePromptMarkers(prompt).layers ?? DEFAULT_LAYERS);
}
