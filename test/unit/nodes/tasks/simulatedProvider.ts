import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import type {
	ApiClient,
	HttpResult,
	HttpRequest,
} from '../../../../nodes/Seedream/tasks/apiClient';
import type { VirtualClock } from '../virtualClock';
import { reply } from './scriptedApiClient';

/** A provider that may be asked for a running task at any time. */
export const inBatches: Provider = { ...evoLink, minPollSeconds: undefined };
/** The same without batch queries. */
export const singly: Provider = { ...inBatches, batchQuery: undefined };

export interface SimulatedTask {
	id: string;
	createdAt: number;
	doneAt: number;
	/** When it was polled, alone or in a batch. */
	polledAt: number[];
	/** When a response first contained its image. */
	reportedAt?: number;
}

export interface Simulation {
	/** The duration of each task in milliseconds, by index. */
	takes: (index: number) => number;
	/** The provider's estimate at the task's creation, in seconds. */
	estimates?: (takesMs: number) => number;
	showsProgress?: boolean;
	/** Of the round trip. */
	latencyMs?: number;
	/** Rejects a request with the response it returns; `running` is the number of running tasks. */
	reject?: (call: HttpRequest, running: number) => HttpResult | undefined;
	/** Replaces the response to a batch query. */
	batchResponse?: (ids: string[], data: object[]) => HttpResult;
}

/** A provider in virtual time. All times are milliseconds since the clock's start. */
class SimulatedProvider implements ApiClient {
	readonly tasks = new Map<string, SimulatedTask>();
	readonly creates: Array<{ at: number; isTaken: boolean }> = [];
	readonly batches: string[][] = [];
	singles = 0;
	rejections = 0;

	constructor(
		private readonly clock: VirtualClock,
		private readonly simulation: Simulation,
	) {}

	readonly send = async (request: HttpRequest): Promise<HttpResult> => {
		const { latencyMs = 20 } = this.simulation;
		await this.clock.sleep(latencyMs / 2);
		const response = this.respond(request);
		await this.clock.sleep(latencyMs / 2);
		return response;
	};

	readonly upload = async () => {
		throw new Error('accepts no files');
	};

	private respond(request: HttpRequest): HttpResult {
		const { path, body } = request;
		const isCreate = path === evoLink.createPath;
		const at = this.clock.elapsed();
		const running = [...this.tasks.values()].filter(({ doneAt }) => doneAt > at).length;
		const rejection = this.simulation.reject?.(request, running);
		if (isCreate) this.creates.push({ at, isTaken: !rejection });
		if (rejection) {
			this.rejections += 1;
			return rejection;
		}
		if (isCreate) return this.create();
		if (path === evoLink.batchQuery?.path) return this.queryBatch(body?.task_ids);
		this.singles += 1;
		const task = this.describe(path.slice(path.lastIndexOf('/') + 1));
		return task ? reply(200, task) : reply(404, { error: { code: 'task_not_found' } });
	}

	private create(): HttpResult {
		const { takes, estimates } = this.simulation;
		const at = this.clock.elapsed();
		const id = `task-${this.tasks.size}`;
		const takesMs = takes(this.tasks.size);
		this.tasks.set(id, { id, createdAt: at, doneAt: at + takesMs, polledAt: [] });
		const estimated_time = estimates?.(takesMs);
		return reply(200, { id, status: 'pending', task_info: { estimated_time } });
	}

	private queryBatch(taskIds: unknown): HttpResult {
		const ids = Array.isArray(taskIds) ? taskIds.map(String) : [];
		this.batches.push(ids);
		const data = ids.flatMap((id) => this.describe(id) ?? []);
		return this.simulation.batchResponse?.(ids, data) ?? reply(200, { data });
	}

	private describe(id: string): object | undefined {
		const task = this.tasks.get(id);
		if (!task) return undefined;
		const at = this.clock.elapsed();
		task.polledAt.push(at);
		if (at >= task.doneAt) {
			task.reportedAt ??= at;
			return { id, status: 'completed', progress: 100, results: [`https://a.example/${id}.png`] };
		}
		const share = (at - task.createdAt) / (task.doneAt - task.createdAt);
		const progress = this.simulation.showsProgress ? Math.floor(100 * share) : undefined;
		return { id, status: 'processing', progress };
	}
}

export function simulatedProvider(clock: VirtualClock, simulation: Simulation) {
	const provider = new SimulatedProvider(clock, simulation);
	return {
		api: provider,
		tasks: provider.tasks,
		creates: provider.creates,
		batches: provider.batches,
		singles: () => provider.singles,
		rejections: () => provider.rejections,
	};
}

/** The same on every run. */
export function seededRandom(seed = 1): () => number {
	let state = seed;
	return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

export function median(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export function mean(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0) / values.length;
}
