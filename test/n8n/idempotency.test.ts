import type { NodeResult } from './engine';
import { answer, atEach, LABELS, ONE_OF_EACH, PROMPTS, WITHOUT_KEYS, type Scene } from './fixture';

/** What providers promise of creates that come again, what becomes of the promise, and what is said of it. */

const only = (...providers: string[]) =>
	ONE_OF_EACH.filter(({ provider }) => providers.includes(provider));
const EVOLINK = only('evoLink');
const APIMART = only('apiMart');
const WITH_PROMISES = only('evoLink', 'apiMart');

type Provider = Scene['system']['provider'];

const NAMES: Partial<Record<Provider, Record<'underWay' | 'conflict', string>>> = {
	evoLink: { underWay: 'paid_outcome_unknown', conflict: 'idempotency_conflict' },
	apiMart: { underWay: 'idempotency_in_progress', conflict: 'idempotency_key_reused' },
};

const named = (at: Scene, what: 'underWay' | 'conflict') => NAMES[at.system.provider]?.[what] ?? '';

/** As each provider writes it; the name may also stand in the message alone. */
function idempotencyError(at: Scene, name: string, headers: Record<string, string> = {}) {
	const error =
		at.system.provider === 'evoLink'
			? { code: name, message: 'See the documentation.', type: 'invalid_request_error' }
			: { code: 409, message: 'See the documentation.', type: name };
	return { ...answer(409, { error }), headers };
}

const createsOf = (at: Scene, wanted: string) =>
	at.requests('create').filter(({ prompt }) => prompt === wanted);

function expectSame(requests: ReturnType<typeof createsOf>): void {
	expect(new Set(requests.map(({ body }) => JSON.stringify(body))).size).toBe(1);
	for (const header of ['idempotency-key', 'x-apimart-response-version']) {
		expect(new Set(requests.map(({ headers }) => headers[header])).size).toBe(1);
	}
}

describe('every create carries a key', () => {
	atEach('of the form that the provider wants', async (at) => {
		await at.generate(PROMPTS);
		for (const { headers } of at.requests('create')) {
			expect(headers['idempotency-key']).toMatch(/^[A-Za-z0-9._-]{16,96}$/);
			expect(headers['x-apimart-response-version']).toBe(
				at.system.provider === 'apiMart' ? '2026-07-27' : undefined,
			);
		}
	});
});

describe('a first create that is still under way', () => {
	atEach(
		'is waited for, and asked for under the same key',
		async (at) => {
			at.sandbox.setIntercept(({ step, prompt, attempt }) => {
				if (step !== 'create' || prompt !== 'two' || attempt > 3) return undefined;
				const headers = { 'retry-after': '1' };
				return idempotencyError(at, named(at, 'underWay'), attempt === 1 ? headers : {});
			});
			const { items } = await at.generate(PROMPTS);

			at.expectComplete(items, PROMPTS);
			expect(createsOf(at, 'two')).toHaveLength(4);
			expectSame(createsOf(at, 'two'));
			expect(at.imagesPaid()).toBe(3);
		},
		{},
		WITH_PROMISES,
	);

	atEach(
		'is waited for until the timeout; then nobody knows what it cost',
		async (at) => {
			at.sandbox.setIntercept(({ step, prompt }) =>
				step === 'create' && prompt === 'two'
					? idempotencyError(at, named(at, 'underWay'), { 'retry-after': '1' })
					: undefined,
			);
			const { items } = await at.generate(PROMPTS, {
				parameters: { options: { timeout: 3 } },
				onError: 'continueRegularOutput',
			});

			expect(items[1]?.json).toMatchObject({ error: { charged: 'unknown' } });
			expect(createsOf(at, 'two').length).toBeGreaterThanOrEqual(3);
		},
		{},
		WITH_PROMISES,
	);
});

describe('a key that the provider has for something else', () => {
	atEach(
		'stops the row, which says that the other may be paid',
		async (at) => {
			at.sandbox.setIntercept(({ step, prompt }) =>
				step === 'create' && prompt === 'two'
					? idempotencyError(at, named(at, 'conflict'))
					: undefined,
			);
			const { error } = await at.generate(PROMPTS);

			expect(createsOf(at, 'two')).toHaveLength(1);
			expect(error?.message).toContain('already has another request for this row');
			expect(error?.description).toContain('Whether it was charged cannot be known from here.');
			expect(error?.description).not.toMatch(/workflow anew/);
		},
		{},
		WITH_PROMISES,
	);
});

atEach(
	'an outcome that the provider itself does not know stops the row and is never sent again here',
	async (at) => {
		at.sandbox.setIntercept(({ step, prompt }) =>
			step === 'create' && prompt === 'two'
				? idempotencyError(at, 'idempotency_result_indeterminate')
				: undefined,
		);
		const { error } = await at.generate(PROMPTS, { tries: 3 });

		expect(error?.description).toContain('Whether it was charged cannot be known from here.');
		expect(createsOf(at, 'two')).toHaveLength(1);
	},
	{},
	APIMART,
);

describe('a create that the provider could not look up', () => {
	const unavailable = answer(503, {
		error: { code: 503, message: 'Try again.', type: 'idempotency_unavailable' },
	});

	atEach(
		'is repeated freely',
		async (at) => {
			at.sandbox.setIntercept(({ step, attempt }) =>
				step === 'create' && attempt < 3 ? unavailable : undefined,
			);
			const { items } = await at.generate(PROMPTS);

			at.expectComplete(items, PROMPTS);
			expect(at.imagesPaid()).toBe(3);
		},
		{},
		APIMART,
	);

	atEach(
		'costs nothing, and says so',
		async (at) => {
			at.sandbox.setIntercept(({ step }) => (step === 'create' ? unavailable : undefined));
			const { items } = await at.generate(['one'], {
				parameters: { options: { timeout: 1 } },
				onError: 'continueRegularOutput',
			});
			expect(items[0]?.json).toMatchObject({ error: { charged: 'no' } });
		},
		{},
		APIMART,
	);
});

