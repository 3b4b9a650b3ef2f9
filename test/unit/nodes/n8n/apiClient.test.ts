import { Readable } from 'node:stream';
import { NodeApiError, type IExecuteFunctions, type JsonObject } from 'n8n-workflow';

import type { FileContent, FileUpload } from '../../../../nodes/Seedream/images/fileUpload';
import { apiKeyOf, createApiClient } from '../../../../nodes/Seedream/n8n/apiClient';
import { providers } from '../../../../nodes/Seedream/providers';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { signCallbackUrl } from '../../../../nodes/Seedream/request/callbackData';
import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import type { HttpRequest } from '../../../../nodes/Seedream/tasks/apiClient';
import { fakeContext, NODE } from '../fakeContext';
import { fileContent } from '../images/imageFiles';
import {
	API_KEY,
	CREATE,
	STATUS_CHECK,
	evoLinkClient,
	networkError,
	respondOk,
	type Respond,
} from './clientFixture';

/** The client's result for a request that fails with `error`. */
async function resultAfter(error: unknown, request: HttpRequest = STATUS_CHECK) {
	const { client } = await evoLinkClient(async () => await Promise.reject(error));
	return await client.send(request);
}

describe('the API client', () => {
	it.each(providers.map((provider) => [provider.label, provider] as const))(
		"the API client isn't created without a credential for %s",
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

	it.each([undefined, null])('the API key %j is empty', (apiKey) => {
		expect(apiKeyOf({ apiKey })).toBe('');
	});

	it('the API client adds signed data to a callback URL', async () => {
		const { client } = await evoLinkClient(respondOk);
		const url = 'https://n8n.example.com/webhook/1/task';
		expect(client.addCallbackData(url, '{"row":7}')).toBe(
			signCallbackUrl(url, '{"row":7}', API_KEY),
		);
	});

	it("the API client isn't created with another provider's credential", async () => {
		const context = fakeContext({
			node: { credentials: { apiMartApi: { id: '1', name: 'APIMart' } } },
			credentials: { apiMartApi: { apiKey: API_KEY, baseUrl: 'https://api.apimart.ai' } },
		});
		expect(await createApiClient(context, evoLink, 0)).toMatchObject({ ok: false });
	});

	it.each([
		['https://api.evolink.ai', 'https://api.evolink.ai/v1/tasks/task-1'],
		['https://api.evolink.ai/', 'https://api.evolink.ai/v1/tasks/task-1'],
		[' https://api.evolink.ai// \n', 'https://api.evolink.ai/v1/tasks/task-1'],
		['https://apiin.one/api/', 'https://apiin.one/api/v1/tasks/task-1'],
		['http://localhost:8080', 'http://localhost:8080/v1/tasks/task-1'],
	])('the API client with the base URL %j sends requests to %s', async (baseUrl, url) => {
		const { client, requests } = await evoLinkClient(respondOk, { baseUrl });
		await client.send(STATUS_CHECK);
		expect(requests[0]?.options.url).toBe(url);
	});

	it('the API client sends JSON and leaves the API key to n8n', async () => {
		const { client, requests } = await evoLinkClient(respondOk);
		const body = { model: 'm', prompt: 'A lake' };
		const headers = { 'Idempotency-Key': 'key-1' };
		await client.send({ method: 'POST', path: '/v1/images/generations', body, headers });
		expect(requests).toEqual([
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
		expect(JSON.stringify(requests)).not.toContain(API_KEY);
	});

	it('the API client hides the API key where the provider quotes it', async () => {
		const { client } = await evoLinkClient(async () => ({
			statusCode: 401,
			body: { error: { message: `Incorrect API key: ${API_KEY}.`, keys: [API_KEY] } },
		}));
		expect(await client.send(STATUS_CHECK)).toMatchObject({
			body: { error: { message: 'Incorrect API key: [API key].', keys: ['[API key]'] } },
		});
	});

	it.each([200, 202, 400, 429, 500])(
		'the API client returns HTTP %i as a response',
		async (statusCode) => {
			const { client } = await evoLinkClient(async () => ({
				statusCode,
				headers: { 'Retry-After': 7, 'X-Request-ID': 'r-1' },
				body: { error: {} },
			}));
			expect(await client.send(STATUS_CHECK)).toEqual({
				kind: 'response',
				status: statusCode,
				headers: { 'retry-after': '7', 'x-request-id': 'r-1' },
				body: { error: {} },
			});
		},
	);

	it('the API client returns a response without headers or body', async () => {
		const { client } = await evoLinkClient(async () => ({ statusCode: 204 }));
		expect(await client.send(STATUS_CHECK)).toMatchObject({
			kind: 'response',
			status: 204,
			headers: {},
		});
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

	/** A file on disk, which is sent without being held in memory. */
	const streamed = (): FileContent => ({
		chunks: Readable.from([FILE]),
		framed: (head, tail) =>
			Readable.from([head, FILE.subarray(0, 40_000), FILE.subarray(40_000), tail]),
		discard: () => undefined,
	});

	/** The request that n8n was asked to send, and its body's bytes. */
	async function uploaded(content: FileContent, changes: Partial<FileUpload> = {}) {
		const filesBaseUrl = ' https://files.example.com/ ';
		const { client, requests } = await evoLinkClient(respondOk, { filesBaseUrl });
		await client.upload({ ...UPLOAD, content, ...changes });
		const [request, ...others] = requests;
		if (!request || others.length > 0) throw new Error('not sent exactly once');
		const chunks: Buffer[] = [];
		const body: unknown = request.options.body;
		if (!Buffer.isBuffer(body) && !(body instanceof Readable)) throw new Error('no body');
		if (Buffer.isBuffer(body)) chunks.push(body);
		else for await (const chunk of body) chunks.push(Buffer.from(chunk));
		return { ...request, bytes: Buffer.concat(chunks) };
	}

	it.each([
		["n8n's memory", buffered],
		['disk', streamed],
	])('an upload from %s is one part called "file", framed to the byte', async (_where, content) => {
		const { bytes, options } = await uploaded(content());
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

	it("an upload has the form's fields before the file", async () => {
		const fields = { file_name: 'cat.jpg', a: 'b' };
		const { bytes, options } = await uploaded(buffered(), { fields });
		const boundary = String(options.headers?.['Content-Type']).split('boundary=')[1] ?? '';
		const field = (name: string, value: string) =>
			`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
		const head = `${field('file_name', 'cat.jpg')}${field('a', 'b')}--${boundary}\r\nContent-Disposition: form-data; name="file"`;
		expect(bytes.subarray(0, head.length).toString()).toBe(head);
		expect(options.headers?.['Content-Length']).toBe(bytes.length);
	});

	it('each upload has a boundary of its own', async () => {
		const types = await Promise.all(
			[1, 2, 3].map(async () => (await uploaded(buffered())).options.headers?.['Content-Type']),
		);
		expect(new Set(types).size).toBe(3);
	});

	it('an upload is sent with the credential and never redirected, which would keep its body in memory', async () => {
		const { credential, options } = await uploaded(streamed());
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
		expect(JSON.stringify(options.headers)).not.toContain(API_KEY);
	});

	it.each([
		['filesBaseUrl', 'https://files.example.com/api/v1/files/upload/stream'],
		['baseUrl', 'https://api.evolink.ai/api/v1/files/upload/stream'],
	] as const)("an upload goes to the credential's %s", async (baseUrl, url) => {
		expect((await uploaded(buffered(), { baseUrl })).options.url).toBe(url);
	});

	it('an upload returns the response, whatever its status', async () => {
		for (const statusCode of [200, 302, 401, 500]) {
			const body = { data: { file_url: 'https://files.example.com/1' } };
			const respond: Respond = async () => ({ statusCode, headers: { 'X-A': 1 }, body });
			const { client } = await evoLinkClient(respond);
			expect(await client.upload({ ...UPLOAD, content: buffered() })).toEqual({
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
	])('an upload that failed with %s may have arrived: %s', async (code, mayHaveArrived) => {
		const error = networkError(code, 2);
		const { client } = await evoLinkClient(async () => await Promise.reject(error));
		expect(await client.upload({ ...UPLOAD, content: buffered() })).toEqual({
			kind: 'networkError',
			code,
			mayHaveArrived,
		});
	});

	it("an upload isn't sent after the execution was stopped", async () => {
		const { client, requests } = await evoLinkClient(respondOk, { signal: AbortSignal.abort() });
		const result = client.upload({ ...UPLOAD, content: buffered() });
		await expect(result).rejects.toThrow(ExecutionCancelled);
		expect(requests).toEqual([]);
	});
});

describe('a request without a response', () => {
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
	])("a request that failed with %s can't have arrived", async (code) => {
		for (const depth of [0, 1, 3]) {
			expect(await resultAfter(networkError(code, depth))).toEqual({
				kind: 'networkError',
				code,
				mayHaveArrived: false,
			});
		}
	});

	it.each<[string, Error & { code?: string; syscall?: string }]>([
		[
			"the connection couldn't be made in time",
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
			"the name couldn't be looked up",
			Object.assign(new Error('getaddrinfo ESERVFAIL'), {
				code: 'ESERVFAIL',
				syscall: 'getaddrinfo',
			}),
		],
		[
			'the connection closed during the TLS handshake',
			Object.assign(
				new Error(
					'Client network socket disconnected before secure TLS connection was established',
				),
				{ code: 'ECONNRESET' },
			),
		],
		[
			"the server doesn't speak TLS",
			Object.assign(
				new Error(
					'write EPROTO 40:error:0A00010B:SSL routines:tls_validate_record:wrong version number',
				),
				{ code: 'EPROTO', syscall: 'write' },
			),
		],
		[
			'the server refused the TLS handshake',
			Object.assign(
				new Error('40:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure'),
				{ code: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE' },
			),
		],
	])("a create can't have arrived where %s", async (_what, error) => {
		const wrapped = new Error('wrapped', { cause: error });
		const byN8n = Object.assign(new Error('n8n'), { cause: wrapped });
		for (const thrown of [error, wrapped, byN8n]) {
			expect(await resultAfter(thrown, CREATE)).toEqual({
				kind: 'networkError',
				code: error.code,
				mayHaveArrived: false,
			});
		}
	});

	it.each(['read', 'write'])(
		'a create may have arrived where the system call was %s',
		async (syscall) => {
			const error = Object.assign(new Error(`${syscall} ECONNRESET`), {
				code: 'ECONNRESET',
				syscall,
			});
			for (const thrown of [error, new Error('wrapped', { cause: error })]) {
				expect(await resultAfter(thrown, CREATE)).toMatchObject({
					code: 'ECONNRESET',
					mayHaveArrived: true,
				});
			}
		},
	);

	it.each(['ECONNRESET', 'ETIMEDOUT', 'ECONNABORTED', 'EPIPE', 'ERR_BAD_RESPONSE', 'ESOMETHING'])(
		'a request that failed with %s may have arrived',
		async (code) => {
			for (const depth of [0, 2]) {
				expect(await resultAfter(networkError(code, depth))).toEqual({
					kind: 'networkError',
					code,
					mayHaveArrived: true,
				});
			}
		},
	);

	it("the API client recognizes a network error inside n8n's own error", async () => {
		const cause = networkError('ECONNREFUSED', 0) as unknown as JsonObject;
		expect(await resultAfter(new NodeApiError(NODE, cause))).toMatchObject({
			kind: 'networkError',
			mayHaveArrived: false,
		});
	});

	it.each<[string, unknown, string]>([
		['an error without a code', new Error('socket hang up'), 'socket hang up'],
		['a string', 'broken', 'UNKNOWN'],
		['undefined', undefined, 'UNKNOWN'],
		['an error whose code is a number', Object.assign(new Error('odd'), { code: 7 }), 'odd'],
	])('a request that threw %s may have arrived', async (_what, thrown, code) => {
		expect(await resultAfter(thrown)).toEqual({
			kind: 'networkError',
			code,
			mayHaveArrived: true,
		});
	});

	it('a network error shows nothing of the request, so that the API key stays hidden', async () => {
		const config = { headers: { Authorization: `Bearer ${API_KEY}` } };
		const error = Object.assign(networkError('ECONNRESET', 0), { config, request: config });
		expect(JSON.stringify(await resultAfter(error))).not.toContain(API_KEY);
	});
});

describe('an execution that was stopped', () => {
	const node = { ...NODE, credentials: { evoLinkApi: { id: '1', name: 'EvoLink' } } };

	/** Stops the execution while n8n is sending the request. */
	async function stopDuring(request: HttpRequest, respond: Respond = respondOk) {
		const stop = new AbortController();
		const callers: IExecuteFunctions[] = [];
		const { client } = await evoLinkClient(
			async (options, caller) => {
				callers.push(caller);
				stop.abort();
				return await respond(options, caller);
			},
			{ signal: stop.signal },
		);
		return { result: client.send(request), callers };
	}

	it.each<[string, HttpRequest]>([
		['create', CREATE],
		['status check', STATUS_CHECK],
	])('a stopped execution sends no %s', async (_what, request) => {
		const { client, requests } = await evoLinkClient(respondOk, { signal: AbortSignal.abort() });
		await expect(client.send(request)).rejects.toThrow(ExecutionCancelled);
		expect(requests).toEqual([]);
	});

	it('a stopped execution ignores the response to a status check', async () => {
		const { result } = await stopDuring(STATUS_CHECK);
		await expect(result).rejects.toThrow(ExecutionCancelled);
	});

	it("stopping the execution isn't reported as a network error", async () => {
		const cancelled: Respond = async () => await Promise.reject(networkError('ERR_CANCELED', 0));
		const { result } = await stopDuring(STATUS_CHECK, cancelled);
		await expect(result).rejects.toThrow(ExecutionCancelled);
	});

	it('a stopped execution still reads the response to a create, which names what was charged', async () => {
		const created: Respond = async () => ({ statusCode: 200, headers: {}, body: { id: 'task-1' } });
		const { result } = await stopDuring(CREATE, created);
		expect(await result).toEqual({
			kind: 'response',
			status: 200,
			headers: {},
			body: { id: 'task-1' },
		});
	});

	it('a stopped execution still reports that the response to a create was lost', async () => {
		const lost: Respond = async () => await Promise.reject(networkError('ECONNRESET', 1));
		const { result } = await stopDuring(CREATE, lost);
		expect(await result).toEqual({
			kind: 'networkError',
			code: 'ECONNRESET',
			mayHaveArrived: true,
		});
	});

	it('n8n gets a signal that aborts a status check but not a create, and the rest of its context', async () => {
		// As n8n looks for it: `'getExecutionCancelSignal' in this`.
		const signalOf = (caller: IExecuteFunctions) =>
			'getExecutionCancelSignal' in caller ? caller.getExecutionCancelSignal() : undefined;
		const create = await stopDuring(CREATE);
		const statusCheck = await stopDuring(STATUS_CHECK);
		await Promise.allSettled([create.result, statusCheck.result]);

		expect(create.callers.map((caller) => signalOf(caller)?.aborted)).toEqual([false]);
		expect(statusCheck.callers.map((caller) => signalOf(caller)?.aborted)).toEqual([true]);
		expect(create.callers[0]?.getNode()).toEqual(node);
		expect(statusCheck.callers[0]?.getNode()).toEqual(node);
	});
});
