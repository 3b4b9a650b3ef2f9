import type { Failure, Result } from '../../../../nodes/Seedream/errors/failure';
import { CalledBackTasks } from '../../../../nodes/Seedream/tasks/calledBackTasks';
import { concurrentClock } from '../virtualClock';

const KNOWN: Result<string> = { ok: true, value: 'task' };
const UNKNOWN: Result<string> = { ok: false, failure: { isUnknownTask: true } as Failure };
const UNREACHABLE: Result<string> = { ok: false, failure: {} as Failure };

const MINUTE = 60_000;

function setUp() {
	const clock = concurrentClock();
	const tasks = new CalledBackTasks(clock.now);
	let sent = 0;
	/** Queries as many IDs at once; each takes a second. */
	const queryMany = async (count: number, result: Result<string>) =>
		await Promise.all(
			Array.from({ length: count }, async () => {
				const query = async () => {
					sent += 1;
					await clock.sleep(1_000);
					return result;
				};
				return await tasks.query(query, clock);
			}),
		);
	return { clock, tasks, queryMany, sent: () => sent };
}

describe('CalledBackTasks', () => {
	it('remembers 5,000 task IDs, the latest ones', () => {
		const { tasks } = setUp();
		for (let id = 0; id <= 5_000; id += 1) tasks.add(String(id));
		expect([tasks.has('0'), tasks.has('1'), tasks.has('5000')]).toEqual([false, true, true]);
		tasks.forgetUnlessEnded('5000');
		expect(tasks.has('5000')).toBe(false);
	});

	it('takes a callback for a repeated one for five minutes, or as soon as its task has ended', async () => {
		const { clock, tasks } = setUp();
		tasks.add('crashed');
		tasks.add('delivered');
		tasks.end('delivered');
		const known = () => ['crashed', 'delivered'].map((id) => tasks.has(id));
		expect(known()).toEqual([true, true]);
		await clock.sleep(5 * MINUTE);
		expect(known()).toEqual([false, true]);
		tasks.forgetUnlessEnded('delivered');
		expect(['crashed', 'delivered'].map((id) => tasks.hasEnded(id))).toEqual([false, true]);
	});

	it('queries 100 existing tasks that are called back at once, one batch of 30 after the other', async () => {
		const { tasks, queryMany, clock } = setUp();
		expect(await queryMany(100, KNOWN)).toEqual(Array(100).fill(KNOWN));
		expect(tasks.isFlooded()).toBe(false);
		expect(clock.elapsed()).toBeLessThan(6_000);
	});

	it('queries 30 of 100 unknown IDs, and no others for a minute', async () => {
		const { clock, tasks, queryMany, sent } = setUp();
		const results = await queryMany(100, UNKNOWN);
		expect(results.filter((result) => result === undefined)).toHaveLength(70);
		expect([sent(), tasks.isFlooded()]).toEqual([30, true]);
		expect(await queryMany(1, KNOWN)).toEqual([undefined]);
		await clock.sleep(MINUTE);
		expect(tasks.isFlooded()).toBe(false);
		expect(await queryMany(1, KNOWN)).toEqual([KNOWN]);
	});

	it('queries 30 IDs a minute while the provider is unreachable, and loses none', async () => {
		const { clock, tasks, queryMany } = setUp();
		expect(await queryMany(90, UNREACHABLE)).toEqual(Array(90).fill(UNREACHABLE));
		expect(clock.elapsed()).toBeGreaterThan(2 * MINUTE);
		expect(tasks.isFlooded()).toBe(false);
	});
});
