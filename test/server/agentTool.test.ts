import { evoLink } from '../../nodes/Seedream/providers/evoLink';
import { AGENT, AgentChat, agentExample, call, MODEL, say, TOOL, TOOL_NAME } from './agentChat';
import { N8N_VERSIONS, type N8nVersion } from './n8nReleases';
import type { WorkflowJson } from './restClient';
import { installRuntime } from './runtime';
import type { Turn } from './scriptedModel';
import { SeedreamN8n } from './seedreamN8n';
import { withNode, withParameters } from './workflowEdits';

/**
 * The nodes as tools of n8n's AI agent: how they're offered to the model, and what it gets back. The
 * model is scripted. n8n needs no setting to allow a community node as a tool.
 */

const MINUTE = 60_000;

const PRICE = evoLink.defaultModels[1.1].price?.perImage[0].amount ?? 0;

interface Path {
	title: string;
	change: (workflow: WorkflowJson) => WorkflowJson;
}

/** The ways a call gets from the model to the node. */
const paths: Path[] = [
	{ title: 'the example as it is', change: (workflow) => workflow },
	{
		title: 'an older agent, which calls its tools itself',
		change: (workflow) =>
			withNode(
				withParameters(
					withNode(workflow, AGENT, (node) => ({ ...node, typeVersion: 2.2 })),
					MODEL,
					// It doesn't support the newer interface.
					{ responsesApiEnabled: false },
				),
				MODEL,
				(node) => ({ ...node, typeVersion: 1.2 }),
			),
	},
];

const example = agentExample();

