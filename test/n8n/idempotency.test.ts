import type { NodeResult } from './engine';
import {
	CONTINUE,
	EVOLINK,
	type Fixture,
	forEachProvider,
	LABELS,
	PROMPTS,
	respondWith,
	systemsOf,
	WITHOUT_IDEMPOTENCY,
} from './fixture';

/** Repeated create requests: what the providers document, whether they keep to it, and what the user reads. */

const APIMART = systemsOf('apiMart');
const DOCUMENTED = systemsOf('evoLink', 'apiMart');

type Provider = Fixture['system']['provider'];

const ERROR_NAMES: Partial<Record<Provider, Record<'inProgress' | 'conflict', string>>> = {
	evoLink: { inProgress: 'paid_outcome_unknown', conflict: 'idempotency_conflict' },
	apiMart: { inProgress: 'idempotency_in_progress', conflict: 'idempotency_key_reused' },
};

const errorNameOf = (fixture: Fixture, what: 'inProgress' | 'conflict') =>
	ERROR_NAMES[fixture.system.provider]?.[what] ?? '';

/** In each provider's own format. */
function idempotencyError(fixture: Fixture, name: string, headers: Record<string, string> = {}) {
	const error =
		fixture.system.provider === 'evoLink'
			? { code: name, message: 'See the documentation.', type: 'invalid_request_error' }
			: { code: 409, message: 'See the documentation.', type: name };
	return { ...respondWith(409, { error }), headers };
}

const createsOf = (fixture: Fixture, wanted: string) =>
	fixture.requests('create').filter(({ prompt }) => prompt === wanted);

function expectSame(requests: ReturnType<typeof createsOf>): void {
	expect(new Set(requests.map(({ body }) => JSON.stringify(body))).size).toBe(1);
	for (const header of ['idempotency-key', 'x-apimart-response-version']) {
		expect(new Set(requests.map(({ headers }) => headers[header])).size).toBe(1);
	}
}

forEachProvider(
	'every create request has an Idempotency-Key of its own, in the format of the provider',
	async (fixture) => {
		await fixture.generate([...PROMPTS, 'one']);
		const headers = fixture.requests('create').map((request) => request.headers);
		const keys = headers.map((each) => each['idempotency-key']);

		expect(new Set(keys).size).toBe(4);
		for (const key of keys) expect(key).toMatch(/^[\da-f]{64}$/);
		const isApiMart = fixture.system.provider === 'apiMart';
		for (const each of headers) {
			expect(each['x-apimart-response-version']).toBe(isApiMart ? '2026-07-27' : undefined);
		}
	},
);

describe('a create request that is still being processed', () => {
	forEachProvider(
		'is repeated under the same Idempotency-Key',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step, prompt, attempt }) => {
				if (step !== 'create' || prompt !== 'two' || attempt > 3) return undefined;
				const headers = { 'retry-after': '1' };
				return idempotencyError(
					fixture,
					errorNameOf(fixture, 'inProgress'),
					attempt === 1 ? headers : {},
				);
			});
			const { items } = await fixture.generate(PROMPTS);

			fixture.expectComplete(items, PROMPTS);
			expect(createsOf(fixture, 'two')).toHaveLength(4);
			expectSame(createsOf(fixture, 'two'));
			expect(fixture.chargedImages()).toBe(3);
		},
		{},
		DOCUMENTED,
	);

	forEachProvider(
		'may have been charged if it is still being processed at the timeout',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step, prompt }) =>
				step === 'create' && prompt === 'two'
					? idempotencyError(fixture, errorNameOf(fixture, 'inProgress'), { 'retry-after': '1' })
					: undefined,
			);
			const { items } = await fixture.generate(PROMPTS, {
				parameters: { options: { timeout: 3 } },
				...CONTINUE,
			});

			expect(items[1]?.json).toMatchObject({ error: { charged: 'unknown' } });
			expect(createsOf(fixture, 'two').length).toBeGreaterThanOrEqual(3);
		},
		{},
		DOCUMENTED,
	);
});

