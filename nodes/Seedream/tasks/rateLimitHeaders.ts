import { z } from 'zod';

/** How many more requests the provider accepts until its count starts again. */
export interface Quota {
	remaining: number;
	resetMs: number;
	/** How many it accepts from then on. */
	limit?: number;
}

const count = z.coerce.number().int().nonnegative();

const quotaSchema = z.object({
	remaining: count,
	/** Seconds, or seconds since 1970. */
	reset: z.coerce.number().nonnegative(),
	limit: count.optional().catch(undefined),
});

/** Above this, it's a time, and not a duration. */
const MIN_UNIX_SECONDS = 1_000_000_000;

/**
 * Of the headers that only some providers send: `RateLimit-*`, as in drafts of the IETF up to 7, newer
 * drafts' `RateLimit` and `RateLimit-Policy`, and `X-RateLimit-*`. `now` is in milliseconds since 1970.
 */
export function parseQuota(headers: Record<string, string>, now: number): Quota | undefined {
	const quota =
		fromSingleHeader(headers) ??
		fromHeaders(headers, 'ratelimit-') ??
		fromHeaders(headers, 'x-ratelimit-');
	const parsed = quota && quotaSchema.safeParse(quota);
	if (!parsed?.success) return undefined;
	const { remaining, reset, limit } = parsed.data;
	const seconds = reset >= MIN_UNIX_SECONDS ? reset - now / 1000 : reset;
	return { remaining, resetMs: Math.max(0, seconds) * 1000, limit };
}

function fromHeaders(headers: Record<string, string>, prefix: string): object | undefined {
	const remaining = headers[`${prefix}remaining`];
	if (remaining === undefined) return undefined;
	return {
		remaining: remaining.trim() || undefined,
		reset: headers[`${prefix}reset`]?.trim() || undefined,
		limit: headers[`${prefix}limit`],
	};
}

/** `"default";r=50;t=30`, with the policy `"default";q=100;w=60`; or `limit=100, remaining=50, reset=30`. */
function fromSingleHeader(headers: Record<string, string>): object | undefined {
	const { ratelimit, 'ratelimit-policy': policy = '' } = headers;
	if (ratelimit === undefined) return undefined;
	return {
		remaining: /\b(?:r|remaining)=(\d+)/.exec(ratelimit)?.[1],
		reset: /\b(?:t|reset)=(\d+)/.exec(ratelimit)?.[1],
		limit: (/\blimit=(\d+)/.exec(ratelimit) ?? /\bq=(\d+)/.exec(policy))?.[1],
	};
}
