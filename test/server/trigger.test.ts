import { setTimeout as wait } from 'node:timers/promises';

import { itemsOf, runsOf, type Item } from './executionData';
import { TRIGGER } from './nodeChains';
import type { Execution } from './restClient';
import type { SeedreamN8n } from './seedreamN8n';
import {
	IMAGE_BYTES,
	NEXT,
	openN8n,
	openPlainWebhook,
	post,
	TriggerWorkflow,
} from './triggerFixture';

/** Seedream Trigger in a full n8n, called back by the sandbox, by its repeats and by strangers. */

jest.setTimeout(180_000);

const PROVIDERS = ['evoLink', 'apiMart', 'apiInOne'] as const;

const ROW = { sku: 'A-7', name: 'Löwe & Co', note: '狮子 / x?' };
const ROW_DATA = { callbackData: JSON.stringify(ROW) };

/** What the next node gets; undefined if it doesn't run. */
function received({ data }: Execution): Item[] | undefined {
	const [run] = runsOf(data, NEXT);
	return run && itemsOf(run);
}

const deliveries = (executions: readonly Execution[]) =>
	executions.flatMap((execution) => received(execution) ?? []);

const hintsOf = ({ data }: Execution) =>
	(runsOf(data, TRIGGER)[0]?.hints ?? []).map(({ message }) => message);

describe.each(['2.41.1', '1.123.81'] as const)('Seedream Trigger in n8n %s', (version) => {
	let n8n: SeedreamN8n;

	beforeAll(async () => {
		n8n = await openN8n(version);
	}, 300_000);

	afterAll(async () => await n8n?.close());

	it.each(PROVIDERS)('starts a workflow with the image and the row data (%s)', async (provider) => {
		const workflow = await TriggerWorkflow.open(n8n, provider);
		const [task] = await workflow.submit(['A lake'], ROW_DATA);
		const [execution] = await workflow.executions(1);

		expect(received(execution as Execution)).toEqual([
			expect.objectContaining({
				json: expect.objectContaining({
					status: 'completed',
					provider,
					taskId: task?.id,
					imageIndex: 0,
					imageCount: 1,
					rowData: ROW,
				}),
			}),
		]);
		const [item] = received(execution as Execution) ?? [];
		const { id, data = '' } = item?.binary?.data ?? {};
		const file = id === undefined ? Buffer.from(data, 'base64') : await n8n.rest.file(id);
		expect(file).toHaveLength(IMAGE_BYTES);
		expect(workflow.queries([String(task?.id)])).toBe(1);
		const callbacks = n8n.sandbox.tasks().find(({ id }) => id === task?.id)?.callbacks;
		expect(callbacks?.map(({ status }) => status)).toEqual([200]);
	});

	it('starts a workflow once per task, also after a restart', async () => {
		const workflow = await TriggerWorkflow.open(n8n, 'evoLink');
		const [task = { id: '' }] = await workflow.submit(['Twice']);
		await workflow.executions(1);
		const statuses = [await workflow.callBack(task), await workflow.callBack(task)];
		const before = await workflow.executions(1);
		await n8n.kill();
		await n8n.startAgain();
		await workflow.untilReady();
		statuses.push(await workflow.callBack(task));
		const after = await workflow.executions(2);

		expect(statuses).toEqual([200, 200, 200]);
		expect(before).toHaveLength(1);
		expect(deliveries(before)).toHaveLength(1);
		expect(after.map(({ status }) => status)).toEqual(['success', 'success']);
		expect(deliveries(after)).toHaveLength(1);
	});
});

