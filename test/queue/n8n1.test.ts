import { ONE_PER_PROVIDER, type System } from '../n8n/systems';
import {
	IMAGE_BYTES,
	MoneyFixtures,
	outputOf,
	until,
	type MoneyFixture,
	type Started,
} from '../server/moneyFixture';
import { GENERATE } from '../server/nodeChains';
import type { Execution } from '../server/restClient';
import { installRuntime } from '../server/runtime';
import { QueueN8n, WORKERS, type WorkerName } from './queueN8n';
import { NO_RESTARTS, type Settings } from './settings';

/**
 * When a worker of n8n 1 dies, its queue gives the execution to another worker, which starts it from the beginning:
 * without the node's context, which has the tasks.
 */

const MINUTE = 60_000;

const PROMPTS = ['one', 'two', 'three'].map((prompt) => `${prompt} [[slow:600]]`);

/** n8n notices a dead worker sooner than by default: after 60, 10 and 30 seconds. */
const NOTICED_SOON = {
	QUEUE_WORKER_LOCK_DURATION: '15000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '3000',
};

jest.setTimeout(3 * MINUTE);

/** How far the sandbox's clock is ahead of the real one. */
const clock = { offsetMs: 0 };

let n8n: QueueN8n;
let fixtures: MoneyFixtures<QueueN8n>;

beforeAll(async () => {
	const runtime = await installRuntime(console.log, '1.123.81');
	const now = () => Date.now() + clock.offsetMs;
	const sandbox = { taskSeconds: 2, imageBytes: IMAGE_BYTES, now };
	n8n = await QueueN8n.open(runtime, { sandbox, env: NOTICED_SOON });
	fixtures = new MoneyFixtures(n8n);
}, 8 * MINUTE);

afterAll(async () => await n8n?.close(), MINUTE);

/** Executions of a worker that is killed while they wait for their tasks. */
class KilledExecutions {
	private readonly killed: Array<Started & { fixture: MoneyFixture }> = [];

	/** The other worker takes over with these settings. */
	async kill(worker: WorkerName, other: WorkerName, env: Settings): Promise<void> {
		await n8n.worker(other).stop();
		for (const system of ONE_PER_PROVIDER) {
			const fixture = fixtures.createFixture(system);
			this.killed.push({ fixture, ...(await fixture.start({ prompts: PROMPTS })) });
		}
		for (const { fixture } of this.killed) {
			await until(
				() => fixture.tasks().length === PROMPTS.length && fixture.requests('query').length > 0,
			);
		}
		await n8n.worker(worker).kill();
		clock.offsetMs += 600_000;
		await n8n.replaceWorker(other, env);
	}

	async finished({ provider }: System): Promise<{ fixture: MoneyFixture; execution: Execution }> {
		const one = this.killed.find(({ fixture }) => fixture.system.provider === provider);
		if (!one) throw new Error('No worker was killed');
		const { fixture, workflowId, executionId } = one;
		return { fixture, execution: await n8n.rest.waitFor(workflowId, executionId, 2 * MINUTE) };
	}
}

describe('when a worker dies, n8n 1 executes its workflows again', () => {
	const executions = new KilledExecutions();

	beforeAll(async () => await executions.kill('worker 1', 'worker 2', {}), 8 * MINUTE);

	it.each(ONE_PER_PROVIDER)('from the beginning, under the same ID ($title)', async (system) => {
		const { execution } = await executions.finished(system);
		expect(await n8n.workersOf(execution.id)).toEqual(WORKERS);
	});

	it('EvoLink gets the same requests under the same keys, and charges nothing twice', async () => {
		const [evoLink] = ONE_PER_PROVIDER as [System];
		const { fixture, execution } = await executions.finished(evoLink);

		expect(execution.status).toBe('success');
		await fixture.expectComplete(outputOf(execution, GENERATE), PROMPTS);
		expect(fixture.createdPrompts()).toEqual([...PROMPTS, ...PROMPTS].sort());
		expect(fixture.tasks()).toHaveLength(PROMPTS.length);
		fixture.expectPaid(PROMPTS.length);
	});

	it.each(ONE_PER_PROVIDER.slice(1))(
		'no other provider gets the rows again: their errors say where the tasks are ($title)',
		async (system) => {
			const { fixture, execution } = await executions.finished(system);

			expect(execution.status).toBe('error');
			expect(execution.data.resultData.error).toMatchObject({
				message: '3 of 3 rows failed',
				description: expect.stringContaining('n8n restarted this execution'),
			});
			expect(fixture.requests('create')).toHaveLength(PROMPTS.length);
			const ids = await fixture.idsInLog(execution.id, 'Seedream task ');
			expect([...ids].sort()).toEqual(fixture.taskIds().sort());
			await fixture.expectImages(await fixture.fetchByTaskId(ids), ids);
			fixture.expectPaid(PROMPTS.length);
		},
	);
});

describe('with QUEUE_WORKER_MAX_STALLED_COUNT=0', () => {
	const executions = new KilledExecutions();

	beforeAll(async () => await executions.kill('worker 2', 'worker 1', NO_RESTARTS), 8 * MINUTE);

	it.each(ONE_PER_PROVIDER)('n8n 1 does not execute them again ($title)', async (system) => {
		const { fixture, execution } = await executions.finished(system);

		expect(['crashed', 'error']).toContain(execution.status);
		expect(await n8n.workersOf(execution.id)).toEqual(['worker 2']);
		expect(fixture.requests('create')).toHaveLength(PROMPTS.length);
		fixture.expectPaid(PROMPTS.length);
	});
});
