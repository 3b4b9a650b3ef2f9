import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';

import { engine, fieldOf, FROM_ROW, ONE_PER_PROVIDER, withFixture } from './fixture';

const ROWS = 5_000;

/** Measured in one execution, so that a busy machine slows both down; it was 0.97 once. */
const MAX_STALL = 1 / 10;

interface Measured {
	seconds: number;
	longestStall: number;
}

/** How long n8n couldn't do anything else while the node was running. */
async function measured<T>(call: () => Promise<T>): Promise<[T, Measured]> {
	const delays: IntervalHistogram = monitorEventLoopDelay({ resolution: 2 });
	delays.enable();
	await wait(50);
	delays.reset();
	const begun = performance.now();
	const result = await call();
	const seconds = (performance.now() - begun) / 1000;
	// The last stall only counts once its timer has fired.
	await wait(50);
	delays.disable();
	return [result, { seconds, longestStall: delays.max / 1e9 }];
}

it('reading 5,000 rows never blocks the event loop for a tenth of the time', async () => {
	await withFixture({}, async (fixture) => {
		const [system] = ONE_PER_PROVIDER;
		let measurement: Measured = { seconds: 0, longestStall: 0 };
		await engine();
		const { items } = await fixture.run('seedreamGenerate', {
			parameters: { ...FROM_ROW, continueWhen: 'preview' },
			rows: Array.from({ length: ROWS }, (_row, index) => ({
				...system?.parameters,
				prompt: `Picture ${index}`,
			})),
			wrapExecute: async (call) => {
				const [output, figures] = await measured(call);
				measurement = figures;
				return output;
			},
		});

		expect(new Set(fieldOf(items, 'status'))).toEqual(new Set(['preview']));
		expect(items).toHaveLength(ROWS);
		const { seconds, longestStall } = measurement;
		console.info(
			`${ROWS} rows in ${seconds.toFixed(1)} s, longest stall ${(longestStall * 1000).toFixed(0)} ms`,
		);
		expect(longestStall / seconds).toBeLessThan(MAX_STALL);
	});
});
