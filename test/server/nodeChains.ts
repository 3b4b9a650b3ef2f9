import type { WorkflowJson } from './restClient';
import type { ProviderCredentials } from './seedreamN8n';

/** Workflows of nodes in a row, most of them after a manual trigger. */

export type WorkflowNode = WorkflowJson['nodes'][number];

export type Parameters = Readonly<Record<string, unknown>>;

export const START = 'Start by hand';
export const GENERATE = 'Seedream Generate';
export const TASK_STATUS = 'Seedream Task Status';
export const TRIGGER = 'Seedream Trigger';

const BETWEEN_NODES = 240;

/** A node as a workflow stores it, without its position. */
export function node(
	name: string,
	type: string,
	parameters: Parameters = {},
	more: Partial<WorkflowNode> = {},
): WorkflowNode {
	return { name, type, typeVersion: 1, parameters, ...more };
}

export function generate(
	parameters: Parameters,
	credentials?: ProviderCredentials,
	more: Partial<WorkflowNode> = {},
): WorkflowNode {
	const type = 'n8n-nodes-seedream.seedreamGenerate';
	return node(GENERATE, type, parameters, { credentials, ...more });
}

export function taskStatus(
	parameters: Parameters,
	credentials?: ProviderCredentials,
): WorkflowNode {
	return node(TASK_STATUS, 'n8n-nodes-seedream.seedreamTaskStatus', parameters, { credentials });
}

export function trigger(
	parameters: Parameters,
	credentials: ProviderCredentials,
	more: Partial<WorkflowNode> = {},
): WorkflowNode {
	const type = 'n8n-nodes-seedream.seedreamTrigger';
	return node(TRIGGER, type, parameters, { typeVersion: 1.1, credentials, ...more });
}

/** Outputs the file as an item. */
export function fetchFile(url: string): WorkflowNode {
	const options = { response: { response: { responseFormat: 'file' } } };
	const type = 'n8n-nodes-base.httpRequest';
	return node('HTTP Request', type, { url, options }, { typeVersion: 4.2 });
}

/** Output the rows of a CSV file as items. */
export function readSpreadsheet(url: string): WorkflowNode[] {
	return [fetchFile(url), node('Extract From File', 'n8n-nodes-base.extractFromFile')];
}

/** Starts by hand. */
export function inARow(
	name: string,
	nodes: readonly WorkflowNode[],
	more: Partial<WorkflowJson> = {},
): WorkflowJson {
	return chain(name, [node(START, 'n8n-nodes-base.manualTrigger'), ...nodes], more);
}

/** The first node is the trigger. */
export function chain(
	name: string,
	all: readonly WorkflowNode[],
	more: Partial<WorkflowJson> = {},
): WorkflowJson {
	return {
		name,
		nodes: all.map((one, index) => ({
			...one,
			id: `node-${index}`,
			position: [index * BETWEEN_NODES, 0],
		})),
		connections: Object.fromEntries(
			all.slice(1).map((next, index) => {
				const link = { node: next.name, type: 'main', index: 0 };
				return [all[index]?.name, { main: [[link]] }];
			}),
		),
		settings: { executionOrder: 'v1' },
		...more,
	};
}
