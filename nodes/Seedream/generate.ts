import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { deliver } from './deliver';
import { invalidRow, type Result } from './errors';
import { linkDoor } from './http';
import { idempotencyKey } from './idempotencyKey';
import { createLinkCheck } from './images/linkCheck';
import { runningItem } from './output/taskItems';
import { linksExpire } from './providers/answers';
import type { CompletedTask, Cost, Model } from './providers/provider';
import { requestBody } from './request/body';
import { fieldLabel } from './request/labels';
import { readGenerateRow, type GenerateRow } from './request/readRow';
import { runRows, type RowTools } from './runRows';
import { followTask } from './tasks/follow';
import { createPace } from './tasks/pace';
import { submitTask } from './tasks/submit';

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
	return await runRows(context, readRow, generateRow);
}

async function generateRow(
	{ request, continueWhen, controls }: GenerateRow,
	tools: RowTools,
): Promise<Result<INodeExecutionData[]>> {
	const { context, itemIndex, gateway, clock } = tools;
	const { provider } = gateway;
	const { modelId, prompt } = request;
	const pace = createPace(controls.pollInterval);

	const links = await tools.linksOf(request.references, gateway, request.sendBinaryAs);
	if (!links.ok) return links;
	const body = requestBody(request, links.value);
	const key = idempotencyKey(context, itemIndex, body);
	const created = await submitTask(gateway, body, key, { clock, pace });
	if (!created.ok) return created;
	const { taskId } = created.value.content;
	const submittedAt = clock.now();
	context.logger.info(`Seedream task ${taskId} submitted to ${provider.label}`, {
		row: itemIndex + 1,
	});

	const facts = { provider, taskId, model: modelId, prompt };
	if (continueWhen === 'submitted') {
		const options = { ...controls, itemIndex };
		return {
			ok: true,
			value: [runningItem(facts, { status: 'submitted' }, created.value.raw, options)],
		};
	}
	const done = await followTask(gateway, taskId, {
		clock,
		pace,
		timeoutSeconds: controls.timeout,
		since: submittedAt,
		firstPauseMs: pace.pause(0),
	});
	if (!done.ok) return done;
	const { content, raw } = done.value;
	if (content.imageUrls.length < Number(request.values.imageCount ?? 1)) tools.noteFewerImages();
	const completed = fillIn(content, request.model, submittedAt, clock.now());
	return await deliver(facts, { content: completed, raw }, controls, tools);
}

/** What the gateway does not say about the finished task, but is known here. */
function fillIn(
	state: CompletedTask,
	model: Model,
	submittedAt: number,
	finishedAt: number,
): CompletedTask {
	return {
		...state,
		seconds: state.seconds ?? Math.round((finishedAt - submittedAt) / 100) / 10,
		expiresAt: state.expiresAt ?? linksExpire(new Date(submittedAt)),
		cost: state.cost ?? listPrice(model, state.imageUrls.length),
	};
}

function listPrice({ creditsPerImage }: Model, images: number): Cost | undefined {
	if (creditsPerImage === undefined) return undefined;
	return { credits: creditsPerImage * images, estimated: true };
}
