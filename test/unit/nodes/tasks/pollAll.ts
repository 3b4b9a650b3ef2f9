import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { createBackoff } from '../../../../nodes/Seedream/shared/backoff';
import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { TaskPoller, type PolledTask } from '../../../../nodes/Seedream/tasks/taskPoller';
import { concurrentClock } from '../virtualClock';
import { PATIENCE_SECONDS } from './scriptedApiClient';
import { inBatches, seededRandom, simulatedProvider, type Simulation } from './simulatedProvider';

/** What n8n spends on a request. */
const BETWEEN_CREATES_MS = 4;
/** Ends a test that hangs. */
const MAX_MS = 600_000;

interface Batch extends Partial<Simulation> {
	tasks: number;
	/** How many run at once; all by default. */
	concurrencyLimiter?: number;
	provider?: Provider;
	polledTask?: Partial<PolledTask>;
}

/** Creates and polls tasks as the rows of a batch do. */
export async function pollAll({
	tasks,
	concurrencyLimiter = tasks,
	provider = inBatches,
	polledTask,
	takes = () => 2_000,
	...simulation
}: Batch) {
	const clock = concurrentClock(MAX_MS);
	const random = seededRandom();
	const simulated = simulatedProvider(clock, { takes, ...simulation });
	const limiter = new ConcurrencyLimiter(concurrencyLimiter);
	const options = { patienceSeconds: PATIENCE_SECONDS, random };
	const client = new ProviderClient(provider, limiter, simulated.api, clock, options);
	const poller = new TaskPoller(client, clock, createBackoff(random));

	const waitFor = async (taskId: string, changes: Partial<PolledTask> = {}) => {
		const result = await poller.waitFor({
			taskId,
			startedAt: clock.now(),
			timeoutSeconds: 600,
			minIntervalSeconds: 0,
			isExisting: false,
			isConfirmed: true,
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
			const free = await limiter.acquire();
			const { taskId, estimatedSeconds } = await create();
			const end = await waitFor(taskId, { estimatedSeconds });
			free();
			return end;
		}),
	);
	const calls = simulated.singles() + simulated.batches.length;
	return { ...simulated, clock, ends, callsPerTask: calls / tasks, create, waitFor };
}

export function expectAllDone({ ends }: Awaited<ReturnType<typeof pollAll>>) {
	for (const { result } of ends) {
		expect(result).toMatchObject({ ok: true, value: { content: { status: 'completed' } } });
	}
}
