import {
	CONTINUE,
	fieldOf,
	type Fixture,
	forEachProvider,
	PROMPTS,
	respondWith,
	testNode,
	WITH_IDEMPOTENCY,
	WITHOUT_IDEMPOTENCY,
} from './fixture';
import { N8n1 } from './n8n1';

/** The queue of n8n 1 starts an execution again if its worker was killed: same ID, empty context. */

type Options = Parameters<Fixture['generate']>[1];

const RESTARTED = { code: 'execution_restarted', charged: 'unknown' };

/** The second start of an execution whose first one created its tasks and was then killed. */
async function restart(fixture: Fixture, options: Options = {}, first: Options = options) {
	const n8n1 = new N8n1();
	const common = { n8n1, executionId: '42', mode: 'trigger' } as const;
	await fixture.generate(PROMPTS, { ...first, ...common });
	return await fixture.generate(PROMPTS, { ...CONTINUE, ...options, ...common });
}

forEachProvider(
	'a restarted execution of n8n 1 is not charged again',
	async (fixture) => {
		const { items } = await restart(fixture);

		expect(fieldOf(items, 'error')).toEqual(PROMPTS.map(() => expect.objectContaining(RESTARTED)));
		expect(fixture.createdPrompts()).toEqual([...PROMPTS].sort());
	},
	{},
	WITHOUT_IDEMPOTENCY,
);

forEachProvider(
	'a restarted execution of n8n 1 gets the images that the first start paid for',
	async (fixture) => {
		const { items } = await restart(fixture);

		fixture.expectComplete(items, PROMPTS);
		expect(fixture.chargedImages()).toBe(PROMPTS.length);
	},
	{},
	WITH_IDEMPOTENCY,
);

forEachProvider(
	'a restarted execution of n8n 1 is not charged again by Retry On Fail or a loop',
	async (fixture) => {
		const { errorItems, calls } = await restart(fixture, {
			onError: 'continueErrorOutput',
			tries: 2,
			loopErrors: 2,
		});

		expect(calls).toBeGreaterThan(2);
		expect(fieldOf(errorItems, 'error')).toEqual(
			PROMPTS.map(() => expect.objectContaining(RESTARTED)),
		);
		expect(fixture.createdPrompts()).toEqual([...PROMPTS].sort());
	},
	{},
	WITHOUT_IDEMPOTENCY,
);

forEachProvider(
	'a person can retry a restarted execution of n8n 1',
	async (fixture) => {
		const retryOf = await restart(fixture, { onError: 'stopWorkflow' });
		const { items } = await fixture.generate(PROMPTS, { retryOf });

		expect(retryOf.error?.description).toContain('n8n restarted this execution');
		fixture.expectComplete(items, PROMPTS);
		expect(fixture.createdPrompts()).toEqual([...PROMPTS, ...PROMPTS].sort());
	},
	{},
	WITHOUT_IDEMPOTENCY,
);

forEachProvider(
	'an execution of n8n 1 that was not restarted creates each row once, in every try and loop',
	async (fixture) => {
		fixture.failOnce('create', 'two', respondWith(400));
		const { runs } = await fixture.generate(PROMPTS, {
			n8n1: new N8n1(),
			mode: 'trigger',
			onError: 'continueErrorOutput',
			tries: 2,
			loopErrors: 2,
		});

		expect(runs.flatMap((items) => fieldOf(items, 'status'))).toEqual(
			PROMPTS.map(() => 'completed'),
		);
		expect(fixture.sandbox.tasks()).toHaveLength(PROMPTS.length);
	},
);

testNode(
	'a row of a restarted execution does not fall back to where it was created',
	async (fixture) => {
		fixture.sandbox.setIntercept(({ provider, step }) =>
			provider === 'evoLink' && step === 'create'
				? respondWith(402, { error: { code: 'insufficient_quota' } })
				: undefined,
		);
		const parameters = { provider: "={{ 'evoLink' }}", options: { fallbacks: ['apiMart'] } };
		const { items } = await restart(fixture, { parameters });

		expect(fieldOf(items, 'error')).toEqual(PROMPTS.map(() => expect.objectContaining(RESTARTED)));
		expect(fixture.sandbox.tasks()).toHaveLength(PROMPTS.length);
	},
);
