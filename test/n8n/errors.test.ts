import { HTTP_ADVICE, TASK_ADVICE } from '../../nodes/Seedream/advice';
import { startSandbox, type GatewayName, type Sandbox } from '../sandbox/sandbox';
import { startEngine, type Engine, type NodeRun } from './engine';
import { sandboxCredentials } from './systems';

/** What a user reads in n8n, message and description, for everything that a gateway may answer. */

const LABELS: Record<GatewayName, string> = {
	evoLink: 'EvoLink',
	apiMart: 'APIMart',
	apiInOne: 'API in One',
};
const GATEWAYS: GatewayName[] = ['evoLink', 'apiMart', 'apiInOne'];

const NOTHING = 'Nothing was charged.';
const UNKNOWN = 'Whether it was charged cannot be known from here.';

let engine: Engine;
let sandbox: Sandbox;

beforeAll(async () => {
	engine = await startEngine();
	sandbox = await startSandbox({ taskSeconds: 0.01 });
});

afterAll(async () => {
	await sandbox.close();
	engine.close();
});

afterEach(() => sandbox.setIntercept(undefined));

async function errorOf(
	parameters: NodeRun['parameters'],
	node: NodeRun['node'] = 'seedreamGenerate',
) {
	const { error } = await engine.run({
		node,
		parameters: { downloadImages: false, ...parameters },
		rows: [{}],
		credentials: sandboxCredentials(sandbox),
	});
	if (!error) throw new Error('The run did not fail');
	return { message: error.message, description: String(error.description) };
}

const create = async (provider: GatewayName, prompt: string) =>
	await errorOf({ provider, model: '', prompt });

describe.each(GATEWAYS)('a create at %s', (provider) => {
	it.each(
		Object.entries(HTTP_ADVICE)
			.filter(([status]) => status !== '404' && status !== '429')
			.map(([status, advice]) => [Number(status), advice] as const),
	)('that is answered with HTTP %d', async (status, { what, todo }) => {
		const { message, description } = await create(provider, `A lake [[http:${status}]]`);

		expect(message).toMatch(new RegExp(`^${LABELS[provider]} ${what} \\(.+\\)$`));
		expect(description).toBe(`${todo} ${status >= 500 ? UNKNOWN : NOTHING}`);
	});

	it('that is always answered with HTTP 429, after some patience', async () => {
		const { message, description } = await create(provider, 'A lake [[http:429]]');

		expect(message).toMatch(new RegExp(`^${LABELS[provider]} gets too many requests \\(`));
		expect(description).toBe(`Lower Concurrency in the options, or run again later. ${NOTHING}`);
	});

	it('that is answered with an HTML page', async () => {
		sandbox.setIntercept(() => ({ kind: 'answer', status: 502, body: '<html>Bad Gateway</html>' }));
		const { message, description } = await create(provider, 'A lake');

		expect(message).toBe(`${LABELS[provider]} cannot reach the service behind it (http_502)`);
		expect(description).toBe(`Look at the gateway's status page and run again later. ${UNKNOWN}`);
	});

	it('whose base URL leads nowhere', async () => {
		sandbox.setIntercept(() => ({ kind: 'answer', status: 404, body: '<html>Not found</html>' }));
		const { message, description } = await create(provider, 'A lake');

		expect(message).toBe(`${LABELS[provider]} answered with an error (http_404)`);
		expect(description).toBe(`Check the base URL in the credential. ${NOTHING}`);
	});

	it('that makes no sense', async () => {
		sandbox.setIntercept(() => ({ kind: 'answer', status: 200, body: { hello: 'world' } }));
		const { message, description } = await create(provider, 'A lake');

		expect(message).toMatch(
			new RegExp(`^${LABELS[provider]} gave an answer that this node does not understand \\(`),
		);
		expect(description).toBe(`The answer was: {"hello":"world"} ${UNKNOWN}`);
	});

	it('whose answer never came', async () => {
		sandbox.setIntercept(() => ({ kind: 'resetAfter' }));
		const { message, description } = await create(provider, 'A lake');

		expect(message).toBe(
			`${LABELS[provider]} could not be reached: the connection broke off (ECONNRESET)`,
		);
		expect(description).toBe(
			`Check the base URL in the credential and the network of this n8n. ${UNKNOWN}`,
		);
	});

	it('never shows the key, even where the gateway quotes it', async () => {
		const key = sandbox.keys[provider];
		sandbox.setIntercept(() => ({
			kind: 'answer',
			status: 401,
			body: { error: { code: 'unauthorized', message: `Incorrect API key: ${key}`, type: 'x' } },
		}));
		const { message } = await create(provider, 'A lake');

		expect(message).toBe(
			`${LABELS[provider]} did not accept the API key (unauthorized: Incorrect API key: [API key])`,
		);
	});

	it('names the request that support asks for', async () => {
		sandbox.setIntercept(() => ({
			kind: 'answer',
			status: 500,
			headers: { 'X-Request-Id': 'req-42' },
			body: { error: { code: 'internal_error', message: 'Internal server error', type: 'x' } },
		}));
		const { message } = await create(provider, 'A lake');

		expect(message).toBe(
			`${LABELS[provider]} has a problem of its own (internal_error: Internal server error, request req-42)`,
		);
	});
});

