import { evoLink } from '../../nodes/Seedream/providers/evoLink';
import { readExamples, withCredentials } from './exampleWorkflows';
import { itemsOf, runsOf } from './executionData';
import { N8N_VERSIONS, type N8nVersion } from './n8nReleases';
import type { WorkflowJson } from './restClient';
import { installRuntime } from './runtime';
import { startScriptedModel, type ScriptedModel, type Turn } from './scriptedModel';
import { SeedreamN8n } from './seedreamN8n';
import { withNode, withParameters, withPinned } from './workflowEdits';

/**
 * The nodes as tools of n8n's own AI agent: what its model is offered, and what it gets back. The model is a script.
 * No setting of n8n has to allow a community package to be a tool.
 */

const MINUTE = 60_000;

const CHAT = 'Receive a chat message';
const AGENT = 'Answer with images';
const MODEL = 'Think with OpenAI';
const TOOL = 'Make an image';
const TOOL_NAME = 'Make_an_image';

const PRICE = evoLink.models[0].creditsPerImage ?? 0;

interface Path {
	title: string;
	change: (workflow: WorkflowJson) => WorkflowJson;
}

/** The ways by which a call gets from the model to the node. */
const paths: Path[] = [
	{ title: 'the example as it is', change: (workflow) => workflow },
	{
		title: 'an older agent, which calls its tools itself',
		change: (workflow) =>
			withNode(
				withParameters(
					withNode(workflow, AGENT, (node) => ({ ...node, typeVersion: 2.2 })),
					MODEL,
					// It cannot do with the newer interface.
					{ responsesApiEnabled: false },
				),
				MODEL,
				(node) => ({ ...node, typeVersion: 1.2 }),
			),
	},
];

const example = (() => {
	const workflow = readExamples().get('ai-agent.json');
	if (!workflow) throw new Error('There is no ai-agent.json');
	return workflow;
})();

