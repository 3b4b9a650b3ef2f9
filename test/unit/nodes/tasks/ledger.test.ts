import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';

import {
	ledgerData,
	type LedgerData,
	type LedgerScope,
	type RowEnd,
	type RowRecord,
} from '../../../../nodes/Seedream/tasks/ledger';
import { asking, BODY, LAKE, noData, open, ORDER } from './ledgers';

/** A run of the property test is repeated with the environment variable SEED. */
const SEED = Number(process.env.SEED ?? 20_261_120);

const FOREST = asking('A dark forest');
const NOW = 1_790_000_000_000;

/** A retry of the execution has another number, and the same seed for its keys. */
const RETRY: Partial<LedgerScope> = { execution: '43' };

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** The record that a row of another try opens. */
function record(
	data: LedgerData,
	iteration: Partial<LedgerScope> = {},
	row = 0,
	fingerprint = LAKE,
) {
	return open(data, iteration).record(row, fingerprint);
}

type End = RowEnd['kind'];

const ending = (kind: End): RowEnd => (kind === 'spent' ? { kind, charged: 'yes' } : { kind });

/** A try of one row that made `task-1`, and how it ended. */
function madeTask(end?: End, { isDelivered = false, iteration = {}, row = 0 } = {}): LedgerData {
	const data = noData();
	const ledger = open(data, iteration);
	const first = ledger.record(row, LAKE);
	first.sent(BODY, NOW);
	first.made(['task-1'], NOW + 5);
	if (end) first.ended(ending(end));
	if (isDelivered) ledger.markDelivered();
	return data;
}

/** A try of one row whose create was sent, and never answered. */
function unconfirmedCreate(end?: End, iteration: Partial<LedgerScope> = {}): LedgerData {
	const data = noData();
	const first = record(data, iteration);
	first.sent(BODY, NOW);
	if (end) first.ended(ending(end));
	return data;
}

const keyIn = (data: LedgerData, iteration: Partial<LedgerScope> = {}) =>
	record(data, iteration).idempotencyKey;
const FIRST_KEY = keyIn(noData());

const TASKS = { taskIds: ['task-1'], at: NOW + 5 };
const LOST = { at: NOW, lastAt: NOW, body: BODY };
const SPENT = { taskIds: ['task-1'], charged: 'yes' };

const firstTask = (row: RowRecord) => row.tasks()?.taskIds[0];

describe('a row without a past', () => {
	it('has nothing', () => {
		const first = record(noData());
		expect(first.tasks()).toBeUndefined();
		expect(first.unconfirmed()).toBeUndefined();
		expect(first.spentTasks()).toBeUndefined();
		expect(first.warning()).toBeUndefined();
		expect(first.input).toEqual(ORDER);
		expect(first.idempotencyKey).toMatch(/^[\da-f]{64}$/);
	});

	it('has nothing either after a create that was refused', () => {
		const data = noData();
		const first = record(data);
		first.sent(BODY, NOW);
		first.refused();
		expect(first.unconfirmed()).toBeUndefined();
		first.ended({ kind: 'failed' });
		const second = record(copy(data));
		expect(second.tasks()).toBeUndefined();
		expect(second.unconfirmed()).toBeUndefined();
		expect(second.idempotencyKey).toBe(FIRST_KEY);
	});

	it('has its tasks as soon as they are made', () => {
		const first = record(noData());
		first.sent(BODY, NOW);
		expect(first.tasks()).toBeUndefined();
		first.made(['task-1', 'task-2'], NOW + 5);
		expect(first.tasks()).toMatchObject({ ...TASKS, taskIds: ['task-1', 'task-2'] });
	});
});

describe('another try of the same turn finds the task of its row', () => {
	it.each<[string, LedgerData]>([
		['of a try that was broken off', madeTask()],
		['of a row that was done', madeTask('done')],
		['of a row that was done and handed on', madeTask('done', { isDelivered: true })],
		['of a row that was left open', madeTask('open')],
		['of a row that was left open in a try that went on', madeTask('open', { isDelivered: true })],
	])('%s', (_what, data) => {
		expect(record(copy(data)).tasks()).toMatchObject(TASKS);
		expect(record(copy(data), RETRY).tasks()).toMatchObject(TASKS);
	});

	it('as often as it looks', () => {
		const data = madeTask('open');
		for (let tries = 0; tries < 5; tries += 1) {
			const next = record(data);
			expect(next.tasks()).toMatchObject(TASKS);
			next.ended({ kind: 'open' });
		}
	});

	it('which counts as not handed on any more: n8n has thrown it away', () => {
		const data = madeTask('done', { isDelivered: true });
		record(data).ended({ kind: 'open' });
		expect(record(copy(data), { iteration: 1 }).tasks()).toMatchObject(TASKS);
	});

	it('and hands it on anew', () => {
		const data = madeTask('done', { isDelivered: true });
		const again = open(data);
		again.record(0, LAKE).ended({ kind: 'done' });
		again.markDelivered();
		expect(record(copy(data), { iteration: 1 }).tasks()).toBeUndefined();
	});

	it('and not that of another row that asks for the same', () => {
		const data = noData();
		const ledger = open(data);
		for (const row of [0, 1]) ledger.record(row, LAKE).made([`task-of-${row}`], NOW);
		const again = open(copy(data));
		expect(again.record(1, LAKE).tasks()).toMatchObject({ taskIds: ['task-of-1'] });
		expect(again.record(2, LAKE).tasks()).toBeUndefined();
		expect(again.record(0, LAKE).tasks()).toMatchObject({ taskIds: ['task-of-0'] });
	});

	it('with what people have to be told of it', () => {
		const data = noData();
		record(data).made(['task-1'], NOW, 'It may have been made twice');
		expect(record(copy(data)).warning()).toBe('It may have been made twice');
	});
});

