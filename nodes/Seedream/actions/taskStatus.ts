import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { Result } from '../errors/failure';
import { taskFailure } from '../errors/taskFailures';
import { isEmptyRow, readStatusRow, type StatusRow } from '../n8n/readRow';
import { type RowItem, failureItem, continuesOnFail } from '../n8n/results';
import { isTool } from '../n8n/tool';
import { runningItem } from '../output/taskItems';
import type { CompletedTask, TaskState } from '../providers/provider';
import type { RowOptions } from '../request/options';
import { ConcurrencyLimiter } from '../shared/concurrencyLimiter';
import type { ParsedResponse } from '../tasks/providerClient';
import type { PolledTask } from '../tasks/taskPoller';
import { downloadResults } from './downloadResults';
import { processRows } from './processRows';
import { type Row, type RowTools, SKIPPED } from './row';

/** Looks up the tasks of every row. */
export async function taskStatus(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await processRows(context, {
		readRow: async (fields) =>
			!isTool(context) && isEmptyRow(fields, 'taskId') ? SKIPPED : await readStatusRow(fields),
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
	const { taskIds, continueWhen, options } = row;
	const report = continueWhen === 'now' ? currentItems : finishedTaskItems;
	const tasks = await tools.withSlot(
		async () =>
			await Promise.all(
				taskIds.map(
					async (taskId) => await report(existingTask(taskId, row, tools), options, tools),
				),
			),
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

export function existingTask(
	taskId: string,
	{ options: { pollInterval, timeout } }: Row,
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

async function currentItems(
	polledTask: PolledTask,
	options: RowOptions,
	tools: RowTools,
): Promise<Result<RowItem[]>> {
	const queried = await tools.poller.poll(polledTask);
	return queried.ok ? await itemsOfState(queried.value, polledTask, options, tools) : queried;
}

/** Whatever the status is, it's the result: a failed task isn't an error of the node. */
export async function itemsOfState(
	{ content: state, raw }: ParsedResponse<TaskState>,
	polledTask: PolledTask,
	options: RowOptions,
	tools: RowTools,
): Promise<Result<RowItem[]>> {
	const { context, itemIndex, client } = tools;
	const { provider } = client;
	const { taskId } = polledTask;
	switch (state.status) {
		case 'completed':
			return await completedItems({ content: state, raw }, polledTask, options, tools);
		case 'failed':
		case 'cancelled': {
			const failure = taskFailure(provider, state, taskId);
			return { ok: true, value: [failureItem(context, { itemIndex, failure })] };
		}
		case 'submitted':
		case 'processing': {
			const facts = { provider, taskId, model: state.model };
			return {
				ok: true,
				value: [runningItem(facts, state, raw, { ...options, itemIndex })],
			};
		}
	}
}

export async function finishedTaskItems(
	polledTask: PolledTask,
	options: RowOptions,
	tools: RowTools,
): Promise<Result<RowItem[]>> {
	const done = await tools.poller.waitFor(polledTask);
	return done.ok ? await completedItems(done.value, polledTask, options, tools) : done;
}

/** Without a single image, the row has failed. */
async function completedItems(
	task: ParsedResponse<CompletedTask>,
	polledTask: PolledTask,
	options: RowOptions,
	tools: RowTools,
): Promise<Result<RowItem[]>> {
	const { provider } = tools.client;
	const facts = { provider, taskId: polledTask.taskId, model: task.content.model };
	const { items, failure } = await downloadResults(facts, task, options, polledTask, tools);
	return failure ? { ok: false, failure } : { ok: true, value: items };
}
