import { setTimeout as wait } from 'node:timers/promises';
import { inspect } from 'node:util';

import type { NodeResult } from './engine';
import {
	answer,
	atEach,
	honoursKeys,
	LABELS,
	PROMPTS,
	type Scene,
	WITH_KEYS,
	WITHOUT_KEYS,
} from './fixture';

/**
 * Every row is paid for once, and what is paid for is delivered or named, whatever goes wrong on the
 * way. By the providers' own accounts.
 */

describe('Retry On Fail pays for nothing twice', () => {
	const faults = [
		['a query that failed for good', 'query', 401],
		['a download that failed', 'download', 400],
		['a row that was refused', 'create', 400],
	] as const;
	for (const [what, step, status] of faults) {
		atEach(`after ${what}`, async (at) => {
			at.breakOnce(step, 'two', answer(status));
			const parameters = { downloadImages: step === 'download' };
			const result = await at.generate(PROMPTS, { parameters, tries: 2 });

			expect(result).toMatchObject({ status: 'success', calls: 2 });
			at.expectComplete(result.items, PROMPTS);
			expect(at.created()).toEqual([...PROMPTS, ...(step === 'create' ? ['two'] : [])].sort());
			expect(at.sandbox.tasks()).toHaveLength(3);
			expect(at.imagesPaid()).toBe(3);
			if (step === 'download') {
				expect(result.items.map(({ binary }) => Object.keys(binary ?? {}))).toEqual(
					Array(3).fill(['data']),
				);
			}
		});
	}

	atEach(
		'where a first row that fails makes n8n run the node again, in spite of Continue On Fail',
		async (at) => {
			at.breakOnce('create', 'one', answer(400));
			const options = { onError: 'continueRegularOutput', tries: 2 } as const;
			const { calls, items } = await at.generate(PROMPTS, options);

			expect(calls).toBe(2);
			at.expectComplete(items, PROMPTS);
			expect(at.created()).toEqual(['one', 'one', 'three', 'two']);
			expect(at.imagesPaid()).toBe(3);
		},
	);

	atEach('however often it runs', async (at) => {
		at.sandbox.setIntercept(({ step, prompt }) =>
			step === 'create' && prompt === 'one' ? answer(400) : undefined,
		);
		const options = { onError: 'continueRegularOutput', tries: 4 } as const;
		const { calls, items } = await at.generate(PROMPTS, options);

		expect(calls).toBe(4);
		expect(items.map(({ json }) => json.status)).toEqual(['failed', 'completed', 'completed']);
		expect(at.imagesPaid()).toBe(2);
		expect(at.sandbox.tasks()).toHaveLength(2);
	});

	atEach('for two rows that ask for the same, which are two tasks', async (at) => {
		const same = ['same', 'same'];
		at.breakOnce('query', 'same', answer(401));
		const { calls, items } = await at.generate(same, { tries: 2 });

		expect(calls).toBe(2);
		at.expectComplete(items, same);
		expect(at.created()).toEqual(same);
		expect(at.imagesPaid()).toBe(2);
	});

	atEach('and makes a failed task anew, for that cost nothing', async (at) => {
		const prompts = ['one', 'two [[fail:service_error]]'];
		const { status, calls } = await at.generate(prompts, { tries: 2 });

		expect({ status, calls }).toEqual({ status: 'error', calls: 2 });
		expect(at.created()).toEqual(['one', prompts[1], prompts[1]]);
		expect(at.sandbox.tasks()).toHaveLength(3);
		expect(at.imagesPaid()).toBe(1);
	});
});

