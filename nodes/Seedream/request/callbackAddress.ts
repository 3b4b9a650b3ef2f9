import { get } from 'lodash';

import type { Provider } from '../providers/provider';
import { formatNumber } from '../shared/format';
import { hasCallbackData, maskedCallbackUrl } from './callbackData';
import type { ImageRequest } from './imageRequest';
import { fieldLabel } from './labels';

/** What decides where the provider calls back. */
export type CallbackRequest = Pick<ImageRequest, 'model' | 'values' | 'extraBody'>;

/** Where the provider calls back, if anywhere: 'Extra Body' replaces 'Callback URL'. */
export function callbackAddress({
	model: { parameters },
	values,
	extraBody,
}: CallbackRequest): string | undefined {
	if (!parameters.callbackUrl) return undefined;
	const url: unknown = get(extraBody, parameters.callbackUrl.sentAs, values.callbackUrl);
	return typeof url === 'string' && url !== '' ? url : undefined;
}

/** Why the data can't be added to the address. */
export function callbackDataProblem(
	provider: Provider,
	request: CallbackRequest,
	json: string,
): string | undefined {
	const { label, parameters } = request.model;
	if (parameters.callbackUrl?.kind !== 'callback') {
		return `isn't available for ${provider.label} ${label}`;
	}
	const { suffix = '', maxLength } = parameters.callbackUrl;
	const field = fieldLabel('callbackUrl');
	const url = callbackAddress(request);
	if (url === undefined) return `needs '${field}', because it's sent as part of that address`;
	if (hasCallbackData(url)) {
		return `can't be added to '${field}', which already has a parameter called row or sig`;
	}
	const length = maskedCallbackUrl(url, json).length + suffix.length;
	if (length <= maxLength) return undefined;
	return `makes the callback address ${formatNumber(length)} characters long (maximum ${formatNumber(maxLength)}). Shorten it or '${field}'`;
}