describe.each(N8N_VERSIONS)('in n8n %s', (version: N8nVersion) => {
	let n8n: SeedreamN8n;
	let model: ScriptedModel;
	let modelCredential: { id: string; name: string };

	beforeAll(async () => {
		const runtime = await installRuntime(() => undefined, version);
		n8n = await SeedreamN8n.open(runtime, { sandbox: { taskSeconds: 0.2 } });
		model = await startScriptedModel();
		const name = 'A scripted model';
		const data = { apiKey: 'sk-scripted', url: model.baseUrl };
		modelCredential = { id: await n8n.rest.createCredential(name, 'openAiApi', data), name };
	}, 2 * MINUTE);

	afterAll(async () => {
		await n8n?.close();
		await model?.close();
	});

	/** Lets the agent run while its model follows the script. */
	async function chat(workflow: WorkflowJson, turns: readonly Turn[]) {
		const connected = withNode(withCredentials(workflow, n8n.credentials), MODEL, (node) => ({
			...node,
			credentials: { openAiApi: modelCredential },
		}));
		const message = { chatInput: 'An image, please', sessionId: 'one', action: 'sendMessage' };
		const id = await n8n.rest.createWorkflow(withPinned(connected, CHAT, [message]));
		model.follow(turns);
		const { charged } = n8n.sandbox.account('evoLink');
		const { status, data } = await n8n.rest.waitFor(id, await n8n.rest.run(id, CHAT), MINUTE);
		return {
			status,
			answer: itemsOf(runsOf(data, AGENT).at(-1))[0]?.json.output,
			offered: model.asked[0]?.tools ?? [],
			/** What the model was told last about its calls. */
			results: model.asked.at(-1)?.results ?? [],
			paid: n8n.sandbox.account('evoLink').charged - charged,
		};
	}

	const call = (args: Record<string, unknown>): Turn => ({ calls: TOOL_NAME, with: args });
	const say = (says: string): Turn => ({ says });

	describe.each(paths)('$title', ({ change }) => {
		const workflow = change(example);

		it('offers the model a tool that says what it does and what it wants', async () => {
			const { offered } = await chat(workflow, [say('Hello')]);
			expect(offered).toEqual([
				{
					name: TOOL_NAME,
					description: expect.stringMatching(/^Makes one image .* costs money.* 24 hours\.$/),
					parameters: expect.objectContaining({
						type: 'object',
						properties: {
							prompt: {
								type: 'string',
								description: expect.stringContaining('What the image shows'),
							},
							image_urls: expect.objectContaining({ type: 'string', default: '' }),
							aspect_ratio: {
								type: 'string',
								description: expect.stringContaining('16:9'),
								default: 'auto',
							},
						},
						required: ['prompt'],
					}),
				},
			]);
		});

		it('gives back text with the link', async () => {
			const { status, answer, results, paid } = await chat(workflow, [
				call({ prompt: 'A lake', aspect_ratio: '16:9' }),
				say('Here it is.'),
			]);
			expect([status, answer]).toEqual(['success', 'Here it is.']);
			expect(results.map((text) => JSON.parse(text) as unknown)).toEqual([
				[
					{
						status: 'completed',
						provider: 'evoLink',
						model: 'doubao-seedream-4.5',
						taskId: expect.stringMatching(/^task-/),
						prompt: 'A lake',
						imageUrl: expect.stringMatching(/^http:/),
						imageIndex: 0,
						imageCount: 1,
						expiresAt: expect.stringMatching(/Z$/),
						cost: { credits: PRICE },
						seconds: expect.any(Number),
					},
				],
			]);
			expect(paid).toBe(PRICE);
		});

		it('gives back text although the file is downloaded, too', async () => {
			const downloading = withParameters(workflow, TOOL, { downloadImages: true });
			const { results } = await chat(downloading, [call({ prompt: 'A lake' }), say('Here.')]);
			expect(JSON.parse(results[0] ?? '')).toMatchObject([
				{ status: 'completed', imageUrl: expect.stringMatching(/^http:/) },
			]);
		});

		it('makes another image when it is called again', async () => {
			const again = call({ prompt: 'A lake' });
			const { results, paid } = await chat(workflow, [again, again, say('Two.')]);
			expect(new Set(results.map((text) => imageUrl(text))).size).toBe(2);
			expect(paid).toBe(2 * PRICE);
		});

		it.each<[string, Record<string, unknown>, RegExp]>([
			[
				'a prompt that is refused',
				{ prompt: 'No [[fail:content_policy_violation]]' },
				/^EvoLink stopped the image because of its content policy .*\. Reword the prompt, .* Nothing was charged\.$/,
			],
			[
				'an aspect ratio that does not exist',
				{ prompt: 'A lake', aspect_ratio: '1:9' },
				/^Aspect Ratio: "1:9" is not one of auto, 1:1, .*\. Correct .* Nothing was charged\.$/,
			],
			['no prompt', { prompt: '' }, /^Prompt: is empty\. Correct .* Nothing was charged\.$/],
			[
				'a link that is none',
				{ prompt: 'A lake', image_urls: 'lake.png' },
				/^Reference Image URLs: .*lake\.png.*\. Correct .* Nothing was charged\.$/,
			],
		])('tells what to do about %s, and lets the agent go on', async (_what, args, message) => {
			const { status, answer, results, paid } = await chat(workflow, [
				call(args),
				call({ prompt: 'A calm lake' }),
				say('The second try did it.'),
			]);
			const [refused, made] = results.map((text) => JSON.parse(text) as unknown);
			expect(refused).toEqual([
				expect.objectContaining({
					status: 'failed',
					error: expect.objectContaining({
						message: expect.stringMatching(message),
						charged: 'no',
					}),
				}),
			]);
			expect(made).toMatchObject([{ status: 'completed', prompt: 'A calm lake' }]);
			expect([status, answer]).toEqual(['success', 'The second try did it.']);
			expect(paid).toBe(PRICE);
		});
	});

	it('a tool that nobody has described is offered with the words of the node', async () => {
		const plain = withNode(example, TOOL, ({ parameters, ...node }) => ({
			...node,
			parameters: { prompt: parameters.prompt },
		}));
		const { offered } = await chat(plain, [say('Hello')]);
		expect(offered).toMatchObject([
			{ description: expect.stringMatching(/^Make or edit images with Seedream /) },
		]);
	});

	it('looks up tasks as a tool, too', async () => {
		const submitting = withParameters(example, TOOL, { continueWhen: 'submitted' });
		const submitted = await chat(submitting, [call({ prompt: 'A lake' }), say('On its way.')]);
		const [task] = JSON.parse(submitted.results[0] ?? '') as [{ taskId: string; status: string }];
		expect(task.status).toBe('submitted');

		const asking = withNode(example, TOOL, (node) => ({
			...node,
			type: 'n8n-nodes-seedream.seedreamTaskStatusTool',
			parameters: {
				taskId: "={{ $fromAI('task_id', 'The ID of the task', 'string') }}",
				continueWhen: 'finished',
				downloadImages: false,
			},
		}));
		const { offered, results, paid } = await chat(asking, [
			call({ task_id: task.taskId }),
			call({ task_id: 'task-of-nobody' }),
			say('One of them is there.'),
		]);
		expect(offered).toMatchObject([
			{ description: expect.stringContaining('Look up Seedream tasks') },
		]);
		expect(JSON.parse(results[0] ?? '')).toMatchObject([
			{ status: 'completed', taskId: task.taskId, imageUrl: expect.stringMatching(/^http:/) },
		]);
		expect(JSON.parse(results[1] ?? '')).toMatchObject([
			{
				status: 'failed',
				taskId: 'task-of-nobody',
				error: { message: expect.stringMatching(/does not know this task.*Check the task ID/s) },
			},
		]);
		expect(paid).toBe(0);
	});
});

function imageUrl(result: string): string | undefined {
	const [image] = JSON.parse(result) as Array<{ imageUrl?: string }>;
	return image?.imageUrl;
}
