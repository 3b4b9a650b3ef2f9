import { setTimeout as wait } from 'node:timers/promises';

import { systems, type System } from '../n8n/systems';
import type { ProviderName } from '../sandbox/sandbox';
import { answer, MoneyStage, outputOf, until, type Scene, type Started } from './moneyFixture';
import { GENERATE, TASK_STATUS } from './nodeChains';
import { installRuntime } from './runtime';

/**
 * The rules of money in a full n8n, with what only a full one has: a list of executions with Retry, Stop, a time-out of
 * the workflow, a database, and a process that can die. By the sandbox's account no row is paid for twice, and whatever
 * was paid for can still be had.
 */

jest.setTimeout(180_000);

/** All tests share it: most of the time is waiting, so they run side by side. */
const starting = installRuntime(console.log).then(MoneyStage.open);

afterAll(async () => await (await starting).n8n.close());

const ONE_OF_EACH: readonly System[] = systems.filter(
	({ provider }, index) => systems.findIndex((system) => system.provider === provider) === index,
);

/** EvoLink makes nothing again under an Idempotency-Key that it knows. */
const honoursKeys = ({ provider }: System) => provider === 'evoLink';
const WITH_KEYS = ONE_OF_EACH.filter(honoursKeys);
const WITHOUT_KEYS = ONE_OF_EACH.filter((system) => !honoursKeys(system));

/** A test at each of these providers. */
function atEach(
	what: string,
	play: (at: Scene) => Promise<void>,
	where: readonly System[] = ONE_OF_EACH,
): void {
	it.concurrent.each(where)(`${what} ($title)`, async (system) => {
		await play((await starting).scene(system));
	});
}

const PROMPTS = ['one', 'two', 'three'];

const RETRY_ON_FAIL = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };

describe('Retry On Fail pays for nothing twice', () => {
	const faults = [
		['a query that failed for good', 'query', 401, 0],
		['a download that failed', 'download', 400, 0],
		['a row that was refused', 'create', 400, 1],
	] as const;
	for (const [what, step, status, createsMore] of faults) {
		atEach(`after ${what}`, async (at) => {
			at.breakFirst(step, 'two', answer(status));
			const execution = await at.run({ prompts: PROMPTS, node: RETRY_ON_FAIL });

			expect(execution.status).toBe('success');
			await at.expectComplete(outputOf(execution, GENERATE), PROMPTS);
			expect(at.created()).toEqual([...PROMPTS, ...Array(createsMore).fill('two')].sort());
			expect(at.tasks()).toHaveLength(3);
			at.expectPaid(3);
		});
	}

	atEach('and makes a task that failed anew, for that cost nothing', async (at) => {
		const failing = 'two [[fail:service_error]]';
		const execution = await at.run({ prompts: ['one', failing, 'three'], node: RETRY_ON_FAIL });

		expect(execution.status).toBe('error');
		expect(execution.data.resultData.error).toMatchObject({
			message: expect.stringMatching(/^Row 2: .+ \[task \S+\]$/),
			description: expect.stringContaining('2 of 3 rows finished. They are kept: '),
		});
		expect(at.created()).toEqual(['one', failing, failing, failing, 'three'].sort());
		at.expectPaid(2);
	});
});

describe('Retry in the list of executions', () => {
	const workflows = [
		['the currently saved workflow', true, 'two, in blue'],
		['the original workflow', false, 'two'],
	] as const;
	for (const [which, loadWorkflow, prompt] of workflows) {
		atEach(`with ${which} pays only for the row that is missing`, async (at) => {
			at.breakFirst('create', 'two', answer(400));
			const started = await at.start({ prompts: PROMPTS });
			const failed = await at.untilOver(started);
			expect(failed).toMatchObject({ status: 'error', isRetryOffered: true });
			await at.save(started, { prompt: '={{ $json.prompt.replace("two", "two, in blue") }}' });
			const retried = await at.retry(failed, { loadWorkflow });

			expect(retried.status).toBe('success');
			await at.expectComplete(outputOf(retried, GENERATE), ['one', prompt, 'three']);
			expect(at.created()).toEqual([...PROMPTS, prompt].sort());
			at.expectPaid(3);
		});
	}

	atEach('is over once it has succeeded', async (at) => {
		at.breakFirst('query', 'two', answer(401));
		const failed = await at.run({ prompts: PROMPTS });
		const retried = await at.retry(failed);

		await expect(at.retry(retried)).rejects.toThrow('The execution succeeded');
		expect(await at.again(failed)).toMatchObject({ isRetryOffered: false });
		at.expectPaid(3);
	});

	atEach('pays for nothing when it fails, too, and is itself retried', async (at) => {
		at.breakFirst('create', 'two', answer(400));
		const failed = await at.run({ prompts: PROMPTS });
		at.breakFirst('query', 'two', answer(401));
		const failedAgain = await at.retry(failed);
		const retried = await at.retry(failedAgain);

		expect([failed, failedAgain, retried].map(({ status }) => status)).toEqual([
			'error',
			'error',
			'success',
		]);
		await at.expectComplete(outputOf(retried, GENERATE), PROMPTS);
		expect(at.created()).toEqual([...PROMPTS, 'two'].sort());
		at.expectPaid(3);
	});
});