describe('whatever a row asks for now, within one execution and turn', () => {
	it.each<[string, LedgerData, object | undefined]>([
		['a task', madeTask('open'), ORDER],
		['a task that was handed on', madeTask('done', { isDelivered: true }), ORDER],
		['a lost create', unconfirmedCreate('open'), ORDER],
		['a task that ended and was charged', madeTask('spent'), ORDER],
		['a task that failed', madeTask('failed'), undefined],
		['nothing', noData(), undefined],
	])('is known of what it was made: %s', (_what, data, input) => {
		expect(open(copy(data)).made(0)).toEqual(input);
		expect(open(copy(data)).made(1)).toBeUndefined();
		expect(open(copy(data), { iteration: 1 }).made(0)).toBeUndefined();
		expect(open(copy(data), RETRY).made(0)).toBeUndefined();
	});

	it.each([['nothing', undefined] as const, ['something else', FOREST] as const])(
		'its task and its lost create are found: %s',
		(_what, fingerprint) => {
			const made = open(madeTask('open')).record(0, fingerprint);
			expect(made.tasks()).toMatchObject(TASKS);
			expect(made.input).toEqual(ORDER);
			const lost = open(unconfirmedCreate('open')).record(0, fingerprint);
			expect(lost.unconfirmed()).toEqual({ ...LOST, isSeen: false });
			expect(lost.idempotencyKey).toBe(FIRST_KEY);
		},
	);

	it('one that was refused is made of what it asks for now, under another key', () => {
		const data = noData();
		const first = record(data);
		first.sent(BODY, NOW);
		first.refused();
		first.ended({ kind: 'failed' });
		const other = record(data, {}, 0, FOREST);
		expect(other.input).toEqual(FOREST.input);
		expect(other.idempotencyKey).not.toBe(FIRST_KEY);
		const back = record(data);
		expect(back.input).toEqual(ORDER);
		expect([FIRST_KEY, other.idempotencyKey]).not.toContain(back.idempotencyKey);
	});
});

describe('in another execution', () => {
	it('what was asked decides', () => {
		const data = madeTask('open');
		expect(open(copy(data), RETRY).stateOf(0, LAKE)).toBe('made');
		expect(open(copy(data), RETRY).stateOf(0, FOREST)).toBeUndefined();
		const other = record(data, RETRY, 0, FOREST);
		expect(other.tasks()).toBeUndefined();
		expect(other.idempotencyKey).not.toBe(FIRST_KEY);
		expect(record(data, RETRY, 0, FOREST).input).toEqual(FOREST.input);
	});

	it('whose row asked for something else meanwhile, the first task is still there', () => {
		const data = madeTask('open');
		record(data, RETRY, 0, FOREST).made(['task-2'], NOW);
		expect(record(data, RETRY, 0, LAKE).tasks()).toMatchObject({ taskIds: ['task-2'] });
		const third = { execution: '44' };
		expect(record(copy(data), third).tasks()).toMatchObject(TASKS);
		expect(record(copy(data), third, 0, FOREST).tasks()).toMatchObject({ taskIds: ['task-2'] });
	});

	it.each<[string, LedgerData, 'made' | 'sent' | undefined]>([
		['a task', madeTask('open'), 'made'],
		['a task that was handed on', madeTask('done', { isDelivered: true }), 'made'],
		['a lost create', unconfirmedCreate('open'), 'sent'],
		['a task that failed', madeTask('failed'), undefined],
		['nothing', noData(), undefined],
	])('looking takes nothing over: %s', (_what, data, state) => {
		const before = copy(data);
		expect(open(data).stateOf(0, LAKE)).toBe(state);
		expect(open(data, RETRY).stateOf(0, LAKE)).toBe(state);
		expect(data).toEqual(before);
	});

	it('what an earlier turn left is seen from any row of a later one', () => {
		expect(open(madeTask('open'), { iteration: 1 }).stateOf(4, LAKE)).toBe('made');
	});
});

