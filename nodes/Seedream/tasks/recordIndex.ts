import { isTaskRecord, type TaskRecord } from './ledgerData';

/** Where a row stands. */
interface Position {
	execution: string;
	iteration: number;
	row: number;
}

/** Finds records by position and by fingerprint. It isn't updated, so matches are checked again. */
export class RecordIndex {
	private readonly byPosition = new Map<string, TaskRecord[]>();

	private readonly byFingerprint = new Map<string, TaskRecord[]>();

	readonly keys = new Set<string>();

	constructor(records: readonly unknown[]) {
		for (const record of records.filter(isTaskRecord)) {
			for (const key of [record.key, ...record.past.keys]) this.keys.add(key);
			append(this.byPosition, positionKey(record), record);
			append(this.byFingerprint, record.fingerprint, record);
		}
	}

	/** From an earlier try of the same execution. */
	findByPosition(position: Position, fingerprint?: string): TaskRecord | undefined {
		return this.byPosition
			.get(positionKey(position))
			?.find(
				(record) =>
					isAt(record, position) &&
					record.execution === position.execution &&
					(fingerprint === undefined || record.fingerprint === fingerprint),
			);
	}

	/** From another execution, or reclaimable from an earlier iteration of a loop. */
	findByFingerprint(position: Position, fingerprint: string): TaskRecord | undefined {
		const records = this.byFingerprint.get(fingerprint) ?? [];
		const isReclaimable = (record: TaskRecord) =>
			record.isReclaimable && record.iteration < position.iteration;
		return (
			records.find((record) => isAt(record, position) && record.execution !== position.execution) ??
			records.find((record) => isReclaimable(record) && record.row === position.row) ??
			records.find(isReclaimable)
		);
	}

	/** What the row's output lacked, and no later iteration has taken over. */
	unclaimedLeftOvers(record: TaskRecord): TaskRecord[] {
		return (this.byPosition.get(positionKey(record)) ?? []).filter(
			({ leftOver, key }) => leftOver?.isFree === true && key === record.key,
		);
	}
}

function isAt(record: TaskRecord, { iteration, row }: Position): boolean {
	return record.iteration === iteration && record.row === row && !record.leftOver?.isFree;
}

function positionKey({ iteration, row }: Omit<Position, 'execution'>): string {
	return `${iteration}/${row}`;
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
	const list = lists.get(key);
	if (list) list.push(value);
	else lists.set(key, [value]);
}
