import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { join, resolve } from 'node:path';

import type * as BackendCommon from '@n8n/backend-common';
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
	IRunExecutionData,
	IWorkflowExecuteAdditionalData,
	NodeExecutionHint,
	NodeOperationError,
	Workflow,
	WorkflowExecuteMode,
} from 'n8n-workflow';

import { Calls, NodeLog, withExecute, type LogLine } from './nodeWatch';
import { readyForRetry, savedAndRead } from './savedExecution';
import { LOOP_TYPE, loopNode, ROWS, ROWS_TYPE, rowsNode } from './testNodes';

export type { LogLine } from './nodeWatch';

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
	/** How often Retry On Fail runs the node, 2 to 5; it is off without. */
	tries?: number;
	/** Between two tries; 50 unless told. n8n reads 0 as 1000, and allows no more than 5000. */
	waitBetweenTriesMs?: number;
	cancelAfterMs?: number;
	/** Stops the run as soon as it resolves. */
	cancelWhen?: Promise<void>;
	/**
	 * The editor's "Retry execution", with the currently saved workflow: `rows` and `files` are those
	 * of the failed execution, everything else is as said here.
	 */
	retryOf?: NodeResult;
	/**
	 * Wires the error output back to the input, and lets failed rows, as they were, through it so many
	 * times. `onError` must be continueErrorOutput. `items` and `errorItems` are those of the last run.
	 */
	loopErrors?: number;
	/** A random one by default. */
	executionId?: string;
	/** Retry for a retry, else manual. `onMessage` hears nothing in any other than manual. */
	mode?: WorkflowExecuteMode;
	/** The address under which the internet reaches this n8n; by default it has none. */
	publicUrl?: string;
	/** What the node says to the editor's console while it runs. */
	onMessage?: (message: string) => void;
	/** Each call of the node's `execute` is made in here. */
	during?: <T>(call: () => Promise<T>) => Promise<T>;
}

