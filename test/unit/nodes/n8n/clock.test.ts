import { createExecutionClock } from '../../../../nodes/Seedream/n8n/clock';
import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import { fakeContext } from '../fakeContext';

it('the clock sleeps for the given time', async () => {
	const clock = createExecutionClock(fakeContext());
	const start = Date.now();
	await clock.sleep(250);
	expect(Date.now() - start).toBeGreaterThanOrEqual(245);
	expect(Date.now() - start).toBeLessThan(600);
});

it("the clock doesn't sleep for 0 ms", async () => {
	const start = Date.now();
	await createExecutionClock(fakeContext()).sleep(0);
	expect(Date.now() - start).toBeLessThan(100);
});

it('the clock wakes within half a second when the execution is stopped', async () => {
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

it("the clock doesn't start to sleep in a stopped execution", async () => {
	const clock = createExecutionClock(fakeContext({ signal: AbortSignal.abort() }));
	const start = Date.now();
	await expect(clock.sleep(0)).rejects.toThrow(ExecutionCancelled);
	await expect(clock.sleep(60_000)).rejects.toThrow(ExecutionCancelled);
	expect(Date.now() - start).toBeLessThan(100);
});

it('the clock sleeps even where n8n has no cancel signal', async () => {
	const context = fakeContext();
	Reflect.deleteProperty(context, 'getExecutionCancelSignal');
	await expect(createExecutionClock(context).sleep(1)).resolves.toBeUndefined();
});

describe("setting the computer's clock", () => {
	const HOUR_MS = 3_600_000;

	afterEach(() => jest.restoreAllMocks());

	it.each([
		['forward', HOUR_MS],
		['back', -HOUR_MS],
	])("setting the computer's clock %s by an hour changes nothing", async (_direction, ms) => {
		const clock = createExecutionClock(fakeContext());
		const before = clock.now();
		const { now } = Date;
		jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
		expect(Math.abs(clock.now() - before)).toBeLessThan(1_000);
		const startedAt = performance.now();
		await clock.sleep(60);
		expect(performance.now() - startedAt).toBeGreaterThanOrEqual(55);
		expect(performance.now() - startedAt).toBeLessThan(1_000);
	});
});

it('the clock returns whole milliseconds', () => {
	expect(Number.isInteger(createExecutionClock(fakeContext()).now())).toBe(true);
});

it('the clock returns the current time', () => {
	expect(Math.abs(createExecutionClock(fakeContext()).now() - Date.now())).toBeLessThan(100);
});
