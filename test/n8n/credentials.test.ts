import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import { startEngine, type Engine } from './engine';
import { sandboxCredentials } from './systems';

let engine: Engine;
let sandbox: Sandbox;

beforeAll(async () => {
	engine = await startEngine();
	sandbox = await startSandbox();
});

afterAll(async () => {
	await sandbox.close();
	engine.close();
});

describe.each(['evoLinkApi', 'apiMartApi', 'apiInOneApi'])('the test of %s', (name) => {
	const credential = () => {
		const data = sandboxCredentials(sandbox)[name];
		if (!data) throw new Error(`The sandbox has no ${name}`);
		return data;
	};

	it('passes on a good key', async () => {
		expect(await engine.testCredential(name, credential())).toMatchObject({ passed: true });
	});

	it('passes with white space around the key and a slash behind the address', async () => {
		const { apiKey, baseUrl } = credential();
		const pasted = { apiKey: ` ${String(apiKey)}\n`, baseUrl: ` ${String(baseUrl)}/ ` };
		expect(await engine.testCredential(name, pasted)).toMatchObject({ passed: true });
	});

	it('fails on a bad key', async () => {
		const bad = { ...credential(), apiKey: 'not-the-key' };
		expect(await engine.testCredential(name, bad)).toMatchObject({ passed: false });
	});

	it('fails on a bad key that is answered with HTTP 200', async () => {
		sandbox.setIntercept(() => ({
			kind: 'answer',
			status: 200,
			body: { success: false, code: 401, message: 'Invalid token' },
		}));
		const verdict = await engine.testCredential(name, credential());
		sandbox.setIntercept(undefined);
		expect(verdict).toMatchObject({ passed: name === 'evoLinkApi' });
	});

	it('fails when the provider is down or out of reach', async () => {
		sandbox.setIntercept(() => ({ kind: 'answer', status: 502, body: '<html>Bad Gateway</html>' }));
		const down = await engine.testCredential(name, credential());
		sandbox.setIntercept(undefined);
		const nowhere = { ...credential(), baseUrl: 'http://127.0.0.1:1' };
		const gone = await engine.testCredential(name, nowhere);
		expect([down.passed, gone.passed]).toEqual([false, false]);
	});
});
