import { logNormalSeconds } from '../../sandbox/durations';
import { readMarkers } from '../../sandbox/markers';
import { drawPicture } from '../../sandbox/pictures';
import { momentOf, type Task } from '../../sandbox/tasks';

const TASK: Task = {
	id: 'task-unified-1757165031-seedream4d',
	provider: 'evoLink',
	model: 'doubao-seedream-4.5',
	prompt: 'a lake',
	body: {},
	images: 1,
	delivered: 1,
	pixels: { width: 1024, height: 1024 },
	references: [],
	creditsReserved: 2.25,
	creditsPerImage: 2.25,
	createdAt: 1000,
	durationMs: 1000,
};

it.each([
	['a lake', {}],
	['[[fail:odd_code]]', { failure: { code: 'odd_code', message: 'The task failed: odd_code.' } }],
	['[[http:503]]', { http: { status: 503, times: Infinity } }],
	['[[http:429x2]] [[slow:1.5]]', { http: { status: 429, times: 2 }, slowSeconds: 1.5 }],
	['[[stopped:2]] [[tasks:12]] [[charged]]', { stopped: 2, tasks: 12, charged: true }],
	['[[http:200]] [[slow:x]] [[stopped:0]] [[tasks:0]]', {}],
])('reads the markers of %s', (prompt, markers) => {
	expect(readMarkers(prompt)).toEqual(markers);
});

it.each([
	[1000, 'pending', 0],
	[1099, 'pending', 0],
	[1100, 'processing', 10],
	[1999, 'processing', 99],
	[2000, 'completed', 100],
])('at %d ms the task is %s, %d %%', (at, status, progress) => {
	expect(momentOf(TASK, at)).toMatchObject({ status, progress });
});

it('makes the same durations of the same seed, about a median of 2 s', () => {
	const take = (seed: number) => Array.from({ length: 999 }, logNormalSeconds(seed));
	expect(take(7)).toEqual(take(7));
	expect(take(7)).not.toEqual(take(8));
	const median = take(7).sort((a, b) => a - b)[499];
	expect(median).toBeGreaterThan(1.7);
	expect(median).toBeLessThan(2.3);
});

it.each([
	'\u200b',
	'\u0000',
	'&<>"',
	'\ud83d',
	'😀',
	'x'.repeat(2000),
	'湖'.repeat(2000),
	'a\nb\u2028c',
])('draws the prompt %j', async (prompt) => {
	expect((await drawPicture({ ...TASK, prompt }, 0)).length).toBeGreaterThan(1000);
});
