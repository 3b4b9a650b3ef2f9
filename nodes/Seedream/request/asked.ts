import omit from 'lodash/omit';

import type { ImageRequest, Provider, Reference } from '../providers/provider';
import type { Asked } from '../tasks/ledger';

/**
 * What a row asks for, whichever links its images will get and whoever is told of the end: the same
 * for the same row in another execution, and another as soon as the user changes anything about the image.
 */
export function askedFor({ id }: Provider, request: ImageRequest): Asked {
	const { model, modelId, prompt, promptSent, references, values } = request;
	const { callbackUrl: _callbackUrl, ...settings } = values;
	const extraBody = omit(request.extraBody, model.parameters.callbackUrl?.sentAs ?? '');
	const images = references.map(nameOf);
	return {
		identity: { provider: id, modelId, promptSent, settings, extraBody, images },
		order: { provider: id, model: modelId, prompt, images: imagesAskedFor(request) },
	};
}

export function imagesAskedFor({ values }: ImageRequest): number {
	return Number(values.imageCount ?? 1);
}

function nameOf(reference: Reference): string {
	return reference.kind === 'link' ? reference.url : reference.file.hash;
}
