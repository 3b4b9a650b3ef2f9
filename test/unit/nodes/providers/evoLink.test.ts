import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';

const CREATED = 1_757_165_031;
const DAY_LATER = new Date((CREATED + 24 * 60 * 60) * 1000);
const LINK = 'https://example.com/image.jpg';

describe('the EvoLink response to a create request', () => {
	it('has the task ID and the estimated time', () => {
		const response = {
			created: CREATED,
			id: 'task-unified-1757165031-seedream4d',
			model: 'doubao-seedream-4.5',
			object: 'image.generation.task',
			progress: 0,
			status: 'pending',
			task_info: { can_cancel: true, estimated_time: 45 },
			type: 'image',
			usage: { billing_rule: 'per_call', credits_reserved: 1.8, user_group: 'default' },
		};
		expect(evoLink.parseCreated(response)).toEqual({
			kind: 'parsed',
			value: [
				{
					taskId: 'task-unified-1757165031-seedream4d',
					createdAt: new Date(1757165031_000),
					estimatedSeconds: 45,
				},
			],
		});
	});

	it.each([
		['no details', { id: 'task-1' }],
		['null in place of the details', { id: 'task-1', task_info: null }],
		['a time in words', { id: 'task-1', task_info: { estimated_time: 'soon' } }],
		['an empty list in place of the details', { id: 'task-1', task_info: [] }],
		['text in place of the details', { id: 'task-1', task_info: 'queued' }],
	])('has the task ID with %s', (_what, response) => {
		expect(evoLink.parseCreated(response)).toMatchObject({
			kind: 'parsed',
			value: [{ taskId: 'task-1' }],
		});
	});

	it('accepts a number as the task ID', () => {
		expect(evoLink.parseCreated({ id: 17 })).toMatchObject({ value: [{ taskId: '17' }] });
	});

	it.each<[string, object]>([
		['task_id', { task_id: 'task-1' }],
		['data', { data: { id: 'task-1' } }],
	])('has the task ID from %s too', (_where, response) => {
		expect(evoLink.parseCreated({ ...response })).toEqual({
			kind: 'parsed',
			value: [{ taskId: 'task-1' }],
		});
	});

	it('can have the finished images', () => {
		const response = { id: 'task-1', status: 'completed', results: [LINK] };
		expect(evoLink.parseCreated(response)).toMatchObject({
			value: [{ taskId: 'task-1', finished: { status: 'completed', imageUrls: [LINK] } }],
		});
		const running = { ...response, status: 'processing' };
		expect(evoLink.parseCreated(running)).toEqual({
			kind: 'parsed',
			value: [{ taskId: 'task-1' }],
		});
	});

	// The id may stand in several places, so the reason names none.
	it.each([
		['no id', { status: 'pending' }],
		['null for an id', { id: null }],
		['an empty id', { id: '  ' }],
		['an object for an id', { id: { task: 1 } }],
	])('is unreadable with %s', (_what, response) => {
		expect(evoLink.parseCreated(response)).toEqual({
			kind: 'unreadable',
			reason: 'it has no task ID',
		});
	});
});

