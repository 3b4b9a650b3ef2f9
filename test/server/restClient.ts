import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import axios, { type AxiosInstance } from 'axios';
import { z } from 'zod';

import { readExecutionData, type ExecutionData } from './executionData';

/** A workflow's nodes, as far as the tests change them. */
const nodeSchema = z
	.object({
		name: z.string(),
		type: z.string(),
		parameters: z.record(z.unknown()),
		credentials: z.record(z.object({ id: z.string(), name: z.string() })).optional(),
	})
	.passthrough();

export const workflowSchema = z
	.object({
		name: z.string(),
		nodes: z.array(nodeSchema),
		connections: z.record(z.unknown()),
		settings: z.record(z.unknown()).optional(),
		pinData: z.record(z.array(z.object({ json: z.record(z.unknown()) }))).optional(),
	})
	.passthrough();

export type WorkflowJson = z.infer<typeof workflowSchema>;

const createdSchema = z.object({ id: z.string() });

const versionSchema = z.object({ versionId: z.string() });

const verdictSchema = z.object({ status: z.enum(['OK', 'Error']), message: z.string() });

export type CredentialVerdict = z.infer<typeof verdictSchema>;

const typesSchema = z.array(z.object({ name: z.string() }));

function namesOf(types: unknown): string[] {
	return typesSchema.parse(types).map(({ name }) => name);
}

const reportSchema = z.object({ report: z.object({ workflowResults: z.array(z.unknown()) }) });

const startedSchema = z.object({ executionId: z.string() });

const UNFINISHED = ['new', 'running', 'unknown'];

const summarySchema = z.object({
	id: z.coerce.string(),
	status: z.string(),
	startedAt: z.coerce.date().nullish(),
	stoppedAt: z.coerce.date().nullish(),
	retrySuccessId: z.string().nullish(),
});

const listSchema = z.object({ results: z.array(summarySchema) });

const executionSchema = summarySchema.extend({ data: z.string() });

export interface Execution {
	id: string;
	status: string;
	/** Whether the list of executions offers a retry. */
	isRetryOffered: boolean;
	/** From start to end, by n8n's own clock. */
	seconds: number;
	data: ExecutionData;
}

export interface Owner {
	email: string;
	password: string;
}

export const OWNER: Owner = { email: 'owner@example.com', password: 'Seedream-2-images' };

/** Polls less and less often, as each request costs n8n time. */
const POLL_SHARE = 0.03;

const MIN_POLL_MS = 200;

/** n8n's internal REST API, as the editor uses it. */
export class RestClient {
	private readonly http: AxiosInstance;

	private cookie = '';

	constructor(readonly url: string) {
		this.http = axios.create({
			baseURL: url,
			proxy: false,
			maxRedirects: 0,
			validateStatus: () => true,
			maxContentLength: Infinity,
			// After a long execution of code, n8n closes kept connections that have a request.
			httpAgent: new Agent({ keepAlive: false }),
			// The session is bound to it.
			headers: { 'browser-id': 'seedream' },
		});
	}

	/** For a new n8n; also logs in. */
	async setUpOwner({ email, password }: Owner = OWNER): Promise<void> {
		await this.call('post', '/rest/owner/setup', {
			email,
			password,
			firstName: 'Otto',
			lastName: 'Owner',
		});
	}

	async login({ email, password }: Owner = OWNER): Promise<void> {
		await this.call('post', '/rest/login', { emailOrLdapLoginId: email, password });
	}

	async createCredential(
		name: string,
		type: string,
		data: Record<string, unknown>,
	): Promise<string> {
		return createdSchema.parse(await this.call('post', '/rest/credentials', { name, type, data }))
			.id;
	}

	/** As the Test button does, with the form's values. */
	async testCredential(
		{ id, name }: { id: string; name: string },
		type: string,
		data: Record<string, unknown>,
	): Promise<CredentialVerdict> {
		const credentials = { id, name, type, data };
		return verdictSchema.parse(await this.call('post', '/rest/credentials/test', { credentials }));
	}

	/** The names of all node types. */
	/** What n8n's Migration Report finds in the workflows, for the next major version. */
	async migrationReport(version: 'v3'): Promise<unknown[]> {
		const path = `/rest/breaking-changes/report/refresh?version=${version}`;
		return reportSchema.parse(await this.call('post', path)).report.workflowResults;
	}

	async nodeTypes(): Promise<string[]> {
		return namesOf(await this.call('get', '/types/nodes.json'));
	}

	async credentialTypes(): Promise<string[]> {
		return namesOf(await this.call('get', '/types/credentials.json'));
	}

	async deleteCredential(id: string): Promise<void> {
		await this.call('delete', `/rest/credentials/${id}`);
	}

	async createWorkflow(workflow: WorkflowJson): Promise<string> {
		return createdSchema.parse(
			await this.call('post', '/rest/workflows', { active: false, ...workflow }),
		).id;
	}

	/** Every node type in all its versions, as the editor gets them. */
	async nodeDescriptions(): Promise<unknown> {
		return await this.call('get', '/types/nodes.json');
	}

	async workflow(id: string): Promise<WorkflowJson> {
		return workflowSchema.parse(await this.call('get', `/rest/workflows/${id}`));
	}

	/** As the editor saves it. */
	async saveWorkflow(id: string, workflow: WorkflowJson): Promise<void> {
		await this.call('patch', `/rest/workflows/${id}`, workflow);
	}

