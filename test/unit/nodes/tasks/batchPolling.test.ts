import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import type { HttpResult } from '../../../../nodes/Seedream/tasks/apiClient';
import { expectAllDone, pollAll } from './pollAll';
import { networkError, reply } from './scriptedApiClient';
import {
	inBatches,
	mean,
	median,
	seededRandom,
	singly,
	type Simulation,
} from './simulatedProvider';

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
	['accurate', (ms) => ms / 1_000],
	['twice as long', (ms) => ms / 500],
	['half as long', (ms) => ms / 2_000],
];

const WAYS: Array<[string, Provider, number]> = [
	['one by one', singly, 4.2],
	['in batches', inBatches, 0.5],
];

describe.each(WAYS)('100 tasks polled %s', (_way, provider, mostCalls) => {
	describe.each(DURATIONS)('that take %s', (_durations, takes) => {
		it.each(
			ESTIMATES.flatMap(([estimate, estimates]) =>
				[false, true].map((showsProgress) => ({ estimate, estimates, showsProgress })),
			),
		)(
			'are found completed soon, with few requests: estimate $estimate, progress $showsProgress',
			async ({ estimates, showsProgress }) => {
				const batch = { tasks: 100, provider, takes: takes(), estimates, showsProgress };
				const all = await pollAll(batch);
				expectAllDone(all);
				const shares = all.ends.map(({ share }) => share);
				const tooLate = median(shares) > 0.05 ? { median: median(shares), mean: mean(shares) } : {};
				// Uneven tasks without an estimate or progress take more requests.
				const isBlind = takes === uneven && !estimates && !showsProgress;
				const most = provider.batchQuery || !isBlind ? mostCalls : 5 * mostCalls;
				const tooOften = all.callsPerTask > most ? { callsPerTask: all.callsPerTask } : {};
				expect({ ...tooLate, ...tooOften }).toEqual({});
				expect(Math.max(...shares)).toBeLessThan(0.25);
			},
		);
	});

	it("aren't found later and later when they are created in many waves", async () => {
		const all = await pollAll({ tasks: 300, concurrencyLimiter: 15, provider });
		expectAllDone(all);
		const late = all.ends.slice(-30).map(({ delayMs }) => delayMs);
		expect(mean(late)).toBeLessThanOrEqual(100);
		expect(all.callsPerTask).toBeLessThanOrEqual(mostCalls);
	});

	it.each([3, 20])('are found in time even if the estimate is %i times too long', async (times) => {
		const estimates = (ms: number) => (times * ms) / 1_000;
		const all = await pollAll({ tasks: 100, provider, estimates });
		expectAllDone(all);
		expect(median(all.ends.map(({ share }) => share))).toBeLessThanOrEqual(0.25);
	});

	it('are found in time if the provider gives the same estimate for all of them', async () => {
		const batch = { tasks: 100, provider, takes: uneven(), estimates: () => 10 };
		const all = await pollAll(batch);
		expectAllDone(all);
		expect(median(all.ends.map(({ share }) => share))).toBeLessThanOrEqual(0.25);
	});

	it.each<[string, Takes]>(DURATIONS)(
		"are never polled more often than the user's interval: %s",
		async (_durations, takes) => {
			const polledTask = { minIntervalSeconds: 3 };
			const all = await pollAll({ tasks: 100, provider, takes: takes(), polledTask });
			expectAllDone(all);
			for (const { createdAt, polledAt } of all.tasks.values()) {
				const pauses = polledAt.map((at, index) => at - (polledAt[index - 1] ?? createdAt));
				expect(Math.min(...pauses)).toBeGreaterThanOrEqual(3_000);
			}
		},
	);
});

describe.each(WAYS)('a few tasks polled %s', (_way, provider) => {
	it.each(
		[1, 10].flatMap((tasks) =>
			DURATIONS.flatMap(([durations, takes]) =>
				[false, true].map((showsProgress) => ({ tasks, durations, takes, showsProgress })),
			),
		),
	)(
		'are found completed soon: $tasks that take $durations, progress $showsProgress',
		async ({ tasks, takes, showsProgress }) => {
			const all = await pollAll({ tasks, provider, takes: takes(), showsProgress });
			expectAllDone(all);
			// Without samples, poll intervals are a tenth of the task's age.
			expect(median(all.ends.map(({ share }) => share))).toBeLessThanOrEqual(0.12);
		},
	);
});

