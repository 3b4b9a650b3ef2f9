import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';
import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { submitTask } from '../../../../nodes/Seedream/tasks/submitTask';
import { TaskPoller } from '../../../../nodes/Seedream/tasks/taskPoller';
import { concurrentClock, type VirtualClock } from '../virtualClock';
import { BODY, LAKE, bodyOf, open, submitTools } from './ledgerFixtures';
import { networkError, PATIENCE_SECONDS, reply } from './scriptedApiClient';
import {
	inBatches,
	seededRandom,
	simulatedProvider,
	singly,
	type Simulation,
} from './simulatedProvider';

/** Ends a test that hangs. */
const MAX_MS = 7_200_000;

type Reject = (clock: VirtualClock) => Simulation['reject'];

interface Run extends Pick<Simulation, 'takes' | 'latencyMs'> {
	rows: number;
	/** Nothing waits for the end of the tasks. */
	isSubmitOnly?: boolean;
	provider: Provider;
	reject: Reject;
	concurrency?: number;
	seed?: number;
}

/** Processes all rows as the nodes do: a slot, a create, polls until the task is done. */
async function run({
	rows,
	isSubmitOnly = false,
	provider,
	reject,
	concurrency = 0,
	seed = 1,
	...simulation
}: Run) {
	const clock = concurrentClock(MAX_MS);
	const random = seededRandom(seed);
	const simulated = simulatedProvider(clock, { ...simulation, reject: reject(clock) });
	const concurrencyLimiter = new ConcurrencyLimiter(concurrency);
	const backoff = createBackoff(random);
	const options = { patienceSeconds: PATIENCE_SECONDS, random };
	const client = new ProviderClient(provider, concurrencyLimiter, simulated.api, clock, options);
	const poller = new TaskPoller(client, clock, backoff);
	const ledger = open();
	const tools = submitTools(clock, { backoff });
	const ends = await Promise.all(
		Array.from({ length: rows }, async (_, row) => {
			const free = await concurrencyLimiter.acquire();
			try {
				const record = ledger.openRecord(row, LAKE);
				const made = await submitTask(client, bodyOf(BODY), record, tools);
				if (!made.ok) return made;
				const { tasks, at } = made.value;
				const [task] = tasks;
				if (isSubmitOnly) {
					client.release(task?.taskId ?? '');
					return made;
				}
				return await poller.waitFor({
					taskId: '',
					...task,
					startedAt: at,
					timeoutSeconds: 600,
					minIntervalSeconds: 0,
					isExisting: false,
					isConfirmed: true,
				});
			} finally {
				free();
			}
		}),
	);
	return { ...simulated, ends, ledger, ms: clock.elapsed() };
}

const BUSY = reply(429, { error: { code: 'rate_limit_exceeded', message: 'Slow.' } });

const isCreate = ({ path }: { path: string }) => path === evoLink.createPath;

/** This many requests in any second, or in another window. */
function perSecond(
	most: number,
	isCounted: (call: { path: string }) => boolean,
	ms = 1_000,
): Reject {
	return (clock) => {
		const taken: number[] = [];
		return (call) => {
			if (!isCounted(call)) return undefined;
			while ((taken[0] ?? Infinity) <= clock.elapsed() - ms) taken.shift();
			if (taken.length >= most) return BUSY;
			taken.push(clock.elapsed());
			return undefined;
		};
	};
}

const atOnce =
	(most: number): Reject =>
	() =>
	(call, running) =>
		isCreate(call) && running >= most ? BUSY : undefined;

const downFor =
	(ms: number): Reject =>
	(clock) =>
	() =>
		clock.elapsed() < ms ? networkError('ECONNREFUSED', false) : undefined;

/** What finding out a limit may cost. */
interface Limited {
	limit: string;
	reject: Reject;
	takesMs: number;
	/** The shortest possible time: creates, polls and the last task's duration. */
	boundMs: number;
	mostTimesBound: number;
}

const LIMITED: Limited[] = [
	{
		limit: '5 calls a second in all',
		reject: perSecond(5, () => true),
		takesMs: 2_000,
		boundMs: (200 / 5) * 1_000,
		mostTimesBound: 1.7,
	},
	{
		limit: '20 creates a second',
		reject: perSecond(20, isCreate),
		takesMs: 2_000,
		boundMs: 4_000 + 2_000,
		mostTimesBound: 1.75,
	},
	{
		limit: '8 tasks at a time, of 2 s',
		reject: atOnce(8),
		takesMs: 2_000,
		boundMs: 13 * 2_000,
		mostTimesBound: 1.25,
	},
	{
		limit: '8 tasks at a time, of 30 s',
		reject: atOnce(8),
		takesMs: 30_000,
		boundMs: 13 * 30_000,
		mostTimesBound: 1.06,
	},
	{
		limit: 'nothing for the first 3 seconds',
		reject: downFor(3_000),
		takesMs: 2_000,
		boundMs: 5_000,
		mostTimesBound: 2,
	},
];

const REQUEST: Array<[string, Provider]> = [
	['one by one', singly],
	['in batches', inBatches],
];

