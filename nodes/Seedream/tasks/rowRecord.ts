import type { JsonObject } from '../shared/json';
import {
	hash,
	recordedTasks,
	taskIdsOf,
	type LedgerData,
	type RecordedTasks,
	type RecordState,
	type TaskInput,
	type TaskRecord,
} from './ledgerData';

/** How a row ended. */
export type RowEnd =
	/** With output, except for what's missing: single images, or all of a task. `usd`: what it cost. */
	| { kind: 'done'; missing?: readonly MissingOutput[]; usd?: number }
	/** Without output, but its tasks may still produce an image. */
	| { kind: 'open' }
	/** Without an image, and without a charge. */
	| { kind: 'failed' }
	/** Without an image, but charged. */
	| { kind: 'spent'; charged: 'yes' | 'unknown' };

export interface MissingOutput {
	taskId: string;
	/** Undefined for the whole task. */
	index?: number;
}

/** When a create was first and last sent, in milliseconds since 1970. */
export interface SentTimes {
	at: number;
	lastAt: number;
}

/** A create without a response. */
export interface UnansweredCreate extends SentTimes {
	/** Undefined if another execution sent it. */
	body?: JsonObject;
	/** The user has seen the error, and retried the execution. */
	isSeen: boolean;
	/** The data table that it's known from. */
	table?: string;
}

export interface BillableTask extends SentTimes {
	row: number;
	input: TaskInput;
	/** A message for users. */
	warning?: string;
	/** Undefined if the create got no response, so that the task may or may not exist. */
	taskId?: string;
}

/** Keys that no other row has. */
export interface NewKeys {
	next: (wanted: string) => string;
	/** One that no other execution uses. */
	own: () => string;
}

/** What a row's record contained before the row was opened. */
export interface EarlierState {
	unconfirmed?: UnansweredCreate;
	spent?: { taskIds: readonly string[]; charged: 'yes' | 'unknown' };
	/** The row's create may have been sent before n8n restarted the execution. */
	isMaybeSent?: boolean;
}

/** What the ledger knows about one row. */
export class RowRecord {
	/** What the row's task was, or will be, created from. */
	readonly input: TaskInput;

	private key: string;

	private end?: RowEnd;

	constructor(
		private readonly record: TaskRecord,
		private readonly data: LedgerData,
		private readonly execution: string,
		private isSaved: boolean,
		private readonly earlier: EarlierState,
		private readonly newKeys: NewKeys,
	) {
		this.input = record.input;
		this.key = record.key;
	}

	/** The same on every try of the same create, and different for any other. */
	get idempotencyKey(): string {
		return this.key;
	}

	/** The tasks that exist for the row. */
	tasks(): RecordedTasks | undefined {
		return recordedTasks(this.record.state);
	}

	/** The only output to produce, where an earlier iteration of a loop has produced the rest. */
	leftOver(): MissingOutput | undefined {
		return this.record.leftOver;
	}

	/** Whether a create has to be sent whose cost isn't counted yet. */
	isUncounted(honorsKeys: boolean): boolean {
		const { unconfirmed, spent, isMaybeSent } = this.earlier;
		if (isMaybeSent && !honorsKeys) return false;
		// A person had it sent again, and the provider might generate it again.
		if (unconfirmed) return unconfirmed.isSeen && !honorsKeys;
		return !this.tasks() && !spent;
	}

	/** Tasks from an earlier try of this execution that ended without an image, but not for free. */
	spentTasks(): EarlierState['spent'] {
		return this.earlier.spent;
	}

	/** Whether the row's create may have been sent before n8n restarted the execution. */
	isMaybeSent(): boolean {
		return this.earlier.isMaybeSent === true;
	}

	unconfirmed(): UnansweredCreate | undefined {
		return this.earlier.unconfirmed;
	}

	/** Whether a task may exist that isn't recorded. */
	mayExist(): boolean {
		return this.isMaybeSent() || this.unconfirmed() !== undefined;
	}

	/** Another execution sent the row's create, and what became of it isn't known. */
	recallSent(at: number, table: string): void {
		this.earlier.unconfirmed ??= { at, lastAt: at, isSeen: false, table };
	}

	/** Whether another execution created the tasks. */
	isReused(): boolean {
		return this.record.isReused === true;
	}

	warning(): string | undefined {
		return this.record.warning;
	}

	/** Counts the row's maximum cost, before its create is sent. */
	holdCost(): void {
		// What an earlier create may have cost stays in the total.
		if (this.earlier.unconfirmed) this.record.usd = 0;
		this.setCost(this.input.maxUsd ?? 0);
	}

