import { DurationEstimator } from '../../../../nodes/Seedream/tasks/durationEstimator';
import { nextPollAt, type PollState } from '../../../../nodes/Seedream/tasks/pollSchedule';

const STARTED_AT = 1_790_000_000_000;

/** Completed tasks of the batch, with the provider's estimates. */
type Seen = Array<[durationMs: number, estimatedSeconds?: number]>;

function estimatorFrom(seen: Seen) {
	const durationEstimator = new DurationEstimator();
	for (const [durationMs, estimatedSeconds] of seen)
		durationEstimator.addSample(durationMs, estimatedSeconds);
	return durationEstimator;
}

interface Case extends Omit<PollState, 'startedAt' | 'polledAt'> {
	isProbe?: boolean;
	/** The task's age at the last poll. */
	age?: number;
	seen?: Seen;
}

/** The task's age at the next poll, in milliseconds. */
function nextAge({ isProbe = false, age, seen = [], ...task }: Case): number {
	const polledAt = age === undefined ? undefined : STARTED_AT + age;
	return (
		nextPollAt(
			{ startedAt: STARTED_AT, polledAt, ...task },
			estimatorFrom(seen),
			isProbe ? 1 : undefined,
		) - STARTED_AT
	);
}

/** Slightly late rather than just too early. */
const after = (ms: number) => ms * 1.005 + 5;

describe('the first poll', () => {
	it.each<[string, Case, number]>([
		['soon for a probe', { isProbe: true }, 500],
		['much later for other tasks, which wait for the probes', {}, 15_000],
		[
			'at half of the estimate for a probe, because estimates are generous',
			{ isProbe: true, estimatedSeconds: 3 },
			1_500,
		],
		[
			'after two seconds for a probe, because many providers give the same estimate for all tasks',
			{ isProbe: true, estimatedSeconds: 30 },
			2_000,
		],
		['at the time that the provider estimates', { estimatedSeconds: 30 }, after(30_000)],
		['when other tasks were done', { seen: [[10_000]] }, after(10_000)],
		[
			'when other tasks were done, also for a probe',
			{ isProbe: true, seen: [[10_000]] },
			after(10_000),
		],
		[
			'at the estimate, corrected by the results of other tasks',
			{ estimatedSeconds: 30, seen: [[10_000, 20]] },
			after(15_000),
		],
		[
			'at the estimate, if other tasks had none',
			{ estimatedSeconds: 30, seen: [[10_000]] },
			after(30_000),
		],
		[
			'when other tasks were done, if it has no estimate itself',
			{ seen: [[10_000, 20]] },
			after(10_000),
		],
	])('comes %s', (_when, task, age) => {
		expect(nextAge(task)).toBeCloseTo(age, 6);
	});
});

describe('the next poll', () => {
	it.each<[string, Case, number]>([
		['a small share of its age later for a probe', { isProbe: true, age: 5_000 }, 5_300],
		[
			'much later for a probe long before the estimate',
			{ isProbe: true, age: 5_000, estimatedSeconds: 60 },
			7_000,
		],
		[
			'as without an estimate for a probe close to it',
			{ isProbe: true, age: 5_000, estimatedSeconds: 8 },
			5_300,
		],
		['more than half of its age later for other tasks', { age: 5_000 }, 8_000],
		['at most five seconds later', { age: 60_000 }, 65_000],
		['much later for a probe when hardly any image can be done', { isProbe: true, age: 500 }, 700],
		['at least a tenth of a second later', { age: 1_000, seen: [[900]] }, 1_100],
		['a twentieth of its age later, once it is overdue', { age: 12_000, seen: [[10_000]] }, 12_600],
		['when the task is expected to be done', { age: 8_000, seen: [[10_000]] }, after(10_000)],
		[
			'before the task is expected to be done, if that is far off',
			{ age: 4_000, seen: [[10_000]] },
			6_400,
		],
		['regardless of an estimate without samples', { age: 8_000, estimatedSeconds: 10 }, 12_800],
		[
			'at an estimate with samples',
			{ age: 24_000, estimatedSeconds: 30, seen: [[20_000, 20]] },
			after(30_000),
		],
		['when its progress says', { age: 9_000, progress: 90 }, after(10_000)],
		['before the time that its progress indicates', { age: 5_000, progress: 20 }, 8_000],
		[
			'when its progress says, however long other tasks took',
			{ age: 9_000, progress: 90, seen: [[60_000]] },
			after(10_000),
		],
		['as without progress, if it has hardly begun', { age: 5_000, progress: 4 }, 8_000],
		['as without progress, if it may be stuck at the end', { age: 5_000, progress: 99 }, 8_000],
		['as without progress, if it is 0', { age: 5_000, progress: 0 }, 8_000],
	])('comes %s', (_when, task, age) => {
		expect(nextAge(task)).toBeCloseTo(age, 6);
	});

	it('is never immediate, and never more than five seconds away', () => {
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

describe('the duration estimator', () => {
	it("knows nothing at first but the provider's estimate", () => {
		const durationEstimator = new DurationEstimator();
		expect(durationEstimator.hasSamples()).toBe(false);
		expect(durationEstimator.expected(undefined)).toBeUndefined();
		expect(durationEstimator.expected(45)).toBe(45_000);
	});

	it('has samples after the first completed task', () => {
		const durationEstimator = estimatorFrom([[2_000]]);
		expect(durationEstimator.hasSamples()).toBe(true);
		expect(durationEstimator.expected(undefined)).toBe(2_000);
	});

	it('expects the faster durations, because polling early costs only one request', () => {
		const seen: Seen = [8, 3, 5, 1, 7, 2, 6, 4].map((seconds) => [1_000 * seconds]);
		expect(estimatorFrom(seen).expected(undefined)).toBe(3_000);
	});

	it('forgets old samples', () => {
		const seen: Seen = [
			...Array.from({ length: 25 }, (): Seen[number] => [10_000]),
			...Array.from({ length: 25 }, (): Seen[number] => [2_000]),
		];
		expect(estimatorFrom(seen).expected(undefined)).toBe(2_000);
	});

	it.each<[string, Seen, number]>([
		['too long', [[2_000, 45]], 2_000 / 45_000],
		['too short', [[30_000, 10]], 3],
		['true', [[30_000, 30]], 1],
	])('corrects estimates that are %s', (_what, seen, ratio) => {
		expect(estimatorFrom(seen).expected(90)).toBeCloseTo(ratio * 90_000, 6);
	});

	it('learns nothing from an estimate of 0', () => {
		expect(estimatorFrom([[2_000, 0]]).expected(90)).toBe(90_000);
	});
});