describe('a task from an earlier try', () => {
	const DAY_MS = 24 * 60 * 60 * 1_000;

	it.each(WAYS)("doesn't delay the others, however old it is: %s", async (_way, provider) => {
		const all = await pollAll({ tasks: 0, provider, takes: (index) => 4_000 + 4_000 * index });
		const { clock, create, waitFor } = all;
		const old = (await create()).taskId;
		const young = (await create()).taskId;
		const startedAt = clock.now() - DAY_MS;
		const ends = [
			waitFor(old, { startedAt, isExisting: true, timeoutSeconds: 200_000 }),
			waitFor(young),
		];
		for (const { result, share } of await Promise.all(ends)) {
			expect(result).toMatchObject({ ok: true });
			expect(share).toBeLessThan(0.3);
		}
	});

	it.each(WAYS)('is polled at once, with all the others: %s', async (_way, provider) => {
		const { clock, create, waitFor } = await pollAll({ tasks: 0, provider, takes: () => 1 });
		const ids: string[] = [];
		while (ids.length < 100) ids.push((await create()).taskId);
		const start = clock.elapsed();
		const startedAt = clock.now() - DAY_MS;
		const ends = await Promise.all(
			ids.map(async (taskId) => await waitFor(taskId, { startedAt, isExisting: true })),
		);
		for (const { result } of ends) expect(result).toMatchObject({ ok: true });
		expect(clock.elapsed() - start).toBeLessThan(500);
	});
});

