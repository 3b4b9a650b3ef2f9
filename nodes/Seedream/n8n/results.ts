import {
	NodeOperationError,
	type Failure as N8nFailure,
	type IBinaryData,
	type IExecuteFunctions,
} from 'n8n-workflow';

import { withoutChargeMessage, type Failure, type Result } from '../errors/failure';
import { type OutputItem, compact } from '../output/taskItems';
import { warningLines } from '../output/warnings';
import { escapeHtml } from '../shared/format';
import { nodeOf } from './node';
import { isTool } from './tool';

export type RowItem = OutputItem<IBinaryData>;

/** The outcome of one row of the input. */
export type RowResult = Result<RowItem[]>;

interface FailedRow {
	itemIndex: number;
	failure: Failure;
	/** Where only this image of the row failed. */
	image?: { imageUrl: string; imageIndex: number };
}

/**
 * Whether a failed row becomes an item instead of an error. For a tool it always does, unless the user
 * wants the workflow to stop: an error would end the agent, or leave older agents without a response.
 */
export function continuesOnFail(context: IExecuteFunctions): boolean {
	return (
		context.continueOnFail() || (isTool(context) && nodeOf(context).onError !== 'stopWorkflow')
	);
}

/**
 * Without Continue On Fail, one error reports all rows that failed. `onRetry` says what a retry does
 * with the rows that finished.
 */
export function stopOnFailure(
	context: IExecuteFunctions,
	rows: readonly RowResult[],
	onRetry: string,
): void {
	const failed = rows.flatMap((row, itemIndex): FailedRow[] =>
		row.ok ? [] : [{ itemIndex, failure: row.failure }],
	);
	const [first] = failed;
	if (first && !continuesOnFail(context)) {
		throw rowsError(context, first, failed, rows, onRetry);
	}
}

/** Without Continue On Fail, nothing is sent if the rows can't be processed together. */
export function stopBatch(context: IExecuteFunctions, failure: Failure): void {
	if (continuesOnFail(context)) return;
	const description = escapeHtml(failure.description);
	throw nodeError(context, failure.message, description, [failure]);
}

/** The node's output, in the order of the rows; with Continue On Fail a failed row is an item. */
export function collectResults(
	context: IExecuteFunctions,
	rows: readonly RowResult[],
	onRetry: string,
): RowItem[] {
	stopOnFailure(context, rows, onRetry);
	return rows.flatMap((row, itemIndex) =>
		row.ok ? row.value : [failureItem(context, { itemIndex, failure: row.failure })],
	);
}

/** A failed row, or one image of it, as an item, on the regular output or on the error output. */
export function failureItem(context: IExecuteFunctions, row: FailedRow): RowItem {
	const { itemIndex, failure, image } = row;
	const { message, description, code, type, charged, status, provider, taskId } = failure;
	const item: RowItem = {
		json: compact({
			status,
			provider,
			taskId,
			...image,
			error: { message: messageFor(context, message, description), code, type, charged },
		}),
		pairedItem: { item: itemIndex },
	};
	if (nodeOf(context).onError === 'continueErrorOutput') {
		// n8n sends items with an `error` to the error output, but then replaces their whole `json` with
		// the message. It doesn't where its copy of the item lacks the property, which isn't enumerable.
		const error = nodeError(context, message, description, [failure], itemIndex);
		Object.defineProperty(item, 'error', { value: error, enumerable: false });
	}
	return item;
}

const MAX_ROWS_LISTED = 20;

/** n8n's error panel shows a description as HTML; the line break is for everyone else. */
const NEW_LINE = '<br>\n';

function rowsError(
	context: IExecuteFunctions,
	first: FailedRow,
	failed: readonly FailedRow[],
	rows: readonly RowResult[],
	onRetry: string,
): NodeOperationError {
	const { failure, itemIndex } = first;
	const count = context.getInputData().length;
	if (count === 1) {
		const description = escapeHtml(failure.description);
		return nodeError(context, failure.message, description, [failure], itemIndex);
	}
	const isOnly = failed.length === 1;
	const lines = isOnly ? [failure.description] : failedLines(failed);
	const description = [...lines, ...finishedLines(rows, onRetry)].map(escapeHtml).join(NEW_LINE);
	const failures = failed.map((row) => row.failure);
	return isOnly
		? nodeError(
				context,
				`Row ${itemIndex + 1}: ${failure.message}`,
				description,
				failures,
				itemIndex,
			)
		: nodeError(context, `${failed.length} of ${count} rows failed`, description, failures);
}

