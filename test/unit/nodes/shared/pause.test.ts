import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import { createPause } from '../../../../nodes/Seedream/shared/pause';
import { virtualClock } from '../virtualClock';

const STEP_MS = 15;
/** Of virtualClock: the work itself is a sleep too. */
const pausesOf = ({ pauses }: { pauses: number[] }) => pauses.filter((ms) => ms !== STEP_MS);

describe('a pause in long work', () => {
	it('a pause comes after 40 ms of work, not after every step', async () => {
		const clock = virtualClock();
		const pause = createPause(clock);
		for (let step = 0; step < 3; step += 1) {
			await pause();
			await clock.sleep(STEP_MS);
		}
		expect(pausesOf(clock)).toEqual([1]);
		await pause();
		expect(pausesOf(clock)).toEqual([1, 1]);
		await pause();
		expect(pausesOf(clock)).toEqual([1, 1]);
	});

	it('a pause comes before the first step, because other work may have come before it', async () => {
		const clock = virtualClock();
		await createPause(clock)();
		expect(clock.pauses).toEqual([1]);
	});

	it('a pause is one for all steps that are due', async () => {
		const clock = virtualClock();
		const pause = createPause(clock);
		await clock.sleep(100);
		await Promise.all([pause(), pause(), pause()]);
		expect(clock.pauses).toEqual([100, 1]);
	});

	it('a pause ends the work of a stopped execution', async () => {
		const clock = virtualClock(50);
		const pause = createPause(clock);
		await clock.sleep(49);
		await expect(pause()).rejects.toThrow(ExecutionCancelled);
		await expect(pause()).rejects.toThrow(ExecutionCancelled);
	});
});