describe('a batch query', () => {
	const old = { isExisting: true };

	// The first is polled at once, before the others are tracked.
	it.each([
		[3, [2]],
		[51, [50]],
		[52, [50]],
		[101, [50, 50]],
		[121, [50, 50, 20]],
	])('contains up to fifty tasks: %i', async (count, sizes) => {
		const { clock, create, waitFor, batches, singles } = await pollAll({
			tasks: 0,
			takes: () => 1,
		});
		const ids: string[] = [];
		while (ids.length < count) ids.push((await create()).taskId);
		const start = clock.elapsed();
		await Promise.all(ids.map(async (taskId) => await waitFor(taskId, old)));
		expect(batches.map(({ length }) => length)).toEqual(sizes);
		// A single one needs no batch query.
		expect(singles()).toBe(count - sizes.reduce((total, size) => total + size, 0));
		expect(clock.elapsed() - start).toBeLessThan(100);
	});

	it('names each task once', async () => {
		const { batches } = await pollAll({ tasks: 60, takes: uneven() });
		for (const ids of batches) expect(new Set(ids).size).toBe(ids.length);
	});

	it.each<[string, HttpResult]>([
		['404', reply(404, '<html>404</html>')],
		['405', reply(405, {})],
		['400', reply(400, { error: { code: 'invalid_request' } })],
		['500', reply(500, { error: { code: 'oops' } })],
		['an HTML page', reply(200, '<html>Hello</html>')],
		['another format', reply(200, { tasks: [] })],
		['a list', reply(200, [])],
		['nothing', reply(200, '')],
	])("that gets %s isn't repeated: each task is polled alone", async (_what, response) => {
		const all = await pollAll({ tasks: 20, takes: uneven(), batchResponse: () => response });
		expectAllDone(all);
		expect(all.batches).toHaveLength(1);
		expect(all.singles()).toBeGreaterThanOrEqual(20);
		const { create, waitFor } = all;
		const more = [await create(), await create()];
		await Promise.all(more.map(async ({ taskId }) => await waitFor(taskId)));
		expect(all.batches).toHaveLength(1);
	});

	const TROUBLE: Array<[string, HttpResult]> = [
		['408', reply(408, '')],
		['502', reply(502, '<html>502</html>')],
		['504', reply(504, { error: { code: 'gateway_timeout', message: 'Later.' } })],
		['a reset connection', networkError('ECONNRESET', true)],
		['no response', networkError('ETIMEDOUT', true)],
	];
	/** These limit the rate, so requests may be queued. */
	const UNAVAILABLE: Array<[string, HttpResult]> = [
		['503', reply(503, {})],
		['a refused connection', networkError('ECONNUNAVAILABLE', false)],
	];

	it.each<[string, HttpResult]>([...TROUBLE, ...UNAVAILABLE, ['429', reply(429, {})]])(
		'that fails temporarily with %s is repeated',
		async (_what, response) => {
			let failures = 2;
			const all = await pollAll({
				tasks: 20,
				batchResponse: (_ids, data) => ((failures -= 1) >= 0 ? response : reply(200, { data })),
			});
			expectAllDone(all);
			expect(all.batches.length).toBeGreaterThanOrEqual(3);
			// Only tasks that are due alone are polled alone.
			expect(all.singles()).toBeLessThan(10);
		},
	);

	it('that fails now and then is repeated, however often', async () => {
		let calls = 0;
		const all = await pollAll({
			tasks: 20,
			takes: () => 60_000,
			batchResponse: (_ids, data) =>
				(calls += 1) % 2 === 0 ? reply(200, { data }) : reply(502, '<html>502</html>'),
		});
		expectAllDone(all);
		expect(calls).toBeGreaterThan(8);
		expect(all.singles()).toBeLessThan(10);
	});

	it.each<[string, HttpResult, number]>([
		...TROUBLE.map(([what, response]): [string, HttpResult, number] => [what, response, 8]),
		...UNAVAILABLE.map(([what, response]): [string, HttpResult, number] => [what, response, 20]),
	])(
		"that fails with %s four times in a row isn't repeated: each task is polled alone",
		async (_what, response, most) => {
			const takes = () => 60_000;
			const all = await pollAll({ tasks: 20, takes, batchResponse: () => response });
			expectAllDone(all);
			expect(all.batches.length).toBeGreaterThanOrEqual(4);
			expect(all.batches.length).toBeLessThanOrEqual(most);
			expect(all.singles()).toBeGreaterThanOrEqual(20);
		},
	);

	it('that is limited for a long time is still repeated', async () => {
		let rejections = 8;
		let reported = 0;
		const all = await pollAll({
			tasks: 20,
			takes: () => 60_000,
			batchResponse: (_ids, data) => {
				if ((rejections -= 1) >= 0) return reply(429, {});
				reported += 1;
				return reply(200, { data });
			},
		});
		expectAllDone(all);
		expect(reported).toBeGreaterThan(0);
	});

	it('that fails once for hundreds of tasks is repeated, because concurrent failures count as one', async () => {
		const { clock, create, waitFor, batches, singles } = await pollAll({
			tasks: 0,
			takes: () => 20_000,
			batchResponse: (_ids, data) =>
				clock.elapsed() < 1_000 ? reply(502, '<html>502</html>') : reply(200, { data }),
		});
		const ids = await Promise.all(Array.from({ length: 251 }, async () => await create()));
		const start = clock.elapsed();
		expect(start).toBeLessThan(600);
		await Promise.all(ids.map(async ({ taskId }) => await waitFor(taskId, old)));
		expect(batches.length).toBeGreaterThan(5);
		expect(singles()).toBeLessThan(10);
	});

	const entryOf = (id: string) => (entry: object) => 'id' in entry && entry.id === id;

	it.each<[string, (entry: object) => unknown[]]>([
		['is missing', () => []],
		['has no status', () => [{ id: 'task-3' }]],
		["isn't an object", () => ['task-3']],
		['is completed without an image', () => [{ id: 'task-3', status: 'completed', results: [] }]],
		['has no ID', (entry) => [{ ...entry, id: undefined }]],
	])(
		'with an unreadable entry for a task leads to polling it alone: it %s',
		async (_what, spoil) => {
			const all = await pollAll({
				tasks: 10,
				batchResponse: (_ids, data) =>
					reply(200, {
						data: data.flatMap((entry) => (entryOf('task-3')(entry) ? spoil(entry) : [entry])),
					}),
			});
			expectAllDone(all);
			const reported = all.ends.map(({ taskId, result }) => [
				taskId,
				result.ok && result.value.raw.id,
			]);
			for (const [taskId, id] of reported) expect(id).toBe(taskId);
			// From then on, only this one.
			const alone = all.singles();
			expect(alone).toBeGreaterThanOrEqual(1);
			expect(all.batches.filter((ids) => ids.includes('task-3'))).toHaveLength(1);
		},
	);

	it('may return tasks in any order, and tasks that were not requested', async () => {
		const stranger = { id: 'stranger', status: 'failed', error: { code: 'x' } };
		const all = await pollAll({
			tasks: 10,
			batchResponse: (_ids, data) => reply(200, { data: [stranger, ...data.reverse()] }),
		});
		expectAllDone(all);
		for (const { taskId, result } of all.ends) {
			expect(result).toMatchObject({ value: { raw: { id: taskId } } });
		}
	});

	it('returns failures as well, each to its own row', async () => {
		const all = await pollAll({
			tasks: 10,
			batchResponse: (_ids, data) =>
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
