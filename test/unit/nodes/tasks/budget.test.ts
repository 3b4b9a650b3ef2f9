import { Budget } from '../../../../nodes/Seedream/tasks/budget';
import type { RowRecord } from '../../../../nodes/Seedream/tasks/rowRecord';
import { noData, open, requestFor } from './ledgerFixtures';

/** A budget, and rows that cost at most `maxUsd` each. */
function budgetOf(limitUsd: number, maxUsd: number) {
	const ledger = open(noData());
	const budget = new Budget(limitUsd, () => ledger.costUsd());
	const record = (row: number): RowRecord => {
		const { fingerprint, input } = requestFor(`Row ${row}`);
		return ledger.openRecord(row, { fingerprint, input: { ...input, maxUsd } });
	};
	const decided = new Map<number, boolean>();
	const rows = Array.from({ length: 5 }, (_, row) => record(row));
	const admit = async (row: number) => {
		void budget
			.admit(row, rows[row] as RowRecord)
			.then((isAdmitted) => decided.set(row, isAdmitted));
		await Promise.resolve();
		await Promise.resolve();
	};
	const end = async (row: number, usd: number | undefined) => {
		const one = rows[row] as RowRecord;
		if (usd === undefined) one.markEnded({ kind: 'failed' });
		else one.markEnded({ kind: 'done', usd });
		budget.settle(one);
		await Promise.resolve();
		await Promise.resolve();
	};
	return { budget, ledger, rows, decided, admit, end };
}

it('a row is admitted if its maximum cost fits, even exactly', async () => {
	// 0.1 + 0.2 isn't 0.3 for a computer.
	const { admit, decided, ledger } = budgetOf(0.3, 0.1);
	for (const row of [0, 1, 2]) await admit(row);

	expect([...decided]).toEqual([
		[0, true],
		[1, true],
		[2, true],
	]);
	expect(ledger.costUsd()).toBeCloseTo(0.3, 9);
});

it('a hundred rows fit into a hundred times a fraction of a cent', () => {
	const usd = 2.25 / 68;
	const budget = new Budget(100 * usd, () => 0);
	expect(budget.fitting(Array<number>(101).fill(usd)).filter(Boolean)).toHaveLength(100);
});

it('a row that does not fit is refused at once if nothing is in progress', async () => {
	const { admit, decided } = budgetOf(0.1, 0.2);
	await admit(0);
	expect(decided.get(0)).toBe(false);
});

it('a row that does not fit waits for those in progress, and is refused once they have cost as much', async () => {
	const { admit, end, decided } = budgetOf(0.2, 0.1);
	for (const row of [0, 1, 2]) await admit(row);
	expect(decided.has(2)).toBe(false);
	await end(0, 0.1);
	expect(decided.has(2)).toBe(false);
	await end(1, 0.1);
	expect(decided.get(2)).toBe(false);
});

it.each<[string, number | undefined]>([
	['fails without a charge', undefined],
	['costs less than its maximum', 0.01],
])('a row that %s makes room for the first one that waits', async (_title, usd) => {
	const { admit, end, decided } = budgetOf(0.11, 0.1);
	for (const row of [0, 3, 1]) await admit(row);
	await end(0, usd);

	expect(decided.get(1)).toBe(true);
	expect(decided.has(3)).toBe(false);
});

it('a row that costs more than its maximum leaves that much less for the others', async () => {
	const { admit, end, decided } = budgetOf(0.3, 0.1);
	await admit(0);
	await end(0, 0.25);
	await admit(1);
	expect(decided.get(1)).toBe(false);
});

it('a row whose cost is not known counts with its maximum', async () => {
	const { admit, rows, budget, decided, ledger } = budgetOf(0.15, 0.1);
	await admit(0);
	rows[0]?.markEnded({ kind: 'done' });
	budget.settle(rows[0] as RowRecord);
	await admit(1);

	expect(ledger.costUsd()).toBeCloseTo(0.1, 9);
	expect(decided.get(1)).toBe(false);
});

it('the rows that fit are the first ones, and later ones that are cheaper', () => {
	const budget = new Budget(1, () => 0.2);
	expect(budget.fitting([0.5, 0.5, 0.3, 0.1])).toEqual([true, false, true, false]);
});

it('settling a row that was never admitted changes nothing', async () => {
	const { admit, budget, rows, decided } = budgetOf(0.1, 0.1);
	await admit(0);
	await admit(1);
	budget.settle(rows[2] as RowRecord);
	expect(decided.has(1)).toBe(false);
});
