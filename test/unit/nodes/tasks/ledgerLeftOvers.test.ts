import {
	ledgerData,
	openLedger,
	type RequestFingerprint,
	type LedgerData,
	type LedgerScope,
} from '../../../../nodes/Seedream/tasks/ledger';

const ASKED: RequestFingerprint = {
	identity: { prompt: 'A lake' },
	input: { provider: 'evoLink', model: 'm', prompt: 'A lake', images: 3 },
};

const TURN: LedgerScope = { execution: '1', keySeed: 'seed', iteration: 0, isTool: false };

/** The images that a row of the first turn did not hand on with the others. */
const MISSING = [1, 2].map((index) => ({ taskId: 'task-1', index }));

function firstTurn(data: LedgerData, missing: Array<{ taskId: string; index?: number }> = MISSING) {
	const ledger = openLedger(data, TURN);
	const record = ledger.record(0, ASKED);
	record.made(['task-1'], 1_000);
	record.ended({ kind: 'done', missing });
	ledger.markDelivered();
	ledger.close();
}

/** As n8n saves it. */
const saved = (data: LedgerData) => ledgerData(JSON.parse(JSON.stringify(data)));

it('each missing image is taken by one row of a later turn, and by no second', () => {
	const data = ledgerData(undefined);
	firstTurn(data);
	const ledger = openLedger(saved(data), { ...TURN, iteration: 1 });
	const records = [0, 1, 2].map((row) => ledger.record(row, ASKED));
	expect(records.map((record) => record.leftOver()?.index)).toEqual([1, 2, undefined]);
	expect(records.map((record) => record.tasks()?.taskIds)).toEqual([
		['task-1'],
		['task-1'],
		undefined,
	]);
});

it('a retry has the whole row again, and what it left is left to nobody else', () => {
	for (const execution of ['1', '2']) {
		const data = ledgerData(undefined);
		firstTurn(data);
		const again = saved(data);
		const retry = openLedger(again, { ...TURN, execution });
		const record = retry.record(0, ASKED);
		expect(record.leftOver()).toBeUndefined();
		expect(record.tasks()?.taskIds).toEqual(['task-1']);
		record.ended({ kind: 'done', missing: [] });
		retry.markDelivered();
		retry.close();
		const later = openLedger(again, { ...TURN, execution, iteration: 1 });
		expect(later.record(0, ASKED).tasks()).toBeUndefined();
	}
});

it('a row that took what was left has just that on every try, and leaves it if it fails', () => {
	const data = ledgerData(undefined);
	firstTurn(data, MISSING.slice(0, 1));
	for (const how of ['done', 'open'] as const) {
		const ledger = openLedger(data, { ...TURN, iteration: 1 });
		const record = ledger.record(0, ASKED);
		expect(record.leftOver()?.index).toBe(1);
		record.ended(how === 'done' ? { kind: how, missing: MISSING.slice(0, 1) } : { kind: how });
		ledger.markDelivered();
		ledger.close();
	}
	const later = openLedger(data, { ...TURN, iteration: 2 });
	const rows = [0, 1].map((row) => later.record(row, ASKED));
	expect(rows.map((record) => record.leftOver()?.index)).toEqual([1, undefined]);
	expect(rows[1]?.tasks()).toBeUndefined();
});

it('a whole task may be left as well', () => {
	const data = ledgerData(undefined);
	firstTurn(data, [{ taskId: 'task-1' }]);
	const record = openLedger(data, { ...TURN, iteration: 1 }).record(0, ASKED);
	expect(record.leftOver()).toMatchObject({ taskId: 'task-1' });
	expect(record.leftOver()?.index).toBeUndefined();
	expect(record.tasks()?.taskIds).toEqual(['task-1']);
});

it('a row that asks for something else takes nothing of it', () => {
	const data = ledgerData(undefined);
	firstTurn(data);
	const other = { ...ASKED, identity: { prompt: 'A hill' } };
	expect(
		openLedger(data, { ...TURN, iteration: 1 })
			.record(0, other)
			.tasks(),
	).toBeUndefined();
});

it('a row that handed on everything leaves nothing', () => {
	const data = ledgerData(undefined);
	firstTurn(data, []);
	expect(data.records).toHaveLength(1);
	expect(
		openLedger(data, { ...TURN, iteration: 1 })
			.record(0, ASKED)
			.tasks(),
	).toBeUndefined();
});