describe('an Idempotency-Key that the provider knows from another request', () => {
	forEachProvider(
		'fails the row, which says that the other request may have been charged',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step, prompt }) =>
				step === 'create' && prompt === 'two'
					? idempotencyError(fixture, errorNameOf(fixture, 'conflict'))
					: undefined,
			);
			const { error } = await fixture.generate(PROMPTS);

			expect(createsOf(fixture, 'two')).toHaveLength(1);
			expect(error?.message).toContain('already has another request for this row');
			expect(error?.description).toContain("The node can't tell whether you were charged.");
			expect(error?.description).not.toMatch(/\btry again\b|\brun\b.*\bagain\b/i);
		},
		{},
		DOCUMENTED,
	);
});

forEachProvider(
	'a create request with an outcome unknown to the provider itself is never repeated in the execution',
	async (fixture) => {
		fixture.sandbox.setIntercept(({ step, prompt }) =>
			step === 'create' && prompt === 'two'
				? idempotencyError(fixture, 'idempotency_result_indeterminate')
				: undefined,
		);
		const { error } = await fixture.generate(PROMPTS, { tries: 3 });

		expect(error?.description).toContain("The node can't tell whether you were charged.");
		expect(createsOf(fixture, 'two')).toHaveLength(1);
	},
	{},
	APIMART,
);

describe('a create request with an Idempotency-Key the provider could not look up', () => {
	const unavailable = respondWith(503, {
		error: { code: 503, message: 'Try again.', type: 'idempotency_unavailable' },
	});

	forEachProvider(
		'is repeated',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step, attempt }) =>
				step === 'create' && attempt < 3 ? unavailable : undefined,
			);
			const { items } = await fixture.generate(PROMPTS);

			fixture.expectComplete(items, PROMPTS);
			expect(fixture.chargedImages()).toBe(3);
		},
		{},
		APIMART,
	);

	forEachProvider(
		'costs nothing',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step }) => (step === 'create' ? unavailable : undefined));
			const { items } = await fixture.generate(['one'], {
				parameters: { options: { timeout: 1 } },
				...CONTINUE,
			});
			expect(items[0]?.json).toMatchObject({ error: { charged: 'no' } });
		},
		{},
		APIMART,
	);
});

describe('a create request that was lost and rejected when repeated', () => {
	const noCredits = respondWith(402, {
		error: { code: 402, message: 'No credit.', type: 'payment_required' },
	});

	forEachProvider('may have been charged, as only the second one was rejected', async (fixture) => {
		fixture.sandbox.setIntercept(({ step, prompt, attempt }) => {
			if (step !== 'create' || prompt !== 'two') return undefined;
			return attempt === 1 ? { kind: 'resetAfter' } : noCredits;
		});
		const failed = await fixture.generate(PROMPTS);
		const retried = await fixture.generate([], { retryOf: failed });

		for (const { error } of [failed, retried]) {
			expect(error?.message).toContain(
				'The image may have been generated and you may have been charged',
			);
			expect(error?.description).toContain("The node can't tell whether you were charged.");
		}
		expect(retried.error?.message).toContain('reports that this account has no credits left');
	});
});