	/** The row has ended, or was stopped. */
	releaseCost(): void {
		if (this.record.state.name === 'refused') this.setCost(0);
	}

	markSent(body: JsonObject, lastAt: number, at = lastAt): void {
		this.save({ name: 'sent', at, lastAt, execution: this.execution, body });
	}

	/** Until a person has checked it, the row isn't sent. */
	markMaybeSent(): void {
		this.setCost(this.input.maxUsd ?? 0);
		this.save({ name: 'maybeSent', execution: this.execution });
	}

	/** The create certainly wasn't accepted. */
	markRejected(): void {
		this.save({ name: 'refused' });
	}

	markCreated(taskIds: readonly string[], at: number, warning?: string): void {
		this.record.warning = warning;
		this.save({ name: 'made', at, taskIds: [...taskIds] });
	}

	/** Another execution created the tasks. Until it's clear that they can be used, the cost is held. */
	markReused(taskIds: readonly string[], at: number): void {
		this.record.isReused = true;
		this.markCreated(taskIds, at);
	}

	/** The key belongs to tasks that can't be used, or to another request: the row gets its next one. */
	moveOn(taskIds: readonly string[]): void {
		this.changeKey(this.newKeys.next(nextKey(this.key, taskIds)));
	}

	/** Like `moveOn`, but to a key that certainly has no task. */
	leaveChain(): void {
		this.changeKey(this.newKeys.own());
	}

	markEnded(end: RowEnd): void {
		this.end = end;
		const { data, record, execution } = this;
		const taskIds = [...(this.tasks()?.taskIds ?? [])];
		const hasTasks = taskIds.length > 0;
		const isUnconfirmed = record.state.name === 'sent';
		if ((end.kind === 'failed' && !isUnconfirmed) || this.isReused()) this.setCost(0);
		else if (end.kind === 'done' && end.usd !== undefined) this.setCost(end.usd);
		if (end.kind === 'done') data.records.push(...leftOversOf(record, end.missing));
		if (end.kind === 'failed' && hasTasks) this.save({ name: 'failed', taskIds });
		if (end.kind === 'spent' && hasTasks) {
			this.save({ name: 'spent', taskIds, charged: end.charged, execution });
		}
		record.isReclaimable = end.kind === 'open' || end.kind === 'spent';
	}

	/** The next node received the row's output. */
	markDelivered(): void {
		const { state } = this.record;
		const isComplete = this.end?.kind === 'done' && !this.end.missing?.length;
		if (isComplete && state.name === 'made') this.save({ ...state, name: 'delivered' });
	}

	/** Tasks that were, or may have been, charged without having been delivered. */
	billable(): BillableTask[] {
		const { state, row, input, warning } = this.record;
		if (state.name === 'sent') return [{ row, input, at: state.at, lastAt: state.lastAt }];
		if (state.name !== 'made') return [];
		const { at, taskIds } = state;
		return taskIds.map((taskId) => ({ row, input, at, lastAt: at, taskId, warning }));
	}

	private changeKey(key: string): void {
		const { record, earlier } = this;
		earlier.unconfirmed = undefined;
		record.past.keys.push(record.key);
		this.key = key;
		Object.assign(record, { key, isReused: undefined, state: { name: 'refused' } });
	}

	private setCost(usd: number): void {
		const { data, record } = this;
		data.usd = (data.usd ?? 0) + usd - (record.usd ?? 0);
		record.usd = usd;
	}

	private save(state: RecordState): void {
		this.record.state = state;
		if ('taskIds' in state) for (const id of state.taskIds) taskIdsOf(this.data).add(id);
		if (!this.isSaved) this.data.records.push(this.record);
		this.isSaved = true;
	}
}

/** The key that a row has after one that led to these tasks, or to another request: always the same. */
export function nextKey(key: string, taskIds: readonly string[]): string {
	return hash([key, ...taskIds]);
}

/**
 * In the output, each of these is a failed item. If a loop sends such an item in again as a row, that
 * row gets just the missing output, without another charge.
 */
function leftOversOf(record: TaskRecord, missing: readonly MissingOutput[] = []): TaskRecord[] {
	const tasks = recordedTasks(record.state);
	if (!tasks) return [];
	return missing.map((output) => ({
		...record,
		usd: 0,
		leftOver: { ...output, isFree: true },
		isReclaimable: true,
		state: { name: 'made', at: tasks.at, taskIds: [output.taskId] },
	}));
}
