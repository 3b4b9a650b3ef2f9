import { PROVIDER_TITLES } from '../sandbox/tasks';
import { disadvantages } from './disadvantages';
import {
	APPROACH_LABELS,
	FAULT_LABELS,
	formatCount,
	formatOutcome,
	formatPercent,
	formatScenario,
	formatSeconds,
	formatTaskTime,
	formatWay,
	HANDLING_LABELS,
} from './format';
import { groupsOf, type Group } from './groups';
import { LARGE_IMAGES, UNEVEN_SECONDS } from './plan';
import type { InProcess, Measurement, Results } from './results';
import { FAULTS, LIMITS, type GroupName } from './scenario';
import { each, NONE, same, table } from './tables';

/** The page as Markdown. */
export function pageOf(results: Results): string {
	const groups = groupsOf(results.measurements);
	const of = (...names: GroupName[]) => groups.filter(({ name }) => names.includes(name));
	const hasTaskTime = ({ scenario }: Group) => typeof scenario.taskTime === 'number';
	return [
		'# Benchmark',
		intro(results),
		'![Seconds against rows for each way](benchmark.svg)',
		...section('How long until the images are there', SPEED_NOTE, speedTable(of('speed'))),
		...section('Tasks of 20 seconds', LONG_NOTE, speedTable(of('tasks').filter(hasTaskTime))),
		...section(
			'Tasks of different lengths',
			UNEVEN_NOTE,
			speedTable(of('tasks').filter((group) => !hasTaskTime(group))),
		),
		...limitSection(of('limits')),
		...section('10,000 rows in one execution', LARGE_NOTE, largeTable(of('large'))),
		...section('The first image', FIRST_NOTE, firstTable(of('first'))),
		...section('Long tasks', PRO_NOTE, pollTable(of('pro'))),
		...section('When something goes wrong', FAULT_NOTE, faultTable(of('faults'))),
		...section('CPU and memory in n8n', LOAD_NOTE, loadTable(of('speed', 'tasks'))),
		...section('Large images', MEMORY_NOTE, memoryTable(of('files'))),
		...packageSection(results.inProcess),
		...section('Where Seedream Generate is behind', DISADVANTAGES_NOTE, disadvantages(groups)),
		methodology(results),
	].join('\n\n');
}

function section(title: string, note: string, body: string | undefined): string[] {
	return body === undefined ? [] : [`## ${title}`, note, body];
}

function intro({ before }: Results): string {
	const ways = [
		`**${APPROACH_LABELS.seedream}**: this package, with Concurrency set to the number of rows.`,
		`**${APPROACH_LABELS.automatic}**: this package with its default settings.`,
		...(before === undefined
			? []
			: [
					`**${APPROACH_LABELS.before}**: the package at an earlier commit (${before}) with its default settings, in an n8n of its own. It takes turns with the others.`,
				]),
		`**${APPROACH_LABELS.allAtOnce}**: the workflow you'd build by hand: HTTP Request (create) → Wait (2 s) → HTTP Request (query) → If still running, back to Wait → HTTP Request (download). All rows go through the loop together. A failed task leaves the loop. A simpler version that only checks whether a task is done would loop forever.`,
		`**${APPROACH_LABELS.retried}**: the same, set up for rate limits as [n8n's documentation](https://docs.n8n.io/integrations/builtin/rate-limits/) recommends: Batching in the node that creates tasks, and Retry On Fail in all three (5 tries, 5,000 ms apart, which is n8n's maximum). It's only measured with a limit. Without one, it's the same as the way above.`,
		`**${APPROACH_LABELS.rowByRow}**: one row after another (Loop Over Items).`,
	];
	return `This page shows how long it takes in a full n8n to get from a list of rows to finished images in the next node, and what happens to the images and the money when something goes wrong. The provider is this repository's sandbox (EvoLink's API on localhost, unless another provider is named). The time of each task is therefore known exactly, and no real provider's load affects the results. Each image has 1 MB. We compare ${['no', 'one', 'two', 'three', 'four', 'five', 'six'][ways.length] ?? ways.length} ways:

${ways.map((way) => `- ${way}`).join('\n')}

The **bound** is calculated, not measured: no client can be faster. If the provider takes all rows at once, it's the time of the longest task. With a limit, it also includes the time until the provider has accepted the last row. Numbers with slashes are executions: two numbers are two executions. A single number was measured once, because it takes long. Only counts that were the same in all executions of a line appear once.`;
}

