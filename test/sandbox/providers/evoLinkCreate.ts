import { callbackUrlError } from '../callbackUrls';
import { parsePixelSize, pixelsFor } from '../pixelSizes';
import { imageCountInPrompt } from '../promptImageCount';
import type { ParseResult } from '../responses';
import { roundCredits, type TaskInput } from '../tasks';
import { compileSchema, firstSchemaError, referenceUrlError, type BodyError } from './bodySchema';
import { errorResponse, invalidRequest } from './evoLinkErrors';

/**
 * The request body as documented on
 * https://docs.evolink.ai/en/api-manual/image-series/seedream/seedream-4.5-image-generate (and
 * seedream-4.0-image-generate), read in October 2026.
 */
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
	/** For a `size` in pixels. */
	minPixels: number;
	qualities: readonly string[];
	promptPriorities: readonly string[];
}

const MODELS: Record<string, EvoLinkModel> = {
	'doubao-seedream-4.5': {
		creditsPerImage: 2.25,
		minPixels: 2560 * 1440,
		qualities: ['2K', '4K'],
		promptPriorities: ['standard'],
	},
	'doubao-seedream-4.0': {
		creditsPerImage: 1.6,
		minPixels: 1280 * 720,
		qualities: ['1K', '2K', '4K'],
		promptPriorities: ['standard', 'fast'],
	},
};

/** Older versions of the page don't have 9:21. */
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

/** Width to height, or height to width. */
const MAX_ASPECT_RATIO = 16;

/** Seedream 4.5 page: "参考图像数量 + 最终生成图像数量 ≤ 15张" (reference images + generated images ≤ 15). */
const MAX_REFERENCES_AND_IMAGES = 15;

const validators = new Map(
	Object.entries(MODELS).map(([name, model]) => [
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

export function parseEvoLinkCreate(
	body: unknown,
	callbackHosts: readonly string[],
): ParseResult<TaskInput> {
	if (!hasModel(body)) return { error: invalidRequest(firstSchemaError(hasModel)) };
	const { model: name } = body;
	const model = MODELS[name];
	const validate = validators.get(name);
	if (model === undefined || validate === undefined) {
		return { error: errorResponse(403, `Token does not have access to model: ${name}`) };
	}
	if (!validate(body)) return { error: invalidRequest(firstSchemaError(validate)) };
	const error =
		sizeError(body, model) ??
		referenceUrlError(body.image_urls) ??
		callbackError(body, callbackHosts);
	return error === undefined
		? { value: taskInputOf(body, model) }
		: { error: invalidRequest(error) };
}

function sizeError({ size }: EvoLinkCreate, model: EvoLinkModel): BodyError | undefined {
	if (size === undefined || RATIOS.includes(size)) return undefined;
	const pixels = parsePixelSize(size);
	if (pixels === undefined) {
		return { param: 'size', message: `size must be WIDTHxHEIGHT or one of: ${RATIOS.join(', ')}` };
	}
	const total = pixels.width * pixels.height;
	if (total < model.minPixels || total > MAX_PIXELS) {
		const range = `[${model.minPixels}, ${MAX_PIXELS}]`;
		return { param: 'size', message: `size must have a total number of pixels in ${range}` };
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

function taskInputOf(create: EvoLinkCreate, model: EvoLinkModel): TaskInput {
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
