import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';

import type { LedgerScope } from '../../../../nodes/Seedream/tasks/ledger';
import { readLedgerData, type LedgerData } from '../../../../nodes/Seedream/tasks/ledgerData';
import type { RowEnd, RowRecord } from '../../../../nodes/Seedream/tasks/rowRecord';
import { requestFor, BODY, LAKE, noData, open, INPUT } from './ledgerFixtures';

/** Set the environment variable SEED to repeat a run of the property test. */
const SEED = Number(process.env.SEED ?? 20_261_120);

const FOREST = requestFor('A dark forest');
const NOW = 1_790_000_000_000;

/** A retry of the execution has another ID, but the same seed for its keys. */
const RETRY: Partial<LedgerScope> = { execution: '43' };

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** Opens a row's record in a new try. */
function record(
	data: LedgerData,
	iteration: Partial<LedgerScope> = {},
	row = 0,
	fingerprint = LAKE,
) {
	return open(data, iteration).openRecord(row, fingerprint);
}

type End = RowEnd['kind'];

const ending = (kind: End): RowEnd => (kind === 'spent' ? { kind, charged: 'yes' } : { kind });

/** After a try of one row that created `task-1` and ended like this. */
function dataWithTask(
	end?: End,
	{ isDelivered = false, iteration = {}, row = 0 } = {},
): LedgerData {
	const data = noData();
	const ledger = open(data, iteration);
	const first = ledger.openRecord(row, LAKE);
	first.markSent(BODY, NOW);
	first.markCreated(['task-1'], NOW + 5);
	if (end) first.markEnded(ending(end));
	if (isDelivered) ledger.markDelivered();
	return data;
}

/** After a try of one row whose create got no response. */
function dataWithUnconfirmedCreate(end?: End, iteration: Partial<LedgerScope> = {}): LedgerData {
	const data = noData();
	const first = record(data, iteration);
	first.markSent(BODY, NOW);
	if (end) first.markEnded(ending(end));
	return data;
}

const keyIn = (data: LedgerData, iteration: Partial<LedgerScope> = {}) =>
	record(data, iteration).idempotencyKey;
const FIRST_KEY = keyIn(noData());

const TASKS = { taskIds: ['task-1'], at: NOW + 5 };
const UNCONFIRMED = { at: NOW, lastAt: NOW, body: BODY };
const SPENT = { taskIds: ['task-1'], charged: 'yes' };

const firstTask = (row: RowRecord) => row.tasks()?.taskIds[0];

describe('the ledger for a new row', () => {
	it('has no tasks', () => {
		const first = record(noData());
		expect(first.tasks()).toBeUndefined();
		expect(first.unconfirmed()).toBeUndefined();
		expect(first.spentTasks()).toBeUndefined();
		expect(first.warning()).toBeUndefined();
		expect(first.input).toEqual(INPUT);
		expect(first.idempotencyKey).toMatch(/^[\da-f]{64}$/);
	});

	it('has no tasks after a rejected create', () => {
		const data = noData();
		const first = record(data);
		first.markSent(BODY, NOW);
		first.markRejected();
		expect(first.unconfirmed()).toBeUndefined();
		first.markEnded({ kind: 'failed' });
		const second = record(copy(data));
		expect(second.tasks()).toBeUndefined();
		expect(second.unconfirmed()).toBeUndefined();
		expect(second.idempotencyKey).toBe(FIRST_KEY);
	});

	it('has its tasks as soon as they are created', () => {
		const first = record(noData());
		first.markSent(BODY, NOW);
		expect(first.tasks()).toBeUndefined();
		first.markCreated(['task-1', 'task-2'], NOW + 5);
		expect(first.tasks()).toMatchObject({ ...TASKS, taskIds: ['task-1', 'task-2'] });
	});
});

describe('the ledger on another try of the same iteration', () => {
	it.each<[string, LedgerData]>([
		['after a try that was aborted', dataWithTask()],
		['after a row that was done', dataWithTask('done')],
		['after a row that was done and delivered', dataWithTask('done', { isDelivered: true })],
		['after a row that stayed open', dataWithTask('open')],
		[
			'after a row that stayed open in a try that was delivered',
			dataWithTask('open', { isDelivered: true }),
		],
	])('%s', (_what, data) => {
		expect(record(copy(data)).tasks()).toMatchObject(TASKS);
		expect(record(copy(data), RETRY).tasks()).toMatchObject(TASKS);
	});

	it('finds the task of the row however often it looks', () => {
		const data = dataWithTask('open');
		for (let tries = 0; tries < 5; tries += 1) {
			const next = record(data);
			expect(next.tasks()).toMatchObject(TASKS);
			next.markEnded({ kind: 'open' });
		}
	});

	it('treats a delivered task as undelivered, because n8n has discarded the output', () => {
		const data = dataWithTask('done', { isDelivered: true });
		record(data).markEnded({ kind: 'open' });
		expect(record(copy(data), { iteration: 1 }).tasks()).toMatchObject(TASKS);
	});

	it('delivers the task again', () => {
		const data = dataWithTask('done', { isDelivered: true });
		const again = open(data);
		again.openRecord(0, LAKE).markEnded({ kind: 'done' });
		again.markDelivered();
		expect(record(copy(data), { iteration: 1 }).tasks()).toBeUndefined();
	});

	it("doesn't find the task of another row with the same request", () => {
		const data = noData();
		const ledger = open(data);
		for (const row of [0, 1]) ledger.openRecord(row, LAKE).markCreated([`task-of-${row}`], NOW);
		const again = open(copy(data));
		expect(again.openRecord(1, LAKE).tasks()).toMatchObject({ taskIds: ['task-of-1'] });
		expect(again.openRecord(2, LAKE).tasks()).toBeUndefined();
		expect(again.openRecord(0, LAKE).tasks()).toMatchObject({ taskIds: ['task-of-0'] });
	});

	it('finds the warning of the task as well', () => {
		const data = noData();
		record(data).markCreated(['task-1'], NOW, 'It may have been made twice');
		expect(record(copy(data)).warning()).toBe('It may have been made twice');
	});
});

