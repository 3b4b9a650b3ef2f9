import sharp from 'sharp';

import { startEngine, type Engine } from '../n8n/engine';
import { boundOf } from './bound';
import { processRow, type Story } from './execute';
import { INVARIANTS } from './invariants';
import { endsByItsDeadlines } from './invariants/endings';
import { LoopLag } from './loopLag';
import { drawPlan, isLong } from './plan';
import { pool } from './pool';
import { PHOTOS } from './rows';
import { Tally } from './tally';
import { tellPlan, tellStory } from './trace';
import { letClocksJump } from './wallClock';

// The sandbox's own pictures are beautiful and slow.
jest.mock('../sandbox/pictures', () => jest.requireActual('./pictures'));

const { SEED, CHAOS_RUNS } = process.env;
const QUICK_RUNS = 24;
const MAX_MS = 20 * 60_000;
const BLOCK = 25;
/** They mostly wait. */
const AT_A_TIME = 48;

const plans = choosePlans();
const blocks = Array.from({ length: Math.ceil(plans.length / BLOCK) }, (_, index) => {
	const block = plans.slice(index * BLOCK, (index + 1) * BLOCK);
	return { block, seeds: `${block[0]?.seed} to ${block.at(-1)?.seed}` };
});

/** One seed alone, so many, or the first few that end soon. */
function choosePlans() {
	if (SEED) return [drawPlan(Number(SEED))];
	if (CHAOS_RUNS)
		return Array.from({ length: Number(CHAOS_RUNS) }, (_, seed) => drawPlan(seed + 1));
	const quick = [];
	for (let seed = 1; quick.length < QUICK_RUNS; seed += 1) {
		const plan = drawPlan(seed);
		if (!isLong(plan)) quick.push(plan);
	}
	return quick;
}

let engine: Engine;
let lag: LoopLag;
let stories: Map<number, Promise<Judged>>;
const tally = new Tally();

/** What each invariant has to say about a run; stories are long, so they are not kept. */
interface Judged {
	problems: Record<string, string[]>;
	story: string;
}

beforeAll(async () => {
	letClocksJump();
	engine = await startEngine();
	lag = new LoopLag();
	const photos = await Promise.all(
		Array.from({ length: PHOTOS }, async (_, index) => {
			const photo = sharp({
				create: { width: 640, height: 480 + index, channels: 3, background: '#385' },
			});
			return await engine.storeFile(await photo.jpeg().toBuffer(), 'image/jpeg');
		}),
	);
	const tasks = plans.map((plan) => async () => {
		const story = await processRow(plan, engine, photos, lag, boundOf(plan));
		tally.add(story);
		return await judge(story);
	});
	const results = pool(tasks, AT_A_TIME);
	stories = new Map(plans.map(({ seed }, index) => [seed, results[index] as Promise<Judged>]));
}, 60_000);

afterAll(() => {
	lag.stop();
	engine.close();
	console.log(tally.table());
});

async function judge(story: Story): Promise<Judged> {
	const problems: Record<string, string[]> = {};
	for (const [name, invariant] of Object.entries(INVARIANTS)) {
		// Of a run that has not ended, nothing else is known.
		const isKnown = story.timedOut === undefined || invariant === endsByItsDeadlines;
		problems[name] = isKnown ? await invariant(story) : [];
	}
	if (SEED) console.log(tellStory(story));
	const isBroken = Object.values(problems).some((list) => list.length > 0);
	return { problems, story: isBroken ? tellPlan(story.plan) : '' };
}

/** So many runs that everything that can happen does. */
const ENOUGH_RUNS = 500;

describe.each(blocks)('n8n under faults, seeds $seeds', ({ block }) => {
	it.each(Object.keys(INVARIANTS))(
		'%s',
		async (name) => {
			const broken: string[] = [];
			for (const { seed } of block) {
				const judged = await stories.get(seed);
				const problems = judged?.problems[name] ?? ['it was not judged'];
				if (problems.length === 0) continue;
				broken.push(`SEED=${seed} npm run test:chaos\n${problems.join('\n')}\n${judged?.story}`);
			}
			if (broken.length > 0) throw new Error(broken.join('\n\n'));
		},
		MAX_MS,
	);
});

if (plans.length >= ENOUGH_RUNS) {
	it(
		'every kind of fault came up wherever it can',
		async () => {
			await Promise.all(stories.values());
			expect(tally.missing()).toEqual([]);
		},
		MAX_MS,
	);
}
