import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type {
	IBinaryData,
	IBinaryKeyData,
	ICredentialDataDecryptedObject,
	IDataObject,
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

import { createAdditionalData } from './additionalData';
import { testCredential, type CredentialTestResult } from './credentialTest';
import type { DataTables } from './dataTables';
import { buildWorkflow, newExecution, NODE, nodeTypeName } from './engineWorkflow';
import { prepareRetry, saveAndReload } from './executionStorage';
import type { N8n1 } from './n8n1';
import { loadN8n, type N8nRuntime } from './n8nRuntime';
import { CallTracker, withExecute, type LogLine } from './nodeRecorder';

/**
 * Runs the built package in n8n's own engine, in this process: n8n-core loads `dist/` like any
 * community package and executes a workflow of two nodes, rows → the node under test.
 */

export interface ExecutionOptions {
	node: 'seedreamGenerate' | 'seedreamTaskStatus' | 'seedreamTrigger';
	parameters: INodeParameters;
	/** The `json` of the input items, or of what the trigger's webhook returned. */
	rows: IDataObject[];
	/** The files of the input items, by binary field; `storeFile` creates them. */
	files?: Array<IBinaryKeyData | undefined>;
	credentials: Record<string, ICredentialDataDecryptedObject>;
	/** None by default, as in n8n 1. */
	dataTables?: DataTables;
	/** Runs the node as this n8n 1 does, and otherwise as n8n 2. */
	n8n1?: N8n1;
	onError?: INode['onError'];
	/** Of the node; default 1. */
	typeVersion?: number;
	/** How often Retry On Fail calls the node, 2 to 5; off by default. */
	tries?: number;
	/** Between two tries; default 50. n8n reads 0 as 1000 and allows at most 5000. */
	waitBetweenTriesMs?: number;
	cancelAfterMs?: number;
	/** Stops the execution as soon as it resolves. */
	cancelWhen?: Promise<void>;
	/**
	 * The editor's "Retry execution" with the currently saved workflow: `rows` and `files` are those
	 * of the failed execution, everything else comes from these options.
	 */
	retryOf?: NodeResult;
	/**
	 * Wires the error output back to the input and lets failed rows through it, unchanged, this many
	 * times. `onError` must be continueErrorOutput. `items` and `errorItems` are those of the last turn.
	 */
	loopErrors?: number;
	/** Random by default. */
	executionId?: string;
	/** Default: retry for a retry, otherwise manual. `onMessage` is only called in manual mode. */
	mode?: WorkflowExecuteMode;
	/** The address at which the internet reaches this n8n; none by default. */
	publicUrl?: string;
	/** What the node writes to the editor's console while it runs. */
	onMessage?: (message: string) => void;
	/** Each call of the node's `execute` is made inside this. */
	wrapExecute?: <T>(call: () => Promise<T>) => Promise<T>;
}

export interface NodeResult {
	status: IRun['status'];
	error?: NodeOperationError;
	items: INodeExecutionData[];
	/** What went to the error output, if the node has one. */
	errorItems: INodeExecutionData[];
	/** The regular output each time n8n ran the node: several in a loop. */
	runs: INodeExecutionData[][];
	hints: NodeExecutionHint[];
	/**
	 * The execution as n8n saves it and reads it back. After a cancel, that's its state at that
	 * moment, without what the node still did.
	 */
	execution: IRunExecutionData;
	/** What the node logged, at any level; concurrent executions don't mix. */
	log: LogLine[];
	/** How often n8n called the node's `execute`: each try counts, and each turn of a loop. */
	calls: number;
	/**
	 * Resolves when `execute` has ended and isn't called again. n8n 2.41 waits for that itself, also
	 * after a cancel, so only what the node left running without awaiting it can come later.
	 */
	settled: Promise<void>;
	seconds: number;
}

export interface Engine {
	run: (options: ExecutionOptions) => Promise<NodeResult>;
	/** A credential's own test, as the editor's Test button runs it. */
	testCredential: (
		name: string,
		data: ICredentialDataDecryptedObject,
	) => Promise<CredentialTestResult>;
	nodeType: (name: ExecutionOptions['node']) => INodeType;
	readFile: (file: IBinaryData) => Promise<Buffer>;
	/** Puts a file where n8n keeps them; a stream isn't held in memory. */
	storeFile: (content: Buffer | Readable, mimeType: string) => Promise<IBinaryData>;
	/** Milliseconds n8n took to load the package. */
	loadMs: number;
	close: () => void;
}

/** How long the node must not be called again before a stopped execution counts as over. */
const QUIET_MS = 200;

export async function startEngine(): Promise<Engine> {
	const userFolder = mkdtempSync(join(tmpdir(), 'seedream-engine-'));
	const n8n = await loadN8n(userFolder);
	const { binaryData, loadMs } = n8n;
	const location = { type: 'execution', workflowId: 'workflow', executionId: 'files' } as const;
	return {
		run: async (options) => await execute(n8n, options),
		testCredential: async (name, data) => await testCredential(n8n, name, data),
		nodeType: (name) => n8n.nodeTypes.getByNameAndVersion(nodeTypeName(name)) as INodeType,
		storeFile: async (content, mimeType) =>
			await binaryData.store(location, content, { data: '', mimeType, fileName: 'image' }),
		readFile: async (file) => await binaryData.getAsBuffer(file),
		loadMs,
		close: () => rmSync(userFolder, { recursive: true, force: true }),
	};
}

async function execute(n8n: N8nRuntime, options: ExecutionOptions): Promise<NodeResult> {
	const { retryOf, cancelAfterMs, cancelWhen } = options;
	const mode = options.mode ?? (retryOf ? 'retry' : 'manual');
	const calls = new CallTracker();
	const log: LogLine[] = [];
	const types = recordingNodeTypes(n8n, options, calls, log);
	const workflow = buildWorkflow(n8n, options, types);
	const initial = retryOf
		? prepareRetry(retryOf.execution, workflow)
		: newExecution(n8n, options, workflow);
	const additionalData = createAdditionalData(n8n, workflow, options);
	const saved = saveWhenFinished(n8n, additionalData, workflow, mode);
	await workflow.expression.acquireIsolate();
	const begun = performance.now();
	const running = new n8n.core.WorkflowExecute(
		additionalData,
		mode,
		initial,
	).processRunExecutionData(workflow);
	if (cancelAfterMs !== undefined) setTimeout(() => running.cancel(), cancelAfterMs);
	void cancelWhen?.then(() => running.cancel());
	const { status, data: result } = await running;
	await workflow.expression.releaseIsolate();
	return {
		status,
		...outputOf(result),
		execution: saved() ?? saveAndReload(result),
		log,
		calls: calls.count,
		settled: running.isCanceled ? calls.untilIdle(QUIET_MS) : Promise.resolve(),
		seconds: (performance.now() - begun) / 1000,
	};
}

/** All node types; calls and log of the one under test are recorded. */
function recordingNodeTypes(
	{ nodeTypes, logs }: N8nRuntime,
	{ node, n8n1, wrapExecute = async (call) => await call() }: ExecutionOptions,
	calls: CallTracker,
	log: LogLine[],
): INodeTypes {
	const tested = nodeTypeName(node);
	const recorded = withExecute(
		nodeTypes.getByNameAndVersion(tested) as INodeType,
		(original) =>
			async function (this, ...args) {
				const context = n8n1?.contextOf(this) ?? this;
				const call = async () => await original.apply(context, args);
				return await calls.track(async () => await logs.record(log, () => wrapExecute(call)));
			},
	);
	return {
		...nodeTypes,
		getByNameAndVersion: (name) =>
			name === tested ? recorded : nodeTypes.getByNameAndVersion(name),
	};
}

/** Saves when n8n does: at the end, or immediately when the execution is stopped. */
function saveWhenFinished(
	{ core }: N8nRuntime,
	additionalData: IWorkflowExecuteAdditionalData,
	workflow: Workflow,
	mode: WorkflowExecuteMode,
): () => IRunExecutionData | undefined {
	let saved: IRunExecutionData | undefined;
	const hooks = new core.ExecutionLifecycleHooks(mode, additionalData.executionId ?? '', {
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
	hooks.addHandler('workflowExecuteAfter', ({ data }) => {
		saved = saveAndReload(data);
	});
	additionalData.hooks = hooks;
	return () => saved;
}

function outputOf({ resultData }: IRunExecutionData) {
	const tasks = resultData.runData[NODE] ?? [];
	const last = tasks.at(-1);
	return {
		error: (resultData.error ?? last?.error) as NodeOperationError | undefined,
		items: last?.data?.main?.[0] ?? [],
		errorItems: last?.data?.main?.[1] ?? [],
		runs: tasks.map(({ data }) => data?.main?.[0] ?? []),
		hints: last?.hints ?? [],
	};
}
