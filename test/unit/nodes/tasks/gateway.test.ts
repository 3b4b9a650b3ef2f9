import { apiMart } from '../../../../nodes/Seedream/providers/apiMart';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import type { Provider } from '../../../../nodes/Seedream/providers/provider';
import { Gateway } from '../../../../nodes/Seedream/tasks/gateway';
import type { FileUpload, HttpAnswer } from '../../../../nodes/Seedream/tasks/ports';
import { createSlots } from '../../../../nodes/Seedream/tasks/slots';
import { fileContent } from '../images/imageFiles';
import { virtualClock } from '../virtualClock';
import { noReply, reply, scriptedGatewayAt } from './scriptedGateway';

const DONE = reply(200, { status: 'completed', results: ['https://example.com/1.png'] });

const create = async (gateway: Gateway, onSend = () => {}) =>
	await gateway.create({ model: 'm' }, 'key-1', onSend);

const URL = 'https://files.example.com/cat.png';

const UPLOAD: FileUpload = {
	baseUrl: 'filesBaseUrl',
	path: '/files',
	fileName: 'reference.png',
	mimeType: 'image/png',
	bytes: 5,
	content: fileContent(Buffer.from('image')),
};

async function upload(provider: Provider, answer: HttpAnswer) {
	const { fileReferences } = provider;
	if (fileReferences.kind !== 'upload') throw new Error('takes no files');
	const uploads: FileUpload[] = [];
	const door = {
		send: async () => {
			throw new Error('an upload is no call');
		},
		upload: async (given: FileUpload) => {
			uploads.push(given);
			return answer;
		},
	};
	const gateway = new Gateway(provider, createSlots(0), door, virtualClock());
	return { result: await gateway.upload(UPLOAD, fileReferences.readUploaded), uploads };
}

describe('an upload', () => {
	it.each<[string, Provider, HttpAnswer]>([
		['EvoLink', evoLink, reply(200, { success: true, data: { file_url: URL, file_id: 'f' } })],
		['EvoLink, with 201', evoLink, reply(201, { data: { file_url: URL } })],
		['APIMart', apiMart, reply(200, { url: URL, filename: 'cat.png', bytes: 5 })],
	])('at %s yields the link', async (_label, provider, answer) => {
		const { result, uploads } = await upload(provider, answer);
		expect(result).toEqual({ ok: true, value: URL });
		expect(uploads).toEqual([UPLOAD]);
	});

	it.each<[string, HttpAnswer]>([
		['no link', reply(200, { data: {} })],
		['an empty link', reply(200, { url: '', data: { file_url: '' } })],
		['something that is no link', reply(200, { url: 'cat.png', data: { file_url: 'cat.png' } })],
		['a number', reply(200, { url: 7, data: { file_url: 7 } })],
		['no object', reply(200, '<html>Hello</html>')],
		['a redirect', reply(302, '')],
	])(
		'answered with %s is not understood, costs nothing and may be repeated',
		async (_what, answer) => {
			for (const provider of [evoLink, apiMart]) {
				const { result } = await upload(provider, answer);
				expect(result).toMatchObject({
					ok: false,
					failure: {
						message: expect.stringMatching(
							`^A reference image could not be uploaded: ${provider.label} gave an answer that this node does not understand`,
						),
						code: 'answer_not_understood',
						charged: 'no',
						retry: expect.any(String),
					},
				});
			}
		},
	);

	const REFUSED = { retry: 'freely', isRefusal: true };

	it.each<[string, HttpAnswer, object]>([
		['429', reply(429, {}, { 'retry-after': '5' }), { ...REFUSED, afterSeconds: 5 }],
		['500', reply(500, {}, { 'retry-after': '5' }), { retry: 'freely', afterSeconds: 5 }],
		['503', reply(503, '<html></html>'), REFUSED],
		['a refused connection', noReply('ECONNREFUSED', false), REFUSED],
		['a broken connection', noReply('ECONNRESET', true), { retry: 'freely' }],
		['400', reply(400, { error: { message: 'Bad file.' } }), { retry: undefined }],
		['401', reply(401, {}), { retry: undefined }],
		['413', reply(413, ''), { retry: undefined }],
	])(
		'that failed with %s costs nothing; whether to repeat it is known',
		async (_what, answer, known) => {
			for (const provider of [evoLink, apiMart]) {
				const { result } = await upload(provider, answer);
				expect(result).toMatchObject({
					ok: false,
					failure: {
						message: expect.stringMatching(/^A reference image could not be uploaded: /),
						description: expect.stringMatching(/Nothing was charged\.$/),
						charged: 'no',
						status: 'failed',
						provider: provider.id,
						...known,
					},
				});
			}
		},
	);

	it('that APIMart refuses with HTTP 200 has failed', async () => {
		const refusal = { success: false, code: 401, message: 'Bad key.', url: URL };
		const { result } = await upload(apiMart, reply(200, refusal));
		expect(result).toMatchObject({
			ok: false,
			failure: { message: expect.stringContaining('Bad key.'), charged: 'no' },
		});
	});
});

