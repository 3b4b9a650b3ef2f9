import type { Clock } from './ports';

export interface Progress {
	started: () => void;
	ended: (isDone: boolean) => void;
	/** Never started. */
	refused: () => void;
}

const SHORTEST_INTERVAL_MS = 1_000;

/** Says how far the rows are, at most once a second and at the end. */
export function createProgress(
	rows: number,
	clock: Clock,
	say: (message: string) => void,
): Progress {
	let running = 0;
	let finished = 0;
	let failed = 0;
	let lastSaid = 0;
	const changed = () => {
		const isEnd = finished + failed === rows;
		if (!isEnd && clock.now() - lastSaid < SHORTEST_INTERVAL_MS) return;
		lastSaid = clock.now();
		say(`Seedream: ${finished} of ${rows} rows done, ${running} running, ${failed} failed`);
	};
	return {
		started: () => {
			running += 1;
			changed();
		},
		ended: (isDone) => {
			running -= 1;
			if (isDone) finished += 1;
			else failed += 1;
			changed();
		},
		refused: () => {
			failed += 1;
			changed();
		},
	};
}
