import { type LedgerScope, Ledger, type RowRequest } from '../../../../nodes/Seedream/tasks/ledger';
import { readLedgerData, type LedgerData } from '../../../../nodes/Seedream/tasks/ledgerData';

const REQUEST: RowRequest = {
	fingerprint: 'fingerprint of A lake',
	input: { provider: 'evoLink', model: 'm', prompt: 'A lake', images: 3 },
};

const SCOPE: LedgerScope = {
	execution: '1',
	keySeed: 'seed',
	nodeSeed: 'node-seed',
	iteration: 0,
	isTool: false,
	isRestarted: false,
};

/** The images that were missing in the output of a row of the first iteration. */
const MISSING = [1, 2].map((index) => ({ taskId: 'task-1', index }));

function firstIteration(
	data: LedgerData,
	missing: Array<{ taskId: string; index?: number }> = MISSING,
) {
	const ledger = new Ledger(data, SCOPE);
	const record = ledger.openRecord(0, REQUEST);
	record.markCreated(['task-1'], 1_000);
	record.markEnded({ kind: 'done', missing });
	ledger.markDelivered();
	ledger.close();
}

/** As n8n saves it. */
const saved = (data: LedgerData) => readLedgerData(JSON.parse(JSON.stringify(data)));

it('a missing image is taken over by exactly one row of a later iteration', () => {
	const data = readLedgerData(undefined);
	firstIteration(data);
	const ledger = new Ledger(saved(data), { ...SCOPE, iteration: 1 });
	const records = [0, 1, 2].map((row) => ledger.openRecord(row, REQUEST));
	expect(records.map((record) => record.leftOver()?.index)).toEqual([1, 2, undefined]);
	expect(records.map((record) => record.tasks()?.taskIds)).toEqual([
		['task-1'],
		['task-1'],
		undefined,
	]);
});

it('a retry gets the whole row again, and no other row gets its missing images', () => {
	for (const execution of ['1', '2']) {
		const data = readLedgerData(undefined);
		firstIteration(data);
		const again = saved(data);
		const retry = new Ledger(again, { ...SCOPE, execution });
		const record = retry.openRecord(0, REQUEST);
		expect(record.leftOver()).toBeUndefined();
		expect(record.tasks()?.taskIds).toEqual(['task-1']);
		record.markEnded({ kind: 'done', missing: [] });
		retry.markDelivered();
		retry.close();
		const later = new Ledger(again, { ...SCOPE, execution, iteration: 1 });
		expect(later.openRecord(0, REQUEST).tasks()).toBeUndefined();
	}
});

it('a row that took over a missing image gets just that on every try, and passes it on if it fails', () => {
	const data = readLedgerData(undefined);
	firstIteration(data, MISSING.slice(0, 1));
	for (const how of ['done', 'open'] as const) {
		const ledger = new Ledger(data, { ...SCOPE, iteration: 1 });
		const record = ledger.openRecord(0, REQUEST);
		expect(record.leftOver()?.index).toBe(1);
		record.markEnded(how === 'done' ? { kind: how, missing: MISSING.slice(0, 1) } : { kind: how });
		ledger.markDelivered();
		ledger.close();
	}
	const later = new Ledger(data, { ...SCOPE, iteration: 2 });
	const rows = [0, 1].map((row) => later.openRecord(row, REQUEST));
	expect(rows.map((record) => record.leftOver()?.index)).toEqual([1, undefined]);
	expect(rows[1]?.tasks()).toBeUndefined();
});

it('a whole task may be missing as well', () => {
	const data = readLedgerData(undefined);
	firstIteration(data, [{ taskId: 'task-1' }]);
	const record = new Ledger(data, { ...SCOPE, iteration: 1 }).openRecord(0, REQUEST);
	expect(record.leftOver()).toMatchObject({ taskId: 'task-1' });
	expect(record.leftOver()?.index).toBeUndefined();
	expect(record.tasks()?.taskIds).toEqual(['task-1']);
});

it('a row with another request takes over no missing images', () => {
	const data = readLedgerData(undefined);
	firstIteration(data);
	const other = { ...REQUEST, fingerprint: 'fingerprint of A hill' };
	expect(new Ledger(data, { ...SCOPE, iteration: 1 }).openRecord(0, other).tasks()).toBeUndefined();
});

it('a row without missing images leaves nothing to take over', () => {
	const data = readLedgerData(undefined);
	firstIteration(data, []);
	expect(data.records).toHaveLength(1);
	expect(
		new Ledger(data, { ...SCOPE, iteration: 1 }).openRecord(0, REQUEST).tasks(),
	).toBeUndefined();
});
