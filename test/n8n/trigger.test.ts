import type { IDataObject } from 'n8n-workflow';

import { signCallbackUrl } from '../../nodes/Seedream/request/callbackData';
import type { NodeResult } from './engine';
import { CONTINUE, forEachProvider, respondWith, testNode, type Fixture } from './fixture';

/** The executions of Seedream Trigger, which start with what its webhook returned. */

const ROW = { sku: 'A-7', name: 'Löwe & Co' };

type Options = Parameters<Fixture['run']>[1];

async function submit(fixture: Fixture, prompt = 'A lake'): Promise<string> {
	const parameters = { continueWhen: 'submitted' };
	const { items } = await fixture.generate([prompt], { parameters });
	return String(items[0]?.json.taskId);
}

/** The query of a callback with this row data. */
function signed({ sandbox, system: { provider } }: Fixture, row: object): IDataObject {
	const address = signCallbackUrl('https://a.b/c', JSON.stringify(row), sandbox.keys[provider]);
	return Object.fromEntries(new URL(address).searchParams);
}

async function callBack(
	fixture: Fixture,
	callback: IDataObject,
	{ parameters, ...options }: Options = {},
): Promise<NodeResult> {
	return await fixture.run('seedreamTrigger', {
		parameters: { provider: fixture.system.provider, ...parameters },
		rows: [callback],
		mode: 'webhook',
		...options,
	});
}

const hintsOf = ({ hints }: NodeResult) => hints.map(({ message }) => message);

const logOf = ({ log }: NodeResult) =>
	log.flatMap(({ level, message }) => (level === 'warn' ? [message] : []));

forEachProvider(
	'Seedream Trigger returns the image of the task with its row data',
	async (fixture) => {
		const taskId = await submit(fixture);
		const result = await callBack(fixture, { taskId, ...signed(fixture, ROW) });

		const [task] = fixture.sandbox.tasks();
		expect(result.items).toEqual([
			{
				json: expect.objectContaining({
					status: 'completed',
					provider: fixture.system.provider,
					taskId,
					imageUrl: task?.images[0],
					imageIndex: 0,
					imageCount: 1,
					rowData: ROW,
				}),
				binary: { data: expect.objectContaining({ mimeType: expect.stringMatching(/^image/) }) },
				pairedItem: { item: 0 },
			},
		]);
		expect(hintsOf(result)).toEqual([expect.stringMatching(/^1 image in /)]);
	},
);

testNode('Seedream Trigger adds the row data to every item of a task', async (fixture) => {
	const { items } = await fixture.generate(['Generate 2 different images'], {
		parameters: { continueWhen: 'submitted', imageCount: 2 },
	});
	const taskId = String(items[0]?.json.taskId);
	const result = await callBack(fixture, { taskId, ...signed(fixture, ROW) });

	expect(result.items.map(({ json }) => [json.imageIndex, json.rowData])).toEqual([
		[0, ROW],
		[1, ROW],
	]);
});

testNode(
	'Seedream Trigger ignores row data with a wrong signature, and says so',
	async (fixture) => {
		const taskId = await submit(fixture);
		const { sig } = signed(fixture, ROW);
		const { row } = signed(fixture, { sku: 'B-8' });
		const result = await callBack(fixture, { taskId, row, sig });

		expect(result.items).toHaveLength(1);
		expect(result.items[0]?.json).not.toHaveProperty('rowData');
		const message = `Ignored the row data of a callback: it wasn't signed with the API key of this EvoLink credential [task ${taskId}]`;
		expect(hintsOf(result)).toEqual([expect.stringContaining(message)]);
		expect(logOf(result)).toEqual([message]);
	},
);

forEachProvider('Seedream Trigger returns a failed task as an item', async (fixture) => {
	const taskId = await submit(fixture, 'A lake [[fail:content_policy_violation]]');
	const { status, items } = await callBack(fixture, { taskId, ...signed(fixture, ROW) });

	expect(status).toBe('success');
	expect(items.map(({ json }) => json)).toEqual([
		expect.objectContaining({ status: 'failed', taskId, error: expect.anything(), rowData: ROW }),
	]);
});

testNode(
	'Seedream Trigger returns a failed task with all its fields, although it has an error output',
	async (fixture) => {
		const taskId = await submit(fixture, 'A lake [[fail:content_policy_violation]]');
		const options = { onError: 'continueErrorOutput' } as const;
		const result = await callBack(fixture, { taskId, ...signed(fixture, ROW) }, options);

		expect(result.items[0]?.json).toMatchObject({ status: 'failed', taskId, rowData: ROW });
		expect(result.errorItems).toEqual([]);
	},
);

