import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';

import type { DownloadStream } from '../../../../nodes/Seedream/images/download';
import { createDownloader } from '../../../../nodes/Seedream/n8n/downloader';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { ExecutionCancelled } from '../../../../nodes/Seedream/shared/clock';
import { fakeContext } from '../fakeContext';
import { API_KEY, networkError, respondOk, type Respond } from './clientFixture';
import { mockTimers } from './manualTimers';

const PUBLIC = 'https://api.evolink.ai';
const LINK = 'https://example.com/1.png';
const PNG = { extension: 'png', mimeType: 'image/png' };

interface Response {
	status?: number;
	headers?: Record<string, string>;
}

const redirectTo = (location: string, status = 302): Response => ({
	status,
	headers: { location },
});

/** A downloader for EvoLink's links, in a network with these responses. */
function networkOf(responses: Record<string, Response>, baseUrl: unknown = PUBLIC) {
	const requests: IHttpRequestOptions[] = [];
	const bodies: Readable[] = [];
	const context = fakeContext({
		credentials: { evoLinkApi: { apiKey: 'key', baseUrl: baseUrl as string } },
		helpers: {
			httpRequest: async (options: IHttpRequestOptions) => {
				requests.push(options);
				const { status = 200, headers = {} } = responses[String(options.url)] ?? { status: 404 };
				const body = Readable.from([Buffer.from('image')]);
				bodies.push(body);
				return { statusCode: status, headers, body };
			},
		},
	});
	return {
		context,
		requests,
		urls: () => requests.map(({ url }) => url),
		bodies,
		open: createDownloader(context, { provider: evoLink, itemIndex: 0 }),
	};
}

/** A downloader for the user's own links. `stored` gets what n8n was asked to store. */
function userDownloader(respond: Respond, signal?: AbortSignal) {
	const requests: IHttpRequestOptions[] = [];
	const stored: unknown[][] = [];
	const context: IExecuteFunctions = fakeContext({
		node: { credentials: { evoLinkApi: { id: '1', name: 'EvoLink' } } },
		credentials: { evoLinkApi: { apiKey: API_KEY, baseUrl: PUBLIC } },
		signal,
		helpers: {
			httpRequest: async (options: IHttpRequestOptions) => {
				requests.push(options);
				return await respond(options, context);
			},
			prepareBinaryData: async (...file: unknown[]) => {
				stored.push(file);
				return { data: 'stored', mimeType: 'image/png' };
			},
		},
	});
	return { open: createDownloader(context), requests, stored };
}

const respondWith =
	(body: Readable, headers: object = {}, statusCode = 200): Respond =>
	async () => ({ statusCode, headers, body });

const image = () => Readable.from([Buffer.from('image')]);

/** A body to which the test pushes its bytes. */
const silentBody = () => new Readable({ read() {} });

function opened<T>(link: DownloadStream<T>) {
	if (link.kind !== 'opened') throw new Error(link.code);
	return link;
}

afterEach(() => jest.restoreAllMocks());

describe('a link', () => {
	it('a link is opened as a stream, without the API key', async () => {
		const { open, requests } = userDownloader(respondWith(image()));
		expect(await open(LINK)).toMatchObject({ kind: 'opened', status: 200 });
		expect(requests).toEqual([
			expect.objectContaining({
				method: 'GET',
				url: LINK,
				encoding: 'stream',
				ignoreHttpStatusErrors: true,
				returnFullResponse: true,
			}),
		]);
		expect(requests[0]).not.toHaveProperty('headers');
		expect(JSON.stringify(requests)).not.toContain(API_KEY);
	});

	it("a link can be requested with a browser's user agent", async () => {
		const { open, requests } = userDownloader(respondWith(image()));
		await open(LINK, { asBrowser: true });
		expect(requests).toMatchObject([
			{ headers: { 'User-Agent': expect.stringMatching(/^Mozilla/) } },
		]);
		expect(Object.keys(requests[0]?.headers ?? {})).toEqual(['User-Agent']);
	});

	it('a download is stored under its name and type, and reports all of its bytes', async () => {
		const { open, stored } = userDownloader(respondWith(image()));
		const link = opened(await open(LINK));
		const received: string[] = [];
		const onBytes = (bytes: Uint8Array) => void received.push(Buffer.from(bytes).toString());
		expect(await link.store('lake.png', PNG, onBytes)).toMatchObject({ data: 'stored' });
		const [[content, ...names] = []] = stored;
		expect(names).toEqual(['lake.png', 'image/png']);
		if (!(content instanceof Readable)) throw new Error('not streamed');
		expect(await text(content)).toBe('image');
		expect(received).toEqual(['image']);
	});

	it('a download can be discarded unread', async () => {
		const body = image();
		const { open } = userDownloader(respondWith(body, {}, 404));
		const link = opened(await open(LINK));
		link.discard();
		expect(link.status).toBe(404);
		expect(body.destroyed).toBe(true);
	});

	it.each<[object, number | undefined]>([
		[{ 'content-length': '4024' }, 4024],
		[{ 'content-length': 4024 }, 4024],
		[{ 'content-length': 'many' }, undefined],
		[{}, undefined],
	])('a download with the headers %j has a size of %s bytes', async (headers, bytes) => {
		const { open } = userDownloader(respondWith(image(), headers));
		expect(opened(await open(LINK)).bytes).toBe(bytes);
	});

	it.each<[object, string | undefined]>([
		[{ 'content-type': 'text/html' }, 'text/html'],
		[{ 'content-type': 7 }, undefined],
		[{}, undefined],
	])('a download with the headers %j has the content type %s', async (headers, contentType) => {
		const { open } = userDownloader(respondWith(image(), headers));
		expect(await open(LINK)).toMatchObject({ contentType });
	});

	it('a link without a response is a network error', async () => {
		const error = networkError('ETIMEDOUT', 2);
		const { open } = userDownloader(async () => await Promise.reject(error));
		expect(await open(LINK)).toMatchObject({ kind: 'networkError', code: 'ETIMEDOUT' });
	});
});

