import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import axios, { type AxiosResponse } from 'axios';
import sharp from 'sharp';

import { startSandbox, type Intercept, type Sandbox } from '../../sandbox/sandbox';
import { download, HOUR_MS, START_TIME, until } from './client';

const MB = 1024 * 1024;

const PROVIDERS = ['evoLink', 'apiMart'] as const;

type UploadProvider = (typeof PROVIDERS)[number];

let clock = START_TIME;
let sandbox: Sandbox;

beforeEach(async () => {
	clock = START_TIME;
	sandbox = await startSandbox({ now: () => clock });
});

afterEach(async () => sandbox.close());

const address = (provider: UploadProvider): string =>
	provider === 'evoLink'
		? `${sandbox.filesBaseUrl}/api/v1/files/upload/stream`
		: `${sandbox.baseUrls.apiMart}/v1/uploads/images`;

function post(provider: UploadProvider, data: unknown, headers = {}): Promise<AxiosResponse> {
	return axios.post(address(provider), data, {
		headers: { authorization: `Bearer ${sandbox.keys[provider]}`, ...headers },
		// Keeps axios from buffering the body for redirects.
		maxRedirects: 0,
		validateStatus: () => true,
	});
}

function form(bytes: Buffer, name = 'cat.png', type = 'image/png', field = 'file'): FormData {
	const data = new FormData();
	data.append(field, new Blob([new Uint8Array(bytes)], { type }), name);
	return data;
}

const upload = (provider: UploadProvider, bytes: Buffer, name?: string, type?: string) =>
	post(provider, form(bytes, name, type));

/** Sends the bytes without copying them, which is much faster for a large file. */
function uploadLarge(provider: UploadProvider, bytes: Buffer): Promise<AxiosResponse> {
	const head = '--x\r\ncontent-disposition: form-data; name="file"; filename="cat.png"\r\n\r\n';
	const body = Readable.from([Buffer.from(head), bytes, Buffer.from('\r\n--x--\r\n')]);
	return post(provider, body, { 'content-type': 'multipart/form-data; boundary=x' });
}

/** With EvoLink's text field for the file's name. */
function uploadAs(
	provider: UploadProvider,
	fileName: string,
	bytes: Buffer,
): Promise<AxiosResponse> {
	const data = form(bytes);
	data.append('file_name', fileName);
	return post(provider, data);
}

function linkIn(provider: UploadProvider, { data }: AxiosResponse): string {
	return provider === 'evoLink' ? data.data.file_url : data.url;
}

const draw = (width: number, height: number) =>
	sharp({ create: { width, height, channels: 3, background: 'teal' } });

/** A valid PNG of exactly this many bytes: libpng ignores what follows its end. */
async function pngOf(bytes: number): Promise<Buffer> {
	const png = await draw(20, 20).png().toBuffer();
	return Buffer.concat([png, Buffer.alloc(bytes - png.length)]);
}

it('EvoLink responds to an upload as documented, with additional fields', async () => {
	const bytes = await draw(40, 30).png().toBuffer();
	const { status, data } = await upload('evoLink', bytes, '湖 1.png');
	expect(status).toBe(200);
	expect(data).toEqual({
		success: true,
		code: 200,
		msg: expect.any(String),
		data: {
			file_id: expect.stringMatching(/^file_\w+$/),
			file_name: expect.stringMatching(/^\w+\.png$/),
			original_name: '湖 1.png',
			file_size: bytes.length,
			mime_type: 'image/png',
			file_url: expect.stringContaining(`${sandbox.origin}/uploads/`),
			download_url: data.data.file_url,
			upload_time: new Date(clock).toISOString(),
			expires_at: new Date(clock + 72 * HOUR_MS).toISOString(),
		},
	});
});

it('APIMart responds to an upload as documented', async () => {
	const bytes = await draw(40, 30).jpeg().toBuffer();
	expect(await upload('apiMart', bytes, 'cat.jpg', 'image/jpeg')).toMatchObject({
		status: 200,
		data: {
			url: expect.stringContaining(`${sandbox.origin}/uploads/`),
			filename: 'cat.jpg',
			content_type: 'image/jpeg',
			bytes: bytes.length,
			created_at: clock / 1000,
		},
	});
});

