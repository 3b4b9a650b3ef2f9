import type { IBinaryData } from 'n8n-workflow';

import type { Failure } from '../errors/failure';
import { missingImagesWarning, missingFilesWarning } from '../errors/taskFailures';
import { downloadImage, type Downloaded } from '../images/download';
import { storeLayersFile } from '../n8n/layersFile';
import { type RowItem, failureItem } from '../n8n/results';
import type { LayersFile } from '../output/layersFile';
import { finishedItems, type TaskFacts } from '../output/taskItems';
import type { CompletedTask } from '../providers/provider';
import type { RowOptions } from '../request/options';
import type { ParsedResponse } from '../tasks/providerClient';
import type { PolledTask } from '../tasks/taskPoller';
import type { RowTools } from './row';

/** However late a task is done, its downloads get this much time. */
const MIN_DOWNLOAD_TIME_MS = 60_000;

/** An image that was generated but isn't returned; without an index, all of its task. */
export interface MissingImage {
	taskId: string;
	index?: number;
}

/** A finished task's items. An image whose download failed has a failed item. */
export interface DownloadedResults {
	items: RowItem[];
	missing: readonly MissingImage[];
	/** Set when no image could be downloaded. */
	failure?: Failure;
}

/**
 * Downloads a finished task's images, if the user wants them, and builds the row's items; only for the
 * image with the index `only`, where the others were returned before.
 */
export async function downloadResults(
	facts: TaskFacts,
	task: ParsedResponse<CompletedTask>,
	options: RowOptions,
	polledTask: PolledTask,
	tools: RowTools,
	only?: number,
): Promise<DownloadedResults> {
	const itemOptions = { ...options, itemIndex: tools.itemIndex };
	const { content: state, raw } = task;
	if (!options.downloadImages) {
		const withWarning = { ...facts, warning: warningOf(facts, state) };
		const items = finishedItems({ facts: withWarning, state, raw, files: [], only }, itemOptions);
		return { items, missing: [] };
	}
	const download = new TaskDownload(facts, options, polledTask, tools, only);
	const { failures, ...downloaded } = await download.run(task);
	const { imageUrls } = downloaded.state;
	const failed = new Map(
		failures.map(([imageIndex, failure]) => {
			const image = { imageUrl: imageUrls[imageIndex] ?? '', imageIndex };
			return [imageIndex, failureItem(tools.context, { ...itemOptions, failure, image })];
		}),
	);
	const numbers = [...failed.keys()].map((index) => index + 1);
	const withWarning = { ...facts, warning: warningOf(facts, state, numbers) };
	const hasFiles = downloaded.files.some((file) => file !== undefined);
	const [first] = failures;
	return {
		items: finishedItems({ facts: withWarning, ...downloaded, failed, only }, itemOptions),
		missing: [...failed.keys()].map((index) => ({ taskId: facts.taskId, index })),
		...(first && !hasFiles ? { failure: download.pollFailure ?? first[1] } : {}),
	};
}

function warningOf(
	{ provider, warning }: TaskFacts,
	{ missing, imageUrls }: CompletedTask,
	numbers: readonly number[] = [],
) {
	const parts = [
		warning,
		missing && missingImagesWarning(provider, missing),
		numbers.length > 0 && missingFilesWarning(numbers, imageUrls.length),
	];
	return parts.filter(Boolean).join('. ') || undefined;
}

interface DownloadedTask {
	state: CompletedTask;
	raw: ParsedResponse<CompletedTask>['raw'];
	files: Array<IBinaryData | undefined>;
	layersFile?: LayersFile<IBinaryData>;
	/** Why downloads failed, by the index of the image. */
	failures: Array<[number, Failure]>;
}

/** `skipped`: returned before. */
type ImageDownload = Downloaded<IBinaryData> | { kind: 'skipped' };

class TaskDownload {
	/** Why expired links couldn't be renewed. */
	pollFailure?: Failure;

	private readonly until: number;

	private readonly cacheKey: string;

	private names: readonly string[] = [];

	constructor(
		private readonly facts: TaskFacts,
		private readonly options: RowOptions,
		private readonly polledTask: PolledTask,
		private readonly tools: RowTools,
		private readonly only: number | undefined,
	) {
		const { startedAt, timeoutSeconds } = polledTask;
		const earliest = tools.clock.now() + MIN_DOWNLOAD_TIME_MS;
		this.until = Math.max(startedAt + timeoutSeconds * 1000, earliest);
		this.cacheKey = `${facts.provider.id}/${facts.taskId}`;
	}

