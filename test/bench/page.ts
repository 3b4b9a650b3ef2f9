import { disadvantages } from './disadvantages';
import {
	formatCount,
	formatOutcome,
	FAULT_LABELS,
	HANDLING_LABELS,
	formatScenario,
	formatSeconds,
	APPROACH_LABELS,
} from './format';
import { choose, groupsOf, type Group } from './groups';
import { MEMORY } from './memory';
import type { InProcess, Measurement, Memory, Results } from './results';
import { FAULTS, UNEVEN_SECONDS } from './scenario';
import { each, NONE, same, table } from './tables';

/** The page as Markdown. */
export function pageOf(results: Results): string {
	const groups = groupsOf(results.measurements);
	return [
		'# Benchmark',
		intro(results),
		'![Seconds against rows for each way](benchmark.svg)',
		...section('How long until the images are there', SPEED_NOTE, speedTable(groups, 2)),
		...section('Tasks of 20 seconds', LONG_NOTE, speedTable(groups, 20)),
		...section('Tasks of different lengths', UNEVEN_NOTE, speedTable(groups, 'uneven')),
		...section(
			'A provider with a rate limit of 20 creates per second',
			LIMIT_NOTE,
			table(SPEED_HEAD, choose(groups, { limited: true }).map(speedRow)),
		),
		...section('When something goes wrong', FAULT_NOTE, faultTable(groups)),
		...section('CPU and memory in n8n', LOAD_NOTE, loadTable(groups)),
		...section('Large images', MEMORY_NOTE, memoryTable(results.memory)),
		...packageSection(results.inProcess),
		...section('Where Seedream Generate is behind', DISADVANTAGES_NOTE, disadvantages(groups)),
		methodology(results),
	].join('\n\n');
}

function section(title: string, note: string, body: string | undefined): string[] {
	return body === undefined ? [] : [`## ${title}`, note, body];
}

function intro({ imageBytes }: Results): string {
	return `This page shows how long it takes in a full n8n to get from a list of rows to finished images in the next node, and what happens to the images and the money when something goes wrong. The provider is this repository's sandbox (EvoLink's API on localhost). The time of each task is therefore known exactly, and no real provider's load affects the results. Each image has ${imageBytes / 1e6} MB. We compare four ways:

- **${APPROACH_LABELS.seedream}**: this package, with Concurrency set to the number of rows.
- **${APPROACH_LABELS.automatic}**: this package with its default settings.
- **${APPROACH_LABELS.allAtOnce}**: the workflow you'd build by hand: HTTP Request (create) → Wait (2 s) → HTTP Request (query) → If still running, back to Wait → HTTP Request (download). All rows go through the loop together. A failed task leaves the loop. A simpler version that only checks whether a task is done would loop forever.
- **${APPROACH_LABELS.rowByRow}**: the same, one row after another (Loop Over Items).

The **bound** is calculated, not measured: no client can be faster. If the provider takes all rows at once, it's the time of the longest task. With a rate limit of 20 creates per second, it also includes the time until the provider has accepted the last row. Two numbers with a slash are two executions. A single number was measured once, because it takes long.`;
}

const SPEED_NOTE =
	'Every task takes 2 s, which is exactly how long the Wait node of the hand-built workflow waits. This is the best case for that workflow.';

const LONG_NOTE =
	'Every task takes 20 s. "Known after" is the median time between the end of a task and the first query that reports it.';

const UNEVEN_NOTE = `Every row has its own task time, between ${UNEVEN_SECONDS.from} and ${UNEVEN_SECONDS.to} s, which is the same in every execution.`;

const LIMIT_NOTE =
	'The provider answers more creates per second with 429, which costs nothing. The hand-built workflow uses HTTP Request’s batching (20 items, 1,000 ms), so it knows the rate limit. Seedream Generate doesn’t. Row by row never comes near the rate limit and takes as long as above.';

const FAULT_NOTE =
	'Ten rows, 2 s per task. "With its row" counts the images that n8n links to the row they were made for. "Charged" counts the tasks that the provider charged for. Retry On Fail is on for every node that calls the provider. Error outputs means On Error: Continue (using error output). In the hand-built workflow, a failed query goes back to Wait.';

const LOAD_NOTE =
	'These numbers are for the n8n process alone, from the start of an execution until n8n has saved it. Memory is the peak of resident memory. n8n doesn’t give memory back, so the table also shows the memory at the start.';

const MEMORY_NOTE = `${MEMORY.images} images of ${MEMORY.imageMegabytes} MB, 2 s per task, each execution in an n8n that has just started. n8n keeps files on disk (its setting "filesystem").`;

const DISADVANTAGES_NOTE =
	'Compared with the hand-built workflow, all rows at once, where the means of the repeats differ by more than 2%:';

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

