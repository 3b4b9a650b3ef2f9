import type { IBinaryData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { executionClock } from './clock';
import type { Result } from './errors';
import { gatewayDoor, linkDoor } from './http';
import { fileMemory, nameMemory, type FileMemory } from './imageMemory';
import type { DownloadPorts } from './images/download';
import { createFileNames, type ExpectedRow, type FileNames } from './images/fileNames';
import { createReferenceLinks, type LinksOf } from './images/referenceLinks';
import { countImages, hint } from './output/hint';
import { settleRows, stopOnFailure, type RowResult } from './output/rows';
import type { Provider } from './providers/provider';
import type { Controls } from './request/controls';
import { createBackOff, type BackOff } from './tasks/backOff';
import { Follower } from './tasks/follower';
import { Gateway } from './tasks/gateway';
import { createLimit, createPatientLimit, type Limit } from './tasks/limit';
import type { Clock } from './tasks/ports';
import { createProgress } from './tasks/progress';
import { createSlots, type Slots } from './tasks/slots';
import { uploadMemory } from './uploadMemory';

/** Everything a row needs to be carried out. */
export interface RowTools {
	context: IExecuteFunctions;
	itemIndex: number;
	gateway: Gateway;
	follower: Follower;
	clock: Clock;
	backOff: BackOff;
	links: DownloadPorts<IBinaryData>;
	linksOf: LinksOf;
	/** Runs the part of a row in which its task is at work; only so many rows are in theirs at once. */
	withSlot: <T>(work: () => Promise<T>) => Promise<T>;
	/** All rows' downloads share it, so that large files do not crowd out the queries. */
	downloadLimit: Limit;
	fileNames: FileNames;
	files: FileMemory;
	/** Fewer images came than the row asked for. */
	noteFewerImages: () => void;
}

/** An empty line of a sheet: no item, and no error. */
export const SKIPPED = 'skipped';

export type ReadRow<T> = Result<T> | typeof SKIPPED;

/** What a node does with its rows. */
export interface RowWork<T> {
	readRow: (context: IExecuteFunctions, itemIndex: number) => Promise<ReadRow<T>>;
	carryOut: (row: T, tools: RowTools) => Promise<RowResult>;
	/** How many images a row is expected to give. */
	imagesOf: (row: T) => number;
	/** What its images are named after, as far as it is known before. */
	namedAfter: (row: T) => {
		model: string | undefined;
		prompt: string | undefined;
		/** Where it has them already. */
		taskIds?: readonly string[];
	};
	/** For the rows of one gateway; `concurrency` 0 leaves it to the node how many are at work. */
	slots: (concurrency: number) => Slots;
	/** What a second try does with rows that finished, for the error that names those that failed. */
	onRetry: string;
}

interface Row {
	provider: Provider;
	controls: Controls;
}

const CONCURRENT_READS = 10;
const CONCURRENT_DOWNLOADS = 4;

/**
 * Reads all rows, refuses what cannot work before anything is sent, carries the others out many at
 * a time and hands the results on in the order of the input.
 */
export async function runRows<T extends Row>(
	context: IExecuteFunctions,
	{ readRow, carryOut, imagesOf, namedAfter, slots, onRetry }: RowWork<T>,
): Promise<INodeExecutionData[][]> {
	const readLimit = createLimit(CONCURRENT_READS);
	const rows = await Promise.all(
		context
			.getInputData()
			.map(
				async (_item, itemIndex) => await readLimit(async () => await readRow(context, itemIndex)),
			),
	);
	const clock = executionClock(context);
	const backOff = createBackOff();
	const waiting = { noted: () => {} };
	const prepared = await prepareRows(context, rows, {
		clock,
		backOff,
		slots,
		onRefused: () => waiting.noted(),
	});
	stopOnFailure(context, prepared.map(withoutItems), onRetry);

	const begun = clock.now();
	const shared = {
		context,
		clock,
		backOff,
		linksOf: createReferenceLinks(clock, backOff, uploadMemory(context)),
		downloadLimit: createPatientLimit(CONCURRENT_DOWNLOADS, clock),
		files: fileMemory(context),
	};
	const expected = prepared.map((ready) => {
		if (ready === SKIPPED) return 0;
		return ready.ok ? imagesOf(ready.value.row) : 1;
	});
	const toName = prepared.map((ready, itemIndex): ExpectedRow | undefined => {
		if (ready === SKIPPED || !ready.ok || !ready.value.row.controls.downloadImages)
			return undefined;
		const { row, gateway } = ready.value;
		const { taskIds, ...known } = namedAfter(row);
		const images = taskIds
			? taskIds.map((taskId) => ({ image: 1, taskId }))
			: Array.from({ length: expected[itemIndex] ?? 1 }, (_, index) => ({ image: index + 1 }));
		return { template: row.controls.fileName, images, provider: gateway.provider.id, ...known };
	});
	const fileNames = createFileNames(toName, nameMemory(context), new Date(begun));
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
			const { row, gateway, follower, openLink } = ready.value;
			const result = await carryOut(row, {
				...shared,
				itemIndex,
				gateway,
				follower,
				links: { clock, open: openLink },
				fileNames,
				withSlot: async (work) => {
					const free = await gateway.slots.take();
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
	const items = settleRows(context, results, onRetry);
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
	gateway: Gateway;
	follower: Follower;
	openLink: DownloadPorts<IBinaryData>['open'];
}>;

/** The providers that take nothing for now. */
function waitedFor(rows: ReadonlyArray<PreparedRow<unknown>>): string[] {
	const gateways = new Set(
		rows.flatMap((row) => (row !== SKIPPED && row.ok ? [row.value.gateway] : [])),
	);
	return [...gateways].flatMap((gateway) => (gateway.isWaiting() ? [gateway.provider.label] : []));
}

interface GatewayTools {
	clock: Clock;
	backOff: BackOff;
	slots: (concurrency: number) => Slots;
	onRefused: () => void;
}

/** Finds each row its gateway; a row whose provider has no credential is refused here. */
async function prepareRows<T extends Row>(
	context: IExecuteFunctions,
	rows: ReadonlyArray<ReadRow<T>>,
	{ clock, backOff, slots, onRefused }: GatewayTools,
): Promise<Array<PreparedRow<T>>> {
	const concurrency = chosenConcurrency(rows);
	// A number that the user chose is one for all providers; but none keeps a place while it takes nothing.
	const pool = concurrency > 0 ? createSlots(concurrency) : undefined;
	const open = async (provider: Provider, itemIndex: number, { timeout }: Controls) => {
		const door = await gatewayDoor(context, provider, itemIndex);
		if (!door.ok) return door;
		const gateway = new Gateway(provider, slots(concurrency), door.value, clock, {
			patienceSeconds: timeout,
			pool,
			onRefused,
		});
		return {
			ok: true as const,
			gateway,
			follower: new Follower(gateway, clock, backOff),
			openLink: linkDoor(context, { provider, itemIndex }),
		};
	};
	/** One for all rows, so that they slow down together when the gateway has too much to do. */
	const gateways = new Map<Provider, Awaited<ReturnType<typeof open>>>();
	const prepared: Array<PreparedRow<T>> = [];
	for (const [itemIndex, row] of rows.entries()) {
		if (row === SKIPPED || !row.ok) {
			prepared.push(row);
			continue;
		}
		const { provider, controls } = row.value;
		const opened = gateways.get(provider) ?? (await open(provider, itemIndex, controls));
		gateways.set(provider, opened);
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