describe('the calls of a tool', () => {
	const isTool = true;

	it('have the same place, and are told apart by what they ask for', () => {
		const data = noData();
		const keys = [LAKE, FOREST].map((fingerprint, call) => {
			const own = record(data, { isTool }, 0, fingerprint);
			own.sent(BODY, NOW);
			own.made([`task-${call}`], NOW);
			return own.idempotencyKey;
		});
		expect(new Set(keys).size).toBe(2);
		const again = (fingerprint = LAKE) => firstTask(record(copy(data), { isTool }, 0, fingerprint));
		expect([again(LAKE), again(FOREST), again(asking('A sea'))]).toEqual([
			'task-0',
			'task-1',
			undefined,
		]);
		expect(open(data, { isTool }).made(0)).toBeUndefined();
	});

	it('that are under way leave to each other what they have; one that is over does not', () => {
		const data = noData();
		const [first, second] = [open(data, { isTool }), open(data, { isTool })];
		const own = first.record(0, LAKE);
		own.sent(BODY, NOW);
		const other = second.record(0, LAKE);
		expect(other.unconfirmed()).toBeUndefined();
		expect(other.idempotencyKey).not.toBe(own.idempotencyKey);
		first.close();
		expect(record(data, { isTool }, 0, LAKE).unconfirmed()).toMatchObject({ isSeen: false });
	});

	it('have the same key on every try, and a create that was lost is found', () => {
		const key = record(noData(), { isTool }).idempotencyKey;
		const again = record(copy(unconfirmedCreate('open', { isTool })), { isTool });
		expect(again.idempotencyKey).toBe(key);
		expect(again.unconfirmed()).toEqual({ ...LOST, isSeen: false });
	});
});

describe('a later turn of a loop', () => {
	it.each<[string, LedgerData, boolean]>([
		['left open', madeTask('open'), true],
		['left open in a try that went on', madeTask('open', { isDelivered: true }), true],
		['done and handed on', madeTask('done', { isDelivered: true }), false],
		['done, and not yet handed on', madeTask('done'), false],
		['not ended yet', madeTask(), false],
		['failed', madeTask('failed'), false],
		['spent', madeTask('spent'), false],
	])('takes over the task of a row that is %s: %s', (_what, data, isTaken) => {
		const found = record(copy(data), { iteration: 1 }).tasks();
		if (isTaken) expect(found).toMatchObject(TASKS);
		else expect(found).toBeUndefined();
	});

	it('takes over a task in another execution as well, made by Retry', () => {
		expect(record(madeTask('open'), { iteration: 1, ...RETRY }).tasks()).toMatchObject(TASKS);
	});

	it('takes over a create that was lost, with its key; nobody has seen that', () => {
		const next = record(unconfirmedCreate('open'), { iteration: 1 });
		expect(next.unconfirmed()).toEqual({ ...LOST, isSeen: false });
		expect(next.idempotencyKey).toBe(FIRST_KEY);
	});

	it('takes over that a task ended and was charged', () => {
		expect(record(madeTask('spent'), { iteration: 1 }).spentTasks()).toMatchObject(SPENT);
	});

	it('does not take over a create that may still be answered', () => {
		const next = record(unconfirmedCreate(), { iteration: 1 });
		expect(next.unconfirmed()).toBeUndefined();
		expect(next.idempotencyKey).not.toBe(FIRST_KEY);
	});

	it('takes nothing from a turn to come', () => {
		expect(
			record(madeTask('open', { iteration: { iteration: 2 } }), { iteration: 1 }).tasks(),
		).toBeUndefined();
	});

	it('takes nothing for a row that asks for something else', () => {
		expect(record(madeTask('open'), { iteration: 1 }, 0, FOREST).tasks()).toBeUndefined();
	});

	it('takes each only once, that of the same row first', () => {
		const data = noData();
		const ledger = open(data);
		for (const row of [3, 1, 2]) {
			const left = ledger.record(row, LAKE);
			left.made([`task-of-${row}`], NOW);
			left.ended({ kind: 'open' });
		}
		const next = open(copy(data), { iteration: 1 });
		const taken = [1, 2, 7, 8].map((row) => firstTask(next.record(row, LAKE)));
		expect(taken).toEqual(['task-of-1', 'task-of-2', 'task-of-3', undefined]);
	});

	it('keeps what it took over for its own other tries', () => {
		const data = madeTask('open');
		record(data, { iteration: 1 }, 5);
		const again = open(copy(data), { iteration: 1 });
		expect(again.record(0, LAKE).tasks()).toBeUndefined();
		expect(again.record(5, LAKE).tasks()).toMatchObject(TASKS);
	});

	it('leaves what it took over and did not fetch to the next', () => {
		const data = madeTask('open');
		for (let iteration = 1; iteration < 5; iteration += 1) {
			const next = record(data, { iteration }, iteration);
			expect(next.tasks()).toMatchObject(TASKS);
			next.ended({ kind: 'open' });
		}
	});
});

