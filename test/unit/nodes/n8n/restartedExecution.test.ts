import type { IDataObject, IDeduplicationOutput, INodeParameters } from 'n8n-workflow';

import { isRestarted } from '../../../../nodes/Seedream/n8n/restartedExecution';
import { fakeContext, NODE, type FakeContext } from '../fakeContext';

type Check = (keys: string[], scope: string, options: object) => Promise<IDeduplicationOutput>;

const AT_APIMART = { parameters: { provider: 'apiMart' } };

const NEW: IDeduplicationOutput = { new: ['key'], processed: [] };
const LISTED: IDeduplicationOutput = { new: [], processed: ['key'] };

/** n8n's list of a node, which outlives its execution context. */
function listOf() {
	const listed = new Set<string>();
	return jest.fn<ReturnType<Check>, Parameters<Check>>(async ([key = '']) => {
		await new Promise(setImmediate);
		const isListed = listed.has(key);
		listed.add(key);
		return isListed ? { new: [], processed: [key] } : { new: [key], processed: [] };
	});
}

/** A start of the node in n8n 1. */
async function start(check: Check, context: FakeContext = {}): Promise<boolean> {
	const helpers = { checkProcessedAndRecord: check };
	const fake = fakeContext({ helpers, node: AT_APIMART, ...context });
	const withLog = Object.assign(fake, { logger: { debug: () => undefined } });
	return await isRestarted(withLog, { now: () => 0, sleep: async () => undefined });
}

it('an execution that n8n starts again, without its context, is restarted', async () => {
	const check = listOf();
	expect(await start(check)).toBe(false);
	expect(await start(check)).toBe(true);
	expect(check).toHaveBeenCalledWith(['42:Seedream Generate:0'], 'node', {
		mode: 'entries',
		maxEntries: 1_000,
	});
});

it('every try of a restarted execution is restarted, and every other iteration is not', async () => {
	const check = listOf();
	await start(check);
	const nodeContext: IDataObject = {};
	for (let tries = 1; tries <= 3; tries += 1) {
		expect(await start(check, { nodeContext })).toBe(true);
	}
	expect(await start(check, { nodeContext, runIndex: 1 })).toBe(false);
});

it('an iteration is restarted although n8n saved the context of the one before', async () => {
	const check = listOf();
	const nodeContext: IDataObject = {};
	await start(check, { nodeContext });
	const saved: IDataObject = JSON.parse(JSON.stringify(nodeContext));
	expect(await start(check, { nodeContext, runIndex: 1 })).toBe(false);
	expect(await start(check, { nodeContext: saved, runIndex: 1 })).toBe(true);
});

it('the retry of an execution is not restarted until n8n restarts it', async () => {
	const check = listOf();
	const nodeContext: IDataObject = {};
	await start(check, { nodeContext });
	const saved = () => JSON.parse(JSON.stringify(nodeContext)) as IDataObject;
	const retry: FakeContext = { executionId: '43', mode: 'retry' };
	const failed = saved();
	expect(await start(check, { ...retry, nodeContext: saved() })).toBe(false);
	expect(await start(check, { ...retry, nodeContext: failed })).toBe(true);
});

it.each<[string, FakeContext]>([
	['another try', {}],
	['another iteration of a loop', { runIndex: 1 }],
	['an execution that waited, on another worker', { runIndex: 1, mode: 'webhook' }],
])('%s with the context of the first start is not restarted', async (_what, changes) => {
	const check = listOf();
	const nodeContext: IDataObject = {};
	await start(check, { nodeContext });
	const saved: IDataObject = JSON.parse(JSON.stringify(nodeContext));
	expect(await start(check, { nodeContext: saved, ...changes })).toBe(false);
});

it.each<[string, FakeContext]>([
	['another execution', { executionId: '43' }],
	['a node of the same ID', { node: { ...AT_APIMART, name: 'Seedream Generate1' } }],
])('%s is not restarted', async (_what, changes) => {
	const check = listOf();
	await start(check);
	expect(await start(check, changes)).toBe(false);
});

describe('the calls of an agent', () => {
	const node = { ...AT_APIMART, type: `${NODE.type}Tool` };

	it('are not restarted, even at the same time', async () => {
		const check = listOf();
		const nodeContext: IDataObject = {};
		const calls = [0, 1, 2].map((runIndex) => start(check, { node, nodeContext, runIndex }));
		expect(await Promise.all(calls)).toEqual([false, false, false]);
		expect(await start(check, { node, nodeContext, runIndex: 3 })).toBe(false);
	});

	it('are all restarted with their execution', async () => {
		const check = listOf();
		await start(check, { node });
		const nodeContext: IDataObject = {};
		const calls = [0, 1, 2].map((runIndex) => start(check, { node, nodeContext, runIndex }));
		expect(await Promise.all(calls)).toEqual([true, true, true]);
	});
});

it.each<[string, FakeContext]>([
	['n8n 2 never restarts an execution', { finishCallbacks: [] }],
	['a sub-workflow execution is never restarted under its ID', { mode: 'integrated' }],
	['an execution without an ID is never restarted', { executionId: '' }],
	['EvoLink honors keys', { node: { parameters: {} } }],
])('%s, so nothing is recorded', async (_what, context) => {
	const check = listOf();
	expect(await start(check, context)).toBe(false);
	expect(await start(check, context)).toBe(false);
	expect(check).not.toHaveBeenCalled();
});

it.each<[string, INodeParameters]>([
	['a fallback', { options: { fallbacks: ['apiMart'] } }],
	['an expression', { provider: '={{ $json.provider }}' }],
	['fallbacks from an expression', { options: { fallbacks: '={{ $json.others }}' } }],
])('a restart is recorded if another provider may be used: %s', async (_what, parameters) => {
	const check = listOf();
	await start(check, { node: { parameters } });
	expect(await start(check, { node: { parameters } })).toBe(true);
});

describe("n8n's list", () => {
	it('gets the start again if another worker has overwritten it', async () => {
		const check = listOf().mockResolvedValueOnce(NEW).mockResolvedValueOnce(NEW);
		check.mockResolvedValueOnce(LISTED);
		expect(await start(check)).toBe(false);
		expect(check).toHaveBeenCalledTimes(3);
	});

	it('gets the start although another worker was about to create the list', async () => {
		const check = listOf().mockRejectedValueOnce(new Error('UNIQUE constraint failed'));
		expect(await start(check)).toBe(false);
		expect(await start(check)).toBe(true);
	});

	it('is optional: without it, no execution counts as restarted', async () => {
		const check = listOf().mockRejectedValue(new Error('Instance needs to initialized before use'));
		expect(await start(check)).toBe(false);
		expect(await start(check)).toBe(false);
	});

	it('is written by one execution after the other, as n8n replaces all of it', async () => {
		let list: string[] = [];
		const check: Check = async (keys) => {
			const before = list;
			await new Promise(setImmediate);
			const processed = keys.filter((key) => before.includes(key));
			list = [...new Set([...before, ...keys])];
			return { new: keys.filter((key) => !processed.includes(key)), processed };
		};
		const executions = Array.from({ length: 20 }, (_, index) => String(index));
		const startAll = async () =>
			await Promise.all(executions.map((executionId) => start(check, { executionId })));
		expect(new Set(await startAll())).toEqual(new Set([false]));
		expect(new Set(await startAll())).toEqual(new Set([true]));
	});
});
