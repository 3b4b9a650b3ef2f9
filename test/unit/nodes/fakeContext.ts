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
	/** For each row, what its fields hold; a field that is missing is hidden. */
	rows?: Array<Record<string, unknown>>;
	node?: Partial<INode>;
	continueOnFail?: boolean;
	credentials?: Record<string, ICredentialDataDecryptedObject>;
	helpers?: Partial<Record<keyof IExecuteFunctions['helpers'], unknown>>;
	signal?: AbortSignal;
	executionId?: string;
	/** How often the node has run before in this execution, in a loop. */
	runIndex?: number;
	instanceId?: string;
	workflowId?: string;
	/** Which n8n keeps over a retry; older versions have none. */
	executionContext?: { establishedAt: number; parentExecutionId?: string };
	/** Takes what is to be called at the execution's end; without it, the context is one of n8n 1. */
	atEnd?: Array<() => unknown>;
	savesProgress?: boolean;
	mode?: WorkflowExecuteMode;
	/** What `getContext('node')` holds. */
	nodeContext?: IDataObject;
	/** Takes the hints; without it, the context is one of an n8n that has none. */
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

/** The little of n8n's execution that the code under test asks for. */
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
	atEnd,
	savesProgress = false,
	mode = 'trigger',
	nodeContext = {},
	hints,
}: FakeContext = {}): IExecuteFunctions {
	const context = {
		getNode: () => ({ ...NODE, ...node }),
		getInputData: (): INodeExecutionData[] => rows.map((json) => ({ json: json as IDataObject })),
		getNodeParameter: (name: string, itemIndex: number, whenHidden?: unknown) => {
			const row = rows[itemIndex] ?? {};
			return name in row ? row[name] : whenHidden;
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
		onExecutionFinish: atEnd && ((callback: () => unknown) => atEnd.push(callback)),
		evaluateExpression: (expression: string) =>
			expression === '{{ $runIndex }}' ? runIndex : undefined,
		getContext: (type: string) => (type === 'node' ? nodeContext : {}),
		addExecutionHints: hints && ((...given: NodeExecutionHint[]) => hints.push(...given)),
		helpers,
	};
	return context as unknown as IExecuteFunctions;
}
