import type { Ledger, RowRequest } from '../../../../nodes/Seedream/tasks/ledger';
import { BODY, noData, open, requestFor } from './ledgerFixtures';

/** What the ledger says that an execution costs, or may cost. */

const pricedRow = (prompt = 'A lake', changes: Partial<RowRequest['input']> = {}): RowRequest => {
	const { fingerprint, input } = requestFor(prompt);
	return { fingerprint, input: { ...input, maxUsd: 0.1, ...changes } };
};

/** A row whose create was sent, and whose cost is held. */
function send(ledger: Ledger, row = 0, request = pricedRow()) {
	const record = ledger.openRecord(row, request);
	record.holdCost();
	record.markSent(BODY, 1_000);
	return record;
}

/** A row with a task. */
function make(ledger: Ledger, row = 0, request = pricedRow()) {
	const record = send(ledger, row, request);
	record.markCreated([`task-${row}`], 1_000);
	return record;
}

describe('the cost of an execution', () => {
	it("includes a row's maximum from the moment when its create is sent", () => {
		const ledger = open();
		send(ledger);
		expect(ledger.costUsd()).toBe(0.1);
	});

	it('still includes it while a rejected create waits to be sent again', () => {
		const ledger = open();
		const record = send(ledger);
		record.markRejected();
		expect(ledger.costUsd()).toBe(0.1);
		record.markEnded({ kind: 'failed' });
		expect(ledger.costUsd()).toBe(0);
	});

	it.each<[string, Parameters<ReturnType<typeof make>['markEnded']>[0], number]>([
		['what the provider charged', { kind: 'done', usd: 0.03 }, 0.03],
		['more than the maximum, if that was charged', { kind: 'done', usd: 0.25 }, 0.25],
		['the maximum, if the charge is not known', { kind: 'done' }, 0.1],
		['the maximum, if the task is still running', { kind: 'open' }, 0.1],
		['the maximum, if a failed task was charged', { kind: 'spent', charged: 'yes' }, 0.1],
		[
			'the maximum, if a failed task may have been charged',
			{ kind: 'spent', charged: 'unknown' },
			0.1,
		],
		['nothing, if the task failed without a charge', { kind: 'failed' }, 0],
	])('in the end includes %s', (_title, end, usd) => {
		const ledger = open();
		make(ledger).markEnded(end);
		expect(ledger.costUsd()).toBeCloseTo(usd, 9);
	});

	it('is released for a row that was stopped before its create was accepted', () => {
		const ledger = open();
		const waiting = ledger.openRecord(0, pricedRow());
		waiting.holdCost();
		const rejected = send(ledger, 1);
		rejected.markRejected();
		const made = make(ledger, 2);
		for (const record of [waiting, rejected, made]) record.releaseCost();
		expect(ledger.costUsd()).toBeCloseTo(0.1, 9);
	});

	it('is the same after another try, which resumes the task', () => {
		const data = noData();
		make(open(data));
		const again = open(data);
		const record = again.openRecord(0, pricedRow());
		expect(record.isUncounted(true)).toBe(false);
		record.markEnded({ kind: 'done', usd: 0.03 });
		expect(again.costUsd()).toBeCloseTo(0.03, 9);
	});

	it('counts a failed row once more when a later try generates it', () => {
		const data = noData();
		make(open(data)).markEnded({ kind: 'failed' });
		const again = open(data);
		expect(again.openRecord(0, pricedRow()).isUncounted(true)).toBe(true);
		make(again).markEnded({ kind: 'done', usd: 0.03 });
		expect(again.costUsd()).toBeCloseTo(0.03, 9);
	});

	it('keeps what a charged task cost when another execution generates the row again', () => {
		const data = noData();
		make(open(data)).markEnded({ kind: 'spent', charged: 'yes' });
		const retry = open(data, { execution: '43' });
		make(retry).markEnded({ kind: 'done', usd: 0.03 });
		expect(retry.costUsd()).toBeCloseTo(0.13, 9);
	});

	it('keeps what an unconfirmed create may have cost when a person has it sent again', () => {
		const data = noData();
		send(open(data)).markEnded({ kind: 'open' });
		const retry = open(data, { execution: '43' });
		const record = retry.openRecord(0, pricedRow());
		expect(record.isUncounted(true)).toBe(false);
		expect(record.isUncounted(false)).toBe(true);
		record.holdCost();
		expect(retry.costUsd()).toBeCloseTo(0.2, 9);
	});

	it('keeps what an unconfirmed create may have cost when the row then fails for free', () => {
		const data = noData();
		send(open(data)).markEnded({ kind: 'open' });
		const retry = open(data, { execution: '43' });
		retry.openRecord(0, pricedRow()).markEnded({ kind: 'failed' });
		expect(retry.costUsd()).toBeCloseTo(0.1, 9);
	});

	it('is kept over the iterations of a loop, whose records are dropped', () => {
		const data = noData();
		make(open(data)).markEnded({ kind: 'done', usd: 0.03 });
		const next = open(data, { iteration: 1 });
		make(next, 0, pricedRow('Another lake')).markEnded({ kind: 'done', usd: 0.03 });
		expect(next.costUsd()).toBeCloseTo(0.06, 9);
	});

	it('counts what an iteration lacked only once', () => {
		const data = noData();
		const missing = [{ taskId: 'task-0', index: 0 }];
		make(open(data)).markEnded({ kind: 'done', usd: 0.03, missing });
		const next = open(data, { iteration: 1 });
		const record = next.openRecord(0, pricedRow());
		expect(record.isUncounted(false)).toBe(false);
		record.markEnded({ kind: 'done' });
		expect(next.costUsd()).toBeCloseTo(0.03, 9);
	});

	it("is shared by an agent's calls of the same execution", () => {
		const data = noData();
		const [first, second] = [open(data, { isTool: true }), open(data, { isTool: true })];
		make(first).markEnded({ kind: 'done', usd: 0.03 });
		send(second, 0, pricedRow('Another lake'));
		expect(first.costUsd()).toBeCloseTo(0.13, 9);
		expect(second.costUsd()).toBeCloseTo(0.13, 9);
	});
});

