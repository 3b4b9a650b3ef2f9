import { z } from 'zod';

import { isJsonObject } from '../json';
import {
	errorBody,
	imageLinks,
	optionalNumber,
	optionalText,
	read,
	readFailure,
	saysFailure,
	taskId,
	text,
} from './answers';
import type { Model, Provider, TaskState } from './provider';
import { SEEDREAM_REFERENCE_FILE } from './seedream';

/** Seed 003; the prompt's limits from the gateway's newer documentation. */
const textToImage: Model = {
	id: 'seedream/4.5-text-to-image',
	aliases: [],
	label: 'Seedream 4.5 Text to Image',
	version: '4.5',
	prompt: { min: 3, max: 5000 },
	// The model would ignore a reference image, and the image would be charged all the same.
	references: { min: 0, max: 0, dataUri: false, file: SEEDREAM_REFERENCE_FILE },
	parameters: {
		aspectRatio: {
			kind: 'choice',
			sentAs: 'aspect_ratio',
			options: ['1:1', '4:3', '3:4', '16:9', '9:16', '2:3', '3:2', '21:9'],
			default: '1:1',
		},
		resolution: {
			kind: 'choice',
			sentAs: 'quality',
			label: 'Quality',
			options: ['basic', 'high'],
			default: 'basic',
		},
		callbackUrl: { kind: 'callback', sentAs: 'callback_url', maxLength: 2048 },
	},
	rules: [],
	creditsPerImage: 12,
};

const edit: Model = {
	...textToImage,
	id: 'seedream/4.5-edit',
	label: 'Seedream 4.5 Edit',
	// The gateway names no limits for files: these are the model's own.
	references: { min: 1, max: 14, dataUri: false, file: SEEDREAM_REFERENCE_FILE },
};

/** The content stands in `data` or, on an older page of the documentation, at the top level. */
function content(body: unknown): unknown {
	if (!isJsonObject(body) || !isJsonObject(body.data)) return body;
	// The message of the envelope speaks of the request, not of the task.
	const { message, ...envelope } = body;
	return { ...envelope, ...body.data };
}

const created = z.preprocess(
	content,
	z
		.union([
			z.object({ task_id: taskId }),
			z.object({ id: taskId }).transform(({ id }) => ({ task_id: id })),
		])
		.transform(({ task_id }) => ({ taskId: task_id })),
);

const task = z.preprocess(
	content,
	z
		.object({
			status: text.transform((status) => status.toLowerCase()),
			progress: optionalNumber,
			model: optionalText,
			error: z.unknown(),
			message: optionalText,
		})
		.passthrough()
		.transform(({ status, progress, model, error, message, ...rest }): TaskState => {
			switch (status) {
				case 'completed':
				case 'success':
					// Where the links stand is not documented: every place its relatives use is searched.
					return { status: 'completed', imageUrls: imageLinks(rest), model };
				case 'failed':
				case 'error':
					return { status: 'failed', error: readTaskError(error, message), model };
				case 'cancelled':
					return { status, error: readTaskError(error, message), model };
				case 'pending':
				case 'submitted':
					return { status: 'submitted', progress, model };
				default:
					return { status: 'processing', progress, model };
			}
		}),
);

function readTaskError(error: unknown, message: string | undefined) {
	const parsed = errorBody.safeParse(error);
	if (parsed.success) return parsed.data;
	const words = typeof error === 'string' ? error : message;
	return { code: 'task_failed', message: words ?? '', type: 'task_error' };
}

export const apiInOne: Provider = {
	id: 'apiInOne',
	label: 'API in One',
	credential: 'apiInOneApi',
	models: [textToImage, edit],
	automatic: {
		description: 'Edit when the row has reference images, else Text to Image',
		pick: (references) => (references > 0 ? edit : textToImage),
	},
	createPath: '/v1/images/generations',
	honoursIdempotencyKey: false,
	queryPath: (id) => `/v1/tasks/${encodeURIComponent(id)}`,
	fileReferences: { kind: 'signedLink' },
	readCreated: (body) => read(created, body),
	readTask: (body) => read(task, body),
	readError: (status, body) =>
		status >= 400 || saysFailure(body) ? readFailure(status, body) : undefined,
};
