import type { ExecutionOptions, NodeResult } from './engine';
import { CONTINUE, testNode, type Fixture } from './fixture';
import { REFERENCE } from './systems';

/** The IDs of the tasks for these rows, all of them still in progress. */
async function submit(fixture: Fixture, rows: ExecutionOptions['rows']): Promise<string[]> {
	const { items } = await fixture.run('seedreamGenerate', {
		parameters: {
			provider: '={{ $json.provider }}',
			prompt: '={{ $json.prompt ?? "A lake" }}',
			imageCount: '={{ $json.images ?? 1 }}',
			imageUrls: '={{ $json.references ?? "" }}',
			continueWhen: 'submitted',
		},
		rows,
	});
	return items.map(({ json }) => String(json.taskId));
}

async function status(
	fixture: Fixture,
	parameters: ExecutionOptions['parameters'],
	options: Partial<ExecutionOptions> = {},
	rows: ExecutionOptions['rows'] = [{}],
): Promise<NodeResult> {
	return await fixture.run('seedreamTaskStatus', { parameters, rows, ...options });
}

/** Of 100 seconds, by the sandbox's clock. */
const testTasks = (title: string, test: (fixture: Fixture) => Promise<void>) =>
	testNode(`Task Status ${title}`, test, { taskSeconds: 100 });

testTasks("maps every provider's own status", async (fixture) => {
	const providers = ['evoLink', 'apiMart', 'apiInOne'];
	const taskIds = await submit(
		fixture,
		providers.map((provider) => ({ provider })),
	);
	const rows = taskIds.map((taskId, index) => ({ taskId, provider: providers[index] }));
	const parameters = { provider: '={{ $json.provider }}', taskId: '={{ $json.taskId }}' };

	const statuses = [];
	const progress = [];
	for (const seconds of [0, 50, 100]) {
		fixture.clock.offsetMs = seconds * 1000;
		const { items } = await status(fixture, { ...parameters, downloadImages: false }, {}, rows);
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

testTasks('returns the images of a finished task, as one item or several', async (fixture) => {
	const [taskId = ''] = await submit(fixture, [
		{ provider: 'apiMart', images: 2, references: REFERENCE },
	]);
	fixture.clock.offsetMs = 100_000;
	const perImage = await status(fixture, { provider: 'apiMart', taskId });
	const perTask = await status(fixture, {
		provider: 'apiMart',
		taskId,
		outputItems: 'perTask',
		options: { simplify: false },
	});

	const [task] = fixture.sandbox.tasks();
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
		})),
	);
	expect(perTask.items).toHaveLength(1);
	expect(perTask.items[0]?.json.seconds).toBe(100);
	expect(perTask.items[0]?.json.imageUrls).toEqual(task?.images);
	expect(Object.keys(perTask.items[0]?.binary ?? {})).toEqual(['data', 'data_1']);
});

testTasks('accepts many task IDs in one field, however they are separated', async (fixture) => {
	const taskIds = await submit(fixture, [{ provider: 'evoLink' }, { provider: 'evoLink' }]);
	for (const taskId of [taskIds.join(', '), taskIds.join('\n'), JSON.stringify(taskIds)]) {
		const { items } = await status(fixture, { taskId });
		expect(items.map(({ json }) => json.taskId)).toEqual(taskIds);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 0 }]);
	}
	const fromExpression = await status(fixture, { taskId: '={{ $json.ids }}' }, {}, [
		{ ids: taskIds },
	]);
	expect(fromExpression.items.map(({ json }) => json.taskId)).toEqual(taskIds);
});

testTasks(
	'reports a failed task as a status, and as an error when it waits for images',
	async (fixture) => {
		const [taskId = ''] = await submit(fixture, [
			{ provider: 'evoLink', prompt: 'A lake [[fail:content_policy_violation]]' },
		]);
		fixture.clock.offsetMs = 100_000;
		const now = await status(fixture, { taskId });
		const waiting = await status(fixture, { taskId, continueWhen: 'finished' });

		expect(now.status).toBe('success');
		expect(now.items[0]?.json).toMatchObject({
			status: 'failed',
			taskId,
			error: { code: 'content_policy_violation', charged: 'no' },
		});
		expect(waiting.status).toBe('error');
		expect(waiting.error?.message).toContain(taskId);
	},
);

testTasks('waits for an unfinished task until the timeout', async (fixture) => {
	const [taskId = ''] = await submit(fixture, [{ provider: 'evoLink' }]);
	const parameters = { taskId, continueWhen: 'finished', options: { timeout: 1 } };
	const { items } = await status(fixture, parameters, CONTINUE);

	expect(items[0]?.json).toMatchObject({
		status: 'processing',
		taskId,
		error: { code: 'timeout' },
	});
});

testTasks('names a task that the provider does not know', async (fixture) => {
	const { error } = await status(fixture, { taskId: 'task-unified-1-nothing' });

	expect(error?.message).toBe(
		"EvoLink doesn't recognize this task (task_not_found: Task not found) [task task-unified-1-nothing]",
	);
});

testTasks('reports expired links after it has polled for new ones', async (fixture) => {
	const [taskId = ''] = await submit(fixture, [{ provider: 'evoLink' }]);
	fixture.clock.offsetMs = 100_000 + 25 * 60 * 60 * 1000;
	const { error } = await status(fixture, { taskId });

	expect(error?.message).toBe(
		`The image was generated, but the node couldn't download it: the link returned HTTP 403 [task ${taskId}]`,
	);
	expect(fixture.sandbox.requests.map(({ step }) => step)).toEqual([
		'create',
		'query',
		'download',
		'query',
		'download',
	]);
});

testTasks(
	'returns the good tasks of a row and the bad one as an item with Continue (regular output)',
	async (fixture) => {
		const [taskId = ''] = await submit(fixture, [{ provider: 'evoLink' }]);
		const { items } = await status(fixture, { taskId: `task-nowhere, ${taskId}` }, CONTINUE);

		expect(items.map(({ json }) => [json.taskId, json.status])).toEqual([
			['task-nowhere', 'failed'],
			[taskId, 'submitted'],
		]);
	},
);

testTasks('rejects an empty task ID before anything is sent', async (fixture) => {
	const { error } = await status(fixture, { taskId: ' ' });

	expect(error?.message).toBe("'Task ID' is empty");
	expect(fixture.sandbox.requests).toEqual([]);
});
