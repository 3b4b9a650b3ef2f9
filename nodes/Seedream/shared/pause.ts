import type { Clock } from './clock';

/** How long n8n may be kept from everything else it does. */
const MAX_BUSY_MS = 40;
const PAUSE_MS = 1;

/** For long work in small steps: call it before each step, and n8n gets time for other things. */
export function createPause(clock: Clock): () => Promise<void> {
	let resumedAt = clock.now();
	let pausing: Promise<void> | undefined;
	const pause = async () => {
		await clock.sleep(PAUSE_MS);
		resumedAt = clock.now();
		pausing = undefined;
	};
	return async () => {
		if (clock.now() - resumedAt >= MAX_BUSY_MS) pausing ??= pause();
		await pausing;
	};
}
