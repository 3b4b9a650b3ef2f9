import sharp from 'sharp';

import { startSandbox } from '../sandbox/sandbox';
import type { NodeResult } from './engine';
import { answer, atEach, engine, PROMPTS, WITH_KEYS, WITHOUT_KEYS, type Scene } from './fixture';
import { REFERENCE, sandboxCredentials, systems } from './systems';

/** Who is who: a row is its row on every try, and a payment is known again. */

const VOLATILE_PROMPT = '={{ $json.prompt + " " + Math.random() }}';
const VOLATILE_LINK = `={{ "${REFERENCE}?signature=" + Math.random() }}`;
const VOLATILE_CALLBACK = '={{ "https://example.com/done?try=" + Math.random() }}';

/** Queries of the row with this prompt fail for good, so many times. */
function breakQueries(at: Scene, prompt: string, times: number): void {
	let broken = 0;
	at.sandbox.setIntercept(({ step, path, taskId }) => {
		if (step !== 'query') return undefined;
		if (path.endsWith('/tasks/batch')) return answer(404);
		if (!at.promptOf(taskId)?.startsWith(prompt) || broken === times) return undefined;
		broken += 1;
		return answer(401);
	});
}

describe('an expression that gives something else on each try', () => {
	const volatile = [
		['the prompt', { prompt: VOLATILE_PROMPT }],
		['a reference link', { imageUrls: VOLATILE_LINK, model: 'edit' }],
		['the ratio', { aspectRatio: '={{ ["1:1", "4:3", "3:4"][Math.floor(Math.random() * 3)] }}' }],
	] as const;
	for (const [what, parameters] of volatile) {
		atEach(`in ${what}, is no reason to pay again`, async (at) => {
			breakQueries(at, 'two', 2);
			const { edit } = at.system;
			const { status, calls, items } = await at.generate(PROMPTS, {
				parameters: {
					...parameters,
					...('model' in parameters && { model: edit.model ?? at.system.parameters.model }),
				},
				tries: 3,
			});

			expect({ status, calls }).toEqual({ status: 'success', calls: 3 });
			expect(at.sandbox.tasks()).toHaveLength(3);
			const promptOf = new Map(at.sandbox.tasks().map(({ id, prompt }) => [id, prompt]));
			expect(items.map(({ json }) => String(json.prompt).split(' ')[0])).toEqual(PROMPTS);
			for (const { json } of items) expect(json.prompt).toBe(promptOf.get(String(json.taskId)));
		});
	}

	it('in the provider, leaves the row with the provider that has its task', async () => {
		const sandbox = await startSandbox({ taskSeconds: 0.1 });
		let broken = 0;
		sandbox.setIntercept(({ step, path }) => {
			if (step !== 'query' || path.endsWith('/tasks/batch') || broken === 2) return undefined;
			broken += 1;
			return answer(401);
		});
		const { items } = await (
			await engine()
		).run({
			node: 'seedreamGenerate',
			parameters: {
				provider: '={{ Math.random() < 0.5 ? "evoLink" : "apiMart" }}',
				prompt: '={{ $json.prompt }}',
				downloadImages: false,
			},
			rows: PROMPTS.map((prompt) => ({ prompt })),
			credentials: sandboxCredentials(sandbox),
			tries: 5,
		});
		await sandbox.close();

		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
		expect(sandbox.tasks()).toHaveLength(3);
	});

	atEach(
		'in the callback address, sends a lost create again to the letter',
		async (at) => {
			at.sandbox.setIntercept(({ step, prompt, attempt }) => {
				if (step !== 'create' || prompt !== 'two') return undefined;
				if (attempt === 1) return { kind: 'resetAfter' };
				return attempt === 2 ? answer(402, { error: { code: 'insufficient_quota' } }) : undefined;
			});
			const parameters = { additionalFields: { callbackUrl: VOLATILE_CALLBACK } };
			const { items, calls } = await at.generate(PROMPTS, { parameters, tries: 2 });

			expect(calls).toBe(2);
			at.expectComplete(items, PROMPTS);
			expect(at.imagesPaid()).toBe(3);
			const sent = at.requests('create').filter(({ prompt }) => prompt === 'two');
			expect(new Set(sent.map(({ body }) => JSON.stringify(body))).size).toBe(1);
			expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
		},
		{},
		WITH_KEYS,
	);
});

