import type { INodeExecutionData } from 'n8n-workflow';

import {
	startSandbox,
	type Fault,
	type ProviderName,
	type Sandbox,
	type SandboxOptions,
	type Step,
} from '../sandbox/sandbox';
import { startEngine, type NodeResult, type NodeRun } from './engine';
import { sandboxCredentials, systems, type System } from './systems';

/** A batch at one provider, at a sandbox of its own. Most of the time is waiting, so scenes run side by side. */

jest.setTimeout(60_000);

const starting = startEngine();

afterAll(async () => (await starting).close());

export const engine = async () => await starting;

export const ONE_OF_EACH: readonly System[] = systems.filter(
	({ provider }, index) => systems.findIndex((system) => system.provider === provider) === index,
);

/** EvoLink makes nothing again under an Idempotency-Key that it knows. */
export const honoursKeys = ({ provider }: System) => provider === 'evoLink';
export const WITH_KEYS = ONE_OF_EACH.filter(honoursKeys);
export const WITHOUT_KEYS = ONE_OF_EACH.filter((system) => !honoursKeys(system));

/** What the log calls them. */
export const LABELS: Record<ProviderName, string> = {
	evoLink: 'EvoLink',
	apiMart: 'APIMart',
	apiInOne: 'API in One',
};

export class Scene {
	private constructor(
		readonly system: System,
		readonly sandbox: Sandbox,
		/** What the sandbox's is ahead of the real one, in milliseconds. */
		readonly clock: { ahead: number },
	) {}

	static async open(system: System, options: SandboxOptions): Promise<Scene> {
		const clock = { ahead: 0 };
		const now = () => Date.now() + clock.ahead;
		const sandbox = await startSandbox({ taskSeconds: 0.1, now, ...options });
		return new Scene(system, sandbox, clock);
	}

	/** Makes an image of each prompt. */
	async generate(
		prompts: readonly string[],
		{ parameters, ...options }: Partial<NodeRun> = {},
	): Promise<NodeResult> {
		return await (
			await starting
		).run({
			node: 'seedreamGenerate',
			parameters: {
				...this.system.parameters,
				prompt: '={{ $json.prompt }}',
				downloadImages: false,
				...parameters,
			},
			rows: prompts.map((prompt) => ({ prompt })),
			credentials: sandboxCredentials(this.sandbox),
			...options,
		});
	}

	/** The prompt of the task that a query is about; queries do not carry it. */
	promptOf(taskId: string | undefined): string | undefined {
		return this.sandbox.tasks().find(({ id }) => id === taskId)?.prompt;
	}

	requests(step: Step) {
		return this.sandbox.requests.filter((request) => request.step === step);
	}

	/** The prompts that the provider was asked to make, as often as it was. */
	created(): string[] {
		return this.requests('create')
			.map(({ prompt }) => prompt ?? '')
			.sort();
	}

	/** By the provider's own account, in images. */
	imagesPaid(): number {
		const { provider, creditsPerImage } = this.system;
		return Math.round((this.sandbox.account(provider).charged / creditsPerImage) * 100) / 100;
	}

	/** Every row has the image of its own prompt, in order. */
	expectComplete(items: readonly INodeExecutionData[], prompts: readonly string[]): void {
		expect(items.map(({ json }) => [json.status, json.prompt])).toEqual(
			prompts.map((prompt) => ['completed', prompt]),
		);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(
			prompts.map((_prompt, item) => ({ item })),
		);
		const tasks = this.sandbox.tasks();
		for (const { json } of items) {
			const task = tasks.find(({ id }) => id === json.taskId);
			expect(task).toMatchObject({ prompt: json.prompt, images: [json.imageUrl] });
		}
		expect(new Set(items.map(({ json }) => json.taskId)).size).toBe(prompts.length);
	}

	/**
	 * This step of the row with this prompt goes wrong the first time. A query about many tasks at once
	 * is answered as by a provider that knows none, so that each task is asked for by itself.
	 */
	breakOnce(step: 'create' | 'query' | 'download', prompt: string, fault: Fault): void {
		this.sandbox.setIntercept((request) => {
			if (step === 'query' && request.path.endsWith('/tasks/batch')) return answer(404);
			const about = request.prompt ?? this.promptOf(request.taskId);
			return request.step === step && about === prompt && request.attempt === 1 ? fault : undefined;
		});
	}
}

/** A test at each of these providers, at a sandbox of its own. */
export function atEach(
	what: string,
	play: (at: Scene) => Promise<void>,
	options: SandboxOptions = {},
	where: readonly System[] = ONE_OF_EACH,
): void {
	it.concurrent.each(where)(`${what} ($title)`, async (system) => {
		const at = await Scene.open(system, options);
		try {
			await play(at);
		} finally {
			await at.sandbox.close();
		}
	});
}

export const answer = (status: number, body: unknown = {}): Fault => ({
	kind: 'answer',
	status,
	body,
});

export const PROMPTS = ['one', 'two', 'three'];
