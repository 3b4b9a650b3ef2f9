import type { Guard, Step } from './requestPipeline';
import type { SandboxResponse } from './responses';
import type { ProviderName } from './tasks';

/** In any second or in any minute. Fractions are rounded down. */
type Rate =
	{ perSecond: number; perMinute?: undefined } | { perMinute: number; perSecond?: undefined };

/**
 * `sliding`: in any window, which is the default. `fixed`: in each whole second or minute of the clock.
 * `bucket`: a full window at first, and then one after another, as fast as the rate.
 */
type Kind = 'sliding' | 'fixed' | 'bucket';

/** How many requests each provider accepts, over all `steps`. */
export type RateLimit = Rate & {
	kind?: Kind;
	/** Which requests count and may be rejected; default create and query. */
	steps?: readonly Step[];
	/** Whether 429 responses have `retry-after: 1` (seconds); default false. */
	retryAfter?: boolean;
	/** Another limit from then on, in milliseconds by the sandbox's clock. */
	change?: Rate & { at: number };
};

/** In seconds. */
export const RETRY_AFTER: Readonly<Record<string, string>> = { 'retry-after': '1' };

const SECOND_MS = 1000;

const MINUTE_MS = 60_000;

const DEFAULT_STEPS: readonly Step[] = ['create', 'query'];

interface Window {
	maxRequests: number;
	windowMs: number;
}

/** By the given clock. Rejected requests don't count. */
export function createRateGuard(
	{ kind = 'sliding', steps = DEFAULT_STEPS, retryAfter = false, change, ...rate }: RateLimit,
	now: () => number,
	tooManyRequests: (provider: ProviderName) => SandboxResponse,
): Guard {
	const first = COUNTERS[kind](windowOf(rate));
	const second = change && COUNTERS[kind](windowOf(change));
	return ({ provider, step }) => {
		if (provider === undefined || !steps.includes(step)) return undefined;
		const at = now();
		const accepts = second && at >= change.at ? second : first;
		if (accepts(provider, at)) return undefined;
		const response = tooManyRequests(provider);
		return retryAfter ? { ...response, headers: RETRY_AFTER } : response;
	};
}

type Counter = (provider: ProviderName, at: number) => boolean;

const COUNTERS: Record<Kind, (window: Window) => Counter> = {
	sliding({ maxRequests, windowMs }) {
		const accepted = new Map<ProviderName, readonly number[]>();
		return (provider, at) => {
			const recent = (accepted.get(provider) ?? []).filter((earlier) => at - earlier < windowMs);
			if (recent.length + 1 > maxRequests) return false;
			accepted.set(provider, [...recent, at]);
			return true;
		};
	},
	fixed({ maxRequests, windowMs }) {
		const counts = new Map<ProviderName, { window: number; count: number }>();
		return (provider, at) => {
			const window = Math.floor(at / windowMs);
			const last = counts.get(provider);
			const count = last?.window === window ? last.count + 1 : 1;
			if (count > maxRequests) return false;
			counts.set(provider, { window, count });
			return true;
		};
	},
	bucket({ maxRequests, windowMs }) {
		const capacity = Math.floor(maxRequests);
		const buckets = new Map<ProviderName, { tokens: number; at: number }>();
		return (provider, at) => {
			const last = buckets.get(provider) ?? { tokens: capacity, at };
			const filled = last.tokens + (maxRequests * (at - last.at)) / windowMs;
			const tokens = Math.min(capacity, filled) - 1;
			if (tokens < 0) return false;
			buckets.set(provider, { tokens, at });
			return true;
		};
	},
};

function windowOf(rate: Rate): Window {
	return rate.perMinute === undefined
		? { maxRequests: rate.perSecond, windowMs: SECOND_MS }
		: { maxRequests: rate.perMinute, windowMs: MINUTE_MS };
}
