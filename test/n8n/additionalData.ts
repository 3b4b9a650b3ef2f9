import type {
	ICredentialDataDecryptedObject,
	ICredentialsHelper,
	ICredentialType,
	IHttpRequestOptions,
	IWorkflowExecuteAdditionalData,
	Workflow,
} from 'n8n-workflow';

import type { ExecutionOptions } from './engine';
import type { N8nRuntime } from './n8nRuntime';

/** Nothing listens here; expressions only need something that looks like an address. */
const UNREACHABLE_URL = 'http://n8n.invalid';

/** What n8n's server gives the engine: credentials, URLs and callbacks. */
export function createAdditionalData(
	n8n: N8nRuntime,
	workflow: Workflow,
	options: Pick<
		ExecutionOptions,
		'credentials' | 'dataTables' | 'executionId' | 'onMessage' | 'publicUrl'
	>,
): IWorkflowExecuteAdditionalData {
	const { credentials, dataTables, onMessage, publicUrl = UNREACHABLE_URL } = options;
	return {
		credentialsHelper: createCredentialsHelper(n8n, credentials),
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
		externalSecretsProxy: new n8n.core.ExternalSecretsProxy(),
		setExecutionStatus: () => undefined,
		logAiEvent: () => undefined,
		sendDataToUI: (type, data) => {
			if (type !== 'sendConsoleMessage' || Array.isArray(data)) return;
			for (const message of data.messages as unknown[]) onMessage?.(String(message));
		},
		executeWorkflow:
			dataTables?.executeWorkflow ?? (async () => await unavailable('executeWorkflow')),
		getRunExecutionData: async () => undefined,
		getRuntimeCredential: async () => undefined,
		startRunnerTask: async () => await unavailable('startRunnerTask'),
	};
}

function createCredentialsHelper(
	{ loader }: N8nRuntime,
	credentials: ExecutionOptions['credentials'],
): ICredentialsHelper {
	return {
		getParentTypes: () => [],
		isCredentialUsableByNode: () => true,
		authenticate: async (data, typeName, options) =>
			await authenticate(loader.getCredential(typeName).type, data, options as IHttpRequestOptions),
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

/** What n8n does with a credential's `authenticate`, if it's a function. */
async function authenticate(
	{ authenticate: addKey }: ICredentialType,
	credentials: ICredentialDataDecryptedObject,
	request: IHttpRequestOptions,
): Promise<IHttpRequestOptions> {
	if (typeof addKey !== 'function') return await unavailable('generic authentication');
	return await addKey(credentials, request);
}

async function unavailable(what: string): Promise<never> {
	throw new Error(`${what} is not available in the test engine`);
}
