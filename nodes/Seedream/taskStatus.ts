import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { deliver } from './deliver';
import { taskFailure, type Result } from './errors';
import { failureItem } from './output/rows';
import { runningItem } from './output/taskItems';
import { readStatusRow, type StatusRow } from './request/readRow';
import { runRows, type RowTools } from './runRows';
import { followTask, queryTask } from './tasks/follow';
import { createPace } from './tasks/pace';

/** Asks for the tasks of every row. */
export async function taskStatus(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await runRows(context, {
		readRow: readStatusRow,
		carryOut: statusRow,
		onRetry: 'Asking again costs nothing.',
	});
}

async function statusRow(row: StatusRow, tools: RowTools): Promise<Result<INodeExecutionData[]>> {
	const report = row.continueWhen === 'now' ? currentItems : finishedTaskItems;
	const tasks = await Promise.all(
		row.taskIds.map(async (taskId) => await report(taskId, row, tools)),
	);
	const { context, itemIndex } = tools;
	const items = [];
	for (const task of tasks) {
		if (task.ok) items.push(...task.value);
		// One bad task does not take the row's others with it.
		else if (context.continueOnFail())
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
	const { context, itemIndex, gateway } = tools;
	const { provider } = gateway;
	const following = followOptions(controls, tools);
	const queried = await queryTask(gateway, taskId, following);
	if (!queried.ok) return queried;
	const { content: state, raw } = queried.value;
	const facts = { provider, taskId, model: state.model };
	switch (state.status) {
		case 'completed':
			return await deliver(facts, { content: state, raw }, controls, following, tools);
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
	const { gateway } = tools;
	const following = followOptions(controls, tools);
	const done = await followTask(gateway, taskId, following);
	if (!done.ok) return done;
	const facts = { provider: gateway.provider, taskId, model: done.value.content.model };
	return await deliver(facts, done.value, controls, following, tools);
}

function followOptions({ pollInterval, timeout }: StatusRow['controls'], { clock }: RowTools) {
	return {
		clock,
		pace: createPace(pollInterval),
		timeoutSeconds: timeout,
		since: clock.now(),
		firstPauseMs: 0,
		isKnown: false,
	};
}