const INTERNAL = [
	'http://localhost/1.png',
	'http://localhost:5678/rest/settings',
	'http://127.0.0.1/1.png',
	'http://127.1/1.png',
	'http://2130706433/1.png',
	'http://0x7f.0.0.1/1.png',
	'http://10.0.0.5/1.png',
	'http://172.16.3.4/1.png',
	'https://192.168.1.7/1.png',
	'http://169.254.169.254/latest/meta-data/',
	'http://100.64.0.1/1.png',
	'http://0.0.0.0/1.png',
	'http://[::1]/1.png',
	'http://[fd00::1]/1.png',
	'http://[fe80::1]/1.png',
	'http://[::ffff:10.0.0.5]/1.png',
	'http://n8n/1.png',
	'http://redis:6379/',
	'http://metadata.google.internal/computeMetadata/v1/',
	'http://nas.local/1.png',
	'http://localhost./1.png',
];

describe('an internal link', () => {
	const reason = expect.stringContaining(
		"the link leads into a private network, but the provider isn't in one: http",
	);

	it.each(INTERNAL)("the link %s isn't opened for a provider on the internet", async (link) => {
		const { open, requests } = networkOf({});
		expect(await open(link)).toEqual({ kind: 'networkError', code: 'REFUSED', reason });
		expect(requests).toEqual([]);
	});

	it.each(INTERNAL)(
		"a redirect to %s isn't followed for a provider on the internet",
		async (link) => {
			const { open, urls } = networkOf({
				'https://cdn.example.com/1.png': redirectTo('https://cdn.example.com/2.png'),
				'https://cdn.example.com/2.png': redirectTo(link),
			});
			expect(await open('https://cdn.example.com/1.png')).toMatchObject({
				kind: 'networkError',
				reason,
			});
			expect(urls()).toEqual(['https://cdn.example.com/1.png', 'https://cdn.example.com/2.png']);
		},
	);

	it.each(INTERNAL)('the link %s is opened for a provider in a private network', async (link) => {
		const { open, urls } = networkOf({ [link]: {} }, 'http://10.1.2.3:8080/v1');
		expect(await open(link)).toMatchObject({ kind: 'opened', status: 200 });
		expect(urls()).toEqual([link]);
	});
});

it.each([
	['https://api.evolink.ai/'],
	[' https://api.evolink.ai '],
	['https://8.8.8.8'],
	[''],
	[undefined],
])('a provider with the base URL %j is on the internet', async (baseUrl) => {
	const { open } = networkOf({}, baseUrl);
	expect(await open('http://10.0.0.1/1.png')).toMatchObject({ code: 'REFUSED' });
});

it.each([
	'http://localhost:3000',
	'http://provider/v1',
	'https://192.168.1.5',
	'http://[::1]:8080',
])('a provider with the base URL %s is in a private network', async (baseUrl) => {
	const { open } = networkOf({ 'http://10.0.0.1/1.png': {} }, baseUrl);
	expect(await open('http://10.0.0.1/1.png')).toMatchObject({ kind: 'opened' });
});

