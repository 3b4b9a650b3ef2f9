import { z } from 'zod';

import type { RequestError } from '../errors/providerError';
import type { Model, Provider } from './provider';
import { read, readRequestError, readCreatedTasks, taskReader } from './responseSchemas';
import { needsReference, referencesPlusImages } from './rules';

const MAX_REFERENCES_AND_IMAGES = 15;

/** Seed 004. The id really is spelled "seedance" there, and is the documented default. */
const seedream45: Model = {
	id: 'doubao-seedance-4-5',
	aliases: ['Doubao-Seedream-4.5', 'doubao-seedream-4.5', 'doubao-seedream-4-5'],
	label: 'Seedream 4.5',
	version: '4.5',
	// The provider names no limit; a longer prompt is left to it to refuse.
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
			note: 'Several images need at least one reference image: without one, this provider makes a single image.',
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
			note: 'The provider adds /callback to this address.',
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
			'without a reference image this provider makes one image only: add a reference image, or ask for one image',
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

const readTask = taskReader({
	linksFrom: ({ created, completed }) => completed ?? created,
	costIsUsd: true,
	noReason: 'task_failed',
});

/** A bad parameter comes back as HTTP 500 with this prefix; nothing was accepted. */
const BAD_PARAMETER = /^build_request_failed\b/;

/** Where others answer 404. */
const UNKNOWN_TASK = /无效的任务\s*ID/;

function readError(status: number, body: unknown): RequestError | undefined {
	const error = readRequestError(status, body);
	if (!error) return undefined;
	if (BAD_PARAMETER.test(error.message) || BAD_PARAMETER.test(error.code))
		return { ...error, status: 400 };
	return UNKNOWN_TASK.test(error.message) ? { ...error, status: 404 } : error;
}

const uploaded = z.object({ url: z.string().url() }).transform(({ url }) => url);

export const apiMart: Provider = {
	id: 'apiMart',
	label: 'APIMart',
	credential: 'apiMartApi',
	models: [seedream45],
	createPath: '/v1/images/generations',
	// Promised for all creates, and shown for none of Seedream's: the version goes with every one of its own client's.
	idempotency: {
		trust: 'whenShown',
		headers: { 'X-APIMart-Response-Version': '2026-07-27' },
	},
	failedTasksAreFree: 'documented',
	queryPath: (id) => `/v1/tasks/${encodeURIComponent(id)}`,
	fileReferences: {
		kind: 'upload',
		baseUrl: 'baseUrl',
		path: '/v1/uploads/images',
		formats: ['jpeg', 'png', 'webp', 'gif'],
		keptHours: 72,
		readUploaded: (body) => read(uploaded, body),
	},
	readCreated: (body) => readCreatedTasks(body, readTask),
	readTask,
	readError,
};
