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
import { Statistics } from './statistics';
import { timeLimitOf } from './timeLimit';
import type { Trace } from './trace';

// The sandbox's own pictures take too long to draw.
jest.mock('../sandbox/promptImages', () => jest.requireActual('./pictures'));

const { SEED, CHAOS_RUNS } = process.env;
const QUICK_RUNS = 24;
const MAX_MS = 20 * 60_000;
const BLOCK = 25;
/** They mostly wait. */
const CONCURRENT_PLANS = 48;

const plans = choosePlans();
const blocks = Array.from({ length: Math.ceil(plans.length / BLOCK) }, (_, index) => {
	const block = plans.slice(index * BLOCK, (index + 1) * BLOCK);
	return { block, seeds: `${block[0]?.seed} to ${block.at(-1)?.seed}` };
});

/** One seed, the first CHAOS_RUNS ones, or a few that don't take long. */
function choosePlans() {
	if (SEED) return [generatePlan(Number(SEED))];
	if (CHAOS_RUNS)
		return Array.from({ length: Number(CHAOS_RUNS) }, (_, seed) => generatePlan(seed + 1));
	const quick = [];
	for (let seed = 1; quick.length < QUICK_RUNS; seed += 1) {
		const plan = generatePlan(seed);
		if (!isLong(plan)) quick.push(plan);
	}
	return quick;
}

let engine: Engine;
let lag: EventLoopLag;
let results: Map<number, Promise<CheckedTrace>>;
const statistics = new Statistics();

/** The violations of each invariant; traces are too large to keep. */
interface CheckedTrace {
	problems: Record<string, string[]>;
	trace: string;
}

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
	const checked = pool(tasks, CONCURRENT_PLANS);
	results = new Map(
		plans.map(({ seed }, index) => [seed, checked[index] as Promise<CheckedTrace>]),
	);
}, 60_000);

afterAll(() => {
	lag.stop();
	engine.close();
	console.log(statistics.table());
});

async function check(trace: Trace): Promise<CheckedTrace> {
	const problems: Record<string, string[]> = {};
	for (const [name, invariant] of Object.entries(INVARIANTS)) {
		// If it didn't end, the other invariants don't apply.
		const applies = trace.timedOutAfter === undefined || invariant === endsByItsDeadlines;
		problems[name] = applies ? await invariant(trace) : [];
	}
	if (SEED) console.log(formatTrace(trace));
	const isBroken = Object.values(problems).some((list) => list.length > 0);
	return { problems, trace: isBroken ? formatPlan(trace.plan) : '' };
}

/** Enough for every kind of fault to occur. */
const ENOUGH_RUNS = 500;

describe.each(blocks)('Seedream Generate under injected faults, seeds $seeds', ({ block }) => {
	it.each(Object.keys(INVARIANTS))(
		'%s',
		async (name) => {
			const broken: string[] = [];
			for (const { seed } of block) {
				const checked = await results.get(seed);
				const problems = checked?.problems[name] ?? ['it was not checked'];
				if (problems.length === 0) continue;
				broken.push(`SEED=${seed} npm run test:chaos\n${problems.join('\n')}\n${checked?.trace}`);
			}
			if (broken.length > 0) throw new Error(broken.join('\n\n'));
		},
		MAX_MS,
	);
});

if (plans.length >= ENOUGH_RUNS) {
	it(
		'every kind of fault was injected at every step it applies to',
		async () => {
			await Promise.all(results.values());
			expect(statistics.missing()).toEqual([]);
		},
		MAX_MS,
	);
}
