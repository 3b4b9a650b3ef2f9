import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';
import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import type { HttpResult, HttpRequest } from '../../../../nodes/Seedream/tasks/apiClient';
import { TaskPoller, type PolledTask } from '../../../../nodes/Seedream/tasks/taskPoller';
import { concurrentClock, type VirtualClock } from '../virtualClock';
import { networkError, reply, scriptedClientAt, type Script } from './scriptedApiClient';
import { singly } from './simulatedProvider';

const LINK = 'https://example.com/1.png';
const DONE = reply(200, { id: 'task-1', status: 'completed', results: [LINK] });
const RUNNING = reply(200, { id: 'task-1', status: 'processing' });
const OOPS = reply(500, { error: { code: 'oops', message: 'Sorry.', type: 'server' } });
const BUSY = reply(503, { error: { code: 'busy', message: 'Later.', type: 'server' } });
const UNKNOWN = reply(404, { error: { code: 'task_not_found', message: 'No such task.' } });
const OTHER = reply(200, { hello: 'world' });
const COMPLETED = { ok: true, value: { content: { status: 'completed', imageUrls: [LINK] } } };

/** Delays are as long as the jitter allows. */
const longest = createBackoff(() => 1);

/** How often the poller looks for tasks that are due. */
const TICK = 20;

/** A poll that fails at the deadline is followed by a last one. */
const GRACE = 1_000;

const repeat = (count: number, response: HttpResult) =>
	Array.from({ length: count }, () => response);

/** It may be done already. */
function task(clock: VirtualClock, changes: Partial<PolledTask> = {}): PolledTask {
	return {
		taskId: 'task-1',
		startedAt: clock.now(),
		timeoutSeconds: 600,
		minIntervalSeconds: 0,
		isExisting: true,
		isConfirmed: true,
		...changes,
	};
}

async function waitFor(
	responses: Script[],
	changes: Partial<PolledTask> = {},
	{ clock = concurrentClock(), backoff = longest, provider = evoLink } = {},
) {
	const { client, calls, times } = scriptedClientAt(clock, provider, ...responses);
	const result = await new TaskPoller(client, clock, backoff).waitFor(task(clock, changes));
	/** Between one poll and the next. */
	const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
	return { result, calls, times, pauses, clock };
}

/** The end comes with the next tick, or the next slice of a wait. */
function expectEndAt(clock: VirtualClock, ms: number) {
	expect(clock.elapsed()).toBeGreaterThanOrEqual(ms);
	expect(clock.elapsed()).toBeLessThanOrEqual(ms + GRACE + 100 + TICK);
}