describe('the EvoLink response to a query', () => {
	it.each([
		['pending', 'submitted'],
		['PENDING', 'submitted'],
		['processing', 'processing'],
		['running', 'processing'],
		['warming_up', 'processing'],
		[3, 'processing'],
	])('with the status %s is a task that is %s', (status, expected) => {
		expect(evoLink.parseTask({ id: 'task-1', status, progress: '40', model: 'm' })).toEqual({
			kind: 'parsed',
			value: { status: expected, progress: 40, model: 'm' },
		});
	});

	it('is a running task while its status says so, even with some images', () => {
		const response = { id: 'task-1', status: 'processing', results: [LINK] };
		expect(evoLink.parseTask(response)).toMatchObject({ value: { status: 'processing' } });
	});

	it('has the links, the cost, the duration and the expiry of a completed task', () => {
		const response = {
			created: CREATED,
			id: 'task-1',
			model: 'doubao-seedream-4.5',
			progress: 100,
			results: [LINK],
			status: 'completed',
			duration: 31.4,
			usage: { credits_used: 2.25 },
		};
		expect(evoLink.parseTask(response)).toEqual({
			kind: 'parsed',
			value: {
				status: 'completed',
				createdAt: new Date(CREATED * 1000),
				imageUrls: [LINK],
				expiresAt: DAY_LATER,
				cost: { credits: 2.25, usd: 0.033088 },
				seconds: 31.4,
				model: 'doubao-seedream-4.5',
			},
		});
	});

	it.each<[string, object, string[]]>([
		[
			'results with several links',
			{ results: ['https://a.example/1', 'https://a.example/2'] },
			['https://a.example/1', 'https://a.example/2'],
		],
		['one link as text', { results: LINK }, [LINK]],
		['result_data as an array', { result_data: [{ image_url: LINK }] }, [LINK]],
		['result_data as an object', { result_data: { image_url: LINK } }, [LINK]],
		[
			'the same link in both places',
			{ results: [LINK], result_data: [{ image_url: LINK }] },
			[LINK],
		],
		['results that are null', { results: null, result_data: [{ image_url: LINK }] }, [LINK]],
		['no results at all', {}, []],
		['results without a link', { results: [{}, '', 'done', 7] }, []],
	])('has the links from %s', (_what, response, links) => {
		expect(evoLink.parseTask({ id: 'task-1', status: 'completed', ...response })).toMatchObject({
			kind: 'parsed',
			value: { status: 'completed', imageUrls: links },
		});
	});

	it.each([
		['a number in text', { credits_used: '1.8' }, { credits: 1.8 }],
		['zero', { credits_used: 0 }, { credits: 0 }],
		['nothing', {}, undefined],
		['words', { credits_used: 'free' }, undefined],
		['null', null, undefined],
		['a list', [], undefined],
	])('has the cost from %s', (_what, usage, cost) => {
		const reading = evoLink.parseTask({ status: 'completed', results: [LINK], usage });
		expect(reading).toMatchObject({ kind: 'parsed', value: { cost } });
	});

	it.each([
		['text', String(CREATED), DAY_LATER],
		['zero', 0, undefined],
		['words', 'yesterday', undefined],
		['nothing', undefined, undefined],
	])('has the expiry of the links with created %s', (_what, created, expiresAt) => {
		const reading = evoLink.parseTask({ status: 'completed', results: [LINK], created });
		expect(reading).toMatchObject({ kind: 'parsed', value: { expiresAt } });
	});

	it.each(['failed', 'cancelled', 'FAILED'])('has the error of a task that is %s', (status) => {
		const error = {
			code: 'content_policy_violation',
			message: 'Content policy violation.',
			type: 'task_error',
		};
		expect(evoLink.parseTask({ id: 'task-1', status, error })).toEqual({
			kind: 'parsed',
			value: { status: status.toLowerCase(), error, charged: 'no', model: undefined },
		});
	});

	it('has the error of a failed task as text', () => {
		expect(evoLink.parseTask({ status: 'failed', error: 'broken' })).toMatchObject({
			kind: 'parsed',
			value: { status: 'failed', error: { message: 'broken' } },
		});
	});

	it.each([undefined, null, '', []])('can be a failed task without an error: %j', (error) => {
		expect(evoLink.parseTask({ status: 'failed', error })).toMatchObject({
			kind: 'parsed',
			value: { status: 'failed', error: { code: 'unknown_error', message: '' } },
		});
	});

	it('is unreadable without a status', () => {
		expect(evoLink.parseTask({ id: 'task-1', status: null })).toEqual({
			kind: 'unreadable',
			reason: expect.stringMatching(/^status: /),
		});
	});
});

describe('an EvoLink error', () => {
	it.each([
		[400, 'invalid_request'],
		[401, 'unauthorized'],
		[402, 'insufficient_quota'],
		[403, 'model_access_denied'],
		[404, 'task_not_found'],
		[429, 'rate_limit_exceeded'],
		[500, 'internal_error'],
	])('with HTTP %i keeps its code, message and type', (status, code) => {
		const error = { code, message: 'So it is.', type: `${code}_error`, param: 'n' };
		expect(evoLink.parseError(status, { error })).toEqual({
			status,
			code,
			message: 'So it is.',
			type: `${code}_error`,
		});
	});

	it.each([400, 502, 503])('can have the number %i as its code', (status) => {
		const error = { code: status, message: 'So it is.', type: 'gateway_error' };
		expect(evoLink.parseError(status, { error })).toEqual({
			status,
			code: String(status),
			message: 'So it is.',
			type: 'gateway_error',
		});
	});

	it('can be an HTML page', () => {
		expect(evoLink.parseError(502, '<html><h1>502 Bad Gateway</h1></html>')).toEqual({
			status: 502,
			code: 'http_502',
			message: '',
			type: 'http_error',
			isBare: true,
		});
	});

	it.each([undefined, null, '', []])('can come without a body: %j', (body) => {
		expect(evoLink.parseError(503, body)).toMatchObject({ status: 503, code: 'http_503' });
	});

	it('is not found in a successful response, even if its task failed', () => {
		expect(evoLink.parseError(200, { status: 'failed', error: { code: 'service_error' } })).toBe(
			undefined,
		);
	});
});
