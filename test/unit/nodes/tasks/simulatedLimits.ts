import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import type { HttpRequest, HttpResult } from '../../../../nodes/Seedream/tasks/apiClient';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { concurrentClock } from '../virtualClock';
import { PATIENCE_SECONDS, reply } from './scriptedApiClient';
import { seededRandom } from './simulatedProvider';

/** A provider's limit. All times are milliseconds since the clock's start. */
export interface SimulatedLimit {
	/** The earliest time, from `at` on, at which a request would be accepted. */
	freeAt: (at: number) => number;
	onAccepted: (at: number) => void;
	/** Continues from the same state. */
	copy: () => SimulatedLimit;
}

export function fixedWindow(max: number, windowMs = 1_000, offset = 370): SimulatedLimit {
	const of = (windowStart: number, used: number): SimulatedLimit => {
		const startOf = (at: number) => Math.floor((at + offset) / windowMs) * windowMs - offset;
		return {
			freeAt: (at) => (startOf(at) === windowStart && used >= max ? windowStart + windowMs : at),
			onAccepted: (at) => {
				used = startOf(at) === windowStart ? used + 1 : 1;
				windowStart = startOf(at);
			},
			copy: () => of(windowStart, used),
		};
	};
	return of(-Infinity, 0);
}

export function slidingWindow(max: number, windowMs = 1_000): SimulatedLimit {
	const of = (accepted: number[]): SimulatedLimit => ({
		freeAt: (at) => Math.max(at, (accepted.at(-max) ?? -Infinity) + windowMs),
		onAccepted: (at) => accepted.push(at),
		copy: () => of([...accepted]),
	});
	return of([]);
}

export function tokenBucket(perSecond: number, capacity = perSecond): SimulatedLimit {
	const of = (tokens: number, filledAt: number): SimulatedLimit => {
		const at = (time: number) =>
			Math.min(capacity, tokens + (perSecond * (time - filledAt)) / 1_000);
		return {
			freeAt: (time) => {
				const missing = 1 - 1e-9 - at(time);
				return missing > 0 ? time + (1_000 * missing) / perSecond : time;
			},
			onAccepted: (time) => {
				tokens = at(time) - 1;
				filledAt = time;
			},
			copy: () => of(tokens, filledAt),
		};
	};
	return of(capacity, 0);
}

export interface Batch {
	rows: number;
	limit: SimulatedLimit | { tasks: number };
	/** Replaces the limit from then on. */
	change?: { at: number; limit: SimulatedLimit };
	retryAfter?: boolean;
	/** Two one-way delays, each with this much more at random. */
	latencyMs?: number;
	jitterMs?: number;
	taskMs?: number;
	workers?: number;
	/** When each worker starts. */
	startsAt?: number[];
	seed?: number;
	maxMs?: number;
	headers?: (limit: SimulatedLimit, at: number) => Record<string, string>;
}

export interface Outcome {
	failed: number;
	/** Of each worker. */
	accepted: number[][];
	refused: number[][];
	ms: number;
	/** After the first five seconds. */
	share: number;
	refusedShare: number;
	lateRefusedShare: number;
}

const SETTLED_MS = 5_000;

class LimitedProvider {
	readonly accepted: number[] = [];
	readonly refused: number[] = [];
	settled?: SimulatedLimit;
	private ends: number[] = [];

	constructor(private readonly batch: Batch) {}

	limitAt(at: number): Batch['limit'] {
		const { limit, change } = this.batch;
		return change && at >= change.at ? change.limit : limit;
	}

	isFree(at: number): boolean {
		const limit = this.limitAt(at);
		if ('tasks' in limit) {
			this.ends = this.ends.filter((end) => end > at);
			return this.ends.length < limit.tasks;
		}
		if (at >= SETTLED_MS) this.settled ??= limit.copy();
		return limit.freeAt(at) <= at;
	}

	accept(at: number): void {
		const limit = this.limitAt(at);
		this.accepted.push(at);
		if ('tasks' in limit) this.ends.push(at + (this.batch.taskMs ?? 0));
		else limit.onAccepted(at);
	}

