import type { IBinaryData, INodeExecutionData } from 'n8n-workflow';

import { imagesMissing, type Result } from './errors';
import { downloadImage, type Downloaded } from './images/download';
import { fileName } from './images/fileName';
import { finishedItems, type TaskFacts } from './output/taskItems';
import type { CompletedTask } from './providers/provider';
import type { Controls } from './request/controls';
import type { RowTools } from './runRows';
import type { FollowedTask } from './tasks/follower';
import type { Answer } from './tasks/gateway';

/** However late a task is done, its images get so much time. */
const LEAST_TIME_MS = 60_000;

/** Fetches a finished task's images, if the user wants them, and makes the row's items. */
export async function deliver(
	facts: TaskFacts,
	task: Answer<CompletedTask>,
	controls: Controls,
	followed: FollowedTask,
	tools: RowTools,
): Promise<Result<INodeExecutionData[]>> {
	const options = { ...controls, itemIndex: tools.itemIndex };
	const { content: state, raw } = task;
	const told = { ...facts, warning: warningOf(facts, state) };
	if (!controls.downloadImages) {
		return { ok: true, value: finishedItems({ facts: told, state, raw, files: [] }, options) };
	}
	const fetched = await fetchFiles(facts, task, controls, followed, tools);
	if (!fetched.ok) return fetched;
	return { ok: true, value: finishedItems({ facts: told, ...fetched.value }, options) };
}

function warningOf({ provider, warning }: TaskFacts, { missing }: CompletedTask) {
	const parts = [warning, missing && imagesMissing(provider, missing)];
	return parts.filter(Boolean).join('. ') || undefined;
}

interface FetchedTask {
	state: CompletedTask;
	raw: Answer<CompletedTask>['raw'];
	files: IBinaryData[];
}

/** Links that have expired are asked for anew, once. */
async function fetchFiles(
	facts: TaskFacts,
	task: Answer<CompletedTask>,
	controls: Controls,
	followed: FollowedTask,
	tools: RowTools,
): Promise<Result<FetchedTask>> {
	const { clock, follower } = tools;
	const { since, timeoutSeconds } = followed;
	const until = Math.max(since + timeoutSeconds * 1000, clock.now() + LEAST_TIME_MS);
	const fetchOne = async (url: string, index: number) =>
		await fetchFile(url, index, facts, controls, until, tools, task.content.expiresAt);

	const { imageUrls } = task.content;
	const first = await Promise.all(imageUrls.map(fetchOne));
	if (!first.some(({ kind }) => kind === 'gone')) {
		return gather(first, task);
	}
	const anew = await follower.follow({ ...followed, isOld: true });
	if (!anew.ok) return anew;
	const { imageUrls: newUrls, expiresAt } = anew.value.content;
	if (newUrls.length !== imageUrls.length) return gather(first, task);
	const second = await Promise.all(
		first.map(async (download, index) => {
			const url = newUrls[index];
			return download.kind === 'gone' && url ? await fetchOne(url, index) : download;
		}),
	);
	// The end of a link's life is reckoned from the task's creation; a new link outlives it.
	const isKnown = expiresAt && expiresAt.getTime() > clock.now();
	const content = {
		...task.content,
		imageUrls: newUrls,
		expiresAt: isKnown ? expiresAt : undefined,
	};
	return gather(second, { content, raw: anew.value.raw });
}

function gather(
	downloads: ReadonlyArray<Downloaded<IBinaryData>>,
	{ content: state, raw }: Answer<CompletedTask>,
): Result<FetchedTask> {
	const files = [];
	for (const download of downloads) {
		if (download.kind !== 'stored') return { ok: false, failure: download.failure };
		files.push(download.stored);
	}
	return { ok: true, value: { state, raw, files } };
}

async function fetchFile(
	url: string,
	index: number,
	{ provider, taskId, model, prompt }: TaskFacts,
	controls: Controls,
	until: number,
	{ itemIndex, clock, links, downloadLimit }: RowTools,
	expiresAt: Date | undefined,
): Promise<Downloaded<IBinaryData>> {
	const nameFacts = {
		row: itemIndex + 1,
		image: index + 1,
		taskId,
		provider: provider.id,
		model: model ?? '',
		prompt: prompt ?? '',
		date: new Date(clock.now()),
	};
	const source = {
		provider,
		taskId,
		url,
		expiresAt,
		nameFile: ({ extension }: { extension: string }) =>
			fileName(controls.fileName, nameFacts, extension),
	};
	return await downloadLimit(async () => await downloadImage(source, until, links));
}
