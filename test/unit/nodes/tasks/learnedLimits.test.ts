import {
	fixedWindow,
	runBatch,
	slidingWindow,
	tokenBucket,
	usedUp,
	type Batch,
	type Outcome,
} from './simulatedLimits';

const KINDS = [
	['a fixed window', fixedWindow],
	['a sliding window', slidingWindow],
	['a token bucket', tokenBucket],
] as const;

const CASES = KINDS.flatMap(([kind, limitOf]) =>
	[false, true].map((retryAfter) => ({
		kind,
		limitOf,
		retryAfter,
		title: `${kind}, ${retryAfter ? 'with' : 'without'} Retry-After`,
	})),
);

const SECOND_MS = 1_000;
/** After that, the limit is known. */
const LEARNED_MS = 5_000;

/** Requests per second. `LIMITS=1` measures more, and prints the table. */
const RATES = process.env.LIMITS ? [1, 2, 5, 10, 20, 50] : [1, 5, 50];

async function measure(label: string, batch: Batch): Promise<Outcome> {
	const outcome = await runBatch(batch);
	if (process.env.LIMITS) {
		const { share, refusedShare, lateRefusedShare, ms } = outcome;
		const percent = (part: number) => `${(100 * part).toFixed(1)}%`.padStart(7);
		const parts = [percent(share), percent(refusedShare), percent(lateRefusedShare)];
		process.stdout.write(`${label.padEnd(60)}${parts.join('')} ${(ms / 1000).toFixed(1)} s\n`);
	}
	return outcome;
}

/** At least that share of what's possible after five seconds, apart from one window at the end. */
function expectShare({ share, ms }: Outcome, least: number, windowMs = SECOND_MS): void {
	const lateMs = Math.max(0, ms - LEARNED_MS);
	expect(lateMs).toBeLessThanOrEqual((share * lateMs) / least + windowMs);
}

describe.each(CASES)('the rate limiter at $title', ({ title, limitOf, retryAfter }) => {
	it.each(RATES)('reaches 95% of %i requests per second', async (perSecond) => {
		for (const rows of [200, 1_000]) {
			const batch = { rows, limit: limitOf(perSecond), retryAfter };
			const outcome = await measure(`${rows} rows, ${perSecond}/s, ${title}`, batch);
			expect(outcome.failed).toBe(0);
			expectShare(outcome, 0.95);
			expect(outcome.lateRefusedShare).toBeLessThanOrEqual(0.03);
			// Most of them when the limit is reached, which weighs more in a short batch.
			const most = rows === 1_000 ? (perSecond < 50 ? 0.03 : 0.055) : perSecond < 50 ? 0.075 : 0.15;
			expect(outcome.refusedShare).toBeLessThan(most);
		}
	});

	it.each([
		[5, 10],
		[20, 5],
		[10, 50],
		[50, 10],
	])('finds a limit that changes from %i to %i per second within 10 s', async (before, after) => {
		const at = 30_000;
		const outcome = await measure(`${before}/s, then ${after}/s, ${title}`, {
			rows: 30 * before + 25 * after,
			limit: limitOf(before),
			changes: [{ at, limit: limitOf(after) }],
			retryAfter,
		});
		const found = outcome.accepted.filter((time) => time >= at + 10_000 && time < at + 20_000);
		expect(found.length).toBeGreaterThanOrEqual(0.9 * 10 * after);
	});

	it.each([
		['most of it', () => limitOf(1)],
		['all of it', usedUp],
	])('finds the whole limit within 18 s once others, who used %s, end', async (share, leftOver) => {
		const from = 10_000;
		// The next attempt may be due at any time.
		for (const to of [47_000, 50_000, 53_000]) {
			const outcome = await measure(`10/s, of which others use ${share}, ${title}`, {
				rows: 350,
				limit: limitOf(10),
				changes: [
					{ at: from, limit: leftOver() },
					{ at: to, limit: limitOf(10) },
				],
				retryAfter: retryAfter && leftOver !== usedUp,
			});
			expect(outcome.failed).toBe(0);
			const found = outcome.accepted.filter((time) => time >= to + 18_000 && time < to + 23_000);
			expect(found.length).toBeGreaterThanOrEqual(0.9 * 5 * 10);
		}
	});

	it.each([5, 20])('shares %i requests per second with another worker', async (perSecond) => {
		const outcome = await measure(`two workers of 500 rows, ${perSecond}/s, ${title}`, {
			rows: 500,
			limit: limitOf(perSecond),
			workers: 2,
			retryAfter,
		});
		expect(outcome.failed).toBe(0);
		// It takes a while to notice that the other one has finished.
		expectShare(outcome, 0.85);
	});
});

describe.each(KINDS)(
	"the rate limiter with the provider's own headers, at %s",
	(title, limitOf) => {
		it('reaches 95%, and hardly any request is refused', async () => {
			const batch = { rows: 1_000, limit: limitOf(10), quota: true };
			const outcome = await measure(`1000 rows, 10/s, ${title}, with headers`, batch);
			expect(outcome.failed).toBe(0);
			expectShare(outcome, 0.95);
			expect(outcome.refusedShare).toBeLessThan(0.03);
		});
	},
);

describe('the rate limiter at 60 requests per minute', () => {
	it.each([
		['a fixed window', fixedWindow, false],
		['a fixed window, with Retry-After', fixedWindow, true],
		['a sliding window', slidingWindow, false],
		['a sliding window, with Retry-After', slidingWindow, true],
	] as const)('fails no row, and reaches 95%%: %s', async (title, limitOf, retryAfter) => {
		for (const rows of [200, 1_000]) {
			const limit = limitOf(60, 60_000);
			const outcome = await measure(`${rows} rows, 60/min, ${title}`, { rows, limit, retryAfter });
			expect(outcome.failed).toBe(0);
			expectShare(outcome, 0.95, 5_000);
		}
	});
});

describe('the rate limiter at a limit of running tasks', () => {
	it.each([
		[3, 2_000],
		[8, 2_000],
		[8, 20_000],
		[30, 20_000],
	])('keeps %i tasks of %i ms running', async (tasks, taskMs) => {
		const rows = 15 * tasks;
		const label = `${rows} rows, ${tasks} tasks of ${taskMs} ms`;
		const { failed, ms } = await measure(label, { rows, limit: { tasks }, taskMs });
		expect(failed).toBe(0);
		// Each task is noticed up to 3% late, and each request takes a tenth of a second.
		expect(ms).toBeLessThan(15 * (1.05 * taskMs + 250));
	});
});