function speedTable(groups: readonly Group[], taskTime: number | 'uneven'): string | undefined {
	return table(SPEED_HEAD, choose(groups, { taskTime }).map(speedRow));
}

function speedRow({ scenario, way, runs }: Group): string[] {
	return [
		formatCount(scenario.rows),
		APPROACH_LABELS[way],
		each(runs, formatRunTime),
		each(runs, ({ seconds: value, boundSeconds }) => (value / boundSeconds).toFixed(2)),
		each(runs, ({ queries, images }) => (images === 0 ? NONE : (queries / images).toFixed(1))),
		each(runs, ({ detectionSeconds }) => detectionSeconds?.toFixed(2) ?? NONE),
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

function faultTable(groups: readonly Group[]): string | undefined {
	const rows = FAULTS.filter((fault) => fault !== 'none').flatMap((fault) =>
		choose(groups, { fault }).map(({ way, handling, runs }) => [
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

function loadTable(groups: readonly Group[]): string | undefined {
	return table(
		['Run', 'Way', 'CPU, s', 'Memory at start, MB', 'Peak memory, MB'],
		groups
			.filter(({ scenario }) => scenario.fault === 'none' && scenario.rows >= 100)
			.map(({ scenario, way, runs }) => [
				formatScenario(scenario),
				APPROACH_LABELS[way],
				each(runs, ({ cpuSeconds }) => cpuSeconds?.toFixed(1) ?? NONE),
				each(runs, ({ restMegabytes }) => restMegabytes?.toFixed(0) ?? NONE),
				each(runs, ({ peakMegabytes }) => peakMegabytes?.toFixed(0) ?? NONE),
			]),
	);
}

const MEMORY_LABELS: Record<Memory['kind'], string> = {
	links: 'Seedream Generate, Download Images off',
	seedream: APPROACH_LABELS.seedream,
	allAtOnce: APPROACH_LABELS.allAtOnce,
};

function memoryTable(measured: readonly Memory[] = []): string | undefined {
	const kinds = [...new Set(measured.map(({ kind }) => kind))];
	return table(
		['Way', 'Seconds', 'Memory at start, MB', 'Peak memory, MB'],
		kinds.map((kind) => {
			const runs = measured.filter((run) => run.kind === kind);
			const show = (value: number | null) => value?.toFixed(0) ?? NONE;
			return [
				MEMORY_LABELS[kind],
				runs.map((run) => formatSeconds(run.seconds)).join(' / '),
				runs.map(({ restMegabytes }) => show(restMegabytes)).join(' / '),
				runs.map(({ peakMegabytes }) => show(peakMegabytes)).join(' / '),
			];
		}),
	);
}

function packageSection(measured: InProcess | undefined): string[] {
	if (measured === undefined) return [];
	const { loadMs, unpackedKilobytes, profile, memory } = measured;
	const { images, imageMegabytes, peakWithDownloads, peakWithout } = memory;
	const more =
		peakWithDownloads === null || peakWithout === null
			? 'not measured on this system'
			: `${peakWithDownloads.toFixed(0)} MB with downloads, ${peakWithout.toFixed(0)} MB without`;
	return [
		'## The package itself',
		'We measured this in n8n’s engine (n8n-core), in a process of its own, without the rest of n8n.',
		[
			`- n8n loads the package in ${loadMs.map((value) => value.toFixed(0)).join(' / ')} ms. Unpacked, it has ${unpackedKilobytes.toFixed(0)} KB.`,
			`- Peak memory for ${images} images of ${imageMegabytes} MB: ${more}.`,
			`- CPU per row, with ${formatCount(profile.rows)} rows at once and no downloads, by whose code it is (sampled):`,
		].join('\n'),
		table(
			['Whose code', 'ms per row'],
			Object.entries(profile.millisecondsPerRow).map(([owner, value]) => [owner, value.toFixed(2)]),
		) ?? '',
	];
}

function methodology({ machine, at, minutes }: Results): string {
	return `## How we measured this

n8n ${machine.n8n} on Node ${machine.node}, ${machine.system}; ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB; n8n-nodes-seedream ${machine.package}; ${at.slice(0, 10)}, ${Math.round(minutes)} minutes. The sandbox runs in another process on the same machine, so the two share its cores. The ways take turns in one n8n, after a warm-up. Seconds are n8n's own, from the start to the end of the execution. The benchmark checks every file against the task it was made for.

\`npm run bench\` measures all of this again and writes this page. The first time, it installs n8n (2.6 GB, about three minutes). \`npm run bench -- --quick\` takes three minutes and writes to \`output/\`; \`npm run bench -- --render\` generates this page again from \`${RESULTS_FILE}\`. You can import the hand-built workflows from [test/bench/workflows](../test/bench/workflows) and check them yourself.
`;
}

export const RESULTS_FILE = 'output/benchmark.json';
