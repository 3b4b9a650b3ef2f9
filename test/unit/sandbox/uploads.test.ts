import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios, { type AxiosResponse } from 'axios';
import sharp from 'sharp';

import { startSandbox, type Intercept, type Sandbox } from '../../sandbox/sandbox';

const MB = 1024 * 1024;

const HOUR_MS = 60 * 60 * 1000;

const STARTED_AT = 1_757_165_031_000;

const SERVICES = ['evoLink', 'apiMart'] as const;

type Service = (typeof SERVICES)[number];

let clock = STARTED_AT;
let sandbox: Sandbox;

beforeEach(async () => {
	clock = STARTED_AT;
	sandbox = await startSandbox({ now: () => clock });
});

afterEach(async () => sandbox.close());

const address = (service: Service): string =>
	service === 'evoLink'
		? `${sandbox.filesBaseUrl}/api/v1/files/upload/stream`
		: `${sandbox.baseUrls.apiMart}/v1/uploads/images`;

function post(service: Service, data: unknown, headers = {}): Promise<AxiosResponse> {
	return axios.post(address(service), data, {
		headers: { authorization: `Bearer ${sandbox.keys[service]}`, ...headers },
		validateStatus: () => true,
	});
}

function form(bytes: Buffer, name = 'cat.png', type = 'image/png', field = 'file'): FormData {
	const data = new FormData();
	data.append(field, new Blob([new Uint8Array(bytes)], { type }), name);
	return data;
}

const upload = (service: Service, bytes: Buffer, name?: string, type?: string) =>
	post(service, form(bytes, name, type));

/** With the text field that names the file. */
function uploadAs(service: Service, fileName: string, bytes: Buffer): Promise<AxiosResponse> {
	const data = form(bytes);
	data.append('file_name', fileName);
	return post(service, data);
}

const get = (url: string, headers = {}) =>
	axios.get<Buffer>(url, { responseType: 'arraybuffer', headers, validateStatus: () => true });

function linkIn(service: Service, { data }: AxiosResponse): string {
	return service === 'evoLink' ? data.data.file_url : data.url;
}

const draw = (width: number, height: number) =>
	sharp({ create: { width, height, channels: 3, background: 'teal' } });

/** A sound PNG of exactly so many bytes: libpng stops reading at its end. */
async function pngOf(bytes: number): Promise<Buffer> {
	const png = await draw(20, 20).png().toBuffer();
	return Buffer.concat([png, Buffer.alloc(bytes - png.length)]);
}

/** Waits for what the sandbox does after its answer; the test's own time limit ends a vain wait. */
async function until(met: () => boolean): Promise<void> {
	while (!met()) await new Promise((done) => setTimeout(done, 5));
}

