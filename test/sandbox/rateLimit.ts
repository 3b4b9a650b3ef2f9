import type { Guard, Step } from './requestPipeline';
import type { SandboxResponse } from './responses';
import type { ProviderName } from './tasks';

/** In any second or in any minute. Fractions are rounded down. */
type Rate =
	{ perSecond: number; perMinute?: undefined } | { perMinute: number; perSecond?: undefined };

/** How many requests each provider accepts, over all `steps`. */
export type RateLimit = Rate & {
	/** Which requests count and may be rejected; default create and query. */
	steps?: readonly Step[];
	/** Whether 429 responses have `retry-after: 1` (seconds); default false. */
	retryAfter?: boolean;
};

/** In seconds. */
export const RETRY_AFTER: Readonly<Record<string, string>> = { 'retry-after': '1' };

const SECOND_MS = 1000;

const MINUTE_MS = 60_000;

const DEFAULT_STEPS: readonly Step[] = ['create', 'query'];

/** A sliding window by the given clock. Rejected requests don't count. */
export function createRateGuard(
	{ steps = DEFAULT_STEPS, retryAfter = false, ...rate }: RateLimit,
	now: () => number,
	tooManyRequests: (provider: ProviderName) => SandboxResponse,
): Guard {
	const { maxRequests, windowMs } = windowOf(rate);
	const accepted = new Map<ProviderName, readonly number[]>();
	return ({ provider, step }) => {
		if (provider === undefined || !steps.includes(step)) return undefined;
		const at = now();
		const recent = (accepted.get(provider) ?? []).filter((earlier) => at - earlier < windowMs);
		if (recent.length + 1 <= maxRequests) {
			accepted.set(provider, [...recent, at]);
			return undefined;
		}
		const response = tooManyRequests(provider);
		return retryAfter ? { ...response, headers: RETRY_AFTER } : response;
	};
}

function windowOf(rate: Rate): { maxRequests: number; windowMs: number } {
	return rate.perMinute === undefined
		? { maxRequests: rate.perSecond, windowMs: SECOND_MS }
		: { maxRequests: rate.perMinute, windowMs: MINUTE_MS };
}