describe('the ledger within one execution and iteration, whatever the row requests now', () => {
	it.each<[string, LedgerData, object | undefined]>([
		['a task', dataWithTask('open'), INPUT],
		['a task that was delivered', dataWithTask('done', { isDelivered: true }), INPUT],
		['an unconfirmed create', dataWithUnconfirmedCreate('open'), INPUT],
		['a task that ended and was charged', dataWithTask('spent'), INPUT],
		['a task that failed', dataWithTask('failed'), undefined],
		['nothing', noData(), undefined],
	])('knows the previous input: %s', (_what, data, input) => {
		expect(open(copy(data)).previousInput(0)).toEqual(input);
		expect(open(copy(data)).previousInput(1)).toBeUndefined();
		expect(open(copy(data), { iteration: 1 }).previousInput(0)).toBeUndefined();
		expect(open(copy(data), RETRY).previousInput(0)).toBeUndefined();
	});

	it.each([['nothing', undefined] as const, ['something else', FOREST] as const])(
		"finds the row's task and its unconfirmed create: %s",
		(_what, fingerprint) => {
			const made = open(dataWithTask('open')).openRecord(0, fingerprint);
			expect(made.tasks()).toMatchObject(TASKS);
			expect(made.input).toEqual(INPUT);
			const lost = open(dataWithUnconfirmedCreate('open')).openRecord(0, fingerprint);
			expect(lost.unconfirmed()).toEqual({ ...UNCONFIRMED, isSeen: false });
			expect(lost.idempotencyKey).toBe(FIRST_KEY);
		},
	);

	it('uses the current request of a rejected row, with another key', () => {
		const data = noData();
		const first = record(data);
		first.markSent(BODY, NOW);
		first.markRejected();
		first.markEnded({ kind: 'failed' });
		const other = record(data, {}, 0, FOREST);
		expect(other.input).toEqual(FOREST.input);
		expect(other.idempotencyKey).not.toBe(FIRST_KEY);
		const back = record(data);
		expect(back.input).toEqual(INPUT);
		expect([FIRST_KEY, other.idempotencyKey]).not.toContain(back.idempotencyKey);
	});
});

describe('the ledger in another execution', () => {
	it('finds tasks by the request', () => {
		const data = dataWithTask('open');
		expect(open(copy(data), RETRY).stateOf(0, LAKE)).toBe('made');
		expect(open(copy(data), RETRY).stateOf(0, FOREST)).toBeUndefined();
		const other = record(data, RETRY, 0, FOREST);
		expect(other.tasks()).toBeUndefined();
		expect(other.idempotencyKey).not.toBe(FIRST_KEY);
		expect(record(data, RETRY, 0, FOREST).input).toEqual(FOREST.input);
	});

	it('still finds the first task if the row requested something else in between', () => {
		const data = dataWithTask('open');
		record(data, RETRY, 0, FOREST).markCreated(['task-2'], NOW);
		expect(record(data, RETRY, 0, LAKE).tasks()).toMatchObject({ taskIds: ['task-2'] });
		const third = { execution: '44' };
		expect(record(copy(data), third).tasks()).toMatchObject(TASKS);
		expect(record(copy(data), third, 0, FOREST).tasks()).toMatchObject({ taskIds: ['task-2'] });
	});

	it.each<[string, LedgerData, 'made' | 'sent' | undefined]>([
		['a task', dataWithTask('open'), 'made'],
		['a task that was delivered', dataWithTask('done', { isDelivered: true }), 'made'],
		['an unconfirmed create', dataWithUnconfirmedCreate('open'), 'sent'],
		['a task that failed', dataWithTask('failed'), undefined],
		['nothing', noData(), undefined],
	])("doesn't take over records when it only looks: %s", (_what, data, state) => {
		const before = copy(data);
		expect(open(data).stateOf(0, LAKE)).toBe(state);
		expect(open(data, RETRY).stateOf(0, LAKE)).toBe(state);
		expect(data).toEqual(before);
	});

	it('sees the open tasks of an earlier iteration from any row of a later one', () => {
		expect(open(dataWithTask('open'), { iteration: 1 }).stateOf(4, LAKE)).toBe('made');
	});
});

