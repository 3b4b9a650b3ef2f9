import { createDurationEstimator } from '../../../../nodes/Seedream/tasks/durationEstimator';
import { nextPollAt, type PollState } from '../../../../nodes/Seedream/tasks/pollSchedule';

const SINCE = 1_790_000_000_000;

/** Tasks of this batch that have shown how long they take, with the provider's guesses in seconds. */
type Seen = Array<[tookMs: number, estimatedSeconds?: number]>;

function forecastOf(seen: Seen) {
	const durationEstimator = createDurationEstimator();
	for (const [tookMs, estimatedSeconds] of seen) durationEstimator.learn(tookMs, estimatedSeconds);
	return durationEstimator;
}

interface Case extends Omit<PollState, 'since' | 'askedAt'> {
	isProbe?: boolean;
	/** The task's age when it was last asked for. */
	age?: number;
	seen?: Seen;
}

/** The task's age when it is to be asked for next, in milliseconds. */
function nextAge({ isProbe = false, age, seen = [], ...task }: Case): number {
	const polledAt = age === undefined ? undefined : SINCE + age;
	return nextPollAt({ since: SINCE, polledAt, ...task }, forecastOf(seen), isProbe) - SINCE;
}

/** A little late, rather than just too early. */
const after = (ms: number) => ms * 1.005 + 5;

describe('the first question', () => {
	it.each<[string, Case, number]>([
		['soon, by a probe', { isProbe: true }, 500],
		['much later, by the others: the probes may find out more', {}, 15_000],
		[
			'at half of the guess, by a probe: guesses are generous',
			{ isProbe: true, estimatedSeconds: 3 },
			1_500,
		],
		[
			'after two seconds, by a probe: many guesses are the same for all',
			{ isProbe: true, estimatedSeconds: 30 },
			2_000,
		],
		['when the provider guesses that it is done', { estimatedSeconds: 30 }, after(30_000)],
		['when others were done', { seen: [[10_000]] }, after(10_000)],
		['when others were done, by a probe too', { isProbe: true, seen: [[10_000]] }, after(10_000)],
		[
			'when the guess says, as good as others have shown it to be',
			{ estimatedSeconds: 30, seen: [[10_000, 20]] },
			after(15_000),
		],
		[
			'when the guess says, where nobody else had one',
			{ estimatedSeconds: 30, seen: [[10_000]] },
			after(30_000),
		],
		[
			'when others were done, where it has no guess itself',
			{ seen: [[10_000, 20]] },
			after(10_000),
		],
	])('comes %s', (_when, task, age) => {
		expect(nextAge(task)).toBeCloseTo(age, 6);
	});
});

describe('the next question', () => {
	it.each<[string, Case, number]>([
		['a little of its age later, by a probe', { isProbe: true, age: 5_000 }, 5_300],
		[
			'much later, by a probe long before the guess',
			{ isProbe: true, age: 5_000, estimatedSeconds: 60 },
			7_000,
		],
		[
			'as without a guess, by a probe for whom it has come near',
			{ isProbe: true, age: 5_000, estimatedSeconds: 8 },
			5_300,
		],
		['more than half of its age later, by the others', { age: 5_000 }, 8_000],
		['five seconds later at most', { age: 60_000 }, 65_000],
		[
			'much later, by a probe, while hardly any image can be done',
			{ isProbe: true, age: 500 },
			700,
		],
		['a tenth of a second later at least', { age: 1_000, seen: [[900]] }, 1_100],
		['a twentieth of its age later, once it is overdue', { age: 12_000, seen: [[10_000]] }, 12_600],
		['when it can be expected', { age: 8_000, seen: [[10_000]] }, after(10_000)],
		[
			'before it can be expected, if that is long: closing in',
			{ age: 4_000, seen: [[10_000]] },
			6_400,
		],
		['without regard to a guess that is not proven', { age: 8_000, estimatedSeconds: 10 }, 12_800],
		[
			'at a guess that is proven',
			{ age: 24_000, estimatedSeconds: 30, seen: [[20_000, 20]] },
			after(30_000),
		],
		['when its progress says', { age: 9_000, progress: 90 }, after(10_000)],
		['on the way to where its progress points', { age: 5_000, progress: 20 }, 8_000],
		[
			'when its progress says, whatever others took',
			{ age: 9_000, progress: 90, seen: [[60_000]] },
			after(10_000),
		],
		['as without progress, where that has hardly begun', { age: 5_000, progress: 4 }, 8_000],
		[
			'as without progress, where it may have stopped at the end',
			{ age: 5_000, progress: 99 },
			8_000,
		],
		['as without progress, where there is none', { age: 5_000, progress: 0 }, 8_000],
	])('comes %s', (_when, task, age) => {
		expect(nextAge(task)).toBeCloseTo(age, 6);
	});

	it('never comes at once, and never stays away', () => {
		for (const isProbe of [true, false]) {
			for (const progress of [undefined, 0, 5, 50, 95, 100]) {
				for (const estimatedSeconds of [undefined, 1, 45, 600]) {
					for (const seen of [[], [[2_000, 45]]] satisfies Seen[]) {
						for (let age = 50; age < 600_000; age *= 1.3) {
							const wait = nextAge({ isProbe, progress, estimatedSeconds, seen, age }) - age;
							expect(wait).toBeGreaterThanOrEqual(100 - 1e-3);
							expect(wait).toBeLessThanOrEqual(Math.max(5_000, 0.6 * age) + 1e-3);
						}
					}
				}
			}
		}
	});
});

describe('the forecast', () => {
	it('knows nothing at first, but the guess of the provider', () => {
		const durationEstimator = createDurationEstimator();
		expect(durationEstimator.isProven()).toBe(false);
		expect(durationEstimator.expected(undefined)).toBeUndefined();
		expect(durationEstimator.expected(45)).toBe(45_000);
	});

	it('is proven by the first task that is done', () => {
		const durationEstimator = forecastOf([[2_000]]);
		expect(durationEstimator.isProven()).toBe(true);
		expect(durationEstimator.expected(undefined)).toBe(2_000);
	});

	it('reckons with the faster ones: being early costs one query', () => {
		const seen: Seen = [8, 3, 5, 1, 7, 2, 6, 4].map((seconds) => [1_000 * seconds]);
		expect(forecastOf(seen).expected(undefined)).toBe(3_000);
	});

	it('forgets what was long ago', () => {
		const seen: Seen = [
			...Array.from({ length: 25 }, (): Seen[number] => [10_000]),
			...Array.from({ length: 25 }, (): Seen[number] => [2_000]),
		];
		expect(forecastOf(seen).expected(undefined)).toBe(2_000);
	});

	it.each<[string, Seen, number]>([
		['too long', [[2_000, 45]], 2_000 / 45_000],
		['too short', [[30_000, 10]], 3],
		['true', [[30_000, 30]], 1],
	])('corrects guesses that are %s', (_what, seen, ratio) => {
		expect(forecastOf(seen).expected(90)).toBeCloseTo(ratio * 90_000, 6);
	});

	it('learns nothing about guesses from one of nothing', () => {
		expect(forecastOf([[2_000, 0]]).expected(90)).toBe(90_000);
	});
});
