import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';

const CREATED = 1_763_088_289;
const COMPLETED = 1_763_088_308;
const EXPIRES = 1_763_174_708;
const DAY = 24 * 60 * 60;
const LINK = 'https://upload.apimart.ai/f/image/1.png';
const OTHER = 'https://upload.apimart.ai/f/image/2.png';

function at(seconds: number): Date {
	return new Date(seconds * 1000);
}

describe('the APIMart response to a create request', () => {
	it.each<[string, object]>([
		['an array with a task', { code: 200, data: [{ status: 'submitted', task_id: 'task_01' }] }],
		['an object with an id', { data: { id: 'task_01', status: 'pending' } }],
		['an object with a task id', { data: { task_id: 'task_01' } }],
	])('has the task ID from %s', (_what, response) => {
		expect(apiMart.parseCreated({ ...response })).toEqual({
			kind: 'parsed',
			value: [{ taskId: 'task_01' }],
		});
	});

	it('can have several tasks, each of which is charged', () => {
		const data = [{ task_id: 'task_01' }, { status: 'submitted' }, { task_id: 'task_02' }];
		expect(apiMart.parseCreated({ code: 200, data })).toEqual({
			kind: 'parsed',
			value: [{ taskId: 'task_01' }, { taskId: 'task_02' }],
		});
	});

	it('can have the finished images', () => {
		const data = { object: 'generation.result', id: 'task_01', data: [{ url: LINK }] };
		expect(apiMart.parseCreated({ data })).toMatchObject({
			kind: 'parsed',
			value: [{ taskId: 'task_01', finished: { status: 'completed', imageUrls: [LINK] } }],
		});
	});

	it('accepts a number as the task ID', () => {
		expect(apiMart.parseCreated({ data: [{ task_id: 17 }] })).toMatchObject({
			value: [{ taskId: '17' }],
		});
	});

	it.each<[string, object]>([
		['no data', { code: 200 }],
		['an empty list', { data: [] }],
		['a task without an id', { data: [{ status: 'submitted' }] }],
		['an empty id', { data: [{ task_id: '' }] }],
		['an empty id in an object', { data: { id: ' ' } }],
		['null', { data: null }],
	])('is unreadable with %s', (_what, response) => {
		expect(apiMart.parseCreated({ ...response })).toMatchObject({ kind: 'unreadable' });
	});
});

describe('the APIMart response to a query', () => {
	it.each([
		['submitted', 'submitted'],
		['pending', 'submitted'],
		['processing', 'processing'],
		['in_progress', 'processing'],
		['queued_again', 'processing'],
		['', 'processing'],
		[5, 'processing'],
	])('with the status %j is a task that is %s', (status, expected) => {
		expect(apiMart.parseTask({ code: 200, data: { id: 'task_01', status, progress: 40 } })).toEqual(
			{
				kind: 'parsed',
				value: { status: expected, progress: 40, model: undefined },
			},
		);
	});

	it.each(['processing', 'in_progress'])(
		'is a running task while its status says so, even with some images: %s',
		(status) => {
			const data = { status, result: { images: [{ url: [LINK] }] } };
			expect(apiMart.parseTask({ data })).toMatchObject({ value: { status: 'processing' } });
		},
	);

	it.each(['completed', 'success', 'succeeded', 'done', 'COMPLETED'])(
		'has all details of a task that is %s',
		(status) => {
			const data = {
				id: 'task_01',
				status,
				cost: 0.15,
				credits_cost: 1.5,
				progress: 100,
				result: { images: [{ url: [LINK], expires_at: EXPIRES }] },
				created: CREATED,
				completed: COMPLETED,
				estimated_time: 60,
				actual_time: 19,
			};
			expect(apiMart.parseTask({ code: 200, data })).toEqual({
				kind: 'parsed',
				value: {
					status: 'completed',
					createdAt: at(CREATED),
					imageUrls: [LINK],
					expiresAt: at(EXPIRES),
					cost: { credits: 1.5, usd: 0.15 },
					seconds: 19,
					model: undefined,
				},
			});
		},
	);

	it.each<[string, unknown, string[]]>([
		['one image with one link', { images: [{ url: [LINK] }] }, [LINK]],
		['a link that is text', { images: [{ url: LINK }] }, [LINK]],
		['a set in one image', { images: [{ url: [LINK, OTHER] }] }, [LINK, OTHER]],
		['a set of images', { images: [{ url: [LINK] }, { url: OTHER }] }, [LINK, OTHER]],
		['no images', { images: [] }, []],
		['an image without a link', { images: [{ url: [] }] }, []],
		['null', null, []],
		['nothing', undefined, []],
	])('has the links from %s', (_what, result, links) => {
		expect(apiMart.parseTask({ data: { status: 'completed', result } })).toMatchObject({
			kind: 'parsed',
			value: { status: 'completed', imageUrls: links },
		});
	});

	it.each<[string, object, number | undefined]>([
		[
			'the end that the provider states',
			{ result: { images: [{ url: LINK, expires_at: EXPIRES }] } },
			EXPIRES,
		],
		[
			'the first end of several',
			{
				result: {
					images: [
						{ url: LINK, expires_at: EXPIRES },
						{ url: OTHER, expires_at: EXPIRES - 60 },
					],
				},
			},
			EXPIRES - 60,
		],
		[
			'an end in text',
			{ result: { images: [{ url: LINK, expires_at: String(EXPIRES) }] } },
			EXPIRES,
		],
		[
			'24 hours after it was completed',
			{ completed: COMPLETED, created: CREATED },
			COMPLETED + DAY,
		],
		['24 hours after it was created', { created: CREATED }, CREATED + DAY],
		[
			'24 hours after, where the stated end makes no sense',
			{ completed: COMPLETED, result: { images: [{ url: LINK, expires_at: 0 }] } },
			COMPLETED + DAY,
		],
		['no end without any time', {}, undefined],
	])('has %s', (_what, data, seconds) => {
		const reading = apiMart.parseTask({ data: { status: 'completed', ...data } });
		const expiresAt = seconds === undefined ? undefined : at(seconds);
		expect(reading).toMatchObject({ kind: 'parsed', value: { expiresAt } });
	});

	it.each<[string, object, object | undefined]>([
		['credits only', { credits_cost: 1.5 }, { credits: 1.5, usd: 0.15 }],
		['dollars only', { cost: '0.026' }, { credits: 0.26, usd: 0.026 }],
		['both', { cost: 0.0137, credits_cost: 0.2 }, { credits: 0.2, usd: 0.0137 }],
		['neither', { cost: null, credits_cost: 'n/a' }, undefined],
	])('has a cost of %s', (_what, data, cost) => {
		const reading = apiMart.parseTask({ data: { status: 'completed', ...data } });
		expect(reading.kind === 'parsed' && 'cost' in reading.value && reading.value.cost).toEqual(
			cost,
		);
	});

	it.each([
		['content_rejected', 'content_rejected'],
		[1001, '1001'],
	])('has the error of a failed task with code %j', (code, read) => {
		const error = { code, message: 'Rejected.', type: 'task_error' };
		expect(apiMart.parseTask({ data: { status: 'failed', error } })).toMatchObject({
			kind: 'parsed',
			value: { status: 'failed', error: { code: read, message: 'Rejected.', type: 'task_error' } },
		});
	});

	it.each(['failed', 'cancelled'])('can be a task that is %s without an error', (status) => {
		expect(apiMart.parseTask({ data: { status, error: null } })).toMatchObject({
			kind: 'parsed',
			value: { status, error: { code: 'task_failed', message: '' } },
		});
	});

	it.each([{}, { data: null }, { data: {} }, { data: [] }])('is unreadable: %j', (response) => {
		expect(apiMart.parseTask(response)).toMatchObject({ kind: 'unreadable' });
	});
});