describe('a task that failed', () => {
	it('is not found again, and its row gets another key', () => {
		const data = madeTask('failed');
		const again = record(copy(data));
		expect(again.tasks()).toBeUndefined();
		expect(again.unconfirmed()).toBeUndefined();
		expect(again.idempotencyKey).not.toBe(FIRST_KEY);
		expect(keyIn(copy(data))).toBe(again.idempotencyKey);
	});

	it('gives another key each time', () => {
		const data = noData();
		const keys = new Set<string>();
		for (let tries = 0; tries < 10; tries += 1) {
			const next = record(data);
			keys.add(next.idempotencyKey);
			next.sent(BODY, NOW);
			next.made([`task-${tries}`], NOW);
			next.ended({ kind: 'failed' });
		}
		expect(keys.size).toBe(10);
	});

	it('is not forgotten over creates that were refused', () => {
		const data = madeTask('failed');
		const second = record(data);
		const key = second.idempotencyKey;
		for (let tries = 0; tries < 3; tries += 1) {
			const next = record(data);
			expect(next.idempotencyKey).toBe(key);
			next.sent(BODY, NOW);
			next.refused();
			next.sent(BODY, NOW + 1);
			next.refused();
			next.ended({ kind: 'failed' });
		}
	});

	it('is not forgotten over a try that came to nothing before its create', () => {
		const data = madeTask('failed');
		record(data).ended({ kind: 'failed' });
		expect(keyIn(data)).not.toBe(FIRST_KEY);
	});

	it('keeps the other key for a create that was lost then', () => {
		const data = madeTask('failed');
		const second = record(data);
		second.sent(BODY, NOW + 9);
		second.ended({ kind: 'open' });
		const third = record(copy(data));
		expect(third.unconfirmed()).toEqual({ ...LOST, at: NOW + 9, lastAt: NOW + 9, isSeen: false });
		expect(third.idempotencyKey).toBe(second.idempotencyKey);
	});

	it('and was or may have been charged is not made again in this execution', () => {
		const data = madeTask('spent');
		for (const fingerprint of [LAKE, FOREST, undefined]) {
			const again = open(copy(data)).record(0, fingerprint);
			expect(again.spentTasks()).toMatchObject(SPENT);
			expect(again.tasks()).toBeUndefined();
		}
	});

	it('and was or may have been charged is made again in another, under another key', () => {
		const data = madeTask('spent');
		const again = record(data, RETRY);
		expect(again.spentTasks()).toBeUndefined();
		expect(again.tasks()).toBeUndefined();
		expect(again.idempotencyKey).not.toBe(FIRST_KEY);
		again.sent(BODY, NOW + 9);
		again.made(['task-2'], NOW + 9);
		expect(record(copy(data), RETRY).tasks()).toMatchObject({ taskIds: ['task-2'] });
	});
});

describe('a create whose answer was lost', () => {
	it.each<[string, End | undefined]>([
		['in a row that was left open', 'open'],
		['in a try that was broken off', undefined],
	])('is known to another try, with its key and its body: %s', (_what, end) => {
		const again = record(copy(unconfirmedCreate(end)));
		expect(again.tasks()).toBeUndefined();
		expect(again.unconfirmed()).toEqual({ ...LOST, isSeen: false });
		expect(again.idempotencyKey).toBe(FIRST_KEY);
	});

	it('is seen when the user retries the execution', () => {
		const again = record(unconfirmedCreate('open'), RETRY);
		expect(again.unconfirmed()).toEqual({ ...LOST, isSeen: true });
		expect(again.idempotencyKey).toBe(FIRST_KEY);
	});

	it('and sent again in that, and lost again, is not seen any more', () => {
		const data = unconfirmedCreate('open');
		const again = record(data, RETRY);
		again.sent(BODY, NOW);
		again.ended({ kind: 'open' });
		expect(record(copy(data), RETRY).unconfirmed()).toEqual({ ...LOST, isSeen: false });
		expect(record(copy(data), { execution: '44' }).unconfirmed()).toMatchObject({ isSeen: true });
	});

	it('is seen in one that retries it, also where that did not come to send it', () => {
		const data = unconfirmedCreate('open');
		record(data, RETRY).ended({ kind: 'open' });
		expect(record(copy(data), RETRY).unconfirmed()).toMatchObject({ isSeen: true });
	});

	it('is settled when its task turns up', () => {
		const data = unconfirmedCreate('open');
		const again = record(data);
		again.sent(BODY, NOW);
		again.made(['task-1'], NOW + 5);
		expect(record(copy(data)).unconfirmed()).toBeUndefined();
		expect(record(copy(data)).tasks()).toMatchObject(TASKS);
	});
});

