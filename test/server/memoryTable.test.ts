import { ONE_PER_PROVIDER, type System } from '../n8n/systems';
import { outputOf, SharedN8n, until, type MoneyFixture, type Started } from './moneyFixture';
import { GENERATE, generate, inARow, START } from './nodeChains';
import { installRuntime } from './runtime';
import { SeedreamN8n } from './seedreamN8n';

/**
 * Rows that get the images of an earlier execution, in a full n8n: with its data tables, and with a
 * process that is killed. By the sandbox's account, no row is charged twice.
 */

jest.setTimeout(180_000);

/** Shared by all tests, which run concurrently. */
const starting = installRuntime(console.log).then(SharedN8n.open);

afterAll(async () => await (await starting).n8n.close());

const EVOLINK = ONE_PER_PROVIDER.filter(({ provider }) => provider === 'evoLink');
const OTHERS = ONE_PER_PROVIDER.filter(({ provider }) => provider !== 'evoLink');

const TABLE = 'Seedream tasks';
const PROMPTS = ['one', 'two', 'three'];

const REUSED = { reuse: 'sameRequest' };
const REMEMBERED = { ...REUSED, memoryTable: TABLE };

const reusedOf = (items: ReturnType<typeof outputOf>) =>
	items.map(({ json }) => json.reused === true);

describe('after n8n was killed', () => {
	/** Each scene, with and without a table, at each provider; one power cut for all of them. */
	const scenes = {
		'while it was waiting': PROMPTS.map((prompt) => `${prompt} [[slow:600]]`),
		'while it was submitting': PROMPTS,
	};
	type Scene = keyof typeof scenes;
	type Killed = Started & { fixture: MoneyFixture };
	const killed = new Map<string, Killed>();
	const keyOf = (scene: Scene, { provider }: System, hasTable: boolean) =>
		`${scene} at ${provider}, ${hasTable}`;

	function killedFixture(scene: Scene, system: System, hasTable: boolean): Killed {
		const found = killed.get(keyOf(scene, system, hasTable));
		if (!found) throw new Error('The power cut did not happen');
		return found;
	}

	beforeAll(async () => {
		const shared = await starting;
		for (const scene of Object.keys(scenes) as Scene[]) {
			for (const [system, hasTable] of [
				...ONE_PER_PROVIDER.map((one) => [one, true] as const),
				...EVOLINK.map((one) => [one, false] as const),
			]) {
				const fixture = shared.createFixture(system);
				// The create takes effect, but its response doesn't arrive before n8n is killed.
				const unanswered = { kind: 'trickle', everyMs: 60_000 } as const;
				if (scene === 'while it was submitting') fixture.failFirst('create', 'two', unanswered);
				const parameters = { options: hasTable ? REMEMBERED : REUSED };
				const started = await fixture.start({ prompts: scenes[scene], parameters });
				killed.set(keyOf(scene, system, hasTable), { fixture, ...started });
			}
		}
		for (const { fixture } of killed.values()) {
			await until(
				() => fixture.tasks().length === PROMPTS.length && fixture.requests('query').length > 0,
			);
		}
		// The table is written at least every two seconds, and later on a busy machine.
		await new Promise((resolve) => setTimeout(resolve, 5_000));
		await shared.powerCut(600);
	});

	it.each([
		...ONE_PER_PROVIDER.map((system) => [`${system.title}, with a table`, system, true] as const),
		...EVOLINK.map((system) => [`${system.title}, without a table`, system, false] as const),
	])(
		'while it was waiting, another execution gets the tasks that exist (%s)',
		async (_title, system, hasTable) => {
			const { fixture, ...started } = killedFixture('while it was waiting', system, hasTable);
			const again = await fixture.runAgain(started);

			const items = outputOf(again, GENERATE);
			await fixture.expectComplete(items, scenes['while it was waiting']);
			expect(reusedOf(items)).toEqual([true, true, true]);
			expect(items.map(({ json }) => json.cost)).toEqual(Array(3).fill({ credits: 0, usd: 0 }));
			expect(fixture.tasks()).toHaveLength(3);
			fixture.expectPaid(3);
		},
	);

	it.each([true, false])(
		'while it was submitting, EvoLink gets the request again under its key (with a table: %s)',
		async (hasTable) => {
			const [system] = EVOLINK as [System];
			const { fixture, ...started } = killedFixture('while it was submitting', system, hasTable);
			const again = await fixture.runAgain(started);

			await fixture.expectComplete(outputOf(again, GENERATE), PROMPTS);
			expect(fixture.tasks()).toHaveLength(3);
			fixture.expectPaid(3);
		},
	);

	it.each(OTHERS)(
		'while it was submitting, the row in question is not sent again ($title)',
		async (system) => {
			const { fixture, ...started } = killedFixture('while it was submitting', system, true);
			const again = await fixture.runAgain(started);

			expect(again.status).toBe('error');
			expect(again.data.resultData.error).toMatchObject({
				message: expect.stringMatching(
					/^Row 2: The response to this row's request was lost in an earlier execution\. /,
				),
				description: expect.stringContaining(
					`delete its row with the state "sent" from the data table "${TABLE}"`,
				),
			});
			expect(fixture.tasks()).toHaveLength(3);
			fixture.expectPaid(3);
		},
	);
});

