import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { Result } from '../errors/failure';
import { taskFailure } from '../errors/taskFailures';
import { isEmptyRow, readStatusRow, type StatusRow } from '../n8n/readRow';
import { type RowItem, failureItem, continuesOnFail } from '../n8n/results';
import { isTool } from '../n8n/tool';
import { runningItem } from '../output/taskItems';
import { ConcurrencyLimiter } from '../shared/concurrencyLimiter';
import type { PolledTask } from '../tasks/taskPoller';
import { downloadResults, type DownloadedResults } from './downloadResults';
import { processRows } from './processRows';
import { type RowTools, SKIPPED } from './row';

/** Looks up the tasks of every row. */
export async function taskStatus(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await processRows(context, {
		readRow: async (itemIndex) =>
			!isTool(context) && isEmptyRow(context, itemIndex, 'taskId')
				? SKIPPED
				: await readStatusRow(context, itemIndex),
		processRow: statusRow,
		onRetry: () => 'Checking them again is free.',
		imagesOf: ({ taskIds }) => taskIds.length,
		namedAfter: ({ taskIds }) => ({ model: undefined, prompt: '', taskIds }),
		// Polling is free, so all are polled at once, as fast as the provider allows.
		concurrencyLimiter: (concurrency) =>
			new ConcurrencyLimiter(concurrency || context.getInputData().length),
	});
}

async function statusRow(row: StatusRow, tools: RowTools): Promise<Result<RowItem[]>> {
	const report = row.continueWhen === 'now' ? currentItems : finishedTaskItems;
	const tasks = await tools.withSlot(
		async () =>
			await Promise.all(row.taskIds.map(async (taskId) => await report(taskId, row, tools))),
	);
	const { context, itemIndex } = tools;
	const items = [];
	for (const task of tasks) {
		if (task.ok) items.push(...task.value);
		// A failed task doesn't take the row's others with it.
		else if (continuesOnFail(context))
			items.push(failureItem(context, { itemIndex, failure: task.failure }));
		else return task;
	}
	return { ok: true, value: items };
}

/** Whatever the status is, it's the result: a failed task isn't an error of this node. */
async function currentItems(
	taskId: string,
	{ options }: StatusRow,
	tools: RowTools,
): Promise<Result<RowItem[]>> {
	const { context, itemIndex, client, poller } = tools;
	const { provider } = client;
	const polledTask = existingTask(taskId, options, tools);
	const queried = await poller.poll(polledTask);
	if (!queried.ok) return queried;
	const { content: state, raw } = queried.value;
	const facts = { provider, taskId, model: state.model };
	switch (state.status) {
		case 'completed':
			return itemsOrFailure(
				await downloadResults(facts, { content: state, raw }, options, polledTask, tools),
			);
		case 'failed':
		case 'cancelled': {
			const failure = taskFailure(provider, state, taskId);
			return { ok: true, value: [failureItem(context, { itemIndex, failure })] };
		}
		case 'submitted':
		case 'processing':
			return {
				ok: true,
				value: [runningItem(facts, state, raw, { ...options, itemIndex })],
			};
	}
}

async function finishedTaskItems(
	taskId: string,
	{ options }: StatusRow,
	tools: RowTools,
): Promise<Result<RowItem[]>> {
	const { client, poller } = tools;
	const polledTask = existingTask(taskId, options, tools);
	const done = await poller.waitFor(polledTask);
	if (!done.ok) return done;
	const facts = { provider: client.provider, taskId, model: done.value.content.model };
	return itemsOrFailure(await downloadResults(facts, done.value, options, polledTask, tools));
}

/** Without a single image, the row has failed. */
function itemsOrFailure({ items, failure }: DownloadedResults): Result<RowItem[]> {
	return failure ? { ok: false, failure } : { ok: true, value: items };
}

function existingTask(
	taskId: string,
	{ pollInterval, timeout }: StatusRow['options'],
	{ clock }: RowTools,
): PolledTask {
	return {
		taskId,
		startedAt: clock.now(),
		timeoutSeconds: timeout,
		minIntervalSeconds: pollInterval,
		isExisting: true,
		isConfirmed: false,
	};
}
