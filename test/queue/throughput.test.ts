import { cpus } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import axios from 'axios';

import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import { itemsOf, runsOf } from '../server/executionData';
import { IMAGE_BYTES } from '../server/moneyFixture';
import { chain, GENERATE, generate, node } from '../server/nodeChains';
import { UsageMeter } from '../server/processUsage';
import type { Execution } from '../server/restClient';
import { installRuntime } from '../server/runtime';
import { createProviderCredentials, type ProviderCredentials } from '../server/seedreamN8n';
import { QueueN8n, WORKERS } from './queueN8n';

/** Several executions at once, on two workers. */

const MINUTE = 60_000;

jest.setTimeout(5 * MINUTE);

let n8n: QueueN8n;

beforeAll(async () => {
	const runtime = await installRuntime(console.log);
	n8n = await QueueN8n.open(runtime, { sandbox: { taskSeconds: 5, imageBytes: IMAGE_BYTES } });
}, 8 * MINUTE);

afterAll(async () => await n8n?.close(), MINUTE);

/** A workflow that generates the images of the rows it's called with. */
class Endpoint {
	private constructor(
		private readonly workflowId: string,
		private readonly url: string,
	) {}

	static async open(name: string, credentials: ProviderCredentials): Promise<Endpoint> {
		const parameters = { path: name, httpMethod: 'POST', responseMode: 'onReceived' };
		const more = { typeVersion: 2, webhookId: name };
		const trigger = node('Webhook', 'n8n-nodes-base.webhook', parameters, more);
		const split = { fieldToSplitOut: 'body.rows', options: {} };
		const nodes = [
			trigger,
			node('Split Out', 'n8n-nodes-base.splitOut', split),
			generate({ prompt: '={{ $json.prompt }}' }, credentials),
		];
		const workflowId = await n8n.rest.createWorkflow(chain(name, nodes));
		await n8n.rest.activate(workflowId);
		return new Endpoint(workflowId, `${n8n.webhookUrl}/webhook/${name}`);
	}

	/** One execution for each of these batches, at the same time. */
	async run(batches: ReadonlyArray<readonly string[]>): Promise<Execution[]> {
		const before = (await n8n.rest.finishedExecutions(this.workflowId)) ?? [];
		await Promise.all(batches.map(async (prompts) => await this.post(prompts)));
		const count = before.length + batches.length;
		const ids = await this.untilFinished(count);
		const started = ids.filter((id) => !before.includes(id));
		return await Promise.all(started.map(async (id) => await n8n.rest.execution(id)));
	}

	/** An activated workflow takes a moment until it can be called. */
	private async post(prompts: readonly string[]): Promise<void> {
		const body = { rows: prompts.map((prompt) => ({ prompt })) };
		const options = { proxy: false, validateStatus: () => true } as const;
		while ((await axios.post(this.url, body, options)).status !== 200) await wait(200);
	}

	private async untilFinished(count: number): Promise<string[]> {
		for (;;) {
			const ids = await n8n.rest.finishedExecutions(this.workflowId);
			if (ids && ids.length >= count) return ids;
			await wait(500);
		}
	}
}

const promptsOf = (name: string, count: number) =>
	Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);

function expectComplete(executions: readonly Execution[], count: number): void {
	const items = executions.flatMap(({ data }) => itemsOf(runsOf(data, GENERATE)[0]));
	expect(executions.map(({ status }) => status)).toEqual(executions.map(() => 'success'));
	expect(items.filter(({ json }) => json.status === 'completed')).toHaveLength(count);
}

