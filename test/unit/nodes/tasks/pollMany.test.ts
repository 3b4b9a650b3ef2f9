import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';
import { createConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import type { HttpResult } from '../../../../nodes/Seedream/tasks/apiClient';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { TaskPoller, type PolledTask } from '../../../../nodes/Seedream/tasks/taskPoller';
import { concurrentClock } from '../virtualClock';
import { noReply, PATIENCE_SECONDS, reply } from './scriptedApiClient';
import {
	mean,
	median,
	seededRandom,
	simulatedProvider,
	singly,
	type Simulation,
} from './simulatedProvider';

/** The engine of n8n spends so much on a request. */
const BETWEEN_CREATES_MS = 4;
/** What hangs ends here. */
const MAX_MS = 600_000;

interface Batch extends Partial<Simulation> {
	tasks: number;
	/** How many are at work at once; all, if it is not said. */
	concurrencyLimiter?: number;
	provider?: Provider;
	polledTask?: Partial<PolledTask>;
}

/** Makes and follows tasks as the rows of a batch do. */
async function followAll({
	tasks,
	concurrencyLimiter = tasks,
	provider = evoLink,
	polledTask,
	takes = () => 2_000,
	...simulation
}: Batch) {
	const clock = concurrentClock(MAX_MS);
	const random = seededRandom();
	const simulated = simulatedProvider(clock, { takes, ...simulation });
	const room = createConcurrencyLimiter(concurrencyLimiter);
	const options = { patienceSeconds: PATIENCE_SECONDS, random };
	const client = new ProviderClient(provider, room, simulated.door, clock, options);
	const poller = new TaskPoller(client, clock, createBackoff(random));

	const waitFor = async (taskId: string, changes: Partial<PolledTask> = {}) => {
		const result = await poller.waitFor({
			taskId,
			since: clock.now(),
			timeoutSeconds: 600,
			pollSeconds: 0,
			isOld: false,
			isKnown: true,
			...polledTask,
			...changes,
		});
		const task = simulated.tasks.get(taskId);
		const { doneAt = 0, createdAt = 0 } = task ?? {};
		const delayMs = clock.elapsed() - doneAt;
		return { result, taskId, delayMs, share: delayMs / (doneAt - createdAt) };
	};
	const create = async () => {
		const created = await client.create({}, 'key', () => undefined);
		if (!created.ok) throw new Error(created.failure.message);
		const [task] = created.value.content;
		if (!task) throw new Error('no task was made');
		return task;
	};
	const ends = await Promise.all(
		Array.from({ length: tasks }, async (_, index) => {
			await clock.sleep(BETWEEN_CREATES_MS * index);
			const free = await room.take();
			const { taskId, estimatedSeconds } = await create();
			const end = await waitFor(taskId, { estimatedSeconds });
			free();
			return end;
		}),
	);
	const calls = simulated.singles() + simulated.batches.length;
	return { ...simulated, clock, ends, callsPerTask: calls / tasks, create, waitFor };
}

function expectAllDone({ ends }: Awaited<ReturnType<typeof followAll>>) {
	for (const { result } of ends) {
		expect(result).toMatchObject({ ok: true, value: { content: { status: 'completed' } } });
	}
}

type Takes = () => (index: number) => number;

const uneven: Takes = () => {
	const random = seededRandom(7);
	return () => 2_000 + 6_000 * random();
};

const DURATIONS: Array<[string, Takes]> = [
	['2 s each', () => () => 2_000],
	['20 s each', () => () => 20_000],
	['2 to 8 s', uneven],
];

const ESTIMATES: Array<[string, Simulation['estimates']]> = [
	['none', undefined],
	['a true one', (ms) => ms / 1_000],
	['twice too long', (ms) => ms / 500],
	['half of it', (ms) => ms / 2_000],
];

const WAYS: Array<[string, Provider, number]> = [
	['one by one', singly, 4],
	['together', evoLink, 0.5],
];

describe.each(WAYS)('100 tasks that are asked for %s', (_way, provider, mostCalls) => {
	describe.each(DURATIONS)('and take %s', (_durations, takes) => {
		it.each(
			ESTIMATES.flatMap(([estimate, estimates]) =>
				[false, true].map((showsProgress) => ({ estimate, estimates, showsProgress })),
			),
		)(
			'are known soon, for few questions: estimate $estimate, progress $showsProgress',
			async ({ estimates, showsProgress }) => {
				const batch = { tasks: 100, provider, takes: takes(), estimates, showsProgress };
				const all = await followAll(batch);
				expectAllDone(all);
				const shares = all.ends.map(({ share }) => share);
				// What is wrong is told all at once.
				const tooLate = median(shares) > 0.05 ? { median: median(shares), mean: mean(shares) } : {};
				// To find uneven tasks in time where nothing tells of them takes more questions.
				const isBlind = takes === uneven && !estimates && !showsProgress;
				const most = provider.batchQuery || !isBlind ? mostCalls : 5 * mostCalls;
				const tooOften = all.callsPerTask > most ? { callsPerTask: all.callsPerTask } : {};
				expect({ ...tooLate, ...tooOften }).toEqual({});
				expect(Math.max(...shares)).toBeLessThan(0.25);
			},
		);
	});

	it('come not later and later, when they are made in many waves', async () => {
		const all = await followAll({ tasks: 300, concurrencyLimiter: 15, provider });
		expectAllDone(all);
		const late = all.ends.slice(-30).map(({ delayMs }) => delayMs);
		expect(mean(late)).toBeLessThanOrEqual(100);
		expect(all.callsPerTask).toBeLessThanOrEqual(mostCalls);
	});

	it.each([3, 20])('are found in time though the estimate is %i times too long', async (times) => {
		const estimates = (ms: number) => (times * ms) / 1_000;
		const all = await followAll({ tasks: 100, provider, estimates });
		expectAllDone(all);
		expect(median(all.ends.map(({ share }) => share))).toBeLessThanOrEqual(0.25);
	});

	it('are found in time where the provider guesses the same for all of them', async () => {
		const batch = { tasks: 100, provider, takes: uneven(), estimates: () => 10 };
		const all = await followAll(batch);
		expectAllDone(all);
		expect(median(all.ends.map(({ share }) => share))).toBeLessThanOrEqual(0.25);
	});

	it.each<[string, Takes]>(DURATIONS)(
		"are never asked for more often than the user's interval: %s",
		async (_durations, takes) => {
			const polledTask = { pollSeconds: 3 };
			const all = await followAll({ tasks: 100, provider, takes: takes(), polledTask });
			expectAllDone(all);
			for (const { createdAt, polledAt } of all.tasks.values()) {
				const pauses = polledAt.map((at, index) => at - (polledAt[index - 1] ?? createdAt));
				expect(Math.min(...pauses)).toBeGreaterThanOrEqual(3_000);
			}
		},
	);
});

describe.each(WAYS)('a few tasks that are asked for %s', (_way, provider) => {
	it.each(
		[1, 10].flatMap((tasks) =>
			DURATIONS.flatMap(([durations, takes]) =>
				[false, true].map((showsProgress) => ({ tasks, durations, takes, showsProgress })),
			),
		),
	)(
		'are known soon: $tasks that take $durations, progress $showsProgress',
		async ({ tasks, takes, showsProgress }) => {
			const all = await followAll({ tasks, provider, takes: takes(), showsProgress });
			expectAllDone(all);
			// While nobody knows how long they take, the steps are a tenth.
			expect(median(all.ends.map(({ share }) => share))).toBeLessThanOrEqual(0.12);
		},
	);
});

describe('a task from an earlier try', () => {
	const DAY_MS = 24 * 60 * 60 * 1_000;

	it.each(WAYS)('does not hold up the others, however old it is: %s', async (_way, provider) => {
		const all = await followAll({ tasks: 0, provider, takes: (index) => 4_000 + 4_000 * index });
		const { clock, create, waitFor } = all;
		const old = (await create()).taskId;
		const young = (await create()).taskId;
		const since = clock.now() - DAY_MS;
		const ends = [waitFor(old, { since, isOld: true, timeoutSeconds: 200_000 }), waitFor(young)];
		for (const { result, share } of await Promise.all(ends)) {
			expect(result).toMatchObject({ ok: true });
			expect(share).toBeLessThan(0.3);
		}
	});

	it.each(WAYS)('is asked for at once, with all the others: %s', async (_way, provider) => {
		const { clock, create, waitFor } = await followAll({ tasks: 0, provider, takes: () => 1 });
		const ids: string[] = [];
		while (ids.length < 100) ids.push((await create()).taskId);
		const start = clock.elapsed();
		const since = clock.now() - DAY_MS;
		const ends = await Promise.all(
			ids.map(async (taskId) => await waitFor(taskId, { since, isOld: true })),
		);
		for (const { result } of ends) expect(result).toMatchObject({ ok: true });
		expect(clock.elapsed() - start).toBeLessThan(500);
	});
});

describe('a call for many tasks', () => {
	const old = { isOld: true };

	// The first is asked for at once, before the others come.
	it.each([
		[3, [2]],
		[51, [50]],
		[52, [50]],
		[101, [50, 50]],
		[121, [50, 50, 20]],
	])('takes fifty of them: %i', async (count, sizes) => {
		const { clock, create, waitFor, batches, singles } = await followAll({
			tasks: 0,
			takes: () => 1,
		});
		const ids: string[] = [];
		while (ids.length < count) ids.push((await create()).taskId);
		const start = clock.elapsed();
		await Promise.all(ids.map(async (taskId) => await waitFor(taskId, old)));
		expect(batches.map(({ length }) => length)).toEqual(sizes);
		// One that is left over needs no list.
		expect(singles()).toBe(count - sizes.reduce((total, size) => total + size, 0));
		expect(clock.elapsed() - start).toBeLessThan(100);
	});

	it('names each task once', async () => {
		const { batches } = await followAll({ tasks: 60, takes: uneven() });
		for (const ids of batches) expect(new Set(ids).size).toBe(ids.length);
	});

	it.each<[string, HttpResult]>([
		['404', reply(404, '<html>404</html>')],
		['405', reply(405, {})],
		['400', reply(400, { error: { code: 'invalid_request' } })],
		['500', reply(500, { error: { code: 'oops' } })],
		['an HTML page', reply(200, '<html>Hello</html>')],
		['another shape', reply(200, { tasks: [] })],
		['a list', reply(200, [])],
		['nothing', reply(200, '')],
	])(
		'that is answered with %s is not made again: each task is asked for alone',
		async (_what, answer) => {
			const all = await followAll({ tasks: 20, takes: uneven(), answerBatch: () => answer });
			expectAllDone(all);
			expect(all.batches).toHaveLength(1);
			expect(all.singles()).toBeGreaterThanOrEqual(20);
			const { create, waitFor } = all;
			const more = [await create(), await create()];
			await Promise.all(more.map(async ({ taskId }) => await waitFor(taskId)));
			expect(all.batches).toHaveLength(1);
		},
	);

	const TROUBLE: Array<[string, HttpResult]> = [
		['408', reply(408, '')],
		['502', reply(502, '<html>502</html>')],
		['504', reply(504, { error: { code: 'gateway_timeout', message: 'Later.' } })],
		['a broken connection', noReply('ECONNRESET', true)],
		['silence', noReply('ETIMEDOUT', true)],
	];
	/** These set a pace, so calls may be waiting for their turn. */
	const REFUSED: Array<[string, HttpResult]> = [
		['503', reply(503, {})],
		['a refused connection', noReply('ECONNREFUSED', false)],
	];

	it.each<[string, HttpResult]>([...TROUBLE, ...REFUSED, ['429', reply(429, {})]])(
		'that fails for a moment with %s is made again',
		async (_what, answer) => {
			let failures = 2;
			const all = await followAll({
				tasks: 20,
				answerBatch: (_ids, data) => ((failures -= 1) >= 0 ? answer : reply(200, { data })),
			});
			expectAllDone(all);
			expect(all.batches.length).toBeGreaterThanOrEqual(3);
			// Only those that come back alone are asked for alone.
			expect(all.singles()).toBeLessThan(10);
		},
	);

	it('that fails now and then is made again, however often that is', async () => {
		let calls = 0;
		const all = await followAll({
			tasks: 20,
			takes: () => 60_000,
			answerBatch: (_ids, data) =>
				(calls += 1) % 2 === 0 ? reply(200, { data }) : reply(502, '<html>502</html>'),
		});
		expectAllDone(all);
		expect(calls).toBeGreaterThan(8);
		expect(all.singles()).toBeLessThan(10);
	});

	it.each<[string, HttpResult, number]>([
		...TROUBLE.map(([what, answer]): [string, HttpResult, number] => [what, answer, 8]),
		...REFUSED.map(([what, answer]): [string, HttpResult, number] => [what, answer, 20]),
	])(
		'that fails with %s four times in a row is not made again: each task is asked for alone',
		async (_what, answer, most) => {
			const takes = () => 60_000;
			const all = await followAll({ tasks: 20, takes, answerBatch: () => answer });
			expectAllDone(all);
			expect(all.batches.length).toBeGreaterThanOrEqual(4);
			expect(all.batches.length).toBeLessThanOrEqual(most);
			expect(all.singles()).toBeGreaterThanOrEqual(20);
		},
	);

	it('that is limited for long is made again all the same', async () => {
		let rejections = 8;
		let told = 0;
		const all = await followAll({
			tasks: 20,
			takes: () => 60_000,
			answerBatch: (_ids, data) => {
				if ((rejections -= 1) >= 0) return reply(429, {});
				told += 1;
				return reply(200, { data });
			},
		});
		expectAllDone(all);
		expect(told).toBeGreaterThan(0);
	});

	it('that fails once for hundreds of tasks is made again: many calls are one moment', async () => {
		const { clock, create, waitFor, batches, singles } = await followAll({
			tasks: 0,
			takes: () => 20_000,
			answerBatch: (_ids, data) =>
				clock.elapsed() < 1_000 ? reply(502, '<html>502</html>') : reply(200, { data }),
		});
		const ids = await Promise.all(Array.from({ length: 251 }, async () => await create()));
		const start = clock.elapsed();
		expect(start).toBeLessThan(500);
		await Promise.all(ids.map(async ({ taskId }) => await waitFor(taskId, old)));
		expect(batches.length).toBeGreaterThan(5);
		expect(singles()).toBeLessThan(10);
	});

	const entryOf = (id: string) => (entry: object) => 'id' in entry && entry.id === id;

	it.each<[string, (entry: object) => unknown[]]>([
		['is left out', () => []],
		['has no status', () => [{ id: 'task-3' }]],
		['is no object', () => ['task-3']],
		['is done without an image', () => [{ id: 'task-3', status: 'completed', results: [] }]],
		['has lost its id', (entry) => [{ ...entry, id: undefined }]],
	])('whose answer makes no sense for a task asks for it alone: it %s', async (_what, spoil) => {
		const all = await followAll({
			tasks: 10,
			answerBatch: (_ids, data) =>
				reply(200, {
					data: data.flatMap((entry) => (entryOf('task-3')(entry) ? spoil(entry) : [entry])),
				}),
		});
		expectAllDone(all);
		const told = all.ends.map(({ taskId, result }) => [taskId, result.ok && result.value.raw.id]);
		for (const [taskId, id] of told) expect(id).toBe(taskId);
		// From then on only this one.
		const alone = all.singles();
		expect(alone).toBeGreaterThanOrEqual(1);
		expect(all.batches.filter((ids) => ids.includes('task-3'))).toHaveLength(1);
	});

	it('may tell of tasks in any order, and of some that nobody asked for', async () => {
		const stranger = { id: 'stranger', status: 'failed', error: { code: 'x' } };
		const all = await followAll({
			tasks: 10,
			answerBatch: (_ids, data) => reply(200, { data: [stranger, ...data.reverse()] }),
		});
		expectAllDone(all);
		for (const { taskId, result } of all.ends) {
			expect(result).toMatchObject({ value: { raw: { id: taskId } } });
		}
	});

	it('tells of failures as well, each to its own row', async () => {
		const all = await followAll({
			tasks: 10,
			answerBatch: (_ids, data) =>
				reply(200, {
					data: data.map((entry) =>
						entryOf('task-3')(entry)
							? { id: 'task-3', status: 'failed', error: { code: 'content_policy_violation' } }
							: entry,
					),
				}),
		});
		for (const { taskId, result } of all.ends) {
			expect(result.ok).toBe(taskId !== 'task-3');
			if (!result.ok) {
				expect(result.failure).toMatchObject({
					taskId: 'task-3',
					code: 'content_policy_violation',
					charged: 'no',
				});
			}
		}
	});
});
