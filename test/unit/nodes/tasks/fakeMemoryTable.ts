import type { Failure, Result } from '../../../../nodes/Seedream/errors/failure';
import { tableNotWritten } from '../../../../nodes/Seedream/errors/memoryFailures';
import type {
	MemoryEntry,
	MemoryTable,
	RememberedEntry,
} from '../../../../nodes/Seedream/tasks/memory';

export const BROKEN_TABLE: Failure = tableNotWritten('Tasks', 'the disk is full');

/** A table in memory, which several executions can open one after the other. */
export class FakeMemoryTable implements MemoryTable {
	readonly name = 'Tasks';

	readonly entries: RememberedEntry[] = [];

	/** The states of the entries in each write. */
	readonly writes: string[][] = [];

	isBroken = false;

	beforeWrite?: (rows: number) => Promise<void>;

	async open(): Promise<Result<RememberedEntry[]>> {
		return { ok: true, value: [...this.entries] };
	}

	async append(entries: readonly MemoryEntry[]): Promise<Result<void>> {
		await this.beforeWrite?.(entries.length);
		if (this.isBroken) return { ok: false, failure: BROKEN_TABLE };
		this.writes.push(entries.map(({ state }) => state));
		this.entries.push(...entries);
		return { ok: true, value: undefined };
	}

	/** "sent", "made task-1" and so on. */
	states(): string[] {
		return this.entries.map(({ state, taskId }) => [state, taskId].filter(Boolean).join(' '));
	}
}
