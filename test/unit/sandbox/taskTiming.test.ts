import { logNormalSeconds } from '../../sandbox/durations';
import { snapshotOf } from '../../sandbox/tasks';
import { TASK } from './task';

it.each([
	[1000, 'pending', 0],
	[1099, 'pending', 0],
	[1100, 'processing', 10],
	[1999, 'processing', 99],
	[2000, 'completed', 100],
])('at %d ms, a task that takes from 1000 to 2000 ms is %s at %d %%', (at, status, progress) => {
	expect(snapshotOf(TASK, at)).toMatchObject({ status, progress });
});

it('the default task durations depend only on the seed and have a median of 2 s', () => {
	const take = (seed: number) => Array.from({ length: 999 }, logNormalSeconds(seed));
	expect(take(7)).toEqual(take(7));
	expect(take(7)).not.toEqual(take(8));
	const median = take(7).sort((a, b) => a - b)[499];
	expect(median).toBeGreaterThan(1.7);
	expect(median).toBeLessThan(2.3);
});
