import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import type { HttpResult } from '../../../../nodes/Seedream/tasks/apiClient';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { concurrentClock, type VirtualClock } from '../virtualClock';
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

/** Others use all of it. */
export function usedUp(): SimulatedLimit {
	return { freeAt: () => Infinity, onAccepted: () => {}, copy: usedUp };
}

/** Times are in milliseconds. */
export interface Batch {
	/** Of each worker. */
	rows: number;
	limit: SimulatedLimit | { tasks: number };
	/** Each replaces the limit from then on. */
	changes?: Array<{ at: number; limit: SimulatedLimit }>;
	/** Whether the provider says, in whole seconds, when it accepts the next request. */
	retryAfter?: boolean;
	/** Whether each response says how many more requests are accepted, and until when. */
	quota?: boolean;
	/** Of the round trip, without what's random. */
	latencyMs?: number;
	/** The most that's random of each way. */
	jitterMs?: number;
	taskMs?: number;
	/** They start within half a second. */
	workers?: number;
	seed?: number;
}

export interface Outcome {
	/** Rows without a task. */
	failed: number;
	/** When requests were accepted, in order. */
	accepted: number[];
	/** When the last of them was. */
	ms: number;
	/** The shortest possible time, as a share of what it took: in all, and after five seconds. */
	totalShare: number;
	share: number;
	/** Of all requests, and of those after the first five seconds. */
	refusedShare: number;
	lateRefusedShare: number;
}

const SETTLED_MS = 5_000;
const LATENCY_MS = 80;
const JITTER_MS = 20;
const START_MS = 500;
const TASK_MS = 3_000;
/** Ends a test that hangs. */
const MAX_MS = 3_600_000;

class LimitedProvider {
	readonly accepted: number[] = [];
	readonly refused: number[] = [];
	readonly initial?: SimulatedLimit;
	settled?: SimulatedLimit;
	private ends: number[] = [];

	constructor(private readonly batch: Batch) {
		if ('copy' in batch.limit) this.initial = batch.limit.copy();
	}

	limitAt(at: number): Batch['limit'] {
		const { limit, changes = [] } = this.batch;
		return changes.findLast((change) => at >= change.at)?.limit ?? limit;
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
		if ('tasks' in limit) this.ends.push(at + (this.batch.taskMs ?? TASK_MS));
		else limit.onAccepted(at);
	}

	headers(at: number, isFree: boolean): Record<string, string> {
		const limit = this.limitAt(at);
		if (!('copy' in limit)) return {};
		const headers: Record<string, string> = {};
		if (this.batch.retryAfter && !isFree) {
			headers['retry-after'] = String(Math.max(1, Math.ceil((limit.freeAt(at) - at) / 1_000)));
		}
		if (this.batch.quota) Object.assign(headers, quotaHeaders(limit, at));
		return headers;
	}
}

function quotaHeaders(limit: SimulatedLimit, at: number): Record<string, string> {
	const spent = limit.copy();
	let remaining = 0;
	for (; spent.freeAt(at) <= at; remaining += 1) spent.onAccepted(at);
	const reset = Math.ceil((spent.freeAt(at) - at) / 1_000);
	return { 'ratelimit-remaining': String(remaining), 'ratelimit-reset': String(reset) };
}

const BUSY = { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } };

/** One execution, which doesn't know of the others. */
class Worker {
	readonly accepted: number[] = [];

	readonly refused: number[] = [];

	failed = 0;

	constructor(
		private readonly batch: Batch,
		private readonly provider: LimitedProvider,
		private readonly clock: VirtualClock,
		private readonly random: () => number,
		private readonly startMs: number,
	) {}

	async work(): Promise<void> {
		const { clock, random } = this;
		if (this.startMs > 0) await clock.sleep(this.startMs);
		const limiter = new ConcurrencyLimiter(0);
		const api = { send: this.send, upload: this.send };
		const options = { patienceSeconds: PATIENCE_SECONDS, random };
		const client = new ProviderClient(evoLink, limiter, api, clock, options);
		await Promise.all(
			Array.from({ length: this.batch.rows }, async () => {
				const free = await limiter.acquire();
				await this.processRow(client);
				free();
			}),
		);
	}

	private async processRow(client: ProviderClient): Promise<void> {
		const { taskMs = TASK_MS, latencyMs = LATENCY_MS } = this.batch;
		for (;;) {
			const created = await client.create({}, 'key', () => undefined);
			if (created.ok) {
				// Its end is noticed up to 3% late.
				await this.clock.sleep(taskMs * (1 + 0.03 * this.random()) + latencyMs / 2);
				client.release(created.value.content[0]?.taskId ?? '');
				return;
			}
			if (client.mayRetryCreate(created.failure, false)) continue;
			this.failed += 1;
			return;
		}
	}

	private readonly send = async (): Promise<HttpResult> => {
		await this.delay();
		const at = this.clock.elapsed();
		const { provider } = this;
		const isFree = provider.isFree(at);
		if (isFree) provider.accept(at);
		const headers = provider.headers(at, isFree);
		(isFree ? this.accepted : this.refused).push(at);
		await this.delay();
		const id = `task-${at}-${this.accepted.length}`;
		return isFree ? reply(200, { id, status: 'pending' }, headers) : reply(429, BUSY, headers);
	};

	/** One way. */
	private async delay(): Promise<void> {
		const { latencyMs = LATENCY_MS, jitterMs = JITTER_MS } = this.batch;
		await this.clock.sleep(latencyMs / 2 + this.random() * jitterMs);
	}
}

/** Creates a task for every row of every worker. */
export async function runBatch(batch: Batch): Promise<Outcome> {
	const clock = concurrentClock(MAX_MS);
	const random = seededRandom(batch.seed);
	const provider = new LimitedProvider(batch);
	const workers = Array.from(
		{ length: batch.workers ?? 1 },
		(_, index) => new Worker(batch, provider, clock, random, index * (START_MS * random())),
	);
	await Promise.all(workers.map(async (worker) => await worker.work()));
	const accepted = workers.flatMap((worker) => worker.accepted).sort((a, b) => a - b);
	const refused = workers.flatMap((worker) => worker.refused);
	const ms = accepted.at(-1) ?? 0;
	const isLate = (at: number) => at > SETTLED_MS;
	const late = accepted.filter(isLate).length;
	const lateRefused = refused.filter(isLate).length;
	return {
		failed: workers.reduce((total, { failed }) => total + failed, 0),
		accepted,
		ms,
		totalShare: shortestMs(provider.initial, accepted.length, 0) / ms,
		share: late === 0 ? 1 : shortestMs(provider.settled, late, SETTLED_MS) / (ms - SETTLED_MS),
		refusedShare: refused.length / (accepted.length + refused.length),
		lateRefusedShare: late === 0 ? 0 : lateRefused / (late + lateRefused),
	};
}

/** How long that many rows take at least. */
function shortestMs(limit: SimulatedLimit | undefined, rows: number, from: number): number {
	if (!limit) return NaN;
	let at = from;
	for (let row = 0; row < rows; row += 1) {
		at = limit.freeAt(at);
		limit.onAccepted(at);
	}
	return at - from;
}
