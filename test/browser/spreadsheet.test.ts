import { dirname } from 'node:path';

import { providers } from '../../nodes/Seedream/providers';
import { GENERATE } from '../server/nodeChains';
import { CAMPAIGN, CAMPAIGN_FILE } from './campaign';
import { ABOUT_OUTPUT } from './expectedFields';
import { openEditor, OPEN_TIMEOUT_MS, type EditorFixture } from './fixture';
import type { NodePanel } from './nodePanel';
import { between, boxOf, saveScreenshot, savesScreenshots, screenshot } from './screenshots';
import { waitUntilEqual, waitUntil } from './settle';
import { FROM_COLUMNS, rows, spreadsheet } from './workflows';

/** The spreadsheet workflow, executed with its button: rows of three providers become images. */

jest.setTimeout(90_000);

/** Long enough to see it running, even on a busy machine. */
const TASK_SECONDS = 8;

let fixture: EditorFixture;

beforeAll(async () => {
	fixture = await openEditor({
		sandbox: { taskSeconds: TASK_SECONDS },
		env: { N8N_RESTRICT_FILE_ACCESS_TO: dirname(CAMPAIGN_FILE) },
	});
}, OPEN_TIMEOUT_MS);

afterAll(async () => await fixture.close());

describe('the spreadsheet workflow', () => {
	let panel: NodePanel;

	beforeAll(async () => {
		const { n8n, editor } = fixture;
		const workflow = spreadsheet(CAMPAIGN_FILE, FROM_COLUMNS, n8n.credentials);
		await editor.openWorkflow(await n8n.rest.createWorkflow(workflow));
		await editor.runWorkflow();
	});

	it('shows its progress', async () => {
		const { editor } = fixture;
		const isInProgress = (messages: string[]) => messages.some((line) => IN_PROGRESS.test(line));
		expect(await waitUntil(async () => [...editor.consoleMessages], isInProgress)).toEqual(
			expect.arrayContaining([expect.stringMatching(IN_PROGRESS)]),
		);
		await editor.nodeOnCanvas(GENERATE).and(editor.page.locator('.running')).waitFor();
		panel = await editor.openNode(GENERATE);
		await panel.output.untilRunning();
		if (savesScreenshots)
			await saveScreenshot('running', await screenshot(editor.page, await boxOf(panel.dialog)));
	});

	it('returns an item for each row', async () => {
		expect(await panel.output.items()).toBe(`${CAMPAIGN.length} items`);
		expect(fixture.editor.consoleMessages.at(-1)).toBe(
			'Seedream: 6 of 6 images, 0 running, 0 failed',
		);
	});

	it('shows time, cost and expiry above the output', async () => {
		expect(await panel.output.hint()).toMatch(
			/^6 images in \d+\.\d seconds for [\d.]+ credits at EvoLink, [\d.]+ credits at APIMart and about 24 credits at API in One\. The links expire at \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/,
		);
	});

	it('shows the files in the Binary tab, named after their rows', async () => {
		const { output } = panel;
		await output.openTab('binary');
		expect(await output.fileNames()).toEqual(CAMPAIGN.map(({ name }) => `${name}.png`));
		const { editor } = fixture;
		await editor.dismissMessages();
		const twoFiles = await between(output.panel, output.file(1));
		const list = savesScreenshots && (await screenshot(editor.page, twoFiles));
		const { width, height } = await output.view(1);
		expect(width / height).toBeCloseTo(4 / 5, 1);
		if (list) await saveScreenshot('images', list, await screenshot(editor.page, twoFiles));
		await output.backToFiles();
	});

	it('was charged once per row', () => {
		const { sandbox } = fixture.n8n;
		const created = sandbox.tasks().map(({ provider, prompt }) => `${provider} ${prompt}`);
		expect(created.sort()).toEqual(
			CAMPAIGN.map(({ provider, prompt }) => `${provider} ${prompt}`).sort(),
		);
	});

	it('shows the fields of the first row without issues', async () => {
		await panel.close();
		await fixture.editor.dismissMessages();
		if (savesScreenshots) await saveScreenshot('workflow', await screenshot(fixture.editor.page));
		panel = await fixture.editor.openNode(GENERATE);
		const expected = [...FIRST_ROW, 'File Name'];
		expect(await waitUntilEqual(async () => await panel.shownFields(), expected)).toEqual(expected);
		expect(await panel.markedFields()).toEqual([]);
	});
});

const IN_PROGRESS = /^Seedream: \d of 6 images, \d running, 0 failed$/;

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

describe.each(providers)(
	'a workflow with only the provider from a column, $label first',
	({ id }) => {
		it('shows the fields of that provider without issues and returns all images', async () => {
			const { n8n, editor } = fixture;
			const others = providers.filter((provider) => provider.id !== id);
			const prompt = 'A quiet lake [[slow:0.5]]';
			const list = [id, ...others.map((other) => other.id)].map((provider) => ({
				provider,
				prompt,
			}));
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
			expect(await waitUntilEqual(async () => await panel.shownFields(), expected)).toEqual(
				expected,
			);
			expect(await panel.markedFields()).toEqual([]);
		});
	},
);

const ALL_CREDENTIALS = providers.map(({ label }) => `Credential for ${label}`);

it('the spreadsheet workflows caused no errors in the browser', () => {
	expect(fixture.editor.pageErrors).toEqual([]);
});
