import { omit } from 'lodash';

import type { Reference } from '../images/reference';
import type { Provider } from '../providers/provider';
import type { RowRequest } from '../tasks/ledger';
import { hash } from '../tasks/ledgerData';
import type { ImageRequest } from './imageRequest';
import { requestPrice } from './requestPrice';

/**
 * Identifies what a row requests. It stays the same for the same row in another execution, whatever
 * links the reference images get and whatever the callback URL is, and changes as soon as the user
 * changes anything about the image.
 */
export function requestFingerprint(provider: Provider, request: ImageRequest): RowRequest {
	const { id } = provider;
	const { model, modelId, prompt, promptSent, references, values } = request;
	const { callbackUrl: _callbackUrl, ...settings } = values;
	const extraBody = omit(request.extraBody, model.parameters.callbackUrl?.sentAs ?? '');
	const images = references.map(referenceKey);
	return {
		fingerprint: hash({ provider: id, modelId, promptSent, settings, extraBody, images }),
		input: {
			provider: id,
			model: modelId,
			prompt,
			images: requestedImages(request),
			...requestPrice(provider, request),
		},
	};
}

export function requestedImages({ values }: ImageRequest): number {
	return Number(values.imageCount ?? 1);
}

function referenceKey(reference: Reference): string {
	return reference.kind === 'link' ? reference.url : reference.file.hash;
}