describe.each(N8N_VERSIONS)('in n8n %s', (version: N8nVersion) => {
	let n8n: SeedreamN8n;
	let agent: AgentChat;

	beforeAll(async () => {
		const runtime = await installRuntime(() => undefined, version);
		n8n = await SeedreamN8n.open(runtime, { sandbox: { taskSeconds: 0.2 } });
		agent = await AgentChat.open(n8n);
	}, 2 * MINUTE);

	afterAll(async () => {
		await n8n?.close();
		await agent?.close();
	});

	const chat = async (workflow: WorkflowJson, turns: readonly Turn[]) =>
		await agent.chat(workflow, turns);

	describe.each(paths)('$title', ({ change }) => {
		const workflow = change(example);

		it('offers the model a tool with a description and a schema', async () => {
			const { offered } = await chat(workflow, [say('Hello')]);
			expect(offered).toEqual([
				{
					name: TOOL_NAME,
					description: expect.stringMatching(/^Generates one image .* costs money.* 24 hours\.$/),
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

		it('returns text with the link', async () => {
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
						model: 'doubao-seedream-5.0-lite',
						taskId: expect.stringMatching(/^task-/),
						prompt: 'A lake',
						imageUrl: expect.stringMatching(/^http:/),
						imageIndex: 0,
						imageCount: 1,
						expiresAt: expect.stringMatching(/Z$/),
						cost: { credits: PRICE, usd: expect.closeTo(PRICE / 68) },
					},
				],
			]);
			expect(paid).toBeCloseTo(PRICE, 6);
		});

		it('returns text even if the file is downloaded, too', async () => {
			const downloading = withParameters(workflow, TOOL, { downloadImages: true });
			const { results } = await chat(downloading, [call({ prompt: 'A lake' }), say('Here.')]);
			expect(JSON.parse(results[0] ?? '')).toMatchObject([
				{ status: 'completed', imageUrl: expect.stringMatching(/^http:/) },
			]);
		});

		it('returns only the fields selected under Output', async () => {
			const selecting = withParameters(workflow, TOOL, {
				toolOutput: 'selectedFields',
				toolFields: ['imageUrl', 'seconds'],
			});
			const { results } = await chat(selecting, [call({ prompt: 'A lake' }), say('Here.')]);
			expect(JSON.parse(results[0] ?? '')).toEqual([
				{ imageUrl: expect.stringMatching(/^http:/), seconds: expect.any(Number) },
			]);
		});

		it("returns the provider's response with a raw Output", async () => {
			const raw = withParameters(workflow, TOOL, { toolOutput: 'raw' });
			const { results } = await chat(raw, [call({ prompt: 'A lake' }), say('Here.')]);
			expect(JSON.parse(results[0] ?? '')).toMatchObject([
				{ status: 'completed', raw: { status: 'completed' } },
			]);
		});

		it('creates another image for every call', async () => {
			const again = call({ prompt: 'A lake' });
			const { results, paid } = await chat(workflow, [again, again, say('Two.')]);
			expect(new Set(results.map((text) => imageUrl(text))).size).toBe(2);
			expect(paid).toBeCloseTo(2 * PRICE, 6);
		});

		it('returns the price with Preview Cost, and sends nothing', async () => {
			const requests = n8n.sandbox.requests.length;
			const previewing = withParameters(workflow, TOOL, { continueWhen: 'preview' });
			const { status, results, paid } = await chat(previewing, [
				call({ prompt: 'A lake', aspect_ratio: '16:9' }),
				say('That would cost 3 cents.'),
			]);
			expect(status).toBe('success');
			expect(results.map((text) => JSON.parse(text) as unknown)).toEqual([
				[
					{
						status: 'preview',
						provider: 'evoLink',
						model: 'doubao-seedream-5.0-lite',
						prompt: 'A lake',
						imageCount: 1,
						request: {
							model: 'doubao-seedream-5.0-lite',
							prompt: 'A lake',
							size: '16:9',
						},
						// From the provider's price list, so that it isn't estimated.
						cost: { credits: PRICE, usd: expect.closeTo(PRICE / 68) },
					},
				],
			]);
			const sent = n8n.sandbox.requests.slice(requests).map(({ step }) => step);
			expect(sent).not.toContain('create');
			expect(paid).toBeCloseTo(0, 6);
		});

		it("shares 'Maximum Cost' among its calls in one execution", async () => {
			// Two images and a half.
			const options = { maxCost: (2.5 * PRICE) / 68 };
			const id = await agent.save(withParameters(workflow, TOOL, { options }));
			for (let execution = 1; execution <= 2; execution += 1) {
				const { status, results, paid } = await agent.send(id, [
					call({ prompt: `A lake, ${execution}` }),
					call({ prompt: `A forest, ${execution}` }),
					call({ prompt: `A mountain, ${execution}` }),
					call({ prompt: `A river, ${execution}` }),
					say('The budget is spent.'),
				]);
				// A newer agent also remembers a result of the execution before.
				const own = results.slice(-4).map((text) => JSON.parse(text) as unknown);
				const [lake, forest, ...others] = own;
				expect([status, others.length]).toEqual(['success', 2]);
				expect(lake).toMatchObject([{ status: 'completed', prompt: `A lake, ${execution}` }]);
				expect(forest).toMatchObject([{ status: 'completed', prompt: `A forest, ${execution}` }]);
				for (const refused of others) {
					expect(refused).toMatchObject([
						{ status: 'failed', error: { code: 'budget_reached', charged: 'no' } },
					]);
				}
				expect(paid).toBeCloseTo(2 * PRICE, 6);
			}
		});

		it.each<[string, Record<string, unknown>, RegExp]>([
			[
				'a prompt that is refused',
				{ prompt: 'No [[fail:content_policy_violation]]' },
				/^EvoLink blocked the image because of its content policy .*\. Reword the prompt, .* You weren't charged\.$/,
			],
			[
				'an aspect ratio that does not exist',
				{ prompt: 'A lake', aspect_ratio: '1:9' },
				/^'Aspect Ratio' is "1:9" but must be one of auto, 1:1, .*\. Correct .* You weren't charged\.$/,
			],
			['no prompt', { prompt: '' }, /^'Prompt' is empty\. Correct .* You weren't charged\.$/],
			[
				'a link that is none',
				{ prompt: 'A lake', image_urls: 'lake.png' },
				/^'Reference Image URLs' contains .*lake\.png.*\. Correct .* You weren't charged\.$/,
			],
		])('explains %s and lets the agent go on', async (_what, args, message) => {
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
			expect(paid).toBeCloseTo(PRICE, 6);
		});
	});

	it("a tool without a description is offered with the node's own", async () => {
		const plain = withNode(example, TOOL, ({ parameters, ...node }) => ({
			...node,
			parameters: { prompt: parameters.prompt },
		}));
		const { offered } = await chat(plain, [say('Hello')]);
		expect(offered).toMatchObject([
			{ description: expect.stringMatching(/^Generate or edit images with Seedream /) },
		]);
	});

	it('Seedream Task Status looks up tasks as a tool', async () => {
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
			{ description: expect.stringContaining('Check Seedream tasks') },
		]);
		expect(JSON.parse(results[0] ?? '')).toMatchObject([
			{ status: 'completed', taskId: task.taskId, imageUrl: expect.stringMatching(/^http:/) },
		]);
		expect(JSON.parse(results[1] ?? '')).toMatchObject([
			{
				status: 'failed',
				taskId: 'task-of-nobody',
				error: {
					message: expect.stringMatching(/doesn't recognize this task.*Check the task ID/s),
				},
			},
		]);
		expect(paid).toBeCloseTo(0, 6);
	});
});

function imageUrl(result: string): string | undefined {
	const [image] = JSON.parse(result) as Array<{ imageUrl?: string }>;
	return image?.imageUrl;
}
