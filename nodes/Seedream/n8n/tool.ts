import type { IExecuteFunctions } from 'n8n-workflow';

import { nodeOf } from './node';

/** Whether an agent calls the node. (Older versions of n8n have no `isToolExecution()`.) */
export function isTool(context: IExecuteFunctions): boolean {
	return nodeOf(context).type.endsWith('Tool');
}
