import { setTimeout as wait } from 'node:timers/promises';
import sharp from 'sharp';

import type { ExecutionOptions, NodeResult } from './engine';
import { engine, fieldOf, respondWith, stopSignal, testNode, type Fixture } from './fixture';

/** What the other tests take for granted about the engine that runs the nodes. */

async function generate(
	fixture: Fixture,
	{ parameters, ...options }: Partial<ExecutionOptions> = {},
): Promise<NodeResult> {
	return await fixture.run('seedreamGenerate', {
		parameters: { prompt: '={{ $json.prompt }}', downloadImages: false, ...parameters },
		rows: [{ prompt: 'A lake' }],
		...options,
	});
}

/** The provider rejects the create requests with these prompts, the first time. */
function rejectOnce(fixture: Fixture, ...prompts: string[]): void {
	fixture.sandbox.setIntercept(({ step, prompt, attempt }) =>
		step === 'create' && attempt === 1 && prompt !== undefined && prompts.includes(prompt)
			? respondWith(400)
			: undefined,
	);
}

describe('a test execution', () => {
	testNode(
		"is returned as n8n saves it, with its remaining work and the node's context data",
		async (fixture) => {
			rejectOnce(fixture, 'A lake');
			const { status, error, execution } = await generate(fixture);

			const { contextData, nodeExecutionStack } = execution.executionData ?? {};
			expect(status).toBe('error');
			expect(nodeExecutionStack?.map(({ node, data }) => [node.name, data.main?.[0]])).toEqual([
				['Node', [{ json: { prompt: 'A lake' }, pairedItem: { item: 0 } }]],
			]);
			expect(Object.keys(contextData ?? {})).toEqual(['node:Node']);
			expect(execution.resultData.error?.message).toBe(error?.message);
			expect(execution.resultData.error).not.toBeInstanceOf(Error);
		},
	);

	testNode('has the given ID and mode', async (fixture) => {
		const parameters = { prompt: '={{ $execution.id }} {{ $execution.mode }}' };
		const own = await generate(fixture, { parameters, executionId: '42', mode: 'trigger' });
		const byDefault = await generate(fixture, { parameters });

		expect(fieldOf(own.items, 'prompt')).toEqual(['42 production']);
		expect(fieldOf(byDefault.items, 'prompt')).toEqual([expect.stringMatching(/^\d+ test$/)]);
	});
});

describe('a retried execution', () => {
	testNode(
		'has the rows and the data of the failed one, and parameters of its own',
		async (fixture) => {
			rejectOnce(fixture, 'A lake');
			const picture = await sharp({
				create: { width: 64, height: 64, channels: 3, background: 'teal' },
			})
				.png()
				.toBuffer();
			const failed = await generate(fixture, {
				parameters: { imageFields: 'data' },
				files: [{ data: await (await engine()).storeFile(picture, 'image/png') }],
			});
			const retried = await generate(fixture, {
				retryOf: failed,
				rows: [],
				parameters: { prompt: '={{ $json.prompt }}, blue', imageFields: 'data' },
			});

			expect(failed.status).toBe('error');
			expect(retried).toMatchObject({ status: 'success', error: undefined, calls: 1 });
			expect(fieldOf(retried.items, 'prompt')).toEqual(['A lake, blue']);
			expect(fixture.sandbox.uploads()).toHaveLength(1);
		},
	);

	testNode('is impossible if nothing was left to do', async (fixture) => {
		const retryOf = await generate(fixture);
		await expect(generate(fixture, { retryOf })).rejects.toThrow('nothing left to do');
	});
});

describe('a loop from the error output to the input', () => {
	const loop: Partial<ExecutionOptions> = { onError: 'continueErrorOutput', loopErrors: 2 };
	const rows = ['one', 'two', 'three'].map((prompt) => ({ prompt }));

	testNode('returns the failed rows unchanged', async (fixture) => {
		rejectOnce(fixture, 'one', 'three');
		const { runs, errorItems } = await generate(fixture, { ...loop, rows });

		expect(runs.map((items) => fieldOf(items, 'prompt'))).toEqual([['two'], ['one', 'three']]);
		expect(errorItems).toEqual([]);
	});

	testNode('ends after the given number of turns', async (fixture) => {
		fixture.sandbox.setIntercept(({ step, prompt }) =>
			step === 'create' && prompt !== 'one' ? respondWith(400) : undefined,
		);
		const { runs, errorItems } = await generate(fixture, { ...loop, rows });

		expect(runs.map((items) => items.length)).toEqual([1, 0, 0]);
		expect(fieldOf(errorItems, 'prompt')).toEqual(['two', 'three']);
	});

	testNode('needs an error output', async (fixture) => {
		await expect(generate(fixture, { loopErrors: 1 })).rejects.toThrow('continueErrorOutput');
	});
});

describe('the recorded log', () => {
	testNode(
		'contains what the node logged in this execution, and nothing of concurrent ones',
		async (fixture) => {
			const results = await Promise.all([generate(fixture), generate(fixture), generate(fixture)]);

			const ids = results.map(({ items }) => String(items[0]?.json.taskId));
			expect(new Set(ids).size).toBe(3);
			for (const [index, { log }] of results.entries()) {
				const text = JSON.stringify(log);
				expect(ids.map((id) => text.includes(id))).toEqual(
					ids.map((_id, other) => other === index),
				);
				expect(log).toContainEqual({
					level: 'info',
					message: expect.stringContaining(ids[index] ?? ''),
					meta: { row: 1 },
				});
			}
		},
	);
});

describe('Retry On Fail in the engine', () => {
	testNode('waits between two tries', async (fixture) => {
		rejectOnce(fixture, 'A lake');
		const { calls } = await generate(fixture, { tries: 2, waitBetweenTriesMs: 700 });

		const [first, second] = fixture.requests('create').map(({ at }) => at);
		expect(calls).toBe(2);
		expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(690);
	});

	testNode('calls the node again even after the execution was stopped', async (fixture) => {
		const { stop, cancelWhen } = stopSignal();
		fixture.sandbox.setIntercept(({ step }) => {
			if (step === 'query') stop();
			return undefined;
		});
		const parameters = { provider: 'apiMart', prompt: 'A lake [[slow:60]]' };
		const { status, calls, settled } = await generate(fixture, {
			parameters,
			tries: 3,
			cancelWhen,
		});
		await settled;
		const requests = fixture.sandbox.requests.length;
		await wait(500);

		expect({ status, calls }).toEqual({ status: 'canceled', calls: 3 });
		expect(fixture.requests('create')).toHaveLength(1);
		expect(fixture.sandbox.requests).toHaveLength(requests);
	});
});
