import { invalidRow } from '../../../../nodes/Seedream/errors/inputFailures';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { type Clock, ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import { isJsonObject, type JsonObject } from '../../../../nodes/Seedream/shared/json';
import { createLimit } from '../../../../nodes/Seedream/shared/limit';
import type { HttpResult } from '../../../../nodes/Seedream/tasks/apiClient';
import type { LedgerScope } from '../../../../nodes/Seedream/tasks/ledger';
import type { LedgerData } from '../../../../nodes/Seedream/tasks/ledgerData';
import { Memory, RowMemory, type RememberedEntry } from '../../../../nodes/Seedream/tasks/memory';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { submitTask, type SubmitTools } from '../../../../nodes/Seedream/tasks/submitTask';
import { concurrentClock, virtualClock } from '../virtualClock';
import { FakeMemoryTable } from './fakeMemoryTable';
import { BODY, LAKE, bodyOf, noData, open, INPUT, submitTools } from './ledgerFixtures';
import {
	networkError,
	PATIENCE_SECONDS,
	reply,
	scriptedClientAt,
	type Script,
} from './scriptedApiClient';
import { slidingWindow } from './simulatedLimits';

/** Where the virtual clock starts. */
const START = '2026-11-20 08:00:00';

const MADE: Record<string, HttpResult> = {
	evoLink: reply(200, { id: 'task-1', status: 'pending' }),
	apiMart: reply(200, { code: 200, data: [{ status: 'submitted', task_id: 'task-1' }] }),
	apiInOne: reply(200, { code: 200, data: { task_id: 'task-1', status: 'IN_PROGRESS' } }),
};

const made = ({ id }: Provider) => MADE[id] ?? reply(500, {});

const MADE_TASK = { ok: true, value: { tasks: [{ taskId: 'task-1' }] } };

const BUSY = reply(429, { error: { code: 'rate_limit_exceeded', message: 'Slow.' } });
const REFUSED = networkError('ECONNREFUSED', false);
const BROKEN = networkError('ECONNRESET', true);
const POOR = reply(402, { error: { code: 'insufficient_quota', message: 'Empty.' } });

/** The provider accepts nothing right now, so nothing was accepted. A limit ends by itself. */
const LIMITS: Array<[string, HttpResult]> = [
	['429', BUSY],
	['429 without a body', reply(429, '')],
];
const ABSENT: Array<[string, HttpResult]> = [
	['a refused connection', REFUSED],
	['an unknown address', networkError('ENOTFOUND', false)],
];

/** The request itself is invalid, so nothing was accepted. */
const FINAL: Array<[string, HttpResult]> = [
	['400', reply(400, { error: { code: 'invalid_request' } })],
	['401', reply(401, { error: { code: 'unauthorized' } })],
	['402', POOR],
	['403', reply(403, {})],
	['404', reply(404, '<html>404</html>')],
];

/** After these, it's unknown whether the create was accepted. */
const AMBIGUOUS: Array<[string, HttpResult]> = [
	['500', reply(500, { error: { code: 'internal_error' } })],
	['502', reply(502, '<html>502</html>')],
	['504', reply(504, '')],
	['a reset connection', BROKEN],
	['no response', networkError('ETIMEDOUT', true)],
	['an HTML page', reply(200, '<html>Hello</html>')],
	['half a response', reply(200, '{"id":"ta')],
	['an object without a task ID', reply(200, { code: 200, data: {} })],
];

const NO_TASKS = reply(200, { data: [] });

interface Try {
	clock?: ReturnType<typeof virtualClock>;
	/** From earlier tries of the row. */
	data?: LedgerData;
	iteration?: Partial<LedgerScope>;
	/** The row's current request body. */
	body?: JsonObject;
	/** The response to a request for the task list. */
	list?: HttpResult;
	tools?: Partial<SubmitTools>;
}

/** `responses` are those to creates; the task list has its own. */
function submit(
	provider: Provider,
	responses: Script[],
	{
		clock = virtualClock(),
		data = noData(),
		iteration,
		body = BODY,
		list = NO_TASKS,
		tools,
	}: Try = {},
) {
	let created = 0;
	const script: Script = async (call) => {
		if (call.method === 'GET') return list;
		const response = responses[Math.min(created, responses.length - 1)] ?? made(provider);
		created += 1;
		return typeof response === 'function' ? await response(call) : response;
	};
	const all = scriptedClientAt(clock, provider, script);
	const isCreate = (_item: unknown, index: number) => all.calls[index]?.method === 'POST';
	const ledger = open(data, iteration);
	const record = ledger.openRecord(0, LAKE);
	const result = submitTask(all.client, bodyOf(body), record, submitTools(clock, tools));
	return {
		result,
		...all,
		calls: () => all.calls.filter(isCreate),
		times: () => all.times.filter(isCreate),
		keys: () => all.calls.filter(isCreate).map(({ headers }) => headers?.['Idempotency-Key']),
		listings: () => all.calls.filter(({ method }) => method === 'GET').length,
		clock,
		data,
		ledger,
		record,
	};
}

/** The state of the only row in the ledger. */
function state({ records }: LedgerData): unknown {
	expect(records.length).toBeLessThanOrEqual(1);
	const [only] = records;
	return isJsonObject(only) ? only.state : undefined;
}

/** Several rows at a provider, in sequence or concurrently. */
function rowsAt(client: ProviderClient, clock: Clock) {
	const ledger = open();
	const tools = submitTools(clock);
	const submitRow = async (row: number) =>
		await submitTask(client, bodyOf(BODY), ledger.openRecord(row, LAKE), tools);
	return { ledger, submitRow };
}

/** Delays double. */
const AFTER_PAUSES = [0, 1_000, 3_000, 7_000, 15_000, 31_000];
/** At a limit, which may end at any time, up to ten seconds. */
const AT_LIMIT = [...AFTER_PAUSES.slice(0, -1), 25_000];

const rounded = (times: readonly number[]) => times.map((time) => Math.round(time));

const NO_TASK = { ok: false, failure: { charged: 'no' } };

function maybeCharged(provider: Provider, time = START) {
	return {
		ok: false,
		failure: {
			charged: 'unknown',
			provider: provider.id,
			message: expect.stringMatching(
				new RegExp(
					`The image may have been generated and you may have been charged. Check ${provider.label}'s task list for a doubao-seedream-4.5 task created (at|between) ${time} UTC`,
				),
			),
			description: expect.stringMatching(
				/Seedream Task Status.*The node can't tell whether you were charged\.$/,
			),
		},
	};
}

describe.each<[string, Provider]>([
	['evoLink', evoLink],
	['apiMart', apiMart],
	['apiInOne', apiInOne],
])('a create at %s', (_id, provider) => {
	const done = made(provider);

	it("is sent once, and isn't aborted if the execution is stopped", async () => {
		const { result, calls, clock, record, data } = submit(provider, [done]);
		await expect(result).resolves.toEqual({
			ok: true,
			value: { tasks: [{ taskId: 'task-1' }], at: clock.now(), raw: expect.any(Object) },
		});
		expect(calls()).toEqual([
			{
				method: 'POST',
				path: '/v1/images/generations',
				body: BODY,
				headers: { ...provider.idempotency.headers, 'Idempotency-Key': record.idempotencyKey },
				timeoutMs: expect.any(Number),
				mustFinish: true,
			},
		]);
		expect(clock.pauses).toEqual([]);
		expect(state(data)).toEqual({ name: 'made', taskIds: ['task-1'], at: clock.now() });
		expect(record.warning()).toBeUndefined();
	});

	describe.each([...LIMITS, ...ABSENT])('that got %s', (_what, rejection) => {
		it('is sent again unchanged', async () => {
			const { result, calls, times } = submit(provider, [rejection, rejection, done]);
			await expect(result).resolves.toMatchObject(MADE_TASK);
			expect(calls()).toHaveLength(3);
			expect(calls()[1]).toEqual(calls()[0]);
			expect(calls()[2]).toEqual(calls()[0]);
			expect(rounded(times())).toEqual(AFTER_PAUSES.slice(0, 3));
		});

		it('leaves no trace of the rejection in the ledger after it was accepted', async () => {
			const { result, data, clock, record } = submit(provider, [rejection, done]);
			await result;
			expect(state(data)).toEqual({ name: 'made', taskIds: ['task-1'], at: clock.now() });
			expect(record.warning()).toBeUndefined();
		});
	});

	it.each(ABSENT)(
		'is given up after %s six times in a row, which takes half a minute',
		async (_what, rejection) => {
			const { result, keys, times, data } = submit(provider, [rejection]);
			await expect(result).resolves.toMatchObject(NO_TASK);
			expect(new Set(keys()).size).toBe(1);
			expect(rounded(times())).toEqual(AFTER_PAUSES);
			expect(state(data)).toEqual({ name: 'refused' });
		},
	);

	it.each(LIMITS)('is sent again after %s until the timeout', async (_what, rejection) => {
		const { result, keys, times, data, clock } = submit(provider, [rejection]);
		await expect(result).resolves.toMatchObject(NO_TASK);
		expect(new Set(keys()).size).toBe(1);
		expect(rounded(times()).slice(0, 6)).toEqual(AT_LIMIT);
		expect(clock.elapsed()).toBeGreaterThan(1_000 * PATIENCE_SECONDS);
		expect(clock.elapsed()).toBeLessThanOrEqual(1_000 * PATIENCE_SECONDS + 10_000);
		expect(state(data)).toEqual({ name: 'refused' });
	});

	it.each([
		[0, [0, 750, 2_250, 5_250]],
		[0.5, [0, 875, 2_625, 6_125]],
		[1, [0, 1_000, 3_000, 7_000]],
	])('waits with a jitter of %d', async (jitter, expected) => {
		const clock = virtualClock();
		const responses = [BUSY, BUSY, BUSY, done];
		const times: number[] = [];
		const send = async () => {
			times.push(clock.elapsed());
			return responses.shift() ?? done;
		};
		const upload = async () => done;
		const options = { patienceSeconds: PATIENCE_SECONDS, random: () => jitter };
		const client = new ProviderClient(
			provider,
			new ConcurrencyLimiter(0),
			{ send, upload },
			clock,
			options,
		);
		await rowsAt(client, clock).submitRow(0);
		expect(rounded(times)).toEqual(expected);
	});

	it.each([
		['7', 7_000],
		['2.5', 2_500],
		['0.25', 250],
		['60', 60_000],
		['61', 61_000],
		['Fri, 20 Nov 2026 08:00:09 GMT', 9_000],
		['nonsense', 1_000],
	])('waits for Retry-After: %s', async (retryAfter, pause) => {
		const busy = reply(429, {}, { 'retry-after': retryAfter });
		const { result, times } = submit(provider, [busy, done]);
		await expect(result).resolves.toMatchObject({ ok: true });
		expect(times()).toEqual([0, pause]);
	});

	it('is given up if Retry-After is longer than the timeout', async () => {
		const minute = reply(429, {}, { 'retry-after': '60' });
		const longer = reply(429, {}, { 'retry-after': '541' });
		const { result, times } = submit(provider, [minute, longer, done]);
		await expect(result).resolves.toMatchObject(NO_TASK);
		expect(times()).toEqual([0, 60_000]);
	});

	it.each(FINAL)('is never sent again after %s, and is free', async (_what, response) => {
		const { result, calls, clock, data } = submit(provider, [response, done]);
		await expect(result).resolves.toMatchObject(NO_TASK);
		expect(calls()).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
		expect(state(data)).toEqual({ name: 'refused' });
	});

	it('is recorded in the ledger with its body when it is sent, and not before', async () => {
		const seen: unknown[] = [];
		const data = noData();
		const { result, clock } = submit(
			provider,
			[
				() => {
					seen.push(state(data));
					return BUSY;
				},
				() => {
					seen.push(state(data));
					return done;
				},
			],
			{ data },
		);
		const start = clock.now();
		const { sleep } = clock;
		clock.sleep = async (ms) => {
			if (ms > 0 && seen.length === 1) seen.push(state(data));
			await sleep(ms);
		};
		await result;
		expect(seen).toEqual([
			{ name: 'sent', at: start, lastAt: start, execution: '42', body: BODY },
			{ name: 'refused' },
			{ name: 'sent', at: start + 1_000, lastAt: start + 1_000, execution: '42', body: BODY },
		]);
	});

	it("whose body couldn't be built isn't sent or recorded", async () => {
		const { client, calls } = scriptedClientAt(virtualClock(), provider, done);
		const failure = { ok: false as const, failure: invalidRow(['no']) };
		const data = noData();
		const record = open(data).openRecord(0, LAKE);
		const result = submitTask(client, async () => failure, record, submitTools(virtualClock()));
		await expect(result).resolves.toBe(failure);
		expect(calls).toEqual([]);
		expect(data.records).toEqual([]);
	});

	it('may create several tasks, each of them charged', async () => {
		const both = reply(200, { data: [{ task_id: 'task-1' }, { task_id: 'task-2' }] });
		const { result, data, ledger } = submit(provider, [both]);
		await expect(result).resolves.toMatchObject({
			ok: true,
			value: { tasks: [{ taskId: 'task-1' }, { taskId: 'task-2' }] },
		});
		expect(state(data)).toMatchObject({ name: 'made', taskIds: ['task-1', 'task-2'] });
		expect(ledger.billable()).toMatchObject([{ taskId: 'task-1' }, { taskId: 'task-2' }]);
	});

	it('has its task even if an error names it', async () => {
		const error = { code: 'x', message: 'Oops.', task_id: 'task-1' };
		const { result, calls, data } = submit(provider, [reply(500, { error })]);
		await expect(result).resolves.toMatchObject(MADE_TASK);
		expect(calls()).toHaveLength(1);
		expect(state(data)).toMatchObject({ name: 'made', taskIds: ['task-1'] });
	});

	describe('in an execution that is stopped', () => {
		it("isn't sent again", async () => {
			const { result, calls, data } = submit(provider, [BUSY], { clock: virtualClock(1_200) });
			await expect(result).rejects.toThrow(ExecutionCancelled);
			expect(calls()).toHaveLength(2);
			expect(state(data)).toEqual({ name: 'refused' });
		});

		it("isn't sent at all if it was waiting for its turn", async () => {
			const clock = concurrentClock(400);
			const { client, calls } = scriptedClientAt(clock, provider, BUSY);
			const { ledger, submitRow } = rowsAt(client, clock);
			const rows = [0, 1, 2].map(submitRow);
			const ends = await Promise.allSettled(rows);
			expect(ends).toEqual(
				rows.map(() => ({ status: 'rejected', reason: expect.any(ExecutionCancelled) })),
			);
			const sent = calls.length;
			expect(sent).toBeLessThanOrEqual(rows.length);
			await expect(submitRow(3)).rejects.toThrow(ExecutionCancelled);
			expect(calls).toHaveLength(sent);
			expect(ledger.billable()).toEqual([]);
		});
	});

	describe('without a response in an earlier try', () => {
		const lost = async () => {
			const data = noData();
			const { result, keys, record } = submit(provider, [BROKEN], { data });
			await expect(result).resolves.toMatchObject(maybeCharged(provider));
			record.markEnded({ kind: 'open' });
			return { data, key: keys()[0] };
		};
		const renewed = { ...BODY, image_urls: ['https://example.com/signed-again.png'] };

		it('is sent again by a retry of the execution, with the same key', async () => {
			const { data, key } = await lost();
			const iteration = { execution: '43' };
			const { result, calls, keys } = submit(provider, [done], { data, iteration, body: renewed });
			await expect(result).resolves.toMatchObject(MADE_TASK);
			expect(keys()).toEqual([key]);
			// Without idempotency, a new body is built, because old links may have expired.
			expect(calls()[0]?.body).toEqual(provider === apiInOne ? renewed : BODY);
			expect(state(data)).toMatchObject({ name: 'made', taskIds: ['task-1'] });
		});

		it('is sent again by another try or iteration only if the provider honors the key, unchanged', async () => {
			for (const iteration of [{}, { iteration: 1 }]) {
				const { data, key } = await lost();
				const { result, calls, keys } = submit(provider, [done], {
					data,
					iteration,
					body: renewed,
				});
				const expected = provider === evoLink ? MADE_TASK : maybeCharged(provider);
				await expect(result).resolves.toMatchObject(expected);
				expect(keys()).toEqual(provider === evoLink ? [key] : []);
				for (const call of calls()) expect(call.body).toEqual(BODY);
			}
		});

		it('is reported with the time it was sent, even if the clock has been set back since', async () => {
			const clock = virtualClock();
			const data = noData();
			await clock.sleep(4 * 24 * 60 * 60 * 1000);
			const sentAt = new Date(clock.now()).toISOString().slice(0, 19).replace('T', ' ');
			const first = submit(provider, [BROKEN], { data, clock });
			await expect(first.result).resolves.toMatchObject({ failure: { charged: 'unknown' } });
			first.record.markEnded({ kind: 'open' });
			const iteration = { execution: '43' };
			const { result } = submit(provider, [POOR], { data, iteration });
			await expect(result).resolves.toMatchObject({
				ok: false,
				failure: { charged: 'unknown', message: expect.stringContaining(`${sentAt} UTC`) },
			});
		});

		it.each<[string, HttpResult]>([
			...FINAL,
			...ABSENT,
			['content policy', reply(400, { error: { code: 'content_policy_violation' } })],
			['503 that created nothing', reply(503, { error: { code: 'idempotency_unavailable' } })],
		])('stays unconfirmed if the retry is rejected with %s', async (_what, rejection) => {
			const { data, key } = await lost();
			const iteration = { execution: '43' };
			const clock = virtualClock();
			await clock.sleep(90_000);
			const { result, record, keys } = submit(provider, [rejection], { data, iteration, clock });
			await expect(result).resolves.toMatchObject(maybeCharged(provider));
			expect(new Set(keys())).toEqual(new Set([key]));
			expect(record.unconfirmed()).toMatchObject({ body: BODY });
			expect(state(data)).toMatchObject({ name: 'sent', body: BODY });
		});
	});
});

describe.each<[string, Provider]>([
	['apiMart', apiMart],
	['apiInOne', apiInOne],
])("%s isn't known to honor the key: a create", (_id, provider) => {
	const done = made(provider);
	const ambiguous: typeof AMBIGUOUS = [
		...AMBIGUOUS,
		['503', reply(503, {})],
		['408', reply(408, '')],
		['499', reply(499, '<html>499</html>')],
		['a page with HTTP 403', reply(403, '<html>403 Forbidden</html>')],
	];

	it.each(ambiguous)('is never sent again after %s', async (_what, response) => {
		const { result, calls, clock, data } = submit(provider, [response, done]);
		await expect(result).resolves.toMatchObject(maybeCharged(provider));
		expect(calls()).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
		expect(state(data)).toEqual({
			name: 'sent',
			at: clock.now(),
			lastAt: clock.now(),
			execution: '42',
			body: BODY,
		});
	});

	it('without a response after a rejection is looked up at the time it was actually sent', async () => {
		const { result, calls } = submit(provider, [BUSY, BUSY, BUSY, BROKEN]);
		await expect(result).resolves.toMatchObject(maybeCharged(provider, '2026-11-20 08:00:07'));
		expect(calls()).toHaveLength(4);
	});

	it.each(ambiguous)(
		"isn't sent again by another try of the same iteration after %s",
		async (_what, response) => {
			const data = noData();
			const first = submit(provider, [response], { data });
			await first.result;
			first.record.markEnded({ kind: 'open' });
			const clock = virtualClock();
			await clock.sleep(90_000);
			for (let tries = 2; tries <= 4; tries += 1) {
				const { result, calls, record } = submit(provider, [done], { data, clock });
				await expect(result).resolves.toMatchObject({
					ok: false,
					failure: {
						...maybeCharged(provider).failure,
						code: 'answer_lost',
						status: 'failed',
					},
				});
				expect(calls()).toEqual([]);
				record.markEnded({ kind: 'open' });
			}
		},
	);
});

describe('an execution that n8n has restarted', () => {
	const iteration = { isRestarted: true };

	async function memoryOf(clock: Clock, entries: RememberedEntry[]): Promise<RowMemory> {
		const table = new FakeMemoryTable();
		table.entries.push(...entries);
		const opened = await Memory.open(table, clock);
		if (!opened.ok) throw new Error(opened.failure.message);
		return new RowMemory(opened.value, { row: 0, rowKey: '', input: INPUT });
	}

	describe.each<[string, Provider]>([
		['apiMart', apiMart],
		['apiInOne', apiInOne],
	])('does not send a row to %s', (_id, provider) => {
		const restarted = {
			ok: false,
			failure: { charged: 'unknown', code: 'execution_restarted', provider: provider.id },
		};

		it('again, not even after Retry On Fail', async () => {
			const data = noData();
			for (let tries = 1; tries <= 2; tries += 1) {
				const { result, calls, record } = submit(provider, [], { data, iteration });
				await expect(result).resolves.toMatchObject(restarted);
				expect(calls()).toEqual([]);
				record.markEnded({ kind: 'open' });
			}
			expect(state(data)).toEqual({ name: 'maybeSent', execution: '42' });
		});

		it('in a later iteration of a loop', async () => {
			const data = noData();
			const first = submit(provider, [], { data, iteration });
			await first.result;
			first.record.markEnded({ kind: 'open' });
			const { result, calls } = submit(provider, [], { data, iteration: { iteration: 1 } });
			await expect(result).resolves.toMatchObject(restarted);
			expect(calls()).toEqual([]);
		});

		it('until a person retries it', async () => {
			const data = noData();
			const first = submit(provider, [], { data, iteration });
			await first.result;
			first.record.markEnded({ kind: 'open' });
			const retry = submit(provider, [], { data, iteration: { execution: '43' } });
			await expect(retry.result).resolves.toMatchObject(MADE_TASK);
		});

		it('of an earlier iteration that failed and may have been sent again since', async () => {
			const data = noData();
			const first = submit(provider, [POOR], { data });
			await first.result;
			first.record.markEnded({ kind: 'open' });
			const again = { ...iteration, iteration: 1 };
			const { result, calls } = submit(provider, [], { data, iteration: again });
			await expect(result).resolves.toMatchObject(restarted);
			expect(calls()).toEqual([]);
		});
	});

	it('sends a row to EvoLink under the same key', async () => {
		const first = submit(evoLink, []);
		await first.result;
		const { result, keys } = submit(evoLink, [], { iteration });
		await expect(result).resolves.toMatchObject(MADE_TASK);
		expect(keys()).toEqual(first.keys());
	});

	it('counts what a row may have cost', async () => {
		const data = noData();
		const ledger = open(data, iteration);
		const request = { ...LAKE, input: { ...INPUT, maxUsd: 0.5 } };
		ledger.openRecord(0, request).markMaybeSent();
		expect(ledger.costUsd()).toBe(0.5);
		expect(open(data, iteration).openRecord(0, request).isUncounted(false)).toBe(false);
	});

	it('sends a row that a data table does not know', async () => {
		const clock = virtualClock();
		const memory = await memoryOf(clock, []);
		const { result } = submit(apiMart, [], { clock, iteration, tools: { memory } });
		await expect(result).resolves.toMatchObject(MADE_TASK);
	});

	it('does not send a row that a data table knows', async () => {
		const { idempotencyKey: key } = open().openRecord(0, LAKE);
		const memory = await memoryOf(virtualClock(), [{ key, state: 'sent', at: 0 }]);
		const { result, calls } = submit(apiMart, [], { iteration, tools: { memory } });
		await expect(result).resolves.toMatchObject({ failure: { code: 'execution_restarted' } });
		expect(calls()).toEqual([]);
	});
});

describe('EvoLink honors the key: a create', () => {
	const done = made(evoLink);

	describe.each(AMBIGUOUS)('that got %s', (_what, response) => {
		it('is sent again with the same key and body', async () => {
			const { result, calls, clock, data } = submit(evoLink, [response, response, done]);
			await expect(result).resolves.toMatchObject(MADE_TASK);
			expect(calls()).toHaveLength(3);
			expect(calls()[1]).toEqual(calls()[0]);
			expect(calls()[2]).toEqual(calls()[0]);
			expect(clock.pauses).toEqual([1_000, 2_000]);
			expect(state(data)).toMatchObject({ name: 'made', taskIds: ['task-1'] });
		});

		it('is given up after six attempts, and may have been charged since the first', async () => {
			const { result, keys, clock, data } = submit(evoLink, [response]);
			const start = clock.now();
			await expect(result).resolves.toMatchObject(maybeCharged(evoLink));
			expect(keys()).toHaveLength(6);
			expect(new Set(keys()).size).toBe(1);
			expect(clock.pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
			expect(state(data)).toEqual({
				name: 'sent',
				at: start,
				lastAt: start + 31_000,
				execution: '42',
				body: BODY,
			});
		});

		it.each<[string, HttpResult, string, number]>([
			['402', POOR, 'EvoLink reports that this account has no credits left', 2],
			['a refused connection forever', REFUSED, "EvoLink couldn't be reached", 7],
		])(
			'may have been charged even if it is then rejected with %s',
			async (_refusal, rejection, message, sent) => {
				const { result, calls, data } = submit(evoLink, [response, rejection]);
				const expected = maybeCharged(evoLink);
				await expect(result).resolves.toMatchObject(expected);
				await expect(result).resolves.toMatchObject({
					failure: { message: expect.stringContaining(message) },
				});
				expect(calls()).toHaveLength(sent);
				expect(state(data)).toMatchObject({ name: 'sent' });
			},
		);

		it('may have been charged even if it then meets a limit that lasts', async () => {
			const { result, clock, data } = submit(evoLink, [response, BUSY]);
			await expect(result).resolves.toMatchObject(maybeCharged(evoLink));
			await expect(result).resolves.toMatchObject({
				failure: { message: expect.stringContaining('EvoLink is receiving too many requests') },
			});
			expect(clock.elapsed()).toBeGreaterThan(1_000 * PATIENCE_SECONDS);
			expect(state(data)).toMatchObject({ name: 'sent' });
		});
	});

	it('that gets 503 is sent again until the provider accepts something', async () => {
		const { result, keys, times } = submit(evoLink, [reply(503, {})]);
		await expect(result).resolves.toMatchObject(maybeCharged(evoLink));
		expect(new Set(keys()).size).toBe(1);
		expect(rounded(times())).toEqual(AFTER_PAUSES);
	});

	it('counts its attempts separately from the rejections between them', async () => {
		const responses = [BROKEN, BUSY, BROKEN, BUSY, BROKEN, BUSY, BROKEN, BUSY, BROKEN, done];
		const { result, calls } = submit(evoLink, responses);
		await expect(result).resolves.toMatchObject({ ok: true });
		expect(calls()).toHaveLength(10);
	});

	it('without a response is sent again by another try of the same iteration, with the same key', async () => {
		const data = noData();
		const first = submit(evoLink, [BROKEN], { data });
		await first.result;
		first.record.markEnded({ kind: 'open' });
		const second = submit(evoLink, [done], { data });
		await expect(second.result).resolves.toMatchObject(MADE_TASK);
		expect(second.keys()).toEqual([first.keys()[0]]);
	});

	it.each<[string, HttpResult]>([
		['402', POOR],
		['429 forever', BUSY],
	])(
		'without a response stays unconfirmed if another try is rejected with %s',
		async (_what, rejection) => {
			const data = noData();
			const first = submit(evoLink, [BROKEN], { data });
			const start = first.clock.now();
			await first.result;
			first.record.markEnded({ kind: 'open' });
			const later = virtualClock();
			await later.sleep(90_000);
			const second = submit(evoLink, [rejection], { data, clock: later });
			await expect(second.result).resolves.toMatchObject(maybeCharged(evoLink));
			expect(state(data)).toEqual({
				name: 'sent',
				at: start,
				lastAt: start + 31_000,
				execution: '42',
				body: BODY,
			});
		},
	);

	it("isn't sent again after the user stopped the execution", async () => {
		const clock = virtualClock(2_000);
		const { result, calls, data } = submit(evoLink, [BROKEN], { clock });
		await expect(result).rejects.toThrow(ExecutionCancelled);
		expect(calls()).toHaveLength(2);
		expect(state(data)).toMatchObject({ name: 'sent' });
	});
});

const conflict = (code: string, headers = {}) => reply(409, { error: { code } }, headers);

const IN_PROGRESS: Array<[string, Provider, HttpResult]> = [
	['evoLink', evoLink, conflict('paid_outcome_unknown')],
	['evoLink, in the type', evoLink, reply(409, { error: { type: 'paid_outcome_unknown' } })],
	[
		'evoLink, in the message',
		evoLink,
		reply(409, { error: { message: 'conflict: paid_outcome_unknown' } }),
	],
	['apiMart', apiMart, conflict('idempotency_in_progress')],
	['apiInOne', apiInOne, conflict('idempotency_in_progress')],
];

describe.each(IN_PROGRESS)(
	'a create that is still in progress at %s',
	(_id, provider, response) => {
		const waits = [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000];

		it('is repeated at growing intervals with the same key and body', async () => {
			const responses = [...waits.map(() => response), made(provider)];
			const { result, calls, clock } = submit(provider, responses);
			await expect(result).resolves.toMatchObject(MADE_TASK);
			expect(clock.pauses).toEqual(waits);
			for (const call of calls()) expect(call).toEqual(calls()[0]);
		});

		it.each([
			['5', 5_000],
			['90', 90_000],
		])('is repeated after Retry-After: %s', async (retryAfter, wait) => {
			const processing =
				response.kind === 'response'
					? reply(409, response.body, { 'retry-after': retryAfter })
					: response;
			const { result, clock } = submit(provider, [processing, processing, made(provider)]);
			await expect(result).resolves.toMatchObject(MADE_TASK);
			expect(clock.pauses).toEqual([wait, wait]);
		});

		it('is repeated until the timeout, and stays open', async () => {
			const { result, clock, data, keys } = submit(provider, [response]);
			const start = clock.now();
			await expect(result).resolves.toMatchObject(maybeCharged(provider));
			await expect(result).resolves.toMatchObject({
				failure: {
					message: expect.stringContaining('is still processing an earlier request for this row'),
					description: expect.stringContaining('select Retry on the Executions tab'),
				},
			});
			expect(clock.elapsed()).toBeGreaterThan(1_000 * PATIENCE_SECONDS - 60_000);
			expect(clock.elapsed()).toBeLessThanOrEqual(1_000 * PATIENCE_SECONDS);
			expect(new Set(keys()).size).toBe(1);
			expect(state(data)).toMatchObject({ name: 'sent', at: start, body: BODY });
		});

		it('ends when the execution is stopped', async () => {
			const { result, data } = submit(provider, [response], { clock: virtualClock(10_000) });
			await expect(result).rejects.toThrow(ExecutionCancelled);
			expect(state(data)).toMatchObject({ name: 'sent' });
		});
	},
);

describe.each<[string, Provider, string, string]>([
	[
		'evoLink has another request with the key',
		evoLink,
		'idempotency_conflict',
		'already has another request for this row',
	],
	[
		'apiMart has another request with the key',
		apiMart,
		'idempotency_key_reused',
		'already has another request for this row',
	],
	[
		"apiMart doesn't know its outcome",
		apiMart,
		'idempotency_result_indeterminate',
		"doesn't know what happened to an earlier request for this row",
	],
])('a create if %s', (_what, provider, code, words) => {
	it("isn't sent again, stays open, and must not be run again", async () => {
		const { result, calls, data, clock } = submit(provider, [conflict(code), made(provider)]);
		await expect(result).resolves.toMatchObject({
			ok: false,
			failure: {
				charged: 'unknown',
				code,
				message: expect.stringContaining(words),
				description: expect.stringMatching(/can't tell whether you were charged\.$/),
			},
		});
		const end = await result;
		if (end.ok) throw new Error('was made');
		expect(end.failure.description).not.toMatch(/\btry again\b|\brun\b.*\bagain\b/i);
		expect(end.failure.description).not.toContain('without charging you twice');
		expect(calls()).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
		expect(state(data)).toMatchObject({ name: 'sent', body: BODY });
	});
});

describe("a create that wasn't executed because the key couldn't be checked", () => {
	const response = reply(503, {
		error: { code: 'idempotency_unavailable', message: 'Try later.' },
	});

	it.each<[string, Provider]>([
		['evoLink', evoLink],
		['apiMart', apiMart],
		['apiInOne', apiInOne],
	])('is sent again, and is free: %s', async (_id, provider) => {
		const once = submit(provider, [response, response, made(provider)]);
		await expect(once.result).resolves.toMatchObject(MADE_TASK);
		expect(once.calls()).toHaveLength(3);
		expect(once.record.warning()).toBeUndefined();
		const forever = submit(provider, [response]);
		await expect(forever.result).resolves.toMatchObject(NO_TASK);
		expect(forever.calls().length).toBeGreaterThan(6);
		expect(forever.clock.elapsed()).toBeGreaterThan(1_000 * PATIENCE_SECONDS);
		expect(state(forever.data)).toEqual({ name: 'refused' });
	});
});

describe('a create that was sent again without a response to the first', () => {
	const replayed = ({ id }: Provider, taskId = 'task-1') =>
		reply(200, id === 'evoLink' ? { id: taskId } : { data: [{ task_id: taskId }] }, {
			'idempotency-replayed': 'true',
		});
	const NOW = virtualClock().now();
	const listed = (id: string, at: number, more = {}) => ({
		id,
		model: INPUT.model,
		status: 'processing',
		created_at: at / 1_000,
		...more,
	});

	it('has no warning after a replay', async () => {
		const onReplay = jest.fn();
		const { result, record, listings } = submit(evoLink, [BROKEN, replayed(evoLink)], {
			tools: { onReplay },
		});
		await expect(result).resolves.toMatchObject(MADE_TASK);
		expect(record.warning()).toBeUndefined();
		expect(onReplay).toHaveBeenCalledTimes(1);
		expect(listings()).toBe(0);
	});

	it('has a warning without a replay, which says where to look', async () => {
		const onReplay = jest.fn();
		const { result, record, data } = submit(evoLink, [BROKEN, made(evoLink)], {
			tools: { onReplay },
		});
		await expect(result).resolves.toMatchObject(MADE_TASK);
		expect(record.warning()).toBe(
			"The response to this row's first request was lost, and EvoLink doesn't confirm that it recognized the second one. The image may have been generated twice, and you may have been charged for both. Besides task-1, check its task list for another task created at 2026-11-20 08:00:00 UTC or later",
		);
		expect(onReplay).not.toHaveBeenCalled();
		expect(open(data).openRecord(0, undefined).warning()).toBe(record.warning());
	});

	it('names the other tasks in the list without a replay', async () => {
		const list = reply(200, { data: [listed('task-1', NOW + 1_000), listed('task-0', NOW)] });
		const data = noData();
		const { result, record } = submit(evoLink, [BROKEN, made(evoLink)], {
			data,
			list,
			tools: { isRecorded: (taskId) => open(data).taskIds().has(taskId) },
		});
		await expect(result).resolves.toMatchObject(MADE_TASK);
		expect(record.warning()).toContain(
			'Besides task-1, its task list also has task-0 (2026-11-20 08:00:00 UTC, in progress)',
		);
	});

	it.each<[string, Provider]>([
		['apiMart', apiMart],
		['apiInOne', apiInOne],
	])('has a warning after a retry of the execution as well at %s', async (_id, provider) => {
		const data = noData();
		const first = submit(provider, [BROKEN], { data });
		await first.result;
		first.record.markEnded({ kind: 'open' });
		const again = submit(provider, [made(provider)], { data, iteration: { execution: '43' } });
		await expect(again.result).resolves.toMatchObject(MADE_TASK);
		expect(again.record.warning()).toContain(
			'may have been generated twice, and you may have been charged for both',
		);
	});

	it('still has a warning if one attempt was certainly rejected', async () => {
		const { result, record } = submit(evoLink, [BROKEN, BUSY, made(evoLink)]);
		await expect(result).resolves.toMatchObject(MADE_TASK);
		expect(record.warning()).toContain(
			'may have been generated twice, and you may have been charged for both',
		);
	});

	it('is idempotent at APIMart after the first replay', async () => {
		const data = noData();
		const first = submit(apiMart, [BROKEN], { data });
		await first.result;
		first.record.markEnded({ kind: 'open' });
		const onReplay = jest.fn();
		const seen = submit(apiMart, [replayed(apiMart), BROKEN, BROKEN, replayed(apiMart, 'task-2')], {
			data,
			iteration: { execution: '43' },
			tools: { onReplay },
		});
		await expect(seen.result).resolves.toMatchObject(MADE_TASK);
		expect(seen.record.warning()).toBeUndefined();
		expect(onReplay).toHaveBeenCalledTimes(1);
		// Another row at the same provider, which gets no response twice.
		const other = seen.ledger.openRecord(1, LAKE);
		const tools = submitTools(seen.clock);
		await expect(submitTask(seen.client, bodyOf(BODY), other, tools)).resolves.toMatchObject({
			ok: true,
			value: { tasks: [{ taskId: 'task-2' }] },
		});
		expect(seen.calls()).toHaveLength(4);
	});

	describe('and stays unconfirmed', () => {
		const LOST_AT = NOW;
		const TASKS = [
			listed('too-late', LOST_AT + 62_000),
			listed('done', LOST_AT + 50_000, { status: 'completed', has_results: true }),
			listed('of-ours', LOST_AT),
			listed('at-work', LOST_AT - 59_000),
			listed('too-early', LOST_AT - 61_000),
		];

		it.each<[string, object[], string[]]>([
			['those of that minute that no row has', TASKS, ['done', 'at-work']],
			['none of another model', [listed('a', NOW, { model: 'm' })], []],
			['one without a model', [listed('b', NOW, { model: undefined })], ['b']],
			['none if there are none', [], []],
		])('names tasks that it may have created: %s', async (_what, tasks, named) => {
			const { result } = submit(evoLink, [POOR, BUSY, BROKEN, POOR], {
				list: reply(200, { data: tasks }),
				tools: { isRecorded: (taskId) => taskId === 'of-ours' },
				data: lostAt(LOST_AT),
			});
			const end = await result;
			if (end.ok) throw new Error('was made');
			const { message } = end.failure;
			for (const { id } of TASKS) expect(message.includes(`${id} (`)).toBe(named.includes(id));
			for (const id of named) expect(message).toContain(`${id} (`);
			expect(message.includes('belong to any row of this execution')).toBe(named.length > 0);
			if (tasks === TASKS) {
				expect(message).toContain(
					"The list has done (2026-11-20 08:00:50 UTC, completed), at-work (2026-11-20 07:59:01 UTC, in progress), which don't belong to any row of this execution",
				);
			}
		});

		it('has the same error if the task list fails', async () => {
			const { result } = submit(evoLink, [POOR], {
				list: networkError('ETIMEDOUT', true),
				data: lostAt(NOW),
			});
			await expect(result).resolves.toMatchObject(maybeCharged(evoLink));
		});

		/** An earlier try of this execution got no response at that time. */
		function lostAt(at: number): LedgerData {
			const data = noData();
			const record = open(data).openRecord(0, LAKE);
			record.markSent(BODY, at);
			record.markEnded({ kind: 'open' });
			return data;
		}
	});
});

it("a create that APIMart couldn't process fails without a charge", async () => {
	const error = { code: 500, message: 'build_request_failed: bad size', type: 'server_error' };
	const { result, calls } = submit(apiMart, [reply(500, { error })]);
	await expect(result).resolves.toMatchObject(NO_TASK);
	expect(calls()).toHaveLength(1);
});

it('a create that APIMart has no channel for is sent again, without a charge', async () => {
	const error = { code: 'get_channel_failed', message: 'No channel.', type: 'api_error' };
	const { result, calls } = submit(apiMart, [reply(400, { error }), made(apiMart)]);
	await expect(result).resolves.toMatchObject(MADE_TASK);
	expect(calls()).toHaveLength(2);
});

it('a create that is rejected with HTTP 200 is still an error', async () => {
	const rejection = { success: false, code: 402, message: 'Balance too low.' };
	const { result } = submit(apiMart, [reply(200, rejection)]);
	await expect(result).resolves.toMatchObject({
		ok: false,
		failure: {
			message: 'APIMart reports that this account has no credits left (Balance too low.)',
		},
	});
});

it('a create with 202 and an object as response has created its task', async () => {
	const { result } = submit(apiMart, [reply(202, { data: { id: 'task-9' } })]);
	await expect(result).resolves.toMatchObject({
		ok: true,
		value: { tasks: [{ taskId: 'task-9' }], raw: { data: { id: 'task-9' } } },
	});
});

it.each(['3600', '61'])(
	"a create that failed at EvoLink doesn't wait for longer than a minute: Retry-After %s",
	async (retryAfter) => {
		const { result, clock } = submit(evoLink, [reply(500, {}, { 'retry-after': retryAfter })]);
		await expect(result).resolves.toMatchObject(maybeCharged(evoLink));
		expect(Math.max(0, ...clock.pauses)).toBeLessThanOrEqual(60_000);
	},
);

it("a create that was never sent because the execution was stopped can't have been charged", async () => {
	// The rejection arrives after 100 ms, and the next request may be sent a second later.
	const clock = concurrentClock(1_100);
	const { client } = scriptedClientAt(clock, apiMart, async () => {
		// As the real client does.
		if (clock.elapsed() >= 1_100) throw new ExecutionCancelled();
		await clock.sleep(100);
		return BUSY;
	});
	const { ledger, submitRow } = rowsAt(client, clock);
	await Promise.allSettled([0, 1, 2].map(submitRow));
	expect(ledger.billable()).toEqual([]);
});

it('a create that is refused waits for its own Retry-After, while those of other rows go on', async () => {
	const clock = concurrentClock();
	const limit = slidingWindow(10);
	const refusedAt = new Map<string | undefined, number>();
	const pauses: number[] = [];
	const { client, times } = scriptedClientAt(clock, evoLink, async ({ headers }) => {
		const key = headers?.['Idempotency-Key'];
		const refused = refusedAt.get(key);
		if (refused !== undefined) pauses.push(clock.elapsed() - refused);
		await clock.sleep(100);
		const at = clock.elapsed();
		if (limit.freeAt(at) > at) {
			refusedAt.set(key, at);
			return reply(429, {}, { 'retry-after': '1' });
		}
		limit.onAccepted(at);
		return reply(200, { id: `task-${at}-${key}`, status: 'pending' });
	});
	const rows = Array.from({ length: 400 }, (_, row) => row);
	const { submitRow } = rowsAt(client, clock);
	const inTurn = createLimit(4);
	const submitted = await Promise.all(
		rows.map(async (row) => await inTurn(async () => await submitRow(row))),
	);
	expect(submitted.filter(({ ok }) => !ok)).toEqual([]);
	expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000);
	// A refused one mustn't hold up the others, or they'd take twice as long.
	expect(Math.max(...times)).toBeLessThan(46_000);
	expect(pauses.length).toBeGreaterThan(10);
});

it('a create waits for a long Retry-After only while tasks are running', async () => {
	const clock = concurrentClock();
	const responses = [made(evoLink)];
	const { client } = scriptedClientAt(
		clock,
		evoLink,
		() => responses.shift() ?? reply(429, {}, { 'retry-after': '3600' }),
	);
	const { submitRow } = rowsAt(client, clock);
	await expect(submitRow(0)).resolves.toMatchObject(MADE_TASK);
	const refused = submitRow(1);
	await clock.sleep(5_000);
	client.release('task-1');
	await expect(refused).resolves.toMatchObject(NO_TASK);
	expect(clock.elapsed()).toBeLessThan(6_000);
});

describe('rows at a provider that the node has given up on', () => {
	it.each<[string, HttpResult, number, number]>([
		// All ten at once, which is the first rejection, and the others one by one.
		['429 until the timeout', BUSY, 10 + 5 + 600 / 10, 612_000],
		['a refused connection', REFUSED, 6 * 10, 40_000],
	])(
		"aren't sent if they were waiting for their turn: %s",
		async (_what, response, most, mostMs) => {
			const clock = concurrentClock();
			const { client, calls } = scriptedClientAt(clock, apiMart, async () => {
				await clock.sleep(100);
				return response;
			});
			const rows = Array.from({ length: 10 }, (_, row) => row);
			const results = await Promise.all(rows.map(rowsAt(client, clock).submitRow));
			for (const result of results) expect(result).toMatchObject(NO_TASK);
			expect(calls.length).toBeLessThanOrEqual(most);
			expect(clock.elapsed()).toBeLessThan(mostMs);
		},
	);

	it.each<[string, HttpResult, string]>([
		['429', BUSY, 'rate_limit_exceeded'],
		['a refused connection', REFUSED, 'ECONNREFUSED'],
	])('are no longer sent, and their error says why: %s', async (_what, response, code) => {
		const clock = virtualClock();
		const { client, calls } = scriptedClientAt(clock, apiMart, response);
		const { ledger, submitRow } = rowsAt(client, clock);
		await submitRow(0);
		const sent = calls.length;
		for (let row = 1; row < 20; row += 1) {
			await expect(submitRow(row)).resolves.toMatchObject({
				ok: false,
				failure: { charged: 'no', code },
			});
		}
		expect(calls).toHaveLength(sent);
		if (response === REFUSED) expect(sent).toBe(6);
		expect(ledger.billable()).toEqual([]);
	});

	it.each<[string, Provider]>([
		['evoLink', evoLink],
		['apiMart', apiMart],
		['apiInOne', apiInOne],
	])('are free if they were never sent, whatever the reason: %s, 503', async (_id, provider) => {
		const clock = virtualClock();
		const { client, calls } = scriptedClientAt(clock, provider, reply(503, {}));
		const { submitRow } = rowsAt(client, clock);
		const creates = () => calls.filter(({ method }) => method === 'POST').length;
		for (let row = 0; row < 20; row += 1) {
			const sent = creates();
			const result = await submitRow(row);
			const charged = creates() > sent ? 'unknown' : 'no';
			expect(result).toMatchObject({ ok: false, failure: { charged } });
		}
		expect(creates()).toBe(6);
	});
});
