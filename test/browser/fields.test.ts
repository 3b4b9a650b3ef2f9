import { providers } from '../../nodes/Seedream/providers';
import { GENERATE, generate, inARow, TASK_STATUS, taskStatus } from '../server/nodeChains';
import {
	ABOUT_OUTPUT,
	additionalFieldsOf,
	additionalListsOf,
	CHOICES,
	listsOf,
	modelsOf,
	panelOf,
} from './expectedFields';
import { openStage, OPENING_MS, type Stage } from './fixture';
import type { NodePanel } from './nodePanel';
import { boxOf, keepPicture, keepsPictures, view } from './screenshots';
import { settle } from './settle';
import { agent, AGENT_TOOL } from './workflows';

/** What the nodes' panels show, against the tables of the providers. */

jest.setTimeout(60_000);

let stage: Stage;

beforeAll(async () => (stage = await openStage()), OPENING_MS);

afterAll(async () => await stage.close());

async function open(nodes: ReturnType<typeof generate>[], name: string): Promise<NodePanel> {
	const { n8n, editor } = stage;
	await editor.openWorkflow(await n8n.rest.createWorkflow(inARow('Spring campaign', nodes)));
	return await editor.openNode(name);
}

const PROMPT = 'A serene mountain lake at sunrise, perfect reflections, photorealistic';

describe('Seedream Generate, new on the canvas', () => {
	let panel: NodePanel;

	beforeAll(async () => (panel = await open([generate({}, stage.n8n.credentials)], GENERATE)));

	it('asks first for provider, model and prompt, and needs no more than the prompt', async () => {
		const fields = await panel.shownFields();
		expect(fields.slice(0, 3)).toEqual(['Provider', 'Model', 'Prompt']);
		expect(await settle(async () => await panel.complainedAbout(), ['Prompt'])).toEqual(['Prompt']);
		await panel.type('prompt', PROMPT);
		await panel.leaveField();
		expect(await settle(async () => await panel.complainedAbout(), [])).toEqual([]);
		if (keepsPictures)
			await keepPicture('generate-panel', await view(stage.editor.page, await boxOf(panel.dialog)));
	});

	it('keeps the prompt when the provider is changed, and changed back', async () => {
		for (const { label } of [...providers].reverse()) {
			await panel.choose('provider', label);
			expect(await panel.valueOf('provider')).toBe(label);
			expect(await panel.valueOf('prompt')).toBe(PROMPT);
		}
	});

	it('offers all providers', async () => {
		expect(await panel.shownOptions('provider')).toEqual(providers.map(({ label }) => label));
	});

	it.each(providers)(
		'offers the models of $label, and asks for its credential',
		async (provider) => {
			await panel.choose('provider', provider.label);
			const credentials = [`Credential for ${provider.label}`];
			expect(await settle(async () => await panel.shownCredentials(), credentials)).toEqual(
				credentials,
			);
			expect(await panel.shownOptions('model')).toEqual(modelsOf(provider).map(([label]) => label));
		},
	);

	describe.each(CHOICES)('with $provider.label and $model', (choice) => {
		beforeAll(async () => {
			await panel.choose('provider', choice.provider.label);
			await panel.choose('model', choice.model);
		});

		it('shows the settings that the model has, and no other', async () => {
			const expected = panelOf(choice);
			expect(await settle(async () => await panel.shownFields(), expected)).toEqual(expected);
		});

		it('offers what the table of the model allows', async () => {
			const shown: Record<string, string[]> = {};
			for (const { name } of listsOf(choice)) shown[name] = await panel.shownOptions(name);
			expect(shown).toEqual(
				Object.fromEntries(listsOf(choice).map(({ name, options }) => [name, options])),
			);
		});

		it('offers the further fields that the model has, and in them what its table allows', async () => {
			expect(await panel.shownAdditions('Add Field')).toEqual(additionalFieldsOf(choice));
			for (const { name, label, options } of additionalListsOf(choice)) {
				await panel.add('Add Field', label);
				expect(await panel.shownOptions(name)).toEqual(options);
				await panel.remove(name);
			}
		});
	});

	it('asks for width and height where the size is free', async () => {
		await panel.choose('provider', 'EvoLink');
		await panel.choose('model', 'Seedream 4.5');
		await panel.choose('aspectRatio', 'Custom Size');
		const sizes = ['Aspect Ratio', 'Width', 'Height', 'Resolution'];
		const around = async () => (await panel.shownFields()).slice(3, 7);
		expect(await settle(around, sizes)).toEqual(sizes);
		await panel.choose('aspectRatio', 'Default (Auto)');
	});

	it('has the options of the design', async () => {
		expect(await panel.shownAdditions('Add option')).toEqual([
			'Check References',
			'Concurrency',
			'File Name',
			'Poll Interval',
			'Simplify',
			'Timeout',
		]);
	});

	it('asks about the output only where there will be images', async () => {
		expect(await panel.shownOptions('continueWhen')).toEqual([
			'Images Are Finished',
			'Task Is Submitted',
		]);
		expect(await panel.shownOptions('outputItems')).toEqual([
			'One Item per Image',
			'One Item per Task',
		]);
		const aboutOutput = async () =>
			(await panel.shownFields()).filter((label) => ABOUT_OUTPUT.includes(label));
		await panel.choose('continueWhen', 'Task Is Submitted');
		expect(await settle(aboutOutput, [])).toEqual([]);
		await panel.choose('continueWhen', 'Images Are Finished');
		expect(await settle(aboutOutput, ABOUT_OUTPUT)).toEqual(ABOUT_OUTPUT);
	});

	it('with the provider from a column asks for all credentials, each by its name', async () => {
		await panel.setExpression('provider', '{{ $json.provider }}');
		const expected = providers.map(({ label }) => `Credential for ${label}`);
		expect(await settle(async () => await panel.shownCredentials(), expected)).toEqual(expected);
		expect(await panel.valueOf('prompt')).toBe(PROMPT);
	});
});