describe('the idempotency key', () => {
	it.each<[string, string]>([
		['row', record(noData(), {}, 1).idempotencyKey],
		['seed', keyIn(noData(), { keySeed: 'seed-43' })],
		['turn of a loop', keyIn(noData(), { iteration: 1 })],
	])('is another for another %s', (_what, key) => {
		expect(key).not.toBe(FIRST_KEY);
	});

	it.each<[string, string]>([
		['number of the execution', keyIn(noData(), RETRY)],
		['content', record(noData(), {}, 0, FOREST).idempotencyKey],
	])('is the same for another %s', (_what, key) => {
		expect(key).toBe(FIRST_KEY);
	});

	it('that had another request is never used again, even where its record has moved on', () => {
		const data = madeTask('failed');
		const again = record(data);
		again.made(['task-2'], NOW);
		again.ended({ kind: 'done' });
		expect(again.idempotencyKey).not.toBe(FIRST_KEY);
		const other = record(data, RETRY, 0, FOREST).idempotencyKey;
		expect([FIRST_KEY, again.idempotencyKey]).not.toContain(other);
	});

	it('does not change while the row is at work', () => {
		const first = record(noData());
		first.sent(BODY, NOW);
		first.refused();
		first.sent(BODY, NOW);
		first.made(['task-1'], NOW);
		expect(first.idempotencyKey).toBe(FIRST_KEY);
	});
});

describe('the data', () => {
	it.each<[string, LedgerData]>([
		['none', noData()],
		['a task', madeTask()],
		['a task that was handed on', madeTask('done', { isDelivered: true })],
		['a task that failed', madeTask('failed')],
		['a task that was charged in vain', madeTask('spent')],
		['a task that was left', madeTask('open')],
		['a lost create', unconfirmedCreate('open')],
		['a create on its way', unconfirmedCreate()],
	])('survive being saved, and have a version: %s', (_what, data) => {
		const saved: unknown = JSON.parse(JSON.stringify(data));
		expect(ledgerData(saved)).toBe(saved);
		expect(saved).toEqual(data);
		expect(saved).toMatchObject({ version: 2 });
	});

	it.each<[string, unknown]>([
		['nothing', undefined],
		['null', null],
		['a text', 'tasks'],
		['an empty list', []],
		['a list of lists', [[]]],
		['no lists', { a: 1 }],
		['no version', { records: [], replayed: {} }],
		['records that are no list', { version: 2, records: {}, replayed: {} }],
	])('are none of ours, and begun anew: %s', (_what, value) => {
		expect(ledgerData(value)).toEqual({ version: 2, records: [], replayed: {} });
	});

	const [whole] = madeTask().records;
	const { state: _state, ...stateless } = copy<object>(whole as object) as { state: unknown };

	it.each<[string, unknown]>([
		['null', null],
		['a text', 'task'],
		['a record without a state', stateless],
		['a state that does not exist', { ...stateless, state: { name: 'gone', at: 1 } }],
		['a task without an id', { ...stateless, state: { name: 'made', at: 1, taskIds: [] } }],
		['a record without its place', { state: _state }],
	])('leave the others readable, and keep what cannot be read: %s', (_what, unreadable) => {
		const data = noData();
		const ledger = open(data);
		for (const row of [0, 1]) ledger.record(row, LAKE).made([`task-of-${row}`], NOW);
		data.records.splice(1, 0, unreadable);
		const saved = ledgerData(copy(data));
		const again = open(saved);
		const found = [0, 1].map((row) => firstTask(again.record(row, LAKE)));
		expect(found).toEqual(['task-of-0', 'task-of-1']);
		expect(open(saved, { iteration: 9 }).taskIds()).toEqual(new Set(found));
		expect(saved.records[1]).toEqual(unreadable);
	});

	it('are those of any version, and keep it', () => {
		const data = { ...madeTask(), version: 3, isNewer: true };
		expect(ledgerData(data)).toBe(data);
		expect(record(data).tasks()).toMatchObject(TASKS);
		expect(data).toMatchObject({ version: 3, isNewer: true });
	});

	it('are changed in place', () => {
		const data = noData();
		record(data).made(['task-1'], NOW);
		expect(data.records).toMatchObject([{ state: { taskIds: ['task-1'] } }]);
	});

	it('hold the body that was sent only until it is known what became of it', () => {
		const body = { ...BODY, image_urls: ['https://example.com/secret.png'] };
		const data = noData();
		const first = record(data);
		first.sent(body, NOW);
		expect(JSON.stringify(data)).toContain('secret.png');
		first.refused();
		expect(JSON.stringify(data)).not.toContain('secret.png');
		first.sent(body, NOW);
		first.made(['task-1'], NOW);
		expect(JSON.stringify(data)).not.toContain('secret.png');
	});

	it.each<[string, LedgerData, boolean]>([
		['a task that was handed on', madeTask('done', { isDelivered: true }), false],
		['a task that failed', madeTask('failed'), false],
		['a task that was charged in vain', madeTask('spent'), true],
		['a task that was left', madeTask('open'), true],
		['a task that was not handed on', madeTask('done'), true],
		['a task whose row is at work', madeTask(), true],
		['a lost create', unconfirmedCreate('open'), true],
		['a create on its way', unconfirmedCreate(), true],
	])('of earlier turns are kept if they may be wanted: %s', (_what, data, isKept) => {
		const later = copy(data);
		expect(later.records).toHaveLength(1);
		open(later, { iteration: 1 });
		expect(later.records).toHaveLength(isKept ? 1 : 0);
	});

	it('stay few in a loop of thousands of turns', () => {
		const data = noData();
		for (let iteration = 0; iteration < 3_000; iteration += 1) {
			const ledger = open(data, { iteration });
			const next = ledger.record(0, asking(`Turn ${iteration}`));
			next.sent(BODY, NOW);
			next.made([`task-${iteration}`], NOW);
			next.ended({ kind: iteration % 2 === 0 ? 'done' : 'failed' });
			ledger.markDelivered();
			ledger.close();
		}
		expect(data.records).toHaveLength(1);
	});

	it('know every task, whatever became of it', () => {
		const data = noData();
		const ledger = open(data);
		const ends: End[] = ['done', 'open', 'failed', 'spent'];
		for (const [row, kind] of ends.entries()) {
			const own = ledger.record(row, LAKE);
			own.made([`task-${row}`, `more-${row}`], NOW);
			own.ended(ending(kind));
		}
		ledger.markDelivered();
		ledger.record(5, LAKE).sent(BODY, NOW);
		const ids = [0, 1, 2, 3].map((row) => `task-${row}`);
		expect([...open(copy(data)).taskIds()]).toEqual(expect.arrayContaining(ids));
	});
});

