import { mergeWith, set } from 'lodash';

import type { Parameter, ParameterName } from '../providers/provider';
import type { JsonObject } from '../shared/json';
import { callbackAddress } from './callbackAddress';
import { maskedCallbackUrl, type AddCallbackData } from './callbackData';
import type { ImageRequest } from './imageRequest';

/**
 * The body of the create request, with the provider's names. `links` are the reference images. Without
 * `addCallbackData`, the signature of the callback's address is masked.
 */
export function requestBody(
	request: ImageRequest,
	links: readonly string[],
	addCallbackData: AddCallbackData = maskedCallbackUrl,
): JsonObject {
	const { model, modelId, promptSent, values, extraBody, callbackData } = request;
	const body: JsonObject = { model: modelId, ...(promptSent === '' ? {} : { prompt: promptSent }) };
	if (links.length > 0) body.image_urls = links;
	for (const [name, value] of Object.entries(values)) {
		const parameter = model.parameters[name as ParameterName];
		const sent = parameter && sentValue(parameter, value);
		if (parameter && sent !== undefined) set(body, parameter.sentAs, sent);
	}
	mergeWith(body, extraBody, replaceLists);
	const url = callbackAddress(request);
	const { callbackUrl } = model.parameters;
	if (callbackData === undefined || url === undefined || !callbackUrl) return body;
	return set(body, callbackUrl.sentAs, addCallbackData(url, callbackData));
}

function sentValue(parameter: Parameter, value: string | number | boolean): unknown {
	if (parameter.kind !== 'boolean' || parameter.sentWhenTrue === undefined) return value;
	return value === true ? parameter.sentWhenTrue : undefined;
}

/** Objects are merged, but the user's lists replace ours. */
function replaceLists(_ours: unknown, theirs: unknown): unknown {
	return Array.isArray(theirs) ? theirs : undefined;
}
