import type { IExecuteFunctions } from 'n8n-workflow';

import { describeTask } from '../errors/unconfirmedCreate';
import { findProvider } from '../providers';
import type { BillableTask } from '../tasks/rowRecord';

/** What a stopped execution was charged for stands nowhere but in the log. */
export function logBillable(context: IExecuteFunctions, tasks: readonly BillableTask[]): void {
	for (const { row, at, lastAt, taskId, input, warning } of tasks) {
		const provider = findProvider(input.provider)?.label ?? '';
		const { model } = input;
		const sentAt = new Date(at);
		const what =
			taskId === undefined
				? `${provider} may have created a Seedream task. Check its task list for ${describeTask(model, sentAt, new Date(lastAt))}`
				: `fetch task ${taskId} from ${provider} with the Seedream Task Status node${warning ? `. ${warning}` : ''}`;
		context.logger.warn(`Stopped: ${what}${executionAndRow(context, row)}`, {
			row: row + 1,
			model,
			sentAt: sentAt.toISOString(),
		});
	}
}

/** n8n's log shows only the message, unless it's configured to show more. */
export function executionAndRow(context: IExecuteFunctions, itemIndex: number): string {
	const execution = context.getExecutionId();
	return ` (${execution ? `execution ${execution}, ` : ''}row ${itemIndex + 1})`;
}
