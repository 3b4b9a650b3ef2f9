import { ONE_PER_PROVIDER } from '../n8n/systems';
import {
	IMAGE_BYTES,
	MoneyFixtures,
	until,
	type MoneyFixture,
	type Started,
} from '../server/moneyFixture';
import { installRuntime } from '../server/runtime';
import { QueueN8n } from './queueN8n';
import { NO_RESTARTS } from './settings';

/**
 * When a worker of n8n 1 dies, its queue gives the execution to another worker, which starts it from the beginning:
 * without the node's records, so that it doesn't know which tasks exist.
 */

const MINUTE = 60_000;

const PROMPTS = ['one', 'two', 'three'].map((prompt) => `${prompt} [[slow:600]]`);

/** n8n's defaults are 60, 10 and 30 seconds. */
const SOON = {
	QUEUE_WORKER_LOCK_DURATION: '15000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '3000',
};

const cases = [
	{ title: 'with its default settings', env: {} },
	{ title: 'with QUEUE_WORKER_MAX_STALLED_COUNT=0', env: NO_RESTARTS },
];

jest.setTimeout(3 * MINUTE);

/** How far the sandbox's clock is ahead of the real one. */
const clock = { offsetMs: 0 };

let n8n: QueueN8n;
let fixtures: MoneyFixtures<QueueN8n>;

beforeAll(async () => {
	const runtime = await installRuntime(console.log, '1.123.81');
	const now = () => Date.now() + clock.offsetMs;
	const sandbox = { taskSeconds: 2, imageBytes: IMAGE_BYTES, now };
	n8n = await QueueN8n.open(runtime, { sandbox, env: SOON });
	fixtures = new MoneyFixtures(n8n);
}, 5 * MINUTE);

afterAll(async () => await n8n?.close(), MINUTE);

describe.each(cases)('n8n 1 $title, when a worker is killed', ({ env }) => {
	const killed: Array<Started & { fixture: MoneyFixture }> = [];

	beforeAll(async () => {
		// Then all executions are on the other one.
		await n8n.worker('worker 2').stop();
		for (const system of ONE_PER_PROVIDER) {
			const fixture = fixtures.createFixture(system);
			killed.push({ fixture, ...(await fixture.start({ prompts: PROMPTS })) });
		}
		for (const { fixture } of killed) {
			await until(
				() => fixture.tasks().length === PROMPTS.length && fixture.requests('query').length > 0,
			);
		}
		await n8n.worker('worker 1').kill();
		clock.offsetMs += 600_000;
		await Promise.all([n8n.startWorker('worker 1', env), n8n.startWorker('worker 2', env)]);
	}, 3 * MINUTE);

	it.each(ONE_PER_PROVIDER)('x $title', async ({ provider }) => {
		const one = killed.find(({ fixture }) => fixture.system.provider === provider);
		if (!one) throw new Error('x');
		const { status, data } = await n8n.rest.waitFor(one.workflowId, one.executionId, 2 * MINUTE);
		console.log(
			provider,
			status,
			one.fixture.requests('create').length,
			one.fixture.tasks().length,
			await n8n.workersOf(one.executionId),
			JSON.stringify(data.resultData.error)?.slice(0, 600),
		);
	});
});