describe.each(PROVIDERS)('uploads to %s', (provider) => {
	const formError = (message: RegExp) => ({
		status: 400,
		data: {
			error: {
				code: provider === 'evoLink' ? 'invalid_request' : 400,
				message: expect.stringMatching(message),
				type: 'invalid_request_error',
			},
		},
	});

	/** EvoLink rejects files with HTTP 200. */
	const fileError = (code: number, message: RegExp) =>
		provider === 'evoLink'
			? { status: 200, data: { success: false, code, msg: expect.stringMatching(message) } }
			: formError(message);

	it.each(['jpeg', 'png', 'webp', 'gif'] as const)(
		'accepts an uploaded %s regardless of its name',
		async (format) => {
			const bytes = await draw(40, 30).toFormat(format).toBuffer();
			const response = await upload(provider, bytes, 'notes.txt', 'text/plain');
			const url = linkIn(provider, response);
			const sha256 = createHash('sha256').update(bytes).digest('hex');
			const info = { fileName: 'notes.txt', mimeType: 'text/plain', bytes: bytes.length, sha256 };
			expect(sandbox.uploads()).toEqual([
				{ provider, url, ...info, width: 40, height: 30, format, at: clock },
			]);
			expect(sandbox.requests).toMatchObject([{ provider, step: 'upload', upload: info }]);
			const { status, headers, data } = await download(url);
			expect([status, headers['content-type']]).toEqual([200, `image/${format}`]);
			expect(data.equals(bytes)).toBe(true);
		},
	);

	it.each<[string, () => Promise<Buffer> | Buffer]>([
		['a tiff', () => draw(40, 30).tiff().toBuffer()],
		[
			'an svg',
			() => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"/>'),
		],
		['an avif', () => draw(40, 30).avif().toBuffer()],
		['random bytes', () => randomBytes(1000)],
		['no bytes', () => Buffer.alloc(0)],
	])('rejects an upload of %s named cat.png', async (_name, make) => {
		expect(await upload(provider, await make())).toMatchObject(
			fileError(40_002, /must be an image/),
		);
		expect(sandbox.uploads()).toEqual([]);
	});

	it('accepts an upload of the maximum size, but not one byte more', async () => {
		const maxBytes = (provider === 'evoLink' ? 100 : 20) * MB;
		const png = await pngOf(maxBytes + 1);
		const accepted = await uploadLarge(provider, png.subarray(0, maxBytes));
		expect([accepted.status, linkIn(provider, accepted)]).toEqual([
			200,
			expect.stringContaining('/uploads/'),
		]);
		expect(await uploadLarge(provider, png)).toMatchObject(fileError(40_001, /larger than/));
		expect(sandbox.requests.at(-1)?.upload?.bytes).toBe(maxBytes + 1);
	});

	it('rejects a form unless it has exactly one file, named file', async () => {
		const png = await pngOf(1000);
		const two = form(png);
		two.append('file', new Blob([new Uint8Array(png)]), 'dog.png');
		const text = new FormData();
		text.append('file', 'cat.png');
		for (const wrong of [two, text, form(png, 'cat.png', 'image/png', 'image'), new FormData()]) {
			expect((await post(provider, wrong)).status).toBe(400);
		}
		const described = form(png);
		described.append('note', 'a cat');
		expect((await post(provider, described)).status).toBe(200);
		expect(sandbox.uploads()).toHaveLength(1);
	});

	it.each<[string, unknown, string | undefined]>([
		['JSON', { file: 'cat.png' }, undefined],
		['bytes alone', Buffer.from('abc'), 'image/png'],
		['a form without a boundary', 'abc', 'multipart/form-data'],
	])('rejects an upload as %s', async (_name, body, type) => {
		const headers = type === undefined ? {} : { 'content-type': type };
		expect(await post(provider, body, headers)).toMatchObject(formError(/multipart/));
	});

	it('rejects an incomplete form and a wrong API key', async () => {
		const type = { 'content-type': 'multipart/form-data; boundary=x' };
		const open = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc';
		expect(await post(provider, open, type)).toMatchObject(formError(/malformed/));
		const wrong = await post(provider, form(await pngOf(100_000)), {
			authorization: 'Bearer wrong',
		});
		expect([wrong.status, wrong.data.error.type]).toEqual([401, 'authentication_error']);
		expect(sandbox.uploads()).toEqual([]);
		expect(JSON.stringify(sandbox.requests)).not.toContain('wrong');
	});

	it('serves an uploaded file for 72 hours', async () => {
		const url = linkIn(provider, await upload(provider, await pngOf(1000)));
		clock += 72 * HOUR_MS - 1;
		expect((await download(url)).status).toBe(200);
		clock += 1;
		expect((await download(url)).status).toBe(404);
		expect(sandbox.uploads()).toHaveLength(1);
	});

	it('counts upload attempts by content and injects faults', async () => {
		const png = await pngOf(300_000);
		const inject = (intercept: Intercept) => sandbox.setIntercept(intercept);
		inject(() => ({ kind: 'resetBefore' }));
		await expect(upload(provider, png)).rejects.toThrow();
		inject(() => ({ kind: 'response', status: 503, body: 'busy' }));
		expect(await upload(provider, png, 'again.png')).toMatchObject({ status: 503, data: 'busy' });
		expect(sandbox.uploads()).toEqual([]);
		inject(() => ({ kind: 'resetAfter' }));
		await expect(upload(provider, png)).rejects.toThrow();
		expect(sandbox.uploads()).toHaveLength(1);
		inject(({ upload: info }) => (info?.bytes === 1000 ? { kind: 'delay', ms: 20 } : undefined));
		expect((await upload(provider, await pngOf(1000))).status).toBe(200);
		inject(() => ({ kind: 'truncate', bytes: 10 }));
		await expect(upload(provider, png)).rejects.toThrow();
		expect(sandbox.requests.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1, 4]);
	});

	it('handles a client that disconnects during an upload', async () => {
		const { port } = new URL(sandbox.origin);
		const socket = connect(Number(port), '127.0.0.1');
		socket.on('error', () => undefined);
		const head = [
			`POST ${new URL(address(provider)).pathname} HTTP/1.1`,
			'host: sandbox',
			'content-length: 5000',
			'content-type: multipart/form-data; boundary=x',
		];
		const part = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc';
		await new Promise<void>((done) =>
			socket.write(`${head.join('\r\n')}\r\n\r\n${part}`, () => done()),
		);
		await new Promise((done) => setTimeout(done, 50));
		socket.destroy();
		await until(() => sandbox.requests.length > 0);
		expect(sandbox.requests).toMatchObject([{ step: 'upload', attempt: 1 }]);
		expect((await upload(provider, await pngOf(1000))).status).toBe(200);
	});
});

