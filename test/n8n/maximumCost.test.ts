import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';

import type { Fault } from '../sandbox/sandbox';
import type { NodeResult } from './engine';
import {
	CONTINUE,
	fieldOf,
	forEachProvider,
	FROM_ROW,
	PROMPTS,
	respondWith,
	stopSignal,
	systemsOf,
	testNode,
	withFixture,
	type Fixture,
} from './fixture';
import { CREDITS_PER_USD, layerSystems, REFERENCE } from './systems';

/** 'Maximum Cost (USD)': what an execution may cost, over its retries, loops and providers. */

const TEN = Array.from({ length: 10 }, (_, row) => `Row ${row + 1}`);

/** Of one image. EvoLink's two price lists for Seedream 4.5 differ, and the higher price counts. */
const MAX_USD = {
	evoLink: 2.25 / CREDITS_PER_USD.evoLink,
	apiMart: 0.26 / CREDITS_PER_USD.apiMart,
	apiInOne: 12 / CREDITS_PER_USD.apiInOne,
};

/** So much that only this many images fit. */
const maxCostOf = ({ system }: Fixture, images: number) => images * MAX_USD[system.provider];

const withMaxCost = (
	maxCost: number,
	options: INodeParameters = {},
): { parameters: INodeParameters } => ({ parameters: { options: { maxCost, ...options } } });

const creditsOf = ({ sandbox, system }: Fixture) => sandbox.account(system.provider).charged;

/** What was spent at all providers, in US dollars. */
const spentUsd = ({ sandbox }: Fixture) =>
	(['evoLink', 'apiMart', 'apiInOne'] as const).reduce(
		(sum, provider) => sum + sandbox.account(provider).charged / CREDITS_PER_USD[provider],
		0,
	);

const hintOf = ({ hints }: NodeResult) => hints.map(({ message }) => message).join(' ');

const codesOf = (items: readonly INodeExecutionData[]) =>
	items.map(({ json }) => (json.error as { code: string } | undefined)?.code ?? json.status);

const REACHED = 'budget_reached';
const DONE = 'completed';

forEachProvider(
	'a batch that may cost too much is refused before anything is sent, with both sums',
	async (fixture) => {
		const maxCost = maxCostOf(fixture, 4);
		const { status, error } = await fixture.generate(TEN, withMaxCost(maxCost));

		expect(status).toBe('error');
		const total = maxCostOf(fixture, 10).toFixed(2);
		expect(error?.message).toContain(`may cost up to $${total}, but 'Maximum Cost (USD)' is $`);
		expect(error?.description).toContain('4 of 10 rows would fit.');
		expect(fixture.sandbox.requests).toEqual([]);
	},
);

forEachProvider('a batch that costs exactly the maximum is generated', async (fixture) => {
	const { items } = await fixture.generate(TEN, withMaxCost(maxCostOf(fixture, 10)));

	fixture.expectComplete(items, TEN);
	expect(fixture.chargedImages()).toBe(10);
});

for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
	for (const concurrency of [0, 1, 3]) {
		forEachProvider(
			`as many rows as fit are generated in their order, On Error: ${onError}, Concurrency: ${concurrency}`,
			async (fixture) => {
				const maxCost = maxCostOf(fixture, 4);
				const result = await fixture.generate(TEN, {
					...withMaxCost(maxCost, { concurrency }),
					onError,
				});

				const failed =
					onError === 'continueErrorOutput' ? result.errorItems : result.items.slice(4);
				fixture.expectComplete(result.items.slice(0, 4), TEN.slice(0, 4));
				expect(codesOf(failed)).toEqual(Array(6).fill(REACHED));
				expect(failed[0]?.json.error).toMatchObject({ charged: 'no', type: 'budget' });
				expect(fixture.chargedImages()).toBe(4);
				expect(hintOf(result)).toContain("6 rows weren't sent because of 'Maximum Cost'.");
			},
		);
	}
}

