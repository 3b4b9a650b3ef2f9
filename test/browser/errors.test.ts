import { GENERATE } from '../server/nodeChains';
import { CAMPAIGN } from './campaign';
import { openStage, OPENING_MS, type Stage } from './fixture';
import type { NodePanel } from './nodePanel';
import { boxOf, keepPicture, keepsPictures, view } from './screenshots';
import { FROM_COLUMNS, rows, type Row } from './workflows';

/** The error panel, read as the person reads it whose batch has failed. */

jest.setTimeout(60_000);

let stage: Stage;

beforeAll(async () => (stage = await openStage({ sandbox: { taskSeconds: 0.5 } })), OPENING_MS);

afterAll(async () => await stage.close());

const [lake, , oranges, , sneaker] = CAMPAIGN as readonly [Row, Row, Row, Row, Row];

async function runBatch(list: readonly Row[], withCredentials = true): Promise<NodePanel> {
	const { n8n, editor } = stage;
	const credentials = withCredentials ? n8n.credentials : undefined;
	const workflow = rows(list, FROM_COLUMNS, credentials);
	await editor.openWorkflow(await n8n.rest.createWorkflow(workflow));
	const panel = await editor.openNode(GENERATE);
	await panel.execute();
	return panel;
}

/** An id that changes from run to run, as the providers write them. */
const TASK = String.raw`task[-_][\w-]+`;

const KEPT =
	/^2 of \d rows finished\. They are kept: Retry On Fail, or Retry in the list of executions, fetches them again and pays only for the rest\. A new run pays for every row\. Seedream Task Status can fetch them, too\.$/;

const THEIR_TASKS = new RegExp(`^Their tasks: ${TASK}, ${TASK}$`);

interface Case {
	what: string;
	list: readonly Row[];
	message: string | RegExp;
	description: Array<string | RegExp>;
	/** Tasks that were made: what was paid for, and what failed at the provider. */
	tasks: number;
}

const CASES: Case[] = [
	{
		what: 'a row that no provider would take is refused before anything is sent',
		list: [lake, oranges, { ...sneaker, aspect_ratio: '16:10' }],
		message: 'Row 3: Aspect Ratio: "16:10" is not one of 1:1, 4:3, 3:4, 16:9, 9:16, 2:3, 3:2, 21:9',
		description: ['Correct the row and run again. Nothing was charged.'],
		tasks: 0,
	},
	{
		what: 'a row that the provider refuses spoils no other',
		list: [
			lake,
			{ ...lake, prompt: 'A film star in a fight [[fail:content_policy_violation]]' },
			oranges,
		],
		message: new RegExp(
			`^Row 2: EvoLink stopped the image because of its content policy \\(content_policy_violation: Content policy violation\\.\\) \\[task ${TASK}\\]$`,
		),
		description: [
			'Reword the prompt, or use other reference images. Nothing was charged.',
			KEPT,
			THEIR_TASKS,
		],
		tasks: 3,
	},
	{
		what: 'several bad rows stand each on a line of its own',
		list: [
			lake,
			oranges,
			{ ...lake, prompt: 'A film star in a fight [[fail:content_policy_violation]]' },
			{ ...oranges, prompt: 'Oranges on credit [[http:402]]' },
		],
		message: '2 of 4 rows failed',
		description: [
			/^Row 3: EvoLink stopped the image because of its content policy/,
			/^Row 4: APIMart has no credit left on this account/,
			'For row 3: Reword the prompt, or use other reference images.',
			'For row 4: Top up the account and run again.',
			'Nothing was charged for these rows.',
			KEPT,
			THEIR_TASKS,
		],
		tasks: 3,
	},
	{
		what: 'the only row speaks for itself',
		list: [{ ...lake, prompt: '' }],
		message: /^Prompt: is empty/,
		description: ['Correct the row and run again. Nothing was charged.'],
		tasks: 0,
	},
];

it.each(CASES)('$what', async ({ what, list, message, description, tasks }) => {
	const before = stage.n8n.sandbox.tasks().length;
	const panel = await runBatch(list);
	const error = await panel.output.error();
	expect(error.message).toEqual(expect.stringMatching(exactly(message)));
	expect(error.description).toEqual(
		description.map((line): unknown => expect.stringMatching(exactly(line))),
	);
	expect(await panel.output.errorAtFirstSight()).not.toMatch(
		/\bat .+:\d+:\d+|node_modules|\[item /,
	);
	expect(stage.n8n.sandbox.tasks()).toHaveLength(before + tasks);
	if (keepsPictures && what.startsWith('a row that no provider')) {
		await panel.untilOver();
		await stage.editor.messages.first().waitFor();
		await stage.editor.dismissMessages();
		await keepPicture('error-row', await view(stage.editor.page, await boxOf(panel.dialog)));
	}
});

it('a row without a credential is told which one', async () => {
	const panel = await runBatch([lake], false);
	expect(await panel.output.error()).toEqual({
		message: 'No EvoLink credential is selected',
		description: [
			'Open the node, choose or create a credential for EvoLink and run again. Nothing was charged.',
		],
	});
});

it('nothing in all of this made the page complain', () => {
	expect(stage.editor.complaints).toEqual([]);
});

function exactly(text: string | RegExp): RegExp {
	if (text instanceof RegExp) return text;
	return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
