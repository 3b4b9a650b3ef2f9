import type { IExecuteFunctions } from 'n8n-workflow';

/** Whether an agent calls the node. (Older versions of n8n have no `isToolExecution()`.) */
export function isTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool');
}
