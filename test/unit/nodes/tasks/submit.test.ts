import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { createBackOff } from '../../../../nodes/Seedream/tasks/backOff';
import { Gateway } from '../../../../nodes/Seedream/tasks/gateway';
import {
	openLedger,
	type LedgerEntries,
	type LedgerRun,
} from '../../../../nodes/Seedream/tasks/ledger';
import { Cancelled, type HttpAnswer } from '../../../../nodes/Seedream/tasks/ports';
import { createSlots } from '../../../../nodes/Seedream/tasks/slots';
import { submitTask } from '../../../../nodes/Seedream/tasks/submit';
import { concurrentClock, virtualClock } from '../virtualClock';
import { noReply, reply, scriptedGatewayAt, type Script } from './scriptedGateway';

const BODY = { model: 'doubao-seedream-4.5', prompt: 'A quiet lake' };
const RUN: LedgerRun = { execution: '42', node: 'node-1', run: 0 };
/** Where the virtual clock starts. */
const START = '2026-11-20 08:00:00';

const MADE: Record<string, HttpAnswer> = {
	evoLink: reply(200, { id: 'task-1', status: 'pending' }),
	apiMart: reply(200, { code: 200, data: [{ status: 'submitted', task_id: 'task-1' }] }),
	apiInOne: reply(200, { code: 200, data: { task_id: 'task-1', status: 'IN_PROGRESS' } }),
};

const madeAt = ({ id }: Provider) => MADE[id] ?? reply(500, {});

const BUSY = reply(429, { error: { code: 'rate_limit_exceeded', message: 'Slow.' } });
const REFUSED = noReply('ECONNREFUSED', false);
const BROKEN = noReply('ECONNRESET', true);
const POOR = reply(402, { error: { code: 'insufficient_quota', message: 'Empty.' } });

/** They say that the gateway takes nothing now: nothing was accepted. */
const REFUSALS: Array<[string, HttpAnswer]> = [
	['429', BUSY],
	['429 without a body', reply(429, '')],
	['a refused connection', REFUSED],
	['an unknown address', noReply('ENOTFOUND', false)],
];

/** They say that the request itself is wrong: nothing was accepted. */
const FINAL: Array<[string, HttpAnswer]> = [
	['400', reply(400, { error: { code: 'invalid_request' } })],
	['401', reply(401, { error: { code: 'unauthorized' } })],
	['402', POOR],
	['403', reply(403, {})],
	['404', reply(404, '<html>404</html>')],
];

/** After these nobody knows whether the create was accepted. */
const AMBIGUOUS: Array<[string, HttpAnswer]> = [
	['500', reply(500, { error: { code: 'internal_error' } })],
	['502', reply(502, '<html>502</html>')],
	['504', reply(504, '')],
	['a connection that broke', BROKEN],
	['silence', noReply('ETIMEDOUT', true)],
	['an HTML page', reply(200, '<html>Hello</html>')],
	['half an answer', reply(200, '{"id":"ta')],
	['an object without a task id', reply(200, { code: 200, data: {} })],
];

interface Try {
	clock?: ReturnType<typeof virtualClock>;
	/** What earlier tries of the row have left. */
	entries?: LedgerEntries;
	run?: Partial<LedgerRun>;
}

function submit(
	provider: Provider,
	answers: Script[],
	{ clock = virtualClock(), entries = {}, run = {} }: Try = {},
) {
	const { gateway, calls, times } = scriptedGatewayAt(clock, provider, ...answers);
	const ledger = openLedger(entries, { ...RUN, ...run });
	const page = ledger.page(BODY, 0);
	const result = submitTask(gateway, BODY, page, { clock, backOff: createBackOff(() => 1) });
	const keys = () => calls.map(({ headers }) => headers?.['Idempotency-Key']);
	return { result, calls, times, keys, clock, entries, ledger, page };
}

/** What stands in the ledger about the only row. */
function fate(entries: LedgerEntries) {
	const all = Object.values(entries).flat();
	expect(all.length).toBeLessThanOrEqual(1);
	return all[0]?.fate;
}

/** Pauses double; once there is a pace, from the time of one and a half of its calls. */
const AFTER_PAUSES = [0, 1_000, 1_612, 3_362, 8_359, 22_639];
/** A refused connection says nothing about the pace. */
const AFTER_DOUBLED_SECONDS = [0, 1_000, 3_000, 7_000, 15_000, 31_000];

function pausesAfter(refusal: HttpAnswer): number[] {
	return refusal.kind === 'noReply' ? AFTER_DOUBLED_SECONDS : AFTER_PAUSES;
}

