import { min, sum } from 'lodash';
import { z } from 'zod';

import { labelOf } from '../sandbox/paddedImages';
import type { Sandbox, SandboxRequest, TaskView } from '../sandbox/sandbox';
import {
	ancestorOf,
	itemsOf,
	runsOf,
	type ExecutionData,
	type Item,
	type Place,
} from '../server/executionData';
import type { StoredFiles } from '../server/storedFiles';
import type { Measurement } from './results';
import { LIMITS, limitWindowSeconds, rowOf, type Scenario } from './scenario';
import { IMAGES, ROWS } from './workflows';

/** Measured at the provider. */
export function providerMetrics(
	sandbox: Sandbox,
	scenario: Scenario,
	faulted: ReadonlySet<SandboxRequest>,
): Pick<
	Measurement,
	| 'creates'
	| 'queries'
	| 'detectionSeconds'
	| 'pollsPerTask'
	| 'shortestPollInterval'
	| 'shareOfLimit'
	| 'tasks'
	| 'charged'
> {
	const { requests } = sandbox;
	const tasks = sandbox.tasks();
	const queries = requests.filter(({ step }) => step === 'query');
	const polledAt = pollTimes(queries.filter((query) => !faulted.has(query)));
	return {
		creates: requests.filter(({ step }) => step === 'create').length,
		queries: queries.length,
		detectionSeconds: median(detectionDelays(tasks, polledAt)),
		pollsPerTask:
			tasks.length === 0
				? null
				: sum([...polledAt.values()].map(({ length }) => length)) / tasks.length,
		shortestPollInterval: shortestPollInterval(tasks, polledAt),
		shareOfLimit: shareOfLimit(tasks, scenario),
		tasks: tasks.length,
		charged: tasks.filter(({ credits }) => credits.charged > 0).length,
	};
}

/** When each task was polled, in milliseconds. */
type PollTimes = ReadonlyMap<string, readonly number[]>;

function pollTimes(queries: readonly SandboxRequest[]): PollTimes {
	const polledAt = new Map<string, number[]>();
	for (const query of queries) {
		for (const id of idsIn(query)) {
			const times = polledAt.get(id);
			if (times === undefined) polledAt.set(id, [query.at]);
			else times.push(query.at);
		}
	}
	return polledAt;
}

function detectionDelays(tasks: readonly TaskView[], polledAt: PollTimes): number[] {
	return tasks.flatMap(({ id, finishedAt = Infinity }) => {
		const detectedAt = polledAt.get(id)?.find((at) => at >= finishedAt);
		return detectedAt === undefined ? [] : (detectedAt - finishedAt) / 1000;
	});
}

function shortestPollInterval(tasks: readonly TaskView[], polledAt: PollTimes): number | null {
	const intervals = tasks.flatMap(({ id, finishedAt = Infinity }) => {
		const times = (polledAt.get(id) ?? []).filter((at) => at < finishedAt);
		return times.slice(1).map((at, index) => (at - (times[index] ?? at)) / 1000);
	});
	return min(intervals) ?? null;
}

/** For a client to find out what the limit is. */
const LEARNING_SECONDS = 5;

/** From the last create in the first seconds to the last one of all, so that bursts count neither too much nor too little. */
function shareOfLimit(tasks: readonly TaskView[], scenario: Scenario): number | null {
	if (scenario.limit === 'none') return null;
	const accepted = tasks.map(({ createdAt }) => createdAt).sort((a, b) => a - b);
	const learnedAt = (accepted[0] ?? 0) + LEARNING_SECONDS * 1000;
	const later = accepted.filter((at) => at > learnedAt);
	const begin = accepted[accepted.length - later.length - 1];
	const end = later.at(-1);
	if (begin === undefined || end === undefined) return null;
	const allowed =
		(LIMITS[scenario.limit].max * (end - begin)) / 1000 / limitWindowSeconds(scenario);
	return later.length / allowed;
}

const batchSchema = z.object({ task_ids: z.array(z.string()) });

function idsIn({ taskId, body }: SandboxRequest): string[] {
	if (taskId !== undefined) return [taskId];
	const batch = batchSchema.safeParse(body);
	return batch.success ? batch.data.task_ids : [];
}

function median(values: readonly number[]): number | null {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
	return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** Measured at the next node, compared to the files or links. */
export async function outputMetrics(
	data: ExecutionData,
	sandbox: Sandbox,
	{ downloads, imageBytes }: Scenario,
	files: StoredFiles,
): Promise<Pick<Measurement, 'images' | 'paired' | 'inOrder' | 'outputRuns'>> {
	const tasks = sandbox.tasks();
	const rowByTask = new Map(tasks.map(({ id, prompt }) => [id, rowOf(prompt)]));
	const taskByLink = new Map(tasks.flatMap(({ id, images }) => images.map((url) => [url, id])));
	const taskOf = async ({ json, binary }: Item) => {
		if (!downloads) return taskByLink.get(String(json.imageUrl));
		const file = binary?.data?.id;
		return file === undefined ? undefined : await madeFor(file, files, imageBytes);
	};
	const runs = runsOf(data, IMAGES);
	const places = runs.flatMap((task, run) =>
		itemsOf(task).map((item, index) => ({
			item,
			row: rowAt(data, { node: IMAGES, run, output: 0, item: index }),
		})),
	);
	const rows: number[] = [];
	let paired = 0;
	for (const { item, row } of places) {
		const made = await taskOf(item);
		const rightRow = made === undefined ? undefined : rowByTask.get(made);
		if (rightRow === undefined) continue;
		rows.push(rightRow);
		if (row === rightRow) paired += 1;
	}
	return {
		images: rows.length,
		paired,
		inOrder: rows.every((row, index) => index === 0 || row > (rows[index - 1] ?? row)),
		outputRuns: runs.length,
	};
}

/** The row that `$('Rows').item` returns there. */
function rowAt(data: ExecutionData, place: Place): number | undefined {
	const start = ancestorOf(data, place, ROWS);
	const item = start && itemsOf(runsOf(data, ROWS)[start.run], start.output)[start.item];
	return typeof item?.json.row === 'number' ? item.json.row : undefined;
}

/** The task this picture belongs to, if it's complete. */
async function madeFor(
	binaryId: string,
	files: StoredFiles,
	imageBytes: number,
): Promise<string | undefined> {
	const { bytes, beginning } = await files.read(binaryId);
	return bytes === imageBytes ? labelOf(beginning)?.split('/')[0] : undefined;
}
