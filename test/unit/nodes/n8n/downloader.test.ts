import { Readable } from 'node:stream';
import type { IHttpRequestOptions } from 'n8n-workflow';

import { createDownloader } from '../../../../nodes/Seedream/n8n/downloader';
import { evoLink } from '../../../../nodes/Seedream/providers/evoLink';
import { fakeContext } from '../fakeContext';

const PUBLIC = 'https://api.evolink.ai';

interface Hop {
	status?: number;
	headers?: Record<string, string>;
}

/** A network in which each address answers so; what is opened leads from one to the next. */
function network(hops: Record<string, Hop>, baseUrl: unknown = PUBLIC) {
	const fingerprint: IHttpRequestOptions[] = [];
	const bodies: Readable[] = [];
	const context = fakeContext({
		credentials: { evoLinkApi: { apiKey: 'key', baseUrl: baseUrl as string } },
		helpers: {
			httpRequest: async (options: IHttpRequestOptions) => {
				fingerprint.push(options);
				const { status = 200, headers = {} } = hops[String(options.url)] ?? { status: 404 };
				const body = Readable.from([Buffer.from('image')]);
				bodies.push(body);
				return { statusCode: status, headers, body };
			},
		},
	});
	const urls = () => fingerprint.map(({ url }) => url);
	return {
		context,
		fingerprint,
		urls,
		bodies,
		open: createDownloader(context, { provider: evoLink, itemIndex: 0 }),
	};
}

const to = (location: string, status = 302): Hop => ({ status, headers: { location } });

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

