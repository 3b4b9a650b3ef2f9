import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { deliver } from './deliver';
import { invalidRow, type Result } from './errors';
import { linkDoor } from './http';
import { createLinkCheck } from './images/linkCheck';
import { runningItem } from './output/taskItems';
import { linksExpire } from './providers/answers';
import type { CompletedTask, Cost, Model } from './providers/provider';
import { requestBody } from './request/body';
import { askedFor } from './request/asked';
import { fieldLabel } from './request/labels';
import { readGenerateRow, type GenerateRow } from './request/readRow';
import { runRows, type RowTools } from './runRows';
import { openTaskMemory } from './taskMemory';
import { followTask } from './tasks/follow';
import type { MadeTask, Page, PaidTask, RowEnd } from './tasks/ledger';
import { createPace, type Pace } from './tasks/pace';
import { submitTask, type SubmittedTask } from './tasks/submit';

/** Makes the images of every row. */
export async function generate(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const checkLinks = createLinkCheck(linkDoor(context));
	const readRow = async (_context: IExecuteFunctions, itemIndex: number) => {
		const row = await readGenerateRow(context, itemIndex);
		if (!row.ok || !row.value.controls.checkReferences) return row;
		const problems = await checkLinks(row.value.request);
		const messages = problems.map((problem) => `${fieldLabel('imageUrls')}: ${problem}`);
		return messages.length === 0
			? row
			: { ok: false as const, failure: invalidRow(messages, row.value.provider) };
	};
	const ledger = openTaskMemory(context);
	try {
		const output = await runRows(context, {
			readRow,
			carryOut: async (row, tools) => {
				const page = ledger.page(askedFor(row.provider, row.request), tools.itemIndex);
				const result = await generateRow(row, page, tools);
				page.ended(rowEnd(result));
				return result;
			},
			onRetry:
				'They are kept: Retry On Fail, or Retry in the list of executions, fetches them again and pays only for the rest. A new run pays for every row.',
		});
		ledger.handOn();
		return output;
	} finally {
		if (context.getExecutionCancelSignal?.()?.aborted) logPaid(context, ledger.paid());
	}
}

/** What a stopped execution has paid for stands nowhere else. */
function logPaid({ logger }: IExecuteFunctions, paid: readonly PaidTask[]): void {
	for (const { row, at, taskId } of paid) {
		const sentAt = new Date(at).toISOString();
		logger.warn(
			taskId === undefined
				? 'The execution was stopped: whether a Seedream create was accepted is not known'
				: `The execution was stopped: Seedream Task Status can fetch task ${taskId}`,
			{ row: row + 1, sentAt },
		);
	}
}

/** A task that ended without a charge is a thing of the past; any other may be fetched yet. */
function rowEnd(result: Result<unknown>): RowEnd {
	if (result.ok) return 'done';
	return result.failure.charged === 'no' ? 'unpaid' : 'open';
}

async function generateRow(
	row: GenerateRow,
	page: Page,
	tools: RowTools,
): Promise<Result<INodeExecutionData[]>> {
	const { request, continueWhen, controls } = row;
	const { itemIndex, gateway, clock } = tools;
	const pace = createPace(controls.pollInterval);

	const kept = page.task();
	const task = kept ? pickUp(kept, tools) : await submit(row, page, pace, tools);
	if (!task.ok) return task;
	const { taskId, at, raw } = task.value;
	const facts = {
		provider: gateway.provider,
		taskId,
		model: request.modelId,
		prompt: request.prompt,
	};
	if (continueWhen === 'submitted') {
		const options = { ...controls, itemIndex };
		return { ok: true, value: [runningItem(facts, { status: 'submitted' }, raw, options)] };
	}
	const following = {
		clock,
		pace,
		timeoutSeconds: controls.timeout,
		since: at,
		firstPauseMs: kept ? 0 : pace.pause(0),
		isKnown: true,
	};
	const done = await followTask(gateway, taskId, following);
	if (!done.ok) return done;
	const { content, raw: answer } = done.value;
	if (content.imageUrls.length < Number(request.values.imageCount ?? 1)) tools.noteFewerImages();
	const seconds = kept ? undefined : Math.round((clock.now() - at) / 100) / 10;
	const completed = fillIn(content, request.model, at, seconds);
	return await deliver(facts, { content: completed, raw: answer }, controls, following, tools);
}

interface RowTask extends MadeTask {
	/** The create's answer, where it was made just now. */
	raw?: SubmittedTask['raw'];
}

function pickUp(task: MadeTask, { context, itemIndex }: RowTools): Result<RowTask> {
	context.logger.info(`Seedream task ${task.taskId} taken up again`, { row: itemIndex + 1 });
	return { ok: true, value: task };
}

async function submit(
	{ request }: GenerateRow,
	page: Page,
	pace: Pace,
	{ context, itemIndex, gateway, clock, linksOf }: RowTools,
): Promise<Result<RowTask>> {
	const links = await linksOf(request.references, gateway, request.sendBinaryAs);
	if (!links.ok) return links;
	const body = requestBody(request, links.value);
	const task = await submitTask(gateway, body, page, { clock, pace });
	if (task.ok) {
		const { label } = gateway.provider;
		context.logger.info(`Seedream task ${task.value.taskId} submitted to ${label}`, {
			row: itemIndex + 1,
		});
	}
	return task;
}

/** What the gateway does not say about the finished task, but is known here. */
function fillIn(
	state: CompletedTask,
	model: Model,
	submittedAt: number,
	seconds: number | undefined,
): CompletedTask {
	return {
		...state,
		seconds: state.seconds ?? seconds,
		expiresAt: state.expiresAt ?? linksExpire(new Date(submittedAt)),
		cost: state.cost ?? listPrice(model, state.imageUrls.length),
	};
}

function listPrice({ creditsPerImage }: Model, images: number): Cost | undefined {
	if (creditsPerImage === undefined) return undefined;
	return { credits: creditsPerImage * images, estimated: true };
}
