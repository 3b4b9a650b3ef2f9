import { z } from 'zod';

/** The approaches that are compared. */
export const APPROACHES = ['seedream', 'automatic', 'allAtOnce', 'rowByRow'] as const;

/** The error handling a user has set up. */
export const HANDLINGS = ['stop', 'retry', 'errorOutputs'] as const;

export const FAULTS = ['none', 'failedTask', 'query500', 'create500'] as const;

/** The provider's behaviour and the number of rows. */
export const scenarioSchema = z.object({
	rows: z.number().int(),
	/** Seconds per task; `uneven` is 2 to 8, fixed for each row. */
	taskTime: z.union([z.number(), z.literal('uneven')]),
	/** Whether the provider allows only 20 create requests per second. */
	limited: z.boolean(),
	fault: z.enum(FAULTS),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type Approach = (typeof APPROACHES)[number];
export type Handling = (typeof HANDLINGS)[number];
export type Fault = (typeof FAULTS)[number];

export const CREATES_PER_SECOND = 20;

export const UNEVEN_SECONDS = { from: 2, to: 8 };

/** Exists in every batch. */
export const FAULTY_ROW = 3;

export function promptOf(row: number, { fault }: Scenario): string {
	const marker =
		fault === 'failedTask' && row === FAULTY_ROW ? ' [[fail:content_policy_violation]]' : '';
	return `Row ${row}: a lighthouse in the fog, photorealistic${marker}`;
}

export function rowOf(prompt: string): number {
	return Number(/^Row (\d+):/.exec(prompt)?.[1]);
}

/** Steps of the golden ratio are evenly spread, unordered and repeatable. */
const GOLDEN_RATIO = 0.618_033_988_749_895;

export function secondsOf(row: number, { taskTime }: Scenario): number {
	if (taskTime !== 'uneven') return taskTime;
	const { from, to } = UNEVEN_SECONDS;
	return from + (to - from) * (((row + 1) * GOLDEN_RATIO) % 1);
}

/**
 * No client can be faster: without a limit it's the longest task; with a limit per second, every row also waits for
 * the ones before it.
 */
export function minimumSeconds(scenario: Scenario): number {
	const { rows, limited } = scenario;
	const taken = (row: number) => (limited ? Math.floor(row / CREATES_PER_SECOND) : 0);
	return Math.max(
		...Array.from({ length: rows }, (_, row) => taken(row) + secondsOf(row, scenario)),
	);
}

/** A rough estimate, for planning and timeouts. */
export function estimateSeconds(scenario: Scenario, way: Approach): number {
	const bound = minimumSeconds(scenario);
	if (way !== 'rowByRow') return bound + 2 + scenario.rows / 40;
	const rows = Array.from({ length: scenario.rows }, (_, row) => secondsOf(row, scenario));
	return rows.reduce((sum, seconds) => sum + Math.ceil(seconds / 2) * 2 + 0.1, 0);
}
