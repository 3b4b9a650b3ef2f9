import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { deliver } from './deliver';
import { invalidRow, lostTask, type Result } from './errors';
import { linkDoor } from './http';
import { createLinkCheck } from './images/linkCheck';
import { runningItem } from './output/taskItems';
import { findProvider } from './providers';
import { linksExpire } from './providers/answers';
import type { CompletedTask, Cost, ImageRequest, Model } from './providers/provider';
import { requestBody } from './request/body';
import { askedFor } from './request/asked';
import { fieldLabel } from './request/labels';
import { readGenerateRow, type GenerateRow } from './request/readRow';
import { runRows, type RowTools } from './runRows';
import { openTaskMemory } from './taskMemory';
import type { FollowedTask } from './tasks/follower';
import type { Answer } from './tasks/gateway';
import type { MadeTask, Page, PaidTask, RowEnd } from './tasks/ledger';
import { createSlots } from './tasks/slots';
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
				'They are kept: Retry On Fail, or Retry in the list of executions, fetches them again and pays only for the rest. A new run pays for every row. Seedream Task Status can fetch them, too.',
			imagesOf: ({ request }) => imagesAskedFor(request),
			slots: createSlots,
		});
		ledger.handOn();
		return output;
	} finally {
		if (context.getExecutionCancelSignal?.()?.aborted) logPaid(context, ledger.paid());
	}
}

function imagesAskedFor({ values }: ImageRequest): number {
	return Number(values.imageCount ?? 1);
}

/** What a stopped execution has paid for stands nowhere else. */
function logPaid(context: IExecuteFunctions, paid: readonly PaidTask[]): void {
	for (const { row, at, taskId, asked } of paid) {
		const provider = findProvider(String(asked.provider))?.label ?? '';
		const model = String(asked.modelId);
		const sentAt = new Date(at);
		const what =
			taskId === undefined
				? `a Seedream task may have been made at ${provider}: look in its list of tasks for ${lostTask(model, sentAt)}`
				: `Seedream Task Status can fetch task ${taskId} from ${provider}`;
		context.logger.warn(`Stopped: ${what}${logPlace(context, row)}`, {
			row: row + 1,
			model,
			sentAt: sentAt.toISOString(),
		});
	}
}

/** n8n's log shows nothing but the message, unless it is told to. */
function logPlace(context: IExecuteFunctions, itemIndex: number): string {
	const execution = context.getExecutionId();
	return ` (${execution ? `execution ${execution}, ` : ''}row ${itemIndex + 1})`;
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
	const facts = { provider: gateway.provider, model: request.modelId, prompt: request.prompt };
	if (continueWhen === 'submitted') {
		const task = await tools.withSlot(async () => await taskOf(row, page, tools));
		if (!task.ok) return task;
		const { taskId, raw } = task.value;
		gateway.letGo(taskId);
		const options = { ...controls, itemIndex };
		const item = runningItem({ ...facts, taskId }, { status: 'submitted' }, raw, options);
		return { ok: true, value: [item] };
	}
	const done = await tools.withSlot(async () => await finishedTask(row, page, tools));
	if (!done.ok) return done;
	const { followed, answer } = done.value;
	const { content, raw } = answer;
	if (content.imageUrls.length < imagesAskedFor(request)) tools.noteFewerImages();
	const { since, taskId, isOld } = followed;
	const seconds = isOld ? undefined : Math.round((clock.now() - since) / 100) / 10;
	const state = fillIn(content, request.model, since, seconds);
	return await deliver({ ...facts, taskId }, { content: state, raw }, controls, followed, tools);
}

interface RowTask extends MadeTask {
	/** What the create's answer said, where the task was made just now. */
	raw?: SubmittedTask['raw'];
	estimatedSeconds?: number;
	isOld: boolean;
}

/** The task that the row has already, or a new one. */
async function taskOf(row: GenerateRow, page: Page, tools: RowTools): Promise<Result<RowTask>> {
	const { context, itemIndex, gateway } = tools;
	const say = (what: string) =>
		context.logger.info(`${what}${logPlace(context, itemIndex)}`, { row: itemIndex + 1 });
	const kept = page.task();
	if (kept) {
		say(`Seedream task ${kept.taskId} taken up again`);
		return { ok: true, value: { ...kept, isOld: true } };
	}
	const made = await submit(row, page, tools);
	if (!made.ok) return made;
	say(`Seedream task ${made.value.taskId} submitted to ${gateway.provider.label}`);
	return { ok: true, value: { ...made.value, isOld: false } };
}

async function submit(
	{ request }: GenerateRow,
	page: Page,
	{ gateway, linksOf, clock, backOff }: RowTools,
): Promise<Result<SubmittedTask>> {
	const links = await linksOf(request.references, gateway, request.sendBinaryAs);
	if (!links.ok) return links;
	const body = requestBody(request, links.value);
	return await submitTask(gateway, body, page, { clock, backOff });
}

interface FinishedTask {
	followed: FollowedTask;
	answer: Answer<CompletedTask>;
}

async function finishedTask(
	row: GenerateRow,
	page: Page,
	tools: RowTools,
): Promise<Result<FinishedTask>> {
	const { pollInterval, timeout } = row.controls;
	const task = await taskOf(row, page, tools);
	if (!task.ok) return task;
	const { taskId, at, estimatedSeconds, isOld } = task.value;
	const followed: FollowedTask = {
		taskId,
		since: at,
		timeoutSeconds: timeout,
		pollSeconds: pollInterval,
		estimatedSeconds,
		isOld,
		isKnown: true,
	};
	const answer = await tools.follower.follow(followed);
	return answer.ok ? { ok: true, value: { followed, answer: answer.value } } : answer;
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