describe('the ledger for the calls of a tool', () => {
	const isTool = true;

	it('tells calls in the same position apart by their request', () => {
		const data = noData();
		const keys = [LAKE, FOREST].map((fingerprint, call) => {
			const own = record(data, { isTool }, 0, fingerprint);
			own.markSent(BODY, NOW);
			own.markCreated([`task-${call}`], NOW);
			return own.idempotencyKey;
		});
		expect(new Set(keys).size).toBe(2);
		const again = (fingerprint = LAKE) => firstTask(record(copy(data), { isTool }, 0, fingerprint));
		expect([again(LAKE), again(FOREST), again(requestFor('A sea'))]).toEqual([
			'task-0',
			'task-1',
			undefined,
		]);
		expect(open(data, { isTool }).previousInput(0)).toBeUndefined();
	});

	it('takes records over only from a call that has ended', () => {
		const data = noData();
		const [first, second] = [open(data, { isTool }), open(data, { isTool })];
		const own = first.openRecord(0, LAKE);
		own.markSent(BODY, NOW);
		const other = second.openRecord(0, LAKE);
		expect(other.unconfirmed()).toBeUndefined();
		expect(other.idempotencyKey).not.toBe(own.idempotencyKey);
		first.close();
		expect(record(data, { isTool }, 0, LAKE).unconfirmed()).toMatchObject({ isSeen: false });
	});

	it('uses the same key on every try, and finds an unconfirmed create', () => {
		const key = record(noData(), { isTool }).idempotencyKey;
		const again = record(copy(dataWithUnconfirmedCreate('open', { isTool })), { isTool });
		expect(again.idempotencyKey).toBe(key);
		expect(again.unconfirmed()).toEqual({ ...UNCONFIRMED, isSeen: false });
	});
});

describe('the ledger in a later iteration of a loop', () => {
	it.each<[string, LedgerData, boolean]>([
		['still open', dataWithTask('open'), true],
		['still open in a try that was delivered', dataWithTask('open', { isDelivered: true }), true],
		['done and delivered', dataWithTask('done', { isDelivered: true }), false],
		['done but not delivered yet', dataWithTask('done'), false],
		['not ended yet', dataWithTask(), false],
		['failed', dataWithTask('failed'), false],
		['spent', dataWithTask('spent'), false],
	])('takes over the task of a row that is %s: %s', (_what, data, isTaken) => {
		const found = record(copy(data), { iteration: 1 }).tasks();
		if (isTaken) expect(found).toMatchObject(TASKS);
		else expect(found).toBeUndefined();
	});

	it('takes over a task in a retry of the execution as well', () => {
		expect(record(dataWithTask('open'), { iteration: 1, ...RETRY }).tasks()).toMatchObject(TASKS);
	});

	it('takes over an unconfirmed create that nobody has seen, with its key', () => {
		const next = record(dataWithUnconfirmedCreate('open'), { iteration: 1 });
		expect(next.unconfirmed()).toEqual({ ...UNCONFIRMED, isSeen: false });
		expect(next.idempotencyKey).toBe(FIRST_KEY);
	});

	it('takes over a task that ended and was charged', () => {
		expect(record(dataWithTask('spent'), { iteration: 1 }).spentTasks()).toMatchObject(SPENT);
	});

	it("doesn't take over a create that may still get a response", () => {
		const next = record(dataWithUnconfirmedCreate(), { iteration: 1 });
		expect(next.unconfirmed()).toBeUndefined();
		expect(next.idempotencyKey).not.toBe(FIRST_KEY);
	});

	it('takes over nothing from a later iteration', () => {
		expect(
			record(dataWithTask('open', { iteration: { iteration: 2 } }), { iteration: 1 }).tasks(),
		).toBeUndefined();
	});

	it('takes over nothing for a row with another request', () => {
		expect(record(dataWithTask('open'), { iteration: 1 }, 0, FOREST).tasks()).toBeUndefined();
	});

	it('takes over each task only once, preferably that of the same row', () => {
		const data = noData();
		const ledger = open(data);
		for (const row of [3, 1, 2]) {
			const left = ledger.openRecord(row, LAKE);
			left.markCreated([`task-of-${row}`], NOW);
			left.markEnded({ kind: 'open' });
		}
		const next = open(copy(data), { iteration: 1 });
		const taken = [1, 2, 7, 8].map((row) => firstTask(next.openRecord(row, LAKE)));
		expect(taken).toEqual(['task-of-1', 'task-of-2', 'task-of-3', undefined]);
	});

	it('keeps what it took over for its own next tries', () => {
		const data = dataWithTask('open');
		record(data, { iteration: 1 }, 5);
		const again = open(copy(data), { iteration: 1 });
		expect(again.openRecord(0, LAKE).tasks()).toBeUndefined();
		expect(again.openRecord(5, LAKE).tasks()).toMatchObject(TASKS);
	});

	it("passes on what it took over but didn't fetch to the next iteration", () => {
		const data = dataWithTask('open');
		for (let iteration = 1; iteration < 5; iteration += 1) {
			const next = record(data, { iteration }, iteration);
			expect(next.tasks()).toMatchObject(TASKS);
			next.markEnded({ kind: 'open' });
		}
	});
});

