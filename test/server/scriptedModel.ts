import Fastify from 'fastify';
import { z } from 'zod';

/** A response of the model: text or a tool call. */
export type Turn = { says: string } | { calls: string; with: Record<string, unknown> };

/** A tool as offered to the model. */
export interface OfferedTool {
	name: string;
	description: string;
	/** JSON schema of its arguments. */
	parameters: Record<string, unknown>;
}

/** A request to the model. */
export interface ModelRequest {
	tools: OfferedTool[];
	/** The results of its tool calls, oldest first. */
	results: string[];
}

/**
 * A language model that follows a script, with OpenAI's two APIs, chat completions and responses, as far as an agent
 * needs them.
 */
export interface ScriptedModel {
	/** For n8n's OpenAI credential. */
	readonly baseUrl: string;
	/** Since the last script, in order. */
	readonly requests: readonly ModelRequest[];
	/** Sets its next responses. */
	setScript: (turns: readonly Turn[]) => void;
	close: () => Promise<void>;
}

const toolSchema = z.object({
	name: z.string(),
	description: z.string(),
	parameters: z.record(z.unknown()),
});

const completionsSchema = z.object({
	stream: z.literal(false).optional(),
	tools: z.array(z.object({ function: toolSchema })).default([]),
	messages: z.array(z.object({ role: z.string(), content: z.unknown() })),
});

const responsesSchema = z.object({
	stream: z.literal(false).optional(),
	tools: z.array(toolSchema).default([]),
	input: z.array(z.object({ type: z.string().optional(), output: z.unknown() }).passthrough()),
});

export async function startScriptedModel(): Promise<ScriptedModel> {
	const app = Fastify();
	const script: Turn[] = [];
	const requests: ModelRequest[] = [];
	let calls = 0;

	const next = (request: ModelRequest): Turn & { id: string } => {
		requests.push(request);
		const turn = script.shift() ?? { says: 'I have nothing more to say.' };
		calls += 1;
		return { ...turn, id: `call_${calls}` };
	};

	app.post('/v1/chat/completions', async (request) => {
		const { tools, messages } = completionsSchema.parse(request.body);
		const results = messages.flatMap(({ role, content }) =>
			role === 'tool' ? [String(content)] : [],
		);
		return completion(next({ tools: tools.map((tool) => tool.function), results }));
	});

	app.post('/v1/responses', async (request) => {
		const { tools, input } = responsesSchema.parse(request.body);
		const results = input.flatMap(({ type, output }) =>
			type === 'function_call_output' ? [String(output)] : [],
		);
		return response(next({ tools, results }));
	});

	const origin = await app.listen({ host: '127.0.0.1', port: 0 });
	return {
		baseUrl: `${origin}/v1`,
		requests: requests,
		setScript: (turns) => {
			script.splice(0, script.length, ...turns);
			requests.length = 0;
		},
		close: async () => await app.close(),
	};
}

const MODEL = 'scripted';

function completion(turn: Turn & { id: string }) {
	const message =
		'says' in turn
			? { role: 'assistant', content: turn.says }
			: {
					role: 'assistant',
					content: null,
					tool_calls: [
						{
							id: turn.id,
							type: 'function',
							function: { name: turn.calls, arguments: JSON.stringify(turn.with) },
						},
					],
				};
	return {
		id: 'chatcmpl-1',
		object: 'chat.completion',
		created: 0,
		model: MODEL,
		choices: [{ index: 0, message, finish_reason: 'says' in turn ? 'stop' : 'tool_calls' }],
		usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
	};
}

function response(turn: Turn & { id: string }) {
	const output =
		'says' in turn
			? {
					type: 'message',
					id: `msg_${turn.id}`,
					role: 'assistant',
					status: 'completed',
					content: [{ type: 'output_text', text: turn.says, annotations: [] }],
				}
			: {
					type: 'function_call',
					id: `fc_${turn.id}`,
					call_id: turn.id,
					name: turn.calls,
					arguments: JSON.stringify(turn.with),
					status: 'completed',
				};
	return {
		id: 'resp_1',
		object: 'response',
		created_at: 0,
		status: 'completed',
		model: MODEL,
		error: null,
		incomplete_details: null,
		metadata: {},
		output: [output],
		usage: {
			input_tokens: 1,
			output_tokens: 1,
			total_tokens: 2,
			input_tokens_details: { cached_tokens: 0 },
			output_tokens_details: { reasoning_tokens: 0 },
		},
	};
}
