import { createConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';

async function settle() {
	await new Promise((resolve) => setImmediate(resolve));
}

/** Rows that wait for a slot; `at work` lists those that have one, in their order. */
function line(size: number, count: number) {
	const concurrencyLimiter = createConcurrencyLimiter(size);
	const atWork: number[] = [];
	const free = new Map<number, () => void>();
	for (let row = 0; row < count; row += 1) {
		void concurrencyLimiter.take().then((freeSlot) => {
			atWork.push(row);
			free.set(row, () => {
				atWork.splice(atWork.indexOf(row), 1);
				freeSlot();
			});
		});
	}
	return { concurrencyLimiter, atWork, end: (row: number) => free.get(row)?.() };
}

describe('a number that the user chose', () => {
	it.each([1, 3, 50])('is how many are at work at once: %i', async (size) => {
		const { atWork } = line(size, 100);
		await settle();
		expect(atWork).toHaveLength(size);
	});

	it('stays, whatever the provider takes or refuses', async () => {
		const { concurrencyLimiter, atWork } = line(3, 100);
		for (let task = 0; task < 10; task += 1) concurrencyLimiter.accepted();
		await settle();
		expect(atWork).toHaveLength(3);
		concurrencyLimiter.refused();
		await settle();
		expect(atWork).toHaveLength(3);
	});
});

describe('left to the node, the number', () => {
	it('starts with ten', async () => {
		const { atWork } = line(0, 100);
		await settle();
		expect(atWork).toHaveLength(10);
	});

	it('doubles with every wave that the provider takes', async () => {
		const { concurrencyLimiter, atWork } = line(0, 1_000);
		const sizes: number[] = [];
		for (let wave = 0; wave < 6; wave += 1) {
			await settle();
			sizes.push(atWork.length);
			// Those that came in with this wave; none has ended yet.
			const taken = atWork.length - (sizes.at(-2) ?? 0);
			for (let task = 0; task < taken; task += 1) concurrencyLimiter.accepted();
		}
		expect(sizes).toEqual([10, 20, 40, 80, 160, 320]);
	});

	it('is what is at work as soon as the provider refuses', async () => {
		const { concurrencyLimiter, atWork, end } = line(0, 100);
		for (let task = 0; task < 10; task += 1) concurrencyLimiter.accepted();
		await settle();
		expect(atWork).toHaveLength(20);
		concurrencyLimiter.refused();
		end(0);
		end(1);
		await settle();
		expect(atWork).toHaveLength(20);
		for (let task = 0; task < 20; task += 1) concurrencyLimiter.accepted();
		await settle();
		expect(atWork.length).toBeGreaterThan(20);
	});

	it('falls with a refusal when fewer are at work than there might be', async () => {
		const { concurrencyLimiter, atWork, end } = line(0, 12);
		for (let task = 0; task < 30; task += 1) concurrencyLimiter.accepted();
		await settle();
		for (let row = 0; row < 8; row += 1) end(row);
		concurrencyLimiter.refused();
		const more = Array.from({ length: 9 }, () => concurrencyLimiter.take());
		let come = 0;
		for (const taken of more) void taken.then(() => (come += 1));
		await settle();
		expect(atWork).toHaveLength(4);
		expect(come).toBe(0);
	});

	it('never falls to nothing', async () => {
		const concurrencyLimiter = createConcurrencyLimiter(0);
		concurrencyLimiter.refused();
		await expect(concurrencyLimiter.take()).resolves.toEqual(expect.any(Function));
	});

	it('ends at a thousand', async () => {
		const { concurrencyLimiter, atWork } = line(0, 1_500);
		for (let task = 0; task < 1_500; task += 1) concurrencyLimiter.accepted();
		await settle();
		expect(atWork).toHaveLength(1_000);
	});
});

it.each([0, 1, 10])('slots of size %i are given in the order the rows came', async (size) => {
	const { atWork, end } = line(size, 40);
	const input: number[] = [];
	for (let row = 0; row < 40; row += 1) {
		await settle();
		for (const seen of atWork) if (!input.includes(seen)) input.push(seen);
		end(row);
	}
	expect(input).toEqual(Array.from({ length: 40 }, (_, row) => row));
});

it('a long line costs each row the same', async () => {
	/** Of this process, so that other work on the machine does not count; the best of three. */
	const cpuPerRow = async (rows: number) => {
		const times: number[] = [];
		for (let time = 0; time < 3; time += 1) {
			const concurrencyLimiter = createConcurrencyLimiter(1);
			const before = process.cpuUsage();
			const waiting = Array.from({ length: rows }, () => concurrencyLimiter.take());
			for (const taken of waiting) (await taken)();
			const { user, system } = process.cpuUsage(before);
			times.push((user + system) / rows);
		}
		return Math.min(...times);
	};
	await cpuPerRow(1_000);
	// Were it quadratic, a row of a line twenty times as long would cost twenty times as much.
	expect((await cpuPerRow(40_000)) / (await cpuPerRow(2_000))).toBeLessThan(6);
});
