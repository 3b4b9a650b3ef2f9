import { clamp, uniq } from 'lodash';

import type { Failure, Result } from '../errors/failure';
import { incompleteTable } from '../errors/memoryFailures';
import type { Clock } from '../shared/clock';
import type { Cost } from '../shared/cost';
import type { TaskInput } from './ledgerData';

/** A state of a row's task; a key without a task has no task ID. Times are milliseconds since 1970. */
export interface MemoryEntry extends RememberedEntry {
	/** From 0. */
	row: number;
	rowKey: string;
	input: TaskInput;
	links?: readonly string[];
	cost?: Cost;
}

/** What later executions need of an entry. */
export interface RememberedEntry {
	/** The Idempotency-Key. */
	key: string;
	/**
	 * `sent` before the create is sent; then `made` with the task's ID, or `failed` if there's no task;
	 * then `delivered` with its links, or `failed`.
	 */
	state: 'sent' | 'made' | 'delivered' | 'failed';
	at: number;
	taskId?: string;
}

/** A table that outlives the execution, and the process. */
export interface MemoryTable {
	name: string;
	/** Creates the table if it's missing, and returns this node's entries in their order. */
	open: () => Promise<Result<RememberedEntry[]>>;
	append: (entries: readonly MemoryEntry[]) => Promise<Result<void>>;
}

/** What's remembered of a key. */
export type RememberedTasks =
	/** A create was sent, and what became of it isn't known. */
	| { kind: 'sent'; at: number }
	/** Its tasks exist. */
	| { kind: 'made'; at: number; taskIds: readonly string[] }
	/** Its tasks ended without an image. */
	| { kind: 'failed'; taskIds: readonly string[] };

interface PendingEntry {
	entry: MemoryEntry;
	/** Set where something waits until the entry is stored. */
	onStored?: (failure: Failure | undefined) => void;
}

/** Between two writes, if what's new can be found out again: writing takes a twentieth of the time. */
const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 2_000;
const INTERVAL_PER_WRITE = 20;
/** Otherwise: a create waits for the second one, or it says which task a create has made. */
const MAX_WAIT_MS = 500;
/** The more entries are waited for, the sooner they're written. */
const MAX_TOTAL_WAIT_MS = 1_000;
/** But the longer a write takes, the fewer there are. */
const PAUSE_PER_WRITE = 4;
/**
 * At the start of a batch, most creates wait, and n8n has nothing else to do: this is how long they do
 * if as many were stored before. There are few such writes, because what's stored grows with each.
 */
const START_PAUSE_MS = 100;
const TICK_MS = 20;

/** What the table knows about the rows of a batch, and what it's still to be told. */
export class Memory {
	private readonly entries = new Map<string, RememberedEntry[]>();

	private pending: PendingEntry[] = [];

	private writing?: Promise<void>;

	private writtenAt = -Infinity;

	private writeMs = 0;

	private storedCreates = 0;

	private hasNewEntries = false;

	private isClosing = false;

	private lastFailure?: Failure;

	private constructor(
		private readonly table: MemoryTable,
		private readonly clock: Clock,
		entries: readonly RememberedEntry[],
	) {
		for (const entry of entries) this.add(entry);
	}

	static async open(table: MemoryTable, clock: Clock): Promise<Result<Memory>> {
		const opened = await table.open();
		return opened.ok ? { ok: true, value: new Memory(table, clock, opened.value) } : opened;
	}

	get tableName(): string {
		return this.table.name;
	}

	now(): number {
		return this.clock.now();
	}

	/** Undefined if nothing was sent under the key, or nothing was accepted. */
	find(key: string): RememberedTasks | undefined {
		const entries = this.entries.get(key) ?? [];
		const inState = (...states: Array<RememberedEntry['state']>) =>
			entries.filter(({ state }) => states.includes(state));
		const failed = idsOf(inState('failed'));
		const made = inState('made', 'delivered').filter(({ taskId = '' }) => !failed.includes(taskId));
		if (made.length > 0) {
			const at = Math.min(...made.map((entry) => entry.at));
			return { kind: 'made', at, taskIds: idsOf(made) };
		}
		if (failed.length > 0) return { kind: 'failed', taskIds: failed };
		const sent = inState('sent');
		if (sent.length <= inState('failed').length) return undefined;
		return { kind: 'sent', at: Math.max(...sent.map((entry) => entry.at)) };
	}

	/** Stores the entry with the next write, unless the table has it. */
	note(entry: MemoryEntry): void {
		const isKnown = this.entries
			.get(entry.key)
			?.some(({ state, taskId }) => state === entry.state && taskId === entry.taskId);
		if (isKnown && entry.taskId !== undefined) return;
		this.push({ entry });
	}

	/** Resolves when the entry is stored, or with the reason why it isn't. */
	async store(entry: MemoryEntry): Promise<Failure | undefined> {
		return await new Promise((onStored) => this.push({ entry, onStored }));
	}