describe.each(LIMITED)(
	'the rate limiter at a provider that accepts $limit',
	({ reject, takesMs, boundMs, mostTimesBound }) => {
		const takes = () => takesMs;

		it.each(REQUEST)('completes 100 tasks, polled %s, in time', async (_way, provider) => {
			for (const seed of [1, 2]) {
				const { ends, creates, tasks, ms } = await run({
					rows: 100,
					provider,
					reject,
					takes,
					seed,
				});
				for (const end of ends) expect(end).toMatchObject({ ok: true });
				expect(tasks.size).toBe(100);
				expect(creates.filter(({ isTaken }) => isTaken)).toHaveLength(100);
				expect(ms / boundMs).toBeLessThan(mostTimesBound);
			}
		});

		it("doesn't cause many rejections", async () => {
			const { creates } = await run({ rows: 100, provider: evoLink, reject, takes });
			expect(creates.filter(({ isTaken }) => !isTaken).length).toBeLessThan(80);
		});
	},
);

describe('a provider that rejects everything forever', () => {
	const dull: Provider = { ...singly, idempotency: { trust: 'none' } };
	const takes = () => 2_000;
	/** The first five at once, which count as one rejection, and five more. */
	const CREATES = 10;

	it.each<[string, Provider]>([
		['honors the key', evoLink],
		["doesn't", dull],
	])(
		'with 429, and %s, is waited for until the timeout, and none of 30 rows is charged',
		async (_what, provider) => {
			const { ends, creates, ledger, ms } = await run({
				rows: 30,
				provider,
				reject: () => () => BUSY,
				takes,
			});
			for (const end of ends) {
				expect(end).toMatchObject({
					ok: false,
					failure: { charged: 'no', code: 'rate_limit_exceeded' },
				});
			}
			// The longest delay is ten seconds, of which a quarter is random.
			expect(creates.length).toBeLessThan(CREATES + PATIENCE_SECONDS / 8);
			expect(ledger.billable()).toEqual([]);
			expect(ms).toBeGreaterThan(1_000 * PATIENCE_SECONDS);
			expect(ms).toBeLessThan(1_000 * PATIENCE_SECONDS + 11_000);
		},
	);

	it.each<[string, Provider]>([
		['honors the key', evoLink],
		["doesn't", dull],
	])(
		'by refusing connections, and %s, is given up on after six attempts',
		async (_what, provider) => {
			const { ends, creates, ledger, ms } = await run({
				rows: 30,
				provider,
				reject: () => () => networkError('ECONNREFUSED', false),
				takes,
			});
			for (const end of ends) {
				expect(end).toMatchObject({ ok: false, failure: { charged: 'no', code: 'ECONNREFUSED' } });
			}
			// The rate isn't reduced, so five are sent each time.
			expect(creates).toHaveLength(30);
			expect(ledger.billable()).toEqual([]);
			expect(ms).toBeLessThan(60_000);
		},
	);

	it.each<[string, Provider]>([
		['honors the key', evoLink],
		["doesn't", dull],
	])('with 503, and %s, charges nothing for rows that were never sent', async (_what, provider) => {
		const { ends, creates, ledger, ms } = await run({
			rows: 30,
			provider,
			reject: () => () => reply(503, {}),
			takes,
		});
		const charged = ends.map((end) => (end.ok ? 'ok' : end.failure.charged));
		expect(charged.filter((word) => word === 'unknown')).toHaveLength(CREATES);
		expect(charged.filter((word) => word === 'no')).toHaveLength(30 - CREATES);
		expect(creates).toHaveLength(CREATES);
		expect(ledger.billable()).toHaveLength(CREATES);
		expect(ms).toBeLessThan(60_000);
	});
});

describe('a limit that outlasts several rejections fails no row', () => {
	it.each<[string, Reject, number, number]>([
		['10 concurrent tasks of a minute that nobody waits for', atOnce(10), 40, 240_000],
		['30 creates a minute', perSecond(30, isCreate, 60_000), 60, 120_000],
		['10 creates in five minutes', perSecond(10, isCreate, 300_000), 20, 340_000],
	])('%s', async (_limit, reject, rows, mostMs) => {
		for (const seed of [1, 2]) {
			const { ends, creates, ms } = await run({
				rows,
				isSubmitOnly: true,
				provider: evoLink,
				reject,
				takes: () => 60_000,
				seed,
			});
			for (const end of ends) expect(end).toMatchObject({ ok: true });
			expect(creates.filter(({ isTaken }) => isTaken)).toHaveLength(rows);
			expect(ms).toBeLessThan(mostMs);
		}
	});
});

describe('a provider that rejects nothing', () => {
	it.each([
		[10, 20, 2_000],
		[100, 20, 2_000],
		[300, 20, 2_000],
		[1_000, 20, 2_000],
		[1_000, 100, 5_000],
		[100, 250, 20_000],
		[1_000, 250, 20_000],
	])('gets all tasks within 3 s: %i tasks, latency %i ms', async (rows, latencyMs, takesMs) => {
		const { ends, creates, rejections } = await run({
			rows,
			provider: evoLink,
			reject: () => undefined,
			takes: () => takesMs,
			latencyMs,
		});
		for (const end of ends) expect(end).toMatchObject({ ok: true });
		expect(rejections()).toBe(0);
		expect(creates.at(-1)?.at).toBeLessThanOrEqual(3_000);
	});

	it('gets no more concurrent tasks than the user set', async () => {
		let most = 0;
		const { ends, ms } = await run({
			rows: 20,
			provider: evoLink,
			reject: () => (call, running) => {
				most = Math.max(most, running + (isCreate(call) ? 1 : 0));
				return undefined;
			},
			takes: () => 2_000,
			concurrency: 4,
		});
		for (const end of ends) expect(end).toMatchObject({ ok: true });
		expect(most).toBe(4);
		expect(ms).toBeLessThan(5 * 2_000 * 1.1);
	});
});