describe('a create whose answer is lost', () => {
	atEach(
		'is repeated under its Idempotency-Key: one task, and its image',
		async (at) => {
			at.breakOnce('create', 'two', { kind: 'resetAfter' });
			const { items } = await at.generate(PROMPTS);

			at.expectComplete(items, PROMPTS);
			const keys = at
				.requests('create')
				.filter(({ prompt }) => prompt === 'two')
				.map(({ headers }) => headers['idempotency-key']);
			expect(keys).toHaveLength(2);
			expect(new Set(keys).size).toBe(1);
			expect(at.imagesPaid()).toBe(3);
		},
		{},
		WITH_KEYS,
	);
	const words =
		/The image may have been made and charged: look in .+'s list of tasks for one of \S+ made at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/;

	atEach(
		'is not sent again, and its row says so',
		async (at) => {
			at.breakOnce('create', 'two', { kind: 'resetAfter' });
			const { items } = await at.generate(PROMPTS, { onError: 'continueRegularOutput' });

			expect(items.map(({ json }) => json.status)).toEqual(['completed', 'failed', 'completed']);
			const { model } = at.system.parameters;
			expect(items[1]?.json).toMatchObject({
				error: {
					message: expect.stringMatching(words),
					code: 'ECONNRESET',
					charged: 'unknown',
				},
			});
			expect(items[1]?.json.error).toMatchObject({
				message: expect.stringContaining(` for one of ${String(model)} made at `),
			});
			expect(at.created()).toEqual([...PROMPTS].sort());
		},
		{},
		WITHOUT_KEYS,
	);

	atEach(
		'is sent again by the user who retries the execution, not by Retry On Fail',
		async (at) => {
			at.breakOnce('create', 'two', { kind: 'resetAfter' });
			const failed = await at.generate(PROMPTS, { tries: 3 });

			expect(failed).toMatchObject({ status: 'error', calls: 3 });
			expect(failed.error?.message).toMatch(
				/^Row 2: The answer to this row's request was lost in an earlier try/,
			);
			expect(failed.error?.message).toMatch(words);
			expect(failed.error?.description).toContain('2 of 3 rows finished.');
			expect(at.created()).toEqual([...PROMPTS].sort());

			const retried = await at.generate([], { retryOf: failed });
			at.expectComplete(retried.items, PROMPTS);
			expect(at.created()).toEqual([...PROMPTS, 'two'].sort());
		},
		{},
		WITHOUT_KEYS,
	);
});

describe('Retry execution', () => {
	atEach('pays only for the rows that are missing, and says so before', async (at) => {
		at.breakOnce('create', 'two', answer(400));
		const failed = await at.generate(PROMPTS);
		const kept = at.sandbox.tasks().map(({ id }) => id);
		const retried = await at.generate([], { retryOf: failed });

		expect(failed.error?.description).toContain(
			'2 of 3 rows finished. They are kept: Retry On Fail, or Retry in the list of executions, fetches them again and pays only for the rest. A new run pays for every row.',
		);
		for (const id of kept) expect(failed.error?.description).toContain(id);
		at.expectComplete(retried.items, PROMPTS);
		expect(at.created()).toEqual([...PROMPTS, 'two'].sort());
		expect(at.imagesPaid()).toBe(3);
	});

	atEach('makes a new task of a row whose prompt was changed, and of no other', async (at) => {
		at.breakOnce('query', 'two', answer(401));
		const failed = await at.generate(PROMPTS);
		const prompt = '={{ $json.prompt.replace("two", "two, blue") }}';
		const retried = await at.generate([], { retryOf: failed, parameters: { prompt } });

		at.expectComplete(retried.items, ['one', 'two, blue', 'three']);
		expect(at.created()).toEqual([...PROMPTS, 'two, blue'].sort());
	});
});

describe('a loop over the error output', () => {
	atEach('takes up a task that outlived its deadline', async (at) => {
		const prompts = ['quick', 'slow [[slow:60]]'];
		const { runs, errorItems } = await at.generate(prompts, {
			parameters: { options: { timeout: 1 } },
			onError: 'continueErrorOutput',
			loopErrors: 1,
			// Between the two turns.
			onMessage: (message) => {
				if (message.includes('0 running, 1 failed')) at.clock.ahead = 60_000;
			},
		});

		expect(runs.map((items) => items.map(({ json }) => json.prompt))).toEqual([
			['quick'],
			['slow [[slow:60]]'],
		]);
		expect(errorItems).toEqual([]);
		expect(at.created()).toEqual(prompts);
		expect(at.imagesPaid()).toBe(2);
	});

	atEach('makes a failed task anew, under another Idempotency-Key', async (at) => {
		const prompts = ['one', 'two [[fail:service_error]]'];
		await at.generate(prompts, { onError: 'continueErrorOutput', loopErrors: 1 });

		const keys = at
			.requests('create')
			.filter(({ prompt }) => prompt === prompts[1])
			.map(({ headers }) => headers['idempotency-key']);
		expect(keys).toHaveLength(2);
		expect(new Set(keys).size).toBe(2);
		expect(at.sandbox.tasks()).toHaveLength(3);
	});
});

