import omit from 'lodash/omit';

import type { Reference } from '../images/reference';
import type { Provider } from '../providers/provider';
import type { RequestFingerprint } from '../tasks/ledger';
import type { ImageRequest } from './imageRequest';

/**
 * What a row asks for, whichever links its images will get and whoever is told of the end: the same
 * for the same row in another execution, and another as soon as the user changes anything about the image.
 */
export function requestFingerprint({ id }: Provider, request: ImageRequest): RequestFingerprint {
	const { model, modelId, prompt, promptSent, references, values } = request;
	const { callbackUrl: _callbackUrl, ...settings } = values;
	const extraBody = omit(request.extraBody, model.parameters.callbackUrl?.sentAs ?? '');
	const images = references.map(nameOf);
	return {
		identity: { provider: id, modelId, promptSent, settings, extraBody, images },
		input: { provider: id, model: modelId, prompt, images: requestedImages(request) },
	};
}

export function requestedImages({ values }: ImageRequest): number {
	return Number(values.imageCount ?? 1);
}

function nameOf(reference: Reference): string {
	return reference.kind === 'link' ? reference.url : reference.file.hash;
}
