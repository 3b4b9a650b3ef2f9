import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import type {
	ApiClient,
	HttpResult,
	HttpRequest,
} from '../../../../nodes/Seedream/tasks/apiClient';
import type { VirtualClock } from '../virtualClock';
import { reply } from './scriptedApiClient';

/** EvoLink's way to speak, with one call for each task. */
export const singly: Provider = { ...evoLink, batchQuery: undefined };

export interface SimulatedTask {
	id: string;
	createdAt: number;
	doneAt: number;
	/** When it was asked for, alone or with others. */
	polledAt: number[];
	/** When its image was told of, if it was. */
	toldAt?: number;
}

export interface Simulation {
	/** How long the task of each index takes, in milliseconds. */
	takes: (index: number) => number;
	/** What the provider says of it at its creation, in seconds. */
	estimates?: (takesMs: number) => number;
	showsProgress?: boolean;
	/** There and back again. */
	latencyMs?: number;
	/** What it has against a call; `running` is how many tasks are at work. */
	refuse?: (call: HttpRequest, running: number) => HttpResult | undefined;
	/** In place of the answer to a batch call. */
	answerBatch?: (ids: string[], data: object[]) => HttpResult;
}

/** A provider that makes images in virtual time. All times are milliseconds since the clock's start. */
export function simulatedProvider(
	clock: VirtualClock,
	{ takes, estimates, showsProgress, latencyMs = 20, refuse, answerBatch }: Simulation,
) {
	const tasks = new Map<string, SimulatedTask>();
	const creates: Array<{ at: number; isTaken: boolean }> = [];
	const batches: string[][] = [];
	let singles = 0;
	let rejections = 0;

	const create = (): HttpResult => {
		const at = clock.elapsed();
		const id = `task-${tasks.size}`;
		const takesMs = takes(tasks.size);
		tasks.set(id, { id, createdAt: at, doneAt: at + takesMs, polledAt: [] });
		const estimated_time = estimates?.(takesMs);
		return reply(200, { id, status: 'pending', task_info: { estimated_time } });
	};

	const describe = (id: string): object | undefined => {
		const task = tasks.get(id);
		if (!task) return undefined;
		const at = clock.elapsed();
		task.polledAt.push(at);
		if (at >= task.doneAt) {
			task.toldAt ??= at;
			return { id, status: 'completed', progress: 100, results: [`https://a.example/${id}.png`] };
		}
		const share = (at - task.createdAt) / (task.doneAt - task.createdAt);
		const progress = showsProgress ? Math.floor(100 * share) : undefined;
		return { id, status: 'processing', progress };
	};

	const answer = (call: HttpRequest): HttpResult => {
		const { path, body } = call;
		const isCreate = path === evoLink.createPath;
		const at = clock.elapsed();
		const running = [...tasks.values()].filter(({ doneAt }) => doneAt > at).length;
		const rejection = refuse?.(call, running);
		if (isCreate) creates.push({ at, isTaken: !rejection });
		if (rejection) {
			rejections += 1;
			return rejection;
		}
		if (isCreate) return create();
		if (path === evoLink.batchQuery?.path) {
			const ids = Array.isArray(body?.task_ids) ? body.task_ids.map(String) : [];
			batches.push(ids);
			const data = ids.flatMap((id) => describe(id) ?? []);
			return answerBatch?.(ids, data) ?? reply(200, { data });
		}
		singles += 1;
		const task = describe(path.slice(path.lastIndexOf('/') + 1));
		return task ? reply(200, task) : reply(404, { error: { code: 'task_not_found' } });
	};

	const door: ApiClient = {
		send: async (call) => {
			await clock.sleep(latencyMs / 2);
			const given = answer(call);
			await clock.sleep(latencyMs / 2);
			return given;
		},
		upload: async () => {
			throw new Error('takes no files');
		},
	};
	return { door, tasks, creates, batches, singles: () => singles, rejections: () => rejections };
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
