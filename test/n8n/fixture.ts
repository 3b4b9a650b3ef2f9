import type { INodeExecutionData } from 'n8n-workflow';

import {
	startSandbox,
	type Fault,
	type ProviderName,
	type Sandbox,
	type SandboxOptions,
	type Step,
} from '../sandbox/sandbox';
import { startEngine, type ExecutionOptions, type NodeResult } from './engine';
import { ONE_PER_PROVIDER, sandboxCredentials, type System } from './systems';

/** Tests that run concurrently, each with a sandbox of its own: most of the time is spent waiting. */

jest.setTimeout(60_000);

const starting = startEngine();

beforeAll(async () => void (await starting));

afterAll(async () => (await starting).close());

export const engine = async () => await starting;

export { ONE_PER_PROVIDER };

export const systemsOf = (...providers: ProviderName[]): readonly System[] =>
	ONE_PER_PROVIDER.filter(({ provider }) => providers.includes(provider));

export const EVOLINK = systemsOf('evoLink');

/** EvoLink creates nothing again for an Idempotency-Key it already knows. */
export const honorsIdempotency = ({ provider }: System) => provider === 'evoLink';
export const WITH_IDEMPOTENCY = ONE_PER_PROVIDER.filter(honorsIdempotency);
export const WITHOUT_IDEMPOTENCY = ONE_PER_PROVIDER.filter((system) => !honorsIdempotency(system));

/** The providers' names in the log and in errors. */
export const LABELS: Record<ProviderName, string> = {
	evoLink: 'EvoLink',
	apiMart: 'APIMart',
	apiInOne: 'API in One',
};

export const CONTINUE = { onError: 'continueRegularOutput' } as const;

export const PROMPTS = ['one', 'two', 'three'];

/** With the provider and its prompt from the row. */
export const FROM_ROW = {
	provider: '={{ $json.provider }}',
	model: '={{ $json.model }}',
	prompt: '={{ $json.prompt }}',
};

type Options = Partial<Omit<ExecutionOptions, 'node'>>;

export class Fixture {
	private constructor(
		readonly system: System,
		readonly sandbox: Sandbox,
		/** How far the sandbox's clock is ahead of the real one. */
		readonly clock: { offsetMs: number },
	) {}

	static async open(system: System, options: SandboxOptions): Promise<Fixture> {
		const clock = { offsetMs: 0 };
		const now = () => Date.now() + clock.offsetMs;
		const sandbox = await startSandbox({ taskSeconds: 0.1, now, ...options });
		return new Fixture(system, sandbox, clock);
	}

	/** An image for each prompt, by default without its file. */
	async generate(
		prompts: readonly string[],
		{ parameters, ...options }: Options = {},
	): Promise<NodeResult> {
		return await this.run('seedreamGenerate', {
			parameters: {
				...this.system.parameters,
				prompt: '={{ $json.prompt }}',
				downloadImages: false,
				...parameters,
			},
			rows: prompts.map((prompt) => ({ prompt })),
			...options,
		});
	}

	async taskStatus({ parameters, ...options }: Options): Promise<NodeResult> {
		const { provider } = this.system;
		return await this.run('seedreamTaskStatus', {
			parameters: { provider, ...parameters },
			...options,
		});
	}

	/** With no other parameters than these. */
	async run(node: ExecutionOptions['node'], options: Options): Promise<NodeResult> {
		const credentials = sandboxCredentials(this.sandbox);
		return await (
			await starting
		).run({ node, parameters: {}, rows: [{}], credentials, ...options });
	}

	/** The prompt of the task a query is about; queries don't contain it. */
	promptOf(taskId: string | undefined): string | undefined {
		return this.sandbox.tasks().find(({ id }) => id === taskId)?.prompt;
	}

	requests(step: Step) {
		return this.sandbox.requests.filter((request) => request.step === step);
	}

	/** The prompts of all create requests, repeats included. */
	createdPrompts(): string[] {
		return this.requests('create')
			.map(({ prompt }) => prompt ?? '')
			.sort();
	}

	/** According to the provider's account, in images. */
	chargedImages(): number {
		const { provider, creditsPerImage } = this.system;
		return Math.round((this.sandbox.account(provider).charged / creditsPerImage) * 100) / 100;
	}

	/** The most tasks that were in progress at the same time. */
	maxConcurrentTasks(): number {
		const tasks = this.sandbox.tasks();
		const counts = tasks.map(
			({ createdAt: now }) =>
				tasks.filter(({ createdAt, finishedAt = Infinity }) => createdAt <= now && now < finishedAt)
					.length,
		);
		return Math.max(...counts);
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
	 * This step fails for the row with this prompt, the first time. Batch queries get a 404, as from a
	 * provider that has none, so that every task is polled by itself.
	 */
	failOnce(step: 'create' | 'query' | 'download', prompt: string, fault: Fault): void {
		this.sandbox.setIntercept((request) => {
			if (step === 'query' && isBatchQuery(request)) return respondWith(404);
			const about = request.prompt ?? this.promptOf(request.taskId);
			return request.step === step && about === prompt && request.attempt === 1 ? fault : undefined;
		});
	}
}

type Test = (fixture: Fixture) => Promise<void>;

/** A test for each of these providers, with a sandbox of its own. */
export function forEachProvider(
	title: string,
	test: Test,
	options: SandboxOptions = {},
	where: readonly System[] = ONE_PER_PROVIDER,
): void {
	it.concurrent.each(where)(
		`${title} ($title)`,
		async (system) => await withFixture(options, test, system),
	);
}

/** A test with a sandbox of its own, at EvoLink unless its rows say otherwise. */
export function testNode(title: string, test: Test, options: SandboxOptions = {}): void {
	it.concurrent(title, async () => await withFixture(options, test));
}

export async function withFixture(
	options: SandboxOptions,
	test: Test,
	system = ONE_PER_PROVIDER[0] as System,
): Promise<void> {
	const fixture = await Fixture.open(system, options);
	try {
		await test(fixture);
	} finally {
		await fixture.sandbox.close();
	}
}

export const isBatchQuery = ({ path }: { path: string }): boolean => path.endsWith('/tasks/batch');

export const respondWith = (status: number, body: unknown = {}): Fault => ({
	kind: 'response',
	status,
	body,
});

export const fieldOf = (items: readonly INodeExecutionData[], name: string) =>
	items.map(({ json }) => json[name]);

/** A promise for `cancelWhen`, and the function that resolves it. */
export function stopSignal(): { stop: () => void; cancelWhen: Promise<void> } {
	let stop: () => void = () => undefined;
	const cancelWhen = new Promise<void>((resolve) => {
		stop = resolve;
	});
	return { stop, cancelWhen };
}
