import { z } from 'zod';

import type { RequestError } from '../errors/providerError';
import { parseCreatedTasks } from './createResponse';
import { parseRequestError } from './errorResponse';
import { parse } from './fieldSchemas';
import type { Model, Provider } from './provider';
import { needsReference, referencesPlusImages } from './rules';
import { createTaskParser } from './taskResponse';

const MAX_REFERENCES_AND_IMAGES = 15;

/** See https://docs.apimart.ai (October 2026). "seedance" isn't a typo: it's the documented default. */
const seedream45: Model = {
	id: 'doubao-seedance-4-5',
	aliases: ['Doubao-Seedream-4.5', 'doubao-seedream-4.5', 'doubao-seedream-4-5'],
	label: 'Seedream 4.5',
	version: '4.5',
	// The provider documents no limit and rejects prompts that are too long.
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
			note: 'Auto uses the ratio of the reference image, so it needs one.',
		},
		resolution: { kind: 'choice', sentAs: 'resolution', options: ['2K', '4K'], default: '2K' },
		imageCount: {
			kind: 'integer',
			sentAs: 'n',
			min: 1,
			max: MAX_REFERENCES_AND_IMAGES,
			default: 1,
			note: 'To get several images, add at least one reference image.',
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
			note: 'APIMart appends /callback to this URL.',
		},
	},
	rules: [
		referencesPlusImages(MAX_REFERENCES_AND_IMAGES),
		needsReference(
			'aspectRatio',
			({ values }) => values.aspectRatio === 'auto',
			'is "auto", which needs a reference image. Add one, or choose a ratio',
		),
		needsReference(
			'imageCount',
			({ values }) => Number(values.imageCount ?? 1) > 1,
			'must be 1 without a reference image. Add a reference image, or set it to 1',
		),
		needsReference(
			'sequentialImageGeneration',
			({ values }) => values.sequentialImageGeneration === 'auto',
			'is "auto", which needs a reference image. Add one, or choose "disabled"',
		),
		({ values }) =>
			values.maxImages !== undefined && values.sequentialImageGeneration !== 'auto'
				? {
						field: 'maxImages',
						message: 'has no effect unless \'Sequential Image Generation\' is "auto"',
					}
				: undefined,
	],
};

const parseTask = createTaskParser({
	linksFrom: ({ created, completed }) => completed ?? created,
	costIsUsd: true,
	defaultErrorCode: 'task_failed',
});

/** An invalid parameter is rejected with HTTP 500 and this prefix. */
const INVALID_PARAMETER = /^build_request_failed\b/;

/** The provider's message for an unknown task, where others respond with 404. */
const UNKNOWN_TASK = /无效的任务\s*ID/;

function parseApiMartError(status: number, body: unknown): RequestError | undefined {
	const error = parseRequestError(status, body);
	if (!error) return undefined;
	if (INVALID_PARAMETER.test(error.message) || INVALID_PARAMETER.test(error.code))
		return { ...error, status: 400 };
	return UNKNOWN_TASK.test(error.message) ? { ...error, status: 404 } : error;
}

const uploadedUrl = z.object({ url: z.string().url() }).transform(({ url }) => url);

export const apiMart: Provider = {
	id: 'apiMart',
	label: 'APIMart',
	credential: 'apiMartApi',
	models: [seedream45],
	createPath: '/v1/images/generations',
	// Documented for all create requests, but not for Seedream in particular. The provider's own client
	// sends the version with each of them.
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
		retentionHours: 72,
		parseUploaded: (body) => parse(uploadedUrl, body),
	},
	parseCreated: (body) => parseCreatedTasks(body, parseTask),
	parseTask,
	parseError: parseApiMartError,
};
