import {
	imagesIn,
	linksExpire,
	readRequestError,
} from '../../../../nodes/Seedream/providers/responseSchemas';

const A = 'https://a.example/1.png';
const B = 'http://b.example/2.png?x=1,2&y=[3]';

describe('the links in a value of unknown shape', () => {
	it.each<[string, unknown, string[]]>([
		['a link', A, [A]],
		['a link with white space around it', ` ${A}\n`, [A]],
		['a scheme in capitals', 'HTTPS://a.example/1.png', ['HTTPS://a.example/1.png']],
		['links in order', [B, A], [B, A]],
		['arrays in arrays', [[A], [[B]]], [A, B]],
		['objects in arrays', [{ url: A }, { image_url: B }], [A, B]],
		['objects in objects', { output: { images: [{ url: [A, B] }] } }, [A, B]],
		['JSON in a string', JSON.stringify({ resultUrls: [A] }), [A]],
		['JSON in JSON', JSON.stringify({ response: JSON.stringify([A]) }), [A]],
		['the same link twice', [A, { url: A }, B], [A, B]],
		['a key that is not about results', { input: { url: A }, callback_url: A, thumbnail: A }, []],
		['another scheme', ['ftp://a.example/1.png', 'data:image/png;base64,AA=='], []],
		['words with a link in them', `see ${A}`, []],
		['broken JSON', '{"url": ', []],
		['numbers, nothing and switches', [1, null, undefined, true, {}], []],
	])('%s', (_what, value, links) => {
		expect(imagesIn(value)).toEqual({ links, stopped: [] });
	});
});

it('an image that was stopped stands between the others, with its reason', () => {
	const error = { code: 'OutputImageSensitiveContentDetected', message: 'No.' };
	expect(imagesIn({ data: [{ url: A }, { error }, { url: B }] })).toEqual({
		links: [A, B],
		stopped: [{ ...error, type: 'unknown' }],
	});
});

it('of several places with links, the first alone counts: they hold the same images', () => {
	const same = { results: [A], result_data: [{ url: B }] };
	expect(imagesIn(same)).toEqual({ links: [A], stopped: [] });
});

it('links live for a day', () => {
	const start = new Date('2026-11-20T08:00:00Z');
	expect(linksExpire(start)).toEqual(new Date('2026-11-21T08:00:00Z'));
	expect(linksExpire(undefined)).toBeUndefined();
});

it.each<[unknown, boolean]>([
	[{ success: false }, true],
	[{ code: 400 }, true],
	[{ code: '503' }, true],
	[{ error: { code: 'x', message: 'No.' } }, true],
	[{ error: 'No.' }, true],
	[{ error: { code: 'x', message: 'No.' }, task_id: 'task-1' }, false],
	[{ error: null }, false],
	[{ error: { code: 0, message: '' } }, false],
	[{ success: true, code: 200 }, false],
	[{ code: 'ok' }, false],
	[{}, false],
	[[], false],
	['error', false],
	[null, false],
])('%j says that it failed: %s', (body, expected) => {
	expect(readRequestError(200, body) !== undefined).toBe(expected);
});
