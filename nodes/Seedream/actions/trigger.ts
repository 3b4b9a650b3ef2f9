import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import { isNoTask, taskTag, type Result } from '../errors/failure';
import { apiKeyOf } from '../n8n/apiClient';
import { calledBackTasks, readCallback, respond } from '../n8n/callback';
import { recordProcessed } from '../n8n/processedTasks';
import { readTriggerRow, type TriggerRow } from '../n8n/readRow';
import { failureItem, type RowItem } from '../n8n/results';
import type { TaskState } from '../providers/provider';
import { hasSignature, readCallbackData, type CallbackData } from '../request/callbackData';
import { ConcurrencyLimiter } from '../shared/concurrencyLimiter';
import { MAX_UNKNOWN_PER_MINUTE, type CalledBackTasks } from '../tasks/calledBackTasks';
import { processRows } from './processRows';
import type { RowTools } from './row';
import { existingTask, finishedTaskItems, itemsOfState } from './taskStatus';

const IGNORED = 'Ignored a callback';
const FLOODED = `the last minute had more than ${MAX_UNKNOWN_PER_MINUTE} unknown task IDs`;
const NO_ITEMS: Result<RowItem[]> = { ok: true, value: [] };

/**
 * Takes the ID from a callback, and believes nothing else. The rest happens in the execution: the
 * provider gets its response at once, and retrying the execution repeats all of it.
 */
export async function receiveCallback(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const callback = await readCallback(context);
	switch (callback.kind) {
		case 'empty':
			return respond(context, 200, 'Ready for callbacks');
		case 'invalid':
			return respond(context, 400, callback.reason);
		case 'task':
			return receiveTask(context, callback.taskId);
	}
}

function receiveTask(context: IWebhookFunctions, taskId: string): IWebhookResponseData {
	const query = context.getQueryData() as IDataObject;
	if (!isTest(context)) {
		const tasks = calledBackTasks(context);
		if (tasks.has(taskId)) return respond(context, 200, 'Already received');
		if (tasks.isFlooded() && !hasSignature(query)) {
			context.logger.warn(`${IGNORED}: ${FLOODED}${taskTag(taskId)}`);
			return respond(context, 429, 'Too many unknown task IDs');
		}
		tasks.add(taskId);
	}
	return { workflowData: [[{ json: { ...query, taskId } }]] };
}

/** Returns the images of the task that was called back. */
export async function trigger(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const called = new CalledBackRows(context);
	try {
		return await processRows(context, {
			readRow: readTriggerRow,
			processRow: async (row, tools) => await called.process(row, tools),
			onRetry: () => 'Checking them again is free.',
			imagesOf: () => 1,
			namedAfter: ({ taskId }) => ({ model: undefined, prompt: '', taskIds: [taskId] }),
			concurrencyLimiter: () => new ConcurrencyLimiter(context.getInputData().length),
			notes: () => called.notes,
		});
	} finally {
		called.forgetFailed();
	}
}

class CalledBackRows {
	readonly notes: string[] = [];

	private readonly tasks: CalledBackTasks;

	/** The test URL may be called back for the same task again. */
	private readonly isTest: boolean;

	constructor(private readonly context: IExecuteFunctions) {
		this.tasks = calledBackTasks(context);
		this.isTest = isTest(context);
	}

	async process(row: TriggerRow, tools: RowTools): Promise<Result<RowItem[]>> {
		return await tools.withSlot(async () => {
			if (!this.isTest && this.tasks.hasEnded(row.taskId)) return this.ignoreRepeated(row);
			const rowData = await this.readRowData(row, tools);
			const items = await this.fetchItems(row, rowData.kind === 'valid', tools);
			if (!items.ok || items.value.length === 0) return items;
			const isFirst = this.isTest || (await recordProcessed(this.context, row.taskId));
			this.end(row);
			if (!isFirst) return this.ignoreRepeated(row);
			const added = rowData.kind === 'valid' ? { rowData: rowData.data } : {};
			// The copy of a failed item goes to the regular output: on the error output, n8n would keep
			// nothing of a trigger's item but the message.
			const value = items.value.map((item) => ({ ...item, json: { ...item.json, ...added } }));
			return { ok: true, value };
		});
	}

	forgetFailed(): void {
		if (this.isTest) return;
		for (const { json } of this.context.getInputData()) {
			this.tasks.forgetUnlessEnded(String(json.taskId));
		}
	}

	private end({ taskId }: TriggerRow): void {
		if (!this.isTest) this.tasks.end(taskId);
	}

	private ignoreRepeated({ taskId }: TriggerRow): Result<RowItem[]> {
		this.note('info', `${IGNORED}: its task was processed before${taskTag(taskId)}`);
		return NO_ITEMS;
	}

	private async readRowData(
		{ provider, taskId, query }: TriggerRow,
		{ itemIndex }: RowTools,
	): Promise<CallbackData> {
		const credential = await this.context.getCredentials(provider.credential, itemIndex);
		const rowData = readCallbackData(query, apiKeyOf(credential));
		if (rowData.kind === 'wrongSignature') {
			const reason = `it wasn't signed with the API key of this ${provider.label} credential`;
			this.note('warn', `Ignored the row data of a callback: ${reason}${taskTag(taskId)}`);
		}
		return rowData;
	}

	/** None for a task that doesn't exist. One that failed isn't an error: the workflow starts for each. */
	private async fetchItems(
		row: TriggerRow,
		isSigned: boolean,
		tools: RowTools,
	): Promise<Result<RowItem[]>> {
		const { taskId, options } = row;
		const { context, itemIndex, clock, poller } = tools;
		const polledTask = { ...existingTask(taskId, row, tools), isConfirmed: isSigned };
		const query = async () => await poller.poll(polledTask);
		const queried = isSigned ? await query() : await this.tasks.query(query, clock);
		if (!queried) {
			this.note('warn', `${IGNORED}: ${FLOODED}${taskTag(taskId)}`);
			return NO_ITEMS;
		}
		if (!queried.ok) {
			if (!isNoTask(queried.failure)) return queried;
			this.end(row);
			this.note('warn', `${IGNORED}: ${queried.failure.message}`);
			return NO_ITEMS;
		}
		// The status may lag behind the callback.
		const items = isRunning(queried.value.content)
			? await finishedTaskItems(polledTask, options, tools)
			: await itemsOfState(queried.value, polledTask, options, tools);
		return items.ok || !items.failure.hasEnded
			? items
			: { ok: true, value: [failureItem(context, { itemIndex, failure: items.failure })] };
	}

	private note(level: 'info' | 'warn', message: string): void {
		this.context.logger[level](message);
		this.notes.push(`${message}.`);
	}
}

function isTest(context: Pick<IExecuteFunctions, 'getMode'>): boolean {
	return context.getMode() === 'manual';
}

function isRunning({ status }: TaskState): boolean {
	return status === 'submitted' || status === 'processing';
}