const rounded = (times: readonly number[]) => times.map((time) => Math.round(time));

const NO_TASK = { ok: false, failure: { charged: 'no' } };

function maybePaid(provider: Provider, time = START) {
	return {
		ok: false,
		failure: {
			charged: 'unknown',
			provider: provider.id,
			message: expect.stringContaining(
				`The image may have been made and charged: look in ${provider.label}'s list of tasks for one of doubao-seedream-4.5 made at ${time} UTC`,
			),
			description: expect.stringMatching(
				/Seedream Task Status.*Whether it was charged cannot be known from here\.$/,
			),
		},
	};
}

describe.each<[string, Provider]>([
	['evoLink', evoLink],
	['apiMart', apiMart],
	['apiInOne', apiInOne],
])('a create at %s', (_id, provider) => {
	const made = madeAt(provider);

	it('is sent once, and stopping the execution does not break it off', async () => {
		const { result, calls, clock, page, entries } = submit(provider, [made]);
		await expect(result).resolves.toEqual({
			ok: true,
			value: { taskId: 'task-1', at: clock.now(), raw: expect.any(Object) },
		});
		expect(calls).toEqual([
			{
				method: 'POST',
				path: '/v1/images/generations',
				body: BODY,
				headers: { 'Idempotency-Key': page.idempotencyKey(BODY) },
				mustFinish: true,
			},
		]);
		expect(clock.pauses).toEqual([]);
		expect(fate(entries)).toEqual({ state: 'made', taskId: 'task-1', at: clock.now() });
	});

	describe.each(REFUSALS)('that got %s', (_what, refusal) => {
		it('is sent again, the same in every way', async () => {
			const { result, calls, times } = submit(provider, [refusal, refusal, made]);
			await expect(result).resolves.toMatchObject({ ok: true, value: { taskId: 'task-1' } });
			expect(calls).toHaveLength(3);
			expect(calls[1]).toEqual(calls[0]);
			expect(calls[2]).toEqual(calls[0]);
			expect(rounded(times)).toEqual(pausesAfter(refusal).slice(0, 3));
		});

		it('is given up after six in a row, which is half a minute', async () => {
			const { result, keys, times, entries } = submit(provider, [refusal]);
			await expect(result).resolves.toMatchObject(NO_TASK);
			expect(new Set(keys()).size).toBe(1);
			expect(rounded(times)).toEqual(pausesAfter(refusal));
			expect(fate(entries)).toBeUndefined();
		});

		it('and then made its task has nothing of the refusal left in the ledger', async () => {
			const { result, entries, clock } = submit(provider, [refusal, made]);
			await result;
			expect(fate(entries)).toEqual({ state: 'made', taskId: 'task-1', at: clock.now() });
		});
	});

	it.each([
		[0, [0, 750, 1_209, 2_521]],
		[0.5, [0, 875, 1_411, 2_941]],
		[1, [0, 1_000, 1_612, 3_362]],
	])('waits with a jitter of %d', async (jitter, expected) => {
		const clock = virtualClock();
		const answers = [BUSY, BUSY, BUSY, made];
		const times: number[] = [];
		const send = async () => {
			times.push(clock.elapsed());
			return answers.shift() ?? made;
		};
		const upload = async () => made;
		const door = { send, upload };
		const gateway = new Gateway(provider, createSlots(0), door, clock, () => jitter);
		const page = openLedger({}, RUN).page(BODY, 0);
		await submitTask(gateway, BODY, page, { clock, backOff: createBackOff() });
		expect(rounded(times)).toEqual(expected);
	});

	it.each([
		['7', 7_000],
		['2.5', 2_500],
		['0.25', 250],
		['60', 60_000],
		['Fri, 20 Nov 2026 08:00:09 GMT', 9_000],
		['nonsense', 1_000],
	])('waits for as long as the gateway wishes: Retry-After %s', async (wish, pause) => {
		const busy = reply(429, {}, { 'retry-after': wish });
		const { result, times } = submit(provider, [busy, made]);
		await expect(result).resolves.toMatchObject({ ok: true });
		expect(times).toEqual([0, pause]);
	});

	it('is given up where the gateway wishes to be left alone for more than a minute', async () => {
		const minute = reply(429, {}, { 'retry-after': '60' });
		const longer = reply(429, {}, { 'retry-after': '61' });
		const { result, times } = submit(provider, [minute, longer, made]);
		await expect(result).resolves.toMatchObject(NO_TASK);
		expect(times).toEqual([0, 60_000]);
	});

	it.each(FINAL)('is never sent again after %s, and costs nothing', async (_what, answer) => {
		const { result, calls, clock, entries } = submit(provider, [answer, made]);
		await expect(result).resolves.toMatchObject(NO_TASK);
		expect(calls).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
		expect(fate(entries)).toBeUndefined();
	});

	it('stands in the ledger when it goes out, and not before', async () => {
		const seen: unknown[] = [];
		const { result, entries, clock } = submit(provider, [
			() => {
				seen.push(fate(entries));
				return BUSY;
			},
			() => {
				seen.push(fate(entries));
				return made;
			},
		]);
		const start = clock.now();
		const { sleep } = clock;
		clock.sleep = async (ms) => {
			if (ms > 0 && seen.length === 1) seen.push(fate(entries));
			await sleep(ms);
		};
		await result;
		expect(seen).toEqual([
			{ state: 'sent', at: start, execution: '42' },
			undefined,
			{ state: 'sent', at: start + 1_000, execution: '42' },
		]);
	});

	describe('in an execution that is stopped', () => {
		it('is not sent again', async () => {
			const { result, calls, entries } = submit(provider, [BUSY], { clock: virtualClock(1_200) });
			await expect(result).rejects.toThrow(Cancelled);
			expect(calls).toHaveLength(2);
			expect(fate(entries)).toBeUndefined();
		});

		it('is not sent at all where it waited for its turn', async () => {
			const clock = concurrentClock(400);
			const { gateway, calls } = scriptedGatewayAt(clock, provider, BUSY);
			const ledger = openLedger({}, RUN);
			const ports = { clock, backOff: createBackOff() };
			const rows = [0, 1, 2].map((row) => submitTask(gateway, BODY, ledger.page(BODY, row), ports));
			const ends = await Promise.allSettled(rows);
			expect(ends).toEqual(rows.map(() => ({ status: 'rejected', reason: expect.any(Cancelled) })));
			const sent = calls.length;
			expect(sent).toBeLessThanOrEqual(rows.length);
			const late = submitTask(gateway, BODY, ledger.page(BODY, 3), ports);
			await expect(late).rejects.toThrow(Cancelled);
			expect(calls).toHaveLength(sent);
			expect(ledger.paid()).toEqual([]);
		});
	});

	describe('whose answer an earlier try lost', () => {
		const lost = async (run: Partial<LedgerRun> = {}) => {
			const entries: LedgerEntries = {};
			const { result, keys, page } = submit(provider, [BROKEN], { entries, run });
			await expect(result).resolves.toMatchObject(maybePaid(provider));
			page.ended('open');
			return { entries, key: keys()[0] };
		};

		it.each<[string, Partial<LedgerRun>]>([
			['another execution, made by Retry', { execution: '43' }],
			['another turn of a loop', { run: 1 }],
		])('is sent again in %s, with the same key', async (_what, run) => {
			const { entries, key } = await lost();
			const { result, calls, keys } = submit(provider, [made], { entries, run });
			await expect(result).resolves.toMatchObject({ ok: true, value: { taskId: 'task-1' } });
			expect(calls).toHaveLength(1);
			expect(keys()).toEqual([key]);
			expect(fate(entries)).toMatchObject({ state: 'made', taskId: 'task-1' });
		});
	});
});

