import { createProgress } from '../../../../nodes/Seedream/tasks/progress';
import { virtualClock } from '../virtualClock';

function watched(rows: number) {
	const clock = virtualClock();
	const said: string[] = [];
	return { clock, said, progress: createProgress(rows, clock, (message) => said.push(message)) };
}

it('speaks at the start, at most once a second, and at the end', async () => {
	const { clock, said, progress } = watched(5);
	for (let row = 0; row < 5; row += 1) progress.started();
	await clock.sleep(999);
	progress.ended(true);
	await clock.sleep(1);
	progress.ended(true);
	progress.ended(false);
	progress.ended(true);
	progress.ended(true);
	expect(said).toEqual([
		'Seedream: 0 of 5 rows done, 1 running, 0 failed',
		'Seedream: 2 of 5 rows done, 3 running, 0 failed',
		'Seedream: 4 of 5 rows done, 0 running, 1 failed',
	]);
});

it('counts rows that were refused as failed, not as running', () => {
	const { said, progress } = watched(2);
	progress.refused();
	progress.refused();
	expect(said.at(-1)).toBe('Seedream: 0 of 2 rows done, 0 running, 2 failed');
});

it('speaks to the end for one row, however fast it is', () => {
	const { said, progress } = watched(1);
	progress.started();
	progress.ended(true);
	expect(said).toEqual([
		'Seedream: 0 of 1 rows done, 1 running, 0 failed',
		'Seedream: 1 of 1 rows done, 0 running, 0 failed',
	]);
});

it('never speaks more than once a second before the end of many rows', async () => {
	const { clock, said, progress } = watched(1000);
	for (let row = 0; row < 999; row += 1) {
		progress.started();
		await clock.sleep(10);
		progress.ended(true);
	}
	expect(said.length).toBeLessThanOrEqual(1 + Math.floor(clock.elapsed() / 1000));
	expect(said.length).toBeGreaterThan(5);
});
