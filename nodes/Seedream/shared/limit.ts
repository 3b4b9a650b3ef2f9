import type { Clock } from './clock';
import { ConcurrencyLimiter } from './concurrencyLimiter';

export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

/** Runs at most `size` functions at a time, in the order they were passed in. */
export function createLimit(size: number): Limit {
	const limiter = new ConcurrencyLimiter(size);
	return async (work) => {
		const release = await limiter.acquire();
		try {
			return await work();
		} finally {
			release();
		}
	};
}

/**
 * Like `Promise.all`, except that at most `size` values are worked on at a time, in their order, and
 * that it also waits for the others if one fails.
 */
export async function mapWithLimit<T, R>(
	values: readonly T[],
	size: number,
	map: (value: T, index: number) => Promise<R>,
): Promise<R[]> {
	const results: R[] = [];
	const left = values.entries();
	const work = async () => {
		for (const [index, value] of left) results[index] = await map(value, index);
	};
	await waitForAll(Array.from({ length: Math.min(size, values.length) }, work));
	return results;
}

/** Also when one of them is cancelled: until the last has ended, money may be spent. */
export async function waitForAll<T>(work: Array<Promise<T>>): Promise<T[]> {
	await Promise.allSettled(work);
	return await Promise.all(work);
}

/** Work that takes longer is slow, and no longer counts towards the limit. */
const SLOW_MS = 5_000;
/** An upper bound for slow work, on top of the limit. */
const MAX_SLOW = 40;
const TICK_MS = 500;

interface Queued {
	start: () => void;
	abort: (reason: unknown) => void;
}

/**
 * Like `createLimit`, except that slow work doesn't block the rest: a few downloads from a server
 * that hardly responds would otherwise hold up all others.
 */
export class SlowTolerantLimiter {
	private readonly running = new Set<{ startedAt: number }>();

	private queue: Queued[] = [];

	private isTicking = false;

	constructor(
		private readonly size: number,
		private readonly clock: Clock,
	) {}

	readonly run: Limit = async (work) => {
		const own = { startedAt: 0 };
		await new Promise<void>((resolve, abort) => {
			const start = () => {
				own.startedAt = this.clock.now();
				this.running.add(own);
				resolve();
			};
			this.queue.push({ start, abort });
			this.startNext();
			if (this.queue.length > 0 && !this.isTicking) void this.tick();
		});
		try {
			return await work();
		} finally {
			this.running.delete(own);
			this.startNext();
		}
	};

	private startNext(): void {
		while (this.hasRoom()) {
			const next = this.queue.shift();
			if (!next) return;
			next.start();
		}
	}

	private hasRoom(): boolean {
		const now = this.clock.now();
		const quick = [...this.running].filter(({ startedAt }) => now - startedAt < SLOW_MS);
		return quick.length < this.size && this.running.size < this.size + MAX_SLOW;
	}

	/** Time alone makes room, when running work becomes slow. */
	private async tick(): Promise<void> {
		this.isTicking = true;
		try {
			while (this.queue.length > 0) {
				await this.clock.sleep(TICK_MS);
				this.startNext();
			}
		} catch (error) {
			for (const { abort } of this.queue) abort(error);
			this.queue = [];
		} finally {
			this.isTicking = false;
		}
	}
}