testNode(
	'Seedream Trigger waits for a task that is not done yet, and for a failed one',
	async (fixture) => {
		const slow = await submit(fixture, 'A lake [[slow:2]]');
		const failing = await submit(fixture, 'A hill [[slow:2]] [[fail:service_error]]');
		const { items } = await callBack(fixture, { taskId: slow });
		const failed = await callBack(fixture, { taskId: failing });

		expect(items.map(({ json }) => json.status)).toEqual(['completed']);
		expect(failed.items.map(({ json }) => json.status)).toEqual(['failed']);
	},
	{ taskSeconds: 2 },
);

forEachProvider(
	'Seedream Trigger returns nothing for an unknown task, and says so',
	async (fixture) => {
		const taskId = `task-nowhere-${fixture.system.provider}`;
		const result = await callBack(fixture, { taskId });

		expect(result.status).toBe('success');
		expect(result.items).toEqual([]);
		expect(fixture.requests('query')).toHaveLength(1);
		const [hint = ''] = hintsOf(result);
		expect(hint).toMatch(/^Ignored a callback: .* doesn't recognize this task /);
		expect(hint.endsWith(`[task ${taskId}].`)).toBe(true);
		expect(logOf(result)).toEqual([hint.slice(0, -1)]);
	},
);

testNode('Seedream Trigger returns nothing for an invalid task ID', async (fixture) => {
	const error = { code: 'invalid_task_id', message: 'Invalid task ID format' };
	fixture.sandbox.setIntercept(() => respondWith(400, { error }));
	const result = await callBack(fixture, { taskId: 'task-invalid' });

	expect(result.status).toBe('success');
	expect(result.items).toEqual([]);
	expect(hintsOf(result)).toEqual([expect.stringContaining('Invalid task ID format')]);
});

testNode('Seedream Trigger looks again for a task with signed row data', async (fixture) => {
	const taskId = await submit(fixture);
	fixture.sandbox.setIntercept(({ step, attempt }) =>
		step === 'query' && attempt < 3
			? respondWith(404, { error: { code: 'task_not_found', message: 'Task not found' } })
			: undefined,
	);
	const { items } = await callBack(fixture, { taskId, ...signed(fixture, ROW) });

	expect(items.map(({ json }) => json.status)).toEqual(['completed']);
});

testNode('Seedream Trigger returns a task once, except at the test URL', async (fixture) => {
	const taskId = await submit(fixture);
	const tests = [];
	for (let count = 0; count < 2; count += 1) {
		tests.push(await callBack(fixture, { taskId }, { mode: 'manual' }));
	}
	const first = await callBack(fixture, { taskId });
	const queries = fixture.requests('query').length;
	const second = await callBack(fixture, { taskId });

	expect([...tests, first, second].map(({ items }) => items.length)).toEqual([1, 1, 1, 0]);
	expect(second.status).toBe('success');
	expect(fixture.requests('query')).toHaveLength(queries);
	expect(hintsOf(second)).toEqual([
		`Ignored a callback: its task was processed before [task ${taskId}].`,
	]);
});

testNode(
	'Seedream Trigger fails if the provider does, and a retry returns the image',
	async (fixture) => {
		const taskId = await submit(fixture);
		fixture.sandbox.setIntercept(({ step }) => (step === 'query' ? respondWith(401) : undefined));
		const failed = await callBack(fixture, { taskId });
		fixture.sandbox.setIntercept(undefined);
		const retried = await callBack(fixture, { taskId }, { mode: 'retry', retryOf: failed });

		expect(failed.status).toBe('error');
		expect(failed.error?.message).toContain(`[task ${taskId}]`);
		expect(retried.items.map(({ json }) => json.status)).toEqual(['completed']);
	},
);

testNode('Seedream Trigger fails if the image can not be downloaded', async (fixture) => {
	const taskId = await submit(fixture);
	fixture.sandbox.setIntercept(({ step }) => (step === 'download' ? respondWith(404) : undefined));
	const failed = await callBack(fixture, { taskId });
	const item = await callBack(fixture, { taskId }, CONTINUE);
	fixture.sandbox.setIntercept(undefined);
	const retried = await callBack(fixture, { taskId }, { mode: 'retry', retryOf: failed });

	expect(failed.error?.message).toContain("couldn't download it");
	expect(item.items[0]?.json).toMatchObject({ status: 'failed', taskId });
	expect(retried.items.map(({ json }) => json.status)).toEqual(['completed']);
});

testNode('Seedream Trigger has no image without a credential', async (fixture) => {
	const taskId = await submit(fixture);
	const { error } = await callBack(fixture, { taskId }, { credentials: {} });

	expect(error?.message).toBe('No EvoLink credential is selected');
});

testNode(
	'Seedream Trigger takes the provider from the query if an expression says so',
	async (fixture) => {
		const taskId = await submit(fixture);
		const parameters = { provider: '={{ $json.provider }}', downloadImages: false };
		const { items } = await callBack(fixture, { taskId, provider: 'EvoLink' }, { parameters });

		expect(items.map(({ json, binary }) => [json.status, binary])).toEqual([
			['completed', undefined],
		]);
	},
);
