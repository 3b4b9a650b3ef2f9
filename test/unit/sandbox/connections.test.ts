import { Agent } from 'node:http';
import { connect } from 'node:net';
import axios from 'axios';

import { startSandbox, type Sandbox } from '../../sandbox/sandbox';
import { until } from './client';

let sandbox: Sandbox;
let agent: Agent;

beforeEach(async () => {
	sandbox = await startSandbox({ mayRefuseConnections: true, taskSeconds: 0 });
	agent = new Agent({ keepAlive: true });
});

afterEach(async () => {
	agent.destroy();
	await sandbox.close();
});

const create = (httpAgent?: Agent) =>
	axios.post(
		`${sandbox.baseUrls.apiInOne}/v1/images/generations`,
		{ prompt: 'a lake' },
		{ headers: { authorization: `Bearer ${sandbox.keys.apiInOne}` }, httpAgent },
	);

/** A create that is pending until `release` is called. */
async function pendingCreate(httpAgent?: Agent) {
	let release: () => void = () => undefined;
	const held = new Promise<undefined>((done) => (release = () => done(undefined)));
	sandbox.setIntercept(() => held);
	const response = create(httpAgent);
	await until(() => sandbox.requests.length > 0);
	sandbox.setIntercept(undefined);
	return { release, response };
}

const refused = { code: 'ECONNREFUSED' };

describe('refuseConnections', () => {
	it('refuseConnections refuses the next request', async () => {
		await sandbox.refuseConnections();
		await expect(create()).rejects.toMatchObject(refused);
		expect(sandbox.requests).toHaveLength(0);
	});

	it('refuseConnections closes idle connections, so that clients cannot reuse them', async () => {
		await Promise.all([create(agent), create(agent), create(agent)]);
		await sandbox.refuseConnections();
		await expect(create(agent)).rejects.toMatchObject(refused);
	});

	it('refuseConnections answers a pending request and then closes its connection', async () => {
		const { release, response } = await pendingCreate(agent);
		await sandbox.refuseConnections();
		await expect(create(agent)).rejects.toMatchObject(refused);
		release();
		const { status, headers } = await response;
		expect([status, headers.connection]).toEqual([200, 'close']);
		expect(sandbox.tasks()).toHaveLength(1);
		await expect(create(agent)).rejects.toMatchObject(refused);
	});

	it('refuseConnections does not interrupt a response that is being sent', async () => {
		const bytes = Buffer.alloc(24 * 1024 * 1024, 1);
		const link = sandbox.addFile(bytes, 'image/png');
		const { data } = await axios.get(link, { responseType: 'stream', httpAgent: agent });
		await sandbox.refuseConnections();
		let got = 0;
		for await (const chunk of data) got += chunk.length;
		expect(got).toBe(bytes.length);
		// The headers couldn't announce that the connection closes, so the client notices a little later.
		await until(() => Object.keys({ ...agent.sockets, ...agent.freeSockets }).length === 0);
		await expect(create(agent)).rejects.toMatchObject(refused);
	});

	it('refuseConnections allows one request on a connection that was opened before', async () => {
		const socket = connect(Number(new URL(sandbox.origin).port), '127.0.0.1');
		let text = '';
		socket.on('data', (chunk) => (text += chunk.toString()));
		const ended = new Promise<void>((done) => socket.on('end', done));
		await new Promise<void>((done) => socket.on('connect', done));
		await sandbox.refuseConnections();
		socket.write('GET /images/nothing/0.png HTTP/1.1\r\nHost: localhost\r\n\r\n');
		await ended;
		expect(text).toMatch(/^HTTP\/1\.1 404 .*^connection: close\r\n/ims);
	});
});

describe('acceptConnections', () => {
	it('acceptConnections listens again on the same port', async () => {
		const { origin } = sandbox;
		for (let round = 0; round < 3; round += 1) {
			await sandbox.refuseConnections();
			await expect(create(agent)).rejects.toMatchObject(refused);
			await sandbox.acceptConnections();
			const { status, headers } = await create(agent);
			expect([status, headers.connection]).toEqual([200, 'keep-alive']);
		}
		expect(sandbox.origin).toBe(origin);
	});

	it('acceptConnections does not disturb a pending request', async () => {
		const { release, response } = await pendingCreate(agent);
		await sandbox.refuseConnections();
		await sandbox.acceptConnections();
		expect((await create(agent)).status).toBe(200);
		release();
		expect((await response).status).toBe(200);
	});
});

it('refuseConnections and acceptConnections can be called repeatedly and at the same time', async () => {
	await sandbox.acceptConnections();
	expect((await create()).status).toBe(200);
	await Promise.all([sandbox.refuseConnections(), sandbox.refuseConnections()]);
	await expect(create()).rejects.toMatchObject(refused);
	await Promise.all([sandbox.acceptConnections(), sandbox.acceptConnections()]);
	expect((await create()).status).toBe(200);
	await Promise.all([
		sandbox.refuseConnections(),
		sandbox.acceptConnections(),
		sandbox.refuseConnections(),
	]);
	await expect(create()).rejects.toMatchObject(refused);
});

describe('close', () => {
	it.each(['refusing', 'accepting'])(
		'closes the sandbox at once while %s connections',
		async (state) => {
			const { response } = await pendingCreate(agent);
			response.catch(() => undefined);
			await sandbox.refuseConnections();
			if (state === 'accepting') await sandbox.acceptConnections();
			const from = Date.now();
			await sandbox.close();
			await expect(response).rejects.toThrow();
			expect(Date.now() - from).toBeLessThan(1000);
			await expect(create()).rejects.toMatchObject(refused);
		},
	);

	it('closes the sandbox for good', async () => {
		await sandbox.refuseConnections();
		const changes = [sandbox.acceptConnections(), sandbox.close(), sandbox.acceptConnections()];
		await Promise.all(changes);
		await sandbox.acceptConnections();
		await expect(create()).rejects.toMatchObject(refused);
	});
});
