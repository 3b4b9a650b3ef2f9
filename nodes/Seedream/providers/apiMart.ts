import { z } from 'zod';

import {
	errorBody,
	imageLinks,
	linksExpire,
	optionalNumber,
	optionalText,
	optionalTime,
	read,
	readFailure,
	saysFailure,
	taskId,
	text,
} from './answers';
import type { CallError, Cost, Model, Provider, TaskState } from './provider';
import { needsReference, referencesPlusImages } from './rules';

const MAX_REFERENCES_AND_IMAGES = 15;

/** Seed 004. The id really is spelled "seedance" there, and is the documented default. */
const seedream45: Model = {
	id: 'doubao-seedance-4-5',
	aliases: ['Doubao-Seedream-4.5', 'doubao-seedream-4.5', 'doubao-seedream-4-5'],
	label: 'Seedream 4.5',
	version: '4.5',
	// The gateway names no limit; a longer prompt is left to it to refuse.
	prompt: { min: 1, max: Infinity },
	references: {
		min: 0,
		max: 14,
		dataUri: true,
		file: {
			formats: ['jpeg', 'png'],
			maxBytes: 10 * 1024 * 1024,
			minSide: 15,
			maxPixels: 6000 * 6000,
			minRatio: 1 / 3,
			maxRatio: 3,
		},
	},
	parameters: {
		aspectRatio: {
			kind: 'choice',
			sentAs: 'size',
			options: ['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '21:9', '9:21', 'auto'],
			default: '1:1',
			note: 'Auto takes the ratio of the reference image, so it needs one.',
		},
		resolution: { kind: 'choice', sentAs: 'resolution', options: ['2K', '4K'], default: '2K' },
		imageCount: {
			kind: 'integer',
			sentAs: 'n',
			min: 1,
			max: MAX_REFERENCES_AND_IMAGES,
			default: 1,
			note: 'Several images need at least one reference image: without one, this gateway makes a single image.',
		},
		promptOptimization: {
			kind: 'choice',
			sentAs: 'optimize_prompt_options.mode',
			options: ['standard', 'fast'],
			default: 'standard',
		},
		sequentialImageGeneration: {
			kind: 'choice',
			sentAs: 'sequential_image_generation',
			options: ['disabled', 'auto'],
			default: 'disabled',
		},
		maxImages: {
			kind: 'integer',
			sentAs: 'sequential_image_generation_options.max_images',
			min: 1,
			max: 15,
		},
		watermark: { kind: 'boolean', sentAs: 'watermark', default: false },
		callbackUrl: {
			kind: 'callback',
			sentAs: 'webhook',
			maxLength: 2048,
			note: 'The gateway adds /callback to this address.',
		},
	},
	rules: [
		referencesPlusImages(MAX_REFERENCES_AND_IMAGES),
		needsReference(
			'aspectRatio',
			({ values }) => values.aspectRatio === 'auto',
			'"auto" takes the ratio of a reference image: add one, or choose a ratio',
		),
		needsReference(
			'imageCount',
			({ values }) => Number(values.imageCount ?? 1) > 1,
			'without a reference image this gateway makes one image only: add a reference image, or ask for one image',
		),
		needsReference(
			'sequentialImageGeneration',
			({ values }) => values.sequentialImageGeneration === 'auto',
			'an image set needs at least one reference image',
		),
		({ values }) =>
			values.maxImages !== undefined && values.sequentialImageGeneration !== 'auto'
				? {
						field: 'maxImages',
						message: 'has no effect unless Sequential Image Generation is set to "auto"',
					}
				: undefined,
	],
};

const created = z
	.object({
		data: z.union([
			z.array(z.object({ task_id: taskId })).min(1),
			// A versioned variant of the API answers 202 with a single object.
			z.object({ id: taskId }).transform(({ id }) => [{ task_id: id }]),
			z.object({ task_id: taskId }).transform((data) => [data]),
		]),
	})
	.transform(({ data }) => ({ taskId: data[0]?.task_id ?? '' }));

const NO_REASON = { code: 'task_failed', message: '', type: 'task_error' };

const task = z
	.object({
		data: z.object({
			status: text.transform((status) => status.toLowerCase()),
			progress: optionalNumber,
			model: optionalText,
			created: optionalTime,
			completed: optionalTime,
			actual_time: optionalNumber,
			cost: optionalNumber,
			credits_cost: optionalNumber,
			result: z.unknown(),
			error: errorBody.nullish().catch(undefined),
		}),
	})
	.transform(({ data }): TaskState => {
		const { status, model, progress } = data;
		switch (status) {
			case 'completed':
			case 'success':
				return {
					status: 'completed',
					imageUrls: imageLinks(data.result),
					expiresAt: statedExpiry(data.result) ?? linksExpire(data.completed ?? data.created),
					cost: statedCost(data.credits_cost, data.cost),
					seconds: data.actual_time,
					model,
				};
			case 'failed':
			case 'cancelled':
				return { status, error: data.error ?? NO_REASON, model };
			case 'submitted':
			case 'pending':
				return { status: 'submitted', progress, model };
			default:
				return { status: 'processing', progress, model };
		}
	});

const stated = z.object({ images: z.array(z.object({ expires_at: optionalTime })) });

/** The first moment at which one of the links dies. */
function statedExpiry(result: unknown): Date | undefined {
	const parsed = stated.safeParse(result);
	if (!parsed.success) return undefined;
	const times = parsed.data.images.flatMap(({ expires_at: at }) => (at ? [at.getTime()] : []));
	return times.length > 0 ? new Date(Math.min(...times)) : undefined;
}

function statedCost(credits: number | undefined, usd: number | undefined): Cost | undefined {
	if (credits === undefined && usd === undefined) return undefined;
	return { ...(credits === undefined ? {} : { credits }), ...(usd === undefined ? {} : { usd }) };
}

/** A bad parameter comes back as HTTP 500 with this prefix; nothing was accepted. */
const BAD_PARAMETER = /^build_request_failed\b/;

function readError(status: number, body: unknown): CallError | undefined {
	if (status < 400 && !saysFailure(body)) return undefined;
	const error = readFailure(status, body);
	return BAD_PARAMETER.test(error.message) ? { ...error, status: 400 } : error;
}

const uploaded = z.object({ url: z.string().url() }).transform(({ url }) => url);

export const apiMart: Provider = {
	id: 'apiMart',
	label: 'APIMart',
	credential: 'apiMartApi',
	models: [seedream45],
	createPath: '/v1/images/generations',
	honoursIdempotencyKey: false,
	queryPath: (id) => `/v1/tasks/${encodeURIComponent(id)}`,
	fileReferences: {
		kind: 'upload',
		baseUrl: 'baseUrl',
		path: '/v1/uploads/images',
		formats: ['jpeg', 'png', 'webp', 'gif'],
		keptHours: 72,
		readUploaded: (body) => read(uploaded, body),
	},
	readCreated: (body) => read(created, body),
	readTask: (body) => read(task, body),
	readError,
};
