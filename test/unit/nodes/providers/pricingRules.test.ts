import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import {
	parsePricingRules,
	priceByRules,
	type PricingRules,
} from '../../../../nodes/Seedream/providers/pricingRules';
import { EVOLINK_CATALOG } from '../../../sandbox/providers/evoLinkCatalog';

const AT = Date.UTC(2026, 10, 26);

function rulesOf(body: unknown): PricingRules {
	const parsed = parsePricingRules(body);
	if (parsed.kind === 'unreadable') throw new Error(parsed.reason);
	return parsed.value;
}

const rulesWith = (components: unknown, id = 'model') => rulesOf({ models: [{ id, components }] });

const component = (name: string, credits: unknown, quality?: unknown) => ({
	name,
	rate: { credits },
	...(quality === undefined ? {} : { conditions: { quality } }),
});

describe('the price of a model by the pricing rules', () => {
	it.each(evoLink.models.map((model) => [model.id, model] as const))(
		"the sandbox's rules for %s are the price in our table",
		(id, model) => {
			const route = EVOLINK_CATALOG.find(({ path }) => path === '/v1/catalog/pricing-rules');
			const response = route?.response({ params: {}, query: {}, changes: {}, at: AT });
			const rules = rulesOf(response?.body);
			const tiers = model.price?.perImage.map(({ maximum: _older, ...tier }) => tier);
			expect(priceByRules(rules, id, model)).toEqual({ ...model.price, perImage: tiers });
			expect(rules.freshUntil).toEqual(new Date(AT + 24 * 60 * 60 * 1000));
		},
	);

	it.each<[string, unknown[], object]>([
		['one price', [component('image', 2)], { perImage: [{ amount: 2 }] }],
		['numbers as text', [component('image', '2.5')], { perImage: [{ amount: 2.5 }] }],
		[
			'tiers in any order',
			[component('image', 4, ['2K']), component('image', 2, '1K')],
			{
				perImage: [
					{ amount: 2, resolutions: ['1K'] },
					{ amount: 4, resolutions: ['2K'] },
				],
			},
		],
		[
			'extras',
			[
				component('image', 2),
				component('input_image', 0.1),
				component('reference_image', 0.2),
				component('web_search', 0.3),
			],
			{ perImage: [{ amount: 2 }], perTask: 0.1, perReference: 0.2, perWebSearch: 0.3 },
		],
	])('the rules are understood with %s', (_what, components, price) => {
		expect(priceByRules(rulesWith(components), 'model', {})).toEqual(price);
	});

	it.each<[string, unknown]>([
		['no components', []],
		['no list of components', 'free'],
		['no images', [component('web_search', 1)]],
		['an unknown component', [component('image', 2), component('surcharge', 1)]],
		['an unknown condition', [{ ...component('image', 2), conditions: { seats: 2 } }]],
		['an unknown quality', [component('image', 2, { min: '1K' })]],
		['a rate without credits', [{ name: 'image', rate: { usd: 1 } }]],
		['a negative rate', [component('image', -1)]],
		['two prices for all images', [component('image', 2), component('image', 3)]],
		[
			'two prices for a resolution',
			[component('image', 2, ['1K']), component('image', 3, ['1K', '2K'])],
		],
		['an extra for a resolution', [component('image', 2), component('reference_image', 1, ['2K'])]],
		['an extra twice', [component('image', 2), ...Array(2).fill(component('web_search', 1))]],
	])("the rules aren't understood with %s", (_what, components) => {
		expect(priceByRules(rulesWith(components), 'model', {})).toBeUndefined();
	});

	it("a model that isn't understood leaves the prices of the others", () => {
		const models = [
			'nonsense',
			{ id: 'video', components: [{ name: 'second', rate: { tokens: 1 } }] },
			{ id: 'ours', components: [component('image', 2)] },
		];
		const rules = rulesOf({ meta: null, models });
		expect(priceByRules(rules, 'video', {})).toBeUndefined();
		expect(priceByRules(rules, 'ours', {})).toEqual({ perImage: [{ amount: 2 }] });
		expect(rules.freshUntil).toBeUndefined();
	});

	it.each([[{}], [{ models: 'none' }], [null], ['text']])('%j is unreadable', (body) => {
		expect(parsePricingRules(body).kind).toBe('unreadable');
	});
});
