import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
} from 'n8n-workflow';

export interface FakeContext {
	/** For each row, what its fields hold; a field that is missing is hidden. */
	rows?: Array<Record<string, unknown>>;
	node?: Partial<INode>;
	continueOnFail?: boolean;
	credentials?: Record<string, ICredentialDataDecryptedObject>;
	helpers?: Partial<Record<keyof IExecuteFunctions['helpers'], unknown>>;
	signal?: AbortSignal;
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
		helpers,
	};
	return context as unknown as IExecuteFunctions;
}
