import { setTimeout as wait } from 'node:timers/promises';

import type { System } from '../n8n/systems';
import type { Fault, ProviderName, SandboxRequest, Step, TaskView } from '../sandbox/sandbox';
import { readDataTable } from './dataTable';
import { itemsOf, runsOf, type Item } from './executionData';
import { GENERATE, generate, inARow, START, TASK_STATUS, taskStatus } from './nodeChains';
import type { Execution, WorkflowJson } from './restClient';
import type { Runtime } from './runtime';
import { SeedreamN8n, type N8nUnderTest } from './seedreamN8n';

/** Large enough for a file of its own; its content doesn't matter. */
export const IMAGE_BYTES = 2_000;

const RUN_MS = 60_000;

const POLL_MS = 50;

export interface WorkflowOptions {
	prompts: readonly string[];
	/** Of Seedream Generate. */
	parameters?: Record<string, unknown>;
	/** The Settings tab of that node. */
	node?: Record<string, unknown>;
	/** Of the workflow. */
	settings?: Record<string, unknown>;
	/** Adds Seedream Task Status as the next node, which waits for the tasks. */
	collects?: boolean;
}

export interface Started {
	workflowId: string;
	executionId: string;
}

/** Concurrent tests that share an n8n and its sandbox. */
export class MoneyFixtures<N8n extends N8nUnderTest> {
	private readonly fixtures: MoneyFixture[] = [];

	constructor(readonly n8n: N8n) {
		n8n.sandbox.setIntercept((request) =>
			this.fixtures.find((fixture) => fixture.concerns(request))?.faultFor(request),
		);
	}

	createFixture(system: System): MoneyFixture {
		const fixture = new MoneyFixture(this.n8n, system, `fixture ${this.fixtures.length + 1}`);
		this.fixtures.push(fixture);
		return fixture;
	}

	/** What all fixtures of this provider expect to be charged, in its credits. */
	expectedCharge(provider: ProviderName): number {
		return this.fixtures
			.filter(({ system }) => system.provider === provider)
			.reduce((sum, fixture) => sum + fixture.imagesExpected * fixture.system.creditsPerImage, 0);
	}
}

/** For tests that a power cut interrupts. */
export class SharedN8n extends MoneyFixtures<SeedreamN8n> {
	private constructor(
		n8n: SeedreamN8n,
		/** How far the sandbox's clock is ahead of the real one. */
		private readonly clock: { offsetMs: number },
	) {
		super(n8n);
	}

	static async open(runtime: Runtime): Promise<SharedN8n> {
		const clock = { offsetMs: 0 };
		const now = () => Date.now() + clock.offsetMs;
		const n8n = await SeedreamN8n.open(runtime, {
			sandbox: { taskSeconds: 0.1, imageBytes: IMAGE_BYTES, now },
			// n8n's default.
			logLevel: 'info',
		});
		return new SharedN8n(n8n, clock);
	}

	/** Kills n8n while the providers go on. */
	async powerCut(seconds: number): Promise<void> {
		await this.n8n.kill();
		this.clock.offsetMs += seconds * 1000;
		await this.n8n.startAgain();
	}
}

/** The workflows, tasks and requests of one test, identified by their prompts. */
export class MoneyFixture {
	imagesExpected = 0;

	private broken: { step: Step; prompt: string; faults: Fault[] } | undefined;

	constructor(
		private readonly n8n: N8nUnderTest,
		readonly system: System,
		private readonly name: string,
	) {}

	/** Starts a workflow with an image for each prompt. */
	async start(options: WorkflowOptions): Promise<Started> {
		const { rest } = this.n8n;
		const workflowId = await rest.createWorkflow(this.generateWorkflow(options));
		return { workflowId, executionId: await rest.run(workflowId, START) };
	}

	async run(options: WorkflowOptions): Promise<Execution> {
		return await this.untilFinished(await this.start(options));
	}

	/** Runs its workflow in another execution. */
	async runAgain({ workflowId }: Pick<Started, 'workflowId'>): Promise<Execution> {
		const executionId = await this.n8n.rest.run(workflowId, START);
		return await this.untilFinished({ workflowId, executionId });
	}