describe.each(GATEWAYS)('a task at %s', (provider) => {
	it.each(Object.entries(TASK_ADVICE))('that fails with %s', async (code, { what, todo }) => {
		const { message, description } = await create(provider, `A lake [[fail:${code}]]`);

		expect(message).toMatch(
			new RegExp(`^${LABELS[provider]} ${what} \\(${code}: .+\\) \\[task \\S+\\]$`),
		);
		expect(description).toBe(`${todo} ${NOTHING}`);
	});

	it('that the gateway does not know', async () => {
		const { message, description } = await errorOf(
			{ provider, taskId: 'task-unknown' },
			'seedreamTaskStatus',
		);

		expect(message).toMatch(
			new RegExp(`^${LABELS[provider]} does not know this task \\(.+\\) \\[task task-unknown\\]$`),
		);
		expect(description).toBe(
			`Check the task ID, the provider and the account. Gateways forget old tasks. ${UNKNOWN}`,
		);
	});

	it('that is completed without an image', async () => {
		const completed: Record<GatewayName, unknown> = {
			evoLink: { id: 'task-1', status: 'completed', results: [] },
			apiMart: { code: 200, data: { id: 'task-1', status: 'completed', result: { images: [] } } },
			apiInOne: { code: 200, data: { task_id: 'task-1', status: 'COMPLETED' } },
		};
		sandbox.setIntercept(({ step }) =>
			step === 'query' ? { kind: 'answer', status: 200, body: completed[provider] } : undefined,
		);
		const { message, description } = await create(provider, 'A lake');

		expect(message).toMatch(/does not understand \(the task is completed, but there is no image/);
		expect(description).toContain(`The answer was: ${JSON.stringify(completed[provider])}`);
		expect(description).toContain('Seedream Task Status');
	});
});

it('answers of APIMart that only look like something else are taken for what they are', async () => {
	const errors = [];
	for (const [status, body] of [
		[200, { success: false, code: 402, message: 'No balance' }],
		[500, { error: { code: 500, message: 'build_request_failed: bad size', type: 'x' } }],
	] as const) {
		sandbox.setIntercept(() => ({ kind: 'answer', status, body }));
		errors.push(await create('apiMart', 'A lake'));
	}
	expect(errors).toEqual([
		{
			message: 'APIMart has no credit left on this account (No balance)',
			description: `Top up the account and run again. ${NOTHING}`,
		},
		{
			message: 'APIMart refused the request (build_request_failed: bad size)',
			description: `Change what the message names and run again. ${NOTHING}`,
		},
	]);
});
