import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { followTask, queryTask, type FollowOptions } from '../../../../nodes/Seedream/tasks/follow';
import { createPace } from '../../../../nodes/Seedream/tasks/pace';
import { Cancelled, type HttpAnswer } from '../../../../nodes/Seedream/tasks/ports';
import { virtualClock, type VirtualClock } from '../virtualClock';
import { noReply, reply, scriptedGateway } from './scriptedGateway';

const LINK = 'https://example.com/1.png';
const DONE = reply(200, { id: 'task-1', status: 'completed', results: [LINK] });
const RUNNING = reply(200, { id: 'task-1', status: 'processing' });
const BUSY = reply(503, { error: { code: 'busy', message: 'Later.', type: 'server' } });
const COMPLETED = { ok: true, value: { content: { status: 'completed', imageUrls: [LINK] } } };

function options(clock: VirtualClock, changes: Partial<FollowOptions> = {}): FollowOptions {
	return {
		clock,
		pace: createPace(0),
		timeoutSeconds: 600,
		since: clock.now(),
		firstPauseMs: 0,
		...changes,
	};
}

async function follow(
	answers: HttpAnswer[],
	changes: Partial<FollowOptions> = {},
	clock = virtualClock(),
) {
	const { gateway, calls } = scriptedGateway(evoLink, ...answers);
	const result = await followTask(gateway, 'task-1', options(clock, changes));
	return { result, calls, clock };
}

