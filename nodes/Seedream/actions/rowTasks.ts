import type { Result } from '../errors/failure';
import { invalidRow } from '../errors/inputFailures';
import { notRetried } from '../errors/taskFailures';
import type { RowSettings } from '../n8n/readRow';
import type { CreatedTask } from '../providers/provider';
import type { ImageRequest } from '../request/imageRequest';
import { requestBody } from '../request/requestBody';
import type { Ledger, RowRequest } from '../tasks/ledger';
import type { TaskInput } from '../tasks/ledgerData';
import type { RowRecord } from '../tasks/rowRecord';
import { type SubmittedTasks, submitTask } from '../tasks/submitTask';
import { executionAndRow } from './log';
import type { RowTools } from './row';

/** A row with what its task is, or was, made from. */
export interface RowToGenerate extends RowSettings {
	input: TaskInput;
	/** Undefined where the task exists, or might exist. */
	rowRequest?: RowRequest;
	request?: ImageRequest;
}

/** The tasks that a row has already, or those that were just created for it. */
export interface RowTasks {
	tasks: readonly CreatedTask[];
	/** When they were created, in milliseconds since 1970. */
	at: number;
	/** The response to the create, where they were just created. */
	raw?: SubmittedTasks['raw'];
	isExisting: boolean;
}

/** Tasks from an earlier try aren't created again. */
export async function findOrSubmitTasks(
	row: RowToGenerate,
	record: RowRecord,
	ledger: Ledger,
	tools: RowTools,
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
	for (const { taskId } of submitted.value.tasks) {
		log(`Seedream task ${taskId} submitted to ${provider.label}`);
	}
	const warning = record.warning();
	if (warning) context.logger.warn(`${warning}${executionAndRow(context, itemIndex)}`);
	return { ok: true, value: { ...submitted.value, isExisting: false } };
}

async function submitRow(
	{ request, options }: RowToGenerate,
	record: RowRecord,
	ledger: Ledger,
	{ client, referenceLinks, clock, backoff }: RowTools,
): Promise<Result<SubmittedTasks>> {
	const { provider } = client;
	if (ledger.hasReplayed(provider.id)) client.trustIdempotencyKeys();
	const newBody = async () => {
		if (!request) return { ok: false as const, failure: invalidRow([], provider) };
		const links = await referenceLinks.resolve(request.references, client, request.sendBinaryAs);
		return links.ok ? { ok: true as const, value: requestBody(request, links.value) } : links;
	};
	return await submitTask(client, newBody, record, {
		clock,
		backoff,
		timeoutSeconds: options.timeout,
		isRecorded: (taskId) => ledger.taskIds().has(taskId),
		onReplay: () => ledger.noteReplay(provider.id),
	});
}
