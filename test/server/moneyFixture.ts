import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

import type { System } from '../n8n/systems';
import type { Fault, ProviderName, SandboxRequest, Step, TaskView } from '../sandbox/sandbox';
import { itemsOf, runsOf, type Item } from './executionData';
import { GENERATE, generate, inARow, START, TASK_STATUS, taskStatus } from './nodeChains';
import type { Execution, WorkflowJson } from './restClient';
import type { Runtime } from './runtime';
import { SeedreamN8n } from './seedreamN8n';

/** Enough to be a file of its own; the pictures themselves do not matter here. */
const IMAGE_BYTES = 2_000;

const RUN_MS = 60_000;

const POLL_MS = 50;

export interface Play {
	prompts: readonly string[];
	/** Of Seedream Generate. */
	parameters?: Record<string, unknown>;
	/** What stands on that node's tab Settings. */
	node?: Record<string, unknown>;
	/** Of the workflow. */
	settings?: Record<string, unknown>;
	/** Seedream Task Status is the next node, and waits for the tasks. */
	collects?: boolean;
}

export interface Started {
	workflowId: string;
	executionId: string;
}

/** A full n8n, and three providers whose accounts tell what it spends, for many scenes at a time. */
export class MoneyStage {
	private readonly scenes: Scene[] = [];

	private constructor(
		readonly n8n: SeedreamN8n,
		/** What the providers' is ahead of the real one, in milliseconds. */
		private readonly clock: { ahead: number },
	) {
		n8n.sandbox.setIntercept((request) =>
			this.scenes.find((scene) => scene.isAbout(request))?.faultFor(request),
		);
	}

	static async open(runtime: Runtime): Promise<MoneyStage> {
		const clock = { ahead: 0 };
		const now = () => Date.now() + clock.ahead;
		const n8n = await SeedreamN8n.open(runtime, {
			sandbox: { taskSeconds: 0.1, imageBytes: IMAGE_BYTES, now },
			// What n8n has by default.
			logLevel: 'info',
		});
		return new MoneyStage(n8n, clock);
	}

	scene(system: System): Scene {
		const scene = new Scene(this.n8n, system, `scene ${this.scenes.length + 1}`);
		this.scenes.push(scene);
		return scene;
	}

	/** What all scenes at this provider have paid for by their own count, in its credits. */
	expectedCharge(provider: ProviderName): number {
		return this.scenes
			.filter(({ system }) => system.provider === provider)
			.reduce((sum, scene) => sum + scene.imagesExpected * scene.system.creditsPerImage, 0);
	}

	/** n8n does not live to notice. The providers go on. */
	async powerCut(seconds: number): Promise<void> {
		await this.n8n.kill();
		this.clock.ahead += seconds * 1000;
		await this.n8n.startAgain();
	}
}

/** The workflows, tasks and requests of one test, which are known by their prompts. */
export class Scene {
	imagesExpected = 0;

	private broken: { step: Step; prompt: string; faults: Fault[] } | undefined;

	constructor(
		private readonly n8n: SeedreamN8n,
		readonly system: System,
		private readonly name: string,
	) {}

	/** Starts a workflow that makes an image of each prompt. */
	async start(play: Play): Promise<Started> {
		const { rest } = this.n8n;
		const workflowId = await rest.createWorkflow(this.generateWorkflow(play));
		return { workflowId, executionId: await rest.run(workflowId, START) };
	}

	async run(play: Play): Promise<Execution> {
		return await this.untilOver(await this.start(play));
	}

	/** Changes parameters of Seedream Generate in the workflow that was run. */
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

	async untilOver({ workflowId, executionId }: Started): Promise<Execution> {
		return await this.n8n.rest.waitFor(workflowId, executionId, RUN_MS);
	}

	/** As it stands in the list of executions now. */
	async again({ id }: Pick<Execution, 'id'>): Promise<Execution> {
		return await this.n8n.rest.execution(id);
	}

	/** As in the list of executions. */
	async retry(
		failed: Pick<Execution, 'id'>,
		options?: { loadWorkflow: boolean },
	): Promise<Execution> {
		return await this.n8n.rest.execution(await this.n8n.rest.retry(failed.id, options));
	}

	/** What Seedream Task Status gives for these ids, in an execution of its own. */
	async fetchByTaskId(taskIds: readonly string[]): Promise<Item[]> {
		const { rest } = this.n8n;
		const pinData = { [START]: taskIds.map((taskId) => ({ json: { taskId } })) };
		const workflow = inARow(`Fetch of ${this.name}`, [this.taskStatusNode()], { pinData });
		const workflowId = await rest.createWorkflow(workflow);
		const executionId = await rest.run(workflowId, START);
		return outputOf(await rest.waitFor(workflowId, executionId, RUN_MS), TASK_STATUS);
	}

	/** This step of the row with this prompt goes wrong the first time, or so many times. */
	breakFirst(step: Step, prompt: string, ...faults: Fault[]): void {
		this.broken = { step, prompt: this.full(prompt), faults };
	}

	isAbout(request: SandboxRequest): boolean {
		return this.promptsOf(request).some((prompt) => this.isOwn(prompt));
	}