	/** Writes what's left. Returns why the table lacks something. */
	async close(): Promise<Failure | undefined> {
		this.isClosing = true;
		await this.writing;
		if (this.pending.length > 0) await this.write();
		const missing = this.pending.length;
		if (!this.lastFailure || missing === 0) return undefined;
		return incompleteTable(this.tableName, missing, this.lastFailure);
	}

	private push(pending: PendingEntry): void {
		this.add(pending.entry);
		this.pending.push(pending);
		this.hasNewEntries = true;
		this.writing ??= this.writeWhenDue();
	}

	private add(entry: RememberedEntry): void {
		const known = this.entries.get(entry.key);
		if (known) known.push(entry);
		else this.entries.set(entry.key, [entry]);
	}

	private async writeWhenDue(): Promise<void> {
		do {
			await this.untilDue();
			await this.write();
		} while (this.hasNewEntries);
		this.writing = undefined;
	}

	/** After a stop, it's due at once. */
	private async untilDue(): Promise<void> {
		try {
			do await this.clock.sleep(TICK_MS);
			while (!this.isClosing && this.clock.now() < this.dueAt());
		} catch {
			this.isClosing = true;
		}
	}

	private dueAt(): number {
		const awaited = awaitedIn(this.pending);
		if (awaited === 0) {
			if (this.pending.some(({ entry }) => entry.state === 'made')) {
				return this.writtenAt + MAX_WAIT_MS;
			}
			const interval = clamp(INTERVAL_PER_WRITE * this.writeMs, MIN_INTERVAL_MS, MAX_INTERVAL_MS);
			return this.writtenAt + interval;
		}
		const pause = Math.max(PAUSE_PER_WRITE * this.writeMs, MAX_TOTAL_WAIT_MS / awaited);
		const startPause = START_PAUSE_MS * (this.storedCreates / awaited);
		return this.writtenAt + Math.min(MAX_WAIT_MS, pause, startPause);
	}

	/** What nothing waits for is tried again with the next write. */
	private async write(): Promise<void> {
		const batch = this.pending;
		this.pending = [];
		this.hasNewEntries = false;
		const startedAt = this.clock.now();
		const written = await this.table.append(batch.map(({ entry }) => entry));
		this.writtenAt = this.clock.now();
		this.writeMs = this.writtenAt - startedAt;
		if (written.ok) this.storedCreates += awaitedIn(batch);
		else {
			this.lastFailure = written.failure;
			for (const { entry, onStored } of batch) if (onStored) this.forget(entry);
			this.pending.unshift(...batch.filter(({ onStored }) => !onStored));
		}
		for (const { onStored } of batch) onStored?.(written.ok ? undefined : written.failure);
	}

	private forget(entry: MemoryEntry): void {
		const entries = this.entries.get(entry.key) ?? [];
		this.entries.set(
			entry.key,
			entries.filter((known) => known !== entry),
		);
	}
}

function awaitedIn(entries: readonly PendingEntry[]): number {
	return entries.filter(({ onStored }) => onStored !== undefined).length;
}

function idsOf(entries: readonly RememberedEntry[]): string[] {
	return uniq(entries.flatMap(({ taskId }) => taskId ?? []));
}

/** The memory of one row. */
export class RowMemory {
	private isSent = false;

	constructor(
		private readonly memory: Memory,
		private readonly row: Pick<MemoryEntry, 'row' | 'rowKey' | 'input'>,
	) {}

	get tableName(): string {
		return this.memory.tableName;
	}

	find(key: string): RememberedTasks | undefined {
		return this.memory.find(key);
	}

	/** Before the create is sent. Returns why it mustn't be. */
	async storeSent(key: string): Promise<Failure | undefined> {
		if (this.isSent) return undefined;
		const failure = await this.memory.store(this.entry(key, { state: 'sent' }));
		this.isSent = failure === undefined;
		return failure;
	}

	/** The create certainly wasn't accepted. */
	noteRejected(key: string): void {
		if (this.isSent) this.memory.note(this.entry(key, { state: 'failed' }));
		this.isSent = false;
	}

	noteMade(key: string, taskIds: readonly string[], at: number): void {
		for (const taskId of taskIds) {
			this.memory.note(this.entry(key, { state: 'made', taskId, at }));
		}
		this.isSent = false;
	}

	noteDelivered(key: string, taskId: string, links: readonly string[], cost?: Cost): void {
		this.memory.note(this.entry(key, { state: 'delivered', taskId, links, cost }));
	}

	noteFailed(key: string, taskId: string, cost?: Cost): void {
		this.memory.note(this.entry(key, { state: 'failed', taskId, cost }));
	}

	private entry(
		key: string,
		state: Partial<MemoryEntry> & Pick<MemoryEntry, 'state'>,
	): MemoryEntry {
		return { ...this.row, key, at: this.memory.now(), ...state };
	}
}