const SPEED_NOTE =
	'Every task takes 2 s, which is exactly how long the Wait node of the hand-built workflow waits. This is the best case for that workflow. "Known after" is the median time between the end of a task and the first query that reports it. With Download Images off, the items have links, and "Images" counts these.';

const LONG_NOTE = 'Every task takes 20 s.';

const UNEVEN_NOTE = `Every row has its own task time, between ${UNEVEN_SECONDS.from} and ${UNEVEN_SECONDS.to} s, which is the same in every execution.`;

const LIMIT_NOTE = `The provider answers creates beyond its limit with 429, which costs nothing. Seedream Generate doesn't know the limit. The hand-built workflows do: they create as many tasks per batch as the limit allows. Row by row never comes near the limit and takes as long as above.

First, 20 creates per second:`;

const SHARE_NOTE = `Then limits of several kinds. In the default kind, the limit applies to any second. "Share of the limit" is how many creates the provider accepted after the first five seconds, compared with how many it would have accepted. "Refused" is the share of all creates that got 429. Retry On Fail repeats a whole node with all its rows, so one refused create can mean that tasks are created and charged twice.`;

const LARGE_NOTE =
	'Download Images is off, every task takes 2 s, and each execution is in an n8n that has just started. CPU and memory are those of the n8n process, as below. Memory per row is the difference between peak and start, divided by the rows.';

const FIRST_NOTE =
	'One row. The provider says neither how long a task will take nor how far it is. The time above the task’s own is everything else: n8n, creating the task, finding out that it’s done, and the download. It’s in seconds.';

const PRO_NOTE =
	'Tasks as long as those of Seedream 5.0 Pro, at a provider that says neither how long they will take nor how far they are. "Polls per task" counts every query that asks for a task, alone or together with others. The last column is the shortest time between two polls of the same unfinished task.';

const FAULT_NOTE =
	'Ten rows, 2 s per task. "With its row" counts the images that n8n links to the row they were made for. "Charged" counts the tasks that the provider charged for. Retry On Fail is on for every node that calls the provider. Error outputs means On Error: Continue (using error output). In the hand-built workflow, a failed query goes back to Wait.';

const LOAD_NOTE =
	'These numbers are for the n8n process alone, from the start of an execution until n8n has saved it. Memory is the peak of resident memory. n8n doesn’t give memory back, so the table also shows the memory at the start.';

const MEMORY_NOTE = `${LARGE_IMAGES.count} images of ${LARGE_IMAGES.megabytes} MB, 2 s per task, each execution in an n8n that has just started. n8n keeps files on disk (its setting "filesystem").`;

const DISADVANTAGES_NOTE =
	'Compared with the hand-built workflows and with the earlier version, where the means of the executions differ by more than 2%:';

const SPEED_HEAD = [
	'Rows',
	'Way',
	'Seconds',
	'× bound',
	'Queries per image',
	'Known after, s',
	'Images',
	'With its row',
	'In order',
	'Runs of the next node',
];

function speedTable(groups: readonly Group[]): string | undefined {
	return table(SPEED_HEAD, groups.map(speedRow));
}

function speedRow(group: Group): string[] {
	const { scenario, runs } = group;
	return [
		formatCount(scenario.rows),
		formatWay(group),
		each(runs, formatRunTime),
		each(runs, formatBound),
		each(runs, ({ queries, images }) => (images === 0 ? NONE : (queries / images).toFixed(1))),
		each(runs, formatDetection),
		same(runs, ({ images }) => formatCount(images)),
		same(runs, ({ paired }) => formatCount(paired)),
		same(runs, ({ images, inOrder }) => (images === 0 ? NONE : inOrder ? 'yes' : 'no')),
		same(runs, ({ outputRuns }) => String(outputRuns)),
	];
}

function formatRunTime(run: Measurement): string {
	const ended = run.status === 'success' ? '' : ` (${formatOutcome(run)})`;
	return `${formatSeconds(run.seconds)}${ended}`;
}

function formatBound({ seconds, boundSeconds }: Measurement): string {
	return (seconds / boundSeconds).toFixed(2);
}

function formatDetection({ detectionSeconds }: Measurement): string {
	return detectionSeconds?.toFixed(2) ?? NONE;
}

/** As many rows as it takes to meet a limit exactly. */
const MIN_ROWS_FOR_SHARE = 200;