describe('a refusal', () => {
	it.each<[string, HttpAnswer, boolean]>([
		['429', reply(429, {}), true],
		['503', reply(503, {}), true],
		['a refused connection', noReply('ECONNREFUSED', false), true],
		['500', reply(500, {}), false],
		['a broken connection', noReply('ECONNRESET', true), false],
		['401', reply(401, {}), false],
		['404', reply(404, {}), false],
	])(
		'%s puts off the next call of its kind, and no other: %s',
		async (_what, answer, isRefusal) => {
			const clock = virtualClock();
			const { gateway, times } = scriptedGatewayAt(clock, evoLink, answer);
			const create = async () => await gateway.create({ model: 'm' }, 'key-1', () => {});
			const query = async () => await gateway.query('task-1', Infinity);
			for (const call of [query, create, create, query]) {
				await expect(call()).resolves.toMatchObject({ ok: false });
			}
			expect(times).toEqual(isRefusal ? [0, 0, 1_000, 1_000] : [0, 0, 0, 0]);
		},
	);

	it.each([
		['freely', true, true],
		['freely', false, false],
		['aFewTimes', true, true],
		['aFewTimes', false, false],
		[undefined, true, false],
		[undefined, false, false],
	] as const)(
		'apart, what may be repeated %s is sent again while tries are left (%s): %s',
		(retry, hasTriesLeft, isSentAgain) => {
			const { gateway } = scriptedGatewayAt(virtualClock(), evoLink, reply(200, {}));
			const failure = {
				message: '',
				description: '',
				code: '',
				type: '',
				charged: 'no' as const,
				status: 'failed' as const,
				retry,
			};
			expect(gateway.mayCreateAgain(failure, hasTriesLeft)).toBe(isSentAgain);
		},
	);

	it('is waited out whatever the tries, until six came in a row', async () => {
		const { gateway, calls } = scriptedGatewayAt(virtualClock(), apiMart, reply(429, {}));
		for (let refusals = 1; refusals <= 6; refusals += 1) {
			const result = await create(gateway);
			if (result.ok) throw new Error('was not refused');
			expect(gateway.mayCreateAgain(result.failure, false)).toBe(refusals < 6);
		}
		const onSend = jest.fn();
		const seventh = await create(gateway, onSend);
		expect(seventh).toMatchObject({
			ok: false,
			failure: { charged: 'no', message: expect.stringMatching(/^APIMart gets too many requests/) },
		});
		expect(onSend).not.toHaveBeenCalled();
		expect(calls).toHaveLength(6);
	});

	it('that closed the gateway does not keep from asking for tasks that exist', async () => {
		const closing = reply(429, {}, { 'retry-after': '3600' });
		const { gateway, times } = scriptedGatewayAt(virtualClock(), evoLink, closing, DONE);
		await create(gateway);
		await expect(gateway.query('task-1', Infinity)).resolves.toMatchObject({ ok: true });
		await expect(create(gateway)).resolves.toMatchObject({
			ok: false,
			failure: { charged: 'no', message: expect.stringMatching(/^EvoLink gets too many requests/) },
		});
		expect(times).toEqual([0, 0]);
	});

	it('is waited out for as long as a task of ours runs, whose end may make room', async () => {
		const clock = virtualClock();
		const answers = [reply(200, { id: 'task-1' }), ...Array(9).fill(reply(429, {}))];
		const { gateway, calls } = scriptedGatewayAt(clock, evoLink, ...answers);
		await create(gateway);
		for (let refusals = 1; refusals <= 9; refusals += 1) {
			const result = await create(gateway);
			if (result.ok) throw new Error('was not refused');
			expect(gateway.mayCreateAgain(result.failure, false)).toBe(true);
		}
		gateway.letGo('task-1');
		const ended = clock.elapsed();
		await create(gateway);
		expect(clock.elapsed()).toBe(ended);
		expect(calls).toHaveLength(11);
	});
});

describe('a question', () => {
	it('is not asked when its turn comes too late', async () => {
		const clock = virtualClock();
		const busy = reply(429, {}, { 'retry-after': '30' });
		const { gateway, calls } = scriptedGatewayAt(clock, evoLink, busy);
		await gateway.query('task-1', Infinity);
		await expect(gateway.query('task-1', clock.now() + 10_000)).resolves.toBeUndefined();
		expect(clock.elapsed()).toBeGreaterThan(10_000);
		expect(clock.elapsed()).toBeLessThanOrEqual(10_100);
		expect(calls).toHaveLength(1);
	});

	it('whose answer holds no image of a finished task has no answer', async () => {
		const empty = reply(200, { status: 'completed', results: [] });
		const { gateway } = scriptedGatewayAt(virtualClock(), evoLink, empty);
		await expect(gateway.query('task-1', Infinity)).resolves.toMatchObject({
			ok: false,
			failure: {
				code: 'answer_not_understood',
				retry: 'aFewTimes',
				message: expect.stringContaining('there is no image in it'),
			},
		});
	});

	it.each<[string, object, string]>([
		['header', {}, 'request req-1'],
		['body', { error: { request_id: 'req-2' } }, 'request req-2'],
	])(
		"that fails names the request for the gateway's support: %s",
		async (_where, body, request) => {
			const answer = reply(500, body, { 'x-request-id': 'req-1' });
			const { gateway } = scriptedGatewayAt(virtualClock(), evoLink, answer);
			await expect(gateway.query('task-1', Infinity)).resolves.toMatchObject({
				failure: { message: expect.stringContaining(request) },
			});
		},
	);
});
