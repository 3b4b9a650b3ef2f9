import type { JsonObject } from '../json';
import type { ImageRequest, Provider, Reference } from '../providers/provider';

/**
 * What a row asks for, whichever links its images will get and whoever is told of the end: the same
 * for the same row on every try, and another as soon as the user changes anything about the image.
 */
export function askedFor(
	{ id }: Provider,
	{ modelId, promptSent, references, values, extraBody }: ImageRequest,
): JsonObject {
	const { callbackUrl: _callbackUrl, ...settings } = values;
	const images = references.map(nameOf);
	return { provider: id, modelId, promptSent, settings, extraBody, images };
}

function nameOf(reference: Reference): string {
	return reference.kind === 'link' ? reference.url : reference.file.key;
}