describe.each<[string, Provider]>([
	['apiMart', apiMart],
	['apiInOne', apiInOne],
])('%s does not honour the key: a create', (_id, provider) => {
	const made = madeAt(provider);
	const ambiguous: typeof AMBIGUOUS = [...AMBIGUOUS, ['503', reply(503, {})]];

	it.each(ambiguous)('is never sent again after %s', async (_what, answer) => {
		const { result, calls, clock, entries } = submit(provider, [answer, made]);
		await expect(result).resolves.toMatchObject(maybePaid(provider));
		expect(calls).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
		expect(fate(entries)).toEqual({ state: 'sent', at: clock.now(), execution: '42' });
	});

	it('that is lost after a refusal is looked for at the time it really went out', async () => {
		const { result, calls } = submit(provider, [BUSY, BUSY, BUSY, BROKEN]);
		await expect(result).resolves.toMatchObject(maybePaid(provider, '2026-11-20 08:00:03'));
		expect(calls).toHaveLength(4);
	});

	it.each(ambiguous)(
		'is not sent again by another try of the same run, after %s',
		async (_what, answer) => {
			const entries: LedgerEntries = {};
			const first = submit(provider, [answer], { entries });
			await first.result;
			first.page.ended('open');
			const clock = virtualClock();
			await clock.sleep(90_000);
			for (let tries = 2; tries <= 4; tries += 1) {
				const { result, calls, page } = submit(provider, [made], { entries, clock });
				await expect(result).resolves.toMatchObject({
					ok: false,
					failure: {
						...maybePaid(provider).failure,
						code: 'answer_lost',
						status: 'failed',
					},
				});
				expect(calls).toEqual([]);
				page.ended('open');
			}
		},
	);
});

