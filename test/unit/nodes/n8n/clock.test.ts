import { createExecutionClock } from '../../../../nodes/Seedream/n8n/clock';
import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import { fakeContext } from '../fakeContext';

it('sleeps as long as it is asked to', async () => {
	const clock = createExecutionClock(fakeContext());
	const start = Date.now();
	await clock.sleep(250);
	expect(Date.now() - start).toBeGreaterThanOrEqual(245);
	expect(Date.now() - start).toBeLessThan(600);
});

it('does not sleep when there is nothing to wait for', async () => {
	const start = Date.now();
	await createExecutionClock(fakeContext()).sleep(0);
	expect(Date.now() - start).toBeLessThan(100);
});

it('wakes within half a second when the execution is stopped', async () => {
	const controller = new AbortController();
	const clock = createExecutionClock(fakeContext({ signal: controller.signal }));
	const sleeping = clock.sleep(60_000);
	let stoppedAt = 0;
	setTimeout(() => {
		stoppedAt = Date.now();
		controller.abort();
	}, 50);
	await expect(sleeping).rejects.toThrow(ExecutionCancelled);
	expect(stoppedAt).toBeGreaterThan(0);
	expect(Date.now() - stoppedAt).toBeLessThan(500);
});

it('does not even start to sleep in an execution that was stopped', async () => {
	const clock = createExecutionClock(fakeContext({ signal: AbortSignal.abort() }));
	const start = Date.now();
	await expect(clock.sleep(0)).rejects.toThrow(ExecutionCancelled);
	await expect(clock.sleep(60_000)).rejects.toThrow(ExecutionCancelled);
	expect(Date.now() - start).toBeLessThan(100);
});

it('also runs where n8n has no signal to give', async () => {
	const context = fakeContext();
	Reflect.deleteProperty(context, 'getExecutionCancelSignal');
	await expect(createExecutionClock(context).sleep(1)).resolves.toBeUndefined();
});

describe('somebody who sets the clock of the computer', () => {
	const HOUR_MS = 3_600_000;

	afterEach(() => jest.restoreAllMocks());

	it.each([
		['forward', HOUR_MS],
		['back', -HOUR_MS],
	])('%s changes nothing', async (_where, ms) => {
		const clock = createExecutionClock(fakeContext());
		const before = clock.now();
		const { now } = Date;
		jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
		expect(Math.abs(clock.now() - before)).toBeLessThan(1_000);
		const begun = performance.now();
		await clock.sleep(60);
		expect(performance.now() - begun).toBeGreaterThanOrEqual(55);
		expect(performance.now() - begun).toBeLessThan(1_000);
	});
});

it('tells whole milliseconds, as others do', () => {
	expect(Number.isInteger(createExecutionClock(fakeContext()).now())).toBe(true);
});

it('tells the time', () => {
	expect(Math.abs(createExecutionClock(fakeContext()).now() - Date.now())).toBeLessThan(100);
});
