import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import {
	NodeApiError,
	type IExecuteFunctions,
	type IHttpRequestOptions,
	type JsonObject,
} from 'n8n-workflow';

import type { FileContent, FileUpload } from '../../../../nodes/Seedream/images/fileUpload';
import { createApiClient } from '../../../../nodes/Seedream/n8n/apiClient';
import { createDownloader } from '../../../../nodes/Seedream/n8n/downloader';
import { providers } from '../../../../nodes/Seedream/providers';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import type { HttpRequest } from '../../../../nodes/Seedream/tasks/apiClient';
import { fakeContext, NODE, type FakeContext } from '../fakeContext';
import { fileContent } from '../images/imageFiles';

const KEY = 'sk-0123456789-do-not-show';

type Request = (options: IHttpRequestOptions, caller: IExecuteFunctions) => Promise<unknown>;

const OK: Request = async () => ({ statusCode: 200, headers: {}, body: {} });

/** The door to EvoLink, and what n8n was asked to send through it. */
async function door(
	request: Request,
	baseUrl = 'https://api.evolink.ai',
	signal?: AbortSignal,
	filesBaseUrl = 'https://files-api.evolink.ai',
) {
	const fingerprint: Array<{ credential: string; options: IHttpRequestOptions }> = [];
	const context = fakeContext({
		node: { credentials: { evoLinkApi: { id: '1', name: 'EvoLink' } } },
		credentials: { evoLinkApi: { apiKey: KEY, baseUrl, filesBaseUrl } },
		helpers: {
			async httpRequestWithAuthentication(
				this: IExecuteFunctions,
				credential: string,
				options: IHttpRequestOptions,
			) {
				fingerprint.push({ credential, options });
				return await request(options, this);
			},
		},
		signal,
	});
	const opened = await createApiClient(context, evoLink, 0);
	if (!opened.ok) throw new Error(opened.failure.message);
	return { ...opened.value, fingerprint };
}

const CREATE = {
	method: 'POST',
	path: '/v1/images/generations',
	body: { model: 'm', prompt: 'A lake' },
	mustFinish: true,
} as const;

const QUERY = { method: 'GET', path: '/v1/tasks/task-1' } as const;

/** What n8n throws: the network's own error is some causes deep. */
function wrapped(code: string, depth: number): Error {
	let error: Error = Object.assign(new Error(`connect ${code}`), { code });
	for (let level = 0; level < depth; level += 1) error = new Error('wrapped', { cause: error });
	return error;
}

