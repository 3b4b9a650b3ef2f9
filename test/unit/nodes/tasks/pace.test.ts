import { createPace } from '../../../../nodes/Seedream/tasks/pace';

describe('the pause between two questions', () => {
	it.each([
		[0, 500],
		[1_000, 500],
		[2_000, 500],
		[4_000, 1_000],
		[12_000, 3_000],
		[20_000, 5_000],
		[600_000, 5_000],
	])('of a task that is %i ms old is %i ms', (age, pause) => {
		expect(createPace(0).pause(age)).toBe(pause);
	});

	it.each([
		[0.2, 200],
		[3, 3_000],
		[60, 60_000],
	])("is the user's %d seconds at any age", (seconds, pause) => {
		expect(createPace(seconds).pause(0)).toBe(pause);
		expect(createPace(seconds).pause(600_000)).toBe(pause);
	});
});

describe('the pause after calls that failed', () => {
	it.each([
		[1, 1_000],
		[2, 2_000],
		[3, 4_000],
		[4, 8_000],
		[5, 16_000],
		[6, 16_000],
		[100, 16_000],
	])('after %i of them is at most %i ms, and half of it at least', (failures, pause) => {
		expect(createPace(0, () => 1).backOff(failures)).toBe(pause);
		expect(createPace(0, () => 0.5).backOff(failures)).toBe(pause * 0.75);
		expect(createPace(0, () => 0).backOff(failures)).toBe(pause / 2);
	});

	it('is another for each row, so that rows that failed together come back one by one', () => {
		const pace = createPace(0);
		const pauses = Array.from({ length: 20 }, () => pace.backOff(3));
		expect(new Set(pauses).size).toBeGreaterThan(15);
		expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2_000);
		expect(Math.max(...pauses)).toBeLessThanOrEqual(4_000);
	});

	it('is exactly what the gateway wishes', () => {
		expect(createPace(0).backOff(1, 30)).toBe(30_000);
		expect(createPace(60).backOff(5, 2)).toBe(2_000);
	});

	it('is never nothing, or a gateway that wishes that would be asked without a pause', () => {
		expect(createPace(0).backOff(1, 0)).toBe(500);
	});

	it("is not shorter than the user's own interval", () => {
		expect(createPace(30).backOff(1)).toBe(30_000);
	});
});
