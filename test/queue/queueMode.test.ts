import { setTimeout as wait } from 'node:timers/promises';

import { ONE_PER_PROVIDER } from '../n8n/systems';
import type { TaskView } from '../sandbox/sandbox';
import { AgentChat, agentExample, call, say } from '../server/agentChat';
import { itemsOf, runsOf } from '../server/executionData';
import {
	IMAGE_BYTES,
	MoneyFixtures,
	outputOf,
	respondWith,
	until,
	type MoneyFixture,
	type Started,
} from '../server/moneyFixture';
import { GENERATE } from '../server/nodeChains';
import type { Execution } from '../server/restClient';
import { installRuntime } from '../server/runtime';
import { NEXT, TriggerWorkflow } from '../server/triggerFixture';
import { itPassesFilesOn } from './fileScenes';
import { QueueN8n, WORKERS } from './queueN8n';

/** What users do with the nodes, on the workers of n8n in queue mode; its database has the files, as by default. */

const MINUTE = 60_000;

const PROMPTS = ['one', 'two', 'three'];

jest.setTimeout(2 * MINUTE);

/** How far the sandbox's clock is ahead of the real one. */
const clock = { offsetMs: 0 };

let n8n: QueueN8n;
let fixtures: MoneyFixtures<QueueN8n>;

beforeAll(async () => {
	const runtime = await installRuntime(console.log);
	const now = () => Date.now() + clock.offsetMs;
	const sandbox = { taskSeconds: 2, imageBytes: IMAGE_BYTES, now };
	n8n = await QueueN8n.open(runtime, { sandbox });
	fixtures = new MoneyFixtures(n8n);
}, 8 * MINUTE);

afterAll(async () => await n8n?.close(), MINUTE);

itPassesFilesOn(() => n8n, 'database');

function forEachProvider(what: string, test: (fixture: MoneyFixture) => Promise<void>): void {
	it.each(ONE_PER_PROVIDER)(`${what} ($title)`, async (system) => {
		await test(fixtures.createFixture(system));
	});
}

forEachProvider('failed rows go to the error output, the others on', async (fixture) => {
	const execution = await fixture.run({
		prompts: ['one', 'two [[fail:service_error]]', 'three'],
		node: { onError: 'continueErrorOutput' },
	});

	expect(execution.status).toBe('success');
	const [task] = runsOf(execution.data, GENERATE);
	await fixture.expectComplete(itemsOf(task, 0), ['one', 'three']);
	expect(itemsOf(task, 1).map(({ json }) => json)).toEqual([
		expect.objectContaining({
			status: 'failed',
			error: expect.objectContaining({ charged: 'no' }),
		}),
	]);
	fixture.expectPaid(2);
});

forEachProvider('Stop ends the requests, and the log names the tasks', async (fixture) => {
	const started = await fixture.start({
		prompts: PROMPTS.map((prompt) => `${prompt} [[slow:60]]`),
	});
	await fixture.untilTasks(3);
	await fixture.stop(started);
	const { status, seconds } = await fixture.untilFinished(started);
	const sent = n8n.sandbox.requests.length;
	await wait(3_000);

	expect(status).toBe('canceled');
	expect(seconds).toBeLessThan(60);
	expect(n8n.sandbox.requests).toHaveLength(sent);
	const ids = await fixture.idsInLog(started.executionId, 'Stopped: fetch task ');
	expect([...ids].sort()).toEqual(fixture.taskIds().sort());
});

forEachProvider('Retry On Fail charges nothing twice', async (fixture) => {
	fixture.failFirst('create', 'two', respondWith(400));
	const execution = await fixture.run({
		prompts: PROMPTS,
		node: { retryOnFail: true, maxTries: 2, waitBetweenTries: 100 },
	});

	expect(execution.status).toBe('success');
	await fixture.expectComplete(outputOf(execution, GENERATE), PROMPTS);
	expect(fixture.createdPrompts()).toEqual([...PROMPTS, 'two'].sort());
	fixture.expectPaid(3);
});