describe('an APIMart error', () => {
	it.each([
		[400, 'invalid_request_error'],
		[401, 'authentication_error'],
		[402, 'payment_required'],
		[403, 'permission_error'],
		[429, 'rate_limit_error'],
		[500, 'server_error'],
		[502, 'bad_gateway'],
	])('with HTTP %i has the type %s', (status, type) => {
		const error = { code: status, message: 'So it is.', type };
		expect(apiMart.parseError(status, { error })).toEqual({
			status,
			code: String(status),
			message: 'So it is.',
			type,
		});
	});

	it.each([
		[401, 401, '401'],
		['402', 402, '402'],
		// These mean nothing to us: whether something was made is not known.
		['invalid_key', 200, 'invalid_key'],
		[1001, 200, '1001'],
		[undefined, 200, 'unknown_error'],
	])('can come with HTTP 200, success: false and code %j', (code, status, readCode) => {
		expect(apiMart.parseError(200, { success: false, code, message: 'No.' })).toMatchObject({
			status,
			code: readCode,
			message: 'No.',
		});
	});

	it('can come with HTTP 200 and an error code', () => {
		expect(apiMart.parseError(200, { code: 503, message: 'Later.' })).toMatchObject({
			status: 503,
		});
	});

	it.each<[string, object]>([
		[
			'inside error',
			{
				error: {
					code: 500,
					message: 'build_request_failed: n must be a number',
					type: 'server_error',
				},
			},
		],
		['at the top', { code: 500, message: 'build_request_failed: n must be a number' }],
	])('about a request that could not be built, %s, becomes HTTP 400', (_where, body) => {
		expect(apiMart.parseError(500, body)).toMatchObject({
			status: 400,
			message: 'build_request_failed: n must be a number',
		});
	});

	it('that only mentions such a request stays as it is', () => {
		const error = { code: 500, message: 'not a build_request_failed', type: 'server_error' };
		expect(apiMart.parseError(500, { error })).toMatchObject({ status: 500 });
	});

	it('can be an HTML page', () => {
		expect(apiMart.parseError(504, '<html>504</html>')).toEqual({
			status: 504,
			code: 'http_504',
			message: '',
			type: 'http_error',
			isBare: true,
		});
	});

	it('about an unknown task in Chinese becomes HTTP 404', () => {
		const error = { code: 400, message: '无效的任务ID', type: 'invalid_request_error' };
		expect(apiMart.parseError(400, { error })).toMatchObject({ status: 404 });
	});

	it.each<[string, unknown]>([
		['a created task', { code: 200, data: [{ status: 'submitted', task_id: 'task_01' }] }],
		['a failed task', { code: 200, data: { status: 'failed', error: { code: 400 } } }],
		['text', 'ok'],
	])('is not found in %s with HTTP 200', (_what, body) => {
		expect(apiMart.parseError(200, body)).toBeUndefined();
	});
});
