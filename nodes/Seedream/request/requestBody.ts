import mergeWith from 'lodash/mergeWith';
import set from 'lodash/set';

import type { ParameterName } from '../providers/provider';
import type { JsonObject } from '../shared/json';
import type { ImageRequest } from './imageRequest';

/** The body of the create request, with the provider's names. `links` are the reference images. */
export function requestBody(request: ImageRequest, links: readonly string[]): JsonObject {
	const { model, modelId, promptSent, values, extraBody } = request;
	const body: JsonObject = { model: modelId, prompt: promptSent };
	if (links.length > 0) body.image_urls = links;
	for (const [name, value] of Object.entries(values)) {
		const parameter = model.parameters[name as ParameterName];
		if (parameter) set(body, parameter.sentAs, value);
	}
	return mergeWith(body, extraBody, replaceLists);
}

/** Objects are merged, but the user's lists replace ours. */
function replaceLists(_ours: unknown, theirs: unknown): unknown {
	return Array.isArray(theirs) ? theirs : undefined;
}
