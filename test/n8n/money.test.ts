import { setTimeout as wait } from 'node:timers/promises';
import { inspect } from 'node:util';

import type { NodeResult } from './engine';
import {
	CONTINUE,
	type Fixture,
	forEachProvider,
	honorsIdempotency,
	LABELS,
	PROMPTS,
	respondWith,
	stopSignal,
	WITH_IDEMPOTENCY,
	WITHOUT_IDEMPOTENCY,
} from './fixture';

/**
 * Whatever goes wrong, every row is charged once, and everything charged is returned or named. As
 * counted by the providers' own accounts.
 */

describe('Retry On Fail charges nothing twice', () => {
	const faults = [
		['polling failed for good', 'query', 401],
		['a download failed', 'download', 400],
		['a row was rejected', 'create', 400],
	] as const;
	for (const [what, step, status] of faults) {
		forEachProvider(`after ${what}`, async (fixture) => {
			fixture.failOnce(step, 'two', respondWith(status));
			const parameters = { downloadImages: step === 'download' };
			const result = await fixture.generate(PROMPTS, { parameters, tries: 2 });

			expect(result).toMatchObject({ status: 'success', calls: 2 });
			fixture.expectComplete(result.items, PROMPTS);
			expect(fixture.createdPrompts()).toEqual(
				[...PROMPTS, ...(step === 'create' ? ['two'] : [])].sort(),
			);
			const keys = fixture
				.requests('create')
				.filter(({ prompt }) => prompt === 'two')
				.map(({ headers }) => headers['idempotency-key']);
			expect(new Set(keys).size).toBe(1);
			expect(fixture.sandbox.tasks()).toHaveLength(3);
			expect(fixture.chargedImages()).toBe(3);
			if (step === 'download') {
				expect(result.items.map(({ binary }) => Object.keys(binary ?? {}))).toEqual(
					Array(3).fill(['data']),
				);
			}
		});
	}

	forEachProvider(
		'if a failed first row makes n8n run the node again despite Continue (regular output)',
		async (fixture) => {
			fixture.failOnce('create', 'one', respondWith(400));
			const options = { onError: 'continueRegularOutput', tries: 2 } as const;
			const { calls, items } = await fixture.generate(PROMPTS, options);

			expect(calls).toBe(2);
			fixture.expectComplete(items, PROMPTS);
			expect(fixture.createdPrompts()).toEqual(['one', 'one', 'three', 'two']);
			expect(fixture.chargedImages()).toBe(3);
		},
	);

	forEachProvider('however often it runs the node', async (fixture) => {
		fixture.sandbox.setIntercept(({ step, prompt }) =>
			step === 'create' && prompt === 'one' ? respondWith(400) : undefined,
		);
		const options = { onError: 'continueRegularOutput', tries: 4 } as const;
		const { calls, items } = await fixture.generate(PROMPTS, options);

		expect(calls).toBe(4);
		expect(items.map(({ json }) => json.status)).toEqual(['failed', 'completed', 'completed']);
		expect(fixture.chargedImages()).toBe(2);
		expect(fixture.sandbox.tasks()).toHaveLength(2);
	});

	forEachProvider('for two identical rows, which are two tasks', async (fixture) => {
		const same = ['same', 'same'];
		fixture.failOnce('query', 'same', respondWith(401));
		const { calls, items } = await fixture.generate(same, { tries: 2 });

		expect(calls).toBe(2);
		fixture.expectComplete(items, same);
		expect(fixture.createdPrompts()).toEqual(same);
		expect(fixture.chargedImages()).toBe(2);
	});

	forEachProvider('and creates a failed task again, as that cost nothing', async (fixture) => {
		const prompts = ['one', 'two [[fail:service_error]]'];
		const { status, calls } = await fixture.generate(prompts, { tries: 2 });

		expect({ status, calls }).toEqual({ status: 'error', calls: 2 });
		expect(fixture.createdPrompts()).toEqual(['one', prompts[1], prompts[1]]);
		expect(fixture.sandbox.tasks()).toHaveLength(3);
		expect(fixture.chargedImages()).toBe(1);
	});
});