describe('a task that failed', () => {
	it("isn't found again, and its row gets another key", () => {
		const data = dataWithTask('failed');
		const again = record(copy(data));
		expect(again.tasks()).toBeUndefined();
		expect(again.unconfirmed()).toBeUndefined();
		expect(again.idempotencyKey).not.toBe(FIRST_KEY);
		expect(keyIn(copy(data))).toBe(again.idempotencyKey);
	});

	it('leads to another key each time', () => {
		const data = noData();
		const keys = new Set<string>();
		for (let tries = 0; tries < 10; tries += 1) {
			const next = record(data);
			keys.add(next.idempotencyKey);
			next.markSent(BODY, NOW);
			next.markCreated([`task-${tries}`], NOW);
			next.markEnded({ kind: 'failed' });
		}
		expect(keys.size).toBe(10);
	});

	it("isn't forgotten after rejected creates", () => {
		const data = dataWithTask('failed');
		const second = record(data);
		const key = second.idempotencyKey;
		for (let tries = 0; tries < 3; tries += 1) {
			const next = record(data);
			expect(next.idempotencyKey).toBe(key);
			next.markSent(BODY, NOW);
			next.markRejected();
			next.markSent(BODY, NOW + 1);
			next.markRejected();
			next.markEnded({ kind: 'failed' });
		}
	});

	it("isn't forgotten after a try that ended before its create", () => {
		const data = dataWithTask('failed');
		record(data).markEnded({ kind: 'failed' });
		expect(keyIn(data)).not.toBe(FIRST_KEY);
	});

	it('keeps the new key for an unconfirmed create after it', () => {
		const data = dataWithTask('failed');
		const second = record(data);
		second.markSent(BODY, NOW + 9);
		second.markEnded({ kind: 'open' });
		const third = record(copy(data));
		expect(third.unconfirmed()).toEqual({
			...UNCONFIRMED,
			at: NOW + 9,
			lastAt: NOW + 9,
			isSeen: false,
		});
		expect(third.idempotencyKey).toBe(second.idempotencyKey);
	});

	it("isn't created again in the same execution if it may have been charged", () => {
		const data = dataWithTask('spent');
		for (const fingerprint of [LAKE, FOREST, undefined]) {
			const again = open(copy(data)).openRecord(0, fingerprint);
			expect(again.spentTasks()).toMatchObject(SPENT);
			expect(again.tasks()).toBeUndefined();
		}
	});

	it('is created again in another execution, with another key, if it may have been charged', () => {
		const data = dataWithTask('spent');
		const again = record(data, RETRY);
		expect(again.spentTasks()).toBeUndefined();
		expect(again.tasks()).toBeUndefined();
		expect(again.idempotencyKey).not.toBe(FIRST_KEY);
		again.markSent(BODY, NOW + 9);
		again.markCreated(['task-2'], NOW + 9);
		expect(record(copy(data), RETRY).tasks()).toMatchObject({ taskIds: ['task-2'] });
	});
});

describe('an unconfirmed create', () => {
	it.each<[string, End | undefined]>([
		['in a row that stayed open', 'open'],
		['in a try that was aborted', undefined],
	])('is found on another try, with its key and its body: %s', (_what, end) => {
		const again = record(copy(dataWithUnconfirmedCreate(end)));
		expect(again.tasks()).toBeUndefined();
		expect(again.unconfirmed()).toEqual({ ...UNCONFIRMED, isSeen: false });
		expect(again.idempotencyKey).toBe(FIRST_KEY);
	});

	it('counts as seen if the user retries the execution', () => {
		const again = record(dataWithUnconfirmedCreate('open'), RETRY);
		expect(again.unconfirmed()).toEqual({ ...UNCONFIRMED, isSeen: true });
		expect(again.idempotencyKey).toBe(FIRST_KEY);
	});

	it('no longer counts as seen if it was sent again without a response', () => {
		const data = dataWithUnconfirmedCreate('open');
		const again = record(data, RETRY);
		again.markSent(BODY, NOW);
		again.markEnded({ kind: 'open' });
		expect(record(copy(data), RETRY).unconfirmed()).toEqual({ ...UNCONFIRMED, isSeen: false });
		expect(record(copy(data), { execution: '44' }).unconfirmed()).toMatchObject({ isSeen: true });
	});

	it('counts as seen in a later retry, even if the first retry never sent it', () => {
		const data = dataWithUnconfirmedCreate('open');
		record(data, RETRY).markEnded({ kind: 'open' });
		expect(record(copy(data), RETRY).unconfirmed()).toMatchObject({ isSeen: true });
	});

	it('is settled when its task turns up', () => {
		const data = dataWithUnconfirmedCreate('open');
		const again = record(data);
		again.markSent(BODY, NOW);
		again.markCreated(['task-1'], NOW + 5);
		expect(record(copy(data)).unconfirmed()).toBeUndefined();
		expect(record(copy(data)).tasks()).toMatchObject(TASKS);
	});
});