describe('the door to a provider', () => {
	it.each(providers.map((provider) => [provider.label, provider] as const))(
		'stays shut without a credential for %s',
		async (label, provider) => {
			expect(await createApiClient(fakeContext(), provider, 0)).toMatchObject({
				ok: false,
				failure: {
					message: `No ${label} credential is selected`,
					code: 'missing_credential',
					charged: 'no',
					provider: provider.id,
				},
			});
		},
	);

	it("stays shut with another provider's credential", async () => {
		const context = fakeContext({
			node: { credentials: { apiMartApi: { id: '1', name: 'APIMart' } } },
			credentials: { apiMartApi: { apiKey: KEY, baseUrl: 'https://api.apimart.ai' } },
		});
		expect(await createApiClient(context, evoLink, 0)).toMatchObject({ ok: false });
	});

	it.each([
		['https://api.evolink.ai', 'https://api.evolink.ai/v1/tasks/task-1'],
		['https://api.evolink.ai/', 'https://api.evolink.ai/v1/tasks/task-1'],
		[' https://api.evolink.ai// \n', 'https://api.evolink.ai/v1/tasks/task-1'],
		['https://apiin.one/api/', 'https://apiin.one/api/v1/tasks/task-1'],
		['http://localhost:8080', 'http://localhost:8080/v1/tasks/task-1'],
	])('leads from the base URL %j to %s', async (baseUrl, url) => {
		const { send, fingerprint } = await door(OK, baseUrl);
		await send(QUERY);
		expect(fingerprint[0]?.options.url).toBe(url);
	});

	it('sends what it is given, as JSON, and leaves the key to n8n', async () => {
		const { send, fingerprint } = await door(OK);
		const body = { model: 'm', prompt: 'A lake' };
		const headers = { 'Idempotency-Key': 'key-1' };
		await send({ method: 'POST', path: '/v1/images/generations', body, headers });
		expect(fingerprint).toEqual([
			{
				credential: 'evoLinkApi',
				options: expect.objectContaining({
					method: 'POST',
					url: 'https://api.evolink.ai/v1/images/generations',
					body,
					headers,
					json: true,
					ignoreHttpStatusErrors: true,
					returnFullResponse: true,
					sendCredentialsOnCrossOriginRedirect: false,
					timeout: 60_000,
				}),
			},
		]);
		expect(JSON.stringify(fingerprint)).not.toContain(KEY);
	});

	it.each([
		[undefined, 60_000],
		[5_000, 5_000],
		[42, 42],
	])('waits for an answer as long as it is told to: %s', async (timeoutMs, timeout) => {
		const { send, fingerprint } = await door(OK);
		await send({ ...QUERY, timeoutMs });
		expect(fingerprint[0]?.options.timeout).toBe(timeout);
	});

	it('hides the key where the provider quotes it', async () => {
		const { send } = await door(async () => ({
			statusCode: 401,
			body: { error: { message: `Incorrect API key: ${KEY}.`, keys: [KEY] } },
		}));
		expect(await send(QUERY)).toMatchObject({
			body: { error: { message: 'Incorrect API key: [API key].', keys: ['[API key]'] } },
		});
	});

	it.each([200, 202, 400, 429, 500])('brings HTTP %i back as an answer', async (statusCode) => {
		const { send } = await door(async () => ({
			statusCode,
			headers: { 'Retry-After': 7, 'X-Request-ID': 'r-1' },
			body: { error: {} },
		}));
		expect(await send(QUERY)).toEqual({
			kind: 'response',
			status: statusCode,
			headers: { 'retry-after': '7', 'x-request-id': 'r-1' },
			body: { error: {} },
		});
	});

	it('brings an answer without headers or body back', async () => {
		const { send } = await door(async () => ({ statusCode: 204 }));
		expect(await send(QUERY)).toMatchObject({ kind: 'response', status: 204, headers: {} });
	});
});

