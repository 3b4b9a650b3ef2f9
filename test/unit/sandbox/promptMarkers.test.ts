import { parsePromptMarkers } from '../../sandbox/promptMarkers';

it.each([
	['a lake', {}],
	['[[fail:odd_code]]', { failure: { code: 'odd_code', message: 'The task failed: odd_code.' } }],
	['[[http:503]]', { http: { status: 503, times: Infinity } }],
	['[[http:429x2]] [[slow:1.5]]', { http: { status: 429, times: 2 }, slowSeconds: 1.5 }],
	['[[stopped:2]] [[tasks:12]] [[charged]]', { stopped: 2, tasks: 12, charged: true }],
	['[[layers:16]]', { layers: 16 }],
	['[[http:200]] [[slow:x]] [[stopped:0]] [[tasks:0]] [[layers:0]] [[layers:17]]', {}],
])('parses the prompt markers of %s', (prompt, markers) => {
	expect(parsePromptMarkers(prompt)).toEqual(markers);
});