describe('the idempotency key', () => {
	it.each<[string, string]>([
		['row', record(noData(), {}, 1).idempotencyKey],
		['seed', keyIn(noData(), { keySeed: 'seed-43' })],
		['iteration of a loop', keyIn(noData(), { iteration: 1 })],
	])('differs for another %s', (_what, key) => {
		expect(key).not.toBe(FIRST_KEY);
	});

	it.each<[string, string]>([
		['execution ID', keyIn(noData(), RETRY)],
		['content', record(noData(), {}, 0, FOREST).idempotencyKey],
	])('is the same for another %s', (_what, key) => {
		expect(key).toBe(FIRST_KEY);
	});

	it('is never used again for another request, even if its record was taken over', () => {
		const data = dataWithTask('failed');
		const again = record(data);
		again.markCreated(['task-2'], NOW);
		again.markEnded({ kind: 'done' });
		expect(again.idempotencyKey).not.toBe(FIRST_KEY);
		const other = record(data, RETRY, 0, FOREST).idempotencyKey;
		expect([FIRST_KEY, again.idempotencyKey]).not.toContain(other);
	});

	it("doesn't change while the row is running", () => {
		const first = record(noData());
		first.markSent(BODY, NOW);
		first.markRejected();
		first.markSent(BODY, NOW);
		first.markCreated(['task-1'], NOW);
		expect(first.idempotencyKey).toBe(FIRST_KEY);
	});
});

describe('the ledger data', () => {
	it.each<[string, LedgerData]>([
		['none', noData()],
		['a task', dataWithTask()],
		['a task that was delivered', dataWithTask('done', { isDelivered: true })],
		['a task that failed', dataWithTask('failed')],
		['a task that was charged without an image', dataWithTask('spent')],
		['a task that stayed open', dataWithTask('open')],
		['an unconfirmed create', dataWithUnconfirmedCreate('open')],
		['a create that was sent', dataWithUnconfirmedCreate()],
	])('can be saved, with a version: %s', (_what, data) => {
		const saved: unknown = JSON.parse(JSON.stringify(data));
		expect(readLedgerData(saved)).toBe(saved);
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
	])('are replaced if invalid: %s', (_what, value) => {
		expect(readLedgerData(value)).toEqual({ version: 2, records: [], replayed: {} });
	});

	const [whole] = dataWithTask().records;
	const { state: _state, ...stateless } = copy<object>(whole as object) as { state: unknown };

	it.each<[string, unknown]>([
		['null', null],
		['a text', 'task'],
		['a record without a state', stateless],
		["a state that doesn't exist", { ...stateless, state: { name: 'gone', at: 1 } }],
		['a task without an id', { ...stateless, state: { name: 'made', at: 1, taskIds: [] } }],
		['a record without its position', { state: _state }],
	])('keep unreadable records, and the others stay readable: %s', (_what, unreadable) => {
		const data = noData();
		const ledger = open(data);
		for (const row of [0, 1]) ledger.openRecord(row, LAKE).markCreated([`task-of-${row}`], NOW);
		data.records.splice(1, 0, unreadable);
		const saved = readLedgerData(copy(data));
		const again = open(saved);
		const found = [0, 1].map((row) => firstTask(again.openRecord(row, LAKE)));
		expect(found).toEqual(['task-of-0', 'task-of-1']);
		expect(open(saved, { iteration: 9 }).taskIds()).toEqual(new Set(found));
		expect(saved.records[1]).toEqual(unreadable);
	});

	it('may have any version, and keep it', () => {
		const data = { ...dataWithTask(), version: 3, isNewer: true };
		expect(readLedgerData(data)).toBe(data);
		expect(record(data).tasks()).toMatchObject(TASKS);
		expect(data).toMatchObject({ version: 3, isNewer: true });
	});

	it('are changed in place', () => {
		const data = noData();
		record(data).markCreated(['task-1'], NOW);
		expect(data.records).toMatchObject([{ state: { taskIds: ['task-1'] } }]);
	});

	it('contain the request body only until its outcome is known', () => {
		const body = { ...BODY, image_urls: ['https://example.com/secret.png'] };
		const data = noData();
		const first = record(data);
		first.markSent(body, NOW);
		expect(JSON.stringify(data)).toContain('secret.png');
		first.markRejected();
		expect(JSON.stringify(data)).not.toContain('secret.png');
		first.markSent(body, NOW);
		first.markCreated(['task-1'], NOW);
		expect(JSON.stringify(data)).not.toContain('secret.png');
	});

	it.each<[string, LedgerData, boolean]>([
		['a task that was delivered', dataWithTask('done', { isDelivered: true }), false],
		['a task that failed', dataWithTask('failed'), false],
		['a task that was charged without an image', dataWithTask('spent'), true],
		['a task that stayed open', dataWithTask('open'), true],
		["a task that wasn't delivered", dataWithTask('done'), true],
		['a task whose row is running', dataWithTask(), true],
		['an unconfirmed create', dataWithUnconfirmedCreate('open'), true],
		['a create that was sent', dataWithUnconfirmedCreate(), true],
	])('keep records of earlier iterations that may be needed: %s', (_what, data, isKept) => {
		const later = copy(data);
		expect(later.records).toHaveLength(1);
		open(later, { iteration: 1 });
		expect(later.records).toHaveLength(isKept ? 1 : 0);
	});

	it('stay small in a loop of thousands of iterations', () => {
		const data = noData();
		for (let iteration = 0; iteration < 3_000; iteration += 1) {
			const ledger = open(data, { iteration });
			const next = ledger.openRecord(0, requestFor(`Iteration ${iteration}`));
			next.markSent(BODY, NOW);
			next.markCreated([`task-${iteration}`], NOW);
			next.markEnded({ kind: iteration % 2 === 0 ? 'done' : 'failed' });
			ledger.markDelivered();
			ledger.close();
		}
		expect(data.records).toHaveLength(1);
	});

	it('contain every task, whatever its outcome', () => {
		const data = noData();
		const ledger = open(data);
		const ends: End[] = ['done', 'open', 'failed', 'spent'];
		for (const [row, kind] of ends.entries()) {
			const own = ledger.openRecord(row, LAKE);
			own.markCreated([`task-${row}`, `more-${row}`], NOW);
			own.markEnded(ending(kind));
		}
		ledger.markDelivered();
		ledger.openRecord(5, LAKE).markSent(BODY, NOW);
		const ids = [0, 1, 2, 3].map((row) => `task-${row}`);
		expect([...open(copy(data)).taskIds()]).toEqual(expect.arrayContaining(ids));
	});
});

