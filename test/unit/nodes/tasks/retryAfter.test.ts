import { parseRetryAfter } from '../../../../nodes/Seedream/tasks/retryAfter';

const NOW = Date.parse('Fri, 20 Nov 2026 08:00:00 GMT');
/** The provider's clock is an hour behind ours. */
const THEIR_NOW = 'Fri, 20 Nov 2026 07:00:00 GMT';

it.each<[string, Record<string, string>, number | undefined]>([
	['seconds', { 'retry-after': '7' }, 7],
	['zero seconds', { 'retry-after': '0' }, 0],
	['a fraction of a second', { 'retry-after': '0.5' }, 0.5],
	['seconds between spaces', { 'retry-after': ' 7 ' }, 7],
	['an hour', { 'retry-after': '3600' }, 3600],
	['seconds, with a Date header', { 'retry-after': '7', date: THEIR_NOW }, 7],
	['a date', { 'retry-after': 'Fri, 20 Nov 2026 08:00:09 GMT' }, 9],
	[
		"a date, by the provider's own clock",
		{ 'retry-after': 'Fri, 20 Nov 2026 07:00:09 GMT', date: THEIR_NOW },
		9,
	],
	[
		'a date, with an invalid Date header',
		{ 'retry-after': 'Fri, 20 Nov 2026 08:00:09 GMT', date: 'today' },
		9,
	],
	['a date in the past', { 'retry-after': 'Fri, 20 Nov 2026 07:59:00 GMT' }, 0],
	[
		"a date in the past of the provider's own clock",
		{ 'retry-after': 'Fri, 20 Nov 2026 06:59:00 GMT', date: THEIR_NOW },
		0,
	],
	['nonsense', { 'retry-after': 'soon' }, undefined],
	['seconds with a unit', { 'retry-after': '30 seconds' }, undefined],
	['nothing', { 'retry-after': '' }, undefined],
	['spaces', { 'retry-after': '  ' }, undefined],
	['a negative number', { 'retry-after': '-1' }, undefined],
	['infinity', { 'retry-after': 'Infinity' }, undefined],
	['no header', {}, undefined],
	['only a Date header', { date: THEIR_NOW }, undefined],
])('parseRetryAfter reads %s', (_what, headers, seconds) => {
	expect(parseRetryAfter(headers, NOW)).toBe(seconds);
});