describe('EvoLink honours the key: a create', () => {
	const made = madeAt(evoLink);

	describe.each(AMBIGUOUS)('that got %s', (_what, answer) => {
		it('is sent again with the same key and body', async () => {
			const { result, calls, clock, entries } = submit(evoLink, [answer, answer, made]);
			await expect(result).resolves.toMatchObject({ ok: true, value: { taskId: 'task-1' } });
			expect(calls).toHaveLength(3);
			expect(calls[1]).toEqual(calls[0]);
			expect(calls[2]).toEqual(calls[0]);
			expect(clock.pauses).toEqual([1_000, 2_000]);
			expect(fate(entries)).toMatchObject({ state: 'made', taskId: 'task-1' });
		});

		it('is given up after six tries, and may have been paid since the first', async () => {
			const { result, keys, clock, entries } = submit(evoLink, [answer]);
			const start = clock.now();
			await expect(result).resolves.toMatchObject(maybePaid(evoLink));
			expect(keys()).toHaveLength(6);
			expect(new Set(keys()).size).toBe(1);
			expect(clock.pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
			expect(fate(entries)).toEqual({ state: 'sent', at: start, execution: '42' });
		});

		it.each<[string, HttpAnswer, string, number]>([
			['402', POOR, 'EvoLink has no credit left on this account', 2],
			['429 for ever', BUSY, 'EvoLink gets too many requests', 7],
			['a refused connection for ever', REFUSED, 'EvoLink could not be reached', 7],
		])(
			'may have been paid also when it is then refused with %s',
			async (_refusal, refusal, message, sent) => {
				const { result, calls, entries } = submit(evoLink, [answer, refusal]);
				const expected = maybePaid(evoLink);
				await expect(result).resolves.toMatchObject(expected);
				await expect(result).resolves.toMatchObject({
					failure: { message: expect.stringContaining(message) },
				});
				expect(calls).toHaveLength(sent);
				expect(fate(entries)).toMatchObject({ state: 'sent' });
			},
		);
	});

	it('that gets 503 is sent again until the gateway takes something', async () => {
		const { result, keys, times } = submit(evoLink, [reply(503, {})]);
		await expect(result).resolves.toMatchObject(maybePaid(evoLink));
		expect(new Set(keys()).size).toBe(1);
		expect(rounded(times)).toEqual(AFTER_PAUSES);
	});

	it('counts its tries apart from the refusals between them', async () => {
		const answers = [BROKEN, BUSY, BROKEN, BUSY, BROKEN, BUSY, BROKEN, BUSY, BROKEN, made];
		const { result, calls } = submit(evoLink, answers);
		await expect(result).resolves.toMatchObject({ ok: true });
		expect(calls).toHaveLength(10);
	});

	it('whose answer was lost is sent again by another try of the same run, with the same key', async () => {
		const entries: LedgerEntries = {};
		const first = submit(evoLink, [BROKEN], { entries });
		await first.result;
		first.page.ended('open');
		const second = submit(evoLink, [made], { entries });
		await expect(second.result).resolves.toMatchObject({ ok: true, value: { taskId: 'task-1' } });
		expect(second.keys()).toEqual([first.keys()[0]]);
	});

	it.each<[string, HttpAnswer]>([
		['402', POOR],
		['429 for ever', BUSY],
	])(
		'whose answer was lost stays so when another try is refused with %s',
		async (_what, refusal) => {
			const entries: LedgerEntries = {};
			const first = submit(evoLink, [BROKEN], { entries });
			const start = first.clock.now();
			await first.result;
			first.page.ended('open');
			const later = virtualClock();
			await later.sleep(90_000);
			const second = submit(evoLink, [refusal], { entries, clock: later });
			await expect(second.result).resolves.toMatchObject(maybePaid(evoLink));
			expect(fate(entries)).toEqual({ state: 'sent', at: start, execution: '42' });
		},
	);

	it('is not sent again once the user stopped the execution', async () => {
		const clock = virtualClock(2_000);
		const { result, calls, entries } = submit(evoLink, [BROKEN], { clock });
		await expect(result).rejects.toThrow(Cancelled);
		expect(calls).toHaveLength(2);
		expect(fate(entries)).toMatchObject({ state: 'sent' });
	});
});

it('that APIMart could not build is refused, and not charged', async () => {
	const error = { code: 500, message: 'build_request_failed: bad size', type: 'server_error' };
	const { result, calls } = submit(apiMart, [reply(500, { error })]);
	await expect(result).resolves.toMatchObject(NO_TASK);
	expect(calls).toHaveLength(1);
});

it('that is refused with HTTP 200 is an error all the same', async () => {
	const refusal = { success: false, code: 402, message: 'Balance too low.' };
	const { result } = submit(apiMart, [reply(200, refusal)]);
	await expect(result).resolves.toMatchObject({
		ok: false,
		failure: { message: 'APIMart has no credit left on this account (Balance too low.)' },
	});
});

it('that is answered with 202 and an object has made its task', async () => {
	const { result } = submit(apiMart, [reply(202, { data: { id: 'task-9' } })]);
	await expect(result).resolves.toMatchObject({
		ok: true,
		value: { taskId: 'task-9', raw: { data: { id: 'task-9' } } },
	});
});

it.each(['3600', '61'])(
	'that failed at EvoLink is not waited for longer than a minute: Retry-After %s',
	async (wish) => {
		const { result, clock } = submit(evoLink, [reply(500, {}, { 'retry-after': wish })]);
		await expect(result).resolves.toMatchObject(maybePaid(evoLink));
		expect(Math.max(0, ...clock.pauses)).toBeLessThanOrEqual(60_000);
	},
);

it('that never went out, because the execution was stopped when its turn came, may not have been paid', async () => {
	// The refusal comes after 100 ms, and a second later the next may go out.
	const clock = concurrentClock(1_100);
	const { gateway } = scriptedGatewayAt(clock, apiMart, async () => {
		// As the door to the network does.
		if (clock.elapsed() >= 1_100) throw new Cancelled();
		await clock.sleep(100);
		return BUSY;
	});
	const ledger = openLedger({}, RUN);
	const ports = { clock, backOff: createBackOff() };
	const rows = [0, 1, 2].map((row) => submitTask(gateway, BODY, ledger.page(BODY, row), ports));
	await Promise.allSettled(rows);
	expect(ledger.paid()).toEqual([]);
});

describe('rows at a gateway that has closed', () => {
	it('are not sent either where they were waiting for their turn', async () => {
		const clock = concurrentClock();
		const { gateway, calls } = scriptedGatewayAt(clock, apiMart, async () => {
			await clock.sleep(100);
			return BUSY;
		});
		const ledger = openLedger({}, RUN);
		const ports = { clock, backOff: createBackOff() };
		const rows = Array.from({ length: 10 }, (_, row) =>
			submitTask(gateway, BODY, ledger.page(BODY, row), ports),
		);
		for (const result of await Promise.all(rows)) expect(result).toMatchObject(NO_TASK);
		// All ten at once, which is the first refusal, and five more.
		expect(calls).toHaveLength(15);
		expect(clock.elapsed()).toBeLessThan(40_000);
	});

	it('are not sent any more, and hear why', async () => {
		const clock = virtualClock();
		const { gateway, calls } = scriptedGatewayAt(clock, apiMart, BUSY);
		const ledger = openLedger({}, RUN);
		const ports = { clock, backOff: createBackOff() };
		for (let row = 0; row < 20; row += 1) {
			const result = submitTask(gateway, BODY, ledger.page(BODY, row), ports);
			await expect(result).resolves.toMatchObject({
				ok: false,
				failure: { charged: 'no', code: 'rate_limit_exceeded' },
			});
		}
		expect(calls).toHaveLength(6);
		expect(ledger.paid()).toEqual([]);
	});

	it.each<[string, Provider]>([
		['evoLink', evoLink],
		['apiMart', apiMart],
		['apiInOne', apiInOne],
	])('and were never sent cost nothing, whatever closed it: %s, 503', async (_id, provider) => {
		const clock = virtualClock();
		const { gateway, calls } = scriptedGatewayAt(clock, provider, reply(503, {}));
		const ledger = openLedger({}, RUN);
		const ports = { clock, backOff: createBackOff() };
		for (let row = 0; row < 20; row += 1) {
			const sent = calls.length;
			const result = await submitTask(gateway, BODY, ledger.page(BODY, row), ports);
			const charged = calls.length > sent ? 'unknown' : 'no';
			expect(result).toMatchObject({ ok: false, failure: { charged } });
		}
		expect(calls).toHaveLength(6);
	});
});