describe('a repeated create request that may have created two tasks', () => {
	const parameters = { options: { simplify: true } };

	function expectWarning(fixture: Fixture, { items, hints, log }: NodeResult): void {
		const warning = String(items[1]?.json.warning);
		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('completed'));
		expect(items.map(({ json }) => 'warning' in json)).toEqual([false, true, false]);
		expect(warning).toContain(
			`${LABELS[fixture.system.provider]} doesn't confirm that it recognized the second one`,
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

	forEachProvider(
		'leads to a warning with both task IDs if the provider lists them',
		async (fixture) => {
			fixture.failOnce('create', 'two', { kind: 'resetAfter' });
			const result = await fixture.generate(PROMPTS, { parameters });

			expectWarning(fixture, result);
			const ids = fixture.sandbox
				.tasks()
				.flatMap(({ id, prompt }) => (prompt === 'two' ? [id] : []));
			expect(ids).toHaveLength(2);
			for (const id of ids) expect(result.items[1]?.json.warning).toContain(id);
		},
		{ idempotency: { evoLink: 'ignored' } },
		EVOLINK,
	);

	forEachProvider(
		'leads to a warning where to look for the other task if the provider has no list',
		async (fixture) => {
			fixture.failOnce('create', 'two', { kind: 'resetAfter' });
			const failed = await fixture.generate(PROMPTS);
			const retried = await fixture.generate([], { parameters, retryOf: failed });

			expectWarning(fixture, retried);
			expect(retried.items[1]?.json.warning).toMatch(
				/another task created at \S+ \S+ UTC or later$/,
			);
			expectSame(createsOf(fixture, 'two'));
		},
		{},
		WITHOUT_IDEMPOTENCY,
	);

	forEachProvider(
		'leads to no warning if the provider returns the first task again',
		async (fixture) => {
			fixture.failOnce('create', 'two', { kind: 'resetAfter' });
			const failed = await fixture.generate(PROMPTS);
			const { items } = failed.error ? await fixture.generate([], { retryOf: failed }) : failed;

			fixture.expectComplete(items, PROMPTS);
			expect(items.filter(({ json }) => 'warning' in json)).toEqual([]);
			expect(fixture.sandbox.tasks()).toHaveLength(3);
		},
		{ idempotency: { apiMart: 'honored' } },
		DOCUMENTED,
	);
});

forEachProvider(
	'a provider that returned the first task for a repeated create request is trusted from then on',
	async (fixture) => {
		fixture.sandbox.setIntercept(({ step, prompt, attempt }) => {
			if (step !== 'create' || attempt > 1) return undefined;
			return prompt === 'one' ? { kind: 'resetAfter' } : respondWith(400);
		});
		const failed = await fixture.generate(PROMPTS);
		// In the retry, "one" gets its first task before the response to "two" is lost.
		fixture.sandbox.setIntercept(({ step, prompt, attempt }) =>
			step === 'create' && prompt === 'two' && attempt === 2 ? { kind: 'resetAfter' } : undefined,
		);
		const parameters = { options: { concurrency: 1 } };
		const { items } = await fixture.generate([], { parameters, retryOf: failed });

		fixture.expectComplete(items, PROMPTS);
		expect(fixture.chargedImages()).toBe(3);
		expect(createsOf(fixture, 'two')).toHaveLength(3);
	},
	{ idempotency: { apiMart: 'honored' } },
	APIMART,
);

describe('an unconfirmed create request', () => {
	forEachProvider(
		'lists the tasks it may have created, with time and status',
		async (fixture) => {
			fixture.sandbox.setIntercept(({ step, prompt, attempt }) => {
				if (step !== 'create' || prompt !== 'two') return undefined;
				return attempt === 1 ? { kind: 'resetAfter' } : respondWith(402, { error: { code: 402 } });
			});
			const { items } = await fixture.generate(PROMPTS, CONTINUE);

			const lost = fixture.sandbox.tasks().find(({ prompt }) => prompt === 'two');
			const { message } = items[1]?.json.error as { message: string };
			expect(message).toMatch(
				new RegExp(
					`The list has ${String(lost?.id)} \\(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC, \\w+\\), which doesn't belong to any row of this execution$`,
				),
			);
			for (const { json } of [items[0], items[2]].flatMap((item) => item ?? [])) {
				expect(message).not.toContain(String(json.taskId));
			}
		},
		{},
		EVOLINK,
	);

	forEachProvider(
		'is the only reason to fetch the list of tasks',
		async (fixture) => {
			await fixture.generate(PROMPTS);
			expect(fixture.requests('list')).toEqual([]);
		},
		{},
		EVOLINK,
	);
});