forEachProvider('Retry of a failed execution charges only for the missing row', async (fixture) => {
	fixture.failFirst('create', 'two', respondWith(400));
	const failed = await fixture.run({ prompts: PROMPTS });
	const retried = await fixture.retry(failed);

	expect([failed.status, retried.status]).toEqual(['error', 'success']);
	await fixture.expectComplete(outputOf(retried, GENERATE), PROMPTS);
	expect(fixture.createdPrompts()).toEqual([...PROMPTS, 'two'].sort());
	fixture.expectPaid(3);
});

it('an agent gets an image from the node as its tool', async () => {
	const agent = await AgentChat.open(n8n);
	try {
		const { status, answer, results, paid } = await agent.chat(agentExample(), [
			call({ prompt: 'A lake' }),
			say('Here it is.'),
		]);

		expect([status, answer]).toEqual(['success', 'Here it is.']);
		expect(results.map((text) => JSON.parse(text) as unknown)).toEqual([
			[expect.objectContaining({ status: 'completed', imageUrl: expect.stringMatching(/^http:/) })],
		]);
		expect(paid).toBeGreaterThan(0);
	} finally {
		await agent.close();
	}
});

it('both workers took part', async () => {
	for (const worker of WORKERS) expect(await n8n.readLog(worker)).toContain('Seedream task ');
});

/** By the title of their scene. */
const killed = new Map<string, Started & { fixture: MoneyFixture }>();

describe('when a worker is killed in mid-batch', () => {
	const TABLE = 'Seedream tasks';
	const REUSED = { reuse: 'sameRequest' };
	const REMEMBERED = { ...REUSED, memoryTable: TABLE };
	/** Two rows have a task when the worker is killed; the others wait for them. */
	const concurrency = 2;
	const prompts = ['one [[slow:600]]', 'two [[slow:600]]', 'three', 'four'];
	const scenes = ONE_PER_PROVIDER.flatMap((system) => [
		{ system, title: `${system.title}, without Reuse`, options: {} },
		{ system, title: `${system.title}, with Reuse and a data table`, options: REMEMBERED },
		...(system.provider === 'evoLink'
			? [{ system, title: `${system.title}, with Reuse`, options: REUSED }]
			: []),
	]);
	const reusing = scenes.filter(({ options }) => 'reuse' in options);

	function killedExecution(title: string) {
		const found = killed.get(title);
		if (!found) throw new Error('No worker was killed');
		return found;
	}

	beforeAll(async () => {
		// Then all executions are on the other one.
		await n8n.worker('worker 2').stop();
		for (const scene of scenes) {
			const fixture = fixtures.createFixture(scene.system);
			const parameters = { options: { ...scene.options, concurrency } };
			killed.set(scene.title, { fixture, ...(await fixture.start({ prompts, parameters })) });
		}
		for (const { fixture } of killed.values()) {
			await until(() => fixture.tasks().length === 2 && fixture.requests('query').length > 0);
		}
		// The table is written at least every two seconds, and later on a busy machine.
		await wait(5_000);
		await n8n.worker('worker 1').kill();
		clock.offsetMs += 600_000;
		await n8n.startWorker('worker 2');
	}, 3 * MINUTE);

	it.each(scenes)('its log names the tasks that exist ($title)', async ({ title }) => {
		const { fixture, executionId } = killedExecution(title);
		const log = await n8n.readLog('worker 1');
		const ids = await fixture.idsInLog(executionId, 'Seedream task ', log);

		expect([...ids].sort()).toEqual(fixture.taskIds().sort());
		await fixture.expectImages(await fixture.fetchByTaskId(ids), ids);
		fixture.expectPaid(2);
	});

	it.each(reusing)('executing again charges nothing twice ($title)', async ({ title }) => {
		const { fixture, ...started } = killedExecution(title);
		const again = await fixture.runAgain(started);

		expect(await n8n.workersOf(again.id)).toEqual(['worker 2']);
		const items = outputOf(again, GENERATE);
		await fixture.expectComplete(items, prompts);
		expect(items.map(({ json }) => json.reused === true)).toEqual([true, true, false, false]);
		expect(fixture.tasks()).toHaveLength(4);
		fixture.expectPaid(4);
	});
});