function limitSection(groups: readonly Group[]): string[] {
	const isShare = ({ scenario: { limit, rows } }: Group) =>
		limit !== 'sliding20' || rows >= MIN_ROWS_FOR_SHARE;
	const speed = speedTable(groups.filter(({ scenario }) => scenario.limit === 'sliding20'));
	const share = table(SHARE_HEAD, groups.filter(isShare).map(shareRow));
	return [
		...section('A provider with a limit', LIMIT_NOTE, speed),
		...(share === undefined ? [] : [SHARE_NOTE, share]),
	];
}

const SHARE_HEAD = [
	'Limit',
	'Rows',
	'Way',
	'Ended',
	'Seconds',
	'× bound',
	'Share of the limit',
	'Refused',
	'Images',
	'Charged',
	'CPU, s',
];

function shareRow(group: Group): string[] {
	const { scenario, runs } = group;
	return [
		LIMITS[scenario.limit].label,
		formatCount(scenario.rows),
		formatWay(group),
		same(runs, formatOutcome),
		each(runs, ({ seconds }) => formatSeconds(seconds)),
		each(runs, formatBound),
		each(runs, ({ shareOfLimit }) => (shareOfLimit === null ? NONE : formatPercent(shareOfLimit))),
		each(runs, ({ creates, tasks }) => formatPercent((creates - tasks) / creates)),
		same(runs, ({ images }) => formatCount(images)),
		same(runs, ({ charged }) => formatCount(charged)),
		each(runs, formatCpu),
	];
}

function largeTable(groups: readonly Group[]): string | undefined {
	return table(
		[
			'Rows',
			'Way',
			'Seconds',
			'CPU per row, ms',
			'Memory at start, MB',
			'Peak memory, MB',
			'Memory per row, KB',
			'Images',
		],
		groups.map((group) => {
			const { scenario, runs } = group;
			const perRow = (value: number | null) =>
				value === null ? NONE : (value / scenario.rows).toFixed(1);
			return [
				formatCount(scenario.rows),
				formatWay(group),
				each(runs, formatRunTime),
				each(runs, ({ cpuSeconds }) => perRow(cpuSeconds && cpuSeconds * 1000)),
				each(runs, formatRest),
				each(runs, formatPeak),
				each(runs, ({ restMegabytes, peakMegabytes }) =>
					perRow(restMegabytes && peakMegabytes && (peakMegabytes - restMegabytes) * 1024),
				),
				same(runs, ({ images }) => formatCount(images)),
			];
		}),
	);
}

function firstTable(groups: readonly Group[]): string | undefined {
	return table(
		['Provider', 'Task', 'Way', 'Above the task’s own time, s', 'Queries'],
		groups.map((group) => {
			const { scenario, runs } = group;
			return [
				PROVIDER_TITLES[scenario.provider],
				formatTaskTime(scenario.taskTime),
				formatWay(group),
				each(runs, ({ seconds, boundSeconds }) => (seconds - boundSeconds).toFixed(2)),
				each(runs, ({ queries }) => String(queries)),
			];
		}),
	);
}

function pollTable(groups: readonly Group[]): string | undefined {
	return table(
		[
			'Rows',
			'Task',
			'Way',
			'Seconds',
			'Polls per task',
			'Known after, s',
			'% of the longest task',
			'Shortest time between polls, s',
		],
		groups.map((group) => {
			const { scenario, runs } = group;
			return [
				formatCount(scenario.rows),
				formatTaskTime(scenario.taskTime),
				formatWay(group),
				each(runs, formatRunTime),
				each(runs, ({ pollsPerTask }) => pollsPerTask?.toFixed(1) ?? NONE),
				each(runs, formatDetection),
				each(runs, ({ detectionSeconds, boundSeconds }) =>
					detectionSeconds === null ? NONE : formatPercent(detectionSeconds / boundSeconds),
				),
				each(runs, ({ shortestPollInterval }) => shortestPollInterval?.toFixed(1) ?? NONE),
			];
		}),
	);
}

function faultTable(groups: readonly Group[]): string | undefined {
	const rows = FAULTS.flatMap((fault) =>
		groups
			.filter(({ scenario }) => scenario.fault === fault)
			.map(({ way, handling, runs }) => [
				FAULT_LABELS[fault],
				way === 'seedream' ? 'Seedream Generate' : APPROACH_LABELS[way],
				HANDLING_LABELS[handling],
				same(runs, formatOutcome),
				each(runs, ({ seconds: value }) => formatSeconds(value)),
				same(runs, ({ images }) => String(images)),
				same(runs, ({ paired }) => String(paired)),
				same(runs, ({ creates }) => String(creates)),
				same(runs, ({ charged }) => String(charged)),
			]),
	);
	return table(
		['What', 'Way', 'Setting', 'Ended', 'Seconds', 'Images', 'With its row', 'Creates', 'Charged'],
		rows,
	);
}

