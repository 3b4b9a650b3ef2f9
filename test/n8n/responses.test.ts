import {
	CONTINUE,
	fieldOf,
	forEachProvider,
	isBatchQuery,
	ONE_PER_PROVIDER,
	PROMPTS,
	respondWith,
	systemsOf,
} from './fixture';
import { REFERENCE, systems } from './systems';

/** What responses say about cost, failures and missing images. */

const several = systems.filter(({ several: many }) => many !== undefined);

describe('a set of images of which one was blocked', () => {
	forEachProvider(
		'returns the others and a warning',
		async (fixture) => {
			const prompt = 'Generate 3 different images of a lake [[stopped:1]]';
			const parameters = { ...fixture.system.several, prompt, imageUrls: REFERENCE };
			const { items, hints, status } = await fixture.generate(['lake'], { parameters });

			expect(status).toBe('success');
			expect(items.map(({ json }) => json.imageUrl)).toEqual(fixture.sandbox.tasks()[0]?.images);
			expect(items).toHaveLength(2);
			expect(fixture.chargedImages()).toBe(2);
			for (const { json } of items) {
				expect(json).toMatchObject({ status: 'completed' });
				expect(json.warning).toMatch(/^Some images are missing: .+ content policy/);
			}
			expect(hints.map(({ message }) => message).join()).toContain(
				'Row 1: Some images are missing',
			);
		},
		{},
		several,
	);
});

describe('a failed task that was charged', () => {
	const prompts = ['one', 'two [[fail:service_error]] [[charged]]'];

	forEachProvider('is only created again when the user retries the execution', async (fixture) => {
		const failed = await fixture.generate(prompts, { tries: 3 });
		expect(failed.error?.message).toContain('and charged you anyway');
		expect(fixture.createdPrompts()).toEqual(prompts);

		const retried = await fixture.generate([], { retryOf: failed, ...CONTINUE });
		expect(retried.items[1]?.json).toMatchObject({
			status: 'failed',
			error: { charged: 'yes' },
		});
		expect(fixture.createdPrompts()).toEqual([...prompts, prompts[1]].sort());
	});

	forEachProvider('is not created again in a loop over the error output', async (fixture) => {
		await fixture.generate(prompts, { onError: 'continueErrorOutput', loopErrors: 2 });
		expect(fixture.createdPrompts()).toEqual(prompts);
	});
});

forEachProvider(
	"a failed task is assumed to be free if the provider doesn't document it",
	async (fixture) => {
		const { error } = await fixture.generate(['one [[fail:service_error]]']);
		expect(error?.description).toContain("As far as is known, you weren't charged.");
	},
	{},
	systemsOf('apiInOne'),
);

forEachProvider(
	'every one of several tasks of one create request is polled and returned',
	async (fixture) => {
		const { items } = await fixture.generate(['one [[tasks:2]]', 'two']);
		const made = fixture.sandbox.tasks();

		expect(made).toHaveLength(3);
		expect(items.map(({ json }) => json.taskId)).toEqual(made.map(({ id }) => id));
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 0 },
			{ item: 1 },
		]);
		expect(fixture.chargedImages()).toBe(3);
	},
	{},
	systemsOf('apiMart'),
);

/** Responses to a create request, and what the row must say. */
const REJECTIONS: Record<
	string,
	Array<[string, number, unknown, { charged: string; message: RegExp }]>
> = {
	evoLink: [
		[
			'no credit left on the key',
			403,
			{ error: { code: 'key_quota_exhausted', message: 'x' } },
			{ charged: 'no', message: /this API key has no credits left/ },
		],
		[
			'the key has had its day',
			429,
			{ error: { code: 'token_daily_quota_exceeded', message: 'x' } },
			{ charged: 'no', message: /today/ },
		],
		[
			'moderation of the input',
			400,
			{ error: { code: 'input_moderation_failed', message: 'x' } },
			{ charged: 'no', message: /content policy/ },
		],
		[
			'an error object with HTTP 200',
			200,
			{ error: { code: 'invalid_request', message: 'size is wrong' } },
			{ charged: 'no', message: /size is wrong/ },
		],
	],
	apiMart: [
		[
			'no balance, as code 605',
			200,
			{ code: 605, message: '余额不足' },
			{ charged: 'no', message: /has no credits left/ },
		],
		[
			'a code that nobody knows',
			200,
			{ code: 1001, message: 'odd' },
			{ charged: 'unknown', message: /odd/ },
		],
		[
			'a client that gave up waiting',
			499,
			{},
			{ charged: 'unknown', message: /may have been generated/ },
		],
	],
	apiInOne: [
		[
			'a request that timed out',
			408,
			{},
			{ charged: 'unknown', message: /may have been generated/ },
		],
		[
			'a text in place of an error',
			200,
			{ code: 400, message: 'bad size' },
			{ charged: 'no', message: /bad size/ },
		],
	],
};

