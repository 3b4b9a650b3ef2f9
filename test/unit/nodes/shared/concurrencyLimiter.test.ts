import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';

async function settle() {
	await new Promise((resolve) => setImmediate(resolve));
}

/** Rows that acquire a slot; `running` lists those that have one, in order. */
function queueOf(size: number, count: number) {
	const concurrencyLimiter = new ConcurrencyLimiter(size);
	const running: number[] = [];
	const free = new Map<number, () => void>();
	for (let row = 0; row < count; row += 1) {
		void concurrencyLimiter.acquire().then((freeSlot) => {
			running.push(row);
			free.set(row, () => {
				running.splice(running.indexOf(row), 1);
				freeSlot();
			});
		});
	}
	return { concurrencyLimiter, running, end: (row: number) => free.get(row)?.() };
}

describe('a concurrency limit set by the user', () => {
	it.each([1, 3, 50])('is the number of concurrent tasks: %i', async (size) => {
		const { running } = queueOf(size, 100);
		await settle();
		expect(running).toHaveLength(size);
	});

	it('stays the same, whatever the provider accepts or rejects', async () => {
		const { concurrencyLimiter, running } = queueOf(3, 100);
		for (let task = 0; task < 10; task += 1) concurrencyLimiter.onAccepted();
		await settle();
		expect(running).toHaveLength(3);
		concurrencyLimiter.onRejected();
		await settle();
		expect(running).toHaveLength(3);
	});
});

describe('the automatic concurrency limit', () => {
	it('starts at ten', async () => {
		const { running } = queueOf(0, 100);
		await settle();
		expect(running).toHaveLength(10);
	});

	it('doubles with every accepted wave', async () => {
		const { concurrencyLimiter, running } = queueOf(0, 1_000);
		const sizes: number[] = [];
		for (let wave = 0; wave < 6; wave += 1) {
			await settle();
			sizes.push(running.length);
			// Those of this wave; none has ended yet.
			const taken = running.length - (sizes.at(-2) ?? 0);
			for (let task = 0; task < taken; task += 1) concurrencyLimiter.onAccepted();
		}
		expect(sizes).toEqual([10, 20, 40, 80, 160, 320]);
	});

	it('is the number of running tasks as soon as the provider rejects one', async () => {
		const { concurrencyLimiter, running, end } = queueOf(0, 100);
		for (let task = 0; task < 10; task += 1) concurrencyLimiter.onAccepted();
		await settle();
		expect(running).toHaveLength(20);
		concurrencyLimiter.onRejected();
		end(0);
		end(1);
		await settle();
		expect(running).toHaveLength(20);
		for (let task = 0; task < 20; task += 1) concurrencyLimiter.onAccepted();
		await settle();
		expect(running.length).toBeGreaterThan(20);
	});

	it('decreases with a rejection if fewer tasks are running', async () => {
		const { concurrencyLimiter, running, end } = queueOf(0, 12);
		for (let task = 0; task < 30; task += 1) concurrencyLimiter.onAccepted();
		await settle();
		for (let row = 0; row < 8; row += 1) end(row);
		concurrencyLimiter.onRejected();
		const more = Array.from({ length: 9 }, () => concurrencyLimiter.acquire());
		let come = 0;
		for (const taken of more) void taken.then(() => (come += 1));
		await settle();
		expect(running).toHaveLength(4);
		expect(come).toBe(0);
	});

	it('never decreases to zero', async () => {
		const concurrencyLimiter = new ConcurrencyLimiter(0);
		concurrencyLimiter.onRejected();
		await expect(concurrencyLimiter.acquire()).resolves.toEqual(expect.any(Function));
	});

	it('is at most a thousand', async () => {
		const { concurrencyLimiter, running } = queueOf(0, 1_500);
		for (let task = 0; task < 1_500; task += 1) concurrencyLimiter.onAccepted();
		await settle();
		expect(running).toHaveLength(1_000);
	});
});

it.each([0, 1, 10])('the concurrency limiter with size %i is first in, first out', async (size) => {
	const { running, end } = queueOf(size, 40);
	const input: number[] = [];
	for (let row = 0; row < 40; row += 1) {
		await settle();
		for (const seen of running) if (!input.includes(seen)) input.push(seen);
		end(row);
	}
	expect(input).toEqual(Array.from({ length: 40 }, (_, row) => row));
});

it('the concurrency limiter takes the same time per row for a long queue', async () => {
	/** CPU time of this process, so that other load doesn't matter; the best of three. */
	const cpuPerRow = async (rows: number) => {
		const times: number[] = [];
		for (let time = 0; time < 3; time += 1) {
			const concurrencyLimiter = new ConcurrencyLimiter(1);
			const before = process.cpuUsage();
			const waiting = Array.from({ length: rows }, () => concurrencyLimiter.acquire());
			for (const taken of waiting) (await taken)();
			const { user, system } = process.cpuUsage(before);
			times.push((user + system) / rows);
		}
		return Math.min(...times);
	};
	await cpuPerRow(1_000);
	// If it were quadratic, a row in a queue twenty times as long would take twenty times as long.
	expect((await cpuPerRow(40_000)) / (await cpuPerRow(2_000))).toBeLessThan(6);
});
