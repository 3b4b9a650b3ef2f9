import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';

import {
	isLedgerEntries,
	openLedger,
	type LedgerEntries,
	type LedgerRun,
	type RowEnd,
} from '../../../../nodes/Seedream/tasks/ledger';

/** A run of the property test is repeated with the environment variable SEED. */
const SEED = Number(process.env.SEED ?? 20_261_120);

const RUN: LedgerRun = { execution: '42', node: 'node-1', run: 0 };
const LAKE = { promptSent: 'A quiet lake', modelId: 'm' };
const FOREST = { promptSent: 'A dark forest', modelId: 'm' };
const BODY = { prompt: 'A quiet lake' };
const NOW = 1_790_000_000_000;

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));

function open(entries: LedgerEntries, run: Partial<LedgerRun> = {}) {
	return openLedger(entries, { ...RUN, ...run });
}

/** The page that a row of another try opens. */
function page(entries: LedgerEntries, run: Partial<LedgerRun> = {}, row = 0, asked = LAKE) {
	return open(entries, run).page(asked, row);
}

/** A try of one row that made `task-1`, and how it ended. */
function madeTask(end?: RowEnd, { isHandedOn = false, run = {}, row = 0 } = {}): LedgerEntries {
	const entries: LedgerEntries = {};
	const ledger = open(entries, run);
	const first = ledger.page(LAKE, row);
	first.sent(NOW);
	first.made('task-1', NOW + 5);
	if (end) first.ended(end);
	if (isHandedOn) ledger.handOn();
	return entries;
}

/** A try of one row whose create was sent, and never answered. */
function lostCreate(end?: RowEnd): LedgerEntries {
	const entries: LedgerEntries = {};
	const first = page(entries);
	first.sent(NOW);
	if (end) first.ended(end);
	return entries;
}

const keyIn = (entries: LedgerEntries, run: Partial<LedgerRun> = {}) =>
	page(entries, run).idempotencyKey(BODY);
const FIRST_KEY = keyIn({});

const TASK = { taskId: 'task-1', at: NOW + 5 };

describe('a row without a past', () => {
	it('has nothing', () => {
		const first = page({});
		expect(first.task()).toBeUndefined();
		expect(first.lostCreate()).toBeUndefined();
		expect(first.idempotencyKey(BODY)).toMatch(/^[\da-f]{64}$/);
	});

	it('has nothing either after a create that was refused', () => {
		const entries: LedgerEntries = {};
		const first = page(entries);
		first.sent(NOW);
		first.refused();
		expect(first.lostCreate()).toBeUndefined();
		first.ended('unpaid');
		const second = page(copy(entries));
		expect(second.task()).toBeUndefined();
		expect(second.lostCreate()).toBeUndefined();
		expect(second.idempotencyKey(BODY)).toBe(FIRST_KEY);
	});

	it('has its task as soon as it is made', () => {
		const first = page({});
		first.sent(NOW);
		expect(first.task()).toBeUndefined();
		first.made('task-1', NOW + 5);
		expect(first.task()).toMatchObject(TASK);
	});
});

