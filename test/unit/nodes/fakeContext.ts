import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	NodeExecutionHint,
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
		evaluateExpression: (expression: string) =>
			expression === '{{ $runIndex }}' ? runIndex : undefined,
		getContext: (type: string) => (type === 'node' ? nodeContext : {}),
		addExecutionHints: hints && ((...given: NodeExecutionHint[]) => hints.push(...given)),
		helpers,
	};
	return context as unknown as IExecuteFunctions;
}
