import { Progress } from '../../../../nodes/Seedream/tasks/progress';
import { virtualClock } from '../virtualClock';

function watched(images: number, waitingFor: string[] = []) {
	const clock = virtualClock();
	const messages: string[] = [];
	const report = (message: string) => messages.push(message);
	return { clock, messages, progress: new Progress(images, clock, report, () => waitingFor) };
}

it('the progress report names the providers it is waiting for', async () => {
	const waitingFor: string[] = [];
	const { clock, messages, progress } = watched(2, waitingFor);
	progress.started(1);
	for (const provider of ['EvoLink', 'APIMart']) {
		await clock.sleep(1_000);
		waitingFor.push(provider);
		progress.update();
	}
	progress.update();
	await clock.sleep(1_000);
	waitingFor.pop();
	progress.ended(1, 1);
	progress.started(1);
	progress.ended(1, 1);
	expect(messages).toEqual([
		'Seedream: 0 of 2 images, 1 running, 0 failed',
		'Seedream: 0 of 2 images, 1 running, 0 failed; waiting for EvoLink to accept more requests',
		'Seedream: 0 of 2 images, 1 running, 0 failed; waiting for EvoLink and APIMart to accept more requests',
		'Seedream: 1 of 2 images, 0 running, 0 failed; waiting for EvoLink to accept more requests',
		// At the end, there's nothing to wait for.
		'Seedream: 2 of 2 images, 0 running, 0 failed',
	]);
});

it('the progress is reported at the start, at most once a second, and at the end', async () => {
	const { clock, messages, progress } = watched(5);
	for (let row = 0; row < 5; row += 1) progress.started(1);
	await clock.sleep(999);
	progress.ended(1, 1);
	await clock.sleep(1);
	progress.ended(1, 1);
	progress.ended(1, undefined);
	progress.ended(1, 1);
	progress.ended(1, 1);
	expect(messages).toEqual([
		'Seedream: 0 of 5 images, 1 running, 0 failed',
		'Seedream: 2 of 5 images, 3 running, 0 failed',
		'Seedream: 4 of 5 images, 0 running, 1 failed',
	]);
});

it('the progress counts images, of which a row may get fewer than requested', async () => {
	const { clock, messages, progress } = watched(9);
	for (const expected of [4, 4, 1]) progress.started(expected);
	await clock.sleep(1_000);
	progress.ended(4, 3);
	await clock.sleep(1_000);
	progress.ended(4, undefined);
	progress.ended(1, 1);
	expect(messages).toEqual([
		'Seedream: 0 of 9 images, 4 running, 0 failed',
		'Seedream: 3 of 8 images, 5 running, 0 failed',
		'Seedream: 3 of 8 images, 1 running, 4 failed',
		'Seedream: 4 of 8 images, 0 running, 4 failed',
	]);
});

it('the progress counts rejected rows as failed, not as running', () => {
	const { messages, progress } = watched(4);
	progress.rejected(3);
	progress.rejected(1);
	expect(messages.at(-1)).toBe('Seedream: 0 of 4 images, 0 running, 4 failed');
});

it('the progress of a single row is reported to its end, however fast it is', () => {
	const { messages, progress } = watched(1);
	progress.started(1);
	progress.ended(1, 1);
	expect(messages).toEqual([
		'Seedream: 0 of 1 images, 1 running, 0 failed',
		'Seedream: 1 of 1 images, 0 running, 0 failed',
	]);
});

it('the progress of many rows is never reported more than once a second', async () => {
	const { clock, messages, progress } = watched(1000);
	for (let row = 0; row < 999; row += 1) {
		progress.started(1);
		await clock.sleep(10);
		progress.ended(1, 1);
	}
	expect(messages.length).toBeLessThanOrEqual(1 + Math.floor(clock.elapsed() / 1000));
	expect(messages.length).toBeGreaterThan(5);
});
