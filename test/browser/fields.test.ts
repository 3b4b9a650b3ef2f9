import { providers } from '../../nodes/Seedream/providers';
import { NODE_VERSIONS } from '../../nodes/Seedream/providers/provider';
import {
	chain,
	GENERATE,
	generate,
	inARow,
	TASK_STATUS,
	taskStatus,
	TRIGGER,
	trigger,
} from '../server/nodeChains';
import {
	ABOUT_OUTPUT,
	additionalFieldsOf,
	additionalListsOf,
	CHOICES,
	COMMON_OPTIONS,
	listsOf,
	modelsOf,
	optionsOf,
	panelOf,
} from './expectedFields';
import { openEditor, OPEN_TIMEOUT_MS, type EditorFixture } from './fixture';
import type { NodePanel } from './nodePanel';
import { boxOf, saveScreenshot, savesScreenshots, screenshot } from './screenshots';
import { waitUntilEqual } from './settle';
import { agent, AGENT_TOOL } from './workflows';

/** The nodes' fields, compared to the providers' tables. */

jest.setTimeout(60_000);

let fixture: EditorFixture;

beforeAll(async () => (fixture = await openEditor()), OPEN_TIMEOUT_MS);

afterAll(async () => await fixture.close());

async function open(nodes: ReturnType<typeof generate>[], name: string): Promise<NodePanel> {
	const { n8n, editor } = fixture;
	await editor.openWorkflow(await n8n.rest.createWorkflow(inARow('Spring campaign', nodes)));
	return await editor.openNode(name);
}

const NEWEST_VERSION = NODE_VERSIONS.at(-1);

const PROMPT = 'A serene mountain lake at sunrise, perfect reflections, photorealistic';

