import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { deliver, type Delivery } from './deliver';
import { taskFailure, type Result } from './errors';
import { failureItem, goesOnAfterFailure, isTool } from './output/rows';
import { runningItem } from './output/taskItems';
import { isEmptyRow, readStatusRow, type StatusRow } from './request/readRow';
import { runRows, SKIPPED, type RowTools } from './runRows';
import type { FollowedTask } from './tasks/follower';
import { createSlots } from './tasks/slots';

/** Asks for the tasks of every row. */
export async function taskStatus(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await runRows(context, {
		readRow: async (_context, itemIndex) =>
			!isTool(context) && isEmptyRow(context, itemIndex, 'taskId')
				? SKIPPED
				: await readStatusRow(context, itemIndex),
		carryOut: statusRow,
		onRetry: 'Asking again costs nothing.',
		imagesOf: ({ taskIds }) => taskIds.length,
		namedAfter: ({ taskIds }) => ({ model: undefined, prompt: '', taskIds }),
		// Asking costs nothing: all are asked for at once, at the pace that the gateway takes.
		slots: (concurrency) => createSlots(concurrency || context.getInputData().length),
	});
}

async function statusRow(row: StatusRow, tools: RowTools): Promise<Result<INodeExecutionData[]>> {
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
		else if (goesOnAfterFailure(context))
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
): Promise<Result<INodeExecutionData[]>> {
	const { context, itemIndex, gateway, follower } = tools;
	const { provider } = gateway;
	const followed = followedTask(taskId, controls, tools);
	const queried = await follower.ask(followed);
	if (!queried.ok) return queried;
	const { content: state, raw } = queried.value;
	const facts = { provider, taskId, model: state.model };
	switch (state.status) {
		case 'completed':
			return handedOn(await deliver(facts, { content: state, raw }, controls, followed, tools));
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
): Promise<Result<INodeExecutionData[]>> {
	const { gateway, follower } = tools;
	const followed = followedTask(taskId, controls, tools);
	const done = await follower.follow(followed);
	if (!done.ok) return done;
	const facts = { provider: gateway.provider, taskId, model: done.value.content.model };
	return handedOn(await deliver(facts, done.value, controls, followed, tools));
}

/** What came of a task is handed on, and where nothing did, its row has failed. */
function handedOn({ items, failure }: Delivery): Result<INodeExecutionData[]> {
	return failure ? { ok: false, failure } : { ok: true, value: items };
}

function followedTask(
	taskId: string,
	{ pollInterval, timeout }: StatusRow['controls'],
	{ clock }: RowTools,
): FollowedTask {
	return {
		taskId,
		since: clock.now(),
		timeoutSeconds: timeout,
		pollSeconds: pollInterval,
		isOld: true,
		isKnown: false,
	};
}