describe('a task that is followed', () => {
	it('is asked for once, without a pause, when it is done already', async () => {
		const { result, calls, clock } = await follow([DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toEqual([{ method: 'GET', path: '/v1/tasks/task-1' }]);
		expect(clock.pauses).toEqual([]);
	});

	it('keeps the whole answer beside what was understood of it', async () => {
		const { result } = await follow([DONE]);
		expect(result).toMatchObject({
			ok: true,
			value: { raw: { id: 'task-1', status: 'completed', results: [LINK] } },
		});
	});

	it('has time to start before the first question', async () => {
		const { clock } = await follow([DONE], { firstPauseMs: 500 });
		expect(clock.pauses).toEqual([500]);
	});

	it('is asked for until it is done', async () => {
		const pending = reply(200, { id: 'task-1', status: 'pending' });
		const unknown = reply(200, { id: 'task-1', status: 'warming_up' });
		const { result, calls } = await follow([pending, RUNNING, unknown, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(4);
	});

	it("is asked for in the user's own interval", async () => {
		const { clock } = await follow([RUNNING, RUNNING, DONE], { pace: createPace(3) });
		expect(clock.pauses).toEqual([3000, 3000]);
	});

	it('is asked for less often the older it gets, but every five seconds at least', async () => {
		const { clock } = await follow([...Array.from({ length: 40 }, () => RUNNING), DONE]);
		const sorted = [...clock.pauses].sort((a, b) => a - b);
		expect(clock.pauses).toEqual(sorted);
		expect(clock.pauses[0]).toBe(500);
		expect(clock.pauses.at(-1)).toBe(5000);
	});

	it.each(['failed', 'cancelled'] as const)(
		'is not asked for again once it is %s',
		async (status) => {
			const error = { code: 'content_policy_violation', message: 'No.', type: 'task_error' };
			const { result, calls } = await follow([RUNNING, reply(200, { status, error })]);
			expect(calls).toHaveLength(2);
			expect(result).toMatchObject({
				ok: false,
				failure: { status, code: 'content_policy_violation', charged: 'no', taskId: 'task-1' },
			});
		},
	);

	it('is an error that shows the answer when it is completed without an image', async () => {
		const { result, calls } = await follow([reply(200, { status: 'completed', results: [] })]);
		expect(calls).toHaveLength(1);
		expect(result).toMatchObject({
			ok: false,
			failure: {
				code: 'answer_not_understood',
				charged: 'unknown',
				taskId: 'task-1',
				description: expect.stringContaining('{"status":"completed","results":[]}'),
			},
		});
	});
});

describe('a question that fails', () => {
	it.each<[string, HttpAnswer]>([
		['HTTP 429', reply(429, {})],
		['HTTP 500', reply(500, 'oops')],
		['HTTP 502', reply(502, '<html>Bad Gateway</html>')],
		['HTTP 503', BUSY],
		['no connection', noReply('ECONNREFUSED', false)],
		['a broken connection', noReply('ECONNRESET', true)],
		['no answer in time', noReply('ETIMEDOUT', true)],
	])('with %s is asked again', async (_what, answer) => {
		const { result, calls } = await follow([answer, answer, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(3);
	});

	it('is asked again after pauses that double', async () => {
		const { clock } = await follow([BUSY, BUSY, BUSY, BUSY, DONE]);
		expect(clock.pauses).toEqual([1000, 2000, 4000, 8000]);
	});

	it('counts from the start after one that was answered', async () => {
		const { clock } = await follow([BUSY, BUSY, RUNNING, BUSY, DONE], { pace: createPace(0.1) });
		expect(clock.pauses).toEqual([1000, 2000, 100, 1000]);
	});

	it("is not asked again sooner than the user's own interval", async () => {
		const { clock } = await follow([BUSY, DONE], { pace: createPace(7) });
		expect(clock.pauses).toEqual([7000]);
	});

	it.each([
		['9', 9000],
		['0.5', 500],
		['Fri, 20 Nov 2026 08:00:09 GMT', 1000],
		['-1', 1000],
	])('waits as long as the gateway wishes: Retry-After %s', async (retryAfter, pause) => {
		const { clock } = await follow([reply(429, {}, { 'retry-after': retryAfter }), DONE]);
		expect(clock.pauses).toEqual([pause]);
	});

	it.each<[string, HttpAnswer, string]>([
		['HTTP 400', reply(400, { error: { code: 'invalid_task_id' } }), 'invalid_task_id'],
		['HTTP 401', reply(401, { error: { code: 'unauthorized' } }), 'unauthorized'],
		['HTTP 403', reply(403, {}), 'unknown_error'],
		['HTTP 404', reply(404, { error: { code: 'task_not_found' } }), 'task_not_found'],
		['text', reply(200, 'ok'), 'answer_not_understood'],
		['an answer without a status', reply(200, {}), 'answer_not_understood'],
	])('with %s is not asked again', async (_what, answer, code) => {
		const { result, calls } = await follow([answer]);
		expect(calls).toHaveLength(1);
		expect(result).toMatchObject({
			ok: false,
			failure: { code, taskId: 'task-1', message: expect.stringContaining('[task task-1]') },
		});
	});
});

describe('the deadline', () => {
	it('ends the waiting to the second, after a last question', async () => {
		const { result, calls, clock } = await follow([RUNNING], {
			timeoutSeconds: 10,
			pace: createPace(3),
		});
		expect(clock.pauses).toEqual([3000, 3000, 3000, 1000]);
		expect(calls).toHaveLength(5);
		expect(result).toMatchObject({
			ok: false,
			failure: {
				status: 'processing',
				code: 'timeout',
				charged: 'unknown',
				taskId: 'task-1',
				message: 'EvoLink is still working on the image after 10 seconds [task task-1]',
				description: expect.stringContaining('Seedream Task Status node and the task ID task-1'),
			},
		});
	});

	it('counts from when the task was made', async () => {
		const clock = virtualClock();
		const since = clock.now() - 8_000;
		const { calls } = await follow([RUNNING], { since, timeoutSeconds: 10 }, clock);
		expect(clock.elapsed()).toBe(2_000);
		expect(calls.length).toBeGreaterThan(1);
	});

	it('does not keep a task that is done in its last moment from being seen', async () => {
		const { result } = await follow([RUNNING, RUNNING, DONE], {
			timeoutSeconds: 10,
			pace: createPace(5),
		});
		expect(result).toMatchObject(COMPLETED);
	});

	it('has passed before the first question: it is asked once all the same', async () => {
		const clock = virtualClock();
		const { result, calls } = await follow([RUNNING], { since: clock.now() - 601_000 }, clock);
		expect(calls).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
		expect(result).toMatchObject({ ok: false, failure: { code: 'timeout' } });
	});

	it.each<[string, HttpAnswer]>([
		['HTTP 503', BUSY],
		['no connection', noReply('ECONNREFUSED', false)],
		['a wish to wait for an hour', reply(429, {}, { 'retry-after': '3600' })],
		['a wish to wait no time at all', reply(429, {}, { 'retry-after': '0' })],
	])('also ends questions that only ever fail with %s', async (_what, answer) => {
		const { result, clock } = await follow([answer], { timeoutSeconds: 60 });
		expect(clock.elapsed()).toBe(60_000);
		expect(result).toMatchObject({ ok: false, failure: { taskId: 'task-1', charged: 'unknown' } });
	});

	it.each<[string, HttpAnswer]>([
		['HTTP 503', BUSY],
		['no connection', noReply('ECONNREFUSED', false)],
	])(
		'says after %s how to fetch the task, for to run the row again pays again',
		async (_what, answer) => {
			const { result } = await follow([RUNNING, answer], { timeoutSeconds: 60 });
			expect(result).toMatchObject({
				ok: false,
				failure: {
					status: 'processing',
					description: expect.stringMatching(/Seedream Task Status.*task-1/),
				},
			});
		},
	);
});

describe('the user stops the execution', () => {
	it('while a task runs: nothing is asked any more', async () => {
		const clock = virtualClock(5_000);
		const { gateway, calls } = scriptedGateway(evoLink, RUNNING);
		const followed = followTask(gateway, 'task-1', options(clock, { pace: createPace(2) }));
		await expect(followed).rejects.toThrow(Cancelled);
		expect(calls).toHaveLength(3);
	});

	it('while a question is on its way: it passes through', async () => {
		const { gateway } = scriptedGateway(evoLink, RUNNING);
		jest.spyOn(gateway, 'query').mockRejectedValue(new Cancelled());
		await expect(followTask(gateway, 'task-1', options(virtualClock()))).rejects.toThrow(Cancelled);
	});
});

describe('a task that is asked for once', () => {
	async function query(...answers: HttpAnswer[]) {
		const clock = virtualClock();
		const { gateway, calls } = scriptedGateway(evoLink, ...answers);
		const result = await queryTask(gateway, 'task-1', options(clock, { timeoutSeconds: 30 }));
		return { result, calls, clock };
	}

	it.each(['pending', 'processing', 'completed', 'failed', 'cancelled'])(
		'may be %s',
		async (status) => {
			const { result, calls } = await query(reply(200, { status, results: [LINK] }));
			expect(calls).toHaveLength(1);
			expect(result).toMatchObject({
				ok: true,
				value: { content: { status: status === 'pending' ? 'submitted' : status } },
			});
		},
	);

	it('is asked for again when the question failed', async () => {
		const { result, clock } = await query(BUSY, BUSY, RUNNING);
		expect(result).toMatchObject({ ok: true, value: { content: { status: 'processing' } } });
		expect(clock.pauses).toEqual([1000, 2000]);
	});

	it('is given up at the deadline', async () => {
		const { result, clock } = await query(BUSY);
		expect(result).toMatchObject({ ok: false, failure: { taskId: 'task-1' } });
		expect(clock.elapsed()).toBe(30_000);
	});
});
