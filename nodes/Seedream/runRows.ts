import type { IBinaryData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { executionClock } from './clock';
import type { Result } from './errors';
import { gatewayDoor, linkDoor } from './http';
import type { DownloadPorts } from './images/download';
import { createReferenceLinks, type LinksOf } from './images/referenceLinks';
import { hintFewerImages, settleRows, stopOnFailure, type RowResult } from './output/rows';
import type { Provider } from './providers/provider';
import type { Controls } from './request/controls';
import { Gateway } from './tasks/gateway';
import { createLimit, type Limit } from './tasks/limit';
import { createPace } from './tasks/pace';
import type { Clock } from './tasks/ports';
import { createProgress } from './tasks/progress';
import { uploadMemory } from './uploadMemory';

/** Everything a row needs to be carried out. */
export interface RowTools {
	context: IExecuteFunctions;
	itemIndex: number;
	gateway: Gateway;
	clock: Clock;
	links: DownloadPorts<IBinaryData>;
	linksOf: LinksOf;
	/** All rows' downloads share it, so that large files do not crowd out the queries. */
	downloadLimit: Limit;
	/** Fewer images came than the row asked for. */
	noteFewerImages: () => void;
}

/** What a node does with its rows. */
export interface RowWork<T> {
	readRow: (context: IExecuteFunctions, itemIndex: number) => Promise<Result<T>>;
	carryOut: (row: T, tools: RowTools) => Promise<RowResult>;
	/** What a second try does with rows that finished, for the error that names those that failed. */
	onRetry: string;
}

interface Row {
	provider: Provider;
	controls: Controls;
}

const AUTOMATIC_CONCURRENCY = 10;
const CONCURRENT_READS = 10;
const CONCURRENT_DOWNLOADS = 5;

/**
 * Reads all rows, refuses what cannot work before anything is sent, carries the others out many at
 * a time and hands the results on in the order of the input.
 */
export async function runRows<T extends Row>(
	context: IExecuteFunctions,
	{ readRow, carryOut, onRetry }: RowWork<T>,
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
	const prepared = await prepareRows(context, clock, rows);
	stopOnFailure(context, prepared.map(withoutItems), onRetry);

	const shared = {
		context,
		clock,
		links: { clock, open: linkDoor(context) },
		linksOf: createReferenceLinks(clock, createPace(0), uploadMemory(context)),
		downloadLimit: createLimit(CONCURRENT_DOWNLOADS),
	};
	const rowLimit = createLimit(chosenConcurrency(rows) || AUTOMATIC_CONCURRENCY);
	const progress = createProgress(rows.length, clock, (message) =>
		context.sendMessageToUI(message),
	);

	const fewerImages: number[] = [];
	const results = await settleAll(
		prepared.map(async (ready, itemIndex): Promise<RowResult> => {
			if (!ready.ok) {
				progress.refused();
				return ready;
			}
			const { row, gateway } = ready.value;
			return await rowLimit(async () => {
				// After a stop, the rows that still wait end here.
				await clock.sleep(0);
				progress.started();
				const noteFewerImages = () => fewerImages.push(itemIndex);
				const result = await carryOut(row, { ...shared, itemIndex, gateway, noteFewerImages });
				progress.ended(result.ok);
				return result;
			});
		}),
	);
	if (fewerImages.length > 0) hintFewerImages(context, fewerImages);
	return [settleRows(context, results, onRetry)];
}

/** Waits for all of them even if one breaks off: until then money may be spent. */
async function settleAll<T>(work: Array<Promise<T>>): Promise<T[]> {
	await Promise.allSettled(work);
	return await Promise.all(work);
}

type PreparedRow<T> = Result<{ row: T; gateway: Gateway }>;

/** Finds each row its gateway; a row whose provider has no credential is refused here. */
async function prepareRows<T extends Row>(
	context: IExecuteFunctions,
	clock: Clock,
	rows: ReadonlyArray<Result<T>>,
): Promise<Array<PreparedRow<T>>> {
	const gateways = new Map<Provider, Result<Gateway>>();
	const prepared: Array<PreparedRow<T>> = [];
	for (const [itemIndex, row] of rows.entries()) {
		if (!row.ok) {
			prepared.push(row);
			continue;
		}
		const { provider } = row.value;
		const gateway =
			gateways.get(provider) ?? (await openGateway(context, clock, provider, itemIndex));
		gateways.set(provider, gateway);
		prepared.push(
			gateway.ok ? { ok: true, value: { row: row.value, gateway: gateway.value } } : gateway,
		);
	}
	return prepared;
}

/** One for all rows, so that they slow down together when the gateway has too much to do. */
async function openGateway(
	context: IExecuteFunctions,
	clock: Clock,
	provider: Provider,
	itemIndex: number,
): Promise<Result<Gateway>> {
	const door = await gatewayDoor(context, provider, itemIndex);
	return door.ok ? { ok: true, value: new Gateway(provider, door.value, clock) } : door;
}

function withoutItems(row: PreparedRow<unknown>): RowResult {
	return row.ok ? { ok: true, value: [] } : row;
}

/** The option is the node's, not the row's: the first row that could be read decides. */
function chosenConcurrency(rows: ReadonlyArray<Result<Row>>): number {
	for (const row of rows) if (row.ok) return row.value.controls.concurrency;
	return 0;
}
