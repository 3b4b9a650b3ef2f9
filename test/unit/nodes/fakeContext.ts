import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	NodeExecutionHint,
	WorkflowExecuteMode,
} from 'n8n-workflow';

export interface FakeContext {
	/** The parameters of each row; a missing one is hidden. */
	rows?: Array<Record<string, unknown>>;
	node?: Partial<INode>;
	continueOnFail?: boolean;
	credentials?: Record<string, ICredentialDataDecryptedObject>;
	helpers?: Partial<Record<keyof IExecuteFunctions['helpers'], unknown>>;
	signal?: AbortSignal;
	executionId?: string;
	/** How many times the node has already run in this execution, in a loop. */
	runIndex?: number;
	instanceId?: string;
	workflowId?: string;
	/** n8n keeps it across retries; older versions have none. */
	executionContext?: { establishedAt: number; parentExecutionId?: string };
	/** Receives the callbacks for the execution's end. Without it, the context is that of n8n 1. */
	finishCallbacks?: Array<() => unknown>;
	savesProgress?: boolean;
	mode?: WorkflowExecuteMode;
	/** What `getContext('node')` returns. */
	nodeContext?: IDataObject;
	/** Receives the hints. Without it, the context is that of an n8n version without hints. */
	hints?: NodeExecutionHint[];
}

export const NODE: INode = {
	id: 'node-1',
	name: 'Seedream Generate',
	type: 'n8n-nodes-seedream.seedreamGenerate',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

/** As much of n8n's execution context as the code under test needs. */
export function fakeContext({
	rows = [{}],
	node = {},
	continueOnFail = false,
	credentials = {},
	helpers = {},
	signal,
	executionId = '42',
	runIndex = 0,
	instanceId = 'instance-1',
	workflowId = 'workflow-1',
	executionContext,
	finishCallbacks,
	savesProgress = false,
	mode = 'trigger',
	nodeContext = {},
	hints,
}: FakeContext = {}): IExecuteFunctions {
	const context = {
		getNode: () => ({ ...NODE, ...node }),
		getInputData: (): INodeExecutionData[] => rows.map((json) => ({ json: json as IDataObject })),
		getNodeParameter: (name: string, itemIndex: number, fallback?: unknown) => {
			const row = rows[itemIndex] ?? {};
			return name in row ? row[name] : fallback;
		},
		continueOnFail: () => continueOnFail,
		getCredentials: async (name: string) => credentials[name],
		getExecutionCancelSignal: () => signal,
		getExecutionId: () => executionId,
		getMode: () => mode,
		getInstanceId: () => instanceId,
		getWorkflow: () => ({ id: workflowId, active: true }),
		getWorkflowSettings: () => ({ saveExecutionProgress: savesProgress }),
		getExecutionContext: () => executionContext,
		onExecutionFinish:
			finishCallbacks && ((callback: () => unknown) => finishCallbacks.push(callback)),
		evaluateExpression: (expression: string) =>
			expression === '{{ $runIndex }}' ? runIndex : undefined,
		getContext: (type: string) => (type === 'node' ? nodeContext : {}),
		addExecutionHints: hints && ((...added: NodeExecutionHint[]) => hints.push(...added)),
		helpers,
	};
	return context as unknown as IExecuteFunctions;
}
