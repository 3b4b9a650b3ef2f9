import { parseCreatedTasks } from './createResponse';
import { parseRequestError } from './errorResponse';
import type { Model, Provider } from './provider';
import { SEEDREAM_REFERENCE_FILE } from './seedream';
import { createTaskParser } from './taskResponse';

/** See https://apiin.one/zh/model/seedream-4-5 (November 2026). */
const textToImage: Model = {
	id: 'seedream/4.5-text-to-image',
	aliases: [],
	label: 'Seedream 4.5 Text to Image',
	version: '4.5',
	prompt: { min: 3, max: 5000 },
	// The model ignores reference images, but the image would still be charged.
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
			equivalents: { basic: '2K', high: '4K' },
		},
		callbackUrl: { kind: 'callback', sentAs: 'callback_url', maxLength: 2048 },
	},
	rules: [],
	price: { perImage: [{ amount: 12 }] },
};

const edit: Model = {
	...textToImage,
	id: 'seedream/4.5-edit',
	label: 'Seedream 4.5 Edit',
	// The provider documents no limits for files: these are the model's own.
	references: { min: 1, max: 14, dataUri: false, file: SEEDREAM_REFERENCE_FILE },
};

/** See https://apiin.one/zh/model/seedream-4-5. */
const CREDITS_PER_USD = 100;

// The provider doesn't document where the links are, so every key that its peers use is searched.
const parseTask = createTaskParser({
	linksFrom: () => undefined,
	creditsPerUsd: CREDITS_PER_USD,
	defaultErrorCode: 'task_failed',
});

export const apiInOne: Provider = {
	id: 'apiInOne',
	label: 'API in One',
	credential: 'apiInOneApi',
	models: [textToImage, edit],
	defaultModels: { 1: textToImage, 1.1: textToImage },
	automatic: {
		description: 'Edit if the row has reference images, otherwise Text to Image',
		pick: (references) => (references > 0 ? edit : textToImage),
	},
	priceList: { unit: 'credits', creditsPerUsd: CREDITS_PER_USD },
	createPath: '/v1/images/generations',
	idempotency: { trust: 'none' },
	failedTasksAreFree: 'assumed',
	queryPath: (id) => `/v1/tasks/${encodeURIComponent(id)}`,
	fileReferences: { kind: 'signedLink' },
	parseCreated: (body) => parseCreatedTasks(body, parseTask),
	parseTask,
	parseError: parseRequestError,
};