it("the user's own links are opened wherever they lead", async () => {
	const { context, urls } = networkOf({ 'http://10.0.0.1/1.png': {} });
	await createDownloader(context)('http://10.0.0.1/1.png');
	expect(urls()).toEqual(['http://10.0.0.1/1.png']);
});

describe('a download in a stopped execution', () => {
	it('a stopped execution opens no link', async () => {
		const { open, requests } = userDownloader(respondOk, AbortSignal.abort());
		await expect(open(LINK)).rejects.toThrow(ExecutionCancelled);
		expect(requests).toEqual([]);
	});

	it("stopping the execution aborts a download's request", async () => {
		const stop = new AbortController();
		const { open, requests } = userDownloader(respondWith(image()), stop.signal);
		await open(LINK);
		const isAborted = () => (requests[0]?.abortSignal as AbortSignal | undefined)?.aborted;
		expect(isAborted()).toBe(false);
		stop.abort();
		expect(isAborted()).toBe(true);
	});

	it("stopping the execution interrupts a download's body", async () => {
		const stop = new AbortController();
		const link = opened(await userDownloader(respondWith(silentBody()), stop.signal).open(LINK));
		stop.abort();
		await expect(buffer(link.body)).rejects.toThrow();
	});
});

describe('the timeouts of a download', () => {
	it.each([
		[undefined, 30_000],
		[5_000, 5_000],
	])('a download with the timeout %s has an idle timeout of %i ms', async (timeoutMs, timeout) => {
		const { open, requests } = userDownloader(respondWith(image()));
		await open(LINK, { timeoutMs });
		expect(requests).toMatchObject([{ timeout }]);
	});

	it('a download has two timers: one for all of it, and one for its idle time', async () => {
		const timers = mockTimers();
		await userDownloader(respondWith(silentBody())).open(LINK);
		expect(timers.map(({ ms }) => ms)).toEqual([600_000, 30_000]);
	});

	it('a download that never ends times out', async () => {
		const link = opened(
			await userDownloader(respondWith(silentBody())).open(LINK, { timeoutMs: 50 }),
		);
		await expect(buffer(link.body)).rejects.toThrow('the download is too slow to ever finish');
	});

	it.each([
		[31_000, 60_000, true],
		[31_000, 70_000, false],
		[29_000, 10, false],
	])(
		'a download that received after %i ms only %i bytes is too slow: %s',
		async (ms, bytes, isTooSlow) => {
			const body = silentBody();
			const { open, stored } = userDownloader(respondWith(body));
			const link = opened(await open(LINK));
			await link.store('lake.png', PNG, () => {});
			const [[content] = []] = stored;
			if (!(content instanceof Readable)) throw new Error('not streamed');
			passTime()(ms);
			body.push(Buffer.alloc(bytes));
			body.push(null);
			const received = text(content);
			if (isTooSlow) {
				await expect(received).rejects.toThrow('the download is too slow to ever finish');
			} else {
				await expect(received).resolves.toHaveLength(bytes);
			}
		},
	);
});

/** Stops the clock; the returned function sets how many milliseconds have passed since. */
function passTime(): (ms: number) => void {
	const startedAt = performance.now();
	let passed = 0;
	jest.spyOn(performance, 'now').mockImplementation(() => startedAt + passed);
	return (ms) => {
		passed = ms;
	};
}

describe('an idle download', () => {
	/** A download whose body the test fills, and whose timers it ends. */
	async function openIdle() {
		const timers = mockTimers();
		const body = silentBody();
		const signals: AbortSignal[] = [];
		const context = fakeContext({
			helpers: {
				httpRequest: async ({ abortSignal }: IHttpRequestOptions) => {
					if (abortSignal instanceof AbortSignal) signals.push(abortSignal);
					return { statusCode: 200, headers: {}, body };
				},
				prepareBinaryData: async (content: Readable) => {
					for await (const chunk of content) void chunk;
					return { data: '', mimeType: 'image/png' };
				},
			},
		});
		const link = opened(await createDownloader(context)('https://a.example/1.png'));
		return { timers, body, link, isAborted: () => signals[0]?.aborted };
	}

	it('a download that receives nothing for 30 seconds is aborted, along with its request', async () => {
		const { timers, body, isAborted } = await openIdle();
		expect(timers.map(({ ms }) => ms)).toEqual([600_000, 30_000]);
		passTime()(30_001);
		timers[1]?.end();
		expect(isAborted()).toBe(true);
		expect(body.destroyed).toBe(true);
	});

	it("a download isn't aborted as long as it receives something", async () => {
		const { timers, body, link, isAborted } = await openIdle();
		const setPassed = passTime();
		setPassed(20_000);
		const stored = link.store('1.png', PNG, () => {});
		body.push(Buffer.alloc(1_000_000));
		await new Promise((resolve) => setImmediate(resolve));
		setPassed(31_000);
		timers[1]?.end();
		expect(isAborted()).toBe(false);
		expect(timers).toHaveLength(3);
		expect(timers[2]?.ms).toBeLessThanOrEqual(19_001);
		setPassed(50_002);
		timers[2]?.end();
		expect(isAborted()).toBe(true);
		await expect(stored).rejects.toThrow();
	});
});

