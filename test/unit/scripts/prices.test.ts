import { readFileSync } from 'node:fs';

import { apiInOne } from '../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../nodes/Seedream/providers/evoLink';
import type { Price, Provider } from '../../../nodes/Seedream/providers/provider';
import { pages } from '../../../scripts/pages';

/** The prices in the prose, which nothing generates, against the models' tables. */

const PAGES_WITH_RANGE: Array<[string, RegExp]> = [
	['README.md', /about (\d+) to (\d+) US cents at EvoLink and APIMart, and (\d+) at API in One/],
	['docs/README.zh-CN.md', /约 (\d+) 到 (\d+) 美分，API in One 每张 (\d+) 美分/],
	[
		'docs/costs.md',
		/about (\d+) to (\d+) US cents at EvoLink and APIMart, and (\d+) at API in One/,
	],
	['docs/costs.zh-CN.md', /约 (\d+) 到 (\d+) 美分，API in One 每张 (\d+) 美分/],
];

function prose(path: string): string {
	return readFileSync(path, 'utf8').replace(/<!-- (\w+):start -->[^]*?<!-- \1:end -->/g, '');
}

function amounts(price: Price | undefined): number[] {
	return price?.perImage.map(({ amount }) => amount) ?? [];
}

function centsPerImage({ models, priceList: { unit, creditsPerUsd } }: Provider): number[] {
	const cents = 100 / (unit === 'usd' ? 1 : creditsPerUsd);
	return models.flatMap(({ price }) => amounts(price)).map((amount) => amount * cents);
}

function pricesOf(provider: Provider, label: string): number[] {
	return amounts(provider.models.find((model) => model.label === label)?.price);
}

function labelsWith(extra: 'perTask' | 'perReference' | 'perWebSearch', { models }: Provider) {
	return models.flatMap(({ label, price }) => (price?.[extra] === undefined ? [] : [label]));
}

/** For a row whose image has as many layers as possible: "18.7272 credits ($0.2754)". */
const layersMaxima = evoLink.models.flatMap(({ layers, price }) => {
	if (!layers) return [];
	const credits = (price?.perTask ?? 0) + layers.max * Math.max(...amounts(price));
	const usd = credits / evoLink.priceList.creditsPerUsd;
	return [{ credits: `${Number(credits.toFixed(6))}`, usd: `$${Number(usd.toFixed(6))}` }];
});

it.each(PAGES_WITH_RANGE)('%s gives the range of the prices per image', (path, pattern) => {
	const cents = [...centsPerImage(evoLink), ...centsPerImage(apiMart)];
	const [apiInOneCents] = centsPerImage(apiInOne);
	expect(pattern.exec(prose(path))?.slice(1).map(Number)).toEqual([
		Math.round(Math.min(...cents)),
		Math.round(Math.max(...cents)),
		apiInOneCents,
	]);
});

it.each(['docs/costs.md', 'docs/costs.zh-CN.md'])(
	'%s gives the maximum for a row of each model that makes layers',
	(path) => {
		const found = [...prose(path).matchAll(/([\d.]+)(?: credits \(| 积分（)(\$[\d.]+)/g)];
		expect(found.map(([, credits, usd]) => ({ credits, usd })).reverse()).toEqual(layersMaxima);
	},
);

it.each([
	['docs/costs.md', ' credits'],
	['docs/costs.zh-CN.md', ' 积分'],
])('%s says how many credits are one dollar', (path, unit) => {
	for (const { label, priceList } of [evoLink, apiMart, apiInOne]) {
		expect(prose(path)).toContain(`${priceList.creditsPerUsd} ${label}${unit}`);
	}
});

it('no page mentions any other amount in its prose', () => {
	const AMOUNT = /\$\d[\d.]*\d|[\d.]*\d(?= (?:credits|积分|US cents|美分))/g;
	const known = [
		...layersMaxima.flatMap(({ credits, usd }) => [credits, usd]),
		...PAGES_WITH_RANGE.flatMap(([path, pattern]) => pattern.exec(prose(path))?.slice(1) ?? []),
	];
	const all = pages.flatMap(({ path }) => prose(path).match(AMOUNT) ?? []);
	expect(all.filter((amount) => !known.includes(amount))).toEqual([]);
});

describe('what the pages say about prices without an amount', () => {
	it('only EvoLink has extras: for references, web searches and layers, with one model each', () => {
		expect(labelsWith('perReference', evoLink)).toEqual(['Seedream 5.0 Pro']);
		expect(labelsWith('perWebSearch', evoLink)).toEqual(['Seedream 5.0 Lite']);
		expect(labelsWith('perTask', evoLink)).toEqual(['Seedream 5.0 Pro Layers']);
		for (const provider of [apiMart, apiInOne]) {
			expect(labelsWith('perReference', provider)).toEqual([]);
			expect(labelsWith('perWebSearch', provider)).toEqual([]);
			expect(labelsWith('perTask', provider)).toEqual([]);
		}
	});

	it.each([evoLink, apiMart])(
		'$label: Seedream 5.0 Lite costs about as much as 4.5',
		(provider) => {
			const [lite = 0] = pricesOf(provider, 'Seedream 5.0 Lite');
			const [previous = 0] = pricesOf(provider, 'Seedream 4.5');
			expect(Math.abs(lite / previous - 1)).toBeLessThan(0.1);
		},
	);

	it.each([evoLink, apiMart])(
		'$label: Seedream 5.0 Flash is the cheapest, and 5.0 Pro costs two to four times as much',
		(provider) => {
			const [flash = 0] = pricesOf(provider, 'Seedream 5.0 Flash');
			expect(flash).toBe(Math.min(...provider.models.flatMap(({ price }) => amounts(price))));
			const times = pricesOf(provider, 'Seedream 5.0 Pro').map((pro) => Math.round(pro / flash));
			expect(times).toEqual([2, 4]);
		},
	);
});
