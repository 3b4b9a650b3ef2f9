import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import {
	createLimit,
	mapWithLimit,
	SlowTolerantLimiter,
} from '../../../../nodes/Seedream/shared/limit';
import { concurrentClock } from '../virtualClock';

interface Work {
	run: () => Promise<number>;
	finish: () => void;
	fail: (error: Error) => void;
}

/** Functions that end only when the test says so; `started` lists them in order. */
function works(count: number) {
	const started: number[] = [];
	let running = 0;
	let most = 0;
	const all = Array.from({ length: count }, (_, index): Work => {
		let finish = () => {};
		let fail = (_error: Error) => {};
		const end = new Promise<number>((resolve, reject) => {
			finish = () => resolve(index);
			fail = reject;
		});
		const run = async () => {
			started.push(index);
			running += 1;
			most = Math.max(most, running);
			return await end.finally(() => (running -= 1));
		};
		return { run, finish: () => finish(), fail: (error) => fail(error) };
	});
	return { all, started, most: () => most };
}

async function settle() {
	await new Promise((resolve) => setImmediate(resolve));
}

describe('a map with a limit', () => {
	it('works on no more than its size at once, in order, and returns all results in order', async () => {
		const { all, started, most } = works(5);
		const results = mapWithLimit(all, 2, async ({ run }, index) => [await run(), index]);
		await settle();
		expect(started).toEqual([0, 1]);
		for (const index of [1, 0, 2, 3, 4]) {
			all[index]?.finish();
			await settle();
		}
		expect(started).toEqual([0, 1, 2, 3, 4]);
		expect(most()).toBe(2);
		expect(await results).toEqual([0, 1, 2, 3, 4].map((index) => [index, index]));
		expect(await mapWithLimit([], 2, async () => await Promise.resolve(1))).toEqual([]);
	});

	it('waits for the others if one fails', async () => {
		const { all, started } = works(4);
		const results = mapWithLimit(all, 2, async ({ run }) => await run());
		let hasEnded = false;
		results.catch(() => (hasEnded = true));
		all[0]?.fail(new Error('Out of paper'));
		await settle();
		expect(hasEnded).toBe(false);
		for (const { finish } of all) {
			finish();
			await settle();
		}
		await expect(results).rejects.toThrow('Out of paper');
		expect(started).toEqual([0, 1, 2, 3]);
	});
});

it('a limit runs no more than its size at once, first in, first out', async () => {
	const limit = createLimit(2);
	const { all, started, most } = works(5);
	const results = Promise.all(all.map(({ run }) => limit(run)));
	await settle();
	expect(started).toEqual([0, 1]);
	all[1]?.finish();
	await settle();
	expect(started).toEqual([0, 1, 2]);
	for (const { finish } of all) {
		finish();
		await settle();
	}
	expect(await results).toEqual([0, 1, 2, 3, 4]);
	expect(started).toEqual([0, 1, 2, 3, 4]);
	expect(most()).toBe(2);
});

it('a limit gives the slot of a failed function to the next', async () => {
	const limit = createLimit(1);
	const { all, started } = works(2);
	const [first, second] = all.map(({ run }) => limit(run));
	const failed = expect(first).rejects.toThrow('broken');
	all[0]?.fail(new Error('broken'));
	await failed;
	await settle();
	expect(started).toEqual([0, 1]);
	all[1]?.finish();
	await expect(second).resolves.toBe(1);
});

it('a limit is free again when everything is done, also after synchronous failures', async () => {
	const limit = createLimit(1);
	for (let round = 0; round < 3; round += 1) {
		const broken = limit(() => {
			throw new Error('at once');
		});
		await expect(broken).rejects.toThrow('at once');
	}
	await expect(limit(async () => 'done')).resolves.toBe('done');
});

it('a limit lets nothing jump the queue between the end of one function and the start of the next', async () => {
	const limit = createLimit(1);
	const { all, most, started } = works(3);
	const first = limit(all[0]?.run ?? (async () => -1));
	const second = limit(all[1]?.run ?? (async () => -1));
	all[0]?.finish();
	await first;
	const third = limit(all[2]?.run ?? (async () => -1));
	all[1]?.finish();
	all[2]?.finish();
	await Promise.all([second, third]);
	expect(started).toEqual([0, 1, 2]);
	expect(most()).toBe(1);
});

it('a limit runs hundreds of functions, each once', async () => {
	const limit = createLimit(7);
	let running = 0;
	let most = 0;
	const results = await Promise.all(
		Array.from({ length: 500 }, (_, n) =>
			limit(async () => {
				running += 1;
				most = Math.max(most, running);
				await settle();
				running -= 1;
				return n;
			}),
		),
	);
	expect(results).toEqual(Array.from({ length: 500 }, (_, n) => n));
	expect(most).toBe(7);
});

describe('the slow-tolerant limiter', () => {
	/** Each function takes this many milliseconds; returns when each was started. */
	async function begins(size: number, takes: readonly number[], stoppedAt = Infinity) {
		const clock = concurrentClock(stoppedAt);
		const limit = new SlowTolerantLimiter(size, clock).run;
		const begun: number[] = [];
		let running = 0;
		let most = 0;
		const ends = takes.map((ms) =>
			limit(async () => {
				begun.push(clock.elapsed());
				running += 1;
				most = Math.max(most, running);
				await clock.sleep(ms);
				running -= 1;
			}),
		);
		return { ends: await Promise.allSettled(ends), begun, most, clock };
	}

	it('runs no more than its size at once, as long as they are quick', async () => {
		const { begun, most } = await begins(2, Array(6).fill(1_000));
		expect(begun).toEqual([0, 0, 1_000, 1_000, 2_000, 2_000]);
		expect(most).toBe(2);
	});

	it('starts others beside those that are slow', async () => {
		const { begun } = await begins(2, [60_000, 60_000, 100, 100, 100]);
		expect(begun.slice(0, 2)).toEqual([0, 0]);
		for (const at of begun.slice(2)) expect(at).toBeGreaterThanOrEqual(5_000);
		expect(Math.max(...begun)).toBeLessThanOrEqual(5_800);
	});

	it('runs at most forty slow ones at once', async () => {
		const { begun, most } = await begins(4, Array(100).fill(600_000));
		expect(most).toBe(44);
		expect(begun.filter((at) => at < 600_000)).toHaveLength(44);
		expect(begun).toHaveLength(100);
	});

	it('does nothing while the queue is empty', async () => {
		const { clock } = await begins(4, [60_000, 60_000]);
		expect(clock.pauses).toEqual([60_000, 60_000]);
	});

	it('aborts the queue when the execution is stopped', async () => {
		const { ends, begun } = await begins(1, [60_000, 100, 100], 3_000);
		expect(begun).toEqual([0]);
		expect(ends).toEqual(
			ends.map(() => ({ status: 'rejected', reason: expect.any(ExecutionCancelled) })),
		);
	});

	it('gives the slot of a failed function to the next', async () => {
		const limit = new SlowTolerantLimiter(1, concurrentClock()).run;
		const broken = limit(async () => await Promise.reject(new Error('broken')));
		const next = limit(async () => 'done');
		await expect(broken).rejects.toThrow('broken');
		await expect(next).resolves.toBe('done');
	});
});
