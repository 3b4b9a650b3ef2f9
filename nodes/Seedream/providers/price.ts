import type { Cost } from '../shared/cost';
import type { Model, Price, PriceTier, Provider } from './provider';
import { costInBoth } from './taskCost';

/** What the price of a task depends on. */
export interface PricedRequest {
	resolution?: string;
	/** Width times height, where the size is custom. */
	pixels?: number;
	references: number;
	webSearch: boolean;
}

/** A task's list price, in the unit of the provider's price list. */
export interface TaskPrice {
	perTask: number;
	perImage: number;
	/** Per image, if the provider's highest stated price applies. */
	maxPerImage: number;
}

/** Where the price depends on what only the response tells, the highest one counts. */
export function taskPrice(
	{ price, parameters, guesses }: Pick<Model, 'price' | 'parameters' | 'guesses'>,
	{ resolution, pixels = 0, references, webSearch }: PricedRequest,
): TaskPrice | undefined {
	if (!price) return undefined;
	const { resolution: parameter } = parameters;
	const isKnown = parameter?.kind === 'choice' && !guesses?.has('resolution');
	const chosen = resolution ?? (isKnown ? parameter.default : undefined);
	const { amount, maximum = amount } = priceTier(price, chosen, pixels);
	const { perTask = 0, perReference = 0, perWebSearch = 0 } = price;
	return {
		perTask: perTask + perReference * references + (webSearch ? perWebSearch : 0),
		perImage: amount,
		maxPerImage: maximum,
	};
}

function priceTier(
	{ perImage: tiers }: Price,
	resolution: string | undefined,
	pixels: number,
): PriceTier {
	const mostExpensive = tiers.at(-1) ?? tiers[0];
	if (pixels > (mostExpensive.abovePixels ?? Infinity)) return mostExpensive;
	const tier = tiers.find(
		({ resolutions }) => !resolutions || resolutions.includes(resolution ?? ''),
	);
	return tier ?? mostExpensive;
}

/** What a task with this many images costs. */
export function taskCost(
	{ perTask, perImage }: Pick<TaskPrice, 'perTask' | 'perImage'>,
	images: number,
	{ priceList: { unit, creditsPerUsd } }: Pick<Provider, 'priceList'>,
): Cost {
	return { ...costInBoth({ [unit]: perTask + perImage * images }, creditsPerUsd) };
}

/** The list price of a task with this many images. */
export function estimatedCost(...task: Parameters<typeof taskCost>): Cost {
	return { ...taskCost(...task), estimated: true };
}

/** The most that a task with this many images costs by the price list, in US dollars. */
export function maxCostUsd(
	price: TaskPrice,
	images: number,
	provider: Pick<Provider, 'priceList'>,
): number | undefined {
	return estimatedCost({ ...price, perImage: price.maxPerImage }, images, provider).usd;
}
