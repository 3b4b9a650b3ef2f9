import { Agent } from 'node:http';
import { connect } from 'node:net';
import axios from 'axios';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox';

let sandbox: Sandbox;
let agent: Agent;

beforeEach(async () => {
	sandbox = await startSandbox({ taskSeconds: 0 });
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

/** A create that is under way until `answer` is called. */
async function slowCreate(httpAgent?: Agent) {
	let answer: () => void = () => undefined;
	const held = new Promise<undefined>((done) => (answer = () => done(undefined)));
	sandbox.setIntercept(() => held);
	const answered = create(httpAgent);
	await until(() => sandbox.requests.length > 0);
	sandbox.setIntercept(undefined);
	return { answer, answered };
}

/** Waits for what comes over the socket; the test's own time limit ends a vain wait. */
async function until(met: () => boolean): Promise<void> {
	while (!met()) await new Promise((done) => setTimeout(done, 5));
}

const refused = { code: 'ECONNREFUSED' };

describe('refuseConnections', () => {
	it('refuses the next request, which arrives nowhere', async () => {
		await sandbox.refuseConnections();
		await expect(create()).rejects.toMatchObject(refused);
		expect(sandbox.requests).toHaveLength(0);
	});

	it('closes idle connections, so that a kept one is of no use', async () => {
		await Promise.all([create(agent), create(agent), create(agent)]);
		await sandbox.refuseConnections();
		await expect(create(agent)).rejects.toMatchObject(refused);
	});

	it('finishes what is under way, and closes its connection then', async () => {
		const { answer, answered } = await slowCreate(agent);
		await sandbox.refuseConnections();
		await expect(create(agent)).rejects.toMatchObject(refused);
		answer();
		const { status, headers } = await answered;
		expect([status, headers.connection]).toEqual([200, 'close']);
		expect(sandbox.tasks()).toHaveLength(1);
		await expect(create(agent)).rejects.toMatchObject(refused);
	});

	it('does not cut an answer that has begun to flow', async () => {
		const bytes = Buffer.alloc(64 * 1024 * 1024, 1);
		const link = sandbox.addFile(bytes, 'image/png');
		const { data } = await axios.get(link, { responseType: 'stream', httpAgent: agent });
		await sandbox.refuseConnections();
		let got = 0;
		for await (const chunk of data) got += chunk.length;
		expect(got).toBe(bytes.length);
		// Its headers could not announce the end of the connection: the client learns of it a little later.
		await until(() => Object.keys({ ...agent.sockets, ...agent.freeSockets }).length === 0);
		await expect(create(agent)).rejects.toMatchObject(refused);
	});

	it('answers the first request of a connection that was made before, and only that', async () => {
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
	it('listens again on the same port', async () => {
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

	it('lets a request that was under way end', async () => {
		const { answer, answered } = await slowCreate(agent);
		await sandbox.refuseConnections();
		await sandbox.acceptConnections();
		expect((await create(agent)).status).toBe(200);
		answer();
		expect((await answered).status).toBe(200);
	});
});

it('both may be called again, and before the other is done', async () => {
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
	it.each(['refusing', 'accepting again'])('ends all at once while %s', async (state) => {
		const { answered } = await slowCreate(agent);
		answered.catch(() => undefined);
		await sandbox.refuseConnections();
		if (state === 'accepting again') await sandbox.acceptConnections();
		const from = Date.now();
		await sandbox.close();
		await expect(answered).rejects.toThrow();
		expect(Date.now() - from).toBeLessThan(1000);
		await expect(create()).rejects.toMatchObject(refused);
	});

	it('is for good', async () => {
		await sandbox.refuseConnections();
		const changes = [sandbox.acceptConnections(), sandbox.close(), sandbox.acceptConnections()];
		await Promise.all(changes);
		await sandbox.acceptConnections();
		await expect(create()).rejects.toMatchObject(refused);
	});
});
