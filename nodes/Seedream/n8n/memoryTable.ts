import type {
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	INodeParameters,
	IWorkflowBase,
} from 'n8n-workflow';
import { chunk, difference, uniqBy } from 'lodash';
import { z } from 'zod';

import type { Result } from '../errors/failure';
import { tableNotOpened, tableNotWritten } from '../errors/memoryFailures';
import { findProvider } from '../providers';
import type { MemoryEntry, MemoryTable, RememberedEntry } from '../tasks/memory';
import { nodeOf } from './node';
import { nodeSeed } from './taskStore';

/** Columns that people read, and `key`, by which the node finds its entries again. */
const COLUMNS = {
	when: 'date',
	workflow: 'string',
	node: 'string',
	row: 'number',
	rowKey: 'string',
	provider: 'string',
	model: 'string',
	prompt: 'string',
	state: 'string',
	taskId: 'string',
	links: 'string',
	creditsCost: 'number',
	usdCost: 'number',
	execution: 'string',
	key: 'string',
} as const;

const MAX_ENTRIES = 10_000;
const MAX_AGE_MS = 30 * 24 * 60 * 60 * 1000;
/** Of the node's seed: enough to tell nodes apart. */
const NODE_KEY_LENGTH = 16;
/** Reading fails while another execution writes, because n8n reads in pages. */
const MAX_READS = 3;
/** SQLite limits the length of a condition. */
const MAX_DELETED_ROWS = 500;

/**
 * A data table of n8n. Community nodes may not use data tables themselves, so each access is a
 * sub-workflow with n8n's own node.
 */
export class DataTable implements MemoryTable {
	private id = '';

	private readonly keyPrefix: string;

	/** The rows that existed when the table was opened. */
	private rowsBefore: TableRow[] = [];

	constructor(
		private readonly context: IExecuteFunctions,
		readonly name: string,
	) {
		this.keyPrefix = `${nodeSeed(context).slice(0, NODE_KEY_LENGTH)}-`;
	}

	async open(): Promise<Result<RememberedEntry[]>> {
		const id = await this.findOrCreate();
		if (!id.ok) return this.notOpened(id);
		this.id = id.value;
		const since = new Date(Date.now() - MAX_AGE_MS).toISOString();
		const rows = await this.read({ keyName: 'when', condition: 'gte', keyValue: since });
		if (!rows.ok) return this.notOpened(rows);
		this.rowsBefore = rows.value;
		return { ok: true, value: rows.value.map((row) => this.toEntry(row)) };
	}

	async append(entries: readonly MemoryEntry[]): Promise<Result<void>> {
		const items = entries.map((entry) => ({ json: this.toRow(entry) }));
		const columns = { mappingMode: 'autoMapInputData', value: null };
		const options = { optimizeBulk: true };
		const stored = await this.access({ ...this.rows('insert'), columns, options }, items);
		if (stored.ok) return { ok: true, value: undefined };
		return { ok: false, failure: tableNotWritten(this.name, stored.reason) };
	}

	/**
	 * Executions that get the same task at the same time don't see each other's rows, so that its cost may
	 * be there twice. The one that writes last does, and keeps only the first row of each state.
	 */
	async removeDuplicates(): Promise<void> {
		const [last = { id: 0 }] = this.rowsBefore.slice(-1);
		const isNew = { keyName: 'id', condition: 'gt', keyValue: last.id };
		const execution = this.context.getExecutionId();
		const others = await this.read(isNew, {
			keyName: 'execution',
			condition: 'neq',
			keyValue: execution,
		});
		const rowsSince = others.ok && others.value.length > 0 ? await this.read(isNew) : others;
		const rows = [...this.rowsBefore, ...(rowsSince.ok ? rowsSince.value : [])];
		const ofTasks = rows.filter(({ taskId }) => taskId);
		const first = uniqBy(ofTasks, ({ key, state, taskId }) => `${key} ${state} ${taskId}`);
		for (const duplicates of chunk(difference(ofTasks, first), MAX_DELETED_ROWS)) {
			const conditions = duplicates.map(({ id }) => {
				return { keyName: 'id', condition: 'eq', keyValue: id };
			});
			await this.access({
				...this.rows('deleteRows'),
				matchType: 'anyCondition',
				filters: { conditions },
			});
		}
	}

	private notOpened({ reason }: { reason: string }): Result<never> {
		return { ok: false, failure: tableNotOpened(this.name, reason) };
	}

	/** Two workers may create it at the same time: one of them finds it then. */
	private async findOrCreate(): Promise<Access<string>> {
		const found = await this.find();
		if (!found.ok || found.value !== undefined) return found as Access<string>;
		const column = Object.entries(COLUMNS).map(([name, type]) => ({ name, type }));
		const created = await this.access({
			resource: 'table',
			operation: 'create',
			tableName: this.name,
			columns: { column },
			options: { createIfNotExists: true },
		});
		const again = await this.find();
		if (again.ok && again.value !== undefined) return { ok: true, value: again.value };
		return created.ok ? { ok: false, reason: "n8n didn't create it" } : created;
	}