describe('Seedream Trigger', () => {
	let n8n: SeedreamN8n;

	beforeAll(async () => {
		n8n = await openN8n('2.41.1');
	}, 300_000);

	afterAll(async () => await n8n?.close());

	it('also gets the row data where /callback is appended to the path', async () => {
		const workflow = await TriggerWorkflow.open(n8n, 'apiMart');
		const [first] = await workflow.submit(['One'], ROW_DATA);
		await workflow.executions(1);
		const callbackUrl = n8n.sandbox.tasks().find(({ id }) => id === first?.id)?.callbacks[0]?.url;
		const query = callbackUrl?.split('?')[1]?.replace(/\/callback$/, '');
		const [second = { id: '' }] = await workflow.submit(['Two'], { callsBack: false });
		const status = await workflow.callBack(second, `/callback?${query}`);
		const executions = await workflow.executions(2);

		expect(callbackUrl).toBe(`${workflow.url}?${query}/callback`);
		expect(status).toBe(200);
		expect(deliveries(executions).map(({ json }) => [json.taskId, json.rowData])).toEqual([
			[first?.id, ROW],
			[second.id, ROW],
		]);
	});

	it('returns no row data that a stranger has changed, and says so', async () => {
		const workflow = await TriggerWorkflow.open(n8n, 'evoLink');
		const [task = { id: '' }] = await workflow.submit(['Changed'], { callsBack: false });
		const row = Buffer.from('{"sku":"B-8"}').toString('base64url');
		await workflow.callBack(task, `?row=${row}&sig=${'a'.repeat(22)}`);
		const [execution] = await workflow.executions(1);

		const [item] = received(execution as Execution) ?? [];
		expect(item?.json).toMatchObject({ status: 'completed', taskId: task.id });
		expect(item?.json).not.toHaveProperty('rowData');
		const message = `Ignored the row data of a callback: it wasn't signed with the API key of this EvoLink credential [task ${task.id}]`;
		expect(hintsOf(execution as Execution)).toEqual([expect.stringContaining(message)]);
		expect(await n8n.readLog()).toContain(message);
	});

	it('returns a failed task as a failed item', async () => {
		const workflow = await TriggerWorkflow.open(n8n, 'apiInOne');
		const [task] = await workflow.submit(['A lake [[fail:content_policy_violation]]'], ROW_DATA);
		const [execution] = await workflow.executions(1);

		expect(execution?.status).toBe('success');
		expect(received(execution as Execution)?.map(({ json }) => json)).toEqual([
			{
				status: 'failed',
				provider: 'apiInOne',
				taskId: task?.id,
				error: expect.objectContaining({ code: 'content_policy_violation', charged: 'no' }),
				rowData: ROW,
			},
		]);
	});

	it('waits for a task whose status lags behind its callback', async () => {
		const workflow = await TriggerWorkflow.open(n8n, 'evoLink');
		const [task = { id: '' }] = await workflow.submit(['Slow [[slow:4]]'], { callsBack: false });
		await workflow.callBack(task);
		const [execution] = await workflow.executions(1);

		expect(deliveries([execution as Execution]).map(({ json }) => json.status)).toEqual([
			'completed',
		]);
	});

	it('starts nothing for a forged or foreign ID, and queries it once', async () => {
		const workflow = await TriggerWorkflow.open(n8n, 'evoLink');
		const other = await TriggerWorkflow.open(n8n, 'apiMart');
		const [foreign = { id: '' }] = await other.submit(['Foreign'], { callsBack: false });
		const forged = { id: 'task-unified-1-forged' };
		const ids = [forged.id, foreign.id];
		const statuses = [await workflow.callBack(forged), await workflow.callBack(foreign)];
		const executions = await workflow.executions(2);
		statuses.push(await workflow.callBack(forged), await workflow.callBack(foreign));
		await wait(1_000);

		expect(statuses).toEqual([200, 200, 200, 200]);
		expect(executions.map(({ status }) => status)).toEqual(['success', 'success']);
		expect(executions.map(received)).toEqual([undefined, undefined]);
		expect(await workflow.executions(2)).toHaveLength(2);
		expect(workflow.queries(ids)).toBe(2);
		expect(await n8n.readLog()).toContain('[task task-unified-1-forged]');
	});

	it('queries at most 30 of a flood of forged IDs, and still accepts signed callbacks', async () => {
		const workflow = await TriggerWorkflow.open(n8n, 'evoLink');
		const [signed] = await workflow.submit(['Signed [[slow:15]]'], ROW_DATA);
		const ids = Array.from({ length: 80 }, (_, index) => `task-unified-2-forged${index}`);
		const statuses: number[] = [];
		for (let start = 0; start < ids.length; start += 20) {
			const some = ids.slice(start, start + 20);
			statuses.push(
				...(await Promise.all(some.map(async (id) => await workflow.callBack({ id })))),
			);
		}
		const last = await workflow.callBack({ id: 'task-unified-2-last' });
		const accepted = statuses.filter((status) => status === 200).length;
		const executions = await workflow.executions(accepted + 1);

		expect(new Set(statuses)).toEqual(new Set([200, 429]));
		expect(last).toBe(429);
		expect(workflow.queries(ids)).toBeLessThanOrEqual(30);
		expect(workflow.queries(ids)).toBeGreaterThan(0);
		expect(deliveries(executions).map(({ json }) => [json.taskId, json.rowData])).toEqual([
			[signed?.id, ROW],
		]);
		expect(await n8n.readLog()).toContain('[task task-unified-2-last]');
	});

	it.each([
		['text', { body: 'done', contentType: 'text/plain' }, 400],
		['invalid JSON', { body: '{"id":' }, 422],
		['a list', { body: ['task-1'] }, 400],
		['JSON without an ID', { body: { status: 'completed' } }, 400],
		['an ID that leads elsewhere', { body: { id: '../v1/credits' } }, 400],
		['an ID of dots', { body: { id: '..' } }, 400],
		['half a character', { body: '{"id":"a\\ud800"}' }, 400],
		['a very long ID', { body: { id: 'a'.repeat(1_000) } }, 400],
		['2 MB', { body: { id: 'task-1', more: 'x'.repeat(2_000_000) } }, 400],
		['more than n8n accepts', { body: { id: 'x'.repeat(17_000_000) } }, 500],
		['more than n8n reads', { body: 'x'.repeat(17_000_000), contentType: 'image/png' }, 400],
		['nothing', { body: '' }, 200],
		['parts of a form', { body: '--a--', contentType: 'multipart/form-data; boundary=a' }, 400],
		['a form', { body: 'id=task-1', contentType: 'application/x-www-form-urlencoded' }, 400],
	])('starts nothing for a callback that contains %s', async (_title, request, expected) => {
		const workflow = await bodies;
		const sent = n8n.sandbox.requests.length;
		const status = await workflow.post(request);
		await wait(200);

		expect(status).toBe(expected);
		expect(await workflow.executions(0)).toEqual([]);
		expect(n8n.sandbox.requests).toHaveLength(sent);
	});

	let bodies: Promise<TriggerWorkflow>;
	beforeAll(() => {
		bodies = TriggerWorkflow.open(n8n, 'evoLink');
	});

	it('can be called back at the test URL, for the same task again', async () => {
		const workflow = await TriggerWorkflow.open(n8n, 'evoLink');
		const [task = { id: '' }] = await workflow.submit(['Test'], { callsBack: false });
		for (const count of [1, 2]) {
			await n8n.rest.listen(workflow.id, TRIGGER);
			expect(await post(workflow.testUrl, { body: { id: task.id } })).toBe(200);
			expect(deliveries(await workflow.executions(count))).toHaveLength(count);
		}
		expect(await workflow.callBack(task)).toBe(200);
		expect(deliveries(await workflow.executions(3))).toHaveLength(3);
	});

	it('returns the images when a failed execution is retried', async () => {
		const workflow = await TriggerWorkflow.open(n8n, 'evoLink');
		const [task = { id: '' }] = await workflow.submit(['Retry'], { callsBack: false });
		n8n.sandbox.setIntercept(({ step, taskId }) =>
			step === 'query' && taskId === task.id
				? { kind: 'response', status: 403, body: {} }
				: undefined,
		);
		await workflow.callBack(task);
		const [failed] = await workflow.executions(1);
		n8n.sandbox.setIntercept(undefined);
		const retried = await n8n.rest.execution(await n8n.rest.retry(failed?.id ?? ''));

		expect(failed?.isRetryOffered).toBe(true);
		expect(failed?.data.resultData.error?.message).toContain(task.id);
		expect(received(retried)?.map(({ json }) => json.status)).toEqual(['completed']);
		expect(await workflow.callBack(task)).toBe(200);
		expect(deliveries(await workflow.executions(2))).toHaveLength(1);
	});

	it('answers 100 callbacks at once within 10 seconds, and returns all images', async () => {
		const workflow = await TriggerWorkflow.open(n8n, 'evoLink');
		const prompts = Array.from({ length: 100 }, (_, index) => `Image ${index}`);
		const tasks = await workflow.submit(prompts, { callsBack: false });
		const plainUrl = await openPlainWebhook(n8n);
		const secondsOf = async (send: (task: { id: string }) => Promise<number>) => {
			const begun = performance.now();
			const statuses = await Promise.all(tasks.map(send));
			expect(new Set(statuses)).toEqual(new Set([200]));
			return (performance.now() - begun) / 1000;
		};
		const plain = await secondsOf(async ({ id }) => await post(plainUrl, { body: { id } }));
		const seconds = await secondsOf(async (task) => await workflow.callBack(task));
		const executions = await workflow.executions(100);

		expect(new Set(deliveries(executions).map(({ json }) => json.taskId)).size).toBe(100);
		// On a busy machine, n8n's own Webhook node takes long, too, although it queries and downloads nothing.
		expect(seconds).toBeLessThan(Math.max(10, 2.5 * plain));
	});
});