describe('another try of the same run finds the task of its row', () => {
	it.each<[string, LedgerEntries]>([
		['of a try that was broken off', madeTask()],
		['of a row that was done', madeTask('done')],
		['of a row that was done and handed on', madeTask('done', { isHandedOn: true })],
		['of a row that was left open', madeTask('open')],
		['of a row that was left open in a try that went on', madeTask('open', { isHandedOn: true })],
	])('%s', (_what, entries) => {
		expect(page(copy(entries)).task()).toMatchObject(TASK);
		expect(page(copy(entries), { execution: '43' }).task()).toMatchObject(TASK);
	});

	it('as often as it looks', () => {
		const entries = madeTask('open');
		for (let tries = 0; tries < 5; tries += 1) {
			const next = page(entries);
			expect(next.task()).toMatchObject(TASK);
			next.ended('open');
		}
	});

	it('which counts as not handed on any more: n8n has thrown it away', () => {
		const entries = madeTask('done', { isHandedOn: true });
		page(entries).ended('open');
		expect(page(copy(entries), { run: 1 }).task()).toMatchObject(TASK);
	});

	it('and hands it on anew', () => {
		const entries = madeTask('done', { isHandedOn: true });
		const again = open(entries);
		again.page(LAKE, 0).ended('done');
		again.handOn();
		expect(page(copy(entries), { run: 1 }).task()).toBeUndefined();
	});

	it('and not that of another row that asks for the same', () => {
		const entries: LedgerEntries = {};
		const ledger = open(entries);
		for (const row of [0, 1]) ledger.page(LAKE, row).made(`task-of-${row}`, NOW);
		const again = open(copy(entries));
		expect(again.page(LAKE, 1).task()).toMatchObject({ taskId: 'task-of-1' });
		expect(again.page(LAKE, 2).task()).toBeUndefined();
		expect(again.page(LAKE, 0).task()).toMatchObject({ taskId: 'task-of-0' });
	});

	it('and not where the row asks for something else now', () => {
		const entries = madeTask('open');
		expect(page(entries, {}, 0, FOREST).task()).toBeUndefined();
		expect(page(entries).task()).toMatchObject(TASK);
	});
});

describe('a later turn of a loop', () => {
	it.each<[string, LedgerEntries, boolean]>([
		['left open', madeTask('open'), true],
		['left open in a try that went on', madeTask('open', { isHandedOn: true }), true],
		['done and handed on', madeTask('done', { isHandedOn: true }), false],
		['done, and not yet handed on', madeTask('done'), false],
		['not ended yet', madeTask(), false],
		['failed', madeTask('unpaid'), false],
	])('takes over the task of a row that is %s: %s', (_what, entries, isTaken) => {
		const found = page(copy(entries), { run: 1 }).task();
		if (isTaken) expect(found).toMatchObject(TASK);
		else expect(found).toBeUndefined();
	});

	it('takes over a task in another execution as well, made by Retry', () => {
		expect(page(madeTask('open'), { run: 1, execution: '43' }).task()).toMatchObject(TASK);
	});

	it('takes over a create that was lost, with its key', () => {
		const next = page(lostCreate('open'), { run: 1 });
		expect(next.lostCreate()).toEqual({ at: NOW, isOfThisRun: false });
		expect(next.idempotencyKey(BODY)).toBe(FIRST_KEY);
	});

	it('does not take over a create that may still be answered', () => {
		const next = page(lostCreate(), { run: 1 });
		expect(next.lostCreate()).toBeUndefined();
		expect(next.idempotencyKey(BODY)).not.toBe(FIRST_KEY);
	});

	it('takes nothing from a turn to come', () => {
		expect(page(madeTask('open', { run: { run: 2 } }), { run: 1 }).task()).toBeUndefined();
	});

	it('takes nothing for a row that asks for something else', () => {
		expect(page(madeTask('open'), { run: 1 }, 0, FOREST).task()).toBeUndefined();
	});

	it('takes each only once, that of the same row first', () => {
		const entries: LedgerEntries = {};
		const ledger = open(entries);
		for (const row of [3, 1, 2]) {
			const left = ledger.page(LAKE, row);
			left.made(`task-of-${row}`, NOW);
			left.ended('open');
		}
		const next = open(copy(entries), { run: 1 });
		const taken = [1, 2, 7, 8].map((row) => next.page(LAKE, row).task()?.taskId);
		expect(taken).toEqual(['task-of-1', 'task-of-2', 'task-of-3', undefined]);
	});

	it('keeps what it took over for its own other tries', () => {
		const entries = madeTask('open');
		page(entries, { run: 1 }, 5);
		const again = open(copy(entries), { run: 1 });
		expect(again.page(LAKE, 0).task()).toBeUndefined();
		expect(again.page(LAKE, 5).task()).toMatchObject(TASK);
	});

	it('leaves what it took over and did not fetch to the next', () => {
		const entries = madeTask('open');
		for (let run = 1; run < 5; run += 1) {
			const next = page(entries, { run }, run);
			expect(next.task()).toMatchObject(TASK);
			next.ended('open');
		}
	});
});

