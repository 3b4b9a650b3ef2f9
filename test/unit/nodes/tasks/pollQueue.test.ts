import { DurationEstimator } from '../../../../nodes/Seedream/tasks/durationEstimator';
import { PollQueue } from '../../../../nodes/Seedream/tasks/pollQueue';
import { pollAll } from './pollAll';
import { inBatches, singly } from './simulatedProvider';

describe('the queue of polls', () => {
	const never = () => Infinity;

	it('returns tasks without a line at their time, in the order of these times', () => {
		const queue = new PollQueue<string>();
		queue.add('c', 30);
		queue.add('a', 10);
		queue.add('b', 20);
		expect(queue.takeDue(9, never)).toEqual([]);
		expect(queue.takeDue(20, never)).toEqual(['a', 'b']);
		expect(queue.takeDue(20, never)).toEqual([]);
		expect(queue.takeDue(30, never)).toEqual(['c']);
	});

	it('asks again and again when the first task of a line is due', () => {
		const queue = new PollQueue<string>();
		queue.add('late', 2, 'x');
		queue.add('early', 1, 'x');
		queue.add('other', 0, 'y');
		let times: Record<string, number> = { early: 100, late: 101, other: 200 };
		const dueAt = (task: string) => times[task] ?? 0;
		expect(queue.takeDue(50, dueAt)).toEqual([]);
		times = { early: 40, late: 60, other: 45 };
		expect(queue.takeDue(50, dueAt)).toEqual(['early', 'other']);
		expect(queue.takeDue(60, dueAt)).toEqual(['late']);
	});

	it('returns tasks early if they are wanted, but never more than requested', () => {
		const queue = new PollQueue<number>();
		for (const task of [1, 2, 3, 4]) queue.add(task, 10 * task);
		for (const task of [5, 6]) queue.add(task, task, 'x');
		expect(queue.takeNext(3, (task) => task !== 2)).toEqual([1, 3, 5]);
		expect(queue.takeNext(0, () => true)).toEqual([]);
		expect(queue.takeNext(1, (task) => task > 4)).toEqual([6]);
		expect(queue.takeDue(100, never)).toEqual([2, 4]);
	});

	it('looks at the first task of each line only, however many there are', () => {
		const queue = new PollQueue<number>();
		for (let task = 0; task < 10_000; task += 1) queue.add(task, task, `line ${task % 2}`);
		const dueAt = jest.fn((task: number) => 1_000 + task);
		queue.takeDue(999, dueAt);
		expect(dueAt).toHaveBeenCalledTimes(2);
		expect(queue.takeDue(1_003, dueAt)).toEqual([0, 2, 1, 3]);
		expect(dueAt).toHaveBeenCalledTimes(2 + 6);
	});
});

it.each([
	['one by one', singly],
	['in batches', inBatches],
])("the task poller doesn't look at tasks that aren't due: %s", async (_way, provider) => {
	const looks = jest.spyOn(DurationEstimator.prototype, 'expected');
	const tasks = 500;
	const all = await pollAll({ tasks, provider, takes: () => 20_000 });
	const ticks = all.clock.elapsed() / 20;
	const polls = [...all.tasks.values()].reduce((sum, { polledAt }) => sum + polledAt.length, 0);
	// A look at each task on each tick would be 500 times as many.
	expect(looks.mock.calls.length).toBeLessThan(2 * ticks + 2 * (tasks + polls));
	looks.mockRestore();
});
