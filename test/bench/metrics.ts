import { z } from 'zod';

import { labelOf } from '../sandbox/paddedImages';
import type { Sandbox, SandboxRequest, TaskView } from '../sandbox/sandbox';
import {
	ancestorOf,
	itemsOf,
	runsOf,
	type ExecutionData,
	type Place,
} from '../server/executionData';
import type { StoredFiles } from '../server/storedFiles';
import type { Measurement } from './results';
import { rowOf } from './scenario';
import { IMAGES, ROWS } from './workflows';

/** Measured at the provider. */
export function providerMetrics(
	sandbox: Sandbox,
	faulted: ReadonlySet<SandboxRequest>,
): Pick<Measurement, 'creates' | 'queries' | 'detectionSeconds' | 'tasks' | 'charged'> {
	const { requests } = sandbox;
	const tasks = sandbox.tasks();
	const queries = requests.filter(({ step }) => step === 'query');
	return {
		creates: requests.filter(({ step }) => step === 'create').length,
		queries: queries.length,
		detectionSeconds: median(
			delaysOf(
				tasks,
				queries.filter((query) => !faulted.has(query)),
			),
		),
		tasks: tasks.length,
		charged: tasks.filter(({ credits }) => credits.charged > 0).length,
	};
}

function delaysOf(tasks: readonly TaskView[], queries: readonly SandboxRequest[]): number[] {
	const polledAt = new Map<string, number[]>();
	for (const query of queries) {
		for (const id of idsIn(query)) polledAt.set(id, [...(polledAt.get(id) ?? []), query.at]);
	}
	return tasks.flatMap(({ id, finishedAt = Infinity }) => {
		const detectedAt = polledAt.get(id)?.find((at) => at >= finishedAt);
		return detectedAt === undefined ? [] : (detectedAt - finishedAt) / 1000;
	});
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

/** Measured at the next node, compared to the files. */
export async function outputMetrics(
	data: ExecutionData,
	sandbox: Sandbox,
	imageBytes: number,
	files: StoredFiles,
): Promise<Pick<Measurement, 'images' | 'paired' | 'inOrder' | 'outputRuns'>> {
	const rowByTask = new Map(sandbox.tasks().map(({ id, prompt }) => [id, rowOf(prompt)]));
	const runs = runsOf(data, IMAGES);
	const places = runs.flatMap((task, run) =>
		itemsOf(task).map((item, index) => ({
			file: item.binary?.data?.id,
			row: rowAt(data, { node: IMAGES, run, output: 0, item: index }),
		})),
	);
	const rows: number[] = [];
	let paired = 0;
	for (const { file, row } of places) {
		const made = file === undefined ? undefined : await madeFor(file, files, imageBytes);
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