describe('a task that failed', () => {
	it('is not found again, and its row gets another key', () => {
		const entries = madeTask('unpaid');
		const again = page(copy(entries));
		expect(again.task()).toBeUndefined();
		expect(again.lostCreate()).toBeUndefined();
		expect(again.idempotencyKey(BODY)).not.toBe(FIRST_KEY);
		expect(keyIn(copy(entries))).toBe(again.idempotencyKey(BODY));
	});

	it('gives another key each time', () => {
		const entries: LedgerEntries = {};
		const keys = new Set<string>();
		for (let tries = 0; tries < 10; tries += 1) {
			const next = page(entries);
			keys.add(next.idempotencyKey(BODY));
			next.sent(NOW);
			next.made(`task-${tries}`, NOW);
			next.ended('unpaid');
		}
		expect(keys.size).toBe(10);
	});

	it('is not forgotten over creates that were refused', () => {
		const entries = madeTask('unpaid');
		const second = page(entries);
		const key = second.idempotencyKey(BODY);
		for (let tries = 0; tries < 3; tries += 1) {
			const next = page(entries);
			expect(next.idempotencyKey(BODY)).toBe(key);
			next.sent(NOW);
			next.refused();
			next.sent(NOW + 1);
			next.refused();
			next.ended('unpaid');
		}
	});

	it('is not forgotten over a try that came to nothing before its create', () => {
		const entries = madeTask('unpaid');
		page(entries).ended('unpaid');
		expect(keyIn(entries)).not.toBe(FIRST_KEY);
	});

	it('keeps the other key for a create that was lost then', () => {
		const entries = madeTask('unpaid');
		const second = page(entries);
		second.sent(NOW + 9);
		second.ended('open');
		const third = page(copy(entries));
		expect(third.lostCreate()).toEqual({ at: NOW + 9, isOfThisRun: true });
		expect(third.idempotencyKey(BODY)).toBe(second.idempotencyKey(BODY));
	});
});

describe('a create whose answer was lost', () => {
	it.each<[string, RowEnd | undefined]>([
		['in a row that was left open', 'open'],
		['in a try that was broken off', undefined],
	])('is known to another try, with its key: %s', (_what, end) => {
		const again = page(copy(lostCreate(end)));
		expect(again.task()).toBeUndefined();
		expect(again.lostCreate()).toEqual({ at: NOW, isOfThisRun: true });
		expect(again.idempotencyKey(BODY)).toBe(FIRST_KEY);
	});

	it('is of another run, when the user retries the execution', () => {
		const again = page(lostCreate('open'), { execution: '43' });
		expect(again.lostCreate()).toEqual({ at: NOW, isOfThisRun: false });
		expect(again.idempotencyKey(BODY)).toBe(FIRST_KEY);
	});

	it('is settled when its task turns up', () => {
		const entries = lostCreate('open');
		const again = page(entries);
		again.sent(NOW);
		again.made('task-1', NOW + 5);
		expect(page(copy(entries)).lostCreate()).toBeUndefined();
		expect(page(copy(entries)).task()).toMatchObject(TASK);
	});
});

describe('the idempotency key', () => {
	it.each<[string, string]>([
		['row', page({}, {}, 1).idempotencyKey(BODY)],
		['execution', keyIn({}, { execution: '43' })],
		['turn of a loop', keyIn({}, { run: 1 })],
		['node', keyIn({}, { node: 'node-2' })],
		['body', page({}).idempotencyKey({ ...BODY, n: 2 })],
	])('is another for another %s', (_what, key) => {
		expect(key).not.toBe(FIRST_KEY);
	});

	it('does not change while the row is at work', () => {
		const first = page({});
		first.sent(NOW);
		first.refused();
		first.sent(NOW);
		first.made('task-1', NOW);
		expect(first.idempotencyKey(BODY)).toBe(FIRST_KEY);
	});
});

