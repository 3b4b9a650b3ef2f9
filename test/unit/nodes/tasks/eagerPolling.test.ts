import { mean, range } from 'lodash';

import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { reply } from './scriptedApiClient';
import { expectAllDone, pollAll } from './pollAll';
import { seededRandom, singly, type SimulatedTask, type Simulation } from './simulatedProvider';

const PROVIDERS: Array<[string, Provider]> = [
	['EvoLink', evoLink],
	['a provider without batch queries', singly],
];

type Hints = Pick<Simulation, 'estimates' | 'showsProgress'> & { minSeconds?: number };

/** Polls the only task of an execution. */
async function pollOne(provider: Provider, takesMs: number, { minSeconds, ...hints }: Hints = {}) {
	const all = await pollAll({
		tasks: 1,
		provider,
		takes: () => takesMs,
		polledTask: { minSeconds },
		...hints,
	});
	expectAllDone(all);
	const [end] = all.ends;
	return { delayMs: end?.delayMs ?? Infinity, share: end?.share ?? 1, polls: all.callsPerTask };
}

describe.each(PROVIDERS)('the only task of an execution, at %s,', (_name, provider) => {
	// The rest of a quarter of a second is for the create and the download.
	it.each<[string, Hints, number]>([
		['neither an estimate nor progress', {}, 370],
		['progress', { showsProgress: true }, 40],
		['an accurate estimate', { estimates: (ms) => ms / 1_000 }, 300],
		[
			'an accurate estimate and progress',
			{ estimates: (ms) => ms / 1_000, showsProgress: true },
			15,
		],
	])(
		'is found completed within 0.18 s if it takes up to a minute, with %s',
		async (_hints, hints, mostPolls) => {
			for (const takesMs of range(1_000, 60_000, 1_470)) {
				const { delayMs, polls } = await pollOne(provider, takesMs, hints);
				expect(delayMs).toBeLessThanOrEqual(180);
				expect(polls).toBeLessThanOrEqual(mostPolls);
			}
		},
	);

	it.each<[string, Hints, number]>([
		['progress, and a model known to be slow', { showsProgress: true, minSeconds: 90 }, 6],
		[
			'progress, an estimate and a model known to be slow',
			{ showsProgress: true, estimates: (ms) => ms / 1_000, minSeconds: 90 },
			6,
		],
		['progress and an estimate', { showsProgress: true, estimates: (ms) => ms / 1_000 }, 16],
		['nothing but a model known to be slow', { minSeconds: 90 }, 26],
	])(
		'is found completed within 3% of its time if it takes 90 to 160 s, with %s',
		async (_hints, hints, mostPolls) => {
			for (const takesMs of range(90_000, 160_000, 3_700)) {
				const { share, polls } = await pollOne(provider, takesMs, hints);
				expect(share).toBeLessThanOrEqual(0.03);
				expect(polls).toBeLessThanOrEqual(mostPolls);
			}
		},
	);

	it("isn't found late if it's faster than its model usually is and has progress", async () => {
		const hints = { showsProgress: true, minSeconds: 90 };
		const { share } = await pollOne(provider, 70_000, hints);
		expect(share).toBeLessThanOrEqual(0.03);
	});
});

it('ten tasks at a provider with batch queries are found completed as soon as a single one', async () => {
	const takes = (index: number) => 5_000 + 1_970 * index;
	const all = await pollAll({ tasks: 10, provider: evoLink, takes });
	expectAllDone(all);
	expect(Math.max(...all.ends.map(({ delayMs }) => delayMs))).toBeLessThanOrEqual(250);
	expect(all.callsPerTask).toBeLessThanOrEqual(17);
});

it('a task whose model is slow is polled after five seconds, because it may have failed', async () => {
	const all = await pollAll({ tasks: 0, provider: evoLink, takes: () => 120_000 });
	const { taskId } = await all.create();
	const createdAt = all.clock.elapsed();
	await all.waitFor(taskId, { minSeconds: 90 });
	expect((all.tasks.get(taskId)?.polledAt[0] ?? 0) - createdAt).toBeLessThan(5_050);
});

const uneven = () => {
	const random = seededRandom(7);
	return () => 15_000 + 30_000 * random();
};

/** Between two polls of the same task. */
function pausesOf(tasks: Iterable<SimulatedTask>): number[] {
	return [...tasks].flatMap(({ polledAt }) =>
		polledAt.slice(1).map((at, index) => at - (polledAt[index] ?? 0)),
	);
}

describe('a batch of more than ten tasks at EvoLink', () => {
	const durations: Array<[string, () => (index: number) => number]> = [
		['11 to 15 s', () => (index) => 11_000 + 67 * index],
		['20 s each', () => () => 20_000],
		['15 to 45 s', uneven],
	];
	const hints: Array<[string, Hints]> = [
		['no estimate', {}],
		['the same estimate for all', { estimates: () => 45 }],
		['accurate estimates and progress', { estimates: (ms) => ms / 1_000, showsProgress: true }],
	];

	describe.each(durations)('that take %s', (_durations, takes) => {
		it.each(hints)(
			'is polled at most every three seconds per task, with %s',
			async (_hints, simulation) => {
				const all = await pollAll({
					tasks: 60,
					provider: evoLink,
					takes: takes(),
					...simulation,
				});
				expectAllDone(all);
				expect(Math.min(...pausesOf(all.tasks.values()))).toBeGreaterThanOrEqual(3_000);
				expect(Math.max(...all.ends.map(({ delayMs }) => delayMs))).toBeLessThan(5_500);
				expect(all.callsPerTask).toBeLessThanOrEqual(1.5);
			},
		);
	});

	it.each([10_000, 15_000, 20_000, 40_000])(
		'is found completed within 10% of its time on average if each task takes %i ms',
		async (takesMs) => {
			const all = await pollAll({ tasks: 500, provider: evoLink, takes: () => takesMs });
			expectAllDone(all);
			expect(mean(all.ends.map(({ share }) => share))).toBeLessThan(0.1);
		},
	);

	it.each<[number, number]>([
		[9, 20],
		[15, 45],
	])(
		'is found completed within 8%% of its time on average if the provider knows how long each takes: %i to %i s',
		async (from, to) => {
			const random = seededRandom(5);
			const takes = () => 1_000 * (from + (to - from) * random());
			const estimates = (ms: number) => Math.ceil(ms / 1_000);
			const all = await pollAll({ tasks: 100, provider: evoLink, takes, estimates });
			expectAllDone(all);
			expect(mean(all.ends.map(({ share }) => share))).toBeLessThan(0.08);
		},
	);

	it('is polled again soon after a query that failed', async () => {
		let failures = 1;
		const all = await pollAll({
			tasks: 20,
			provider: evoLink,
			takes: () => 20_000,
			batchResponse: (_ids, data) =>
				(failures -= 1) >= 0 ? reply(502, '<html>502</html>') : reply(200, { data }),
		});
		expectAllDone(all);
		expect(Math.min(...pausesOf(all.tasks.values()))).toBeLessThan(1_500);
	});
});

describe.each(PROVIDERS)('ten tasks at %s', (_name, provider) => {
	it('take no more requests together than a single one', async () => {
		const all = await pollAll({ tasks: 10, provider, takes: () => 60_000 });
		expectAllDone(all);
		expect(10 * all.callsPerTask).toBeLessThanOrEqual(370);
	});
});
