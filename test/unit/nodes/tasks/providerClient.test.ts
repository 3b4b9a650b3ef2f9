import type { Failure } from '../../../../nodes/Seedream/errors/failure';
import type { FileUpload } from '../../../../nodes/Seedream/images/fileUpload';
import { apiInOne } from '../../../../nodes/Seedream/providers/apiInOne';
import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { ConcurrencyLimiter } from '../../../../nodes/Seedream/shared/concurrencyLimiter';
import type { HttpResult } from '../../../../nodes/Seedream/tasks/apiClient';
import { ProviderClient } from '../../../../nodes/Seedream/tasks/providerClient';
import { fileContent } from '../images/imageFiles';
import { concurrentClock, virtualClock } from '../virtualClock';
import { networkError, PATIENCE_SECONDS, reply, scriptedClientAt } from './scriptedApiClient';

const DONE = reply(200, { status: 'completed', results: ['https://example.com/1.png'] });

const create = async (client: ProviderClient, onSend = () => {}) =>
	await client.create({ model: 'm' }, 'key-1', onSend);

const URL = 'https://files.example.com/cat.png';

const UPLOAD: FileUpload = {
	baseUrl: 'filesBaseUrl',
	path: '/files',
	fileName: 'reference.png',
	mimeType: 'image/png',
	bytes: 5,
	content: fileContent(Buffer.from('image')),
};

async function upload(provider: Provider, response: HttpResult) {
	const { fileReferences } = provider;
	if (fileReferences.kind !== 'upload') throw new Error('takes no files');
	const uploads: FileUpload[] = [];
	const api = {
		send: async () => {
			throw new Error('an upload is no call');
		},
		upload: async (given: FileUpload) => {
			uploads.push(given);
			return response;
		},
	};
	const options = { patienceSeconds: PATIENCE_SECONDS };
	const client = new ProviderClient(
		provider,
		new ConcurrencyLimiter(0),
		api,
		virtualClock(),
		options,
	);
	return { result: await client.upload(UPLOAD, fileReferences.parseUploaded), uploads };
}

