import { pluralize } from '../shared/format';
import { type Failure, withChargeMessage } from './failure';

export const MEMORY_TABLE = "'Remember in Data Table'";

const UNAVAILABLE = {
	code: 'data_table_unavailable',
	type: 'data_table',
	charged: 'no',
	status: 'failed',
	cause: 'configuration-invalid',
} as const;

/** Nothing was sent yet. */
export function tableNotOpened(table: string, reason: string): Failure {
	return {
		...UNAVAILABLE,
		message: `The node can't use the data table "${table}": ${reason}`,
		description: withChargeMessage(
			`Data tables that a node can create need n8n 2, and a user who may edit them. Choose another name for ${MEMORY_TABLE}, or leave it empty.`,
			'no',
		),
	};
}

export function tableNotWritten(table: string, reason: string): Failure {
	return {
		...UNAVAILABLE,
		message: `The node couldn't write to the data table "${table}", so it didn't send this row: ${reason}`,
		description: withChargeMessage('Check the data table in n8n, then run this row again.', 'no'),
	};
}

/** For a warning: the rows themselves are done. */
export function incompleteTable(table: string, missing: number, failure: Failure): Failure {
	return {
		...failure,
		message: `The data table "${table}" lacks ${pluralize(missing, 'row')} of this execution, because the node couldn't write to it`,
	};
}
