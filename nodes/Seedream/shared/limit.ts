import type { Clock } from './clock';
import { createConcurrencyLimiter } from './concurrencyLimiter';

export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

/** Runs at most `size` pieces of work at a time, in the order they came. */
export function createLimit(size: number): Limit {
	const concurrencyLimiter = createConcurrencyLimiter(size);
	return async (work) => {
		const free = await concurrencyLimiter.take();
		try {
			return await work();
		} finally {
			free();
		}
	};
}

/** From here on, work counts as slow, and no longer keeps others from beginning. */
const SLOW_MS = 5_000;
/** Even of slow ones, no more at a time. */
const MAX_SLOW = 40;
const TICK_MS = 500;

interface Waiting {
	goOn: () => void;
	abort: (reason: unknown) => void;
}

/**
 * As `createLimit`; but a few pieces of work that are slow, such as downloads from a server that hardly
 * answers, do not keep all others from beginning.
 */
export function createPatientLimit(size: number, clock: Clock): Limit {
	const beginnings = new Set<{ at: number }>();
	let line: Waiting[] = [];
	let isTicking = false;

	const letIn = () => {
		for (;;) {
			const quick = [...beginnings].filter(({ at }) => clock.now() - at < SLOW_MS).length;
			if (quick >= size || beginnings.size >= size + MAX_SLOW) return;
			const next = line.shift();
			if (!next) return;
			next.goOn();
		}
	};
	const tick = async () => {
		isTicking = true;
		try {
			while (line.length > 0) {
				await clock.sleep(TICK_MS);
				letIn();
			}
		} catch (error) {
			for (const { abort } of line) abort(error);
			line = [];
		} finally {
			isTicking = false;
		}
	};
	return async (work) => {
		const beginning = { at: 0 };
		await new Promise<void>((resolve, abort) => {
			const goOn = () => {
				beginning.at = clock.now();
				beginnings.add(beginning);
				resolve();
			};
			line.push({ goOn, abort });
			letIn();
			if (line.length > 0 && !isTicking) void tick();
		});
		try {
			return await work();
		} finally {
			beginnings.delete(beginning);
			letIn();
		}
	};
}
