import { createLimit } from '../../../../nodes/Seedream/tasks/limit';

interface Work {
	run: () => Promise<number>;
	finish: () => void;
	fail: (error: Error) => void;
}

/** Pieces of work that end only when the test says so; `started` lists them in their order. */
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

it('starts no more than its size at once, in the order they came', async () => {
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

it('passes the place of a piece that failed on to the next', async () => {
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

it('is free again when everything is done, also for work that fails before it waits', async () => {
	const limit = createLimit(1);
	for (let round = 0; round < 3; round += 1) {
		const broken = limit(() => {
			throw new Error('at once');
		});
		await expect(broken).rejects.toThrow('at once');
	}
	await expect(limit(async () => 'done')).resolves.toBe('done');
});

it('lets nobody slip in between the end of one and the start of the next', async () => {
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

it('runs hundreds of pieces, each once', async () => {
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
