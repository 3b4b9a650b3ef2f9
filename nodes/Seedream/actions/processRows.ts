import { groupBy, once } from 'lodash';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { FileNames } from '../images/fileNames';
import { ReferenceLinks } from '../images/referenceLinks';
import { createExecutionClock } from '../n8n/clock';
import { createFileCache } from '../n8n/fileCache';
import { createFileNameStore } from '../n8n/fileNameStore';
import { addSummaryHint, countImages } from '../n8n/hint';
import {
	collectResults,
	stopBatch,
	stopOnFailure,
	type RowItem,
	type RowResult,
} from '../n8n/results';
import { createUploadCache } from '../n8n/uploadCache';
import { selectFields } from '../output/taskItems';
import { createBackoff } from '../shared/backoff';
import type { Clock } from '../shared/clock';
import { mapWithLimit, SlowTolerantLimiter, waitForAll } from '../shared/limit';
import { createPause } from '../shared/pause';
import { Progress } from '../tasks/progress';
import type { ProviderClient } from '../tasks/providerClient';
import { prepareRows, readRows, type PreparedRow } from './prepareRows';
import {
	hasEnded,
	SKIPPED,
	type ProviderTools,
	type Row,
	type RowProcessor,
	type RowTools,
} from './row';

const CONCURRENT_DOWNLOADS = 4;
/**
 * Of one provider. A row takes 7 KB from its start to its end. Up to 1,000 tasks run at once; the other
 * rows wait for their downloads.
 */
const MAX_STARTED_ROWS = 1_500;

/**
 * Reads all rows, refuses what can't work before anything is sent, processes the others at the same
 * time, and returns the results in the order of the input.
 */
export async function processRows<T extends Row>(
	context: IExecuteFunctions,
	processor: RowProcessor<T>,
): Promise<INodeExecutionData[][]> {
	const { readRow, concurrencyLimiter } = processor;
	const rows = await readRows(context, readRow);
	const clock = createExecutionClock(context);
	const backoff = createBackoff();
	const live: { progress?: Progress } = {};
	const prepared = await prepareRows(context, rows, {
		clock,
		backoff,
		concurrencyLimiter,
		onRejected: () => live.progress?.update(),
	});
	stopOnFailure(context, prepared.map(withoutItems), processor.onRetry());
	const refusal = await processor.refuseAll?.(
		prepared.flatMap((row) => (!hasEnded(row) && row.ok ? [row.value.row] : [])),
	);
	if (refusal) stopBatch(context, refusal);

	const startedAt = clock.now();
	const expected = prepared.map((row) => expectedImages(row, processor));
	const progress = createRowProgress(context, clock, prepared, expected);
	live.progress = progress;
	const fewerImages: number[] = [];
	const shared = {
		context,
		clock,
		backoff,
		referenceLinks: new ReferenceLinks(clock, backoff, createUploadCache(context)),
		downloadLimit: new SlowTolerantLimiter(CONCURRENT_DOWNLOADS, clock).run,
		files: createFileCache(context),
		fileNames: await rowFileNames(context, prepared, expected, processor, clock),
	};
	const results = await processAll(prepared, expected, processor, shared, progress, fewerImages);
	// Everything below takes long if there are thousands of rows.
	await createPause(clock)();
	const items = collectResults(context, results, processor.onRetry());
	const skipped = prepared.flatMap((row, itemIndex) => (row === SKIPPED ? [itemIndex] : []));
	addSummaryHint(context, {
		items,
		fewerImages,
		skipped,
		callsBackToo: prepared.some(
			(row) => !hasEnded(row) && row.ok && processor.callsBackToo?.(row.value.row),
		),
		limitedModels: processor.limitedModels?.() ?? [],
		preview: processor.preview?.(),
		notes: processor.notes?.(),
		seconds: (clock.now() - startedAt) / 1000,
	});
	return [items.map((item) => withSelectedFields(item, prepared))];
}

function withSelectedFields(item: RowItem, rows: ReadonlyArray<PreparedRow<Row>>): RowItem {
	const row = rows[item.pairedItem.item];
	const itemFields = row && !hasEnded(row) && row.ok ? row.value.row.options.itemFields : undefined;
	return itemFields ? selectFields(item, itemFields) : item;
}

const NO_ITEMS: RowResult = { ok: true, value: [] };

function withoutItems(row: PreparedRow<unknown>): RowResult {
	return hasEnded(row) || row.ok ? NO_ITEMS : row;
}

/** For the progress bar, a row that failed counts as one image. */
function expectedImages<T>(row: PreparedRow<T>, { imagesOf }: RowProcessor<T>): number {
	if (hasEnded(row)) return 0;
	return row.ok ? imagesOf(row.value.row) : 1;
}

