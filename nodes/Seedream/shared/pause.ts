import type { Clock } from './clock';
import { createLimit } from './limit';

/** How long n8n may be kept from everything else it does. */
const MAX_BUSY_MS = 40;
const PAUSE_MS = 1;

/**
 * For long work in small steps: call it before each step, and n8n gets time for other things. Steps
 * that are due at the same time continue one by one.
 */
export function createPause(clock: Clock): () => Promise<void> {
	const inTurn = createLimit(1);
	// Something else may have kept n8n busy until now.
	let resumedAt = -Infinity;
	return async () =>
		await inTurn(async () => {
			if (clock.now() - resumedAt < MAX_BUSY_MS) return;
			await clock.sleep(PAUSE_MS);
			resumedAt = clock.now();
		});
}