describe('the file_name field', () => {
	it('file_name names a file at EvoLink, and a second upload with the same name replaces it', async () => {
		const [teal, wide] = [await pngOf(1000), await draw(60, 20).jpeg().toBuffer()];
		const first = await uploadAs('evoLink', 'cat.png', teal);
		clock += HOUR_MS;
		const second = await uploadAs('evoLink', 'cat.png', wide);
		expect(first.data.data).toMatchObject({ file_name: 'cat.png', original_name: 'cat.png' });
		const url = linkIn('evoLink', first);
		expect(linkIn('evoLink', second)).toBe(url);
		const { headers, data } = await download(url);
		expect([headers['content-type'], data.equals(wide)]).toEqual(['image/jpeg', true]);
		expect(sandbox.uploads()).toMatchObject([
			{ url, name: 'cat.png', fileName: 'cat.png', bytes: teal.length, at: START_TIME },
			{ url, name: 'cat.png', fileName: 'cat.png', bytes: wide.length, at: clock },
		]);
		clock += 72 * HOUR_MS - 1;
		expect((await download(url)).status).toBe(200);
	});

	it('file_name may be anywhere in the form, and is ignored if empty', async () => {
		const data = new FormData();
		data.append('file_name', '湖.png');
		data.append('file', new Blob([new Uint8Array(await pngOf(1000))]), 'cat.png');
		expect((await post('evoLink', data)).data.data.file_name).toBe('湖.png');
		const links = [
			await uploadAs('evoLink', '', await pngOf(1000)),
			await uploadAs('evoLink', '', await pngOf(1000)),
			await upload('evoLink', await pngOf(1000)),
			await upload('evoLink', await pngOf(1000)),
		].map((response) => linkIn('evoLink', response));
		expect(new Set(links).size).toBe(4);
		expect(sandbox.uploads().map(({ name }) => name)).toEqual(['湖.png', ...Array(4)]);
	});

	it('file_name is ignored by APIMart', async () => {
		const first = await uploadAs('apiMart', 'lake.png', await pngOf(1000));
		const second = await uploadAs('apiMart', 'lake.png', await pngOf(2000));
		expect(first.data.filename).toBe('cat.png');
		expect(linkIn('apiMart', second)).not.toBe(linkIn('apiMart', first));
	});
});

