import { readExamples } from '../server/exampleWorkflows';
import { generate, inARow, node, type Parameters } from '../server/nodeChains';
import type { WorkflowJson } from '../server/restClient';
import type { CredentialName, ProviderCredentials } from '../server/seedreamN8n';

export type Row = Readonly<Record<string, string>>;

/** Every parameter from its column. */
export const FROM_COLUMNS: Parameters = {
	provider: '={{ $json.provider }}',
	model: '={{ $json.model }}',
	prompt: '={{ $json.prompt }}',
	aspectRatio: '={{ $json.aspect_ratio }}',
	options: { fileName: '={{ $json.name }}' },
};

/** The workflow this package is made for: rows of a file become images in the next node. */
export function spreadsheet(
	file: string,
	parameters: Parameters,
	credentials: ProviderCredentials,
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
	credentials?: ProviderCredentials,
): WorkflowJson {
	return {
		...inARow('Spring campaign', [
			node('Campaign', 'n8n-nodes-base.noOp'),
			generate(parameters, credentials),
		]),
		pinData: { Campaign: list.map((json) => ({ json })) },
	};
}

export const AGENT_TOOL = 'n8n-nodes-seedream.seedreamGenerateTool';

const AGENT_MODEL = '@n8n/n8n-nodes-langchain.lmChatOpenAi';

/** The AI agent example, without its sticky notes. */
export function agent(credentials: Readonly<Record<string, CredentialName>>): WorkflowJson {
	const workflow = readExamples().get('ai-agent.json');
	if (!workflow) throw new Error('There is no ai-agent.json');
	const nodes = workflow.nodes
		.filter(({ type }) => !type.endsWith('stickyNote'))
		.map((one) => ([AGENT_TOOL, AGENT_MODEL].includes(one.type) ? { ...one, credentials } : one));
	return { ...workflow, name: 'Image assistant', nodes };
}
