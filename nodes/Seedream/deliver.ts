import type { INodeExecutionData } from 'n8n-workflow';

import type { Result } from './errors';
import { downloadImage } from './images/download';
import { fileName } from './images/fileName';
import { finishedItems, type TaskFacts } from './output/taskItems';
import type { CompletedTask } from './providers/provider';
import type { Controls } from './request/controls';
import type { RowTools } from './runRows';
import type { Answer } from './tasks/gateway';

/** Fetches a finished task's images, if the user wants them, and makes the row's items. */
export async function deliver(
	facts: TaskFacts,
	{ content: state, raw }: Answer<CompletedTask>,
	controls: Controls,
	tools: RowTools,
): Promise<Result<INodeExecutionData[]>> {
	const options = { ...controls, itemIndex: tools.itemIndex };
	if (!controls.downloadImages) {
		return { ok: true, value: finishedItems({ facts, state, raw, files: [] }, options) };
	}
	const downloads = await Promise.all(
		state.imageUrls.map(async (url, index) => await fetchFile(url, index, facts, controls, tools)),
	);
	const files = [];
	for (const download of downloads) {
		if (!download.ok) return download;
		files.push(download.value);
	}
	return { ok: true, value: finishedItems({ facts, state, raw, files }, options) };
}

async function fetchFile(
	url: string,
	index: number,
	{ provider, taskId, model, prompt }: TaskFacts,
	controls: Controls,
	{ itemIndex, clock, links, downloadLimit }: RowTools,
) {
	const nameFacts = {
		row: itemIndex + 1,
		image: index + 1,
		taskId,
		provider: provider.id,
		model: model ?? '',
		prompt: prompt ?? '',
		date: new Date(clock.now()),
	};
	return await downloadLimit(
		async () =>
			await downloadImage(
				{
					provider,
					taskId,
					url,
					nameFile: ({ extension }) => fileName(controls.fileName, nameFacts, extension),
				},
				links,
			),
	);
}
