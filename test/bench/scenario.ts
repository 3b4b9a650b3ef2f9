import { z } from 'zod';

/** The ways from rows to images that are compared. */
export const WAYS = ['seedream', 'automatic', 'allAtOnce', 'rowByRow'] as const;

/** What a user has set for the moment something goes wrong. */
export const HANDLINGS = ['stop', 'retry', 'errorOutputs'] as const;

export const FAULTS = ['none', 'failedTask', 'query500', 'create500'] as const;

/** What the provider does, and how much is asked of it. */
export const scenarioSchema = z.object({
	rows: z.number().int(),
	/** Of every task, in seconds; `uneven` is 2 to 8, a fixed one for each row. */
	taskTime: z.union([z.number(), z.literal('uneven')]),
	/** Whether the provider takes no more than 20 creates a second. */
	limited: z.boolean(),
	fault: z.enum(FAULTS),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type Way = (typeof WAYS)[number];
export type Handling = (typeof HANDLINGS)[number];
export type Fault = (typeof FAULTS)[number];

export const CREATES_PER_SECOND = 20;

export const UNEVEN_SECONDS = { from: 2, to: 8 };

/** In the middle of the batch, and there in the smallest one. */
export const FAULTY_ROW = 3;

export function promptOf(row: number, { fault }: Scenario): string {
	const marker =
		fault === 'failedTask' && row === FAULTY_ROW ? ' [[fail:content_policy_violation]]' : '';
	return `Row ${row}: a lighthouse in the fog, photorealistic${marker}`;
}

export function rowOf(prompt: string): number {
	return Number(/^Row (\d+):/.exec(prompt)?.[1]);
}

/** Steps of the golden ratio: spread evenly, in no order, and the same in every run. */
const GOLDEN_RATIO = 0.618_033_988_749_895;

export function secondsOf(row: number, { taskTime }: Scenario): number {
	if (taskTime !== 'uneven') return taskTime;
	const { from, to } = UNEVEN_SECONDS;
	return from + (to - from) * (((row + 1) * GOLDEN_RATIO) % 1);
}

/**
 * No client can be faster: with room for all rows at once, the longest task; behind a limit, the last row is only
 * taken when as many full seconds are over as the rows before it fill.
 */
export function boundOf(scenario: Scenario): number {
	const { rows, limited } = scenario;
	const taken = (row: number) => (limited ? Math.floor(row / CREATES_PER_SECOND) : 0);
	return Math.max(
		...Array.from({ length: rows }, (_, row) => taken(row) + secondsOf(row, scenario)),
	);
}

/** About how long a way takes, to plan and to know when a run will never end. */
export function estimateOf(scenario: Scenario, way: Way): number {
	const bound = boundOf(scenario);
	if (way !== 'rowByRow') return bound + 2 + scenario.rows / 40;
	const rows = Array.from({ length: scenario.rows }, (_, row) => secondsOf(row, scenario));
	return rows.reduce((sum, seconds) => sum + Math.ceil(seconds / 2) * 2 + 0.1, 0);
}
