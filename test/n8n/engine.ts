import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';

import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { join, resolve } from 'node:path';

import type * as Di from '@n8n/di';
import get from 'lodash/get';
import type {
	IBinaryData,
	IBinaryKeyData,
	ICredentialDataDecryptedObject,
	ICredentialsHelper,
	ICredentialTestRequest,
	IDataObject,
	IHttpRequestOptions,
	INode,
	INodeExecutionData,
	INodeParameters,
	INodeType,
	INodeTypes,
	IRun,
	IWorkflowExecuteAdditionalData,
	NodeExecutionHint,
	NodeOperationError,
	Workflow,
} from 'n8n-workflow';

/**
 * Runs the built package in n8n's own engine, in this process: n8n-core loads `dist/` as it loads
 * any community package, and executes a workflow of two nodes, rows → the node under test.
 */

export interface NodeRun {
	node: 'seedreamGenerate' | 'seedreamTaskStatus';
	parameters: INodeParameters;
	/** The `json` of the input items. */
	rows: IDataObject[];
	/** The files of the input items, by binary field; `storeFile` makes them. */
	files?: Array<IBinaryKeyData | undefined>;
	credentials: Record<string, ICredentialDataDecryptedObject>;
	onError?: INode['onError'];
	/** How often Retry On Fail runs the node; it is off without. */
	tries?: number;
	cancelAfterMs?: number;
	/** The address under which the internet reaches this n8n; by default it has none. */
	publicUrl?: string;
	/** What the node says to the editor's console while it runs. */
	onMessage?: (message: string) => void;
}

export interface NodeResult {
	status: IRun['status'];
	error?: NodeOperationError;
	items: INodeExecutionData[];
	/** What went to the error output, where the node has one. */
	errorItems: INodeExecutionData[];
	hints: NodeExecutionHint[];
	seconds: number;
}

export interface CredentialVerdict {
	passed: boolean;
	message: string;
}

export interface Engine {
	run: (run: NodeRun) => Promise<NodeResult>;
	/** A credential's own test, as the editor's Test button runs it. */
	testCredential: (
		name: string,
		data: ICredentialDataDecryptedObject,
	) => Promise<CredentialVerdict>;
	nodeType: (name: NodeRun['node']) => INodeType;
	readFile: (file: IBinaryData) => Promise<Buffer>;
	/** Puts a file where n8n keeps them; a stream is not held in memory. */
	storeFile: (content: Buffer | Readable, mimeType: string) => Promise<IBinaryData>;
	/** Milliseconds that n8n needed to load the package. */
	loadMs: number;
	close: () => void;
}

const PACKAGE = resolve(__dirname, '../..');
const START = 'test.rows';
/** Nothing listens there: expressions only want addresses that look like some. */
const NOWHERE = 'http://n8n.invalid';

