import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import { startEngine, type Engine, type NodeResult, type NodeRun } from './engine';
import { REFERENCE, sandboxCredentials } from './systems';

let engine: Engine;
let sandbox: Sandbox;
/** What the sandbox's clock is ahead of the real one, in milliseconds. */
let ahead: number;

beforeAll(async () => {
	engine = await startEngine();
});

afterAll(() => engine.close());

beforeEach(async () => {
	ahead = 0;
	sandbox = await startSandbox({ taskSeconds: 100, now: () => Date.now() + ahead });
});

afterEach(async () => await sandbox.close());

async function run(
	node: NodeRun['node'],
	parameters: NodeRun['parameters'],
	rows: NodeRun['rows'],
	options: Partial<NodeRun> = {},
): Promise<NodeResult> {
	const credentials = sandboxCredentials(sandbox);
	return await engine.run({ node, parameters, rows, credentials, ...options });
}

/** The ids of the tasks of these rows, all of them still at work. */
async function submit(rows: NodeRun['rows']): Promise<string[]> {
	const { items } = await run(
		'seedreamGenerate',
		{
			provider: '={{ $json.provider }}',
			prompt: '={{ $json.prompt ?? "A lake" }}',
			imageCount: '={{ $json.images ?? 1 }}',
			imageUrls: '={{ $json.references ?? "" }}',
			continueWhen: 'submitted',
		},
		rows,
	);
	return items.map(({ json }) => String(json.taskId));
}

async function status(
	parameters: NodeRun['parameters'],
	options: Partial<NodeRun> = {},
	rows: NodeRun['rows'] = [{}],
) {
	return await run('seedreamTaskStatus', parameters, rows, options);
}

it('tells how a task stands, whatever the provider calls it', async () => {
	const providers = ['evoLink', 'apiMart', 'apiInOne'];
	const taskIds = await submit(providers.map((provider) => ({ provider })));
	const rows = taskIds.map((taskId, index) => ({ taskId, provider: providers[index] }));
	const parameters = { provider: '={{ $json.provider }}', taskId: '={{ $json.taskId }}' };

	const statuses = [];
	const progress = [];
	for (const seconds of [0, 50, 100]) {
		ahead = seconds * 1000;
		const { items } = await status({ ...parameters, downloadImages: false }, {}, rows);
		expect(items.map(({ json }) => json.taskId)).toEqual(taskIds);
		statuses.push(items.map(({ json }) => json.status));
		progress.push(items.map(({ json }) => json.progress));
	}
	// API in One has one word, IN_PROGRESS, for both stages of a task that is not done.
	expect(statuses).toEqual([
		['submitted', 'submitted', 'processing'],
		['processing', 'processing', 'processing'],
		['completed', 'completed', 'completed'],
	]);
	expect(progress[1]).toEqual([expect.any(Number), expect.any(Number), expect.anything()]);
});

it('fetches the images of a finished task, as items or in one', async () => {
	const [taskId = ''] = await submit([{ provider: 'apiMart', images: 2, references: REFERENCE }]);
	ahead = 100_000;
	const perImage = await status({ provider: 'apiMart', taskId });
	const perTask = await status({ provider: 'apiMart', taskId, outputItems: 'perTask' });

	const [task] = sandbox.tasks();
	expect(perImage.items.map(({ json }) => json)).toEqual(
		task?.images.map((imageUrl, imageIndex) => ({
			status: 'completed',
			provider: 'apiMart',
			taskId,
			imageUrl,
			imageIndex,
			imageCount: 2,
			expiresAt: expect.any(String),
			cost: { credits: 0.26, usd: 0.026 },
			seconds: 100,
		})),
	);
	expect(perTask.items).toHaveLength(1);
	expect(perTask.items[0]?.json.imageUrls).toEqual(task?.images);
	expect(Object.keys(perTask.items[0]?.binary ?? {})).toEqual(['data', 'data_1']);
});

it('takes many tasks in one field, in every spelling', async () => {
	const taskIds = await submit([{ provider: 'evoLink' }, { provider: 'evoLink' }]);
	for (const taskId of [taskIds.join(', '), taskIds.join('\n'), JSON.stringify(taskIds)]) {
		const { items } = await status({ taskId });
		expect(items.map(({ json }) => json.taskId)).toEqual(taskIds);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 0 }]);
	}
	const fromExpression = await status({ taskId: '={{ $json.ids }}' }, {}, [{ ids: taskIds }]);
	expect(fromExpression.items.map(({ json }) => json.taskId)).toEqual(taskIds);
});

it('reports a task that failed as its status, and as an error to those who wait for images', async () => {
	const [taskId = ''] = await submit([
		{ provider: 'evoLink', prompt: 'A lake [[fail:content_policy_violation]]' },
	]);
	ahead = 100_000;
	const now = await status({ taskId });
	const waiting = await status({ taskId, continueWhen: 'finished' });

	expect(now.status).toBe('success');
	expect(now.items[0]?.json).toMatchObject({
		status: 'failed',
		taskId,
		error: { code: 'content_policy_violation', charged: 'no' },
	});
	expect(waiting.status).toBe('error');
	expect(waiting.error?.message).toContain(taskId);
});

it('waits for a task that is not done, until the deadline', async () => {
	const [taskId = ''] = await submit([{ provider: 'evoLink' }]);
	const parameters = { taskId, continueWhen: 'finished', options: { timeout: 1 } };
	const { items } = await status(parameters, { onError: 'continueRegularOutput' });

	expect(items[0]?.json).toMatchObject({
		status: 'processing',
		taskId,
		error: { code: 'timeout' },
	});
});

it('says so when the provider does not know the task', async () => {
	const { error } = await status({ taskId: 'task-unified-1-nothing' });

	expect(error?.message).toBe(
		'EvoLink does not know this task (task_not_found: Task not found) [task task-unified-1-nothing]',
	);
});

it('says so when the links of a task have died, once the provider has been asked for new ones', async () => {
	const [taskId = ''] = await submit([{ provider: 'evoLink' }]);
	ahead = 100_000 + 25 * 60 * 60 * 1000;
	const { error } = await status({ taskId });

	expect(error?.message).toBe(
		`The image was made, but could not be downloaded: the link answered with HTTP 403 [task ${taskId}]`,
	);
	expect(sandbox.requests.map(({ step }) => step)).toEqual([
		'create',
		'query',
		'download',
		'query',
		'download',
	]);
});

it('hands on the good tasks of a row with Continue On Fail, and the bad one as an item', async () => {
	const [taskId = ''] = await submit([{ provider: 'evoLink' }]);
	const { items } = await status(
		{ taskId: `task-nowhere, ${taskId}` },
		{ onError: 'continueRegularOutput' },
	);

	expect(items.map(({ json }) => [json.taskId, json.status])).toEqual([
		['task-nowhere', 'failed'],
		[taskId, 'submitted'],
	]);
});

it('refuses an empty task id before anything is sent', async () => {
	const { error } = await status({ taskId: ' ' });

	expect(error?.message).toBe('Task ID: is empty');
	expect(sandbox.requests).toEqual([]);
});
