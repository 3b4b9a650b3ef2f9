import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import axios from 'axios';

import type { ProviderName, TaskView } from '../sandbox/sandbox';
import { outputOf } from './moneyFixture';
import type { N8nVersion } from './n8nReleases';
import { chain, generate, inARow, node, START, trigger, type Parameters } from './nodeChains';
import { freePorts } from './ports';
import type { Execution } from './restClient';
import { installRuntime } from './runtime';
import { SeedreamN8n, type N8nUnderTest } from './seedreamN8n';

export const IMAGE_BYTES = 2_000;

/** Only runs if the trigger returns an item. */
export const NEXT = 'Next';

const WAIT_MS = 60_000;
const POLL_MS = 100;

/** The sandbox may call it back. */
export async function openN8n(version: N8nVersion): Promise<SeedreamN8n> {
	const runtime = await installRuntime(console.log, version);
	const [port = 0] = await freePorts(1);
	const callbackHosts = [`127.0.0.1:${port}`];
	const sandbox = { callbackHosts, imageBytes: IMAGE_BYTES, taskSeconds: 0.1 };
	return await SeedreamN8n.open(runtime, { port, sandbox, logLevel: 'info' });
}

/** Where each provider's request has the address to call back. */
const ADDRESS_FIELDS: Record<ProviderName, string> = {
	evoLink: 'callback_url',
	apiMart: 'webhook',
	apiInOne: 'callback_url',
};

interface Post {
	/** Behind the trigger's address. */
	suffix?: string;
	body: unknown;
	contentType?: string;
}

/** An active workflow that starts with a Seedream Trigger. */
export class TriggerWorkflow {
	private constructor(
		private readonly n8n: N8nUnderTest,
		readonly provider: ProviderName,
		readonly id: string,
		private readonly path: string,
	) {}

	static async open(
		n8n: N8nUnderTest,
		provider: ProviderName,
		parameters: Parameters = {},
	): Promise<TriggerWorkflow> {
		const webhookId = randomUUID();
		const nodes = [
			trigger({ provider, ...parameters }, n8n.credentials, { webhookId }),
			node(NEXT, 'n8n-nodes-base.noOp'),
		];
		const id = await n8n.rest.createWorkflow(chain(`Callbacks of ${provider}`, nodes));
		const workflow = new TriggerWorkflow(n8n, provider, id, `${webhookId}/task`);
		await n8n.rest.activate(id);
		await workflow.untilReady();
		return workflow;
	}

	get url(): string {
		return `${this.n8n.webhookUrl}/webhook/${this.path}`;
	}

	get testUrl(): string {
		return `${this.n8n.rest.url}/webhook-test/${this.path}`;
	}

	/** Activating takes effect later. */
	async untilReady(): Promise<void> {
		await untilTrue(async () => (await this.post({ body: '' })) === 200);
	}

	/** The status of the response. */
	async post({ suffix = '', ...request }: Post): Promise<number> {
		return await post(this.url + suffix, request);
	}

	/** The status of the response to a callback about the task. */
	async callBack({ id }: Pick<TaskView, 'id'>, suffix?: string): Promise<number> {
		return await this.post({ body: { id, status: 'completed' }, suffix });
	}

	/** Tasks whose callbacks go to this trigger, unless they're not to be called back. */
	async submit(
		prompts: readonly string[],
		{ callsBack = true, ...additionalFields }: Parameters & { callsBack?: boolean } = {},
	): Promise<TaskView[]> {
		const { rest, credentials, sandbox } = this.n8n;
		const extraBody = callsBack ? { [ADDRESS_FIELDS[this.provider]]: this.url } : {};
		const parameters = {
			provider: this.provider,
			prompt: '={{ $json.prompt }}',
			continueWhen: 'submitted',
			additionalFields: { extraBody: JSON.stringify(extraBody), ...additionalFields },
		};
		const pinData = { [START]: prompts.map((prompt) => ({ json: { prompt } })) };
		const workflow = inARow('Submit', [generate(parameters, credentials)], { pinData });
		const workflowId = await rest.createWorkflow(workflow);
		const executionId = await rest.run(workflowId, START);
		const execution = await rest.waitFor(workflowId, executionId, WAIT_MS);
		const ids = outputOf(execution, 'Seedream Generate').map(({ json }) => json.taskId);
		if (ids.length !== prompts.length) throw new Error(JSON.stringify(execution.data.resultData));
		return sandbox.tasks().filter(({ id }) => ids.includes(id));
	}

	/** All executions so far, once there are this many and all are over; oldest first. */
	async executions(count: number): Promise<Execution[]> {
		let ids: readonly string[] = [];
		await untilTrue(async () => {
			ids = (await this.n8n.rest.finishedExecutions(this.id)) ?? [];
			return ids.length >= count;
		});
		const executions = [];
		for (const id of [...ids].reverse()) executions.push(await this.n8n.rest.execution(id));
		return executions;
	}

	/** The provider's requests about these tasks. */
	queries(taskIds: readonly string[]): number {
		return this.n8n.sandbox.requests.filter(
			({ step, taskId = '' }) => step === 'query' && taskIds.includes(taskId),
		).length;
	}
}

/** The URL of n8n's own Webhook node, which only starts a workflow. */
export async function openPlainWebhook(n8n: SeedreamN8n): Promise<string> {
	const path = randomUUID();
	const parameters = { httpMethod: 'POST', path, options: {} };
	const more = { typeVersion: 2, webhookId: path };
	const webhook = node('Webhook', 'n8n-nodes-base.webhook', parameters, more);
	const nodes = [webhook, node(NEXT, 'n8n-nodes-base.noOp')];
	await n8n.rest.activate(await n8n.rest.createWorkflow(chain('Webhook', nodes)));
	const url = `${n8n.url}/webhook/${path}`;
	await untilTrue(async () => (await post(url, { body: {} })) === 200);
	return url;
}

export async function post(
	url: string,
	{ body, contentType = 'application/json' }: Omit<Post, 'suffix'>,
): Promise<number> {
	const { status } = await axios.post(url, body, {
		headers: { 'content-type': contentType },
		proxy: false,
		// A text is sent as it is.
		transformRequest: (data: unknown) => (typeof data === 'string' ? data : JSON.stringify(data)),
		validateStatus: () => true,
	});
	return status;
}

export async function untilTrue(isSo: () => Promise<boolean>): Promise<void> {
	const deadline = performance.now() + WAIT_MS;
	while (!(await isSo())) {
		if (performance.now() > deadline) throw new Error('What the test waits for does not happen');
		await wait(POLL_MS);
	}
}
