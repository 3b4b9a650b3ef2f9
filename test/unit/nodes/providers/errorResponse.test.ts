import { parseRequestError } from '../../../../nodes/Seedream/providers/errorResponse';

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
])('a response with HTTP 200 and the body %j is an error: %s', (body, expected) => {
	expect(parseRequestError(200, body) !== undefined).toBe(expected);
});
