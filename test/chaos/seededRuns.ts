import { mapValues } from 'lodash';

import { startEngine, type Engine } from '../n8n/engine';
import { installClockJumps } from './clockJump';
import { pool } from './pool';

/** What all suites of seeded executions share: which seeds they run, and how they report problems. */

const { SEED, CHAOS_RUNS } = process.env;
const QUICK_RUNS = 24;
/** They mostly wait. */
const CONCURRENT_PLANS = 24;

export const MAX_MS = 20 * 60_000;

/** Somebody wants to see what happens in one run. */
export const isSingleRun = SEED !== undefined && SEED !== '';

/** SEED, the first CHAOS_RUNS ones, or a few quick ones. */
export function chooseSeeds(isQuick: (seed: number) => boolean = () => true): number[] {
	if (isSingleRun) return [Number(SEED)];
	if (CHAOS_RUNS) return Array.from({ length: Number(CHAOS_RUNS) }, (_, seed) => seed + 1);
	const seeds: number[] = [];
	for (let seed = 1; seeds.length < QUICK_RUNS; seed += 1) if (isQuick(seed)) seeds.push(seed);
	return seeds;
}

/** The violations of each invariant; traces are too large to keep. */
export interface CheckedRun {
	seed: number;
	problems: Record<string, string[]>;
	/** Printed if an invariant is violated. */
	plan: string;
}

/** A test for each invariant. */
export function testInvariants(
	names: readonly string[],
	runs: () => ReadonlyArray<Promise<CheckedRun>>,
): void {
	it.each(names)(
		'%s',
		async (name) => {
			const broken = (await Promise.all(runs())).flatMap(({ seed, problems, plan }) => {
				const found = problems[name] ?? ['it was not checked'];
				if (found.length === 0) return [];
				return [`SEED=${seed} npm run test:chaos\n${found.join('\n')}\n${plan}`];
			});
			if (broken.length > 0) throw new Error(broken.join('\n\n'));
		},
		MAX_MS,
	);
}

export interface Suite<T> {
	title: string;
	run: (seed: number, engine: Engine) => Promise<T>;
	invariants: Record<string, (trace: T) => string[]>;
	/** How often something happened in a run that has to happen in some of them. */
	count: (trace: T) => Record<string, number>;
}

export function testSeededRuns<T extends { plan: object }>(suite: Suite<T>): void {
	const { title, invariants, run, count } = suite;
	const counts: Record<string, number> = {};
	let engine: Engine;
	let runs: Array<Promise<CheckedRun>>;

	async function runAndCheck(seed: number): Promise<CheckedRun> {
		const trace = await run(seed, engine);
		for (const [what, times] of Object.entries(count(trace))) {
			counts[what] = (counts[what] ?? 0) + times;
		}
		const problems = mapValues(invariants, (invariant) => invariant(trace));
		return { seed, problems, plan: isSingleRun ? JSON.stringify(trace.plan) : '' };
	}

	describe(title, () => {
		beforeAll(async () => {
			installClockJumps();
			engine = await startEngine();
			const work = chooseSeeds().map((seed) => async () => await runAndCheck(seed));
			runs = pool(work, CONCURRENT_PLANS);
		}, 60_000);

		afterAll(() => {
			engine.close();
			console.log(counts);
		});

		testInvariants(Object.keys(invariants), () => runs);

		it(
			'everything that is to be checked happened',
			async () => {
				await Promise.all(runs);
				const missing = Object.keys(counts).filter((what) => counts[what] === 0);
				if (!isSingleRun) expect(missing).toEqual([]);
			},
			MAX_MS,
		);
	});
}