describe('that a provider has answered a repeated create with the first task', () => {
	it('is known to every try and turn of the execution, and to no other', () => {
		const data = noData();
		open(data).noteReplay('apiMart');
		expect(open(copy(data)).hasReplayed('apiMart')).toBe(true);
		expect(open(copy(data), { iteration: 3 }).hasReplayed('apiMart')).toBe(true);
		expect(open(copy(data)).hasReplayed('evoLink')).toBe(false);
		expect(open(copy(data), RETRY).hasReplayed('apiMart')).toBe(false);
	});
});

describe('what may be billed', () => {
	const input = ORDER;

	it('is every task that was not handed on and every create without an answer, by row', () => {
		const ledger = open();
		const [made, lost, refused, failed, idle, handedOn, several] = [0, 1, 2, 3, 4, 5, 6].map(
			(row) => ledger.record(row, LAKE),
		);
		made?.sent(BODY, NOW);
		made?.made(['task-1'], NOW + 5);
		lost?.sent(BODY, NOW + 1);
		refused?.sent(BODY, NOW);
		refused?.refused();
		failed?.made(['task-2'], NOW);
		failed?.ended({ kind: 'failed' });
		idle?.ended({ kind: 'open' });
		handedOn?.made(['task-3'], NOW + 9);
		handedOn?.ended({ kind: 'done' });
		ledger.markDelivered();
		several?.made(['task-4', 'task-5'], NOW);
		expect(ledger.billable()).toMatchObject([
			{ row: 0, input, taskId: 'task-1', at: NOW + 5 },
			{ row: 1, input, at: NOW + 1 },
			{ row: 6, input, taskId: 'task-4', at: NOW },
			{ row: 6, input, taskId: 'task-5', at: NOW },
		]);
	});

	it('is also what an earlier try has left', () => {
		const again = open(madeTask('open'));
		again.record(0, LAKE);
		expect(again.billable()).toMatchObject([{ row: 0, input, taskId: 'task-1', at: NOW + 5 }]);
	});

	it('is also what an earlier try has handed on, once its row is asked for again', () => {
		const again = open(madeTask('done', { isDelivered: true }));
		expect(again.billable()).toEqual([]);
		again.record(0, LAKE);
		expect(again.billable()).toMatchObject([{ row: 0, taskId: 'task-1' }]);
	});

	it('names what was asked by each row', () => {
		const ledger = open();
		for (const [row, fingerprint] of [FOREST, LAKE].entries())
			ledger.record(row, fingerprint).sent(BODY, NOW);
		expect(ledger.billable().map((task) => task.input.prompt)).toEqual([
			'A dark forest',
			'A quiet lake',
		]);
	});

	it('is nothing that other rows have', () => {
		const again = open(madeTask('open'));
		again.record(1, LAKE);
		expect(again.billable()).toEqual([]);
	});
});

