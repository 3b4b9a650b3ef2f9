import { request as openRequest, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import axios from 'axios';
import { startSandbox, type Fault, type Sandbox } from '../../sandbox/sandbox';

let clock = 1_757_165_031_000;
let sandbox: Sandbox;

beforeEach(async () => {
	clock = 1_757_165_031_000;
	sandbox = await startSandbox({ taskSeconds: 10, now: () => clock });
});

afterEach(async () => sandbox.close());

/** What of an answer has come, and how it ended. */
interface Received {
	status: number | undefined;
	headers: Record<string, unknown>;
	body: Buffer;
	/** Undefined while it has not ended. */
	end?: 'whole' | 'broken';
	giveUp(): void;
}

/** Resolves with the headers; the body comes in afterwards. */
function receive(url: string, order?: object, key = sandbox.keys.evoLink): Promise<Received> {
	return new Promise((done, failed) => {
		const headers = { authorization: `Bearer ${key}` };
		const asked = openRequest(url, { method: order ? 'POST' : 'GET', headers }, (answer) =>
			done(collect(answer)),
		);
		asked.on('error', failed);
		asked.end(order && JSON.stringify(order));
	});
}

function collect(answer: IncomingMessage): Received {
	const received: Received = {
		status: answer.statusCode,
		headers: answer.headers,
		body: Buffer.alloc(0),
		giveUp: () => answer.destroy(),
	};
	answer.on('data', (chunk: Buffer) => (received.body = Buffer.concat([received.body, chunk])));
	answer.on('error', () => undefined);
	answer.on('close', () => (received.end = answer.complete ? 'whole' : 'broken'));
	return received;
}

/** Waits for what comes over the socket; the test's own time limit ends a vain wait. */
async function until(met: () => boolean): Promise<void> {
	while (!met()) await wait(5);
}

const create = () =>
	receive(`${sandbox.baseUrls.evoLink}/v1/images/generations`, {
		model: 'doubao-seedream-4.5',
		prompt: 'a lake',
	});

async function imageLink(): Promise<string> {
	await create();
	clock += 10_000;
	return sandbox.tasks()[0]?.images[0] ?? '';
}

const always = (fault: Fault) => sandbox.setIntercept(() => fault);

/** The link of an image, and how it looks when nothing is wrong. */
async function soundImage() {
	const link = await imageLink();
	const sound = await receive(link);
	await until(() => sound.end === 'whole');
	return { link, sound };
}

/** Date apart, these are the same for each answer. */
function lastingHeaders({ headers }: Received) {
	return { ...headers, date: undefined };
}

describe('truncate', () => {
	it('keeps the headers of an image, cuts its bytes and ends the connection', async () => {
		const { link, sound } = await soundImage();
		always({ kind: 'truncate', bytes: 100 });
		const got = await receive(link);
		await until(() => got.end === 'broken');
		expect(got.status).toBe(200);
		expect(lastingHeaders(got)).toEqual(lastingHeaders(sound));
		expect(got.headers).toMatchObject({
			'content-type': 'image/png',
			'content-length': String(sound.body.length),
		});
		expect(got.body).toEqual(sound.body.subarray(0, 100));
	});

	it('keeps the headers of JSON', async () => {
		const sound = await create();
		always({ kind: 'truncate', bytes: 10 });
		const got = await create();
		expect(got.headers['content-type']).toBe(sound.headers['content-type']);
	});
});

describe('stall', () => {
	it.each([0, 1, 100])(
		'sends the headers and %d bytes of an image, then nothing',
		async (bytes) => {
			const { link, sound } = await soundImage();
			always({ kind: 'stall', bytes });
			const got = await receive(link);
			await until(() => got.body.length === bytes);
			await wait(50);
			expect([got.status, got.end]).toEqual([200, undefined]);
			expect(lastingHeaders(got)).toEqual(lastingHeaders(sound));
			expect(got.body).toEqual(sound.body.subarray(0, bytes));
		},
	);

	it('never sends the last byte', async () => {
		const { link, sound } = await soundImage();
		always({ kind: 'stall', bytes: Infinity });
		const got = await receive(link);
		await until(() => got.body.length === sound.body.length - 1);
		await wait(50);
		expect([got.body.length, got.end]).toEqual([sound.body.length - 1, undefined]);
	});

	it('lets a create take effect', async () => {
		always({ kind: 'stall', bytes: 5 });
		await create();
		expect(sandbox.tasks()).toHaveLength(1);
		expect(sandbox.account('evoLink').reserved).toBe(2.25);
	});

	it('is over when the client gives up', async () => {
		always({ kind: 'stall', bytes: 5 });
		const given = await create();
		given.giveUp();
		sandbox.setIntercept(undefined);
		expect((await create()).status).toBe(200);
	});

	it('is over at once when the sandbox closes', async () => {
		always({ kind: 'stall', bytes: 5 });
		const got = await create();
		const from = Date.now();
		await sandbox.close();
		await until(() => got.end === 'broken');
		expect(Date.now() - from).toBeLessThan(1000);
	});
});

describe('cut', () => {
	it('makes a whole answer of the beginning of one', async () => {
		const { link, sound } = await soundImage();
		always({ kind: 'cut', bytes: 100 });
		const got = await receive(link);
		await until(() => got.end === 'whole');
		expect(got.status).toBe(200);
		expect(lastingHeaders(got)).toEqual({ ...lastingHeaders(sound), 'content-length': '100' });
		expect(got.body).toEqual(sound.body.subarray(0, 100));
	});

	it('gives JSON that does not parse under its own type, and lets the request take effect', async () => {
		const sound = await create();
		always({ kind: 'cut', bytes: 40 });
		const got = await create();
		await until(() => got.end === 'whole');
		expect(got.status).toBe(200);
		expect(got.headers['content-type']).toBe(sound.headers['content-type']);
		expect(got.body).toHaveLength(40);
		expect(() => JSON.parse(got.body.toString())).toThrow(SyntaxError);
		expect(sandbox.tasks()).toHaveLength(2);
	});

	it('always takes something away', async () => {
		always({ kind: 'cut', bytes: Infinity });
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

describe('reshape', () => {
	it('changes the answer of a request that took effect', async () => {
		always({
			kind: 'reshape',
			change: ({ status, headers, body }) => ({
				status: status + 2,
				headers: { ...headers, 'x-more': 'yes' },
				body: { data: body },
			}),
		});
		const got = await create();
		await until(() => got.end === 'whole');
		expect([got.status, got.headers['x-more']]).toEqual([202, 'yes']);
		const [task] = sandbox.tasks();
		expect(JSON.parse(got.body.toString()).data.id).toBe(task?.id);
	});

	it('changes bytes and text, too', async () => {
		const { link, sound } = await soundImage();
		always({
			kind: 'reshape',
			change: (answer) => ({
				...answer,
				body: Buffer.concat([answer.body as Buffer, Buffer.from('!')]),
			}),
		});
		const got = await receive(link);
		await until(() => got.end === 'whole');
		expect(got.headers['content-type']).toBe('image/png');
		expect(got.body.equals(Buffer.concat([sound.body, Buffer.from('!')]))).toBe(true);
		always({ kind: 'reshape', change: () => ({ status: 200, body: '<p>moved</p>' }) });
		const page = await receive(link);
		await until(() => page.end === 'whole');
		expect(page.headers['content-type']).toMatch(/^text\/html/);
	});

	it('says so when the change fails, after the effect', async () => {
		always({
			kind: 'reshape',
			change: () => {
				throw new Error('oops');
			},
		});
		const got = await create();
		await until(() => got.end === 'whole');
		expect([got.status, got.body.toString()]).toEqual([500, expect.stringContaining('oops')]);
		expect(sandbox.tasks()).toHaveLength(1);
	});
});

describe('trickle', () => {
	it('sends the headers at once and then byte by byte, until all is there', async () => {
		const sound = await create();
		await until(() => sound.end === 'whole');
		const from = Date.now();
		always({ kind: 'trickle', everyMs: 2 });
		const got = await create();
		expect(got.body.length).toBeLessThan(sound.body.length / 2);
		expect(lastingHeaders(got)).toEqual(lastingHeaders(sound));
		await until(() => got.end === 'whole');
		expect(Date.now() - from).toBeGreaterThanOrEqual(sound.body.length);
		expect(JSON.parse(got.body.toString()).id).toBe(sandbox.tasks()[1]?.id);
	});

	it('ends where there is nothing to send', async () => {
		const link = sandbox.addFile(Buffer.alloc(0), 'image/png');
		always({ kind: 'trickle', everyMs: 2 });
		const got = await receive(link);
		await until(() => got.end === 'whole');
		expect(got.body).toHaveLength(0);
	});

	it('waits between the headers and the first byte, and is over when the client gives up', async () => {
		always({ kind: 'trickle', everyMs: 100 });
		const given = await create();
		expect(given.body).toHaveLength(0);
		await until(() => given.body.length >= 2);
		given.giveUp();
		const { length } = given.body;
		await wait(250);
		expect(given.body).toHaveLength(length);
		sandbox.setIntercept(undefined);
		expect((await create()).status).toBe(200);
	});

	it('is over at once when the sandbox closes', async () => {
		always({ kind: 'trickle', everyMs: 60_000 });
		const got = await create();
		expect(sandbox.tasks()).toHaveLength(1);
		const from = Date.now();
		await sandbox.close();
		await until(() => got.end === 'broken');
		expect(Date.now() - from).toBeLessThan(1000);
	});
});
