import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { CredentialName, GatewayCredentials } from '../server/seedreamN8n';
import { workflowSchema, type WorkflowJson } from '../server/restClient';

type WorkflowNode = WorkflowJson['nodes'][number];

type Parameters = Readonly<Record<string, unknown>>;

const START = 'Start by hand';

export const GENERATE = 'Seedream Generate';

export const TASK_STATUS = 'Seedream Task Status';

const BETWEEN_NODES = 240;

/** A node as a workflow keeps it, without its place. */
export function node(
	name: string,
	type: string,
	parameters: Parameters = {},
	more: Partial<WorkflowNode> = {},
): WorkflowNode {
	return { name, type, typeVersion: 1, parameters, ...more };
}

export function generate(parameters: Parameters, credentials?: GatewayCredentials): WorkflowNode {
	return node(GENERATE, 'n8n-nodes-seedream.seedreamGenerate', parameters, { credentials });
}

export function taskStatus(parameters: Parameters, credentials?: GatewayCredentials): WorkflowNode {
	return node(TASK_STATUS, 'n8n-nodes-seedream.seedreamTaskStatus', parameters, { credentials });
}

/** Nodes one after the other, behind a button. */
export function inARow(name: string, nodes: readonly WorkflowNode[]): WorkflowJson {
	const all = [node(START, 'n8n-nodes-base.manualTrigger'), ...nodes];
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
	};
}

export type Row = Readonly<Record<string, string>>;

/** Every setting of a row from its column. */
export const FROM_COLUMNS: Parameters = {
	provider: '={{ $json.provider }}',
	model: '={{ $json.model }}',
	prompt: '={{ $json.prompt }}',
	aspectRatio: '={{ $json.aspect_ratio }}',
	options: { fileName: '={{ $json.name }}' },
};

/** The workflow that the package is for: rows of a file, and images in the next node. */
export function spreadsheet(
	file: string,
	parameters: Parameters,
	credentials: GatewayCredentials,
): WorkflowJson {
	return inARow('Spring campaign', [
		node('Open campaign.csv', 'n8n-nodes-base.readWriteFile', { fileSelector: file, options: {} }),
		node('Read its rows', 'n8n-nodes-base.extractFromFile', { options: {} }),
		generate(parameters, credentials),
	]);
}

/** The same rows, without a file. */
export function rows(
	list: readonly Row[],
	parameters: Parameters,
	credentials?: GatewayCredentials,
): WorkflowJson {
	return {
		...inARow('Spring campaign', [
			node('Campaign', 'n8n-nodes-base.noOp'),
			generate(parameters, credentials),
		]),
		pinData: { Campaign: list.map((json) => ({ json })) },
	};
}

const AGENT = resolve(__dirname, '../../examples/ai-agent.json');

export const AGENT_TOOL = 'n8n-nodes-seedream.seedreamGenerateTool';

const AGENT_MODEL = '@n8n/n8n-nodes-langchain.lmChatOpenAi';

/** The example of an agent with Seedream Generate as its tool, without the notes. */
export async function agent(
	credentials: Readonly<Record<string, CredentialName>>,
): Promise<WorkflowJson> {
	const workflow = workflowSchema.parse(JSON.parse(await readFile(AGENT, 'utf8')));
	const nodes = workflow.nodes
		.filter(({ type }) => !type.endsWith('stickyNote'))
		.map((one) => ([AGENT_TOOL, AGENT_MODEL].includes(one.type) ? { ...one, credentials } : one));
	return { ...workflow, name: 'Image assistant', nodes };
}
