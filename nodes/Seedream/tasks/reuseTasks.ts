import type { Result } from '../errors/failure';
import type { CreatedTask, FailedTask, TaskState } from '../providers/provider';
import type { JsonObject } from '../shared/json';
import type { ParsedResponse, ProviderClient } from './providerClient';
import type { RowRecord } from './rowRecord';
import { submitTask, type SubmittedTasks, type SubmitTools } from './submitTask';

/** Tasks that another execution created. */
interface RecalledTasks extends Pick<SubmittedTasks, 'tasks' | 'at'> {
	isReused: true;
}

export type FoundTasks = SubmittedTasks | RecalledTasks;

/** With what their provider says about them. */
export interface ReusedTasks extends RecalledTasks {
	responses: ReadonlyMap<string, ParsedResponse<TaskState>>;
}

export interface ReuseTools extends Omit<SubmitTools, 'isKeyShared'> {
	/** Polls a task as long as its row waits for it. */
	poll: (task: CreatedTask, found: FoundTasks) => Promise<Result<ParsedResponse<TaskState>>>;
}

/** An earlier task isn't used after this time: providers delete its images. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;
/** After this many keys that lead to nothing, the row gets one that no other execution knows. */
const MAX_KEYS = 20;

/**
 * Finds the row's tasks from another execution, or creates them. All executions try the row's keys in
 * the same order: the next one comes after tasks that failed, that are too old, or that belong to
 * another request.
 */
export async function reuseOrSubmitTasks(
	client: ProviderClient,
	newBody: () => Promise<Result<JsonObject>>,
	record: RowRecord,
	tools: ReuseTools,
): Promise<Result<SubmittedTasks | ReusedTasks>> {
	for (let keys = 1; ; keys += 1) {
		const isKeyShared = keys <= MAX_KEYS;
		const found =
			recall(record, tools) ??
			(await submitTask(client, newBody, record, { ...tools, isKeyShared }));
		if ('isKeyTaken' in found) {
			moveOn(record, [], keys);
			continue;
		}
		if (!found.ok) return found;
		if (!found.value.isReused) return { ok: true, value: found.value };
		const usable = await checkTasks(found.value, record, tools);
		if (usable) return usable;
		const taskIds = found.value.tasks.map(({ taskId }) => taskId);
		for (const taskId of taskIds) client.release(taskId);
		moveOn(record, taskIds, keys);
	}
}

function moveOn(record: RowRecord, taskIds: readonly string[], keys: number): void {
	if (keys < MAX_KEYS) record.moveOn(taskIds);
	else record.leaveChain();
}

/** What the data table knows about the row. Undefined if its create is to be sent. */
function recall(
	record: RowRecord,
	{ memory, clock }: ReuseTools,
): Result<RecalledTasks> | undefined {
	for (;;) {
		const known = memory?.find(record.idempotencyKey);
		if (!memory || !known) return undefined;
		if (known.kind === 'sent') {
			record.recallSent(known.at, memory.tableName);
			return undefined;
		}
		const { taskIds } = known;
		if (known.kind === 'made' && clock.now() - known.at < MAX_AGE_MS) {
			const { at } = known;
			record.markReused(taskIds, at);
			const tasks = taskIds.map((taskId) => ({ taskId }));
			return { ok: true, value: { tasks, at, isReused: true } };
		}
		record.moveOn(taskIds);
	}
}

/** Undefined if none of the tasks has, or may get, an image that's still there. */
async function checkTasks(
	found: FoundTasks,
	{ idempotencyKey }: RowRecord,
	{ poll, clock, memory }: ReuseTools,
): Promise<Result<ReusedTasks> | undefined> {
	const { tasks, at } = found;
	if (clock.now() - at >= MAX_AGE_MS) return undefined;
	const responses = new Map<string, ParsedResponse<TaskState>>();
	const states = await Promise.all(tasks.map(async (task) => await poll(task, found)));
	for (const [index, polled] of states.entries()) {
		const taskId = tasks[index]?.taskId ?? '';
		if (polled.ok) {
			const { content } = polled.value;
			if (isUsable(content, clock.now())) responses.set(taskId, polled.value);
			if (hasFailed(content)) memory?.noteFailed(idempotencyKey, taskId, content.cost);
		} else if (polled.failure.hasEnded) {
			memory?.noteFailed(idempotencyKey, taskId, polled.failure.cost);
		} else if (!polled.failure.isUnknownTask) return polled;
	}
	const usable = tasks.filter(({ taskId }) => responses.has(taskId));
	if (usable.length === 0) return undefined;
	return { ok: true, value: { tasks: usable, at, isReused: true, responses } };
}

function hasFailed(state: TaskState): state is FailedTask {
	return state.status === 'failed' || state.status === 'cancelled';
}

function isUsable(state: TaskState, now: number): boolean {
	if (hasFailed(state)) return false;
	if (state.createdAt && now - state.createdAt.getTime() >= MAX_AGE_MS) return false;
	const expiresAt = state.status === 'completed' ? state.expiresAt : undefined;
	return !expiresAt || expiresAt.getTime() > now;
}