it('a task is known as soon as it exists, also to other calls of a tool', () => {
	const data = noData();
	const [one, other] = [open(data), open(data)];
	expect(other.taskIds().has('task-1')).toBe(false);
	one.openRecord(0, LAKE).markCreated(['task-1'], NOW);
	expect(other.taskIds().has('task-1')).toBe(true);
	expect(open(copy(data)).taskIds().has('task-1')).toBe(true);
});

describe('a replay by the provider', () => {
	it('is known to every try and iteration of the execution, and to no other execution', () => {
		const data = noData();
		open(data).noteReplay('apiMart');
		expect(open(copy(data)).hasReplayed('apiMart')).toBe(true);
		expect(open(copy(data), { iteration: 3 }).hasReplayed('apiMart')).toBe(true);
		expect(open(copy(data)).hasReplayed('evoLink')).toBe(false);
		expect(open(copy(data), RETRY).hasReplayed('apiMart')).toBe(false);
	});
});

describe('the billable tasks', () => {
	const input = INPUT;

	it('are those not delivered and creates without a response, by row', () => {
		const ledger = open();
		const [made, lost, rejected, failed, idle, handedOn, several] = [0, 1, 2, 3, 4, 5, 6].map(
			(row) => ledger.openRecord(row, LAKE),
		);
		made?.markSent(BODY, NOW);
		made?.markCreated(['task-1'], NOW + 5);
		lost?.markSent(BODY, NOW + 1);
		rejected?.markSent(BODY, NOW);
		rejected?.markRejected();
		failed?.markCreated(['task-2'], NOW);
		failed?.markEnded({ kind: 'failed' });
		idle?.markEnded({ kind: 'open' });
		handedOn?.markCreated(['task-3'], NOW + 9);
		handedOn?.markEnded({ kind: 'done' });
		ledger.markDelivered();
		several?.markCreated(['task-4', 'task-5'], NOW);
		expect(ledger.billable()).toMatchObject([
			{ row: 0, input, taskId: 'task-1', at: NOW + 5 },
			{ row: 1, input, at: NOW + 1 },
			{ row: 6, input, taskId: 'task-4', at: NOW },
			{ row: 6, input, taskId: 'task-5', at: NOW },
		]);
	});

	it('include those of an earlier try', () => {
		const again = open(dataWithTask('open'));
		again.openRecord(0, LAKE);
		expect(again.billable()).toMatchObject([{ row: 0, input, taskId: 'task-1', at: NOW + 5 }]);
	});

	it('include those delivered by an earlier try, once its row is opened again', () => {
		const again = open(dataWithTask('done', { isDelivered: true }));
		expect(again.billable()).toEqual([]);
		again.openRecord(0, LAKE);
		expect(again.billable()).toMatchObject([{ row: 0, taskId: 'task-1' }]);
	});

	it('contain the input of each row', () => {
		const ledger = open();
		for (const [row, fingerprint] of [FOREST, LAKE].entries())
			ledger.openRecord(row, fingerprint).markSent(BODY, NOW);
		expect(ledger.billable().map((task) => task.input.prompt)).toEqual([
			'A dark forest',
			'A quiet lake',
		]);
	});

	it("don't include those of other rows", () => {
		const again = open(dataWithTask('open'));
		again.openRecord(1, LAKE);
		expect(again.billable()).toEqual([]);
	});
});

