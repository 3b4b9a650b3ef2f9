import { startEngine, type Engine, type NodeResult } from '../n8n/engine';
import { sandboxCredentials, systems } from '../n8n/systems';
import {
	startSandbox,
	type ProviderName,
	type Sandbox,
	type SandboxOptions,
} from '../sandbox/sandbox';
import { pictureAt } from './pictures';

// The sandbox's own pictures take too long to draw.
jest.mock('../sandbox/promptImages', () => jest.requireActual('./pictures'));

const ROWS = 200;
const PER_SECOND = 5;
const TASK_SECONDS = 3;
/** Each row needs a create request and up to one query, and rejected requests take time as well. */
const MAX_SECONDS = (2.5 * 2 * ROWS) / PER_SECOND;

interface Case extends Pick<SandboxOptions, 'rateLimit' | 'concurrentTasks'> {
	title: string;
	provider: ProviderName;
	rows: number;
	maxSeconds: number;
}

const CREATES_PER_SECOND = 10;
/** The shortest time, what it takes to learn the limit, and the tasks and downloads at the end. */
const maxSeconds = (seconds: number) => seconds / 0.9 + 20;

const cases: Case[] = [
	...(['evoLink', 'apiMart'] satisfies ProviderName[]).flatMap((provider) =>
		[false, true].map((retryAfter) => ({
			title: `${PER_SECOND} requests per second, ${retryAfter ? 'with' : 'without'} Retry-After`,
			provider,
			rows: ROWS,
			rateLimit: { perSecond: PER_SECOND, steps: ['create', 'query'] as const, retryAfter },
			maxSeconds: MAX_SECONDS,
		})),
	),
	...(['fixed', 'bucket'] as const).map((kind) => ({
		title: `${CREATES_PER_SECOND} creates per second (${kind})`,
		provider: 'evoLink' as const,
		rows: ROWS,
		rateLimit: { perSecond: CREATES_PER_SECOND, kind, steps: ['create'] as const },
		maxSeconds: maxSeconds(ROWS / CREATES_PER_SECOND),
	})),
	{
		title: '60 creates per minute',
		provider: 'apiInOne',
		rows: 100,
		rateLimit: { perMinute: 60, steps: ['create'] },
		maxSeconds: maxSeconds(60),
	},
	{
		title: '20 tasks at a time',
		provider: 'apiMart',
		rows: ROWS,
		concurrentTasks: 20,
		maxSeconds: maxSeconds((ROWS / 20) * TASK_SECONDS),
	},
].map((given) => ({ ...given, title: `${given.provider}, ${given.title}` }) as Case);

interface Batch {
	sandbox: Sandbox;
	result: NodeResult;
}

describe('a batch beyond the limit of a provider', () => {
	let engine: Engine;
	let batches: Map<string, Promise<Batch>>;
	const sandboxes: Sandbox[] = [];

	/** They mostly wait, so they run concurrently. */
	beforeAll(async () => {
		engine = await startEngine();
		batches = new Map(cases.map((given) => [given.title, runBatch(given)]));
		for (const batch of batches.values()) batch.catch(() => undefined);
	}, 60_000);

	afterAll(async () => {
		await Promise.all(sandboxes.map(async (sandbox) => await sandbox.close()));
		engine.close();
	});

	async function runBatch({ provider, rows, rateLimit, concurrentTasks }: Case): Promise<Batch> {
		const sandbox = await startSandbox({ taskSeconds: TASK_SECONDS, rateLimit, concurrentTasks });
		sandboxes.push(sandbox);
		const result = await engine.run({
			node: 'seedreamGenerate',
			parameters: {
				...systems.find((system) => system.provider === provider)?.parameters,
				prompt: '={{ $json.prompt }}',
			},
			rows: Array.from({ length: rows }, (_, number) => ({ prompt: `lake ${number}` })),
			credentials: sandboxCredentials(sandbox),
		});
		return { sandbox, result };
	}

	it.each(cases)(
		'returns the image of every row, charged once: $title',
		async ({ title, rows, maxSeconds: most }) => {
			const { sandbox, result } = (await batches.get(title)) as Batch;
			expect(result.error).toBeUndefined();
			expect(result.items.map(({ pairedItem }) => pairedItem)).toEqual(
				Array.from({ length: rows }, (_, item) => ({ item })),
			);
			const tasks = sandbox.tasks();
			expect(tasks).toHaveLength(rows);
			const taskOf = new Map(tasks.map((task) => [task.prompt, task]));
			for (const [number, { json, binary }] of result.items.entries()) {
				const task = taskOf.get(`lake ${number}`);
				expect(json).toMatchObject({ status: 'completed', taskId: task?.id });
				const file = binary?.data;
				const bytes = file && (await engine.readFile(file));
				expect(bytes?.equals(await pictureAt(task?.images[0] ?? ''))).toBe(true);
			}
			console.log(summarize(title, result, sandbox));
			expect(result.seconds).toBeLessThan(most);
		},
		2_000 * MAX_SECONDS,
	);
});

function summarize(title: string, { seconds }: NodeResult, { requests }: Sandbox): string {
	const count = (step: string) => requests.filter((request) => request.step === step).length;
	return `${title}: ${seconds.toFixed(0)} s, ${count('create')} creates, ${count('query')} queries`;
}