	faultFor(request: SandboxRequest): Fault | undefined {
		if (this.broken === undefined) return undefined;
		const { step, prompt, faults } = this.broken;
		// As a provider that does not know the call, so that each task is asked for by itself.
		if (step === 'query' && request.path.endsWith('/tasks/batch')) return answer(404);
		const isIt = request.step === step && this.promptsOf(request).includes(prompt);
		return isIt ? faults[request.attempt - 1] : undefined;
	}

	/** The prompts that the provider was asked to make, as often as it was. */
	created(): string[] {
		return this.requests('create')
			.map(({ prompt = '' }) => this.short(prompt))
			.sort();
	}

	requests(step: Step): SandboxRequest[] {
		return this.n8n.sandbox.requests.filter(
			(request) => request.step === step && this.isAbout(request),
		);
	}

	tasks(): TaskView[] {
		return this.n8n.sandbox.tasks().filter(({ prompt }) => this.isOwn(prompt));
	}

	taskIds(): string[] {
		return this.tasks().map(({ id }) => id);
	}

	/** Resolves when so many tasks of the scene exist. */
	async untilTasks(count: number): Promise<void> {
		await until(() => this.tasks().length >= count);
	}

	/** By the provider's own books. */
	expectPaid(images: number): void {
		const { creditsPerImage } = this.system;
		const credits = this.tasks().reduce((sum, task) => sum + task.credits.charged, 0);
		expect(credits).toBeCloseTo(images * creditsPerImage);
		this.imagesExpected = images;
	}

	/** Every row has the image of its own prompt, in order, and the file of it. */
	async expectComplete(items: readonly Item[], prompts: readonly string[]): Promise<void> {
		expect(items.map(({ json }) => [json.status, json.prompt])).toEqual(
			prompts.map((prompt) => ['completed', this.full(prompt)]),
		);
		const taskIds = items.map(({ json }) => String(json.taskId));
		const made = this.tasks();
		expect(taskIds.map((taskId) => made.find(({ id }) => id === taskId)?.prompt)).toEqual(
			items.map(({ json }) => json.prompt),
		);
		await this.expectImages(items, taskIds);
	}

	/** One item a task, with its image and the file of it. */
	async expectImages(items: readonly Item[], taskIds: readonly string[]): Promise<void> {
		expect(items.map(({ json }) => json.taskId)).toEqual(taskIds);
		expect(new Set(taskIds).size).toBe(taskIds.length);
		const tasks = this.tasks();
		for (const { json, binary } of items) {
			const task = tasks.find(({ id }) => id === json.taskId);
			expect(task?.images).toEqual([json.imageUrl]);
			const file = await this.n8n.rest.file(String(binary?.data?.id));
			expect(file).toHaveLength(IMAGE_BYTES);
		}
	}

	/** The ids that n8n's log names for an execution, in lines that begin so, by row. */
	async idsInLog(executionId: string, beginning: string): Promise<string[]> {
		const log = await readFile(this.n8n.logFile, 'utf8');
		const place = new RegExp(`\\(execution ${executionId}, row (\\d+)\\)$`);
		const found = log.split('\n').flatMap((line) => {
			const row = place.exec(line)?.[1];
			const id = / task (\S+) /.exec(line)?.[1];
			return line.startsWith(beginning) && row && id ? [{ row: Number(row), id }] : [];
		});
		return found.sort((one, other) => one.row - other.row).map(({ id }) => id);
	}

	/** As the prompts stand in the workflow. */
	full(prompt: string): string {
		return `${prompt} (${this.name})`;
	}

	private short(prompt: string): string {
		return prompt.slice(0, -this.full('').length);
	}

	private isOwn(prompt: string): boolean {
		return prompt.endsWith(this.full(''));
	}

	/** Queries and downloads name tasks, and several of them where a provider has a call for that. */
	private promptsOf({ prompt, taskId, body }: SandboxRequest): string[] {
		if (prompt !== undefined) return [prompt];
		const { task_ids: ids = [] } = (body ?? {}) as { task_ids?: string[] };
		const asked = taskId === undefined ? ids : [taskId];
		return this.n8n.sandbox
			.tasks()
			.filter(({ id }) => asked.includes(id))
			.map((task) => task.prompt);
	}

	private generateWorkflow({
		prompts,
		parameters,
		node,
		settings,
		collects = false,
	}: Play): WorkflowJson {
		const { credentials } = this.n8n;
		const all = { ...this.system.parameters, prompt: '={{ $json.prompt }}', ...parameters };
		const nodes = [generate(all, credentials, node), ...(collects ? [this.taskStatusNode()] : [])];
		return inARow(`Images of ${this.name}`, nodes, {
			pinData: { [START]: prompts.map((prompt) => ({ json: { prompt: this.full(prompt) } })) },
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

export const answer = (status: number): Fault => ({ kind: 'answer', status, body: {} });

export async function until(isSo: () => boolean): Promise<void> {
	const deadline = performance.now() + RUN_MS;
	while (!isSo()) {
		if (performance.now() > deadline) throw new Error('What the test waits for does not happen');
		await wait(POLL_MS);
	}
}