describe('two concurrent calls of a tool by an AI agent', () => {
	it('both save their tasks', () => {
		const data = noData();
		const first = record(data);
		const second = record(data, { iteration: 1 });
		first.markSent(BODY, NOW);
		first.markCreated(['task-1'], NOW);
		second.markSent(BODY, NOW);
		second.markCreated(['task-2'], NOW);
		expect(record(copy(data)).tasks()).toMatchObject({ taskIds: ['task-1'] });
		expect(record(copy(data), { iteration: 1 }).tasks()).toMatchObject({ taskIds: ['task-2'] });
	});

	it('both save their tasks, including those created after the other call started', () => {
		const data = noData();
		const first = record(data);
		first.markSent(BODY, NOW);
		open(data, { iteration: 1 });
		first.markCreated(['task-1'], NOW);
		expect(record(copy(data)).tasks()).toMatchObject({ taskIds: ['task-1'] });
		expect(record(copy(data)).unconfirmed()).toBeUndefined();
	});

	it('both save their tasks, even after a rejected create', () => {
		const data = noData();
		const first = record(data);
		first.markSent(BODY, NOW);
		first.markRejected();
		open(data, { iteration: 1 });
		first.markSent(BODY, NOW + 1);
		expect(record(copy(data)).unconfirmed()).toMatchObject({ at: NOW + 1 });
		first.markCreated(['task-1'], NOW + 2);
		expect(record(copy(data)).tasks()).toMatchObject({ taskIds: ['task-1'] });
	});

	it('never get the same task or the same key', () => {
		const data = noData();
		const rows = [0, 1, 2].map((iteration) => record(data, { iteration }));
		for (const [iteration, own] of rows.entries()) {
			expect(own.tasks()).toBeUndefined();
			own.markCreated([`task-${iteration}`], NOW);
		}
		expect(new Set(rows.map((own) => own.idempotencyKey)).size).toBe(3);
	});

	it('leave each other the task for the next try', () => {
		const data = noData();
		const first = open(data);
		const left = first.openRecord(0, LAKE);
		left.markSent(BODY, NOW);
		left.markCreated(['task-1'], NOW);
		// Another row of the same iteration is still running, and then n8n tries the node again.
		first.openRecord(1, FOREST).markSent(BODY, NOW);
		left.markEnded({ kind: 'open' });
		const second = record(data, { iteration: 1 });
		const again = record(data);
		const tasks = [firstTask(second), firstTask(again)];
		expect(tasks.filter((taskId) => taskId === 'task-1')).toHaveLength(1);
		expect(second.idempotencyKey).not.toBe(again.idempotencyKey);
	});
});

/**
 * Consecutive tries of a node against a provider. In between, n8n may save and load the data, give the
 * execution another ID, or start the next iteration of a loop. The values of the rows' expressions may
 * change with every try.
 */
