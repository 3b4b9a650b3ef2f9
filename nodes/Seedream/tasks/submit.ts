import type { Result } from '../errors';
import type { JsonObject } from '../json';
import type { CreatedTask } from '../providers/provider';
import type { Answer, Gateway } from './gateway';
import { LONGEST_PATIENCE_MS, type Pace } from './pace';
import type { Clock } from './ports';

const MOST_TRIES = 6;

/**
 * Makes the task, once. The create is sent again only where `Failure.retry` says that the gateway
 * certainly did not accept it: after 429, or when the request never arrived.
 */
export async function submitTask(
	gateway: Gateway,
	body: JsonObject,
	idempotencyKey: string,
	{ clock, pace }: { clock: Clock; pace: Pace },
): Promise<Result<Answer<CreatedTask>>> {
	for (let attempt = 1; ; attempt += 1) {
		const created = await gateway.create(body, idempotencyKey);
		if (created.ok || !created.failure.retry || attempt === MOST_TRIES) return created;
		const pause = pace.backOff(attempt, created.failure.retry.afterSeconds);
		if (pause > LONGEST_PATIENCE_MS) return created;
		await clock.sleep(pause);
	}
}
