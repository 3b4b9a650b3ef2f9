import type { RowRecord } from './rowRecord';

interface WaitingRow {
	row: number;
	record: RowRecord;
	decide: (isAdmitted: boolean) => void;
}

/** For sums of amounts with fractions of a cent. */
const TOLERANCE_USD = 1e-9;

/**
 * Keeps what an execution costs below a limit, in US dollars. A row counts with its maximum cost from
 * the moment it's admitted, and with its real cost once that's known.
 */
export class Budget {
	private readonly waiting: WaitingRow[] = [];

	private readonly inProgress = new Set<RowRecord>();

	/** `costUsd` returns what the execution costs by now. */
	constructor(
		private readonly limitUsd: number,
		private readonly costUsd: () => number,
	) {}

	/** Whether the row's create may be sent. Waits as long as another row might turn out cheaper. */
	async admit(row: number, record: RowRecord): Promise<boolean> {
		if (this.tryToAdmit(record)) return true;
		if (this.inProgress.size === 0) return false;
		return await new Promise((decide) => {
			this.waiting.push({ row, record, decide });
			this.waiting.sort((a, b) => a.row - b.row);
		});
	}

	/** A row has ended, so that its cost is final. */
	settle(record: RowRecord): void {
		if (!this.inProgress.delete(record)) return;
		for (const one of [...this.waiting]) {
			if (this.tryToAdmit(one.record)) this.decide(one, true);
		}
		if (this.inProgress.size > 0) return;
		for (const one of [...this.waiting]) this.decide(one, false);
	}

	/** Which of the rows fit, in their order, if each costs the most that it can. */
	fitting(costsUsd: readonly number[]): boolean[] {
		let total = this.costUsd();
		return costsUsd.map((usd) => {
			const fits = this.isWithin(total + usd);
			if (fits) total += usd;
			return fits;
		});
	}

	private tryToAdmit(record: RowRecord): boolean {
		if (!this.isWithin(this.costUsd() + (record.input.maxUsd ?? 0))) return false;
		record.holdCost();
		this.inProgress.add(record);
		return true;
	}

	private isWithin(usd: number): boolean {
		return usd <= this.limitUsd + TOLERANCE_USD;
	}

	private decide(one: WaitingRow, isAdmitted: boolean): void {
		this.waiting.splice(this.waiting.indexOf(one), 1);
		one.decide(isAdmitted);
	}
}
