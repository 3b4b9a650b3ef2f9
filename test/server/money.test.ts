import { setTimeout as wait } from 'node:timers/promises';

import { ONE_PER_PROVIDER, type System } from '../n8n/systems';
import type { ProviderName } from '../sandbox/sandbox';
import {
	respondWith,
	SharedN8n,
	outputOf,
	until,
	type MoneyFixture,
	type Started,
} from './moneyFixture';
import { GENERATE, TASK_STATUS } from './nodeChains';
import { installRuntime } from './runtime';

/**
 * What users are charged in a full n8n, with what only a full one has: retries in the list of executions, Stop, a
 * workflow timeout, a database, and a process that can be killed. By the sandbox's account, no row is charged twice,
 * and everything charged can still be fetched.
 */

jest.setTimeout(180_000);

/** Shared by all tests, which run concurrently: most of the time is spent waiting. */
const starting = installRuntime(console.log).then(SharedN8n.open);

afterAll(async () => await (await starting).n8n.close());

/** EvoLink creates nothing again for an Idempotency-Key it already knows. */
const honorsIdempotency = ({ provider }: System) => provider === 'evoLink';
const WITH_IDEMPOTENCY = ONE_PER_PROVIDER.filter(honorsIdempotency);
const WITHOUT_IDEMPOTENCY = ONE_PER_PROVIDER.filter((system) => !honorsIdempotency(system));

/** A test for each of these providers. */
function forEachProvider(
	what: string,
	test: (fixture: MoneyFixture) => Promise<void>,
	where: readonly System[] = ONE_PER_PROVIDER,
): void {
	it.concurrent.each(where)(`${what} ($title)`, async (system) => {
		await test((await starting).createFixture(system));
	});
}

const PROMPTS = ['one', 'two', 'three'];

const RETRY_ON_FAIL = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };

describe('Retry On Fail charges nothing twice', () => {
	const faults = [
		['polling failed for good', 'query', 401, 0],
		['a download failed', 'download', 400, 0],
		['a row was rejected', 'create', 400, 1],
	] as const;
	for (const [what, step, status, createsMore] of faults) {
		forEachProvider(`after ${what}`, async (fixture) => {
			fixture.failFirst(step, 'two', respondWith(status));
			const execution = await fixture.run({ prompts: PROMPTS, node: RETRY_ON_FAIL });

			expect(execution.status).toBe('success');
			await fixture.expectComplete(outputOf(execution, GENERATE), PROMPTS);
			expect(fixture.createdPrompts()).toEqual(
				[...PROMPTS, ...Array(createsMore).fill('two')].sort(),
			);
			expect(fixture.tasks()).toHaveLength(3);
			fixture.expectPaid(3);
		});
	}

	forEachProvider('and creates a failed task again, as that cost nothing', async (fixture) => {
		const failing = 'two [[fail:service_error]]';
		const execution = await fixture.run({
			prompts: ['one', failing, 'three'],
			node: RETRY_ON_FAIL,
		});

		expect(execution.status).toBe('error');
		expect(execution.data.resultData.error).toMatchObject({
			message: expect.stringMatching(/^Row 2: .+ \[task \S+\]$/),
			description: expect.stringContaining('2 of 3 rows finished. The node saves them: '),
		});
		expect(fixture.createdPrompts()).toEqual(['one', failing, failing, failing, 'three'].sort());
		fixture.expectPaid(2);
	});
});

describe('Retry in the list of executions', () => {
	const workflows = [
		['the currently saved workflow', true, 'two, in blue'],
		['the original workflow', false, 'two'],
	] as const;
	for (const [which, loadWorkflow, prompt] of workflows) {
		forEachProvider(`with ${which} charges only for the missing row`, async (fixture) => {
			fixture.failFirst('create', 'two', respondWith(400));
			const started = await fixture.start({ prompts: PROMPTS });
			const failed = await fixture.untilFinished(started);
			expect(failed).toMatchObject({ status: 'error', isRetryOffered: true });
			await fixture.save(started, { prompt: '={{ $json.prompt.replace("two", "two, in blue") }}' });
			const retried = await fixture.retry(failed, { loadWorkflow });

			expect(retried.status).toBe('success');
			await fixture.expectComplete(outputOf(retried, GENERATE), ['one', prompt, 'three']);
			expect(fixture.createdPrompts()).toEqual([...PROMPTS, prompt].sort());
			fixture.expectPaid(3);
		});
	}

	forEachProvider('is no longer offered once it succeeded', async (fixture) => {
		fixture.failFirst('query', 'two', respondWith(401));
		const failed = await fixture.run({ prompts: PROMPTS });
		const retried = await fixture.retry(failed);

		await expect(fixture.retry(retried)).rejects.toThrow('The execution succeeded');
		expect(await fixture.reload(failed)).toMatchObject({ isRetryOffered: false });
		fixture.expectPaid(3);
	});

	forEachProvider('charges nothing more when it fails and is itself retried', async (fixture) => {
		fixture.failFirst('create', 'two', respondWith(400));
		const failed = await fixture.run({ prompts: PROMPTS });
		fixture.failFirst('query', 'two', respondWith(401));
		const failedAgain = await fixture.retry(failed);
		const retried = await fixture.retry(failedAgain);

		expect([failed, failedAgain, retried].map(({ status }) => status)).toEqual([
			'error',
			'error',
			'success',
		]);
		await fixture.expectComplete(outputOf(retried, GENERATE), PROMPTS);
		expect(fixture.createdPrompts()).toEqual([...PROMPTS, 'two'].sort());
		fixture.expectPaid(3);
	});
});

