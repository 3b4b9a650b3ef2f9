import type { Cost, Model, Price, Provider } from './provider';
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
}

/** Where the price depends on what only the response tells, the highest one counts. */
export function taskPrice(
	{ price, parameters }: Model,
	{ resolution, pixels = 0, references, webSearch }: PricedRequest,
): TaskPrice | undefined {
	if (!price) return undefined;
	const { resolution: parameter } = parameters;
	const chosen = resolution ?? (parameter?.kind === 'choice' ? parameter.default : undefined);
	const { perTask = 0, perReference = 0, perWebSearch = 0 } = price;
	return {
		perTask: perTask + perReference * references + (webSearch ? perWebSearch : 0),
		perImage: imagePrice(price, chosen, pixels),
	};
}

function imagePrice({ perImage: tiers }: Price, resolution: string | undefined, pixels: number) {
	const mostExpensive = tiers.at(-1) ?? tiers[0];
	if (pixels > (mostExpensive.abovePixels ?? Infinity)) return mostExpensive.amount;
	const tier = tiers.find(
		({ resolutions }) => !resolutions || resolutions.includes(resolution ?? ''),
	);
	return (tier ?? mostExpensive).amount;
}

/** The list price of a task with this many images. */
export function estimatedCost(
	{ perTask, perImage }: TaskPrice,
	images: number,
	{ priceList: { unit, creditsPerUsd } }: Pick<Provider, 'priceList'>,
): Cost {
	const cost = costInBoth({ [unit]: perTask + perImage * images }, creditsPerUsd);
	return { ...cost, estimated: true };
}