describe('Seedream Trigger', () => {
	const PROVIDERS = ['evoLink', 'apiMart', 'apiInOne'] as const;

	const itemsOfNext = ({ data }: Execution) => itemsOf(runsOf(data, NEXT)[0]);

	it.each(PROVIDERS)(
		'the webhook process takes the callback, and a worker fetches the image (%s)',
		async (provider) => {
			const workflow = await TriggerWorkflow.open(n8n, provider);
			const [task] = await workflow.submit(['A lake']);
			const executions = await workflow.executions(1);

			const [item, ...others] = executions.flatMap(itemsOfNext);
			expect(others).toEqual([]);
			expect(item?.json).toMatchObject({ status: 'completed', taskId: task?.id });
			expect(await n8n.rest.file(String(item?.binary?.data?.id))).toHaveLength(IMAGE_BYTES);
		},
	);

	/** A trigger for each provider, with tasks that are done. */
	async function openTriggers() {
		const triggers = [];
		for (const provider of PROVIDERS) {
			const workflow = await TriggerWorkflow.open(n8n, provider);
			const tasks = await workflow.submit(['A lake', 'A hill'], { callsBack: false });
			triggers.push({ workflow, tasks });
		}
		return triggers;
	}

	function expectTasks(executions: readonly Execution[], tasks: readonly TaskView[]): void {
		const items = executions.flatMap(itemsOfNext).map(({ json }) => json);
		expect(items.map(({ status }) => status)).toEqual(tasks.map(() => 'completed'));
		expect(items.map(({ taskId }) => taskId).sort()).toEqual(tasks.map(({ id }) => id).sort());
	}

	it('loses no callback that arrives while the workers are dead', async () => {
		const triggers = await openTriggers();
		for (const worker of WORKERS) await n8n.worker(worker).kill();
		for (const { workflow, tasks } of triggers) {
			for (const task of tasks) expect(await workflow.callBack(task)).toBe(200);
		}
		await n8n.startWorker('worker 2');

		for (const { workflow, tasks } of triggers) {
			expectTasks(await workflow.executions(tasks.length), tasks);
		}
	});

	it('Retry returns the images of executions whose worker was killed', async () => {
		const downloads = new Set<string>();
		n8n.sandbox.setIntercept(({ step, taskId = '' }) => {
			if (step !== 'download') return undefined;
			downloads.add(taskId);
			return { kind: 'delay', ms: MINUTE };
		});
		const workflows = await openTriggers();
		for (const { workflow, tasks } of workflows) {
			for (const task of tasks) await workflow.callBack(task);
		}
		const ids = workflows.flatMap(({ tasks }) => tasks.map(({ id }) => id));
		await until(() => ids.every((id) => downloads.has(id)));
		await n8n.worker('worker 2').kill();
		n8n.sandbox.setIntercept(undefined);
		await n8n.startWorker('worker 2');

		for (const { workflow, tasks } of workflows) {
			const crashed = await workflow.executions(tasks.length);
			expect(crashed.map(({ status }) => status)).toEqual(tasks.map(() => 'crashed'));
			const retried = [];
			for (const { id } of crashed) {
				retried.push(await n8n.rest.execution(await n8n.rest.retry(id)));
			}
			expectTasks(retried, tasks);
		}
	});
});

it(
	'n8n 2 ends the executions of a killed worker with an error, and does not start them again',
	async () => {
		for (const { workflowId, executionId } of killed.values()) {
			const { status } = await n8n.rest.waitFor(workflowId, executionId, 3 * MINUTE);
			expect(status).toBe('error');
			expect(await n8n.workersOf(executionId)).toEqual(['worker 1']);
		}
	},
	4 * MINUTE,
);

it('no log of n8n has a secret', async () => {
	const log = await n8n.readLog();
	const { evoLink, apiMart, apiInOne } = n8n.sandbox.keys;
	for (const secret of [evoLink, apiMart, apiInOne, n8n.password]) {
		expect(log.includes(secret)).toBe(false);
	}
});
