import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import { Memory, RowMemory } from '../../../../nodes/Seedream/tasks/memory';
import { concurrentClock, type VirtualClock } from '../virtualClock';
import { FakeMemoryTable } from './fakeMemoryTable';
import { INPUT } from './ledgerFixtures';

async function openMemory(table: FakeMemoryTable, clock: VirtualClock) {
	const opened = await Memory.open(table, clock);
	if (!opened.ok) throw new Error('not opened');
	const memory = opened.value;
	const rowMemory = (row = 0) => new RowMemory(memory, { row, rowKey: '', input: INPUT });
	return { memory, rowMemory };
}

async function setUp(cancelAtMs?: number) {
	const clock = concurrentClock(cancelAtMs);
	const table = new FakeMemoryTable();
	return { clock, table, ...(await openMemory(table, clock)) };
}

/** As measured in n8n, whose one thread does everything. */
const WRITE_MS = 60;
const WRITE_MS_PER_ROW = 0.065;
const CREATE_MS = 4;
const RESULT_MS = 3;
const RESPONSE_MS = 30;
const TASK_MS = 15_000;

/** How long a batch takes whose tasks are recorded in a table, or aren't. */
async function secondsOf1000Rows(concurrency: number, hasTable: boolean): Promise<number> {
	const { clock, table, memory, rowMemory } = await setUp();
	let thread = Promise.resolve();
	const work = async (ms: number) => {
		thread = thread.then(async () => await clock.sleep(ms));
		await thread;
	};
	table.beforeWrite = async (rows) => await work(WRITE_MS + rows * WRITE_MS_PER_ROW);
	const limiter = new ConcurrencyLimiter(concurrency);
	const generate = async (row: number) => {
		const free = await limiter.acquire();
		const own = hasTable ? rowMemory(row) : undefined;
		const [key, taskId] = [`key-${row}`, `task-${row}`];
		await own?.storeSent(key);
		await work(CREATE_MS);
		await clock.sleep(RESPONSE_MS);
		limiter.onAccepted();
		own?.noteMade(key, [taskId], clock.now());
		await clock.sleep(TASK_MS + (row % 100) * 30);
		await work(RESULT_MS);
		own?.noteDelivered(key, taskId, []);
		free();
	};
	await Promise.all(Array.from({ length: 1_000 }, async (_, row) => await generate(row)));
	await memory.close();
	return clock.elapsed() / 1000;
}

