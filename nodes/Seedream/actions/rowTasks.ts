import type { Result } from '../errors/failure';
import { invalidRow } from '../errors/inputFailures';
import { notRetried } from '../errors/taskFailures';
import type { RowSettings } from '../n8n/readRow';
import type { CreatedTask, TaskState } from '../providers/provider';
import type { ImageRequest } from '../request/imageRequest';
import { requestBody } from '../request/requestBody';
import type { Ledger, RowRequest } from '../tasks/ledger';
import type { TaskInput } from '../tasks/ledgerData';
import type { RowRecord } from '../tasks/rowRecord';
import type { RowMemory } from '../tasks/memory';
import type { ParsedResponse } from '../tasks/providerClient';
import { reuseOrSubmitTasks, type FoundTasks, type ReusedTasks } from '../tasks/reuseTasks';
import { type SubmittedTasks, submitTask } from '../tasks/submitTask';
import { executionAndRow } from './log';
import type { RowTools } from './row';
import { polledTaskOf, waitForTask } from './rowImages';

/** A row with what its task is, or was, made from. */
export interface RowToGenerate extends RowSettings {
	input: TaskInput;
	/** Undefined where the task exists, or might exist. */
	rowRequest?: RowRequest;
	request?: ImageRequest;
	/** Its task exists, or might, unless an equal row takes it over. */
	exists?: true;
}

/** Undefined for a row whose task exists, or might. */
export function newRequest({ request, exists }: RowToGenerate): ImageRequest | undefined {
	return exists ? undefined : request;
}

/** The tasks that a row has already, or those that were just created for it. */
export interface RowTasks {
	tasks: readonly CreatedTask[];
	/** When they were created, in milliseconds since 1970. */
	at: number;
	/** The response to the create, where they were just created. */
	raw?: SubmittedTasks['raw'];
	isExisting: boolean;
	/** What the provider said about tasks of another execution. */
	responses?: ReadonlyMap<string, ParsedResponse<TaskState>>;
}

export interface GenerateTools extends RowTools {
	/** The data table, if the user wants one, or why it can't be used. */
	memory: Result<RowMemory | undefined>;
}

/** What the row requests, and whether other executions share its tasks. */
export function rowRequestOf({ rowRequest, options }: RowToGenerate): RowRequest | undefined {
	const { reuse, rowKey } = options;
	return rowRequest && reuse === 'sameRequest' ? { ...rowRequest, reuse: { rowKey } } : rowRequest;
}

/** Tasks from an earlier try aren't created again. */
export async function findOrSubmitTasks(
	row: RowToGenerate,
	record: RowRecord,
	ledger: Ledger,
	tools: GenerateTools,
): Promise<Result<RowTasks>> {
	const { context, itemIndex, client } = tools;
	const { provider } = client;
	const log = (what: string) =>
		context.logger.info(`${what}${executionAndRow(context, itemIndex)}`, { row: itemIndex + 1 });
	const spent = record.spentTasks();
	if (spent) return { ok: false, failure: notRetried(provider, spent.taskIds, spent.charged) };
	const existing = record.tasks();
	if (existing) {
		for (const taskId of existing.taskIds) log(`Seedream task ${taskId} resumed`);
		const tasks = existing.taskIds.map((taskId) => ({ taskId }));
		return { ok: true, value: { tasks, at: existing.at, isExisting: true } };
	}
	const submitted = await submitRow(row, record, ledger, tools);
	if (!submitted.ok) return submitted;
	const what = submitted.value.isReused ? 'reused from' : 'submitted to';
	for (const { taskId } of submitted.value.tasks) {
		log(`Seedream task ${taskId} ${what} ${provider.label}`);
	}
	const warning = record.warning();
	if (warning) context.logger.warn(`${warning}${executionAndRow(context, itemIndex)}`);
	return {
		ok: true,
		value: { ...submitted.value, isExisting: submitted.value.isReused === true },
	};
}

async function submitRow(
	row: RowToGenerate,
	record: RowRecord,
	ledger: Ledger,
	tools: GenerateTools,
): Promise<Result<SubmittedTasks | ReusedTasks>> {
	const { request, options } = row;
	const { client, referenceLinks, clock, backoff, memory, addCallbackData } = tools;
	const { provider } = client;
	if (!memory.ok) return memory;
	if (ledger.hasReplayed(provider.id)) client.trustIdempotencyKeys();
	const newBody = async () => {
		if (!request) return { ok: false as const, failure: invalidRow([], provider) };
		const links = await referenceLinks.resolve(request.references, client, request.sendBinaryAs);
		if (!links.ok) return links;
		return { ok: true as const, value: requestBody(request, links.value, addCallbackData) };
	};
	const submitTools = {
		clock,
		backoff,
		timeoutSeconds: options.timeout,
		isRecorded: (taskId: string) => ledger.taskIds().has(taskId),
		onReplay: () => ledger.noteReplay(provider.id),
		memory: memory.value,
	};
	if (options.reuse === 'never') return await submitTask(client, newBody, record, submitTools);
	return await reuseOrSubmitTasks(client, newBody, record, {
		...submitTools,
		poll: async (task, found) => await pollReused(task, found, row, tools),
	});
}

/** As far as the row waits for its task. */
async function pollReused(
	task: CreatedTask,
	found: FoundTasks,
	row: RowToGenerate,
	tools: RowTools,
): Promise<Result<ParsedResponse<TaskState>>> {
	const tasks = { ...found, isExisting: true };
	if (row.continueWhen === 'submitted') {
		return await tools.poller.poll(polledTaskOf(task, tasks, row, tools));
	}
	const finished = await waitForTask(task, tasks, row, tools);
	return finished.ok ? { ok: true, value: finished.value.response } : finished;
}
