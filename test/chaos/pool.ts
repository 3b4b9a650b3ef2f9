/** Starts so many at a time, in order, and gives the promise of each at once. */
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
	// Whoever waits for one of them hears of its failure; the process need not.
	for (const result of results) result.catch(() => undefined);
	for (let running = 0; running < size; running += 1) starters.shift()?.();
	return results;
}
