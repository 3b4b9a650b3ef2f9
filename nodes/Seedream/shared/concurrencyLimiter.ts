/** How many tasks are at work at once. */
export interface ConcurrencyLimiter {
	/** Waits for a free slot, first come first served, and yields what frees it again. */
	take: () => Promise<() => void>;
	/** The provider took a task. */
	accepted: () => void;
	/** The provider wants no more tasks for now. */
	refused: () => void;
}

const INITIAL_LIMIT = 10;
/** More at once would only sit in the provider's own queue. */
const MAX_LIMIT = 1_000;

/**
 * `size` 0 is automatic: no provider publishes how many tasks it takes, so their number doubles until
 * it refuses one, and grows by one with each that it accepts after that. (p-limit would do for a
 * fixed size, but n8n before 2.x does not ship it.)
 */
export function createConcurrencyLimiter(size: number): ConcurrencyLimiter {
	const isAutomatic = size === 0;
	const line: Array<() => void> = [];
	// Not `shift`, which moves all the others of a long line.
	let first = 0;
	let most = isAutomatic ? INITIAL_LIMIT : size;
	let taken = 0;
	let acceptedInAll = 0;
	let wasRefused = false;

	const letIn = () => {
		while (taken < most) {
			const next = line[first];
			if (!next) return;
			first += 1;
			taken += 1;
			next();
		}
	};
	return {
		take: async () => {
			await new Promise<void>((resolve) => {
				line.push(resolve);
				letIn();
			});
			return () => {
				taken -= 1;
				letIn();
			};
		},
		accepted: () => {
			if (!isAutomatic) return;
			acceptedInAll += 1;
			const grown = wasRefused ? most + 1 : Math.max(most, 2 * acceptedInAll);
			most = Math.min(MAX_LIMIT, grown);
			letIn();
		},
		refused: () => {
			// Those that were refused keep their slots, and try again.
			wasRefused = true;
			if (isAutomatic) most = Math.max(1, Math.min(most, taken));
		},
	};
}