it('below each node stands which provider and model it uses', async () => {
	const { n8n, editor } = stage;
	const nodes = CHOICES.map(({ provider, model, value }) => ({
		...generate({ provider: provider.id, model: value, prompt: PROMPT }, n8n.credentials),
		name: `${provider.label}, ${model}`,
	}));
	await editor.openWorkflow(await n8n.rest.createWorkflow(inARow('All models', nodes)));
	for (const { provider, model } of CHOICES) {
		const shown = await editor.nodeOnCanvas(`${provider.label}, ${model}`).innerText();
		expect(shown).toContain(`${provider.label}: ${model}`);
	}
});

describe('Seedream Task Status', () => {
	let panel: NodePanel;

	beforeAll(async () => {
		const parameters = { taskId: '={{ $json.taskId }}', continueWhen: 'finished' };
		panel = await open([taskStatus(parameters, stage.n8n.credentials)], TASK_STATUS);
	});

	it('needs a provider and task IDs', async () => {
		expect(await panel.shownFields()).toEqual([
			'Provider',
			'Task ID',
			'Continue When',
			...ABOUT_OUTPUT,
			'Options',
		]);
		if (keepsPictures)
			await keepPicture('task-status', await view(stage.editor.page, await boxOf(panel.dialog)));
	});

	it.each(providers)('asks for the credential of $label', async ({ label }) => {
		await panel.choose('provider', label);
		const expected = [`Credential for ${label}`];
		expect(await settle(async () => await panel.shownCredentials(), expected)).toEqual(expected);
	});

	it('looks once, or waits', async () => {
		expect(await panel.shownOptions('continueWhen')).toEqual([
			'Status Is Known',
			'Images Are Finished',
		]);
	});

	it('has the options of the design', async () => {
		expect(await panel.shownAdditions('Add option')).toEqual([
			'Concurrency',
			'File Name',
			'Poll Interval',
			'Simplify',
			'Timeout',
		]);
	});
});

describe('Seedream Generate as the tool of an agent', () => {
	it('lets the agent fill in the prompt, and looks like any other tool', async () => {
		const { n8n, editor } = stage;
		const apiKey = 'of-nobody';
		const openAiApi = {
			id: await n8n.rest.createCredential('OpenAI account', 'openAiApi', { apiKey }),
			name: 'OpenAI account',
		};
		const workflow = agent({ ...n8n.credentials, openAiApi });
		const tool = workflow.nodes.find(({ type }) => type === AGENT_TOOL)?.name ?? '';
		await editor.openWorkflow(await n8n.rest.createWorkflow(workflow));
		await editor.nodeOnCanvas(tool).waitFor();
		if (keepsPictures) await keepPicture('agent', await view(editor.page));
		const panel = await editor.openNode(tool);
		expect((await panel.shownFields()).slice(0, 4)).toEqual([
			'Description',
			'Provider',
			'Model',
			'Prompt',
		]);
		expect(await panel.complainedAbout()).toEqual([]);
	});
});

it('nothing in all of this made the page complain', () => {
	expect(stage.editor.complaints).toEqual([]);
});
