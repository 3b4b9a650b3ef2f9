import { dirname } from 'node:path';

import { providers } from '../../nodes/Seedream/providers';
import { GENERATE } from '../server/nodeChains';
import { CAMPAIGN, CAMPAIGN_FILE } from './campaign';
import { ABOUT_OUTPUT } from './expectedFields';
import { openStage, OPENING_MS, type Stage } from './fixture';
import type { NodePanel } from './nodePanel';
import { between, boxOf, keepPicture, keepsPictures, view } from './screenshots';
import { settle, settleWhen } from './settle';
import { FROM_COLUMNS, rows, spreadsheet } from './workflows';

/** The spreadsheet workflow, run by its button and watched: rows of three providers become images. */

jest.setTimeout(90_000);

/** Long enough to see that it runs, on a busy machine too. */
const TASK_SECONDS = 8;

let stage: Stage;

beforeAll(async () => {
	stage = await openStage({
		sandbox: { taskSeconds: TASK_SECONDS },
		env: { N8N_RESTRICT_FILE_ACCESS_TO: dirname(CAMPAIGN_FILE) },
	});
}, OPENING_MS);

afterAll(async () => await stage.close());

describe('a file of rows', () => {
	let panel: NodePanel;

	beforeAll(async () => {
		const { n8n, editor } = stage;
		const workflow = spreadsheet(CAMPAIGN_FILE, FROM_COLUMNS, n8n.credentials);
		await editor.openWorkflow(await n8n.rest.createWorkflow(workflow));
		await editor.runWorkflow();
	});

	it('says while it runs how far it is', async () => {
		const { editor } = stage;
		const isUnderWay = (said: string[]) => said.some((line) => UNDER_WAY.test(line));
		expect(await settleWhen(async () => [...editor.said], isUnderWay)).toEqual(
			expect.arrayContaining([expect.stringMatching(UNDER_WAY)]),
		);
		await editor.nodeOnCanvas(GENERATE).and(editor.page.locator('.running')).waitFor();
		panel = await editor.openNode(GENERATE);
		await panel.output.untilRunning();
		if (keepsPictures)
			await keepPicture('running', await view(editor.page, await boxOf(panel.dialog)));
	});

	it('gives an item for each row', async () => {
		expect(await panel.output.items()).toBe(`${CAMPAIGN.length} items`);
		expect(stage.editor.said.at(-1)).toBe('Seedream: 6 of 6 images, 0 running, 0 failed');
	});

	it('says above the output what it took, what it cost and how long the links work', async () => {
		expect(await panel.output.hint()).toMatch(
			/^6 images in \d+\.\d seconds for [\d.]+ credits at EvoLink, [\d.]+ credits at APIMart and about 24 credits at API in One\. The links work until \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/,
		);
	});

	it('has the files in the Binary tab, named as their rows say, and shows them', async () => {
		const { output } = panel;
		await output.openTab('binary');
		expect(await output.fileNames()).toEqual(CAMPAIGN.map(({ name }) => `${name}.png`));
		const { editor } = stage;
		await editor.dismissMessages();
		const twoFiles = await between(output.panel, output.file(1));
		const list = keepsPictures && (await view(editor.page, twoFiles));
		const { width, height } = await output.view(1);
		expect(width / height).toBeCloseTo(4 / 5, 1);
		if (list) await keepPicture('images', list, await view(editor.page, twoFiles));
		await output.backToFiles();
	});

	it('was paid for once, each row at its own provider', () => {
		const { sandbox } = stage.n8n;
		const asked = sandbox.tasks().map(({ provider, prompt }) => `${provider} ${prompt}`);
		expect(asked.sort()).toEqual(
			CAMPAIGN.map(({ provider, prompt }) => `${provider} ${prompt}`).sort(),
		);
	});

	it('shows the fields of the first row, and complains of none', async () => {
		await panel.close();
		await stage.editor.dismissMessages();
		if (keepsPictures) await keepPicture('workflow', await view(stage.editor.page));
		panel = await stage.editor.openNode(GENERATE);
		const expected = [...FIRST_ROW, 'File Name'];
		expect(await settle(async () => await panel.shownFields(), expected)).toEqual(expected);
		expect(await panel.complainedAbout()).toEqual([]);
	});
});

const UNDER_WAY = /^Seedream: \d of 6 images, \d running, 0 failed$/;

const FIRST_ROW = [
	'Provider',
	'Model',
	'Prompt',
	'Aspect Ratio',
	'Resolution',
	'Number of Images',
	'Reference Image URLs',
	'Reference Image Fields',
	'Continue When',
	...ABOUT_OUTPUT,
	'Additional Fields',
	'Options',
];

describe.each(providers)('only the provider from a column, $label first', ({ id }) => {
	it('shows the fields of that provider without a complaint, and makes all images', async () => {
		const { n8n, editor } = stage;
		const others = providers.filter((provider) => provider.id !== id);
		const prompt = 'A quiet lake [[slow:0.5]]';
		const list = [id, ...others.map((other) => other.id)].map((provider) => ({ provider, prompt }));
		const parameters = { provider: '={{ $json.provider }}', prompt: '={{ $json.prompt }}' };
		const workflow = rows(list, parameters, n8n.credentials);
		await editor.openWorkflow(await n8n.rest.createWorkflow(workflow));

		const before = await editor.openNode(GENERATE);
		expect(await before.shownCredentials()).toEqual(ALL_CREDENTIALS);
		await before.execute();
		expect(await before.output.items()).toBe('3 items');
		await before.close();

		const panel = await editor.openNode(GENERATE);
		const expected = FIRST_ROW.map((label) =>
			label === 'Resolution' && id === 'apiInOne' ? 'Quality' : label,
		).filter((label) => label !== 'Number of Images' || id !== 'apiInOne');
		expect(await settle(async () => await panel.shownFields(), expected)).toEqual(expected);
		expect(await panel.complainedAbout()).toEqual([]);
	});
});

const ALL_CREDENTIALS = providers.map(({ label }) => `Credential for ${label}`);

it('nothing in all of this made the page complain', () => {
	expect(stage.editor.complaints).toEqual([]);
});