describe('a create request whose response is lost', () => {
	forEachProvider(
		'is repeated under its Idempotency-Key, for one task and its image',
		async (fixture) => {
			fixture.failOnce('create', 'two', { kind: 'resetAfter' });
			const { items } = await fixture.generate(PROMPTS);

			fixture.expectComplete(items, PROMPTS);
			const keys = fixture
				.requests('create')
				.filter(({ prompt }) => prompt === 'two')
				.map(({ headers }) => headers['idempotency-key']);
			expect(keys).toHaveLength(2);
			expect(new Set(keys).size).toBe(1);
			expect(fixture.chargedImages()).toBe(3);
		},
		{},
		WITH_IDEMPOTENCY,
	);
	const message =
		/The image may have been generated and you may have been charged\. Check .+'s task list for a \S+ task created at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/;

	forEachProvider(
		'is not repeated without idempotency, and its row says so',
		async (fixture) => {
			fixture.failOnce('create', 'two', { kind: 'resetAfter' });
			const { items } = await fixture.generate(PROMPTS, CONTINUE);

			expect(items.map(({ json }) => json.status)).toEqual(['completed', 'failed', 'completed']);
			const { model } = fixture.system.parameters;
			expect(items[1]?.json).toMatchObject({
				error: {
					message: expect.stringMatching(message),
					code: 'ECONNRESET',
					charged: 'unknown',
				},
			});
			expect(items[1]?.json.error).toMatchObject({
				message: expect.stringContaining(` for a ${String(model)} task created at `),
			});
			expect(fixture.createdPrompts()).toEqual([...PROMPTS].sort());
		},
		{},
		WITHOUT_IDEMPOTENCY,
	);

	forEachProvider(
		'is repeated by a retry of the execution, not by Retry On Fail',
		async (fixture) => {
			fixture.failOnce('create', 'two', { kind: 'resetAfter' });
			const failed = await fixture.generate(PROMPTS, { tries: 3 });

			expect(failed).toMatchObject({ status: 'error', calls: 3 });
			expect(failed.error?.message).toMatch(
				/^Row 2: The response to this row's request was lost in an earlier attempt/,
			);
			expect(failed.error?.message).toMatch(message);
			expect(failed.error?.description).toContain('2 of 3 rows finished.');
			expect(fixture.createdPrompts()).toEqual([...PROMPTS].sort());

			const retried = await fixture.generate([], { retryOf: failed });
			fixture.expectComplete(retried.items, PROMPTS);
			expect(fixture.createdPrompts()).toEqual([...PROMPTS, 'two'].sort());
		},
		{},
		WITHOUT_IDEMPOTENCY,
	);
});

describe('a retry of the execution', () => {
	forEachProvider('charges only for the missing rows, as the error says', async (fixture) => {
		fixture.failOnce('create', 'two', respondWith(400));
		const failed = await fixture.generate(PROMPTS);
		const kept = fixture.sandbox.tasks().map(({ id }) => id);
		const retried = await fixture.generate([], { retryOf: failed });

		expect(failed.error?.description).toContain(
			'2 of 3 rows finished. The node saves them: Retry On Fail, or Retry on the Executions tab, fetches them again and you only pay for the rest. In a new execution, you pay for every row.',
		);
		for (const id of kept) expect(failed.error?.description).toContain(id);
		fixture.expectComplete(retried.items, PROMPTS);
		expect(fixture.createdPrompts()).toEqual([...PROMPTS, 'two'].sort());
		expect(fixture.chargedImages()).toBe(3);
	});

	forEachProvider('creates new tasks only for rows with a changed prompt', async (fixture) => {
		fixture.failOnce('query', 'two', respondWith(401));
		const failed = await fixture.generate(PROMPTS);
		const prompt = '={{ $json.prompt.replace("two", "two, blue") }}';
		const retried = await fixture.generate([], { retryOf: failed, parameters: { prompt } });

		fixture.expectComplete(retried.items, ['one', 'two, blue', 'three']);
		expect(fixture.createdPrompts()).toEqual([...PROMPTS, 'two, blue'].sort());
	});
});

describe('a loop over the error output', () => {
	forEachProvider('resumes a task that timed out', async (fixture) => {
		const prompts = ['quick', 'slow [[slow:60]]'];
		const { runs, errorItems } = await fixture.generate(prompts, {
			parameters: { options: { timeout: 1 } },
			onError: 'continueErrorOutput',
			loopErrors: 1,
			// Between the two turns.
			onMessage: (message) => {
				if (message.includes('0 running, 1 failed')) fixture.clock.offsetMs = 60_000;
			},
		});

		expect(runs.map((items) => items.map(({ json }) => json.prompt))).toEqual([
			['quick'],
			['slow [[slow:60]]'],
		]);
		expect(errorItems).toEqual([]);
		expect(fixture.createdPrompts()).toEqual(prompts);
		expect(fixture.chargedImages()).toBe(2);
	});

	forEachProvider('creates a failed task again under another Idempotency-Key', async (fixture) => {
		const prompts = ['one', 'two [[fail:service_error]]'];
		await fixture.generate(prompts, { onError: 'continueErrorOutput', loopErrors: 1 });

		const keys = fixture
			.requests('create')
			.filter(({ prompt }) => prompt === prompts[1])
			.map(({ headers }) => headers['idempotency-key']);
		expect(keys).toHaveLength(2);
		expect(new Set(keys).size).toBe(2);
		expect(fixture.sandbox.tasks()).toHaveLength(3);
	});
});