describe('the entries', () => {
	it.each<[string, LedgerEntries]>([
		['none', {}],
		['a task', madeTask()],
		['a task that was handed on', madeTask('done', { isHandedOn: true })],
		['a task that failed', madeTask('unpaid')],
		['a task that was left', madeTask('open')],
		['a lost create', lostCreate('open')],
		['a create on its way', lostCreate()],
	])('survive being saved: %s', (_what, entries) => {
		const saved: unknown = JSON.parse(JSON.stringify(entries));
		expect(isLedgerEntries(saved)).toBe(true);
		expect(saved).toEqual(entries);
	});

	it.each<[string, unknown]>([
		['nothing', undefined],
		['null', null],
		['a text', 'tasks'],
		['an empty list', []],
		['a list of lists', [[]]],
		['no lists', { a: 1 }],
		['lists of something else', { a: [1] }],
		['an entry without a fate', { a: [{ run: 0, row: 0, seed: 's', isLeft: false }] }],
		[
			'a fate that does not exist',
			{ a: [{ run: 0, row: 0, seed: 's', isLeft: false, fate: { state: 'gone', at: 1 } }] },
		],
		[
			'a task without an id',
			{ a: [{ run: 0, row: 0, seed: 's', isLeft: false, fate: { state: 'made', at: 1 } }] },
		],
	])('are none of ours: %s', (_what, value) => {
		expect(isLedgerEntries(value)).toBe(false);
	});

	it('are changed in place', () => {
		const entries: LedgerEntries = {};
		page(entries).made('task-1', NOW);
		expect(Object.values(entries)).toMatchObject([[{ fate: { taskId: 'task-1' } }]]);
	});

	it('do not hold what was asked: a prompt may be long, or secret', () => {
		expect(JSON.stringify(madeTask())).not.toContain('lake');
	});

	it.each<[string, LedgerEntries, boolean]>([
		['a task that was handed on', madeTask('done', { isHandedOn: true }), false],
		['a task that failed', madeTask('unpaid'), false],
		['a task that was left', madeTask('open'), true],
		['a task that was not handed on', madeTask('done'), true],
		['a task whose row is at work', madeTask(), true],
		['a lost create', lostCreate('open'), true],
		['a create on its way', lostCreate(), true],
	])('of earlier turns are kept if they may be wanted: %s', (_what, entries, isKept) => {
		open(entries);
		const before = Object.keys(entries).length;
		expect(before).toBe(1);
		open(entries, { run: 1 });
		expect(Object.keys(entries)).toHaveLength(isKept ? 1 : 0);
	});

	it('stay few in a loop of thousands of turns', () => {
		const entries: LedgerEntries = {};
		for (let run = 0; run < 3_000; run += 1) {
			const ledger = open(entries, { run });
			const next = ledger.page({ promptSent: `Turn ${run}` }, 0);
			next.sent(NOW);
			next.made(`task-${run}`, NOW);
			next.ended(run % 2 === 0 ? 'done' : 'unpaid');
			ledger.handOn();
		}
		expect(Object.keys(entries)).toHaveLength(1);
	});
});

describe('what was paid', () => {
	it('is every task that was not handed on and every create without an answer, by row', () => {
		const ledger = open({});
		const [made, lost, refused, failed, idle, handedOn] = [0, 1, 2, 3, 4, 5].map((row) =>
			ledger.page(LAKE, row),
		);
		made?.sent(NOW);
		made?.made('task-1', NOW + 5);
		lost?.sent(NOW + 1);
		refused?.sent(NOW);
		refused?.refused();
		failed?.made('task-2', NOW);
		failed?.ended('unpaid');
		idle?.ended('open');
		handedOn?.made('task-3', NOW + 9);
		handedOn?.ended('done');
		ledger.handOn();
		expect(ledger.paid()).toEqual([
			{ row: 0, asked: LAKE, taskId: 'task-1', at: NOW + 5 },
			{ row: 1, asked: LAKE, at: NOW + 1 },
		]);
	});

	it('is also what an earlier try has left', () => {
		const again = open(madeTask('open'));
		again.page(LAKE, 0);
		expect(again.paid()).toMatchObject([{ row: 0, ...TASK }]);
	});

	it('is also what an earlier try has handed on, once its row is asked for again', () => {
		const again = open(madeTask('done', { isHandedOn: true }));
		expect(again.paid()).toEqual([]);
		again.page(LAKE, 0);
		expect(again.paid()).toMatchObject([{ row: 0, ...TASK }]);
	});

	it('names what was asked by each row', () => {
		const ledger = open({});
		for (const [row, asked] of [FOREST, LAKE].entries()) ledger.page(asked, row).sent(NOW);
		expect(ledger.paid().map(({ asked }) => asked)).toEqual([FOREST, LAKE]);
	});

	it('is nothing that other rows have', () => {
		const again = open(madeTask('open'));
		again.page(LAKE, 1);
		expect(again.paid()).toEqual([]);
	});
});