describe('the memory', () => {
	it('stores what creates wait for in one write', async () => {
		const { table, rowMemory } = await setUp();
		const rows = Array.from({ length: 20 }, (_, row) => rowMemory(row).storeSent(`key-${row}`));
		expect(table.entries).toEqual([]);
		await expect(Promise.all(rows)).resolves.toEqual(Array(20).fill(undefined));
		expect(table.writes).toEqual([Array(20).fill('sent')]);
	});

	it.each([
		[10, 4],
		[1_000, 3],
	])(
		'writes results once in a second or two if nothing waits and a write takes %i ms',
		async (ms, writes) => {
			const { clock, table, memory, rowMemory } = await setUp();
			table.beforeWrite = async () => await clock.sleep(ms);
			for (let row = 0; row < 100; row += 1) {
				rowMemory(row).noteDelivered(`key-${row}`, `task-${row}`, []);
				await clock.sleep(25);
			}
			await memory.close();
			expect(table.entries).toHaveLength(100);
			expect(table.writes.length).toBeLessThanOrEqual(writes);
		},
	);

	it('writes the ID of a new task within half a second', async () => {
		const { clock, table, rowMemory } = await setUp();
		await rowMemory(1).storeSent('key-1');
		rowMemory(1).noteMade('key-1', ['task-1'], clock.now());
		await clock.sleep(450);
		expect(table.states()).toEqual(['sent']);
		await clock.sleep(100);
		expect(table.states()).toEqual(['sent', 'made task-1']);
	});

	it.each([
		['sooner, the more creates wait', 100, 20, 10, 50],
		['later, the longer a write takes', 100, 20, 100, 400],
		['after half a second at most', 100, 1, 1_000, 500],
		['sooner, the fewer creates came before', 20, 20, 100, 100],
		['soon if most creates wait', 1, 20, 100, 5],
	])('writes %s', async (_when, rowsBefore, rows, writeMs, expected) => {
		const { clock, table, rowMemory } = await setUp();
		table.beforeWrite = async () => await clock.sleep(writeMs);
		const storeRows = async (name: string, count: number) =>
			await Promise.all(
				Array.from({ length: count }, (_, row) => rowMemory(row).storeSent(`${name}-${row}`)),
			);
		await storeRows('before', rowsBefore);
		const before = clock.now();
		await storeRows('key', rows);
		const pause = clock.now() - before - writeMs;
		expect(pause).toBeGreaterThanOrEqual(expected);
		expect(pause).toBeLessThan(expected + 50);
	});

	it.each([
		['as many as the provider accepts', 0],
		['100', 100],
	])(
		'the table takes at most 5 % of the time of 1,000 rows, %s at once',
		async (_limit, concurrency) => {
			const withoutTable = await secondsOf1000Rows(concurrency, false);
			expect(await secondsOf1000Rows(concurrency, true)).toBeLessThan(1.05 * withoutTable);
		},
	);

	it('stores the rest when the batch ends, or is stopped', async () => {
		for (const cancelAtMs of [undefined, 1]) {
			const { clock, table, memory, rowMemory } = await setUp(cancelAtMs);
			rowMemory().noteMade('key', ['task-1'], clock.now());
			await expect(memory.close()).resolves.toBeUndefined();
			expect(table.states()).toEqual(['made task-1']);
		}
	});

	it('knows the state of a key', async () => {
		const { clock, rowMemory } = await setUp();
		const row = rowMemory();
		expect(row.find('key')).toBeUndefined();
		await row.storeSent('key');
		expect(row.find('key')).toMatchObject({ kind: 'sent' });
		row.noteRejected('key');
		expect(row.find('key')).toBeUndefined();
		await row.storeSent('key');
		const at = clock.now() + 5_000;
		row.noteMade('key', ['task-1', 'task-2'], at);
		expect(row.find('key')).toEqual({ kind: 'made', at, taskIds: ['task-1', 'task-2'] });
		row.noteFailed('key', 'task-1');
		row.noteDelivered('key', 'task-2', ['https://example.com/1.png']);
		expect(row.find('key')).toMatchObject({ kind: 'made', taskIds: ['task-2'] });
		row.noteFailed('other', 'task-3');
		expect(row.find('other')).toMatchObject({ kind: 'failed', taskIds: ['task-3'] });
	});

	it('still misses a create if another execution sent one with the same key, too', async () => {
		const { clock, table, rowMemory } = await setUp();
		await rowMemory().storeSent('key');
		const other = (await openMemory(table, clock)).rowMemory();
		await other.storeSent('key');
		other.noteRejected('key');
		expect(other.find('key')).toMatchObject({ kind: 'sent' });
	});

	it('has one row for a task and a state, whatever is noted again', async () => {
		const { clock, table, memory, rowMemory } = await setUp();
		rowMemory().noteDelivered('key', 'task-1', ['https://example.com/1.png']);
		await memory.close();
		const later = await openMemory(table, clock);
		later.rowMemory().noteDelivered('key', 'task-1', ['https://example.com/signed-again.png']);
		await later.memory.close();
		expect(table.states()).toEqual(['delivered task-1']);
	});

	it("refuses a create that it can't store, and keeps what it knows of others", async () => {
		const { clock, table, memory, rowMemory } = await setUp();
		const [made, refused] = [rowMemory(0), rowMemory(1)];
		await made.storeSent('key-0');
		table.isBroken = true;
		made.noteMade('key-0', ['task-1'], clock.now());
		await expect(refused.storeSent('key-1')).resolves.toMatchObject({
			message:
				'The node couldn\'t write to the data table "Tasks", so it didn\'t send this row: the disk is full',
			charged: 'no',
		});
		expect(refused.find('key-1')).toBeUndefined();
		table.isBroken = false;
		await expect(memory.close()).resolves.toBeUndefined();
		expect(table.states()).toEqual(['sent', 'made task-1']);
	});

	it("says at the end what it couldn't store", async () => {
		const { clock, table, memory, rowMemory } = await setUp();
		table.isBroken = true;
		rowMemory().noteMade('key', ['task-1'], clock.now());
		await expect(memory.close()).resolves.toMatchObject({
			message:
				'The data table "Tasks" lacks 1 row of this execution, because the node couldn\'t write to it',
		});
	});
});