for (const system of ONE_PER_PROVIDER) {
	for (const [what, status, body, { charged, message }] of REJECTIONS[system.provider] ?? []) {
		forEachProvider(
			`a rejected create request quotes the provider and says whether it was charged: ${what}`,
			async (fixture) => {
				fixture.sandbox.setIntercept(({ step }) =>
					step === 'create' ? respondWith(status, body) : undefined,
				);
				const { items } = await fixture.generate(['one'], CONTINUE);

				expect(items[0]?.json).toMatchObject({ status: 'failed', error: { charged } });
				expect((items[0]?.json.error as { message: string }).message).toMatch(message);
				expect(fixture.requests('create')).toHaveLength(1);
			},
			{},
			[system],
		);
	}
}

forEachProvider(
	'a create request is repeated if no channel is available for a moment',
	async (fixture) => {
		const code =
			fixture.system.provider === 'apiMart' ? 'get_channel_failed' : 'no_available_channel';
		const busy = respondWith(400, {
			error: { code, message: `${code}: no channel`, type: 'api_error' },
		});
		fixture.sandbox.setIntercept(({ step, attempt }) =>
			step === 'create' && attempt === 1 ? busy : undefined,
		);
		const { items } = await fixture.generate(PROMPTS);

		fixture.expectComplete(items, PROMPTS);
		expect(fixture.chargedImages()).toBe(3);
	},
);

forEachProvider('a task named in an error response is polled all the same', async (fixture) => {
	fixture.sandbox.setIntercept(({ step }) => {
		if (step !== 'create') return undefined;
		return {
			kind: 'reshape',
			change: ({ body }) => ({
				status: 500,
				body: { error: { code: 'internal_error', message: 'Oops.' }, task_id: taskIdIn(body) },
			}),
		};
	});
	const { items } = await fixture.generate(PROMPTS);
	fixture.expectComplete(items, PROMPTS);
});

function taskIdIn(body: unknown): unknown {
	const text = JSON.stringify(body);
	return /"(?:task_id|id)":"([^"]+)"/.exec(text)?.[1];
}

/** The status a finished task gets in every response, by the row's prompt. */
const FINAL_STATUSES = [
	['succeeded', 'completed'],
	['SUCCESS', 'completed'],
	['done', 'completed'],
	['canceled', 'cancelled'],
	['expired', 'cancelled'],
	['failure', 'failed'],
	['rejected', 'failed'],
] as const;

forEachProvider('undocumented final statuses end a task, too', async (fixture) => {
	const prompts = FINAL_STATUSES.map(([word, status]) =>
		status === 'completed' ? word : `${word} [[fail:service_error]]`,
	);
	const withFinalStatus = (task: unknown, id: string | undefined): unknown => {
		const [word] = fixture.promptOf(id)?.split(' ') ?? [];
		const text = JSON.stringify(task);
		return JSON.parse(text.replace(/"(completed|failed)"/gi, JSON.stringify(word)));
	};
	fixture.sandbox.setIntercept(({ step, taskId, ...request }) => {
		if (step !== 'query') return undefined;
		return {
			kind: 'reshape',
			change: ({ status, body }) => {
				if (!isBatchQuery(request)) return { status, body: withFinalStatus(body, taskId) };
				const { data } = body as { data: Array<{ id: string }> };
				return { status, body: { data: data.map((task) => withFinalStatus(task, task.id)) } };
			},
		};
	});
	const { items, seconds } = await fixture.generate(prompts, CONTINUE);

	expect(fieldOf(items, 'status')).toEqual(FINAL_STATUSES.map(([, status]) => status));
	fixture.expectComplete(items.slice(0, 3), prompts.slice(0, 3));
	for (const { json } of items.slice(3)) expect(json).toMatchObject({ error: { charged: 'no' } });
	expect(seconds).toBeLessThan(20);
});