describe('a create request whose response is lost', () => {
	const retries = [
		['at once', [{ kind: 'resetAfter' }], {}],
		['by Retry On Fail', [{ kind: 'resetAfter' }, respondWith(400)], RETRY_ON_FAIL],
		['by Retry in the list of executions', [{ kind: 'resetAfter' }, respondWith(400)], {}],
	] as const;
	for (const [how, faults, node] of retries) {
		forEachProvider(
			`is repeated ${how} under its Idempotency-Key, for one task and its image`,
			async (fixture) => {
				fixture.failFirst('create', 'two', ...faults);
				const first = await fixture.run({ prompts: PROMPTS, node });
				const last = how.endsWith('executions') ? await fixture.retry(first) : first;

				expect(last.status).toBe('success');
				await fixture.expectComplete(outputOf(last, GENERATE), PROMPTS);
				expect(fixture.createdPrompts()).toEqual([...PROMPTS, ...faults.map(() => 'two')].sort());
				expect(fixture.tasks()).toHaveLength(3);
				fixture.expectPaid(3);
			},
			WITH_IDEMPOTENCY,
		);
	}

	forEachProvider(
		'is not repeated by Retry On Fail without idempotency; the error says where to look for the task',
		async (fixture) => {
			fixture.failFirst('create', 'two', { kind: 'resetAfter' });
			const failed = await fixture.run({ prompts: PROMPTS, node: RETRY_ON_FAIL });

			const task = fixture.tasks().find(({ prompt }) => prompt === fixture.fullPrompt('two'));
			const madeAt = new Date(task?.createdAt ?? 0).toISOString().slice(0, 16).replace('T', ' ');
			expect(failed.data.resultData.error).toMatchObject({
				message: expect.stringContaining(
					`'s task list for a ${String(fixture.system.parameters.model)} task created at ${madeAt}`,
				),
				description: expect.stringContaining(
					'fetch it with the Seedream Task Status node and its task ID.',
				),
			});
			expect(failed.data.resultData.error?.message).toMatch(/^Row 2: .+ UTC$/);
			expect(fixture.createdPrompts()).toEqual([...PROMPTS].sort());
			fixture.expectPaid(3);

			// The user finds it in that list.
			const id = String(task?.id);
			await fixture.expectImages(await fixture.fetchByTaskId([id]), [id]);
			fixture.expectPaid(3);
		},
		WITHOUT_IDEMPOTENCY,
	);
});

describe('an execution stopped early', () => {
	const CONCURRENCY = 4;
	const prompts = Array.from({ length: 12 }, (_, index) => `Picture ${index} [[slow:8]]`);
	const endings = [
		['by Stop', {}],
		['by the time-out of the workflow', { executionTimeout: 4 }],
	] as const;
	for (const [how, settings] of endings) {
		forEachProvider(
			`${how} creates no more tasks, and every image charged can be fetched with the log`,
			async (fixture) => {
				const [underWay = ''] = prompts;
				// Its response arrives when the execution has already ended.
				fixture.failFirst('create', underWay, { kind: 'delay', ms: 6_000 });
				const parameters = { options: { concurrency: CONCURRENCY } };
				const started = await fixture.start({ prompts, parameters, settings });
				await fixture.untilTasks(CONCURRENCY - 1);
				if (how === 'by Stop') await fixture.stop(started);
				const ended = await fixture.untilFinished(started);
				const endedAt = Date.now();
				// The response to the pending one is still read.
				await fixture.untilTasks(CONCURRENCY);
				await wait(1_500);

				expect(ended).toMatchObject({ status: 'canceled', isRetryOffered: false });
				expect(fixture.createdPrompts()).toEqual(prompts.slice(0, CONCURRENCY));
				const queries = fixture.requests('query').filter((request) => request.at > endedAt + 500);
				expect(queries).toEqual([]);
				const ids = await fixture.idsInLog(ended.id, 'Stopped: fetch task ');
				expect([...ids].sort()).toEqual(fixture.taskIds().sort());
				await fixture.expectImages(await fixture.fetchByTaskId(ids), ids);
				fixture.expectPaid(CONCURRENCY);
			},
		);
	}
});

