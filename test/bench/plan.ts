import {
	estimateSeconds,
	type Approach,
	type Fault,
	type GroupName,
	type Handling,
	type Run,
	type Scenario,
} from './scenario';

/** Executions of one scenario in several ways. */
interface Cell {
	group: GroupName;
	scenario: Scenario;
	ways: readonly Approach[];
	handlings?: readonly Handling[];
	repeats?: number;
}

const REPEATS = 2;

/** What takes longer is measured once, as the page says. */
const LONG_SECONDS = 60;

/** What takes longer is skipped. */
const TOO_LONG_SECONDS = 400;

const FAULTS: Fault[] = ['failedTask', 'query500', 'create500'];

/** The size of a typical photo. */
const IMAGE_BYTES = 1_000_000;

export const LARGE_IMAGES = { count: 100, megabytes: 12 };

export const UNEVEN_SECONDS = { from: 2, to: 8 };

/** Neither is a multiple of a likely poll interval. */
const FIRST_IMAGE_SECONDS = [1.3, 5.7, 20.9];

const PLAIN: Scenario = {
	rows: 10,
	provider: 'evoLink',
	model: '4.5',
	taskTime: 2,
	estimates: true,
	limit: 'none',
	fault: 'none',
	downloads: true,
	imageBytes: IMAGE_BYTES,
	newN8n: false,
};

const OWN_WAYS: Approach[] = ['seedream', 'automatic', 'before'];

const FAST_WAYS: Approach[] = [...OWN_WAYS, 'allAtOnce'];

const ALL_WAYS: Approach[] = [...FAST_WAYS, 'rowByRow'];

const LIMIT_WAYS: Approach[] = ['automatic', 'before', 'retried'];

const BOTH_VERSIONS: Approach[] = ['automatic', 'before'];

/** 90 to 160 s is what 5.0 Pro takes. */
const PRO: Scenario = { ...PLAIN, rows: 1, model: '5.0 Pro', taskTime: 101.7, estimates: false };

const LINKS: Scenario = { ...PLAIN, rows: 1000, downloads: false };

const LARGE: Scenario = { ...LINKS, newN8n: true };

const FILES: Scenario = {
	...PLAIN,
	rows: LARGE_IMAGES.count,
	imageBytes: LARGE_IMAGES.megabytes * 1024 ** 2,
	newN8n: true,
};

const FULL: Cell[] = [
	{ group: 'speed', scenario: PLAIN, ways: ALL_WAYS },
	{ group: 'speed', scenario: { ...PLAIN, rows: 100 }, ways: ALL_WAYS },
	{ group: 'speed', scenario: { ...PLAIN, rows: 1000 }, ways: FAST_WAYS },
	{ group: 'speed', scenario: LINKS, ways: OWN_WAYS },
	{ group: 'tasks', scenario: { ...PLAIN, taskTime: 20 }, ways: FAST_WAYS, repeats: 1 },
	{ group: 'tasks', scenario: { ...PLAIN, taskTime: UNEVEN_SECONDS }, ways: ALL_WAYS, repeats: 1 },
	{
		group: 'tasks',
		scenario: { ...PLAIN, rows: 100, taskTime: UNEVEN_SECONDS },
		ways: FAST_WAYS,
	},
	// Row by row never reaches the limit.
	{ group: 'limits', scenario: { ...PLAIN, limit: 'sliding20' }, ways: FAST_WAYS },
	{
		group: 'limits',
		scenario: { ...PLAIN, rows: 100, limit: 'sliding20' },
		ways: [...FAST_WAYS, 'retried'],
	},
	{
		group: 'limits',
		scenario: { ...PLAIN, rows: 200, limit: 'sliding5' },
		ways: LIMIT_WAYS,
		repeats: 1,
	},
	...(['sliding20', 'fixed20', 'bucket20'] as const).map((limit): Cell => ({
		group: 'limits',
		scenario: { ...PLAIN, rows: 200, limit },
		ways: LIMIT_WAYS,
	})),
	{
		group: 'limits',
		scenario: { ...PLAIN, rows: 1000, limit: 'sliding20' },
		ways: BOTH_VERSIONS,
	},
	{
		group: 'limits',
		scenario: { ...PLAIN, rows: 100, taskTime: 5, limit: 'concurrent20' },
		ways: LIMIT_WAYS,
		repeats: 1,
	},
	{ group: 'large', scenario: LARGE, ways: BOTH_VERSIONS },
	{ group: 'large', scenario: { ...LARGE, rows: 10_000 }, ways: BOTH_VERSIONS },
	...(['evoLink', 'apiMart', 'apiInOne'] as const).flatMap((provider) =>
		FIRST_IMAGE_SECONDS.map((taskTime): Cell => {
			const scenario = { ...PLAIN, rows: 1, provider, taskTime, estimates: false };
			// The hand-built workflow only knows EvoLink.
			const ways: Approach[] =
				provider === 'evoLink' ? [...BOTH_VERSIONS, 'allAtOnce'] : BOTH_VERSIONS;
			return { group: 'first', scenario, ways, repeats: taskTime > 10 ? 1 : REPEATS };
		}),
	),
	{ group: 'pro', scenario: PRO, ways: BOTH_VERSIONS },
	{
		group: 'pro',
		scenario: { ...PRO, rows: 12, taskTime: { from: 25, to: 40 } },
		ways: BOTH_VERSIONS,
		repeats: 1,
	},
	...FAULTS.flatMap((fault): Cell[] => [
		{
			group: 'faults',
			scenario: { ...PLAIN, fault },
			ways: ['seedream', 'allAtOnce'],
			handlings: ['stop', 'retry', 'errorOutputs'],
		},
		{
			group: 'faults',
			scenario: { ...PLAIN, fault },
			ways: ['rowByRow'],
			handlings: ['stop', 'retry'],
			repeats: 1,
		},
	]),
	{ group: 'files', scenario: { ...FILES, downloads: false }, ways: ['seedream'] },
	{ group: 'files', scenario: FILES, ways: ['seedream', 'allAtOnce'] },
];

