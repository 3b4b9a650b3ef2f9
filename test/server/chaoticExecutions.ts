import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

import { FAULTS, faultsAt, type FaultName, type Target } from '../chaos/faults';
import { pool } from '../chaos/pool';
import { SeededRandom } from '../chaos/seededRandom';
import type { System } from '../n8n/systems';
import type { Intercept, SandboxRequest, TaskView } from '../sandbox/sandbox';
import { generate, inARow, START } from './nodeChains';
import type { Execution } from './restClient';
import type { SeedreamN8n } from './seedreamN8n';

/** An execution that ended in one way or another. */
export interface ChaoticExecution extends Execution {
	isRetry: boolean;
}

export interface ChaoticWorkflowOptions {
	memoryTable: string;
	reuse: 'never' | 'sameRequest';
}

/** A row of a workflow; repeated ones occur more often. */
const ROWS = [
	'A lake',
	'A lake',
	'A forest',
	'A mountain',
	'A river [[slow:3]]',
	'A meadow [[slow:5]]',
	'A desert [[slow:300]]',
	'A swamp [[fail:service_error]]',
	'A ruin [[fail:service_error]] [[charged]]',
	'A glacier [[http:429x2]]',
];
const ROWS_PER_WORKFLOW = 3;
/** Long enough for all rows but the slowest. */
const TIMEOUT_SECONDS = 8;
const ON_ERROR = ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'];
const RETRY_ON_FAIL_SHARE = 0.3;

const SIMULTANEOUS = 10;
/** Each poll takes n8n some time. */
const POLL_MS = 1_000;
const STOPPED_SHARE = 0.15;
const RETRIED_SHARE = 0.6;

const FAULT_SHARE = 0.2;
/** Of the faults of create requests. */
const LOST_SHARE = 0.3;
/** More faults in a row of the same request would only take longer. */
const MAX_CONSECUTIVE_FAULTS = 2;

const batchBody = z.object({ task_ids: z.array(z.string()) });

/** Overlapping executions that are stopped, killed and retried while their providers misbehave. */
export class ChaoticExecutions {
	readonly ended: ChaoticExecution[] = [];

	private readonly random: SeededRandom;

	private begun = 0;

	private kills = 0;

	/** Resolves when n8n is running. */
	private restarted: Promise<void> = Promise.resolve();

	constructor(
		private readonly n8n: SeedreamN8n,
		seed: number,
	) {
		this.random = new SeededRandom(seed);
	}

	/** Returns its ID. */
	async createWorkflow(
		{ title, parameters }: System,
		options: ChaoticWorkflowOptions,
	): Promise<string> {
		const { random, n8n } = this;
		const name = `${title}, reuse: ${options.reuse}`;
		const prompts = Array.from(
			{ length: ROWS_PER_WORKFLOW },
			(_, row) => `${random.pick(ROWS, name, row)} (${name})`,
		);
		const node = generate(
			{
				...parameters,
				prompt: '={{ $json.prompt }}',
				options: { ...options, timeout: TIMEOUT_SECONDS },
			},
			n8n.credentials,
			{
				onError: random.pick(ON_ERROR, name, 'on error'),
				retryOnFail: random.chance(RETRY_ON_FAIL_SHARE, name, 'retry on fail'),
				maxTries: 2,
				waitBetweenTries: 100,
			},
		);
		const workflow = inARow(name, [node], {
			pinData: { [START]: prompts.map((prompt) => ({ json: { prompt } })) },
			// For a retry after a kill.
			settings: { executionOrder: 'v1', saveExecutionProgress: true },
		});
		return await n8n.rest.createWorkflow(workflow);
	}

	/** Runs this many executions of these workflows, retries included. */
	async run(workflowIds: readonly string[], count: number): Promise<void> {
		const until = this.begun + count;
		const runUntil = async () => {
			while (this.begun < until) await this.runOne(workflowIds, until);
		};
		await Promise.all(pool(Array(SIMULTANEOUS).fill(runUntil), SIMULTANEOUS));
	}

	/** Kills n8n once this many executions have begun, and starts it again. */
	async killN8n(count: number): Promise<void> {
		while (this.begun < count) await wait(20);
		this.kills += 1;
		this.restarted = this.n8n.kill().then(async () => await this.n8n.startAgain());
		await this.restarted;
	}

	/** For the sandbox. */
	readonly intercept: Intercept = (request) => {
		const { provider, attempt } = request;
		const target = targetOf(request);
		if (!provider || !target || attempt % (MAX_CONSECUTIVE_FAULTS + 1) === 0) return undefined;
		const { random } = this;
		const tasks = this.tasksOf(request);
		const subject = request.prompt ?? tasks.map(({ prompt }) => prompt).join();
		const purpose = [provider, target, subject, attempt];
		if (!random.chance(FAULT_SHARE, ...purpose)) return undefined;
		const isLost = target === 'create' && random.chance(LOST_SHARE, ...purpose, 'lost');
		const name: FaultName = isLost
			? 'reset after'
			: random.pick(faultsAt(target, provider), ...purpose, 'which');
		const batchIds = target === 'batch' ? tasks : [];
		return FAULTS[name]({ random, provider, target, purpose, batchIds, others: [] });
	};

	/** Runs one of the workflows, and perhaps stops or retries it. */
	private async runOne(workflowIds: readonly string[], until: number): Promise<void> {
		const { random, n8n } = this;
		const { rest } = n8n;
		const number = this.begun;
		this.begun += 1;
		const workflowId = random.pick(workflowIds, number, 'workflow');
		const id = await this.despiteKills(async () => await rest.run(workflowId, START));
		if (random.chance(STOPPED_SHARE, number, 'stopped')) {
			await wait(random.between(500, 5_000, number, 'stopped after'));
			// Unless it has ended, or was killed.
			await rest.stop(id).catch(() => undefined);
		}
		const execution = await this.despiteKills(async () => {
			while (!(await rest.isOver(workflowId, id))) await wait(POLL_MS);
			return await rest.execution(id);
		});
		this.ended.push({ ...execution, isRetry: false });
		const isRetried = random.chance(RETRIED_SHARE, number, 'retried');
		if (!execution.isRetryOffered || !isRetried || this.begun >= until) return;
		this.begun += 1;
		const retry = await this.unlessKilled(async () => await rest.execution(await rest.retry(id)));
		if (retry) this.ended.push({ ...retry, isRetry: true });
	}

	private async despiteKills<T>(call: () => Promise<T>): Promise<T> {
		for (;;) {
			const result = await this.unlessKilled(async () => ({ value: await call() }));
			if (result) return result.value;
		}
	}

	private async unlessKilled<T>(call: () => Promise<T>): Promise<T | undefined> {
		await this.restarted;
		const { kills } = this;
		try {
			return await call();
		} catch (error) {
			if (this.kills === kills) throw error;
			return undefined;
		}
	}

	private tasksOf({ taskId, body }: SandboxRequest): TaskView[] {
		const ids = taskId === undefined ? (batchBody.safeParse(body).data?.task_ids ?? []) : [taskId];
		return this.n8n.sandbox.tasks().filter(({ id }) => ids.includes(id));
	}
}

function targetOf({ step, taskId }: SandboxRequest): Target | undefined {
	if (step === 'account' || step === 'catalog') return undefined;
	return step === 'query' && taskId === undefined ? 'batch' : step;
}
