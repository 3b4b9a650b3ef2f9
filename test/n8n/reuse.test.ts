import type { INodeExecutionData } from 'n8n-workflow';
import sharp from 'sharp';

import type { ExecutionOptions } from './engine';
import {
	CONTINUE,
	engine,
	EVOLINK,
	fieldOf,
	forEachProvider,
	PROMPTS,
	respondWith,
	systemsOf,
	WITHOUT_IDEMPOTENCY,
	type Fixture,
} from './fixture';

/** 'Reuse Recent Images': a row that another execution has already paid for. */

const HONORED = { idempotency: { apiMart: 'honored' as const } };
const DOCUMENTED = systemsOf('evoLink', 'apiMart');
const DAY_MS = 24 * 60 * 60 * 1000;

const REUSE = { options: { reuse: 'sameRequest' } };
const KEY_CONFLICT = { error: { code: 'idempotency_conflict', message: 'Another body.' } };
const FREE = { credits: 0, usd: 0 };

/** One execution of the workflow, independent of all others. */
const execute = async (
	fixture: Fixture,
	prompts: readonly string[],
	options: Partial<ExecutionOptions> = {},
) => await fixture.generate(prompts, { parameters: REUSE, ...options });

const taskIds = (items: readonly INodeExecutionData[]) => fieldOf(items, 'taskId');
const reused = (items: readonly INodeExecutionData[]) =>
	items.map(({ json }) => json.reused === true);

/** At a provider that honors the Idempotency-Key. */
const whereHonored = (title: string, test: (fixture: Fixture) => Promise<void>) =>
	forEachProvider(title, test, HONORED, DOCUMENTED);

describe('another execution of the same rows', () => {
	whereHonored('gets their images and costs nothing', async (fixture) => {
		const first = await execute(fixture, PROMPTS);
		const second = await execute(fixture, PROMPTS);

		fixture.expectComplete(second.items, PROMPTS);
		expect(taskIds(second.items)).toEqual(taskIds(first.items));
		expect(reused(first.items)).toEqual([false, false, false]);
		expect(reused(second.items)).toEqual([true, true, true]);
		expect(fieldOf(second.items, 'cost')).toEqual([FREE, FREE, FREE]);
		expect(second.hints[0]?.message).not.toContain('credits');
		expect(second.hints[0]?.message).toContain("3 images were reused: you weren't charged again.");
		expect(fixture.chargedImages()).toBe(3);
	});

	whereHonored('pays only for a changed cell', async (fixture) => {
		await execute(fixture, PROMPTS);
		const { items } = await execute(fixture, ['one', 'two, in blue', 'three']);

		expect(reused(items)).toEqual([true, false, true]);
		expect(fixture.chargedImages()).toBe(4);
	});

	whereHonored('gets the task IDs again if it only submits', async (fixture) => {
		const parameters = { ...REUSE, continueWhen: 'submitted' };
		const first = await execute(fixture, PROMPTS, { parameters });
		const second = await execute(fixture, PROMPTS, { parameters });

		expect(taskIds(second.items)).toEqual(taskIds(first.items));
		expect(reused(second.items)).toEqual([true, true, true]);
		expect(fixture.sandbox.tasks()).toHaveLength(3);
	});

	whereHonored('pays again if images are never reused, which is the default', async (fixture) => {
		await execute(fixture, PROMPTS);
		const { items } = await execute(fixture, PROMPTS, { parameters: {} });

		expect(reused(items)).toEqual([false, false, false]);
		expect(fixture.chargedImages()).toBe(6);
	});

	forEachProvider(
		"pays again if the provider doesn't honor the Idempotency-Key",
		async (fixture) => {
			await execute(fixture, PROMPTS);
			const { items } = await execute(fixture, PROMPTS);

			fixture.expectComplete(items, PROMPTS);
			expect(items.filter(({ json }) => 'warning' in json || 'reused' in json)).toEqual([]);
			expect(fixture.chargedImages()).toBe(6);
		},
		{},
		WITHOUT_IDEMPOTENCY,
	);

	whereHonored(
		'pays again only for rows that it does not find, as an error says',
		async (fixture) => {
			fixture.failOnce('create', 'two', respondWith(400));
			const failed = await execute(fixture, PROMPTS);
			const { items } = await execute(fixture, PROMPTS);

			expect(failed.error?.description).toContain(
				"In a new execution, you pay again for rows whose images 'Reuse Recent Images' doesn't find.",
			);
			expect(reused(items)).toEqual([true, false, true]);
			expect(fixture.chargedImages()).toBe(3);
		},
	);

	whereHonored('says so in a retry of that execution, too', async (fixture) => {
		await execute(fixture, PROMPTS);
		fixture.sandbox.setIntercept(({ step }) => (step === 'query' ? respondWith(401) : undefined));
		const failed = await execute(fixture, PROMPTS);
		fixture.sandbox.setIntercept(undefined);
		const { items } = await execute(fixture, PROMPTS, { retryOf: failed });

		expect(failed.status).toBe('error');
		expect(reused(items)).toEqual([true, true, true]);
		expect(fixture.chargedImages()).toBe(3);
	});
});