	/** Changes parameters of Seedream Generate in the saved workflow. */
	async save({ workflowId }: Started, parameters: Record<string, unknown>): Promise<void> {
		const { rest } = this.n8n;
		const workflow = await rest.workflow(workflowId);
		const generate = workflow.nodes.find((node) => node.name === GENERATE);
		Object.assign(generate?.parameters ?? {}, parameters);
		await rest.saveWorkflow(workflowId, workflow);
	}

	async stop({ executionId }: Started): Promise<void> {
		await this.n8n.rest.stop(executionId);
	}

	async untilFinished({ workflowId, executionId }: Started): Promise<Execution> {
		return await this.n8n.rest.waitFor(workflowId, executionId, RUN_MS);
	}

	/** Its current state in the list of executions. */
	async reload({ id }: Pick<Execution, 'id'>): Promise<Execution> {
		return await this.n8n.rest.execution(id);
	}

	/** Retries it from the list of executions. */
	async retry(
		failed: Pick<Execution, 'id'>,
		options?: { loadWorkflow: boolean },
	): Promise<Execution> {
		return await this.n8n.rest.execution(await this.n8n.rest.retry(failed.id, options));
	}

	/** The rows of a data table of n8n about this fixture, oldest first. */
	async tableRows(name: string): Promise<Array<Item['json']>> {
		const rows = await readDataTable(this.n8n.rest, name);
		return rows.filter(({ prompt }) => this.isOwn(String(prompt)));
	}

	/** The output of Seedream Task Status for these IDs, in an execution of its own. */
	async fetchByTaskId(taskIds: readonly string[]): Promise<Item[]> {
		const { rest } = this.n8n;
		const pinData = { [START]: taskIds.map((taskId) => ({ json: { taskId } })) };
		const workflow = inARow(`Fetch of ${this.name}`, [this.taskStatusNode()], { pinData });
		const workflowId = await rest.createWorkflow(workflow);
		const executionId = await rest.run(workflowId, START);
		return outputOf(await rest.waitFor(workflowId, executionId, RUN_MS), TASK_STATUS);
	}

	/** This step fails for the row with this prompt, once for each of the faults. */
	failFirst(step: Step, prompt: string, ...faults: Fault[]): void {
		this.broken = { step, prompt: this.fullPrompt(prompt), faults };
	}

	concerns(request: SandboxRequest): boolean {
		return this.promptsOf(request).some((prompt) => this.isOwn(prompt));
	}

	faultFor(request: SandboxRequest): Fault | undefined {
		if (this.broken === undefined) return undefined;
		const { step, prompt, faults } = this.broken;
		// As from a provider without batch queries, so that every task is polled by itself.
		if (step === 'query' && request.path.endsWith('/tasks/batch')) return respondWith(404);
		const isIt = request.step === step && this.promptsOf(request).includes(prompt);
		return isIt ? faults[request.attempt - 1] : undefined;
	}

	/** The prompts of all create requests, repeats included. */
	createdPrompts(): string[] {
		return this.requests('create')
			.map(({ prompt = '' }) => this.shortPrompt(prompt))
			.sort();
	}

	requests(step: Step): SandboxRequest[] {
		return this.n8n.sandbox.requests.filter(
			(request) => request.step === step && this.concerns(request),
		);
	}

	tasks(): TaskView[] {
		return this.n8n.sandbox.tasks().filter(({ prompt }) => this.isOwn(prompt));
	}

	taskIds(): string[] {
		return this.tasks().map(({ id }) => id);
	}

	/** Resolves when this many tasks exist. */
	async untilTasks(count: number): Promise<void> {
		await until(() => this.tasks().length >= count);
	}

	/** According to the provider's account. */
	expectPaid(images: number): void {
		const { creditsPerImage } = this.system;
		const credits = this.tasks().reduce((sum, task) => sum + task.credits.charged, 0);
		expect(credits).toBeCloseTo(images * creditsPerImage);
		this.imagesExpected = images;
	}

