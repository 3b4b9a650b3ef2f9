import { request as openRequest, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import axios from 'axios';

import { startSandbox, type Fault, type Sandbox } from '../../sandbox/sandbox';
import { MINIMAL_CREATE, START_TIME, until } from './client';

let clock = START_TIME;
let sandbox: Sandbox;

beforeEach(async () => {
	clock = START_TIME;
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock, imageBytes: 20_000 });
});

afterEach(async () => sandbox.close());

/** The part of a response that has arrived so far. */
interface Received {
	status: number | undefined;
	headers: Record<string, unknown>;
	body: Buffer;
	/** Undefined while more may come. */
	end?: 'complete' | 'broken';
	abort(): void;
}

/** Resolves with the headers. The body arrives later. */
function receive(url: string, body?: object, key = sandbox.keys.evoLink): Promise<Received> {
	return new Promise((done, failed) => {
		const headers = { authorization: `Bearer ${key}` };
		const request = openRequest(url, { method: body ? 'POST' : 'GET', headers }, (response) =>
			done(collect(response)),
		);
		request.on('error', failed);
		request.end(body && JSON.stringify(body));
	});
}

function collect(response: IncomingMessage): Received {
	const received: Received = {
		status: response.statusCode,
		headers: response.headers,
		body: Buffer.alloc(0),
		abort: () => response.destroy(),
	};
	response.on('data', (chunk: Buffer) => (received.body = Buffer.concat([received.body, chunk])));
	response.on('error', () => undefined);
	response.on('close', () => (received.end = response.complete ? 'complete' : 'broken'));
	return received;
}

const create = () =>
	receive(`${sandbox.baseUrls.evoLink}/v1/images/generations`, MINIMAL_CREATE.evoLink);

async function imageLink(): Promise<string> {
	await create();
	clock += 10_000;
	return sandbox.tasks()[0]?.images[0] ?? '';
}

const injectAlways = (fault: Fault) => sandbox.setIntercept(() => fault);

/** The URL of an image, and its intact response. */
async function intactImage() {
	const link = await imageLink();
	const intact = await receive(link);
	await until(() => intact.end === 'complete');
	return { link, intact };
}

/** Without the date, which differs between responses. */
function stableHeaders({ headers }: Received) {
	return { ...headers, date: undefined };
}

describe('the truncate fault', () => {
	it('truncates an image under its original headers and closes the connection', async () => {
		const { link, intact } = await intactImage();
		injectAlways({ kind: 'truncate', bytes: 100 });
		const received = await receive(link);
		await until(() => received.end === 'broken');
		expect(received.status).toBe(200);
		expect(stableHeaders(received)).toEqual(stableHeaders(intact));
		expect(received.headers).toMatchObject({
			'content-type': 'image/png',
			'content-length': String(intact.body.length),
		});
		expect(received.body).toEqual(intact.body.subarray(0, 100));
	});

	it('truncates JSON under its original Content-Type', async () => {
		const intact = await create();
		injectAlways({ kind: 'truncate', bytes: 10 });
		const received = await create();
		expect(received.headers['content-type']).toBe(intact.headers['content-type']);
	});
});

describe('the stall fault', () => {
	it.each([0, 1, 100])('stalls after the headers and %d bytes of an image', async (bytes) => {
		const { link, intact } = await intactImage();
		injectAlways({ kind: 'stall', bytes });
		const received = await receive(link);
		await until(() => received.body.length === bytes);
		await wait(50);
		expect([received.status, received.end]).toEqual([200, undefined]);
		expect(stableHeaders(received)).toEqual(stableHeaders(intact));
		expect(received.body).toEqual(intact.body.subarray(0, bytes));
	});

	it('stalls before the last byte even if it may send more', async () => {
		const { link, intact } = await intactImage();
		injectAlways({ kind: 'stall', bytes: Infinity });
		const received = await receive(link);
		await until(() => received.body.length === intact.body.length - 1);
		await wait(50);
		expect([received.body.length, received.end]).toEqual([intact.body.length - 1, undefined]);
	});

	it('stalls the response to a create that took effect', async () => {
		injectAlways({ kind: 'stall', bytes: 5 });
		await create();
		expect(sandbox.tasks()).toHaveLength(1);
		expect(sandbox.account('evoLink').reserved).toBe(2.04);
	});

	it('stops stalling when the client disconnects', async () => {
		injectAlways({ kind: 'stall', bytes: 5 });
		const received = await create();
		received.abort();
		sandbox.setIntercept(undefined);
		expect((await create()).status).toBe(200);
	});

	it('stops stalling as soon as the sandbox closes', async () => {
		injectAlways({ kind: 'stall', bytes: 5 });
		const received = await create();
		const from = Date.now();
		await sandbox.close();
		await until(() => received.end === 'broken');
		expect(Date.now() - from).toBeLessThan(1000);
	});
});

