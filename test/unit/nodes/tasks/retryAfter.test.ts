import { parseRetryAfter } from '../../../../nodes/Seedream/tasks/retryAfter';

const NOW = Date.parse('Fri, 20 Nov 2026 08:00:00 GMT');
/** The provider's clock is an hour behind ours. */
const THEIR_NOW = 'Fri, 20 Nov 2026 07:00:00 GMT';

it.each<[string, Record<string, string>, number | undefined]>([
	['seconds', { 'retry-after': '7' }, 7],
	['no seconds', { 'retry-after': '0' }, 0],
	['a part of a second', { 'retry-after': '0.5' }, 0.5],
	['seconds between blanks', { 'retry-after': ' 7 ' }, 7],
	['an hour', { 'retry-after': '3600' }, 3600],
	['seconds beside a Date', { 'retry-after': '7', date: THEIR_NOW }, 7],
	['a date', { 'retry-after': 'Fri, 20 Nov 2026 08:00:09 GMT' }, 9],
	[
		"a date, by the provider's own clock",
		{ 'retry-after': 'Fri, 20 Nov 2026 07:00:09 GMT', date: THEIR_NOW },
		9,
	],
	[
		'a date, beside a Date that is none',
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
	['blanks', { 'retry-after': '  ' }, undefined],
	['less than nothing', { 'retry-after': '-1' }, undefined],
	['for ever', { 'retry-after': 'Infinity' }, undefined],
	['no header', {}, undefined],
	['only a Date', { date: THEIR_NOW }, undefined],
])('reads %s', (_what, headers, seconds) => {
	expect(parseRetryAfter(headers, NOW)).toBe(seconds);
});