export interface NodeResult {
	status: IRun['status'];
	error?: NodeOperationError;
	items: INodeExecutionData[];
	/** What went to the error output, where the node has one. */
	errorItems: INodeExecutionData[];
	/** The regular output of every run of the node: it has several in a loop. */
	runs: INodeExecutionData[][];
	hints: NodeExecutionHint[];
	/**
	 * The execution as n8n saves it and reads it back. After a cancel that is what there was at that
	 * moment, not what the node still did.
	 */
	execution: IRunExecutionData;
	/** What the node logged, at any level; runs at the same time do not get into each other's. */
	log: LogLine[];
	/** How often n8n called the node's `execute`: each try counts, and each turn of a loop. */
	calls: number;
	/**
	 * Resolves when `execute` has ended and is not called again. As n8n 2.41 itself waits for that,
	 * also after a cancel, only what the node left running without waiting for it can come later.
	 */
	settled: Promise<void>;
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
/** The name of the node under test. */
const NODE = 'Node';
const LOOP = 'Loop';
/** How long the node is not called again before a stopped run counts as over. */
const QUIET_MS = 200;
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
	const requireFromCore = createRequire(require.resolve('n8n-core'));
	const { Container } = requireFromCore('@n8n/di') as typeof Di;
	const { Logger } = requireFromCore('@n8n/backend-common') as typeof BackendCommon;
	const { LoggerProxy } = requireFromCore('n8n-workflow') as typeof workflowModule;
	Container.get(InstanceSettings);
	const nodeLog = new NodeLog();
	const logger = nodeLog.around(Container.get(Logger));
	Container.set(Logger, logger);
	LoggerProxy.init(logger);
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
		getByNameAndVersion: (name) => TEST_NODES[name] ?? nodeType(name.slice(name.indexOf('.') + 1)),
	};

	/** The node types, the one under test being watched. */
	function watchedNodeTypes(
		tested: string,
		calls: Calls,
		log: LogLine[],
		during: NodeRun['during'] = async (call) => await call(),
	): INodeTypes {
		const watched = withExecute(
			nodeTypes.getByNameAndVersion(tested) as INodeType,
			(execute) =>
				async function (this, ...args) {
					const call = async () => await execute.apply(this, args);
					return await calls.watch(async () => await nodeLog.during(log, () => during(call)));
				},
		);
		return {
			...nodeTypes,
			getByNameAndVersion: (name) =>
				name === tested ? watched : nodeTypes.getByNameAndVersion(name),
		};
	}

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
		options: Pick<NodeRun, 'executionId' | 'onMessage' | 'publicUrl'> = {},
	): IWorkflowExecuteAdditionalData {
		const { onMessage, publicUrl = NOWHERE } = options;
		return {
			credentialsHelper: credentialsHelper(credentials),
			executionId: options.executionId ?? String(Math.floor(Math.random() * 1e9)),
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

	function workflowOf(run: NodeRun, types: INodeTypes): Workflow {
		const { parameters, credentials, onError, tries, waitBetweenTriesMs, loopErrors } = run;
		if (loopErrors !== undefined && onError !== 'continueErrorOutput') {
			throw new Error('Only an error output can be wired back: onError: continueErrorOutput');
		}
		const loop = loopErrors !== undefined && {
			...PLAIN_NODE,
			id: 'loop',
			name: LOOP,
			type: LOOP_TYPE,
			parameters: { turns: loopErrors },
		};
		const toNode = { main: [[{ node: NODE, type: 'main' as const, index: 0 }]] };
		const toLoop = { main: [[], [{ node: LOOP, type: 'main' as const, index: 0 }]] };
		return new workflowModule.Workflow({
			id: 'workflow',
			nodes: [
				{ ...PLAIN_NODE, id: 'rows', name: ROWS, type: ROWS_TYPE, parameters: {} },
				{
					...PLAIN_NODE,
					id: 'node',
					name: NODE,
					type: typeOf(run.node),
					parameters,
					credentials: Object.fromEntries(
						Object.keys(credentials).map((name) => [name, { id: name, name }]),
					),
					onError,
					...(tries
						? { retryOnFail: true, maxTries: tries, waitBetweenTries: waitBetweenTriesMs ?? 50 }
						: {}),
				},
				...(loop ? [loop] : []),
			],
			connections: {
				[ROWS]: toNode,
				...(loop ? { [NODE]: toLoop, [LOOP]: toNode } : {}),
			},
			active: false,
			nodeTypes: types,
			settings: { executionOrder: 'v1' },
		});
	}

	/** An execution that begins with the rows of the test. */
	function newExecution({ rows, files }: NodeRun, workflow: Workflow): IRunExecutionData {
		const node = workflow.getNode(ROWS);
		if (!node) throw new Error('The workflow lost its first node');
		const items = rows.map((json, index) => ({ json, binary: files?.[index] }));
		return workflowModule.createRunExecutionData({
			executionData: { nodeExecutionStack: [{ node, data: { main: [items] }, source: null }] },
		});
	}

	async function run(options: NodeRun): Promise<NodeResult> {
		const { node, credentials, retryOf, cancelAfterMs, cancelWhen, during } = options;
		const mode = options.mode ?? (retryOf ? 'retry' : 'manual');
		const calls = new Calls();
		const log: LogLine[] = [];
		const types = watchedNodeTypes(typeOf(node), calls, log, during);
		const workflow = workflowOf(options, types);
		const before = retryOf
			? readyForRetry(retryOf.execution, workflow)
			: newExecution(options, workflow);
		const data = additionalData(credentials, workflow, options);
		data.hooks = new core.ExecutionLifecycleHooks(mode, data.executionId ?? '', {
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
		let saved: IRunExecutionData | undefined;
		// Where n8n saves, too: at the end, or at once when the run is stopped.
		data.hooks.addHandler('workflowExecuteAfter', (ended) => {
			saved = savedAndRead(ended.data);
		});
		await workflow.expression.acquireIsolate();
		const begun = performance.now();
		const running = new core.WorkflowExecute(data, mode, before).processRunExecutionData(workflow);
		if (cancelAfterMs !== undefined) setTimeout(() => running.cancel(), cancelAfterMs);
		void cancelWhen?.then(() => running.cancel());
		const { status, data: result } = await running;
		await workflow.expression.releaseIsolate();
		const tasks = result.resultData.runData[NODE] ?? [];
		const task = tasks.at(-1);
		return {
			status,
			error: (result.resultData.error ?? task?.error) as NodeOperationError | undefined,
			items: task?.data?.main?.[0] ?? [],
			errorItems: task?.data?.main?.[1] ?? [],
			runs: tasks.map((each) => each.data?.main?.[0] ?? []),
			hints: task?.hints ?? [],
			execution: saved ?? savedAndRead(result),
			log,
			calls: calls.count,
			settled: running.isCanceled ? calls.quiet(QUIET_MS) : Promise.resolve(),
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
			...PLAIN_NODE,
			id: 'test',
			name: 'Test',
			type: ROWS_TYPE,
			parameters: {},
			credentials: { [name]: { id: name, name } },
		};
		const tested: INodeType = {
			description: {
				...rowsNode.description,
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

const PLAIN_NODE: Pick<INode, 'position' | 'typeVersion'> = { position: [0, 0], typeVersion: 1 };

const TEST_NODES: Record<string, INodeType> = { [ROWS_TYPE]: rowsNode, [LOOP_TYPE]: loopNode };

const typeOf = (node: NodeRun['node']) => `n8n-nodes-seedream.${node}`;

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
