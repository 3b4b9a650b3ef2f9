export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Runs at most `size` pieces of work at a time, in the order they came. (p-limit would do, but n8n
 * before 2.x does not ship it.)
 */
export function createLimit(size: number): Limit {
	const waiting: Array<() => void> = [];
	let running = 0;
	return async (work) => {
		if (running >= size) await new Promise<void>((resolve) => waiting.push(resolve));
		else running += 1;
		try {
			return await work();
		} finally {
			// The place passes straight to the next in line, so nobody can slip in between.
			const next = waiting.shift();
			if (next) next();
			else running -= 1;
		}
	};
}