describe('a row that falls back', () => {
	const atEvoLink = pricedRow();
	const fallback = { from: 'evoLink', reason: 'EvoLink reports that …' };
	const atApiMart: RowRequest = {
		...atEvoLink,
		input: { ...atEvoLink.input, provider: 'apiMart', maxUsd: 0.2, fallback },
	};

	describe.each([true, false])('as a tool: %s', (isTool) => {
		/** It was rejected at EvoLink and made at APIMart. */
		function fallBack(data = noData()) {
			const ledger = open(data, { isTool });
			const first = send(ledger, 0, atEvoLink);
			first.markRejected();
			first.markEnded({ kind: 'failed' });
			const second = send(ledger, 0, atApiMart);
			second.markCreated(['task-apiMart'], 2_000);
			return { data, ledger, first, second };
		}

		it('has one record, with what its second provider costs', () => {
			const { data, ledger, second } = fallBack();
			expect(data.records).toHaveLength(1);
			expect(ledger.costUsd()).toBeCloseTo(0.2, 9);
			second.markEnded({ kind: 'done', usd: 0.02 });
			expect(ledger.costUsd()).toBeCloseTo(0.02, 9);
		});

		it('has another key at its second provider', () => {
			const data = noData();
			const ledger = open(data, { isTool });
			const first = send(ledger, 0, atEvoLink);
			const key = first.idempotencyKey;
			first.markRejected();
			expect(ledger.openRecord(0, atApiMart).idempotencyKey).not.toBe(key);
		});

		it('is found by a retry of the execution, which only knows its first provider', () => {
			const { data, ledger } = fallBack();
			ledger.close();
			const retry = open(data, { isTool, execution: '43' });
			expect(retry.stateOf(0, atEvoLink)).toBe('made');
			expect(retry.inputOf(0, atEvoLink)).toEqual(atApiMart.input);
			expect(retry.openRecord(0, atEvoLink).tasks()?.taskIds).toEqual(['task-apiMart']);
		});

		it('is saved even if nothing was sent to its first provider', () => {
			const data = noData();
			const ledger = open(data, { isTool });
			ledger.openRecord(0, atEvoLink).markEnded({ kind: 'failed' });
			make(ledger, 0, atApiMart);
			expect(data.records).toHaveLength(1);
			expect(ledger.billable()).toHaveLength(1);
		});
	});
});