describe('two turns at work at once, as the calls of an AI agent are', () => {
	it('both have their tasks in the data', () => {
		const data = noData();
		const first = record(data);
		const second = record(data, { iteration: 1 });
		first.sent(BODY, NOW);
		first.made(['task-1'], NOW);
		second.sent(BODY, NOW);
		second.made(['task-2'], NOW);
		expect(record(copy(data)).tasks()).toMatchObject({ taskIds: ['task-1'] });
		expect(record(copy(data), { iteration: 1 }).tasks()).toMatchObject({ taskIds: ['task-2'] });
	});

	it('both have their tasks in the data, also those that were on their way', () => {
		const data = noData();
		const first = record(data);
		first.sent(BODY, NOW);
		open(data, { iteration: 1 });
		first.made(['task-1'], NOW);
		expect(record(copy(data)).tasks()).toMatchObject({ taskIds: ['task-1'] });
		expect(record(copy(data)).unconfirmed()).toBeUndefined();
	});

	it('have their tasks in the data also where a refusal came first', () => {
		const data = noData();
		const first = record(data);
		first.sent(BODY, NOW);
		first.refused();
		open(data, { iteration: 1 });
		first.sent(BODY, NOW + 1);
		expect(record(copy(data)).unconfirmed()).toMatchObject({ at: NOW + 1 });
		first.made(['task-1'], NOW + 2);
		expect(record(copy(data)).tasks()).toMatchObject({ taskIds: ['task-1'] });
	});

	it('never have the same task, nor the same key', () => {
		const data = noData();
		const rows = [0, 1, 2].map((iteration) => record(data, { iteration }));
		for (const [iteration, own] of rows.entries()) {
			expect(own.tasks()).toBeUndefined();
			own.made([`task-${iteration}`], NOW);
		}
		expect(new Set(rows.map((own) => own.idempotencyKey)).size).toBe(3);
	});

	it('leave to the other what its next try will want', () => {
		const data = noData();
		const first = open(data);
		const left = first.record(0, LAKE);
		left.sent(BODY, NOW);
		left.made(['task-1'], NOW);
		// Another row of the same turn is still at work, and then n8n tries the node again.
		first.record(1, FOREST).sent(BODY, NOW);
		left.ended({ kind: 'open' });
		const second = record(data, { iteration: 1 });
		const again = record(data);
		const tasks = [firstTask(second), firstTask(again)];
		expect(tasks.filter((taskId) => taskId === 'task-1')).toHaveLength(1);
		expect(second.idempotencyKey).not.toBe(again.idempotencyKey);
	});
});

/**
 * Tries of a node, one after the other, against a provider. What n8n may do between them: nothing,
 * save and load the data, give the execution another id, go on to the next turn of a loop. What the
 * rows' expressions give may change with every try.
 */
