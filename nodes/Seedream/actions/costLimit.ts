import { sum } from 'lodash';

import { batchTooExpensive, budgetReached, unknownPrice } from '../errors/costFailures';
import type { Failure } from '../errors/failure';
import { Budget } from '../tasks/budget';
import type { Ledger } from '../tasks/ledger';
import type { ProviderClient } from '../tasks/providerClient';
import type { RowRecord } from '../tasks/rowRecord';
import { newRequest, type RowToGenerate } from './rowTasks';

/** A row whose model's price isn't known can't be held against 'Maximum Cost'. */
export function priceProblem({ options, input }: RowToGenerate): string[] {
	return options.maxCost > 0 && input.maxUsd === undefined ? [unknownPrice(input.model)] : [];
}

/** Keeps an execution of the node below 'Maximum Cost', over its tries and iterations. */
export class CostLimit {
	private readonly budget: Budget;

	private constructor(
		private readonly limitUsd: number,
		private readonly ledger: Ledger,
	) {
		this.budget = new Budget(limitUsd, () => ledger.costUsd());
	}

	/** 'Maximum Cost' belongs to the node, not to a row: the first row decides. */
	static of([first]: readonly RowToGenerate[], ledger: Ledger): CostLimit | undefined {
		const limitUsd = first?.options.maxCost ?? 0;
		return limitUsd > 0 ? new CostLimit(limitUsd, ledger) : undefined;
	}

	/** Why the rows can't all be sent. */
	refusal(rows: readonly RowToGenerate[]): Failure | undefined {
		const { limitUsd, ledger } = this;
		// What exists, or may exist, is counted already.
		const costs = rows.map((row) => (newRequest(row) ? (row.input.maxUsd ?? 0) : 0));
		const fits = this.budget.fitting(costs);
		if (fits.every(Boolean)) return undefined;
		return batchTooExpensive({
			limitUsd,
			spentUsd: ledger.costUsd(),
			rowsUsd: sum(costs),
			rows: rows.length,
			fitting: fits.filter(Boolean).length,
		});
	}

	/** Why the row isn't sent; undefined once it may be. */
	async admit(
		row: number,
		record: RowRecord,
		client: ProviderClient,
	): Promise<Failure | undefined> {
		const isCounted = !record.isUncounted(client.honorsIdempotencyKeys());
		if (isCounted || (await this.budget.admit(row, record))) return undefined;
		const { maxUsd = 0 } = record.input;
		const charged = record.mayExist() ? 'unknown' : 'no';
		return budgetReached(client.provider, maxUsd, this.ledger.costUsd(), this.limitUsd, charged);
	}

	/** The row has ended, or was stopped. */
	settle(record: RowRecord): void {
		record.releaseCost();
		this.budget.settle(record);
	}
}
