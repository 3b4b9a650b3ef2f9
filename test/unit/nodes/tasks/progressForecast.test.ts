import { forecast, type ProgressForecast } from '../../../../nodes/Seedream/tasks/progressForecast';

/** After these responses: the progress at each age. */
function after(...responses: Array<[age: number, progress: number | undefined]>) {
	return responses.reduce<ProgressForecast | undefined>(
		(earlier, [age, progress]) => forecast(progress, age, earlier),
		undefined,
	);
}

describe('the forecast from progress', () => {
	it('contains the end of a task whose progress is right, ever more exactly', () => {
		const end = 40_000;
		let earlier: ProgressForecast | undefined;
		for (let age = 4_000; age < 0.95 * end; age += 1_700) {
			const next = forecast(Math.floor((100 * age) / end), age, earlier);
			expect(Math.abs((next?.end ?? 0) - end)).toBeLessThanOrEqual(next?.error ?? 0);
			expect(next?.since).toBe(4_000);
			earlier = next;
		}
		expect(earlier?.error).toBeLessThan(0.012 * end);
	});

	it.each<[string, number, number]>([
		['is stuck', 15_000, 20],
		['jumps', 11_000, 80],
		['goes back', 12_000, 10],
	])('starts over when progress %s', (_what, age, progress) => {
		expect(after([10_000, 20], [age, progress])?.since).toBe(age);
	});

	it.each([undefined, 0, 4, 96, 100])('ignores a progress of %s', (progress) => {
		expect(after([10_000, progress])).toBeUndefined();
		expect(after([10_000, 20], [11_000, progress])).toEqual(after([10_000, 20]));
	});
});