/** One cell of each group. */
const QUICK: Cell[] = [
	{ group: 'speed', scenario: { ...PLAIN, rows: 100 }, ways: FAST_WAYS, repeats: 1 },
	{ group: 'tasks', scenario: { ...PLAIN, taskTime: UNEVEN_SECONDS }, ways: FAST_WAYS, repeats: 1 },
	{
		group: 'limits',
		scenario: { ...PLAIN, rows: 200, limit: 'sliding20' },
		ways: LIMIT_WAYS,
		repeats: 1,
	},
	{ group: 'large', scenario: LARGE, ways: BOTH_VERSIONS, repeats: 1 },
	{
		group: 'first',
		scenario: { ...PLAIN, rows: 1, provider: 'apiInOne', taskTime: 1.3, estimates: false },
		ways: BOTH_VERSIONS,
		repeats: 1,
	},
	{
		group: 'pro',
		scenario: { ...PRO, rows: 12, taskTime: { from: 8, to: 16 } },
		ways: BOTH_VERSIONS,
		repeats: 1,
	},
	{
		group: 'faults',
		scenario: { ...PLAIN, fault: 'create500' },
		ways: ['seedream', 'allAtOnce'],
		handlings: ['retry'],
		repeats: 1,
	},
	{ group: 'files', scenario: FILES, ways: ['seedream'], repeats: 1 },
];

interface PlanOptions {
	/** One cell of each group, in a few minutes. */
	quick: boolean;
	groups: readonly GroupName[];
	/** Whether there's an earlier version to compare with. */
	compares: boolean;
}

export function planOf({ quick, groups, compares }: PlanOptions): Run[] {
	return (quick ? QUICK : FULL)
		.filter(({ group }) => groups.includes(group))
		.flatMap(runsOf)
		.filter(({ way }) => compares || way !== 'before');
}

/** The approaches in turn, repeatedly. */
function runsOf({ group, scenario, ways, handlings = ['stop'], repeats = REPEATS }: Cell): Run[] {
	const runs: Run[] = [];
	for (let repeat = 1; repeat <= repeats; repeat += 1) {
		for (const way of ways) {
			const seconds = estimateSeconds(scenario, way);
			if (seconds > TOO_LONG_SECONDS || (seconds > LONG_SECONDS && repeat > 1)) continue;
			for (const handling of handlings) runs.push({ group, scenario, way, handling, repeat });
		}
	}
	return runs;
}

/** Not measured: executions after a start of n8n. */
export function warmUp(ways: readonly Approach[]): Run[] {
	return runsOf({ group: 'speed', scenario: PLAIN, ways, repeats: 1 });
}

/** For n8n to save, load and delete an execution. */
const SECONDS_AROUND_A_RUN = 2;

/** For n8n to start, and to execute a workflow for the first time. */
const SECONDS_FOR_A_NEW_N8N = 15;

export function minutesOf(plan: readonly Run[]): number {
	const seconds = plan.map(
		({ scenario, way }) =>
			estimateSeconds(scenario, way) +
			SECONDS_AROUND_A_RUN +
			(scenario.newN8n ? SECONDS_FOR_A_NEW_N8N : 0),
	);
	return Math.ceil(seconds.reduce((sum, each) => sum + each, 0) / 60);
}
