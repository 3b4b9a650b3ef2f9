import { generateFallBackPlan, runFallBackPlan, type FallBackTrace } from './fallBackPlan';
import {
	refusesNothingWithoutMaximum,
	staysBelowMaximumCost,
	staysExactlyBelowMaximumCost,
} from './invariants/budget';
import {
	fallsBackOnlyToChosenProviders,
	generatesNoRowTwice,
	givesFallbacksToTheirRows,
	paysNoRowAtTwoProviders,
} from './invariants/fallBack';
import { testSeededRuns } from './seededRuns';

// The sandbox's own pictures take too long to draw.
jest.mock('../sandbox/promptImages', () => jest.requireActual('./pictures'));

testSeededRuns<FallBackTrace>({
	title: 'Seedream Generate with fallbacks and a maximum cost, under injected faults',
	run: async (seed, engine) => await runFallBackPlan(generateFallBackPlan(seed), engine),
	invariants: {
		'spends no more than the maximum cost and one task': staysBelowMaximumCost,
		'spends no more than the maximum cost by honest price lists': staysExactlyBelowMaximumCost,
		'refuses no row without a maximum cost': refusesNothingWithoutMaximum,
		'pays for no row at two providers': paysNoRowAtTwoProviders,
		'generates no row twice': generatesNoRowTwice,
		'returns the images of rows that fell back with their rows': givesFallbacksToTheirRows,
		'falls back only to providers that were chosen': fallsBackOnlyToChosenProviders,
	},
	count: ({ results }) => {
		const items = results.flatMap(({ runs, errorItems }) => [...runs.flat(), ...errorItems]);
		const countOf = (isOne: (json: (typeof items)[number]['json']) => boolean) =>
			items.filter(({ json }) => isOne(json)).length;
		return {
			fellBack: countOf(({ fallbackFrom }) => fallbackFrom !== undefined),
			refused: countOf(({ error }) => JSON.stringify(error ?? '').includes('budget_reached')),
			completed: countOf(({ status }) => status === 'completed'),
		};
	},
});
