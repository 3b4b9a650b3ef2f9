import type { JsonObject } from '../json';
import type { ImageRequest, Provider, Reference } from '../providers/provider';

/**
 * What a row asks for, whichever links its images will get: the same for the same row on every try,
 * and another as soon as the user changes anything that the gateway would see.
 */
export function askedFor(
	{ id }: Provider,
	{ modelId, promptSent, references, values, extraBody }: ImageRequest,
): JsonObject {
	return {
		provider: id,
		modelId,
		promptSent,
		values,
		extraBody,
		references: references.map(nameOf),
	};
}

function nameOf(reference: Reference): string {
	return reference.kind === 'link' ? reference.url : reference.file.key;
}
