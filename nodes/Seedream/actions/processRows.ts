import type { IBinaryData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { Result } from '../errors/failure';
import type { DownloadPorts } from '../images/download';
import { createFileNames, type ExpectedRow, type FileNames } from '../images/fileNames';
import { ReferenceLinks } from '../images/referenceLinks';
import { createApiClient } from '../n8n/apiClient';
import { createExecutionClock } from '../n8n/clock';
import { createDownloader } from '../n8n/downloader';
import { createFileCache, createFileNameStore, type FileCache } from '../n8n/fileCache';
import { countImages, hint } from '../n8n/hint';
import { collectResults, stopOnFailure, type RowResult } from '../n8n/results';
import { createUploadCache } from '../n8n/uploadCache';
import type { Provider } from '../providers/provider';
import type { RowOptions } from '../request/options';
import { createBackoff, type Backoff } from '../shared/backoff';
import type { Clock } from '../shared/clock';
import { createConcurrencyLimiter, type ConcurrencyLimiter } from '../shared/concurrencyLimiter';
import { createLimit, createPatientLimit, type Limit } from '../shared/limit';
import { createProgress } from '../tasks/progress';
import { ProviderClient } from '../tasks/providerClient';
import { TaskPoller } from '../tasks/taskPoller';

/** Everything a row needs to be carried out. */
export interface RowTools {
	context: IExecuteFunctions;
	itemIndex: number;
	client: ProviderClient;
	poller: TaskPoller;
	clock: Clock;
	backoff: Backoff;
	links: DownloadPorts<IBinaryData>;
	referenceLinks: ReferenceLinks;
	/** Runs the part of a row in which its task is at work; only so many rows are in theirs at once. */
	withSlot: <T>(work: () => Promise<T>) => Promise<T>;
	/** All rows' downloads share it, so that large files do not crowd out the queries. */
	downloadLimit: Limit;
	fileNames: FileNames;
	files: FileCache;
	/** Fewer images came than the row asked for. */
	noteFewerImages: () => void;
}

/** An empty line of a sheet: no item, and no error. */
export const SKIPPED = 'skipped';

export type ReadRow<T> = Result<T> | typeof SKIPPED;

/** What a node does with its rows. */
export interface RowProcessor<T> {
	readRow: (context: IExecuteFunctions, itemIndex: number) => Promise<ReadRow<T>>;
	processRow: (row: T, tools: RowTools) => Promise<RowResult>;
	/** How many images a row is expected to give. */
	imagesOf: (row: T) => number;
	/** What its images are named after, as far as it is known before. */
	namedAfter: (row: T) => {
		model: string | undefined;
		prompt: string | undefined;
		/** Where it has them already. */
		taskIds?: readonly string[];
	};
	/** For the rows of one provider; `concurrency` 0 leaves it to the node how many are at work. */
	concurrencyLimiter: (concurrency: number) => ConcurrencyLimiter;
	/** What a second try does with rows that finished, for the error that names those that failed. */
	onRetry: string;
}

interface Row {
	provider: Provider;
	controls: RowOptions;
}

const CONCURRENT_READS = 10;
const CONCURRENT_DOWNLOADS = 4;

/**
 * Reads all rows, refuses what cannot work before anything is sent, carries the others out many at
 * a time and hands the results on in the order of the input.
 */
export async function processRows<T extends Row>(
	context: IExecuteFunctions,
	{ readRow, processRow, imagesOf, namedAfter, concurrencyLimiter, onRetry }: RowProcessor<T>,
): Promise<INodeExecutionData[][]> {
	const readLimit = createLimit(CONCURRENT_READS);
	const rows = await Promise.all(
		context
			.getInputData()
			.map(
				async (_item, itemIndex) => await readLimit(async () => await readRow(context, itemIndex)),
			),
	);
	const clock = createExecutionClock(context);
	const backoff = createBackoff();
	const waiting = { noted: () => {} };
	const prepared = await prepareRows(context, rows, {
		clock,
		backoff,
		concurrencyLimiter,
		onRefused: () => waiting.noted(),
	});
	stopOnFailure(context, prepared.map(withoutItems), onRetry);

	const begun = clock.now();
	const shared = {
		context,
		clock,
		backoff,
		referenceLinks: new ReferenceLinks(clock, backoff, createUploadCache(context)),
		downloadLimit: createPatientLimit(CONCURRENT_DOWNLOADS, clock),
		files: createFileCache(context),
	};
	const expected = prepared.map((ready) => {
		if (ready === SKIPPED) return 0;
		return ready.ok ? imagesOf(ready.value.row) : 1;
	});
	const toName = prepared.map((ready, itemIndex): ExpectedRow | undefined => {
		if (ready === SKIPPED || !ready.ok || !ready.value.row.controls.downloadImages)
			return undefined;
		const { row, client } = ready.value;
		const { taskIds, ...known } = namedAfter(row);
		const images = taskIds
			? taskIds.map((taskId) => ({ image: 1, taskId }))
			: Array.from({ length: expected[itemIndex] ?? 1 }, (_, index) => ({ image: index + 1 }));
		return { template: row.controls.fileName, images, provider: client.provider.id, ...known };
	});
	const fileNames = createFileNames(toName, createFileNameStore(context), new Date(begun));
	const say = (message: string) => {
		context.logger.info(message);
		context.sendMessageToUI(message);
	};
	const progress = createProgress(sum(expected), clock, say, () => waitedFor(prepared));
	waiting.noted = progress.waiting;

	const fewerImages: number[] = [];
	const results = await settleAll(
		prepared.map(async (ready, itemIndex): Promise<RowResult> => {
			const images = expected[itemIndex] ?? 1;
			if (ready === SKIPPED) return NOTHING;
			if (!ready.ok) {
				progress.refused(images);
				return ready;
			}
			const { row, client, poller, openLink } = ready.value;
			const result = await processRow(row, {
				...shared,
				itemIndex,
				client,
				poller,
				links: { clock, open: openLink },
				fileNames,
				withSlot: async (work) => {
					const free = await client.concurrencyLimiter.take();
					try {
						// After a stop, the rows that still wait end here.
						await clock.sleep(0);
						progress.started(images);
						return await work();
					} finally {
						free();
					}
				},
				noteFewerImages: () => fewerImages.push(itemIndex),
			});
			progress.ended(images, result.ok ? countImages(result.value) : undefined);
			return result;
		}),
	);
	const items = collectResults(context, results, onRetry);
	const skipped = prepared.flatMap((ready, itemIndex) => (ready === SKIPPED ? [itemIndex] : []));
	hint(context, { items, fewerImages, skipped, seconds: (clock.now() - begun) / 1000 });
	return [items];
}

/** Waits for all of them even if one breaks off: until then money may be spent. */
async function settleAll<T>(work: Array<Promise<T>>): Promise<T[]> {
	await Promise.allSettled(work);
	return await Promise.all(work);
}

const NOTHING: RowResult = { ok: true, value: [] };

type PreparedRow<T> = ReadRow<{
	row: T;
	client: ProviderClient;
	poller: TaskPoller;
	openLink: DownloadPorts<IBinaryData>['open'];
}>;

/** The providers that take nothing for now. */
function waitedFor(rows: ReadonlyArray<PreparedRow<unknown>>): string[] {
	const clients = new Set(
		rows.flatMap((row) => (row !== SKIPPED && row.ok ? [row.value.client] : [])),
	);
	return [...clients].flatMap((client) => (client.isWaiting() ? [client.provider.label] : []));
}

interface ClientOptions {
	clock: Clock;
	backoff: Backoff;
	concurrencyLimiter: (concurrency: number) => ConcurrencyLimiter;
	onRefused: () => void;
}

/** Finds each row its provider; a row whose provider has no credential is refused here. */
async function prepareRows<T extends Row>(
	context: IExecuteFunctions,
	rows: ReadonlyArray<ReadRow<T>>,
	{ clock, backoff, concurrencyLimiter, onRefused }: ClientOptions,
): Promise<Array<PreparedRow<T>>> {
	const concurrency = chosenConcurrency(rows);
	// A number that the user chose is one for all providers; but none keeps a place while it takes nothing.
	const pool = concurrency > 0 ? createConcurrencyLimiter(concurrency) : undefined;
	const open = async (provider: Provider, itemIndex: number, { timeout }: RowOptions) => {
		const door = await createApiClient(context, provider, itemIndex);
		if (!door.ok) return door;
		const client = new ProviderClient(
			provider,
			concurrencyLimiter(concurrency),
			door.value,
			clock,
			{
				patienceSeconds: timeout,
				pool,
				onRefused,
			},
		);
		return {
			ok: true as const,
			client,
			poller: new TaskPoller(client, clock, backoff),
			openLink: createDownloader(context, { provider, itemIndex }),
		};
	};
	/** One for all rows, so that they slow down together when the provider has too much to do. */
	const clients = new Map<Provider, Awaited<ReturnType<typeof open>>>();
	const prepared: Array<PreparedRow<T>> = [];
	for (const [itemIndex, row] of rows.entries()) {
		if (row === SKIPPED || !row.ok) {
			prepared.push(row);
			continue;
		}
		const { provider, controls } = row.value;
		const opened = clients.get(provider) ?? (await open(provider, itemIndex, controls));
		clients.set(provider, opened);
		if (!opened.ok) prepared.push(opened);
		else prepared.push({ ok: true, value: { row: row.value, ...opened } });
	}
	return prepared;
}

function withoutItems(row: PreparedRow<unknown>): RowResult {
	return row === SKIPPED || row.ok ? NOTHING : row;
}

/** The option is the node's, not the row's: the first row that could be read decides. */
function chosenConcurrency(rows: ReadonlyArray<ReadRow<Row>>): number {
	for (const row of rows) if (row !== SKIPPED && row.ok) return row.value.controls.concurrency;
	return 0;
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}