/** As after a crash: what the node had noted down is gone, and n8n's own notes are left. */
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

describe('the Idempotency-Key', () => {
	atEach(
		'is the same after a crash, so that a retry finds the images that were paid',
		async (at) => {
			breakQueries(at, 'two', 1);
			const failed = await at.generate(PROMPTS);
			const retried = await at.generate([], { retryOf: crashed(failed) });

			at.expectComplete(retried.items, PROMPTS);
			expect(at.sandbox.tasks()).toHaveLength(3);
			expect(at.imagesPaid()).toBe(3);
		},
		{},
		WITH_KEYS,
	);

	atEach('is another one in another execution, even under the same number', async (at) => {
		const executionId = '17';
		await at.generate(PROMPTS, { executionId });
		await at.generate(PROMPTS, { executionId });

		const keys = at.requests('create').map(({ headers }) => headers['idempotency-key']);
		expect(new Set(keys).size).toBe(6);
		expect(at.sandbox.tasks()).toHaveLength(6);
	});
});

atEach(
	'a reference file is the same when it is read again in a loop',
	async (at) => {
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
		breakQueries(at, 'one', 1);
		const { runs } = await at.generate(['one'], {
			parameters: { imageFields: '={{ $runIndex === 0 ? "first" : "second" }}' },
			files: [{ first, second }],
			onError: 'continueErrorOutput',
			loopErrors: 1,
		});

		expect(first.id).not.toBe(second.id);
		expect(runs.map((items) => items.map(({ json }) => json.status))).toEqual([[], ['completed']]);
		expect(at.created()).toEqual(['one']);
	},
	{},
	systems.filter(({ provider }) => provider !== 'apiInOne'),
);

atEach('a note that cannot be read costs its own row, and no other', async (at) => {
	const prompts = [...PROMPTS, 'four'];
	breakQueries(at, 'two', 1);
	const failed = await at.generate(prompts);
	const { contextData } = failed.execution.executionData ?? {};
	const { tasks } = contextData?.['node:Node'] as unknown as {
		tasks: { version: number; records: unknown[] };
	};
	expect(tasks.version).toBe(2);
	tasks.records[0] = { state: 'of a later version' };
	const retried = await at.generate([], { retryOf: failed });

	at.expectComplete(retried.items, prompts);
	expect(at.created()).toHaveLength(5);
});

describe('where nobody has looked', () => {
	atEach(
		'a lost create is not sent again by an error output that leads back into the node',
		async (at) => {
			at.breakOnce('create', 'two', { kind: 'resetAfter' });
			const { errorItems } = await at.generate(PROMPTS, {
				onError: 'continueErrorOutput',
				loopErrors: 2,
			});

			expect(errorItems.map(({ json }) => json.error)).toEqual([
				expect.objectContaining({ charged: 'unknown', code: 'answer_lost' }),
			]);
			expect(at.created()).toEqual([...PROMPTS].sort());
		},
		{},
		WITHOUT_KEYS,
	);

	atEach('the error of a sub-workflow says what a retry of its parent costs', async (at) => {
		at.breakOnce('create', 'two', answer(400));
		const { error } = await at.generate(PROMPTS, { mode: 'integrated' });

		expect(error?.description).toContain(
			'A retry of the workflow that called it begins the sub-workflow again and pays for every row.',
		);
	});
});

atEach('Check References does not refuse the retry of a row that is paid', async (at) => {
	const link = at.sandbox.addFile(
		await sharp({ create: { width: 640, height: 480, channels: 3, background: '#385' } })
			.jpeg()
			.toBuffer(),
		'image/jpeg',
	);
	const parameters = {
		imageUrls: link,
		options: { checkReferences: true },
		...(at.system.edit.model ? { model: at.system.edit.model } : {}),
	};
	breakQueries(at, 'two', 1);
	const failed = await at.generate(PROMPTS, { parameters });
	at.sandbox.setIntercept(({ path }) => (link.endsWith(path) ? answer(404) : undefined));
	const retried = await at.generate([], { parameters, retryOf: failed });

	at.expectComplete(retried.items, PROMPTS);
	expect(at.created()).toEqual([...PROMPTS].sort());
});
