import type { Model, Provider } from './provider';
import { readRequestError, readCreatedTasks, taskReader } from './responseSchemas';
import { SEEDREAM_REFERENCE_FILE } from './seedream';

/** Seed 003; the prompt's limits from the provider's newer documentation. */
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
	// The provider names no limits for files: these are the model's own.
	references: { min: 1, max: 14, dataUri: false, file: SEEDREAM_REFERENCE_FILE },
};

// Where the links stand is not documented: every place its relatives use is searched.
const readTask = taskReader({ linksFrom: () => undefined, noReason: 'task_failed' });

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
	idempotency: { trust: 'none' },
	failedTasksAreFree: 'assumed',
	queryPath: (id) => `/v1/tasks/${encodeURIComponent(id)}`,
	fileReferences: { kind: 'signedLink' },
	readCreated: (body) => readCreatedTasks(body, readTask),
	readTask,
	readError: readRequestError,
};
