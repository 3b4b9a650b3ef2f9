import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { followTask, queryTask, type FollowOptions } from '../../../../nodes/Seedream/tasks/follow';
import { createPace } from '../../../../nodes/Seedream/tasks/pace';
import { Cancelled, type HttpAnswer } from '../../../../nodes/Seedream/tasks/ports';
import { virtualClock, type VirtualClock } from '../virtualClock';
import { noReply, reply, scriptedGatewayAt, type Script } from './scriptedGateway';

const LINK = 'https://example.com/1.png';
const DONE = reply(200, { id: 'task-1', status: 'completed', results: [LINK] });
const RUNNING = reply(200, { id: 'task-1', status: 'processing' });
const OOPS = reply(500, { error: { code: 'oops', message: 'Sorry.', type: 'server' } });
const BUSY = reply(503, { error: { code: 'busy', message: 'Later.', type: 'server' } });
const UNKNOWN = reply(404, { error: { code: 'task_not_found', message: 'No such task.' } });
const OTHER = reply(200, { hello: 'world' });
const COMPLETED = { ok: true, value: { content: { status: 'completed', imageUrls: [LINK] } } };

/** Pauses are as long as the jitter allows. */
const longest = (pollSeconds = 0) => createPace(pollSeconds, () => 1);

const times = (count: number, answer: HttpAnswer) => Array.from({ length: count }, () => answer);

function options(clock: VirtualClock, changes: Partial<FollowOptions> = {}): FollowOptions {
	return {
		clock,
		pace: longest(),
		timeoutSeconds: 600,
		since: clock.now(),
		firstPauseMs: 0,
		isKnown: true,
		...changes,
	};
}

async function follow(
	answers: Script[],
	changes: Partial<FollowOptions> = {},
	clock = virtualClock(),
) {
	const { gateway, calls } = scriptedGatewayAt(clock, evoLink, ...answers);
	const result = await followTask(gateway, 'task-1', options(clock, changes));
	return { result, calls, clock };
}

