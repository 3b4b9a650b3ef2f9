import type { IExecuteFunctions } from 'n8n-workflow';

import type { Failure, Result } from '../errors/failure';
import { createExecutionClock } from '../n8n/clock';
import { DataTable } from '../n8n/memoryTable';
import { escapeHtml } from '../shared/format';
import { Memory, RowMemory } from '../tasks/memory';
import type { RowRecord } from '../tasks/rowRecord';
import type { RowToGenerate } from './rowTasks';

/** The data table that the batch's tasks are recorded in, if the user wants one. */
export class BatchMemory {
	private table?: DataTable;

	private opened?: Result<Memory>;

	/** Whether other executions may get the same tasks. */
	private isShared = false;

	constructor(private readonly context: IExecuteFunctions) {}

	/** The table belongs to the node, not to a row: the first row decides. Returns why it can't be used. */
	async open([first]: readonly RowToGenerate[]): Promise<Failure | undefined> {
		const { context } = this;
		const name = first?.options.memoryTable ?? '';
		if (name === '') return undefined;
		this.table = new DataTable(context, name);
		this.opened = await Memory.open(this.table, createExecutionClock(context));
		return this.opened.ok ? undefined : this.opened.failure;
	}

	ofRow(
		{ options: { reuse, rowKey } }: RowToGenerate,
		{ input }: RowRecord,
		row: number,
	): Result<RowMemory | undefined> {
		const { opened } = this;
		if (!opened) return { ok: true, value: undefined };
		if (!opened.ok) return opened;
		this.isShared ||= reuse === 'sameRequest';
		return { ok: true, value: new RowMemory(opened.value, { row, rowKey, input }) };
	}

	/** Stores what's left, and warns if the table lacks something. */
	async close(): Promise<void> {
		const failure = this.opened?.ok ? await this.opened.value.close() : undefined;
		if (this.isShared) await this.table?.removeDuplicates();
		if (!failure) return;
		const { message } = failure;
		this.context.logger.warn(message);
		this.context.addExecutionHints?.({
			message: escapeHtml(message),
			location: 'outputPane',
			type: 'warning',
		});
	}
}