describe('the data table', () => {
	it.concurrent.each(ONE_PER_PROVIDER)(
		'has the tasks of an execution that was stopped, for the next one ($title)',
		async (system) => {
			const fixture = (await starting).createFixture(system);
			const prompts = PROMPTS.map((prompt) => `${prompt} [[slow:8]]`);
			const parameters = { options: { ...REMEMBERED, concurrency: 2 } };
			const started = await fixture.start({ prompts, parameters });
			await fixture.untilTasks(2);
			await fixture.stop(started);
			const stopped = await fixture.untilFinished(started);
			const submitted = fixture.tasks().length;
			const again = await fixture.runAgain(started);

			expect(stopped.status).toBe('canceled');
			expect(submitted).toBe(2);
			const items = outputOf(again, GENERATE);
			await fixture.expectComplete(items, prompts);
			expect(reusedOf(items)).toEqual([true, true, false]);
			expect(fixture.tasks()).toHaveLength(3);
			fixture.expectPaid(3);
		},
	);

	it.concurrent.each(ONE_PER_PROVIDER)(
		'has a row for each state of each task, and its cost ($title)',
		async (system) => {
			const fixture = (await starting).createFixture(system);
			const failing = 'two [[fail:service_error]]';
			const execution = await fixture.run({
				prompts: ['one', failing, `${failing} [[charged]]`],
				parameters: { options: { ...REMEMBERED, rowKey: '={{ "row " + $itemIndex }}' } },
				node: { onError: 'continueRegularOutput' },
			});

			const [made, failed, charged] = outputOf(execution, GENERATE);
			const rows = await fixture.tableRows(TABLE);
			const statesOf = (row: number) =>
				rows.filter((one) => one.row === row).map(({ state, taskId }) => [state, taskId || null]);
			const taskIds = [made, failed, charged].map((item) => item?.json.taskId);
			expect(statesOf(1)).toEqual([
				['sent', null],
				['made', taskIds[0]],
				['delivered', taskIds[0]],
			]);
			expect(statesOf(2)).toEqual([
				['sent', null],
				['made', taskIds[1]],
				['failed', taskIds[1]],
			]);
			const failedRows = rows.filter(({ state }) => state === 'failed');
			expect(new Map(failedRows.map(({ row, creditsCost }) => [row, creditsCost]))).toEqual(
				new Map([
					[2, null],
					[3, fixture.system.creditsPerImage],
				]),
			);
			expect(rows.find(({ state }) => state === 'delivered')).toMatchObject({
				node: GENERATE,
				row: 1,
				rowKey: 'row 0',
				prompt: fixture.fullPrompt('one'),
				links: made?.json.imageUrl,
				creditsCost: (made?.json.cost as { credits: number }).credits,
				execution: execution.id,
			});
			fixture.expectPaid(2);
		},
	);

	it.concurrent.each(ONE_PER_PROVIDER)(
		'gives the next execution the images again, but not for a changed cell ($title)',
		async (system) => {
			const fixture = (await starting).createFixture(system);
			const options = { prompts: ['one', 'one', 'two'], parameters: { options: REMEMBERED } };
			const started = await fixture.start(options);
			const first = outputOf(await fixture.untilFinished(started), GENERATE);
			const second = outputOf(await fixture.runAgain(started), GENERATE);
			await fixture.save(started, { prompt: '={{ $json.prompt.replace("two", "three") }}' });
			const third = outputOf(await fixture.runAgain(started), GENERATE);

			const taskIds = (items: typeof first) => items.map(({ json }) => json.taskId);
			expect(new Set(taskIds(first)).size).toBe(3);
			expect(taskIds(second)).toEqual(taskIds(first));
			expect(reusedOf(second)).toEqual([true, true, true]);
			expect(taskIds(third).slice(0, 2)).toEqual(taskIds(first).slice(0, 2));
			expect(reusedOf(third)).toEqual([true, true, false]);
			expect(fixture.tasks()).toHaveLength(4);
			fixture.expectPaid(4);
		},
	);
});

it('n8n 1 has no data tables that a node can create: nothing is sent', async () => {
	const runtime = await installRuntime(console.log, '1.123.81');
	const n8n = await SeedreamN8n.open(runtime, { sandbox: { taskSeconds: 0.1 } });
	try {
		const parameters = { prompt: 'A lake', options: { memoryTable: TABLE } };
		const workflowId = await n8n.rest.createWorkflow(
			inARow('Test', [generate(parameters, n8n.credentials)]),
		);
		const executionId = await n8n.rest.run(workflowId, START);
		const { status, data } = await n8n.rest.waitFor(workflowId, executionId, 60_000);

		expect(status).toBe('error');
		expect(data.resultData.error).toMatchObject({
			message: expect.stringMatching(/^The node can't use the data table "Seedream tasks": /),
			description: expect.stringContaining('need n8n 2'),
		});
		expect(n8n.sandbox.requests).toEqual([]);
	} finally {
		await n8n.close();
	}
});