testNode('a row that fails without a charge makes room for a waiting one', async (fixture) => {
	const prompts = ['one [[fail:service_error]]', 'two', 'three', 'four'];
	const maxCost = maxCostOf(fixture, 3);
	const { items } = await fixture.generate(prompts, { ...withMaxCost(maxCost), ...CONTINUE });

	expect(codesOf(items)).toEqual(['service_error', DONE, DONE, DONE]);
	expect(fixture.chargedImages()).toBe(3);
});

testNode('a failed task that was charged counts', async (fixture) => {
	const prompts = ['one [[fail:service_error]] [[charged]]', 'two', 'three'];
	const maxCost = maxCostOf(fixture, 2);
	const { items } = await fixture.generate(prompts, { ...withMaxCost(maxCost), ...CONTINUE });

	expect(codesOf(items)).toEqual(['service_error', DONE, REACHED]);
	expect(fixture.chargedImages()).toBe(2);
});

testNode('a create whose outcome is unknown counts with its maximum', async (fixture) => {
	await withFixture(
		{},
		async (atApiMart) => {
			atApiMart.failOnce('create', 'one', { kind: 'resetAfter' });
			const { items } = await atApiMart.generate(PROMPTS, {
				...withMaxCost(maxCostOf(atApiMart, 2)),
				...CONTINUE,
			});
			expect(codesOf(items)).toEqual(['ECONNRESET', DONE, REACHED]);
			expect(spentUsd(atApiMart)).toBeLessThanOrEqual(maxCostOf(atApiMart, 2));
		},
		systemsOf('apiMart')[0],
	);
	expect(fixture.sandbox.requests).toEqual([]);
});

testNode('what the provider charges beyond its price list counts', async (fixture) => {
	const chargeMore = (): Fault => ({
		kind: 'reshape',
		change: (response) => {
			const text = JSON.stringify(response.body)
				.replaceAll('2.04', '6.75')
				.replaceAll(/"usd":[\d.]+/g, `"usd":${6.75 / CREDITS_PER_USD.evoLink}`);
			return { ...response, body: JSON.parse(text) as unknown };
		},
	});
	fixture.sandbox.setIntercept(({ step }) => (step === 'query' ? chargeMore() : undefined));
	const { items } = await fixture.generate(TEN, {
		...withMaxCost(maxCostOf(fixture, 4), { concurrency: 1 }),
		...CONTINUE,
	});

	expect(items[0]?.json.cost).toMatchObject({ credits: 6.75 });
	// Three times the price, so only two fit.
	expect(codesOf(items)).toEqual([DONE, DONE, ...Array<string>(8).fill(REACHED)]);
});

describe('the sum is kept', () => {
	forEachProvider('by Retry On Fail', async (fixture) => {
		fixture.failOnce('create', 'two', respondWith(400));
		const options = withMaxCost(maxCostOf(fixture, 3));
		const { status, items, calls } = await fixture.generate(PROMPTS, { ...options, tries: 2 });

		expect({ status, calls }).toEqual({ status: 'success', calls: 2 });
		fixture.expectComplete(items, PROMPTS);
		expect(fixture.chargedImages()).toBe(3);
	});

	forEachProvider('by Retry on the Executions tab', async (fixture) => {
		fixture.failOnce('create', 'three', respondWith(400));
		const options = withMaxCost(maxCostOf(fixture, 3));
		const first = await fixture.generate(PROMPTS, options);
		expect(first.status).toBe('error');
		expect(fixture.chargedImages()).toBe(2);

		const lower = withMaxCost(maxCostOf(fixture, 2.5));
		const refused = await fixture.generate(PROMPTS, { ...lower, retryOf: first });
		expect(refused.error?.message).toMatch(/may cost up to .*, in addition to \$.* so far, but/);
		expect(refused.error?.description).toContain('2 of 3 rows would fit.');
		expect(fixture.chargedImages()).toBe(2);

		const retried = await fixture.generate(PROMPTS, { ...options, retryOf: first });
		fixture.expectComplete(retried.items, PROMPTS);
		expect(fixture.chargedImages()).toBe(3);
	});

	forEachProvider('by a loop over the error output', async (fixture) => {
		const prompts = ['one', 'two', 'three', 'four'];
		const { errorItems, runs } = await fixture.generate(prompts, {
			...withMaxCost(maxCostOf(fixture, 2)),
			onError: 'continueErrorOutput',
			loopErrors: 2,
		});

		expect(runs.length).toBe(3);
		expect(runs.flatMap((items) => fieldOf(items, 'prompt'))).toEqual(['one', 'two']);
		expect(codesOf(errorItems)).toEqual([REACHED, REACHED]);
		expect(fixture.chargedImages()).toBe(2);
	});
});

