import { get } from 'lodash';

import { maxCostUsd, taskPrice, type TaskPrice } from '../providers/price';
import type { ParameterName, Provider } from '../providers/provider';
import type { JsonObject } from '../shared/json';
import type { ImageRequest } from './imageRequest';
import { requestBody } from './requestBody';

/** What a row's task costs by the price list. */
export interface RequestPrice {
	price: TaskPrice;
	/** In US dollars, with as many images as it may return. */
	maxUsd?: number;
}

/** Undefined if the model's price isn't known. */
export function requestPrice(provider: Provider, request: ImageRequest): RequestPrice | undefined {
	const { body, sent } = sentValues(request);
	const resolution = sent('resolution');
	const [width, height] = String(sent('aspectRatio')).split('x').map(Number);
	const price = taskPrice(request.model, {
		resolution: resolution === undefined ? undefined : String(resolution),
		pixels: width && height ? width * height : undefined,
		references: Math.max(request.references.length, countOf(body.image_urls)),
		webSearch: sent('webSearch') !== undefined,
	});
	if (!price) return undefined;
	return { price, maxUsd: maxCostUsd(price, expectedImages(request).count, provider) };
}

/** How many images the row's task returns; `isMaximum` if that's left to the model. */
export function expectedImages(request: ImageRequest): { count: number; isMaximum: boolean } {
	const { layers } = request.model;
	if (layers) return { count: layers.max, isMaximum: true };
	const { sent } = sentValues(request);
	const requested = Number(sent('imageCount') ?? 1) || 1;
	const set = setSize(request, sent);
	return { count: Math.max(requested, set), isMaximum: set > requested };
}

type SentValue = (name: ParameterName) => unknown;

/** From the body, because 'Extra Body' may have replaced what the fields say. */
function sentValues(request: ImageRequest): { body: JsonObject; sent: SentValue } {
	const body = requestBody(request, []);
	const sent = (name: ParameterName): unknown => {
		const sentAs = request.model.parameters[name]?.sentAs;
		return sentAs === undefined ? undefined : get(body, sentAs);
	};
	return { body, sent };
}

/** APIMart returns a set of up to this many images without a number of images. */
function setSize({ model }: ImageRequest, sent: SentValue): number {
	if (sent('sequentialImageGeneration') !== 'auto') return 1;
	const { maxImages } = model.parameters;
	const most = maxImages?.kind === 'integer' ? maxImages.max : 1;
	return Number(sent('maxImages') ?? most) || most;
}

function countOf(list: unknown): number {
	return Array.isArray(list) ? list.length : 0;
}