function failedLines(failed: readonly FailedRow[]): string[] {
	const listed = failed.slice(0, MAX_ROWS_LISTED);
	const unlisted = failed.slice(MAX_ROWS_LISTED);
	const unlistedIds = unlisted.flatMap((row) => row.failure.taskId ?? []);
	return [
		...listed.map(rowLine),
		...(unlisted.length > 0 ? [`… and ${unlisted.length} more`] : []),
		...(unlistedIds.length > 0 ? [`Their task IDs: ${unlistedIds.join(', ')}`] : []),
		...hintLines(listed),
		chargedLine(failed),
	];
}

function finishedLines(rows: readonly RowResult[], onRetry: string): string[] {
	const finished = rows.flatMap((row) =>
		row.ok && taskIds(row.value).length > 0 ? [row.value] : [],
	);
	if (finished.length === 0) return [];
	return [
		`${finished.length} of ${rows.length} rows finished. ${onRetry}`,
		`Their task IDs: ${finished.flatMap(taskIds).join(', ')}`,
		...warningLines(finished.flat()),
	];
}

/** What to do, once for all rows that share it. */
function hintLines(failed: readonly FailedRow[]): string[] {
	const rowsByHint = new Map<string, number[]>();
	for (const { itemIndex, failure } of failed) {
		const hint = withoutChargeMessage(failure);
		rowsByHint.set(hint, [...(rowsByHint.get(hint) ?? []), itemIndex + 1]);
	}
	if (rowsByHint.size === 1) return [...rowsByHint.keys()];
	return [...rowsByHint].map(([hint, rows]) => `For ${rowNumbers(rows)}: ${hint}`);
}

/** The charge, once for rows that each have a line of their own. */
function chargedLine(failed: readonly FailedRow[]): string {
	const paid = failed.filter(({ failure }) => failure.charged !== 'no');
	if (paid.length === 0) {
		return failed.some(({ failure }) => failure.chargeIsAssumed)
			? "As far as is known, you weren't charged for these rows."
			: "You weren't charged for these rows.";
	}
	return `You were charged, or may have been charged, for ${rowNumbers(paid.map(({ itemIndex }) => itemIndex + 1))}.`;
}

/** "row 3", "rows 3, 4". */
function rowNumbers(rows: readonly number[]): string {
	return `${rows.length === 1 ? 'row' : 'rows'} ${rows.join(', ')}`;
}

/** n8n replaces a message that contains a code such as ECONNRESET, along with the task ID in it. */
function nodeError(
	context: IExecuteFunctions,
	message: string,
	description: string,
	failures: readonly Failure[],
	itemIndex?: number,
): NodeOperationError {
	const failure = commonCause(failures);
	const error = new NodeOperationError(context.getNode(), message, {
		description,
		itemIndex,
		...(failure ? { failure } : {}),
	});
	error.message = messageFor(context, message, description);
	return error;
}

/** For whatever reacts to n8n's own causes. Rows that failed for different ones have none in common. */
function commonCause(failures: readonly Failure[]): N8nFailure | undefined {
	const [cause, ...others] = new Set(failures.map((failure) => failure.cause));
	if (cause === undefined || others.length > 0) return undefined;
	if (cause === 'credential-invalid' || cause === 'configuration-invalid') return { cause };
	const seconds = failures.flatMap(({ retryAfterSeconds }) => retryAfterSeconds ?? []);
	return seconds.length > 0 ? { cause, retryAfterMs: Math.max(...seconds) * 1000 } : { cause };
}

/** An agent doesn't get the description, so the message has to say what to do. */
function messageFor(context: IExecuteFunctions, message: string, description: string): string {
	return isTool(context) ? `${message}. ${description}` : message;
}

/** n8n's editor counts items from 0, people count their rows from 1. */
function rowLine({ itemIndex, failure }: FailedRow): string {
	return `Row ${itemIndex + 1} [item ${itemIndex}]: ${failure.message}`;
}

function taskIds(items: readonly RowItem[]): string[] {
	return [...new Set(items.flatMap(({ json }) => (json.taskId ? [String(json.taskId)] : [])))];
}
