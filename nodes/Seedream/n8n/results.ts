import { NodeOperationError, type IBinaryData, type IExecuteFunctions } from 'n8n-workflow';

import { withoutCharged, type Failure, type Result } from '../errors/failure';
import { type OutputItem, compact } from '../output/taskItems';
import { warningLines } from '../output/warnings';
import { escapeHtml } from '../shared/format';

export type RowItem = OutputItem<IBinaryData>;

/** What became of one row of the input. */
export type RowResult = Result<RowItem[]>;

interface FailedRow {
	itemIndex: number;
	failure: Failure;
	/** Where only this image of the row failed. */
	image?: { imageUrl: string; imageIndex: number };
}

/**
 * Whether a failed row is an item and no error. As a tool it always is, unless the user wants the workflow to stop: an
 * error would take the agent down with it or, in its older versions, leave it without any answer.
 */
export function continuesOnFail(context: IExecuteFunctions): boolean {
	return (
		context.continueOnFail() || (isTool(context) && context.getNode().onError !== 'stopWorkflow')
	);
}

export function isTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool');
}

/**
 * Without Continue On Fail, one error stands for all rows that failed. `onRetry` says what a second
 * try does with the rows that finished.
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
	if (context.getNode().onError === 'continueErrorOutput') {
		// n8n sends the items with an `error` to the error output, and then replaces the `json` of those
		// on which it can still be seen. Hidden from the copy that n8n makes, it does the first only.
		const error = nodeError(context, message, description, itemIndex);
		Object.defineProperty(item, 'error', { value: error, enumerable: false });
	}
	return item;
}

const MAX_ROWS_LISTED = 20;

/** The error panel shows a description as HTML; everyone else reads the second half. */
const NEW_LINE = '<br>\n';

function rowsError(
	context: IExecuteFunctions,
	first: FailedRow,
	failed: readonly FailedRow[],
	rows: readonly RowResult[],
	onRetry: string,
): NodeOperationError {
	const { failure } = first;
	const count = context.getInputData().length;
	if (count === 1) {
		return nodeError(context, failure.message, escapeHtml(failure.description), first.itemIndex);
	}
	const isOnly = failed.length === 1;
	const message = isOnly ? rowLine(first) : `${failed.length} of ${count} rows failed`;
	const listed = isOnly ? [] : failed.slice(0, MAX_ROWS_LISTED).map(rowLine);
	const unlisted = isOnly ? [] : failed.slice(MAX_ROWS_LISTED);
	const unlistedIds = unlisted.flatMap((row) => row.failure.taskId ?? []);
	const finished = rows.flatMap((row) => (row.ok && row.value.length > 0 ? [row.value] : []));
	const finishedIds = finished.flatMap(taskIds);
	const description = [
		...listed,
		...(unlisted.length > 0 ? [`… and ${unlisted.length} more`] : []),
		...(unlistedIds.length > 0 ? [`Their tasks: ${unlistedIds.join(', ')}`] : []),
		...(isOnly
			? [failure.description]
			: [...hintLines(failed.slice(0, MAX_ROWS_LISTED)), chargedLine(failed)]),
		...(finished.length > 0
			? [
					`${finished.length} of ${count} rows finished. ${onRetry}`,
					`Their tasks: ${finishedIds.join(', ')}`,
					...warningLines(finished.flat()),
				]
			: []),
	];
	// Without its index: n8n counts from 0 and would write [item 2] behind "Row 3".
	return nodeError(context, message, description.map(escapeHtml).join(NEW_LINE));
}

/** What to do, said once for all rows that it is the same for. */
function hintLines(failed: readonly FailedRow[]): string[] {
	const rowsByAdvice = new Map<string, number[]>();
	for (const { itemIndex, failure } of failed) {
		const advice = withoutCharged(failure);
		rowsByAdvice.set(advice, [...(rowsByAdvice.get(advice) ?? []), itemIndex + 1]);
	}
	if (rowsByAdvice.size === 1) return [...rowsByAdvice.keys()];
	return [...rowsByAdvice].map(([advice, rows]) => `For ${rowNumbers(rows)}: ${advice}`);
}

/** Whether money was spent on rows of which each has a line of its own already. */
function chargedLine(failed: readonly FailedRow[]): string {
	const paid = failed.filter(({ failure }) => failure.charged !== 'no');
	if (paid.length === 0) {
		return failed.some(({ failure }) => failure.chargeIsAssumed)
			? 'These rows were not charged, as far as is known.'
			: 'Nothing was charged for these rows.';
	}
	return `Charged, or perhaps charged: ${rowNumbers(paid.map(({ itemIndex }) => itemIndex + 1))}.`;
}

/** "row 3", "rows 3, 4". */
function rowNumbers(rows: readonly number[]): string {
	return `${rows.length === 1 ? 'row' : 'rows'} ${rows.join(', ')}`;
}

/** n8n replaces a message that holds a code such as ECONNRESET, and the task id with it. */
function nodeError(
	context: IExecuteFunctions,
	message: string,
	description: string,
	itemIndex?: number,
): NodeOperationError {
	const error = new NodeOperationError(context.getNode(), message, { description, itemIndex });
	error.message = messageFor(context, message, description);
	return error;
}

/** An agent is not told the description: what to do belongs into its message. */
function messageFor(context: IExecuteFunctions, message: string, description: string): string {
	return isTool(context) ? `${message}. ${description}` : message;
}

function rowLine({ itemIndex, failure }: FailedRow): string {
	return `Row ${itemIndex + 1}: ${failure.message}`;
}

function taskIds(items: readonly RowItem[]): string[] {
	return [...new Set(items.flatMap(({ json }) => (json.taskId ? [String(json.taskId)] : [])))];
}