describe('the file limit', () => {
	const code = ({ status, data }: AxiosResponse) => [status, data.success, data.code];
	const accepted = [200, true, 200];
	const rejected = [200, false, 40_003];

	beforeEach(async () => {
		await sandbox.close();
		sandbox = await startSandbox({ now: () => clock, maxFiles: 2 });
	});

	it('EvoLink rejects uploads above the file limit, not counting replaced and expired files', async () => {
		const png = await pngOf(1000);
		expect(code(await uploadAs('evoLink', 'a.png', png))).toEqual(accepted);
		clock += HOUR_MS;
		expect(code(await upload('evoLink', png))).toEqual(accepted);
		expect(code(await upload('evoLink', png))).toEqual(rejected);
		expect(code(await uploadAs('evoLink', 'b.png', png))).toEqual(rejected);
		expect(code(await uploadAs('evoLink', 'a.png', png))).toEqual(accepted);
		expect(sandbox.uploads()).toHaveLength(3);
		clock += 72 * HOUR_MS;
		expect(code(await uploadAs('evoLink', 'b.png', png))).toEqual(accepted);
	});

	it('the file limit applies only to EvoLink, and only to its own files', async () => {
		const png = await pngOf(1000);
		for (let count = 0; count < 3; count += 1) {
			expect((await upload('apiMart', png)).status).toBe(200);
			sandbox.addFile(png, 'image/png');
		}
		expect(code(await upload('evoLink', png))).toEqual(accepted);
	});

	it('the file limit holds for simultaneous uploads', async () => {
		const png = await pngOf(1000);
		const responses = await Promise.all(Array.from({ length: 10 }, () => upload('evoLink', png)));
		expect(responses.filter(({ data }) => data.success)).toHaveLength(2);
	});
});

describe('file links', () => {
	const bytes = Buffer.from('0123456789');

	it.each<[string, number, string, string | undefined]>([
		['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
		['bytes=8-', 206, '89', 'bytes 8-9/10'],
		['bytes=8-99', 206, '89', 'bytes 8-9/10'],
		['bytes=-3', 206, '789', 'bytes 7-9/10'],
		['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
		['bytes=9-9', 206, '9', 'bytes 9-9/10'],
		['bytes=5-2', 200, '0123456789', undefined],
		['bytes=0-1,4-5', 200, '0123456789', undefined],
		['lines=0-1', 200, '0123456789', undefined],
	])('a file link serves the range %s', async (range, status, text, part) => {
		const response = await download(sandbox.addFile(bytes, 'image/tiff'), { range });
		expect([response.status, response.data.toString()]).toEqual([status, text]);
		expect(response.headers).toMatchObject({
			'accept-ranges': 'bytes',
			'content-type': 'image/tiff',
			'content-length': String(text.length),
		});
		expect(response.headers['content-range']).toBe(part);
	});

	it.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])(
		'a file link rejects the range %s with 416',
		async (range) => {
			const response = await download(sandbox.addFile(bytes, 'image/tiff'), { range });
			expect([response.status, response.headers['content-range']]).toEqual([416, 'bytes */10']);
		},
	);

	it('a file link responds to HEAD, works until the sandbox closes, and logs a sent API key', async () => {
		const url = sandbox.addFile(bytes, 'image/png');
		clock += 1000 * HOUR_MS;
		const head = await axios.head(url, { headers: { authorization: 'Bearer leaked' } });
		expect([head.status, head.headers['content-length']]).toEqual([200, '10']);
		expect(sandbox.requests).toMatchObject([
			{ step: 'download', method: 'HEAD', authorizationSent: true, attempt: 1 },
		]);
		expect(JSON.stringify(sandbox.requests)).not.toContain('leaked');
		expect((await download(`${sandbox.origin}/uploads/nowhere`)).status).toBe(404);
	});

	it('a file link can be truncated', async () => {
		sandbox.setIntercept(() => ({ kind: 'truncate', bytes: 4 }));
		await expect(download(sandbox.addFile(bytes, 'image/png'))).rejects.toThrow();
	});
});

it('rejected uploads are deleted at once, all other files by close()', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'uploads-test-'));
	const other = await startSandbox({}, { temporaryFolder: folder });
	const files = () => readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)));
	try {
		expect(readdirSync(folder)).toEqual([]);
		other.addFile(Buffer.from('abc'), 'image/png');
		const url = `${other.baseUrls.apiMart}/v1/uploads/images`;
		const response = await axios.post(url, form(randomBytes(1000)), { validateStatus: () => true });
		expect(response.status).toBe(401);
		// The file is deleted just after the response is sent.
		await until(() => files().length === 1);
		await other.close();
		expect(readdirSync(folder)).toEqual([]);
	} finally {
		await other.close();
		rmSync(folder, { recursive: true });
	}
});