testNode('a stopped execution ends although rows wait for others', async (fixture) => {
	const { stop, cancelWhen } = stopSignal();
	fixture.sandbox.setIntercept(({ step }) => {
		if (step === 'query') stop();
		return undefined;
	});
	const prompts = ['one [[slow:30]]', 'two', 'three'];
	const result = await fixture.generate(prompts, {
		...withMaxCost(maxCostOf(fixture, 1)),
		...CONTINUE,
		cancelWhen,
	});
	await result.settled;

	expect(result.seconds).toBeLessThan(15);
	expect(fixture.sandbox.tasks()).toHaveLength(1);
});

forEachProvider('rows that are only submitted count with their maximum', async (fixture) => {
	const parameters = {
		continueWhen: 'submitted',
		options: { maxCost: maxCostOf(fixture, 2) },
	};
	const { items } = await fixture.generate(PROMPTS, { parameters, ...CONTINUE });

	expect(codesOf(items)).toEqual(['submitted', 'submitted', REACHED]);
	expect(fixture.sandbox.tasks()).toHaveLength(2);
});

testNode('the cap is one for the rows of all three providers', async (fixture) => {
	const rows = (['evoLink', 'apiMart', 'apiInOne', 'apiMart'] as const).map((provider, row) => ({
		provider,
		model: systemsOf(provider)[0]?.parameters.model ?? '',
		prompt: `Row ${row + 1}`,
	}));
	const maxCost = MAX_USD.evoLink + 2 * MAX_USD.apiMart;
	const { items } = await fixture.run('seedreamGenerate', {
		parameters: { ...FROM_ROW, downloadImages: false, options: { maxCost } },
		rows,
		...CONTINUE,
	});

	expect(codesOf(items)).toEqual([DONE, DONE, REACHED, DONE]);
	expect(spentUsd(fixture)).toBeLessThanOrEqual(maxCost);
});

describe('layers', () => {
	for (const { title, provider, parameters, creditsPerLayer, creditsPerTask } of layerSystems) {
		testNode(`count at their most, and then with what they cost (${title})`, async (fixture) => {
			const perUsd = CREDITS_PER_USD[provider];
			const most = (17 * creditsPerLayer + creditsPerTask) / perUsd;
			const rows = ['one [[layers:1]]', 'two [[layers:1]]'];
			const layered = { ...parameters, imageUrls: REFERENCE };
			const tooLow = await fixture.generate(rows, {
				parameters: { ...layered, options: { maxCost: most * 0.99 } },
			});
			expect(tooLow.error?.description).toContain('0 of 2 rows would fit.');
			expect(creditsOf(fixture)).toBe(0);

			const { items } = await fixture.generate(rows, {
				parameters: { ...layered, options: { maxCost: most * 1.2 } },
				...CONTINUE,
			});
			expect(new Set(codesOf(items))).toEqual(new Set([DONE]));
			expect(fixture.sandbox.tasks()).toHaveLength(2);
		});
	}
});

testNode('a custom model is refused, because its price is not known', async (fixture) => {
	const parameters = {
		model: 'custom',
		customModel: 'seedream-9',
		options: { maxCost: 1 },
	};
	const { error } = await fixture.generate(['one'], { parameters });

	expect(error?.message).toContain(
		"'Maximum Cost (USD)' doesn't work with seedream-9, because its price isn't known",
	);
	expect(fixture.requests('create')).toEqual([]);
});
