import type { Answer } from './answers';
import type { Guard, Step } from './faults';
import type { GatewayName } from './tasks';

/** How many requests a gateway takes; each gateway counts for itself. */
export interface RateLimit {
	/** How many in any second, all `steps` together; a fraction allows no more than the whole number below it. */
	perSecond: number;
	/** Which requests count and may be refused; default create and query. */
	steps?: readonly Step[];
	/** Whether a refusal says `retry-after: 1` (seconds); default false. */
	retryAfter?: boolean;
}

/** 429 says when to come back, in seconds. */
export const RETRY_AFTER: Readonly<Record<string, string>> = { 'retry-after': '1' };

const WINDOW_MS = 1000;

const LIMITED_STEPS: readonly Step[] = ['create', 'query'];

/** Refuses what is over the limit in any sliding second of that clock. What it refuses does not count. */
export function rateGuard(
	{ perSecond, steps = LIMITED_STEPS, retryAfter = false }: RateLimit,
	now: () => number,
	tooMany: (gateway: GatewayName) => Answer,
): Guard {
	const taken = new Map<GatewayName, readonly number[]>();
	return ({ gateway, step }) => {
		if (gateway === undefined || !steps.includes(step)) return undefined;
		const at = now();
		const recent = (taken.get(gateway) ?? []).filter((earlier) => at - earlier < WINDOW_MS);
		if (recent.length + 1 <= perSecond) {
			taken.set(gateway, [...recent, at]);
			return undefined;
		}
		return retryAfter ? { ...tooMany(gateway), headers: RETRY_AFTER } : tooMany(gateway);
	};
}
