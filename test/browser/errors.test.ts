import { GENERATE } from '../server/nodeChains';
import { CAMPAIGN } from './campaign';
import { openEditor, OPEN_TIMEOUT_MS, type EditorFixture } from './fixture';
import type { NodePanel } from './nodePanel';
import {
	boxOf,
	saveScreenshot,
	savesScreenshots,
	screenshot,
	type ScreenshotName,
} from './screenshots';
import { FROM_COLUMNS, rows, type Row } from './workflows';

/** The error panel after a failed batch. */

jest.setTimeout(60_000);

let fixture: EditorFixture;

beforeAll(
	async () => (fixture = await openEditor({ sandbox: { taskSeconds: 0.5 } })),
	OPEN_TIMEOUT_MS,
);

afterAll(async () => await fixture.close());

const [lake, , oranges, , sneaker] = CAMPAIGN as readonly [Row, Row, Row, Row, Row];

async function runBatch(list: readonly Row[], withCredentials = true): Promise<NodePanel> {
	const { n8n, editor } = fixture;
	const credentials = withCredentials ? n8n.credentials : undefined;
	const workflow = rows(list, FROM_COLUMNS, credentials);
	await editor.openWorkflow(await n8n.rest.createWorkflow(workflow));
	const panel = await editor.openNode(GENERATE);
	await panel.execute();
	return panel;
}

/** A task ID, in any provider's format. */
const TASK = String.raw`task[-_][\w-]+`;

const KEPT =
	/^2 of \d rows finished\. The node saves them: Retry On Fail, or Retry on the Executions tab, fetches them again and you only pay for the rest\. In a new execution, you pay for every row\. You can also fetch them with the Seedream Task Status node\.$/;

const THEIR_TASKS = new RegExp(`^Their task IDs: ${TASK}, ${TASK}$`);

interface Case {
	what: string;
	list: readonly Row[];
	message: string | RegExp;
	description: Array<string | RegExp>;
	/** The number of tasks created: those that were charged, and those that failed. */
	tasks: number;
	/** For the documentation. */
	screenshotName?: ScreenshotName;
}

const CASES: Case[] = [
	{
		what: 'an invalid row is rejected before anything is sent',
		list: [lake, oranges, { ...sneaker, aspect_ratio: '16:10' }],
		message:
			'Row 3: \'Aspect Ratio\' is "16:10" but must be one of 1:1, 4:3, 3:4, 16:9, 9:16, 2:3, 3:2, 21:9',
		description: ["Correct the row, then try again. You weren't charged."],
		tasks: 0,
		screenshotName: 'error-row',
	},
	{
		what: 'a row rejected by the provider affects no other',
		list: [
			lake,
			{ ...lake, prompt: 'A film star in a fight [[fail:content_policy_violation]]' },
			oranges,
		],
		message: new RegExp(
			`^Row 2: EvoLink blocked the image because of its content policy \\(content_policy_violation: Content policy violation\\.\\) \\[task ${TASK}\\]$`,
		),
		description: [
			"Reword the prompt, or use different reference images. You weren't charged.",
			KEPT,
			THEIR_TASKS,
		],
		tasks: 3,
	},
	{
		what: 'several failed rows have a line each',
		list: [
			lake,
			oranges,
			{ ...lake, prompt: 'A film star in a fight [[fail:content_policy_violation]]' },
			{ ...oranges, prompt: 'Oranges on credit [[http:402]]' },
		],
		message: '2 of 4 rows failed',
		description: [
			/^Row 3 \[item 2\]: EvoLink blocked the image because of its content policy/,
			/^Row 4 \[item 3\]: APIMart reports that this account has no credits left/,
			'For row 3: Reword the prompt, or use different reference images.',
			'For row 4: Top up the account, then try again.',
			"You weren't charged for these rows.",
			KEPT,
			THEIR_TASKS,
		],
		tasks: 3,
	},
	{
		what: 'an only row is not numbered',
		list: [{ ...lake, prompt: '' }],
		message: /^'Prompt' is empty/,
		description: ["Correct the row, then try again. You weren't charged."],
		tasks: 0,
	},
];

it.each(CASES)('$what', async ({ list, message, description, tasks, screenshotName }) => {
	const before = fixture.n8n.sandbox.tasks().length;
	const panel = await runBatch(list);
	const error = await panel.output.error();
	// n8n adds the item as long as it shows several in the node's input; on a busy machine, it may not.
	expect(error.message.replace(/ \[item \d+\]$/, '')).toMatch(exactly(message));
	expect(error.description).toEqual(
		description.map((line): unknown => expect.stringMatching(exactly(line))),
	);
	expect(await panel.output.errorAtFirstSight()).not.toMatch(/\bat .+:\d+:\d+|node_modules/);
	expect(fixture.n8n.sandbox.tasks()).toHaveLength(before + tasks);
	if (savesScreenshots && screenshotName) {
		await panel.untilOver();
		await fixture.editor.messages.first().waitFor();
		await fixture.editor.dismissMessages();
		await saveScreenshot(
			screenshotName,
			await screenshot(fixture.editor.page, await boxOf(panel.dialog)),
		);
	}
});

it('a missing credential is named', async () => {
	const panel = await runBatch([lake], false);
	expect(await panel.output.error()).toEqual({
		message: 'No EvoLink credential is selected',
		description: [
			"Open the node, select or create a credential for EvoLink, then try again. You weren't charged.",
		],
	});
});

it('the error panels caused no errors in the browser', () => {
	expect(fixture.editor.pageErrors).toEqual([]);
});

function exactly(text: string | RegExp): RegExp {
	if (text instanceof RegExp) return text;
	return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
