import { parseQuota } from '../../../../nodes/Seedream/tasks/rateLimitHeaders';

const NOW = Date.UTC(2026, 10, 20, 8);

describe('the rate limit headers', () => {
	it.each<[string, Record<string, string>, object]>([
		[
			'RateLimit-*',
			{ 'ratelimit-limit': '100', 'ratelimit-remaining': '50', 'ratelimit-reset': '30' },
			{ remaining: 50, resetMs: 30_000, limit: 100 },
		],
		[
			'X-RateLimit-*',
			{ 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '0.5' },
			{ remaining: 0, resetMs: 500, limit: 5 },
		],
		[
			'X-RateLimit-Reset as a time',
			{ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': String(NOW / 1000 + 12) },
			{ remaining: 7, resetMs: 12_000 },
		],
		[
			'RateLimit with a policy',
			{ ratelimit: '"default";r=50;t=30', 'ratelimit-policy': '"default";q=100;w=60' },
			{ remaining: 50, resetMs: 30_000, limit: 100 },
		],
		[
			'RateLimit of an older draft',
			{ ratelimit: 'limit=100, remaining=50, reset=30' },
			{ remaining: 50, resetMs: 30_000, limit: 100 },
		],
	])('are read as a quota: %s', (_which, headers, quota) => {
		expect(parseQuota(headers, NOW)).toEqual(quota);
	});

	it.each<[string, Record<string, string>]>([
		['none', {}],
		['no reset', { 'x-ratelimit-remaining': '7' }],
		['empty ones', { 'x-ratelimit-remaining': '', 'x-ratelimit-reset': '' }],
		['no numbers', { 'x-ratelimit-remaining': 'many', 'x-ratelimit-reset': 'soon' }],
		['negative numbers', { 'ratelimit-remaining': '-1', 'ratelimit-reset': '1' }],
		['a duration with a unit', { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '1s' }],
	])('are ignored if invalid: %s', (_which, headers) => {
		expect(parseQuota(headers, NOW)).toBeUndefined();
	});
});
