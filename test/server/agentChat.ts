import { readExamples, withCredentials } from './exampleWorkflows';
import { itemsOf, runsOf } from './executionData';
import type { WorkflowJson } from './restClient';
import {
	startScriptedModel,
	type OfferedTool,
	type ScriptedModel,
	type Turn,
} from './scriptedModel';
import type { CredentialName, N8nUnderTest } from './seedreamN8n';
import { withNode, withPinned } from './workflowEdits';

/** The nodes of the example with an agent. */
export const CHAT = 'When chat message received';
export const AGENT = 'AI Agent';
export const MODEL = 'OpenAI Chat Model';
export const TOOL = 'Generate image';

export const TOOL_NAME = 'Generate_image';

const CHAT_MS = 60_000;

export interface ChatResult {
	status: string;
	answer: unknown;
	offered: readonly OfferedTool[];
	/** The last tool results the model received. */
	results: readonly string[];
	/** At EvoLink, in credits; tasks that are still running count, too. */
	paid: number;
}

export function agentExample(): WorkflowJson {
	const workflow = readExamples().get('ai-agent.json');
	if (!workflow) throw new Error('There is no ai-agent.json');
	return workflow;
}

export const call = (args: Record<string, unknown>): Turn => ({ calls: TOOL_NAME, with: args });

export const say = (says: string): Turn => ({ says });

/** An agent with a scripted model, until `close`. */
export class AgentChat {
	private constructor(
		private readonly n8n: N8nUnderTest,
		private readonly model: ScriptedModel,
		private readonly credential: CredentialName,
	) {}

	static async open(n8n: N8nUnderTest): Promise<AgentChat> {
		const model = await startScriptedModel();
		const name = 'A scripted model';
		const data = { apiKey: 'sk-scripted', url: model.baseUrl };
		const id = await n8n.rest.createCredential(name, 'openAiApi', data);
		return new AgentChat(n8n, model, { id, name });
	}

	/** Sends the agent of this workflow a message. */
	async chat(workflow: WorkflowJson, turns: readonly Turn[]): Promise<ChatResult> {
		return await this.send(await this.save(workflow), turns);
	}

	/** Returns the workflow's ID. */
	async save(workflow: WorkflowJson): Promise<string> {
		const { n8n, credential } = this;
		const connected = withNode(withCredentials(workflow, n8n.credentials), MODEL, (node) => ({
			...node,
			credentials: { openAiApi: credential },
		}));
		const message = { chatInput: 'An image, please', sessionId: 'one', action: 'sendMessage' };
		return await n8n.rest.createWorkflow(withPinned(connected, CHAT, [message]));
	}

	/** Sends the agent of a saved workflow a message, in an execution of its own. */
	async send(workflowId: string, turns: readonly Turn[]): Promise<ChatResult> {
		const { model } = this;
		const { rest } = this.n8n;
		model.setScript(turns);
		const paidBefore = this.paid();
		const executionId = await rest.run(workflowId, CHAT);
		const { status, data } = await rest.waitFor(workflowId, executionId, CHAT_MS);
		return {
			status,
			answer: itemsOf(runsOf(data, AGENT).at(-1))[0]?.json.output,
			offered: model.requests[0]?.tools ?? [],
			results: model.requests.at(-1)?.results ?? [],
			paid: this.paid() - paidBefore,
		};
	}

	private paid(): number {
		const { charged, reserved } = this.n8n.sandbox.account('evoLink');
		return charged + reserved;
	}

	async close(): Promise<void> {
		await this.model.close();
	}
}