describe('a task that is polled until its end', () => {
	it('is polled once, without a delay, if it is done already', async () => {
		const { result, calls, times } = await waitFor([DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toEqual([{ method: 'GET', path: '/v1/tasks/task-1', timeoutMs: 60_000 }]);
		expect(times).toEqual([0]);
	});

	it('returns the raw response together with the parsed one', async () => {
		const { result } = await waitFor([DONE]);
		expect(result).toMatchObject({
			ok: true,
			value: { raw: { id: 'task-1', status: 'completed', results: [LINK] } },
		});
	});

	it('has time to start before the first poll if it was just created', async () => {
		const { times } = await waitFor([DONE], { isExisting: false });
		expect(times).toEqual([500]);
	});

	it('is polled until it is done', async () => {
		const pending = reply(200, { id: 'task-1', status: 'pending' });
		const unknown = reply(200, { id: 'task-1', status: 'warming_up' });
		const { result, calls } = await waitFor([pending, RUNNING, unknown, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(4);
	});

	it("is polled at the user's own interval", async () => {
		const { times } = await waitFor([RUNNING, RUNNING, DONE], { minIntervalSeconds: 3 });
		expect(times).toEqual([0, 3_000, 6_000]);
		const young = await waitFor([RUNNING, DONE], { minIntervalSeconds: 3, isExisting: false });
		expect(young.times).toEqual([3_000, 6_000]);
	});

	it('is polled less often the older it gets, but at least every five seconds', async () => {
		const responses = [...repeat(40, RUNNING), DONE];
		const { pauses } = await waitFor(responses, {}, { provider: singly });
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
	])("isn't polled again once it is %s, which means %s", async (word, status) => {
		const error = { code: 'content_policy_violation', message: 'No.', type: 'task_error' };
		const { result, calls } = await waitFor([RUNNING, reply(200, { status: word, error })]);
		expect(calls).toHaveLength(2);
		expect(result).toMatchObject({
			ok: false,
			failure: { status, code: 'content_policy_violation', charged: 'no', taskId: 'task-1' },
		});
	});
});

describe('a poll that fails temporarily', () => {
	const PASSING: Array<[string, HttpResult]> = [
		['HTTP 429', reply(429, {})],
		['HTTP 500', OOPS],
		['HTTP 502', reply(502, '<html>Bad Gateway</html>')],
		['HTTP 503', BUSY],
		['HTTP 504', reply(504, '')],
		['HTTP 524', reply(524, '<html>A timeout occurred</html>')],
		['no connection', networkError('ECONNREFUSED', false)],
		['an unknown address', networkError('ENOTFOUND', false)],
		['a reset connection', networkError('ECONNRESET', true)],
		['no response in time', networkError('ETIMEDOUT', true)],
		['an HTML page', reply(200, '<html>Hello</html>')],
		['half a response', reply(200, '{"id":"task-1","sta')],
		['an empty response', reply(200, '')],
	];

	it.each(PASSING)('with %s is repeated', async (_what, response) => {
		const { result, calls } = await waitFor([response, response, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(3);
	});

	it.each(PASSING)('with %s is repeated as long as there is time', async (_what, response) => {
		const { result, calls, clock } = await waitFor([...repeat(15, response), DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(16);
		expect(clock.elapsed()).toBeLessThan(600_000);
	});

	it.each(PASSING)('with %s only ends at the deadline', async (_what, response) => {
		const { result, clock } = await waitFor([response], { timeoutSeconds: 60 });
		expectEndAt(clock, 60_000);
		expect(result).toMatchObject({
			ok: false,
			failure: { status: 'processing', code: 'timeout', taskId: 'task-1', charged: 'unknown' },
		});
	});

	it.each<[string, HttpResult, number]>([
		['failed', OOPS, 16_000],
		// Here, the rate limiter waits longer.
		['rejected', BUSY, 30_000],
	])('is repeated after delays that double if it was %s', async (_what, response, last) => {
		const { pauses } = await waitFor([...repeat(6, response), DONE]);
		expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, last]);
	});

	it('is repeated sooner with jitter, but not before half of the delay', async () => {
		const backoff = createBackoff(() => 0);
		const { pauses } = await waitFor([...repeat(4, OOPS), DONE], {}, { backoff });
		expect(pauses).toEqual([500, 1_000, 2_000, 4_000]);
	});

	it('starts counting again after a successful one', async () => {
		const { pauses } = await waitFor([OOPS, OOPS, RUNNING, OOPS, DONE]);
		expect(pauses).toEqual([1_000, 2_000, 1_800, 1_000]);
	});

	it("isn't repeated before the user's own interval", async () => {
		const { times } = await waitFor([OOPS, DONE], { minIntervalSeconds: 7 });
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
	])('waits for Retry-After: %s', async (retryAfter, afterFailure, afterRefusal) => {
		for (const [status, pause] of [
			[500, afterFailure],
			[429, afterRefusal],
			[503, afterRefusal],
		] as const) {
			const { times } = await waitFor([reply(status, {}, { 'retry-after': retryAfter }), DONE]);
			expect(times).toEqual([0, pause]);
		}
	});

	it.each(['0', '3600'])('ends at the deadline with Retry-After %s', async (retryAfter) => {
		const busy = reply(429, {}, { 'retry-after': retryAfter });
		const { result, clock } = await waitFor([busy], { timeoutSeconds: 60 });
		expectEndAt(clock, 60_000);
		expect(result).toMatchObject({ ok: false, failure: { code: 'timeout', taskId: 'task-1' } });
	});
});

describe('a poll with an object in another format as response', () => {
	it.each<[string, HttpResult]>([
		['an object of another kind', OTHER],
		['a response without a status', reply(200, {})],
		['a completed task without an image', reply(200, { status: 'completed', results: [] })],
	])('is given up after six in a row: %s', async (_what, response) => {
		const { result, pauses } = await waitFor([response]);
		expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
		expect(result).toMatchObject({
			ok: false,
			failure: {
				code: 'answer_not_understood',
				charged: 'unknown',
				taskId: 'task-1',
				message: expect.stringContaining('[task task-1]'),
				description: expect.stringMatching(
					/The response was: \{.*Seedream Task Status node and the task ID task-1/,
				),
			},
		});
	});

	it('is repeated until then', async () => {
		const { result, calls } = await waitFor([...repeat(5, OTHER), DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(6);
	});

	it('starts counting again after a readable response', async () => {
		const responses = [...repeat(5, OTHER), RUNNING, ...repeat(5, OTHER), DONE];
		const { result } = await waitFor(responses);
		expect(result).toMatchObject(COMPLETED);
	});
});

describe("a task that the provider doesn't know", () => {
	it('is given up after five polls in a row if the provider returned its ID', async () => {
		const { result, pauses } = await waitFor([UNKNOWN]);
		expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000]);
		expect(result).toMatchObject({
			ok: false,
			failure: {
				code: 'task_not_found',
				message:
					"EvoLink doesn't recognize this task (task_not_found: No such task.) [task task-1]",
				charged: 'unknown',
				taskId: 'task-1',
			},
		});
	});

	it('is given up at once if its ID comes from the user', async () => {
		const { result, calls } = await waitFor([UNKNOWN, DONE], { isConfirmed: false });
		expect(calls).toHaveLength(1);
		expect(result).toMatchObject({ ok: false, failure: { code: 'task_not_found' } });
	});

	it('may be missing temporarily', async () => {
		const { result, calls } = await waitFor([...repeat(4, UNKNOWN), RUNNING, UNKNOWN, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(7);
	});

	it('may be missing temporarily once it was found, also if its ID comes from the user', async () => {
		const responses = [RUNNING, ...repeat(4, UNKNOWN), DONE];
		const { result } = await waitFor(responses, { isConfirmed: false });
		expect(result).toMatchObject(COMPLETED);
	});
});

describe('polls that fail in different ways', () => {
	it.each<[string, HttpResult[]]>([
		['a missing task after an outage', [...repeat(8, OOPS), UNKNOWN]],
		['a missing task after rejections', [...repeat(4, BUSY), UNKNOWN]],
		['another format after an outage', [...repeat(8, OOPS), OTHER]],
		['a missing task and outages alternating', repeat(4, UNKNOWN).flatMap((miss) => [miss, OOPS])],
	])('are counted separately, by kind: %s', async (_what, failures) => {
		const { result, calls } = await waitFor([...failures, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(failures.length + 1);
	});
});

describe('a poll that is rejected for good', () => {
	it.each<[string, HttpResult, string]>([
		['HTTP 400', reply(400, { error: { code: 'invalid_task_id' } }), 'invalid_task_id'],
		['HTTP 401', reply(401, { error: { code: 'unauthorized' } }), 'unauthorized'],
		['HTTP 402', reply(402, { error: { code: 'quota' } }), 'quota'],
		['HTTP 403', reply(403, {}), 'unknown_error'],
	])(
		"with %s isn't repeated, and the error says how to fetch the task",
		async (_what, response, code) => {
			const { result, calls } = await waitFor([response, DONE]);
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
		},
	);
});

describe('the deadline of a task', () => {
	it('ends the polling to the second, after a last poll', async () => {
		const { result, times } = await waitFor([RUNNING], {
			timeoutSeconds: 10,
			minIntervalSeconds: 3,
		});
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
					'EvoLink is still generating the image after 10 seconds. Fetch it later with the Seedream Task Status node [task task-1]',
				description: expect.stringContaining('Seedream Task Status node and the task ID task-1'),
			},
		});
	});

	it.each<[string, HttpResult, string]>([
		['HTTP 503', BUSY, "EvoLink isn't available right now (busy: Later.)"],
		[
			'a reset connection',
			networkError('ECONNRESET', true),
			"EvoLink didn't respond: the connection was interrupted (ECONNRESET)",
		],
		[
			'an HTML page',
			reply(200, '<html></html>'),
			"EvoLink returned a response that the node doesn't understand (it isn't a JSON object)",
		],
	])('has an error that quotes %s, and names the task once', async (_what, response, words) => {
		const { result } = await waitFor([RUNNING, response], { timeoutSeconds: 60 });
		expect(result).toMatchObject({
			ok: false,
			failure: {
				status: 'processing',
				code: 'timeout',
				message: `EvoLink didn't report within 60 seconds whether the image is finished. Fetch it later with the Seedream Task Status node [task task-1]. The last status check failed: ${words}`,
			},
		});
	});

	it("has an error that doesn't quote failures before the last response", async () => {
		const { result } = await waitFor([OOPS, RUNNING], { timeoutSeconds: 60 });
		expect(result).toMatchObject({
			failure: { message: expect.stringMatching(/^EvoLink is still generating the image after/) },
		});
	});

	it('counts from the creation of the task', async () => {
		const clock = concurrentClock();
		const startedAt = clock.now() - 48_000;
		const { calls } = await waitFor([RUNNING], { startedAt, timeoutSeconds: 60 }, { clock });
		expectEndAt(clock, 12_000);
		expect(calls.length).toBeGreaterThan(1);
	});

	it('still finds a task that is done at the last moment', async () => {
		const { result } = await waitFor([RUNNING, RUNNING, DONE], {
			timeoutSeconds: 10,
			minIntervalSeconds: 5,
		});
		expect(result).toMatchObject(COMPLETED);
	});

	it.each([7, 13, 19])('is met between two ticks as well: %i ms', async (ms) => {
		const clock = concurrentClock();
		const startedAt = clock.now() - ms;
		const { result } = await waitFor([RUNNING], { startedAt, timeoutSeconds: 20 }, { clock });
		expect(result).toMatchObject({ ok: false, failure: { code: 'timeout' } });
		expectEndAt(clock, 20_000 - ms);
	});

	describe('that the process slept over', () => {
		const asleep = async (sleptMs: number, responses: Script[], tasks: number) => {
			const clock = concurrentClock();
			const { client, calls, times } = scriptedClientAt(clock, evoLink, ...responses);
			const poller = new TaskPoller(client, clock, longest);
			const { sleep } = clock;
			// The first sleep takes far longer than it should.
			clock.sleep = async (ms) => {
				clock.sleep = sleep;
				await sleep(ms + sleptMs);
			};
			const ids = Array.from({ length: tasks }, (_, n) => `task-${n + 1}`);
			const ends = await Promise.all(
				ids.map((taskId) => poller.waitFor(task(clock, { taskId, isExisting: false }))),
			);
			return { ends, calls, times };
		};

		it.each([1, 60_000, 3_600_000])(
			'by %i ms leaves one poll for each task, alone',
			async (lateMs) => {
				const { ends, calls } = await asleep(600_000 + lateMs, [DONE], 1);
				expect(ends).toMatchObject([COMPLETED]);
				expect(calls).toHaveLength(1);
			},
		);

		it('leaves one poll for each task in batches as well', async () => {
			const together = async ({ body, path }: HttpRequest) => {
				const ids = Array.isArray(body?.task_ids) ? body.task_ids : [path.split('/').at(-1)];
				const data = ids.map((id) => ({ id, status: 'completed', results: [LINK] }));
				return reply(200, body ? { data } : data[0]);
			};
			const { ends } = await asleep(3_600_000, [together], 120);
			for (const end of ends) expect(end).toMatchObject(COMPLETED);
		});

		it('leaves ten seconds for that poll, and ends if it fails', async () => {
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

	describe('that has passed before the first poll', () => {
		const late = async (...responses: HttpResult[]) => {
			const clock = concurrentClock();
			return await waitFor(responses, { startedAt: clock.now() - 601_000 }, { clock });
		};

		it.each<[string, HttpResult, object]>([
			['which finds the completed task', DONE, COMPLETED],
			['which may find the task running', RUNNING, { ok: false, failure: { code: 'timeout' } }],
		])('leaves time for one poll, %s', async (_what, response, expected) => {
			const { result, calls, times } = await late(response, DONE);
			expect(result).toMatchObject(expected);
			expect(times).toEqual([0]);
			expect(calls[0]?.timeoutMs).toBe(10_000);
		});

		it.each<[string, HttpResult]>([
			['fail', OOPS],
			['be rejected', BUSY],
		])('leaves ten seconds for that poll, which may %s', async (_what, response) => {
			const seen = await late(response, response, DONE);
			expect(seen.result).toMatchObject(COMPLETED);
			const unseen = await late(response);
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
		'of %i seconds gives a poll at an age of %i ms a timeout of %i ms',
		async (timeoutSeconds, age, timeoutMs) => {
			const clock = concurrentClock();
			const { calls } = await waitFor(
				[DONE],
				{ timeoutSeconds, startedAt: clock.now() - age },
				{ clock },
			);
			expect(calls).toMatchObject([{ timeoutMs }]);
		},
	);

	it('gives the last poll a timeout of five seconds', async () => {
		const { calls } = await waitFor([RUNNING], { timeoutSeconds: 20, minIntervalSeconds: 18 });
		expect(calls.map(({ timeoutMs }) => timeoutMs)).toEqual([21_000, 5_000, 5_000]);
	});

	it.each([20, 600])(
		'of %i seconds ends the polling of many at once, also in batches',
		async (timeoutSeconds) => {
			// Nothing is endless, because stopping the execution would end it.
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
					task(clock, { taskId: `task-${ms}`, timeoutSeconds, isExisting: false }),
				);
				return { end, at: clock.elapsed() };
			});
			for (const { end, at } of await Promise.all(ends)) {
				expect(end).toMatchObject({ ok: false, failure: { code: 'timeout' } });
				expect(at).toBeLessThan(1_000 * timeoutSeconds + 1_000);
			}
		},
	);

	it("isn't exceeded by a poll that waits for the rate limiter", async () => {
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

describe('stopping the execution', () => {
	it.each<[string, Script[], number]>([
		['while a task is running', [RUNNING], 3],
		['between polls that fail', [OOPS], 3],
		['while the provider rejects requests', [reply(429, {}, { 'retry-after': '30' })], 1],
	])('%s ends the polling', async (_what, responses, fingerprint) => {
		const clock = concurrentClock(5_000);
		const { client, calls } = scriptedClientAt(clock, evoLink, ...responses);
		const poller = new TaskPoller(client, clock, longest);
		const polledTask = poller.waitFor(task(clock, { minIntervalSeconds: 2 }));
		await expect(polledTask).rejects.toThrow(ExecutionCancelled);
		expect(calls).toHaveLength(fingerprint);
	});

	it('while a poll is in flight lets its error through', async () => {
		const clock = concurrentClock();
		const broken = async () => {
			throw new ExecutionCancelled();
		};
		const { client } = scriptedClientAt(clock, evoLink, broken);
		const poller = new TaskPoller(client, clock, longest);
		await expect(poller.waitFor(task(clock))).rejects.toThrow(ExecutionCancelled);
	});

	it('while many tasks are running ends all of them', async () => {
		const clock = concurrentClock(5_000);
		const { client, calls } = scriptedClientAt(clock, evoLink, RUNNING);
		const poller = new TaskPoller(client, clock, longest);
		const ends = Array.from({ length: 20 }, (_, n) =>
			poller.waitFor(task(clock, { taskId: `task-${n}`, isExisting: n % 2 === 0 })),
		);
		for (const end of await Promise.allSettled(ends)) {
			expect(end).toEqual({ status: 'rejected', reason: expect.any(ExecutionCancelled) });
		}
		const fingerprint = calls.length;
		await expect(poller.waitFor(task(clock))).rejects.toThrow(ExecutionCancelled);
		expect(calls).toHaveLength(fingerprint);
	});
});

describe('a task that is polled once', () => {
	async function query(...responses: HttpResult[]) {
		const clock = concurrentClock();
		const { client, calls, times } = scriptedClientAt(clock, evoLink, ...responses);
		const fingerprint = task(clock, { timeoutSeconds: 30, isConfirmed: false });
		const result = await new TaskPoller(client, clock, longest).poll(fingerprint);
		return { result, calls, times, clock };
	}

	it.each([
		['pending', 'submitted', [LINK]],
		['processing', 'processing', [LINK]],
		['completed', 'completed', [LINK]],
		['failed', 'failed', []],
		['cancelled', 'cancelled', []],
		// Generated images are charged, so they're returned.
		['failed', 'completed', [LINK]],
		['cancelled', 'completed', [LINK]],
	])('may be %s, which means %s, with %j', async (status, expected, results) => {
		const { result, calls } = await query(reply(200, { status, results }));
		expect(calls).toHaveLength(1);
		expect(result).toMatchObject({ ok: true, value: { content: { status: expected } } });
	});

	it('is polled again if the poll failed', async () => {
		const { result, times } = await query(BUSY, OOPS, RUNNING);
		expect(result).toMatchObject({ ok: true, value: { content: { status: 'processing' } } });
		expect(times).toEqual([0, 1_000, 3_000]);
	});

	it('is given up at the deadline', async () => {
		const { result, clock } = await query(BUSY);
		expect(result).toMatchObject({ ok: false, failure: { taskId: 'task-1', code: 'timeout' } });
		expectEndAt(clock, 30_000);
	});

	it("is given up at once if it doesn't exist", async () => {
		const { result, calls } = await query(UNKNOWN);
		expect(result).toMatchObject({ ok: false, failure: { code: 'task_not_found' } });
		expect(calls).toHaveLength(1);
	});
});