describe('a create whose answer is lost', () => {
	const retries = [
		['at once', [{ kind: 'resetAfter' }], {}],
		['by Retry On Fail', [{ kind: 'resetAfter' }, answer(400)], RETRY_ON_FAIL],
		['by Retry in the list of executions', [{ kind: 'resetAfter' }, answer(400)], {}],
	] as const;
	for (const [how, faults, node] of retries) {
		atEach(
			`is repeated ${how} under its Idempotency-Key: one task, and its image`,
			async (at) => {
				at.breakFirst('create', 'two', ...faults);
				const first = await at.run({ prompts: PROMPTS, node });
				const last = how.endsWith('executions') ? await at.retry(first) : first;

				expect(last.status).toBe('success');
				await at.expectComplete(outputOf(last, GENERATE), PROMPTS);
				expect(at.created()).toEqual([...PROMPTS, ...faults.map(() => 'two')].sort());
				expect(at.tasks()).toHaveLength(3);
				at.expectPaid(3);
			},
			WITH_KEYS,
		);
	}

	atEach(
		'is not sent again by Retry On Fail; the error says where to look for the task',
		async (at) => {
			at.breakFirst('create', 'two', { kind: 'resetAfter' });
			const failed = await at.run({ prompts: PROMPTS, node: RETRY_ON_FAIL });

			const task = at.tasks().find(({ prompt }) => prompt === at.full('two'));
			const madeAt = new Date(task?.createdAt ?? 0).toISOString().slice(0, 16).replace('T', ' ');
			expect(failed.data.resultData.error).toMatchObject({
				message: expect.stringContaining(
					`'s list of tasks for one of ${String(at.system.parameters.model)} made at ${madeAt}`,
				),
				description: expect.stringContaining('Seedream Task Status fetches it by its ID.'),
			});
			expect(failed.data.resultData.error?.message).toMatch(/^Row 2: .+ UTC$/);
			expect(at.created()).toEqual([...PROMPTS].sort());
			at.expectPaid(3);

			// The user finds it in that list.
			const id = String(task?.id);
			await at.expectImages(await at.fetchByTaskId([id]), [id]);
			at.expectPaid(3);
		},
		WITHOUT_KEYS,
	);
});

describe('an execution that ends before its batch', () => {
	const CONCURRENCY = 4;
	const prompts = Array.from({ length: 12 }, (_, index) => `Picture ${index} [[slow:8]]`);
	const endings = [
		['by Stop', {}],
		['by the time-out of the workflow', { executionTimeout: 4 }],
	] as const;
	for (const [how, settings] of endings) {
		atEach(
			`${how} creates nothing more, and each image that was paid for can be fetched by the log`,
			async (at) => {
				const [underWay = ''] = prompts;
				// Its answer comes when nobody waits for the execution any more.
				at.breakFirst('create', underWay, { kind: 'delay', ms: 6_000 });
				const parameters = { options: { concurrency: CONCURRENCY } };
				const started = await at.start({ prompts, parameters, settings });
				await at.untilTasks(CONCURRENCY - 1);
				if (how === 'by Stop') await at.stop(started);
				const ended = await at.untilOver(started);
				const endedAt = Date.now();
				// The one under way is heard.
				await at.untilTasks(CONCURRENCY);
				await wait(1_500);

				expect(ended).toMatchObject({ status: 'canceled', isRetryOffered: false });
				expect(at.created()).toEqual(prompts.slice(0, CONCURRENCY));
				const queries = at.requests('query').filter((request) => request.at > endedAt + 500);
				expect(queries).toEqual([]);
				const ids = await at.idsInLog(ended.id, 'Stopped: Seedream Task Status can fetch task ');
				expect([...ids].sort()).toEqual(at.taskIds().sort());
				await at.expectImages(await at.fetchByTaskId(ids), ids);
				at.expectPaid(CONCURRENCY);
			},
		);
	}
});