describe.each(INTERNAL)('the link %s', (link) => {
	const words = expect.stringContaining('leads into a private network');

	it('is not opened for a provider on the internet', async () => {
		const { open, fingerprint } = network({});
		expect(await open(link)).toEqual({ kind: 'networkError', code: 'REFUSED', why: words });
		expect(fingerprint).toEqual([]);
	});

	it('is not led to for one either, at whatever step', async () => {
		const { open, urls } = network({
			'https://cdn.example.com/1.png': to('https://cdn.example.com/2.png'),
			'https://cdn.example.com/2.png': to(link),
		});
		expect(await open('https://cdn.example.com/1.png')).toMatchObject({
			kind: 'networkError',
			why: words,
		});
		expect(urls()).toEqual(['https://cdn.example.com/1.png', 'https://cdn.example.com/2.png']);
	});

	it('is opened for a provider in a private network', async () => {
		const { open, urls } = network({ [link]: {} }, 'http://10.1.2.3:8080/v1');
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
])('a provider with the base URL %j counts as one on the internet', async (baseUrl) => {
	const { open } = network({}, baseUrl);
	expect(await open('http://10.0.0.1/1.png')).toMatchObject({ code: 'REFUSED' });
});

it.each([
	'http://localhost:3000',
	'http://provider/v1',
	'https://192.168.1.5',
	'http://[::1]:8080',
])('a provider with the base URL %s does not', async (baseUrl) => {
	const { open } = network({ 'http://10.0.0.1/1.png': {} }, baseUrl);
	expect(await open('http://10.0.0.1/1.png')).toMatchObject({ kind: 'opened' });
});

it("the user's own links are opened wherever they lead", async () => {
	const { context, urls } = network({ 'http://10.0.0.1/1.png': {} });
	await createDownloader(context)('http://10.0.0.1/1.png');
	expect(urls()).toEqual(['http://10.0.0.1/1.png']);
});

describe('a file that falls silent', () => {
	/** Each runs out when the test says so. */
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

	const opened = async () => {
		const body = new Readable({ read() {} });
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
		const link = await createDownloader(context)('https://a.example/1.png');
		if (link.kind !== 'opened') throw new Error(link.code);
		return { body, link, isOver: () => signals[0]?.aborted };
	};

	it('is broken off after half a minute, in the request itself', async () => {
		const { body, isOver } = await opened();
		expect(timers.map(({ ms }) => ms)).toEqual([600_000, 30_000]);
		const begun = performance.now();
		const now = jest.spyOn(performance, 'now').mockImplementation(() => begun + 30_001);
		timers[1]?.end();
		now.mockRestore();
		expect(isOver()).toBe(true);
		expect(body.destroyed).toBe(true);
	});

	it('is waited for as long as something comes', async () => {
		const { body, link, isOver } = await opened();
		const begun = performance.now();
		let ms = 20_000;
		const now = jest.spyOn(performance, 'now').mockImplementation(() => begun + ms);
		const stored = link.store('1.png', { extension: 'png', mimeType: 'image/png' }, () => {});
		body.push(Buffer.alloc(1_000_000));
		await new Promise((resolve) => setImmediate(resolve));
		ms = 31_000;
		timers[1]?.end();
		expect(isOver()).toBe(false);
		expect(timers).toHaveLength(3);
		expect(timers[2]?.ms).toBeLessThanOrEqual(19_001);
		ms = 50_002;
		timers[2]?.end();
		now.mockRestore();
		expect(isOver()).toBe(true);
		await expect(stored).rejects.toThrow();
	});
});

describe('a redirect', () => {
	it.each([
		['to another host', 'https://b.example/2.png', 'https://b.example/2.png'],
		['from http to https', 'https://a.example/1.png', 'https://a.example/1.png'],
		['without a host', '/2.png', 'http://a.example/2.png'],
		['beside itself', '2.png', 'http://a.example/x/2.png'],
		['upwards', '../2.png', 'http://a.example/2.png'],
		['without a scheme', '//b.example/2.png', 'http://b.example/2.png'],
		['with nothing but a query', '?signed=1', 'http://a.example/x/1.png?signed=1'],
		['with a space', 'https://b.example/2 3.png', 'https://b.example/2%203.png'],
	])('is followed %s', async (_what, location, target) => {
		for (const status of [301, 302, 303, 307, 308]) {
			const { open, urls, bodies } = network({
				'http://a.example/x/1.png': to(location, status),
				[target]: {},
			});
			expect(await open('http://a.example/x/1.png')).toMatchObject({ kind: 'opened', status: 200 });
			expect(urls()).toEqual(['http://a.example/x/1.png', target]);
			expect(bodies.map(({ destroyed }) => destroyed)).toEqual([true, false]);
		}
	});

	it('goes on as the same client, without a key, and is looked at before it is followed', async () => {
		const { open, fingerprint } = network({
			'https://a.example/1.png': to('https://b.example/2.png'),
			'https://b.example/2.png': {},
		});
		await open('https://a.example/1.png', { asBrowser: true });
		expect(fingerprint).toHaveLength(2);
		for (const options of fingerprint) {
			expect(options).toMatchObject({
				disableFollowRedirect: true,
				encoding: 'stream',
				headers: { 'User-Agent': expect.stringMatching(/^Mozilla/) },
			});
			expect(Object.keys(options.headers ?? {})).toEqual(['User-Agent']);
		}
	});

	const chain = (steps: number) =>
		Object.fromEntries(
			Array.from({ length: steps }, (_, n): [string, Hop] => [
				`https://a.example/${n}`,
				to(`/${n + 1}`),
			]),
		);

	it('may follow another, up to ten', async () => {
		const { open, fingerprint } = network({ ...chain(10), 'https://a.example/10': {} });
		expect(await open('https://a.example/0')).toMatchObject({ kind: 'opened' });
		expect(fingerprint).toHaveLength(11);
	});

	it('that leads on and on is given up', async () => {
		const { open, fingerprint } = network({
			'https://a.example/1.png': to('https://a.example/1.png'),
		});
		expect(await open('https://a.example/1.png')).toMatchObject({
			code: 'REFUSED',
			why: expect.stringContaining('leads on and on'),
		});
		expect(fingerprint).toHaveLength(11);
	});

	it.each([
		'file:///etc/passwd',
		'ftp://a.example/1.png',
		'data:image/png;base64,AAAA',
		'http://',
		'javascript:1',
	])('to what is no address on the web is not followed: %s', async (location) => {
		const { open, fingerprint } = network({ 'https://a.example/1.png': to(location) });
		expect(await open('https://a.example/1.png')).toMatchObject({ code: 'REFUSED' });
		expect(fingerprint).toHaveLength(1);
	});

	it.each([
		[302, {}],
		[304, {}],
		[302, { location: '' }],
		[200, { location: 'http://10.0.0.1/' }],
		[404, { location: 'http://10.0.0.1/' }],
	])('that leads nowhere is an answer like any other: %i %j', async (status, headers) => {
		const { open } = network({ 'https://a.example/1.png': { status, headers } });
		expect(await open('https://a.example/1.png')).toMatchObject({ kind: 'opened', status });
	});
});