describe('over any tries of the node', () => {
	type Create = 'made' | 'lost' | 'refused';
	/** `stopped`: the row never got to its end. */
	type Outcome = End | 'stopped';

	interface Row {
		prompt: string;
		create: Create;
		end: Outcome;
	}

	interface NodeTry {
		before: 'retryOnFail' | 'retryExecution' | 'nextTurn';
		isSaved: boolean;
		isDelivered: boolean;
		rows: Row[];
	}

	const row = fc.record<Row>({
		prompt: fc.constantFrom('A', 'A', 'B'),
		create: fc.constantFrom<Create>('made', 'made', 'lost', 'refused'),
		end: fc.constantFrom<Outcome>('done', 'failed', 'spent', 'open', 'open', 'stopped'),
	});
	const nodeTry = fc.record<NodeTry>({
		before: fc.constantFrom('retryOnFail', 'retryExecution', 'nextTurn'),
		isSaved: fc.boolean(),
		isDelivered: fc.boolean(),
		rows: fc.array(row, { minLength: 1, maxLength: 4 }),
	});

	interface Standing {
		key: string;
		isReclaimable: boolean;
		state: { name: string; taskIds?: string[]; taskId?: string };
	}

	function must(isTrue: boolean, otherwise: string): void {
		if (!isTrue) throw new Error(otherwise);
	}

	/** Plays the tries through, and breaks off at the first thing that must not be. */
	function play(tries: readonly NodeTry[], honoursKey: boolean): LedgerData {
		let data = noData();
		let execution = 1;
		let iteration = 0;
		let now = NOW;
		const byKey = new Map<string, { taskId: string; body: string }>();
		/** Those the ledger has been told of, with what became of them. */
		const told = new Map<string, 'open' | 'settled'>();
		const owners = new Map<string, string>();
		/** By execution, turn and row: there, nothing is made that was made before. */
		const paid = new Map<string, string>();
		let tasks = 0;

		const create = (key: string, body: string): string => {
			const known = honoursKey ? byKey.get(key) : undefined;
			// What the provider would refuse: one key for two requests.
			must(known === undefined || known.body === body, 'a key is used for another request');
			const taskId = known?.taskId ?? `task-${++tasks}`;
			byKey.set(key, { taskId, body });
			return taskId;
		};

		for (const { before, isSaved, isDelivered, rows } of tries) {
			if (before === 'retryExecution') execution += 1;
			if (before === 'nextTurn') iteration += 1;
			if (isSaved) {
				const saved = copy(data);
				must(ledgerData(saved) === saved, 'the data cannot be saved');
				data = saved;
			}
			const ledger = open(data, { execution: `${execution}`, iteration });
			const done: string[] = [];
			const records = rows.map(({ prompt }, index) => ledger.record(index, asking(prompt)));
			for (const [index, { prompt, create: outcome, end }] of rows.entries()) {
				now += 1_000;
				const own = records[index];
				if (!own) continue;
				const place = `${execution}/${iteration}/${index}`;
				const lost = own.unconfirmed();
				if (own.spentTasks() !== undefined) {
					if (end !== 'stopped') own.ended(ending('spent'));
					continue;
				}
				if (!own.tasks()) {
					if (lost && !lost.isSeen && !honoursKey) {
						if (end !== 'stopped') own.ended({ kind: 'open' });
						continue;
					}
					const body = lost && honoursKey ? lost.body : { prompt };
					own.sent(body, now);
					if (outcome === 'refused') {
						const isLost = lost !== undefined;
						if (!isLost) own.refused();
						if (end !== 'stopped') own.ended({ kind: isLost ? 'open' : 'failed' });
						continue;
					}
					const taskId = create(own.idempotencyKey, JSON.stringify(body));
					if (outcome === 'lost') {
						if (end !== 'stopped') own.ended({ kind: 'open' });
						continue;
					}
					// A create that makes a task anew must not be answered with one that was known.
					must(!told.has(taskId), `${taskId} was made twice`);
					must(!paid.has(place), `row ${index} was paid twice in one execution`);
					told.set(taskId, 'open');
					own.made([taskId], now);
				}
				const taskId = firstTask(own) ?? '';
				paid.set(place, taskId);
				const owner = `${index}`;
				const seat = `${iteration}/${taskId}`;
				// No two rows of a turn have the same task.
				must((owners.get(seat) ?? owner) === owner, `${taskId} has two rows`);
				owners.set(seat, owner);
				if (end === 'stopped') continue;
				// What was handed on is not paid back.
				const isSettled = told.get(taskId) === 'settled';
				const actualEnd = isSettled && end === 'failed' ? 'done' : end;
				own.ended(ending(actualEnd));
				if (actualEnd === 'done') done.push(taskId);
				if (actualEnd === 'failed') paid.delete(place);
				if (actualEnd === 'failed' || actualEnd === 'spent') told.set(taskId, 'settled');
			}
			if (isDelivered) {
				ledger.markDelivered();
				for (const taskId of done) told.set(taskId, 'settled');
			}
			const text = JSON.stringify(data);
			for (const [taskId, state] of told) {
				must(state === 'settled' || text.includes(`"${taskId}"`), `${taskId} is forgotten`);
			}
			// What stands there more than once could be given away twice.
			const standing = standingIn(data).flatMap(({ state }) => state.taskIds ?? state.taskId ?? []);
			must(new Set(standing).size === standing.length, 'a task stands there twice');
			const keys = standingIn(data).map(({ key }) => key);
			must(new Set(keys).size === keys.length, 'a key stands there twice');
		}
		return data;
	}

	function standingIn({ records }: LedgerData): Standing[] {
		return records as Standing[];
	}

	it.each([
		['honours the key', true],
		['does not', false],
	])(
		'at a provider that %s, no task is lost, or given twice, and no key means two',
		(_what, honours) => {
			fc.assert(
				fc.property(fc.array(nodeTry, { maxLength: 12 }), (tries) => {
					play(tries, honours);
				}),
				{ seed: SEED, numRuns: 1_000 },
			);
		},
	);

	it('a later turn that asks for the same finds everything that was left', () => {
		fc.assert(
			fc.property(fc.array(nodeTry, { maxLength: 8 }), (tries) => {
				const data = play(tries, true);
				const left = standingIn(data).flatMap(({ isReclaimable, state }) =>
					isReclaimable && state.name === 'made' ? (state.taskIds ?? []) : [],
				);
				const ledger = open(data, { iteration: 1_000 });
				const found = ['A', 'B'].flatMap((prompt) =>
					Array.from({ length: 60 }, (_, index) => firstTask(ledger.record(index, asking(prompt)))),
				);
				must(
					isDeepStrictEqual(found.filter(Boolean).sort(), left.sort()),
					'something that was left is not found',
				);
			}),
			{ seed: SEED, numRuns: 1_000 },
		);
	});
});
