import { startEngine, type Engine } from '../n8n/engine';
import {
	generateFallBackPlan,
	runFallBackPlan,
	type FallBackPlan,
	type FallBackTrace,
} from './fallBackPlan';
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
import { pool } from './pool';

// The sandbox's own pictures take too long to draw.
jest.mock('../sandbox/promptImages', () => jest.requireActual('./pictures'));

const { SEED, CHAOS_RUNS } = process.env;
const QUICK_RUNS = 24;
const MAX_MS = 20 * 60_000;
/** They mostly wait. */
const CONCURRENT_PLANS = 24;

const INVARIANTS: Record<string, (trace: FallBackTrace) => string[]> = {
	'spends no more than the maximum cost and one task': staysBelowMaximumCost,
	'spends no more than the maximum cost by honest price lists': staysExactlyBelowMaximumCost,
	'refuses no row without a maximum cost': refusesNothingWithoutMaximum,
	'pays for no row at two providers': paysNoRowAtTwoProviders,
	'generates no row twice': generatesNoRowTwice,
	'returns the images of rows that fell back with their rows': givesFallbacksToTheirRows,
	'falls back only to providers that were chosen': fallsBackOnlyToChosenProviders,
};

const seeds = SEED
	? [Number(SEED)]
	: Array.from({ length: Number(CHAOS_RUNS ?? QUICK_RUNS) }, (_, seed) => seed + 1);

let engine: Engine;
let traces: Array<Promise<{ plan: FallBackPlan; problems: Record<string, string[]> }>>;
const counts = { fellBack: 0, refused: 0, completed: 0 };

beforeAll(async () => {
	engine = await startEngine();
	const work = seeds.map((seed) => async () => {
		const trace = await runFallBackPlan(generateFallBackPlan(seed), engine);
		count(trace);
		const problems = Object.fromEntries(
			Object.entries(INVARIANTS).map(([name, invariant]) => [name, invariant(trace)]),
		);
		return { plan: trace.plan, problems };
	});
	traces = pool(work, CONCURRENT_PLANS);
}, 60_000);

afterAll(() => {
	engine.close();
	console.log(counts);
});

function count({ results }: FallBackTrace): void {
	const items = results.flatMap(({ runs, errorItems }) => [...runs.flat(), ...errorItems]);
	for (const { json } of items) {
		if (json.status === 'completed') counts.completed += 1;
		if (json.fallbackFrom !== undefined) counts.fellBack += 1;
		if (JSON.stringify(json.error ?? '').includes('budget_reached')) counts.refused += 1;
	}
}

describe('Seedream Generate with fallbacks and a maximum cost, under injected faults', () => {
	it.each(Object.keys(INVARIANTS))(
		'%s',
		async (name) => {
			const broken = (await Promise.all(traces)).flatMap(({ plan, problems }) => {
				const found = problems[name] ?? [];
				if (found.length === 0) return [];
				return [`SEED=${plan.seed}\n${found.join('\n')}\n${SEED ? JSON.stringify(plan) : ''}`];
			});
			if (broken.length > 0) throw new Error(broken.join('\n\n'));
		},
		MAX_MS,
	);

	it(
		'rows fell back, and rows were refused',
		async () => {
			await Promise.all(traces);
			if (!SEED) expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
		},
		MAX_MS,
	);
});
