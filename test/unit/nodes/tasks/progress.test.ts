import { createProgress } from '../../../../nodes/Seedream/tasks/progress';
import { virtualClock } from '../virtualClock';

function watched(images: number, waitedFor: string[] = []) {
	const clock = virtualClock();
	const said: string[] = [];
	const say = (message: string) => said.push(message);
	return { clock, said, progress: createProgress(images, clock, say, () => waitedFor) };
}

it('says whom it waits for, as long as it does', async () => {
	const waitedFor: string[] = [];
	const { clock, said, progress } = watched(2, waitedFor);
	progress.started(1);
	for (const provider of ['EvoLink', 'APIMart']) {
		await clock.sleep(1_000);
		waitedFor.push(provider);
		progress.waiting();
	}
	progress.waiting();
	await clock.sleep(1_000);
	waitedFor.pop();
	progress.ended(1, 1);
	progress.started(1);
	progress.ended(1, 1);
	expect(said).toEqual([
		'Seedream: 0 of 2 images, 1 running, 0 failed',
		'Seedream: 0 of 2 images, 1 running, 0 failed; waiting, because EvoLink takes no more at the moment',
		'Seedream: 0 of 2 images, 1 running, 0 failed; waiting, because EvoLink and APIMart take no more at the moment',
		'Seedream: 1 of 2 images, 0 running, 0 failed; waiting, because EvoLink takes no more at the moment',
		// Nobody waits any more at the end.
		'Seedream: 2 of 2 images, 0 running, 0 failed',
	]);
});

it('speaks at the start, at most once a second, and at the end', async () => {
	const { clock, said, progress } = watched(5);
	for (let row = 0; row < 5; row += 1) progress.started(1);
	await clock.sleep(999);
	progress.ended(1, 1);
	await clock.sleep(1);
	progress.ended(1, 1);
	progress.ended(1, undefined);
	progress.ended(1, 1);
	progress.ended(1, 1);
	expect(said).toEqual([
		'Seedream: 0 of 5 images, 1 running, 0 failed',
		'Seedream: 2 of 5 images, 3 running, 0 failed',
		'Seedream: 4 of 5 images, 0 running, 1 failed',
	]);
});

it('counts images, of which a row may ask for several and get fewer', async () => {
	const { clock, said, progress } = watched(9);
	for (const expected of [4, 4, 1]) progress.started(expected);
	await clock.sleep(1_000);
	progress.ended(4, 3);
	await clock.sleep(1_000);
	progress.ended(4, undefined);
	progress.ended(1, 1);
	expect(said).toEqual([
		'Seedream: 0 of 9 images, 4 running, 0 failed',
		'Seedream: 3 of 8 images, 5 running, 0 failed',
		'Seedream: 3 of 8 images, 1 running, 4 failed',
		'Seedream: 4 of 8 images, 0 running, 4 failed',
	]);
});

it('counts rows that were refused as failed, not as running', () => {
	const { said, progress } = watched(4);
	progress.refused(3);
	progress.refused(1);
	expect(said.at(-1)).toBe('Seedream: 0 of 4 images, 0 running, 4 failed');
});

it('speaks to the end for one row, however fast it is', () => {
	const { said, progress } = watched(1);
	progress.started(1);
	progress.ended(1, 1);
	expect(said).toEqual([
		'Seedream: 0 of 1 images, 1 running, 0 failed',
		'Seedream: 1 of 1 images, 0 running, 0 failed',
	]);
});

it('never speaks more than once a second before the end of many rows', async () => {
	const { clock, said, progress } = watched(1000);
	for (let row = 0; row < 999; row += 1) {
		progress.started(1);
		await clock.sleep(10);
		progress.ended(1, 1);
	}
	expect(said.length).toBeLessThanOrEqual(1 + Math.floor(clock.elapsed() / 1000));
	expect(said.length).toBeGreaterThan(5);
});
