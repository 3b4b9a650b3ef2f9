import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';

import type { Failure, Result } from '../errors/failure';
import type { DownloadTools } from '../images/download';
import type { FileNames } from '../images/fileNames';
import type { ReferenceLinks } from '../images/referenceLinks';
import type { FileCache } from '../n8n/fileCache';
import type { LimitedModel } from '../n8n/modelSchemas';
import type { PreviewFacts } from '../n8n/previewHint';
import type { RowItem, RowResult } from '../n8n/results';
import type { RowFields } from '../n8n/rowFields';
import type { Provider } from '../providers/provider';
import type { AddCallbackData } from '../request/callbackData';
import type { RowOptions } from '../request/options';
import type { Backoff } from '../shared/backoff';
import type { Clock } from '../shared/clock';
import type { ConcurrencyLimiter } from '../shared/concurrencyLimiter';
import type { Limit } from '../shared/limit';
import type { ProviderClient } from '../tasks/providerClient';
import type { TaskPoller } from '../tasks/taskPoller';

/** What every row says, whichever node it's for. */
export interface Row {
	provider: Provider;
	options: RowOptions;
}

/** An empty row of a spreadsheet: it gives no item, and isn't a failed row either. */
export const SKIPPED = 'skipped';

/** A row that isn't sent, but only checked and priced. */
export interface PreviewedRow {
	kind: 'preview';
	items: RowItem[];
}

export type ReadRow<T> = Result<T> | typeof SKIPPED | PreviewedRow;

/** Whether there's nothing to do for the row: no provider and no credential is needed. */
export function hasEnded(row: ReadRow<unknown>): row is typeof SKIPPED | PreviewedRow {
	return row === SKIPPED || 'kind' in row;
}

/** What all rows of one provider share. */
export interface ProviderTools {
	client: ProviderClient;
	poller: TaskPoller;
	links: DownloadTools<IBinaryData>;
	addCallbackData: AddCallbackData;
}

/** Everything that processing a row takes. */
export interface RowTools extends ProviderTools {
	context: IExecuteFunctions;
	itemIndex: number;
	clock: Clock;
	backoff: Backoff;
	referenceLinks: ReferenceLinks;
	/** Runs the part of a row in which its task is running; only so many rows get there at once. */
	withSlot: <T>(work: () => Promise<T>) => Promise<T>;
	/** Shared by the downloads of all rows, so that large files don't crowd out the polls. */
	downloadLimit: Limit;
	fileNames: FileNames;
	files: FileCache;
	/** The same for one of the row's fallbacks. */
	forProvider: (provider: Provider) => RowTools | undefined;
	/** The row returned fewer images than it requested. */
	noteFewerImages: () => void;
}

/** What a node does with its rows. */
export interface RowProcessor<T> {
	readRow: (fields: RowFields) => Promise<ReadRow<T>>;
	processRow: (row: T, tools: RowTools) => Promise<RowResult>;
	/** Why none of these rows is sent, before anything is. */
	refuseAll?: (rows: readonly T[]) => Promise<Failure | undefined>;
	/** How many images a row is expected to return. */
	imagesOf: (row: T) => number;
	/** What a row's files are named after, as far as that's known before its task exists. */
	namedAfter: (row: T) => {
		model: string | undefined;
		prompt: string | undefined;
		/** Where the row has them already. */
		taskIds?: readonly string[];
	};
	/** For the rows of one provider; `concurrency` 0 is automatic. */
	concurrencyLimiter: (concurrency: number) => ConcurrencyLimiter;
	/** Whether the node waits for a row's images, and the provider also calls back. */
	callsBackToo?: (row: T) => boolean;
	/** The custom models whose limits came from their providers. */
	limitedModels?: () => readonly LimitedModel[];
	preview?: () => PreviewFacts;
	/** What the note above the output says besides, in sentences. */
	notes?: () => readonly string[];
	/** What a retry does with the rows that finished, for the error that names those that failed. */
	onRetry: () => string;
}
