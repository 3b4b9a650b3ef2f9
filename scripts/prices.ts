import type { Model, Price, PriceTier, Provider } from '../nodes/Seedream/providers/provider';
import { costInBoth } from '../nodes/Seedream/providers/taskCost';
import { formatNumber } from '../nodes/Seedream/shared/format';
import type { Language } from './language';
import { lines } from './markdown';

type PriceList = Provider['priceList'];

/** A model's list price, with everything that costs extra on a line of its own. */
export function modelPrice({ priceList }: Provider, model: Model, language: Language): string {
	const { price, layers } = model;
	const { translate } = language;
	if (!price) return '–';
	return lines(
		...price.perImage.map((tier) => tierPrice(tier, { layers, priceList }, language)),
		...extras(price).map(([text, amount]) =>
			translate(text, { price: amountInBoth(amount, priceList, language) }),
		),
		layers
			? translate('at most {price} per row', {
					price: amountInBoth(layersMaximum(price, layers.max), priceList, language),
				})
			: '',
	);
}

function layersMaximum({ perTask = 0, perImage }: Price, layers: number): number {
	return perTask + layers * Math.max(...perImage.map(({ amount }) => amount));
}

function tierPrice(
	{ amount, resolutions, abovePixels }: PriceTier,
	{ layers, priceList }: Pick<Model, 'layers'> & { priceList: PriceList },
	language: Language,
): string {
	const { translate } = language;
	const each = amountInBoth(amount, priceList, language);
	const price = layers
		? translate('{price} per layer, up to {max}', { price: each, max: layers.max })
		: each;
	if (!resolutions) return price;
	const condition = resolutions.join(' · ');
	return abovePixels === undefined
		? translate('{option}: {meaning}', { option: condition, meaning: price })
		: translate('{option}, or more than {pixels} pixels: {meaning}', {
				option: condition,
				pixels: formatNumber(abovePixels),
				meaning: price,
			});
}

function extras({ perTask, perReference, perWebSearch }: Price): Array<[string, number]> {
	const all: Array<[string, number | undefined]> = [
		['plus {price} per task', perTask],
		['plus {price} per reference image', perReference],
		['plus {price} per web search', perWebSearch],
	];
	return all.flatMap(([text, amount]) => (amount === undefined ? [] : [[text, amount]]));
}

/** In the unit of the provider's price list, and in the other one. */
function amountInBoth(
	amount: number,
	{ unit, creditsPerUsd }: PriceList,
	{ translate }: Language,
): string {
	const { credits = 0, usd = 0 } = costInBoth({ [unit]: amount }, creditsPerUsd) ?? {};
	const inCredits = translate('{credits} credits', { credits: rounded(credits) });
	const inUsd = `$${rounded(usd)}`;
	const [own, other] = unit === 'usd' ? [inUsd, inCredits] : [inCredits, inUsd];
	return translate('{text} ({detail})', { text: own, detail: other });
}

const DECIMALS = 5;

function rounded(amount: number): number {
	return Number(amount.toFixed(DECIMALS));
}
