/**
 * The header `Retry-After` in seconds, whether it gives seconds or a date (RFC 9110, 10.2.3);
 * undefined where it says nothing. `now` is in milliseconds since 1970; the provider's own `Date`
 * goes before it, because the clocks may differ.
 */
export function parseRetryAfter(headers: Record<string, string>, now: number): number | undefined {
	const wish = headers['retry-after']?.trim();
	if (!wish) return undefined;
	const seconds = Number(wish);
	if (Number.isFinite(seconds)) return seconds >= 0 ? seconds : undefined;
	const until = Date.parse(wish);
	if (Number.isNaN(until)) return undefined;
	const from = Date.parse(headers.date ?? '');
	return Math.max(0, (until - (Number.isNaN(from) ? now : from)) / 1000);
}
