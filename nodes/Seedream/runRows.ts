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
import type { Clock, GatewayDoor } from './tasks/ports';
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
	readRow: (context: IExecuteFunctions, itemIndex: number) => Promise<Result<T>>,
	carryOut: (row: T, tools: RowTools) => Promise<RowResult>,
): Promise<INodeExecutionData[][]> {
	const readLimit = createLimit(CONCURRENT_READS);
	const rows = await Promise.all(
		context
			.getInputData()
			.map(
				async (_item, itemIndex) => await readLimit(async () => await readRow(context, itemIndex)),
			),
	);
	const prepared = await prepareRows(context, rows);
	stopOnFailure(context, prepared.map(withoutItems));

	const clock = executionClock(context);
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
	const results = await Promise.all(
		prepared.map(async (ready, itemIndex): Promise<RowResult> => {
			if (!ready.ok) {
				progress.refused();
				return ready;
			}
			const { row, gateway } = ready.value;
			return await rowLimit(async () => {
				progress.started();
				const noteFewerImages = () => fewerImages.push(itemIndex);
				const result = await carryOut(row, { ...shared, itemIndex, gateway, noteFewerImages });
				progress.ended(result.ok);
				return result;
			});
		}),
	);
	if (fewerImages.length > 0) hintFewerImages(context, fewerImages);
	return [settleRows(context, results)];
}

type PreparedRow<T> = Result<{ row: T; gateway: Gateway }>;

/** Finds each row its gateway; a row whose provider has no credential is refused here. */
async function prepareRows<T extends Row>(
	context: IExecuteFunctions,
	rows: ReadonlyArray<Result<T>>,
): Promise<Array<PreparedRow<T>>> {
	const doors = new Map<Provider, Result<GatewayDoor>>();
	const prepared: Array<PreparedRow<T>> = [];
	for (const [itemIndex, row] of rows.entries()) {
		if (!row.ok) {
			prepared.push(row);
			continue;
		}
		const { provider } = row.value;
		const door = doors.get(provider) ?? (await gatewayDoor(context, provider, itemIndex));
		doors.set(provider, door);
		prepared.push(
			door.ok
				? { ok: true, value: { row: row.value, gateway: new Gateway(provider, door.value) } }
				: door,
		);
	}
	return prepared;
}

function withoutItems(row: PreparedRow<unknown>): RowResult {
	return row.ok ? { ok: true, value: [] } : row;
}

/** The option is the node's, not the row's: the first row that could be read decides. */
function chosenConcurrency(rows: ReadonlyArray<Result<Row>>): number {
	for (const row of rows) if (row.ok) return row.value.controls.concurrency;
	return 0;
}