/** Fewer don't show how the load grows. */
const MIN_ROWS_FOR_LOAD = 100;

function loadTable(groups: readonly Group[]): string | undefined {
	return table(
		['Execution', 'Way', 'CPU, s', 'Memory at start, MB', 'Peak memory, MB'],
		groups
			.filter(({ scenario }) => scenario.rows >= MIN_ROWS_FOR_LOAD)
			.map((group) => [
				formatScenario(group.scenario),
				formatWay(group),
				each(group.runs, formatCpu),
				each(group.runs, formatRest),
				each(group.runs, formatPeak),
			]),
	);
}

function formatCpu({ cpuSeconds }: Measurement): string {
	return cpuSeconds?.toFixed(1) ?? NONE;
}

function formatRest({ restMegabytes }: Measurement): string {
	return restMegabytes?.toFixed(0) ?? NONE;
}

function formatPeak({ peakMegabytes }: Measurement): string {
	return peakMegabytes?.toFixed(0) ?? NONE;
}

function memoryTable(groups: readonly Group[]): string | undefined {
	return table(
		['Way', 'Seconds', 'Memory at start, MB', 'Peak memory, MB'],
		groups.map((group) => [
			formatWay(group),
			each(group.runs, formatRunTime),
			each(group.runs, formatRest),
			each(group.runs, formatPeak),
		]),
	);
}

function packageSection(measured: Results['inProcess']): string[] {
	if (measured === undefined) return [];
	const versions = [
		{ title: 'now', package: measured.now },
		...(measured.before === undefined ? [] : [{ title: 'before', package: measured.before }]),
	];
	const line = (what: string, read: (measured: InProcess) => string) => [
		what,
		...versions.map((version) => read(version.package)),
	];
	const { count, megabytes } = LARGE_IMAGES;
	const peak = (value: number | null) => value?.toFixed(0) ?? NONE;
	const columns = versions.flatMap((version) =>
		version.package.profiles.map((profile) => ({ title: version.title, ...profile })),
	);
	const owners = Object.keys(columns[0]?.millisecondsPerRow ?? {});
	return [
		'## The package itself',
		'We measured this in n8n’s engine (n8n-core), in a process of its own, without the rest of n8n. Memory is the peak.',
		table(
			['What', ...versions.map(({ title }) => title)],
			[
				line('n8n loads the package, ms', ({ loadMs }) =>
					loadMs.map((value) => value.toFixed(0)).join(' / '),
				),
				line('Unpacked, KB', ({ unpackedKilobytes }) => unpackedKilobytes.toFixed(0)),
				line(`Memory for ${count} images of ${megabytes} MB, MB`, ({ peakWithDownloads }) =>
					peak(peakWithDownloads),
				),
				line('The same with Download Images off, MB', ({ peakWithout }) => peak(peakWithout)),
			],
		) ?? '',
		'CPU per row in milliseconds, with all rows at once and no downloads, by whose code it is (sampled in one execution):',
		table(
			['Whose code', ...columns.map(({ title, rows }) => `${formatCount(rows)} rows, ${title}`)],
			owners.map((owner) => [
				owner,
				...columns.map(({ millisecondsPerRow }) => millisecondsPerRow[owner]?.toFixed(2) ?? NONE),
			]),
		) ?? '',
	];
}

function methodology({ machine, at, minutes }: Results): string {
	return `## How we measured this

n8n ${machine.n8n} on Node ${machine.node}, ${machine.system}; ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB; n8n-nodes-seedream ${machine.package}; ${at.slice(0, 10)}, ${Math.round(minutes)} minutes. The sandbox runs in another process on the same machine, so the two share its cores. The ways take turns, after a warm-up. Seconds are n8n's own, from the start to the end of the execution. The benchmark checks every file, or link, against the task it was made for.

\`npm run bench\` measures all of this again and writes this page. The first time, it installs n8n (2.6 GB, about three minutes). \`npm run bench -- --quick\` takes a few minutes, \`npm run bench -- --only limits,large\` measures some groups; both write to \`output/\`. \`--compare\` takes the commit of another earlier version, or \`none\`. \`npm run bench -- --render\` generates this page again from \`${RESULTS_FILE}\`. You can import the hand-built workflows from [test/bench/workflows](../test/bench/workflows) and check them yourself.
`;
}

export const RESULTS_FILE = 'output/benchmark.json';