forEachProvider(
	'a task that times out is named, and so is the node that gets it later',
	async (fixture) => {
		const parameters = { options: { timeout: 1 } };
		const prompts = ['slow [[slow:60]]'];
		const [item, stopped] = await Promise.all([
			fixture.generate(prompts, { parameters, ...CONTINUE }),
			fixture.generate(prompts, { parameters }),
		]);

		const taskId = item.items[0]?.json.taskId;
		expect(fixture.sandbox.tasks().map(({ id }) => id)).toContain(taskId);
		expect(item.items.map(({ json }) => json)).toEqual([
			{
				status: 'processing',
				provider: fixture.system.provider,
				taskId,
				error: {
					message: expect.stringMatching(
						/ is still generating the image after 1 second\. Fetch it later with the Seedream Task Status node /,
					),
					code: 'timeout',
					type: 'timeout',
					charged: 'unknown',
				},
			},
		]);
		const [other] = fixture.sandbox.tasks().filter(({ id }) => id !== taskId);
		expect(stopped.error?.message).toContain(
			`Fetch it later with the Seedream Task Status node [task ${other?.id}]`,
		);
	},
);

forEachProvider(
	'a task unknown to the provider fails long before its timeout, and is named',
	async (fixture) => {
		fixture.sandbox.setIntercept(({ step, attempt }) =>
			step === 'query' && attempt > 1 ? respondWith(404) : undefined,
		);
		const { error, seconds } = await fixture.generate(['gone [[slow:4]]']);

		const [task] = fixture.sandbox.tasks();
		expect(error?.message).toMatch(/ doesn't recognize this task /);
		expect(error?.message).toContain(`[task ${task?.id}]`);
		expect(fixture.requests('query')).toHaveLength(1 + 5);
		expect(seconds).toBeLessThan(25);
	},
);

for (const retryAfter of [true, false]) {
	forEachProvider(
		`a batch beyond the rate limit returns every image, ${retryAfter ? 'with' : 'without'} Retry-After`,
		async (fixture) => {
			const prompts = Array.from({ length: 40 }, (_, index) => `Picture ${index}`);
			const { status, items } = await fixture.generate(prompts);

			expect(status).toBe('success');
			fixture.expectComplete(items, prompts);
			expect(fixture.sandbox.tasks()).toHaveLength(40);
			expect(fixture.chargedImages()).toBe(40);
		},
		{ rateLimit: { perSecond: 20, retryAfter } },
	);
}

forEachProvider(
	'a provider that refuses connections for a second fails no row',
	async (fixture) => {
		const prompts = PROMPTS.map((prompt) => `${prompt} [[slow:1.5]]`);
		const refuseForASecond = async () => {
			await fixture.sandbox.refuseConnections();
			void wait(1_000).then(async () => await fixture.sandbox.acceptConnections());
		};
		// Once for the create requests, and once while polling.
		await refuseForASecond();
		let isFirst = true;
		fixture.sandbox.setIntercept(async ({ step }) => {
			if (step === 'query' && isFirst) {
				isFirst = false;
				await refuseForASecond();
			}
			return undefined;
		});
		const { items } = await fixture.generate(prompts);

		expect(isFirst).toBe(false);
		fixture.expectComplete(items, prompts);
		expect(fixture.chargedImages()).toBe(3);
	},
	{ mayRefuseConnections: true },
);

/** By default, n8n's log only shows the message. */
for (const [executionId, place] of [
	['17', '(execution 17, row 2)'],
	['', '(row 2)'],
] as const) {
	forEachProvider(`every task is logged with its place: ${place}`, async (fixture) => {
		const { log } = await fixture.generate(['one', 'two'], { executionId });

		const task = fixture.sandbox.tasks().find(({ prompt }) => prompt === 'two');
		expect(log.map(({ message }) => message)).toContain(
			`Seedream task ${String(task?.id)} submitted to ${LABELS[fixture.system.provider]} ${place}`,
		);
	});
}

describe('a stopped execution', () => {
	const prompts = Array.from({ length: 12 }, (_, index) => `Picture ${index} [[slow:60]]`);

	/** Requests that still arrive more than half a second after the stop. */
	async function lateRequests(fixture: Fixture, stoppedAt: number) {
		await wait(1_500);
		return fixture.sandbox.requests.filter((request) => request.at > stoppedAt + 500);
	}

	forEachProvider(
		'sends no more requests and logs every task it was charged for',
		async (fixture) => {
			let stoppedAt = 0;
			const cancelWhen = wait(1_200).then(() => {
				stoppedAt = Date.now();
			});
			const parameters = { options: { concurrency: 10 } };
			const { status, log, settled, seconds } = await fixture.generate(prompts, {
				parameters,
				cancelWhen,
			});
			await settled;

			expect(status).toBe('canceled');
			expect(seconds).toBeLessThan(5);
			expect(await lateRequests(fixture, stoppedAt)).toEqual([]);
			const tasks = fixture.sandbox.tasks();
			expect(tasks).toHaveLength(10);
			for (const { id } of tasks) {
				expect(log).toContainEqual({
					level: 'warn',
					message: expect.stringMatching(
						new RegExp(
							`^Stopped: fetch task ${id} from ${LABELS[fixture.system.provider]} with the Seedream Task Status node \\(execution \\d+, row \\d+\\)$`,
						),
					),
					meta: {
						row: expect.any(Number),
						model: fixture.system.parameters.model,
						sentAt: expect.stringMatching(/Z$/),
					},
				});
			}
			expect(JSON.stringify(log)).not.toContain('Picture');
		},
	);

	forEachProvider(
		'logs where to look for a task if its create request got no response',
		async (fixture) => {
			const { stop, cancelWhen } = stopSignal();
			fixture.sandbox.setIntercept(async ({ step }) => {
				if (step !== 'create') return undefined;
				stop();
				await wait(300);
				return { kind: 'resetAfter' };
			});
			const { log, settled } = await fixture.generate(['one'], { cancelWhen });
			await settled;

			const { model } = fixture.system.parameters;
			expect(log.map(({ message }) => message)).toContainEqual(
				expect.stringMatching(
					new RegExp(
						`^Stopped: ${LABELS[fixture.system.provider]} may have created a Seedream task\\. Check its task list for a ${String(model)} task created at \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC \\(execution \\d+, row 1\\)$`,
					),
				),
			);
		},
	);

	forEachProvider(
		'still reads the response to a pending create request, and Retry On Fail sends nothing',
		async (fixture) => {
			const { stop, cancelWhen } = stopSignal();
			let stoppedAt = 0;
			fixture.sandbox.setIntercept(({ step, prompt }) => {
				if (step !== 'create' || prompt !== prompts[0]) return undefined;
				stoppedAt = Date.now();
				stop();
				return { kind: 'delay', ms: 800 };
			});
			const { log, calls, settled } = await fixture.generate(prompts, { cancelWhen, tries: 2 });
			await settled;

			expect(calls).toBe(2);
			expect(await lateRequests(fixture, stoppedAt)).toEqual([]);
			const task = fixture.sandbox.tasks().find(({ prompt }) => prompt === prompts[0]);
			expect(task).toBeDefined();
			expect(log.map(({ message }) => message)).toContainEqual(
				expect.stringContaining(
					`Stopped: fetch task ${String(task?.id)} from ${LABELS[fixture.system.provider]} with the Seedream Task Status node`,
				),
			);
			const ids = fixture.sandbox.tasks().map(({ id }) => id);
			expect(ids.filter((id) => !JSON.stringify(log).includes(id))).toEqual([]);
		},
	);
});

describe('the API key is not in the results of an execution', () => {
	/** Everything a user could find it in, including what isn't enumerable, such as an item's own error. */
	const textOf = ({ execution, ...result }: NodeResult) =>
		[
			inspect(result, { depth: Infinity, showHidden: true, maxStringLength: Infinity }),
			inspect(result.error, { depth: Infinity, showHidden: true }),
			JSON.stringify(result),
			JSON.stringify(execution),
			result.error?.stack,
		].join('\n');

	forEachProvider('after success', async (fixture) => {
		const parameters = { downloadImages: true, options: { simplify: false } };
		const result = await fixture.generate(PROMPTS, { parameters });

		fixture.expectComplete(result.items, PROMPTS);
		for (const key of Object.values(fixture.sandbox.keys)) {
			expect(textOf(result).includes(key)).toBe(false);
		}
	});

	for (const onError of ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const) {
		forEachProvider(
			`if a provider quotes it in its errors, On Error: ${onError}`,
			async (fixture) => {
				const key = fixture.sandbox.keys[fixture.system.provider];
				const error = { code: key, message: `The key ${key} may not do that`, type: key };
				fixture.sandbox.setIntercept(({ step, prompt, taskId }) => {
					if (step === 'create' && prompt === 'one') return respondWith(403, { error });
					if (step === 'create' && prompt === 'two') return respondWith(200, { hello: [key] });
					if (step === 'query' && fixture.promptOf(taskId) === 'three')
						return respondWith(401, { error });
					return undefined;
				});
				// With idempotency, an unknown response is retried for half a minute.
				const prompts = honorsIdempotency(fixture.system) ? ['one', 'three'] : PROMPTS;
				const parameters = { options: { simplify: false } };
				const result = await fixture.generate(prompts, { parameters, onError });

				const text = textOf(result);
				expect(text).toContain('[API key]');
				expect(text.includes(key)).toBe(false);
			},
		);
	}
});
