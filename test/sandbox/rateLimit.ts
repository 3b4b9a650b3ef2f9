import type { Guard, Step } from './faults';
import type { Answer } from './responses';
import type { ProviderName } from './tasks';

/** In any second or in any minute; a fraction allows no more than the whole number below it. */
type Pace =
	{ perSecond: number; perMinute?: undefined } | { perMinute: number; perSecond?: undefined };

/** How many requests a provider takes, all `steps` together; each provider counts for itself. */
export type RateLimit = Pace & {
	/** Which requests count and may be refused; default create and query. */
	steps?: readonly Step[];
	/** Whether a refusal says `retry-after: 1` (seconds); default false. */
	retryAfter?: boolean;
};

/** 429 says when to come back, in seconds. */
export const RETRY_AFTER: Readonly<Record<string, string>> = { 'retry-after': '1' };

const SECOND_MS = 1000;

const MINUTE_MS = 60_000;

const LIMITED_STEPS: readonly Step[] = ['create', 'query'];

/** Refuses what is over the limit in any sliding second, or minute, of that clock. What it refuses does not count. */
export function rateGuard(
	{ steps = LIMITED_STEPS, retryAfter = false, ...pace }: RateLimit,
	now: () => number,
	tooMany: (provider: ProviderName) => Answer,
): Guard {
	const { most, windowMs } = windowOf(pace);
	const taken = new Map<ProviderName, readonly number[]>();
	return ({ provider, step }) => {
		if (provider === undefined || !steps.includes(step)) return undefined;
		const at = now();
		const recent = (taken.get(provider) ?? []).filter((earlier) => at - earlier < windowMs);
		if (recent.length + 1 <= most) {
			taken.set(provider, [...recent, at]);
			return undefined;
		}
		return retryAfter ? { ...tooMany(provider), headers: RETRY_AFTER } : tooMany(provider);
	};
}

function windowOf(pace: Pace): { most: number; windowMs: number } {
	return pace.perMinute === undefined
		? { most: pace.perSecond, windowMs: SECOND_MS }
		: { most: pace.perMinute, windowMs: MINUTE_MS };
}