	/** Every row has the image of its own prompt, in order, with its file. */
	async expectComplete(items: readonly Item[], prompts: readonly string[]): Promise<void> {
		expect(items.map(({ json }) => [json.status, json.prompt])).toEqual(
			prompts.map((prompt) => ['completed', this.fullPrompt(prompt)]),
		);
		const taskIds = items.map(({ json }) => String(json.taskId));
		const made = this.tasks();
		expect(taskIds.map((taskId) => made.find(({ id }) => id === taskId)?.prompt)).toEqual(
			items.map(({ json }) => json.prompt),
		);
		await this.expectImages(items, taskIds);
	}

	/** One item per task, with its image and file. */
	async expectImages(items: readonly Item[], taskIds: readonly string[]): Promise<void> {
		expect(items.map(({ json }) => json.taskId)).toEqual(taskIds);
		expect(new Set(taskIds).size).toBe(taskIds.length);
		const tasks = this.tasks();
		for (const { json, binary } of items) {
			const task = tasks.find(({ id }) => id === json.taskId);
			expect(task?.images).toEqual([json.imageUrl]);
			if (!binary?.data) throw new Error(`${String(json.taskId)} has no file`);
			expect(await this.n8n.rest.bytesOf(binary.data)).toHaveLength(IMAGE_BYTES);
		}
	}

	/** The IDs n8n's log names for an execution, in lines that begin like this, by row. */
	async idsInLog(executionId: string, beginning: string, log?: string): Promise<string[]> {
		const lines = (log ?? (await this.n8n.readLog())).split('\n');
		const place = new RegExp(`\\(execution ${executionId}, row (\\d+)\\)$`);
		const found = lines.flatMap((line) => {
			const row = place.exec(line)?.[1];
			const id = / task (\S+) /.exec(line)?.[1];
			return line.startsWith(beginning) && row && id ? [{ row: Number(row), id }] : [];
		});
		return found.sort((one, other) => one.row - other.row).map(({ id }) => id);
	}

	/** The prompt as it is in the workflow. */
	fullPrompt(prompt: string): string {
		return `${prompt} (${this.name})`;
	}

	private shortPrompt(prompt: string): string {
		return prompt.slice(0, -this.fullPrompt('').length);
	}

	private isOwn(prompt: string): boolean {
		return prompt.endsWith(this.fullPrompt(''));
	}

	/** Queries and downloads name tasks; batch queries name several. */
	private promptsOf({ prompt, taskId, body }: SandboxRequest): string[] {
		if (prompt !== undefined) return [prompt];
		const { task_ids: ids = [] } = (body ?? {}) as { task_ids?: string[] };
		const taskIds = taskId === undefined ? ids : [taskId];
		return this.n8n.sandbox
			.tasks()
			.filter(({ id }) => taskIds.includes(id))
			.map((task) => task.prompt);
	}

	private generateWorkflow({
		prompts,
		parameters,
		node,
		settings,
		collects = false,
	}: WorkflowOptions): WorkflowJson {
		const { credentials } = this.n8n;
		const all = { ...this.system.parameters, prompt: '={{ $json.prompt }}', ...parameters };
		const nodes = [generate(all, credentials, node), ...(collects ? [this.taskStatusNode()] : [])];
		return inARow(`Images of ${this.name}`, nodes, {
			pinData: {
				[START]: prompts.map((prompt) => ({ json: { prompt: this.fullPrompt(prompt) } })),
			},
			settings: { executionOrder: 'v1', ...settings },
		});
	}

	private taskStatusNode() {
		return taskStatus(
			{
				provider: this.system.provider,
				taskId: '={{ $json.taskId }}',
				continueWhen: 'finished',
			},
			this.n8n.credentials,
		);
	}
}

/** The items of a node's last run. */
export function outputOf({ data }: Execution, node: string): Item[] {
	return itemsOf(runsOf(data, node).at(-1));
}

export const respondWith = (status: number): Fault => ({ kind: 'response', status, body: {} });

export async function until(isSo: () => boolean): Promise<void> {
	const deadline = performance.now() + RUN_MS;
	while (!isSo()) {
		if (performance.now() > deadline) throw new Error('What the test waits for does not happen');
		await wait(POLL_MS);
	}
}