	/** Publishes the saved workflow: its trigger works soon. */
	async activate(id: string): Promise<void> {
		const { versionId } = versionSchema.parse(await this.call('get', `/rest/workflows/${id}`));
		const body = { versionId, name: '', description: '' };
		await this.call('post', `/rest/workflows/${id}/activate`, body);
	}

	/** n8n only deletes archived workflows. */
	async deleteWorkflow(id: string): Promise<void> {
		await this.call('post', `/rest/workflows/${id}/archive`);
		await this.call('delete', `/rest/workflows/${id}`);
	}

	/** As the editor's button does; the trigger must be manual or have pinned data. */
	async run(workflowId: string, trigger: string): Promise<string> {
		return startedSchema.parse(await this.listen(workflowId, trigger)).executionId;
	}

	/** Like `run`, but the execution starts with the next request to the trigger's test URL. */
	async listen(workflowId: string, trigger: string): Promise<unknown> {
		// n8n 1 runs the workflow in the request; n8n 2 ignores it and runs the saved one.
		const workflowData = await this.call('get', `/rest/workflows/${workflowId}`);
		const body = { workflowData, triggerToStartFrom: { name: trigger } };
		return await this.call('post', `/rest/workflows/${workflowId}/run`, body);
	}

	async stop(executionId: string): Promise<void> {
		await this.call('post', `/rest/executions/${executionId}/stop`);
	}

	/**
	 * Resolves when the new execution has ended. `loadWorkflow` is the choice in the editor's menu: the currently saved
	 * workflow or the original one.
	 */
	async retry(executionId: string, { loadWorkflow = true } = {}): Promise<string> {
		const body = { loadWorkflow };
		return createdSchema.parse(
			await this.call('post', `/rest/executions/${executionId}/retry`, body),
		).id;
	}

	/** Whether it has ended; without its data, which can be large. */
	async isOver(workflowId: string, executionId: string): Promise<boolean> {
		const found = (await this.latest(workflowId)).find(({ id }) => id === executionId);
		return found !== undefined && !UNFINISHED.includes(found.status);
	}

	/** The IDs of a workflow's last 100 executions, newest first; undefined while one of them isn't over. */
	async finishedExecutions(workflowId: string): Promise<string[] | undefined> {
		const executions = await this.latest(workflowId, 100);
		const isOver = executions.every(({ status }) => !UNFINISHED.includes(status));
		return isOver ? executions.map(({ id }) => id) : undefined;
	}

	private async latest(workflowId: string, limit = 10) {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		const answer = await this.call('get', `/rest/executions?filter=${filter}&limit=${limit}`);
		return listSchema.parse(answer).results;
	}

	/** Stops the execution after `timeoutMs`; returns what there is. */
	async waitFor(
		workflowId: string,
		executionId: string,
		timeoutMs: number,
	): Promise<Execution & { stopped: boolean }> {
		const begun = performance.now();
		const deadline = begun + timeoutMs;
		let stopped = false;
		while (!(await this.isOver(workflowId, executionId))) {
			if (performance.now() > deadline && !stopped) {
				stopped = true;
				await this.stop(executionId);
			}
			await wait(Math.max(MIN_POLL_MS, (performance.now() - begun) * POLL_SHARE));
		}
		return { ...(await this.execution(executionId)), stopped };
	}

	async execution(id: string): Promise<Execution> {
		const answer = await this.call('get', `/rest/executions/${id}`);
		const { status, startedAt, stoppedAt, retrySuccessId, data } = executionSchema.parse(answer);
		return {
			id,
			status,
			isRetryOffered: ['crashed', 'error'].includes(status) && !retrySuccessId,
			seconds: ((stoppedAt?.getTime() ?? NaN) - (startedAt?.getTime() ?? NaN)) / 1000,
			data: readExecutionData(data),
		};
	}

	/** Including its files. */
	async deleteExecution(id: string): Promise<void> {
		await this.call('post', '/rest/executions/delete', { ids: [id] });
	}

	async file(binaryId: string): Promise<Buffer> {
		const { status, data } = await this.http.get<Buffer>('/rest/binary-data', {
			params: { id: binaryId, action: 'download' },
			headers: { cookie: this.cookie },
			responseType: 'arraybuffer',
		});
		if (status !== 200) throw new Error(`n8n answered ${status} when asked for ${binaryId}`);
		return data;
	}

	/** Of an item's binary field, which has the file itself or, if n8n stores files elsewhere, its ID. */
	async bytesOf({ id, data }: { id?: string; data: string }): Promise<Buffer> {
		return id === undefined ? Buffer.from(data, 'base64') : await this.file(id);
	}

	private async call(
		method: 'get' | 'post' | 'delete' | 'patch',
		path: string,
		body?: unknown,
	): Promise<unknown> {
		const { status, data, headers } = await this.http.request<unknown>({
			method,
			url: path,
			data: body,
			headers: { cookie: this.cookie },
		});
		if (status >= 400) {
			const text = JSON.stringify(data).slice(0, 500);
			throw new Error(`n8n answered ${status} to ${method.toUpperCase()} ${path}: ${text}`);
		}
		this.keepCookie(headers['set-cookie']);
		const wrapped = wrappedSchema.safeParse(data);
		return wrapped.success ? wrapped.data.data : data;
	}

	private keepCookie(cookies: readonly string[] = []): void {
		const own = cookies.find((cookie) => cookie.startsWith('n8n-auth='));
		if (own !== undefined) this.cookie = own.split(';')[0] ?? '';
	}
}

/** The format of most of n8n's responses. */
const wrappedSchema = z
	.object({ data: z.unknown() })
	.refine((answer) => 'data' in answer && answer.data !== undefined);