describe('after n8n was killed', () => {
	const prompts = ['one', 'two', 'three'].map((prompt) => `${prompt} [[slow:600]]`);
	const SUBMITTED = { continueWhen: 'submitted' };
	const PROGRESS = { saveExecutionProgress: true };
	const workflows = {
		collecting: { prompts, parameters: SUBMITTED, collects: true, settings: PROGRESS },
		unsaved: { prompts, parameters: SUBMITTED, collects: true },
		generating: { prompts, settings: PROGRESS },
	};
	/** One power cut for all of them. */
	type Killed = Started & { fixture: MoneyFixture };
	const killed = new Map<string, Killed>();
	const killedFixture = (name: keyof typeof workflows, { provider }: System): Killed => {
		const found = killed.get(`${name} at ${provider}`);
		if (!found) throw new Error('The power cut did not happen');
		return found;
	};

	beforeAll(async () => {
		const shared = await starting;
		for (const [name, options] of Object.entries(workflows)) {
			for (const system of ONE_PER_PROVIDER) {
				const fixture = shared.createFixture(system);
				killed.set(`${name} at ${system.provider}`, {
					fixture: fixture,
					...(await fixture.start(options)),
				});
			}
		}
		for (const { fixture: fixture } of killed.values()) {
			await until(
				() => fixture.tasks().length === prompts.length && fixture.requests('query').length > 0,
			);
		}
		await shared.powerCut(600);
	});

	it.each(ONE_PER_PROVIDER)(
		'a retry continues with Task Status and creates nothing ($title)',
		async (system) => {
			const { fixture: fixture, ...started } = killedFixture('collecting', system);
			const crashed = await fixture.untilFinished(started);
			expect(crashed).toMatchObject({ status: 'crashed', isRetryOffered: true });
			const submitted = outputOf(crashed, GENERATE).map(({ json }) => String(json.taskId));
			expect([...submitted].sort()).toEqual(fixture.taskIds().sort());

			const retried = await fixture.retry(crashed);
			expect(retried.status).toBe('success');
			await fixture.expectImages(outputOf(retried, TASK_STATUS), submitted);
			expect(fixture.requests('create')).toHaveLength(prompts.length);
			fixture.expectPaid(prompts.length);
		},
	);

	it.each(ONE_PER_PROVIDER)(
		'there is no retry without saved progress, but the log names the tasks ($title)',
		async (system) => {
			const { fixture: fixture, ...started } = killedFixture('unsaved', system);
			const crashed = await fixture.untilFinished(started);
			await expect(fixture.retry(crashed)).rejects.toThrow('it cannot be retried');

			const ids = await fixture.idsInLog(crashed.id, 'Seedream task ');
			expect([...ids].sort()).toEqual(fixture.taskIds().sort());
			await fixture.expectImages(await fixture.fetchByTaskId(ids), ids);
			fixture.expectPaid(prompts.length);
		},
	);

	it.each(ONE_PER_PROVIDER)(
		'the log names the tasks Seedream Generate was waiting for ($title)',
		async (system) => {
			const { fixture: fixture, ...started } = killedFixture('generating', system);
			const crashed = await fixture.untilFinished(started);
			expect(crashed.status).toBe('crashed');

			const ids = await fixture.idsInLog(crashed.id, 'Seedream task ');
			expect([...ids].sort()).toEqual(fixture.taskIds().sort());
			await fixture.expectImages(await fixture.fetchByTaskId(ids), ids);
			fixture.expectPaid(prompts.length);
		},
	);
});

it.each<ProviderName>(['evoLink', 'apiMart', 'apiInOne'])(
	'the account at %s was charged for all tests together, and no more',
	async (provider) => {
		const shared = await starting;
		const { charged, reserved } = shared.n8n.sandbox.account(provider);
		expect(reserved).toBe(0);
		expect(charged).toBeCloseTo(shared.expectedCharge(provider));
	},
);
