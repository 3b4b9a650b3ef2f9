import {
	hash,
	isTaskRecord,
	recordedTasks,
	taskIdsOf,
	type LedgerData,
	type RecordState,
	type TaskInput,
	type TaskRecord,
} from './ledgerData';
import { RecordIndex } from './recordIndex';
import { nextKey, RowRecord, type BillableTask, type EarlierState } from './rowRecord';

/** The try of the node that the ledger is opened for. */
export interface LedgerScope {
	/** A retry of the execution by the user has another ID. */
	execution: string;
	/** The same on every try, retry and worker, and different from every other execution's. */
	keySeed: string;
	/** The same in every execution of the node, and different from every other node's. */
	nodeSeed: string;
	iteration: number;
	/** Several calls of a tool may be row 0 at the same time; only the request tells them apart. */
	isTool: boolean;
	/** n8n has restarted the execution, and what it created before isn't in the ledger. */
	isRestarted: boolean;
}

/** What a row requests. */
export interface RowRequest {
	/** The hash of what makes the request the same in another execution or another iteration of a loop. */
	fingerprint: string;
	input: TaskInput;
	/** Set where the row may get the task that another execution created for it. */
	reuse?: { rowKey: string };
}

/** What open ledgers in this process use: an agent may call its tool several times at once. */
interface RecordsInUse {
	records: Set<TaskRecord>;
	keys: Set<string>;
}

interface OpenedRow {
	row: RowRecord;
	record: TaskRecord;
	/** The keys that were created when the row was opened. */
	keys: readonly string[];
}

const recordsInUse = new WeakMap<LedgerData, RecordsInUse>();

const NO_REQUEST: RowRequest = {
	fingerprint: '',
	input: { provider: '', model: '', prompt: '', images: 1 },
};

/**
 * Records every task across tries of the node, retries of the execution and iterations of a loop, so
 * that none is charged twice. In one iteration of one execution, the row's position identifies its
 * record, even if its expressions return other values on each try; anywhere else its request does.
 * `data` is changed in place, because the tool calls of an agent share it.
 */
export class Ledger {
	private readonly inUse: RecordsInUse;

	private readonly index: RecordIndex;

	private readonly rows = new Map<number, OpenedRow>();

	constructor(
		private readonly data: LedgerData,
		private readonly scope: LedgerScope,
	) {
		this.inUse = recordsInUse.get(data) ?? { records: new Set(), keys: new Set() };
		recordsInUse.set(data, this.inUse);
		this.dropSettled();
		this.index = new RecordIndex(data.records);
	}

	/** What the row's task was, or may have been, created from in an earlier try. */
	previousInput(row: number): TaskInput | undefined {
		const found = this.findEarlierTry(row, undefined);
		const isCreated = found && found.state.name !== 'refused' && found.state.name !== 'failed';
		return isCreated ? found.input : undefined;
	}

	/** Whether the row's tasks exist (`made`), or may exist (`sent`). */
	stateOf(row: number, request: RowRequest): 'made' | 'sent' | undefined {
		const state = this.find(row, request)?.state;
		return state?.name === 'sent' ? 'sent' : recordedTasks(state) && 'made';
	}

	/** What the row's tasks were, or may have been, created from. */
	inputOf(row: number, request: RowRequest): TaskInput | undefined {
		return this.stateOf(row, request) && this.find(row, request)?.input;
	}

	/** The tasks that exist for the row. */
	tasksOf(row: number, request: RowRequest | undefined): readonly string[] | undefined {
		return recordedTasks(this.find(row, request)?.state)?.taskIds;
	}

	/**
	 * The record of a row, which no other row can take over from now on. Opened once more, it's for
	 * another provider.
	 */
	openRecord(row: number, request: RowRequest | undefined): RowRecord {
		const { data, scope } = this;
		const opened = this.rows.get(row);
		const isFallback = opened?.record.input.provider !== request?.input.provider;
		const before = isFallback ? opened : undefined;
		const keys: string[] = [...(before?.keys ?? [])];
		const found = before?.record ?? this.find(row, request);
		const record = found ?? this.newRecord(row, request ?? NO_REQUEST, keys);
		const earlier = found ? this.reopen(found, row, request, keys) : {};
		if (scope.isRestarted) earlier.isMaybeSent = true;
		this.inUse.records.add(record);
		const newKeys = {
			next: (wanted: string) => this.newKey(wanted, keys),
			own: () => this.newKey(this.executionKey(record), keys),
		};
		const isSaved = before ? data.records.includes(record) : found !== undefined;
		const rowRecord = new RowRecord(record, data, scope.execution, isSaved, earlier, newKeys);
		this.rows.set(row, { row: rowRecord, record, keys });
		return rowRecord;
	}

	/** The next node received the output. */
	markDelivered(): void {
		for (const { row } of this.rows.values()) row.markDelivered();
	}

	/** The try is over, so other calls of a tool may take over its records. */
	close(): void {
		for (const { record, keys } of this.rows.values()) {
			this.inUse.records.delete(record);
			for (const key of keys) this.inUse.keys.delete(key);
		}
	}

	/** What the opened rows have, or may have, at their providers. */
	billable(): BillableTask[] {
		return [...this.rows.values()].flatMap(({ row }) => row.billable());
	}

	/** All tasks of the rows of this execution, in other tries and iterations as well. */
	taskIds(): ReadonlySet<string> {
		return taskIdsOf(this.data);
	}

	/** What all tasks of this execution cost, or may cost, in US dollars. */
	costUsd(): number {
		return this.data.usd ?? 0;
	}