atEach(
	'a task that outlives its deadline is named, and so is the node that fetches it',
	async (at) => {
		const parameters = { options: { timeout: 1 } };
		const prompts = ['slow [[slow:60]]'];
		const [item, stopped] = await Promise.all([
			at.generate(prompts, { parameters, onError: 'continueRegularOutput' }),
			at.generate(prompts, { parameters }),
		]);

		const taskId = item.items[0]?.json.taskId;
		expect(at.sandbox.tasks().map(({ id }) => id)).toContain(taskId);
		expect(item.items.map(({ json }) => json)).toEqual([
			{
				status: 'processing',
				provider: at.system.provider,
				taskId,
				error: {
					message: expect.stringMatching(
						/ is still working on the image after 1 second: Seedream Task Status can fetch it later /,
					),
					code: 'timeout',
					type: 'timeout',
					charged: 'unknown',
				},
			},
		]);
		const [other] = at.sandbox.tasks().filter(({ id }) => id !== taskId);
		expect(stopped.error?.message).toContain(
			`Seedream Task Status can fetch it later [task ${other?.id}]`,
		);
	},
);

atEach('a task that has vanished is given up long before its deadline, and named', async (at) => {
	at.sandbox.setIntercept(({ step, attempt }) =>
		step === 'query' && attempt > 1 ? answer(404) : undefined,
	);
	const { error, seconds } = await at.generate(['gone [[slow:4]]']);

	const [task] = at.sandbox.tasks();
	expect(error?.message).toMatch(/ does not know this task /);
	expect(error?.message).toContain(`[task ${task?.id}]`);
	expect(at.requests('query')).toHaveLength(1 + 5);
	expect(seconds).toBeLessThan(25);
});

for (const retryAfter of [true, false]) {
	atEach(
		`a batch too fast for the provider ends with every image, Retry-After: ${retryAfter}`,
		async (at) => {
			const prompts = Array.from({ length: 40 }, (_, index) => `Picture ${index}`);
			const { status, items } = await at.generate(prompts);

			expect(status).toBe('success');
			at.expectComplete(items, prompts);
			expect(at.sandbox.tasks()).toHaveLength(40);
			expect(at.imagesPaid()).toBe(40);
		},
		{ rateLimit: { perSecond: 20, retryAfter } },
	);
}

atEach('a provider that refuses connections for a second costs no row', async (at) => {
	const prompts = PROMPTS.map((prompt) => `${prompt} [[slow:1.5]]`);
	const refuseForASecond = async () => {
		await at.sandbox.refuseConnections();
		void wait(1_000).then(async () => await at.sandbox.acceptConnections());
	};
	// Once for the creates, and once for the queries.
	await refuseForASecond();
	let isFirst = true;
	at.sandbox.setIntercept(async ({ step }) => {
		if (step === 'query' && isFirst) {
			isFirst = false;
			await refuseForASecond();
		}
		return undefined;
	});
	const { items } = await at.generate(prompts);

	expect(isFirst).toBe(false);
	at.expectComplete(items, prompts);
	expect(at.imagesPaid()).toBe(3);
});

/** What n8n's log shows by default is the message alone. */
for (const [executionId, place] of [
	['17', '(execution 17, row 2)'],
	['', '(row 2)'],
] as const) {
	atEach(`a task stands in the log with its place: ${place}`, async (at) => {
		const { log } = await at.generate(['one', 'two'], { executionId });

		const task = at.sandbox.tasks().find(({ prompt }) => prompt === 'two');
		expect(log.map(({ message }) => message)).toContain(
			`Seedream task ${String(task?.id)} submitted to ${LABELS[at.system.provider]} ${place}`,
		);
	});
}

