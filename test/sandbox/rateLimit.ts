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
	/** Whether 429 responses say in `retry-after` when to try again; default false. */
	retryAfter?: boolean;
	/** Whether each response says in `ratelimit-*` how many more requests are accepted; default false. */
	quota?: boolean;
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
	{ kind = 'sliding', steps = DEFAULT_STEPS, retryAfter, quota, change, ...rate }: RateLimit,
	now: () => number,
	tooManyRequests: (provider: ProviderName) => SandboxResponse,
): Guard {
	const first = COUNTERS[kind](windowOf(rate));
	const second = change && COUNTERS[kind](windowOf(change));
	return ({ provider, step }) => {
		if (provider === undefined || !steps.includes(step)) return {};
		const at = now();
		const count = second && at >= change.at ? second : first;
		const { isAccepted, remaining, resetMs } = count(provider, at);
		const seconds = String(Math.max(1, Math.ceil(resetMs / SECOND_MS)));
		const headers = quota
			? { 'ratelimit-remaining': String(remaining), 'ratelimit-reset': seconds }
			: undefined;
		if (isAccepted) return { headers };
		const rejection = tooManyRequests(provider);
		const wait = retryAfter ? { 'retry-after': seconds } : undefined;
		return { rejection: { ...rejection, headers: { ...rejection.headers, ...headers, ...wait } } };
	};
}

/** After a request: how many more are accepted, and when that starts again. */
interface Usage {
	isAccepted: boolean;
	remaining: number;
	resetMs: number;
}

type Counter = (provider: ProviderName, at: number) => Usage;

const COUNTERS: Record<Kind, (window: Window) => Counter> = {
	sliding({ maxRequests, windowMs }) {
		const accepted = new Map<ProviderName, number[]>();
		return (provider, at) => {
			const recent = (accepted.get(provider) ?? []).filter((earlier) => at - earlier < windowMs);
			const isAccepted = recent.length + 1 <= maxRequests;
			if (isAccepted) recent.push(at);
			accepted.set(provider, recent);
			const [first = at] = recent;
			const remaining = Math.floor(maxRequests - recent.length);
			return { isAccepted, remaining, resetMs: first + windowMs - at };
		};
	},
	fixed({ maxRequests, windowMs }) {
		const counts = new Map<ProviderName, { window: number; count: number }>();
		return (provider, at) => {
			const window = Math.floor(at / windowMs);
			const last = counts.get(provider);
			const count = last?.window === window ? last.count + 1 : 1;
			const isAccepted = count <= maxRequests;
			if (isAccepted) counts.set(provider, { window, count });
			const remaining = Math.max(0, Math.floor(maxRequests - count));
			return { isAccepted, remaining, resetMs: (window + 1) * windowMs - at };
		};
	},
	bucket({ maxRequests, windowMs }) {
		const capacity = Math.floor(maxRequests);
		const buckets = new Map<ProviderName, { tokens: number; at: number }>();
		return (provider, at) => {
			const last = buckets.get(provider) ?? { tokens: capacity, at };
			const filled = last.tokens + (maxRequests * (at - last.at)) / windowMs;
			const tokens = Math.min(capacity, filled) - 1;
			const isAccepted = tokens >= 0;
			if (isAccepted) buckets.set(provider, { tokens, at });
			const remaining = Math.max(0, Math.floor(tokens));
			const missing = isAccepted ? capacity - tokens : -tokens;
			return { isAccepted, remaining, resetMs: (missing * windowMs) / maxRequests };
		};
	},
};

function windowOf(rate: Rate): Window {
	return rate.perMinute === undefined
		? { maxRequests: rate.perSecond, windowMs: SECOND_MS }
		: { maxRequests: rate.perMinute, windowMs: MINUTE_MS };
}