describe('the cut fault', () => {
	it('cuts an image so that it is a complete response by HTTP', async () => {
		const { link, intact } = await intactImage();
		injectAlways({ kind: 'cut', bytes: 100 });
		const received = await receive(link);
		await until(() => received.end === 'complete');
		expect(received.status).toBe(200);
		expect(stableHeaders(received)).toEqual({ ...stableHeaders(intact), 'content-length': '100' });
		expect(received.body).toEqual(intact.body.subarray(0, 100));
	});

	it('cuts JSON so that it does not parse, after the request took effect', async () => {
		const intact = await create();
		injectAlways({ kind: 'cut', bytes: 40 });
		const received = await create();
		await until(() => received.end === 'complete');
		expect(received.status).toBe(200);
		expect(received.headers['content-type']).toBe(intact.headers['content-type']);
		expect(received.body).toHaveLength(40);
		expect(() => JSON.parse(received.body.toString())).toThrow(SyntaxError);
		expect(sandbox.tasks()).toHaveLength(2);
	});

	it('cuts at least the last byte', async () => {
		injectAlways({ kind: 'cut', bytes: Infinity });
		const url = `${sandbox.baseUrls.evoLink}/v1/tasks/nowhere`;
		const { status, data } = await axios.get(url, {
			responseType: 'text',
			transformResponse: (text: string) => text,
			validateStatus: () => true,
		});
		expect([status, data.at(0), data.at(-1)]).toEqual([401, '{', '}']);
		expect(() => JSON.parse(data)).toThrow(SyntaxError);
	});
});

describe('the reshape fault', () => {
	it('reshapes the response to a request that took effect', async () => {
		injectAlways({
			kind: 'reshape',
			change: ({ status, headers, body }) => ({
				status: status + 2,
				headers: { ...headers, 'x-more': 'yes' },
				body: { data: body },
			}),
		});
		const received = await create();
		await until(() => received.end === 'complete');
		expect([received.status, received.headers['x-more']]).toEqual([202, 'yes']);
		const [task] = sandbox.tasks();
		expect(JSON.parse(received.body.toString()).data.id).toBe(task?.id);
	});

	it('reshapes bytes and text', async () => {
		const { link, intact } = await intactImage();
		injectAlways({
			kind: 'reshape',
			change: (response) => ({
				...response,
				body: Buffer.concat([response.body as Buffer, Buffer.from('!')]),
			}),
		});
		const received = await receive(link);
		await until(() => received.end === 'complete');
		expect(received.headers['content-type']).toBe('image/png');
		expect(received.body.equals(Buffer.concat([intact.body, Buffer.from('!')]))).toBe(true);
		injectAlways({ kind: 'reshape', change: () => ({ status: 200, body: '<p>moved</p>' }) });
		const page = await receive(link);
		await until(() => page.end === 'complete');
		expect(page.headers['content-type']).toMatch(/^text\/html/);
	});

	it('reports a reshape that throws, after the request took effect', async () => {
		injectAlways({
			kind: 'reshape',
			change: () => {
				throw new Error('oops');
			},
		});
		const received = await create();
		await until(() => received.end === 'complete');
		expect([received.status, received.body.toString()]).toEqual([
			500,
			expect.stringContaining('oops'),
		]);
		expect(sandbox.tasks()).toHaveLength(1);
	});
});

describe('the trickle fault', () => {
	it('trickles the headers at once and then byte by byte until the body is complete', async () => {
		// APIMart's response to a create is the shortest.
		const createAtApiMart = () =>
			receive(
				`${sandbox.baseUrls.apiMart}/v1/images/generations`,
				MINIMAL_CREATE.apiMart,
				sandbox.keys.apiMart,
			);
		const intact = await createAtApiMart();
		await until(() => intact.end === 'complete');
		const from = Date.now();
		injectAlways({ kind: 'trickle', everyMs: 4 });
		const received = await createAtApiMart();
		expect(received.body.length).toBeLessThan(intact.body.length / 2);
		expect(stableHeaders(received)).toEqual(stableHeaders(intact));
		await until(() => received.end === 'complete');
		expect(Date.now() - from).toBeGreaterThanOrEqual(2 * intact.body.length);
		const { data } = JSON.parse(received.body.toString());
		expect(data[0].task_id).toBe(sandbox.tasks()[1]?.id);
	});

	it('trickles an empty body and ends', async () => {
		const link = sandbox.addFile(Buffer.alloc(0), 'image/png');
		injectAlways({ kind: 'trickle', everyMs: 2 });
		const received = await receive(link);
		await until(() => received.end === 'complete');
		expect(received.body).toHaveLength(0);
	});

	it('trickles the first byte after an interval and stops when the client disconnects', async () => {
		injectAlways({ kind: 'trickle', everyMs: 100 });
		const received = await create();
		expect(received.body).toHaveLength(0);
		await until(() => received.body.length >= 2);
		received.abort();
		const { length } = received.body;
		await wait(250);
		expect(received.body).toHaveLength(length);
		sandbox.setIntercept(undefined);
		expect((await create()).status).toBe(200);
	});

	it('stops trickling as soon as the sandbox closes', async () => {
		injectAlways({ kind: 'trickle', everyMs: 60_000 });
		const received = await create();
		expect(sandbox.tasks()).toHaveLength(1);
		const from = Date.now();
		await sandbox.close();
		await until(() => received.end === 'broken');
		expect(Date.now() - from).toBeLessThan(1000);
	});
});
