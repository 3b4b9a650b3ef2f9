import type { IBinaryData } from 'n8n-workflow';

import type { Failure } from '../errors/failure';
import { imagesMissing, imagesNotFetched } from '../errors/taskFailures';
import { downloadImage, type Downloaded } from '../images/download';
import { type RowItem, failureItem } from '../n8n/results';
import { finishedItems, type TaskFacts } from '../output/taskItems';
import type { CompletedTask } from '../providers/provider';
import type { RowOptions } from '../request/options';
import type { ParsedResponse } from '../tasks/providerClient';
import type { PolledTask } from '../tasks/taskPoller';
import type { RowTools } from './processRows';

/** However late a task is done, its images get so much time. */
const MIN_TIME_MS = 60_000;

/** An image that was made and is not handed on; without an index, all of its task. */
export interface MissingImage {
	taskId: string;
	index?: number;
}

/** What there is to hand on of a finished task. Of an image that did not come, an entry tells. */
export interface DownloadedResults {
	items: RowItem[];
	missing: readonly MissingImage[];
	/** Nothing came at all. */
	failure?: Failure;
}

/**
 * Fetches a finished task's images, if the user wants them, and makes the row's items; of the image
 * `only`, where the others have been handed on.
 */
export async function downloadResults(
	facts: TaskFacts,
	task: ParsedResponse<CompletedTask>,
	controls: RowOptions,
	polledTask: PolledTask,
	tools: RowTools,
	only?: number,
): Promise<DownloadedResults> {
	const options = { ...controls, itemIndex: tools.itemIndex };
	const { content: state, raw } = task;
	const { taskId } = facts;
	if (!controls.downloadImages) {
		const told = { ...facts, warning: warningOf(facts, state) };
		const items = finishedItems({ facts: told, state, raw, files: [], only }, options);
		return { items, missing: [] };
	}
	const fetched = await fetchFiles(facts, task, controls, polledTask, tools, only);
	const { imageUrls } = fetched.state;
	const failed = new Map(
		fetched.failures.map(([imageIndex, failure]) => {
			const image = { imageUrl: imageUrls[imageIndex] ?? '', imageIndex };
			return [imageIndex, failureItem(tools.context, { ...options, failure, image })];
		}),
	);
	const numbers = [...failed.keys()].map((index) => index + 1);
	const told = { ...facts, warning: warningOf(facts, state, numbers) };
	return {
		items: finishedItems({ facts: told, ...fetched, failed, only }, options),
		missing: [...failed.keys()].map((index) => ({ taskId, index })),
		...(fetched.failure ? { failure: fetched.failure } : {}),
	};
}

function warningOf(
	{ provider, warning }: TaskFacts,
	{ missing, imageUrls }: CompletedTask,
	numbers: readonly number[] = [],
) {
	const parts = [
		warning,
		missing && imagesMissing(provider, missing),
		numbers.length > 0 && imagesNotFetched(numbers, imageUrls.length),
	];
	return parts.filter(Boolean).join('. ') || undefined;
}

interface FetchedTask {
	state: CompletedTask;
	raw: ParsedResponse<CompletedTask>['raw'];
	files: Array<IBinaryData | undefined>;
	/** Why an image did not come, by its index. */
	failures: Array<[number, Failure]>;
	/** Where none came. */
	failure?: Failure;
}

/** `passedOver`: handed on before. */
type Fetched = Downloaded<IBinaryData> | { kind: 'passedOver' };

/** Links that have expired are asked for anew, once. */
async function fetchFiles(
	facts: TaskFacts,
	task: ParsedResponse<CompletedTask>,
	controls: RowOptions,
	polledTask: PolledTask,
	tools: RowTools,
	only: number | undefined,
): Promise<FetchedTask> {
	const { clock, poller, files } = tools;
	const { since, timeoutSeconds, isKnown } = polledTask;
	const until = Math.max(since + timeoutSeconds * 1000, clock.now() + MIN_TIME_MS);
	// A task that was made elsewhere may be done just now, if nobody says otherwise: its links may not work yet.
	const livesUntil = task.content.expiresAt ?? (isKnown ? undefined : new Date(until));
	const { imageUrls } = task.content;
	const key = `${facts.provider.id}/${facts.taskId}`;
	const names = imageUrls.map((_url, index) =>
		only === undefined || only === index ? nameOf(index, facts, controls, tools) : '',
	);
	const fetchOne = async (url: string, index: number) =>
		await fetchFile(url, names[index] ?? '', facts, until, tools, livesUntil);

	const first = await Promise.all(
		imageUrls.map(async (url, index): Promise<Fetched> => {
			if (only !== undefined && only !== index) return { kind: 'passedOver' };
			const stored = await files.find(key, index);
			return stored ? { kind: 'stored', stored } : await fetchOne(url, index);
		}),
	);
	const gather = (downloads: readonly Fetched[], from: ParsedResponse<CompletedTask>) =>
		gathered(downloads, from, (index, file) => files.keep(key, index, file));
	if (!first.some(({ kind }) => kind === 'gone')) {
		return gather(first, task);
	}
	const anew = await poller.waitFor({ ...polledTask, isOld: true });
	if (!anew.ok) {
		const without = gather(first, task);
		return without.failure ? { ...without, failure: anew.failure } : without;
	}
	const { imageUrls: newUrls, expiresAt } = anew.value.content;
	if (newUrls.length !== imageUrls.length) return gather(first, task);
	const second = await Promise.all(
		first.map(async (download, index) => {
			const url = newUrls[index];
			return download.kind === 'gone' && url ? await fetchOne(url, index) : download;
		}),
	);
	// The end of a link's life is reckoned from the task's creation; a new link outlives it.
	const isStillAhead = expiresAt && expiresAt.getTime() > clock.now();
	const content = {
		...task.content,
		imageUrls: newUrls,
		expiresAt: isStillAhead ? expiresAt : undefined,
	};
	return gather(second, { content, raw: anew.value.raw });
}

/** Where some came and others did not, those that came are kept for another try. */
function gathered(
	downloads: readonly Fetched[],
	{ content: state, raw }: ParsedResponse<CompletedTask>,
	keep: (index: number, file: IBinaryData) => void,
): FetchedTask {
	const failures = downloads.flatMap((download, index): Array<[number, Failure]> =>
		'failure' in download ? [[index, download.failure]] : [],
	);
	const files = downloads.map((one) => (one.kind === 'stored' ? one.stored : undefined));
	const [first] = failures;
	if (!first) return { state, raw, files, failures };
	for (const [index, file] of files.entries()) if (file) keep(index, file);
	const hasSome = files.some((file) => file !== undefined);
	return { state, raw, files, failures, ...(hasSome ? {} : { failure: first[1] }) };
}

function nameOf(
	index: number,
	{ provider, taskId, model, prompt }: TaskFacts,
	{ fileName }: RowOptions,
	{ itemIndex, clock, fileNames }: RowTools,
): string {
	return fileNames.take(itemIndex, fileName, {
		image: index + 1,
		taskId,
		provider: provider.id,
		model: model ?? '',
		prompt: prompt ?? '',
		date: new Date(clock.now()),
	});
}

async function fetchFile(
	url: string,
	name: string,
	{ provider, taskId }: TaskFacts,
	until: number,
	{ links, downloadLimit }: RowTools,
	expiresAt: Date | undefined,
): Promise<Downloaded<IBinaryData>> {
	const source = {
		provider,
		taskId,
		url,
		expiresAt,
		nameFile: ({ extension }: { extension: string }) => `${name}.${extension}`,
	};
	return await downloadLimit(async () => await downloadImage(source, until, links));
}