describe('a task that is followed', () => {
	it('is asked for once, without a pause, when it is done already', async () => {
		const { result, calls, clock } = await follow([DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toEqual([{ method: 'GET', path: '/v1/tasks/task-1', timeoutMs: 60_000 }]);
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
		const { clock } = await follow([RUNNING, RUNNING, DONE], { pace: longest(3) });
		expect(clock.pauses).toEqual([3000, 3000]);
	});

	it('is asked for less often the older it gets, but every five seconds at least', async () => {
		const { clock } = await follow([...times(40, RUNNING), DONE]);
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
});

describe('a question that fails for a moment', () => {
	const PASSING: Array<[string, HttpAnswer]> = [
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
		const { result, calls } = await follow([answer, answer, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(3);
	});

	it.each(PASSING)('with %s is asked again for as long as there is time', async (_what, answer) => {
		const { result, calls, clock } = await follow([...times(15, answer), DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(16);
		expect(clock.elapsed()).toBeLessThan(600_000);
	});

	it.each(PASSING)('with %s only ends at the deadline', async (_what, answer) => {
		const { result, clock } = await follow([answer], { timeoutSeconds: 60 });
		expect(clock.elapsed()).toBe(60_000);
		expect(result).toMatchObject({
			ok: false,
			failure: { status: 'processing', code: 'timeout', taskId: 'task-1', charged: 'unknown' },
		});
	});

	it.each([
		['that fails', OOPS],
		['that is refused', BUSY],
	])('is asked again after pauses that double, where it is one %s', async (_what, answer) => {
		const { clock } = await follow([...times(6, answer), DONE]);
		expect(clock.pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 16_000]);
	});

	it('is asked again sooner by chance, but not before half of the pause', async () => {
		const { clock } = await follow([...times(4, OOPS), DONE], { pace: createPace(0, () => 0) });
		expect(clock.pauses).toEqual([500, 1_000, 2_000, 4_000]);
	});

	it('counts from the start after one that was answered', async () => {
		const { clock } = await follow([OOPS, OOPS, RUNNING, OOPS, DONE], { pace: longest(0.1) });
		expect(clock.pauses).toEqual([1000, 2000, 100, 1000]);
	});

	it("is not asked again sooner than the user's own interval", async () => {
		const { clock } = await follow([OOPS, DONE], { pace: longest(7) });
		expect(clock.pauses).toEqual([7000]);
	});

	it.each([
		['9', 9_000],
		['0.5', 500],
		['0', 500],
		['90', 90_000],
		['Fri, 20 Nov 2026 08:00:09 GMT', 9_000],
		['-1', 1_000],
		['soon', 1_000],
	])('waits as long as the gateway wishes: Retry-After %s', async (wish, pause) => {
		for (const status of [429, 500, 503]) {
			const { clock } = await follow([reply(status, {}, { 'retry-after': wish }), DONE]);
			expect(clock.pauses).toEqual([pause]);
		}
	});

	it.each(['0', '3600'])('ends at the deadline with Retry-After %s', async (wish) => {
		const busy = reply(429, {}, { 'retry-after': wish });
		const { result, clock } = await follow([busy], { timeoutSeconds: 60 });
		expect(clock.elapsed()).toBe(60_000);
		expect(result).toMatchObject({ ok: false, failure: { code: 'timeout', taskId: 'task-1' } });
	});
});

describe('a question that is answered with an object of other content', () => {
	it.each<[string, HttpAnswer]>([
		['an object of another kind', OTHER],
		['an answer without a status', reply(200, {})],
		['a completed task without an image', reply(200, { status: 'completed', results: [] })],
	])('is given up after six in a row: %s', async (_what, answer) => {
		const { result, calls, clock } = await follow([answer]);
		expect(calls).toHaveLength(6);
		expect(clock.pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
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
		const { result, calls } = await follow([...times(5, OTHER), DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(6);
	});

	it('counts anew after one that was understood', async () => {
		const answers = [...times(5, OTHER), RUNNING, ...times(5, OTHER), DONE];
		const { result } = await follow(answers);
		expect(result).toMatchObject(COMPLETED);
	});
});

describe('a task that the gateway does not know', () => {
	it('is given up after five in a row, when the gateway has named it itself', async () => {
		const { result, calls, clock } = await follow([UNKNOWN]);
		expect(calls).toHaveLength(5);
		expect(clock.pauses).toEqual([1_000, 2_000, 4_000, 8_000]);
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
		const { result, calls } = await follow([UNKNOWN, DONE], { isKnown: false });
		expect(calls).toHaveLength(1);
		expect(result).toMatchObject({ ok: false, failure: { code: 'task_not_found' } });
	});

	it('may be missing for a moment', async () => {
		const { result, calls } = await follow([...times(4, UNKNOWN), RUNNING, UNKNOWN, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(7);
	});

	it('may be missing for a moment also when the user has named it, once it was found', async () => {
		const answers = [RUNNING, ...times(4, UNKNOWN), DONE];
		const { result } = await follow(answers, { isKnown: false });
		expect(result).toMatchObject(COMPLETED);
	});
});

describe('questions that fail in different ways', () => {
	it.each<[string, HttpAnswer[]]>([
		['a missing task after an outage', [...times(8, OOPS), UNKNOWN]],
		['a missing task after refusals', [...times(4, BUSY), UNKNOWN]],
		['an object of other content after an outage', [...times(8, OOPS), OTHER]],
		['misses and outages by turns', times(4, UNKNOWN).flatMap((miss) => [miss, OOPS])],
	])('are counted apart, those of one kind in a row: %s', async (_what, failures) => {
		const { result, calls } = await follow([...failures, DONE]);
		expect(result).toMatchObject(COMPLETED);
		expect(calls).toHaveLength(failures.length + 1);
	});
});

describe('a question that is refused for good', () => {
	it.each<[string, HttpAnswer, string]>([
		['HTTP 400', reply(400, { error: { code: 'invalid_task_id' } }), 'invalid_task_id'],
		['HTTP 401', reply(401, { error: { code: 'unauthorized' } }), 'unauthorized'],
		['HTTP 402', reply(402, { error: { code: 'quota' } }), 'quota'],
		['HTTP 403', reply(403, {}), 'unknown_error'],
	])('with %s is not asked again, and says how to fetch the task', async (_what, answer, code) => {
		const { result, calls } = await follow([answer, DONE]);
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
		const { result, calls, clock } = await follow([RUNNING], {
			timeoutSeconds: 10,
			pace: longest(3),
		});
		expect(clock.pauses).toEqual([3000, 3000, 3000, 1000]);
		expect(calls).toHaveLength(5);
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
					'EvoLink is still working on the image after 10 seconds: Seedream Task Status will fetch it [task task-1]',
				description: expect.stringContaining('Seedream Task Status node and the task ID task-1'),
			},
		});
	});

	it.each<[string, HttpAnswer, string]>([
		['HTTP 503', BUSY, 'EvoLink is not available at the moment (busy: Later.)'],
		[
			'a broken connection',
			noReply('ECONNRESET', true),
			'EvoLink could not be reached: the connection broke off (ECONNRESET)',
		],
		[
			'an HTML page',
			reply(200, '<html></html>'),
			'EvoLink gave an answer that this node does not understand (it is not a JSON object)',
		],
	])('quotes %s, and names the task once', async (_what, answer, words) => {
		const { result } = await follow([RUNNING, answer], { timeoutSeconds: 60 });
		expect(result).toMatchObject({
			ok: false,
			failure: {
				status: 'processing',
				code: 'timeout',
				message: `EvoLink could not say within 60 seconds whether the image is done (${words}): Seedream Task Status will fetch it [task task-1]`,
			},
		});
	});

	it('does not quote what failed before the last answer', async () => {
		const { result } = await follow([OOPS, RUNNING], { timeoutSeconds: 60 });
		expect(result).toMatchObject({
			failure: { message: expect.stringMatching(/^EvoLink is still working on the image after/) },
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
			pace: longest(5),
		});
		expect(result).toMatchObject(COMPLETED);
	});

	describe('that has passed before the first question', () => {
		const late = async (answer: HttpAnswer) => {
			const clock = virtualClock();
			return await follow([answer, DONE], { since: clock.now() - 601_000 }, clock);
		};

		it.each<[string, HttpAnswer, object]>([
			['which sees the finished image', DONE, COMPLETED],
			['which may find it running', RUNNING, { ok: false, failure: { code: 'timeout' } }],
			['which may fail', OOPS, { ok: false, failure: { code: 'timeout', status: 'processing' } }],
			['which may be refused', BUSY, { ok: false, failure: { code: 'timeout' } }],
		])('leaves time for one, %s', async (_what, answer, expected) => {
			const { result, calls, clock } = await late(answer);
			expect(result).toMatchObject(expected);
			expect(calls).toHaveLength(1);
			expect(calls[0]?.timeoutMs).toBe(10_000);
			expect(clock.pauses).toEqual([]);
		});
	});

	it.each([
		[600, 0, 60_000],
		[61, 0, 60_000],
		[60, 0, 60_000],
		[45, 0, 45_000],
		[45, 30_000, 15_000],
		[45, 39_000, 6_000],
		[45, 41_000, 5_000],
		[45, 45_000, 5_000],
	])(
		'of %i seconds leaves a question after %i ms %i ms for its answer',
		async (timeoutSeconds, firstPauseMs, timeoutMs) => {
			const { calls } = await follow([DONE], { timeoutSeconds, firstPauseMs });
			expect(calls).toMatchObject([{ timeoutMs }]);
		},
	);

	it('is not outlived by a question that waits for the pace of the gateway', async () => {
		const clock = virtualClock();
		const { gateway, calls } = scriptedGatewayAt(
			clock,
			evoLink,
			reply(429, {}, { 'retry-after': '50' }),
			DONE,
		);
		await gateway.query('task-0', Infinity);
		const result = await followTask(gateway, 'task-1', options(clock, { timeoutSeconds: 20 }));
		expect(clock.elapsed()).toBe(20_000);
		expect(calls).toHaveLength(1);
		expect(result).toMatchObject({ ok: false, failure: { code: 'timeout', taskId: 'task-1' } });
	});
});

describe('the user stops the execution', () => {
	it.each<[string, Script[], number]>([
		['while a task runs', [RUNNING], 3],
		['between questions that fail', [OOPS], 3],
		['while the gateway is refusing', [reply(429, {}, { 'retry-after': '30' })], 1],
	])('%s: nothing is asked any more', async (_what, answers, asked) => {
		const clock = virtualClock(5_000);
		const { gateway, calls } = scriptedGatewayAt(clock, evoLink, ...answers);
		const followed = followTask(gateway, 'task-1', options(clock, { pace: longest(2) }));
		await expect(followed).rejects.toThrow(Cancelled);
		expect(calls).toHaveLength(asked);
	});

	it('while a question is on its way: it passes through', async () => {
		const clock = virtualClock();
		const broken = async () => {
			throw new Cancelled();
		};
		const { gateway } = scriptedGatewayAt(clock, evoLink, broken);
		await expect(followTask(gateway, 'task-1', options(clock))).rejects.toThrow(Cancelled);
	});
});

describe('a task that is asked for once', () => {
	async function query(...answers: HttpAnswer[]) {
		const clock = virtualClock();
		const { gateway, calls } = scriptedGatewayAt(clock, evoLink, ...answers);
		const asked = options(clock, { timeoutSeconds: 30, isKnown: false });
		const result = await queryTask(gateway, 'task-1', asked);
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
		const { result, clock } = await query(BUSY, OOPS, RUNNING);
		expect(result).toMatchObject({ ok: true, value: { content: { status: 'processing' } } });
		expect(clock.pauses).toEqual([1000, 2000]);
	});

	it('is given up at the deadline', async () => {
		const { result, clock } = await query(BUSY);
		expect(result).toMatchObject({ ok: false, failure: { taskId: 'task-1', code: 'timeout' } });
		expect(clock.elapsed()).toBe(30_000);
	});

	it('is given up at once when nobody knows it', async () => {
		const { result, calls } = await query(UNKNOWN);
		expect(result).toMatchObject({ ok: false, failure: { code: 'task_not_found' } });
		expect(calls).toHaveLength(1);
	});
});
