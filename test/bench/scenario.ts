import { z } from 'zod';

/** The approaches that are compared. `before` is an earlier version of this package. */
export const APPROACHES = [
	'seedream',
	'automatic',
	'before',
	'allAtOnce',
	'retried',
	'rowByRow',
] as const;

/** The error handling a user has set up. */
export const HANDLINGS = ['stop', 'retry', 'errorOutputs'] as const;

export const FAULTS = ['none', 'failedTask', 'query500', 'create500'] as const;

/** What can be measured by itself, with `--only`. */
export const GROUPS = [
	'speed',
	'tasks',
	'limits',
	'large',
	'first',
	'pro',
	'faults',
	'files',
	'package',
] as const;

/** What the provider limits. `concurrent` counts the tasks in progress, the others count the creates per second. */
interface Limit {
	kind: 'sliding' | 'fixed' | 'bucket' | 'concurrent';
	max: number;
	label: string;
}

export const LIMITS = {
	none: { kind: 'sliding', max: Infinity, label: 'no limit' },
	sliding5: { kind: 'sliding', max: 5, label: '5 creates per second' },
	sliding20: { kind: 'sliding', max: 20, label: '20 creates per second' },
	fixed20: { kind: 'fixed', max: 20, label: '20 creates in each second of the clock' },
	bucket20: { kind: 'bucket', max: 20, label: '20 creates per second, token bucket' },
	concurrent20: { kind: 'concurrent', max: 20, label: '20 tasks at once' },
} satisfies Record<string, Limit>;

type LimitName = keyof typeof LIMITS;

const LIMIT_NAMES = Object.keys(LIMITS) as [LimitName, ...LimitName[]];

/** The provider's behaviour and the rows. */
export const scenarioSchema = z.object({
	rows: z.number().int(),
	provider: z.enum(['evoLink', 'apiMart', 'apiInOne']),
	model: z.enum(['4.5', '5.0 Pro']),
	/** Seconds per task. A range is spread over the rows, the same in every execution. */
	taskTime: z.union([z.number(), z.object({ from: z.number(), to: z.number() })]),
	/** Whether the provider says how long a task takes and how far it is. */
	estimates: z.boolean(),
	limit: z.enum(LIMIT_NAMES),
	fault: z.enum(FAULTS),
	/** False returns links instead of files; only for Seedream Generate. */
	downloads: z.boolean(),
	imageBytes: z.number(),
	/** Whether n8n is restarted before each execution, as it never frees memory. */
	newN8n: z.boolean(),
});

/** One execution. */
export const runSchema = z.object({
	group: z.enum(GROUPS),
	scenario: scenarioSchema,
	way: z.enum(APPROACHES),
	handling: z.enum(HANDLINGS),
	repeat: z.number().int(),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type Run = z.infer<typeof runSchema>;
export type GroupName = Run['group'];
export type Approach = Run['way'];
export type Handling = Run['handling'];
export type Fault = Scenario['fault'];

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
	if (typeof taskTime === 'number') return taskTime;
	const { from, to } = taskTime;
	return from + (to - from) * (((row + 1) * GOLDEN_RATIO) % 1);
}

/** The limit applies to any such time. */
export function limitWindowSeconds(scenario: Scenario): number {
	return LIMITS[scenario.limit].kind === 'concurrent' ? secondsOf(0, scenario) : 1;
}

/** No client can be faster: a row's task starts when the limit allows it. */
export function minimumSeconds(scenario: Scenario): number {
	return Math.max(
		...Array.from(
			{ length: scenario.rows },
			(_, row) => earliestStart(row, scenario) + secondsOf(row, scenario),
		),
	);
}

function earliestStart(row: number, scenario: Scenario): number {
	const { kind, max }: Limit = LIMITS[scenario.limit];
	const fullWindows = Math.floor(row / max);
	switch (kind) {
		case 'bucket':
			return Math.max(0, (row + 1 - max) / max);
		case 'fixed':
			// The first window may be as good as over.
			return Math.max(0, fullWindows - 1);
		default:
			return fullWindows * limitWindowSeconds(scenario);
	}
}

const ROWS_PER_SECOND = { withDownloads: 40, linksOnly: 150 };

/** A rough estimate, for planning and timeouts. */
export function estimateSeconds(scenario: Scenario, way: Approach): number {
	const { rows, downloads } = scenario;
	if (way === 'rowByRow') {
		const seconds = Array.from({ length: rows }, (_, row) => secondsOf(row, scenario));
		return seconds.reduce((sum, each) => sum + Math.ceil(each / 2) * 2 + 0.1, 0);
	}
	const { withDownloads, linksOnly } = ROWS_PER_SECOND;
	return minimumSeconds(scenario) + 2 + rows / (downloads ? withDownloads : linksOnly);
}
