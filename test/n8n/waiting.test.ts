import type { ProviderName } from '../sandbox/sandbox';
import {
	CONTINUE,
	EVOLINK,
	fieldOf,
	forEachProvider,
	FROM_ROW,
	isBatchQuery,
	respondWith,
	stopSignal,
	testNode,
} from './fixture';

/** Slow responses and lasting limits: the node neither hangs nor gives up too early. */

jest.setTimeout(150_000);

/** A minute passes in 40 seconds, which is still longer than anything but a limit is retried for. */
function fasterClock(speed: number): () => number {
	const start = Date.now();
	return () => start + (Date.now() - start) * speed;
}

const prompts = (count: number) => Array.from({ length: count }, (_, index) => `Picture ${index}`);

// Jest runs the tests of a block at the same time, but one block after another. The longest come first.

forEachProvider(
	'a limit on concurrent tasks is waited out, even if tasks are only submitted',
	async (fixture) => {
		const rows = prompts(40);
		const messages: string[] = [];
		const { items } = await fixture.generate(rows, {
			parameters: { continueWhen: 'submitted' },
			onMessage: (message) => messages.push(message),
		});

		expect(items.map(({ json }) => json.status)).toEqual(rows.map(() => 'submitted'));
		expect(fixture.sandbox.tasks()).toHaveLength(40);
		expect(messages.join('\n')).toMatch(/waiting for .+ to accept more requests/);
	},
	{ concurrentTasks: 10, taskSeconds: 6 },
);

forEachProvider(
	'a limit per minute is waited out',
	async (fixture) => {
		const rows = prompts(45);
		const { items } = await fixture.generate(rows);
		fixture.expectComplete(items, rows);
	},
	{ rateLimit: { perMinute: 30, steps: ['create'] }, now: fasterClock(1.5) },
);

forEachProvider(
	'a response that trickles in as the status of a task is aborted by the request timeout',
	async (fixture) => {
		fixture.sandbox.setIntercept((request) =>
			request.step === 'query' ? { kind: 'trickle', everyMs: 400 } : undefined,
		);
		const { items, seconds } = await fixture.generate(['one'], {
			parameters: { options: { timeout: 2 } },
			...CONTINUE,
		});

		expect(items[0]?.json).toMatchObject({ status: 'processing', error: { code: 'timeout' } });
		expect(seconds).toBeLessThan(30);
	},
);

forEachProvider(
	'a response that trickles in as the status of a task is aborted when the execution is stopped',
	async (fixture) => {
		const { stop, cancelWhen } = stopSignal();
		fixture.sandbox.setIntercept(({ step }) => {
			if (step !== 'query') return undefined;
			stop();
			return { kind: 'trickle', everyMs: 400 };
		});
		const begun = Date.now();
		const { status, settled } = await fixture.generate(['one'], { cancelWhen });
		await settled;

		expect(status).toBe('canceled');
		expect(Date.now() - begun).toBeLessThan(15_000);
	},
);

forEachProvider(
	'a response that trickles in as an image is aborted and downloaded again',
	async (fixture) => {
		fixture.sandbox.setIntercept(({ step, attempt }) =>
			step === 'download' && attempt === 1 ? { kind: 'trickle', everyMs: 100 } : undefined,
		);
		const { items } = await fixture.generate(['one'], { parameters: { downloadImages: true } });

		fixture.expectComplete(items, ['one']);
		expect(fixture.requests('download')).toHaveLength(2);
	},
	{},
	EVOLINK,
);

forEachProvider(
	'a failed batch query is not replaced by many single ones',
	async (fixture) => {
		let isBroken = false;
		fixture.sandbox.setIntercept((request) => {
			if (!isBatchQuery(request) || isBroken) return undefined;
			isBroken = true;
			return respondWith(502);
		});
		const rows = prompts(100);
		const { items } = await fixture.generate(rows);

		fixture.expectComplete(items, rows);
		expect(isBroken).toBe(true);
		expect(fixture.requests('query').length).toBeLessThan(30);
	},
	{ taskSeconds: 2 },
	EVOLINK,
);

forEachProvider(
	'four stalled downloads do not block the others',
	async (fixture) => {
		const rows = prompts(20);
		const slow = new Set(rows.slice(0, 4));
		fixture.sandbox.setIntercept(({ step, taskId, attempt }) =>
			step === 'download' && attempt === 1 && slow.has(fixture.promptOf(taskId) ?? '')
				? { kind: 'stall', bytes: 100 }
				: undefined,
		);
		const { items } = await fixture.generate(rows, { parameters: { downloadImages: true } });

		fixture.expectComplete(items, rows);
		const downloads = fixture.requests('download');
		const firstOf = (prompt: string) =>
			downloads.find(({ taskId }) => fixture.promptOf(taskId) === prompt)?.at ?? Infinity;
		const begun = Math.min(...downloads.map(({ at: time }) => time));
		for (const prompt of rows) expect(firstOf(prompt) - begun).toBeLessThan(15_000);
	},
	{ imageBytes: 50_000 },
	EVOLINK,
);

testNode('a provider at its rate limit takes no concurrency from another one', async (fixture) => {
	const { sandbox } = fixture;
	const opensAt = Date.now() + 12_000;
	sandbox.setIntercept(({ step, provider }) =>
		step === 'create' && provider === 'apiMart' && Date.now() < opensAt
			? respondWith(429)
			: undefined,
	);
	const providers = ['apiMart', 'apiMart', 'apiMart', 'evoLink', 'evoLink', 'evoLink'];
	const { items } = await fixture.generate([], {
		parameters: { ...FROM_ROW, model: '', options: { concurrency: 2 } },
		rows: providers.map((provider, index) => ({ provider, prompt: `Picture ${index}` })),
	});
	const createdAt = (provider: ProviderName) =>
		sandbox.tasks().flatMap((task) => (task.provider === provider ? [task.createdAt] : []));

	expect(fieldOf(items, 'status')).toEqual(providers.map(() => 'completed'));
	expect(Math.max(...createdAt('evoLink'))).toBeLessThan(opensAt);
	expect(Math.min(...createdAt('apiMart'))).toBeGreaterThanOrEqual(opensAt);
});