describe('a redirect', () => {
	it.each([
		['to another host', 'https://b.example/2.png', 'https://b.example/2.png'],
		['from http to https', 'https://a.example/1.png', 'https://a.example/1.png'],
		['without a host', '/2.png', 'http://a.example/2.png'],
		['to the same folder', '2.png', 'http://a.example/x/2.png'],
		['to the parent folder', '../2.png', 'http://a.example/2.png'],
		['without a scheme', '//b.example/2.png', 'http://b.example/2.png'],
		['with only a query string', '?signed=1', 'http://a.example/x/1.png?signed=1'],
		['with a space', 'https://b.example/2 3.png', 'https://b.example/2%203.png'],
	])('a redirect %s is followed', async (_what, location, target) => {
		for (const status of [301, 302, 303, 307, 308]) {
			const { open, urls, bodies } = networkOf({
				'http://a.example/x/1.png': redirectTo(location, status),
				[target]: {},
			});
			expect(await open('http://a.example/x/1.png')).toMatchObject({ kind: 'opened', status: 200 });
			expect(urls()).toEqual(['http://a.example/x/1.png', target]);
			expect(bodies.map(({ destroyed }) => destroyed)).toEqual([true, false]);
		}
	});

	it('a redirect is followed by the node itself, with the same user agent and without the API key', async () => {
		const { open, requests } = networkOf({
			'https://a.example/1.png': redirectTo('https://b.example/2.png'),
			'https://b.example/2.png': {},
		});
		await open('https://a.example/1.png', { asBrowser: true });
		expect(requests).toHaveLength(2);
		for (const options of requests) {
			expect(options).toMatchObject({
				disableFollowRedirect: true,
				encoding: 'stream',
				headers: { 'User-Agent': expect.stringMatching(/^Mozilla/) },
			});
			expect(Object.keys(options.headers ?? {})).toEqual(['User-Agent']);
		}
	});

	const chain = (redirects: number) =>
		Object.fromEntries(
			Array.from({ length: redirects }, (_, n): [string, Response] => [
				`https://a.example/${n}`,
				redirectTo(`/${n + 1}`),
			]),
		);

	it('ten redirects are followed', async () => {
		const { open, requests } = networkOf({ ...chain(10), 'https://a.example/10': {} });
		expect(await open('https://a.example/0')).toMatchObject({ kind: 'opened' });
		expect(requests).toHaveLength(11);
	});

	it('a link that redirects more than ten times is refused', async () => {
		const { open, requests } = networkOf({
			'https://a.example/1.png': redirectTo('https://a.example/1.png'),
		});
		expect(await open('https://a.example/1.png')).toMatchObject({
			code: 'REFUSED',
			reason: 'the link https://a.example/1.png redirects too often',
		});
		expect(requests).toHaveLength(11);
	});

	it.each([
		'file:///etc/passwd',
		'ftp://a.example/1.png',
		'data:image/png;base64,AAAA',
		'http://',
		'javascript:1',
	])("a redirect to %s isn't followed, because it isn't a web address", async (location) => {
		const { open, requests } = networkOf({ 'https://a.example/1.png': redirectTo(location) });
		expect(await open('https://a.example/1.png')).toEqual({
			kind: 'networkError',
			code: 'REFUSED',
			reason: `the link https://a.example/1.png redirects to ${location}, which isn't a web address`,
		});
		expect(requests).toHaveLength(1);
	});

	it.each([
		[302, {}],
		[304, {}],
		[302, { location: '' }],
		[200, { location: 'http://10.0.0.1/' }],
		[404, { location: 'http://10.0.0.1/' }],
	])("HTTP %i with the headers %j isn't a redirect", async (status, headers) => {
		const { open } = networkOf({ 'https://a.example/1.png': { status, headers } });
		expect(await open('https://a.example/1.png')).toMatchObject({ kind: 'opened', status });
	});
});