type SharedTools = Omit<
	RowTools,
	keyof ProviderTools | 'itemIndex' | 'withSlot' | 'forProvider' | 'noteFewerImages'
>;

async function processAll<T>(
	prepared: ReadonlyArray<PreparedRow<T>>,
	expected: readonly number[],
	{ processRow }: RowProcessor<T>,
	shared: SharedTools,
	progress: Progress,
	fewerImages: number[],
): Promise<RowResult[]> {
	// Thousands of rows may start, or get a slot, at the same time.
	const pause = createPause(shared.clock);
	const processOne = async (ready: PreparedRow<T>, itemIndex: number): Promise<RowResult> => {
		const images = expected[itemIndex] ?? 1;
		if (ready === SKIPPED) return NO_ITEMS;
		if ('kind' in ready) return { ok: true, value: ready.items };
		if (!ready.ok) {
			progress.rejected(images);
			return ready;
		}
		const { row, fallbacks, ...providerTools } = ready.value;
		const noteStarted = once(() => progress.started(images));
		const toolsFor = (tools: ProviderTools): RowTools => ({
			...shared,
			...tools,
			itemIndex,
			withSlot: async (work) =>
				await inSlot(tools.client, shared.clock, pause, async () => {
					noteStarted();
					return await work();
				}),
			forProvider: (provider) => {
				const other = fallbacks.get(provider);
				return other && toolsFor(other);
			},
			noteFewerImages: () => fewerImages.push(itemIndex),
		});
		await pause();
		const result = await processRow(row, toolsFor(providerTools));
		progress.ended(images, result.ok ? countImages(result.value) : undefined);
		return result;
	};
	const results: RowResult[] = [];
	// A provider that accepts few tasks doesn't hold up the rows of another one.
	const byProvider = groupBy([...prepared.entries()], ([, ready]) => providerId(ready));
	await waitForAll(
		Object.values(byProvider).map(
			async (rows) =>
				await mapWithLimit(rows, MAX_STARTED_ROWS, async ([itemIndex, ready]) => {
					results[itemIndex] = await processOne(ready, itemIndex);
				}),
		),
	);
	return results;
}

function providerId(row: PreparedRow<unknown>): string | undefined {
	return hasEnded(row) || !row.ok ? undefined : row.value.client.provider.id;
}

async function inSlot<T>(
	{ concurrencyLimiter }: ProviderClient,
	clock: Clock,
	pause: () => Promise<void>,
	work: () => Promise<T>,
): Promise<T> {
	const free = await concurrencyLimiter.acquire();
	try {
		await pause();
		// After a stop, the rows that are still waiting end here.
		await clock.sleep(0);
		return await work();
	} finally {
		free();
	}
}

async function rowFileNames<T extends Row>(
	context: IExecuteFunctions,
	prepared: ReadonlyArray<PreparedRow<T>>,
	expected: readonly number[],
	{ namedAfter }: RowProcessor<T>,
	clock: Clock,
): Promise<FileNames> {
	const names = new FileNames(createFileNameStore(context), new Date(clock.now()));
	const pause = createPause(clock);
	for (const [itemIndex, ready] of prepared.entries()) {
		if (hasEnded(ready) || !ready.ok || !ready.value.row.options.downloadImages) continue;
		await pause();
		const { row, client, fallbacks } = ready.value;
		const { taskIds, ...known } = namedAfter(row);
		const images = taskIds
			? taskIds.map((taskId) => ({ image: 1, taskId }))
			: Array.from({ length: expected[itemIndex] ?? 1 }, (_, index) => ({ image: index + 1 }));
		// A fallback isn't known in advance.
		const { id } = client.provider;
		const sender =
			fallbacks.size > 0 ? { provider: undefined, model: undefined } : { provider: id };
		names.reserve(itemIndex, { template: row.options.fileName, images, ...known, ...sender });
	}
	return names;
}

function createRowProgress(
	context: IExecuteFunctions,
	clock: Clock,
	prepared: ReadonlyArray<PreparedRow<unknown>>,
	expected: readonly number[],
): Progress {
	const say = (message: string) => {
		context.logger.info(message);
		context.sendMessageToUI(message);
	};
	const total = expected.reduce((sum, images) => sum + images, 0);
	const clients = [
		...new Set(prepared.flatMap((row) => (!hasEnded(row) && row.ok ? [row.value.client] : []))),
	];
	// The providers that aren't accepting requests right now.
	const waiting = () =>
		clients.flatMap((client) => (client.isBackingOff() ? [client.provider.label] : []));
	return new Progress(total, clock, say, waiting);
}