describe('an upload', () => {
	const FILE = Buffer.from(Array.from({ length: 100_000 }, (_, n) => n % 251));
	const UPLOAD: Omit<FileUpload, 'content'> = {
		baseUrl: 'filesBaseUrl',
		path: '/api/v1/files/upload/stream',
		fileName: 'reference.jpg',
		mimeType: 'image/jpeg',
		bytes: FILE.length,
	};

	const buffered = () => fileContent(FILE);

	/** A file as it comes from disk, and is sent without being held. */
	const streamed = (): FileContent => ({
		chunks: Readable.from([FILE]),
		framed: (head, tail) =>
			Readable.from([head, FILE.subarray(0, 40_000), FILE.subarray(40_000), tail]),
		discard: () => undefined,
	});

	/** What n8n was asked to send, and the body as it goes over the wire. */
	async function sent(content: FileContent, parts: Partial<FileUpload> = {}) {
		const { upload, fingerprint } = await door(
			OK,
			undefined,
			undefined,
			' https://files.example.com/ ',
		);
		await upload({ ...UPLOAD, content, ...parts });
		const [first, ...others] = fingerprint;
		if (!first || others.length > 0) throw new Error('not asked once');
		const chunks: Buffer[] = [];
		const body: unknown = first.options.body;
		if (!Buffer.isBuffer(body) && !(body instanceof Readable)) throw new Error('no body');
		if (Buffer.isBuffer(body)) chunks.push(body);
		else for await (const chunk of body) chunks.push(Buffer.from(chunk));
		return { ...first, bytes: Buffer.concat(chunks) };
	}

	it.each([
		['the memory of n8n', buffered],
		['disk', streamed],
	])('from %s is one part called "file", framed to the byte', async (_where, content) => {
		const { bytes, options } = await sent(content());
		const type = String(options.headers?.['Content-Type']);
		const boundary = /^multipart\/form-data; boundary=([\w-]{1,70})$/.exec(type)?.[1] ?? '';
		expect(boundary).not.toBe('');
		const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="reference.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
		const tail = `\r\n--${boundary}--\r\n`;
		expect(bytes.subarray(0, head.length).toString()).toBe(head);
		expect(bytes.subarray(-tail.length).toString()).toBe(tail);
		expect(bytes.subarray(head.length, -tail.length).equals(FILE)).toBe(true);
		expect(options.headers?.['Content-Length']).toBe(bytes.length);
	});

	it('has the fields of the form before the file', async () => {
		const { bytes, options } = await sent(buffered(), { fields: { file_name: 'cat.jpg', a: 'b' } });
		const boundary = String(options.headers?.['Content-Type']).split('boundary=')[1] ?? '';
		const field = (name: string, value: string) =>
			`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
		const head = `${field('file_name', 'cat.jpg')}${field('a', 'b')}--${boundary}\r\nContent-Disposition: form-data; name="file"`;
		expect(bytes.subarray(0, head.length).toString()).toBe(head);
		expect(options.headers?.['Content-Length']).toBe(bytes.length);
	});

	it('is divided by a boundary of its own each time', async () => {
		const types = await Promise.all(
			[1, 2, 3].map(async () => (await sent(buffered())).options.headers?.['Content-Type']),
		);
		expect(new Set(types).size).toBe(3);
	});

	it('goes with the credential, and is never redirected: the body would be kept for it', async () => {
		const { credential, options } = await sent(streamed());
		expect(credential).toBe('evoLinkApi');
		expect(options).toMatchObject({
			method: 'POST',
			disableFollowRedirect: true,
			ignoreHttpStatusErrors: true,
			returnFullResponse: true,
			sendCredentialsOnCrossOriginRedirect: false,
			timeout: 300_000,
		});
		expect(options).not.toHaveProperty('json', true);
		expect(JSON.stringify(options.headers)).not.toContain(KEY);
	});

	it.each([
		['filesBaseUrl', 'https://files.example.com/api/v1/files/upload/stream'],
		['baseUrl', 'https://api.evolink.ai/api/v1/files/upload/stream'],
	] as const)('goes to the %s of the credential', async (baseUrl, url) => {
		expect((await sent(buffered(), { baseUrl })).options.url).toBe(url);
	});

	it('brings the answer back, whatever its status', async () => {
		for (const statusCode of [200, 302, 401, 500]) {
			const body = { data: { file_url: 'https://files.example.com/1' } };
			const { upload } = await door(async () => ({ statusCode, headers: { 'X-A': 1 }, body }));
			expect(await upload({ ...UPLOAD, content: buffered() })).toEqual({
				kind: 'response',
				status: statusCode,
				headers: { 'x-a': '1' },
				body,
			});
		}
	});

	it.each([
		['ECONNREFUSED', false],
		['ECONNRESET', true],
	])('that ended with %s may have arrived: %s', async (code, mayHaveArrived) => {
		const { upload } = await door(async () => await Promise.reject(wrapped(code, 2)));
		expect(await upload({ ...UPLOAD, content: buffered() })).toEqual({
			kind: 'networkError',
			code,
			mayHaveArrived,
		});
	});

	it('ends with the execution', async () => {
		const { upload } = await door(OK, undefined, AbortSignal.abort());
		await expect(upload({ ...UPLOAD, content: buffered() })).rejects.toThrow(ExecutionCancelled);
	});
});

describe('a request that got no answer', () => {
	it.each([
		'ECONNREFUSED',
		'ENOTFOUND',
		'EAI_AGAIN',
		'ENETUNREACH',
		'EHOSTUNREACH',
		'CERT_HAS_EXPIRED',
		'CERT_NOT_YET_VALID',
		'CERT_UNTRUSTED',
		'DEPTH_ZERO_SELF_SIGNED_CERT',
		'ERR_SSL_WRONG_VERSION_NUMBER',
		'ERR_TLS_CERT_ALTNAME_INVALID',
		'SELF_SIGNED_CERT_IN_CHAIN',
		'UNABLE_TO_GET_ISSUER_CERT',
		'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
		'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
	])('because of %s never left', async (code) => {
		for (const depth of [0, 1, 3]) {
			const { send } = await door(async () => await Promise.reject(wrapped(code, depth)));
			expect(await send(QUERY)).toEqual({ kind: 'networkError', code, mayHaveArrived: false });
		}
	});

	it.each<[string, Error & { code?: string; syscall?: string }]>([
		[
			'the connection could not be made in time',
			Object.assign(new Error('connect ETIMEDOUT 10.0.0.1:443'), {
				code: 'ETIMEDOUT',
				syscall: 'connect',
			}),
		],
		[
			'the connection was reset while it was made',
			Object.assign(new Error('connect ECONNRESET'), { code: 'ECONNRESET', syscall: 'connect' }),
		],
		[
			'the name could not be looked up',
			Object.assign(new Error('getaddrinfo ESERVFAIL'), {
				code: 'ESERVFAIL',
				syscall: 'getaddrinfo',
			}),
		],
		[
			'the TLS handshake broke off',
			Object.assign(
				new Error(
					'Client network socket disconnected before secure TLS connection was established',
				),
				{ code: 'ECONNRESET' },
			),
		],
		[
			'the other side speaks no TLS',
			Object.assign(
				new Error(
					'write EPROTO 40:error:0A00010B:SSL routines:tls_validate_record:wrong version number',
				),
				{ code: 'EPROTO', syscall: 'write' },
			),
		],
		[
			'the other side refused the TLS handshake',
			Object.assign(
				new Error('40:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure'),
				{ code: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE' },
			),
		],
	])('never left where %s', async (_what, fault) => {
		const errors = [fault, new Error('wrapped', { cause: fault })];
		for (const error of [...errors, Object.assign(new Error('n8n'), { cause: errors[1] })]) {
			const { send } = await door(async () => await Promise.reject(error));
			expect(await send(CREATE)).toEqual({
				kind: 'networkError',
				code: fault.code,
				mayHaveArrived: false,
			});
		}
	});

	it.each(['read', 'write'])('may have arrived where the step was %s', async (syscall) => {
		const fault = Object.assign(new Error(`${syscall} ECONNRESET`), {
			code: 'ECONNRESET',
			syscall,
		});
		for (const error of [fault, new Error('wrapped', { cause: fault })]) {
			const { send } = await door(async () => await Promise.reject(error));
			expect(await send(CREATE)).toMatchObject({ code: 'ECONNRESET', mayHaveArrived: true });
		}
	});

	it.each(['ECONNRESET', 'ETIMEDOUT', 'ECONNABORTED', 'EPIPE', 'ERR_BAD_RESPONSE', 'ESOMETHING'])(
		'because of %s may have arrived',
		async (code) => {
			for (const depth of [0, 2]) {
				const { send } = await door(async () => await Promise.reject(wrapped(code, depth)));
				expect(await send(QUERY)).toEqual({ kind: 'networkError', code, mayHaveArrived: true });
			}
		},
	);

	it("is recognised inside n8n's own error", async () => {
		const cause = wrapped('ECONNREFUSED', 0) as unknown as JsonObject;
		const error = new NodeApiError(NODE, cause);
		const { send } = await door(async () => await Promise.reject(error));
		expect(await send(QUERY)).toMatchObject({ kind: 'networkError', mayHaveArrived: false });
	});

	it.each<[string, unknown, string]>([
		['an error without a code', new Error('socket hang up'), 'socket hang up'],
		['a text', 'broken', 'UNKNOWN'],
		['nothing', undefined, 'UNKNOWN'],
		['a number for a code', Object.assign(new Error('odd'), { code: 7 }), 'odd'],
	])('may have arrived after %s', async (_what, thrown, code) => {
		const { send } = await door(async () => await Promise.reject(thrown));
		expect(await send(QUERY)).toEqual({ kind: 'networkError', code, mayHaveArrived: true });
	});

	it('shows nothing of the request, so that the key stays hidden', async () => {
		const config = { headers: { Authorization: `Bearer ${KEY}` } };
		const error = Object.assign(wrapped('ECONNRESET', 0), { config, request: config });
		const { send } = await door(async () => await Promise.reject(error));
		expect(JSON.stringify(await send(QUERY))).not.toContain(KEY);
	});
});

describe('an execution that was stopped', () => {
	const stopped = AbortSignal.abort();

	/** Sends the call, and stops the execution while it is under way. */
	async function stoppedUnderWay(call: HttpRequest, request: Request = OK) {
		const controller = new AbortController();
		const callers: IExecuteFunctions[] = [];
		const { send } = await door(
			async (options, caller) => {
				callers.push(caller);
				controller.abort();
				return await request(options, caller);
			},
			undefined,
			controller.signal,
		);
		return { sent: send(call), callers };
	}

	it.each<[string, HttpRequest]>([
		['create', CREATE],
		['query', QUERY],
	])('sends no %s any more', async (_what, call) => {
		const { send, fingerprint } = await door(OK, undefined, stopped);
		await expect(send(call)).rejects.toThrow(ExecutionCancelled);
		expect(fingerprint).toEqual([]);
	});

	it('sends no upload any more', async () => {
		const { upload, fingerprint } = await door(OK, undefined, stopped);
		const content = fileContent(Buffer.from('image'));
		const sent = upload({
			baseUrl: 'baseUrl',
			path: '/upload',
			fileName: 'reference.png',
			mimeType: 'image/png',
			bytes: 5,
			content,
		});
		await expect(sent).rejects.toThrow(ExecutionCancelled);
		expect(fingerprint).toEqual([]);
	});

	it('opens no link any more', async () => {
		const { open, fingerprint } = links(OK, { signal: stopped });
		await expect(open('https://example.com/1.png')).rejects.toThrow(ExecutionCancelled);
		expect(fingerprint).toEqual([]);
	});

	it('takes no answer to a query any more', async () => {
		const { sent } = await stoppedUnderWay(QUERY);
		await expect(sent).rejects.toThrow(ExecutionCancelled);
	});

	it('is told apart from a failure of the network', async () => {
		const broken = async () => await Promise.reject(wrapped('ERR_CANCELED', 0));
		const { sent } = await stoppedUnderWay(QUERY, broken);
		await expect(sent).rejects.toThrow(ExecutionCancelled);
	});

	it('still reads the answer to a create: it names what was paid for', async () => {
		const created = async () => ({ statusCode: 200, headers: {}, body: { id: 'task-1' } });
		const { sent } = await stoppedUnderWay(CREATE, created);
		expect(await sent).toEqual({
			kind: 'response',
			status: 200,
			headers: {},
			body: { id: 'task-1' },
		});
	});

	it('still hears that the answer to a create was lost', async () => {
		const broken = async () => await Promise.reject(wrapped('ECONNRESET', 1));
		const { sent } = await stoppedUnderWay(CREATE, broken);
		expect(await sent).toEqual({ kind: 'networkError', code: 'ECONNRESET', mayHaveArrived: true });
	});

	it('gives n8n a signal that breaks a query off, and no create, and everything else it has', async () => {
		// As n8n looks for it: `'getExecutionCancelSignal' in this`.
		const signalOf = (caller: IExecuteFunctions) =>
			'getExecutionCancelSignal' in caller ? caller.getExecutionCancelSignal() : undefined;
		const create = await stoppedUnderWay(CREATE);
		const query = await stoppedUnderWay(QUERY);
		await Promise.allSettled([create.sent, query.sent]);

		expect(create.callers.map((caller) => signalOf(caller)?.aborted)).toEqual([false]);
		expect(query.callers.map((caller) => signalOf(caller)?.aborted)).toEqual([true]);
		expect(create.callers[0]?.getNode()).toEqual(query.callers[0]?.getNode());
	});
});

/** Ends only when it is broken off, as an answer does that trickles. */
const endless: Request = async () => await new Promise(() => {});

describe('an answer that never comes to its end', () => {
	const TIMED_OUT = { kind: 'networkError', code: 'ETIMEDOUT', mayHaveArrived: true };

	it.each<[string, HttpRequest]>([
		['create', CREATE],
		['query', QUERY],
	])('ends with the time of its call: a %s', async (_what, call) => {
		const { send } = await door(endless);
		const begun = performance.now();
		expect(await send({ ...call, timeoutMs: 60.5 })).toEqual(TIMED_OUT);
		expect(performance.now() - begun).toBeLessThan(2_000);
	});

	it('ends at once where the execution is stopped, but for a create', async () => {
		const stop = new AbortController();
		const { send, fingerprint } = await door(endless, undefined, stop.signal);
		const query = send(QUERY);
		const create = jest.fn();
		void send(CREATE).then(create);
		expect(fingerprint).toHaveLength(2);
		stop.abort();
		await expect(query).rejects.toThrow(ExecutionCancelled);
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect(create).not.toHaveBeenCalled();
	});

	describe('whatever its time', () => {
		/** Runs out when the test says so. */
		const timers: Array<{ ms: number; end: () => void }> = [];

		beforeEach(() => {
			timers.length = 0;
			jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
				const controller = new AbortController();
				timers.push({ ms, end: () => controller.abort(new Error('over')) });
				return controller.signal;
			});
		});

		afterEach(() => jest.restoreAllMocks());

		it('is waited for a minute after a stop, where it is that of a create', async () => {
			const stop = new AbortController();
			const { send } = await door(endless, undefined, stop.signal);
			const sent = send({ ...CREATE, timeoutMs: 600_000 });
			expect(timers.map(({ ms }) => ms)).toEqual([600_000]);
			stop.abort();
			expect(timers.map(({ ms }) => ms)).toEqual([600_000, 60_000]);
			timers[1]?.end();
			expect(await sent).toEqual(TIMED_OUT);
		});

		it('is never waited for longer because of a stop', async () => {
			const stop = new AbortController();
			const { send } = await door(endless, undefined, stop.signal);
			const sent = send({ ...CREATE, timeoutMs: 600_000 });
			stop.abort();
			timers[0]?.end();
			expect(await sent).toEqual(TIMED_OUT);
		});

		it.each<[string, () => Promise<unknown>, number[]]>([
			['a query', async () => await (await door(OK)).send(QUERY), [60_000]],
			// The second is for a file that falls silent.
			[
				'a link',
				async () => await links(endlessBody).open('https://a.example/1.png'),
				[600_000, 30_000],
			],
		])('has one in all: %s', async (_what, call, ms) => {
			await call();
			expect(timers.map((timer) => timer.ms)).toEqual(ms);
		});
	});

	const endlessBody: Request = async () => ({
		statusCode: 200,
		headers: {},
		body: new Readable({ read() {} }),
	});

	it('breaks off the file behind a link', async () => {
		const link = await links(endlessBody).open('https://a.example/1.png', { timeoutMs: 50 });
		if (link.kind !== 'opened') throw new Error(link.code);
		await expect(buffer(link.body)).rejects.toThrow('too slow');
	});

	it('breaks off the file behind a link when the execution is stopped', async () => {
		const stop = new AbortController();
		const link = await links(endlessBody, { signal: stop.signal }).open('https://a.example/1.png');
		if (link.kind !== 'opened') throw new Error(link.code);
		stop.abort();
		await expect(buffer(link.body)).rejects.toThrow();
	});

	it.each([
		[31_000, 60_000, true],
		[31_000, 70_000, false],
		[29_000, 10, false],
	])('is given up where after %i ms only %i bytes have come: %s', async (ms, bytes, isOver) => {
		const body = new Readable({ read() {} });
		const { open, stored } = links(async () => ({ statusCode: 200, headers: {}, body }));
		const link = await open('https://a.example/1.png');
		if (link.kind !== 'opened') throw new Error(link.code);
		await link.store('lake.png', { extension: 'png', mimeType: 'image/png' }, () => {});
		const [[content] = []] = stored;
		if (!(content instanceof Readable)) throw new Error('is not streamed');
		const begun = performance.now();
		const now = jest.spyOn(performance, 'now').mockImplementation(() => begun + ms);
		body.push(Buffer.alloc(bytes));
		body.push(null);
		const read = text(content).finally(() => now.mockRestore());
		if (isOver) await expect(read).rejects.toThrow('too slow');
		else await expect(read).resolves.toHaveLength(bytes);
	});
});

function links(request: Request, parts: FakeContext = {}) {
	const fingerprint: IHttpRequestOptions[] = [];
	const stored: unknown[][] = [];
	const context: IExecuteFunctions = fakeContext({
		node: { credentials: { evoLinkApi: { id: '1', name: 'EvoLink' } } },
		credentials: { evoLinkApi: { apiKey: KEY, baseUrl: 'https://api.evolink.ai' } },
		...parts,
		helpers: {
			httpRequest: async (options: IHttpRequestOptions) => {
				fingerprint.push(options);
				return await request(options, context);
			},
			prepareBinaryData: async (...given: unknown[]) => {
				stored.push(given);
				return { data: 'stored', mimeType: 'image/png' };
			},
		},
	});
	return { open: createDownloader(context), fingerprint, stored };
}

describe('a link to a finished image', () => {
	const body = () => Readable.from([Buffer.from('image')]);

	it('is opened as a stream, without the key', async () => {
		const { open, fingerprint } = links(async () => ({
			statusCode: 200,
			headers: {},
			body: body(),
		}));
		expect(await open('https://example.com/1.png')).toMatchObject({ kind: 'opened', status: 200 });
		expect(fingerprint).toEqual([
			expect.objectContaining({
				method: 'GET',
				url: 'https://example.com/1.png',
				encoding: 'stream',
				ignoreHttpStatusErrors: true,
				returnFullResponse: true,
			}),
		]);
		expect(fingerprint[0]).not.toHaveProperty('headers');
		expect(JSON.stringify(fingerprint)).not.toContain(KEY);
	});

	it('stops when the execution is stopped', async () => {
		const stop = new AbortController();
		const reply = async () => ({ statusCode: 200, headers: {}, body: body() });
		const { open, fingerprint } = links(reply, { signal: stop.signal });
		await open('https://example.com/1.png');
		const signal = () => (fingerprint[0]?.abortSignal as AbortSignal | undefined)?.aborted;
		expect(signal()).toBe(false);
		stop.abort();
		expect(signal()).toBe(true);
	});

	it.each([
		[undefined, 30_000],
		[5_000, 5_000],
	])(
		'may be silent for a while, and no longer than it may last: %s',
		async (timeoutMs, timeout) => {
			const { open, fingerprint } = links(async () => ({
				statusCode: 200,
				headers: {},
				body: body(),
			}));
			await open('https://example.com/1.png', { timeoutMs });
			expect(fingerprint).toMatchObject([{ timeout }]);
		},
	);

	it('is asked for as a browser does, where that is wanted', async () => {
		const { open, fingerprint } = links(async () => ({
			statusCode: 200,
			headers: {},
			body: body(),
		}));
		await open('https://example.com/1.png', { asBrowser: true });
		expect(fingerprint).toMatchObject([
			{ headers: { 'User-Agent': expect.stringMatching(/^Mozilla/) } },
		]);
		expect(Object.keys(fingerprint[0]?.headers ?? {})).toEqual(['User-Agent']);
	});

	it('is stored under its name and type, and all of its bytes are seen', async () => {
		const { open, stored } = links(async () => ({ statusCode: 200, headers: {}, body: body() }));
		const link = await open('https://example.com/1.png');
		if (link.kind !== 'opened') throw new Error(link.code);
		const format = { extension: 'png', mimeType: 'image/png' };
		const seen: string[] = [];
		const see = (bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString());
		expect(await link.store('lake.png', format, see)).toMatchObject({ data: 'stored' });
		const [[content, ...names] = []] = stored;
		expect(names).toEqual(['lake.png', 'image/png']);
		expect(content).toBeInstanceOf(Readable);
		if (content instanceof Readable) expect(await text(content)).toBe('image');
		expect(seen).toEqual(['image']);
	});

	it('can be closed unread', async () => {
		const stream = body();
		const { open } = links(async () => ({ statusCode: 404, headers: {}, body: stream }));
		const link = await open('https://example.com/1.png');
		if (link.kind !== 'opened') throw new Error(link.code);
		link.discard();
		expect(link.status).toBe(404);
		expect(stream.destroyed).toBe(true);
	});

	it.each<[object, number | undefined]>([
		[{ 'content-length': '4024' }, 4024],
		[{ 'content-length': 4024 }, 4024],
		[{ 'content-length': 'many' }, undefined],
		[{}, undefined],
	])('says with the headers %j how long it is', async (headers, bytes) => {
		const { open } = links(async () => ({ statusCode: 200, headers, body: body() }));
		const link = await open('https://example.com/1.png');
		expect(link.kind === 'opened' ? link.bytes : link.code).toBe(bytes);
	});

	it.each<[object, string | undefined]>([
		[{ 'content-type': 'text/html' }, 'text/html'],
		[{ 'content-type': 7 }, undefined],
		[{}, undefined],
	])('says with the headers %j of which type it claims to be', async (headers, contentType) => {
		const { open } = links(async () => ({ statusCode: 200, headers, body: body() }));
		expect(await open('https://example.com/1.png')).toMatchObject({ contentType });
	});

	it('may not answer', async () => {
		const { open } = links(async () => await Promise.reject(wrapped('ETIMEDOUT', 2)));
		expect(await open('https://example.com/1.png')).toMatchObject({
			kind: 'networkError',
			code: 'ETIMEDOUT',
		});
	});
});