export async function startEngine(): Promise<Engine> {
	const userFolder = mkdtempSync(join(tmpdir(), 'seedream-engine-'));
	process.env.N8N_USER_FOLDER = userFolder;
	process.env.N8N_ENCRYPTION_KEY = 'engine';
	process.env.N8N_LOG_LEVEL ??= 'silent';
	process.env.N8N_DEFAULT_BINARY_DATA_MODE = 'filesystem';

	// n8n-core reads the environment while it loads, so it may load only now.
	const { PackageDirectoryLoader, InstanceSettings, BinaryDataService, ...core } =
		await import('n8n-core');
	const workflowModule = await import('n8n-workflow');
	const { Container } = createRequire(require.resolve('n8n-core'))('@n8n/di') as typeof Di;
	Container.get(InstanceSettings);
	const started = performance.now();
	const loader = new PackageDirectoryLoader(PACKAGE);
	await loader.loadAll();
	const loadMs = performance.now() - started;
	const binaryData = Container.get(BinaryDataService);
	await binaryData.init();

	const nodeType = (name: string) =>
		workflowModule.NodeHelpers.getVersionedNodeType(loader.getNode(name).type);
	const nodeTypes: INodeTypes = {
		getKnownTypes: () => ({}),
		getByName: (name) => nodeTypes.getByNameAndVersion(name),
		getByNameAndVersion: (name) =>
			name === START ? startNode : nodeType(name.slice(name.indexOf('.') + 1)),
	};

	function credentialsHelper(
		credentials: Record<string, ICredentialDataDecryptedObject>,
	): ICredentialsHelper {
		return {
			getParentTypes: () => [],
			isCredentialUsableByNode: () => true,
			authenticate: async (data, typeName, options, workflow, node) =>
				authenticate(loader.getCredential(typeName).type, data, options, workflow, node),
			preAuthentication: async () => undefined,
			runPreAuthentication: async () => undefined,
			getCredentials: async () => await unavailable('getCredentials'),
			getDecrypted: async (_data, _details, typeName) =>
				credentials[typeName] ?? (await unavailable(`credential ${typeName}`)),
			updateCredentials: async () => undefined,
			updateCredentialsOauthTokenData: async () => undefined,
			getCredentialsProperties: (typeName) => loader.getCredential(typeName).type.properties,
		};
	}

	function additionalData(
		credentials: NodeRun['credentials'],
		workflow: Workflow,
		{ onMessage, publicUrl = NOWHERE }: Pick<NodeRun, 'onMessage' | 'publicUrl'> = {},
	): IWorkflowExecuteAdditionalData {
		return {
			credentialsHelper: credentialsHelper(credentials),
			executionId: String(Math.floor(Math.random() * 1e9)),
			workflowId: workflow.id,
			currentNodeExecutionIndex: 0,
			restApiUrl: `${publicUrl}/rest`,
			instanceBaseUrl: publicUrl,
			formBaseUrl: `${publicUrl}/form`,
			formWaitingBaseUrl: `${publicUrl}/form-waiting`,
			formTestBaseUrl: `${publicUrl}/form-test`,
			webhookBaseUrl: `${publicUrl}/webhook`,
			webhookWaitingBaseUrl: `${publicUrl}/webhook-waiting`,
			webhookTestBaseUrl: `${publicUrl}/webhook-test`,
			mcpBaseUrl: `${publicUrl}/mcp`,
			mcpTestBaseUrl: `${publicUrl}/mcp-test`,
			variables: {},
			externalSecretsProxy: new core.ExternalSecretsProxy(),
			setExecutionStatus: () => undefined,
			logAiEvent: () => undefined,
			sendDataToUI: (type, data) => {
				if (type !== 'sendConsoleMessage' || Array.isArray(data)) return;
				for (const message of data.messages as unknown[]) onMessage?.(String(message));
			},
			executeWorkflow: async () => await unavailable('executeWorkflow'),
			getRunExecutionData: async () => undefined,
			getRuntimeCredential: async () => undefined,
			startRunnerTask: async () => await unavailable('startRunnerTask'),
		};
	}

	async function run({ node, parameters, rows, files, ...options }: NodeRun): Promise<NodeResult> {
		const { credentials, onError, tries, cancelAfterMs } = options;
		const workflow = new workflowModule.Workflow({
			id: 'workflow',
			nodes: [
				{ ...AT_START, id: 'rows', name: 'Rows', type: START, typeVersion: 1, parameters: {} },
				{
					...AT_START,
					id: 'node',
					name: 'Node',
					type: `n8n-nodes-seedream.${node}`,
					typeVersion: 1,
					parameters,
					credentials: Object.fromEntries(
						Object.keys(credentials).map((name) => [name, { id: name, name }]),
					),
					onError,
					...(tries ? { retryOnFail: true, maxTries: tries, waitBetweenTries: 50 } : {}),
				},
			],
			connections: { Rows: { main: [[{ node: 'Node', type: 'main', index: 0 }]] } },
			active: false,
			nodeTypes,
			settings: { executionOrder: 'v1' },
		});
		const data = additionalData(credentials, workflow, options);
		data.hooks = new core.ExecutionLifecycleHooks('manual', data.executionId ?? '', {
			id: 'workflow',
			name: 'Workflow',
			nodes: Object.values(workflow.nodes),
			connections: workflow.connectionsBySourceNode,
			active: false,
			isArchived: false,
			createdAt: new Date(),
			updatedAt: new Date(),
			activeVersionId: null,
		});
		const rowsNode = workflow.getNode('Rows');
		if (!rowsNode) throw new Error('The workflow lost its first node');
		await workflow.expression.acquireIsolate();
		const execution = new core.WorkflowExecute(
			data,
			'manual',
			workflowModule.createRunExecutionData({
				executionData: {
					nodeExecutionStack: [
						{
							node: rowsNode,
							data: {
								main: [rows.map((json, index) => ({ json, binary: files?.[index] }))],
							},
							source: null,
						},
					],
				},
			}),
		);
		const begun = performance.now();
		const running = execution.processRunExecutionData(workflow);
		if (cancelAfterMs !== undefined) setTimeout(() => running.cancel(), cancelAfterMs);
		const { status, data: result } = await running;
		await workflow.expression.releaseIsolate();
		const task = result.resultData.runData.Node?.at(-1);
		return {
			status,
			error: (result.resultData.error ?? task?.error) as NodeOperationError | undefined,
			items: task?.data?.main?.[0] ?? [],
			errorItems: task?.data?.main?.[1] ?? [],
			hints: task?.hints ?? [],
			seconds: (performance.now() - begun) / 1000,
		};
	}

	async function testCredential(
		name: string,
		data: ICredentialDataDecryptedObject,
	): Promise<CredentialVerdict> {
		const { test } = loader.getCredential(name).type;
		if (!test) throw new Error(`${name} has no test`);
		const node: INode = {
			...AT_START,
			id: 'test',
			name: 'Test',
			type: START,
			typeVersion: 1,
			parameters: {},
			credentials: { [name]: { id: name, name } },
		};
		const tested: INodeType = {
			description: {
				...startNode.description,
				credentials: [{ name, required: true }],
				properties: [
					{
						displayName: 'Test',
						name: 'test',
						type: 'string',
						default: '',
						routing: { request: test.request },
					},
				],
			},
		};
		const workflow = new workflowModule.Workflow({
			nodes: [node],
			connections: {},
			active: false,
			nodeTypes: { ...nodeTypes, getByNameAndVersion: () => tested },
		});
		const input = { main: [[{ json: {} }]] };
		const context = new core.ExecuteContext(
			workflow,
			node,
			additionalData({ [name]: data }, workflow),
			'internal',
			workflowModule.createRunExecutionData({}),
			0,
			input.main[0] ?? [],
			input,
			{ node, data: input, source: null },
			[],
		);
		await workflow.expression.acquireIsolate();
		try {
			const response = await new core.RoutingNode(context, tested, {
				id: name,
				name,
				type: name,
				data,
			}).runNode();
			return verdict(response?.[0]?.[0]?.json, test.rules ?? []);
		} catch (error) {
			return { passed: false, message: error instanceof Error ? error.message : String(error) };
		} finally {
			await workflow.expression.releaseIsolate();
		}
	}

	return {
		run,
		testCredential,
		nodeType,
		storeFile: async (content, mimeType) =>
			await binaryData.store(
				{ type: 'execution', workflowId: 'workflow', executionId: 'files' },
				content,
				{ data: '', mimeType, fileName: 'image' },
			),
		readFile: async (file) => await binaryData.getAsBuffer(file),
		loadMs,
		close: () => rmSync(userFolder, { recursive: true, force: true }),
	};
}