	/** Whether the provider answered a repeated create with the first task in this execution. */
	hasReplayed(provider: string): boolean {
		return this.data.replayed[provider] === this.scope.execution;
	}

	noteReplay(provider: string): void {
		this.data.replayed[provider] = this.scope.execution;
	}

	private find(row: number, request: RowRequest | undefined): TaskRecord | undefined {
		const fingerprint = request?.fingerprint;
		const found = this.findEarlierTry(row, fingerprint) ?? this.findElsewhere(row, fingerprint);
		const isInUse = this.scope.isTool && found && this.inUse.records.has(found);
		return isInUse ? undefined : found;
	}

	private findEarlierTry(row: number, fingerprint: string | undefined): TaskRecord | undefined {
		const position = { ...this.scope, row };
		if (!this.scope.isTool) return this.index.findByPosition(position);
		if (fingerprint === undefined) return undefined;
		return this.index.findByPosition(position, fingerprint);
	}

	private findElsewhere(row: number, fingerprint: string | undefined): TaskRecord | undefined {
		if (fingerprint === undefined) return undefined;
		return this.index.findByFingerprint({ ...this.scope, row }, fingerprint);
	}

	private newRecord(row: number, request: RowRequest, keys: string[]): TaskRecord {
		const { execution, iteration } = this.scope;
		const { fingerprint } = request;
		const key = this.reuseKey(request) ?? this.executionKey({ iteration, row, fingerprint });
		return {
			execution,
			iteration,
			row,
			fingerprint,
			input: request.input,
			key: this.newKey(key, keys),
			past: { keys: [], taskIds: [] },
			isReclaimable: false,
			state: { name: 'refused' },
		};
	}

	/** Different from the keys of all other executions. */
	private executionKey({
		iteration,
		row,
		fingerprint,
	}: Pick<TaskRecord, 'iteration' | 'row' | 'fingerprint'>): string {
		const { keySeed, isTool } = this.scope;
		return hash([keySeed, iteration, row, ...(isTool ? [fingerprint] : [])]);
	}

	/** The same in every execution, as long as the row requests the same. */
	private reuseKey({ fingerprint, input, reuse }: RowRequest): string | undefined {
		const { nodeSeed, iteration } = this.scope;
		return reuse && hash([nodeSeed, iteration, reuse.rowKey, fingerprint, input.provider]);
	}

	/** Moves a record to this execution and row, and returns what its state was before. */
	private reopen(
		record: TaskRecord,
		row: number,
		request: RowRequest | undefined,
		keys: string[],
	): EarlierState {
		const { execution, iteration } = this.scope;
		const before = record.state;
		Object.assign(record, { execution, iteration, row, isReclaimable: false });
		// If n8n runs the row again, it has discarded the output.
		if (before.name === 'delivered') record.state = { ...before, name: 'made' };
		if (record.leftOver) record.leftOver.isFree = false;
		// The row itself produces now what was missing in an earlier try.
		this.dropLeftOvers(record);
		if (before.name === 'sent') {
			const { at, lastAt, body } = before;
			return { unconfirmed: { at, lastAt, body, isSeen: before.execution !== execution } };
		}
		if (before.name === 'maybeSent' && before.execution === execution) return { isMaybeSent: true };
		if (before.name === 'spent' && before.execution === execution) return { spent: before };
		if (request) this.startAnew(record, request, keys);
		return {};
	}

	/** After a create without a result, the row's current request counts. */
	private startAnew(record: TaskRecord, request: RowRequest, keys: string[]): void {
		const { fingerprint, input } = request;
		const { state } = record;
		if (recordedTasks(state) || state.name === 'sent') return;
		const taskIds = 'taskIds' in state ? state.taskIds : [];
		const isSame = record.fingerprint === fingerprint && record.input.provider === input.provider;
		// A key belongs to one request, and to its tasks.
		if (taskIds.length > 0 || !isSame) {
			record.past.keys.push(record.key);
			record.past.taskIds.push(...taskIds);
			const reuseKey = isSame ? undefined : this.reuseKey(request);
			record.key = this.newKey(reuseKey ?? nextKey(record.key, taskIds), keys);
		}
		const isReused = undefined;
		Object.assign(record, { fingerprint, input, isReused, usd: 0, state: { name: 'refused' } });
	}

	/** Under a used key, the provider would return the tasks created with it. */
	private newKey(wanted: string, keys: string[]): string {
		const { index, inUse, scope } = this;
		let key = wanted;
		while (index.keys.has(key) || (scope.isTool && inUse.keys.has(key))) key = hash([key]);
		index.keys.add(key);
		inUse.keys.add(key);
		keys.push(key);
		return key;
	}

	private dropLeftOvers(record: TaskRecord): void {
		const dropped = new Set<unknown>(this.index.unclaimedLeftOvers(record));
		if (dropped.size > 0) this.keepOnly((saved) => !dropped.has(saved));
	}

	/** A loop may have thousands of iterations, and most records are of no use to later ones. */
	private dropSettled(): void {
		this.keepOnly(
			(saved) =>
				!isTaskRecord(saved) ||
				saved.iteration >= this.scope.iteration ||
				isUnsettled(saved.state) ||
				this.inUse.records.has(saved),
		);
	}

	private keepOnly(isWanted: (saved: unknown) => boolean): void {
		const { records } = this.data;
		if (!records.every(isWanted)) records.splice(0, records.length, ...records.filter(isWanted));
	}
}

function isUnsettled({ name }: RecordState): boolean {
	return name === 'sent' || name === 'maybeSent' || name === 'made' || name === 'spent';
}
