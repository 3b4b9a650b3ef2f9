import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';

const LINK = 'https://cdn.example.com/1.png';
const OTHER = 'https://cdn.example.com/2.png';

describe('the API in One response to a create request', () => {
	it.each<[string, object]>([
		[
			'the data',
			{ code: 200, message: 'success', data: { task_id: 'n30', status: 'IN_PROGRESS' } },
		],
		['the top level', { id: 'n30', status: 'pending' }],
		['the data of a response with an id of its own', { id: 'request-1', data: { task_id: 'n30' } }],
		['an id in the data', { code: 200, data: { id: 'n30' } }],
		['a taskId in the data', { code: 200, data: { taskId: 'n30' } }],
		['a task id at the top', { task_id: 'n30' }],
	])('has the task ID from %s', (_where, response) => {
		expect(apiInOne.parseCreated({ ...response })).toEqual({
			kind: 'parsed',
			value: [{ taskId: 'n30' }],
		});
	});

	it('accepts a number as the task ID', () => {
		expect(apiInOne.parseCreated({ data: { task_id: 30 } })).toMatchObject({
			value: [{ taskId: '30' }],
		});
	});

	it.each<[string, object]>([
		['no id', { code: 200, message: 'success', data: {} }],
		['an empty id', { data: { task_id: '' } }],
		['null', { data: null }],
	])('is unreadable with %s', (_what, response) => {
		expect(apiInOne.parseCreated({ ...response })).toMatchObject({ kind: 'unreadable' });
	});
});

describe('the API in One response to a query', () => {
	const statuses = [
		['COMPLETED', 'completed'],
		['SUCCESS', 'completed'],
		['Success', 'completed'],
		['completed', 'completed'],
		['FAILED', 'failed'],
		['ERROR', 'failed'],
		['error', 'failed'],
		['SUCCEEDED', 'completed'],
		['done', 'completed'],
		['FAIL', 'failed'],
		['FAILURE', 'failed'],
		['rejected', 'failed'],
		['CANCELLED', 'cancelled'],
		['CANCELED', 'cancelled'],
		['EXPIRED', 'cancelled'],
		['PENDING', 'submitted'],
		['IN_PROGRESS', 'processing'],
		['WAITING', 'processing'],
		['', 'processing'],
		[2, 'processing'],
	] as const;

	it.each(statuses)('with status %j in the data is a task that is %s', (status, expected) => {
		expect(apiInOne.parseTask({ code: 200, data: { task_id: 'n30', status } })).toMatchObject({
			kind: 'parsed',
			value: { status: expected },
		});
	});

	it.each(statuses)('with status %j at the top is a task that is %s', (status, expected) => {
		expect(apiInOne.parseTask({ id: 'n30', status })).toMatchObject({
			kind: 'parsed',
			value: { status: expected },
		});
	});

	it.each(['IN_PROGRESS', 'PROCESSING'])(
		'is a running task while its status says so, even if it repeats the references: %s',
		(status) => {
			const data = { task_id: 'n30', status, image_urls: [LINK] };
			expect(apiInOne.parseTask({ data })).toMatchObject({ value: { status: 'processing' } });
		},
	);

	const places = [
		'output',
		'result',
		'results',
		'images',
		'image_urls',
		'image_url',
		'resultUrls',
		'response',
	];

	describe.each(places)('with links in %s', (place) => {
		it.each<[string, unknown, string[]]>([
			['text', LINK, [LINK]],
			['an array', [LINK, OTHER], [LINK, OTHER]],
			['an object with url', { url: LINK }, [LINK]],
			['an object with urls', { urls: [LINK, OTHER] }, [LINK, OTHER]],
			['an object with image_url', { image_url: LINK }, [LINK]],
			['an array of objects', [{ url: LINK }, { url: OTHER }], [LINK, OTHER]],
			['JSON in a string', JSON.stringify({ resultUrls: [LINK] }), [LINK]],
		])('has them as %s', (_shape, value, links) => {
			const state = { kind: 'parsed', value: { status: 'completed', imageUrls: links } };
			expect(apiInOne.parseTask({ data: { status: 'SUCCESS', [place]: value } })).toMatchObject(
				state,
			);
			expect(apiInOne.parseTask({ status: 'SUCCESS', [place]: value })).toMatchObject(state);
		});
	});

	it.each<[string, unknown]>([
		['at its place', { resultJson: JSON.stringify({ resultUrls: [LINK] }) }],
		['inside the response', { response: { resultJson: JSON.stringify({ resultUrls: [LINK] }) } }],
	])('has the links from resultJson %s', (_where, data) => {
		expect(apiInOne.parseTask({ data: { status: 'SUCCESS', ...Object(data) } })).toMatchObject({
			value: { imageUrls: [LINK] },
		});
	});

	it('has each link once', () => {
		const data = { status: 'SUCCESS', output: LINK, results: [LINK, OTHER] };
		expect(apiInOne.parseTask({ data })).toMatchObject({ value: { imageUrls: [LINK, OTHER] } });
	});

	it.each<[string, object]>([
		['nothing', {}],
		['broken JSON', { resultJson: '{"resultUrls": [' }],
		['a link that is not a result', { callback_url: LINK, input: { image_urls: [LINK] } }],
		['words', { output: 'done' }],
	])('has no images for a completed task with %s', (_what, data) => {
		expect(apiInOne.parseTask({ data: { status: 'SUCCESS', ...data } })).toMatchObject({
			kind: 'parsed',
			value: { status: 'completed', imageUrls: [] },
		});
	});

	it.each<[string, object, object]>([
		[
			'an error object',
			{ error: { code: 'moderation', message: 'No.', type: 'task_error' } },
			{ code: 'moderation', message: 'No.', type: 'task_error' },
		],
		[
			'a number for a code',
			{ error: { code: 422, message: 'No.' } },
			{ code: '422', message: 'No.' },
		],
		['an error in words', { error: 'No.' }, { code: 'task_failed', message: 'No.' }],
		['a message of the task', { message: 'No.' }, { code: 'task_failed', message: 'No.' }],
		['nothing', {}, { code: 'task_failed', message: '' }],
	])('has the error of a failed task from %s', (_what, data, error) => {
		expect(apiInOne.parseTask({ code: 200, data: { status: 'FAILED', ...data } })).toMatchObject({
			kind: 'parsed',
			value: { status: 'failed', error },
		});
	});

	it('does not use the "success" of the envelope as the error', () => {
		const response = { code: 200, message: 'success', data: { task_id: 'n30', status: 'FAILED' } };
		expect(apiInOne.parseTask(response)).toMatchObject({
			kind: 'parsed',
			value: { status: 'failed', error: { code: 'task_failed', message: '' } },
		});
	});

	it.each([{}, { data: null }, { code: 200, data: { task_id: 'n30' } }])(
		'is unreadable without a status: %j',
		(response) => {
			expect(apiInOne.parseTask(response)).toMatchObject({ kind: 'unreadable' });
		},
	);
});