describe('a lost create that is refused later', () => {
	const noCredit = answer(402, {
		error: { code: 402, message: 'No credit.', type: 'payment_required' },
	});

	atEach('may still be paid: the refusal is of the second one', async (at) => {
		at.sandbox.setIntercept(({ step, prompt, attempt }) => {
			if (step !== 'create' || prompt !== 'two') return undefined;
			return attempt === 1 ? { kind: 'resetAfter' } : noCredit;
		});
		const failed = await at.generate(PROMPTS);
		const retried = await at.generate([], { retryOf: failed });

		for (const { error } of [failed, retried]) {
			expect(error?.message).toContain('The image may have been made and charged');
			expect(error?.description).toContain('Whether it was charged cannot be known from here.');
		}
		expect(retried.error?.message).toContain('has no credit left');
	});
});

describe('a create that was sent again and may have been made twice', () => {
	const parameters = { options: { simplify: true } };

	function expectTold(at: Scene, { items, hints, log }: NodeResult): void {
		const warning = String(items[1]?.json.warning);
		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
		expect(items.map(({ json }) => 'warning' in json)).toEqual([false, true, false]);
		expect(warning).toContain(
			`${LABELS[at.system.provider]} does not say that the second one is the same`,
		);
		expect(warning).toContain(String(items[1]?.json.taskId));
		expect(hints.map(({ message }) => message).join()).toContain(`Row 2: ${warning}`);
		expect(log).toContainEqual(
			expect.objectContaining({
				level: 'warn',
				message: expect.stringContaining(warning) as string,
			}),
		);
	}

	atEach(
		'names both tasks where the provider lists them',
		async (at) => {
			at.breakOnce('create', 'two', { kind: 'resetAfter' });
			const result = await at.generate(PROMPTS, { parameters });

			expectTold(at, result);
			const ids = at.sandbox.tasks().flatMap(({ id, prompt }) => (prompt === 'two' ? [id] : []));
			expect(ids).toHaveLength(2);
			for (const id of ids) expect(result.items[1]?.json.warning).toContain(id);
		},
		{ idempotency: { evoLink: 'ignored' } },
		EVOLINK,
	);

	atEach(
		'says where to look for the other one where it does not',
		async (at) => {
			at.breakOnce('create', 'two', { kind: 'resetAfter' });
			const failed = await at.generate(PROMPTS);
			const retried = await at.generate([], { parameters, retryOf: failed });

			expectTold(at, retried);
			expect(retried.items[1]?.json.warning).toMatch(/another one made at \S+ \S+ UTC or after$/);
			expectSame(createsOf(at, 'two'));
		},
		{},
		WITHOUT_KEYS,
	);

	atEach(
		'says nothing where the provider answers with the first',
		async (at) => {
			at.breakOnce('create', 'two', { kind: 'resetAfter' });
			const failed = await at.generate(PROMPTS);
			const { items } = failed.error ? await at.generate([], { retryOf: failed }) : failed;

			at.expectComplete(items, PROMPTS);
			expect(items.filter(({ json }) => 'warning' in json)).toEqual([]);
			expect(at.sandbox.tasks()).toHaveLength(3);
		},
		{ idempotency: { apiMart: 'honoured' } },
		WITH_PROMISES,
	);
});

atEach(
	'a provider that has answered a repeated create with the first task is trusted from then on',
	async (at) => {
		at.sandbox.setIntercept(({ step, prompt, attempt }) => {
			if (step !== 'create' || attempt > 1) return undefined;
			return prompt === 'one' ? { kind: 'resetAfter' } : answer(400);
		});
		const failed = await at.generate(PROMPTS);
		// In the retry, "one" is answered with its first task before "two" loses its answer.
		at.sandbox.setIntercept(({ step, prompt, attempt }) =>
			step === 'create' && prompt === 'two' && attempt === 2 ? { kind: 'resetAfter' } : undefined,
		);
		const parameters = { options: { concurrency: 1 } };
		const { items } = await at.generate([], { parameters, retryOf: failed });

		at.expectComplete(items, PROMPTS);
		expect(at.imagesPaid()).toBe(3);
		expect(createsOf(at, 'two')).toHaveLength(3);
	},
	{ idempotency: { apiMart: 'honoured' } },
	APIMART,
);

describe('a create whose fate stays unknown', () => {
	atEach(
		'names the tasks that may be it, with their times and how far they are',
		async (at) => {
			at.sandbox.setIntercept(({ step, prompt, attempt }) => {
				if (step !== 'create' || prompt !== 'two') return undefined;
				return attempt === 1 ? { kind: 'resetAfter' } : answer(402, { error: { code: 402 } });
			});
			const { items } = await at.generate(PROMPTS, { onError: 'continueRegularOutput' });

			const lost = at.sandbox.tasks().find(({ prompt }) => prompt === 'two');
			const { message } = items[1]?.json.error as { message: string };
			expect(message).toMatch(
				new RegExp(
					`EvoLink lists ${String(lost?.id)} \\(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC, \\w+\\), which no row of this execution has$`,
				),
			);
			for (const { json } of [items[0], items[2]].flatMap((item) => item ?? [])) {
				expect(message).not.toContain(String(json.taskId));
			}
		},
		{},
		EVOLINK,
	);

	atEach(
		'asks for the list only then',
		async (at) => {
			await at.generate(PROMPTS);
			expect(at.requests('list')).toEqual([]);
		},
		{},
		EVOLINK,
	);
});