describe('Seedream Generate, new on the canvas', () => {
	let panel: NodePanel;

	beforeAll(async () => {
		const node = generate({}, fixture.n8n.credentials, { typeVersion: NEWEST_VERSION });
		panel = await open([node], GENERATE);
	});

	it('starts with provider, model and prompt, and only requires the prompt', async () => {
		const fields = await panel.shownFields();
		expect(fields.slice(0, 3)).toEqual(['Provider', 'Model', 'Prompt']);
		expect(await waitUntilEqual(async () => await panel.markedFields(), ['Prompt'])).toEqual([
			'Prompt',
		]);
		await panel.type('prompt', PROMPT);
		await panel.leaveField();
		expect(await waitUntilEqual(async () => await panel.markedFields(), [])).toEqual([]);
		if (savesScreenshots)
			await saveScreenshot(
				'generate-panel',
				await screenshot(fixture.editor.page, await boxOf(panel.dialog)),
			);
	});

	it('keeps the prompt when the provider is changed and changed back', async () => {
		for (const { label } of [...providers].reverse()) {
			await panel.choose('provider', label);
			expect(await panel.valueOf('provider')).toBe(label);
			expect(await panel.valueOf('prompt')).toBe(PROMPT);
		}
	});

	it('offers all providers', async () => {
		expect(await panel.shownOptions('provider')).toEqual(providers.map(({ label }) => label));
	});

	it.each(providers)('offers the models of $label and its credential', async (provider) => {
		await panel.choose('provider', provider.label);
		const credentials = [`Credential for ${provider.label}`];
		expect(await waitUntilEqual(async () => await panel.shownCredentials(), credentials)).toEqual(
			credentials,
		);
		expect(await panel.shownOptions('model')).toEqual(modelsOf(provider).map(([label]) => label));
	});

	describe.each(CHOICES)('with $provider.label and $model', (choice) => {
		beforeAll(async () => {
			await panel.choose('provider', choice.provider.label);
			await panel.choose('model', choice.model);
		});

		it('shows only the settings the model has', async () => {
			const expected = panelOf(choice);
			expect(await waitUntilEqual(async () => await panel.shownFields(), expected)).toEqual(
				expected,
			);
		});

		it("offers the values in the model's table", async () => {
			const shown: Record<string, string[]> = {};
			for (const { name } of listsOf(choice)) shown[name] = await panel.shownOptions(name);
			expect(shown).toEqual(
				Object.fromEntries(listsOf(choice).map(({ name, options }) => [name, options])),
			);
		});

		it("offers the model's additional fields with the values in its table", async () => {
			expect(await panel.shownAdditions('Add Field')).toEqual(additionalFieldsOf(choice));
			for (const { name, label, options } of additionalListsOf(choice)) {
				await panel.add('Add Field', label);
				expect(await panel.shownOptions(name)).toEqual(options);
				await panel.remove(name);
			}
		});

		it('offers the options that apply to the model', async () => {
			expect(await panel.shownAdditions('Add Option')).toEqual(optionsOf(choice));
		});
	});

	it('shows width and height for a custom size', async () => {
		await panel.choose('provider', 'EvoLink');
		await panel.choose('model', 'Seedream 4.5');
		await panel.choose('aspectRatio', 'Custom Size');
		const sizes = ['Aspect Ratio', 'Width', 'Height', 'Resolution'];
		const around = async () => (await panel.shownFields()).slice(3, 7);
		expect(await waitUntilEqual(around, sizes)).toEqual(sizes);
		await panel.choose('aspectRatio', 'Default (Auto)');
	});

	it('shows the output fields only if there are images', async () => {
		expect(await panel.shownOptions('continueWhen')).toEqual([
			'Images Are Finished',
			'Preview Cost',
			'Task Is Submitted',
		]);
		expect(await panel.shownOptions('outputItems')).toEqual([
			'One Item per Image',
			'One Item per Task',
		]);
		const aboutOutput = async () =>
			(await panel.shownFields()).filter((label) => ABOUT_OUTPUT.includes(label));
		await panel.choose('continueWhen', 'Task Is Submitted');
		expect(await waitUntilEqual(aboutOutput, [])).toEqual([]);
		await panel.choose('continueWhen', 'Images Are Finished');
		expect(await waitUntilEqual(aboutOutput, ABOUT_OUTPUT)).toEqual(ABOUT_OUTPUT);
	});

	it('shows all credentials by name if the provider is an expression', async () => {
		await panel.setExpression('provider', '{{ $json.provider }}');
		const expected = providers.map(({ label }) => `Credential for ${label}`);
		expect(await waitUntilEqual(async () => await panel.shownCredentials(), expected)).toEqual(
			expected,
		);
		expect(await panel.valueOf('prompt')).toBe(PROMPT);
	});
});

describe('the default model at each provider', () => {
	const NEWEST_MODELS = ['Seedream 5.0 Lite', 'Seedream 5.0 Lite', 'Automatic'];

	it.each([
		{ typeVersion: 1, models: ['Seedream 4.5', 'Seedream 4.5', 'Automatic'] },
		{ typeVersion: 1.1, models: NEWEST_MODELS },
	])('of a saved node of version $typeVersion stays', async ({ typeVersion, models }) => {
		const node = generate({}, fixture.n8n.credentials, { typeVersion });
		expect(await defaultModels(await open([node], GENERATE))).toEqual(models);
	});

	it('of a node that is added to the canvas is the newest one', async () => {
		const { n8n, editor } = fixture;
		await editor.openWorkflow(await n8n.rest.createWorkflow(inARow('Spring campaign', [])));
		const panel = await editor.addNode(GENERATE);
		expect(await defaultModels(panel)).toEqual(NEWEST_MODELS);
	});

	async function defaultModels(panel: NodePanel): Promise<string[]> {
		const models = [await panel.valueOf('model')];
		for (const { label } of providers.slice(1)) {
			await panel.choose('provider', label);
			models.push(await panel.valueOf('model'));
		}
		return models;
	}
});

