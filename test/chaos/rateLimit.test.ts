import { startEngine, type Engine, type NodeResult } from '../n8n/engine';
import { sandboxCredentials, systems } from '../n8n/systems';
import { startSandbox, type ProviderName, type Sandbox } from '../sandbox/sandbox';
import { pictureAt } from './pictures';

// The sandbox's own pictures take too long to draw.
jest.mock('../sandbox/promptImages', () => jest.requireActual('./pictures'));

const ROWS = 200;
const PER_SECOND = 5;
const TASK_SECONDS = 3;
/** Each row needs a create request and up to one query, and rejected requests take time as well. */
const MAX_SECONDS = (2.5 * 2 * ROWS) / PER_SECOND;

const cases = (['evoLink', 'apiMart'] satisfies ProviderName[]).flatMap((provider) =>
	[false, true].map((retryAfter) => ({
		provider,
		retryAfter,
		title: `${provider}, ${retryAfter ? 'with' : 'without'} Retry-After`,
	})),
);

interface Batch {
	sandbox: Sandbox;
	result: NodeResult;
}

describe(`${ROWS} rows against a provider that allows ${PER_SECOND} requests per second`, () => {
	let engine: Engine;
	let batches: Map<string, Promise<Batch>>;
	const sandboxes: Sandbox[] = [];

	/** They mostly wait, so they run concurrently. */
	beforeAll(async () => {
		engine = await startEngine();
		batches = new Map(
			cases.map(({ title, provider, retryAfter }) => [title, runBatch(provider, retryAfter)]),
		);
		for (const batch of batches.values()) batch.catch(() => undefined);
	}, 60_000);

	afterAll(async () => {
		await Promise.all(sandboxes.map(async (sandbox) => await sandbox.close()));
		engine.close();
	});

	async function runBatch(provider: ProviderName, retryAfter: boolean): Promise<Batch> {
		const sandbox = await startSandbox({
			taskSeconds: TASK_SECONDS,
			rateLimit: { perSecond: PER_SECOND, steps: ['create', 'query'], retryAfter },
		});
		sandboxes.push(sandbox);
		const result = await engine.run({
			node: 'seedreamGenerate',
			parameters: {
				...systems.find((system) => system.provider === provider)?.parameters,
				prompt: '={{ $json.prompt }}',
			},
			rows: Array.from({ length: ROWS }, (_, number) => ({ prompt: `lake ${number}` })),
			credentials: sandboxCredentials(sandbox),
		});
		return { sandbox, result };
	}

	it.each(cases)(
		'return the image of every row, charged once: $title',
		async ({ title }) => {
			const { sandbox, result } = (await batches.get(title)) as Batch;
			expect(result.error).toBeUndefined();
			expect(result.items.map(({ pairedItem }) => pairedItem)).toEqual(
				Array.from({ length: ROWS }, (_, item) => ({ item })),
			);
			const tasks = sandbox.tasks();
			expect(tasks).toHaveLength(ROWS);
			const taskOf = new Map(tasks.map((task) => [task.prompt, task]));
			for (const [number, { json, binary }] of result.items.entries()) {
				const task = taskOf.get(`lake ${number}`);
				expect(json).toMatchObject({ status: 'completed', taskId: task?.id });
				const file = binary?.data;
				const bytes = file && (await engine.readFile(file));
				expect(bytes?.equals(await pictureAt(task?.images[0] ?? ''))).toBe(true);
			}
			console.log(summarize(title, result, sandbox));
			expect(result.seconds).toBeLessThan(MAX_SECONDS);
		},
		2_000 * MAX_SECONDS,
	);
});

function summarize(title: string, { seconds }: NodeResult, { requests }: Sandbox): string {
	const count = (step: string) => requests.filter((request) => request.step === step).length;
	return `${title}: ${seconds.toFixed(0)} s, ${count('create')} creates, ${count('query')} queries`;
}
