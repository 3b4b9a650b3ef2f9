/**
 * The `Retry-After` header in seconds, given as seconds or as a date (RFC 9110, 10.2.3); undefined
 * if missing or invalid. A date is compared to the response's own `Date`, because the provider's
 * clock may differ from ours; `now`, in milliseconds since 1970, is the fallback.
 */
export function parseRetryAfter(headers: Record<string, string>, now: number): number | undefined {
	const value = headers['retry-after']?.trim();
	if (!value) return undefined;
	const seconds = Number(value);
	if (Number.isFinite(seconds)) return seconds >= 0 ? seconds : undefined;
	const until = Date.parse(value);
	if (Number.isNaN(until)) return undefined;
	const from = Date.parse(headers.date ?? '');
	return Math.max(0, (until - (Number.isNaN(from) ? now : from)) / 1000);
}