describe('n8n is killed', () => {
	const prompts = ['one', 'two', 'three'].map((prompt) => `${prompt} [[slow:600]]`);
	const SUBMITTED = { continueWhen: 'submitted' };
	const PROGRESS = { saveExecutionProgress: true };
	const plays = {
		collecting: { prompts, parameters: SUBMITTED, collects: true, settings: PROGRESS },
		unsaved: { prompts, parameters: SUBMITTED, collects: true },
		generating: { prompts, settings: PROGRESS },
	};
	/** One power cut for all of them. */
	type Killed = Started & { at: Scene };
	const killed = new Map<string, Killed>();
	const killedIn = (play: keyof typeof plays, { provider }: System): Killed => {
		const found = killed.get(`${play} at ${provider}`);
		if (!found) throw new Error('The power cut did not happen');
		return found;
	};

	beforeAll(async () => {
		const stage = await starting;
		for (const [name, play] of Object.entries(plays)) {
			for (const system of ONE_OF_EACH) {
				const at = stage.scene(system);
				killed.set(`${name} at ${system.provider}`, { at, ...(await at.start(play)) });
			}
		}
		for (const { at } of killed.values()) {
			await until(() => at.tasks().length === prompts.length && at.requests('query').length > 0);
		}
		await stage.powerCut(600);
	});

	it.each(ONE_OF_EACH)(
		'Submit now, collect later: Retry goes on with Task Status and creates nothing ($title)',
		async (system) => {
			const { at, ...started } = killedIn('collecting', system);
			const crashed = await at.untilOver(started);
			expect(crashed).toMatchObject({ status: 'crashed', isRetryOffered: true });
			const submitted = outputOf(crashed, GENERATE).map(({ json }) => String(json.taskId));
			expect([...submitted].sort()).toEqual(at.taskIds().sort());

			const retried = await at.retry(crashed);
			expect(retried.status).toBe('success');
			await at.expectImages(outputOf(retried, TASK_STATUS), submitted);
			expect(at.requests('create')).toHaveLength(prompts.length);
			at.expectPaid(prompts.length);
		},
	);

	it.each(ONE_OF_EACH)(
		'without saved progress n8n has no Retry; the log names the tasks ($title)',
		async (system) => {
			const { at, ...started } = killedIn('unsaved', system);
			const crashed = await at.untilOver(started);
			await expect(at.retry(crashed)).rejects.toThrow('it cannot be retried');

			const ids = await at.idsInLog(crashed.id, 'Seedream task ');
			expect([...ids].sort()).toEqual(at.taskIds().sort());
			await at.expectImages(await at.fetchByTaskId(ids), ids);
			at.expectPaid(prompts.length);
		},
	);

	it.each(ONE_OF_EACH)(
		'while Seedream Generate waits: the log names the tasks ($title)',
		async (system) => {
			const { at, ...started } = killedIn('generating', system);
			const crashed = await at.untilOver(started);
			expect(crashed.status).toBe('crashed');

			const ids = await at.idsInLog(crashed.id, 'Seedream task ');
			expect([...ids].sort()).toEqual(at.taskIds().sort());
			await at.expectImages(await at.fetchByTaskId(ids), ids);
			at.expectPaid(prompts.length);
		},
	);
});

it.each<ProviderName>(['evoLink', 'apiMart', 'apiInOne'])(
	'the account at %s holds what all of this should have cost, and no more',
	async (provider) => {
		const stage = await starting;
		const { charged, reserved } = stage.n8n.sandbox.account(provider);
		expect(reserved).toBe(0);
		expect(charged).toBeCloseTo(stage.expectedCharge(provider));
	},
);