describe('a run that is stopped', () => {
	const prompts = Array.from({ length: 12 }, (_, index) => `Picture ${index} [[slow:60]]`);

	/** What still arrives more than half a second after the run was stopped. */
	async function late(at: Scene, stoppedAt: number) {
		await wait(1_500);
		return at.sandbox.requests.filter((request) => request.at > stoppedAt + 500);
	}

	atEach('sends nothing any more, and names in the log what it paid for', async (at) => {
		let stoppedAt = 0;
		const cancelWhen = wait(1_200).then(() => {
			stoppedAt = Date.now();
		});
		const { status, log, settled } = await at.generate(prompts, { cancelWhen });
		await settled;

		expect(status).toBe('canceled');
		expect(await late(at, stoppedAt)).toEqual([]);
		const tasks = at.sandbox.tasks();
		expect(tasks.length).toBeGreaterThan(0);
		for (const { id } of tasks) {
			expect(log).toContainEqual({
				level: 'warn',
				message: expect.stringMatching(
					new RegExp(
						`^Stopped: Seedream Task Status can fetch task ${id} from ${LABELS[at.system.provider]} \\(execution \\d+, row \\d+\\)$`,
					),
				),
				meta: {
					row: expect.any(Number),
					model: at.system.parameters.model,
					sentAt: expect.stringMatching(/Z$/),
				},
			});
		}
		expect(JSON.stringify(log)).not.toContain('Picture');
	});

	atEach('says where to look for a task whose create was not answered any more', async (at) => {
		let stop: () => void = () => undefined;
		const cancelWhen = new Promise<void>((resolve) => {
			stop = resolve;
		});
		at.sandbox.setIntercept(async ({ step }) => {
			if (step !== 'create') return undefined;
			stop();
			await wait(300);
			return { kind: 'resetAfter' };
		});
		const { log, settled } = await at.generate(['one'], { cancelWhen });
		await settled;

		const { model } = at.system.parameters;
		expect(log.map(({ message }) => message)).toContainEqual(
			expect.stringMatching(
				new RegExp(
					`^Stopped: a Seedream task may have been made at ${LABELS[at.system.provider]}: look in its list of tasks for one of ${String(model)} made at \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC \\(execution \\d+, row 1\\)$`,
				),
			),
		);
	});

	atEach(
		'still hears which task a create under way has made; Retry On Fail sends nothing',
		async (at) => {
			let stop: () => void = () => undefined;
			let stoppedAt = 0;
			const cancelWhen = new Promise<void>((resolve) => {
				stop = resolve;
			});
			at.sandbox.setIntercept(({ step, prompt }) => {
				if (step !== 'create' || prompt !== prompts[0]) return undefined;
				stoppedAt = Date.now();
				stop();
				return { kind: 'delay', ms: 800 };
			});
			const { log, calls, settled } = await at.generate(prompts, { cancelWhen, tries: 2 });
			await settled;

			expect(calls).toBe(2);
			expect(await late(at, stoppedAt)).toEqual([]);
			const task = at.sandbox.tasks().find(({ prompt }) => prompt === prompts[0]);
			expect(task).toBeDefined();
			expect(log.map(({ message }) => message)).toContainEqual(
				expect.stringContaining(
					`Stopped: Seedream Task Status can fetch task ${String(task?.id)} from ${LABELS[at.system.provider]} `,
				),
			);
			const ids = at.sandbox.tasks().map(({ id }) => id);
			expect(ids.filter((id) => !JSON.stringify(log).includes(id))).toEqual([]);
		},
	);
});

describe('the API key is in nothing that a run leaves behind', () => {
	/** All that a person could find it in: also what is not enumerable, as an item's own error. */
	const leftBy = ({ execution, ...result }: NodeResult) =>
		[
			inspect(result, { depth: Infinity, showHidden: true, maxStringLength: Infinity }),
			inspect(result.error, { depth: Infinity, showHidden: true }),
			JSON.stringify(result),
			JSON.stringify(execution),
			result.error?.stack,
		].join('\n');

	atEach('when all goes well', async (at) => {
		const parameters = { downloadImages: true, options: { simplify: false } };
		const result = await at.generate(PROMPTS, { parameters });

		at.expectComplete(result.items, PROMPTS);
		for (const key of Object.values(at.sandbox.keys)) {
			expect(leftBy(result).includes(key)).toBe(false);
		}
	});

	for (const onError of ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const) {
		atEach(`when a provider quotes it in its errors, On Error: ${onError}`, async (at) => {
			const key = at.sandbox.keys[at.system.provider];
			const error = { code: key, message: `The key ${key} may not do that`, type: key };
			at.sandbox.setIntercept(({ step, prompt, taskId }) => {
				if (step === 'create' && prompt === 'one') return answer(403, { error });
				if (step === 'create' && prompt === 'two') return answer(200, { hello: [key] });
				if (step === 'query' && at.promptOf(taskId) === 'three') return answer(401, { error });
				return undefined;
			});
			// Where an answer that makes no sense is asked for again, that takes half a minute.
			const prompts = honoursKeys(at.system) ? ['one', 'three'] : PROMPTS;
			const parameters = { options: { simplify: false } };
			const result = await at.generate(prompts, { parameters, onError });

			const left = leftBy(result);
			expect(left).toContain('[API key]');
			expect(left.includes(key)).toBe(false);
		});
	}
});
