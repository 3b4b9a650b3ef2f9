import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';

describe('the backoff after failed requests', () => {
	it.each([
		[1, 1_000],
		[2, 2_000],
		[3, 4_000],
		[4, 8_000],
		[5, 16_000],
		[6, 16_000],
		[100, 16_000],
	])('after %i of them is at most %i ms, and at least half of it', (failures, pause) => {
		expect(createBackoff(() => 1)(failures)).toBe(pause);
		expect(createBackoff(() => 0.5)(failures)).toBe(pause * 0.75);
		expect(createBackoff(() => 0)(failures)).toBe(pause / 2);
	});

	it("differs for each row, so that rows that failed together aren't retried together", () => {
		const backoff = createBackoff();
		const pauses = Array.from({ length: 20 }, () => backoff(3));
		expect(new Set(pauses).size).toBeGreaterThan(15);
		expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2_000);
		expect(Math.max(...pauses)).toBeLessThanOrEqual(4_000);
	});

	it.each([
		[1, 30, 30_000],
		[5, 2, 2_000],
		[1, 0.75, 750],
	])('after %i is exactly Retry-After: %d seconds', (failures, retryAfter, pause) => {
		expect(createBackoff()(failures, retryAfter)).toBe(pause);
	});

	it('is never zero, even with a Retry-After of zero', () => {
		expect(createBackoff()(1, 0)).toBe(500);
	});
});
