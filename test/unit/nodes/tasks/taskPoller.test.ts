import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';
import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import type { HttpResult, HttpRequest } from '../../../../nodes/Seedream/tasks/apiClient';
import { TaskPoller, type PolledTask } from '../../../../nodes/Seedream/tasks/taskPoller';
import { concurrentClock, type VirtualClock } from '../virtualClock';
import { noReply, reply, scriptedClientAt, type Script } from './scriptedApiClient';
import { singly } from './simulatedProvider';

const LINK = 'https://example.com/1.png';
const DONE = reply(200, { id: 'task-1', status: 'completed', results: [LINK] });
const RUNNING = reply(200, { id: 'task-1', status: 'processing' });
const OOPS = reply(500, { error: { code: 'oops', message: 'Sorry.', type: 'server' } });
const BUSY = reply(503, { error: { code: 'busy', message: 'Later.', type: 'server' } });
const UNKNOWN = reply(404, { error: { code: 'task_not_found', message: 'No such task.' } });
const OTHER = reply(200, { hello: 'world' });
const COMPLETED = { ok: true, value: { content: { status: 'completed', imageUrls: [LINK] } } };

/** Pauses are as long as the jitter allows. */
const longest = createBackoff(() => 1);

/** The poller looks through its tasks so often. */
const TICK = 20;

/** A question that fails at the deadline is followed by a last one. */
const GRACE = 1_000;

const repeat = (count: number, answer: HttpResult) => Array.from({ length: count }, () => answer);

/** It may be done already. */
function task(clock: VirtualClock, changes: Partial<PolledTask> = {}): PolledTask {
	return {
		taskId: 'task-1',
		since: clock.now(),
		timeoutSeconds: 600,
		pollSeconds: 0,
		isOld: true,
		isKnown: true,
		...changes,
	};
}

async function waitFor(
	answers: Script[],
	changes: Partial<PolledTask> = {},
	{ clock = concurrentClock(), backoff = longest, provider = evoLink } = {},
) {
	const { client, calls, times } = scriptedClientAt(clock, provider, ...answers);
	const result = await new TaskPoller(client, clock, backoff).waitFor(task(clock, changes));
	/** The pauses between one question and the next. */
	const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
	return { result, calls, times, pauses, clock };
}

/** The end comes with the next look through the tasks, or the next slice of a wait. */
function expectEndAt(clock: VirtualClock, ms: number) {
	expect(clock.elapsed()).toBeGreaterThanOrEqual(ms);
	expect(clock.elapsed()).toBeLessThanOrEqual(ms + GRACE + 100 + TICK);
}

