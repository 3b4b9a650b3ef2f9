import { answer, atEach, ONE_OF_EACH, PROMPTS, type Scene } from './fixture';
import { REFERENCE, systems } from './systems';

/** What an answer says about money, and about images of which some are missing. */

const only = (...providers: string[]) =>
	ONE_OF_EACH.filter(({ provider }) => providers.includes(provider));
const several = systems.filter(({ several: many }) => many !== undefined);

const continued = { onError: 'continueRegularOutput' } as const;

describe('a set of which one image was stopped', () => {
	atEach(
		'gives the others, and says what is missing and why',
		async (at) => {
			const prompt = 'Generate 3 different images of a lake [[stopped:1]]';
			const parameters = { ...at.system.several, prompt, imageUrls: REFERENCE };
			const { items, hints, status } = await at.generate(['lake'], { parameters });

			expect(status).toBe('success');
			expect(items.map(({ json }) => json.imageUrl)).toEqual(at.sandbox.tasks()[0]?.images);
			expect(items).toHaveLength(2);
			expect(at.imagesPaid()).toBe(2);
			for (const { json } of items) {
				expect(json).toMatchObject({ status: 'completed' });
				expect(json.warning).toMatch(/^Not all images came: .+ content policy/);
			}
			expect(hints.map(({ message }) => message).join()).toContain('Row 1: Not all images came');
		},
		{},
		several,
	);
});

describe('a failed task that was charged all the same', () => {
	const prompts = ['one', 'two [[fail:service_error]] [[charged]]'];

	atEach('says so, and is not made again until somebody has looked', async (at) => {
		const failed = await at.generate(prompts, { tries: 3 });
		expect(failed.error?.message).toContain('has charged it all the same');
		expect(at.created()).toEqual(prompts);

		const retried = await at.generate([], { retryOf: failed, ...continued });
		expect(retried.items[1]?.json).toMatchObject({
			status: 'failed',
			error: { charged: 'yes' },
		});
		expect(at.created()).toEqual([...prompts, prompts[1]].sort());
	});

	atEach('is not made again by an error output that leads back', async (at) => {
		await at.generate(prompts, { onError: 'continueErrorOutput', loopErrors: 2 });
		expect(at.created()).toEqual(prompts);
	});
});

atEach(
	'what a failed task costs is an assumption where no document says it',
	async (at) => {
		const { error } = await at.generate(['one [[fail:service_error]]']);
		expect(error?.description).toContain('Not charged, as far as is known.');
	},
	{},
	only('apiInOne'),
);

atEach(
	'each of several tasks of one create is followed and handed on',
	async (at) => {
		const { items } = await at.generate(['one [[tasks:2]]', 'two']);
		const made = at.sandbox.tasks();

		expect(made).toHaveLength(3);
		expect(items.map(({ json }) => json.taskId)).toEqual(made.map(({ id }) => id));
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 0 },
			{ item: 1 },
		]);
		expect(at.imagesPaid()).toBe(3);
	},
	{},
	only('apiMart'),
);

/** Answers to a create; each with what the row must say, and whether it may be sent again by itself. */
const REFUSALS: Record<
	string,
	Array<[string, number, unknown, { charged: string; says: RegExp }]>
> = {
	evoLink: [
		[
			'no credit left on the key',
			403,
			{ error: { code: 'key_quota_exhausted', message: 'x' } },
			{ charged: 'no', says: /for this API key/ },
		],
		[
			'the key has had its day',
			429,
			{ error: { code: 'token_daily_quota_exceeded', message: 'x' } },
			{ charged: 'no', says: /today/ },
		],
		[
			'moderation of the input',
			400,
			{ error: { code: 'input_moderation_failed', message: 'x' } },
			{ charged: 'no', says: /content policy/ },
		],
		[
			'an error object with HTTP 200',
			200,
			{ error: { code: 'invalid_request', message: 'size is wrong' } },
			{ charged: 'no', says: /size is wrong/ },
		],
	],
	apiMart: [
		[
			'no balance, as code 605',
			200,
			{ code: 605, message: '余额不足' },
			{ charged: 'no', says: /has no credit left/ },
		],
		[
			'a code that nobody knows',
			200,
			{ code: 1001, message: 'odd' },
			{ charged: 'unknown', says: /odd/ },
		],
		['a client that gave up waiting', 499, {}, { charged: 'unknown', says: /may have been made/ }],
	],
	apiInOne: [
		['a request that timed out', 408, {}, { charged: 'unknown', says: /may have been made/ }],
		[
			'a text in place of an error',
			200,
			{ code: 400, message: 'bad size' },
			{ charged: 'no', says: /bad size/ },
		],
	],
};