it('EvoLink answers as documented, with decoration', async () => {
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

it('APIMart answers as documented', async () => {
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

describe.each(SERVICES)('%s', (service) => {
	const formRefusal = (message: RegExp) => ({
		status: 400,
		data: {
			error: {
				code: service === 'evoLink' ? 'invalid_request' : 400,
				message: expect.stringMatching(message),
				type: 'invalid_request_error',
			},
		},
	});

	/** EvoLink says with HTTP 200 what it does not take. */
	const fileRefusal = (code: number, message: RegExp) =>
		service === 'evoLink'
			? { status: 200, data: { success: false, code, msg: expect.stringMatching(message) } }
			: formRefusal(message);

	it.each(['jpeg', 'png', 'webp', 'gif'] as const)(
		'keeps a %s, whatever it is called',
		async (format) => {
			const bytes = await draw(40, 30).toFormat(format).toBuffer();
			const answer = await upload(service, bytes, 'notes.txt', 'text/plain');
			const url = linkIn(service, answer);
			const sha256 = createHash('sha256').update(bytes).digest('hex');
			const facts = { fileName: 'notes.txt', mimeType: 'text/plain', bytes: bytes.length, sha256 };
			expect(sandbox.uploads()).toEqual([
				{ provider: service, url, ...facts, width: 40, height: 30, format, at: clock },
			]);
			expect(sandbox.requests).toMatchObject([
				{ provider: service, step: 'upload', upload: facts },
			]);
			const { status, headers, data } = await get(url);
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
		['noise', () => randomBytes(1000)],
		['nothing', () => Buffer.alloc(0)],
	])('refuses %s, although it is called cat.png', async (_name, make) => {
		expect(await upload(service, await make())).toMatchObject(
			fileRefusal(40_002, /must be an image/),
		);
		expect(sandbox.uploads()).toEqual([]);
	});

	it('takes a file of the most bytes, and not one more', async () => {
		const most = (service === 'evoLink' ? 100 : 20) * MB;
		expect((await upload(service, await pngOf(most))).status).toBe(200);
		expect(await upload(service, await pngOf(most + 1))).toMatchObject(
			fileRefusal(40_001, /larger than/),
		);
		expect(sandbox.requests.at(-1)?.upload?.bytes).toBe(most + 1);
	});

	it('wants exactly one file, named file', async () => {
		const png = await pngOf(1000);
		const two = form(png);
		two.append('file', new Blob([new Uint8Array(png)]), 'dog.png');
		const text = new FormData();
		text.append('file', 'cat.png');
		for (const wrong of [two, text, form(png, 'cat.png', 'image/png', 'image'), new FormData()]) {
			expect((await post(service, wrong)).status).toBe(400);
		}
		const described = form(png);
		described.append('note', 'a cat');
		expect((await post(service, described)).status).toBe(200);
		expect(sandbox.uploads()).toHaveLength(1);
	});

	it.each<[string, unknown, string | undefined]>([
		['JSON', { file: 'cat.png' }, undefined],
		['bytes alone', Buffer.from('abc'), 'image/png'],
		['a form without a boundary', 'abc', 'multipart/form-data'],
	])('refuses %s', async (_name, body, type) => {
		const headers = type === undefined ? {} : { 'content-type': type };
		expect(await post(service, body, headers)).toMatchObject(formRefusal(/multipart/));
	});

	it('refuses a form that breaks off, and a key it does not know', async () => {
		const type = { 'content-type': 'multipart/form-data; boundary=x' };
		const open = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc';
		expect(await post(service, open, type)).toMatchObject(formRefusal(/malformed/));
		const wrong = await post(service, form(await pngOf(100_000)), {
			authorization: 'Bearer wrong',
		});
		expect([wrong.status, wrong.data.error.type]).toEqual([401, 'authentication_error']);
		expect(sandbox.uploads()).toEqual([]);
		expect(JSON.stringify(sandbox.requests)).not.toContain('wrong');
	});

	it('keeps a file for 72 hours', async () => {
		const url = linkIn(service, await upload(service, await pngOf(1000)));
		clock += 72 * HOUR_MS - 1;
		expect((await get(url)).status).toBe(200);
		clock += 1;
		expect((await get(url)).status).toBe(404);
		expect(sandbox.uploads()).toHaveLength(1);
	});

	it('counts attempts by content, and obeys the faults', async () => {
		const png = await pngOf(300_000);
		const obey = (intercept: Intercept) => sandbox.setIntercept(intercept);
		obey(() => ({ kind: 'resetBefore' }));
		await expect(upload(service, png)).rejects.toThrow();
		obey(() => ({ kind: 'answer', status: 503, body: 'busy' }));
		expect(await upload(service, png, 'again.png')).toMatchObject({ status: 503, data: 'busy' });
		expect(sandbox.uploads()).toEqual([]);
		obey(() => ({ kind: 'resetAfter' }));
		await expect(upload(service, png)).rejects.toThrow();
		expect(sandbox.uploads()).toHaveLength(1);
		obey(({ upload: facts }) => (facts?.bytes === 1000 ? { kind: 'delay', ms: 20 } : undefined));
		expect((await upload(service, await pngOf(1000))).status).toBe(200);
		obey(() => ({ kind: 'truncate', bytes: 10 }));
		await expect(upload(service, png)).rejects.toThrow();
		expect(sandbox.requests.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1, 4]);
	});

	it('survives a client that hangs up in the middle', async () => {
		const { port } = new URL(sandbox.origin);
		const socket = connect(Number(port), '127.0.0.1');
		socket.on('error', () => undefined);
		const head = [
			`POST ${new URL(address(service)).pathname} HTTP/1.1`,
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
		expect((await upload(service, await pngOf(1000))).status).toBe(200);
	});
});

describe('a file_name', () => {
	it('names a file at EvoLink, and a second one under it takes the place of the first', async () => {
		const [teal, wide] = [await pngOf(1000), await draw(60, 20).jpeg().toBuffer()];
		const first = await uploadAs('evoLink', 'cat.png', teal);
		clock += HOUR_MS;
		const second = await uploadAs('evoLink', 'cat.png', wide);
		expect(first.data.data).toMatchObject({ file_name: 'cat.png', original_name: 'cat.png' });
		const url = linkIn('evoLink', first);
		expect(linkIn('evoLink', second)).toBe(url);
		const { headers, data } = await get(url);
		expect([headers['content-type'], data.equals(wide)]).toEqual(['image/jpeg', true]);
		expect(sandbox.uploads()).toMatchObject([
			{ url, name: 'cat.png', fileName: 'cat.png', bytes: teal.length, at: STARTED_AT },
			{ url, name: 'cat.png', fileName: 'cat.png', bytes: wide.length, at: clock },
		]);
		clock += 72 * HOUR_MS - 1;
		expect((await get(url)).status).toBe(200);
	});

	it('stands anywhere in the form, and an empty one is none', async () => {
		const data = new FormData();
		data.append('file_name', '湖.png');
		data.append('file', new Blob([new Uint8Array(await pngOf(1000))]), 'cat.png');
		expect((await post('evoLink', data)).data.data.file_name).toBe('湖.png');
		const links = [
			await uploadAs('evoLink', '', await pngOf(1000)),
			await uploadAs('evoLink', '', await pngOf(1000)),
			await upload('evoLink', await pngOf(1000)),
			await upload('evoLink', await pngOf(1000)),
		].map((answer) => linkIn('evoLink', answer));
		expect(new Set(links).size).toBe(4);
		expect(sandbox.uploads().map(({ name }) => name)).toEqual(['湖.png', ...Array(4)]);
	});

	it('means nothing to APIMart', async () => {
		const first = await uploadAs('apiMart', 'lake.png', await pngOf(1000));
		const second = await uploadAs('apiMart', 'lake.png', await pngOf(2000));
		expect(first.data.filename).toBe('cat.png');
		expect(linkIn('apiMart', second)).not.toBe(linkIn('apiMart', first));
	});
});

describe('the most files', () => {
	const code = ({ status, data }: AxiosResponse) => [status, data.success, data.code];
	const taken = [200, true, 200];
	const refused = [200, false, 40_003];

	beforeEach(async () => {
		await sandbox.close();
		sandbox = await startSandbox({ now: () => clock, maxFiles: 2 });
	});

	it('are refused beyond the limit, unless one takes the place of another or has expired', async () => {
		const png = await pngOf(1000);
		expect(code(await uploadAs('evoLink', 'a.png', png))).toEqual(taken);
		clock += HOUR_MS;
		expect(code(await upload('evoLink', png))).toEqual(taken);
		expect(code(await upload('evoLink', png))).toEqual(refused);
		expect(code(await uploadAs('evoLink', 'b.png', png))).toEqual(refused);
		expect(code(await uploadAs('evoLink', 'a.png', png))).toEqual(taken);
		expect(sandbox.uploads()).toHaveLength(3);
		clock += 72 * HOUR_MS;
		expect(code(await uploadAs('evoLink', 'b.png', png))).toEqual(taken);
	});

	it('are counted only at EvoLink, and only its own', async () => {
		const png = await pngOf(1000);
		for (let count = 0; count < 3; count += 1) {
			expect((await upload('apiMart', png)).status).toBe(200);
			sandbox.addFile(png, 'image/png');
		}
		expect(code(await upload('evoLink', png))).toEqual(taken);
	});

	it('are kept to when many come at once', async () => {
		const png = await pngOf(1000);
		const answers = await Promise.all(Array.from({ length: 10 }, () => upload('evoLink', png)));
		expect(answers.filter(({ data }) => data.success)).toHaveLength(2);
	});
});

describe('links to files', () => {
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
	])('serve %s', async (range, status, text, part) => {
		const answer = await get(sandbox.addFile(bytes, 'image/tiff'), { range });
		expect([answer.status, answer.data.toString()]).toEqual([status, text]);
		expect(answer.headers).toMatchObject({
			'accept-ranges': 'bytes',
			'content-type': 'image/tiff',
			'content-length': String(text.length),
		});
		expect(answer.headers['content-range']).toBe(part);
	});

	it.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])('say 416 to %s', async (range) => {
		const answer = await get(sandbox.addFile(bytes, 'image/tiff'), { range });
		expect([answer.status, answer.headers['content-range']]).toEqual([416, 'bytes */10']);
	});

	it('answer HEAD, live until the sandbox closes, and note a key that came along', async () => {
		const url = sandbox.addFile(bytes, 'image/png');
		clock += 1000 * HOUR_MS;
		const head = await axios.head(url, { headers: { authorization: 'Bearer leaked' } });
		expect([head.status, head.headers['content-length']]).toEqual([200, '10']);
		expect(sandbox.requests).toMatchObject([
			{ step: 'download', method: 'HEAD', authorizationSent: true, attempt: 1 },
		]);
		expect(JSON.stringify(sandbox.requests)).not.toContain('leaked');
		expect((await get(`${sandbox.origin}/uploads/nowhere`)).status).toBe(404);
	});

	it('can be cut short', async () => {
		sandbox.setIntercept(() => ({ kind: 'truncate', bytes: 4 }));
		await expect(get(sandbox.addFile(bytes, 'image/png'))).rejects.toThrow();
	});
});

it('leaves nothing on the disk: refused files go at once, the rest with close()', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'uploads-test-'));
	const other = await startSandbox({}, { temporaryFolder: folder });
	const files = () => readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)));
	try {
		expect(readdirSync(folder)).toEqual([]);
		other.addFile(Buffer.from('abc'), 'image/png');
		const url = `${other.baseUrls.apiMart}/v1/uploads/images`;
		const answer = await axios.post(url, form(randomBytes(1000)), { validateStatus: () => true });
		expect(answer.status).toBe(401);
		// The answer leaves a moment before the file does.
		await until(() => files().length === 1);
		await other.close();
		expect(readdirSync(folder)).toEqual([]);
	} finally {
		await other.close();
		rmSync(folder, { recursive: true });
	}
});
