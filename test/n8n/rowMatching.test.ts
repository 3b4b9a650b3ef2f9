import sharp from 'sharp';

import type { NodeResult } from './engine';
import {
	engine,
	fieldOf,
	type Fixture,
	forEachProvider,
	isBatchQuery,
	PROMPTS,
	respondWith,
	testNode,
	WITH_IDEMPOTENCY,
	WITHOUT_IDEMPOTENCY,
} from './fixture';
import { REFERENCE, systems } from './systems';

/** A row is recognized on every try, and so is the task it was charged for. */

const VOLATILE_PROMPT = '={{ $json.prompt + " " + Math.random() }}';
const VOLATILE_LINK = `={{ "${REFERENCE}?signature=" + Math.random() }}`;
const VOLATILE_CALLBACK = '={{ "https://example.com/done?try=" + Math.random() }}';

/** Polling the row with this prompt fails for good, this many times. */
function failQueries(fixture: Fixture, prompt: string, times: number): void {
	let broken = 0;
	fixture.sandbox.setIntercept(({ step, path, taskId }) => {
		if (step !== 'query') return undefined;
		if (isBatchQuery({ path })) return respondWith(404);
		if (!fixture.promptOf(taskId)?.startsWith(prompt) || broken === times) return undefined;
		broken += 1;
		return respondWith(401);
	});
}

describe('an expression with another value on each try', () => {
	const volatile = [
		['the prompt', { prompt: VOLATILE_PROMPT }],
		['a reference link', { imageUrls: VOLATILE_LINK, model: 'edit' }],
		['the ratio', { aspectRatio: '={{ ["1:1", "4:3", "3:4"][Math.floor(Math.random() * 3)] }}' }],
	] as const;
	for (const [what, parameters] of volatile) {
		forEachProvider(`in ${what} creates no second task`, async (fixture) => {
			failQueries(fixture, 'two', 2);
			const { edit } = fixture.system;
			const { status, calls, items } = await fixture.generate(PROMPTS, {
				parameters: {
					...parameters,
					...('model' in parameters && { model: edit.model ?? fixture.system.parameters.model }),
				},
				tries: 3,
			});

			expect({ status, calls }).toEqual({ status: 'success', calls: 3 });
			expect(fixture.sandbox.tasks()).toHaveLength(3);
			const promptOf = new Map(fixture.sandbox.tasks().map(({ id, prompt }) => [id, prompt]));
			expect(items.map(({ json }) => String(json.prompt).split(' ')[0])).toEqual(PROMPTS);
			for (const { json } of items) expect(json.prompt).toBe(promptOf.get(String(json.taskId)));
		});
	}

	testNode(
		'in the provider does not move a row from the provider that has its task',
		async (fixture) => {
			let broken = 0;
			fixture.sandbox.setIntercept((request) => {
				if (request.step !== 'query' || isBatchQuery(request) || broken === 2) return undefined;
				broken += 1;
				return respondWith(401);
			});
			const { items } = await fixture.generate(PROMPTS, {
				parameters: { provider: '={{ Math.random() < 0.5 ? "evoLink" : "apiMart" }}', model: '' },
				tries: 5,
			});

			expect(fieldOf(items, 'status')).toEqual(Array(3).fill('completed'));
			expect(fixture.sandbox.tasks()).toHaveLength(3);
		},
	);

	forEachProvider(
		'in the callback URL does not change a repeated create request',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step, prompt, attempt }) => {
				if (step !== 'create' || prompt !== 'two') return undefined;
				if (attempt === 1) return { kind: 'resetAfter' };
				return attempt === 2
					? respondWith(402, { error: { code: 'insufficient_quota' } })
					: undefined;
			});
			const parameters = { additionalFields: { callbackUrl: VOLATILE_CALLBACK } };
			const { items, calls } = await fixture.generate(PROMPTS, { parameters, tries: 2 });

			expect(calls).toBe(2);
			fixture.expectComplete(items, PROMPTS);
			expect(fixture.chargedImages()).toBe(3);
			const sent = fixture.requests('create').filter(({ prompt }) => prompt === 'two');
			expect(new Set(sent.map(({ body }) => JSON.stringify(body))).size).toBe(1);
			expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
		},
		{},
		WITH_IDEMPOTENCY,
	);
});

/** As after a crash: the node's records are gone, n8n's own data is still there. */
function crashed(failed: NodeResult): NodeResult {
	const { execution } = failed;
	const { executionData } = execution;
	return {
		...failed,
		execution: {
			...execution,
			...(executionData && { executionData: { ...executionData, contextData: {} } }),
		},
	} as NodeResult;
}