it('the subtitle of each node names provider and model', async () => {
	const { n8n, editor } = fixture;
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
		panel = await open([taskStatus(parameters, fixture.n8n.credentials)], TASK_STATUS);
	});

	it('requires provider and task ID', async () => {
		expect(await panel.shownFields()).toEqual([
			'Provider',
			'Task ID',
			'Continue When',
			...ABOUT_OUTPUT,
			'Options',
		]);
		if (savesScreenshots)
			await saveScreenshot(
				'task-status',
				await screenshot(fixture.editor.page, await boxOf(panel.dialog)),
			);
	});

	it.each(providers)('shows the credential of $label', async ({ label }) => {
		await panel.choose('provider', label);
		const expected = [`Credential for ${label}`];
		expect(await waitUntilEqual(async () => await panel.shownCredentials(), expected)).toEqual(
			expected,
		);
	});

	it('checks once or waits', async () => {
		expect(await panel.shownOptions('continueWhen')).toEqual([
			'Status Is Known',
			'Images Are Finished',
		]);
	});

	it('has the documented options', async () => {
		// It doesn't know the model of a task.
		const options = [...COMMON_OPTIONS, 'Concurrency', 'Layers File'].sort();
		expect(await panel.shownAdditions('Add Option')).toEqual(options);
	});
});

describe('Seedream Trigger', () => {
	let panel: NodePanel;

	beforeAll(async () => {
		const { n8n, editor } = fixture;
		const workflow = chain('Finished images', [trigger({}, n8n.credentials)]);
		await editor.openWorkflow(await n8n.rest.createWorkflow(workflow));
		panel = await editor.openNode(TRIGGER);
	});

	it('has the fields about the output, and the documented options', async () => {
		expect(await panel.shownFields()).toEqual(['Provider', ...ABOUT_OUTPUT, 'Options']);
		const options = [...COMMON_OPTIONS, 'Layers File'].sort();
		expect(await panel.shownAdditions('Add Option')).toEqual(options);
	});

	it.each(providers)('shows the credential of $label', async ({ label }) => {
		await panel.choose('provider', label);
		const expected = [`Credential for ${label}`];
		expect(await waitUntilEqual(async () => await panel.shownCredentials(), expected)).toEqual(
			expected,
		);
	});
});

describe('Seedream Generate as a tool of an AI agent', () => {
	it('lets the agent fill in the prompt, and has an Output of its own', async () => {
		const { n8n, editor } = fixture;
		const apiKey = 'of-nobody';
		const openAiApi = {
			id: await n8n.rest.createCredential('OpenAI account', 'openAiApi', { apiKey }),
			name: 'OpenAI account',
		};
		const workflow = agent({ ...n8n.credentials, openAiApi });
		const tool = workflow.nodes.find(({ type }) => type === AGENT_TOOL)?.name ?? '';
		await editor.openWorkflow(await n8n.rest.createWorkflow(workflow));
		await editor.nodeOnCanvas(tool).waitFor();
		if (savesScreenshots) await saveScreenshot('agent', await screenshot(editor.page));
		const panel = await editor.openNode(tool);
		expect((await panel.shownFields()).slice(0, 4)).toEqual([
			'Description',
			'Provider',
			'Model',
			'Prompt',
		]);
		expect(await panel.markedFields()).toEqual([]);

		expect(await panel.shownOptions('toolOutput')).toEqual([
			'Simplified',
			'Raw',
			'Selected Fields',
		]);
		expect(await panel.shownFields()).not.toContain('Fields');
		await panel.choose('toolOutput', 'Selected Fields');
		expect(
			await waitUntilEqual(async () => (await panel.shownFields()).includes('Fields'), true),
		).toBe(true);
		expect(await panel.shownAdditions('Add Option')).not.toContain('Simplify');
	});
});

it('the node panels caused no errors in the browser', () => {
	expect(fixture.editor.pageErrors).toEqual([]);
});
