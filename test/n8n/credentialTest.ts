import { get } from 'lodash';
import type {
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	IDataObject,
	INode,
	INodeType,
} from 'n8n-workflow';

import { createAdditionalData } from './additionalData';
import type { N8nRuntime } from './n8nRuntime';
import { ROWS_TYPE, rowsNode } from './testNodes';

export interface CredentialTestResult {
	passed: boolean;
	message: string;
}

/** Sends a credential's test request, as `CredentialsTester` in n8n's `packages/cli` does. */
export async function testCredential(
	n8n: N8nRuntime,
	name: string,
	data: ICredentialDataDecryptedObject,
): Promise<CredentialTestResult> {
	const { test } = n8n.loader.getCredential(name).type;
	if (!test) throw new Error(`${name} has no test`);
	const node: INode = {
		id: 'test',
		name: 'Test',
		type: ROWS_TYPE,
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
		credentials: { [name]: { id: name, name } },
	};
	const nodeType = requestNode(name, test);
	const workflow = new n8n.workflow.Workflow({
		nodes: [node],
		connections: {},
		active: false,
		nodeTypes: { ...n8n.nodeTypes, getByNameAndVersion: () => nodeType },
	});
	const items = [{ json: {} }];
	const input = { main: [items] };
	const context = new n8n.core.ExecuteContext(
		workflow,
		node,
		createAdditionalData(n8n, workflow, { credentials: { [name]: data } }),
		'internal',
		n8n.workflow.createRunExecutionData({}),
		0,
		items,
		input,
		{ node, data: input, source: null },
		[],
	);
	const credential = { id: name, name, type: name, data };
	await workflow.expression.acquireIsolate();
	try {
		const response = await new n8n.core.RoutingNode(context, nodeType, credential).runNode();
		return applyRules(response?.[0]?.[0]?.json, test.rules ?? []);
	} catch (error) {
		return { passed: false, message: error instanceof Error ? error.message : String(error) };
	} finally {
		await workflow.expression.releaseIsolate();
	}
}

/** A declarative node whose only request is the test's. */
function requestNode(credential: string, test: ICredentialTestRequest): INodeType {
	return {
		description: {
			...rowsNode.description,
			credentials: [{ name: credential, required: true }],
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
}

/** As n8n does with a response that isn't an HTTP error. */
function applyRules(
	response: IDataObject | undefined,
	rules: NonNullable<ICredentialTestRequest['rules']>,
): CredentialTestResult {
	for (const { type, properties } of rules) {
		if (type === 'responseSuccessBody' && get(response, properties.key) === properties.value) {
			return { passed: false, message: properties.message };
		}
	}
	return { passed: true, message: 'Connection successful!' };
}
