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
		...section('Tasks that take unevenly long', UNEVEN_NOTE, speedTable(groups, 'uneven')),
		...section(
			'A provider that takes 20 creates a second',
			LIMIT_NOTE,
			table(SPEED_HEAD, choose(groups, { limited: true }).map(speedRow)),
		),
		...section('When something goes wrong', FAULT_NOTE, faultTable(groups)),
		...section('What it asks of n8n', LOAD_NOTE, loadTable(groups)),
		...section('Large images', MEMORY_NOTE, memoryTable(results.memory)),
		...packageSection(results.inProcess),
		...section('Where Seedream Generate loses', DISADVANTAGES_NOTE, disadvantages(groups)),
		methodology(results),
	].join('\n\n');
}

function section(title: string, note: string, body: string | undefined): string[] {
	return body === undefined ? [] : [`## ${title}`, note, body];
}

function intro({ imageBytes }: Results): string {
	return `How long it takes from a list of rows to finished images in the next node, in a full n8n, and what becomes of the images and the money when something goes wrong. The provider is the sandbox of this repository (EvoLink's API on localhost), so the time of a task is known exactly and nothing here depends on the weather at a provider. Images have ${imageBytes / 1e6} MB. Four ways are compared:

- **${APPROACH_LABELS.seedream}**: this package, told how many tasks the provider runs at a time.
- **${APPROACH_LABELS.automatic}**: this package as it comes.
- **${APPROACH_LABELS.allAtOnce}**: the workflow one builds by hand: HTTP Request (create) → Wait (2 s) → HTTP Request (query) → If still running, back to Wait → HTTP Request (download). All rows go round together. A failed task leaves the loop; the short version of this workflow that asks only "done?" goes round for ever then.
- **${APPROACH_LABELS.rowByRow}**: the same, one row after the other (Loop Over Items).

The **bound** is computed, not measured: no client can be faster. With room for all rows at once it is the time of the longest task; behind a limit of 20 creates a second, the time until the last row is taken comes on top. Two numbers with a slash are two runs; a single one was measured once, because it takes long.`;
}

const SPEED_NOTE =
	'Every task takes 2 s, which happens to be exactly what the Wait node of the hand-made workflow waits: it cannot do better than here.';

const LONG_NOTE =
	'Every task takes 20 s. "Known after" is the median time between a task being done and the first query that says so.';

const UNEVEN_NOTE = `Every row has its own task time between ${UNEVEN_SECONDS.from} and ${UNEVEN_SECONDS.to} s, the same in every run.`;

const LIMIT_NOTE =
	'More creates in a second are answered 429 and cost nothing. The hand-made workflow uses HTTP Request’s batching (20 items, 1,000 ms), so it knows the limit; Seedream Generate is not told. Row by row never comes near the limit and takes as long as above.';

const FAULT_NOTE =
	'Ten rows, 2 s a task. "With its row" counts images that n8n pairs with the row they were made for. "Charged" counts the tasks that the provider was paid for. Retry On Fail is set on every node that calls the provider; error outputs means On Error: Continue (using error output), in the hand-made workflow with a failed query led back to Wait.';

const LOAD_NOTE =
	'Of the n8n process alone, from the start of a run until its end is saved. Memory is the peak of resident memory; n8n keeps what it once had, so the memory it had at the start of the run stands beside it.';

const MEMORY_NOTE = `${MEMORY.images} images of ${MEMORY.imageMegabytes} MB, 2 s a task, each run in an n8n that has just started. n8n keeps files in its folder (its setting "filesystem").`;

const DISADVANTAGES_NOTE =
	'Compared with the hand-made workflow, all rows at once, on the means of the repeats, where the difference is more than 2 %:';

const SPEED_HEAD = [
	'Rows',
	'Way',
	'Seconds',
	'× bound',
	'Queries an image',
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
		'## What the package itself costs',
		'Measured in n8n’s engine (n8n-core) in a process of its own, without the rest of n8n.',
		[
			`- n8n loads the package in ${loadMs.map((value) => value.toFixed(0)).join(' / ')} ms; unpacked it has ${unpackedKilobytes.toFixed(0)} KB.`,
			`- Peak memory for ${images} images of ${imageMegabytes} MB: ${more}.`,
			`- CPU for a row of ${formatCount(profile.rows)} rows at once, without downloads, by whose code it is (sampled):`,
		].join('\n'),
		table(
			['Whose code', 'ms a row'],
			Object.entries(profile.millisecondsPerRow).map(([owner, value]) => [owner, value.toFixed(2)]),
		) ?? '',
	];
}

function methodology({ machine, at, minutes }: Results): string {
	return `## How this was measured

n8n ${machine.n8n} on Node ${machine.node}, ${machine.system}; ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB; n8n-nodes-seedream ${machine.package}; ${at.slice(0, 10)}, ${Math.round(minutes)} minutes. The sandbox runs in another process on the same machine, so the two share its cores. The ways take turns in one n8n, after a warm-up; seconds are n8n's own, from the start to the end of the execution. Files are checked one by one, against the task they were made for.

\`npm run bench\` measures all of this anew and writes this page. The first time it installs n8n (2.6 GB, about three minutes). \`npm run bench -- --quick\` takes three minutes and writes to \`output/\`; \`npm run bench -- --render\` makes this page again from \`${RESULTS_FILE}\`. The hand-made workflows are in [test/bench/workflows](../test/bench/workflows), to be imported and judged.
`;
}

export const RESULTS_FILE = 'output/benchmark.json';