describe('the ledger across any tries of the node', () => {
	type Create = 'made' | 'lost' | 'refused';
	/** `stopped`: the row never ended. */
	type Outcome = End | 'stopped';

	interface Row {
		prompt: string;
		create: Create;
		end: Outcome;
	}

	interface NodeTry {
		before: 'retryOnFail' | 'retryExecution' | 'nextIteration';
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
		before: fc.constantFrom('retryOnFail', 'retryExecution', 'nextIteration'),
		isSaved: fc.boolean(),
		isDelivered: fc.boolean(),
		rows: fc.array(row, { minLength: 1, maxLength: 4 }),
	});

	interface SavedRecord {
		key: string;
		isReclaimable: boolean;
		state: { name: string; taskIds?: string[]; taskId?: string };
	}

	function must(isTrue: boolean, otherwise: string): void {
		if (!isTrue) throw new Error(otherwise);
	}

	/** Runs tries against a provider, and throws at the first violation. */
	class Simulation {
		data = noData();
		private execution = 1;
		private iteration = 0;
		private now = NOW;
		private taskCount = 0;
		private readonly byKey = new Map<string, { taskId: string; body: string }>();
		/** The tasks that were recorded, and whether they're settled. */
		private readonly recorded = new Map<string, 'open' | 'settled'>();
		/** The row that has a task, by iteration and task. */
		private readonly owners = new Map<string, number>();
		/** The task paid for, by execution, iteration and row. */
		private readonly paid = new Map<string, string>();

		constructor(private readonly honorsKey: boolean) {}

		run(tries: readonly NodeTry[]): LedgerData {
			for (const one of tries) {
				this.prepare(one);
				this.runTry(one);
				this.checkRecords();
			}
			return this.data;
		}

		private prepare({ before, isSaved }: NodeTry): void {
			if (before === 'retryExecution') this.execution += 1;
			if (before === 'nextIteration') this.iteration += 1;
			if (!isSaved) return;
			const saved = copy(this.data);
			must(readLedgerData(saved) === saved, 'the data cannot be saved');
			this.data = saved;
		}

		private runTry({ isDelivered, rows }: NodeTry): void {
			const { execution, iteration } = this;
			const ledger = open(this.data, { execution: `${execution}`, iteration });
			const records = rows.map(({ prompt }, index) => ledger.openRecord(index, requestFor(prompt)));
			const done = rows.flatMap((one, index) => {
				this.now += 1_000;
				const own = records[index];
				return own && this.createTask(one, own, index) ? this.endRow(one, own, index) : [];
			});
			if (!isDelivered) return;
			ledger.markDelivered();
			for (const taskId of done) this.recorded.set(taskId, 'settled');
		}

		/** Returns whether the row has a task. */
		private createTask({ prompt, create, end }: Row, own: RowRecord, index: number): boolean {
			const markEnded = (kind: End) => {
				if (end !== 'stopped') own.markEnded(ending(kind));
				return false;
			};
			if (own.spentTasks() !== undefined) return markEnded('spent');
			if (own.tasks()) return true;
			const earlier = own.unconfirmed();
			if (earlier && !earlier.isSeen && !this.honorsKey) return markEnded('open');
			const body = (this.honorsKey ? earlier?.body : undefined) ?? { prompt };
			own.markSent(body, this.now);
			if (create === 'refused') {
				if (!earlier) own.markRejected();
				return markEnded(earlier ? 'open' : 'failed');
			}
			const taskId = this.createAtProvider(own.idempotencyKey, JSON.stringify(body));
			if (create === 'lost') return markEnded('open');
			// A new create must not return a task that was recorded before.
			must(!this.recorded.has(taskId), `${taskId} was created twice`);
			must(!this.paid.has(this.position(index)), `row ${index} was paid twice in one execution`);
			this.recorded.set(taskId, 'open');
			own.markCreated([taskId], this.now);
			return true;
		}

		private createAtProvider(key: string, body: string): string {
			const known = this.honorsKey ? this.byKey.get(key) : undefined;
			// The provider would reject this.
			must(known === undefined || known.body === body, 'a key is used for another request');
			this.taskCount += known ? 0 : 1;
			const taskId = known?.taskId ?? `task-${this.taskCount}`;
			this.byKey.set(key, { taskId, body });
			return taskId;
		}

		/** Returns the task if it's done. */
		private endRow({ end }: Row, own: RowRecord, index: number): string[] {
			const taskId = firstTask(own) ?? '';
			const position = this.position(index);
			this.paid.set(position, taskId);
			const claim = `${this.iteration}/${taskId}`;
			must((this.owners.get(claim) ?? index) === index, `${taskId} has two rows`);
			this.owners.set(claim, index);
			if (end === 'stopped') return [];
			// A delivered task isn't refunded.
			const isSettled = this.recorded.get(taskId) === 'settled';
			const actualEnd = isSettled && end === 'failed' ? 'done' : end;
			own.markEnded(ending(actualEnd));
			if (actualEnd === 'failed') this.paid.delete(position);
			if (actualEnd === 'failed' || actualEnd === 'spent') this.recorded.set(taskId, 'settled');
			return actualEnd === 'done' ? [taskId] : [];
		}

		private checkRecords(): void {
			const text = JSON.stringify(this.data);
			for (const [taskId, state] of this.recorded) {
				must(state === 'settled' || text.includes(`"${taskId}"`), `${taskId} is forgotten`);
			}
			const records = recordsIn(this.data);
			// A task in two records could be delivered twice.
			const taskIds = records.flatMap(({ state }) => state.taskIds ?? state.taskId ?? []);
			must(new Set(taskIds).size === taskIds.length, 'a task is recorded twice');
			const keys = records.map(({ key }) => key);
			must(new Set(keys).size === keys.length, 'a key is recorded twice');
		}

		private position(index: number): string {
			return `${this.execution}/${this.iteration}/${index}`;
		}
	}

	function recordsIn({ records }: LedgerData): SavedRecord[] {
		return records as SavedRecord[];
	}

	it.each([
		['honors the key', true],
		["doesn't", false],
	])(
		'at a provider that %s, loses no task, delivers none twice, and uses no key for two requests',
		(_what, honors) => {
			fc.assert(
				fc.property(fc.array(nodeTry, { maxLength: 12 }), (tries) => {
					new Simulation(honors).run(tries);
				}),
				{ seed: SEED, numRuns: 1_000 },
			);
		},
	);

	it('finds everything that stayed open in a later iteration with the same requests', () => {
		fc.assert(
			fc.property(fc.array(nodeTry, { maxLength: 8 }), (tries) => {
				const data = new Simulation(true).run(tries);
				const left = recordsIn(data).flatMap(({ isReclaimable, state }) =>
					isReclaimable && state.name === 'made' ? (state.taskIds ?? []) : [],
				);
				const ledger = open(data, { iteration: 1_000 });
				const found = ['A', 'B'].flatMap((prompt) =>
					Array.from({ length: 60 }, (_, index) =>
						firstTask(ledger.openRecord(index, requestFor(prompt))),
					),
				);
				must(
					isDeepStrictEqual(found.filter(Boolean).sort(), left.sort()),
					'a task that stayed open is not found',
				);
			}),
			{ seed: SEED, numRuns: 1_000 },
		);
	});
});