describe('rows that request the same', () => {
	whereHonored('have an image each, in every execution', async (fixture) => {
		const first = await execute(fixture, ['one', 'one', 'one']);
		const second = await execute(fixture, ['one', 'one', 'one', 'one']);

		expect(new Set(taskIds(second.items)).size).toBe(4);
		expect(taskIds(second.items).slice(0, 3)).toEqual(taskIds(first.items));
		expect(reused(second.items)).toEqual([true, true, true, false]);
		expect(fixture.chargedImages()).toBe(4);
	});

	whereHonored('are told apart by their row keys, wherever they are', async (fixture) => {
		const parameters = { options: { ...REUSE.options, rowKey: '={{ $json.id }}' } };
		const rowsOf = (...ids: string[]) => ids.map((id) => ({ id, prompt: 'one' }));
		const first = await execute(fixture, [], { parameters, rows: rowsOf('A', 'B') });
		const second = await execute(fixture, [], { parameters, rows: rowsOf('C', 'B', 'A') });

		const [a, b] = taskIds(first.items);
		expect(taskIds(second.items)).toEqual([expect.any(String), b, a]);
		expect(reused(second.items)).toEqual([false, true, true]);
		expect(fixture.chargedImages()).toBe(3);
	});
});

describe('a row whose earlier task', () => {
	whereHonored('failed is generated again in each execution', async (fixture) => {
		const failing = 'one [[fail:service_error]]';
		const executions = [1, 2, 3].map(() => async () => await execute(fixture, [failing], CONTINUE));
		const failedIds: unknown[] = [];
		for (const run of executions) {
			const { items } = await run();
			expect(items[0]?.json).toMatchObject({ error: { code: 'service_error', charged: 'no' } });
			failedIds.push(...taskIds(items));
		}

		expect(new Set(failedIds).size).toBe(3);
		expect(fixture.sandbox.tasks()).toHaveLength(3);
		expect(fixture.chargedImages()).toBe(0);
	});

	whereHonored('is more than 24 hours old is generated again, once', async (fixture) => {
		fixture.clock.offsetMs = -DAY_MS - 60_000;
		await execute(fixture, PROMPTS);
		fixture.clock.offsetMs = 0;
		const second = await execute(fixture, PROMPTS);
		const third = await execute(fixture, PROMPTS);

		expect(reused(second.items)).toEqual([false, false, false]);
		expect(reused(third.items)).toEqual([true, true, true]);
		expect(taskIds(third.items)).toEqual(taskIds(second.items));
		expect(fixture.chargedImages()).toBe(6);
	});

	whereHonored('is still running is waited for', async (fixture) => {
		const prompts = ['one [[slow:2]]'];
		const submitted = await execute(fixture, prompts, {
			parameters: { ...REUSE, continueWhen: 'submitted' },
		});
		const { items } = await execute(fixture, prompts);

		expect(items[0]?.json).toMatchObject({ status: 'completed', reused: true, cost: FREE });
		expect(taskIds(items)).toEqual(taskIds(submitted.items));
		expect(fixture.chargedImages()).toBe(1);
	});
});

describe('a reference file', () => {
	whereHonored('whose link is new is generated again, and is never an error', async (fixture) => {
		const content = await sharp({
			create: { width: 640, height: 480, channels: 3, background: 'teal' },
		})
			.jpeg()
			.toBuffer();
		const file = await (await engine()).storeFile(content, 'image/jpeg');
		const parameters = { ...REUSE, imageFields: 'data' };
		// EvoLink's link is made from the file's content, so it stays the same.
		const isSame = fixture.system.provider === 'evoLink';
		for (const isFirst of [true, false, false]) {
			const files = [{ data: file }];
			const { items } = await execute(fixture, ['Add a boat'], { parameters, files });
			fixture.expectComplete(items, ['Add a boat']);
			expect(reused(items)).toEqual([isSame && !isFirst]);
		}
		expect(fixture.chargedImages()).toBe(isSame ? 1 : 3);
	});

	forEachProvider(
		'whose link is new has a key that other executions know, too',
		async (fixture) => {
			const keys = new Set<unknown>();
			fixture.sandbox.setIntercept(({ step, headers }) => {
				if (step !== 'create') return undefined;
				keys.add(headers['idempotency-key']);
				return headers['idempotency-key'] === [...keys][0]
					? respondWith(409, KEY_CONFLICT)
					: undefined;
			});
			const first = await execute(fixture, ['one']);
			const second = await execute(fixture, ['one']);

			expect(taskIds(second.items)).toEqual(taskIds(first.items));
			expect([first, second].map(({ items }) => reused(items)[0])).toEqual([false, true]);
			expect(fixture.requests('create')).toHaveLength(4);
			expect(fixture.chargedImages()).toBe(1);
		},
		{},
		EVOLINK,
	);

	forEachProvider(
		'whose link is new fails a row whose create may have been charged',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step, attempt }) => {
				if (step !== 'create') return undefined;
				return attempt === 1 ? { kind: 'resetAfter' } : respondWith(409, KEY_CONFLICT);
			});
			const { error } = await execute(fixture, ['one']);

			expect(error?.message).toContain('already has another request for this row');
			expect(error?.description).toContain("The node can't tell whether you were charged.");
			expect(fixture.requests('create')).toHaveLength(2);
		},
		{},
		EVOLINK,
	);
});

forEachProvider(
	'a data table that n8n does not have is an error before anything is sent',
	async (fixture) => {
		const parameters = { options: { ...REUSE.options, memoryTable: 'Seedream tasks' } };
		const failed = await execute(fixture, PROMPTS, { parameters });
		const continued = await execute(fixture, PROMPTS, { parameters, ...CONTINUE });

		expect(failed.error?.message).toMatch(/^The node can't use the data table "Seedream tasks": /);
		for (const { json } of continued.items) {
			expect(json).toMatchObject({ error: { code: 'data_table_unavailable', charged: 'no' } });
		}
		expect(fixture.sandbox.requests).toEqual([]);
	},
);