describe('an API in One error', () => {
	it.each([400, 401, 402, 403, 404, 429, 500])(
		'with HTTP %i keeps its code, message and type',
		(status) => {
			const error = { code: status, message: 'So it is.', type: 'some_error' };
			expect(apiInOne.parseError(status, { error })).toEqual({
				status,
				code: String(status),
				message: 'So it is.',
				type: 'some_error',
			});
		},
	);

	it.each([
		[400, 400],
		[401, 401],
		['429', 429],
		[599, 599],
		// These mean nothing to us: whether something was made is not known.
		[600, 200],
		[100_401, 200],
	])('can come with HTTP 200 and code %j', (code, status) => {
		expect(apiInOne.parseError(200, { code, message: 'No.', data: null })).toMatchObject({
			status,
			code: String(code),
			message: 'No.',
		});
	});

	it.each<[string, unknown]>([
		['code 200', { code: 200, message: 'success', data: {} }],
		['code 399', { code: 399 }],
		['no code', { id: 'n30', status: 'pending' }],
	])('is not found with HTTP 200 and %s', (_what, body) => {
		expect(apiInOne.parseError(200, body)).toBeUndefined();
	});

	it('can be an HTML page', () => {
		expect(apiInOne.parseError(404, '<html>404</html>')).toEqual({
			status: 404,
			code: 'http_404',
			message: '',
			type: 'http_error',
			isBare: true,
		});
	});
});

it('API in One selects Edit for a row with references, otherwise Text to Image', () => {
	expect(apiInOne.automatic?.pick(0).id).toBe('seedream/4.5-text-to-image');
	expect(apiInOne.automatic?.pick(1).id).toBe('seedream/4.5-edit');
});