	/** n8n's filter also finds tables whose names contain this one. */
	private async find(): Promise<Access<string | undefined>> {
		const listed = await this.access({
			resource: 'table',
			operation: 'list',
			returnAll: true,
			options: { filterName: this.name },
		});
		if (!listed.ok) return listed;
		const tables = z.array(tableSchema).safeParse(listed.value).data ?? [];
		const isOurs = ({ name }: { name: string }) => name.toLowerCase() === this.name.toLowerCase();
		return { ok: true, value: tables.find(isOurs)?.id };
	}

	/** The latest rows of this node that meet the conditions, in their order. */
	private async read(...more: readonly INodeParameters[]): Promise<Access<TableRow[]>> {
		const ofNode = { keyName: 'key', condition: 'like', keyValue: `${this.keyPrefix}%` };
		const conditions = [ofNode, ...more];
		const parameters = {
			...this.rows('get'),
			matchType: 'allConditions',
			filters: { conditions },
			returnAll: false,
			limit: MAX_ENTRIES,
			orderBy: true,
			orderByColumn: 'id',
			orderByDirection: 'DESC',
		};
		let rows = await this.access(parameters);
		for (let reads = 1; !rows.ok && reads < MAX_READS; reads += 1) {
			rows = await this.access(parameters);
		}
		if (!rows.ok) return rows;
		const valid = rows.value.flatMap((row) => rowSchema.safeParse(row).data ?? []);
		return { ok: true, value: valid.reverse() };
	}

	private rows(operation: 'get' | 'insert' | 'deleteRows'): INodeParameters {
		const dataTableId = { __rl: true, mode: 'id', value: this.id };
		return { resource: 'row', operation, dataTableId };
	}

	private toRow({ at, row, rowKey, input, links, cost, key, ...state }: MemoryEntry): IDataObject {
		const { context } = this;
		return {
			when: new Date(at).toISOString(),
			workflow: context.getWorkflow().name ?? '',
			node: nodeOf(context).name,
			row: row + 1,
			rowKey,
			provider: findProvider(input.provider)?.label ?? input.provider,
			model: input.model,
			prompt: input.prompt,
			...state,
			links: links?.join('\n'),
			creditsCost: cost?.credits,
			usdCost: cost?.usd,
			execution: context.getExecutionId(),
			key: `${this.keyPrefix}${key}`,
		};
	}

	private toEntry({ when, state, taskId, key }: TableRow): RememberedEntry {
		const entry = { key: key.slice(this.keyPrefix.length), state, at: when.getTime() };
		return taskId ? { ...entry, taskId } : entry;
	}

	/** Runs n8n's own node once, in a workflow that leaves nothing in the list of executions. */
	private async access(
		parameters: INodeParameters,
		items: INodeExecutionData[] = [{ json: {} }],
	): Promise<Access<IDataObject[]>> {
		const now = new Date();
		const code: IWorkflowBase = {
			id: '',
			name: 'Seedream data table',
			nodes: [TRIGGER, { ...NODE, parameters }],
			connections: {
				[TRIGGER.name]: { main: [[{ node: NODE.name, type: 'main', index: 0 }]] },
			},
			active: false,
			activeVersionId: null,
			isArchived: false,
			createdAt: now,
			updatedAt: now,
			settings: {
				executionOrder: 'v1',
				saveDataSuccessExecution: 'none',
				saveDataErrorExecution: 'none',
			},
		};
		try {
			const { data } = await this.context.executeWorkflow({ code }, items);
			return { ok: true, value: (data[0] ?? []).map(({ json }) => json) };
		} catch (error) {
			return { ok: false, reason: error instanceof Error ? error.message : String(error) };
		}
	}
}

type Access<T> = { ok: true; value: T } | { ok: false; reason: string };

const TRIGGER: INode = {
	id: 'trigger',
	name: 'Start',
	type: 'n8n-nodes-base.executeWorkflowTrigger',
	typeVersion: 1.1,
	position: [0, 0],
	parameters: { inputSource: 'passthrough' },
};

const NODE: INode = {
	id: 'table',
	name: 'Data Table',
	type: 'n8n-nodes-base.dataTable',
	typeVersion: 1.1,
	position: [240, 0],
	parameters: {},
};

const tableSchema = z.object({ id: z.string(), name: z.string() });

const rowSchema = z.object({
	id: z.number(),
	when: z.coerce.date(),
	state: z.enum(['sent', 'made', 'delivered', 'failed']),
	taskId: z.string().nullish(),
	key: z.string(),
});

type TableRow = z.infer<typeof rowSchema>;