describe('an upload', () => {
	it.each<[string, Provider, HttpResult]>([
		['EvoLink', evoLink, reply(200, { success: true, data: { file_url: URL, file_id: 'f' } })],
		['EvoLink, with 201', evoLink, reply(201, { data: { file_url: URL } })],
		['APIMart', apiMart, reply(200, { url: URL, filename: 'cat.png', bytes: 5 })],
	])('at %s returns the link', async (_label, provider, response) => {
		const { result, uploads } = await upload(provider, response);
		expect(result).toEqual({ ok: true, value: URL });
		expect(uploads).toEqual([UPLOAD]);
	});

	it.each<[string, HttpResult]>([
		['no link', reply(200, { data: {} })],
		['an empty link', reply(200, { url: '', data: { file_url: '' } })],
		["something that isn't a link", reply(200, { url: 'cat.png', data: { file_url: 'cat.png' } })],
		['a number', reply(200, { url: 7, data: { file_url: 7 } })],
		['no object', reply(200, '<html>Hello</html>')],
	])('with a response of %s is unreadable, free and may be retried', async (_what, response) => {
		for (const provider of [evoLink, apiMart]) {
			const { result } = await upload(provider, response);
			expect(result).toMatchObject({
				ok: false,
				failure: {
					message: expect.stringMatching(
						`^The node couldn't upload a reference image: ${provider.label} returned a response that the node doesn't understand`,
					),
					code: 'answer_not_understood',
					charged: 'no',
					retry: expect.any(String),
				},
			});
		}
	});

	it('with a redirect as response fails with the new address, free of charge', async () => {
		const { result } = await upload(
			evoLink,
			reply(302, '', { location: 'https://files.example/' }),
		);
		expect(result).toMatchObject({
			ok: false,
			failure: {
				message: expect.stringContaining('redirects to https://files.example/'),
				code: 'base_url_redirects',
				charged: 'no',
			},
		});
	});

	const UNAVAILABLE = { retry: 'unlimited', isUnavailable: true } as const;

	it.each<[string, HttpResult, Pick<Failure, 'retry' | 'isUnavailable' | 'retryAfterSeconds'>]>([
		['429', reply(429, {}, { 'retry-after': '5' }), { ...UNAVAILABLE, retryAfterSeconds: 5 }],
		['500', reply(500, {}, { 'retry-after': '5' }), { retry: 'unlimited', retryAfterSeconds: 5 }],
		['503', reply(503, '<html></html>'), UNAVAILABLE],
		['a refused connection', networkError('ECONNREFUSED', false), UNAVAILABLE],
		['a reset connection', networkError('ECONNRESET', true), { retry: 'unlimited' }],
		['400', reply(400, { error: { message: 'Bad file.' } }), {}],
		['401', reply(401, {}), {}],
		['413', reply(413, ''), {}],
	])(
		'that failed with %s is free, and retried if that may help',
		async (_what, response, known) => {
			for (const provider of [evoLink, apiMart]) {
				const { result } = await upload(provider, response);
				expect(result).toMatchObject({
					ok: false,
					failure: {
						message: expect.stringMatching(/^The node couldn't upload a reference image: /),
						description: expect.stringMatching(/You weren't charged\.$/),
						charged: 'no',
						status: 'failed',
						provider: provider.id,
						...known,
					},
				});
				if (!result.ok) expect(result.failure.retry).toBe(known.retry);
			}
		},
	);

	it('that APIMart rejects with HTTP 200 has failed', async () => {
		const rejection = { success: false, code: 401, message: 'Bad key.', url: URL };
		const { result } = await upload(apiMart, reply(200, rejection));
		expect(result).toMatchObject({
			ok: false,
			failure: { message: expect.stringContaining('Bad key.'), charged: 'no' },
		});
	});
});

describe('a rejected request', () => {
	it.each<[string, HttpResult, boolean]>([
		['429', reply(429, {}), true],
		['503', reply(503, {}), true],
		['a refused connection', networkError('ECONNREFUSED', false), true],
		['500', reply(500, {}), false],
		['a reset connection', networkError('ECONNRESET', true), false],
		['401', reply(401, {}), false],
		['404', reply(404, {}), false],
	])(
		'with %s delays the next request of its kind, and no other: %s',
		async (_what, response, isUnavailable) => {
			const clock = virtualClock();
			const { client, times } = scriptedClientAt(clock, evoLink, response);
			const create = async () => await client.create({ model: 'm' }, 'key-1', () => {});
			const query = async () => await client.query('task-1', Infinity);
			for (const call of [query, create, create, query]) {
				await expect(call()).resolves.toMatchObject({ ok: false });
			}
			expect(times).toEqual(isUnavailable ? [0, 0, 1_000, 1_000] : [0, 0, 0, 0]);
		},
	);

	it.each([
		['unlimited', true, true],
		['unlimited', false, false],
		['limited', true, true],
		['limited', false, false],
		[undefined, true, false],
		[undefined, false, false],
	] as const)(
		'that may be retried %s is sent again while attempts are left (%s): %s',
		(retry, hasTriesLeft, isSentAgain) => {
			const { client } = scriptedClientAt(virtualClock(), evoLink, reply(200, {}));
			const failure = {
				message: '',
				description: '',
				code: '',
				type: '',
				charged: 'no' as const,
				status: 'failed' as const,
				retry,
			};
			expect(client.mayRetryCreate(failure, hasTriesLeft)).toBe(isSentAgain);
		},
	);

	it('is retried regardless of the attempts, up to six times in a row', async () => {
		const nobody = networkError('ECONNREFUSED', false);
		const { client, calls } = scriptedClientAt(virtualClock(), apiMart, nobody);
		for (let rejections = 1; rejections <= 6; rejections += 1) {
			const result = await create(client);
			if (result.ok) throw new Error('was not rejected');
			expect(client.mayRetryCreate(result.failure, false)).toBe(rejections < 6);
		}
		const onSend = jest.fn();
		const seventh = await create(client, onSend);
		expect(seventh).toMatchObject({
			ok: false,
			failure: {
				charged: 'no',
				message: expect.stringMatching(/^APIMart couldn't be reached/),
			},
		});
		expect(onSend).not.toHaveBeenCalled();
		expect(calls).toHaveLength(6);
	});

	it('is retried regardless of the attempts until the timeout if it is a limit', async () => {
		const clock = virtualClock();
		const { client } = scriptedClientAt(clock, apiMart, reply(429, {}));
		for (;;) {
			const result = await create(client);
			if (result.ok) throw new Error('was not rejected');
			const isOver = clock.elapsed() > 1_000 * PATIENCE_SECONDS;
			expect(client.mayRetryCreate(result.failure, false)).toBe(!isOver);
			if (isOver) break;
			expect(client.isBackingOff()).toBe(true);
		}
		const onSend = jest.fn();
		await expect(create(client, onSend)).resolves.toMatchObject({
			ok: false,
			failure: {
				charged: 'no',
				message: expect.stringMatching(/^APIMart is receiving too many requests/),
			},
		});
		expect(onSend).not.toHaveBeenCalled();
	});

	it("doesn't stop queries for existing tasks when creates are given up", async () => {
		const closing = reply(429, {}, { 'retry-after': '3600' });
		const { client, times } = scriptedClientAt(virtualClock(), evoLink, closing, DONE);
		await create(client);
		await expect(client.query('task-1', Infinity)).resolves.toMatchObject({ ok: true });
		await expect(create(client)).resolves.toMatchObject({
			ok: false,
			failure: {
				charged: 'no',
				message: expect.stringMatching(/^EvoLink is receiving too many requests/),
			},
		});
		expect(times).toEqual([0, 0]);
	});

	it('is retried as long as a task of ours is running, whose end may free capacity', async () => {
		const clock = virtualClock();
		const responses = [reply(200, { id: 'task-1' }), ...Array(9).fill(reply(429, {}))];
		const { client, calls } = scriptedClientAt(clock, evoLink, ...responses);
		await create(client);
		for (let rejections = 1; rejections <= 9; rejections += 1) {
			const result = await create(client);
			if (result.ok) throw new Error('was not rejected');
			expect(client.mayRetryCreate(result.failure, false)).toBe(true);
		}
		client.release('task-1');
		const ended = clock.elapsed();
		await create(client);
		expect(clock.elapsed()).toBe(ended);
		expect(calls).toHaveLength(11);
	});
});

describe('a query', () => {
	it("isn't sent if its turn comes too late", async () => {
		const clock = virtualClock();
		const busy = reply(429, {}, { 'retry-after': '30' });
		const { client, calls } = scriptedClientAt(clock, evoLink, busy);
		await client.query('task-1', Infinity);
		await expect(client.query('task-1', clock.now() + 10_000)).resolves.toBeUndefined();
		expect(clock.elapsed()).toBeGreaterThan(10_000);
		expect(clock.elapsed()).toBeLessThanOrEqual(10_100);
		expect(calls).toHaveLength(1);
	});

	it('whose response has no image for a completed task is unreadable', async () => {
		const empty = reply(200, { status: 'completed', results: [] });
		const { client } = scriptedClientAt(virtualClock(), evoLink, empty);
		await expect(client.query('task-1', Infinity)).resolves.toMatchObject({
			ok: false,
			failure: {
				code: 'answer_not_understood',
				retry: 'limited',
				message: expect.stringContaining('has no images'),
			},
		});
	});

	it.each<[string, object, string]>([
		['header', {}, 'request ID req-1'],
		['body', { error: { request_id: 'req-2' } }, 'request ID req-2'],
	])(
		"that fails includes the request ID for the provider's support: %s",
		async (_where, body, request) => {
			const response = reply(500, body, { 'x-request-id': 'req-1' });
			const { client } = scriptedClientAt(virtualClock(), evoLink, response);
			await expect(client.query('task-1', Infinity)).resolves.toMatchObject({
				failure: { message: expect.stringContaining(request) },
			});
		},
	);
});

const VERSION = { 'X-APIMart-Response-Version': '2026-07-27' };

const PROVIDERS: Array<[string, Provider, object, number]> = [
	['EvoLink', evoLink, {}, 60_000],
	['APIMart', apiMart, VERSION, 600_000],
	['API in One', apiInOne, {}, 600_000],
];

describe('a create', () => {
	it.each(PROVIDERS)(
		'at %s is sent with its key and headers, and with a timeout that depends on idempotency',
		async (_label, provider, headers, timeoutMs) => {
			const { client, calls } = scriptedClientAt(virtualClock(), provider, reply(500, {}));
			await create(client);
			expect(calls).toEqual([
				{
					method: 'POST',
					path: '/v1/images/generations',
					body: { model: 'm' },
					headers: { ...headers, 'Idempotency-Key': 'key-1' },
					timeoutMs,
					mustFinish: true,
				},
			]);
		},
	);

	it.each<[string, Provider, boolean, boolean]>([
		['EvoLink', evoLink, true, true],
		['APIMart', apiMart, false, true],
		['API in One', apiInOne, false, false],
	])(
		'at %s is idempotent if the provider promises it, or has replayed one',
		async (_label, provider, before, after) => {
			const replay = reply(200, { task_id: 'task-1' }, { 'idempotency-replayed': 'true' });
			const { client, calls } = scriptedClientAt(virtualClock(), provider, replay);
			expect(client.honorsIdempotencyKeys()).toBe(before);
			await expect(create(client)).resolves.toMatchObject({ ok: true, value: { isReplay: true } });
			expect(client.honorsIdempotencyKeys()).toBe(after);
			await create(client);
			const limits = [before, after].map((honors) => (honors ? 60_000 : 600_000));
			expect(calls.map(({ timeoutMs }) => timeoutMs)).toEqual(limits);
		},
	);

	it('is idempotent at APIMart after a replay in an earlier try', () => {
		const { client } = scriptedClientAt(virtualClock(), apiMart, DONE);
		client.trustIdempotencyKeys();
		expect(client.honorsIdempotencyKeys()).toBe(true);
	});

	it.each<[string, Record<string, string>, boolean]>([
		['no header', {}, false],
		['false', { 'idempotency-replayed': 'false' }, false],
		['true', { 'idempotency-replayed': 'true' }, true],
	])('is a replay only according to the header: %s', async (_what, headers, isReplay) => {
		const response = reply(200, { id: 'task-1' }, headers);
		const { client } = scriptedClientAt(virtualClock(), evoLink, response);
		await expect(create(client)).resolves.toMatchObject({ ok: true, value: { isReplay } });
	});

	it.each<[string, number, object, string[]]>([
		['in the error', 500, { error: { message: 'Oops.', task_id: 'task-7' } }, ['task-7']],
		['beside the error', 402, { error: { code: 'x' }, task_id: 'job7' }, ['job7']],
		['in the data', 500, { code: 500, message: 'Oops.', data: [{ task_id: '7' }] }, ['7']],
		['twice', 502, { error: { taskId: 'a' }, data: [{ task_id: 'b' }] }, ['b', 'a']],
	])(
		'with an error that names a task as response has created the task: %s',
		async (_where, status, body, ids) => {
			for (const [, provider] of PROVIDERS) {
				const { client } = scriptedClientAt(virtualClock(), provider, reply(status, body));
				await expect(create(client)).resolves.toEqual({
					ok: true,
					value: { content: ids.map((taskId) => ({ taskId })), raw: body, isReplay: false },
				});
			}
		},
	);

	it('is not created by an error that contains its own ID', async () => {
		const body = { error: { code: 'x', message: 'Oops.', id: 'req-1' }, id: 'err-1' };
		for (const [, provider] of PROVIDERS) {
			const { client } = scriptedClientAt(virtualClock(), provider, reply(500, body));
			await expect(create(client)).resolves.toMatchObject({ ok: false });
		}
	});
});

describe('the task list', () => {
	const NOW = virtualClock().now();
	const MODEL = 'doubao-seedream-4.5';

	/** Newest first, one second apart. */
	const page = (count: number, from = 0, model: string | undefined = MODEL) =>
		reply(200, {
			data: Array.from({ length: count }, (_, index) => ({
				id: `task-${from + index}`,
				model,
				status: 'completed',
				created_at: NOW / 1_000 - from - index,
			})),
		});

	async function list(since: number, ...responses: HttpResult[]) {
		const { client, calls } = scriptedClientAt(virtualClock(), evoLink, ...responses);
		const listed = await client.listTasks(MODEL, since);
		return { ids: listed.map(({ taskId }) => taskId), listed, calls };
	}

	it('is fetched with its own timeout', async () => {
		const { listed, calls } = await list(0, page(1));
		expect(listed).toEqual([
			{ taskId: 'task-0', model: MODEL, status: 'completed', createdAt: new Date(NOW) },
		]);
		expect(calls).toEqual([
			{
				method: 'GET',
				path: `/v1/tasks?type=image&model=${MODEL}&page=1&page_size=50`,
				timeoutMs: 10_000,
			},
		]);
	});

	it.each<[string, number, HttpResult[], number, number]>([
		["one that isn't full is the last", 0, [page(49)], 1, 49],
		['one that goes back far enough is the last', NOW - 9_000, [page(50)], 1, 10],
		['one more, until it goes back far enough', NOW - 69_000, [page(50), page(50, 50)], 2, 70],
		['three at most', 0, [page(50), page(50, 50), page(50, 100), page(50, 150)], 3, 150],
		['none after a failed one', 0, [page(50), reply(500, {})], 2, 50],
		['none if the first fails', 0, [networkError('ECONNRESET', true)], 1, 0],
	])('fetches only the pages it needs: %s', async (_what, since, responses, fingerprint, found) => {
		const { ids, calls } = await list(since, ...responses);
		expect(calls).toHaveLength(fingerprint);
		expect(ids).toEqual(Array.from({ length: found }, (_, index) => `task-${index}`));
	});

	it('contains only tasks of this model, or without a model', async () => {
		expect((await list(0, page(1, 0, 'another'))).ids).toEqual([]);
		expect((await list(0, page(1, 0, undefined))).ids).toEqual(['task-0']);
	});

	it('is only requested from providers that have one', async () => {
		for (const provider of [apiMart, apiInOne]) {
			const { client, calls } = scriptedClientAt(virtualClock(), provider, page(1));
			await expect(client.listTasks(MODEL, 0)).resolves.toEqual([]);
			expect(calls).toEqual([]);
		}
	});
});

describe('a concurrency set by the user', () => {
	/** Two providers that share one slot. */
	function sharing(first: HttpResult) {
		const clock = concurrentClock();
		const options = {
			patienceSeconds: PATIENCE_SECONDS,
			pool: new ConcurrencyLimiter(1),
			random: () => 1,
		};
		const sent: string[] = [];
		const providerOf = (provider: Provider, response: HttpResult) => {
			const send = async () => {
				sent.push(provider.id);
				return response;
			};
			const api = { send, upload: send };
			return new ProviderClient(provider, new ConcurrencyLimiter(1), api, clock, options);
		};
		const made = reply(200, { task_id: 'task-2' });
		return { clock, sent, one: providerOf(apiMart, first), other: providerOf(evoLink, made) };
	}

	it.each<[string, HttpResult]>([
		['429', reply(429, {})],
		['a refused connection', networkError('ECONNREFUSED', false)],
		['402', reply(402, {})],
		['a lost response', networkError('ECONNRESET', true)],
	])('gives the slot of a create with %s to another provider', async (_what, response) => {
		const { sent, one, other } = sharing(response);
		await create(one);
		await expect(create(other)).resolves.toMatchObject({ ok: true });
		expect(sent).toEqual(['apiMart', 'evoLink']);
	});

	it('keeps the slot of a task until it ends', async () => {
		const { clock, sent, one, other } = sharing(reply(200, { task_id: 'task-1' }));
		await create(one);
		const waiting = create(other);
		await clock.sleep(60_000);
		expect(sent).toEqual(['apiMart']);
		one.release('task-1');
		await expect(waiting).resolves.toMatchObject({ ok: true });
		one.release('task-1');
		await clock.sleep(0);
		const third = create(one);
		await clock.sleep(60_000);
		expect(sent).toEqual(['apiMart', 'evoLink']);
		other.release('task-2');
		await third;
	});

	it('counts several tasks of one row once', async () => {
		const both = { data: [{ task_id: 'task-a' }, { task_id: 'task-b' }] };
		const { sent, one, other } = sharing(reply(200, both));
		await create(one);
		one.release('task-b');
		const waiting = create(other);
		await new Promise((resolve) => setImmediate(resolve));
		expect(sent).toEqual(['apiMart']);
		one.release('task-a');
		await expect(waiting).resolves.toMatchObject({ ok: true });
	});
});

it('the pool gets every slot back after a response, also one that names no task', async () => {
	const clock = concurrentClock();
	const data = { object: 'generation.result', data: [{ url: 'https://example.com/1.png' }] };
	const send = async () => {
		await clock.sleep(100);
		return reply(200, { data });
	};
	const options = { patienceSeconds: PATIENCE_SECONDS, pool: new ConcurrencyLimiter(2) };
	const api = { send, upload: send };
	const client = new ProviderClient(apiMart, new ConcurrencyLimiter(2), api, clock, options);
	for (let round = 1; round <= 3; round += 1) {
		const made = Promise.all([create(client), create(client)]);
		const late = clock.sleep(10_000).then(() => 'still waiting');
		const results = await Promise.race([made, late]);
		if (!Array.isArray(results)) throw new Error(`${results} in round ${round}`);
		for (const result of results) {
			if (result.ok) for (const { taskId } of result.value.content) client.release(taskId);
		}
	}
});

it('onRejected is called for every rejected create', async () => {
	const onRejected = jest.fn();
	const responses = [reply(429, {}), reply(503, {}), reply(402, {}), reply(200, { id: 'task-1' })];
	const send = async () => responses.shift() ?? DONE;
	const options = { patienceSeconds: PATIENCE_SECONDS, onRejected, random: () => 1 };
	const client = new ProviderClient(
		evoLink,
		new ConcurrencyLimiter(0),
		{ send, upload: send },
		virtualClock(),
		options,
	);
	const counts: number[] = [];
	for (let call = 0; call < 4; call += 1) {
		await create(client);
		counts.push(onRejected.mock.calls.length);
	}
	expect(counts).toEqual([1, 2, 2, 2]);
});
