import { startSandbox } from '../sandbox/sandbox';
import { answer, atEach, engine, ONE_OF_EACH, PROMPTS, type Scene } from './fixture';
import { sandboxCredentials } from './systems';

/** Never hang, never give up too early. */

jest.setTimeout(150_000);

const EVOLINK = ONE_OF_EACH.filter(({ provider }) => provider === 'evoLink');
const prompts = (count: number) => Array.from({ length: count }, (_, index) => `Picture ${index}`);

/** As if the sandbox knew no call for many tasks. */
const isBatch = ({ path }: { path: string }) => path.endsWith('/tasks/batch');

describe('an answer that trickles', () => {
	atEach('to a query, ends with the time of the call', async (at) => {
		at.sandbox.setIntercept((request) =>
			request.step === 'query' ? { kind: 'trickle', everyMs: 400 } : undefined,
		);
		const { items, seconds } = await at.generate(['one'], {
			parameters: { options: { timeout: 2 } },
			onError: 'continueRegularOutput',
		});

		expect(items[0]?.json).toMatchObject({ status: 'processing', error: { code: 'timeout' } });
		expect(seconds).toBeLessThan(30);
	});

	atEach('to a query, does not outlive a stop', async (at) => {
		let stop: () => void = () => undefined;
		const cancelWhen = new Promise<void>((resolve) => {
			stop = resolve;
		});
		at.sandbox.setIntercept(({ step }) => {
			if (step !== 'query') return undefined;
			stop();
			return { kind: 'trickle', everyMs: 400 };
		});
		const begun = Date.now();
		const { status, settled } = await at.generate(['one'], { cancelWhen });
		await settled;

		expect(status).toBe('canceled');
		expect(Date.now() - begun).toBeLessThan(15_000);
	});

	atEach(
		'with an image, is given up and asked for again',
		async (at) => {
			at.sandbox.setIntercept(({ step, attempt }) =>
				step === 'download' && attempt === 1 ? { kind: 'trickle', everyMs: 100 } : undefined,
			);
			const { items } = await at.generate(['one'], { parameters: { downloadImages: true } });

			at.expectComplete(items, ['one']);
			expect(at.requests('download')).toHaveLength(2);
		},
		{},
		EVOLINK,
	);
});

describe('a limit that lasts', () => {
	atEach(
		'on tasks at work is waited for, although nobody follows those that run',
		async (at) => {
			const rows = prompts(40);
			const said: string[] = [];
			const { items } = await at.generate(rows, {
				parameters: { continueWhen: 'submitted' },
				onMessage: (message) => said.push(message),
			});

			expect(items.map(({ json }) => json.status)).toEqual(rows.map(() => 'submitted'));
			expect(at.sandbox.tasks()).toHaveLength(40);
			expect(said.join('\n')).toMatch(/waiting, because .+ takes no more at the moment/);
		},
		{ concurrentTasks: 10, taskSeconds: 6 },
	);

	atEach(
		'for a minute is waited for',
		async (at) => {
			const rows = prompts(45);
			const { items } = await at.generate(rows);
			at.expectComplete(items, rows);
		},
		{ rateLimit: { perMinute: 30, steps: ['create'] } },
	);
});

atEach(
	'one call for many tasks that fails does not become many calls',
	async (at) => {
		let isBroken = false;
		at.sandbox.setIntercept((request) => {
			if (!isBatch(request) || isBroken) return undefined;
			isBroken = true;
			return answer(502);
		});
		const rows = prompts(100);
		const { items } = await at.generate(rows);

		at.expectComplete(items, rows);
		expect(isBroken).toBe(true);
		expect(at.requests('query').length).toBeLessThan(30);
	},
	{ taskSeconds: 2 },
	EVOLINK,
);

atEach(
	'four links that hardly answer do not stop the others',
	async (at) => {
		const rows = prompts(20);
		const slow = new Set(rows.slice(0, 4));
		at.sandbox.setIntercept(({ step, taskId, attempt }) =>
			step === 'download' && attempt === 1 && slow.has(at.promptOf(taskId) ?? '')
				? { kind: 'stall', bytes: 100 }
				: undefined,
		);
		const { items } = await at.generate(rows, { parameters: { downloadImages: true } });

		at.expectComplete(items, rows);
		const downloads = at.requests('download');
		const firstOf = (prompt: string) =>
			downloads.find(({ taskId }) => at.promptOf(taskId) === prompt)?.at ?? Infinity;
		const begun = Math.min(...downloads.map(({ at: time }) => time));
		for (const prompt of rows) expect(firstOf(prompt) - begun).toBeLessThan(15_000);
	},
	{ imageBytes: 50_000 },
	EVOLINK,
);

it.concurrent('a provider that refuses does not keep the places of another one', async () => {
	const sandbox = await startSandbox({ taskSeconds: 0.1 });
	const opensAt = Date.now() + 12_000;
	sandbox.setIntercept(({ step, provider }) =>
		step === 'create' && provider === 'apiMart' && Date.now() < opensAt ? answer(429) : undefined,
	);
	const providers = ['apiMart', 'apiMart', 'apiMart', 'evoLink', 'evoLink', 'evoLink'];
	const { items } = await (
		await engine()
	).run({
		node: 'seedreamGenerate',
		parameters: {
			provider: '={{ $json.provider }}',
			prompt: '={{ $json.prompt }}',
			downloadImages: false,
			options: { concurrency: 2 },
		},
		rows: providers.map((provider, index) => ({ provider, prompt: `${PROMPTS[0]} ${index}` })),
		credentials: sandboxCredentials(sandbox),
	});
	const createsAt = (provider: Scene['system']['provider']) =>
		sandbox.tasks().flatMap((task) => (task.provider === provider ? [task.createdAt] : []));
	await sandbox.close();

	expect(items.map(({ json }) => json.status)).toEqual(providers.map(() => 'completed'));
	expect(Math.max(...createsAt('evoLink'))).toBeLessThan(opensAt);
	expect(Math.min(...createsAt('apiMart'))).toBeGreaterThanOrEqual(opensAt);
});