	/** Links that have expired are renewed by polling the task, once. */
	async run(task: ParsedResponse<CompletedTask>): Promise<DownloadedTask> {
		const { imageUrls, expiresAt } = task.content;
		// Another execution's task may have been completed just now: its links may not work yet.
		const validUntil =
			expiresAt ?? (this.polledTask.isConfirmed ? undefined : new Date(this.until));
		this.names = imageUrls.map((_url, index) => (this.isSkipped(index) ? '' : this.nameOf(index)));
		const downloads = await Promise.all(
			imageUrls.map(async (url, index) => await this.findOrDownload(url, index, validUntil)),
		);
		if (!downloads.some(({ kind }) => kind === 'gone')) return await this.collect(downloads, task);
		const renewed = await this.tools.poller.waitFor({ ...this.polledTask, isExisting: true });
		if (!renewed.ok) {
			this.pollFailure = renewed.failure;
			return await this.collect(downloads, task);
		}
		const newUrls = renewed.value.content.imageUrls;
		if (newUrls.length !== imageUrls.length) return await this.collect(downloads, task);
		const retried = await Promise.all(
			downloads.map(async (download, index) => {
				const url = newUrls[index];
				return download.kind === 'gone' && url
					? await this.download(url, index, validUntil)
					: download;
			}),
		);
		return await this.collect(retried, this.withRenewedLinks(task, renewed.value));
	}

	/** The expiry is counted from the task's creation; a renewed link expires later. */
	private withRenewedLinks(
		{ content }: ParsedResponse<CompletedTask>,
		{ content: { imageUrls, expiresAt }, raw }: ParsedResponse<CompletedTask>,
	): ParsedResponse<CompletedTask> {
		const isAhead = expiresAt && expiresAt.getTime() > this.tools.clock.now();
		const newExpiry = isAhead ? expiresAt : undefined;
		return { content: { ...content, imageUrls, expiresAt: newExpiry }, raw };
	}

	private isSkipped(index: number): boolean {
		return this.only !== undefined && this.only !== index;
	}

	private async findOrDownload(
		url: string,
		index: number,
		expiresAt: Date | undefined,
	): Promise<ImageDownload> {
		if (this.isSkipped(index)) return { kind: 'skipped' };
		const stored = await this.tools.files.find(this.cacheKey, index);
		if (!stored) return await this.download(url, index, expiresAt);
		// Another image may have its earlier name by now.
		const extension = stored.fileName?.split('.').at(-1) ?? '';
		const fileName = `${this.names[index]}.${extension}`;
		return { kind: 'stored', stored: { ...stored, fileName } };
	}

	private async download(
		url: string,
		index: number,
		expiresAt: Date | undefined,
	): Promise<Downloaded<IBinaryData>> {
		const { provider, taskId } = this.facts;
		const { links, downloadLimit } = this.tools;
		const name = this.names[index] ?? '';
		const nameFile = ({ extension }: { extension: string }) => `${name}.${extension}`;
		const source = { provider, taskId, url, expiresAt, nameFile };
		return await downloadLimit(async () => await downloadImage(source, this.until, links));
	}

	/** When some downloads failed, the files of the others are cached for a retry. */
	private async collect(
		downloads: readonly ImageDownload[],
		{ content: state, raw }: ParsedResponse<CompletedTask>,
	): Promise<DownloadedTask> {
		const failures = downloads.flatMap((download, index): Array<[number, Failure]> =>
			'failure' in download ? [[index, download.failure]] : [],
		);
		const files = downloads.map((one) => (one.kind === 'stored' ? one.stored : undefined));
		if (failures.length > 0) {
			for (const [index, file] of files.entries()) {
				if (file) this.tools.files.keep(this.cacheKey, index, file);
			}
		}
		return { state, raw, files, failures, layersFile: await this.layersFile(state, files) };
	}

	/** Where only one image is missing, the file was returned with the others. */
	private async layersFile(
		{ layers, imageUrls }: CompletedTask,
		files: DownloadedTask['files'],
	): Promise<DownloadedTask['layersFile']> {
		const { options, only, names, tools } = this;
		const hasFiles = files.some((file) => file !== undefined);
		if (!options.layersFile || !layers || !hasFiles || only !== undefined) return undefined;
		const images = layers.map((layer, index) => {
			return { layer, url: imageUrls[index] ?? '', file: files[index] };
		});
		return await storeLayersFile(tools.context, images, `${names[0]}-layers.json`);
	}

	private nameOf(index: number): string {
		const { provider, taskId, model, prompt } = this.facts;
		const { itemIndex, clock, fileNames } = this.tools;
		return fileNames.take(itemIndex, this.options.fileName, {
			image: index + 1,
			taskId,
			provider: provider.id,
			model: model ?? '',
			prompt: prompt ?? '',
			date: new Date(clock.now()),
		});
	}
}