describe('two runs at work at once, as the calls of an AI agent are', () => {
	it('both have their tasks in the entries', () => {
		const entries: LedgerEntries = {};
		const first = page(entries);
		const second = page(entries, { run: 1 });
		first.sent(NOW);
		first.made('task-1', NOW);
		second.sent(NOW);
		second.made('task-2', NOW);
		expect(page(copy(entries)).task()).toMatchObject({ taskId: 'task-1' });
		expect(page(copy(entries), { run: 1 }).task()).toMatchObject({ taskId: 'task-2' });
	});

	it('both have their tasks in the entries, also those that were on their way', () => {
		const entries: LedgerEntries = {};
		const first = page(entries);
		first.sent(NOW);
		open(entries, { run: 1 });
		first.made('task-1', NOW);
		expect(page(copy(entries)).task()).toMatchObject({ taskId: 'task-1' });
		expect(page(copy(entries)).lostCreate()).toBeUndefined();
	});

	it('never have the same task, nor the same key', () => {
		const entries: LedgerEntries = {};
		const pages = [0, 1, 2].map((run) => page(entries, { run }));
		for (const [run, own] of pages.entries()) {
			expect(own.task()).toBeUndefined();
			own.made(`task-${run}`, NOW);
		}
		expect(new Set(pages.map((own) => own.idempotencyKey(BODY))).size).toBe(3);
	});

	it('leave to the other what its next try will want', () => {
		const entries: LedgerEntries = {};
		const first = open(entries);
		const left = first.page(LAKE, 0);
		left.sent(NOW);
		left.made('task-1', NOW);
		// Another row of the same run is still at work, and then n8n tries the node again.
		first.page(FOREST, 1).sent(NOW);
		left.ended('open');
		const second = page(entries, { run: 1 });
		const again = page(entries);
		const tasks = [second.task()?.taskId, again.task()?.taskId];
		expect(tasks.filter((taskId) => taskId === 'task-1')).toHaveLength(1);
		expect(second.idempotencyKey(BODY)).not.toBe(again.idempotencyKey(BODY));
	});
});

/**
 * Tries of a node, one after the other, against a gateway. What n8n may do between them: nothing,
 * save and load the entries, give the execution another id, go on to the next turn of a loop.
 */