describe('the Idempotency-Key of a row', () => {
	forEachProvider(
		'is the same after a crash, so that a retry gets the tasks that were charged',
		async (fixture) => {
			failQueries(fixture, 'two', 1);
			const failed = await fixture.generate(PROMPTS);
			const retried = await fixture.generate([], { retryOf: crashed(failed) });

			fixture.expectComplete(retried.items, PROMPTS);
			expect(fixture.sandbox.tasks()).toHaveLength(3);
			expect(fixture.chargedImages()).toBe(3);
		},
		{},
		WITH_IDEMPOTENCY,
	);

	forEachProvider('differs in another execution, even with the same ID', async (fixture) => {
		const executionId = '17';
		await fixture.generate(PROMPTS, { executionId });
		await fixture.generate(PROMPTS, { executionId });

		const keys = fixture.requests('create').map(({ headers }) => headers['idempotency-key']);
		expect(new Set(keys).size).toBe(6);
		expect(fixture.sandbox.tasks()).toHaveLength(6);
	});
});

forEachProvider(
	'a row with a reference file is recognized when the file is read again in a loop',
	async (fixture) => {
		const content = await sharp({
			create: { width: 640, height: 480, channels: 3, background: '#385' },
		})
			.jpeg()
			.toBuffer();
		const { storeFile } = await engine();
		const [first, second] = await Promise.all([
			storeFile(content, 'image/jpeg'),
			storeFile(content, 'image/jpeg'),
		]);
		failQueries(fixture, 'one', 1);
		const { runs } = await fixture.generate(['one'], {
			parameters: { imageFields: '={{ $runIndex === 0 ? "first" : "second" }}' },
			files: [{ first, second }],
			onError: 'continueErrorOutput',
			loopErrors: 1,
		});

		expect(first.id).not.toBe(second.id);
		expect(runs.map((items) => items.map(({ json }) => json.status))).toEqual([[], ['completed']]);
		expect(fixture.createdPrompts()).toEqual(['one']);
	},
	{},
	systems.filter(({ provider }) => provider !== 'apiInOne'),
);

forEachProvider('an unreadable record costs only its own row', async (fixture) => {
	const prompts = [...PROMPTS, 'four'];
	failQueries(fixture, 'two', 1);
	const failed = await fixture.generate(prompts);
	const { contextData } = failed.execution.executionData ?? {};
	const { tasks } = contextData?.['node:Node'] as unknown as {
		tasks: { version: number; records: unknown[] };
	};
	expect(tasks.version).toBe(2);
	tasks.records[0] = { state: 'of a later version' };
	const retried = await fixture.generate([], { retryOf: failed });

	fixture.expectComplete(retried.items, prompts);
	expect(fixture.createdPrompts()).toHaveLength(5);
});

forEachProvider(
	'of two equal rows in a loop, one takes the open task over and the other is created',
	async (fixture) => {
		const prompt = 'one [[slow:3]]';
		fixture.failOnce('create', prompt, respondWith(400));
		const { runs, errorItems } = await fixture.generate([prompt, prompt], {
			parameters: { options: { timeout: 2 } },
			onError: 'continueErrorOutput',
			loopErrors: 2,
		});

		expect(runs.flat().map(({ json }) => json.status)).toEqual(['completed']);
		// The later one has its task now, and needs more time.
		expect(errorItems.map(({ json }) => json.error)).toEqual([
			expect.objectContaining({ code: 'timeout' }),
		]);
		expect(fixture.sandbox.tasks()).toHaveLength(2);
	},
);

describe('without a user checking the list of tasks', () => {
	forEachProvider(
		'a lost create request is not repeated in a loop over the error output',
		async (fixture) => {
			fixture.failOnce('create', 'two', { kind: 'resetAfter' });
			const { errorItems } = await fixture.generate(PROMPTS, {
				onError: 'continueErrorOutput',
				loopErrors: 2,
			});

			expect(errorItems.map(({ json }) => json.error)).toEqual([
				expect.objectContaining({ charged: 'unknown', code: 'answer_lost' }),
			]);
			expect(fixture.createdPrompts()).toEqual([...PROMPTS].sort());
		},
		{},
		WITHOUT_IDEMPOTENCY,
	);

	forEachProvider(
		'the error of a sub-workflow says that a retry of its parent starts over',
		async (fixture) => {
			fixture.failOnce('create', 'two', respondWith(400));
			const { error } = await fixture.generate(PROMPTS, { mode: 'integrated' });

			expect(error?.description).toContain(
				'If you retry the parent workflow instead, the sub-workflow starts over and you pay for every row.',
			);
		},
	);
});

forEachProvider(
	'Check References does not reject the retry of a row that has its task',
	async (fixture) => {
		const link = fixture.sandbox.addFile(
			await sharp({ create: { width: 640, height: 480, channels: 3, background: '#385' } })
				.jpeg()
				.toBuffer(),
			'image/jpeg',
		);
		const parameters = {
			imageUrls: link,
			options: { checkReferences: true },
			...(fixture.system.edit.model ? { model: fixture.system.edit.model } : {}),
		};
		failQueries(fixture, 'two', 1);
		const failed = await fixture.generate(PROMPTS, { parameters });
		fixture.sandbox.setIntercept(({ path }) =>
			link.endsWith(path) ? respondWith(404) : undefined,
		);
		const retried = await fixture.generate([], { parameters, retryOf: failed });

		fixture.expectComplete(retried.items, PROMPTS);
		expect(fixture.createdPrompts()).toEqual([...PROMPTS].sort());
	},
);
