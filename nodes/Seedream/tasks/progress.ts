import type { Clock } from '../shared/clock';

/** Counts images; `expected` is what a row asks for, which may be more than what comes. */
export interface Progress {
	started: (expected: number) => void;
	/** `made` is undefined for a row that failed. */
	ended: (expected: number, made: number | undefined) => void;
	/** Never started. */
	refused: (expected: number) => void;
	/** A provider takes nothing for now. */
	waiting: () => void;
}

const MIN_INTERVAL_MS = 1_000;

/** Says how far the images are, at most once a second and at the end. */
export function createProgress(
	images: number,
	clock: Clock,
	say: (message: string) => void,
	waitedFor: () => readonly string[] = () => [],
): Progress {
	let open = images;
	let running = 0;
	let done = 0;
	let failed = 0;
	let lastSaid = 0;
	const changed = () => {
		if (open > 0 && clock.now() - lastSaid < MIN_INTERVAL_MS) return;
		lastSaid = clock.now();
		const all = done + failed + open;
		const providers = waitedFor();
		const wait =
			open > 0 && providers.length > 0
				? `; waiting, because ${providers.join(' and ')} ${providers.length === 1 ? 'takes' : 'take'} no more at the moment`
				: '';
		say(`Seedream: ${done} of ${all} images, ${running} running, ${failed} failed${wait}`);
	};
	const refused = (expected: number) => {
		open -= expected;
		failed += expected;
		changed();
	};
	return {
		started: (expected) => {
			running += expected;
			changed();
		},
		ended: (expected, made) => {
			running -= expected;
			if (made === undefined) {
				refused(expected);
				return;
			}
			open -= expected;
			done += made;
			changed();
		},
		refused,
		waiting: changed,
	};
}
