import omit from 'lodash/omit';

import type { Reference } from '../images/reference';
import { taskPrice, type TaskPrice } from '../providers/price';
import type { Provider } from '../providers/provider';
import type { RowRequest } from '../tasks/ledger';
import type { ImageRequest } from './imageRequest';

/**
 * Identifies what a row requests. It stays the same for the same row in another execution, whatever
 * links the reference images get and whatever the callback URL is, and changes as soon as the user
 * changes anything about the image.
 */
export function requestFingerprint({ id }: Provider, request: ImageRequest): RowRequest {
	const { model, modelId, prompt, promptSent, references, values } = request;
	const { callbackUrl: _callbackUrl, ...settings } = values;
	const extraBody = omit(request.extraBody, model.parameters.callbackUrl?.sentAs ?? '');
	const images = references.map(referenceKey);
	return {
		identity: { provider: id, modelId, promptSent, settings, extraBody, images },
		input: {
			provider: id,
			model: modelId,
			prompt,
			images: requestedImages(request),
			price: listPrice(request),
		},
	};
}

function listPrice({ model, values, references }: ImageRequest): TaskPrice | undefined {
	const { aspectRatio, resolution, webSearch } = values;
	const [width, height] = String(aspectRatio).split('x').map(Number);
	return taskPrice(model, {
		resolution: resolution === undefined ? undefined : String(resolution),
		pixels: width && height ? width * height : undefined,
		references: references.length,
		webSearch: webSearch === true,
	});
}

export function requestedImages({ values }: ImageRequest): number {
	return Number(values.imageCount ?? 1);
}

function referenceKey(reference: Reference): string {
	return reference.kind === 'link' ? reference.url : reference.file.hash;
}