describe('a task that is followed', () => {
	it('is asked for once, without a pause, when it is done already', async () => {
		const { result, calls, times } = await waitFor([DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toEqual([{ method: 'GET', path: '/v1/tasks/task-1', timeoutMs: 60_000 }]);
		expect(times).toEqual([0]);
	});

	it('keeps the whole answer beside what was understood of it', async () => {
		const { result } = await waitFor([DONE]);
		expect(result).toMatchObject({
			ok: true,
			value: { raw: { id: 'task-1', status: 'completed', results: [LINK] } },
		});
	});

	it('has time to start before the first question, when it was made just now', async () => {
		const { times } = await waitFor([DONE], { isOld: false });
		expect(times).toEqual([500]);
	});

	it('is asked for until it is done', async () => {
		const pending = reply(200, { id: 'task-1', status: 'pending' });
		const unknown = reply(200, { id: 'task-1', status: 'warming_up' });
		const { result, calls } = await waitFor([pending, RUNNING, unknown, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(4);
	});

	it("is asked for in the user's own interval", async () => {
		const { times } = await waitFor([RUNNING, RUNNING, DONE], { pollSeconds: 3 });
		expect(times).toEqual([0, 3_000, 6_000]);
		const young = await waitFor([RUNNING, DONE], { pollSeconds: 3, isOld: false });
		expect(young.times).toEqual([3_000, 6_000]);
	});

	it('is asked for less often the older it gets, but every five seconds at least', async () => {
		const answers = [...repeat(40, RUNNING), DONE];
		const { pauses } = await waitFor(answers, {}, { provider: singly });
		for (const [index, pause] of pauses.slice(1).entries()) {
			expect(pause).toBeGreaterThanOrEqual((pauses[index] ?? 0) - TICK);
		}
		expect(pauses[0]).toBe(100);
		expect(pauses.at(-1)).toBe(5_000);
	});

	it.each([
		['failed', 'failed'],
		['fail', 'failed'],
		['failure', 'failed'],
		['error', 'failed'],
		['rejected', 'failed'],
		['cancelled', 'cancelled'],
		['canceled', 'cancelled'],
		['expired', 'cancelled'],
	])('is not asked for again once it is %s, which is %s', async (word, status) => {
		const error = { code: 'content_policy_violation', message: 'No.', type: 'task_error' };
		const { result, calls } = await waitFor([RUNNING, reply(200, { status: word, error })]);
		expect(calls).toHaveLength(2);
		expect(result).toMatchObject({
			ok: false,
			failure: { status, code: 'content_policy_violation', charged: 'no', taskId: 'task-1' },
		});
	});
});

describe('a question that fails for a moment', () => {
	const PASSING: Array<[string, HttpResult]> = [
		['HTTP 429', reply(429, {})],
		['HTTP 500', OOPS],
		['HTTP 502', reply(502, '<html>Bad Gateway</html>')],
		['HTTP 503', BUSY],
		['HTTP 504', reply(504, '')],
		['HTTP 524', reply(524, '<html>A timeout occurred</html>')],
		['no connection', noReply('ECONNREFUSED', false)],
		['an unknown address', noReply('ENOTFOUND', false)],
		['a broken connection', noReply('ECONNRESET', true)],
		['no answer in time', noReply('ETIMEDOUT', true)],
		['an HTML page', reply(200, '<html>Hello</html>')],
		['half an answer', reply(200, '{"id":"task-1","sta')],
		['an empty answer', reply(200, '')],
	];

	it.each(PASSING)('with %s is asked again', async (_what, answer) => {
		const { result, calls } = await waitFor([answer, answer, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(3);
	});

	it.each(PASSING)('with %s is asked again for as long as there is time', async (_what, answer) => {
		const { result, calls, clock } = await waitFor([...repeat(15, answer), DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(16);
		expect(clock.elapsed()).toBeLessThan(600_000);
	});

	it.each(PASSING)('with %s only ends at the deadline', async (_what, answer) => {
		const { result, clock } = await waitFor([answer], { timeoutSeconds: 60 });
		expectEndAt(clock, 60_000);
		expect(result).toMatchObject({
			ok: false,
			failure: { status: 'processing', code: 'timeout', taskId: 'task-1', charged: 'unknown' },
		});
	});

	it.each<[string, HttpResult, number]>([
		['that fails', OOPS, 16_000],
		// Here the pace of the provider waits longer.
		['that is refused', BUSY, 30_000],
	])('is asked again after pauses that double, where it is one %s', async (_what, answer, last) => {
		const { pauses } = await waitFor([...repeat(6, answer), DONE]);
		expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, last]);
	});

	it('is asked again sooner by chance, but not before half of the pause', async () => {
		const backoff = createBackoff(() => 0);
		const { pauses } = await waitFor([...repeat(4, OOPS), DONE], {}, { backoff });
		expect(pauses).toEqual([500, 1_000, 2_000, 4_000]);
	});

	it('counts from the start after one that was answered', async () => {
		const { pauses } = await waitFor([OOPS, OOPS, RUNNING, OOPS, DONE]);
		expect(pauses).toEqual([1_000, 2_000, 1_800, 1_000]);
	});

	it("is not asked again sooner than the user's own interval", async () => {
		const { times } = await waitFor([OOPS, DONE], { pollSeconds: 7 });
		expect(times).toEqual([0, 7_000]);
	});

	it.each([
		['9', 9_000, 9_000],
		['0.5', 500, 500],
		['0', 500, 500],
		['90', 90_000, 90_000],
		['Fri, 20 Nov 2026 08:00:09 GMT', 9_000, 9_000],
		['-1', 1_000, 1_000],
		['soon', 1_000, 1_000],
	])(
		'waits as long as the provider wishes: Retry-After %s',
		async (wish, afterFailure, afterRefusal) => {
			for (const [status, pause] of [
				[500, afterFailure],
				[429, afterRefusal],
				[503, afterRefusal],
			] as const) {
				const { times } = await waitFor([reply(status, {}, { 'retry-after': wish }), DONE]);
				expect(times).toEqual([0, pause]);
			}
		},
	);

	it.each(['0', '3600'])('ends at the deadline with Retry-After %s', async (wish) => {
		const busy = reply(429, {}, { 'retry-after': wish });
		const { result, clock } = await waitFor([busy], { timeoutSeconds: 60 });
		expectEndAt(clock, 60_000);
		expect(result).toMatchObject({ ok: false, failure: { code: 'timeout', taskId: 'task-1' } });
	});
});

describe('a question that is answered with an object of other content', () => {
	it.each<[string, HttpResult]>([
		['an object of another kind', OTHER],
		['an answer without a status', reply(200, {})],
		['a completed task without an image', reply(200, { status: 'completed', results: [] })],
	])('is given up after six in a row: %s', async (_what, answer) => {
		const { result, pauses } = await waitFor([answer]);
		expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
		expect(result).toMatchObject({
			ok: false,
			failure: {
				code: 'answer_not_understood',
				charged: 'unknown',
				taskId: 'task-1',
				message: expect.stringContaining('[task task-1]'),
				description: expect.stringMatching(
					/The answer was: \{.*Seedream Task Status node and the task ID task-1/,
				),
			},
		});
	});

	it('is asked again until then', async () => {
		const { result, calls } = await waitFor([...repeat(5, OTHER), DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(6);
	});

	it('counts anew after one that was understood', async () => {
		const answers = [...repeat(5, OTHER), RUNNING, ...repeat(5, OTHER), DONE];
		const { result } = await waitFor(answers);
		expect(result).toMatchObject(COMPLETED);
	});
});

describe('a task that the provider does not know', () => {
	it('is given up after five in a row, when the provider has named it itself', async () => {
		const { result, pauses } = await waitFor([UNKNOWN]);
		expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000]);
		expect(result).toMatchObject({
			ok: false,
			failure: {
				code: 'task_not_found',
				message: 'EvoLink does not know this task (task_not_found: No such task.) [task task-1]',
				charged: 'unknown',
				taskId: 'task-1',
			},
		});
	});

	it('is given up at once, when the user has named it', async () => {
		const { result, calls } = await waitFor([UNKNOWN, DONE], { isKnown: false });
		expect(calls).toHaveLength(1);
		expect(result).toMatchObject({ ok: false, failure: { code: 'task_not_found' } });
	});

	it('may be missing for a moment', async () => {
		const { result, calls } = await waitFor([...repeat(4, UNKNOWN), RUNNING, UNKNOWN, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(7);
	});

	it('may be missing for a moment also when the user has named it, once it was found', async () => {
		const answers = [RUNNING, ...repeat(4, UNKNOWN), DONE];
		const { result } = await waitFor(answers, { isKnown: false });
		expect(result).toMatchObject(COMPLETED);
	});
});

describe('questions that fail in different ways', () => {
	it.each<[string, HttpResult[]]>([
		['a missing task after an outage', [...repeat(8, OOPS), UNKNOWN]],
		['a missing task after refusals', [...repeat(4, BUSY), UNKNOWN]],
		['an object of other content after an outage', [...repeat(8, OOPS), OTHER]],
		['misses and outages by turns', repeat(4, UNKNOWN).flatMap((miss) => [miss, OOPS])],
	])('are counted apart, those of one kind in a row: %s', async (_what, failures) => {
		const { result, calls } = await waitFor([...failures, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(failures.length + 1);
	});
});

describe('a question that is refused for good', () => {
	it.each<[string, HttpResult, string]>([
		['HTTP 400', reply(400, { error: { code: 'invalid_task_id' } }), 'invalid_task_id'],
		['HTTP 401', reply(401, { error: { code: 'unauthorized' } }), 'unauthorized'],
		['HTTP 402', reply(402, { error: { code: 'quota' } }), 'quota'],
		['HTTP 403', reply(403, {}), 'unknown_error'],
	])('with %s is not asked again, and says how to fetch the task', async (_what, answer, code) => {
		const { result, calls } = await waitFor([answer, DONE]);
		expect(calls).toHaveLength(1);
		expect(result).toMatchObject({
			ok: false,
			failure: {
				code,
				charged: 'unknown',
				taskId: 'task-1',
				message: expect.stringContaining('[task task-1]'),
				description: expect.stringContaining('Seedream Task Status node and the task ID task-1'),
			},
		});
	});
});

describe('the deadline', () => {
	it('ends the waiting to the second, after a last question', async () => {
		const { result, times } = await waitFor([RUNNING], { timeoutSeconds: 10, pollSeconds: 3 });
		expect(times).toEqual([0, 3_000, 6_000, 9_600, 10_000]);
		expect(result).toMatchObject({
			ok: false,
			failure: {
				status: 'processing',
				code: 'timeout',
				type: 'timeout',
				charged: 'unknown',
				provider: 'evoLink',
				taskId: 'task-1',
				message:
					'EvoLink is still working on the image after 10 seconds: Seedream Task Status can fetch it later [task task-1]',
				description: expect.stringContaining('Seedream Task Status node and the task ID task-1'),
			},
		});
	});

	it.each<[string, HttpResult, string]>([
		['HTTP 503', BUSY, 'EvoLink is not available at the moment (busy: Later.)'],
		[
			'a broken connection',
			noReply('ECONNRESET', true),
			'EvoLink did not answer: the connection broke off (ECONNRESET)',
		],
		[
			'an HTML page',
			reply(200, '<html></html>'),
			'EvoLink gave an answer that this node does not understand (it is not a JSON object)',
		],
	])('quotes %s, and names the task once', async (_what, answer, words) => {
		const { result } = await waitFor([RUNNING, answer], { timeoutSeconds: 60 });
		expect(result).toMatchObject({
			ok: false,
			failure: {
				status: 'processing',
				code: 'timeout',
				message: `EvoLink did not say within 60 seconds whether the image is done: Seedream Task Status can fetch it later [task task-1]. The last question failed: ${words}`,
			},
		});
	});

	it('does not quote what failed before the last answer', async () => {
		const { result } = await waitFor([OOPS, RUNNING], { timeoutSeconds: 60 });
		expect(result).toMatchObject({
			failure: { message: expect.stringMatching(/^EvoLink is still working on the image after/) },
		});
	});

	it('counts from when the task was made', async () => {
		const clock = concurrentClock();
		const since = clock.now() - 48_000;
		const { calls } = await waitFor([RUNNING], { since, timeoutSeconds: 60 }, { clock });
		expectEndAt(clock, 12_000);
		expect(calls.length).toBeGreaterThan(1);
	});

	it('does not keep a task that is done in its last moment from being seen', async () => {
		const { result } = await waitFor([RUNNING, RUNNING, DONE], {
			timeoutSeconds: 10,
			pollSeconds: 5,
		});
		expect(result).toMatchObject(COMPLETED);
	});

	it.each([7, 13, 19])('is met also between two looks through the tasks: %i ms', async (ms) => {
		const clock = concurrentClock();
		const since = clock.now() - ms;
		const { result } = await waitFor([RUNNING], { since, timeoutSeconds: 20 }, { clock });
		expect(result).toMatchObject({ ok: false, failure: { code: 'timeout' } });
		expectEndAt(clock, 20_000 - ms);
	});

	describe('that the process slept past', () => {
		const asleep = async (sleptMs: number, answers: Script[], tasks: number) => {
			const clock = concurrentClock();
			const { client, calls, times } = scriptedClientAt(clock, evoLink, ...answers);
			const poller = new TaskPoller(client, clock, longest);
			const { sleep } = clock;
			// The first sleep of all lasts far longer than it should.
			clock.sleep = async (ms) => {
				clock.sleep = sleep;
				await sleep(ms + sleptMs);
			};
			const ids = Array.from({ length: tasks }, (_, n) => `task-${n + 1}`);
			const ends = await Promise.all(
				ids.map((taskId) => poller.waitFor(task(clock, { taskId, isOld: false }))),
			);
			return { ends, calls, times };
		};

		it.each([1, 60_000, 3_600_000])(
			'by %i ms leaves a question for each task, alone',
			async (lateMs) => {
				const { ends, calls } = await asleep(600_000 + lateMs, [DONE], 1);
				expect(ends).toMatchObject([COMPLETED]);
				expect(calls).toHaveLength(1);
			},
		);

		it('leaves a question for each task, also where they are asked for together', async () => {
			const together = async ({ body, path }: HttpRequest) => {
				const ids = Array.isArray(body?.task_ids) ? body.task_ids : [path.split('/').at(-1)];
				const data = ids.map((id) => ({ id, status: 'completed', results: [LINK] }));
				return reply(200, body ? { data } : data[0]);
			};
			const { ends } = await asleep(3_600_000, [together], 120);
			for (const end of ends) expect(end).toMatchObject(COMPLETED);
		});

		it('leaves ten seconds for it, which may fail, and then ends', async () => {
			const mended = await asleep(3_600_000, [OOPS, OOPS, DONE], 1);
			expect(mended.ends).toMatchObject([COMPLETED]);
			const broken = await asleep(3_600_000, [OOPS], 1);
			expect(broken.ends).toMatchObject([{ ok: false, failure: { code: 'timeout' } }]);
			expect((broken.times.at(-1) ?? 0) - (broken.times[0] ?? 0)).toBeLessThanOrEqual(10_100);
			const running = await asleep(3_600_000, [RUNNING], 1);
			expect(running.ends).toMatchObject([{ ok: false, failure: { code: 'timeout' } }]);
			expect(running.calls).toHaveLength(1);
		});
	});

	describe('that has passed before the first question', () => {
		const late = async (...answers: HttpResult[]) => {
			const clock = concurrentClock();
			return await waitFor(answers, { since: clock.now() - 601_000 }, { clock });
		};

		it.each<[string, HttpResult, object]>([
			['which sees the finished image', DONE, COMPLETED],
			['which may find it running', RUNNING, { ok: false, failure: { code: 'timeout' } }],
		])('leaves time for one, %s', async (_what, answer, expected) => {
			const { result, calls, times } = await late(answer, DONE);
			expect(result).toMatchObject(expected);
			expect(times).toEqual([0]);
			expect(calls[0]?.timeoutMs).toBe(10_000);
		});

		it.each<[string, HttpResult]>([
			['fail', OOPS],
			['be refused', BUSY],
		])('leaves ten seconds for it, which may %s', async (_what, answer) => {
			const seen = await late(answer, answer, DONE);
			expect(seen.result).toMatchObject(COMPLETED);
			const unseen = await late(answer);
			expect(unseen.result).toMatchObject({
				ok: false,
				failure: { code: 'timeout', status: 'processing' },
			});
			expectEndAt(unseen.clock, 10_000);
		});
	});

	it.each([
		[600, 0, 60_000],
		[61, 0, 60_000],
		[60, 0, 60_000],
		[45, 0, 46_000],
		[45, 30_000, 16_000],
		[45, 36_000, 10_000],
		[45, 45_000, 10_000],
	])(
		'of %i seconds leaves a question at an age of %i ms %i ms for its answer',
		async (timeoutSeconds, age, timeoutMs) => {
			const clock = concurrentClock();
			const { calls } = await waitFor(
				[DONE],
				{ timeoutSeconds, since: clock.now() - age },
				{ clock },
			);
			expect(calls).toMatchObject([{ timeoutMs }]);
		},
	);

	it('leaves the last question five seconds for its answer', async () => {
		const { calls } = await waitFor([RUNNING], { timeoutSeconds: 20, pollSeconds: 18 });
		expect(calls.map(({ timeoutMs }) => timeoutMs)).toEqual([21_000, 5_000, 5_000]);
	});

	it.each([20, 600])(
		'of %i seconds ends the waiting for many at once, also where they are asked for together',
		async (timeoutSeconds) => {
			// Nothing goes on for ever: an execution that is stopped would end it.
			const clock = concurrentClock(2_000 * timeoutSeconds);
			const running = async ({ body }: HttpRequest) => {
				const ids = Array.isArray(body?.task_ids) ? body.task_ids : [];
				return ids.length > 0
					? reply(200, { data: ids.map((id) => ({ id, status: 'processing' })) })
					: RUNNING;
			};
			const { client } = scriptedClientAt(clock, evoLink, running);
			const poller = new TaskPoller(client, clock, longest);
			const ends = [0, 3, 6, 9].map(async (ms) => {
				await clock.sleep(ms);
				const end = await poller.waitFor(
					task(clock, { taskId: `task-${ms}`, timeoutSeconds, isOld: false }),
				);
				return { end, at: clock.elapsed() };
			});
			for (const { end, at } of await Promise.all(ends)) {
				expect(end).toMatchObject({ ok: false, failure: { code: 'timeout' } });
				expect(at).toBeLessThan(1_000 * timeoutSeconds + 1_000);
			}
		},
	);

	it('is not outlived by a question that waits for the pace of the provider', async () => {
		const clock = concurrentClock();
		const { client, calls } = scriptedClientAt(
			clock,
			evoLink,
			reply(429, {}, { 'retry-after': '50' }),
			DONE,
		);
		await client.query('task-0', Infinity);
		const poller = new TaskPoller(client, clock, longest);
		const result = await poller.waitFor(task(clock, { timeoutSeconds: 20 }));
		expectEndAt(clock, 20_000);
		expect(calls).toHaveLength(1);
		expect(result).toMatchObject({ ok: false, failure: { code: 'timeout', taskId: 'task-1' } });
	});
});

describe('the user stops the execution', () => {
	it.each<[string, Script[], number]>([
		['while a task runs', [RUNNING], 3],
		['between questions that fail', [OOPS], 3],
		['while the provider is refusing', [reply(429, {}, { 'retry-after': '30' })], 1],
	])('%s: nothing is asked any more', async (_what, answers, fingerprint) => {
		const clock = concurrentClock(5_000);
		const { client, calls } = scriptedClientAt(clock, evoLink, ...answers);
		const poller = new TaskPoller(client, clock, longest);
		const polledTask = poller.waitFor(task(clock, { pollSeconds: 2 }));
		await expect(polledTask).rejects.toThrow(ExecutionCancelled);
		expect(calls).toHaveLength(fingerprint);
	});

	it('while a question is on its way: it passes through', async () => {
		const clock = concurrentClock();
		const broken = async () => {
			throw new ExecutionCancelled();
		};
		const { client } = scriptedClientAt(clock, evoLink, broken);
		const poller = new TaskPoller(client, clock, longest);
		await expect(poller.waitFor(task(clock))).rejects.toThrow(ExecutionCancelled);
	});

	it('while many tasks run: all of them end', async () => {
		const clock = concurrentClock(5_000);
		const { client, calls } = scriptedClientAt(clock, evoLink, RUNNING);
		const poller = new TaskPoller(client, clock, longest);
		const ends = Array.from({ length: 20 }, (_, n) =>
			poller.waitFor(task(clock, { taskId: `task-${n}`, isOld: n % 2 === 0 })),
		);
		for (const end of await Promise.allSettled(ends)) {
			expect(end).toEqual({ status: 'rejected', reason: expect.any(ExecutionCancelled) });
		}
		const fingerprint = calls.length;
		await expect(poller.waitFor(task(clock))).rejects.toThrow(ExecutionCancelled);
		expect(calls).toHaveLength(fingerprint);
	});
});

describe('a task that is asked for once', () => {
	async function query(...answers: HttpResult[]) {
		const clock = concurrentClock();
		const { client, calls, times } = scriptedClientAt(clock, evoLink, ...answers);
		const fingerprint = task(clock, { timeoutSeconds: 30, isKnown: false });
		const result = await new TaskPoller(client, clock, longest).ask(fingerprint);
		return { result, calls, times, clock };
	}

	it.each([
		['pending', 'submitted', [LINK]],
		['processing', 'processing', [LINK]],
		['completed', 'completed', [LINK]],
		['failed', 'failed', []],
		['cancelled', 'cancelled', []],
		// What was made is paid, and handed on.
		['failed', 'completed', [LINK]],
		['cancelled', 'completed', [LINK]],
	])('may be %s, which is %s, with %j', async (status, expected, results) => {
		const { result, calls } = await query(reply(200, { status, results }));
		expect(calls).toHaveLength(1);
		expect(result).toMatchObject({ ok: true, value: { content: { status: expected } } });
	});

	it('is asked for again when the question failed', async () => {
		const { result, times } = await query(BUSY, OOPS, RUNNING);
		expect(result).toMatchObject({ ok: true, value: { content: { status: 'processing' } } });
		expect(times).toEqual([0, 1_000, 3_000]);
	});

	it('is given up at the deadline', async () => {
		const { result, clock } = await query(BUSY);
		expect(result).toMatchObject({ ok: false, failure: { taskId: 'task-1', code: 'timeout' } });
		expectEndAt(clock, 30_000);
	});

	it('is given up at once when nobody knows it', async () => {
		const { result, calls } = await query(UNKNOWN);
		expect(result).toMatchObject({ ok: false, failure: { code: 'task_not_found' } });
		expect(calls).toHaveLength(1);
	});
});