describe('over any tries of the node', () => {
	type Create = 'made' | 'lost' | 'refused';
	/** `stopped`: the row never got to its end. */
	type End = RowEnd | 'stopped';

	interface Row {
		prompt: string;
		create: Create;
		end: End;
	}

	interface NodeTry {
		before: 'retryOnFail' | 'retryExecution' | 'nextTurn';
		isSaved: boolean;
		isHandedOn: boolean;
		rows: Row[];
	}

	const row = fc.record<Row>({
		prompt: fc.constantFrom('A', 'A', 'B'),
		create: fc.constantFrom<Create>('made', 'made', 'lost', 'refused'),
		end: fc.constantFrom<End>('done', 'unpaid', 'open', 'open', 'stopped'),
	});
	const nodeTry = fc.record<NodeTry>({
		before: fc.constantFrom('retryOnFail', 'retryExecution', 'nextTurn'),
		isSaved: fc.boolean(),
		isHandedOn: fc.boolean(),
		rows: fc.array(row, { minLength: 1, maxLength: 4 }),
	});

	function must(isTrue: boolean, otherwise: string): void {
		if (!isTrue) throw new Error(otherwise);
	}

	/** Plays the tries through, and breaks off at the first thing that must not be. */
	function play(tries: readonly NodeTry[], honoursKey: boolean): LedgerEntries {
		let entries: LedgerEntries = {};
		let execution = 1;
		let run = 0;
		let now = NOW;
		const byKey = new Map<string, string>();
		/** Those the ledger has been told of, with what became of them. */
		const told = new Map<string, 'open' | 'settled'>();
		const owners = new Map<string, string>();
		let tasks = 0;

		const create = (key: string): string => {
			const known = honoursKey ? byKey.get(key) : undefined;
			const taskId = known ?? `task-${++tasks}`;
			byKey.set(key, taskId);
			return taskId;
		};

		for (const { before, isSaved, isHandedOn, rows } of tries) {
			if (before === 'retryExecution') execution += 1;
			if (before === 'nextTurn') run += 1;
			if (isSaved) {
				const saved: unknown = copy(entries);
				if (!isLedgerEntries(saved)) throw new Error('the entries cannot be saved');
				entries = saved;
			}
			const ledger = openLedger(entries, { execution: `${execution}`, node: 'node-1', run });
			const done: string[] = [];
			const pages = rows.map(({ prompt }, index) => ledger.page({ prompt }, index));
			for (const [index, { prompt, create: outcome, end }] of rows.entries()) {
				now += 1_000;
				const own = pages[index];
				if (!own) continue;
				const lost = own.lostCreate();
				if (!own.task()) {
					if (lost?.isOfThisRun && !honoursKey) {
						if (end !== 'stopped') own.ended('open');
						continue;
					}
					own.sent(now);
					const key = own.idempotencyKey({ prompt });
					if (outcome === 'refused') {
						const isLost = lost !== undefined && honoursKey;
						if (!isLost) own.refused();
						if (end !== 'stopped') own.ended(isLost ? 'open' : 'unpaid');
						continue;
					}
					const taskId = create(key);
					if (outcome === 'lost') {
						if (end !== 'stopped') own.ended('open');
						continue;
					}
					// A create that makes a task anew must not be answered with one that was known.
					must(!told.has(taskId), `${taskId} was made twice`);
					told.set(taskId, 'open');
					own.made(taskId, now);
				}
				const taskId = own.task()?.taskId ?? '';
				const owner = `${prompt}/${index}`;
				const place = `${run}/${taskId}`;
				// No two rows of a run have the same task.
				must((owners.get(place) ?? owner) === owner, `${taskId} has two rows`);
				owners.set(place, owner);
				if (end === 'stopped') continue;
				// What was handed on is not paid back.
				const isSettled = told.get(taskId) === 'settled';
				const actualEnd = isSettled && end === 'unpaid' ? 'done' : end;
				own.ended(actualEnd);
				if (actualEnd === 'done') done.push(taskId);
				if (actualEnd === 'unpaid') told.set(taskId, 'settled');
			}
			if (isHandedOn) {
				ledger.handOn();
				for (const taskId of done) told.set(taskId, 'settled');
			}
			const text = JSON.stringify(entries);
			for (const [taskId, state] of told) {
				must(state === 'settled' || text.includes(`"${taskId}"`), `${taskId} is forgotten`);
			}
			// What stands there more than once could be given away twice.
			const standing = Object.values(entries)
				.flat()
				.flatMap(({ fate }) => (fate.state === 'sent' ? [] : [fate.taskId]));
			must(new Set(standing).size === standing.length, 'a task stands there twice');
			const seeds = Object.entries(entries).flatMap(([asked, list]) =>
				list.map(({ seed }) => `${asked}/${seed}`),
			);
			must(new Set(seeds).size === seeds.length, 'a key stands there twice');
		}
		return entries;
	}

	it.each([
		['honours the key', true],
		['does not', false],
	])(
		'at a gateway that %s, no task is lost, or given twice, and no key means two',
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
				const entries = play(tries, true);
				const left = Object.values(entries)
					.flat()
					.flatMap(({ isLeft, fate }) => (isLeft && fate.state === 'made' ? [fate.taskId] : []));
				const ledger = open(entries, { run: 1_000 });
				const found = ['A', 'B'].flatMap((prompt) =>
					Array.from({ length: 60 }, (_, index) => ledger.page({ prompt }, index).task()?.taskId),
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
