import type { IExecuteFunctions } from 'n8n-workflow';

import type { Result } from '../errors/failure';
import { missingFallbackCredential } from '../errors/inputFailures';
import { createApiClient } from '../n8n/apiClient';
import { createDownloader } from '../n8n/downloader';
import { RowFields } from '../n8n/rowFields';
import { findProvider } from '../providers';
import type { Provider } from '../providers/provider';
import type { RowOptions } from '../request/options';
import type { Backoff } from '../shared/backoff';
import type { Clock } from '../shared/clock';
import { ConcurrencyLimiter } from '../shared/concurrencyLimiter';
import { mapWithLimit } from '../shared/limit';
import { ProviderClient } from '../tasks/providerClient';
import { TaskPoller } from '../tasks/taskPoller';
import { hasEnded, type ProviderTools, type ReadRow, type Row } from './row';

const CONCURRENT_READS = 10;
/** How long a provider's limit is waited for if rows have another provider to go to. */
const MAX_PATIENCE_SECONDS = 60;

export async function readRows<T>(
	context: IExecuteFunctions,
	readRow: (fields: RowFields) => Promise<ReadRow<T>>,
): Promise<Array<ReadRow<T>>> {
	return await mapWithLimit(context.getInputData(), CONCURRENT_READS, async (_item, itemIndex) => {
		const fields = new RowFields(context, itemIndex);
		await fields.pause();
		return await readRow(fields);
	});
}

/**
 * A row with what its provider and its fallbacks take; a row for which one of them has no credential
 * is a failed one.
 */
export type PreparedRow<T> = ReadRow<ProviderTools & { row: T; fallbacks: Fallbacks }>;

/** In the order in which the user chose them. */
export type Fallbacks = ReadonlyMap<Provider, ProviderTools>;

interface ClientOptions {
	clock: Clock;
	backoff: Backoff;
	concurrencyLimiter: (concurrency: number) => ConcurrencyLimiter;
	onRejected: () => void;
}

/** One client for all rows of a provider, so that they slow down together when it has too much to do. */
export async function prepareRows<T extends Row>(
	context: IExecuteFunctions,
	rows: ReadonlyArray<ReadRow<T>>,
	options: ClientOptions,
): Promise<Array<PreparedRow<T>>> {
	const concurrency = chosenConcurrency(rows);
	// A number that the user chose is one for all providers.
	const pool = concurrency > 0 ? new ConcurrencyLimiter(concurrency) : undefined;
	const opened = new Map<Provider, Result<ProviderTools>>();
	const prepared: Array<PreparedRow<T>> = [];
	for (const [itemIndex, row] of rows.entries()) {
		if (hasEnded(row) || !row.ok) {
			prepared.push(row);
			continue;
		}
		const open = async (provider: Provider) => {
			const tools =
				opened.get(provider) ??
				(await openProvider(context, { ...row.value, provider }, itemIndex, {
					...options,
					concurrency,
					pool,
				}));
			opened.set(provider, tools);
			return tools;
		};
		prepared.push(await prepareRow(row.value, open));
	}
	return prepared;
}

/** One for all rows: an empty map takes more memory than the rest of a row. */
const NO_FALLBACKS = new Map<Provider, ProviderTools>();

async function prepareRow<T extends Row>(
	row: T,
	open: (provider: Provider) => Promise<Result<ProviderTools>>,
): Promise<PreparedRow<T>> {
	const tools = await open(row.provider);
	if (!tools.ok) return tools;
	const others = row.options.fallbacks.flatMap((id) => findProvider(id) ?? []);
	const fallbacks = others.length === 0 ? NO_FALLBACKS : new Map<Provider, ProviderTools>();
	for (const provider of others) {
		if (provider === row.provider) continue;
		const fallback = await open(provider);
		if (!fallback.ok) {
			return { ok: false, failure: missingFallbackCredential(provider, fallback.failure) };
		}
		fallbacks.set(provider, fallback.value);
	}
	return { ok: true, value: { row, fallbacks, ...tools.value } };
}

async function openProvider(
	context: IExecuteFunctions,
	{ provider, options: { timeout, fallbacks } }: Row,
	itemIndex: number,
	{
		clock,
		backoff,
		concurrencyLimiter,
		onRejected,
		concurrency,
		pool,
	}: ClientOptions & Pick<RowOptions, 'concurrency'> & { pool: ConcurrencyLimiter | undefined },
): Promise<Result<ProviderTools>> {
	const api = await createApiClient(context, provider, itemIndex);
	if (!api.ok) return api;
	const isLast = [provider.id, ...fallbacks].at(-1) === provider.id;
	const patienceSeconds = isLast ? timeout : Math.min(timeout, MAX_PATIENCE_SECONDS);
	const client = new ProviderClient(provider, concurrencyLimiter(concurrency), api.value, clock, {
		patienceSeconds,
		pool,
		onRejected,
	});
	const poller = new TaskPoller(client, clock, backoff);
	const links = { clock, open: createDownloader(context, { provider, itemIndex }) };
	const { addCallbackData } = api.value;
	return { ok: true, value: { client, poller, links, addCallbackData } };
}

/** 'Concurrency' belongs to the node, not to a row: the first row that could be read decides. */
function chosenConcurrency(rows: ReadonlyArray<ReadRow<Row>>): number {
	for (const row of rows) if (!hasEnded(row) && row.ok) return row.value.options.concurrency;
	return 0;
}