	retryAfter(at: number): Record<string, string> {
		const limit = this.limitAt(at);
		if (!this.batch.retryAfter || 'tasks' in limit) return {};
		return { 'retry-after': String(Math.max(1, Math.ceil((limit.freeAt(at) - at) / 1_000))) };
	}

	headers(at: number): Record<string, string> {
		const limit = this.limitAt(at);
		return 'tasks' in limit ? {} : (this.batch.headers?.(limit, at) ?? {});
	}
}

const BUSY = { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } };

export async function runBatch(batch: Batch): Promise<Outcome> {
	const { rows, latencyMs = 80, jitterMs = 20, taskMs = 3_000, workers = 1, seed = 1 } = batch;
	const clock = concurrentClock(batch.maxMs ?? 3_600_000);
	const random = seededRandom(seed);
	const provider = new LimitedProvider(batch);
	const workersAccepted: number[][] = [];
	const workersRefused: number[][] = [];
	let failed = 0;
	const oneWay = async () => await clock.sleep(latencyMs / 2 + random() * jitterMs);
	let ids = 0;
	const work = async (worker: number) => {
		await clock.sleep(batch.startsAt?.[worker] ?? 0);
		const accepted: number[] = (workersAccepted[worker] = []);
		const refused: number[] = (workersRefused[worker] = []);
		const api = {
			send: async (_request: HttpRequest): Promise<HttpResult> => {
				await oneWay();
				const at = clock.elapsed();
				const isFree = provider.isFree(at);
				if (isFree) provider.accept(at);
				(isFree ? accepted : refused).push(at);
				const headers = { ...provider.headers(at), ...(isFree ? {} : provider.retryAfter(at)) };
				await oneWay();
				return isFree
					? reply(200, { id: `task-${(ids += 1)}`, status: 'pending' }, headers)
					: reply(429, BUSY, headers);
			},
			upload: async () => {
				throw new Error('accepts no files');
			},
		};
		const limiter = new ConcurrencyLimiter(0);
		const options = { patienceSeconds: PATIENCE_SECONDS, random };
		const client = new ProviderClient(evoLink, limiter, api, clock, options);
		await Promise.all(
			Array.from({ length: rows }, async () => {
				const free = await limiter.acquire();
				try {
					for (;;) {
						const created = await client.create({}, 'key', () => undefined);
						if (created.ok) {
							await clock.sleep(taskMs - latencyMs / 2 + random() * (0.03 * taskMs) + latencyMs);
							client.release(created.value.content[0]?.taskId ?? '');
							return;
						}
						if (client.mayRetryCreate(created.failure, false)) continue;
						failed += 1;
						return;
					}
				} finally {
					free();
				}
			}),
		);
	};
	await Promise.all(Array.from({ length: workers }, async (_, worker) => await work(worker)));
	const accepted = workersAccepted.flat().sort((a, b) => a - b);
	const refused = workersRefused.flat().sort((a, b) => a - b);
	const ms = accepted.at(-1) ?? 0;
	const late = accepted.filter((at) => at > SETTLED_MS).length;
	const lateRefused = refused.filter((at) => at > SETTLED_MS).length;
	return {
		failed,
		accepted: workersAccepted,
		refused: workersRefused,
		ms,
		share: late === 0 ? 1 : shortestMs(batch, provider, late) / (ms - SETTLED_MS),
		refusedShare: refused.length / (accepted.length + refused.length),
		lateRefusedShare: lateRefused === 0 ? 0 : lateRefused / (late + lateRefused),
	};
}

/** How long the rows after the first five seconds take at least. */
function shortestMs(batch: Batch, { settled }: LimitedProvider, late: number): number {
	if ('tasks' in batch.limit) {
		return NaN;
	}
	const limit = settled ?? batch.limit;
	let at = SETTLED_MS;
	for (let row = 0; row < late; row += 1) {
		at = limit.freeAt(at);
		limit.onAccepted(at);
	}
	return at - SETTLED_MS;
}
