import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { Result } from '../errors/failure';
import { taskFailure } from '../errors/taskFailures';
import { isEmptyRow, readStatusRow, type StatusRow } from '../n8n/readRow';
import { type RowItem, failureItem, continuesOnFail, isTool } from '../n8n/results';
import { runningItem } from '../output/taskItems';
import { createConcurrencyLimiter } from '../shared/concurrencyLimiter';
import type { PolledTask } from '../tasks/taskPoller';
import { downloadResults, type DownloadedResults } from './downloadResults';
import { processRows, SKIPPED, type RowTools } from './processRows';

/** Asks for the tasks of every row. */
export async function taskStatus(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await processRows(context, {
		readRow: async (_context, itemIndex) =>
			!isTool(context) && isEmptyRow(context, itemIndex, 'taskId')
				? SKIPPED
				: await readStatusRow(context, itemIndex),
		processRow: statusRow,
		onRetry: 'Asking again costs nothing.',
		imagesOf: ({ taskIds }) => taskIds.length,
		namedAfter: ({ taskIds }) => ({ model: undefined, prompt: '', taskIds }),
		// Asking costs nothing: all are asked for at once, at the pace that the provider takes.
		concurrencyLimiter: (concurrency) =>
			createConcurrencyLimiter(concurrency || context.getInputData().length),
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
		// One bad task does not take the row's others with it.
		else if (continuesOnFail(context))
			items.push(failureItem(context, { itemIndex, failure: task.failure }));
		else return task;
	}
	return { ok: true, value: items };
}

/** Whatever the state is, it is the answer: a task that failed is not an error of this node. */
async function currentItems(
	taskId: string,
	{ controls }: StatusRow,
	tools: RowTools,
): Promise<Result<RowItem[]>> {
	const { context, itemIndex, client, poller } = tools;
	const { provider } = client;
	const polledTask = polledTaskOf(taskId, controls, tools);
	const queried = await poller.ask(polledTask);
	if (!queried.ok) return queried;
	const { content: state, raw } = queried.value;
	const facts = { provider, taskId, model: state.model };
	switch (state.status) {
		case 'completed':
			return handedOn(
				await downloadResults(facts, { content: state, raw }, controls, polledTask, tools),
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
				value: [runningItem(facts, state, raw, { ...controls, itemIndex })],
			};
	}
}

async function finishedTaskItems(
	taskId: string,
	{ controls }: StatusRow,
	tools: RowTools,
): Promise<Result<RowItem[]>> {
	const { client, poller } = tools;
	const polledTask = polledTaskOf(taskId, controls, tools);
	const done = await poller.waitFor(polledTask);
	if (!done.ok) return done;
	const facts = { provider: client.provider, taskId, model: done.value.content.model };
	return handedOn(await downloadResults(facts, done.value, controls, polledTask, tools));
}

/** What came of a task is handed on, and where nothing did, its row has failed. */
function handedOn({ items, failure }: DownloadedResults): Result<RowItem[]> {
	return failure ? { ok: false, failure } : { ok: true, value: items };
}

function polledTaskOf(
	taskId: string,
	{ pollInterval, timeout }: StatusRow['controls'],
	{ clock }: RowTools,
): PolledTask {
	return {
		taskId,
		since: clock.now(),
		timeoutSeconds: timeout,
		pollSeconds: pollInterval,
		isOld: true,
		isKnown: false,
	};
}