describe("two workers with a batch each against one account's rate limit", () => {
	const PER_SECOND = 10;
	/** The first seconds, in which the limit isn't known, are a tenth of the time. */
	const ROWS = 300;
	/** Each worker finds the limit by itself, and neither knows how much the other one uses: it was 90% once. */
	const MIN_SHARE = 0.75;

	let limited: Sandbox;

	beforeAll(async () => {
		limited = await startSandbox({
			taskSeconds: 5,
			imageBytes: IMAGE_BYTES,
			rateLimit: { perSecond: PER_SECOND, steps: ['create'] },
		});
	});

	afterAll(async () => await limited?.close());

	/** How much of the limit was used between the first create and the last. */
	function shareOfLimit(): number {
		const times = limited.tasks().map(({ createdAt }) => createdAt);
		const seconds = (Math.max(...times) - Math.min(...times)) / 1000;
		return (times.length - PER_SECOND) / seconds / PER_SECOND;
	}

	it('no row fails, none is created twice, and the limit is used', async () => {
		const endpoint = await Endpoint.open(
			'limited',
			await createProviderCredentials(n8n.rest, limited),
		);
		const batches = ['A', 'B'].map((name) => promptsOf(name, ROWS));
		const executions = await endpoint.run(batches);

		expectComplete(executions, 2 * ROWS);
		const workers = await Promise.all(executions.map(async ({ id }) => await n8n.workersOf(id)));
		expect(workers.flat().sort()).toEqual(WORKERS);
		expect(
			limited
				.tasks()
				.map(({ prompt }) => prompt)
				.sort(),
		).toEqual(batches.flat().sort());
		const creates = limited.requests.filter(({ step }) => step === 'create').length;
		console.log(
			`Two workers used ${(100 * shareOfLimit()).toFixed(0)} % of the limit, with ${creates} creates for ${2 * ROWS} tasks, in ${executions.map(({ seconds }) => seconds.toFixed(1)).join(' and ')} s`,
		);
		expect(shareOfLimit()).toBeGreaterThan(MIN_SHARE);
	});
});

describe('1,000 rows as executions of their own', () => {
	const ROWS = 1_000;
	const EXECUTIONS = 4;
	/** What others may use of this machine before the comparison says nothing. */
	const MAX_BUSY = 0.1;
	/** Two workers, the database and the sandbox share two cores here. */
	const MAX_RATIO = 1.75;

	interface Measured {
		seconds: number;
		/** Peak of each worker. */
		megabytes: number[];
	}

	async function measure(endpoint: Endpoint, batches: ReadonlyArray<readonly string[]>) {
		const meters = WORKERS.map((name) => new UsageMeter(n8n.worker(name).pid));
		for (const meter of meters) meter.reset();
		const executions = await endpoint.run(batches);
		// They start together.
		const seconds = Math.max(...executions.map((execution) => execution.seconds));
		const megabytes = meters.map((meter) => meter.read().peakMegabytes ?? NaN);
		return { executions, measured: { seconds, megabytes } };
	}

	const format = ({ seconds, megabytes }: Measured) =>
		`${seconds.toFixed(1)} s, ${megabytes.map((peak) => peak.toFixed(0)).join(' and ')} MB`;

	it('take two workers about as long as one execution of all rows takes one worker', async () => {
		const endpoint = await Endpoint.open('thousand', n8n.credentials);
		const busy = await busyShare();
		const whole = await measure(endpoint, [promptsOf('Whole', ROWS)]);
		const parts = await measure(
			endpoint,
			Array.from({ length: EXECUTIONS }, (_, part) =>
				promptsOf(`Part ${part + 1} of`, ROWS / EXECUTIONS),
			),
		);

		expectComplete(whole.executions, ROWS);
		expectComplete(parts.executions, ROWS);
		const workers = await Promise.all(
			parts.executions.map(async ({ id }) => await n8n.workersOf(id)),
		);
		expect([...new Set(workers.flat())].sort()).toEqual(WORKERS);
		const ratio = parts.measured.seconds / whole.measured.seconds;
		const isBusy = Math.max(busy, await busyShare()) > MAX_BUSY;
		console.log(
			`${ROWS} rows in one execution: ${format(whole.measured)}. In ${EXECUTIONS} executions on two workers: ${format(parts.measured)}. Ratio ${ratio.toFixed(2)}${isBusy ? ', but the machine was busy' : ''}`,
		);
		if (!isBusy) expect(ratio).toBeLessThan(MAX_RATIO);
	});
});

/** How much of this machine's processors is used while the tests wait. */
async function busyShare(): Promise<number> {
	const SAMPLE_MS = 2_000;
	const before = processorTimes();
	await wait(SAMPLE_MS);
	const after = processorTimes();
	return 1 - (after.idle - before.idle) / (after.all - before.all);
}

function processorTimes(): { idle: number; all: number } {
	const times = cpus().flatMap(({ times }) => Object.entries(times));
	const sum = (all: typeof times) => all.reduce((total, [, ms]) => total + ms, 0);
	return { idle: sum(times.filter(([kind]) => kind === 'idle')), all: sum(times) };
}
