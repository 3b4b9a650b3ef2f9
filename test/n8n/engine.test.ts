import { setTimeout as wait } from 'node:timers/promises';
import type { INodeExecutionData } from 'n8n-workflow';
import sharp from 'sharp';

import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import { startEngine, type Engine, type NodeResult, type NodeRun } from './engine';
import { sandboxCredentials } from './systems';

/** What the other tests take for granted of the engine that they run the nodes in. */

let engine: Engine;
let sandbox: Sandbox;

beforeAll(async () => {
	engine = await startEngine();
});

afterAll(() => engine.close());

beforeEach(async () => {
	sandbox = await startSandbox({ taskSeconds: 0.1 });
});

afterEach(async () => await sandbox.close());

async function generate(options: Partial<NodeRun> = {}): Promise<NodeResult> {
	const { parameters, ...others } = options;
	return await engine.run({
		node: 'seedreamGenerate',
		parameters: { prompt: '={{ $json.prompt }}', downloadImages: false, ...parameters },
		rows: [{ prompt: 'A lake' }],
		credentials: sandboxCredentials(sandbox),
		...others,
	});
}

const creates = () => sandbox.requests.filter(({ step }) => step === 'create');
const fields = (items: INodeExecutionData[], name: string) => items.map(({ json }) => json[name]);

/** The provider refuses what one of these prompts asks for, the first time. */
function refuseOnce(...prompts: string[]): void {
	sandbox.setIntercept(({ step, prompt, attempt }) =>
		step === 'create' && attempt === 1 && prompt !== undefined && prompts.includes(prompt)
			? { kind: 'answer', status: 400, body: {} }
			: undefined,
	);
}

describe('the execution', () => {
	it('is left as n8n saves it, with what is still to do and what the node remembers', async () => {
		refuseOnce('A lake');
		const { status, error, execution } = await generate();

		const { contextData, nodeExecutionStack } = execution.executionData ?? {};
		expect(status).toBe('error');
		expect(nodeExecutionStack?.map(({ node, data }) => [node.name, data.main?.[0]])).toEqual([
			['Node', [{ json: { prompt: 'A lake' }, pairedItem: { item: 0 } }]],
		]);
		expect(Object.keys(contextData ?? {})).toEqual(['node:Node']);
		expect(execution.resultData.error?.message).toBe(error?.message);
		expect(execution.resultData.error).not.toBeInstanceOf(Error);
	});

	it('has the id and the mode asked for', async () => {
		const parameters = { prompt: '={{ $execution.id }} {{ $execution.mode }}' };
		const own = await generate({ parameters, executionId: '42', mode: 'trigger' });
		const byDefault = await generate({ parameters });

		expect(fields(own.items, 'prompt')).toEqual(['42 production']);
		expect(fields(byDefault.items, 'prompt')).toEqual([expect.stringMatching(/^\d+ test$/)]);
	});
});

describe('a retry of an execution', () => {
	it('has the rows and the memory of the failed one, and the fields of its own', async () => {
		refuseOnce('A lake');
		const picture = await sharp({
			create: { width: 64, height: 64, channels: 3, background: 'teal' },
		})
			.png()
			.toBuffer();
		const failed = await generate({
			parameters: { imageFields: 'data' },
			files: [{ data: await engine.storeFile(picture, 'image/png') }],
		});
		const retried = await generate({
			retryOf: failed,
			rows: [],
			parameters: { prompt: '={{ $json.prompt }}, blue', imageFields: 'data' },
		});

		expect(failed.status).toBe('error');
		expect(retried).toMatchObject({ status: 'success', error: undefined, calls: 1 });
		expect(fields(retried.items, 'prompt')).toEqual(['A lake, blue']);
		expect(sandbox.uploads()).toHaveLength(1);
	});

	it('takes place only where something was left to do', async () => {
		const retryOf = await generate();
		await expect(generate({ retryOf })).rejects.toThrow('nothing left to do');
	});
});

describe('an error output that leads back to the input', () => {
	const loop: Partial<NodeRun> = { onError: 'continueErrorOutput', loopErrors: 2 };
	const rows = ['one', 'two', 'three'].map((prompt) => ({ prompt }));

	it('brings the failed rows back as they were', async () => {
		refuseOnce('one', 'three');
		const { runs, errorItems } = await generate({ ...loop, rows });

		expect(runs.map((items) => fields(items, 'prompt'))).toEqual([['two'], ['one', 'three']]);
		expect(errorItems).toEqual([]);
	});

	it('does so only as many times as asked for', async () => {
		sandbox.setIntercept(({ step, prompt }) =>
			step === 'create' && prompt !== 'one' ? { kind: 'answer', status: 400, body: {} } : undefined,
		);
		const { runs, errorItems } = await generate({ ...loop, rows });

		expect(runs.map((items) => items.length)).toEqual([1, 0, 0]);
		expect(fields(errorItems, 'prompt')).toEqual(['two', 'three']);
	});

	it('is there only when the node has an error output', async () => {
		await expect(generate({ loopErrors: 1 })).rejects.toThrow('continueErrorOutput');
	});
});

describe('the log', () => {
	it('has what the node logged in this run, and nothing of another at the same time', async () => {
		const results = await Promise.all([generate(), generate(), generate()]);

		const ids = results.map(({ items }) => String(items[0]?.json.taskId));
		expect(new Set(ids).size).toBe(3);
		for (const [index, { log }] of results.entries()) {
			const written = JSON.stringify(log);
			expect(ids.map((id) => written.includes(id))).toEqual(
				ids.map((_id, other) => other === index),
			);
			expect(log).toContainEqual({
				level: 'info',
				message: expect.stringContaining(ids[index] ?? ''),
				meta: { row: 1 },
			});
		}
	});
});

describe('Retry On Fail', () => {
	it('waits between two tries as long as asked for', async () => {
		refuseOnce('A lake');
		const { calls } = await generate({ tries: 2, waitBetweenTriesMs: 700 });

		const [first, second] = creates().map(({ at }) => at);
		expect(calls).toBe(2);
		expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(690);
	});

	it('is not called off by n8n when the run is stopped: the node is called again', async () => {
		const cancelWhen = heard('query');
		const parameters = { provider: 'apiMart', prompt: 'A lake [[slow:60]]' };
		const { status, calls, settled } = await generate({ parameters, tries: 3, cancelWhen });
		await settled;
		const requests = sandbox.requests.length;
		await wait(500);

		expect({ status, calls }).toEqual({ status: 'canceled', calls: 3 });
		expect(creates()).toHaveLength(1);
		expect(sandbox.requests).toHaveLength(requests);
	});
});

/** Resolves when the provider gets the first request of this kind. */
async function heard(expected: 'query'): Promise<void> {
	await new Promise<void>((resolve) => {
		sandbox.setIntercept(({ step }) => {
			if (step === expected) resolve();
			return undefined;
		});
	});
}