const AT_START: Pick<INode, 'position'> = { position: [0, 0] };

const startNode: INodeType = {
	description: {
		displayName: 'Rows',
		name: 'rows',
		group: ['trigger'],
		version: 1,
		description: 'Hands on the rows of the test',
		defaults: {},
		inputs: [],
		outputs: ['main'],
		properties: [],
	},
	async execute() {
		return [this.getInputData()];
	},
};

/** What n8n does with a credential's `authenticate`: resolves its expressions and adds the result. */
function authenticate(
	{ authenticate: rules }: { authenticate?: unknown },
	credentials: ICredentialDataDecryptedObject,
	options: IHttpRequestOptions | object,
	workflow: Workflow | undefined,
	node: INode | undefined,
): IHttpRequestOptions {
	const { properties } = rules as { properties: { headers: Record<string, string> } };
	const headers = Object.entries(properties.headers).map(([name, value]) => [
		name,
		workflow && node
			? workflow.expression.getSimpleParameterValue(
					node,
					value,
					'internal',
					{ $credentials: credentials },
					undefined,
					'',
				)
			: value,
	]);
	const request = options as IHttpRequestOptions;
	return { ...request, headers: { ...request.headers, ...Object.fromEntries(headers) } };
}

/** As n8n does after an answer that is no HTTP error. */
function verdict(
	answer: IDataObject | undefined,
	rules: NonNullable<ICredentialTestRequest['rules']>,
): CredentialVerdict {
	for (const { type, properties } of rules) {
		if (type === 'responseSuccessBody' && get(answer, properties.key) === properties.value) {
			return { passed: false, message: properties.message };
		}
	}
	return { passed: true, message: 'Connection successful!' };
}

async function unavailable(what: string): Promise<never> {
	throw new Error(`${what} is not available in the test engine`);
}
