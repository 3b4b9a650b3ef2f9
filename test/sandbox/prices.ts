import { areaOf, type PixelSize } from './pixelSizes';

/** What a task costs, in the provider's credits. */
export interface Price {
	perTask: number;
	/** Only delivered images are charged. */
	perImage: number;
}

/** A line of a model's price list. */
export interface PriceComponent {
	name: 'image' | 'reference_image' | 'input_image' | 'web_search';
	credits: number;
	/** Absent: the same for all. */
	qualities?: readonly string[];
}

/** EvoLink's Seedream 5.0 Pro page: an image with more pixels costs as much as one at 2K, whatever its `quality`. */
const MAX_PIXELS_BELOW_2K = 2_610_000;

/** The quality that decides the price of an image. */
export function pricedQuality(quality: string, pixels: PixelSize): string {
	if (areaOf(pixels) > MAX_PIXELS_BELOW_2K) return '2K';
	return quality === 'auto' ? '1K' : quality;
}

/** `counts` says how many of each component a task uses, besides its images. */
export function priceOf(
	components: readonly PriceComponent[],
	quality: string,
	counts: Partial<Record<PriceComponent['name'], number>> = {},
): Price {
	const applied = components.filter(({ qualities }) => qualities?.includes(quality) ?? true);
	const [images, others] = [
		applied.filter(({ name }) => name === 'image'),
		applied.filter(({ name }) => name !== 'image'),
	];
	return {
		perImage: sum(images.map(({ credits }) => credits)),
		perTask: sum(others.map(({ name, credits }) => credits * (counts[name] ?? 0))),
	};
}

/** Removes floating-point errors. Six decimals are more precise than any provider's price. */
export function roundCredits(credits: number): number {
	return Math.round(credits * 1e6) / 1e6;
}

/** For that many images. */
export function totalOf({ perTask, perImage }: Price, images: number): number {
	return roundCredits(perTask + images * perImage);
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}
