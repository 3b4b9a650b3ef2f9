import sharp from 'sharp';

import { startEngine, type Engine } from '../n8n/engine';
import { installClockJumps } from './clockJump';
import { EventLoopLag } from './eventLoopLag';
import { runPlan } from './execute';
import { formatPlan, formatTrace } from './formatTrace';
import { INVARIANTS } from './invariants';
import { endsByItsDeadlines } from './invariants/completion';
import { generatePlan, isLong } from './plan';
import { pool } from './pool';
import { PHOTOS } from './rows';
import { chooseSeeds, isSingleRun, MAX_MS, testInvariants, type CheckedRun } from './seededRuns';
import { Statistics } from './statistics';
import { timeLimitOf } from './timeLimit';
import type { Trace } from './trace';

// The sandbox's own pictures take too long to draw.
jest.mock('../sandbox/promptImages', () => jest.requireActual('./pictures'));

const BLOCK = 25;
/** They mostly wait. */
const CONCURRENT_PLANS = 48;

const plans = chooseSeeds((seed) => !isLong(generatePlan(seed))).map(generatePlan);
const blocks = Array.from({ length: Math.ceil(plans.length / BLOCK) }, (_, index) => {
	const [first, last] = [index * BLOCK, Math.min((index + 1) * BLOCK, plans.length)];
	return { first, last, seeds: `${plans[first]?.seed} to ${plans[last - 1]?.seed}` };
});

let engine: Engine;
let lag: EventLoopLag;
let runs: Array<Promise<CheckedRun>>;
const statistics = new Statistics();

beforeAll(async () => {
	installClockJumps();
	engine = await startEngine();
	lag = new EventLoopLag();
	const photos = await Promise.all(
		Array.from({ length: PHOTOS }, async (_, index) => {
			const photo = sharp({
				create: { width: 640, height: 512 + index, channels: 3, background: '#385' },
			});
			return await engine.storeFile(await photo.jpeg().toBuffer(), 'image/jpeg');
		}),
	);
	const tasks = plans.map((plan) => async () => {
		const trace = await runPlan(plan, engine, photos, lag, timeLimitOf(plan));
		statistics.add(trace);
		return await check(trace);
	});
	runs = pool(tasks, CONCURRENT_PLANS);
}, 60_000);

afterAll(() => {
	lag.stop();
	engine.close();
	console.log(statistics.table());
});

async function check(trace: Trace): Promise<CheckedRun> {
	const problems: Record<string, string[]> = {};
	for (const [name, invariant] of Object.entries(INVARIANTS)) {
		// If it didn't end, the other invariants don't apply.
		const applies = trace.timedOutAfter === undefined || invariant === endsByItsDeadlines;
		problems[name] = applies ? await invariant(trace) : [];
	}
	if (isSingleRun) console.log(formatTrace(trace));
	const isBroken = Object.values(problems).some((list) => list.length > 0);
	return { seed: trace.plan.seed, problems, plan: isBroken ? formatPlan(trace.plan) : '' };
}

/** Enough for every kind of fault to occur. */
const ENOUGH_RUNS = 500;

describe.each(blocks)(
	'Seedream Generate under injected faults, seeds $seeds',
	({ first, last }) => {
		testInvariants(Object.keys(INVARIANTS), () => runs.slice(first, last));
	},
);

if (plans.length >= ENOUGH_RUNS) {
	it(
		'every kind of fault was injected at every step it applies to',
		async () => {
			await Promise.all(runs);
			expect(statistics.missing()).toEqual([]);
		},
		MAX_MS,
	);
}
