import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';
import { createConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { submitTask } from '../../../../nodes/Seedream/tasks/submitTask';
import { TaskPoller } from '../../../../nodes/Seedream/tasks/taskPoller';
import { concurrentClock, type VirtualClock } from '../virtualClock';
import { BODY, LAKE, makes, open, submitTools } from './ledgers';
import { noReply, PATIENCE_SECONDS, reply } from './scriptedApiClient';
import { seededRandom, simulatedProvider, singly, type Simulation } from './simulatedProvider';

/** What hangs ends here. */
const MAX_MS = 7_200_000;

type Refuse = (clock: VirtualClock) => Simulation['refuse'];

interface Run extends Pick<Simulation, 'takes' | 'latencyMs'> {
	rows: number;
	/** Nobody waits for the ends of the tasks. */
	isSubmitOnly?: boolean;
	provider: Provider;
	refuse: Refuse;
	concurrency?: number;
	seed?: number;
}

/** Carries out all rows, as the nodes do: a slot, a create, questions until the task is done. */
async function run({
	rows,
	isSubmitOnly = false,
	provider,
	refuse,
	concurrency = 0,
	seed = 1,
	...simulation
}: Run) {
	const clock = concurrentClock(MAX_MS);
	const random = seededRandom(seed);
	const simulated = simulatedProvider(clock, { ...simulation, refuse: refuse(clock) });
	const concurrencyLimiter = createConcurrencyLimiter(concurrency);
	const backoff = createBackoff(random);
	const options = { patienceSeconds: PATIENCE_SECONDS, random };
	const client = new ProviderClient(provider, concurrencyLimiter, simulated.door, clock, options);
	const poller = new TaskPoller(client, clock, backoff);
	const ledger = open();
	const tools = submitTools(clock, { backoff });
	const ends = await Promise.all(
		Array.from({ length: rows }, async (_, row) => {
			const free = await concurrencyLimiter.take();
			try {
				const record = ledger.record(row, LAKE);
				const made = await submitTask(client, makes(BODY), record, tools);
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
					since: at,
					timeoutSeconds: 600,
					pollSeconds: 0,
					isOld: false,
					isKnown: true,
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

/** So many calls in any second, or in another time. */
function perSecond(
	most: number,
	isCounted: (call: { path: string }) => boolean,
	ms = 1_000,
): Refuse {
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
	(most: number): Refuse =>
	() =>
	(call, running) =>
		isCreate(call) && running >= most ? BUSY : undefined;

const downFor =
	(ms: number): Refuse =>
	(clock) =>
	() =>
		clock.elapsed() < ms ? noReply('ECONNREFUSED', false) : undefined;

/** Of all seconds that a limit leaves, how many may be lost in feeling it out. */
interface Limited {
	limit: string;
	refuse: Refuse;
	takesMs: number;
	/** Before which nobody could be done: creates, questions and the last task's time. */
	boundMs: number;
	mostTimesBound: number;
}

const LIMITED: Limited[] = [
	{
		limit: '5 calls a second in all',
		refuse: perSecond(5, () => true),
		takesMs: 2_000,
		boundMs: (200 / 5) * 1_000,
		mostTimesBound: 1.7,
	},
	{
		limit: '20 creates a second',
		refuse: perSecond(20, isCreate),
		takesMs: 2_000,
		boundMs: 4_000 + 2_000,
		mostTimesBound: 1.75,
	},
	{
		limit: '8 tasks at a time, of 2 s',
		refuse: atOnce(8),
		takesMs: 2_000,
		boundMs: 13 * 2_000,
		mostTimesBound: 1.25,
	},
	{
		limit: '8 tasks at a time, of 30 s',
		refuse: atOnce(8),
		takesMs: 30_000,
		boundMs: 13 * 30_000,
		mostTimesBound: 1.06,
	},
	{
		limit: 'nothing for the first 3 seconds',
		refuse: downFor(3_000),
		takesMs: 2_000,
		boundMs: 5_000,
		mostTimesBound: 2,
	},
];

const ASKED: Array<[string, Provider]> = [
	['one by one', singly],
	['together', evoLink],
];

describe.each(LIMITED)(
	'a provider that takes $limit',
	({ refuse, takesMs, boundMs, mostTimesBound }) => {
		const takes = () => takesMs;

		it.each(ASKED)('makes all of 100 tasks, asked for %s, in time', async (_way, provider) => {
			for (const seed of [1, 2]) {
				const { ends, creates, tasks, ms } = await run({
					rows: 100,
					provider,
					refuse,
					takes,
					seed,
				});
				for (const end of ends) expect(end).toMatchObject({ ok: true });
				expect(tasks.size).toBe(100);
				expect(creates.filter(({ isTaken }) => isTaken)).toHaveLength(100);
				expect(ms / boundMs).toBeLessThan(mostTimesBound);
			}
		});

		it('is not asked for much that it refuses', async () => {
			const { creates } = await run({ rows: 100, provider: evoLink, refuse, takes });
			expect(creates.filter(({ isTaken }) => !isTaken).length).toBeLessThan(80);
		});
	},
);

describe('a provider that refuses everything, for ever', () => {
	const dull: Provider = { ...singly, idempotency: { trust: 'none' } };
	const takes = () => 2_000;
	/** The first ten at once, which is one refusal, and five more. */
	const CREATES = 15;

	it.each<[string, Provider]>([
		['honours the key', evoLink],
		['does not', dull],
	])(
		'with 429, and %s, is waited for until the timeout, takes none of 30 rows, and none is charged',
		async (_what, provider) => {
			const { ends, creates, ledger, ms } = await run({
				rows: 30,
				provider,
				refuse: () => () => BUSY,
				takes,
			});
			for (const end of ends) {
				expect(end).toMatchObject({
					ok: false,
					failure: { charged: 'no', code: 'rate_limit_exceeded' },
				});
			}
			// Half a minute is the longest pause.
			expect(creates.length).toBeLessThan(CREATES + PATIENCE_SECONDS / 25);
			expect(ledger.billable()).toEqual([]);
			expect(ms).toBeGreaterThan(1_000 * PATIENCE_SECONDS);
			expect(ms).toBeLessThan(1_000 * PATIENCE_SECONDS + 31_000);
		},
	);

	it.each<[string, Provider]>([
		['honours the key', evoLink],
		['does not', dull],
	])('by not being there, and %s, is given up after six times', async (_what, provider) => {
		const { ends, creates, ledger, ms } = await run({
			rows: 30,
			provider,
			refuse: () => () => noReply('ECONNREFUSED', false),
			takes,
		});
		for (const end of ends) {
			expect(end).toMatchObject({ ok: false, failure: { charged: 'no', code: 'ECONNREFUSED' } });
		}
		// That says nothing about a pace: each time all ten are sent.
		expect(creates).toHaveLength(60);
		expect(ledger.billable()).toEqual([]);
		expect(ms).toBeLessThan(60_000);
	});

	it.each<[string, Provider, number]>([
		// Here each of the ten that were sent is sent again.
		['honours the key', evoLink, 10],
		['does not', dull, CREATES],
	])(
		'with 503, and %s, charges nothing for rows that were never sent',
		async (_what, provider, sent) => {
			const { ends, creates, ledger, ms } = await run({
				rows: 30,
				provider,
				refuse: () => () => reply(503, {}),
				takes,
			});
			const charged = ends.map((end) => (end.ok ? 'ok' : end.failure.charged));
			expect(charged.filter((word) => word === 'unknown')).toHaveLength(sent);
			expect(charged.filter((word) => word === 'no')).toHaveLength(30 - sent);
			expect(creates).toHaveLength(CREATES);
			expect(ledger.billable()).toHaveLength(sent);
			expect(ms).toBeLessThan(60_000);
		},
	);
});

describe('a limit that lasts longer than a few refusals leaves no row unmade', () => {
	it.each<[string, Refuse, number, number]>([
		['10 tasks at a time, of a minute, and nobody follows them', atOnce(10), 40, 240_000],
		['30 creates a minute', perSecond(30, isCreate, 60_000), 60, 120_000],
		['10 creates in five minutes', perSecond(10, isCreate, 300_000), 20, 340_000],
	])('%s', async (_limit, refuse, rows, mostMs) => {
		for (const seed of [1, 2]) {
			const { ends, creates, ms } = await run({
				rows,
				isSubmitOnly: true,
				provider: evoLink,
				refuse,
				takes: () => 60_000,
				seed,
			});
			for (const end of ends) expect(end).toMatchObject({ ok: true });
			expect(creates.filter(({ isTaken }) => isTaken)).toHaveLength(rows);
			expect(ms).toBeLessThan(mostMs);
		}
	});
});

describe('a provider that refuses nothing', () => {
	// Within as many round trips as it takes to double ten until all are in, and one for the questions.
	it.each([
		[10, 20, 2_000],
		[100, 20, 2_000],
		[300, 20, 2_000],
		[100, 250, 20_000],
	])('is filled at once: %i tasks, answers after %i ms', async (rows, latencyMs, takesMs) => {
		const { ends, creates, rejections } = await run({
			rows,
			provider: evoLink,
			refuse: () => undefined,
			takes: () => takesMs,
			latencyMs,
		});
		for (const end of ends) expect(end).toMatchObject({ ok: true });
		expect(rejections()).toBe(0);
		const waves = Math.ceil(Math.log2(rows / 10));
		expect(creates.at(-1)?.at).toBeLessThanOrEqual(latencyMs * (waves + 1));
	});

	it('gets no more at once than the user wants', async () => {
		let most = 0;
		const { ends, ms } = await run({
			rows: 20,
			provider: evoLink,
			refuse: () => (call, running) => {
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
