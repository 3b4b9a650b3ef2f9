/** Starts this many at a time, in order, and returns all their promises immediately. */
export function pool<T>(work: ReadonlyArray<() => Promise<T>>, size: number): Array<Promise<T>> {
	const starters: Array<() => void> = [];
	const results = work.map(
		(begin) =>
			new Promise<T>((resolve, reject) => {
				starters.push(() => {
					begin()
						.then(resolve, reject)
						.finally(() => starters.shift()?.());
				});
			}),
	);
	// Awaiting a promise reports its failure; it must not end the process before.
	for (const result of results) result.catch(() => undefined);
	for (let running = 0; running < size; running += 1) starters.shift()?.();
	return results;
}
