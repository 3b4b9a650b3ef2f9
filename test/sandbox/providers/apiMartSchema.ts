import type { SchemaObject } from 'ajv';

import { SPECIAL_FIELDS, type ApiMartModel } from './apiMartModels';
import { bodySchema } from './bodySchema';

/** Checks creates. */
export function apiMartSchema(model: ApiMartModel): SchemaObject {
	return bodySchema(['model', 'prompt'], SPECIAL_FIELDS, apiMartFields(model));
}

/** The fields that a model has. */
export function apiMartFields(model: ApiMartModel): Record<string, SchemaObject> {
	const { maxPrompt, sizes, resolutions } = model;
	return {
		model: { type: 'string', enum: model.names },
		prompt: {
			type: 'string',
			minLength: 1,
			...(maxPrompt !== undefined && { maxLength: maxPrompt }),
		},
		size: { type: 'string', enum: sizes, default: sizes[0] },
		resolution: { type: 'string', enum: resolutions, default: resolutions[0] },
		n: { type: 'integer', minimum: 1, maximum: model.maxImages, default: 1 },
		image_urls: { type: 'array', maxItems: model.maxReferences, items: { type: 'string' } },
		...model.fields,
		webhook: { type: 'string' },
	};
}