for (const system of ONE_OF_EACH) {
	for (const [what, status, body, { charged, says }] of REFUSALS[system.provider] ?? []) {
		atEach(
			`${what} is told in the provider's words, with what it cost`,
			async (at) => {
				at.sandbox.setIntercept(({ step }) =>
					step === 'create' ? answer(status, body) : undefined,
				);
				const { items } = await at.generate(['one'], continued);

				expect(items[0]?.json).toMatchObject({ status: 'failed', error: { charged } });
				expect((items[0]?.json.error as { message: string }).message).toMatch(says);
				expect(at.requests('create')).toHaveLength(1);
			},
			{},
			[system],
		);
	}
}

atEach('a channel that is missing for a moment costs no row', async (at) => {
	const code = at.system.provider === 'apiMart' ? 'get_channel_failed' : 'no_available_channel';
	const busy = answer(400, { error: { code, message: `${code}: no channel`, type: 'api_error' } });
	at.sandbox.setIntercept(({ step, attempt }) =>
		step === 'create' && attempt === 1 ? busy : undefined,
	);
	const { items } = await at.generate(PROMPTS);

	at.expectComplete(items, PROMPTS);
	expect(at.imagesPaid()).toBe(3);
});

atEach('an error that names a task does not undo it', async (at) => {
	at.sandbox.setIntercept(({ step }) => {
		if (step !== 'create') return undefined;
		return {
			kind: 'reshape',
			change: ({ body }) => ({
				status: 500,
				body: { error: { code: 'internal_error', message: 'Oops.' }, task_id: taskIdIn(body) },
			}),
		};
	});
	const { items } = await at.generate(PROMPTS);
	at.expectComplete(items, PROMPTS);
});

function taskIdIn(body: unknown): unknown {
	const text = JSON.stringify(body);
	return /"(?:task_id|id)":"([^"]+)"/.exec(text)?.[1];
}

describe('words that end the waiting at every provider', () => {
	const WORDS = ['succeeded', 'SUCCESS', 'done'];
	const ENDS: Array<[string, string]> = [
		['canceled', 'cancelled'],
		['expired', 'cancelled'],
		['failure', 'failed'],
		['rejected', 'failed'],
	];

	/** Another word in every answer that says how an ended task ended. */
	function say(at: Scene, word: string): void {
		at.sandbox.setIntercept(({ step }) =>
			step !== 'query'
				? undefined
				: {
						kind: 'reshape',
						change: ({ status, body }) => ({
							status,
							body: JSON.parse(
								JSON.stringify(body).replace(/"(completed|failed)"/gi, JSON.stringify(word)),
							),
						}),
					},
		);
	}

	for (const word of WORDS) {
		atEach(`${word}: the images are there`, async (at) => {
			say(at, word);
			const { items } = await at.generate(PROMPTS);
			at.expectComplete(items, PROMPTS);
		});
	}
	for (const [word, status] of ENDS) {
		atEach(`${word}: the task is ${status}`, async (at) => {
			say(at, word);
			const { items, seconds } = await at.generate(['one [[fail:service_error]]'], continued);
			expect(items[0]?.json).toMatchObject({ status, error: { charged: 'no' } });
			expect(seconds).toBeLessThan(20);
		});
	}
});
